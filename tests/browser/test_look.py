"""What holds on every page: who can read it, on which screens, in which light."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import DESKTOP, PHONE
from tests.helpers import chirp, encode

Visit = Callable[..., Any]
PAGES = ("song", "scored", "library", "about")


def show(visit: Visit, name: str, tune: Path, **options: Any) -> Any:
    page = visit(f"/#/{'song' if name == 'scored' else name}", **options)
    if name == "scored":
        page.locator("input[type=file]").first.set_input_files(str(tune))
        page.wait_for_selector(".timeline[data-waveform]")
    else:
        page.wait_for_selector({"song": ".picker li", "library": ".row", "about": "dd"}[name])
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(visit: Visit, tune: Path, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
    page = show(visit, name, tune, color_scheme=scheme)
    found = axe.Axe().run(page).response["violations"]
    serious = [
        (each["id"], [node["html"][:200] for node in each["nodes"]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE, (320, 640), (800, 600)])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_screen(
    visit: Visit, tune: Path, name: str, size: tuple[int, int]
) -> None:
    page = show(visit, name, tune, size=size)
    wide, screen = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= screen


def test_colors_follow_the_system(visit: Visit, tune: Path) -> None:
    page = show(visit, "scored", tune, color_scheme="light")

    def brightness() -> float:
        page.wait_for_timeout(100)  # for the next picture
        found: list[int] = page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
        )
        return sum(found) / 3

    assert brightness() > 200
    light = page.locator(".plane").screenshot()
    page.emulate_media(color_scheme="dark")
    assert brightness() < 60
    assert page.locator(".plane").screenshot() != light


def test_nothing_jumps_while_a_song_is_looked_at(visit: Visit, tune: Path) -> None:
    page = show(visit, "scored", tune)
    page.evaluate(
        """() => {
            window.shifts = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) window.shifts += entry.value;
            }).observe({ type: "layout-shift" });
        }"""
    )
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(800)
    assert page.evaluate("window.shifts") < 0.01


def test_title_and_navigation_say_where_one_is(visit: Visit) -> None:
    page = visit("/")
    assert page.title() == "affetto"
    for name in ("Library", "About", "Song"):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        page.wait_for_selector(f"nav a[aria-current]:text('{name}')")
        assert page.evaluate("document.activeElement.id") == "content"
    page.go_back()
    page.wait_for_selector("nav a[aria-current]:text('About')")


def test_about_shows_the_bundles_card(visit: Visit) -> None:
    page = visit("/#/about")
    page.wait_for_selector("dd")
    assert "tiny" in page.locator("aside").text_content()
    assert page.locator(".prose").text_content().strip()


def test_sentence_in_place_of_the_player_is_read_whole_on_a_phone(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit(size=PHONE)
    song = encode(tmp_path / "old.wma", chirp(6.0), 22_050, "wmav2")
    page.locator("input[type=file]").first.set_input_files(str(song))
    page.wait_for_selector(".bar .cannot")
    assert page.evaluate(
        """() => {
            const said = document.querySelector('.bar .cannot').getBoundingClientRect();
            return said.bottom <= window.innerHeight && said.right <= window.innerWidth
                && document.querySelector('.bar .cannot').scrollHeight <= said.height + 1;
        }"""
    )
