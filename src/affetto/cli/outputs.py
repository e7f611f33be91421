"""Where results go: stdout or a file that is whole, and pictures with names of their own."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from affetto.audio import display
from affetto.cli.options import say
from affetto.core import Prediction
from affetto.errors import BadConfig, MissingExtra

MAX_NAME_BYTES = 200


@contextlib.contextmanager
def opened(path: Path | None) -> Iterator[IO[str]]:
    """Open an output for text: None is stdout; a file is there once the block ends well.

    Until then it is a neighbor, NAME.partial, which stays if the block ends otherwise: what a
    long run has written is not lost when it is interrupted or killed. A link stays a link; a
    device or a named pipe is written to as it is. Raises: BadConfig for what cannot be opened.
    """
    if path is None:
        yield sys.stdout
        return
    is_direct = path.exists() and not path.is_file()
    target = path if is_direct else Path(os.path.realpath(path))
    partial = target if is_direct else target.with_name(f"{target.name}.partial")
    try:
        if not is_direct:
            target.parent.mkdir(parents=True, exist_ok=True)
        file = partial.open("w", encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadConfig(
            f"{display(path)}: it cannot be written ({reason})", "name another output"
        ) from error
    try:
        with file:
            yield file
            file.flush()
            if not is_direct:
                os.fsync(file.fileno())
    except BaseException:
        if not is_direct:
            _leave(partial)
        raise
    if not is_direct:
        partial.replace(target)


def _leave(partial: Path) -> None:
    """Leave what was written before the end came, and say where; nothing leaves nothing."""
    with contextlib.suppress(OSError):
        if partial.stat().st_size:
            say(f"what was done until then is in {display(partial)}")
        else:
            partial.unlink()


def refuse_inputs(output: Path, inputs: Sequence[str | Path], option: str) -> None:
    """Keep an output from overwriting what is to be read. Raises: BadConfig."""
    target = os.path.realpath(output)
    for path in inputs:
        is_same = os.path.realpath(path) == target
        with contextlib.suppress(OSError, ValueError):
            is_same = is_same or Path(path).samefile(target)
        if is_same:
            raise BadConfig(
                f"{option} {display(output)} is one of the inputs", "name another output"
            )


class Pictures:
    """Draws songs: the only one to a file, or each into a folder under a name of its own.

    `target` is a file if it ends as a picture does, else a folder. Raises: BadConfig for a file
    and several songs, or for another suffix; MissingExtra without matplotlib.
    """

    def __init__(self, target: str, inputs: Sequence[str | Path]) -> None:
        from affetto import plots

        if find_spec("matplotlib") is None:
            raise MissingExtra("pictures need matplotlib", "run: pip install 'affetto[plot]'")
        self._target = Path(target)
        suffix = self._target.suffix.lower().removeprefix(".")
        self.is_folder = not suffix or target.endswith(os.sep) or self._target.is_dir()
        self._taken: set[str] = set()
        if self.is_folder:
            return
        if suffix not in plots.FORMATS:
            raise BadConfig(
                f"--plot {display(target)}: a picture ends in .png, .svg or .pdf",
                "rename it, or name a folder",
            )
        if len(inputs) > 1:
            raise BadConfig(
                f"--plot {display(target)} is one file, but there are {len(inputs)} inputs",
                "name a folder",
            )
        refuse_inputs(self._target, inputs, "--plot")

    def draw(self, prediction: Prediction) -> None:
        """Draw a song. Raises: as `plots.save`."""
        from affetto import plots

        plots.save(prediction, self._path_of(Path(prediction.path)))

    def _path_of(self, song: Path) -> Path:
        if not self.is_folder:
            return self._target
        stem = display(song.stem).replace("\\", "_")
        stem = stem.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        name, number = stem, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name.casefold())
        return self._target / f"{name}.png"
