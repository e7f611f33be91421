"""Ctrl-C waits for what is being written, or for a lock to be given back: nothing half done."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """Let an interrupt wait until the block is over; a second one does not wait.

    Raises: KeyboardInterrupt after the block, if there was one.
    """
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not so under nohup
    if not is_heard or threading.current_thread() is not threading.main_thread():
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
