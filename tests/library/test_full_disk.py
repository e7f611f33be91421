"""A disk that is full while songs are tagged: sentences, and files that are as they were."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import affetto
from tests.library.music import write_album

FILES = [f"{number}.wav" for number in range(5)]  # of 16 kB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk that five songs leave no room on, where this test may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_songs_on_a_full_disk_stay_as_they_were_until_there_is_room(
    disk: Path, bundle: Path
) -> None:
    write_album(disk, FILES)
    before = digests(disk)
    done = affetto("tag", disk, "--bundle", bundle, "--write")
    assert done.returncode == 1
    refusals = [line for line in done.stderr.splitlines() if "the disk is full" in line]
    assert len(refusals) == len(FILES)
    assert "Traceback" not in done.stderr
    assert digests(disk) == before  # no file but these, and each as it was
    subprocess.run(["mount", "-o", "remount,size=2m", str(disk)], check=True)
    done = affetto("tag", disk, "--bundle", bundle, "--write")
    assert (done.returncode, "5 files written" in done.stderr) == (0, True)
    affetto("tag", disk, "--undo", "--write")
    assert digests(disk) == before


def test_songs_stay_as_they_were_where_the_journal_finds_no_room(
    disk: Path, bundle: Path, tmp_path: Path
) -> None:
    """Without a journal there would be no way back."""
    folder = write_album(tmp_path / "music", FILES)
    (disk / "filler").write_bytes(bytes(80_000))
    before = digests(folder)
    environment = {**os.environ, "XDG_DATA_HOME": str(disk)}
    done = affetto("tag", folder, "--bundle", bundle, "--write", env=environment)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert all("disk is full" in line for line in done.stderr.splitlines()[:-1])
    assert digests(folder) == before
