"""JAMS: what the package that defines the format reads and accepts."""

from __future__ import annotations

import io
import json
import os
import warnings
from typing import Any

import pytest

from affetto.core import Prediction
from affetto.prediction import predict
from affetto.writers.base import Selection
from affetto.writers.jams import JamsWriter
from tests.rules.source import ROOT
from tests.writers.songs import NOT_UTF_8, odd_song, song

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own dependencies
    jams: Any = pytest.importorskip("jams", reason="the package jams is not installed")


def text_of(prediction: Prediction, selection: Selection) -> str:
    stream = io.StringIO()
    with JamsWriter(stream, selection) as writer:
        writer.add(prediction)
    return stream.getvalue()


def read(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the validator of its schema
        found = jams.load(io.StringIO(text), validate=True, strict=True, fmt="jams")
        assert found.validate(strict=True)
    return found


def values(annotation: Any) -> list[tuple[Any, ...]]:
    return [(each.time, each.duration, each.value, each.confidence) for each in annotation.data]


@pytest.mark.parametrize("timeline", [False, True])
@pytest.mark.parametrize("made", [song, odd_song])
def test_jams_accepts_it(made: Any, timeline: bool) -> None:
    read(text_of(made(), Selection(timeline=timeline)))


def test_jams_accepts_real_music_whose_tags_are_annotations_of_the_whole() -> None:
    said = predict(ROOT / "examples" / "q4-still-water.opus")
    found = read(text_of(said, Selection(timeline=True)))
    tags, gems, over_time = found.search(namespace="^tag_open$")
    plain = said.to_dict(timeline=True)
    whole = (0.0, plain["duration_s"])
    assert values(tags) == [(*whole, tag, score) for tag, score in plain["tags"].items()]
    assert tags.sandbox.chosen == plain["chosen"]
    assert gems.sandbox.vocabulary == "gems9"
    assert len(over_time.data) == 18 * len(said.timeline)
    place, places = found.search(namespace="^mood_thayer$")
    assert values(place) == [(*whole, [plain["valence"], plain["arousal"]], None)]
    assert [each.value[1] for each in places.data] == plain["timeline"]["arousal"]
    assert [each.time for each in places.data] == plain["timeline"]["start_s"]
    assert found.file_metadata.duration == plain["duration_s"]
    assert found.file_metadata.title == "q4-still-water"


def test_only_the_tags_that_were_asked_for_are_annotations() -> None:
    tags, _, over_time = read(text_of(song(), Selection(1, timeline=True))).search(
        namespace="tag_open"
    )
    assert [each.value for each in tags.data] == ["happy"]
    assert {each.value for each in over_time.data} == {"happy"}


def test_without_a_plane_over_time_there_is_the_songs_alone() -> None:
    found = read(text_of(odd_song(), Selection(timeline=True)))
    assert len(found.search(namespace="mood_thayer")) == 1


def test_jams_keeps_the_bytes_of_a_name_that_is_not_utf_8() -> None:
    text = text_of(odd_song(), Selection())
    assert text.isascii()
    assert os.fsencode(json.loads(text)["sandbox"]["path"]) == os.fsencode(NOT_UTF_8)
