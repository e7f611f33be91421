"""What the server's processes do in some tests; apart, since each of them imports it."""

from __future__ import annotations

import os
import time

from affetto.core import Failure, Prediction
from affetto.service import scoring
from affetto.service.scoring import Task

GO = "go"  # a file in the server's temporary folder, for which those wait who are called so


def score_or_crash(task: Task) -> Prediction | Failure:
    """Stand in for `scoring.score`; crash, hang or wait where a name says so."""
    if "crash" in task.name:
        time.sleep(0.05)  # so that the pool knows whose item it was
        os._exit(11)
    if "hang" in task.name:
        time.sleep(600)
    if "wait" in task.name:
        while not (task.path.parents[1] / GO).exists():
            time.sleep(0.01)
    if "bug" in task.name:
        raise RuntimeError("a secret")
    return scoring.score(task)
