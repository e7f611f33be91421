"""What a process of a scan does with one file: recognize it, or score it.

Whatever a decoder or a tag reader does here, it costs this process and this file only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from affetto import audio, bundles, workers
from affetto.audio.claims import MAX_RATE_HZ, MIN_RATE_HZ
from affetto.audio.paths import stat_error
from affetto.bundles import Bundle
from affetto.core import Failure, Prediction
from affetto.errors import AffettoError
from affetto.library.metadata import Metadata, read_metadata
from affetto.library.walk import Stamp, stamp_of
from affetto.prediction import predict, unforeseen

TOLERANCE_S = 2  # between what headers say of the same sound before and after a change of tags

_DEFAULT_RATE_HZ = 44_100


@dataclass(frozen=True, slots=True)
class Task:
    """A file to score. If its sound is one of `known` (hashes), it is only recognized."""

    path: str
    size_bytes: int
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Recognized:
    """The sound is known: `audio_sha256` was scored before."""

    audio_sha256: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """The file changed, or vanished, while it was read: there is nothing to say about it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file, and what it was like.

    A temporary failure says that the file could not be read, and nothing about its content.
    """

    stamp: Stamp
    metadata: Metadata
    result: Prediction | Recognized | Failure
    is_temporary: bool = False


_bundle: Bundle
_gone: Mapping[int, frozenset[str]]


def set_up(folder: Path, gone: Mapping[int, frozenset[str]]) -> None:
    """Prepare this process; `gone` has the hashes of vanished files by whole seconds."""
    global _bundle, _gone
    workers.lower_priority()
    _bundle, _gone = bundles.load(folder), gone


def score(task: Task) -> Outcome | Unsettled | Failure:
    """Recognize or score a file; give a bare Failure where it cannot even be looked at."""
    try:
        before = stamp_of(task.path)
    except FileNotFoundError:
        return Unsettled()
    except (OSError, ValueError) as error:
        reason = stat_error(task.path, error)
        return Failure(task.path, reason.code, reason.message, reason.hint)
    metadata = read_metadata(task.path)
    is_temporary = False
    result: Prediction | Recognized | Failure
    try:
        result = _result(task, metadata)
    except AffettoError as error:
        is_temporary = isinstance(error.__cause__, OSError)
        result = Failure(task.path, error.code, error.message, error.hint)
    except Exception as error:  # the outermost frame of this process's work
        result = unforeseen(task.path, error)
    try:
        if stamp_of(task.path) != before:
            return Unsettled()
    except FileNotFoundError:
        return Unsettled()
    except OSError:  # the network share is gone
        is_temporary = isinstance(result, Failure)
    return Outcome(before, metadata, result, is_temporary)


def _result(task: Task, metadata: Metadata) -> Prediction | Recognized:
    known = task.known | _gone_like(metadata.duration_s)
    if known:
        digest = _audio_sha256(task.path, metadata.sample_rate)
        if digest in known:
            return Recognized(digest)
    return predict(task.path, _bundle)


def _gone_like(duration_s: float | None) -> frozenset[str]:
    """Give the hashes of vanished files that are about as long: this may be one of them."""
    if not _gone:
        return frozenset()
    if duration_s is None:
        return frozenset().union(*_gone.values())
    near = range(int(duration_s) - TOLERANCE_S, int(duration_s) + TOLERANCE_S + 1)
    return frozenset().union(*(_gone.get(second, frozenset()) for second in near))


def _audio_sha256(path: str, sample_rate: int | None) -> str:
    """Hash the sound of a file; its own rate in Hz, if known, saves the work of resampling."""
    is_rate = sample_rate is not None and MIN_RATE_HZ <= sample_rate <= MAX_RATE_HZ
    with audio.stream(path, sample_rate if is_rate and sample_rate else _DEFAULT_RATE_HZ) as blocks:
        for _ in blocks:
            pass
        return blocks.info.audio_sha256
