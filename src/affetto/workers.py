"""A pool of processes for work that may hang or crash: the item is lost, never the rest.

The processes are pebble's, which keeps a time limit for each task and replaces a process that
died. What is added here is order, where it is wanted, and a bound: only a few items a process are
under way, so that memory stays flat over any number of them.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from affetto import interrupts
from affetto.closing import Closing
from affetto.errors import AffettoError, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4  # items under way for each process: enough that none waits for a slow neighbor
_AHEAD_UNORDERED = 2  # where nobody waits for a neighbor, the next item is enough
_NICENESS = 10
_LISTEN_S = 0.2  # how long Ctrl-C waits at most while results are waited for
_DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Lost:
    """An item whose process crashed (`reason` "crashed") or took too long ("timeout")."""

    reason: Literal["timeout", "crashed"]


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
    waiting: deque[Any] = deque()
    with _pool(n_processes, initializer, initargs) as pool:
        for item in items:
            waiting.append(_scheduled(pool, function, item, time_limit_s))
            if len(waiting) >= _AHEAD * n_processes:
                yield _awaited(waiting.popleft())
        while waiting:
            yield _awaited(waiting.popleft())


def map_completed(
    function: Callable[[T], R],
    items: Iterable[T],
    n_processes: int,
    *,
    time_limit_s: Callable[[T], float],
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> Generator[tuple[T, R | Lost], None, None]:
    """Give each item with `function(item)` as soon as that is there, in no fixed order.

    A slow item holds nothing up. `time_limit_s` gives the limit of an item in seconds; all else
    is as in `map_ordered`.
    """
    running: dict[Any, T] = {}
    with _pool(n_processes, initializer, initargs) as pool:
        source = iter(items)
        is_more = True
        while is_more or running:
            while is_more and len(running) < _AHEAD_UNORDERED * n_processes:
                try:
                    item = next(source)
                except StopIteration:
                    is_more = False
                else:
                    running[_scheduled(pool, function, item, time_limit_s(item))] = item
            for done in _first_done(running):
                yield running.pop(done), _result(done)


def perform_all(
    function: Callable[[T], R],
    items: Sequence[T],
    n_processes: int,
    *,
    name: Callable[[T], str],
    initializer: Callable[..., None] | None = None,
    initargs: tuple[Any, ...] = (),
) -> Iterator[tuple[T, R]]:
    """Give each item with `function(item)` as soon as that is there, where none may be lost.

    `name` says in words what an item is. For work that keeps what it has finished by itself.
    Raises: as `map_completed`; AffettoError where a process ended before its work.
    """
    for item, found in map_completed(
        function,
        items,
        min(n_processes, max(1, len(items))),
        time_limit_s=lambda _: _DAY_S,
        initializer=initializer,
        initargs=initargs,
    ):
        if isinstance(found, Lost):
            raise AffettoError(
                f"the process of {name(item)} ended before its work (is the memory full?)",
                "run the same command again, with fewer --jobs: what is finished is kept",
            )
        yield item, found


class Pool(Closing):
    """Processes for items that come one by one, such as the requests to a server.

    A process that died or took too long is replaced; should all be lost at once, the next item
    starts them anew. Use it in a `with` block, and close it before the program ends.
    """

    def __init__(
        self,
        n_processes: int,
        *,
        initializer: Callable[..., None] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        self._arguments = (n_processes, initializer, initargs)
        self._pool = self._started()

    def submit(self, function: Callable[[T], R], item: T, *, time_limit_s: float) -> Future[R]:
        """Let a process compute `function(item)`; `outcome` tells what became of it.

        To cancel the future ends the process that is at it. Call it from one thread only.
        """
        from concurrent.futures.process import BrokenProcessPool

        try:
            future = _scheduled(self._pool, function, item, time_limit_s)
        except BrokenProcessPool:
            self.close()
            self._pool = self._started()
            future = _scheduled(self._pool, function, item, time_limit_s)
        submitted: Future[R] = future
        return submitted

    @staticmethod
    def outcome(future: Future[R]) -> R | Lost:
        """Give what a future that is done has brought. Raises: what the function raised."""
        from concurrent.futures.process import BrokenProcessPool

        try:
            result: R | Lost = _result(future)
        except BrokenProcessPool:
            return Lost("crashed")
        return result

    def close(self) -> None:
        """End the processes, whatever they are at."""
        self._pool.stop()
        self._pool.join()

    def _started(self) -> Any:
        pool = _new_pool(*self._arguments)
        _start_processes(pool)
        return pool


@contextmanager
def _pool(
    n_processes: int, initializer: Callable[..., None] | None, initargs: tuple[Any, ...]
) -> Iterator[Any]:
    """Start processes, and end them with the block. Raises: UsageError if they do not start."""
    from concurrent.futures.process import BrokenProcessPool

    pool = _new_pool(n_processes, initializer, initargs)
    try:
        _start_processes(pool)
        yield pool
        pool.close()
    except BrokenProcessPool as error:
        raise UsageError(
            "the processes that share the work do not start, or were ended from outside",
            "a script must do its work under `if __name__ == '__main__':`; "
            "or take a single process (jobs=1)",
        ) from error
    finally:
        pool.stop()  # after close: nothing is left to stop
        pool.join()


def _new_pool(
    n_processes: int, initializer: Callable[..., None] | None, initargs: tuple[Any, ...]
) -> Any:
    from multiprocessing.context import SpawnContext

    from pebble import ProcessPool

    class KeepingContext(SpawnContext):
        """Keeps its locks. A pool that is stopped drops them, and with them their names, before
        its processes have ended: one that was still starting then prints that they are gone."""

        def __init__(self) -> None:
            self._locks: list[Any] = []

        def RLock(self) -> Any:  # noqa: N802 - multiprocessing's name
            self._locks.append(super().RLock())
            return self._locks[-1]

    return ProcessPool(
        max_workers=n_processes,
        context=KeepingContext(),
        initializer=_start,
        initargs=(initializer, initargs),
    )


# Raised between the taking of a lock and its `with` block (bugs.python.org/issue29988), Ctrl-C
# would leave the lock taken, and to stop the pool takes the same one. So it is held back while an
# item is handed over and while a future is asked.


def _scheduled(pool: Any, function: Callable[[T], R], item: T, time_limit_s: float) -> Any:
    from concurrent.futures.process import BrokenProcessPool

    try:
        with interrupts.whole():
            return pool.schedule(_call, args=(function, item), timeout=time_limit_s)
    except RuntimeError as error:  # what pebble says once its pool is broken
        raise BrokenProcessPool from error


def _first_done(futures: Collection[Any]) -> set[Any]:
    """Wait until some of the futures are done, and give them."""
    from concurrent.futures import FIRST_COMPLETED, wait

    done: set[Any] = set()
    while futures and not done:
        with interrupts.whole():
            done = wait(futures, _LISTEN_S, FIRST_COMPLETED).done
    return done


def _awaited(future: Any) -> Any:
    """Wait for a future and give what it has brought, or `Lost`."""
    _first_done([future])
    return _result(future)


def _result(future: Any) -> Any:
    """Give what a task's function gave, or `Lost`, of a future that is done."""
    from pebble import ProcessExpired

    try:
        with interrupts.whole():
            return future.result()
    except TimeoutError:
        return Lost("timeout")
    except ProcessExpired:
        return Lost("crashed")


def lower_priority() -> None:
    """Let everything else on this computer go first: for work that takes hours."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
        return
    import ctypes  # Windows

    below_normal = 0x4000
    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)


def _start_processes(pool: Any) -> None:
    """Start a pool's processes so that they, and their successors, never hear Ctrl-C.

    A terminal sends it to all processes. This one ends the others, each of which would
    otherwise print a traceback when it hears it while it is starting. So they are started by a
    thread that blocks the signal, which they inherit; and where Python never raises it, since
    a process whose start is broken off prints a traceback as well.
    """
    import signal
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing import resource_tracker

    def start() -> None:
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            resource_tracker.ensure_running()  # its own start would let the signal through again
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        _ = pool.active  # asking starts them

    with ThreadPoolExecutor(1) as thread:
        thread.submit(start).result()


_failed: Exception | None = None  # why this process could not be set up


def _start(initializer: Callable[..., None] | None, initargs: tuple[Any, ...]) -> None:
    global _failed
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if initializer is not None:
        try:
            initializer(*initargs)
        except Exception as error:  # raised with the first item, where somebody listens
            _failed = error


def _end_with_parent() -> None:
    """End this process, hanging or not, when the one that started it has been killed."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _call(function: Callable[[T], R], item: T) -> R:
    if _failed is not None:
        raise _failed
    return function(item)
