"""The language of searches, such as `calm > 0.6 and not sad`: parsed, never evaluated.

    query    = [ either ]                                nothing finds every song
    either   = both { "or" both }
    both     = one { "and" one }
    one      = "not" one | "(" either ")" | test
    test     = tag                                       its score reaches its threshold
             | quadrant                                  Q1, Q2, Q3, Q4
             | number-name compare number                of a quadrant: how likely it is
             | number-name [ "not" ] "in" range          both ends belong to it
             | text-name ( "=" | "!=" | "~" | "!~" ) text
             | "quadrant" ( "=" | "!=" ) quadrant
    compare  = ">" | ">=" | "<" | "<=" | "=" | "!="
    range    = [ number ] ".." [ number ]                one of them at least
    number   = digits, a sign and decimals allowed, or a time such as 3:30
    text     = "in quotes", 'in the others', or a single word; a doubled quote is one of it

A number-name is a tag, a quadrant, `valence`, `arousal`, `music`, `year` or `duration` (seconds,
or minutes:seconds); a text-name is `artist`, `album`, `title`, `genre` or `path`. `names.py` says
by which names tags go. Words of the language are the same in capitals.

`parse` gives a tree of frozen dataclasses, in which only `Not` negates: `sql.py` makes it a
question to the database.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from affetto.audio import display
from affetto.core import Quadrant
from affetto.errors import QueryInvalid
from affetto.library.database import StoredTag
from affetto.library.names import (
    FIELDS,
    NUMBER_FIELDS,
    TEXT_FIELDS,
    NumberField,
    TagNames,
    TextField,
    quadrant_named,
    slug,
)

MAX_DEPTH = 50  # of parentheses and `not`: more would be too much for SQLite
MAX_TESTS = 200
EXCERPT_COLUMNS = 72

Comparison = Literal[">", ">=", "<", "<=", "="]


@dataclass(frozen=True, slots=True)
class Likely:
    """How likely a quadrant is, by the slopes of the bundle that has scored the songs."""

    quadrant: Quadrant
    sign_slopes: tuple[float, float]

    @property
    def title(self) -> str:
        return self.quadrant


Subject: TypeAlias = StoredTag | NumberField | Likely


@dataclass(frozen=True, slots=True)
class Chosen:
    """The song has the tag: its score reaches the tag's threshold."""

    tag: StoredTag


@dataclass(frozen=True, slots=True)
class Compared:
    """A number lies above, below or at a value. What is not known does not."""

    subject: Subject
    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class Within:
    """A number lies in a range with both its ends; None leaves a side open."""

    subject: Subject
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Matched:
    """A text is another one, or contains it; what is not known is the empty text."""

    field: TextField
    comparison: Literal["=", "~"]
    text: str


@dataclass(frozen=True, slots=True)
class InQuadrant:
    """The song lies in this quadrant."""

    quadrant: Quadrant


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    test: Query


@dataclass(frozen=True, slots=True)
class And:
    """All of them; of none, everything."""

    tests: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    tests: tuple[Query, ...]


Query: TypeAlias = Chosen | Compared | Within | Matched | InQuadrant | Not | And | Or

EVERYTHING = And(())

# What a number can be: a search beyond these would find nothing, or everything, by a slip.
_LIMITS: dict[str, tuple[float, float]] = {
    "valence": (-1, 1),
    "arousal": (-1, 1),
    "music": (0, 1),
}


def parse(text: str, names: TagNames) -> Query:
    """Read a search. Raises: QueryInvalid, which shows the place."""
    return _Parser(text, names).query()


def parse_range(text: str, subject: NumberField, names: TagNames) -> Within:
    """Read a range such as `1990..1999`, `..4:00` or `0.2..`, or a single number."""
    return _Parser(text, names).range_of(subject)


# ---------------------------------------------------------------- words

_Kind = Literal["word", "number", "text", "symbol", "end"]


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of the search, from `start` to `end`; `text` is a quoted one's content."""

    kind: _Kind
    text: str
    start: int
    end: int


_SPACE = re.compile(r"\s*")
_SYMBOL = re.compile(r">=|<=|!=|!~|\.\.|[><=~()]")
_NUMBER = re.compile(
    r"[+\-\N{MINUS SIGN}]?"
    r"(?:[0-9]+:[0-5][0-9](?::[0-5][0-9])?(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"(?!\w|\.\w)"
)
_WORD = re.compile(r"[\w\u0300-\u036f]+(?:[-.'’&][\w\u0300-\u036f]+)*")
_TEXT = re.compile(r'"((?:[^"]|"")*)"|\'((?:[^\']|\'\')*)\'')

_FOREIGN = re.compile(r"==|<>|&&?|\|\|?|!(?![=~])")
_INSTEAD = {
    "==": "write =",
    "<>": "write !=",
    "&": "write and",
    "&&": "write and",
    "|": "write or",
    "||": "write or",
    "!": "write not",
}


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while True:
        space = _SPACE.match(text, at)
        at = at if space is None else space.end()
        if at == len(text):
            return [*found, _Token("end", "", at, at)]
        token = _token(text, at)
        found.append(token)
        at = token.end


def _token(text: str, at: int) -> _Token:
    if text[at] in "\"'":
        quoted = _TEXT.match(text, at)
        if quoted is None:
            raise _wrong(text, at, len(text), "this quote is not closed", f"end it with {text[at]}")
        double, single = quoted.groups()
        content = single.replace("''", "'") if double is None else double.replace('""', '"')
        return _Token("text", content, at, quoted.end())
    foreign = _FOREIGN.match(text, at)
    if foreign is not None:
        sign = foreign.group()
        raise _wrong(text, at, foreign.end(), f"{sign} is of another language", _INSTEAD[sign])
    for kind, pattern in (("symbol", _SYMBOL), ("number", _NUMBER), ("word", _WORD)):
        found = pattern.match(text, at)
        if found is not None:
            return _Token(cast("_Kind", kind), found.group(), at, found.end())
    hint = 'put a text in straight quotes, such as artist ~ "bach"'
    if text[at] == "," and text[at - 1 : at].isdecimal():
        hint = "write decimals with a point"
    raise _wrong(text, at, at + 1, f"the character {display(text[at])} means nothing here", hint)


# ---------------------------------------------------------------- sentences


class _Parser:
    """One reading of a text; each method reads what its name says and moves on."""

    def __init__(self, text: str, names: TagNames) -> None:
        self._text = text
        self._names = names
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._n_tests = 0

    def query(self) -> Query:
        if self._next.kind == "end":
            return EVERYTHING
        found = self._either()
        left = self._next
        if left.kind == "end":
            return found
        if left.text == ")":
            raise self._wrong(left, "there is no parenthesis open that this closes", "leave it out")
        if left.kind == "symbol":
            raise self._wrong(left, f"{left.text} compares nothing here", "write a name before it")
        raise self._wrong(
            left, "two tests stand side by side", "put and, or, or and not between them"
        )

    def range_of(self, subject: NumberField) -> Within:
        if self._next.kind == "number" and self._tokens[self._at + 1].kind == "end":
            value = self._number(subject)
            return Within(subject, value, value)
        found = self._range(subject)
        if self._next.kind != "end":
            raise self._wrong(self._next, "the range ends before this", "write it as 0.2..0.4")
        return found

    # ------------------------------------------------------------ and, or, not

    def _either(self) -> Query:
        tests = [self._both()]
        while self._took_word("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else Or(tuple(tests))

    def _both(self) -> Query:
        tests = [self._one()]
        while self._took_word("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else And(tuple(tests))

    def _one(self) -> Query:
        start = self._next
        if not (self._is_word("not") or self._is_symbol("(")):
            return self._test()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong(start, "this is nested too deeply", "write it in a simpler way")
        if self._took_word("not"):
            found: Query = Not(self._one())
        else:
            self._take()
            found = self._either()
            if not self._is_symbol(")"):
                raise self._wrong(start, "this parenthesis is not closed", "close it with )")
            self._take()
        self._depth -= 1
        return found

    # ------------------------------------------------------------ tests

    def _test(self) -> Query:
        name = self._take()
        self._n_tests += 1
        if self._n_tests > MAX_TESTS:
            raise self._wrong(
                name, f"there are more than {MAX_TESTS} tests", "search in several steps"
            )
        if name.kind not in ("word", "text") or _is_reserved(name):
            raise self._wrong_start(name)
        field = slug(name.text) if name.kind == "word" else ""
        if field == "quadrant":
            return self._quadrant_test()
        if field in TEXT_FIELDS:
            return self._text_test(field)
        if field in NUMBER_FIELDS:
            test = self._number_test(field)
            if test is None:
                hint = f"write it as {field} > {_EXAMPLES[field]}"
                raise self._wrong(name, f"{field} must be compared with something", hint)
            return test
        quadrant = quadrant_named(field)
        if quadrant is not None:
            return self._one_quadrant_test(name, quadrant)
        tag = self._names.tag(name.text)
        if tag is None:
            raise self._wrong_name(name)
        if self._next.text in ("~", "!~") and self._next.kind == "symbol":
            raise self._wrong(self._next, "a tag is a number", "compare it with > or <")
        return self._number_test(tag) or Chosen(tag)

    def _number_test(self, subject: Subject) -> Query | None:
        """Read what follows a number's name; None if that is nothing of it."""
        is_not = self._is_word("not") and self._tokens[self._at + 1].text.lower() == "in"
        if is_not:
            self._take()
        if self._took_word("in"):
            found = self._range(subject)
            return Not(found) if is_not else found
        sign = self._next
        if sign.kind != "symbol" or sign.text not in (">", ">=", "<", "<=", "=", "!="):
            return None
        self._take()
        value = self._number(subject)
        if sign.text == "!=":
            return Not(Compared(subject, "=", value))
        return Compared(subject, cast("Comparison", sign.text), value)

    def _text_test(self, field: TextField) -> Query:
        sign = self._take()
        if sign.kind != "symbol" or sign.text not in ("=", "!=", "~", "!~"):
            hint = f'write {field} = "{field}", or {field} ~ "part of it"'
            raise self._wrong(sign, f"{field} is a text and takes =, !=, ~ or !~", hint)
        text = self._take()
        if text.kind not in ("text", "word", "number") or _is_reserved(text):
            hint = f'put it in quotes, such as {field} {sign.text} "bach"'
            raise self._wrong(text, f"{field} must be compared with a text", hint)
        content = text.text
        comparison: Literal["=", "~"] = "=" if sign.text in ("=", "!=") else "~"
        found = Matched(field, comparison, content)
        return Not(found) if sign.text.startswith("!") else found

    def _one_quadrant_test(self, name: _Token, quadrant: Quadrant) -> Query:
        slopes = self._names.bundle.sign_slopes
        test = self._number_test(Likely(quadrant, slopes or (1.0, 1.0)))
        if test is not None and slopes is None:
            bundle = self._names.bundle.title
            message = f"bundle {bundle} does not say how likely {quadrant} is"
            raise self._wrong(name, message, f"write {quadrant} alone, for songs that lie in it")
        return test or InQuadrant(quadrant)

    def _quadrant_test(self) -> Query:
        sign = self._take()
        if sign.kind != "symbol" or sign.text not in ("=", "!="):
            raise self._wrong(sign, "quadrant takes = or !=", "write quadrant = Q1, or simply Q1")
        which = self._take()
        quadrant = quadrant_named(which.text)
        if quadrant is None:
            raise self._wrong(which, "this is not a quadrant", "there are Q1, Q2, Q3 and Q4")
        found = InQuadrant(quadrant)
        return Not(found) if sign.text == "!=" else found

    def _range(self, subject: Subject) -> Within:
        start = self._next
        low = None if self._is_symbol("..") else self._number(subject)
        if not self._is_symbol(".."):
            raise self._wrong(self._next, "a range needs two dots", "write it as 0.2..0.4")
        dots = self._take()
        high = self._number(subject) if self._next.kind == "number" else None
        if low is None and high is None:
            raise self._wrong(dots, "the range has no end at all", "write it as 0.2..0.4, or 0.2..")
        if low is not None and high is not None and low > high:
            end = self._tokens[self._at - 1].end
            hint = "put the smaller number first"
            raise _wrong(self._text, start.start, end, "the range runs backward", hint)
        return Within(subject, low, high)

    def _number(self, subject: Subject) -> float:
        token = self._take()
        name = subject if isinstance(subject, str) else subject.title
        if token.kind != "number":
            hint = f"write {slug(name)} > {_EXAMPLES.get(name, '0.5')}"
            raise self._wrong(token, f"{name} must be compared with a number", hint)
        value = _value(token.text)
        low, high = _LIMITS.get(name, (-math.inf, math.inf) if isinstance(subject, str) else (0, 1))
        if not low <= value <= high:
            message = f"{token.text} is no value of {name}"
            raise self._wrong(token, message, f"it lies between {low} and {high}")
        return value

    # ------------------------------------------------------------ moving on

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        if token.kind != "end":  # which can be taken again and again
            self._at += 1
        return token

    def _is_word(self, word: str) -> bool:
        return self._next.kind == "word" and self._next.text.lower() == word

    def _is_symbol(self, symbol: str) -> bool:
        return self._next.kind == "symbol" and self._next.text == symbol

    def _took_word(self, word: str) -> bool:
        is_here = self._is_word(word)
        self._at += is_here
        return is_here

    # ------------------------------------------------------------ what is wrong

    def _wrong(self, token: _Token, message: str, hint: str) -> QueryInvalid:
        return _wrong(self._text, token.start, token.end, message, hint)

    def _wrong_start(self, token: _Token) -> QueryInvalid:
        hint = 'begin with a name, such as calm, valence > 0 or artist ~ "bach"'
        if token.kind == "end":
            return self._wrong(token, "the search ends where a test should follow", hint)
        if token.kind == "word":
            return self._wrong(token, f"{token.text.lower()} stands where a test should be", hint)
        return self._wrong(token, "a test does not begin like this", hint)

    def _wrong_name(self, token: _Token) -> QueryInvalid:
        near = self._names.near(token.text)
        known = f"fields: {', '.join(FIELDS)}; for tags see: affetto stats"
        hint = f"did you mean {near}?" if near else known
        return self._wrong(token, f"there is no tag or field named {display(token.text)!r}", hint)


_EXAMPLES = {"valence": "0.2", "arousal": "0.2", "music": "0.5", "year": "1990", "duration": "3:30"}


def _is_reserved(token: _Token) -> bool:
    return token.kind == "word" and token.text.lower() in ("and", "or", "not", "in")


def _value(text: str) -> float:
    """Give a number as it was written; of a time, the seconds."""
    text = text.replace("\N{MINUS SIGN}", "-")
    sign = -1.0 if text.startswith("-") else 1.0
    value = 0.0
    for part in text.lstrip("+-").split(":"):
        value = 60 * value + float(part)
    return sign * value


def _wrong(text: str, start: int, end: int, message: str, hint: str) -> QueryInvalid:
    return QueryInvalid(message, hint, excerpt(text, start, end))


def excerpt(text: str, start: int, end: int) -> str:
    """Give two lines: the text around a place, and carets below it, however wide letters are."""
    shown = [display(letter) for letter in text]
    first, last = start, min(max(end, start + 1), start + EXCERPT_COLUMNS)
    while last - first > 1 and _columns("".join(shown[first:last])) > EXCERPT_COLUMNS:
        last -= 1  # the beginning of the place says most
    n_carets = max(1, _columns("".join(shown[start:last])))
    left = first
    while left and _columns("".join(shown[left - 1 : last])) <= EXCERPT_COLUMNS:
        left -= 1
    right = last
    while right < len(shown) and _columns("".join(shown[left : right + 1])) <= EXCERPT_COLUMNS:
        right += 1
    before = ("…" if left else "") + "".join(shown[left:start])
    line = before + "".join(shown[start:right]) + ("…" if right < len(shown) else "")
    return f"{line}\n{' ' * _columns(before)}{'^' * n_carets}"


def _columns(text: str) -> int:
    """Give how many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(letter) else
        1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )  # fmt: skip
