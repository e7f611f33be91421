"""What is written: which moods, in whose words, in numbers that every language reads alike."""

from __future__ import annotations

import locale
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.core import Prediction, Timeline
from affetto.errors import BadConfig, UnknownName
from affetto.library.tagging import FIELDS, Moods, TagSettings, Words, read_words
from affetto.library.tagging.fields import texts_of
from affetto.vocabularies import load as load_vocabulary

VOCABULARY = load_vocabulary("cal500_emotions")


def moods(**changes: Any) -> Moods:
    values: dict[str, Any] = {
        "scores": {"sad": 0.2, "happy": 0.75, "angry": 0.75, "calm": 0.9},
        "chosen": frozenset({"happy", "angry", "calm"}),
        "valence": -0.00049,
        "arousal": 1.0,
        "titles": {"sad": "Sad", "happy": "Happy", "angry": "Angry", "calm": "Calm"},
        "bundle": "tiny 1.0",
        "audio_sha256": "0",
    }
    return Moods(**(values | changes))


def test_moods_are_the_chosen_ones_the_strongest_first_and_ties_by_name() -> None:
    assert texts_of(moods(), TagSettings())["MOOD"] == ("Calm", "Angry", "Happy")


def test_top_limits_moods_and_tags_but_not_scores() -> None:
    texts = texts_of(moods(), TagSettings(top=1))
    assert (texts["MOOD"], texts["AFFETTO_TAGS"]) == (("Calm",), ("calm",))
    assert texts["AFFETTO_SCORES"] == ("sad=0.200 happy=0.750 angry=0.750 calm=0.900",)


def test_no_chosen_tag_leaves_the_moods_empty() -> None:
    texts = texts_of(moods(chosen=frozenset()), TagSettings())
    assert (texts["MOOD"], texts["AFFETTO_TAGS"]) == ((), ())


def test_numbers_have_a_point_and_three_decimals_and_no_negative_zero() -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue
            texts = texts_of(moods(), TagSettings())
            assert texts["AFFETTO_VALENCE"] == ("0.000",)
            assert texts["AFFETTO_AROUSAL"] == ("1.000",)
    finally:
        locale.setlocale(locale.LC_ALL, before)


def test_only_the_wanted_fields_are_written() -> None:
    settings = TagSettings(fields=("AFFETTO_QUADRANT", "MOOD"))
    assert list(texts_of(moods(), settings)) == ["MOOD", "AFFETTO_QUADRANT"]


def test_settings_refuse_what_makes_no_sense() -> None:
    with pytest.raises(BadConfig, match="top must be at least 1, not 0"):
        TagSettings(top=0)
    with pytest.raises(UnknownName, match="no field named 'MOODS'"):
        TagSettings(fields=("MOODS",))


def test_moods_of_a_prediction_are_what_it_says() -> None:
    scores = np.linspace(0, 1, len(VOCABULARY), dtype=np.float32)
    thresholds = np.full(len(VOCABULARY), 0.9)
    one = np.array([0.0])
    prediction = Prediction(
        path="song.mp3",
        duration_s=3.0,
        audio_sha256="abc",
        scores=scores,
        thresholds=thresholds,
        valence=0.1,
        arousal=-0.2,
        plane_source="head",
        timeline=Timeline(VOCABULARY, one, one + 3, scores[np.newaxis], np.ones(1, np.float32)),
        bundle="tiny 1.0",
        bundle_fingerprint="f",
    )
    found = Moods.of(prediction)
    assert list(found.scores) == list(VOCABULARY.tags)
    assert found.chosen == {"tender_soft", "touching_loving"}
    assert found.titles["touching_loving"] == "Touching"
    assert texts_of(found, TagSettings())["AFFETTO_QUADRANT"] == ("Q4",)


# --------------------------------------------------------------------------------------- words


def words_file(folder: Path, text: str) -> Path:
    path = folder / "words.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_words_are_read_by_slug_and_by_title(tmp_path: Path) -> None:
    path = words_file(
        tmp_path,
        '[words]\nsad = "Traurig"\nAngry = ["Wütend", "Laut"]\n"Laid-back" = ""\nhappy = []\n',
    )
    words = read_words(path, [VOCABULARY])
    assert words.of(["angry_aggressive", "laidback_mellow", "tender_soft", "sad", "happy"]) == (
        "Wütend",
        "Laut",
        "Traurig",
    )


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("sad = 'Traurig'", BadConfig, r"must hold a table \[words\] and nothing else"),
        ("[words]\nsad = 'a'\n[more]\n", BadConfig, r"must hold a table"),
        ("[words\n", BadConfig, "it is not TOML"),
        ("[words]\nsadd = 'Traurig'", UnknownName, "no tag named 'sadd'"),
        ("[words]\nsad = 'a'\nSad = 'b'", BadConfig, "sad stands in it twice"),
        ("[words]\nsad = 3", BadConfig, "sad must be a text or a list of texts"),
        ("[words]\nsad = ['a', 3]", BadConfig, "sad must be a text or a list of texts"),
        ('[words]\nsad = "a\\u0000b"', BadConfig, "is no word for a tag"),
        (f"[words]\nsad = '{'x' * 61}'", BadConfig, "at most 60 printable characters"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    tmp_path: Path, text: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        read_words(words_file(tmp_path, text), [VOCABULARY])


def test_words_in_another_encoding_or_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes("[words]\nsad = 'betrübt'".encode("latin-1"))
    with pytest.raises(BadConfig, match="it is not TOML"):
        read_words(tmp_path / "latin.toml", [VOCABULARY])
    with pytest.raises(BadConfig, match="it cannot be read"):
        read_words(tmp_path / "missing.toml", [VOCABULARY])


TAGS = st.sampled_from(VOCABULARY.tags)


@given(
    table=st.dictionaries(TAGS, st.lists(st.text(min_size=1, max_size=5), max_size=3)),
    scores=st.dictionaries(TAGS, st.floats(0, 1), min_size=1),
    top=st.integers(1, 20) | st.none(),
    data=st.data(),
)
def test_words_that_the_user_did_not_give_are_never_written(
    table: dict[str, list[str]], scores: dict[str, float], top: int | None, data: st.DataObject
) -> None:
    chosen = data.draw(st.frozensets(st.sampled_from(sorted(scores))))
    words = Words({tag: tuple(given) for tag, given in table.items()})
    titles = {tag: tag.title() for tag in scores}
    written = texts_of(
        moods(scores=scores, chosen=chosen, titles=titles), TagSettings(top=top, words=words)
    )
    own = {word for tag in chosen for word in table.get(tag, ())}
    assert set(written["MOOD"]) <= own
    assert len(set(written["MOOD"])) == len(written["MOOD"])
    assert set(written["AFFETTO_TAGS"]) <= chosen
    assert top is None or len(written["AFFETTO_TAGS"]) <= top
    assert list(written) == list(FIELDS)
