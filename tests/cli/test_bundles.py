"""`affetto bundles`: list, show, check."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from affetto.bundles import BUNDLES, user_folder
from affetto.cli import main


def test_list_names_what_ships_and_what_the_user_has(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(bundle, user_folder() / "mine-1.0")
    (user_folder() / "broken").mkdir()
    (user_folder() / "broken" / "bundle.json").write_text("{", encoding="utf-8")
    (user_folder() / "no-bundle").mkdir()
    assert main(["bundles", "list", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == [*BUNDLES.names(), "broken", "mine-1.0"]
    assert rows[-1]["summary"] == "scores that are known"
    assert "damaged" in rows[-2]["summary"]
    assert main(["bundles", "list"]) == 0
    assert "mine-1.0" in capsys.readouterr().out


def test_show_tells_tags_windows_and_terms_in_80_columns(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bundles", "show", str(bundle)]) == 0
    text = capsys.readouterr().out
    for fact in ("tiny 1.0", "18 tags", "angry_aggressive", "0.96 s", "8,000 Hz", "MIT"):
        assert fact in text
    whole = (str(bundle), "fingerprint")  # neither a path nor a hash is broken
    lines = [line for line in text.splitlines() if not any(word in line for word in whole)]
    assert max(map(len, lines)) <= 80


def test_show_tells_bands_and_pitches_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundles", "show", "default"]) == 0
    assert "mel_pitch, 96 bands and 180 pitches at 22,050 Hz" in capsys.readouterr().out


def test_show_gives_the_whole_description_as_json(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bundles", "show", str(bundle), "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    described = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    assert shown.items() >= described.items()
    assert shown["folder"] == str(bundle)


@pytest.mark.parametrize("format_name", ["table", "json"])
def test_check_of_a_sound_bundle_passes(
    bundle: Path, format_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bundles", "check", str(bundle), "--format", format_name]) == 0
    text = capsys.readouterr().out
    if format_name == "json":
        assert json.loads(text)["max_difference"] <= json.loads(text)["tolerance"]
    else:
        assert text.startswith("tiny 1.0 is sound")


@pytest.mark.parametrize("verb", ["show", "check"])
def test_damaged_bundle_is_one_sentence(
    bundle: Path, tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(bundle, tmp_path / "copy")
    (copy / "model.onnx").write_bytes(b"other")
    assert main(["bundles", verb, str(copy)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "is damaged" in printed.err
    assert len(printed.err.splitlines()) == 1


def test_default_bundle_passes_its_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundles", "check"]) == 0
    assert "is sound" in capsys.readouterr().out
