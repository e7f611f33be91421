"""Runs the application until it is asked to stop; what runs then is finished."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import uvicorn

from affetto import audio
from affetto.errors import BadConfig
from affetto.service.app import create_app
from affetto.service.connection import connection_class
from affetto.service.live import MAX_MESSAGE_BYTES
from affetto.service.settings import Settings

_BACKLOG = 512


class Server(uvicorn.Server):
    """A server of uvicorn that, when it stops, takes no more songs from the queue.

    `told` hears of the address once it answers.
    """

    def __init__(
        self, settings: Settings, told: Callable[[str], object] = lambda address: None
    ) -> None:
        self.app = create_app(settings)
        self._told = told
        self._socket = _bound(settings.host, settings.port)
        super().__init__(
            uvicorn.Config(
                self.app,
                http=connection_class(settings.head_limit_s),
                log_config=None,
                access_log=False,  # addresses may hold the token
                server_header=False,
                ws_max_size=MAX_MESSAGE_BYTES,
                proxy_headers=False,
                lifespan="on",
            )
        )

    @property
    def address(self) -> str:
        """The address of the page and the API."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer requests until Ctrl-C or SIGTERM. A second Ctrl-C does not wait."""
        super().run([self._socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._told(self.address)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self.app.state.service.jobs.stop_waiting()
        await super().shutdown(sockets)


def run(settings: Settings, told: Callable[[str], object] = lambda address: None) -> None:
    """Serve until Ctrl-C; `told` hears of the address once it answers.

    Raises: BadConfig for an address that cannot be had; BundleError; KeyboardInterrupt at its end.
    """
    Server(settings, told).run()


def _bound(host: str, port: int) -> socket.socket:
    """Take an address. Raises: BadConfig."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        taken = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # Its protocol is said, which is how asyncio knows that answers need not wait for one
        # another (Nagle's algorithm): that costs 40 ms each.
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, taken.detach())
    except (OSError, OverflowError, UnicodeError) as error:
        raise _refused(host, port, error) from error


def _refused(host: str, port: int, error: Exception) -> BadConfig:
    shown = audio.display(host)
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return BadConfig(
            f"port {port} of {shown} is in use", "end the program that has it, or name another port"
        )
    if code == errno.EACCES:
        return BadConfig(f"port {port} of {shown} may not be used", "name a port from 1024 on")
    reason = (getattr(error, "strerror", None) or type(error).__name__).lower()
    return BadConfig(
        f"{shown} port {port}: it cannot be listened to ({reason})",
        "name an address of this computer",
    )
