"""How far the work is: a bar on stderr, only on a terminal and only when it takes a moment."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

from affetto.closing import Closing

SHOWN_AFTER_S = 1.0


class Progress(Closing):
    """A bar with what is done and the time to go; it vanishes at the end.

    `unit` names what is counted, such as `songs` or `s`; `total` is None while unknown. rich is
    imported when the bar first shows, so that short work does not wait for it.
    """

    def __init__(self, description: str, unit: str, total: float | None = None) -> None:
        self._description = description
        self._unit = unit
        self._total = total
        self._begun_s = time.monotonic()
        self._bar: Any = None
        self._is_wanted = sys.stderr.isatty()

    def update(self, done: float, total: float | None = None, description: str = "") -> None:
        """Tell what is done by now, and what there is in all if that has become known."""
        if not self._is_wanted:
            return
        self._total = self._total if total is None else total
        self._description = description or self._description
        elapsed_s = time.monotonic() - self._begun_s
        is_first = self._bar is None
        if is_first:
            if elapsed_s < SHOWN_AFTER_S:
                return
            self._bar = _bar()
            self._bar.add_task(self._description, total=None, state="")
        self._bar.update(
            self._bar.task_ids[0],
            completed=done,
            total=self._total,
            description=self._description,
            state=self._state(done, elapsed_s),
        )
        if is_first:
            self._bar.start()

    def _state(self, done: float, elapsed_s: float) -> str:
        if not self._total:
            return f"{done:.0f} {self._unit}"
        state = f"{done:.0f} of {self._total:.0f} {self._unit}"
        left_s = round(elapsed_s * max(0.0, self._total - done) / done) if done > 0 else 0
        return f"{state}, {left_s // 60}:{left_s % 60:02} to go" if left_s else state

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the bar away while a block writes to what may be the same terminal."""
        if self._bar is None:
            yield
            return
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[state]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
