"""Where results go: stdout, a file that is whole, or a folder with a file for each song."""

from __future__ import annotations

import contextlib
import os
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from affetto.audio import display
from affetto.cli.options import say
from affetto.closing import Closing
from affetto.core import Prediction
from affetto.errors import BadConfig, MissingExtra
from affetto.writers import WRITERS, format_of, suffix_of
from affetto.writers.base import Selection, Writer

MAX_NAME_BYTES = 200


class Results(Closing):
    """Takes songs one by one, and writes each where it belongs; to be closed before its output."""

    is_on_terminal = False

    @abstractmethod
    def add(self, prediction: Prediction) -> None:
        """Write a song."""

    def close(self) -> None:
        """Write what is due at the end: by default nothing."""


@contextlib.contextmanager
def results(
    format_name: str, selection: Selection, output: str | None, inputs: Sequence[str | Path]
) -> Iterator[Results]:
    """Open what the songs of `inputs` are written to: None and "-" are stdout.

    Of a format that holds one song, `output` is the file of the only one, or a folder.
    Raises: BadConfig for what does not go together; MissingExtra.
    """
    writer_class: type[Writer] = WRITERS.load(format_name)
    path = None if output in (None, "-") else Path(output or "")
    if path is not None and is_folder(output or "", bare=writer_class.holds_one_song):
        if not writer_class.holds_one_song:
            raise BadConfig(
                f"-o {display(output or '')} is a folder, but {format_name} is one file for all"
                " songs",
                f"name a file, such as songs{suffix_of(format_name)}",
            )
        names = SongNames(path, suffix_of(format_name), inputs)
        yield _FileEach(writer_class, selection, names.path_of)
        return
    if writer_class.holds_one_song and len(inputs) > 1:
        raise BadConfig(
            f"{format_name} holds one song, but there are {len(inputs):,}",
            f"name a folder, for a file each: --format {format_name} -o FOLDER{os.sep}",
        )
    if path is not None:
        refuse_inputs(path, inputs, "-o")
        if writer_class.holds_one_song:
            target = path
            yield _FileEach(writer_class, selection, lambda _: target)
            return
    elif writer_class.is_binary and sys.stdout.isatty():
        raise BadConfig(
            f"{format_name} is nothing to read on a terminal",
            f"name a file, such as -o songs{suffix_of(format_name)}",
        )
    with opened(path, is_binary=writer_class.is_binary) as stream:
        yield _OneOutput(writer_class(stream, selection))


def format_for(output: str | None) -> str:
    """Give the format that an output's name tells: a table where it is none. Raises: BadConfig."""
    if output is None or output == "-":
        return "table"
    path = Path(output)
    name = None if is_folder(output) else format_of(path)
    if name is None and path.exists() and not path.is_file() and not path.is_dir():
        return "table"  # a device
    if name is None:
        raise BadConfig(
            f"-o {display(output)}: its suffix does not tell the format",
            f"give --format {'|'.join(WRITERS.names())}",
        )
    return name


def is_folder(output: str, *, bare: bool = False) -> bool:
    """Say whether an output names a folder; with `bare` a name without suffix does too."""
    separators = (os.sep, os.altsep or os.sep)
    path = Path(output)
    is_new = bare and not path.suffix and not path.exists()
    return output.endswith(separators) or path.is_dir() or is_new


class _OneOutput(Results):
    """All songs in one stream."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.is_on_terminal = writer.stream.isatty()

    def add(self, prediction: Prediction) -> None:
        self._writer.add(prediction)

    def close(self) -> None:
        self._writer.close()


class _FileEach(Results):
    """A file for each song, which is there once it is whole."""

    def __init__(
        self,
        writer_class: type[Writer],
        selection: Selection,
        path_of: Callable[[Path], Path],
    ) -> None:
        self._writer_class = writer_class
        self._selection = selection
        self._path_of = path_of

    def add(self, prediction: Prediction) -> None:
        path = self._path_of(Path(prediction.path))
        with (
            opened(path, is_binary=self._writer_class.is_binary) as stream,
            self._writer_class(stream, self._selection) as writer,
        ):
            writer.add(prediction)


class SongNames:
    """Names files in a folder after songs, with a number where another has the name already.

    An input that lies in the folder keeps its name for itself. Raises: BadConfig for a folder
    that cannot be made.
    """

    def __init__(self, folder: Path, suffix: str, inputs: Sequence[str | Path]) -> None:
        self._folder = folder
        self._suffix = suffix
        with _unwritable(folder):
            folder.mkdir(parents=True, exist_ok=True)
        real = os.path.realpath(folder)
        places = (os.path.split(os.path.realpath(path)) for path in inputs)
        self._taken = {name.casefold() for place, name in places if place == real}

    def path_of(self, song: Path) -> Path:
        """Give where a song's file goes; each call gives another name."""
        stem = display(song.stem).replace("\\", "_")
        stem = stem.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        name, number = f"{stem}{self._suffix}", 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem}-{number}{self._suffix}"
        self._taken.add(name.casefold())
        return self._folder / name


@contextlib.contextmanager
def opened(path: Path | None, *, is_binary: bool = False) -> Iterator[IO[Any]]:
    """Open an output, for text or bytes: None is stdout; a file is there once the block ends well.

    Until then it is a neighbor, NAME.partial, which stays if the block ends otherwise: what a
    long run has written is not lost when it is interrupted or killed. A link stays a link; a
    device or a named pipe is written to as it is. Raises: BadConfig for what cannot be opened.
    """
    if path is None:
        yield sys.stdout.buffer if is_binary else sys.stdout
        return
    is_direct = path.exists() and not path.is_file()
    target = path if is_direct else Path(os.path.realpath(path))
    partial = target if is_direct else target.with_name(f"{target.name}.partial")
    with _unwritable(path):
        if not is_direct:
            target.parent.mkdir(parents=True, exist_ok=True)
        file: IO[Any] = partial.open("wb") if is_binary else partial.open("w", encoding="utf-8")
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


@contextlib.contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    """Say that an output cannot be opened. Raises: BadConfig."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadConfig(
            f"{display(path)}: it cannot be written ({reason})", "name another output"
        ) from error


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
        self._names = None
        if not suffix or is_folder(target):
            self._names = SongNames(self._target, ".png", inputs)
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

        song = Path(prediction.path)
        plots.save(prediction, self._target if self._names is None else self._names.path_of(song))
