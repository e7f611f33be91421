"""An archive is unpacked once, whole, into the cache folder, and nowhere else."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from affetto.datasets.archives import unpacked
from affetto.errors import DatasetInvalid
from affetto.files import cache_home
from tests.helpers import as_nobody, open_to_all


def pack(archive: Path, files: Mapping[str, bytes]) -> Path:
    """Write a tar archive of files by their names there."""
    with tarfile.open(archive, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive


def files_under(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def silent(sentence: str) -> None:
    pytest.fail(f"nothing was to be told, but: {sentence}")


def test_archive_gives_the_files_of_the_wanted_kind(tmp_path: Path) -> None:
    files = {"music/a.mp3": b"A" * 5_000, "music/sub/b.mp3": b"B"}
    others = {"music/._a.mp3": b"made by an unpacker", "music/read.me": b"text"}
    archive = pack(tmp_path / "music.tar", files | others)
    assert files_under(unpacked(archive, ".mp3", lambda _: None)) == files


def test_archive_is_unpacked_once_with_a_sentence(tmp_path: Path) -> None:
    archive = pack(tmp_path / "music.tar", {"music/a.mp3": b"A"})
    told: list[str] = []
    folder = unpacked(archive, ".mp3", told.append)
    assert told == [f"unpacking {archive} (0 MB) into {folder}, which is done once"]
    assert cache_home() in folder.parents
    assert unpacked(archive, ".mp3", silent) == folder
    assert list(folder.parent.iterdir()) == [folder]


def test_archive_that_has_changed_is_unpacked_again(tmp_path: Path) -> None:
    archive = pack(tmp_path / "music.tar", {"a.mp3": b"A"})
    before = unpacked(archive, ".mp3", lambda _: None)
    pack(archive, {"a.mp3": b"A2"})
    os.utime(archive, ns=(0, 0))
    after = unpacked(archive, ".mp3", lambda _: None)
    assert files_under(after) == {"a.mp3": b"A2"}
    assert files_under(before) == {"a.mp3": b"A"}


def test_archive_that_another_process_unpacks_meanwhile_is_there_once(tmp_path: Path) -> None:
    archive = pack(tmp_path / "music.tar", {"a.mp3": b"A"})
    folders: list[Path] = []

    def unpack_too(_: str) -> None:
        folders.append(unpacked(archive, ".mp3", lambda _: None))

    folder = unpacked(archive, ".mp3", unpack_too)
    assert folders == [folder]
    assert files_under(folder) == {"a.mp3": b"A"}
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("name", ["../outside.mp3", "music/../../outside.mp3"])
def test_archive_that_would_write_outside_is_refused(name: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / "music.tar", {"music/a.mp3": b"A", name: b"B"})
    with pytest.raises(DatasetInvalid, match=r"music\.tar is damaged: .*outside"):
        unpacked(archive, ".mp3", lambda _: None)
    assert files_under(cache_home()) == {}


def test_links_of_an_archive_are_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "secret.mp3").write_bytes(b"not part of the archive")
    archive = tmp_path / "music.tar"
    with tarfile.open(archive, "w") as tar:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            member = tarfile.TarInfo(f"link{kind.decode()}.mp3")
            member.type, member.linkname = kind, str(tmp_path / "secret.mp3")
            tar.addfile(member)
    assert files_under(unpacked(archive, ".mp3", lambda _: None)) == {}


@pytest.mark.parametrize("n_bytes", [700, 5_000])
def test_archive_that_is_cut_short_leaves_nothing(n_bytes: int, tmp_path: Path) -> None:
    archive = pack(tmp_path / "music.tar", {"a.mp3": b"A" * 3_000, "b.mp3": b"B" * 3_000})
    archive.write_bytes(archive.read_bytes()[:n_bytes])
    with pytest.raises(DatasetInvalid, match=r"music\.tar is damaged") as refused:
        unpacked(archive, ".mp3", lambda _: None)
    assert refused.value.hint == "get the archive again"
    assert files_under(cache_home()) == {}


@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100, b"\x1f\x8b\x08 compressed"])
def test_file_that_is_no_tar_is_refused(content: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "music.tar"
    archive.write_bytes(content)
    with pytest.raises(DatasetInvalid, match=r"music\.tar is damaged"):
        unpacked(archive, ".mp3", lambda _: None)


def test_cache_that_cannot_be_written_is_told_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_to_all() as folder:
        archive = pack(folder / "music.tar", {"a.mp3": b"A"})
        monkeypatch.setenv("AFFETTO_CACHE", str(folder / "cache"))
        with (
            as_nobody(),
            pytest.raises(DatasetInvalid, match=r"music\.tar cannot be unpacked") as refused,
        ):
            unpacked(archive, ".mp3", lambda _: None)
    assert f"unpack it into {folder / 'music'} yourself" in refused.value.hint
