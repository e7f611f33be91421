"""Scanning: folders of music into a library, and again only what is new or has changed.

    look      walk the folders and compare each file with what is known: size and time of change
    settle    record what is there again, gone, or only has another name
    score     the rest, in processes; each result is recorded as soon as it is there
    prune     remove what is gone, if that is asked for

A file that is new or has changed is in doubt: it is decoded first, and if its sound was scored
before (its tags have changed, or it is a copy, or it was moved), that result is kept. Whatever
ends a scan, a song that was recorded stays recorded, and the next scan goes on from there.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from affetto import bundles, workers
from affetto.bundles import Bundle
from affetto.core import Failure, Prediction
from affetto.errors import BadConfig
from affetto.library import scoring
from affetto.library.connection import restored, stored
from affetto.library.metadata import Metadata
from affetto.library.recording import Recorder, with_stamp
from affetto.library.scoring import Outcome, Recognized, Task, Unsettled
from affetto.library.walk import Stamp, Walk, below, is_in
from affetto.prediction import lost

if TYPE_CHECKING:
    from affetto.library.database import Library

MIN_FILES_PER_JOB = 4  # fewer are done sooner than another process has started
LEAST_LIMIT_S, LIMIT_S_PER_MB = 300.0, 30.0

Stage = Literal["looking", "scoring"]
ScanProgress = Callable[[Stage, int, int | None], None]
"""Called now and then with the stage, the files done in it, and those in all, if known."""


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How to scan; `docs/library.md` describes the options of the same names.

    `time_limit_s` is for one file; by default it is 5 minutes, and half a minute more for each
    megabyte. `jobs` is the number of processes, by default one for each core.
    """

    exclude: tuple[str, ...] = ()
    jobs: int | None = None
    retry_failed: bool = False
    refresh: bool = False
    prune: bool = False
    dry_run: bool = False
    time_limit_s: float | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise BadConfig(f"jobs must be at least 1, not {self.jobs}")
        if self.time_limit_s is not None and not 0 < self.time_limit_s < math.inf:
            raise BadConfig(f"the time limit must be positive, not {self.time_limit_s}")

    def limit_s(self, size_bytes: int) -> float:
        """Give how long a file may take: a hanging decoder ends, a day of music does not."""
        if self.time_limit_s is not None:
            return self.time_limit_s
        return LEAST_LIMIT_S + LIMIT_S_PER_MB * size_bytes / 1e6

    def n_jobs(self, n_files: int) -> int:
        if self.jobs is not None:
            return max(1, min(self.jobs, n_files))
        return max(1, min(workers.n_cores(), math.ceil(n_files / MIN_FILES_PER_JOB)))


@dataclass(slots=True)
class ScanReport:
    """What a scan found and did, up to now if it still runs.

    Of the `n_found` files: `n_known` are as they were; `n_remembered` failed before and were not
    tried again; the rest, `n_to_score` and `n_relocated`, are new or have changed. Of those
    `n_scored` were scored, `n_relocated` recognized by their place on the disk and
    `n_recognized` by their sound, `failures` failed, `n_elsewhere` were in the hands of another
    scan, and `n_unsettled` changed while they were read. `stale` counts known songs that only
    another bundle has scored, by its title. `problems` are folders and files that could not be
    looked at. In a dry run nothing is written, and the counts say what would be.
    """

    library: Path
    bundle: str
    is_dry_run: bool
    folders: tuple[str, ...] = ()
    n_found: int = 0
    n_known: int = 0
    n_remembered: int = 0
    n_to_score: int = 0
    n_scored: int = 0
    n_relocated: int = 0
    n_recognized: int = 0
    n_elsewhere: int = 0
    n_unsettled: int = 0
    n_missing: int = 0
    n_pruned: int = 0
    stale: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    problems: list[Failure] = field(default_factory=list)
    elapsed_s: float = 0.0
    scoring_s: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether nothing failed that was tried."""
        return not self.failures and not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "schema_version": 1,
            "library": os.fspath(self.library),
            "bundle": self.bundle,
            "dry_run": self.is_dry_run,
            "folders": list(self.folders),
            "found": self.n_found,
            "known": self.n_known,
            "failed_before": self.n_remembered,
            "to_score": self.n_to_score,
            "scored": self.n_scored,
            "relocated": self.n_relocated,
            "recognized": self.n_recognized,
            "failed": len(self.failures),
            "elsewhere": self.n_elsewhere,
            "unsettled": self.n_unsettled,
            "missing": self.n_missing,
            "pruned": self.n_pruned,
            "stale": dict(self.stale),
            "failures": [_plain(failure) for failure in self.failures],
            "problems": [_plain(failure) for failure in self.problems],
            "elapsed_s": round(self.elapsed_s, 3),
            "scoring_s": round(self.scoring_s, 3),
        }


def scan(
    library: Library,
    folders: Iterable[str | os.PathLike[str]],
    bundle: str | os.PathLike[str] | Bundle = "default",
    *,
    progress: ScanProgress | None = None,
    failed: Callable[[Failure], None] | None = None,
    **settings: Any,
) -> ScanReport:
    """Score what is new or has changed in folders, into a library.

    `settings` are those of ScanSettings by name; `failed` hears of each file that fails and each
    folder that cannot be read. Processes share the work, so that a script must call this under
    `if __name__ == "__main__":`. Raises: BundleError, BadConfig, LibraryError.
    """
    job = Scan(library, folders, bundle, ScanSettings(**settings), progress, failed)
    job.run()
    return job.report


@dataclass(frozen=True, slots=True)
class _Known:
    """A file of the library: its number, how it looked, and what the bundle has said of it.

    `other` is the number of another bundle that has scored it.
    """

    id: int
    size_bytes: int
    mtime_ns: int
    is_missing: bool
    status: Literal["ok", "failed"] | None
    is_temporary: bool
    other: int | None


class Scan:
    """One scan; `report` says at any time how far it is, also when it was interrupted."""

    def __init__(
        self,
        library: Library,
        folders: Iterable[str | os.PathLike[str]],
        bundle: str | os.PathLike[str] | Bundle,
        settings: ScanSettings,
        progress: ScanProgress | None = None,
        failed: Callable[[Failure], None] | None = None,
    ) -> None:
        self._library = library
        self._bundle = bundle if isinstance(bundle, Bundle) else bundles.load(bundle)
        self._settings = settings
        self._walk = Walk.of(folders, settings.exclude, self._n_known_in)
        self._hear = progress or (lambda stage, n_done, n_all: None)
        self._failed = failed or (lambda failure: None)
        self._known: dict[str, _Known] = {}
        self._n_done = 0
        self.report = ScanReport(
            library.path, self._bundle.title, settings.dry_run, self._walk.folders
        )

    def run(self) -> None:
        """Do all of it. Raises: LibraryError; what was recorded until then stays."""
        begun_s = time.monotonic()
        try:
            if self._settings.dry_run:
                self._plan_only()
                return
            recorder = Recorder(self._library.connection, self._bundle)
            try:
                self._scan(recorder)
            finally:
                recorder.release()
        finally:
            self.report.elapsed_s = time.monotonic() - begun_s

    def _plan_only(self) -> None:
        report, rows = self.report, self._library.connection.rows
        to_score, new, _, gone = self._plan(self._bundle_id())
        vanished = set(gone)
        for _, stamp in new:
            donors = with_stamp(rows, stamp)
            report.n_relocated += bool(donors)
            vanished -= {file_id for file_id, path in donors if not os.path.lexists(path)}
        report.n_to_score = len(to_score) + len(new) - report.n_relocated
        report.n_missing, report.n_pruned = len(vanished), 0
        if self._settings.prune:
            report.n_missing, report.n_pruned = 0, len(vanished)

    def _scan(self, recorder: Recorder) -> None:
        to_score, new, found, gone = self._plan(recorder.bundle_id)
        recorder.mark(found, gone)
        for path, stamp in new:
            if recorder.relocate(path, stamp):
                self.report.n_relocated += 1
            else:
                to_score[path] = stamp
        self.report.n_to_score = len(to_score)
        begun_s = time.monotonic()
        try:
            again = self._score(recorder, to_score, is_last=False)
            self._score(recorder, again, is_last=True)
        finally:
            self.report.scoring_s = time.monotonic() - begun_s
            self.report.n_missing = recorder.n_missing(gone)
        if self._settings.prune:
            self.report.n_pruned = recorder.prune(gone)
            self.report.n_missing = 0

    # ------------------------------------------------------------------ looking

    def _plan(
        self, bundle_id: int
    ) -> tuple[dict[str, Stamp], list[tuple[str, Stamp]], list[int], list[int]]:
        """Look at the folders. Gives what is to be scored, and what is new but may be known by
        another name; and the numbers of known files that are there again, and of those gone.
        """
        report, settings = self.report, self._settings
        self._known = self._read_known(bundle_id)
        titles: dict[int, str] = dict(
            self._library.connection.rows("SELECT id, name || ' ' || version FROM bundles")
        )
        to_score: dict[str, Stamp] = {}
        new: list[tuple[str, Stamp]] = []
        seen: set[str] = set()
        n_heard = 0
        for path, stamp in self._walk.files():
            if path in seen:
                continue
            seen.add(path)
            known = self._known.get(path)
            if known is None:
                new.append((path, stamp))
            elif (known.size_bytes, known.mtime_ns) != (stamp.size_bytes, stamp.mtime_ns):
                to_score[path] = stamp
            elif known.status == "ok":
                report.n_known += 1
            elif known.status == "failed" and not (settings.retry_failed or known.is_temporary):
                report.n_remembered += 1
            elif known.status is None and known.other is not None and not settings.refresh:
                report.n_known += 1
                report.stale[titles[known.other]] += 1
            else:
                to_score[path] = stamp
            if len(seen) >= n_heard + 100:
                n_heard = len(seen)
                self._hear("looking", n_heard, None)
        for problem in self._walk.problems:
            self._failed(problem)
        report.problems = self._walk.problems
        report.n_found = len(seen)
        found = [
            known.id for path, known in self._known.items() if known.is_missing and path in seen
        ]
        gone = [known.id for path, known in self._known.items() if self._is_gone(path, seen)]
        self._known = {}
        return to_score, new, found, gone

    def _is_gone(self, path: str, seen: set[str]) -> bool:
        """Say whether a known file was not found where all could be read."""
        return path not in seen and not any(is_in(path, unread) for unread in self._walk.unread)

    def _read_known(self, bundle_id: int) -> dict[str, _Known]:
        known = {}
        for folder in self._walk.folders:
            first, last = _range(folder)
            for path, status, is_temporary, *rest in self._library.connection.rows(
                "SELECT path, status, is_temporary, files.id, size_bytes, mtime_ns,"
                " missing_since IS NOT NULL, (SELECT max(bundle_id) FROM results AS others"
                " WHERE others.file_id = files.id AND others.bundle_id != :bundle"
                " AND others.status = 'ok') FROM files"
                " LEFT JOIN results ON results.file_id = files.id AND bundle_id = :bundle"
                " WHERE path = CAST(:folder AS TEXT)"
                " OR path > CAST(:first AS TEXT) AND path < CAST(:last AS TEXT)",
                {"bundle": bundle_id, "folder": stored(folder), "first": first, "last": last},
            ):
                file_id, size_bytes, mtime_ns, is_missing, other = rest
                known[restored(path)] = _Known(
                    file_id,
                    size_bytes,
                    mtime_ns,
                    bool(is_missing),
                    status,
                    bool(is_temporary),
                    other,
                )
        return known

    def _n_known_in(self, folder: str) -> int:
        return sum(
            not known.is_missing for path, known in self._known.items() if is_in(path, folder)
        )

    def _bundle_id(self) -> int:
        row = self._library.connection.row(
            "SELECT id FROM bundles WHERE fingerprint = ?", (self._bundle.fingerprint,)
        )
        return -1 if row is None else int(row[0])

    # ------------------------------------------------------------------ scoring

    def _score(
        self, recorder: Recorder, files: dict[str, Stamp], *, is_last: bool
    ) -> dict[str, Stamp]:
        """Score files and record what comes; give those to be tried once more.

        Those are files whose process crashed, since the system may have ended it for reasons of
        its own, such as lack of memory; and files whose sound was known when they were
        taken, but no longer when they were done: two songs that have changed places.
        """
        again: dict[str, Stamp] = {}
        if not files:
            return again
        self._hear("scoring", self._n_done, self.report.n_to_score)
        results = workers.map_completed(
            scoring.score,
            self._tasks(recorder, files),
            self._settings.n_jobs(len(files)),
            time_limit_s=lambda task: self._settings.limit_s(task.size_bytes),
            initializer=scoring.set_up,
            initargs=(self._bundle.folder, self._gone()),
        )
        with closing(results):
            for task, outcome in results:
                stamp = files[task.path]
                is_crash = isinstance(outcome, workers.Lost) and outcome.reason == "crashed"
                if is_crash and not is_last:
                    recorder.release(task.path)
                    again[task.path] = stamp
                elif self._record(recorder, task.path, stamp, outcome):
                    self._count()
                elif is_last:
                    self.report.n_unsettled += 1
                    self._count()
                else:
                    again[task.path] = stamp
        return again

    def _tasks(self, recorder: Recorder, files: dict[str, Stamp]) -> Iterator[Task]:
        any_bundle = not self._settings.refresh
        for path, stamp in files.items():
            if not recorder.claim(path):
                self.report.n_elsewhere += 1
                self._count()
            elif recorder.is_done(path, stamp):
                recorder.release(path)
                self.report.n_elsewhere += 1
                self._count()
            else:
                known = recorder.sounds_like(path, stamp.size_bytes, any_bundle=any_bundle)
                yield Task(path, stamp.size_bytes, known)

    def _record(
        self,
        recorder: Recorder,
        path: str,
        stamp: Stamp,
        outcome: Outcome | Unsettled | Failure | workers.Lost,
    ) -> bool:
        """Record what became of a file; False if its sound is not known after all."""
        report = self.report
        if isinstance(outcome, workers.Lost):
            outcome = Outcome(stamp, Metadata(), lost(path, outcome.reason))
        if isinstance(outcome, Failure):
            recorder.release(path)
            self._fail(outcome)
            return True
        if isinstance(outcome, Unsettled):
            recorder.release(path)
            report.n_unsettled += 1
            return True
        stamp, metadata, result = outcome.stamp, outcome.metadata, outcome.result
        if isinstance(result, Prediction):
            recorder.add(path, stamp, metadata, result)
            report.n_scored += 1
        elif isinstance(result, Recognized):
            sha256, any_bundle = result.audio_sha256, not self._settings.refresh
            if not recorder.recognize(path, stamp, metadata, sha256, any_bundle=any_bundle):
                return False
            report.n_recognized += 1
        else:
            recorder.add_failure(path, stamp, metadata, result, is_temporary=outcome.is_temporary)
            self._fail(result)
        return True

    def _fail(self, failure: Failure) -> None:
        self.report.failures.append(failure)
        self._failed(failure)

    def _count(self) -> None:
        self._n_done += 1
        self._hear("scoring", self._n_done, self.report.n_to_score)

    def _gone(self) -> dict[int, frozenset[str]]:
        """Give the hashes of all missing songs, by the whole seconds of their length."""
        found: dict[int, set[str]] = {}
        for sha256, duration_s in self._library.connection.rows(
            "SELECT audio_sha256, duration_s FROM files WHERE missing_since IS NOT NULL"
            " AND audio_sha256 IS NOT NULL AND duration_s IS NOT NULL"
        ):
            found.setdefault(int(duration_s), set()).add(sha256)
        return {second: frozenset(hashes) for second, hashes in found.items()}


def _range(folder: str) -> tuple[bytes, bytes]:
    """Give two texts between which the paths of all that is below a folder lie."""
    first = stored(below(folder))
    return first, first[:-1] + bytes([first[-1] + 1])


def _plain(failure: Failure) -> dict[str, str]:
    return {
        "path": failure.path,
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint,
    }
