"""What holds in every test: temporary homes, no network but loopback, one terminal, fixed seeds."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.corpus import Case, make_corpus

# Tests share two cores with others: an example that takes long is no failure.
hypothesis.settings.register_profile("affetto", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("affetto")


# A shell lets what it runs in the background ignore Ctrl-C, and so would the commands that tests
# start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the research data where there is none."""
    if os.environ.get("AFFETTO_DATA"):
        return
    for item in items:
        if item.get_closest_marker("data"):
            item.add_marker(pytest.mark.skip(reason="AFFETTO_DATA does not name a folder of data"))


@pytest.fixture(autouse=True)
def _environment(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Move all homes away from the user's, and fix what the look of output hangs on."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith("AFFETTO_")]:
        if name != "AFFETTO_DATA" or not request.node.get_closest_marker("data"):
            monkeypatch.delenv(name)
    homes = {
        "HOME": home,
        "USERPROFILE": home,
        "LOCALAPPDATA": home / "local",
        "APPDATA": home / "roaming",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
        "AFFETTO_CACHE": home / "affetto-cache",
    }
    for name, folder in homes.items():
        monkeypatch.setenv(name, str(folder))
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100", "TZ": "UTC"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse connections of this process to anything but this machine."""

    def guarded(call: Any) -> Any:
        def refusing(self: socket.socket, *arguments: Any) -> Any:
            if not _is_local(self.family, arguments[-1]):
                raise AssertionError(f"a test tried to reach {arguments[-1]}")
            return call(self, *arguments)

        return refusing

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
        resolve = socket.getaddrinfo

        def resolve_local(host: Any, *arguments: Any, **options: Any) -> Any:
            if not _is_loopback(host):
                raise AssertionError(f"a test tried to look up {host}")
            return resolve(host, *arguments, **options)

        patch.setattr(socket, "getaddrinfo", resolve_local)
        yield


def _is_local(family: int, address: Any) -> bool:
    is_internet = family in (socket.AF_INET, socket.AF_INET6)
    return not is_internet or _is_loopback(address[0])


def _is_loopback(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Give the collection of good and bad inputs, made once."""
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for the sound files that the tests of a session share."""
    return tmp_path_factory.mktemp("songs")
