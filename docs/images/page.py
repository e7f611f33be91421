"""Take pictures of the page, in a real browser without a window.

    python docs/images/page.py               page.png and page-dark.png, beside this file
    python docs/images/page.py --all FOLDER  every page, light and dark, at 1280 and 390 pixels

Needs the extra `dev` and a Chromium. The songs are those of `examples/`; the library of `--all`
is made up.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from affetto.library import Library
from affetto.service.server import Server
from affetto.service.settings import Settings

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SONGS = ("q1-sunny-parade.opus", "q3-empty-room.opus", "q4-still-water.opus")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic")
DESKTOP, PHONE = (1280, 800), (390, 844)
N_SONGS = 4_000
WHAT = "Amber Blue Clear Distant Early Golden Hidden Iron Last Morning Northern Pale Quiet Silver"
WHERE = "River Garden Harbor Light Night Ocean Parade Road Season Tide Valley Water Window Year"
FIRST = "Ada Bela Cora Dario Elin Femi Greta Hugo Ines Jonas Kaia Luca Mira Nils Oda Petra"
LAST = "Lund Marek Novak Okafor Petit Quist Rossi Stone Tanaka Ueda Vogel Weiss"


def made_up(db: Path) -> None:
    """Fill a library with songs that there are not."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import search

    draw = random.Random(3)
    artists = [f"{first} {last}" for first in FIRST.split() for last in LAST.split()]
    draw.shuffle(artists)
    with Library(db) as library:
        search.fill(library, N_SONGS)
        with library.connection.transaction() as cursor:
            cursor.executemany(
                "UPDATE files SET title = ?, artist = ? WHERE id = ?",
                [
                    (
                        f"{draw.choice(WHAT.split())} {draw.choice(WHERE.split())}",
                        artists[number // 30],
                        number,
                    )
                    for number in range(1, N_SONGS + 1)
                ],
            )


@contextmanager
def serving(db: Path) -> Iterator[str]:
    """Serve while the block lasts; give the address."""
    is_up = threading.Event()
    server = Server(Settings(port=0, db=db, jobs=1), lambda _: is_up.set())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        is_up.wait()
        yield server.address
    finally:
        server.should_exit = True
        thread.join()


def score(page: Any) -> None:
    """Score the songs of `examples/` and look at the middle of the first."""
    page.set_input_files("input[type=file]", [str(ROOT / "examples" / name) for name in SONGS])
    page.wait_for_selector(".timeline[data-waveform=there]")
    while page.locator(".queue .badge").count() < len(SONGS):
        page.wait_for_timeout(50)
    box = page.locator(".timeline").bounding_box()
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 40)
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)


def take_all(browser: Any, address: str, folder: Path) -> None:
    for scheme in ("light", "dark"):
        for width, height in (DESKTOP, PHONE):
            size = {"width": width, "height": height}
            context = browser.new_context(viewport=size, color_scheme=scheme)
            page = context.new_page()
            page.goto(address)
            page.wait_for_selector(".picker li")
            page.screenshot(path=folder / f"empty-{scheme}-{width}.png")
            score(page)
            page.screenshot(path=folder / f"song-{scheme}-{width}.png")
            for name, sign in (("library", ".row"), ("about", "dd")):
                page.goto(f"{address}/#/{name}")
                page.wait_for_selector(sign)
                page.wait_for_timeout(300)
                page.screenshot(path=folder / f"{name}-{scheme}-{width}.png")
            context.close()


def take_two(browser: Any, address: str) -> None:
    for scheme, name in (("light", "page.png"), ("dark", "page-dark.png")):
        size = {"width": 1280, "height": 1010}
        context = browser.new_context(viewport=size, color_scheme=scheme)
        page = context.new_page()
        page.goto(address)
        score(page)
        page.screenshot(path=HERE / name)
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="take every page")
    folder: Path | None = parser.parse_args().all
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        db = Path(scratch) / "library.sqlite"
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            made_up(db)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        with serving(db) as address:
            if folder is None:
                take_two(browser, address)
            else:
                take_all(browser, address, folder)
        browser.close()


if __name__ == "__main__":
    main()
