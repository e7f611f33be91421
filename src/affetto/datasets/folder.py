"""A folder of your own as a data set: `labels.csv`, and the sound that it names.

A folder is named by its path, with a slash or a leading dot: `./my-folder`. `labels.csv` has a
row for each clip, and of these columns `clip` and at least one with labels; others are not read:

    clip             the sound file, relative to the folder or to `audio` in it
    group, artist    what never stands on two sides of a split
    fold             0 to 4, the test fold of the clip's group
    valence, arousal ratings from -1 to 1; where both hold only 0 and 1, or -1 and 1, low and high
    quadrant         Q1 to Q4
    <tag>            a column for each tag of one vocabulary: 0 to 1
    moods            words with ';' between, see `vocabularies.moods`

A column of numbers that are on another scale says so in its name: `valence 1..9`. An empty cell
is an unknown label. Of several sources of valence and arousal the first counts: ratings,
quadrant, moods. A tag's own column comes before what the moods say of it.

Who has no group is grouped by the artist in the file's own tags, else by the first folder of the
clip's path that is not called like a label or `audio`, if not all clips lie there, else alone.
Groups without a fold are dealt out by `splits.deal`.
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from affetto.core import PLANE_AXES, Dataset, Example, FloatArray, Vocabulary, quadrant_of
from affetto.datasets.base import (
    AUDIO_READER,
    Loader,
    Loading,
    Source,
    dataset_of,
    number,
    parse,
    read_audio,
    rows,
    text_of,
)
from affetto.datasets.splits import N_FOLDS, deal
from affetto.errors import DatasetInvalid, DatasetMissing
from affetto.vocabularies import VOCABULARIES, moods
from affetto.vocabularies import load as load_vocabulary

TABLE = "labels.csv"
MAX_WORDS = 8  # of those that are listed in a remark

_HINT = "docs/training.md says which columns there are"
_SCALED = re.compile(r"(.*?)\s*[\[(]?(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)[\])]?")
_PLAIN_FOLDERS = (  # pads of blanks, so that a name is looked for whole
    " audio clips data files flac mp3 music songs sound sounds test tracks train training "
    "validation wav "
)
_SIGNS_ONLY = ({0.0, 1.0}, {-1.0, 1.0})


def is_path(name: str) -> bool:
    """Say whether a data set's name is the path of a folder."""
    return name.startswith((".", "~")) or "/" in name or os.sep in name


def canonical(name: str) -> str:
    """Give the one way to write a data set's name; only paths have more.

    >>> canonical("my-folder/"), canonical("./a/../b"), canonical("../c"), canonical("4q")
    ('./my-folder', './b', '../c', '4q')
    """
    if not is_path(name):
        return name
    path = Path(os.path.normpath(Path(name).expanduser())).as_posix()
    is_whole = Path(path).is_absolute() or path == "." or path.startswith("..")
    return path if is_whole else f"./{path}"


def loader(name: str) -> Loader:
    """Give the loader of the folder that a path names; the data root does not matter to it."""
    name = canonical(name)
    source = Source(
        name=name,
        folder=str(Path(name).absolute()),
        license="the terms of the folder's music and labels, which affetto does not know",
        citation="none: labels of one's own",
        url="a folder of one's own",
        obtain=f"make the folder, with {TABLE} in it; docs/training.md describes it",
        one_of=(TABLE,),
    )
    return Loader(
        source,
        lambda _, loading: _load(source, loading),
        lambda _, loading: _inspect(source, loading),
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers: its name in the table, and the scale of its values."""

    header: str
    low: float
    high: float

    def read(self, row: Mapping[str, str], table: Path, line: int) -> float:
        """Give a cell as a share of the scale, NaN where it is empty. Raises: DatasetInvalid."""
        text = row[self.header].strip()
        if not text:
            return math.nan
        try:
            value = number(text, table, line, self.low, self.high)
        except DatasetInvalid as error:
            raise DatasetInvalid(
                f"{error.message}, in column {self.header}",
                f"correct it, or state the column's scale in its name, such as "
                f"'{_name_of(self.header)} 1..9'",
            ) from None
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class _Table:
    """`labels.csv` by what its columns are for; each names a column as the table spells it."""

    path: Path
    delimiter: str
    headers: tuple[str, ...]
    clip: str
    group: str | None
    fold: str | None
    quadrant: str | None
    moods: str | None
    plane: Mapping[str, _Column]
    tags: Mapping[str, _Column]
    vocabulary: Vocabulary

    @property
    def unread(self) -> tuple[str, ...]:
        """The columns that nothing is read from."""
        numbers = (*self.plane.values(), *self.tags.values())
        read = {self.clip, self.group, self.fold, self.quadrant, self.moods}
        read |= {column.header for column in numbers}
        return tuple(header for header in self.headers if header not in read)

    def words(self, row: Mapping[str, str]) -> list[str]:
        """Give the mood words of a row."""
        cell = row[self.moods] if self.moods else ""
        return [word.strip() for word in cell.split(";") if word.strip()]


@dataclass(slots=True)
class _Read:
    """What a reading of the table found beside the examples, for the remarks on it."""

    groups_by: Counter[str] = field(default_factory=Counter)
    unknown_words: Counter[str] = field(default_factory=Counter)
    n_undecided: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that stands: its clip, and what its cells say."""

    line: int
    clip: str
    path: Path
    group: str
    fold: int | None
    labels: FloatArray
    plane: FloatArray


def _load(source: Source, loading: Loading, read: _Read | None = None) -> Dataset:
    read = read or _Read()
    folder = Path(source.folder)
    if not folder.is_dir() or not (folder / TABLE).is_file():
        there_is = f"the folder has no {TABLE}" if folder.is_dir() else "there is no such folder"
        raise DatasetMissing(f"data set {source.name}: {there_is}", source.obtain)
    table = _table(folder / TABLE)
    kind = _plane_kind(table)
    found = _grouped(list(_rows(table, kind, loading, read)), read)
    if not found:
        raise DatasetInvalid(f"{table.path} has no clip with a label", _HINT)
    return dataset_of(
        source,
        table.vocabulary,
        (
            Example(
                id=f"{source.name}/{row.clip}",
                path=row.path,
                group=row.group,
                song=row.clip,
                labels=row.labels,
                valence_arousal=None if kind == "none" else row.plane,
            )
            for row in found
        ),
        loading,
        read_audio,
        AUDIO_READER,
        plane_kind=kind,
        folds=_folds(table, found),
    )


def _inspect(source: Source, loading: Loading) -> tuple[str, ...]:
    """Say how clips were grouped, which columns and words were not read."""
    read = _Read()
    _load(source, loading, read)
    table = _table(Path(source.folder) / TABLE)
    by = ", ".join(f"{n} by {how}" for how, n in read.groups_by.most_common())
    remarks = [f"clips are grouped: {by}"]
    if table.unread:
        remarks.append(f"columns that are not read: {', '.join(table.unread)}")
    if read.unknown_words:
        words = [f"{word} ({n})" for word, n in read.unknown_words.most_common(MAX_WORDS)]
        more = len(read.unknown_words) - len(words)
        remarks.append(
            f"mood words that mean nothing to affetto: {', '.join(words)}"
            + (f" and {more} more" if more > 0 else "")
        )
    if read.n_undecided:
        remarks.append(f"clips whose moods name no quadrant, or two alike: {read.n_undecided}")
    return tuple(remarks)


# ---------------------------------------------------------------- the header


def _table(path: Path) -> _Table:
    """Read the first line. Raises: DatasetInvalid."""
    first = next(iter(text_of(path).splitlines()), "")
    delimiter = max(",;\t", key=first.count) if first else ","
    headers = next(csv.reader([first], delimiter=delimiter), [])
    by_name: dict[str, _Column] = {}
    for header in headers:
        name, low, high = _name_and_scale(header, path)
        if name in by_name:
            raise DatasetInvalid(f"{path}, line 1: the column {name} is there twice", _HINT)
        by_name[name] = _Column(header, low, high)
    if "clip" not in by_name:
        raise DatasetInvalid(f"{path}, line 1: the column clip is missing", _HINT)
    if "energy" in by_name and "arousal" not in by_name:
        by_name["arousal"] = by_name["energy"]
    plane = {axis: _on_scale(by_name[axis], -1.0) for axis in PLANE_AXES if axis in by_name}
    vocabulary, tags = _tags(path, by_name)
    header_of = {name: column.header for name, column in by_name.items()}
    table = _Table(
        path=path,
        delimiter=delimiter,
        headers=tuple(headers),
        clip=header_of["clip"],
        group=header_of.get("group", header_of.get("artist")),
        fold=header_of.get("fold"),
        quadrant=header_of.get("quadrant"),
        moods=header_of.get("moods"),
        plane=plane,
        tags=tags,
        vocabulary=vocabulary,
    )
    if not (plane or tags or table.quadrant or table.moods):
        raise DatasetInvalid(f"{path}, line 1: there is no column with labels", _HINT)
    return table


def _name_and_scale(header: str, path: Path) -> tuple[str, float, float]:
    """Give a column's name, and the scale that stands behind it; NaN where none does."""
    scaled = _SCALED.fullmatch(header.strip())
    if scaled is None:
        return _name_of(header), math.nan, math.nan
    low, high = float(scaled[2]), float(scaled[3])
    if low >= high:
        raise DatasetInvalid(
            f"{path}, line 1: the scale of column {header.strip()!r} does not rise", _HINT
        )
    return _name_of(scaled[1]), low, high


def _name_of(header: str) -> str:
    scaled = _SCALED.fullmatch(header.strip())
    return (scaled[1] if scaled else header).strip().casefold()


def _on_scale(column: _Column, low: float) -> _Column:
    """Give a column that states no scale the usual one, `low` to 1."""
    return _Column(column.header, low, 1.0) if math.isnan(column.low) else column


def _tags(path: Path, by_name: Mapping[str, _Column]) -> tuple[Vocabulary, dict[str, _Column]]:
    """Find the columns that are tags, and the first vocabulary that has them all.

    Moods are in words for the tags of CAL500, if no column says otherwise.
    """
    columns = dict(by_name)
    best: tuple[Vocabulary, dict[str, _Column]] | None = None
    named: set[str] = set()
    for name in VOCABULARIES.names():
        vocabulary = load_vocabulary(name)
        spelled = dict(zip(vocabulary.tags, vocabulary.source_names, strict=True))
        found = {
            tag: _on_scale(column, 0.0)
            for tag, source_name in spelled.items()
            if (column := columns.get(tag) or columns.get(source_name.casefold())) is not None
        }
        named |= {column.header for column in found.values()}
        if found and (best is None or len(found) > len(best[1])):
            best = vocabulary, found
    if best is None:
        return load_vocabulary(moods.VOCABULARY if "moods" in by_name else "none"), {}
    others = sorted(named - {column.header for column in best[1].values()})
    if others:
        raise DatasetInvalid(
            f"{path}, line 1: {', '.join(others)} and {next(iter(best[1]))} are tags of two "
            "vocabularies",
            "rename the columns that are not meant as tags, or make two folders of them",
        )
    return best


# ---------------------------------------------------------------- the rows


def _plane_kind(table: _Table) -> Literal["ratings", "signs", "none"]:
    """Say what the table tells of valence and arousal."""
    if not table.plane:
        return "signs" if table.quadrant or table.moods else "none"
    if any((column.low, column.high) != (-1.0, 1.0) for column in table.plane.values()):
        return "ratings"
    cells = {
        row[column.header].strip()
        for _, row in rows(table.path, (), Loading(True), table.delimiter)
        for column in table.plane.values()
    }
    try:
        values = {float(cell) for cell in cells if cell}
    except ValueError:
        return "ratings"  # the row is told later
    return "signs" if any(values <= signs for signs in _SIGNS_ONLY) else "ratings"


def _rows(
    table: _Table, kind: Literal["ratings", "signs", "none"], loading: Loading, read: _Read
) -> Iterator[_Row]:
    """Give the rows with a label. Raises: DatasetMissing, DatasetInvalid with file and line."""
    seen: set[str] = set()
    for line, row in rows(table.path, (), loading, table.delimiter):
        with loading.part():
            clip, path = _clip(table, row, line, seen)
            seen.add(clip)
            words = table.words(row)
            labels = _labels(table, row, line, words)
            plane = _plane(table, kind, row, line, words)
            found = _Row(
                line=line,
                clip=clip,
                path=path,
                group=row[table.group].strip() if table.group else "",
                fold=_fold(table, row, line),
                labels=labels,
                plane=plane,
            )
            read.unknown_words.update(word for word in words if not moods.find(word))
            read.n_undecided += bool(words) and kind == "signs" and bool(np.isnan(plane).all())
            if np.isnan(labels).all() and np.isnan(plane).all():
                loading.left_out.append(f"{table.path}, line {line}: {clip} has no label")
                continue
            yield found


def _clip(table: _Table, row: Mapping[str, str], line: int, seen: set[str]) -> tuple[str, Path]:
    text = row[table.clip].strip().replace("\\", "/")
    pure = PurePosixPath(text)
    where = f"{table.path}, line {line}"
    if not text or pure.is_absolute() or ".." in pure.parts or Path(text).is_absolute():
        raise DatasetInvalid(
            f"{where}: {text!r} is not the path of a clip in the folder",
            "give it relative to the folder, or remove the row",
        )
    clip = str(pure)
    if clip in seen:
        raise DatasetInvalid(f"{where}: {clip} stands above already", "remove one of the rows")
    for path in (table.path.parent / clip, table.path.parent / "audio" / clip):
        if path.is_file():
            return clip, path
    raise DatasetMissing(
        f"{where}: there is no sound file {table.path.parent / clip}",
        "correct its name, or remove the row",
    )


def _fold(table: _Table, row: Mapping[str, str], line: int) -> int | None:
    text = row[table.fold].strip() if table.fold else ""
    if not text:
        return None
    folds = range(N_FOLDS)
    return parse(int, text, table.path, line, folds.__contains__, f"a fold, 0 to {N_FOLDS - 1}")


def _labels(table: _Table, row: Mapping[str, str], line: int, words: Sequence[str]) -> FloatArray:
    """Give the labels of the vocabulary's tags (n_tags,)."""
    cells = {tag: column.read(row, table.path, line) for tag, column in table.tags.items()}
    own = np.asarray([cells.get(tag, math.nan) for tag in table.vocabulary.tags], np.float32)
    said = moods.labels(words) if table.vocabulary.name == moods.VOCABULARY else None
    return own if said is None else np.where(np.isnan(own), said, own)


def _plane(
    table: _Table,
    kind: Literal["ratings", "signs", "none"],
    row: Mapping[str, str],
    line: int,
    words: Sequence[str],
) -> FloatArray:
    """Give valence and arousal (2,) in [-1, 1]."""
    cells = {axis: column.read(row, table.path, line) for axis, column in table.plane.items()}
    shares = np.asarray([cells.get(axis, math.nan) for axis in PLANE_AXES], np.float32)
    # Of signs, the higher value is 1 and the lower 0 or -1.
    rated = np.where(shares > 0.5, 1, -1) if kind == "signs" else 2 * shares - 1
    rated = np.where(np.isnan(shares), np.nan, rated).astype(np.float32)
    named = _quadrant(table, row, line)
    if named and not np.isnan(rated).any() and quadrant_of(*rated) != named:
        raise DatasetInvalid(
            f"{table.path}, line {line}: quadrant {named} contradicts valence and arousal, which "
            f"say {quadrant_of(*rated)}",
            "correct the row, or state the scale in the columns' names, such as 'valence 1..9'",
        )
    if table.plane and (kind == "ratings" or not np.isnan(rated).any()):
        return rated
    place = named or moods.quadrant(words)
    return np.asarray(moods.SIGNS[place] if place else (math.nan, math.nan), np.float32)


def _quadrant(table: _Table, row: Mapping[str, str], line: int) -> str:
    text = row[table.quadrant].strip().upper() if table.quadrant else ""
    if not text:
        return ""
    return parse(str, text, table.path, line, moods.SIGNS.__contains__, "Q1 to Q4")


# ---------------------------------------------------------------- groups and folds


def _grouped(found: Sequence[_Row], read: _Read) -> list[_Row]:
    """Give each row the group that it never leaves in a split."""
    folders = {row.clip: _folder_of(row.clip) for row in found}
    folders_help = len(set(folders.values())) > 1
    grouped = []
    for row in found:
        how, name = "their column", row.group
        if not _plain(name):
            how, name = "the artist in the file's tags", _artist_of(row.path)
        if not _plain(name) and folders_help:
            how, name = "their folder", folders[row.clip]
        if not _plain(name):
            how, name = "themselves", row.clip
        read.groups_by[how] += 1
        grouped.append(replace(row, group=_plain(name)))
    return grouped


def _folder_of(clip: str) -> str:
    """Give the first folder of a clip's path that may be an artist; '' if there is none."""
    for part in PurePosixPath(clip).parts[:-1]:
        is_label = part.upper() in moods.SIGNS or moods.find(part)
        if not is_label and f" {part.casefold()} " not in _PLAIN_FOLDERS:
            return part
    return ""


def _artist_of(path: Path) -> str:
    """Give the artist that a file's tags name, '' where they name none or cannot be read."""
    import mutagen

    try:
        tags = mutagen.File(path, easy=True)
        values = (tags.get(key) for key in ("artist", "albumartist")) if tags else ()
        return next((str(value[0]) for value in values if value), "")
    except Exception:  # a file's tags may be damaged in any way, and are only asked for a name
        return ""


def _plain(name: str) -> str:
    """Give letters and digits only, as other data sets write their artists: `aimeemann`."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _folds(table: _Table, found: Sequence[_Row]) -> dict[str, int]:
    """Give each group its fold: the table's, or one that `splits.deal` deals."""
    given: dict[str, int] = {}
    strata: dict[str, Counter[str]] = defaultdict(Counter)
    for row in found:
        if row.fold is not None and given.setdefault(row.group, row.fold) != row.fold:
            raise DatasetInvalid(
                f"{table.path}, line {row.line}: {row.clip} is of fold {row.fold}, where its group "
                f"{row.group} has fold {given[row.group]} above",
                "give all clips of a group the same fold",
            )
        strata[row.group][_stratum(row)] += 1
    return deal(strata, given)


def _stratum(row: _Row) -> str:
    """Say what a clip is like, for folds that are alike."""
    if not np.isnan(row.plane).any():
        return quadrant_of(*row.plane)
    known = np.nan_to_num(row.labels, nan=-1.0)
    return str(int(known.argmax())) if len(known) else ""
