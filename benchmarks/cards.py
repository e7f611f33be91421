"""Sections of a bundle's card that benchmarks write."""

from __future__ import annotations

from collections.abc import Sequence

from affetto import load_bundle
from affetto.bundles.bundle import CARD
from affetto.bundles.card import with_section
from affetto.files import write_text


def write_section(bundle: str, title: str, lines: Sequence[str]) -> None:
    """Put a section into a bundle's card, in place of an older one of this title."""
    path = load_bundle(bundle).folder / CARD
    write_text(path, with_section(path.read_text(encoding="utf-8"), title, lines))
