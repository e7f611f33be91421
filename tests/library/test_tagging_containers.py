"""Every format: moods are where players look, nothing else changes, and all of it goes back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import mutagen
import pytest
from mutagen.id3 import TXXX

from affetto.errors import TagDamaged, TagUnsupported
from affetto.library.tagging import (
    Journal,
    Plan,
    TagSettings,
    carry_out,
    plan_undo,
    plan_write,
)
from affetto.library.tagging.containers import open_container
from affetto.library.tagging.replacing import audio_digest
from tests.helpers import chirp, encode
from tests.library.tagging_songs import (
    ID3V1,
    RATE_HZ,
    SONGS,
    moods,
    quick_folder,
    read_mood,
    write_foreign_mood,
)

SETTINGS = TagSettings()
WORDS = ["Calm", "Tender", "Happy"]  # of the made-up moods, the strongest first

every_format = pytest.mark.parametrize("kind", SONGS)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give one file of each kind, made once."""
    return {kind: song.make(tmp_path_factory.mktemp("original")) for kind, song in SONGS.items()}


@pytest.fixture
def song(originals: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a copy that a test may change, in a folder of its own."""
    with quick_folder() as folder:
        monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
        (folder / "music").mkdir()
        yield Path(shutil.copy(originals[kind], folder / "music"))


def write(path: Path, settings: TagSettings = SETTINGS, **changes: Any) -> Plan:
    plan = plan_write(path, moods(path, **changes), settings, Journal())
    carry_out(plan, Journal())
    return plan


def undo(path: Path) -> Plan:
    plan = plan_undo(path, Journal())
    carry_out(plan, Journal())
    return plan


@every_format
def test_moods_are_where_players_look(song: Path, kind: str) -> None:
    plan = write(song)
    assert plan.differences[0].name == SONGS[kind].mood_name
    assert read_mood(song) == WORDS
    held = open_container(song).held()
    assert {name: found.texts for name, found in held.items()} == {
        "MOOD": tuple(WORDS),
        "AFFETTO_VALENCE": ("0.500",),
        "AFFETTO_AROUSAL": ("-0.250",),
        "AFFETTO_QUADRANT": ("Q4",),
        "AFFETTO_TAGS": ("calm", "tender", "happy"),
        "AFFETTO_SCORES": ("angry=0.100 calm=0.910 happy=0.700 tender=0.800",),
        "AFFETTO_BUNDLE": ("tiny 1.0",),
    }


@every_format
def test_moods_are_read_by_ffmpeg(song: Path, kind: str) -> None:
    write(song)
    with av.open(str(song)) as file:
        found = {**file.metadata, **file.streams.audio[0].metadata}
    found = {name.upper().removeprefix("ID3V2_PRIV."): value for name, value in found.items()}
    if kind in ("wma", "mp3-id3v2.2"):  # it reads WM/Mood under that name, and no TXX
        assert found.get("WM/MOOD", "Calm").startswith("Calm")
        return
    assert found["AFFETTO_VALENCE"] == "0.500"
    assert found.get("MOOD", found.get("TMOO", "")).startswith("Calm")


@every_format
def test_writing_changes_neither_sound_nor_other_tags(song: Path, kind: str) -> None:
    foreign = SONGS[kind].foreign
    sound, before = audio_digest(song, RATE_HZ), foreign(song)
    write(song)
    assert audio_digest(song, RATE_HZ) == sound
    after = foreign(song)
    if before[0] is None:  # there was no tag, so there is a new one, of version 2.4
        assert (after[0], *after[1:]) == (4, *before[1:])
    else:
        assert after == before


@every_format
def test_second_run_writes_nothing(song: Path, kind: str) -> None:
    write(song)
    content, status = song.read_bytes(), song.stat()
    plan = write(song)
    assert plan.differences == ()
    assert song.read_bytes() == content
    assert song.stat().st_ino == status.st_ino


@every_format
def test_undo_after_several_writes_brings_back_what_was_there(song: Path, kind: str) -> None:
    foreign = SONGS[kind].foreign
    if kind != "mp3-id3v2.2":  # which mutagen would make a 2.4
        write_foreign_mood(song, ["Melancholy", "Grüblerisch"])
    before, held, sound = foreign(song), open_container(song).held(), audio_digest(song, RATE_HZ)
    write(song)
    write(song, valence=-0.9, chosen=frozenset({"happy"}))
    write(song, TagSettings(top=1, fields=("MOOD",)))
    assert open_container(song).held() != held
    plan = undo(song)
    assert len(plan.differences) == 7
    assert open_container(song).held() == held
    assert foreign(song) == before
    assert audio_digest(song, RATE_HZ) == sound
    assert undo(song).differences == ()


@pytest.mark.parametrize("kind", ["mp3-no-tag", "mp3-ape", "tta", "wavpack-no-tag"])
def test_file_without_a_tag_is_the_same_to_the_byte_after_undo(song: Path) -> None:
    before = song.read_bytes()
    write(song)
    assert song.read_bytes() != before
    undo(song)
    assert song.read_bytes() == before


@pytest.mark.parametrize("kind", ["mp3-id3v2.3", "mp3-id3v2.2"])
def test_id3_tag_keeps_its_version(song: Path) -> None:
    version = song.read_bytes()[3]
    write(song)
    assert song.read_bytes()[3] == version


@pytest.mark.parametrize("kind", ["mp3-id3v2.3"])
def test_tag_with_room_for_the_moods_keeps_its_size(song: Path) -> None:
    before = song.read_bytes()
    write(song)
    assert song.stat().st_size == len(before)
    undo(song)
    assert song.read_bytes() == before


@pytest.mark.parametrize("kind", ["mp3-id3v2.4"])
def test_id3v1_tag_is_left_alone(song: Path) -> None:
    write(song)
    assert song.read_bytes().endswith(ID3V1)


@pytest.mark.parametrize("kind", ["mp3-id3v2.3", "wav-id3v2.3"])
def test_mood_of_picard_in_id3v2_3_keeps_its_spelling_and_comes_back(song: Path) -> None:
    file = mutagen.File(song)
    for each in file.tags.getall("TXXX"):
        if each.desc.upper() == "MOOD":
            del file.tags[each.HashKey]
    file.tags.add(TXXX(encoding=1, desc="mood", text=["Melancholy"]))
    file.save(v2_version=3)
    before = open_container(song).held()
    assert before["MOOD"].texts == ("Melancholy",)
    plan = write(song)
    assert (plan.differences[0].old, plan.differences[0].new) == (("Melancholy",), tuple(WORDS))
    # Picard's own rule: a frame of exactly this name is its mood.
    assert list(mutagen.File(song).tags["TXXX:mood"].text) == WORDS
    assert "TXXX:MOOD" not in mutagen.File(song).tags
    assert write(song).differences == ()
    undo(song)
    assert open_container(song).held() == before


@pytest.mark.parametrize("kind", ["wavpack"])
def test_id3v1_tag_behind_ape_items_is_left_alone(song: Path) -> None:
    with song.open("ab") as file:
        file.write(ID3V1)
    others = open_container(song).others()
    write(song)
    assert read_mood(song) == WORDS
    assert song.read_bytes().endswith(ID3V1)
    assert open_container(song).others() == others
    undo(song)
    assert song.read_bytes().endswith(ID3V1)
    assert read_mood(song) == []


@pytest.mark.parametrize("kind", ["mp3-id3v2.4", "flac", "m4a", "wavpack"])
def test_moods_in_another_spelling_are_replaced_and_not_doubled(song: Path) -> None:
    file = mutagen.File(song)
    if isinstance(file.tags, mutagen.id3.ID3):
        file.tags.add(mutagen.id3.TXXX(encoding=0, desc="mood", text=["Old"]))
        file.tags.add(mutagen.id3.TMOO(encoding=0, text=["Older"]))
        file.save(v1=1)
    else:
        write_foreign_mood(song, ["Old"])
    plan = write(song)
    assert "Old" in plan.differences[0].old
    assert read_mood(song) == WORDS


@every_format
def test_container_that_reads_back_equal_is_equal(song: Path, kind: str, tmp_path: Path) -> None:
    container = open_container(song)
    copy = tmp_path / f"copy{song.suffix}"
    container.save_copy(copy, {})
    assert open_container(copy).others() == container.others()
    assert audio_digest(copy, RATE_HZ) == audio_digest(song, RATE_HZ)


def test_format_without_a_place_for_moods_is_refused(tmp_path: Path) -> None:
    song = encode(tmp_path / "song.mka", chirp(1.0), 22_050, "flac", container="matroska")
    with pytest.raises(TagUnsupported, match=r"song\.mka: moods cannot be written"):
        open_container(song)


def test_aac_without_mp4_is_refused(tmp_path: Path) -> None:
    song = encode(tmp_path / "song.aac", chirp(1.0), 22_050, "aac", container="adts")
    with pytest.raises(TagUnsupported):
        open_container(song)


def test_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no music")
    with pytest.raises(TagUnsupported):
        open_container(tmp_path / "notes.txt")


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("mp3-id3v2.4", lambda data: data.replace(b"TIT2", b"t\0t2")),
        ("mp3-id3v2.3", lambda data: data[:6] + b"\x7f\x7f\x7f\x7f" + data[10:]),
        ("wav", lambda data: data[:-2000]),
        ("flac", lambda data: data[:60]),
        ("ogg", lambda data: data[:4000]),
    ],
)
def test_damaged_tags_are_refused_with_a_sentence(
    song: Path, spoil: Callable[[bytes], bytes]
) -> None:
    song.write_bytes(spoil(song.read_bytes()))
    with pytest.raises(TagDamaged, match=song.name):
        open_container(song)


@pytest.mark.parametrize("kind", ["flac", "ogg"])
def test_comments_that_would_be_mended_are_refused(song: Path, kind: str) -> None:
    """mutagen would put a replacement character for what is not UTF-8."""
    from affetto.errors import TagUnwritable

    file = mutagen.File(song)
    file["title"] = ["PLACEHOLDER"]
    file.save()
    data = song.read_bytes().replace(b"PLACEHOLDER", b"PLACEH\xf6LDER")
    song.write_bytes(_with_ogg_checksums(data) if kind == "ogg" else data)
    with pytest.raises(TagUnwritable, match="would change other tags"):
        write(song)
    assert b"PLACEH\xf6LDER" in song.read_bytes()
    assert [path.name for path in song.parent.iterdir()] == [song.name]


def _with_ogg_checksums(data: bytes) -> bytes:
    """Give an Ogg file whose pages have the checksums of what is in them."""
    from io import BytesIO

    from mutagen.ogg import OggPage

    reading, pages = BytesIO(data), []
    while reading.tell() < len(data):
        pages.append(OggPage(reading).write())
    return b"".join(pages)
