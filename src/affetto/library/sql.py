"""A parsed search as a question to the database. Every value is a parameter, none is in the text.

Conditions are true or false, never unknown: comparing what a song does not tell is false, and
`not` makes it true. Scores and places on the mood map were single precision before they came
into the database, so what they are compared with is rounded the same way: a score of 0.6 is not
less than 0.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from affetto.core import QUADRANTS, Quadrant, quadrant_probabilities
from affetto.errors import BadConfig
from affetto.library.database import StoredBundle, StoredTag
from affetto.library.folding import SQL_NAME, folded
from affetto.library.names import TagNames, TextField, quadrant_named, slug
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

Value = str | bytes | float | int

FIELD_SORTS = ("path", "title", "artist", "album", "genre", "year", "duration", "music")
SORTS = ("match", *FIELD_SORTS, "valence", "arousal", *QUADRANTS)
"""What songs can be sorted by, beside tags."""

_COLUMNS = {
    "valence": "valence",
    "arousal": "arousal",
    "music": "music",
    "year": "year",
    "duration": "duration_s",
    "artist": "artist",
    "album": "album",
    "title": "title",
    "genre": "genre",
    "path": "path",
}
_SINGLE = ("valence", "arousal", "music")  # of single precision, as scores are
SQL_LIKELY = "likely"
_LIKELY = f"{SQL_LIKELY}(valence, arousal, ?, ?, ?)"
_SCORE = "(SELECT score FROM scores WHERE tag_id = ? AND file_id = files.id)"


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of SQL, and the values of its question marks."""

    text: str
    values: tuple[Value, ...] = ()


def question(query: Query, bundle: StoredBundle, sort: str, reverse: bool) -> Clause:
    """Give the question for the numbers of the songs that a search finds, in order.

    `sort` is one of `SORTS` or the name of a tag. The best match and the highest score come
    first, everything else rises; songs of which the value is not known come last, and
    equal ones by path. Raises: UnknownName.
    """
    where = condition(query)
    order = _order(sort, reverse, query, bundle)
    # CROSS JOIN has SQLite look at files first, and at results by their index alone: what else it
    # may choose takes five times as long.
    text = (
        "SELECT files.id FROM files"
        " CROSS JOIN results ON file_id = files.id AND bundle_id = ? AND status = 'ok'"
        f" WHERE missing_since IS NULL AND {where.text} ORDER BY {order.text}, path"
    )
    return Clause(text, (bundle.id, *where.values, *order.values))


def condition(query: Query) -> Clause:
    """Give the condition on a row of `files` and `results` that a search stands for."""
    match query:
        case Chosen(tag):
            return _scored(tag, "score >= ?", (single(tag.threshold),))
        case Compared(StoredTag() as tag, comparison, value):
            return _scored(tag, f"score {comparison} ?", (single(value),))
        case Compared(subject, comparison, value):
            return _known(subject, f"{comparison} ?", (value,))
        case Within(subject, low, high):
            return _within(subject, low, high)
        case Matched(field, "=", text):
            return Clause(f"({_folded(field)} = ?)", (folded(text),))
        case Matched(field, _, text):
            return Clause(f"(instr({_folded(field)}, ?) > 0)", (folded(text),))
        case InQuadrant(quadrant):
            return Clause("(quadrant IS ?)", (quadrant,))
        case Not(test):
            inner = condition(test)
            return Clause(f"(NOT {inner.text})", inner.values)
        case And(tests):
            return _joined(tests, " AND ", "1")
        case Or(tests):
            return _joined(tests, " OR ", "0")


def _scored(tag: StoredTag, comparison: str, values: tuple[Value, ...]) -> Clause:
    text = f"(files.id IN (SELECT file_id FROM scores WHERE tag_id = ? AND {comparison}))"
    return Clause(text, (tag.id, *values))


def _known(subject: Subject, comparison: str, values: tuple[float, ...]) -> Clause:
    assert not isinstance(subject, StoredTag)
    if isinstance(subject, Likely):
        rounded = tuple(single(value) for value in values)
        return Clause(f"coalesce({_LIKELY} {comparison}, 0)", (*_likely_values(subject), *rounded))
    column = _COLUMNS[subject]
    rounded = tuple(single(value) for value in values) if subject in _SINGLE else values
    return Clause(f"({column} {comparison} AND {column} IS NOT NULL)", rounded)


def _within(subject: Subject, low: float | None, high: float | None) -> Clause:
    sides = ((">=", low), ("<=", high))
    bounds = [(sign, value) for sign, value in sides if value is not None]
    if isinstance(subject, StoredTag):
        text = " AND ".join(f"score {sign} ?" for sign, _ in bounds)
        return _scored(subject, text, tuple(single(value) for _, value in bounds))
    parts = [_known(subject, f"{sign} ?", (value,)) for sign, value in bounds]
    return _wrapped(parts, " AND ")


def _joined(tests: Iterable[Query], word: str, of_none: str) -> Clause:
    return _wrapped([condition(test) for test in tests] or [Clause(of_none)], word)


def _wrapped(parts: Iterable[Clause], word: str) -> Clause:
    found = list(parts)
    text = word.join(part.text for part in found)
    return Clause(f"({text})", tuple(value for part in found for value in part.values))


def _folded(field: TextField) -> str:
    # As bytes: a path need not be text, and then no function would get it.
    return f"{SQL_NAME}(CAST({_COLUMNS[field]} AS BLOB))"


def _likely_values(subject: Likely) -> tuple[Value, ...]:
    return (*subject.sign_slopes, subject.quadrant)


def likely(
    valence: float | None,
    arousal: float | None,
    valence_slope: float,
    arousal_slope: float,
    quadrant: Quadrant,
) -> float | None:
    """Say how likely a quadrant is, in single precision; what `SQL_LIKELY` calls."""
    if valence is None or arousal is None:
        return None
    return single(
        quadrant_probabilities(valence, arousal, (valence_slope, arousal_slope))[quadrant]
    )


def single(value: float) -> float:
    """Give a number as it is in single precision, which scores and places are of."""
    return float(np.float32(value))


# ---------------------------------------------------------------- order


def _order(sort: str, reverse: bool, query: Query, bundle: StoredBundle) -> Clause:
    name, names = slug(sort), TagNames(bundle)
    rising, falling = ("DESC", "ASC") if reverse else ("ASC", "DESC")
    if name == "match":
        return _by_match(query, falling)
    if name == "path":
        return Clause(f"path {rising}")
    if name in ("title", "artist", "album", "genre"):
        column = _COLUMNS[name]
        # An album stays together, and in the order of its files.
        text = f"{column} IS NULL, {SQL_NAME}(CAST({column} AS BLOB)) {rising}"
        return Clause(f"{text}, {SQL_NAME}(CAST(album AS BLOB))" if name == "artist" else text)
    if name in _COLUMNS:
        return Clause(f"{_COLUMNS[name]} IS NULL, {_COLUMNS[name]} {rising}")
    quadrant = quadrant_named(name)
    if quadrant is not None:
        if bundle.sign_slopes is None:
            raise BadConfig(
                f"bundle {bundle.title} does not say how likely quadrants are",
                "sort by valence or arousal",
            )
        values = _likely_values(Likely(quadrant, bundle.sign_slopes))
        return Clause(f"{_LIKELY} IS NULL, {_LIKELY} {falling}", (*values, *values))
    tag = names.tag(sort)
    if tag is None:
        near = names.near(sort, SORTS)
        raise BadConfig(
            f"songs cannot be sorted by {sort!r}",
            f"did you mean {near}?" if near else f"sort by a tag, or by {', '.join(SORTS)}",
        )
    return Clause(f"{_SCORE} IS NULL, {_SCORE} {falling}", (tag.id, tag.id))


def _by_match(query: Query, direction: str) -> Clause:
    """Order by the mean score of the tags that are asked for; for those not wanted, 1 less it."""
    wanted = dict.fromkeys(wanted_tags(query, True))
    if not wanted:
        return Clause(f"path {'ASC' if direction == 'DESC' else 'DESC'}")
    parts = [f"coalesce({_SCORE}, 0)" if is_wanted else f"1 - coalesce({_SCORE}, 1)"
             for _, is_wanted in wanted]  # fmt: skip
    return Clause(f"{' + '.join(parts)} {direction}", tuple(tag.id for tag, _ in wanted))


def wanted_tags(query: Query, is_wanted: bool) -> Iterator[tuple[StoredTag, bool]]:
    """Give the tags of a search, each with whether much of it is wanted, or little."""
    match query:
        case Chosen(tag):
            yield tag, is_wanted
        case Compared(StoredTag() as tag, comparison, _) if comparison != "=":
            yield tag, is_wanted == comparison.startswith(">")
        case Not(test):
            yield from wanted_tags(test, not is_wanted)
        case And(tests) | Or(tests):
            for test in tests:
                yield from wanted_tags(test, is_wanted)
        case _:
            pass


def tags_of(query: Query) -> tuple[StoredTag, ...]:
    """Give the tags that a search names, each once."""
    match query:
        case Chosen(tag) | Compared(StoredTag() as tag) | Within(StoredTag() as tag):
            return (tag,)
        case Not(test):
            return tags_of(test)
        case And(tests) | Or(tests):
            return tuple(dict.fromkeys(tag for test in tests for tag in tags_of(test)))
        case _:
            return ()
