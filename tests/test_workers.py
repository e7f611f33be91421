"""Work that crashes, hangs or raises loses its own item and nothing else; no process is left."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

from affetto.errors import BadConfig
from affetto.workers import Lost, Pool, map_completed, map_ordered, n_cores
from tests import work

LIMIT_S = 120.0


def children() -> set[int]:
    """Give the processes that this one has started and that still run."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[1]) == os.getpid():
            found.add(int(path.parent.name))
    return found


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system does not list its processes"
)


@pytest.fixture(autouse=True)
def _leaves_no_process() -> Iterator[None]:
    """See that every test's processes have ended, but for the tracker of shared resources."""
    before = children()
    yield
    left = {
        process
        for process in children() - before
        if b"resource_tracker" not in Path(f"/proc/{process}/cmdline").read_bytes()
    }
    assert not left


def run(function: Callable[[int], Any], items: int, **options: Any) -> list[Any]:
    options.setdefault("time_limit_s", LIMIT_S)
    return list(map_ordered(function, range(items), options.pop("n_processes", 2), **options))


def test_count_of_cores_is_that_of_this_process() -> None:
    assert 1 <= n_cores() <= (os.cpu_count() or 1)


def test_results_come_in_the_order_of_the_items() -> None:
    assert run(work.first_late, 20) == list(range(20))
    assert run(work.squared, 0) == []


def test_initializer_prepares_every_process() -> None:
    results = run(work.squared, 10, initializer=work.set_base, initargs=(1000,))
    assert results == [1000 + number * number for number in range(10)]


def test_crash_loses_its_item_alone() -> None:
    assert run(work.crash_at_three, 12) == [0, 1, 2, Lost("crashed"), *range(4, 12)]


def test_crash_of_the_last_item_is_reported() -> None:
    assert run(work.crash_at_three, 4, n_processes=1) == [0, 1, 2, Lost("crashed")]


def test_process_that_takes_the_place_of_a_crashed_one_is_prepared_too() -> None:
    results = run(work.crash_at_three, 6, n_processes=1, initializer=work.set_base, initargs=(1,))
    assert results == [0, 1, 2, Lost("crashed"), 4, 5]


def test_item_over_the_time_limit_is_lost_alone() -> None:
    assert run(work.hang_at_one, 6, time_limit_s=2.0) == [0, Lost("timeout"), 2, 3, 4, 5]


def test_exception_of_the_function_is_raised_as_it_was() -> None:
    results = map_ordered(work.fail_at_two, range(6), 2, time_limit_s=LIMIT_S)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(BadConfig) as raised:
        next(results)
    assert (raised.value.message, raised.value.hint) == ("two is refused", "take another")


def test_exception_of_the_initializer_is_raised_as_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(BadConfig, match="the base is not set; set it"):
        run(work.squared, 3, initializer=work.refuse_to_start)
    assert capfd.readouterr().err == ""


def test_exception_of_the_items_is_raised() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise BadConfig("no more items")

    with pytest.raises(BadConfig, match="no more items"):
        list(map_ordered(work.squared, items(), 2, time_limit_s=LIMIT_S))


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals cannot be held here")
def test_process_that_is_still_starting_when_all_end_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def items() -> Iterator[str]:
        yield str(tmp_path / "begun")
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        raise BadConfig("no more items")

    with pytest.raises(BadConfig, match="no more items"):
        for _ in map_ordered(
            work.outlive_the_request_to_end,
            items(),
            2,
            time_limit_s=LIMIT_S,
            initargs=(work.SlowToLoad(),),
        ):
            pass
    assert capfd.readouterr().err == ""


def test_no_more_processes_work_than_were_asked_for() -> None:
    assert len(set(run(work.process_id, 20))) <= 2
    assert os.getpid() not in run(work.process_id, 2)


def test_only_a_few_items_are_under_way_at_a_time() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1_000):
            taken += 1
            yield number

    results = map_ordered(work.squared, items(), 2, time_limit_s=LIMIT_S)
    for number in range(30):
        assert next(results) == number * number
        assert taken <= number + 1 + 8
    results.close()


@needs_proc
def test_leaving_early_ends_the_processes() -> None:
    before = children()
    results = map_ordered(work.hang_at_one, range(100), 2, time_limit_s=LIMIT_S)
    assert next(results) == 0
    started = children() - before
    assert len(started) >= 2
    results.close()
    workers = children() & started
    assert all(b"resource_tracker" in Path(f"/proc/{p}/cmdline").read_bytes() for p in workers)


# In no fixed order


def completed(function: Callable[[int], Any], items: Iterable[int], limit_s: float) -> list[Any]:
    return list(map_completed(function, items, 2, time_limit_s=lambda _: limit_s))


def test_results_come_as_soon_as_they_are_there() -> None:
    results = completed(work.first_late, range(20), LIMIT_S)
    assert sorted(results) == [(number, number) for number in range(20)]
    assert results[0] != (0, 0)
    assert completed(work.squared, [], LIMIT_S) == []


def test_lost_items_are_told_with_the_others() -> None:
    results = completed(work.crash_at_three, range(8), LIMIT_S)
    assert dict(results) == {number: number for number in range(8)} | {3: Lost("crashed")}


def test_each_item_has_a_time_limit_of_its_own() -> None:
    limits_s = {0: LIMIT_S, 1: 2.0, 2: LIMIT_S}
    results = map_completed(work.hang_at_one, range(3), 2, time_limit_s=limits_s.__getitem__)
    assert sorted(results, key=lambda pair: pair[0]) == [(0, 0), (1, Lost("timeout")), (2, 2)]


def test_items_are_taken_when_they_are_about_to_be_needed() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1_000):
            taken += 1
            yield number

    results = map_completed(work.squared, items(), 2, time_limit_s=lambda _: LIMIT_S)
    for number in range(30):
        next(results)
        assert taken <= number + 1 + 4
    results.close()


# One by one


def result_of(pool: Pool, function: Callable[[int], Any], number: int, limit_s: float) -> Any:
    future = pool.submit(function, number, time_limit_s=limit_s)
    wait([future])
    return pool.outcome(future)


def test_pool_takes_items_one_by_one_and_outlives_those_that_are_lost() -> None:
    with Pool(1, initializer=work.set_base, initargs=(100,)) as pool:
        assert result_of(pool, work.squared, 3, LIMIT_S) == 109
        assert result_of(pool, work.crash_at_three, 3, LIMIT_S) == Lost("crashed")
        assert result_of(pool, work.hang_at_one, 1, 0.5) == Lost("timeout")
        with pytest.raises(BadConfig, match="two is refused"):
            result_of(pool, work.fail_at_two, 2, LIMIT_S)
        assert result_of(pool, work.squared, 3, LIMIT_S) == 109


def test_pool_ends_the_process_of_an_item_that_is_cancelled() -> None:
    with Pool(1) as pool:
        process = result_of(pool, work.process_id, 0, LIMIT_S)
        future = pool.submit(work.hang_at_one, 1, time_limit_s=LIMIT_S)
        wait_until(future.running)
        assert future.cancel()
        assert result_of(pool, work.process_id, 0, LIMIT_S) != process


@needs_proc
def test_pool_starts_anew_when_all_its_processes_are_killed_while_idle() -> None:
    with Pool(1, initializer=work.set_base, initargs=(100,)) as pool:
        process = result_of(pool, work.process_id, 0, LIMIT_S)
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: process not in children())
        results = [result_of(pool, work.squared, 3, LIMIT_S) for _ in range(3)]
        # An item that was sent before anybody knew is lost with its process.
        assert results[1:] == [109, 109]


# In a program of their own


SCRIPT = """
import sys
sys.path[:0] = {path!r}
from affetto.errors import AffettoError
from affetto.workers import map_ordered
from tests import work
def main():
    results = map_ordered(work.{function}, range({items}), 2, time_limit_s=120)
    for result in results:
        print(result, flush=True)
"""
GUARD = 'if __name__ == "__main__":\n    main()\n'


def script(tmp_path: Path, function: str, items: int, end: str) -> list[str]:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(path=sys.path, function=function, items=items) + end)
    return [sys.executable, str(path)]


def test_crash_of_the_last_item_is_quiet(tmp_path: Path) -> None:
    ended = subprocess.run(
        script(tmp_path, "crash_at_three", 4, GUARD), capture_output=True, text=True, timeout=120
    )
    assert ended.stdout.splitlines() == ["0", "1", "2", "Lost(reason='crashed')"]
    assert ended.stderr == ""


def test_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    end = "try: main()\nexcept AffettoError as error: print('refused:', error, flush=True)\n"
    ended = subprocess.run(
        script(tmp_path, "squared", 4, end), capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-1].startswith("refused: the processes that share the work")
    assert "`if __name__ == '__main__':`" in ended.stdout


def members(group: int) -> list[int]:
    """Give the processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[2]) == group:
            found.append(int(path.parent.name))
    return found


@needs_proc
@pytest.mark.parametrize("when", ["starting", "working"])
def test_interrupt_leaves_no_process_and_one_traceback(tmp_path: Path, when: str) -> None:
    program = subprocess.Popen(
        script(tmp_path, "hang_at_one", 50, GUARD),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    if when == "working":
        assert program.stdout.readline() == "0\n"
    else:
        wait_until(lambda: len(members(program.pid)) >= 3)  # it, the tracker, a worker
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does, to all of them
    _, messages = program.communicate(timeout=120)
    assert program.returncode == -signal.SIGINT
    assert messages.count("Traceback (most recent call last)") == 1
    assert messages.splitlines()[-1] == "KeyboardInterrupt"
    wait_until(lambda: not members(program.pid))


def test_interrupt_waits_until_an_item_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle it would leave the pool's lock taken, and nothing could stop the pool."""
    from pebble import ProcessPool

    handed_over: list[int] = []
    schedule = ProcessPool.schedule

    def interrupted(pool: ProcessPool, *arguments: Any, **named: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        future = schedule(pool, *arguments, **named)
        handed_over.append(1)
        return future

    monkeypatch.setattr(ProcessPool, "schedule", interrupted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        list(map_ordered(work.squared, range(4), 2, time_limit_s=LIMIT_S))
    assert handed_over == [1]
    assert signal.getsignal(signal.SIGINT) == before


def test_interrupt_waits_until_a_future_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    wait = concurrent.futures.wait

    def interrupted(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        found = wait(*arguments)
        asked.append(1)
        return found

    monkeypatch.setattr(concurrent.futures, "wait", interrupted)
    for mapped in (
        map_ordered(work.squared, range(4), 2, time_limit_s=LIMIT_S),
        map_completed(work.squared, range(4), 2, time_limit_s=lambda _: LIMIT_S),
    ):
        asked.clear()
        with pytest.raises(KeyboardInterrupt):
            list(mapped)
        assert asked == [1]


@needs_proc
def test_processes_end_with_the_one_that_is_killed_even_if_they_hang(tmp_path: Path) -> None:
    program = subprocess.Popen(
        script(tmp_path, "hang_at_one", 50, GUARD),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "0\n"
    program.kill()
    program.communicate(timeout=120)
    wait_until(lambda: not members(program.pid))


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what is bound to come; pytest's own time limit ends a wait in vain."""
    while not condition():
        time.sleep(0.01)
