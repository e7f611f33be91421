"""Texts as they are compared: without case, accents and differences of Unicode's spellings.

"Dvořák", its decomposed spelling and "DVORAK" are the same. Dropped are the marks of U+0300 to
U+036F, which Latin, Greek and Cyrillic letters wear; the marks of other scripts are letters of
their own. Results are bytes, since names of files need not be text: SQLite compares bytes, and
looks for some in others, without asking what they mean.
"""

from __future__ import annotations

import re
import unicodedata

SQL_NAME = "folded"
"""What SQL calls `folded_bytes` by, once `Connection.define` was told."""

_MARKS = re.compile("[\u0300-\u036f]+")


def folded(text: str) -> bytes:
    """Give a text as it is compared, in UTF-8."""
    if text.isascii():  # the quick way to the same
        return text.lower().encode("ascii")
    # Folding the case can bring out marks in another order, and the other way round.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return _MARKS.sub("", plain).encode("utf-8", "surrogatepass")


def folded_bytes(content: bytes | None) -> bytes:
    """Give the bytes of a text, or of a path, as they are compared; nothing is the empty text."""
    return b"" if content is None else folded(content.decode("utf-8", "surrogateescape"))
