"""The fences around all tests hold: no network but loopback, no home of the user's."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from affetto.files import cache_home, data_home


def test_network_is_out_of_reach() -> None:
    with socket.socket() as connection, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        connection.connect(("192.0.2.1", 80))
    with pytest.raises(AssertionError, match=r"example\.org"):
        socket.create_connection(("example.org", 80), timeout=1)


def test_loopback_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = ("localhost", server.getsockname()[1])
        with socket.create_connection(address, timeout=5) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"


def test_homes_are_temporary(tmp_path: Path) -> None:
    temporary = tmp_path.parent
    assert cache_home().is_relative_to(temporary)
    assert data_home().is_relative_to(temporary)
    assert Path.home().is_relative_to(temporary)
    assert "AFFETTO_DATA" not in os.environ
