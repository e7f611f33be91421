"""A pool of processes for work that may hang or crash: the item is lost, never the rest.

The processes are pebble's, which keeps a time limit for each task and replaces a process that
died. What is added here is order and a bound: results come in the order of the items, and only
a few items a process are under way, so that memory stays flat over any number of them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4  # items under way for each process: enough that none waits for a slow neighbor


@dataclass(frozen=True, slots=True)
class Lost:
    """An item whose process crashed (`reason` "crashed") or took too long ("timeout")."""

    reason: str


def n_cores() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_ordered(
    function: Callable[[T], R],
    items: Iterable[T],
    n_processes: int,
    *,
    time_limit_s: float,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> Iterator[R | Lost]:
    """Give `function(item)` for each item, in order, computed by `n_processes` processes.

    `function`, items and results must pickle. An exception of the function is raised here; a
    crash or a run over `time_limit_s` seconds gives `Lost`. Leaving the iterator early ends
    the processes.
    """
    import multiprocessing

    from pebble import ProcessExpired, ProcessPool

    pool = ProcessPool(
        max_workers=n_processes,
        context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(initializer, initargs),
    )
    waiting: deque[Any] = deque()

    def first() -> R | Lost:
        try:
            result: R = waiting.popleft().result()
        except TimeoutError:
            return Lost("timeout")
        except ProcessExpired:
            return Lost("crashed")
        return result

    try:
        for item in items:
            waiting.append(pool.schedule(function, args=(item,), timeout=time_limit_s))
            if len(waiting) >= _AHEAD * n_processes:
                yield first()
        while waiting:
            yield first()
        pool.close()  # type: ignore[no-untyped-call]
    finally:
        pool.stop()  # type: ignore[no-untyped-call]  # after close: nothing is left to stop
        pool.join()


def _start(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and ends us
    if initializer is not None:
        initializer(*initargs)
