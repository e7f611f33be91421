"""A bundle is found by name or path, loaded once, and missed in words that help."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from affetto.bundles import BUNDLES, default_folder, find, load, names, user_folder
from affetto.errors import BundleInvalid, BundleMissing, UnknownName
from tests import tiny_bundle


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def mellow(tiny: Path) -> Path:
    """Put a bundle named mellow among the user's."""
    return shutil.copytree(tiny, user_folder() / "mellow")


def missed(bundle: str | Path) -> BundleMissing:
    with pytest.raises(BundleMissing) as raised:
        load(bundle)
    assert raised.value.hint
    return raised.value


def test_default_is_the_folder_in_the_package() -> None:
    assert find("default") == default_folder()
    assert load() is load("default")
    assert load().folder == default_folder()


def test_folder_is_found_by_path(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiny.parent)
    for path in (tiny, str(tiny), f"{tiny}/", "./tiny", "tiny", Path("tiny")):
        assert load(path).title == "tiny 1.0"
    monkeypatch.chdir(tiny)
    assert load(".").title == "tiny 1.0"


def test_bundle_of_the_user_is_found_by_name(mellow: Path) -> None:
    assert find("mellow") == mellow
    assert load("mellow").folder == mellow
    assert names() == (*BUNDLES.names(), "mellow")


def test_name_means_a_bundle_before_a_folder_that_lies_here(
    mellow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mellow", "default"):
        (tmp_path / name).mkdir()
    assert load("mellow").folder == mellow
    assert load("default").folder == default_folder()
    with pytest.raises(BundleInvalid, match="mellow is not a bundle"):
        load("./mellow")


def test_names_are_those_of_bundles_and_none_twice(mellow: Path) -> None:
    shutil.copytree(mellow, user_folder() / "default")
    (user_folder() / "notes.txt").touch()
    (user_folder() / "empty").mkdir()
    assert names() == (*BUNDLES.names(), "mellow")


def test_unknown_name_is_missed_with_the_nearest(mellow: Path) -> None:
    assert str(missed("defualt")) == (
        "there is no bundle named 'defualt'; did you mean default? known: default, mellow"
    )
    assert missed("melow").hint == "did you mean mellow? known: default, mellow"
    assert missed("zzz").hint == "known: default, mellow"


@pytest.mark.parametrize("name", ["", "x" * 5_000, "a\0b", "\udcff", "two\nlines"])
def test_odd_name_is_missed(name: str) -> None:
    assert missed(name).message.isprintable()


def test_unknown_path_is_missed(tmp_path: Path) -> None:
    for path in (tmp_path / "none", Path("/") / ("x" * 5_000), tmp_path / "two\nlines"):
        error = missed(path)
        assert error.message.startswith("there is no bundle folder ")
        assert error.message.isprintable()


def test_file_is_no_bundle_folder(tiny: Path) -> None:
    assert missed(tiny / "bundle.json").message.endswith("bundle.json")


def test_folder_of_something_else_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleInvalid, match="is not a bundle"):
        load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs another user")
def test_folder_that_may_not_be_entered_is_missed(tmp_path: Path) -> None:
    inner = tmp_path / "locked" / "tiny"
    inner.mkdir(parents=True)
    (tmp_path / "locked").chmod(0)
    code = (
        "import os, sys\n"
        "from affetto.bundles import load\n"
        "from affetto.errors import BundleMissing\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: load(sys.argv[1])\n"
        "except BundleMissing as error: print('missed')\n"
    )
    try:
        ended = subprocess.run(
            [sys.executable, "-c", code, inner], capture_output=True, text=True, timeout=120
        )
    finally:
        (tmp_path / "locked").chmod(0o755)
    assert ended.stdout == "missed\n", ended.stderr


def test_bundle_is_loaded_once_and_again_when_its_description_changes(
    tiny: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny, tmp_path / "tiny")
    first = load(folder)
    assert load(folder) is first
    tiny_bundle.change(folder, lambda manifest: manifest.update(version="2.0"))
    os.utime(folder / "bundle.json", ns=(0, 0))  # the clock of a file system may be coarse
    assert load(folder).title == "tiny 2.0"


def test_runtimes_are_told_apart(tiny: Path) -> None:
    assert load(tiny, runtime="onnx").runtime_name == "onnx"
    with pytest.raises(UnknownName, match="no runtime named 'tf'"):
        load(tiny, runtime="tf")  # type: ignore[arg-type]
