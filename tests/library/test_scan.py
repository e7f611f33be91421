"""A scan scores what is new or changed, recognizes the rest, and never takes a file's absence,
a crash or another scan for more than it is."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affetto import bundles
from affetto.core import Failure
from affetto.errors import BadConfig, BundleMissing, LibraryUnwritable
from affetto.library import Library, scan, scoring
from affetto.library.metadata import Metadata
from affetto.library.recording import Recorder
from affetto.library.scan import ScanReport, ScanSettings
from affetto.library.walk import stamp_of
from tests import work
from tests.corpus import Case
from tests.helpers import as_nobody, open_to_all, plain_database
from tests.library.music import fill, names_of, set_tags, write_album, write_song

Scan = Callable[..., ScanReport]


@pytest.fixture
def library(tmp_path: Path) -> Any:
    with Library(tmp_path / "library.sqlite") as made:
        yield made


@pytest.fixture
def music(tmp_path: Path) -> Path:
    return write_album(Path(os.path.realpath(tmp_path)) / "music")


@pytest.fixture
def rescan(library: Library, music: Path, bundle: Path) -> Scan:
    """Give `rescan(**settings)`: the library as it was after a first scan, scanned again."""
    fill(library, music, bundle)

    def run(**settings: Any) -> ScanReport:
        settings = {"jobs": 1, "bundle": bundle, **settings}
        return library.scan(settings.pop("folders", [music]), **settings)

    return run


@pytest.fixture
def in_this_process(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepare this process as those of a scan are, but for its priority."""
    monkeypatch.setattr(scoring, "_bundle", bundles.load(bundle), raising=False)
    monkeypatch.setattr(scoring, "_gone", {}, raising=False)


def row_ids(library: Library) -> dict[str, int]:
    """Give the number of each path's result: a song that is scored again gets a new one."""
    return dict(
        library.connection.rows(
            "SELECT path, results.rowid FROM files JOIN results ON file_id = files.id"
        )
    )


# ---------------------------------------------------------------- what is scored


def test_first_scan_scores_all_and_the_second_nothing(
    library: Library, music: Path, bundle: Path
) -> None:
    heard: list[tuple[str, int, int | None]] = []
    report = library.scan([music], bundle, jobs=2, progress=lambda *state: heard.append(state))
    assert (report.n_found, report.n_to_score, report.n_scored) == (3, 3, 3)
    assert report.is_clean
    assert names_of(library, music) == ["a/1.wav", "a/2.wav", "b/1.wav"]
    assert heard[0] == ("scoring", 0, 3)
    assert heard[-1] == ("scoring", 3, 3)
    before = row_ids(library)
    again = library.scan([music], bundle)
    assert (again.n_found, again.n_known, again.n_to_score, again.n_scored) == (3, 3, 0, 0)
    assert row_ids(library) == before
    assert library.connection.row("SELECT count(*) FROM claims") == (0,)


def test_scan_records_the_same_as_recording_by_hand(
    library: Library, music: Path, bundle: Path, tmp_path: Path
) -> None:
    set_tags(write_song(music / "c.flac", 7), {"artist": "Nils"})
    library.scan([music], bundle)
    with Library(tmp_path / "other.sqlite") as other:
        fill(other, music, bundle)
        assert [
            (track.path, track.artist, library.prediction(track.id)) for track in library.tracks()
        ] == [(track.path, track.artist, other.prediction(track.id)) for track in other.tracks()]


def test_only_what_is_new_or_has_other_sound_is_scored(
    rescan: Scan, library: Library, music: Path
) -> None:
    before = row_ids(library)
    write_song(music / "a" / "2.wav", 77)
    write_song(music / "c" / "new.wav", 78)
    report = rescan()
    assert (report.n_known, report.n_to_score, report.n_scored) == (2, 2, 2)
    assert names_of(library, music) == ["a/1.wav", "a/2.wav", "b/1.wav", "c/new.wav"]
    after = row_ids(library)
    changed = {Path(path).name for path, row_id in after.items() if before.get(path) != row_id}
    assert changed == {"2.wav", "new.wav"}


def test_file_that_was_only_touched_or_tagged_is_not_scored_again(
    library: Library, music: Path, bundle: Path
) -> None:
    tagged, touched = write_song(music / "a" / "tagged.flac", 5), music / "a" / "1.wav"
    fill(library, music, bundle)
    before = row_ids(library)
    set_tags(tagged, {"artist": "Nils", "title": "New"})
    os.utime(touched, ns=(0, 10**18))
    report = library.scan([music], bundle, jobs=1)
    assert (report.n_to_score, report.n_scored, report.n_recognized) == (2, 0, 2)
    track = library.track(tagged)
    assert track is not None
    assert (track.artist, track.title) == ("Nils", "New")
    assert row_ids(library) == before
    assert library.scan([music], bundle).n_known == 4


def test_renamed_folder_is_recognized_without_reading_a_file(
    rescan: Scan, library: Library, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {track.path.name: track.id for track in library.tracks() if "a" in track.path.parts}
    (music / "a").rename(music / "z")
    monkeypatch.delattr("affetto.workers.map_completed")  # nothing is to be scored
    planned = rescan(dry_run=True)
    assert (planned.n_relocated, planned.n_to_score, planned.n_missing) == (2, 0, 0)
    report = rescan()
    assert (report.n_relocated, report.n_to_score, report.n_missing) == (2, 0, 0)
    assert names_of(library, music) == ["b/1.wav", "z/1.wav", "z/2.wav"]
    assert {t.path.name: t.id for t in library.tracks() if "z" in t.path.parts} == ids


def test_second_name_of_a_file_is_recognized_without_reading_it(
    rescan: Scan, library: Library, music: Path
) -> None:
    (music / "hard.wav").hardlink_to(music / "a" / "1.wav")
    (music / "soft.wav").symlink_to(music / "a" / "2.wav")
    report = rescan()
    assert (report.n_relocated, report.n_to_score) == (2, 0)
    assert len(names_of(library, music)) == 5
    for name, origin in {"hard.wav": "1.wav", "soft.wav": "2.wav"}.items():
        one, other = library.track(music / name), library.track(music / "a" / origin)
        assert one is not None
        assert other is not None
        assert one.id != other.id
        assert one.valence == other.valence


def test_file_that_moved_and_was_tagged_keeps_number_and_result(
    library: Library, music: Path, bundle: Path
) -> None:
    old, new = write_song(music / "a" / "old.flac", 5), music / "Nils" / "New.flac"
    fill(library, music, bundle)
    before = library.track(old)
    assert before is not None
    new.parent.mkdir()
    shutil.copy(old, new)
    old.unlink()
    set_tags(new, {"artist": "Nils", "title": "New " * 99})
    assert new.stat().st_size != before.size_bytes
    report = library.scan([music], bundle)
    assert (report.n_scored, report.n_recognized, report.n_missing) == (0, 1, 0)
    after = library.track(new)
    assert after is not None
    assert (after.id, after.artist, after.valence) == (before.id, "Nils", before.valence)


def test_copy_gets_the_result_of_its_original(rescan: Scan, library: Library, music: Path) -> None:
    shutil.copy(music / "a" / "1.wav", music / "copy.wav")
    report = rescan()
    assert (report.n_scored, report.n_recognized) == (0, 1)
    one, other = library.track(music / "a" / "1.wav"), library.track(music / "copy.wav")
    assert one is not None
    assert other is not None
    assert (
        library.prediction(one.id).scores.tolist() == library.prediction(other.id).scores.tolist()
    )


def test_files_that_change_places_are_told_apart(
    rescan: Scan, library: Library, music: Path
) -> None:
    one, other = music / "a" / "1.wav", music / "a" / "2.wav"
    os.utime(one, ns=(0, 10**18))
    rescan()
    before = {path: library.track(path) for path in (one, other)}
    one.rename(music / "aside")
    other.rename(one)
    (music / "aside").rename(other)
    rescan()
    for path, origin in ((one, other), (other, one)):
        now, then = library.track(path), before[origin]
        assert now is not None
        assert then is not None
        assert (now.audio_sha256, now.valence) == (then.audio_sha256, then.valence)


# ---------------------------------------------------------------- what fails


def test_every_bad_file_has_its_reason_and_every_good_one_its_scores(
    library: Library, bundle: Path, corpus: list[Case]
) -> None:
    folder = corpus[0].path.parent
    heard: list[Failure] = []
    report = library.scan([folder], bundle, failed=heard.append)
    cases = {os.path.realpath(case.path): case for case in corpus}
    scored = {str(track.path) for track in library.tracks()}
    reasons = {failure.path: failure.code for failure in library.failures()}
    assert heard == report.problems + report.failures
    for path, case in cases.items():
        if case.name in ("missing", "folder", "locked"):
            continue
        if case.name == "pipe":
            assert path in {problem.path for problem in report.problems}
        elif case.outcome == "scored":
            assert path in scored, case.name
        else:
            assert reasons[path] == case.code, case.name
    assert report.n_found == len(scored) + len(reasons)
    again = library.scan([folder], bundle)
    assert (again.n_known, again.n_remembered) == (len(scored), len(reasons))
    assert (again.n_to_score, again.failures) == (0, [])


def test_bad_file_is_tried_again_when_it_changes_or_on_demand(
    rescan: Scan, library: Library, music: Path
) -> None:
    bad = music / "bad.wav"
    bad.write_bytes(b"no music")
    first = rescan()
    assert [failure.path for failure in first.failures] == [str(bad)]
    assert not first.is_clean
    assert rescan().n_remembered == 1
    assert [failure.path for failure in rescan(retry_failed=True).failures] == [str(bad)]
    write_song(bad, 50)
    assert rescan().n_scored == 1
    assert library.count("failed") == 0
    bad.write_bytes(b"no music any more")
    assert len(rescan().failures) == 1
    assert library.track(bad) is None
    assert (library.count("songs"), library.count("failed")) == (3, 1)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_file_that_may_not_be_read_is_tried_again_by_itself(
    bundle: Path, in_this_process: None
) -> None:
    with open_to_all() as folder, Library(":memory:") as library:
        song = write_song(Path(os.path.realpath(folder)) / "music" / "1.wav")
        song.parent.chmod(0o755)
        song.chmod(0)
        with as_nobody():
            outcome = scoring.score(scoring.Task(str(song), 1))
        assert isinstance(outcome, scoring.Outcome)
        assert isinstance(outcome.result, Failure)
        assert outcome.is_temporary
        Recorder(library.connection, bundles.load(bundle)).add_failure(
            str(song), outcome.stamp, outcome.metadata, outcome.result, is_temporary=True
        )
        assert library.count("failed") == 1
        song.chmod(0o644)
        assert library.scan([song.parent], bundle).n_scored == 1
        assert library.count("failed") == 0


def test_failure_to_read_takes_no_result_away(
    rescan: Scan, library: Library, music: Path, bundle: Path
) -> None:
    song = music / "a" / "1.wav"
    write_song(song, 99)
    failure = Failure(str(song), "audio-unreadable", "reading it failed", "check the disk")
    Recorder(library.connection, bundles.load(bundle)).add_failure(
        str(song), stamp_of(str(song)), Metadata(), failure, is_temporary=True
    )
    assert library.count("songs") == 3
    assert rescan().n_scored == 1  # the file has changed, and now it can be read


def test_crash_or_hanging_costs_one_process_and_one_file(
    library: Library, music: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("crash.wav", "hang.wav", "once.wav", "growing.wav")):
        write_song(music / "b" / name, 100 + number)
    monkeypatch.setattr(scoring, "score", work.score_or_crash)
    report = library.scan([music], bundle, jobs=2, time_limit_s=6.0)
    codes = {Path(failure.path).name: failure.code for failure in library.failures()}
    assert codes == {"crash.wav": "crashed", "hang.wav": "timeout"}
    assert len(report.failures) == 2
    assert {"a/1.wav", "a/2.wav", "b/1.wav", "b/once.wav"} <= set(names_of(library, music))
    again = library.scan([music], bundle, dry_run=True)
    assert again.n_remembered == 2
    assert again.n_to_score == 1  # growing.wav, which has changed since


def test_file_that_changes_while_it_is_read_is_left_for_the_next_scan(
    music: Path, in_this_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = music / "a" / "1.wav"
    real = scoring.predict

    def predict_slowly(*arguments: Any) -> Any:
        os.utime(song, ns=(0, time.monotonic_ns()))
        return real(*arguments)

    monkeypatch.setattr(scoring, "predict", predict_slowly)
    assert isinstance(scoring.score(scoring.Task(str(song), 1)), scoring.Unsettled)
    song.unlink()
    assert isinstance(scoring.score(scoring.Task(str(song), 1)), scoring.Unsettled)


# ---------------------------------------------------------------- what is gone


def test_deleted_file_is_marked_and_removed_on_demand_only(
    rescan: Scan, library: Library, music: Path
) -> None:
    (music / "a" / "1.wav").unlink()
    assert rescan().n_missing == 1
    assert rescan().n_missing == 1
    assert names_of(library, music) == ["a/2.wav", "b/1.wav"]
    assert library.count("missing") == 1
    planned = rescan(prune=True, dry_run=True)
    assert (planned.n_pruned, library.count("missing")) == (1, 1)
    report = rescan(prune=True)
    assert (report.n_pruned, report.n_missing, library.count("missing")) == (1, 0, 0)
    for table in ("results", "timelines"):
        assert library.connection.row(f"SELECT count(*) FROM {table}") == (2,)
    assert library.connection.row("SELECT count(DISTINCT file_id) FROM scores") == (2,)


def test_file_that_comes_back_is_there_again_without_scoring(
    rescan: Scan, library: Library, music: Path
) -> None:
    song, aside = music / "a" / "1.wav", music.parent / "aside"
    song.rename(aside)
    rescan()
    assert library.count("songs") == 2
    aside.rename(song)
    report = rescan()
    assert (report.n_known, report.n_to_score, library.count("songs")) == (3, 0, 3)


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_disk_that_is_away_takes_nothing_from_the_library(
    rescan: Scan, library: Library, music: Path, how: str
) -> None:
    aside = music.parent / "aside"
    music.rename(aside)
    if how == "empty":
        music.mkdir()
    report = rescan(prune=True)
    assert (report.n_pruned, report.n_missing, library.count("songs")) == (0, 0, 3)
    (problem,) = report.problems
    assert "its 3 files stay in the library" in problem.message
    if how == "empty":
        music.rmdir()
    aside.rename(music)
    assert rescan().n_known == 3


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_folder_that_cannot_be_read_takes_nothing_from_the_library(bundle: Path) -> None:
    with open_to_all() as folder, Library(":memory:") as library:
        music = write_album(folder / "music")
        loaded = bundles.load(bundle)
        fill(library, music, bundle)
        for path in (music, music / "a", music / "b"):
            path.chmod(0o755)
        (music / "a").chmod(0)
        with as_nobody():
            report = library.scan([music], loaded, prune=True)
        (music / "a").chmod(0o755)
        assert (report.n_known, report.n_missing, report.n_pruned) == (1, 0, 0)
        assert not report.is_clean
        assert library.count("songs") == 3


def test_what_lies_elsewhere_or_is_excluded_is_told_from_what_is_deleted(
    rescan: Scan, library: Library, music: Path
) -> None:
    report = rescan(folders=[music / "b"], prune=True)
    assert (report.n_found, report.n_pruned, library.count("songs")) == (1, 0, 3)
    (music / "a" / ".nomedia").touch()
    report = rescan()
    assert (report.n_missing, library.count("songs")) == (2, 1)
    (music / "a" / ".nomedia").unlink()
    assert rescan(exclude=("2.*",)).n_known == 2
    assert names_of(library, music) == ["a/1.wav", "b/1.wav"]


# ---------------------------------------------------------------- bundles


def test_results_of_another_bundle_are_told_and_replaced_on_demand_only(
    rescan: Scan, library: Library, music: Path, other_bundle: Path
) -> None:
    write_song(music / "new.wav", 60)
    report = rescan(bundle=other_bundle)
    assert report.stale == {"tiny 1.0": 3}
    assert (report.n_known, report.n_scored) == (3, 1)
    assert [(each.title, each.n_songs) for each in library.bundles()] == [
        ("tiny 1.0", 3),
        ("tiny 2.0", 1),
    ]
    refreshed = rescan(bundle=other_bundle, refresh=True)
    assert (refreshed.n_scored, refreshed.stale) == (3, {})
    assert {each.title: each.n_songs for each in library.bundles()} == {
        "tiny 1.0": 3,
        "tiny 2.0": 4,
    }
    assert rescan(bundle=other_bundle).n_known == 4


def test_other_sound_takes_the_results_of_all_bundles(
    rescan: Scan, library: Library, music: Path, bundle: Path, other_bundle: Path
) -> None:
    fill(library, music, other_bundle)
    write_song(music / "a" / "1.wav", 90)
    rescan()
    counts = {each.title: each.n_songs for each in library.bundles()}
    assert counts == {"tiny 1.0": 3, "tiny 2.0": 2}
    assert rescan(bundle=other_bundle).stale == {"tiny 1.0": 1}


def test_tagged_file_keeps_the_results_of_another_bundle(
    library: Library, music: Path, bundle: Path, other_bundle: Path
) -> None:
    song = write_song(music / "song.flac", 5)
    fill(library, music, bundle)
    set_tags(song, {"artist": "Nils"})
    report = library.scan([music], other_bundle)
    assert (report.n_scored, report.n_recognized) == (0, 1)
    assert library.bundle().n_songs == 4


# ---------------------------------------------------------------- the rest


def test_dry_run_changes_nothing(rescan: Scan, library: Library, music: Path) -> None:
    write_song(music / "new.wav", 60)
    (music / "a" / "1.wav").unlink()
    (music / "b" / "bad.mp3").write_bytes(b"no music")
    before = list(library.connection.rows("SELECT * FROM files")), row_ids(library)
    report = rescan(dry_run=True)
    assert (report.n_found, report.n_known, report.n_to_score) == (4, 2, 2)
    assert (report.n_missing, report.n_scored, report.failures) == (1, 0, [])
    assert (list(library.connection.rows("SELECT * FROM files")), row_ids(library)) == before


def test_file_in_the_hands_of_a_running_scan_is_left_to_it(
    rescan: Scan, library: Library, music: Path
) -> None:
    def claimed(seed: int, process_id: int, age_s: float = 0.0) -> ScanReport:
        song = write_song(music / "new.wav", seed)
        with library.connection.transaction() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO claims VALUES (?, ?, ?)",
                (str(song), process_id, time.time() - age_s),
            )
        return rescan()

    report = claimed(60, os.getppid())
    assert (report.n_elsewhere, report.n_scored) == (1, 0)
    # That of a process that is gone, or that had this number long ago, holds nothing up.
    for seed, process_id, age_s in (
        (61, os.getppid(), 7 * 3600),
        (62, 2**22 + 5, 0),
        (63, os.getpid(), 0),
    ):
        report = claimed(seed, process_id, age_s)
        assert (report.n_elsewhere, report.n_scored) == (0, 1)


def test_full_disk_ends_a_scan_and_what_was_scored_stays(
    library: Library, tmp_path: Path, bundle: Path
) -> None:
    music = write_album(tmp_path / "music", [f"{number}.wav" for number in range(30)])
    connection = library.connection
    (n_pages,) = connection.row("PRAGMA page_count") or (0,)
    list(connection.rows(f"PRAGMA max_page_count = {n_pages + 4}"))
    job = scan.Scan(library, [music], bundle, ScanSettings(jobs=1))
    with pytest.raises(LibraryUnwritable, match="the disk is full"):
        job.run()
    assert 0 < job.report.n_scored < 30
    assert library.count("songs") == job.report.n_scored
    assert connection.row("PRAGMA integrity_check") == ("ok",)
    list(connection.rows("PRAGMA max_page_count = 1000000"))
    assert library.scan([music], bundle).n_scored == 30 - job.report.n_scored


@pytest.mark.parametrize(
    "settings", [{"jobs": 0}, {"time_limit_s": 0.0}, {"time_limit_s": float("nan")}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadConfig):
        ScanSettings(**settings)


def test_time_limit_grows_with_the_file() -> None:
    settings = ScanSettings()
    assert settings.limit_s(0) == 300
    assert settings.limit_s(600_000_000) > 4 * 3600
    assert ScanSettings(time_limit_s=7).limit_s(10**9) == 7


def test_jobs_are_no_more_than_there_is_work() -> None:
    assert ScanSettings(jobs=8).n_jobs(3) == 3
    assert ScanSettings().n_jobs(1) == 1
    assert ScanSettings().n_jobs(100_000) >= 1


def test_bundle_that_is_not_there_is_refused_before_anything(library: Library, music: Path) -> None:
    with pytest.raises(BundleMissing):
        library.scan([music], "nope")
    assert library.bundles() == ()


def test_library_stays_a_plain_database(rescan: Scan, library: Library, music: Path) -> None:
    """What any program that reads SQLite gets to see."""
    with plain_database(library.path) as plain:
        rows = plain.execute(
            "SELECT path, quadrant, score FROM files JOIN results ON file_id = files.id"
            " JOIN scores USING (file_id) JOIN tags ON tags.id = tag_id"
            " WHERE tag = 'sad' AND score > 0.5 ORDER BY path"
        ).fetchall()
    expected = [
        (str(track.path), track.quadrant, library.prediction(track.id).tags["sad"])
        for track in library.tracks()
        if library.prediction(track.id).tags["sad"] > 0.5
    ]
    assert rows == expected
