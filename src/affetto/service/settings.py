"""What whoever starts a server decides: the address, who may come in, and the limits."""

from __future__ import annotations

import ipaddress
import math
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from affetto import workers
from affetto.errors import BadConfig

MB = 1_000_000
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs.

    `port` 0 takes a free one. `db` is the library, by default the user's own. `jobs` processes
    score; `queue_size` songs may wait for one; `max_uploads` may be on their way in, and
    `max_listeners` may send live sound. A song has `time_limit_s` to be scored, an upload
    `upload_limit_s` in all and `silence_limit_s` without a byte, and the head of a request must be
    there after `head_limit_s`. The result of a job is kept for
    `job_ttl_s`. `token` is asked of everybody; an address that other computers reach needs one,
    unless `no_auth` says otherwise. `cors` are origins whose pages may call, `allow_hosts`
    further names by which the server may be called.
    Raises: BadConfig.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    db: Path | None = None
    bundle: str | os.PathLike[str] = "default"
    jobs: int = field(default_factory=workers.n_cores)
    queue_size: int = 16
    max_upload_bytes: int = 200 * MB
    max_duration_s: float = 4 * 3600.0
    max_uploads: int = 256
    max_listeners: int = 8
    time_limit_s: float = 600.0
    upload_limit_s: float = 1800.0
    silence_limit_s: float = 30.0
    head_limit_s: float = 15.0
    job_ttl_s: float = 600.0
    token: str | None = None
    no_auth: bool = False
    cors: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise BadConfig(f"there is no port {self.port}", "give one from 1 to 65535")
        for name in ("jobs", "max_upload_bytes", "max_uploads", "max_listeners"):
            if getattr(self, name) < 1:
                raise BadConfig(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.queue_size < 0:
            raise BadConfig(f"queue_size must be at least 0, not {self.queue_size}")
        for name in (
            "max_duration_s",
            "time_limit_s",
            "upload_limit_s",
            "silence_limit_s",
            "head_limit_s",
            "job_ttl_s",
        ):
            if not 0 < getattr(self, name) < math.inf:
                raise BadConfig(f"{name} must be a positive number, not {getattr(self, name)}")
        for origin in self.cors:
            parts = urlsplit(origin)
            if (
                parts.scheme not in ("http", "https")
                or f"{parts.scheme}://{parts.netloc}" != origin
            ):
                raise BadConfig(
                    f"{origin!r} is no origin", "write it as https://name or http://name:port"
                )
        if self.token is not None and (not self.token.isascii() or not self.token.isprintable()):
            raise BadConfig("the token must be plain letters, digits and signs")
        if self.token is not None and len(self.token) < 8:
            raise BadConfig("the token is too short", "give at least 8 characters")
        if self.token is not None and self.no_auth:
            raise BadConfig("a token and no_auth exclude each other")
        if self.token is None and not self.no_auth and not is_loopback(self.host):
            raise BadConfig(
                f"{self.host} can be reached by other computers, so a token is needed",
                "give one, or say no_auth where everybody may come in",
            )


def is_loopback(host: str) -> bool:
    """Say whether an address is reached from this computer alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """Make a token that nobody guesses."""
    return secrets.token_urlsafe(_TOKEN_BYTES)
