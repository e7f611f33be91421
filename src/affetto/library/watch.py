"""Watching: a library is kept current while files come and go (extra `watch`).

Each time the folders have been quiet for a moment after a change, they are scanned once more:
that takes seconds for what is known. Where nothing is reported, as on most network shares, set
`WATCHFILES_FORCE_POLLING=1` to have them looked through again and again instead.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from affetto.audio import SUFFIXES, display
from affetto.errors import AudioNotFound, MissingExtra, UsageError
from affetto.library.database import Library
from affetto.library.scan import ScanReport
from affetto.library.walk import MARKERS

QUIET_MS = 1_000  # a scan waits until nothing has changed for so long,
LONGEST_S = 60.0  # but no longer than this


def watch(
    library: Library,
    folders: Iterable[str | os.PathLike[str]],
    scan: Callable[[], ScanReport],
) -> Iterator[ScanReport]:
    """Give the report of `scan()`, and another one whenever something has changed in folders.

    The first scan begins when the folders are already watched, so that no change is missed.
    Raises: MissingExtra; AudioNotFound if no folder is there; UsageError if the system cannot
    watch so many; what `scan` raises.
    """
    try:
        import watchfiles
    except ImportError as error:
        raise MissingExtra(
            "watching needs watchfiles", "run: pip install 'affetto[watch]'"
        ) from error

    there = [os.path.realpath(folder) for folder in folders if Path(folder).exists()]
    if not there:
        shown = ", ".join(display(folder) for folder in folders)
        raise AudioNotFound(f"{shown}: no such folder", "check the spelling of the path")
    own = os.path.realpath(library.path)

    def is_of_interest(change: watchfiles.Change, path: str) -> bool:
        name = os.path.basename(path)  # noqa: PTH119
        if name in MARKERS:
            return True
        if name.startswith(".") or path.startswith(own):  # a scan writes to the library
            return False
        is_music = Path(name).suffix.lower() in SUFFIXES
        return is_music or change is watchfiles.Change.deleted or Path(path).is_dir()

    changes = watchfiles.watch(
        *there,
        watch_filter=is_of_interest,
        rust_timeout=QUIET_MS,
        yield_on_timeout=True,
    )
    try:
        next(changes)  # from here on they are watched
        report = scan()
        yield report
        since_s: float | None = None
        for changed in changes:
            now_s = time.monotonic()
            if changed and since_s is None:
                since_s = now_s
            is_quiet = not changed and (since_s is not None or report.n_unsettled > 0)
            if is_quiet or (since_s is not None and now_s - since_s > LONGEST_S):
                since_s = None
                report = scan()
                yield report
    except OSError as error:
        raise UsageError(
            f"the system cannot watch these folders ({str(error).lower()})",
            "raise its limit (on Linux fs.inotify.max_user_watches), or scan now and then instead",
        ) from error
