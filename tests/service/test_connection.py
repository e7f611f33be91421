"""Connections that dribble their heads are ended, over real sockets; the others are not."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from tests.service.conftest import Running
from tests.service.test_live import live

LIMIT_S = 0.6
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def strict(serve: Callable[..., Running]) -> Running:
    """Give a server that waits but little for heads."""
    return serve(head_limit_s=LIMIT_S)


def opened(running: Running) -> socket.socket:
    parts = urlsplit(running.server.address)
    made = socket.create_connection((parts.hostname, parts.port))
    made.settimeout(30)
    return made


def dribbled(connection: socket.socket, content: bytes = HEAD) -> bytes:
    """Send a head byte by byte without end; give what comes back until the connection is closed."""
    connection.sendall(content)
    connection.settimeout(0.05)
    received = b""
    for _ in range(600):
        try:
            part = connection.recv(65_536)
        except TimeoutError:
            connection.sendall(b"x")
            continue
        except ConnectionError:  # our last byte came when it was closed already
            return received
        if not part:
            return received
        received += part
    raise AssertionError("the connection is open yet")


def test_head_that_dribbles_is_told_so_and_its_connection_ends(strict: Running) -> None:
    with opened(strict) as connection:
        head, _, body = dribbled(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (408, "too-slow")


def test_second_request_of_a_connection_may_not_dribble_either(strict: Running) -> None:
    with opened(strict) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert dribbled(connection).count(b"HTTP/1.1 408") == 1


def test_head_that_dribbles_behind_a_whole_one_is_ended(strict: Running) -> None:
    with opened(strict) as connection:
        received = dribbled(connection, HEAD + b"\r\n" + HEAD)
    assert received.startswith(b"HTTP/1.1 200")
    assert received.count(b"HTTP/1.1 408") == 1


def test_connection_that_says_nothing_is_closed_without_a_word(strict: Running) -> None:
    with opened(strict) as connection:
        assert connection.recv(65_536) == b""


def test_others_are_served_beside_many_that_dribble(strict: Running) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(opened(strict)) for _ in range(100)]
        for connection in slow:
            connection.sendall(HEAD)
        assert strict.client.get("/healthz").status_code == 200
        for connection in slow:
            assert connection.recv(65_536).startswith(b"HTTP/1.1 408")
    assert strict.client.get("/healthz").status_code == 200


def test_body_and_answer_may_take_longer_than_a_head(strict: Running, song: bytes) -> None:
    def slowly() -> object:
        for first in range(0, len(song), 1 + len(song) // 4):
            time.sleep(LIMIT_S / 3)
            yield song[first : first + 1 + len(song) // 4]

    answer = httpx.post(
        f"{strict.server.address}/v1/predict", content=slowly(), timeout=60, trust_env=False
    )
    assert answer.status_code == 200


def test_socket_of_live_sound_is_not_ended(strict: Running) -> None:
    with live(strict, "rate=8000") as connection:
        connection.recv()
        time.sleep(2 * LIMIT_S)
        connection.send(bytes(4 * 8_000))
        assert json.loads(connection.recv())["type"] == "scores"
