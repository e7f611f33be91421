"""The page of the library: dots that are named, played, gathered; a search; a long list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affetto.library import Library, search
from affetto.service.settings import Settings
from tests.browser.conftest import NASTY, until
from tests.service.conftest import serving

Visit = Callable[..., Any]
N_SONGS = 3_003


@pytest.fixture
def page(visit: Visit) -> Any:
    found = visit("/#/library")
    found.wait_for_selector(".row")
    return found


def find(page: Any, query: str) -> None:
    page.locator("#query").fill(query)
    until(page, "q => document.querySelector('#said').dataset.query === q", query)


def heading(page: Any) -> str:
    text: str = page.locator(".list h2").text_content()
    return text


def spot(page: Any, valence: float, arousal: float) -> tuple[float, float]:
    """Give where a place of the map is on the screen."""
    dots = page.locator(".dots")
    box, reach = dots.bounding_box(), float(dots.get_attribute("data-reach"))
    inner = box["width"] - 4
    x = box["x"] + 2 + (valence / reach + 1) / 2 * inner
    y = box["y"] + 2 + (1 - arousal / reach) / 2 * inner
    return x, y


def draw(page: Any, places: list[tuple[float, float]]) -> None:
    first, *others = [spot(page, *place) for place in places]
    page.mouse.move(*first)
    page.mouse.down()
    for x, y in others:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def saved(page: Any) -> list[str]:
    """Save the playlist; give its lines."""
    with page.expect_download() as started:
        page.get_by_role("button", name="Save playlist").click()
    assert started.value.suggested_filename == "playlist.m3u8"
    return Path(started.value.path()).read_text(encoding="utf-8").splitlines()


def test_every_song_is_on_the_map_and_in_the_list(page: Any) -> None:
    assert heading(page).startswith(f"{N_SONGS:,} songs")
    label = page.locator(".dots").get_attribute("aria-label")
    assert label == f"{N_SONGS} songs by valence and arousal"


def test_list_has_only_the_rows_in_sight(page: Any) -> None:
    assert page.locator(".row").count() < 40
    page.locator(".rows").evaluate("rows => { rows.scrollTop = rows.scrollHeight; }")
    page.wait_for_selector(f".row[aria-posinset='{N_SONGS}']")
    assert page.locator(".row").count() < 40
    assert page.locator(".row").first.get_attribute("aria-setsize") == str(N_SONGS)


def test_list_is_walked_by_keys(page: Any) -> None:
    page.locator(".rows").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator(".row.is-active").get_attribute("aria-posinset") == "3"
    page.keyboard.press("End")
    assert page.locator(".row.is-active").get_attribute("aria-posinset") == str(N_SONGS)
    page.keyboard.press("Home")
    find(page, "title = aaa or path ~ aaa")
    page.locator(".rows").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".bar .what a:text('aaa')")


def test_pointing_names_a_dot_and_a_click_plays_it(page: Any) -> None:
    page.mouse.move(*spot(page, 0.9, 0.9))
    page.wait_for_selector(".map .name b:text('Far Away')")
    find(page, "path ~ aaa")
    valence, arousal = page.evaluate(
        "async () => { const m = await (await fetch('/v1/map?q=path ~ aaa')).json();"
        " return [m.valence[0], m.arousal[0]]; }"
    )
    page.mouse.click(*spot(page, valence, arousal))
    until(page, "document.querySelector('.bar .what a')?.textContent === 'aaa'")
    until(page, "document.querySelector('.clock').textContent >= '0:01'")
    page.wait_for_selector(".row.is-playing")


def test_search_speaks_the_language_of_the_command(page: Any, shelf: Path) -> None:
    for query in ("happy > 0.8", "Q3 and not sad", 'artist ~ "artist 12"', "valence in 0.1..0.2"):
        find(page, query)
        with Library(shelf) as library:
            n_found = len(search(query, db=library))
        assert heading(page).startswith(f"{n_found:,} song")


def test_search_that_cannot_be_read_says_where(page: Any) -> None:
    page.locator("#query").fill("happi > 0.6")
    said = page.locator(".said .problem")
    assert "Did you mean happy?" in said.text_content()
    assert "^^^^^" in said.locator("pre").text_content()
    assert heading(page).startswith(f"{N_SONGS:,} songs")  # what was there stays


def test_lasso_makes_a_playlist_of_what_is_in_it(page: Any, shelf: Path) -> None:
    corners = [(-0.4, 0.0), (-0.4, -0.4), (0.0, -0.4), (0.0, 0.0), (-0.4, 0.0)]
    draw(page, corners)
    with Library(shelf) as library:
        inside = search("valence in -0.39..-0.01 and arousal in -0.39..-0.01", db=library)
        around = search("valence in -0.41..0.01 and arousal in -0.41..0.01", db=library)
    lines = saved(page)
    assert lines[0] == "#EXTM3U"
    paths = {line for line in lines if not line.startswith("#")}
    assert {str(song.track.path) for song in inside} <= paths
    assert paths <= {str(song.track.path) for song in around}
    assert heading(page).startswith(f"{len(paths):,} songs")
    page.get_by_role("button", name="Show all").click()
    assert heading(page).startswith(f"{N_SONGS:,} songs")


def test_path_makes_a_playlist_that_follows_it(page: Any, shelf: Path) -> None:
    page.locator(".tools label", has_text="Path").click()
    draw(page, [(-0.4, 0.4), (0.0, 0.2), (0.4, -0.4)])
    until(page, "document.querySelector('.said').textContent.startsWith('An hour along')")
    paths = [line for line in saved(page) if not line.startswith("#")]
    with Library(shelf) as library:
        places = {str(track.path): (track.valence, track.arousal) for track in library.tracks()}
    first, last = places[paths[0]], places[paths[-1]]
    assert len(paths) > 10
    assert first == pytest.approx((-0.4, 0.4), abs=0.15)
    assert last == pytest.approx((0.4, -0.4), abs=0.15)


def test_playlist_is_made_without_a_mouse(page: Any) -> None:
    find(page, "happy > 0.98")
    n_songs = int(heading(page).split()[0])
    page.get_by_role("button", name="Save playlist").focus()
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    lines = Path(started.value.path()).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == n_songs


def test_title_with_markup_is_text_on_the_map_too(page: Any) -> None:
    find(page, "title ~ onerror")
    assert page.locator(".row span").first.text_content() == NASTY
    assert page.locator("img[src=x]").count() == 0


def test_where_there_is_no_library_the_page_says_how_to_make_one(
    visit: Visit, bundle: Path, tmp_path: Path
) -> None:
    with serving(Settings(port=0, bundle=bundle, jobs=1, db=tmp_path / "none")) as server:
        empty = visit("/#/library", server=server)
        assert empty.locator("pre").text_content() == "affetto scan ~/Music"
        empty.close()


def test_server_with_a_token_asks_for_it_once(visit: Visit, bundle: Path, shelf: Path) -> None:
    settings = Settings(port=0, bundle=bundle, jobs=1, db=shelf, token="a long secret")
    with serving(settings) as server:
        guarded = visit("/#/library", server=server)
        guarded.locator("#token").fill("a wrong one")
        guarded.keyboard.press("Enter")
        guarded.wait_for_selector("dialog:has-text('That was another one')")
        guarded.locator("#token").fill("a long secret")
        guarded.keyboard.press("Enter")
        guarded.wait_for_selector(".row")
        guarded.locator(".row").first.click()
        until(guarded, "document.querySelector('.bar .what a')?.textContent")
        guarded.close()


def test_song_whose_file_is_gone_is_shown_and_the_server_says_so(page: Any) -> None:
    find(page, 'title = "Far Away"')
    page.locator(".row").first.click()
    page.wait_for_selector(".bar .cannot")
    assert "far.flac" in page.locator(".bar .cannot").text_content()
    assert "/m/" not in page.locator(".bar .cannot").text_content()
