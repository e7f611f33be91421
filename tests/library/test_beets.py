"""The beets plugin, in real beets on real little libraries: each command is a process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mutagen
import pytest
from mutagen.id3 import TMOO

import affetto
from affetto.library import tagging
from tests.cli.command import affetto as affetto_command
from tests.helpers import chirp, encode, plain_database
from tests.library.music import set_tags, write_song

pytest.importorskip("beets", reason="beets is not installed; pip install beets")

QUIET, LOUD = 0.001, 0.3  # of noise, in Q4 and Q2 as the tiny bundle hears it

EVERYTHING = "$title|$affetto_valence|$affetto_arousal|$affetto_quadrant|$mood|$affetto_bundle"


class Beets:
    """A beets library in a folder, and the command `beet` on it."""

    def __init__(self, folder: Path, bundle: Path | str, name: str = "beets") -> None:
        self.home = folder / name
        self.home.mkdir()
        self.configure(bundle=bundle)

    def configure(
        self, *, bundle: Path | str, more: str = "", root: str = "", copy: bool = False
    ) -> None:
        """Write the configuration: `more` goes below affetto, `root` to the top."""
        self._config = self.home / "config.yaml"
        self._config.write_text(
            f"directory: {self.home / 'music'}\n"
            f"library: {self.home / 'library.db'}\n"
            "plugins: [affetto, smartplaylist]\n"
            f"import: {{copy: {'yes' if copy else 'no'}, write: no, autotag: no, quiet: yes}}\n"
            "smartplaylist:\n"
            f"  playlist_dir: {self.home / 'lists'}\n"
            "  playlists:\n"
            "    - {name: calm.m3u, query: 'affetto_quadrant:Q4'}\n"
            "    - {name: loud.m3u, query: 'affetto_arousal:0.5.. affetto_touching_loving:0.9..'}\n"
            f"affetto:\n  bundle: {bundle}\n{more}{root}",
            encoding="utf-8",
        )

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "beets", "-c", self._config, *map(str, arguments)],
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )

    def __call__(self, *arguments: str | Path) -> list[str]:
        """Run `beet`, which must go well; give the lines that it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout.splitlines()

    def titles(self, *query: str) -> list[str]:
        return sorted(self("ls", "-f", "$title", *query))


@pytest.fixture
def beet(tmp_path: Path, bundle: Path) -> Beets:
    return Beets(tmp_path, bundle)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Give a folder with a quiet song and a loud one."""
    folder = tmp_path / "album"
    for seed, (title, level) in enumerate({"Quiet": QUIET, "Loud": LOUD}.items()):
        path = write_song(folder / f"{title}.flac", seed, level=level)
        set_tags(path, {"title": title, "artist": "A", "album": "B"})
    return folder


def test_import_scores_songs_and_queries_find_them(beet: Beets, album: Path, bundle: Path) -> None:
    beet("import", "-A", "-q", album)
    assert beet.titles("affetto_quadrant:Q4") == ["Quiet"]
    assert beet.titles("affetto_valence:0.2..") == ["Quiet"]
    assert beet.titles("affetto_arousal:-1..-0.5") == ["Quiet"]
    assert beet.titles("affetto_touching_loving:0.9..") == ["Loud"]
    assert beet.titles("mood:angry") == ["Quiet"]
    assert beet.titles("affetto_tags:angry_aggressive") == ["Quiet"]
    assert beet("ls", "-f", "$title", "affetto_valence-") == ["Quiet", "Loud"]
    said = affetto.predict(album / "Quiet.flac", bundle)
    (line,) = beet("ls", "-f", EVERYTHING, "title:Quiet")
    title, valence, arousal, quadrant, mood, by = line.split("|")
    assert (title, quadrant, by) == ("Quiet", "Q4", "tiny 1.0")
    assert float(valence) == pytest.approx(said.valence, abs=5e-4)
    assert float(arousal) == pytest.approx(said.arousal, abs=5e-4)
    assert mood.split("; ")[0] == "Angry"
    assert len(mood.split("; ")) == 5


def test_smart_playlists_are_made_of_moods(beet: Beets, album: Path) -> None:
    beet("import", "-A", "-q", album)
    beet("splupdate")
    lists = beet.home / "lists"
    assert (lists / "calm.m3u").read_text().splitlines() == [str(album / "Quiet.flac")]
    assert (lists / "loud.m3u").read_text().splitlines() == [str(album / "Loud.flac")]


def test_songs_that_were_there_before_are_scored_on_demand(
    beet: Beets, album: Path, bundle: Path
) -> None:
    beet.configure(bundle=bundle, more="  auto: no\n")
    beet("import", "-A", "-q", album)
    assert beet.titles("affetto_valence:..1") == []
    assert [line.split(" - ")[-1] for line in beet("affetto", "-p")] == ["Loud", "Quiet"]
    assert beet.titles("affetto_valence:..1") == []
    beet("affetto", "title:Quiet")
    assert beet.titles("affetto_valence:..1") == ["Quiet"]
    assert beet.titles("^affetto_valence:..1") == ["Loud"]
    assert beet("ls", "-f", "$affetto_happy", "affetto_valence+")[0] == ""


def test_what_is_known_is_not_computed_again_unless_forced(beet: Beets, album: Path) -> None:
    beet("import", "-A", "-q", album)
    beet("modify", "-y", "-W", "affetto_valence=0.9", "title:Loud")
    done = beet.run("affetto")
    assert "2 songs known already" in done.stderr
    assert beet.titles("affetto_valence:0.9") == ["Loud"]
    done = beet.run("affetto", "-f", "title:Loud")
    assert "1 song scored, 0 failed" in done.stderr
    assert beet.titles("affetto_valence:0.9") == []


def test_songs_of_another_bundle_are_told_of(beet: Beets, album: Path) -> None:
    beet("import", "-A", "-q", album)
    beet.configure(bundle="default")
    done = beet.run("affetto")
    assert "2 songs scored by another bundle; to score again: -f" in done.stderr
    assert len(beet.titles("affetto_bundle:tiny")) == 2


def test_bad_file_is_one_sentence_and_not_tried_again(beet: Beets, album: Path) -> None:
    write_song(album / "Silent.flac", level=0.0)
    (album / "nothing.mp3").write_bytes(b"no music")
    done = beet.run("import", "-A", "-q", album)
    assert done.returncode == 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("affetto: ")]
    assert line.startswith(f"affetto: {album / 'Silent.flac'}: ")
    assert beet("ls", "-f", "$affetto_error", "path:" + str(album / "Silent.flac")) == [
        "audio-empty"
    ]
    assert beet.titles("affetto_quadrant::.") == ["Loud", "Quiet"]
    done = beet.run("affetto")
    assert "1 song failed before" in done.stderr
    assert "Silent.flac" not in done.stderr
    (album / "Silent.flac").unlink()
    done = beet.run("affetto", "-f", "affetto_error::.")
    assert f"{album / 'Silent.flac'}: " in done.stderr
    assert beet("ls", "-f", "$affetto_error", "affetto_error::.") == ["audio-not-found"]


def test_song_that_was_mended_loses_its_error(beet: Beets, album: Path) -> None:
    write_song(album / "Silent.flac", level=0.0)
    beet("import", "-A", "-q", album)
    write_song(album / "Silent.flac", level=QUIET)
    beet("affetto", "-f", "affetto_error::.")
    assert beet.titles("affetto_error::.") == []
    assert len(beet.titles("affetto_quadrant:Q4")) == 2


def _mp4(path: Path) -> Path:
    return encode(path, chirp(2.0), 22_050, "aac")


def _wma(path: Path) -> Path:
    return encode(path, chirp(2.0, 44_100), 44_100, "wmav2")


def _wavpack(path: Path) -> Path:
    return encode(path, chirp(2.0), 22_050, "wavpack")


def _opus(path: Path) -> Path:
    return encode(path, chirp(2.0, 48_000), 48_000, "libopus")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        *((f"song.{kind}", write_song) for kind in ("wav", "aiff", "flac", "mp3", "ogg")),
        ("song.m4a", _mp4),
        ("song.wma", _wma),
        ("song.wv", _wavpack),
        ("song.opus", _opus),
    ],
)
def test_tags_in_files_are_those_that_affetto_tag_writes(
    tmp_path: Path, bundle: Path, name: str, make: Callable[[Path], Path]
) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    path = make(folder / name)
    first = Beets(tmp_path, bundle)
    first("import", "-A", "-q", folder)
    first("affetto", "-w")
    moods = tagging.Moods.of(affetto.predict(path, bundle))
    plan = tagging.plan_write(path, moods, tagging.TagSettings(), tagging.Journal())
    assert [(each.name, each.old) for each in plan.differences] == []
    # So another library knows them at once: here there is no bundle that could score.
    second = Beets(tmp_path, "nowhere", "second")
    assert "affetto: " not in second.run("import", "-A", "-q", folder).stderr
    line = "$affetto_valence|$affetto_scores|$affetto_tags|$mood"
    assert second("ls", "-f", line) == first("ls", "-f", line)


def test_import_that_writes_puts_moods_into_the_copies(
    beet: Beets, album: Path, bundle: Path
) -> None:
    """beets writes no tags of files that are imported as they are, so they are written after."""
    beet.configure(bundle=bundle, copy=True)
    before = (album / "Quiet.flac").read_bytes()
    beet("import", "-A", "-q", album)
    beet("affetto", "-w")
    (copy,) = beet("ls", "-f", "$path", "title:Quiet")
    assert mutagen.File(copy)["mood"][0] == "Angry"
    assert mutagen.File(copy)["affetto_quadrant"] == ["Q4"]
    assert (album / "Quiet.flac").read_bytes() == before


def test_id3v23_gets_the_field_that_it_has(tmp_path: Path, bundle: Path) -> None:
    path = write_song(tmp_path / "album" / "song.mp3")
    beet = Beets(tmp_path, bundle)
    beet.configure(bundle=bundle, root="id3v23: yes\n")
    beet("import", "-A", "-q", path.parent)
    beet("affetto", "-w")
    tag = mutagen.File(path).tags
    assert tag.version == (2, 3, 0)
    assert "TMOO" not in tag
    assert "AFFETTO_VALENCE" in {frame.desc for frame in tag.getall("TXXX")}
    (mood,) = [frame for frame in tag.getall("TXXX") if frame.desc == "MOOD"]
    assert mood.text[0].split("/")[0] == "Touching"


def test_songs_that_were_not_scored_get_no_empty_tags(
    beet: Beets, album: Path, bundle: Path
) -> None:
    beet.configure(bundle=bundle, more="  auto: no\n")
    beet("import", "-A", "-q", album)
    beet("write", "-f")
    names = set(mutagen.File(album / "Quiet.flac").tags.keys())
    assert not {name for name in names if name.startswith("affetto") or name == "mood"}


def test_files_are_left_alone_where_that_is_configured(
    beet: Beets, album: Path, bundle: Path
) -> None:
    beet.configure(bundle=bundle, more="  in_files: no\n")
    beet("import", "-A", "-q", album)
    assert beet.titles("affetto_quadrant:Q4") == ["Quiet"]
    beet("write", "-f")
    assert "mood" not in mutagen.File(album / "Quiet.flac").tags
    done = beet.run("affetto", "-w")
    assert done.returncode == 1
    assert "affetto.in_files is off" in done.stderr


def test_mood_of_somebody_else_stays(tmp_path: Path, bundle: Path) -> None:
    path = write_song(tmp_path / "album" / "song.mp3")
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    file.tags.add(TMOO(text=["Sunday"]))
    file.save()
    beet = Beets(tmp_path, bundle)
    beet("import", "-A", "-q", path.parent)
    beet("affetto", "-f", "-w")
    assert beet("ls", "-f", "$mood|$affetto_quadrant") == ["Sunday|Q2"]
    assert mutagen.File(path).tags["TMOO"].text == ["Sunday"]


def test_own_mood_is_renewed_in_own_words(beet: Beets, album: Path, bundle: Path) -> None:
    words = album.parent / "words.toml"
    words.write_text('[words]\nangry_aggressive = "Laut"\ntouching_loving = "Nah"\n')
    beet("import", "-A", "-q", album)
    beet.configure(bundle=bundle, more=f"  words: {words}\n")
    beet("affetto", "-f")  # these are no longer affetto's words, so they could be anybody's
    assert beet.titles("mood:Laut") == []
    beet("modify", "-y", "-W", "mood!")
    beet("affetto", "-f")
    assert beet.titles("mood:Laut") == ["Quiet"]
    beet.configure(bundle=bundle, more=f"  words: {words}\n  top: 1\n")
    beet("affetto", "-f")
    assert beet("ls", "-f", "$mood", "title:Loud") == ["Nah"]


def test_what_a_scan_has_scored_is_taken_from_its_library(
    beet: Beets, album: Path, bundle: Path
) -> None:
    db = album.parent / "library.sqlite"
    affetto_command("scan", album, "--db", db, "--bundle", bundle)
    with plain_database(db) as plain:
        plain.execute("UPDATE results SET valence = 0.125")
    write_song(album / "Loud.flac", 9, level=LOUD)  # has changed since
    beet.configure(bundle=bundle, more=f"  db: {db}\n")
    beet("import", "-A", "-q", album)
    assert beet("ls", "-f", "$affetto_valence", "affetto_valence:0.125") == ["0.125"]
    assert len(beet.titles("affetto_valence:..0")) == 1


def test_missing_scan_library_is_a_sentence_and_songs_are_scored(
    beet: Beets, album: Path, bundle: Path
) -> None:
    beet.configure(bundle=bundle, more="  db: nowhere.sqlite\n")
    done = beet.run("import", "-A", "-q", album)
    assert "nowhere.sqlite: there is no library yet" in done.stderr
    assert beet.titles("affetto_quadrant:Q4") == ["Quiet"]


def test_missing_bundle_is_a_sentence_and_songs_are_imported(beet: Beets, album: Path) -> None:
    beet.configure(bundle="defualt")
    done = beet.run("import", "-A", "-q", album)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "there is no bundle named 'defualt'; did you mean default?" in done.stderr
    assert beet.titles() == ["Loud", "Quiet"]
    done = beet.run("affetto")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "there is no bundle named 'defualt'" in done.stderr


@pytest.mark.parametrize("more", ["  top: many\n", "  top: 0\n", "  jobs: 0\n"])
def test_wrong_option_is_a_sentence(beet: Beets, album: Path, bundle: Path, more: str) -> None:
    beet("import", "-A", "-q", album)
    beet.configure(bundle=bundle, more=more)
    done = beet.run("affetto", "-f")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert more.split(":")[0].strip() in done.stderr


def test_processes_share_the_work(beet: Beets, album: Path, bundle: Path) -> None:
    beet.configure(bundle=bundle, more="  jobs: 2\n")
    shutil.copy(album / "Loud.flac", album / "Again.flac")
    done = beet.run("import", "-A", "-q", album)
    assert "affetto: " not in done.stderr
    assert beet.titles("affetto_quadrant:Q2") == ["Loud", "Loud"]
