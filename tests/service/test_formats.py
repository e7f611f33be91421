"""Results in other formats: of a job, and of a song in the library."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affetto.library import Library
from affetto.service.settings import Settings
from affetto.writers import WRITERS
from tests.library.music import fill, write_song
from tests.service.conftest import Running, serving


@pytest.fixture(scope="module")
def shop(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a server with one song in its library."""
    folder = tmp_path_factory.mktemp("formats")
    write_song(folder / "music" / "one.flac", duration_s=3.0)
    with Library(folder / "library.sqlite") as library:
        fill(library, folder / "music", bundle)
    with serving(Settings(port=0, bundle=bundle, jobs=1, db=folder / "library.sqlite")) as running:
        yield running


def done(running: Running, song: bytes) -> str:
    """Score a song and give the job's address."""
    job = running.post(song, params={"wait": "0", "filename": "a.wav"}).json()
    while running.client.get(job["url"]).json()["status"] not in ("done", "failed"):
        pass
    return str(job["url"])


def rows(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_formats_are_those_that_have_writers(running: Running) -> None:
    found = running.client.get("/v1/formats").json()
    names = [each["name"] for each in found["results"]]
    assert names == [name for name in WRITERS.names() if name != "table"]
    assert [each["name"] for each in found["playlists"]] == ["m3u8", "xspf", "jspf"]


def test_result_of_a_job_comes_in_every_format(running: Running, song: bytes) -> None:
    url = done(running, song)
    for each in running.client.get("/v1/formats").json()["results"]:
        answer = running.client.get(f"{url}/result", params={"format": each["name"]})
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == each["media_type"]
    whole = running.client.get(f"{url}/result").json()
    assert whole == running.client.get(url).json()["result"]
    (row,) = rows(running.client.get(f"{url}/result", params={"format": "csv"}).text)
    assert float(row["valence"]) == whole["valence"]


def test_captions_of_an_upload_are_what_the_command_writes(running: Running, song: bytes) -> None:
    parameters = {"format": "vtt", "filename": "song.wav", "threshold": "0"}
    answer = running.post(song, params=parameters)
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="emotions.vtt"'
    assert answer.text.startswith("WEBVTT\n\n00:00:00.000 --> ")
    labels = running.post(song, params=parameters | {"format": "audacity"})
    assert 'filename="emotions.labels.txt"' in labels.headers["content-disposition"]
    assert labels.text.startswith("0.000000\t")


def test_format_that_needs_what_is_not_installed_is_told_before_the_upload(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = running.client.post("/v1/predict?format=parquet")
    assert (answer.status_code, answer.json()["code"]) == (501, "missing-extra")


def test_result_with_its_timeline_has_a_row_a_window(shop: Running) -> None:
    (track,) = shop.client.get("/v1/tracks").json()["tracks"]
    timeline = shop.client.get(f"{track['url']}/timeline").json()
    answer = shop.client.get(f"{track['url']}/result", params={"format": "csv", "timeline": 1})
    assert [float(row["start_s"]) for row in rows(answer.text)] == timeline["start_s"]
    assert answer.headers["content-disposition"] == 'attachment; filename="emotions.csv"'
    whole = shop.client.get(f"{track['url']}/result", params={"timeline": 1}).json()
    assert whole["timeline"] == timeline


def test_result_of_a_song_that_failed_is_its_problem(running: Running) -> None:
    answer = running.client.get(f"{done(running, b'no sound')}/result")
    assert (answer.status_code, answer.json()["code"]) == (422, "audio-unreadable")


def test_result_in_a_format_that_there_is_not_is_refused(running: Running, song: bytes) -> None:
    answer = running.client.get(f"{done(running, song)}/result", params={"format": "table"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-config")


def test_result_of_no_job_and_no_song_is_not_there(shop: Running) -> None:
    assert shop.client.get("/v1/jobs/none/result").json()["code"] == "job-unknown"
    assert shop.client.get("/v1/tracks/99/result").json()["code"] == "track-unknown"


def test_result_before_a_job_is_over_is_not_there_yet(
    shop: Running, song: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = shop.post(song, params={"wait": "0"}).json()
    held = shop.service.jobs.find(job["id"])
    while not held.is_over:
        pass
    monkeypatch.setattr(held, "finished_s", None)
    answer = shop.client.get(f"{job['url']}/result")
    assert (answer.status_code, answer.json()["code"]) == (409, "job-not-over")
