"""The page of a song: files in, emotions out, a playhead that leads everything."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from affetto.service.settings import Settings
from tests import tiny_bundle
from tests.browser.conftest import NASTY, until
from tests.helpers import chirp, encode
from tests.service.conftest import Running, serving

Visit = Callable[..., Any]


def choose(page: Any, *paths: Path) -> None:
    page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])


def score(page: Any, *paths: Path) -> None:
    choose(page, *paths)
    page.wait_for_selector(".timeline[data-waveform]")


def position_s(page: Any) -> float:
    minutes, seconds = page.locator(".clock").text_content().split(" / ")[0].split(":")
    return 60 * float(minutes) + float(seconds)


def dot(page: Any) -> tuple[float, float]:
    plane = page.locator(".plane")
    return float(plane.get_attribute("data-valence")), float(plane.get_attribute("data-arousal"))


def click_at(page: Any, share: float) -> None:
    """Click at a share of the song, right of the names of tags."""
    box = page.locator(".timeline").bounding_box()
    left = 118 if box["width"] >= 560 else 88
    across = box["width"] - left - 6
    page.mouse.click(box["x"] + left + share * across, box["y"] + 150)


def test_file_that_is_dropped_is_scored(visit: Visit, tune: Path) -> None:
    page = visit()
    content = list(tune.read_bytes())
    transfer = page.evaluate_handle(
        """content => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(content)], "dropped.wav"));
            return transfer;
        }""",
        content,
    )
    page.dispatch_event("main", "dragenter", {"dataTransfer": transfer})
    assert "is-dropping" in page.locator("body").get_attribute("class")
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})
    page.wait_for_selector(".timeline[data-waveform=there]")
    assert page.locator("h1").text_content() == "dropped"
    assert "is-dropping" not in page.locator("body").get_attribute("class")
    assert page.locator(".moment li").count() == 8
    assert page.locator(".clock").text_content() == "0:00 / 0:20"


def test_several_files_wait_their_turn_and_are_looked_at_one_by_one(
    visit: Visit, tune: Path, tmp_path: Path
) -> None:
    page = visit()
    paths = []
    for number in range(4):
        paths.append(tmp_path / f"song {number}.wav")
        paths[-1].write_bytes(tune.read_bytes())
    score(page, *paths)
    until(page, "document.querySelectorAll('.queue .badge').length === 4")
    assert page.locator("h1").text_content() == "song 0"
    page.locator(".queue li button").nth(2).click()
    until(page, "document.querySelector('h1').textContent === 'song 2'")
    assert page.locator(".bar .what a").text_content() == "song 2"


def test_click_seeks_and_the_dot_is_where_the_song_is_then(
    visit: Visit, running: Running, tune: Path
) -> None:
    page = visit()
    score(page, tune)
    answer = running.post(tune.read_bytes(), params={"timeline": "1"}).json()
    timeline = answer["timeline"]
    centers = [
        (start + end) / 2 for start, end in zip(timeline["start_s"], timeline["end_s"], strict=True)
    ]
    places = set()
    for share in (0.25, 0.5, 0.85):
        click_at(page, share)
        wanted_s = 20 * share
        until(
            page,
            "s => Math.abs(document.querySelector('.timeline').ariaValueNow - s) <= 1",
            wanted_s,
        )
        assert abs(position_s(page) - wanted_s) <= 1
        near = [abs(center - wanted_s) < 5 for center in centers]
        for value, name in zip(dot(page), ("valence", "arousal"), strict=True):
            there = [each for each, is_near in zip(timeline[name], near, strict=True) if is_near]
            assert min(there) - 1e-3 <= value <= max(there) + 1e-3
        places.add(dot(page))
    assert len(places) == 3


def test_song_plays_and_the_dot_follows(visit: Visit, tune: Path) -> None:
    page = visit()
    score(page, tune)
    before = dot(page)
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelector('.clock').textContent >= '0:02'")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Play").wait_for()
    assert dot(page) != before


def test_keys_play_and_seek_wherever_the_focus_is(visit: Visit, tune: Path) -> None:
    page = visit()
    score(page, tune)
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('.clock').textContent.startsWith('0:05')")
    page.locator(".timeline").focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('.timeline').ariaValueNow === '10'")
    page.keyboard.press("ArrowLeft")
    until(page, "document.querySelector('.timeline').ariaValueNow === '5'")
    page.keyboard.press(" ")
    page.get_by_role("button", name="Pause").wait_for()
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play").wait_for()
    page.keyboard.press("End")
    until(page, "document.querySelector('.timeline').ariaValueNow === '20'")
    page.keyboard.press("Home")
    until(page, "document.querySelector('.timeline').ariaValueNow === '0'")


def test_everything_is_reached_by_tab_with_a_visible_focus(visit: Visit, tune: Path) -> None:
    page = visit()
    score(page, tune)
    page.locator("body").press("Tab")
    seen = []
    for _ in range(25):
        seen.append(
            page.evaluate(
                """() => {
                    const it = document.activeElement;
                    const style = getComputedStyle(it);
                    return [it.ariaLabel || it.textContent.trim(), style.outlineStyle !== 'none'];
                }"""
            )
        )
        page.keyboard.press("Tab")
    names = [name for name, _ in seen]
    for name in ("Song", "Library", "About", "Position in the song", "Play", "JSON", "PNG"):
        assert name in names
    assert all(
        is_visible for name, is_visible in seen if name in ("Library", "Position in the song")
    )


def test_moment_tells_the_highest_tags_of_its_window(
    visit: Visit, running: Running, tune: Path
) -> None:
    page = visit()
    score(page, tune)
    tags = running.post(tune.read_bytes(), params={"timeline": "1"}).json()["timeline"]["tags"]
    first = sorted(tags, key=lambda tag: -tags[tag][0])[:8]
    shown = page.locator(".moment li").evaluate_all("rows => rows.map(row => row.dataset.tag)")
    assert sorted(shown) == sorted(first)


@pytest.mark.parametrize("name", ["json", "csv", "jams", "png"])
def test_result_is_downloaded(visit: Visit, tune: Path, tmp_path: Path, name: str) -> None:
    page = visit()
    score(page, tune)
    with page.expect_download() as started:
        page.locator(f"[data-format={name}]").click()
    download = started.value
    assert download.suggested_filename == f"a tune.{name}"
    content = Path(download.path()).read_bytes()
    if name == "png":
        assert content.startswith(b"\x89PNG")
    elif name == "csv":
        rows = list(csv.DictReader(content.decode().splitlines()))
        assert len(rows) > 1
        assert {row["path"] for row in rows} == {"a tune.wav"}
    else:
        found = json.loads(content)
        assert (found["path"] == "a tune.wav") if name == "json" else found["annotations"]


def test_what_the_browser_cannot_play_is_scored_all_the_same(visit: Visit, tmp_path: Path) -> None:
    path = encode(tmp_path / "old.wma", chirp(6.0), 22_050, "wmav2")
    page = visit()
    score(page, path)
    page.wait_for_selector(".cannot")
    assert page.locator(".cannot").text_content() == (
        "This browser cannot play WMA, but the emotions are here all the same."
    )
    assert page.get_by_role("button", name="Play").count() == 0
    assert page.locator(".timeline").get_attribute("data-waveform") == "none"
    click_at(page, 0.5)
    until(page, "document.querySelector('.timeline').ariaValueNow === '3'")


def test_file_that_is_no_music_is_one_sentence(visit: Visit, tune: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp3"
    path.write_text("this is no sound")
    page = visit()
    choose(page, path, tune)
    said = page.locator(".problem").text_content()
    assert said.startswith("notes.mp3: ")
    assert "Traceback" not in said
    page.locator(".queue li button").nth(1).click()
    page.wait_for_selector(".timeline[data-waveform]")


def test_file_that_is_too_large_is_one_sentence(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "large.wav"
    path.write_bytes(bytes(3_500_000))
    page = visit()
    choose(page, path)
    assert "3 MB" in page.locator(".problem").text_content()


def test_server_that_is_gone_is_one_sentence(visit: Visit, bundle: Path, tune: Path) -> None:
    with serving(Settings(port=0, bundle=bundle, jobs=1, db=tune.with_name("none"))) as server:
        page = visit(server=server)
    choose(page, tune)
    assert page.locator(".problem").text_content() == (
        "The server does not answer. See whether affetto serve still runs."
    )


def test_what_does_not_sound_like_music_gets_no_mood_but_a_sentence(
    visit: Visit, tune: Path, tmp_path: Path
) -> None:
    heads = (*tiny_bundle.HEADS, tiny_bundle.PLANE, tiny_bundle.MUSIC)
    judging = tiny_bundle.make(tmp_path / "judging", heads)
    noise = tmp_path / "noise.wav"
    samples = np.random.default_rng(1).uniform(-0.9, 0.9, 8_000 * 5)
    soundfile.write(noise, samples, 8_000)
    with serving(Settings(port=0, bundle=judging, jobs=1, db=tmp_path / "none")) as server:
        page = visit(server=server)
        score(page, noise)
        assert page.locator(".facts .badge").text_content() == "Not music?"
        assert "does not sound like music" in page.locator(".notices").text_content()
        assert " ± " in page.locator(".facts").text_content()


def test_keys_that_scroll_a_page_are_left_alone(visit: Visit, tune: Path) -> None:
    page = visit(size=(800, 500))
    score(page, tune)
    page.keyboard.press("PageDown")
    until(page, "window.scrollY > 100")
    assert position_s(page) == 0


def test_song_of_the_library_is_picked_by_its_name(visit: Visit) -> None:
    page = visit()
    page.locator("#pick").fill("aaa")
    page.locator(".picker li button", has_text="aaa").click()
    page.wait_for_selector(".timeline[data-waveform=there]")
    assert page.locator("h1").text_content() == "aaa"
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelector('.clock').textContent >= '0:01'")


def test_names_are_text_wherever_they_come_from(visit: Visit, tune: Path, tmp_path: Path) -> None:
    page = visit()
    page.locator("#pick").fill("onerror")
    page.locator(".picker li button", has_text="onerror").click()
    page.wait_for_selector(".timeline[data-waveform]")
    assert page.locator("h1").text_content() == NASTY
    path = tmp_path / "<img src=x onerror=alert(3)>.wav"
    path.write_bytes(tune.read_bytes())
    choose_again = visit()
    score(choose_again, path)
    assert choose_again.locator("h1").text_content() == "<img src=x onerror=alert(3)>"
    assert choose_again.locator("img[src=x], script:not([src])").count() == 0
    assert page.locator("img[src=x], script:not([src])").count() == 0


def test_song_that_the_library_does_not_know_is_one_sentence(visit: Visit) -> None:
    page = visit("/#/song/99999999")
    assert "has no song 99999999" in page.locator(".problem").text_content()
