"""JSON and JSON lines: valid whatever the names and however the run ends."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.core import PREDICTION_SCHEMA_VERSION
from affetto.writers.base import Selection
from affetto.writers.json_array import JsonWriter
from affetto.writers.json_lines import JsonLinesWriter
from tests.writers.songs import odd_song, song

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "prediction.schema.json").read_text(encoding="utf-8")
)


@given(name=st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name))
def test_json_gives_the_bytes_of_any_name_back(name: bytes) -> None:
    stream = io.StringIO()
    with JsonWriter(stream, Selection()) as writer:
        writer.add(song(os.fsdecode(name)))
    assert stream.getvalue().isascii()
    assert os.fsencode(json.loads(stream.getvalue())[0]["path"]) == name


@pytest.mark.parametrize("n_songs", [0, 1, 3])
def test_json_array_is_valid_when_closed_early(n_songs: int) -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), JsonWriter(stream, Selection()) as writer:
        for number in range(n_songs):
            writer.add(song(f"{number}.mp3"))
        raise KeyboardInterrupt
    assert [entry["path"] for entry in json.loads(stream.getvalue())] == [
        f"{number}.mp3" for number in range(n_songs)
    ]


def test_json_lines_hold_what_the_array_holds() -> None:
    array, lines = io.StringIO(), io.StringIO()
    for writer in (JsonWriter(array, Selection(2)), JsonLinesWriter(lines, Selection(2))):
        with writer:
            writer.add(song())
            writer.add(odd_song())
    assert [json.loads(line) for line in lines.getvalue().splitlines()] == json.loads(
        array.getvalue()
    )


def test_json_has_no_word_for_nan() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="JSON compliant"):
        JsonWriter(stream, Selection()).add(song(valence=np.nan))
    assert stream.getvalue() == ""


@pytest.mark.parametrize("timeline", [False, True])
@pytest.mark.parametrize("top", [None, 1])
def test_json_follows_the_schema(timeline: bool, top: int | None) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    stream = io.StringIO()
    with JsonWriter(stream, Selection(top, None, timeline)) as writer:
        writer.add(song())
        writer.add(odd_song())
    for entry in json.loads(stream.getvalue()):
        validator.validate(entry)


def test_schema_is_one_and_of_this_version() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema_version"] == {"const": PREDICTION_SCHEMA_VERSION}
    assert SCHEMA["$id"].endswith(f":{PREDICTION_SCHEMA_VERSION}")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("valence", 1.5),
        ("quadrant", "Q5"),
        ("tags", {"Happy!": 0.5}),
        ("audio_sha256", "abc"),
        ("schema_version", 1),
        ("more", 1),
    ],
)
def test_schema_refuses_what_is_wrong(key: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(song().to_dict() | {key: value}, SCHEMA)
