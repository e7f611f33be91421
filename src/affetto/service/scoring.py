"""What a process of the server does with one upload.

Whatever a decoder does here, it costs this process and this song only. How far it is stands in
a small file beside the upload: a queue between processes could be left locked by one that dies.
"""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass, replace
from pathlib import Path

from affetto import audio, bundles, workers
from affetto.bundles import Bundle
from affetto.core import Failure, Prediction
from affetto.errors import AffettoError
from affetto.prediction import predict, unforeseen

_PROGRESS = struct.Struct("<dd")


@dataclass(frozen=True, slots=True)
class Task:
    """A file to score, which its client calls `name`; threshold as in `affetto.predict`."""

    path: Path
    name: str
    progress: Path
    max_duration_s: float
    threshold: float | None = None


class _TooLong(Exception):
    """The song is longer than the server takes."""


_bundle: Bundle


def set_up(folder: Path) -> None:
    """Prepare this process; it lets the one that answers requests go first."""
    global _bundle
    workers.lower_priority()
    _bundle = bundles.load(folder)


def score(task: Task) -> Prediction | Failure:
    """Score an upload. What is said about it names it as its client does."""
    with task.progress.open("wb", buffering=0) as file:

        def tell(done_s: float, expected_s: float | None) -> None:
            if max(done_s, expected_s or 0.0) > task.max_duration_s:
                raise _TooLong
            file.seek(0)
            file.write(_PROGRESS.pack(done_s, math.nan if expected_s is None else expected_s))

        try:
            found = predict(task.path, _bundle, threshold=task.threshold, progress=tell)
        except _TooLong:
            message = f"{task.name}: it is longer than {_minutes(task.max_duration_s)}"
            return Failure(task.name, "too-long", message, "send a part of it")
        except AffettoError as error:
            return _named(task, Failure(task.name, error.code, error.message, error.hint))
        except Exception as error:  # the outermost frame of this process's work
            return _named(task, unforeseen(os.fspath(task.path), error))
    return replace(found, path=task.name)


def progress_of(path: Path) -> tuple[float, float | None]:
    """Give the seconds of sound that are done, and those expected in all, if known."""
    try:
        done_s, expected_s = _PROGRESS.unpack(path.read_bytes())
    except (OSError, struct.error):  # not begun, or over
        return 0.0, None
    return done_s, None if math.isnan(expected_s) else expected_s


def _named(task: Task, failure: Failure) -> Failure:
    message = failure.message.replace(audio.display(task.path), audio.display(task.name))
    return replace(failure, path=task.name, message=message)


def _minutes(duration_s: float) -> str:
    return f"{duration_s / 60:g} minutes" if duration_s >= 60 else f"{duration_s:g} s"
