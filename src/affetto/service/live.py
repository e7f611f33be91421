"""`WS /v1/live`: the client sends sound as it is played, the server its scores at each hop.

Messages of the client are bytes: samples, channels interleaved, as the address declares them
(`?rate=44100&channels=2&format=s16le`). Those of the server are JSON: `ready`, then `scores` for
each window, or a `problem`, which is the last.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from affetto.bundles import Bundle
from affetto.errors import AffettoError, BadConfig
from affetto.live import SAMPLE_FORMATS, Listener, RawSamples, moments
from affetto.service.answers import Parameters, to_json
from affetto.service.problems import Problem, of_error, of_exception
from affetto.service.settings import Settings

MAX_MESSAGE_BYTES = 1 << 20
MAX_CHANNELS = 8

_POLICY_VIOLATION, _TRY_AGAIN = 1008, 1013  # RFC 6455, and the registry of codes


class Live:
    """What answers clients that send live sound."""

    def __init__(self, settings: Settings, bundle: Bundle) -> None:
        self.n_open = 0
        self._most = settings.max_listeners
        self._bundle = bundle
        self._scoring = asyncio.Semaphore(settings.jobs)

    def routes(self) -> list[WebSocketRoute]:
        return [WebSocketRoute("/v1/live", self.listen)]

    async def listen(self, socket: WebSocket) -> None:
        """Score what one client sends until it goes away, or sends what is no sound."""
        await socket.accept()
        self.n_open += 1
        try:
            await self._answer(socket)
        except WebSocketDisconnect:
            return
        except AffettoError as error:
            await _end(socket, of_error(error))
        except Problem as problem:
            await _end(socket, problem)
        except Exception as error:
            await _end(socket, of_exception(error))
        finally:
            self.n_open -= 1

    async def _answer(self, socket: WebSocket) -> None:
        parameters = Parameters(socket.query_params, ("channels", "format", "hop_s", "rate"))
        rate_hz = parameters.whole("rate", 1, 10**7)
        if rate_hz is None:
            raise BadConfig("the rate of the samples is missing", "add ?rate=44100, say")
        if self.n_open > self._most:
            raise Problem(
                429, "too-many-listeners", "too many clients send live sound", "try later"
            )
        samples = RawSamples(
            parameters.choice("format", tuple(SAMPLE_FORMATS), "f32le"),
            parameters.whole("channels", 1, MAX_CHANNELS, 1) or 1,
        )
        listener = Listener(self._bundle, rate_hz, parameters.number("hop_s"))
        await socket.send_text(to_json(self._ready(listener)))
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            content = message.get("bytes")
            if content is None:
                raise Problem(400, "bad-message", "this is text, not samples", "send bytes")
            async with self._scoring:
                found = await run_in_threadpool(listener.push, samples.push(content))
            if found is not None:
                for moment in moments(found):
                    await socket.send_text(to_json(moment))

    def _ready(self, listener: Listener) -> dict[str, Any]:
        vocabulary = self._bundle.tag_heads[0].spec.vocabulary
        assert vocabulary is not None
        return {
            "type": "ready",
            "bundle": self._bundle.title,
            "vocabulary": vocabulary.name,
            "window_s": round(self._bundle.window_s, 6),
            "hop_s": round(listener.hop_s, 6),
        }


async def _end(socket: WebSocket, problem: Problem) -> None:
    await socket.send_text(to_json({**problem.to_dict(), "type": "problem"}))
    await socket.close(_TRY_AGAIN if problem.status == 429 else _POLICY_VIOLATION, problem.code)
