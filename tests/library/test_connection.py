"""The file of a library: made, brought up to date, shared, and refused in a sentence."""

from __future__ import annotations

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from affetto.errors import (
    LibraryInvalid,
    LibraryLocked,
    LibraryMissing,
    LibraryNewer,
    LibraryUnwritable,
)
from affetto.library import Library, default_path, schema
from affetto.library.connection import Connection, restored, stored
from tests.helpers import as_nobody, open_to_all, plain_database


def tables(path: Path) -> set[str]:
    with plain_database(path) as plain:
        return {row[0] for row in plain.execute("SELECT name FROM sqlite_master")}


def test_new_library_has_all_tables_and_its_version(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "library.sqlite"
    with Library(path) as library:
        assert library.connection.row("PRAGMA journal_mode") == ("wal",)
        assert library.connection.row("PRAGMA foreign_keys") == (1,)
        assert library.connection.row("PRAGMA user_version") == (len(schema.MIGRATIONS),)
        rows = list(library.connection.rows("SELECT name FROM migrations"))
        assert rows == [(name,) for name, _ in schema.MIGRATIONS]
    assert {"files", "bundles", "tags", "results", "scores", "timelines"} <= tables(path)


def test_library_of_the_user_is_in_the_data_folder() -> None:
    path = default_path()
    assert path.name == "library.sqlite"
    assert Path(os.environ["HOME"]) in path.parents
    with Library() as library:
        assert library.path == path
    assert path.is_file()


def test_opening_does_not_make_a_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing, match="there is no library yet; make it with"):
        Library.open(tmp_path / "library.sqlite")
    assert list(tmp_path.iterdir()) == []
    Library(tmp_path / "library.sqlite").close()
    Library.open(tmp_path / "library.sqlite").close()


def test_library_in_memory_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Library(":memory:") as library:
        assert list(library.tracks()) == []
    assert list(tmp_path.iterdir()) == []


def test_newer_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library(path).close()
    with plain_database(path) as plain:
        plain.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(LibraryNewer, match="a newer affetto has written this library"):
        Library(path)
    assert path.read_bytes() == before


def test_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with plain_database(path) as plain:
        plain.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(LibraryInvalid, match="the database of another program"):
        Library(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"ID3\4" + bytes(3_000), b"x" * 5_000])
def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.raises(LibraryInvalid, match="not a library, or it is damaged"):
        Library(path)
    assert path.read_bytes() == content


def test_empty_file_becomes_a_library(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.touch()
    Library(path).close()
    assert "files" in tables(path)


def test_step_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.sqlite"
    Library(path).close()
    before = tables(path)
    broken = ("CREATE TABLE moods (name TEXT)", "CREATE TABLE files (id INTEGER)")
    steps = (*schema.MIGRATIONS, ("broken", broken))
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(Exception, match="table files already exists"):
        Library(path)
    assert tables(path) == before
    monkeypatch.setattr(schema, "MIGRATIONS", (*steps[:-1], ("moods", broken[:1])))
    with Library(path) as library:
        assert library.connection.row("PRAGMA user_version") == (len(steps),)
    assert tables(path) > before


def test_library_of_before_quadrants_were_likely_keeps_its_songs_and_says_nothing_of_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.sqlite"
    with monkeypatch.context() as before:
        before.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        Library(path).close()
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("INSERT INTO bundles (fingerprint, name, version) VALUES ('f', 'old', '1')")
    with Library(path) as library:
        (bundle,) = library.bundles()
        assert (bundle.title, bundle.sign_slopes) == ("old 1", None)


def test_many_that_make_the_same_library_at_once_get_one(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        try:
            Library(path).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with Library.open(path) as library:
        assert library.connection.row("SELECT count(*) FROM migrations") == (
            len(schema.MIGRATIONS),
        )


def test_library_that_another_makes_just_now_is_not_taken_for_another_programs(
    tmp_path: Path,
) -> None:
    path = tmp_path / "library.sqlite"

    def meanwhile(statement: str) -> None:
        if "sqlite_master" in statement:  # between what is asked of the file
            with suppress(LibraryLocked):
                Library(path, busy_s=0).close()

    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.set_trace_callback(meanwhile)
        schema.migrate(plain, "the library")
        assert plain.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)


def test_new_library_that_another_is_writing_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as plain,
        ThreadPoolExecutor(1) as pool,
    ):
        schema.migrate(plain, "the library")
        plain.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryLocked):
            Library(path, busy_s=0)
        opened = pool.submit(lambda: Library(path).close())
        with pytest.raises(TimeoutError):  # it neither fails nor opens
            opened.result(timeout=0.2)
        plain.execute("COMMIT")
        opened.result()


def test_writer_waits_only_so_long_for_another(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as one, Library(path, busy_s=0.05) as other:
        with one.connection.transaction():
            assert list(other.tracks()) == []  # reading goes on
            with (
                pytest.raises(LibraryLocked, match="another process has been writing"),
                other.connection.transaction(),
            ):
                pass
        with other.connection.transaction():
            pass


def test_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    insert = "INSERT INTO bundles (fingerprint, name, version) VALUES ('f', 'n', 'v')"
    with Library(tmp_path / "library.sqlite") as library:
        with pytest.raises(KeyboardInterrupt), library.connection.transaction() as cursor:
            cursor.execute(insert)
            raise KeyboardInterrupt
        assert library.connection.row("SELECT count(*) FROM bundles") == (0,)
        with library.connection.transaction() as cursor:
            cursor.execute(insert)
        assert library.connection.row("SELECT count(*) FROM bundles") == (1,)


def test_full_disk_is_one_sentence_and_what_was_written_is_whole(tmp_path: Path) -> None:
    """SQLite refuses a page more than it may have just as it does on a full disk."""
    with Library(tmp_path / "library.sqlite") as library:
        connection = library.connection
        (n_pages,) = connection.row("PRAGMA page_count") or (0,)
        list(connection.rows(f"PRAGMA max_page_count = {n_pages + 2}"))
        row = "INSERT INTO bundles (fingerprint, name, version) VALUES (?, zeroblob(500), '')"
        n_written = 0
        with pytest.raises(LibraryUnwritable, match="the disk is full; make room"):
            for number in range(1_000):
                with connection.transaction() as cursor:
                    cursor.execute(row, (str(number),))
                n_written += 1
        assert n_written > 0
        assert connection.row("SELECT count(*) FROM bundles") == (n_written,)
        assert connection.row("PRAGMA integrity_check") == ("ok",)


def test_folder_that_may_not_be_written_is_one_sentence() -> None:
    with open_to_all() as folder, as_nobody():
        for path in (folder / "library.sqlite", folder / "sub" / "library.sqlite"):
            with pytest.raises(LibraryUnwritable, match="the library cannot be written"):
                Library(path)


@pytest.mark.parametrize(
    "name", [b"plain.mp3", "Sigur R\u00f3s \U0001f3b5.mp3".encode(), b"caf\xe9.mp3", b"\xff\xfe'\n"]
)
def test_path_comes_back_byte_for_byte_and_stays_text(name: bytes) -> None:
    connection = Connection(None)
    path = os.fsdecode(b"/music/" + name)
    with connection.transaction() as cursor:
        cursor.execute(
            "INSERT INTO files (path, size_bytes, mtime_ns, inode)"
            " VALUES (CAST(? AS TEXT), 1, 1, 1)",
            (stored(path),),
        )
    found = connection.row(
        "SELECT path, typeof(path), hex(path) FROM files WHERE path = CAST(? AS TEXT)",
        (stored(path),),
    )
    assert found is not None
    assert restored(found[0]) == path
    assert found[1:] == ("text", (b"/music/" + name).hex().upper())
    connection.close()


def test_rows_that_are_left_may_end_after_their_connection() -> None:
    connection = Connection(None)
    rows = connection.rows("SELECT 1 UNION SELECT 2")
    assert next(rows) == (1,)
    connection.close()
    rows.close()  # type: ignore[attr-defined]  # an interrupted program ends them in this order
