"""`affetto tag`: a dry run that shows, a write that does, an undo that takes it back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mutagen.wave import WAVE

from affetto.cli import main
from affetto.prediction import predict
from tests.cli.command import AFFETTO, affetto
from tests.helpers import chirp, encode

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(bundle: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give `run(*arguments) -> exit code, stdout, stderr` of `affetto tag`, in this process."""

    def run_tag(*arguments: str | Path) -> tuple[int, str, str]:
        own = () if "--undo" in arguments or "--bundle" in arguments else ("--bundle", str(bundle))
        code = main(["tag", *own, *map(str, arguments)])
        return code, *capsys.readouterr()

    return run_tag


@pytest.fixture
def music(album: Path, tmp_path: Path) -> Path:
    """Give a folder of three songs that a test may change."""
    return Path(shutil.copytree(album, tmp_path / "music"))


def entries(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def moods_of(path: Path) -> list[str]:
    tags = WAVE(path).tags
    return [] if tags is None or "TMOO" not in tags else list(tags["TMOO"].text)


def test_dry_run_shows_each_field_and_changes_nothing(run: Run, music: Path) -> None:
    before = contents(music)
    code, out, err = run(music)
    assert code == 0
    assert out.splitlines()[0] == f"{music / '1.wav'}  (ID3v2.4)"
    assert out.count("(none) -> ") >= 3 * 5
    assert all(len(line) <= 140 for line in out.splitlines()[1:])
    assert "  TMOO" in out
    assert err == "affetto: 3 files to be written, 0 already as wanted; to do it, add --write\n"
    assert contents(music) == before


def test_write_puts_the_predictions_tags_into_the_files(
    run: Run, music: Path, bundle: Path
) -> None:
    prediction = predict(music / "1.wav", bundle)
    titles = dict(zip(prediction.vocabulary.tags, prediction.vocabulary.titles, strict=True))
    chosen = prediction.to_dict()["chosen"]
    code, _, err = run(music, "--write")
    assert (code, err) == (0, "affetto: 3 files written, 0 already as wanted\n")
    assert moods_of(music / "1.wav") == [titles[tag] for tag in chosen[:5]]
    tags = WAVE(music / "1.wav").tags
    assert tags["TXXX:AFFETTO_VALENCE"].text == [f"{prediction.valence:.3f}"]
    again = predict(music / "1.wav", bundle)
    assert again.audio_sha256 == prediction.audio_sha256


def test_second_write_does_nothing(run: Run, music: Path) -> None:
    run(music, "--write")
    before = contents(music)
    code, out, err = run(music, "--write")
    assert (code, out, err) == (0, "", "affetto: 0 files written, 3 already as wanted\n")
    assert contents(music) == before


def test_undo_is_a_dry_run_too_and_with_write_puts_everything_back(run: Run, music: Path) -> None:
    before = contents(music)
    run(music, "--write")
    tagged = contents(music)
    code, out, err = run(music, "--undo")
    assert (code, contents(music)) == (0, tagged)
    assert " -> (none)" in out
    assert "3 files to be restored" in err
    code, _, err = run(music, "--undo", "--write")
    assert (code, err) == (0, "affetto: 3 files restored, 0 already as wanted\n")
    assert contents(music) == before


def test_json_says_what_becomes_of_each_file(run: Run, music: Path) -> None:
    _, out, _ = run(music, "--format", "json", "--field", "valence", "--field", "quadrant")
    found = entries(out)
    assert [Path(entry["path"]).name for entry in found] == ["1.wav", "2.wav", "3.wav"]
    assert {entry["status"] for entry in found} == {"would-write"}
    assert [change["field"] for change in found[0]["changes"]] == [
        "AFFETTO_VALENCE",
        "AFFETTO_QUADRANT",
    ]
    assert found[0]["changes"][0]["name"] == "TXXX:AFFETTO_VALENCE"
    assert found[0]["changes"][0]["old"] == []
    statuses = []
    for options in (["--write"], ["--write"]):
        _, out, _ = run(music / "1.wav", "--format", "json", *options)
        statuses += [entry["status"] for entry in entries(out)]
    for options in (["--undo"], ["--undo", "--write"], ["--undo", "--write"]):
        _, out, _ = run(music / "1.wav", "--format", "json", *options)
        statuses += [entry["status"] for entry in entries(out)]
    assert statuses == ["written", "unchanged", "would-restore", "restored", "unchanged"]


def test_json_of_nothing_is_an_empty_list(run: Run, tmp_path: Path) -> None:
    code, out, err = run(tmp_path / "missing.mp3", "--format", "json")
    assert (code, out) == (1, "[]\n")
    assert (
        err
        == f"affetto: {tmp_path / 'missing.mp3'}: no such file; check the spelling of the path\n"
    )


def test_top_and_threshold_choose_the_moods(run: Run, music: Path) -> None:
    run(music, "--write", "--top", "2", "--threshold", "0")
    assert len(moods_of(music / "1.wav")) == 2
    run(music, "--write", "--threshold", "1")
    assert moods_of(music / "1.wav") == []


def test_own_words_are_written_and_no_others(run: Run, music: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.toml"
    words.write_text("[words]\nTender = 'Zärtlich'\nsad = 'Traurig'\n", encoding="utf-8")
    run(music, "--write", "--words", words, "--threshold", "0", "--top", "18")
    assert set(moods_of(music / "1.wav")) == {"Zärtlich", "Traurig"}


def test_what_cannot_be_written_is_one_sentence_each_and_the_rest_is_done(
    run: Run, music: Path, tmp_path: Path
) -> None:
    encode(music / "film.mkv", chirp(1.0), 22_050, "flac", container="matroska")
    (music / "noise.mp3").write_bytes(bytes(range(256)) * 40)
    (music / "locked.wav").write_bytes((music / "1.wav").read_bytes())
    (music / "locked.wav").chmod(0o444)
    (music / "twin.wav").hardlink_to(music / "2.wav")
    code, _, err = run(music, "missing.wav", "--write")
    lines = err.splitlines()
    assert code == 1
    assert len(lines) == 7
    for sentence in (
        "film.mkv: moods cannot be written into this format",
        "noise.mp3: ",
        "locked.wav: it is read-only",
        "2.wav: it has 2 names (hard links)",
        "twin.wav: it has 2 names (hard links)",
        "missing.wav: no such file",
        "2 files written, 0 already as wanted",
    ):
        assert sum(sentence in line for line in lines) == 1, sentence
    assert moods_of(music / "3.wav") != []
    code, _, _ = run(music / "2.wav", "--write", "--break-hard-links")
    assert code == 0
    assert moods_of(music / "twin.wav") == []


def test_keep_times_keeps_the_time_of_the_last_change(run: Run, music: Path) -> None:
    os.utime(music / "1.wav", ns=(10**18, 10**18))
    run(music / "1.wav", "--write", "--keep-times")
    assert (music / "1.wav").stat().st_mtime_ns == 10**18


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--top", "0"), "0 is not in the range x>=1"),
        (("--threshold", "2"), "2.0 does not lie between 0 and 1"),
        (("--field", "moods"), "'moods' is not one of"),
        (("--words", "missing.toml"), "missing.toml: it cannot be read"),
        (("--bundle", "nope"), "there is no bundle named 'nope'"),
        (("--undo", "--top", "3"), "--undo scores nothing, so --top has no meaning"),
    ],
)
def test_wrong_option_is_one_sentence_and_nothing_is_done(
    run: Run, music: Path, options: tuple[str, ...], sentence: str
) -> None:
    before = contents(music)
    code, out, err = run(music, "--write", *options)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert sentence in line
    assert contents(music) == before


def test_jobs_change_nothing(run: Run, music: Path) -> None:
    one = run(music, "--jobs", "1", "--format", "json")
    assert run(music, "--jobs", "2", "--format", "json") == one


def test_names_that_are_not_utf8_are_tagged_and_shown(run: Run, music: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(music) + b"/caf\xe9.wav"))
    try:
        shutil.copy(music / "1.wav", odd)
    except OSError:
        pytest.skip("this file system refuses such names")
    code, out, _ = run(odd, "--write")
    assert code == 0
    assert "caf\\xe9.wav" in out
    assert moods_of(odd) != []
    _, out, _ = run(odd, "--undo", "--write", "--format", "json")
    assert os.fsencode(entries(out)[0]["path"]) == os.fsencode(odd)


def test_real_command_works(music: Path, bundle: Path) -> None:
    done = affetto("tag", music / "1.wav", "--bundle", bundle, "--write")
    assert (done.returncode, "1 file written" in done.stderr) == (0, True)
    assert moods_of(music / "1.wav") != []


def test_reader_that_goes_away_ends_the_command_quietly(music: Path, bundle: Path) -> None:
    command = [*AFFETTO, "tag", music, "--bundle", bundle, "--jobs", "1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141
