"""Texts are compared without case, accents, and differences of Unicode's spellings."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.library.folding import folded, folded_bytes


@pytest.mark.parametrize(
    "spelling",
    ["Dvořák", "DVOŘÁK", "dvorak", unicodedata.normalize("NFD", "Dvořák"), "Ｄｖｏｒａｋ"],
)
def test_spellings_of_a_name_are_the_same(spelling: str) -> None:
    assert folded(spelling) == b"dvorak"


def test_long_s_and_sharp_s_are_folded() -> None:
    assert folded("Straße") == folded("STRASSE") == b"strasse"


def test_marks_of_other_scripts_stay() -> None:
    assert folded("कि") != folded("क")


@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_normal_form_makes_no_difference(text: str, form: str) -> None:
    assert folded(unicodedata.normalize(form, text)) == folded(text)  # type: ignore[arg-type]


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = folded(text)
    assert folded_bytes(once) == once


@given(st.binary())
def test_any_bytes_can_be_folded(content: bytes) -> None:
    assert folded_bytes(content) == folded(content.decode("utf-8", "surrogateescape"))


def test_nothing_is_the_empty_text() -> None:
    assert folded_bytes(None) == b""
