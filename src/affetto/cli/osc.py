"""Scores as OSC messages, for lights and visuals (extra `live`: python-osc).

A window is one bundle, or several where it would not fit into a datagram:

    /affetto/window    start_s end_s   floats, seconds from the start of the sound
    /affetto/silence   0 | 1           1: there was no sound, and nothing further is sent
    /affetto/valence   float           -1..1
    /affetto/arousal   float           -1..1
    /affetto/quadrant  string          Q1..Q4
    /affetto/tags/TAG  float           0..1, one message a tag
"""

from __future__ import annotations

import re
from typing import Any

from affetto.closing import Closing
from affetto.errors import BadConfig, MissingExtra

PREFIX = "/affetto"
_MAX_BYTES = 1_400  # what a network carries in one piece


class Osc(Closing):
    """Sends windows to whoever listens at an address HOST:PORT.

    Raises: BadConfig for no such address; MissingExtra.
    """

    def __init__(self, address: str) -> None:
        host, port = parsed(address)
        try:
            from pythonosc import osc_bundle_builder, osc_message_builder, udp_client
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "OSC needs python-osc", "run: pip install 'affetto[live]'"
            ) from error
        self._bundles = osc_bundle_builder
        self._messages = osc_message_builder
        try:
            self._client = udp_client.UDPClient(host, port)
        except OSError as error:
            raise BadConfig(f"--osc {address}: there is no such computer") from error

    def send(self, moment: dict[str, Any]) -> None:
        """Send a window, as `affetto.live.moments` gives it. Raises: OSError."""
        bundle, n_bytes = self._new_bundle(), 0
        for address, values in messages(moment):
            builder = self._messages.OscMessageBuilder(address)
            for value in values:
                builder.add_arg(value)
            message = builder.build()
            if n_bytes and n_bytes + message.size > _MAX_BYTES:
                self._client.send(bundle.build())
                bundle, n_bytes = self._new_bundle(), 0
            bundle.add_content(message)
            n_bytes += message.size + 4  # its length stands before it
        self._client.send(bundle.build())

    def close(self) -> None:
        self._client.close()

    def _new_bundle(self) -> Any:
        return self._bundles.OscBundleBuilder(self._bundles.IMMEDIATELY)


def messages(moment: dict[str, Any]) -> list[tuple[str, tuple[Any, ...]]]:
    """Give a window's messages: addresses and values."""
    is_silent = not moment["weight"]
    found: list[tuple[str, tuple[Any, ...]]] = [
        (f"{PREFIX}/window", (float(moment["start_s"]), float(moment["end_s"]))),
        (f"{PREFIX}/silence", (int(is_silent),)),
    ]
    if is_silent:
        return found
    found += [(f"{PREFIX}/{name}", (float(moment[name]),)) for name in ("valence", "arousal")]
    found.append((f"{PREFIX}/quadrant", (moment["quadrant"],)))
    found += [(f"{PREFIX}/tags/{tag}", (float(score),)) for tag, score in moment["tags"].items()]
    return found


def parsed(address: str) -> tuple[str, int]:
    """Read HOST:PORT, or [HOST]:PORT. Raises: BadConfig."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):([0-9]{1,5})", address)
    if found is None or not 1 <= int(found[3]) <= 65_535:
        raise BadConfig(f"--osc {address!r} is no HOST:PORT", "write it as localhost:9000")
    return found[1] or found[2], int(found[3])
