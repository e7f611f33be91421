"""`WS /v1/live`: sound in, scores at each hop, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from affetto import bundles
from affetto.live import Listener
from tests.helpers import chirp
from tests.service.conftest import Running

RATE_HZ = 16_000
SOUND = chirp(3.0, RATE_HZ)[:, 0]


@contextmanager
def live(running: Running, query: str, **options: Any) -> Iterator[ClientConnection]:
    """Open a socket, past any proxy of the environment."""
    address = running.server.address.replace("http", "ws", 1)
    with connect(f"{address}/v1/live?{query}", proxy=None, **options) as socket:
        yield socket


def heard(running: Running, query: str, content: bytes, part_bytes: int) -> list[dict[str, Any]]:
    """Send sound in parts; give what the server said of each window that they complete."""
    n_windows = 1 + int((3.0 - 1.0) / 0.48)
    with live(running, query) as socket:
        assert json.loads(socket.recv())["type"] == "ready"
        for first in range(0, len(content), part_bytes):
            socket.send(content[first : first + part_bytes])
        return [json.loads(socket.recv()) for _ in range(n_windows)]


def test_scores_are_those_of_the_library(running: Running, bundle: Path) -> None:
    found = heard(running, f"rate={RATE_HZ}", SOUND.astype("<f4").tobytes(), 4_001)
    wanted = Listener(bundles.load(bundle), RATE_HZ).push(SOUND)
    assert wanted is not None
    assert len(found) == len(wanted)
    columns = wanted.to_dict()
    for number, moment in enumerate(found):
        assert moment["type"] == "scores"
        assert moment["start_s"] == columns["start_s"][number]
        assert moment["valence"] == pytest.approx(columns["valence"][number], abs=1e-3)
        for tag, score in moment["tags"].items():
            assert score == pytest.approx(columns["tags"][tag][number], abs=1e-3)


def test_whole_numbers_and_channels_are_understood(running: Running) -> None:
    plain = heard(running, f"rate={RATE_HZ}", SOUND.astype("<f4").tobytes(), 64_000)
    both = np.repeat(np.round(SOUND * (1 << 15)).astype("<i2")[:, np.newaxis], 2, axis=1)
    query = f"rate={RATE_HZ}&channels=2&format=s16le"
    for moment, wanted in zip(heard(running, query, both.tobytes(), 9_999), plain, strict=True):
        assert moment["arousal"] == pytest.approx(wanted["arousal"], abs=2e-3)


def test_server_says_what_it_will_do(running: Running) -> None:
    with live(running, "rate=44100&hop_s=0.24") as socket:
        ready = json.loads(socket.recv())
    assert ready == {
        "type": "ready", "bundle": "tiny 1.0", "vocabulary": "cal500_emotions",
        "window_s": 0.96, "hop_s": 0.24,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "bad-config"),
        ("rate=0", "bad-config"),
        ("rate=10", "bad-config"),
        ("rate=44100&format=mp3", "bad-config"),
        ("rate=44100&channels=9", "bad-config"),
        ("rate=44100&hop_s=0", "bad-config"),
        ("rate=44100&speed=2", "bad-config"),
    ],
)
def test_question_that_makes_no_sense_is_told_and_ends_it(
    running: Running, query: str, code: str
) -> None:
    with live(running, query) as socket:
        problem = json.loads(socket.recv())
        assert (problem["type"], problem["code"]) == ("problem", code)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_text_is_no_sound(running: Running) -> None:
    with live(running, "rate=44100") as socket:
        socket.recv()
        socket.send("la la la")
        assert json.loads(socket.recv())["code"] == "bad-message"


def test_message_that_is_too_large_ends_its_connection_alone(running: Running) -> None:
    with live(running, "rate=44100") as socket:
        socket.recv()
        with pytest.raises(ConnectionClosed):
            socket.send(bytes(2_000_000))
            socket.recv()
    assert running.client.get("/healthz").status_code == 200


def test_only_so_many_may_send(serve: Callable[..., Running]) -> None:
    running = serve(max_listeners=1)
    with live(running, "rate=44100") as first:
        first.recv()
        with live(running, "rate=44100") as second:
            assert json.loads(second.recv())["code"] == "too-many-listeners"
    with live(running, "rate=44100") as third:
        assert json.loads(third.recv())["type"] == "ready"


def test_pages_of_other_sites_and_foreign_names_get_no_socket(running: Running) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        with (
            pytest.raises(InvalidStatus) as refused,
            live(running, "rate=44100", additional_headers=headers),
        ):
            pass
        assert refused.value.response.status_code in (400, 403)


def test_token_is_asked_for_and_may_stand_in_the_address(serve: Callable[..., Running]) -> None:
    running = serve(token="a-token-of-the-tests")
    with pytest.raises(InvalidStatus), live(running, "rate=44100"):
        pass
    with live(running, "rate=44100&token=a-token-of-the-tests") as socket:
        assert json.loads(socket.recv())["type"] == "ready"


def test_server_stops_although_somebody_sends(serve: Callable[..., Running]) -> None:
    running = serve()
    with live(running, "rate=44100") as socket:
        socket.recv()
        running.server.should_exit = True
        with pytest.raises(ConnectionClosed):
            socket.recv()
