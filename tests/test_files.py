"""A file is whole or not there, and the user's homes are where the environment puts them."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest

from affetto.files import atomic_write, cache_home, data_home, file_sha256, write_text


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_written_file_is_there_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "notes.txt"
    write_text(path, "Größe: ½\n")
    assert path.read_bytes() == "Größe: ½\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "data", "wb") as file:
        file.write(b"\r\n\0\xff")
    assert (tmp_path / "data").read_bytes() == b"\r\n\0\xff"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existed", [True, False])
def test_exception_leaves_what_was_there_and_no_part(
    error: type[BaseException], existed: bool, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    if existed:
        path.write_text("old")
    with pytest.raises(error), atomic_write(path) as file:
        file.write("half of the new")
        file.flush()
        raise error
    assert [entry.name for entry in tmp_path.iterdir()] == (["notes.txt"] if existed else [])
    if existed:
        assert path.read_text() == "old"


def test_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with atomic_write(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_mode_is_kept_and_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    before = os.umask(0o027)
    try:
        write_text(path, "new")
        assert mode_of(path) == 0o640
        path.chmod(0o604)
        write_text(path, "newer")
        assert mode_of(path) == 0o604
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "through the pipe")
    reader.join()
    assert received == ["through the pipe"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system does not list open files")
def test_standard_output_that_is_a_pipe_can_be_written_to() -> None:
    reading, writing = os.pipe()
    write_text(Path(f"/dev/fd/{writing}"), "a few words")  # where /dev/stdout leads to
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "a few words"


def test_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("🎵" * 62 + ".json")  # 253 bytes
    write_text(path, "{}")
    assert path.read_text() == "{}"


def test_folder_in_the_way_is_an_error_and_leaves_no_part(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(OSError, match="notes"):
        write_text(tmp_path / "notes", "text")
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes"]


def test_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "data").write_bytes(content)
    assert file_sha256(tmp_path / "data") == hashlib.sha256(content).hexdigest()


def test_homes_follow_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFETTO_CACHE", str(tmp_path / "mine"))
    assert cache_home() == tmp_path / "mine"
    monkeypatch.delenv("AFFETTO_CACHE")
    assert cache_home().is_relative_to(Path(os.environ["HOME"]))
    assert data_home().is_relative_to(Path(os.environ["HOME"]))
    assert cache_home() != data_home()
