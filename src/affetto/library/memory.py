"""What searches by mood ask for, in memory: songs in the order of their paths, places, scores.

A program that keeps a library open asks it again and again, and arrays answer ten times as fast as
the database. To fill them takes longer than one question, so the first is left to the database;
so is every question after something was written, and whatever is asked about texts, years and
durations. `sql.py` says what conditions and orders mean: both give the same songs in the same
order.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from affetto.core import BoolArray, IntArray
from affetto.library.database import Library, StoredBundle, StoredTag
from affetto.library.names import TagNames, quadrant_named, slug
from affetto.library.query import (
    And,
    Chosen,
    Compared,
    InQuadrant,
    Likely,
    Matched,
    Not,
    Or,
    Query,
    Subject,
    Within,
)
from affetto.library.sql import SORTS, likely, single, wanted_tags

Numbers = npt.NDArray[np.float64]

PLACES = ("valence", "arousal")

_COMPARE = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}


class Memory:
    """The songs that a bundle has scored and whose files are there, by path.

    A tag's scores, and places, are read when they are first asked for. Unknown numbers are NaN,
    which no comparison holds for.
    """

    def __init__(self, library: Library, bundle: StoredBundle) -> None:
        rows = library.connection.rows(
            "SELECT files.id FROM files CROSS JOIN results"
            " ON file_id = files.id AND bundle_id = ? AND status = 'ok'"
            " WHERE missing_since IS NULL ORDER BY path",
            (bundle.id,),
        )
        self.file_ids: IntArray = np.fromiter((row[0] for row in rows), np.int64)
        self._kept: dict[str | int | Likely, Numbers] = {}
        self._library = library
        self._bundle = bundle
        self._names = TagNames(bundle)

    def matching(self, query: Query, sort: str, reverse: bool) -> IntArray | None:
        """Give the numbers of the songs (n_songs,) for which a query holds, in order.

        None if it asks for what is not here, or sorts by it.
        """
        if not _is_here(query):
            return None
        key = self._key(query, sort, reverse)
        if key is None:
            return None
        rows = np.flatnonzero(self._holds(query))
        return self.file_ids[rows[np.argsort(key[rows], kind="stable")]]

    def _holds(self, query: Query) -> BoolArray:
        """Say for each song whether a query holds, (n_songs,)."""
        match query:
            case Chosen(tag):
                return self._compared(tag, ">=", tag.threshold)
            case Compared(subject, comparison, value):
                return self._compared(subject, comparison, value)
            case Within(subject, low, high):
                found = self._all(True)
                for comparison, end in ((">=", low), ("<=", high)):
                    if end is not None:
                        found &= self._compared(subject, comparison, end)
                return found
            case InQuadrant(quadrant):
                return np.asarray(self._numbers("quadrant") == int(quadrant[1:]))
            case Not(test):
                return ~self._holds(test)
            case And(tests):
                found = self._all(True)
                for test in tests:
                    found &= self._holds(test)
                return found
            case Or(tests):
                found = self._all(False)
                for test in tests:
                    found |= self._holds(test)
                return found
            case Matched():
                raise AssertionError("texts are not in memory")

    def _compared(self, subject: Subject, comparison: str, value: float) -> BoolArray:
        return np.asarray(_COMPARE[comparison](self._numbers(subject), single(value)))

    def _all(self, value: bool) -> BoolArray:
        return np.full(len(self.file_ids), value)

    def _numbers(self, subject: StoredTag | Likely | str) -> Numbers:
        """Give the scores of a tag, places, quadrants (1 to 4) or how likely one is, of all songs,
        (n_songs,)."""
        name = subject.id if isinstance(subject, StoredTag) else subject
        if name not in self._kept:
            if isinstance(subject, Likely):
                self._kept[subject] = self._likely(subject)
            elif isinstance(subject, StoredTag):
                self._read((subject.id,), "score FROM scores WHERE tag_id = ?", subject.id)
            else:  # all of them at once: it is finding the rows that takes time
                columns = ", ".join((*PLACES, "CAST(substr(quadrant, 2) AS REAL)"))
                rest = "FROM results WHERE bundle_id = ? AND status = 'ok' AND quadrant IS NOT NULL"
                self._read((*PLACES, "quadrant"), f"{columns} {rest}", self._bundle.id)
        return self._kept[name]

    def _likely(self, subject: Likely) -> Numbers:
        """Say how likely a quadrant is for each song, (n_songs,)."""
        found = np.full(len(self.file_ids), np.nan)
        places = np.stack([self._numbers(name) for name in PLACES], axis=1)
        is_known = ~np.isnan(places).any(axis=1)
        found[is_known] = [
            likely(valence, arousal, *subject.sign_slopes, subject.quadrant)
            for valence, arousal in places[is_known].tolist()
        ]
        return found

    def _read(self, names: Sequence[str | int], columns_from: str, value: int) -> None:
        """Keep columns of a table under their names."""
        rows = self._library.connection.table(f"SELECT file_id, {columns_from}", (value,))
        read = np.fromiter(rows, "i8" + ",f8" * len(names))
        rows_by_id = np.argsort(self.file_ids)
        known = self.file_ids[rows_by_id]
        places = np.searchsorted(known, read["f0"])
        places[places == len(known)] = 0
        is_here = known[places] == read["f0"] if len(known) else places < 0
        for column, name in enumerate(names, 1):
            values = self._kept[name] = np.full(len(known), np.nan)
            values[rows_by_id[places[is_here]]] = read[f"f{column}"][is_here]

    def _key(self, query: Query, sort: str, reverse: bool) -> Numbers | None:
        """Give what songs are ordered by, the lowest first, (n_songs,)."""
        name = slug(sort)
        tags = dict.fromkeys(wanted_tags(query, True)) if name == "match" else {}
        if tags:
            match = np.zeros(len(self.file_ids))
            for tag, is_wanted in tags:  # one step after the other, as the database adds
                scores = self._numbers(tag)
                if is_wanted:
                    match = match + np.where(np.isnan(scores), 0, scores)
                else:
                    match = match + 1 - np.where(np.isnan(scores), 1, scores)
            return match if reverse else -match
        if name in ("match", "path"):
            places = np.arange(len(self.file_ids), dtype=np.float64)
            return -places if reverse else places
        if name in PLACES:
            places = self._numbers(name)
            return -places if reverse else places
        quadrant = quadrant_named(name)
        if quadrant is not None and self._bundle.sign_slopes is not None:
            probability = self._numbers(Likely(quadrant, self._bundle.sign_slopes))
            return probability if reverse else -probability
        tag_asked = None if name in SORTS else self._names.tag(sort)
        if tag_asked is None:
            return None
        return self._numbers(tag_asked) if reverse else -self._numbers(tag_asked)


def _is_here(query: Query) -> bool:
    match query:
        case Matched():
            return False
        case Compared(subject) | Within(subject):
            return isinstance(subject, StoredTag | Likely) or subject in PLACES
        case Not(test):
            return _is_here(test)
        case And(tests) | Or(tests):
            return all(_is_here(test) for test in tests)
        case _:
            return True


_kept: WeakKeyDictionary[Library, tuple[object, Memory | None]] = WeakKeyDictionary()


def memory_of(library: Library, bundle: StoredBundle) -> Memory | None:
    """Give what is in memory of a library; None at the first question since it has changed."""
    version = (bundle.id, library.connection.version())
    kept_version, memory = _kept.get(library, (None, None))
    if kept_version != version:
        _kept[library] = (version, None)
        return None
    if memory is None:
        memory = Memory(library, bundle)
        _kept[library] = (version, memory)
    return memory
