"""Real servers on free ports, each in a thread of its own, and real clients.

Whatever a server answers in any test must be as `openapi.json` says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from affetto.service.server import Server
from affetto.service.settings import Settings
from tests import tiny_bundle
from tests.library.music import write_song
from tests.service import contract


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers, and a client of it."""

    server: Server
    client: httpx.Client

    @property
    def service(self) -> Any:
        return self.server.app.state.service

    @property
    def folder(self) -> Path:
        """Where it keeps uploads."""
        folder: Path = self.service.uploads.folder
        return folder

    def post(self, content: bytes = b"", **options: Any) -> httpx.Response:
        return self.client.post("/v1/predict", content=content, **options)


@contextmanager
def serving(settings: Settings) -> Iterator[Running]:
    """Run a server while the block lasts."""
    is_up = threading.Event()
    server = Server(settings, lambda _: is_up.set())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not is_up.wait(0.05):
            assert thread.is_alive(), "the server did not start"
        hooks = {"response": [contract.check]}
        with httpx.Client(
            base_url=server.address, timeout=120, trust_env=False, event_hooks=hooks
        ) as client:
            yield Running(server, client)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle that scores in no time."""
    return tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="package")
def running(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a server that all tests share."""
    db = tmp_path_factory.mktemp("library") / "none.sqlite"
    with serving(Settings(port=0, db=db, bundle=bundle, jobs=1, max_upload_bytes=1_000_000)) as it:
        yield it


@pytest.fixture
def serve(bundle: Path, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Give `serve(**settings) -> Running`, for a server of one test alone."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Running:
            chosen = {"port": 0, "bundle": bundle, "jobs": 1, "db": tmp_path / "none.sqlite"}
            return stack.enter_context(serving(Settings(**{**chosen, **settings})))

        yield start


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give a song as a file's bytes, of three seconds."""
    path = write_song(tmp_path_factory.mktemp("songs") / "song.wav", duration_s=3.0)
    return path.read_bytes()
