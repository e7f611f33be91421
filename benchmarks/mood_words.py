"""How often the quadrant that a clip's mood words name is the one that 4Q gives it.

    AFFETTO_DATA=... python benchmarks/mood_words.py

4Q's quadrants come from norms of words, which affetto does not use, and were checked by listeners.
"""

from __future__ import annotations

from affetto.datasets import data_root
from affetto.datasets.base import rows
from affetto.errors import AffettoError
from affetto.vocabularies import moods


def main() -> None:
    try:
        root = data_root()
    except AffettoError as error:
        raise SystemExit(str(error)) from error
    table = root / "emotion_audio" / "4q" / "labels.csv"
    n_clips = n_named = n_right = n_words = n_known = 0
    for _, row in rows(table, ("quadrant", "moods_all")):
        words = [word.strip() for word in row["moods_all"].split(";")]
        n_words += len(words)
        n_known += sum(bool(moods.find(word)) for word in words)
        named = moods.quadrant(words)
        n_clips += 1
        n_named += named is not None
        n_right += named == row["quadrant"]
    print(f"{n_known} of {n_words} mood words are known to affetto")
    print(f"{n_named} of {n_clips} clips have a quadrant by their words, {n_right} that of 4Q")


if __name__ == "__main__":
    main()
