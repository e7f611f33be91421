"""What answers which address."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Match, Route

from affetto import __version__, audio, bundles, vocabularies
from affetto.bundles import Bundle
from affetto.core import Failure, Prediction, Vocabulary
from affetto.errors import AffettoError, BadConfig
from affetto.library import default_path
from affetto.service import counters
from affetto.service.answers import Json, Parameters, to_json
from affetto.service.catalog import Catalog
from affetto.service.formats import chosen_format, listed, rendered, result_parameters
from affetto.service.gate import Doorkeeper, Shield
from affetto.service.jobs import Job, Jobs
from affetto.service.live import Live
from affetto.service.pages import Pages
from affetto.service.problems import Problem, of_error, of_failure, of_http
from affetto.service.settings import Settings
from affetto.service.uploads import Uploads, plain_name
from affetto.writers.base import Selection, plain

_EVENT_S = 0.25  # between two looks at a job's progress
_KEEP_ALIVE_S = 15.0  # after which a silent stream says that it is still there

_PREDICT_PARAMETERS = ("filename", "format", "threshold", "timeline", "top", "wait")


def create_app(settings: Settings) -> Starlette:
    """Make the application; its processes start and end with it (ASGI's lifespan).

    Raises: BundleError, before anything is started.
    """
    return _Service(settings).app


class _Service:
    """What the answers share: the bundle, the queue, the temporary folder, the counters."""

    jobs: Jobs
    uploads: Uploads

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bundle = bundles.load(settings.bundle)
        self.counters = counters.Counters()
        self.hidden = {audio.display(settings.db or default_path()): "the library"}
        self.catalog = Catalog(settings)
        self.live = Live(settings, self.bundle)
        self.app = Starlette(
            routes=self._routes(),
            middleware=self._middleware(),
            exception_handlers={
                AffettoError: self._on_error,
                Problem: self._on_problem,
                HTTPException: self._on_http,
            },
            lifespan=self._lifespan,
        )
        self.app.router.redirect_slashes = False
        self.app.state.service = self

    def _routes(self) -> list[BaseRoute]:
        return [
            Route("/healthz", self.health),
            Route("/metrics", self.metrics),
            Route("/openapi.json", self.openapi),
            Route("/v1/bundles", self.bundles),
            Route("/v1/formats", self.formats),
            Route("/v1/jobs/{job_id}", self.job, methods=["GET"]),
            Route("/v1/jobs/{job_id}", self.cancel_job, methods=["DELETE"]),
            Route("/v1/jobs/{job_id}/result", self.job_result),
            Route("/v1/predict", self.predict, methods=["POST"]),
            Route("/v1/vocabularies", self.vocabularies),
            Route("/v1/vocabularies/{name}", self.vocabulary),
            *self.catalog.routes(),
            *self.live.routes(),
            *Pages().routes(),
        ]

    def _middleware(self) -> list[Middleware]:
        found = [Middleware(Shield, self.settings, self.counters)]
        if self.settings.cors:
            found.append(
                Middleware(
                    CORSMiddleware,
                    allow_origins=self.settings.cors,
                    allow_methods=["GET", "POST", "DELETE"],
                    allow_headers=["Authorization", "Content-Type", "Range"],
                    expose_headers=["Content-Range", "ETag", "Location", "Retry-After"],
                )
            )
        return [*found, Middleware(Doorkeeper, self.settings)]

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.uploads = Uploads(self.settings)
        try:
            self.jobs = Jobs(self.settings, self.bundle, self.counters)
            try:
                yield
            finally:
                await self.jobs.close()
        finally:
            self.uploads.close()

    async def _on_error(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, AffettoError)
        return of_error(error, self.hidden).answer()

    async def _on_problem(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.answer()

    async def _on_http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        # Starlette tells the methods of the first route alone of those of this address; what is
        # mounted has no routes here, and has said them.
        if error.status_code == 405 and (methods := self._methods_of(request)):
            error.headers = {"Allow": ", ".join(methods)}
        return of_http(error).answer()

    def _methods_of(self, request: Request) -> list[str]:
        """Give the methods that an address takes."""
        fitting = (
            route.methods or ()
            for route in self.app.routes
            if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        )
        return sorted({method for methods in fitting for method in methods})

    # ------------------------------------------------------------------ about the server

    async def health(self, request: Request) -> Response:
        return Json({"status": "ok", "version": __version__})

    async def openapi(self, request: Request) -> Response:
        """Give the description of the API, with the version that runs."""
        text = Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")
        document = json.loads(text)
        document["info"]["version"] = __version__
        return Json(document)

    async def metrics(self, request: Request) -> Response:
        gauges = {
            "queued": self.jobs.n_queued,
            "running": self.jobs.n_running,
            "kept": self.jobs.n_kept,
            "uploads": self.uploads.n_arriving,
            "listeners": self.live.n_open,
        }
        return Response(self.counters.text(gauges), media_type=counters.MEDIA_TYPE)

    async def bundles(self, request: Request) -> Response:
        """Give the bundle by which this server scores."""
        Parameters(request.query_params, ())
        return Json({"bundles": [await run_in_threadpool(_of_bundle, self.bundle)]})

    async def formats(self, request: Request) -> Response:
        """Give the formats in which results and playlists are written."""
        Parameters(request.query_params, ())
        return Json(listed())

    async def vocabularies(self, request: Request) -> Response:
        Parameters(request.query_params, ())
        names = vocabularies.VOCABULARIES.names()
        known = [
            {"name": name, "summary": vocabularies.VOCABULARIES.summary(name)} for name in names
        ]
        return Json({"vocabularies": known})

    async def vocabulary(self, request: Request) -> Response:
        Parameters(request.query_params, ())
        return Json(_of_vocabulary(vocabularies.load(request.path_params["name"])))

    # ------------------------------------------------------------------ scoring

    async def predict(self, request: Request) -> Response:
        """Score the sound in the request's body."""
        parameters = Parameters(request.query_params, _PREDICT_PARAMETERS)
        format_name = chosen_format(parameters)
        selection = Selection(
            top=parameters.whole("top", 1, 1000), timeline=parameters.flag("timeline")
        )
        threshold = parameters.share("threshold")
        is_waited_for = parameters.flag("wait", True)
        if not is_waited_for and format_name != "json":
            raise BadConfig("a job tells its result in JSON alone", "leave format out, or wait")
        name = plain_name(parameters.text("filename"), "upload")
        self.jobs.check_room()
        async with self.uploads.receive(request, name) as upload:
            job = self.jobs.start(upload, selection, threshold)
        if not is_waited_for:
            self.jobs.keep(job)
            return Json(_of_job(job), 202, headers={"Location": _address_of(job)})
        if not await _finished(job, request):
            await self.jobs.cancel(job)
            raise ClientDisconnect
        return rendered(_result_of(job), job.selection, format_name)

    async def job(self, request: Request) -> Response:
        """Tell how far a job is: once, or as events until it is over."""
        Parameters(request.query_params, ())
        job = self.jobs.find(request.path_params["job_id"])
        if "text/event-stream" in request.headers.get("accept", ""):
            return StreamingResponse(_events(job), media_type="text/event-stream")
        return Json(_of_job(job))

    async def job_result(self, request: Request) -> Response:
        """Give what came of a job, in a format of one's choice."""
        format_name, selection = result_parameters(request)
        job = self.jobs.find(request.path_params["job_id"])
        if not job.is_over:
            raise Problem(409, "job-not-over", "this job has no result yet", "ask again later")
        return rendered(_result_of(job), selection, format_name)

    async def cancel_job(self, request: Request) -> Response:
        """End a job if it is not over, and forget it."""
        Parameters(request.query_params, ())
        await self.jobs.forget(self.jobs.find(request.path_params["job_id"]))
        return Response(status_code=204)


async def _events(job: Job) -> AsyncIterator[str]:
    """Give a job's progress as server-sent events, and in the end what came of it."""
    told, quiet_s = "", 0.0
    while not job.is_over:
        text = to_json(_of_job(job))
        if text != told or quiet_s >= _KEEP_ALIVE_S:
            yield f"event: progress\ndata: {text}\n\n"
            told, quiet_s = text, 0.0
        await job.wait(_EVENT_S)
        quiet_s += _EVENT_S
    yield f"event: done\ndata: {to_json(_of_job(job))}\n\n"


def _of_job(job: Job) -> dict[str, Any]:
    done_s, expected_s = job.progress()
    result = job.result if job.is_over else None
    return {
        "id": job.id,
        "url": _address_of(job),
        "name": job.name,
        "status": job.state,
        "progress": {
            "done_s": round(done_s, 3),
            "expected_s": None if expected_s is None else round(expected_s, 3),
        },
        "result": plain(result, job.selection) if isinstance(result, Prediction) else None,
        "problem": of_failure(result).to_dict() if isinstance(result, Failure) else None,
    }


def _address_of(job: Job) -> str:
    return f"/v1/jobs/{job.id}"


async def _finished(job: Job, request: Request) -> bool:
    """Wait for a job; give False if its client goes away before it is over."""
    waiting = asyncio.create_task(job.wait())
    leaving = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return waiting.done()
    finally:
        waiting.cancel()
        leaving.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _result_of(job: Job) -> Prediction:
    """Give the result of a job that is over. Raises: Problem."""
    assert job.result is not None
    if isinstance(job.result, Failure):
        raise of_failure(job.result)
    return job.result


def _of_bundle(bundle: Bundle) -> dict[str, Any]:
    card = bundle.folder / "CARD.md"
    return {
        "name": bundle.name,
        "version": bundle.version,
        "summary": bundle.summary,
        "fingerprint": bundle.fingerprint,
        "license": bundle.license,
        "window_s": bundle.window_s,
        "hop_s": bundle.hop_s,
        "heads": [head.to_dict() for head in bundle.heads],
        "front_end": {
            "name": bundle.front_end.name,
            "sample_rate": bundle.front_end.sample_rate,
            "n_bins": bundle.front_end.n_bins,
        },
        "architecture": dict(bundle.architecture),
        "training": dict(bundle.training),
        "card": card.read_text(encoding="utf-8") if card.is_file() else None,
    }


def _of_vocabulary(vocabulary: Vocabulary) -> dict[str, Any]:
    anchors = vocabulary.anchors
    return {
        "name": vocabulary.name,
        "tags": [
            {
                "tag": tag,
                "title": title,
                "valence": None if anchors is None else round(float(anchors[number, 0]), 4),
                "arousal": None if anchors is None else round(float(anchors[number, 1]), 4),
            }
            for number, (tag, title) in enumerate(
                zip(vocabulary.tags, vocabulary.titles, strict=True)
            )
        ],
    }
