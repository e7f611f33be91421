"""A pool of processes for work that may hang or crash: the item is lost, never the rest.

The processes are pebble's, which keeps a time limit for each task and replaces a process that
died. What is added here is order and a bound: results come in the order of the items, and only
a few items a process are under way, so that memory stays flat over any number of them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from affetto.errors import UsageError

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
) -> Generator[R | Lost, None, None]:
    """Give `function(item)` for each item, in order, computed by `n_processes` processes.

    `function`, items and results must pickle. An exception of the function or the initializer
    is raised here; a crash or a run over `time_limit_s` seconds gives `Lost`. Leaving the
    iterator early ends the processes. Raises: UsageError if the processes do not start.
    """
    import multiprocessing
    from concurrent.futures.process import BrokenProcessPool

    from pebble import ProcessExpired, ProcessPool

    pool = ProcessPool(
        max_workers=n_processes,
        context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(initializer, initargs),
    )
    waiting: deque[Any] = deque()

    def begin(item: T) -> None:
        try:
            waiting.append(pool.schedule(_call, args=(function, item), timeout=time_limit_s))
        except RuntimeError as error:  # what pebble says once its pool is broken
            raise BrokenProcessPool from error

    def first() -> R | Lost:
        try:
            result: R = waiting.popleft().result()
        except TimeoutError:
            return Lost("timeout")
        except ProcessExpired:
            return Lost("crashed")
        return result

    try:
        with _interrupts_held():
            _ = pool.active  # starts the processes
        for item in items:
            begin(item)
            if len(waiting) >= _AHEAD * n_processes:
                yield first()
        while waiting:
            yield first()
        pool.close()  # type: ignore[no-untyped-call]
    except BrokenProcessPool as error:
        raise UsageError(
            "the processes that share the work do not start, or were ended from outside",
            "a script must do its work under `if __name__ == '__main__':`; "
            "or take a single process (jobs=1)",
        ) from error
    finally:
        pool.stop()  # type: ignore[no-untyped-call]  # after close: nothing is left to stop
        pool.join()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back in this thread, and for good in the processes that the block starts.

    A terminal sends it to all of them. This process ends the others, which would otherwise
    print a traceback each when they hear it while they are starting.
    """
    import signal
    from multiprocessing import resource_tracker

    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # starting it later would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_failed: Exception | None = None  # why this process could not be set up


def _start(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    global _failed
    if initializer is not None:
        try:
            initializer(*initargs)
        except Exception as error:  # raised with the first item, where somebody listens
            _failed = error


def _call(function: Callable[[T], R], item: T) -> R:
    if _failed is not None:
        raise _failed
    return function(item)
