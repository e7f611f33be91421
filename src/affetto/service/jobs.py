"""The queue before a bounded number of processes, and what became of each song.

A song that its client waits for and one that is asked for later are the same here: a `Job`.
Those that wait stand in this process, in the order in which they came; a process gets the next
one when it is free. So it is known which run, and one that nobody wants any more costs nothing.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal, cast

from starlette.concurrency import run_in_threadpool

from affetto import workers
from affetto.bundles import Bundle
from affetto.core import Failure, Prediction
from affetto.errors import AffettoError
from affetto.prediction import lost, unforeseen
from affetto.service import scoring
from affetto.service.counters import Counters
from affetto.service.problems import Problem
from affetto.service.settings import Settings
from affetto.service.uploads import Upload
from affetto.writers.base import Selection

State = Literal["queued", "running", "done", "failed"]

now_s = time.monotonic

MAX_KEPT = 200  # results that nobody has fetched yet, or not lately


@dataclass(slots=True, eq=False)
class Job:
    """A song to be scored, and in the end its Prediction or Failure."""

    upload: Upload
    selection: Selection
    threshold: float | None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: State = "queued"
    result: Prediction | Failure | None = None
    finished_s: float | None = None  # by now_s
    task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self.upload.name

    @property
    def is_over(self) -> bool:
        return self.finished_s is not None

    def progress(self) -> tuple[float, float | None]:
        """Give the seconds of sound that are scored, and those expected in all, if known."""
        if isinstance(self.result, Prediction):
            return self.result.duration_s, self.result.duration_s
        return scoring.progress_of(self.upload.progress)

    async def wait(self, limit_s: float | None = None) -> None:
        """Wait until the job is over; who waits may be cancelled without ending the job."""
        if self.task is not None:
            await asyncio.wait([self.task], timeout=limit_s)


class Jobs:
    """All jobs of a server. Raises: Problem where one more is too many."""

    def __init__(self, settings: Settings, bundle: Bundle, counters: Counters) -> None:
        self._settings = settings
        self._counters = counters
        self._pool = workers.Pool(
            settings.jobs, initializer=scoring.set_up, initargs=(bundle.folder,)
        )
        self._free = asyncio.Semaphore(settings.jobs)
        self._under_way: set[Job] = set()
        self._kept: dict[str, Job] = {}
        self._is_stopping = False

    @property
    def n_queued(self) -> int:
        return sum(job.state == "queued" for job in self._under_way)

    @property
    def n_running(self) -> int:
        return len(self._under_way) - self.n_queued

    @property
    def n_kept(self) -> int:
        return len(self._kept)

    def check_room(self) -> None:
        """Raise a Problem if no further song is taken just now."""
        if self._is_stopping:
            raise _of_stopping()
        if len(self._under_way) >= self._settings.jobs + self._settings.queue_size:
            raise Problem(
                429, "queue-full", "too many songs are waiting to be scored", "try again later"
            )

    def start(self, upload: Upload, selection: Selection, threshold: float | None) -> Job:
        """Take an upload, which is deleted when its job is over."""
        self.check_room()
        job = Job(upload, selection, threshold)
        self._under_way.add(job)
        job.task = asyncio.create_task(self._run(job))
        job.task.add_done_callback(lambda task: self._finish(job, task))
        return job

    def keep(self, job: Job) -> None:
        """Let a job be found by its id, until it has been over for a while."""
        self._forget_old()
        over = [each.id for each in self._kept.values() if each.is_over]
        for job_id in over[: max(0, len(self._kept) + 1 - MAX_KEPT)]:  # the oldest come first
            del self._kept[job_id]
        self._kept[job.id] = job

    def find(self, job_id: str) -> Job:
        """Give a job that is kept. Raises: Problem."""
        self._forget_old()
        job = self._kept.get(job_id)
        if job is None:
            raise Problem(
                404, "job-unknown", "there is no such job", "results are kept for a while only"
            )
        return job

    async def forget(self, job: Job) -> None:
        """End a job that is kept, and let it be found no more."""
        self._kept.pop(job.id, None)
        await self.cancel(job)

    async def cancel(self, job: Job, code: str = "cancelled", message: str = "") -> None:
        """End a job, whatever it is at, and its process with it."""
        if job.task is None or job.task.done():
            return
        job.result = Failure(job.name, code, message or "the job was cancelled")
        job.task.cancel()
        await job.wait()

    async def stop_waiting(self) -> None:
        """Take no further song, and send away those that wait; those that run go on."""
        self._is_stopping = True
        for job in [job for job in self._under_way if job.state == "queued"]:
            problem = _of_stopping()
            await self.cancel(job, problem.code, problem.message)

    async def close(self) -> None:
        """End all that still runs, and the processes."""
        await self.stop_waiting()
        for job in list(self._under_way):
            await self.cancel(job)
        await run_in_threadpool(self._pool.close)

    async def _run(self, job: Job) -> None:
        async with self._free:
            job.state = "running"
            begun_s = now_s()
            try:
                job.result = await self._scored(job)
            finally:
                self._counters.add("scoring_seconds", now_s() - begun_s)

    def _finish(self, job: Job, task: asyncio.Task[None]) -> None:
        """Keep the books of a job that is over; it may have been cancelled before it began."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, AffettoError):  # the bundle has been changed, say
            job.result = Failure(job.name, error.code, error.message, error.hint)
        elif error is not None:
            job.result = unforeseen(job.name, cast("Exception", error))
        assert job.result is not None
        job.upload.delete()
        job.state = "done" if isinstance(job.result, Prediction) else "failed"
        job.finished_s = now_s()
        self._under_way.discard(job)
        outcome = job.result.code if isinstance(job.result, Failure) else "ok"
        self._counters.count("predictions", outcome=outcome)

    async def _scored(self, job: Job) -> Prediction | Failure:
        task = scoring.Task(
            path=job.upload.sound,
            name=job.name,
            progress=job.upload.progress,
            max_duration_s=self._settings.max_duration_s,
            threshold=job.threshold,
        )
        outcome = await self._attempt(task)
        if outcome == workers.Lost("crashed"):
            # It may have been sent to a process that was just killed for another reason.
            outcome = await self._attempt(task)
        return lost(job.name, outcome.reason) if isinstance(outcome, workers.Lost) else outcome

    async def _attempt(self, task: scoring.Task) -> Prediction | Failure | workers.Lost:
        future = self._pool.submit(scoring.score, task, time_limit_s=self._settings.time_limit_s)
        try:
            await _over(future)
        except asyncio.CancelledError:
            future.cancel()
            raise
        return self._pool.outcome(future)

    def _forget_old(self) -> None:
        limit_s = now_s() - self._settings.job_ttl_s
        for job in list(self._kept.values()):
            if job.finished_s is not None and job.finished_s < limit_s:
                del self._kept[job.id]


async def _over(future: Future[Prediction | Failure]) -> None:
    """Wait until a future of another thread is done."""
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()
    future.add_done_callback(lambda _: loop.call_soon_threadsafe(is_over.set))
    await is_over.wait()


def _of_stopping() -> Problem:
    return Problem(503, "stopping", "the server is stopping", "try again when it is back")
