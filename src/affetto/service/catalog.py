"""The library over HTTP: songs, searches, playlists, and the files themselves.

A song is named by its number in the library, never by a path, in searches and playlists too:
what a client sends is compared with the database and never opened.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from affetto.core import QUADRANTS, Prediction
from affetto.errors import BadConfig
from affetto.library import Found, Library, Playlist, Song, Track, playlist, search
from affetto.library.names import TagNames
from affetto.library.walk import stamp_of
from affetto.registry import unknown_name
from affetto.service import media
from affetto.service.answers import Json, Parameters
from affetto.service.formats import PLAYLIST_FORMATS, rendered, result_parameters
from affetto.service.problems import Problem
from affetto.service.settings import Settings
from affetto.writers.playlists import PLAYLISTS

T = TypeVar("T")

BUSY_S = 5.0  # that a reader waits for a writer
READERS, MAKERS = 8, 1  # requests that look into the library at a time, and make playlists
PER_PAGE, MAX_PER_PAGE = 50, 1_000
MAX_PAGE = 1_000_000
MAX_SONGS = 20_000  # of a playlist that names them
_MAX_BODY = 1_000_000
_DIGITS = 18  # of the largest number that the database holds
_POINT = re.compile(r"[+-]?[0-9]*\.?[0-9]+,[+-]?[0-9]*\.?[0-9]+")

_PAGE = ("page", "per_page", "reverse", "sort")
_FIELDS = ("album", "arousal", "artist", "duration", "genre", "valence", "year")
_MAP = ("q", "quadrant", *_FIELDS, "reverse", "sort")
_SEARCH = ("like", *_MAP, "page", "per_page")
_PLAYLIST = (
    *("format", "from", "like", "limit", "minutes", "q", "repeat_artists"),
    *("seed", "title", "to", "tolerance", "via"),
)


class Catalog:
    """What answers the addresses of the library."""

    def __init__(self, settings: Settings) -> None:
        self._db = settings.db
        self._readers = asyncio.Semaphore(READERS)
        self._makers = asyncio.Semaphore(MAKERS)

    def routes(self) -> list[Route]:
        return [
            Route("/v1/tracks", self.tracks),
            Route("/v1/tracks/{track_id}", self.track),
            Route("/v1/tracks/{track_id}/result", self.result),
            Route("/v1/tracks/{track_id}/timeline", self.timeline),
            Route("/v1/tracks/{track_id}/audio", self.audio),
            Route("/v1/search", self.search),
            Route("/v1/map", self.map),
            Route("/v1/playlists", self.make_playlist, methods=["GET"]),
            Route("/v1/playlists", self.list_songs, methods=["POST"]),
        ]

    async def tracks(self, request: Request) -> Response:
        """Give the songs of the library, or those in whose names a text occurs."""
        parameters = Parameters(request.query_params, ("q", *_PAGE))
        text = parameters.text("q").strip().replace('"', '""')
        names = ("title", "artist", "album", "path")
        query = " or ".join(f'{name} ~ "{text}"' for name in names) if text else ""
        return await self._page(parameters, query, {"sort": "path"})

    async def search(self, request: Request) -> Response:
        """Give the songs that a search finds, in the language of `affetto search`."""
        parameters = Parameters(request.query_params, _SEARCH, ("quadrant",))
        options = _conditions(parameters)
        options["like"] = _number(parameters.some_text("like"))
        return await self._page(parameters, parameters.text("q"), options)

    async def map(self, request: Request) -> Response:
        """Give all songs that a search finds, as columns: what a map of them needs, no more."""
        parameters = Parameters(request.query_params, _MAP, ("quadrant",))
        options = _conditions(parameters)
        options["sort"] = parameters.some_text("sort")
        options["reverse"] = parameters.flag("reverse")
        query = parameters.text("q")

        def found(library: Library) -> dict[str, Any]:
            return _columns(search(query, db=library, scores=False, **options))

        return Json(await self._read(found))

    async def _page(self, parameters: Parameters, query: str, options: dict[str, Any]) -> Response:
        page = parameters.whole("page", 1, MAX_PAGE, 1)
        per_page = parameters.whole("per_page", 1, MAX_PER_PAGE, PER_PAGE)
        assert page is not None
        assert per_page is not None
        options["sort"] = parameters.some_text("sort") or options.get("sort")
        options["reverse"] = parameters.flag("reverse")
        like = options.pop("like", None)

        def found(library: Library) -> dict[str, Any]:
            if like is not None:
                options["like"] = _seed(library, like)
            songs = search(query, db=library, limit=page * per_page, **options)
            shown = range((page - 1) * per_page, len(songs))
            return {
                "bundle": songs.bundle.title,
                "n_found": songs.n_found,
                "page": page,
                "per_page": per_page,
                "n_pages": -(-songs.n_found // per_page),
                "tracks": [_of_song(songs[number]) for number in shown],
            }

        return Json(await self._read(found))

    async def track(self, request: Request) -> Response:
        """Give all that is known of a song, but for its timeline."""
        Parameters(request.query_params, ())
        track_id = _path_number(request)

        def found(library: Library) -> dict[str, Any]:
            track = _known(library, track_id)
            return _of_track(track) | _said(library, track).to_dict()

        return Json(await self._read(found))

    async def result(self, request: Request) -> Response:
        """Give what was said of a song, in a format of one's choice."""
        format_name, selection = result_parameters(request)
        track_id = _path_number(request)
        said = await self._read(lambda library: _said(library, _known(library, track_id)))
        return await run_in_threadpool(rendered, said, selection, format_name)

    async def timeline(self, request: Request) -> Response:
        Parameters(request.query_params, ())
        track_id = _path_number(request)

        def found(library: Library) -> dict[str, Any]:
            return _said(library, _known(library, track_id)).timeline.to_dict()

        return Json(await self._read(found))

    async def audio(self, request: Request) -> Response:
        """Give the file itself, or a part of it."""
        Parameters(request.query_params, ())
        track_id = _path_number(request)
        track = await self._read(lambda library: _known(library, track_id))
        return await media.answer(track.path, request)

    async def make_playlist(self, request: Request) -> Response:
        """Choose and order songs, as `affetto playlist` does."""
        parameters = Parameters(request.query_params, _PLAYLIST, ("like", "via"))
        format_name = parameters.choice("format", ("json", *PLAYLIST_FORMATS), "json")
        title = parameters.text("title") or "affetto"
        begin, end = (parameters.some_text(name) for name in ("from", "to"))
        via = parameters.texts("via")
        likes = [_number(text) for text in parameters.texts("like")]
        options: dict[str, Any] = {
            "minutes": parameters.number("minutes"),
            "tolerance": parameters.number("tolerance"),
            "seed": parameters.whole("seed", 0, 2**31),
            "limit": parameters.whole("limit", 1, MAX_SONGS),
            "repeat_artists": parameters.flag("repeat_artists"),
        }
        query = parameters.text("q")

        def made(library: Library) -> Playlist:
            return playlist(
                query,
                db=library,
                from_=_place(library, begin),
                via=[place for each in via if (place := _place(library, each)) is not None],
                to=_place(library, end),
                like=[_seed(library, each) for each in likes if each is not None],
                **options,
            )

        async with self._makers:
            found = await self._read(made)
        if format_name == "json":
            return Json(found.to_dict())
        return _listing(found, title, format_name)

    async def list_songs(self, request: Request) -> Response:
        """Write songs that the client names by number as a playlist, in its order."""
        parameters = Parameters(request.query_params, ("format", "title"))
        format_name = parameters.choice("format", tuple(PLAYLIST_FORMATS), "m3u8")
        title = parameters.text("title") or "affetto"
        ids = _ids(await _body(request))

        def made(library: Library) -> Playlist:
            bundle = library.bundle()
            tracks = tuple(library.tracks(ids, bundle=bundle))
            missing = set(ids) - {track.id for track in tracks}
            if missing:
                raise _unknown_track(min(missing))
            return Playlist(bundle, tracks)

        return _listing(await self._read(made), title, format_name)

    async def _read(self, question: Callable[[Library], T]) -> T:
        """Ask the library, in a thread of its own."""

        def asked() -> T:
            with Library.open(self._db, busy_s=BUSY_S) as library:
                return question(library)

        async with self._readers:
            return await run_in_threadpool(asked)


def _known(library: Library, track_id: int) -> Track:
    """Give the song of a number. Raises: Problem."""
    track = next(library.tracks([track_id]), None)
    if track is None:
        raise _unknown_track(track_id)
    return track


def _unknown_track(track_id: int) -> Problem:
    return Problem(
        404, "track-unknown", f"the library has no song {track_id}", "for numbers see /v1/tracks"
    )


def _said(library: Library, track: Track) -> Prediction:
    return library.prediction(track.id)


def _conditions(parameters: Parameters) -> dict[str, Any]:
    """Give what a search asks for beside its query."""
    options: dict[str, Any] = {name: parameters.some_text(name) for name in _FIELDS}
    options["quadrant"] = parameters.texts("quadrant")
    return options


def _columns(songs: Found) -> dict[str, Any]:
    tracks = songs.tracks
    return {
        "bundle": songs.bundle.title,
        "n_found": songs.n_found,
        "ids": [track.id for track in tracks],
        "names": [track.title or track.path.stem for track in tracks],
        "artists": [track.artist or "" for track in tracks],
        "durations_s": [round(track.duration_s, 1) for track in tracks],
        "valence": [round(track.valence, 3) for track in tracks],
        "arousal": [round(track.arousal, 3) for track in tracks],
    }


def _of_song(song: Song) -> dict[str, Any]:
    return {**song.to_dict(), "url": f"/v1/tracks/{song.track.id}"}


def _of_track(track: Track) -> dict[str, Any]:
    return {
        "id": track.id,
        "url": f"/v1/tracks/{track.id}",
        "title": track.title,
        "artist": track.artist,
        "album": track.album,
        "genre": track.genre,
        "year": track.year,
        "missing_since": track.missing_since,
    }


def _listing(made: Playlist, title: str, format_name: str) -> Response:
    written = PLAYLISTS.load(format_name)(made.listing(title))
    return Response(
        written.text.encode("utf-8"),
        media_type=PLAYLIST_FORMATS[format_name],
        headers={"Content-Disposition": f'attachment; filename="playlist.{format_name}"'},
    )


def _place(library: Library, text: str | None) -> str | None:
    """Give a mood, a quadrant, a point or a song's number as a place that is no path.

    Raises: UnknownName, Problem.
    """
    if text is None or _POINT.fullmatch(text) or text.upper() in QUADRANTS:
        return text
    names = TagNames(library.bundle())
    if names.tag(text) is not None:
        return text
    number = _decimal(text)
    if number is not None:
        track = _known(library, number)
        return f"{track.valence:.6f},{track.arousal:.6f}"
    near = names.near(text, QUADRANTS)
    raise unknown_name("mood", text, QUADRANTS if near is None else [near, *QUADRANTS])


def _seed(library: Library, track_id: int) -> str:
    """Give a song of the library that others shall be like.

    One that has changed would be scored anew here, where nothing guards from its decoder.
    """
    track = _known(library, track_id)
    path = os.fspath(track.path)
    try:
        stamp = stamp_of(path)
    except OSError:  # what was said of it holds still
        return path
    if (stamp.size_bytes, stamp.mtime_ns) != (track.size_bytes, track.mtime_ns):
        message = f"the file of song {track_id} has changed since it was scanned"
        raise Problem(409, "track-changed", message, "scan it again")
    return path


def _path_number(request: Request) -> int:
    number = _decimal(request.path_params["track_id"])
    if number is None:
        raise Problem(404, "track-unknown", "a song goes by its number", "see /v1/tracks")
    return number


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    number = _decimal(text)
    if number is None:
        raise BadConfig("a song goes by its number in the library", "for numbers see /v1/tracks")
    return number


def _decimal(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > _MAX_BODY:
            raise Problem(413, "too-large", "this list is too long", "send fewer songs")
    return bytes(content)


def _ids(body: bytes) -> list[int]:
    """Read `{"ids": [1, 2]}`. Raises: BadConfig."""
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        plain = None
    ids = plain["ids"] if isinstance(plain, dict) and plain.keys() == {"ids"} else None
    if (
        not isinstance(ids, list)
        or not 0 < len(ids) <= MAX_SONGS
        or not all(_is_whole(each) and 0 <= each < 10**_DIGITS for each in ids)
    ):
        raise BadConfig(
            "the body must be a list of songs", f'send {{"ids": [1, 2]}}, at most {MAX_SONGS:,}'
        )
    return [int(each) for each in ids]


def _is_whole(value: object) -> bool:
    """Say whether a value of JSON is a whole number: 3, and 3.0 as some programs write it."""
    return type(value) is int or (isinstance(value, float) and value.is_integer())
