"""A connection that does not wait for ever for the head of a request.

uvicorn ends a connection that is silent between two requests, but lets one that has sent a byte
take its time for the rest of its head: a few hundred clients that send a byte a minute would take
all descriptors. Bodies have limits of their own, in `uploads.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from affetto.service.problems import Problem


def connection_class(limit_s: float) -> type[H11Protocol]:
    """Give the protocol of connections whose heads must be there `limit_s` after their start.

    One that has sent a part of a head is told so (408); one that has sent nothing is closed.
    """

    class Limited(_Connection):
        head_limit_s = limit_s

    return Limited


class _Connection(H11Protocol):
    head_limit_s: float

    _timer: asyncio.TimerHandle | None = None
    _has_sent = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        self._has_sent = True
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:  # the head is there, or is none
            self._stop()
        elif self._timer is None:
            self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        self._timer = self.loop.call_later(self.head_limit_s, self._end)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._has_sent and self.conn.our_state is h11.IDLE:
            problem = Problem(
                408,
                "too-slow",
                f"no whole request came within {self.head_limit_s:g} seconds",
                "send it in one piece",
            )
            answer = problem.answer()
            headers = [*answer.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=408, headers=headers, reason=b"Request Timeout"),
                h11.Data(data=bytes(answer.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
