"""Times as formats of captions write them."""

from __future__ import annotations


def timestamp(seconds: float, point: str) -> str:
    """Give hours, minutes, seconds and milliseconds, such as 00:01:02.500."""
    minutes, milliseconds = divmod(round(1000 * seconds), 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, rest = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{rest:03}"
