"""A music collection by mood: the database, its searches, and moods in the files themselves."""

from affetto.library.database import (
    Embeddings,
    Library,
    Scores,
    StoredBundle,
    StoredTag,
    Track,
    default_path,
)

__all__ = [
    "Embeddings",
    "Library",
    "Scores",
    "StoredBundle",
    "StoredTag",
    "Track",
    "default_path",
]
