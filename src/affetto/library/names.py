"""What the words of a search stand for: fields of a song, tags of a bundle, quadrants.

A tag goes by its slug (`calming_soothing`), by its title (`Calming`), or by a plain word of
`vocabularies/aliases.json` (`calm`). Where two vocabularies have the same name, the main one is
meant; `gems9.tension` names the vocabulary too. Case, hyphens and spaces make no difference.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Literal, get_args

from affetto.core import QUADRANTS, Quadrant
from affetto.library.database import StoredBundle, StoredTag
from affetto.vocabularies import aliases

NumberField = Literal["valence", "arousal", "music", "year", "duration"]
TextField = Literal["artist", "album", "title", "genre", "path"]

NUMBER_FIELDS: tuple[NumberField, ...] = get_args(NumberField)
TEXT_FIELDS: tuple[TextField, ...] = get_args(TextField)
FIELDS: tuple[str, ...] = (*NUMBER_FIELDS, *TEXT_FIELDS, "quadrant")


def slug(name: str) -> str:
    """Give a name without case, its words joined by underscores; a dot stays."""
    return re.sub(r"[^\w.]+", "_", name.casefold()).strip("_")


def quadrant_named(name: str) -> Quadrant | None:
    """Give the quadrant of this name, in small letters or capitals, or None."""
    return next((quadrant for quadrant in QUADRANTS if quadrant == name.upper()), None)


class TagNames:
    """The tags of a bundle by all their names."""

    def __init__(self, bundle: StoredBundle) -> None:
        self.bundle = bundle
        # The last of equal names wins, so what goes before comes later.
        by_importance = sorted(bundle.tags, key=lambda tag: not tag.is_main)
        tags = {tag.tag: tag for tag in reversed(by_importance)}
        self._known: dict[str, StoredTag] = {}
        for word, stands_for in aliases().items():
            meant = next((tags[name] for name in stands_for if name in tags), None)
            if meant is not None:
                self._known[word] = meant
        self._known |= {slug(tag.title): tag for tag in reversed(by_importance)}
        self._known |= tags
        self._known |= {f"{tag.vocabulary}.{tag.tag}": tag for tag in bundle.tags}

    def tag(self, name: str) -> StoredTag | None:
        """Give the tag of this name, or None."""
        return self._known.get(slug(name))

    def near(self, name: str, others: Iterable[str] = (*FIELDS, *QUADRANTS)) -> str | None:
        """Give the name of a tag, or one of the `others`, that looks most like this one."""
        known = {slug(other): other for other in others} | {word: word for word in self._known}
        found = difflib.get_close_matches(slug(name), known, n=1, cutoff=0.6)
        return known[found[0]] if found else None
