"""Pipes that close, Ctrl-C and SIGTERM, and the progress bar: through the real command."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.command import AFFETTO, affetto

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and terminals of POSIX")

MANY = 2_000  # songs: more than are scored before a test has seen enough


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `affetto` in a session of its own, as a shell does in a terminal."""
    command = [*AFFETTO, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, bufsize=0, stdout=pipe, stderr=pipe, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def predict_many(bundle: Path, album: Path, *options: str | Path) -> tuple[str | Path, ...]:
    return ("predict", "--bundle", bundle, *options, *[album / "1.wav"] * MANY)


def test_reader_that_goes_away_ends_the_command_quietly(bundle: Path, album: Path) -> None:
    arguments = predict_many(bundle, album, "--format", "jsonl", "--jobs", "1")
    with started(*arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


@pytest.mark.parametrize(
    ("format_name", "jobs"), [("json", "1"), ("json", "2"), ("jsonl", "1"), ("csv", "1")]
)
def test_interrupt_leaves_whole_results(
    bundle: Path, album: Path, format_name: str, jobs: str
) -> None:
    arguments = predict_many(bundle, album, "--format", format_name, "--jobs", jobs)
    with started(*arguments) as process:
        assert process.stdout is not None
        begin = process.stdout.read(5_000)
        os.killpg(process.pid, signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.decode().split("\n") == ["", "affetto: interrupted", ""]
    text = (begin + rest).decode()
    n_songs = text.count("1.wav")
    assert 0 < n_songs < MANY
    if format_name == "json":
        assert len(json.loads(text)) == n_songs
    elif format_name == "jsonl":
        assert len(list(map(json.loads, text.splitlines()))) == n_songs
    else:
        assert {line.count(",") for line in text.splitlines()} == {text.split("\n")[0].count(",")}


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_output_file_is_whole_or_old_and_what_was_done_lies_beside_it(
    bundle: Path, album: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    output, partial = tmp_path / "moods.jsonl", tmp_path / "moods.jsonl.partial"
    output.write_text("old", encoding="utf-8")
    arguments = predict_many(bundle, album, "-o", output, "--jobs", "1")
    with started(*arguments) as process:
        while not partial.exists() or not partial.stat().st_size:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert output.read_text(encoding="utf-8") == "old"
    assert 0 < len(list(map(json.loads, partial.read_text("utf-8").splitlines()))) < MANY
    if number != signal.SIGKILL:
        assert "moods.jsonl.partial" in errors.decode()


def test_output_that_began_with_nothing_leaves_nothing(bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "moods.jsonl"
    arguments = ("predict", "--bundle", bundle, "-o", output, "--hop-s", "0.001", tmp_path)
    with started(*arguments) as process:
        process.communicate(timeout=60)
    assert process.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_ignored_interrupt_stays_ignored(bundle: Path, album: Path) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "from affetto.cli import main; sys.exit(main())"
    )
    songs = [str(album / "1.wav")] * 50
    command = [sys.executable, "-c", code, "predict", "--bundle", str(bundle)]
    with subprocess.Popen(
        [*command, "--format", "jsonl", "--jobs", "1", *songs],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 0
    assert len((first + rest).splitlines()) == 50


PROGRESS_AT_ONCE = (
    "import sys; from affetto.cli import main, progress; progress.SHOWN_AFTER_S = 0; "
    "sys.exit(main())"
)


def run_with_terminal(
    bundle: Path, album: Path, *options: str, is_stdout_too: bool = False
) -> tuple[str, str]:
    """Give stdout, and what came to a terminal at stderr; the bar shows from the start."""
    import pty

    terminal, end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRESS_AT_ONCE, "predict", "--bundle", bundle, *options, album],
        stdout=end if is_stdout_too else subprocess.PIPE,
        stderr=end,
        env=environment,
    ) as process:
        os.close(end)
        shown = b""
        while process.poll() is None or select.select([terminal], [], [], 0)[0]:
            try:
                if select.select([terminal], [], [], 0.05)[0]:
                    shown += os.read(terminal, 65_536)
            except OSError:  # how Linux tells that the other end is closed
                break
        printed = b"" if process.stdout is None else process.stdout.read()
        assert process.wait(60) == 0
    os.close(terminal)
    return printed.decode(), shown.decode()


def test_progress_shows_on_a_terminal_and_never_in_the_results(bundle: Path, album: Path) -> None:
    printed, shown = run_with_terminal(bundle, album, "--format", "json")
    assert len(json.loads(printed)) == 3
    assert "of 3 songs" in shown
    assert shown.rstrip().endswith("\x1b[2K"), "the bar goes away at the end"


def test_panels_and_progress_share_a_terminal(bundle: Path, album: Path) -> None:
    _, shown = run_with_terminal(bundle, album, is_stdout_too=True)
    assert "of 3 songs" in shown
    panels = [part.partition("╯")[0] for part in shown.split("╭")[1:]]
    assert len(panels) == 3
    for panel in panels:
        assert "scoring" not in panel
        assert panel.count("\n") == 10


def test_short_work_shows_no_progress(bundle: Path, album: Path) -> None:
    done = affetto("predict", "--bundle", bundle, album)
    assert done.stderr == ""
