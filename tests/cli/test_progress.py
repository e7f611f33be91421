"""The progress bar's words, and when it stays away."""

from __future__ import annotations

import io
import sys

import pytest

from affetto.cli import progress
from affetto.cli.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def become_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in the place of stderr: in a test, since pytest puts its own before each."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def test_progress_waits_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = become_terminal(monkeypatch)
    with Progress("scoring", "songs", 10) as bar:
        bar.update(1)
        with bar.hidden():
            pass
    assert terminal.getvalue() == ""


def test_progress_shows_when_the_work_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = become_terminal(monkeypatch)
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    with Progress("scoring", "songs", 10) as bar:
        bar.update(4, description="training")
        with bar.hidden():
            terminal.write("BETWEEN")
        bar.update(10)
    before, _, after = terminal.getvalue().partition("BETWEEN")
    assert "training" in before
    assert "4 of 10 songs" in before
    assert before.endswith("\x1b[2K")
    assert "10 of 10 songs" in after


def test_progress_stays_away_from_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    with Progress("scoring", "songs", 10) as bar:
        bar.update(4)
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "state"),
    [
        (30, None, 2, "30 s"),
        (30, 60, 2, "30 of 60 s, 0:02 to go"),
        (10, 1000, 2, "10 of 1000 s, 3:18 to go"),
        (60, 60, 2, "60 of 60 s"),
        (0, 60, 2, "0 of 60 s"),
    ],
)
def test_progress_says_what_is_done_and_how_long_it_takes(
    done: float, total: float | None, elapsed_s: float, state: str
) -> None:
    assert Progress("scoring", "s", total)._state(done, elapsed_s) == state
