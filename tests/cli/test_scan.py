"""`affetto scan`: what it prints and returns, and that nothing which ends it loses a song."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from affetto.cli import main, progress
from affetto.library import Library
from tests.cli.command import AFFETTO, affetto
from tests.cli.test_progress import become_terminal
from tests.corpus import Case
from tests.helpers import plain_database
from tests.library.music import write_album, write_song

Run = Callable[..., tuple[int, str, str]]

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "data" / "library.sqlite"


@pytest.fixture
def run(bundle: Path, db: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give `run(*arguments) -> exit code, stdout, stderr` of `affetto scan`, in this process."""

    def run_scan(*arguments: str | Path) -> tuple[int, str, str]:
        options = ["scan", "--db", str(db), "--bundle", str(bundle)]
        code = main([*options, *map(str, arguments)])
        return code, *capsys.readouterr()

    return run_scan


def rows_of(db: Path) -> dict[str, int]:
    """Give the number of each song's result: a song that is scored again gets a new one."""
    if not db.exists():
        return {}
    plain = sqlite3.connect(db, timeout=60)
    plain.text_factory = os.fsdecode
    try:
        return dict(
            plain.execute(
                "SELECT path, results.rowid FROM files JOIN results ON file_id = files.id"
                " WHERE status = 'ok'"
            )
        )
    except sqlite3.OperationalError as error:
        assert "no such table" in str(error)  # it is being made just now
        return {}
    finally:
        plain.close()


def check(db: Path) -> None:
    """See that the file is sound, and every song in it has all that belongs to it."""
    with plain_database(db) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
        ((n_ok, n_timelines, n_scores),) = plain.execute(
            "SELECT (SELECT count(*) FROM results WHERE status = 'ok'),"
            " (SELECT count(*) FROM timelines), (SELECT count(*) FROM scores)"
        )
        assert n_timelines == n_ok
        assert n_scores == 27 * n_ok
    plain.close()


# ---------------------------------------------------------------- what it prints


def test_scan_tells_in_few_lines_what_it_did(run: Run, album: Path, db: Path) -> None:
    code, out, err = run(album)
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [f"library  {db}", "found    3 files, 0 of them known"]
    assert "scored   3 songs by tiny 1.0, " in out
    code, out, err = run(album)
    assert (code, err) == (0, "")
    assert out.splitlines()[1:] == [
        "found    3 files, 3 of them known",
        "scored   0 songs by tiny 1.0",
    ]


def test_scan_as_json_is_one_object(run: Run, album: Path, db: Path, tmp_path: Path) -> None:
    bad = write_song(tmp_path / "music" / "1.wav").with_name("bad.mp3")
    bad.write_bytes(b"no music")
    code, out, err = run(album, bad.parent, tmp_path / "gone", "--format", "json")
    found: dict[str, Any] = json.loads(out)
    assert code == 1
    assert len(err.splitlines()) == 2
    assert (found["schema_version"], found["library"], found["bundle"]) == (1, str(db), "tiny 1.0")
    assert (found["found"], found["to_score"], found["scored"], found["failed"]) == (5, 5, 4, 1)
    (failure,) = found["failures"]
    assert (failure["path"], failure["code"]) == (os.path.realpath(bad), "audio-unreadable")
    (problem,) = found["problems"]
    assert problem["code"] == "audio-not-found"


def test_failures_count_once_and_are_then_remembered(run: Run, tmp_path: Path) -> None:
    folder = write_album(tmp_path / "music", ["1.wav"])
    (folder / "bad.mp3").write_bytes(b"no music")
    code, out, err = run(folder)
    assert (code, len(err.splitlines())) == (1, 1)
    assert "failed   1 file\n" in out
    code, out, err = run(folder)
    assert (code, err) == (0, "")
    assert "not tried  1 file failed before; to try again: --retry-failed" in out
    assert run(folder, "--retry-failed")[0] == 1


def test_dry_run_makes_no_library_and_says_what_it_would_do(
    run: Run, album: Path, db: Path
) -> None:
    code, out, _ = run(album, "--dry-run")
    assert (code, db.exists(), db.parent.exists()) == (0, False, False)
    assert f"library   {db}" in out
    assert "to score  3 files" in out
    assert "nothing was done" in out


def test_missing_and_stale_songs_are_told_with_what_to_do(
    run: Run, bundle: Path, tmp_path: Path, db: Path
) -> None:
    folder = write_album(tmp_path / "music", ["1.wav", "2.wav"])
    run(folder)
    with plain_database(db) as plain:
        plain.execute("UPDATE bundles SET fingerprint = 'of-old', version = '0.1'")
    (folder / "1.wav").unlink()
    code, out, _ = run(folder)
    assert code == 0
    assert "stale    1 song scored by tiny 0.1 only; to score again: --refresh" in out
    assert "missing  1 file of the library; to remove: --prune" in out
    code, out, _ = run(folder, "--refresh", "--prune")
    assert "scored   1 song by tiny 1.0" in out
    assert "removed  1 file" in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--jobs", "0"), "0 is not in the range x>=1"),
        (("--exclude", ""), "an empty pattern excludes nothing"),
        (("--time-limit-s", "0"), "0.0 is not a positive number"),
        (("--bundle", "nope"), "there is no bundle named 'nope'"),
        (("--watch", "--dry-run"), "exclude each other"),
        (("--db", "."), "is a directory"),
    ],
)
def test_wrong_option_is_one_sentence_and_exit_code_2(
    run: Run, album: Path, options: tuple[str, ...], sentence: str
) -> None:
    code, out, err = run(album, *options)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert sentence in line


def test_library_that_is_none_is_refused(run: Run, album: Path, tmp_path: Path) -> None:
    other = tmp_path / "song.mp3"
    other.write_bytes(b"no database" * 1000)
    code, out, err = run(album, "--db", other)
    assert (code, out) == (2, "")
    assert "this is not a library, or it is damaged" in err
    assert other.read_bytes() == b"no database" * 1000


def test_name_that_is_not_utf8_is_scanned_and_shown(run: Run, tmp_path: Path, db: Path) -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    try:
        write_song(tmp_path / "music" / name)
    except (OSError, UnicodeError):
        pytest.skip("this file system does not take such a name")
    (tmp_path / "music" / os.fsdecode(b"b\xe4d.mp3")).write_bytes(b"no music")
    code, out, err = run(tmp_path / "music", "--format", "json")
    assert code == 1
    assert "b\\xe4d.mp3" in err
    assert os.fsencode(json.loads(out)["failures"][0]["path"]).endswith(b"b\xe4d.mp3")
    with Library.open(db) as library:
        assert [os.fsencode(track.path.name) for track in library.tracks()] == [b"caf\xe9.wav"]


def test_watching_without_watchfiles_says_what_to_install(
    run: Run, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "watchfiles", None)
    code, _, err = run(album, "--watch")
    assert code == 2
    assert "pip install 'affetto[watch]'" in err


def test_progress_tells_how_many_and_how_fast(
    run: Run, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = become_terminal(monkeypatch)
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    assert run(album)[0] == 0
    shown = terminal.getvalue()
    assert "of 3 songs" in shown
    assert re.search(r"scoring [\d,]+ a minute", shown)


# ---------------------------------------------------------------- what ends it


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `affetto scan` in a session of its own."""
    pipe = subprocess.PIPE
    command = [*AFFETTO, "scan", *map(str, arguments)]
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def lines_of(err: bytes) -> list[str]:
    """Give what was said; click ends the line that a terminal shows for Ctrl-C."""
    return [line for line in err.decode().splitlines() if line]


def wait_for(db: Path, n_songs: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a scan has recorded so many songs, or has ended."""
    while len(rows_of(db)) < n_songs and process.poll() is None:
        time.sleep(0.005)


@posix_only
@pytest.mark.parametrize(
    ("n_songs", "n_kills", "duration_s"),
    [
        (40, 4, 40.0),
        pytest.param(
            2_000,
            25,
            2.0,
            marks=[pytest.mark.slow, pytest.mark.timeout(1_200)],
        ),
    ],
)
def test_kill_loses_at_most_the_songs_in_flight(
    bundle: Path,
    db: Path,
    tmp_path: Path,
    corpus: list[Case],
    n_songs: int,
    n_kills: int,
    duration_s: float,
) -> None:
    folder = tmp_path / "music"
    for seed in range(n_songs):
        write_song(folder / str(seed // 20) / f"{seed}.wav", seed, duration_s)
    folders = (folder, corpus[0].path.parent)
    arguments = (*folders, "--db", db, "--bundle", bundle, "--jobs", "2")
    is_found = {case.path for case in corpus if case.path.is_file()}
    n_good = n_songs + sum(c.outcome == "scored" for c in corpus if c.path in is_found)
    bad = {
        os.path.realpath(case.path): case.code
        for case in corpus
        if case.path in is_found and case.outcome == "failed"
    }
    generator = random.Random(5)
    recorded: dict[str, int] = {}
    n_cut_short = 0
    for _ in range(n_kills):
        with started(*arguments) as process:
            n_more = generator.randrange(max(2, n_songs // n_kills))
            wait_for(db, len(recorded) + n_more, process)
            n_cut_short += process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)
        now = rows_of(db)
        assert recorded.items() <= now.items()  # nothing was lost, nothing scored twice
        recorded = now
    assert n_cut_short == n_kills
    with started(*arguments, "--format", "json") as process:
        out, _ = process.communicate()
    assert process.returncode == 1
    report = json.loads(out)
    # Some of the corpus hold the same sound in the same size, so that one is enough.
    assert report["scored"] + report["recognized"] == n_good - len(recorded)
    final = rows_of(db)
    assert recorded.items() <= final.items()
    assert len(final) == n_good
    check(db)
    with Library.open(db) as library:
        assert {failure.path: failure.code for failure in library.failures()} == bad
        assert library.connection.row("SELECT count(*) FROM claims") == (0,)


@posix_only
def test_interrupt_tells_what_was_done_and_the_next_scan_goes_on(
    bundle: Path, db: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "music"
    for seed in range(60):
        write_song(folder / f"{seed}.wav", seed, 40.0)
    arguments = (folder, "--db", db, "--bundle", bundle, "--jobs", "1")
    with started(*arguments) as process:
        wait_for(db, 3, process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    before = rows_of(db)
    assert 3 <= len(before) < 60
    assert f"scored   {len(before)} songs" in out.decode()
    assert lines_of(err) == [
        "affetto: not all was done; run it again to go on",
        "affetto: interrupted",
    ]
    check(db)
    ended = affetto("scan", *arguments, "--format", "json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["scored"] == 60 - len(before)
    assert before.items() <= rows_of(db).items()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 600 kB, where this test may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_full_disk_is_a_sentence_and_the_next_scan_goes_on(
    run: Run, tmp_path: Path, small_disk: Path
) -> None:
    folder = write_album(tmp_path / "music", [f"{number}.wav" for number in range(150)])
    db = small_disk / "library.sqlite"
    code, out, err = run(folder, "--db", db)
    assert code == 1
    assert [line for line in err.splitlines() if "the disk is full" in line] == err.splitlines()
    n_scored = len(rows_of(db))
    assert 0 < n_scored < 150
    assert f"scored   {n_scored} songs" in out
    check(db)
    before = rows_of(db)
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    code, out, err = run(folder, "--db", db)
    assert (code, err) == (0, "")
    assert f"scored   {150 - n_scored} songs" in out
    assert before.items() <= rows_of(db).items()
    check(db)


def children_of(process_id: int) -> list[int]:
    """Give the processes that a process has started, as Linux tells them."""
    listed = Path(f"/proc/{process_id}/task").glob("*/children")
    return [int(word) for each in listed for word in each.read_text().split()]


def niceness_of(process_id: int) -> int | None:
    """Give how far a process gives way to others; None where it has ended meanwhile."""
    try:
        return os.getpriority(os.PRIO_PROCESS, process_id)
    except ProcessLookupError:
        return None


@pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(),
    reason="asks Linux which processes there are",
)
def test_as_many_processes_as_asked_for_score_and_give_way_to_others(
    bundle: Path, db: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "music"
    for seed in range(40):
        write_song(folder / f"{seed}.wav", seed, 30.0)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    most = 0
    with started(folder, "--db", db, "--bundle", bundle, "--jobs", "2") as process:
        # One may still be starting where the other has scored songs: on a busy machine it does.
        while process.poll() is None and len(rows_of(db)) < 39 and most < 2:
            nice = [niceness_of(each) for each in children_of(process.pid)]
            most = max(most, nice.count(ours + 10))
            time.sleep(0.005)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == ours
    assert most == 2


@posix_only
def test_two_scans_at_once_share_the_work(bundle: Path, db: Path, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    for seed in range(40):
        write_song(folder / f"{seed}.wav", seed, 30.0)
    arguments = (folder, "--db", db, "--bundle", bundle, "--jobs", "1", "--format", "json")
    with started(*arguments) as one, started(*arguments) as other:
        outputs = [process.communicate(timeout=240) for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0]
    assert [err for _, err in outputs] == [b"", b""]
    reports = [json.loads(out) for out, _ in outputs]
    assert sum(report["scored"] for report in reports) == 40
    assert len(rows_of(db)) == 40
    check(db)


@posix_only
def test_watching_takes_in_what_comes_and_goes(bundle: Path, db: Path, tmp_path: Path) -> None:
    folder = write_album(tmp_path / "music", ["a/1.wav"])
    with started(folder, "--db", db, "--bundle", bundle, "--watch", "--format", "json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["found"], first["scored"]) == (1, 1)
        write_song(folder / "b" / "2.wav", 7)
        second = json.loads(process.stdout.readline())
        assert (second["found"], second["scored"]) == (2, 1)
        (folder / "a" / "1.wav").unlink()
        third = json.loads(process.stdout.readline())
        assert (third["found"], third["missing"]) == (1, 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert lines_of(err) == ["affetto: interrupted"]
