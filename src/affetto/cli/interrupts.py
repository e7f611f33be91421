"""Ctrl-C waits for what is being written, so that no half an object stays behind."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """Let an interrupt wait until the block is over; a second one does not wait.

    Raises: KeyboardInterrupt after the block, if there was one.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # ignored, by nohup say
        yield
        return
    is_asked = False

    def wait(*_: Any) -> None:
        nonlocal is_asked
        if is_asked:
            raise KeyboardInterrupt
        is_asked = True

    signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if is_asked:
        raise KeyboardInterrupt
