"""Plans, and what they do to a file: replaced whole or left alone, and put back on demand."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mutagen
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.flac import FLAC
from mutagen.id3 import ID3

from affetto.errors import AudioNotFound, TagUnwritable
from affetto.library.tagging import (
    FIELDS,
    Journal,
    Plan,
    TagSettings,
    carry_out,
    check,
    plan_undo,
    plan_write,
)
from affetto.library.tagging.containers import open_container
from affetto.library.tagging.replacing import audio_digest
from tests.helpers import as_nobody, open_to_all
from tests.library.tagging_songs import RATE_HZ, SONGS, moods, quick_folder, read_mood

WORDS = ["Calm", "Tender", "Happy"]
NOBODY_CHOSEN: dict[str, Any] = {"chosen": frozenset()}


@pytest.fixture(scope="module")
def flac(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SONGS["flac"].make(tmp_path_factory.mktemp("original"))


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SONGS["mp3-id3v2.3"].make(tmp_path_factory.mktemp("original"))


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder for music; the journal lies beside it."""
    with quick_folder() as place:
        monkeypatch.setenv("XDG_DATA_HOME", str(place / "data"))
        (place / "music").mkdir()
        yield place / "music"


@pytest.fixture
def song(flac: Path, folder: Path) -> Path:
    return Path(shutil.copy(flac, folder))


def write(path: Path, settings: TagSettings | None = None, **changes: Any) -> Plan:
    plan = plan_write(path, moods(path, **changes), settings or TagSettings(), Journal())
    carry_out(plan, Journal())
    return plan


def undo(path: Path, fields: tuple[str, ...] = FIELDS) -> Plan:
    plan = plan_undo(path, Journal(), fields)
    carry_out(plan, Journal())
    return plan


def set_mood(path: Path, *words: str) -> None:
    file = FLAC(path)
    file["MOOD"] = list(words)
    file.save()


# ------------------------------------------------------------------------------------- the plan


def test_plan_changes_nothing_and_leaves_no_journal(song: Path, folder: Path) -> None:
    before, status = song.read_bytes(), song.stat()
    plan = plan_write(song, moods(song), TagSettings(), Journal())
    assert [each.field for each in plan.differences] == list(FIELDS)
    assert (song.read_bytes(), song.stat().st_mtime_ns) == (before, status.st_mtime_ns)
    assert not Journal().path.exists()


def test_difference_names_old_and_new(song: Path) -> None:
    set_mood(song, "Melancholy")
    plan = plan_write(song, moods(song), TagSettings(top=1, fields=("MOOD",)), Journal())
    (difference,) = plan.differences
    assert (difference.old, difference.new) == (("Melancholy",), ("Calm",))


def test_fields_that_are_not_wanted_stay(song: Path) -> None:
    set_mood(song, "Melancholy")
    write(song, TagSettings(fields=("AFFETTO_VALENCE",)))
    held = open_container(song).held()
    assert set(held) == {"MOOD", "AFFETTO_VALENCE"}
    assert read_mood(song) == ["Melancholy"]


def test_no_mood_above_threshold_leaves_the_words_of_others(song: Path) -> None:
    set_mood(song, "Melancholy")
    plan = write(song, **NOBODY_CHOSEN)
    assert read_mood(song) == ["Melancholy"]
    assert plan.notes == ("MOOD stays as it is: no emotion is above its threshold",)


def test_no_mood_above_threshold_takes_away_what_affetto_wrote(song: Path) -> None:
    write(song)
    write(song, **NOBODY_CHOSEN)
    assert read_mood(song) == []


# ----------------------------------------------------------------------------------------- undo


def test_change_by_somebody_else_is_kept_and_said(song: Path) -> None:
    set_mood(song, "Melancholy")
    write(song)
    set_mood(song, "My own word")
    plan = undo(song)
    assert read_mood(song) == ["My own word"]
    assert plan.notes == ("MOOD stays as it is: it was changed since affetto wrote it",)
    assert set(open_container(song).held()) == {"MOOD"}


def test_change_by_somebody_else_between_two_writes_is_what_undo_brings_back(song: Path) -> None:
    set_mood(song, "Melancholy")
    write(song)
    set_mood(song, "My own word")
    write(song)
    assert read_mood(song) == WORDS
    undo(song)
    assert read_mood(song) == ["My own word"]


def test_field_that_somebody_put_back_by_hand_needs_no_undo(song: Path) -> None:
    set_mood(song, "Melancholy")
    write(song, TagSettings(fields=("MOOD",)))
    set_mood(song, "Melancholy")
    plan = undo(song)
    assert (plan.differences, plan.notes) == ((), ())


def test_undo_of_one_field_leaves_the_others_for_later(song: Path) -> None:
    write(song)
    undo(song, ("MOOD",))
    assert set(open_container(song).held()) == set(FIELDS) - {"MOOD"}
    undo(song)
    assert open_container(song).held() == {}
    assert Journal().find(song) is None


def test_undo_of_what_was_never_written_says_so(song: Path) -> None:
    plan = undo(song)
    assert plan.differences == ()
    assert plan.notes == ("affetto has written nothing here, or does not know of it",)


def test_undo_finds_a_song_that_has_moved(song: Path, folder: Path) -> None:
    before = open_container(song).held()
    write(song)
    moved = song.rename(folder / "elsewhere.flac")
    write(moved, valence=-0.5)
    again = moved.rename(folder / "once more.flac")
    assert len(undo(again).differences) == 7
    assert open_container(again).held() == before
    assert undo(again).differences == ()


def test_copy_of_a_song_does_not_take_its_undo(song: Path, folder: Path) -> None:
    write(song)
    copy = Path(shutil.copy(song, folder / "copy.flac"))
    assert undo(copy).differences == ()
    assert len(undo(song).differences) == 7


def test_another_song_under_an_old_name_has_no_history(song: Path, folder: Path, mp3: Path) -> None:
    write(song)
    shutil.copy(SONGS["flac-no-tag"].make(folder), song)
    file = FLAC(song)
    file["MOOD"] = ["Melancholy"]
    file.save()
    plan = plan_write(song, moods(song, audio_sha256="0" * 64), TagSettings(), Journal())
    assert plan.entry is not None
    assert plan.entry.before["MOOD"].texts == ("Melancholy",)


def test_undo_after_the_tag_became_another_version_restores_the_words(
    mp3: Path, folder: Path
) -> None:
    song = Path(shutil.copy(mp3, folder))
    tags = ID3(song, translate=False)
    tags.add(mutagen.id3.TXXX(encoding=1, desc="Mood", text=["Wehmütig"]))
    tags.save(song, v2_version=3)
    write(song)
    ID3(song).save(song, v2_version=4)
    undo(song)
    assert read_mood(song) == ["Wehmütig"]
    assert set(open_container(song).held()) == {"MOOD"}


def test_crash_between_journal_and_file_leaves_nothing_to_undo(song: Path) -> None:
    set_mood(song, "Melancholy")
    plan = plan_write(song, moods(song), TagSettings(), Journal())
    assert plan.entry is not None
    Journal().record(plan.entry)
    back = undo(song)
    assert (back.differences, back.notes) == ((), ())
    assert read_mood(song) == ["Melancholy"]


def test_write_after_such_a_crash_remembers_the_same_past(song: Path) -> None:
    set_mood(song, "Melancholy")
    plan = plan_write(song, moods(song), TagSettings(), Journal())
    assert plan.entry is not None
    Journal().record(plan.entry)
    write(song)
    undo(song)
    assert read_mood(song) == ["Melancholy"]


def test_crash_in_a_later_write_leaves_the_earlier_one_to_be_undone(song: Path) -> None:
    set_mood(song, "Melancholy")
    write(song)
    for chosen in ({"happy"}, {"calm"}):
        plan = plan_write(song, moods(song, chosen=frozenset(chosen)), TagSettings(), Journal())
        assert plan.entry is not None
        Journal().record(plan.entry)
    assert read_mood(song) == WORDS
    back = undo(song)
    assert back.notes == ()
    assert read_mood(song) == ["Melancholy"]


STEPS = st.lists(
    st.tuples(st.just("affetto"), st.frozensets(st.sampled_from(["calm", "happy", "tender"])))
    | st.tuples(st.just("user"), st.lists(st.sampled_from(["A", "B"]), max_size=2).map(tuple)),
    max_size=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(st.sampled_from(["A", "B"]), max_size=2), steps=STEPS)
def test_undo_brings_back_what_a_person_set_last(
    flac: Path, folder: Path, first: list[str], steps: list[tuple[str, Any]]
) -> None:
    """Whoever writes in which order: undo gives the user's last words, and all else as it was."""
    song = Path(shutil.copy(flac, folder / "song.flac"))
    Journal().forget(song)
    foreign = SONGS["flac"].foreign(song)
    set_mood(song, *first)
    expected = first
    for who, what in steps:
        if who == "user":
            set_mood(song, *what)
            expected = list(what)
        else:
            write(song, chosen=what)
    undo(song)
    assert read_mood(song) == expected
    assert set(open_container(song).held()) <= {"MOOD"}
    assert SONGS["flac"].foreign(song) == foreign


# -------------------------------------------------------------------------------------- the file


def test_link_stays_a_link_and_its_target_is_written(song: Path, folder: Path) -> None:
    link = folder / "link.flac"
    link.symlink_to(song)
    write(link)
    assert link.is_symlink()
    assert read_mood(song) == WORDS
    assert len(undo(song).differences) == 7


def test_file_with_several_names_is_refused_unless_allowed(song: Path, folder: Path) -> None:
    other = folder / "other.flac"
    other.hardlink_to(song)
    plan = plan_write(song, moods(song), TagSettings(), Journal())
    with pytest.raises(TagUnwritable, match=r"it has 2 names \(hard links\)"):
        carry_out(plan, Journal())
    carry_out(plan, Journal(), break_hard_links=True)
    assert read_mood(song) == WORDS
    assert read_mood(other) == []


def test_mode_stays_and_times_on_demand(song: Path) -> None:
    song.chmod(0o640)
    os.utime(song, ns=(10**18, 10**18))
    carry_out(plan_write(song, moods(song), TagSettings(), Journal()), Journal(), keep_times=True)
    assert (song.stat().st_mode & 0o777, song.stat().st_mtime_ns) == (0o640, 10**18)
    undo(song)
    assert song.stat().st_mode & 0o777 == 0o640
    assert song.stat().st_mtime_ns != 10**18


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may chown")
def test_owner_stays(song: Path) -> None:
    os.chown(song, 1234, 4321)
    write(song)
    assert (song.stat().st_uid, song.stat().st_gid) == (1234, 4321)


def test_extended_attributes_stay(song: Path) -> None:
    if not hasattr(os, "setxattr"):
        pytest.skip("this system has no extended attributes")
    try:
        os.setxattr(song, "user.comment", b"mine")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    write(song)
    assert os.getxattr(song, "user.comment") == b"mine"


def test_read_only_file_is_refused_even_for_root(song: Path) -> None:
    song.chmod(0o444)
    with pytest.raises(TagUnwritable, match=r"song\.flac: it is read-only"):
        check(song)


def test_what_a_user_may_not_write_is_refused(flac: Path) -> None:
    with open_to_all() as folder:
        song = Path(shutil.copy(flac, folder))
        song.chmod(0o644)
        with as_nobody():
            if song.stat().st_uid == os.geteuid():
                pytest.skip("the file belongs to the user of the test")
            with pytest.raises(TagUnwritable, match="it is read-only"):
                check(song)
        song.chmod(0o666)
        with as_nobody(), pytest.raises(TagUnwritable, match="its folder is read-only"):
            check(song)


def test_missing_file_is_not_found(folder: Path) -> None:
    with pytest.raises(AudioNotFound, match="no such file"):
        check(folder / "missing.flac")


def test_file_that_changed_since_the_plan_is_left_alone(song: Path, folder: Path) -> None:
    plan = plan_write(song, moods(song), TagSettings(), Journal())
    set_mood(song, "Meanwhile")
    before = song.read_bytes()
    with pytest.raises(TagUnwritable, match="somebody else changed it meanwhile"):
        carry_out(plan, Journal())
    assert song.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["song.flac"]


def test_sound_that_is_not_what_was_scored_is_left_alone(song: Path) -> None:
    plan = plan_write(song, moods(song, audio_sha256="0" * 64), TagSettings(), Journal())
    before = song.read_bytes()
    with pytest.raises(TagUnwritable, match="its sound is not what was scored"):
        carry_out(plan, Journal())
    assert song.read_bytes() == before
    assert Journal().find(song) is None


def test_journal_that_cannot_be_written_stops_the_write(song: Path, folder: Path) -> None:
    journal = Journal(folder / "song.flac" / "journal.sqlite")
    plan = plan_write(song, moods(song), TagSettings(), journal)
    before = song.read_bytes()
    with pytest.raises(TagUnwritable, match="the journal for undo cannot be used"):
        carry_out(plan, journal)
    assert song.read_bytes() == before


def test_damaged_journal_is_a_sentence(song: Path, folder: Path) -> None:
    journal = Journal(folder.parent / "damaged.sqlite")
    journal.path.write_bytes(b"no database " * 100)
    with pytest.raises(TagUnwritable, match="the journal for undo cannot be used"):
        plan_undo(song, journal)


@contextmanager
def small_disk(folder: Path, n_pages: int) -> Iterator[Path]:
    """Mount a file system of so many pages of 4 kB."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={4 * n_pages}k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["flac", "opus", "m4a", "wavpack", "mp3-no-tag"])
@pytest.mark.parametrize("share", ["half a copy", "a copy but no tags"])
def test_full_disk_leaves_the_file_as_it_was(kind: str, share: str, tmp_path: Path) -> None:
    original = SONGS[kind].make(tmp_path)
    n_pages = -(-original.stat().st_size // 4096)
    with small_disk(tmp_path / "disk", n_pages * (3 if share == "half a copy" else 4) // 2) as disk:
        song = Path(shutil.copy(original, disk))
        before = song.read_bytes()
        large = moods(song, bundle="x" * 20_000)  # more than any padding holds
        plan = plan_write(song, large, TagSettings(), Journal())
        with pytest.raises(TagUnwritable, match="the disk is full"):
            carry_out(plan, Journal())
        assert song.read_bytes() == before
        assert [path.name for path in disk.iterdir()] == [song.name]


TAGGING_FOR_EVER = """
import sys
from pathlib import Path
from affetto.library.tagging import Journal, TagSettings, carry_out, plan_write
from tests.library.tagging_songs import moods

song = Path(sys.argv[1])
print("begun", flush=True)
number = 0
while True:
    number += 1
    words = moods(song, valence=number / 1000, bundle="x" * (number % 7 * 1000))
    carry_out(plan_write(song, words, TagSettings(), Journal()), Journal())
"""


@pytest.mark.slow
def test_process_that_is_killed_leaves_the_file_whole_and_its_past_known(
    song: Path,
) -> None:
    set_mood(song, "Melancholy")
    foreign, sound = SONGS["flac"].foreign(song), audio_digest(song, RATE_HZ)
    generator = random.Random(3)
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", TAGGING_FOR_EVER, str(song)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            time.sleep(generator.uniform(0.0, 0.3))
            process.kill()
        assert SONGS["flac"].foreign(song) == foreign
        assert audio_digest(song, RATE_HZ) == sound
    undo(song)
    assert read_mood(song) == ["Melancholy"]
    assert set(open_container(song).held()) == {"MOOD"}


def test_two_at_once_use_one_journal(flac: Path, folder: Path) -> None:
    songs = [Path(shutil.copy(flac, folder / f"{number}.flac")) for number in range(6)]
    failures: list[BaseException] = []

    def tag(mine: list[Path]) -> None:
        try:
            for song in mine:
                write(song)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=tag, args=(songs[half::2],)) for half in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(len(undo(song).differences) == 7 for song in songs)
