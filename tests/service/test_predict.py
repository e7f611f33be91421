"""`POST /v1/predict`: what comes back is what `affetto predict` says, and nothing stays behind."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from affetto import bundles
from affetto.prediction import predict
from affetto.service.settings import Settings
from affetto.service.uploads import Upload
from tests.rules.source import ROOT
from tests.service.conftest import Running, serving

SCHEMA = json.loads((ROOT / "docs" / "prediction.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def said(bundle: Path, song: bytes, tmp_path: Path) -> dict[str, object]:
    """Give what affetto says of the song without any server."""
    path = tmp_path / "song.wav"
    path.write_bytes(song)
    return {**predict(path, bundles.load(bundle)).to_dict(timeline=True), "path": "song.wav"}


def test_body_is_scored_as_a_file_is(
    running: Running, song: bytes, said: dict[str, object]
) -> None:
    answer = running.post(song, params={"filename": "song.wav", "timeline": "1"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == said
    jsonschema.validate(answer.json(), SCHEMA)


def test_file_in_a_form_is_scored_under_its_name(
    running: Running, song: bytes, said: dict[str, object]
) -> None:
    form = {"note": (None, "no file"), "file": ("song.wav", song), "other": ("b.wav", b"x")}
    answer = running.client.post("/v1/predict?timeline=1", files=form)
    assert answer.json() == said


def test_timeline_and_tags_come_as_asked_for(running: Running, song: bytes) -> None:
    found = running.post(song, params={"top": 2}).json()
    assert "timeline" not in found
    assert len(found["tags"]) == 2
    chosen = running.post(song, params={"threshold": 0}).json()["chosen"]
    assert len(chosen) == 18


def test_csv_and_json_lines_are_what_the_command_writes(running: Running, song: bytes) -> None:
    answer = running.post(song, params={"format": "csv", "timeline": 1, "filename": "a.wav"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 6
    assert {row["path"] for row in rows} == {"a.wav"}
    lines = running.post(song, params={"format": "jsonl"}).text.splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["upload"]


def test_name_of_a_file_is_only_its_last_part(running: Running, song: bytes) -> None:
    for name in ("../../etc/song.wav", r"C:\Music\song.wav", "/song.wav"):
        assert running.post(song, params={"filename": name}).json()["path"] == "song.wav"


def test_name_with_markup_comes_back_as_text_alone(running: Running, song: bytes) -> None:
    name = "<img src=x onerror=alert(1)>&.wav"
    answer = running.post(song, params={"filename": name})
    assert answer.json()["path"] == name
    assert b"<" not in answer.content
    problem = running.post(b"no music", params={"filename": name})
    assert problem.json()["detail"].startswith(name)
    assert b"<" not in problem.content


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "audio-empty"),
        (b"this is no music" * 100, 422, "audio-unreadable"),
    ],
)
def test_sound_that_cannot_be_used_is_a_problem_with_a_hint(
    running: Running, content: bytes, status: int, code: str
) -> None:
    answer = running.post(content, params={"filename": "mine.mp3"})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:affetto:problem:{code}"
    assert problem["title"].startswith("Unprocessable")
    assert problem["detail"].startswith("mine.mp3: ")
    assert problem["hint"]
    assert str(running.folder) not in answer.text


@pytest.mark.parametrize(
    "query",
    ["timelin=1", "timeline=maybe", "format=table", "top=0", "top=x", "threshold=2", "top=1&top=2"],
)
def test_parameter_that_is_wrong_is_refused_before_the_upload(running: Running, query: str) -> None:
    answer = running.client.post(f"/v1/predict?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-config")


def test_form_without_a_file_and_broken_forms_are_refused(running: Running, song: bytes) -> None:
    answer = running.client.post("/v1/predict", files={"a": (None, "text")})
    assert (answer.status_code, answer.json()["code"]) == (400, "no-file")
    kind = "multipart/form-data; boundary=b"
    start = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    for headers, content in (
        ({"content-type": kind}, start + song),
        ({"content-type": kind}, b"nonsense"),
        ({"content-type": "multipart/form-data"}, b""),
    ):
        answer = running.post(content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-form")


def test_upload_that_is_too_large_is_refused_stated_or_not(running: Running) -> None:
    large = bytes(3_000_000)
    for content in (large, iter([large[:500_000]] * 6)):
        answer = running.client.post("/v1/predict", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    answer = running.client.post("/v1/predict", files={"file": ("a.wav", bytes(1_000_001))})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_song_that_is_too_long_is_refused(serve: Callable[..., Running], song: bytes) -> None:
    answer = serve(max_duration_s=2.0).post(song)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-long")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_disk_that_is_full_is_told(
    running: Running, song: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Upload, "sound", Path("/dev/full"))
        answer = running.post(song)
    assert (answer.status_code, answer.json()["code"]) == (507, "no-room")
    assert "No space left on device" in caplog.text
    assert list(running.folder.iterdir()) == []
    assert running.post(song).status_code == 200


def test_nothing_of_an_upload_stays(running: Running, song: bytes) -> None:
    running.post(song)
    running.post(b"no music")
    running.post(bytes(2_000_000))
    running.client.post("/v1/predict", files={"a": (None, "text")})
    assert list(running.folder.iterdir()) == []
    assert running.folder.stat().st_mode & 0o077 == 0


def test_temporary_folder_goes_with_the_server(bundle: Path, song: bytes) -> None:
    with serving(Settings(port=0, bundle=bundle, jobs=1)) as running:
        running.post(song)
        folder = running.folder
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="folders have no locks")
def test_what_a_killed_server_left_goes_with_the_next_start(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names = ("affetto-serve-left", "affetto-serve-young", "other")
    for name in names:
        (tmp_path / name / "upload-1").mkdir(parents=True)
    with serving(Settings(port=0, bundle=bundle, jobs=1)) as first:
        for folder in tmp_path.iterdir():
            if "young" not in folder.name:
                os.utime(folder, (0, 0))
        with serving(Settings(port=0, bundle=bundle, jobs=1)) as second:
            left = {folder.name for folder in tmp_path.iterdir()}
            assert left == {*names[1:], first.folder.name, second.folder.name}
