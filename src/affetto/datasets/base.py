"""What the loaders share: one loading with its rule for what is bad, tables checked with file and
line, and the reading of sound."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from affetto import audio
from affetto.core import Dataset, Example, Spectrogram, Vocabulary
from affetto.errors import DatasetError, DatasetInvalid, DatasetMissing
from affetto.frontends import FrontEnd, spectrogram

T = TypeVar("T")

AUDIO_READER = "audio-1"
OBTAIN_HINT = "get the data and put them under the data root as docs/datasets.md says"
_HINT = "take the file as it was distributed"


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of a data set before it is read: its terms, and how to come by it.

    `folder` is where it is looked for under the data root, empty where the program makes it; where
    other data sets lie there too, `one_of` names what it needs there at least one of.
    """

    name: str
    folder: str
    license: str
    citation: str
    url: str
    obtain: str
    one_of: tuple[str, ...] = ()

    def is_there(self, root: Path) -> bool:
        """Say whether there is something to load under the data root."""
        if not self.folder:
            return True
        folder = root / self.folder
        return folder.is_dir() and (
            not self.one_of or any((folder / name).exists() for name in self.one_of)
        )


def _unheard(sentence: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Loading:
    """One loading of a data set: what becomes of a bad row or song, and who hears how it goes.

    A loader reads what can be left out by itself inside `with loading.part():`, and puts into
    `left_out` what it leaves out for other reasons than damage. `tell` takes a sentence about
    what takes a while.
    """

    skip_bad: bool = False
    tell: Callable[[str], None] = _unheard
    left_out: list[str] = field(default_factory=list)

    @contextmanager
    def part(self, item: str = "") -> Iterator[None]:
        """Leave out what the block reads if it is bad and that is wanted; else let it raise.

        The error's sentence, which names file and line, goes into `left_out`, behind the name of
        the item that goes with it, such as a song.
        """
        try:
            yield
        except DatasetError as error:
            if not self.skip_bad:
                raise
            self.left_out.append(f"{item}: {error.message}" if item else error.message)


@dataclass(frozen=True, slots=True)
class Loader:
    """A data set's line in the table: called with the data root, it gives the Dataset.

    `inspect` gives remarks on the files that take longer to find than loading does, or that
    the user of the data set need not know.
    """

    source: Source
    load: Callable[[Path, Loading], Dataset]
    inspect: Callable[[Path, Loading], tuple[str, ...]] | None = None

    def __call__(self, root: Path, loading: Loading | None = None) -> Dataset:
        return self.load(root, loading or Loading())


def dataset_of(
    source: Source,
    vocabulary: Vocabulary,
    examples: Iterable[Example],
    loading: Loading,
    read: Callable[[Example, FrontEnd], Spectrogram],
    reader: str | None,
    **further: Any,
) -> Dataset:
    """Make the data set of a source from what was loaded; `further` are fields of `Dataset`."""
    return Dataset(
        name=source.name,
        vocabulary=vocabulary,
        examples=tuple(examples),
        license=source.license,
        citation=source.citation,
        source_url=source.url,
        read=read,
        reader=reader,
        left_out=tuple(loading.left_out),
        **further,
    )


def labels_sha256(dataset: Dataset) -> str:
    """Hash songs and labels: equal for the same data set under another name or in another place."""
    digest = hashlib.sha256()
    for example in sorted(dataset.examples, key=lambda e: (e.song, str(e.interval))):
        plane = example.valence_arousal
        digest.update(f"{example.song}\0{example.interval}\0".encode())
        digest.update(example.labels.tobytes())
        digest.update(b"" if plane is None else plane.tobytes())
    return digest.hexdigest()


def read_audio(example: Example, front_end: FrontEnd) -> Spectrogram:
    """Give the spectrogram of an example's sound file, or of its interval there."""
    with audio.stream(example.path, front_end.sample_rate) as blocks:
        return section_of(spectrogram(front_end, blocks), example)


def section_of(whole: Spectrogram, example: Example, context_s: float = 0.0) -> Spectrogram:
    """Give an example's interval of its recording, with `context_s` of it on both sides.

    Raises: DatasetInvalid when the interval lies beyond the recording.
    """
    if example.interval is None:
        return whole
    section = whole.section(example.interval.widened(context_s))
    if section.n_frames == 0:
        raise DatasetInvalid(
            f"{example.id} begins at {example.interval.start_s:g} s, where {example.path} holds "
            f"nothing of {example.song} any more",
            "correct its times or leave it out",
        )
    return section


def require(path: Path, dataset: str) -> Path:
    """Give `path` if it is there. Raises: DatasetMissing."""
    if not path.exists():
        raise DatasetMissing(
            f"data set {dataset} needs {path}, which is not there",
            OBTAIN_HINT,
        )
    return path


def text_of(path: Path) -> str:
    """Give the text of a file. Raises: DatasetInvalid when it cannot be read as UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")  # some programs begin with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetInvalid(f"{path} cannot be read: {error}", _HINT) from error


def rows(
    path: Path, columns: Sequence[str], loading: Loading | None = None, delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """Give (line number, row) of a CSV table with a header. Raises: DatasetInvalid.

    A row that has not one value for each column is a part of `loading`.
    """
    loading = loading or Loading()
    reader = csv.DictReader(io.StringIO(text_of(path), newline=""), delimiter=delimiter)
    try:
        missing = sorted(set(columns) - set(reader.fieldnames or ()))
        if missing:
            raise DatasetInvalid(
                f"{path}, line 1: the column {', '.join(missing)} is missing", _HINT
            )
        for row in reader:
            with loading.part():  # of this check: what the caller raises does not pass here
                if None in row.values() or None in row:
                    raise DatasetInvalid(
                        f"{path}, line {reader.line_num}: the row has not one value for each "
                        "column",
                        _HINT,
                    )
                yield reader.line_num, row
    except csv.Error as error:
        line = reader.reader.line_num  # the DictReader counts whole rows only
        raise DatasetInvalid(f"{path}, line {line}: {error}", _HINT) from error


def number(text: str, path: Path, line: int, low: float, high: float) -> float:
    """Read a number within limits. Raises: DatasetInvalid with file and line."""
    return parse(float, text, path, line, lambda value: low <= value <= high, f"{low} to {high}")


def parse(
    kind: Callable[[str], T],
    text: str,
    path: Path,
    line: int,
    valid: Callable[[T], bool],
    expected: str,
) -> T:
    """Read a value that must be valid. Raises: DatasetInvalid with file and line."""
    try:
        value = kind(text)
        if (isinstance(value, float) and math.isnan(value)) or not valid(value):
            raise ValueError
    except ValueError:
        raise DatasetInvalid(
            f"{path}, line {line}: {text!r} is not what was expected ({expected})",
            "correct or remove the row",
        ) from None
    return value
