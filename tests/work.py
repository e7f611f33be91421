"""What other processes do in the tests of workers; apart, since each of them imports it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from affetto import prediction
from affetto.core import Failure, Prediction
from affetto.errors import BadConfig
from affetto.library import scoring

_base = 0


def set_base(base: int) -> None:
    global _base
    _base = base


def refuse_to_start() -> None:
    raise BadConfig("the base is not set", "set it")


def squared(number: int) -> int:
    return _base + number * number


def crash_at_three(number: int) -> int:
    if number == 3:
        time.sleep(0.05)  # so that the pool knows whose item it was
        os._exit(9)
    return number


def hang_at_one(number: int) -> int:
    if number == 1:
        time.sleep(600)
    return number


def fail_at_two(number: int) -> int:
    if number == 2:
        raise BadConfig("two is refused", "take another")
    return number


def outlive_the_request_to_end(path: str) -> None:
    """Tell by a file that this has begun, and go on until the process is killed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    Path(path).touch()
    time.sleep(600)


class SlowToLoad:
    """Takes another process a second to unpickle, but the first that it is sent to."""

    def __init__(self) -> None:
        self._n_sent = 0

    def __reduce__(self) -> tuple[Callable[[float], None], tuple[float]]:
        self._n_sent += 1
        return time.sleep, (0.0 if self._n_sent == 1 else 1.0,)


def process_id(_: int) -> int:
    time.sleep(0.02)
    return os.getpid()


def first_late(number: int) -> int:
    time.sleep(0.5 if number == 0 else 0)
    return number


def attempt_or_crash(item: Path | Failure) -> Prediction | Failure:
    """Stand in for `prediction._attempt_in_process`; crash or hang where a name says so."""
    name = "" if isinstance(item, Failure) else item.name
    if "crash" in name:
        time.sleep(0.05)
        os._exit(11)
    if "hang" in name:
        time.sleep(600)
    return prediction._attempt_in_process(item)


def score_or_crash(task: scoring.Task) -> scoring.Outcome | scoring.Unsettled | Failure:
    """Stand in for `scoring.score`; crash, hang or go slowly where a name says so."""
    name = Path(task.path).name
    if "crash" in name:
        time.sleep(0.05)
        os._exit(11)
    if "once" in name and not Path(f"{task.path}.tried").exists():
        Path(f"{task.path}.tried").touch()
        time.sleep(0.05)
        os._exit(11)
    if "hang" in name:
        time.sleep(600)
    if "growing" in name:
        outcome = scoring.score(task)
        with Path(task.path).open("ab") as file:
            file.write(bytes(10))
        return outcome
    return scoring.score(task)
