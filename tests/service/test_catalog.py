"""The library over HTTP: what the command finds, by number alone, and no file but its songs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from affetto.library import Library, search
from affetto.service.settings import Settings
from tests.library.catalog import SHELF, Entry, record
from tests.library.music import fill, set_tags, write_song
from tests.service.conftest import Running, serving

NASTY = "<img src=x onerror=alert(1)>"
MUSIC = ("one.flac", "two.wav", "odd\udcff.flac")


@pytest.fixture(scope="module")
def shelf(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a library of songs that were never scored, and of three real files."""
    folder = tmp_path_factory.mktemp("shelf")
    for seed, name in enumerate(MUSIC):
        write_song(folder / "music" / name, seed)
    set_tags(folder / "music" / "one.flac", {"title": NASTY, "artist": '"><script>'})
    db = folder / "library.sqlite"
    with Library(db) as library:
        record(library, bundle, SHELF)
        fill(library, folder / "music", bundle)
    return db


@pytest.fixture(scope="module")
def shop(bundle: Path, shelf: Path) -> Iterator[Running]:
    """Give a server of that library."""
    with serving(Settings(port=0, bundle=bundle, jobs=1, db=shelf)) as running:
        yield running


def get(running: Running, path: str, **parameters: Any) -> Any:
    answer = running.client.get(f"/v1/{path}", params=parameters or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def code_of(running: Running, path: str, **parameters: Any) -> tuple[int, str]:
    answer = running.client.get(f"/v1/{path}", params=parameters or None)
    return answer.status_code, answer.json()["code"]


def number_of(running: Running, name: str) -> int:
    (track,) = get(running, "tracks", q=name)["tracks"]
    number: int = track["id"]
    return number


# ---------------------------------------------------------------- songs and searches


def test_tracks_come_by_path_in_pages(shop: Running, shelf: Path) -> None:
    every = search(db=shelf, sort="path")
    seen: list[dict[str, Any]] = []
    for page in (1, 2, 3):
        found = get(shop, "tracks", page=page, per_page=3)
        assert (found["n_found"], found["n_pages"], found["page"]) == (7, 3, page)
        seen += found["tracks"]
    assert [track.pop("url") for track in seen] == [f"/v1/tracks/{song.track.id}" for song in every]
    assert seen == [song.to_dict() for song in every]
    assert get(shop, "tracks", page=4, per_page=3)["tracks"] == []


def test_tracks_are_found_by_part_of_a_name(shop: Running) -> None:
    for text, n_found in (("bach", 2), ("DVORAK", 1), ("air", 1), ('"', 1), ('" or happy or "', 0)):
        assert get(shop, "tracks", q=text)["n_found"] == n_found


def test_title_with_markup_is_text_alone(shop: Running) -> None:
    answer = shop.client.get("/v1/tracks", params={"q": "onerror"})
    (track,) = answer.json()["tracks"]
    assert (track["title"], track["artist"]) == (NASTY, '"><script>')
    assert b"<" not in answer.content
    assert answer.headers["content-type"] == "application/json"
    for path in (track["url"], f"{track['url']}/timeline"):
        assert b"<" not in shop.client.get(path).content


def test_map_has_every_song_that_a_search_finds(shop: Running, shelf: Path) -> None:
    for query in ("", "happy", "arousal > 0"):
        found = get(shop, "map", q=query, sort="title")
        songs = search(query, db=shelf, sort="title")
        assert (found["bundle"], found["n_found"]) == (songs.bundle.title, len(songs))
        assert found["ids"] == [song.track.id for song in songs]
        assert found["names"] == [song.track.title or song.track.path.stem for song in songs]
        assert found["valence"] == [round(song.track.valence, 3) for song in songs]
        assert found["arousal"] == [round(song.track.arousal, 3) for song in songs]
    assert code_of(shop, "map", q="happi >")[1] == "query-invalid"
    assert code_of(shop, "map", page=1) == (400, "bad-config")


def test_track_tells_all_that_was_said_of_it(shop: Running, shelf: Path) -> None:
    number = number_of(shop, "two.wav")
    found = get(shop, f"tracks/{number}")
    with Library.open(shelf) as library:
        said = library.prediction(number)
    assert {key: found[key] for key in said.to_dict()} == said.to_dict()
    assert found["url"] == f"/v1/tracks/{number}"
    timeline = get(shop, f"tracks/{number}/timeline")
    assert timeline == said.timeline.to_dict()


def test_search_is_that_of_the_command(shop: Running, shelf: Path) -> None:
    for options in (
        {"q": "calm > 0.5 and not happy"},
        {"q": "arousal > -1", "sort": "valence", "reverse": "1"},
        {"artist": "bach", "year": "1700..1735"},
        {"q": "", "quadrant": ["Q1", "Q2"], "sort": "title"},
    ):
        found = get(shop, "search", **options)
        wanted = {**options, "query": options.get("q", ""), "reverse": "reverse" in options}
        wanted.pop("q", None)
        ids = [song.track.id for song in search(db=shelf, **wanted)]  # type: ignore[arg-type]
        assert [track["id"] for track in found["tracks"]] == ids
        assert ids


def test_search_finds_songs_like_one_of_the_library(shop: Running) -> None:
    tracks = get(shop, "search", like=number_of(shop, "Air"))["tracks"]
    assert tracks[0]["title"] == "Largo"
    assert tracks[0]["likeness"]["cosine"] > 0.9


def test_search_that_cannot_be_read_shows_the_place(shop: Running) -> None:
    answer = shop.client.get("/v1/search", params={"q": "calm > "})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "query-invalid")
    assert problem["excerpt"].splitlines()[1].strip() == "^"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("search?sort=nothing", 400, "bad-config"),
        ("search?like=x", 400, "bad-config"),
        ("search?like=999", 404, "track-unknown"),
        ("search?bundle=/etc", 400, "bad-config"),
        ("search?per_page=1001", 400, "bad-config"),
        ("search?q=" + "(" * 3_000, 400, "query-invalid"),
        ("search?q=" + "x" * 5_000, 400, "bad-config"),
        ("tracks?page=0", 400, "bad-config"),
        ("tracks/999", 404, "track-unknown"),
        ("tracks/999/timeline", 404, "track-unknown"),
        ("tracks/999/audio", 404, "track-unknown"),
        ("tracks/two.wav", 404, "track-unknown"),
        ("tracks/-1", 404, "track-unknown"),
        ("tracks/99999999999999999999", 404, "track-unknown"),
        ("tracks/..%2F..%2Fetc%2Fpasswd/audio", 404, "not-found"),
    ],
)
def test_question_that_makes_no_sense_is_refused(
    shop: Running, path: str, status: int, code: str
) -> None:
    assert code_of(shop, path) == (status, code)


def test_library_that_there_is_not_is_told_without_its_path(
    serve: Callable[..., Running], tmp_path: Path
) -> None:
    running = serve()
    answer = running.client.get("/v1/tracks")
    assert (answer.status_code, answer.json()["code"]) == (404, "library-missing")
    assert answer.json()["detail"] == "the library: there is no library yet"
    assert not list(tmp_path.glob("*.sqlite"))
    (tmp_path / "none.sqlite").write_bytes(b"no library at all" * 100)
    answer = running.client.get("/v1/search")
    assert (answer.status_code, answer.json()["code"]) == (500, "library-invalid")
    assert str(tmp_path) not in answer.text


# ---------------------------------------------------------------- files


def test_file_comes_whole_and_as_a_sound(shop: Running, shelf: Path) -> None:
    number = number_of(shop, "two.wav")
    content = (shelf.parent / "music" / "two.wav").read_bytes()
    answer = shop.client.get(f"/v1/tracks/{number}/audio")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(content))
    head = shop.client.head(f"/v1/tracks/{number}/audio")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))
    assert head.headers["etag"] == answer.headers["etag"]


def test_parts_of_a_file_come_as_asked_for(shop: Running, shelf: Path) -> None:
    url = f"/v1/tracks/{number_of(shop, 'two.wav')}/audio"
    content = (shelf.parent / "music" / "two.wav").read_bytes()
    size = len(content)
    for asked, first, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=-{size + 5}", 0, size),
        (f"bytes=5-{size + 100}", 5, size),
    ):
        answer = shop.client.get(url, headers={"range": asked})
        assert (answer.status_code, answer.content) == (206, content[first:end])
        assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
    for asked in ("bytes=5-4", "bytes=-", "lines=1-2", "bytes=0-1,3-4", "bytes=a-b"):
        answer = shop.client.get(url, headers={"range": asked})
        assert (answer.status_code, answer.content) == (200, content)
    for asked in (f"bytes={size}-", "bytes=-0", "bytes=999999999-9999999999"):
        answer = shop.client.get(url, headers={"range": asked})
        assert (answer.status_code, answer.json()["code"]) == (416, "beyond-end")
        assert answer.headers["content-range"] == f"bytes */{size}"


def test_file_that_a_player_has_is_not_sent_again(shop: Running) -> None:
    url = f"/v1/tracks/{number_of(shop, 'two.wav')}/audio"
    tag = shop.client.get(url).headers["etag"]
    answer = shop.client.get(url, headers={"if-none-match": f'"other", {tag}'})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    part = {"range": "bytes=0-3"}
    assert shop.client.get(url, headers={**part, "if-range": tag}).status_code == 206
    assert shop.client.get(url, headers={**part, "if-range": '"older"'}).status_code == 200


def test_name_that_is_not_utf_8_does_no_harm(shop: Running) -> None:
    tracks = get(shop, "search", q='path ~ "odd"')["tracks"]
    assert os.fsencode(tracks[0]["path"]).endswith(b"odd\xff.flac")
    answer = shop.client.get(f"{tracks[0]['url']}/audio")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/flac")


def test_file_that_is_gone_is_told_by_its_name_alone(shop: Running) -> None:
    answer = shop.client.get(f"/v1/tracks/{number_of(shop, 'Air')}/audio")
    assert (answer.status_code, answer.json()["code"]) == (404, "audio-not-found")
    assert answer.json()["detail"] == "Air.flac: no such file"


def test_what_is_no_file_any_more_is_not_opened(
    serve: Callable[..., Running], bundle: Path, tmp_path: Path
) -> None:
    db = tmp_path / "own.sqlite"
    os.mkfifo(tmp_path / "pipe.flac")
    with Library(db) as library:
        (number,) = record(library, bundle, [Entry(str(tmp_path / "pipe.flac"))])
    answer = serve(db=db).client.get(f"/v1/tracks/{number}/audio")
    assert (answer.status_code, answer.json()["code"]) == (422, "audio-unreadable")


# ---------------------------------------------------------------- playlists


def test_playlist_goes_along_a_way(shop: Running) -> None:
    made = get(shop, "playlists", **{"from": "Q2", "to": "0.5,-0.6", "minutes": 12, "tolerance": 8})
    assert made["tracks"]
    assert [stop["name"] for stop in made["route"]] == ["Q2", "0.5,-0.6"]
    begin = number_of(shop, "Sturm")
    made = get(shop, "playlists", **{"from": begin, "minutes": 12, "tolerance": 8})
    assert made["route"][0]["valence"] == -0.4
    made = get(shop, "playlists", like=number_of(shop, "Air"), minutes=12, tolerance=8)
    assert made["tracks"]


@pytest.mark.parametrize("format_name", ["m3u8", "xspf", "jspf"])
def test_playlist_can_be_taken_to_a_player(shop: Running, format_name: str) -> None:
    answer = shop.client.get("/v1/playlists", params={"q": "artist ~ bach", "format": format_name})
    assert answer.status_code == 200
    assert f'filename="playlist.{format_name}"' in answer.headers["content-disposition"]
    assert "/music/Bach/Air.flac" in answer.text


def test_songs_that_were_picked_become_a_playlist_in_their_order(shop: Running) -> None:
    ids = [number_of(shop, name) for name in ("Sturm", "Air")]
    answer = shop.client.post("/v1/playlists", params={"title": "Mine\n#"}, json={"ids": ids})
    assert answer.headers["content-type"] == "audio/x-mpegurl"
    lines = answer.text.splitlines()
    assert lines[:2] == ["#EXTM3U", "#PLAYLIST:Mine #"]
    assert lines[3::2] == ["/music/Bach/Sturm.flac", "/music/Bach/Air.flac"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"ids": [999]}', 404, "track-unknown"),
        (b'{"ids": []}', 400, "bad-config"),
        (b'{"ids": [true]}', 400, "bad-config"),
        (b'{"ids": ["/etc/passwd"]}', 400, "bad-config"),
        (b'{"ids": [1], "path": "x"}', 400, "bad-config"),
        (b"[" * 100_000, 400, "bad-config"),
        (b" " * 1_500_000, 413, "too-large"),
    ],
)
def test_list_that_makes_no_sense_is_refused(
    shop: Running, body: bytes, status: int, code: str
) -> None:
    answer = shop.client.post("/v1/playlists", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("name", ["from", "via", "to"])
def test_place_is_never_a_path(shop: Running, shelf: Path, name: str) -> None:
    for path in (shelf.parent / "music" / "two.wav", Path("/etc/passwd"), Path()):
        way = {"from": "Q1", "to": "Q4", "minutes": 12, name: str(path)}
        assert code_of(shop, "playlists", **way) == (404, "unknown-name")


def test_song_that_has_changed_is_not_decoded_by_the_server(
    serve: Callable[..., Running], bundle: Path, tmp_path: Path
) -> None:
    write_song(tmp_path / "music" / "a.wav")
    db = tmp_path / "own.sqlite"
    with Library(db) as library:
        fill(library, tmp_path / "music", bundle)
    write_song(tmp_path / "music" / "a.wav", seed=7, duration_s=2.0)
    running = serve(db=db)
    like = number_of(running, "a.wav")
    assert code_of(running, "search", like=like) == (409, "track-changed")
    assert code_of(running, "playlists", like=like) == (409, "track-changed")
