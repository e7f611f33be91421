"""A real browser, without a window, before a real server.

Every page is watched: a request to another host, a breach of the Content-Security-Policy, or an
error in a script fails the test that caused it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from affetto.library import Library
from affetto.service.settings import Settings
from tests.browser import crowd
from tests.library.catalog import Entry, record
from tests.library.music import fill, set_tags, write_song
from tests.service.conftest import Running, bundle, serving

__all__ = ["bundle"]

NASTY = "<img src=x onerror=alert(1)>"
PATIENCE_S = 60  # on a machine that is busy with other things
DESKTOP, PHONE = (1280, 800), (390, 844)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install 'affetto[dev]'"
)


def until(page: Any, condition: str, argument: Any = None) -> None:
    """Wait for a condition; what playwright has for it needs `unsafe-eval` in the page."""
    end_s = time.monotonic() + PATIENCE_S
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end_s, f"waited in vain for {condition}"
        page.wait_for_timeout(30)


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Give a headless Chromium: playwright's own, or one of the system's.

    It ends with this folder's tests: while playwright runs, others could not use asyncio.
    """
    with playwright_api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = own if Path(own).exists() else next(filter(None, map(shutil.which, _NAMES)), None)
        if path is None:
            pytest.skip("there is no browser: apt-get install chromium, or playwright install")
        found = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="package")
def shelf(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a library of 3,000 dots, a song with a nasty name, and real files."""
    folder = tmp_path_factory.mktemp("browser")
    write_song(folder / "music" / "aaa.wav", 1, duration_s=20.0)
    write_song(folder / "music" / "nasty.flac", 2, duration_s=20.0)
    set_tags(folder / "music" / "nasty.flac", {"title": NASTY, "artist": '"><script>alert(2)'})
    with Library(folder / "library.sqlite") as library:
        fill(library, folder / "music", bundle)
        record(
            library,
            bundle,
            [Entry("/m/far.flac", {"happy": 0.9}, valence=0.9, arousal=0.9, title="Far Away")],
        )
        crowd.fill(library, bundle, 3_000)
    return folder / "library.sqlite"


@pytest.fixture(scope="package")
def running(bundle: Path, shelf: Path) -> Iterator[Running]:
    """Give a server of that library."""
    settings = Settings(port=0, bundle=bundle, jobs=1, db=shelf, max_upload_bytes=3_000_000)
    with serving(settings) as found:
        yield found


@pytest.fixture
def visit(browser: Any, running: Running) -> Iterator[Callable[..., Any]]:
    """Give `visit(path, **options of the context) -> page`, which is watched until the end."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(path: str = "/", server: Running = running, **options: Any) -> Any:
        size = options.pop("size", DESKTOP)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE_S)
        host = urlsplit(server.server.address).netloc

        def look(request: Any) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in ("blob", "data") and parts.netloc != host:
                wrong.append(f"a request to {request.url}")

        def hear(message: Any) -> None:
            is_expected = "Failed to load resource" in message.text  # an answer that is a problem
            if message.type in ("error", "warning") and not is_expected:
                wrong.append(f"{message.type}: {message.text}")

        page.on("request", look)
        page.on("console", hear)
        page.on("pageerror", lambda error: wrong.append(f"an error: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
        page.goto(server.server.address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a song of 20 seconds that browsers play."""
    return write_song(tmp_path_factory.mktemp("tunes") / "a tune.wav", 7, duration_s=20.0)
