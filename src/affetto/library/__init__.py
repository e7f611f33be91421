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
from affetto.library.playlisting.making import Playlist, playlist
from affetto.library.searching import Found, Song, search

__all__ = [
    "Embeddings",
    "Found",
    "Library",
    "Playlist",
    "Scores",
    "Song",
    "StoredBundle",
    "StoredTag",
    "Track",
    "default_path",
    "playlist",
    "search",
]
