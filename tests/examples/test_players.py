"""The recipes of docs/players.md, with the players themselves where they are installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from affetto.library import Library
from tests import tiny_bundle
from tests.cli.command import affetto
from tests.helpers import chirp, encode
from tests.library.music import set_tags, write_song
from tests.rules.source import ROOT

needs_mpd = pytest.mark.skipif(
    shutil.which("mpd") is None or shutil.which("mpc") is None, reason="mpd or mpc is not installed"
)
needs_ffprobe = pytest.mark.skipif(
    shutil.which("ffprobe") is None, reason="ffprobe is not installed"
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a folder with a short name: the path of a socket has a hundred letters at most."""
    with tempfile.TemporaryDirectory(prefix="mpd-") as name:
        yield Path(name)


@pytest.fixture
def music(home: Path) -> Path:
    """Give MPD's music folder: six songs of three artists, quiet and loud, none like another."""
    for number in range(6):
        artist = "ABC"[number % 3]
        path = home / "music" / artist / f"{number}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        level = (0.01, 0.9)[number // 3]
        hiss = np.random.default_rng(number).standard_normal(44_100) * level / 20
        tone = level / 2 * np.sin(2 * np.pi * 200 * 1.6**number * np.arange(44_100) / 22_050)
        soundfile.write(path, tone + hiss, 22_050)
        set_tags(path, {"artist": artist, "title": f"Song {number}", "album": "D"})
    return home / "music"


@pytest.fixture
def mpc(home: Path, music: Path) -> Iterator[Callable[..., list[str]]]:
    """Start MPD on a socket of its own; give the command `mpc` on it."""
    (home / "playlists").mkdir()
    address = home / "socket"
    (home / "mpd.conf").write_text(
        f'music_directory "{music}"\nplaylist_directory "{home / "playlists"}"\n'
        f'db_file "{home / "db"}"\nsticker_file "{home / "stickers"}"\n'
        f'state_file "{home / "state"}"\nbind_to_address "{address}"\n'
        'audio_output {\n  type "null"\n  name "silence"\n}\n'
    )
    command = ["mpd", "--no-daemon", "--stderr", str(home / "mpd.conf")]

    def ask(*words: str | Path) -> list[str]:
        done = subprocess.run(
            ["mpc", "--host", str(address), *map(str, words)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout.splitlines()

    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as server,
    ):
        try:
            while not address.exists():
                assert server.poll() is None, (home / "log").read_text()
                time.sleep(0.01)
            ask("--wait", "update")
            yield ask
        finally:
            server.terminate()


@needs_mpd
def test_mpd_plays_a_playlist_of_affetto(
    mpc: Callable[..., list[str]], home: Path, music: Path, bundle: Path
) -> None:
    db = home / "library.sqlite"
    assert affetto("scan", music, "--db", db, "--bundle", bundle).returncode == 0
    target = home / "playlists" / "quiet.m3u"
    done = affetto("playlist", "Q4", "--db", db, "--base", music, "-o", target)
    assert done.returncode == 0, done.stderr
    assert mpc("lsplaylists") == ["quiet"]
    mpc("load", "quiet")
    queue = mpc("-f", "%file%", "playlist")
    assert queue == [line for line in target.read_text().splitlines() if line[:1] != "#"]
    assert len(queue) > 1
    assert set(queue) <= {"A/0.flac", "B/1.flac", "C/2.flac"}  # songs that are alike come once
    mpc("play")
    assert any("[playing]" in line for line in mpc("status"))


@needs_mpd
def test_mpd_finds_songs_by_the_mood_in_their_tags(
    mpc: Callable[..., list[str]], music: Path, bundle: Path
) -> None:
    """Where MPD knows moods, which it does since 0.24."""
    assert affetto("tag", music, "--bundle", bundle, "--write").returncode == 0
    mpc("--wait", "update")
    try:
        found = mpc("search", "mood", "Angry")
    except subprocess.CalledProcessError as error:
        assert "mood" in error.stderr
        pytest.skip("this MPD is older than 0.24 and knows no moods")
    assert sorted(found) == ["A/0.flac", "B/1.flac", "C/2.flac"]


@needs_mpd
def test_mpd_keeps_moods_as_stickers(
    mpc: Callable[..., list[str]], home: Path, music: Path, bundle: Path
) -> None:
    db = home / "library.sqlite"
    affetto("scan", music, "--db", db, "--bundle", bundle)
    write_song(music / "later.flac", 9)  # of which neither knows yet
    script = ROOT / "examples" / "mpd_stickers.py"
    options = ["--music", str(music), "--db", str(db), "--host", str(home / "socket")]
    done = subprocess.run(
        [sys.executable, str(script), *options], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "6 songs have stickers now; 0 are not known to MPD\n"
    assert sorted(mpc("sticker", "", "find", "affetto_quadrant")) == [
        "A/0.flac: affetto_quadrant=Q4",
        "A/3.flac: affetto_quadrant=Q2",
        "B/1.flac: affetto_quadrant=Q4",
        "B/4.flac: affetto_quadrant=Q2",
        "C/2.flac: affetto_quadrant=Q4",
        "C/5.flac: affetto_quadrant=Q2",
    ]
    with Library.open(db) as library:
        track = library.track(music / "A" / "0.flac")
        assert track is not None
        (line,) = mpc("sticker", "A/0.flac", "get", "affetto_valence")
        assert float(line.split("=")[1]) == pytest.approx(track.valence, abs=5e-4)


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "codec", "sample_rate", "mood"),
    [
        ("song.flac", None, 0, "MOOD"),
        ("song.ogg", None, 0, "MOOD"),
        ("song.wav", None, 0, "TMOO"),
        ("song.mp3", None, 0, "TMOO"),
        ("song.opus", "libopus", 48_000, "MOOD"),
        ("song.m4a", "aac", 22_050, "MOOD"),
        ("song.wma", "wmav2", 44_100, "WM/Mood"),
        ("song.wv", "wavpack", 22_050, "MOOD"),
    ],
)
def test_ffprobe_shows_the_tags(
    tmp_path: Path, bundle: Path, name: str, codec: str | None, sample_rate: int, mood: str
) -> None:
    path = tmp_path / name
    if codec is None:
        write_song(path)
    else:
        encode(path, chirp(2.0, sample_rate), sample_rate, codec)
    affetto("tag", path, "--bundle", bundle, "--write")
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json", path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "AV_LOG_FORCE_NOCOLOR": "1"},
    )
    shown = json.loads(done.stdout)
    tags = dict(shown.get("format", {}).get("tags", {}))
    for stream in shown.get("streams", []):
        tags |= stream.get("tags", {})
    assert tags[mood]
    assert tags["AFFETTO_QUADRANT"] in {"Q2", "Q4"}
    assert -1 <= float(tags["AFFETTO_VALENCE"]) <= 1
