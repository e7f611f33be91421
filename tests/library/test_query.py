"""Searches are read as they are meant, or refused in a sentence that shows the place."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.errors import BadConfig, QueryInvalid
from affetto.library.names import TEXT_FIELDS, TagNames
from affetto.library.query import (
    EVERYTHING,
    EXCERPT_COLUMNS,
    MAX_DEPTH,
    MAX_TESTS,
    And,
    Chosen,
    Compared,
    InQuadrant,
    Likely,
    Matched,
    Not,
    Or,
    Query,
    Within,
    excerpt,
    parse,
    parse_range,
)
from tests.library.queries import SLOPES
from tests.library.test_names import BUNDLE
from tests.rules.source import ROOT

NAMES = TagNames(BUNDLE)
TAGS = {tag.tag: tag for tag in BUNDLE.tags}
CALM, SAD, HAPPY = TAGS["calming_soothing"], TAGS["sad"], TAGS["happy"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", EVERYTHING),
        (" \n", EVERYTHING),
        ("calm", Chosen(CALM)),
        ("calm > 0.6", Compared(CALM, ">", 0.6)),
        ("calm>=.6", Compared(CALM, ">=", 0.6)),
        ("calm != 0.5", Not(Compared(CALM, "=", 0.5))),
        ("calm > 0.6 and not sad", And((Compared(CALM, ">", 0.6), Not(Chosen(SAD))))),
        ("calm or sad and happy", Or((Chosen(CALM), And((Chosen(SAD), Chosen(HAPPY)))))),
        ("(calm or sad) and happy", And((Or((Chosen(CALM), Chosen(SAD))), Chosen(HAPPY)))),
        ("not calm and sad", And((Not(Chosen(CALM)), Chosen(SAD)))),
        ("NOT (calm OR sad)", Not(Or((Chosen(CALM), Chosen(SAD))))),
        ("not not calm", Not(Not(Chosen(CALM)))),
        ("valence in -0.2..0.4", Within("valence", -0.2, 0.4)),
        ("valence in −0.2 .. 0.4", Within("valence", -0.2, 0.4)),
        ("arousal not in ..0", Not(Within("arousal", None, 0.0))),
        ("calm in 0.2..", Within(CALM, 0.2, None)),
        ("duration < 3:30", Compared("duration", "<", 210.0)),
        ("duration in 1:00:00..1:30:00", Within("duration", 3600.0, 5400.0)),
        ("year = 1999", Compared("year", "=", 1999.0)),
        ("Q1 or q3", Or((InQuadrant("Q1"), InQuadrant("Q3")))),
        ("Q1 > 0.7 and q3", And((Compared(Likely("Q1", SLOPES), ">", 0.7), InQuadrant("Q3")))),
        ("q2 not in 0.2..", Not(Within(Likely("Q2", SLOPES), 0.2, None))),
        ("music < 0.5", Compared("music", "<", 0.5)),
        ("quadrant = q4", InQuadrant("Q4")),
        ("quadrant != Q2", Not(InQuadrant("Q2"))),
        ('artist ~ "bach"', Matched("artist", "~", "bach")),
        ("artist = 'Bach'", Matched("artist", "=", "Bach")),
        ("genre = hip-hop", Matched("genre", "=", "hip-hop")),
        ("album = 1984", Matched("album", "=", "1984")),
        ("artist = 2pac", Matched("artist", "=", "2pac")),
        ('title !~ "Don\'t"', Not(Matched("title", "~", "Don't"))),
        ('title != "say ""yes"""', Not(Matched("title", "=", 'say "yes"'))),
        (r'path ~ "C:\Music\"', Matched("path", "~", "C:\\Music\\")),
        ('artist = ""', Matched("artist", "=", "")),
        ('"joyful activation" > 0.5', Compared(TAGS["joyful_activation"], ">", 0.5)),
        ("gems9.tension", Chosen(TAGS["tension"])),
        ("Laid-back", Chosen(TAGS["laidback_mellow"])),
    ],
)
def test_search_is_read_as_it_is_meant(text: str, query: Query) -> None:
    assert parse(text, NAMES) == query


@pytest.mark.parametrize(
    ("text", "place", "sentence", "hint"),
    [
        ("clam > 0.6", "clam", "no tag or field named 'clam'", "did you mean calm?"),
        ("calm and valense > 0", "valense", "named 'valense'", "did you mean valence?"),
        ("xyzzy", "xyzzy", "named 'xyzzy'", "fields: valence"),
        ("calm >> 3", "> ", "must be compared with a number", "write calming > 0.5"),
        ("calm > 60", "60", "60 is no value of Calming", "between 0 and 1"),
        ("valence > 2", "2", "2 is no value of valence", "between -1 and 1"),
        ("calm > 0,6", ",", "the character , means nothing", "decimals with a point"),
        ("calm == 0.6", "==", "== is of another language", "write ="),
        ("calm && sad", "&&", "&& is of another language", "write and"),
        ("!calm", "!", "! is of another language", "write not"),
        ("calm and", "", "the search ends", "begin with a name"),
        ("and calm", "and", "and stands where a test should be", "begin with a name"),
        ("0.6 < calm", "0.6", "does not begin like this", "begin with a name"),
        ("(calm", "(", "not closed", ")"),
        ("calm)", ")", "no parenthesis open", "leave it out"),
        ("calm sad", "sad", "side by side", "put and, or"),
        ("calm > 0.2 < 0.4", "<", "< compares nothing here", "a name before it"),
        ("valence", "valence", "must be compared with something", "valence > 0.2"),
        ("artist", "", "takes =, !=, ~ or !~", 'artist ~ "part of it"'),
        ("artist > 3", ">", "takes =, !=, ~ or !~", 'artist ~ "part of it"'),
        ("artist = not", "not", "must be compared with a text", "quotes"),
        ("artist = “bach”", "“", "the character “ means nothing", "straight quotes"),
        ('artist = "bach', '"bach', "quote is not closed", 'end it with "'),
        ("calm ~ 'x'", "~", "a tag is a number", "> or <"),
        ("year in 1990", "", "two dots", "0.2..0.4"),
        ("year in ..", "..", "no end at all", "0.2.."),
        ("year in 4..3", "4..3", "runs backward", "smaller number first"),
        ("Q1 > 2", "2", "2 is no value of Q1", "between 0 and 1"),
        ("music > 2", "2", "2 is no value of music", "between 0 and 1"),
        ("Q1 > Q2", "Q2", "Q1 must be compared with a number", "write q1 > 0.5"),
        ("quadrant = Q5", "Q5", "not a quadrant", "Q1, Q2, Q3 and Q4"),
        ("quadrant > Q1", ">", "takes = or !=", "simply Q1"),
        ("calm; DROP TABLE files", ";", "the character ; means nothing", "quotes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    text: str, place: str, sentence: str, hint: str
) -> None:
    with pytest.raises(QueryInvalid) as caught:
        parse(text, NAMES)
    error = caught.value
    assert sentence in error.message
    assert hint in error.hint
    assert "\n" not in str(error)
    line, carets = error.excerpt.splitlines()
    assert line == text
    start = len(carets) - len(carets.lstrip())
    assert text[start : len(carets)] == place.strip()
    assert set(carets.strip()) == {"^"}


def test_refusal_is_a_setting_that_is_wrong() -> None:
    assert issubclass(QueryInvalid, BadConfig)


def test_excerpt_shows_the_neighborhood_of_a_place_in_a_long_search() -> None:
    text = "calm and " * 40 + "clam and " + "calm and " * 40 + "sad"
    with pytest.raises(QueryInvalid) as caught:
        parse(text, NAMES)
    line, carets = caught.value.excerpt.splitlines()
    assert len(line) <= EXCERPT_COLUMNS + 2
    assert line.startswith("…")
    assert line.endswith("…")
    assert line[carets.index("^") : len(carets)] == "clam"


def test_excerpt_counts_the_columns_of_wide_letters_and_escapes() -> None:
    assert excerpt("音楽 x", 3, 4) == "音楽 x\n     ^"
    assert excerpt("a\tb", 2, 3) == "a\\tb\n   ^"
    assert excerpt("e\u0301 x", 3, 4) == "e\u0301 x\n  ^"


def test_depth_and_number_of_tests_are_limited() -> None:
    assert parse("(" * MAX_DEPTH + "calm" + ")" * MAX_DEPTH, NAMES) == Chosen(CALM)
    for text in ("(" * 100_000, "not " * 100_000, "(" * (MAX_DEPTH + 1) + "calm"):
        with pytest.raises(QueryInvalid, match="nested too deeply"):
            parse(text, NAMES)
    assert parse(" or ".join(["calm"] * MAX_TESTS), NAMES) == Or((Chosen(CALM),) * MAX_TESTS)
    with pytest.raises(QueryInvalid, match="more than 200 tests"):
        parse(" or ".join(["calm"] * (MAX_TESTS + 1)), NAMES)


def test_how_likely_a_quadrant_is_cannot_be_asked_where_the_bundle_does_not_say() -> None:
    names = TagNames(replace(BUNDLE, sign_slopes=None))
    assert parse("Q1 and not Q3", names) == And((InQuadrant("Q1"), Not(InQuadrant("Q3"))))
    with pytest.raises(QueryInvalid, match=r"bundle tiny 1\.0 does not say how likely Q3 is"):
        parse("Q1 and Q3 > 0.7", names)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1990..1999", Within("year", 1990, 1999)),
        ("1990", Within("year", 1990, 1990)),
        ("..1999", Within("year", None, 1999)),
        (" 1990.. ", Within("year", 1990, None)),
    ],
)
def test_range_of_an_option_is_read(text: str, found: Within) -> None:
    assert parse_range(text, "year", NAMES) == found


@pytest.mark.parametrize("text", ["", "abc", "1990-1999", "1..2 or 3", "..", "1990 1999"])
def test_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(QueryInvalid):
        parse_range(text, "year", NAMES)


def test_examples_of_the_docs_can_be_read() -> None:
    text = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    language = text[text.index("## The language") : text.index("### The grammar")]
    (examples,) = re.findall(r"^Examples:\n\n```\n(.*?)```", language, re.MULTILINE | re.DOTALL)
    cells = re.findall(r"^\| (`.*?`) \| (?:that|whose|by|of|outside)", language, re.MULTILINE)
    tests = [test for cell in cells for test in re.findall(r"`(.*?)`", cell)]
    assert len(tests) >= 10
    for example in (*examples.splitlines(), *tests):
        parse(example, NAMES)


PIECES = (
    *("calm", "sad", "valence", "year", "duration", "artist", "path", "quadrant", "Q1"),
    *("and", "or", "not", "in", "(", ")", ">", ">=", "<", "=", "!=", "~", "!~", "..", "==", "&"),
    *("0.5", "-1", "3:30", "1999", '"x"', "'y'", '"', "'", ".", ",", ";", "--"),
    *("é", "音", "\0", "\ud800"),
)


SEARCHES = st.text() | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)


@given(SEARCHES)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text, NAMES)
    except QueryInvalid as error:
        assert error.message
        assert error.hint
        line, carets = error.excerpt.split("\n")
        assert len(carets.rstrip("^")) <= 2 * len(line) + 1


@given(st.sampled_from(TEXT_FIELDS), st.text(), st.sampled_from("\"'"))
def test_quoted_text_is_taken_letter_by_letter(field: str, text: str, quote: str) -> None:
    quoted = quote + text.replace(quote, 2 * quote) + quote
    assert parse(f"{field} = {quoted}", NAMES) == Matched(field, "=", text)  # type: ignore[arg-type]
