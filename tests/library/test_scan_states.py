"""Whatever happens to a folder between scans, the library tells what lies in it afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affetto import bundles
from affetto.errors import AffettoError
from affetto.library import Library, scoring
from affetto.prediction import predict
from tests.library.music import set_tags, write_song

seeds = st.integers(0, 5)
places = st.builds("{}/{}.flac".format, st.sampled_from("ab"), st.integers(1, 2))


def map_here(
    function: Callable[[Any], Any],
    items: Iterable[Any],
    n_processes: int,
    *,
    initargs: tuple[Any, ...],
    **_: Any,
) -> Iterator[tuple[Any, Any]]:
    """Stand in for the pool of processes, which has tests of its own."""
    folder, scoring._gone = initargs
    scoring._bundle = bundles.load(folder)
    for item in items:
        yield item, function(item)


class Folder:
    """A folder of songs of which some are alike, and a library that is scanned now and then."""

    def __init__(self, bundle: Path) -> None:
        self.bundle = bundle
        self.home = Path(os.path.realpath(tempfile.mkdtemp()))
        self.music = self.home / "music"
        (self.music / "other").mkdir(parents=True)  # an empty folder would be a disk that is away
        self.library = Library(self.home / "library.sqlite")
        self.time_ns = 10**18
        self.is_same_sound = False  # since the last scan, no path got another sound

    def close(self) -> None:
        self.library.close()
        shutil.rmtree(self.home)

    def stamp(self, path: Path) -> None:
        """Give a file a time of its own, however fast the test is."""
        self.time_ns += 10**9
        os.utime(path, ns=(self.time_ns, self.time_ns))

    def write(self, place: str, other: str, seed: int) -> None:
        self.stamp(write_song(self.music / place, seed))
        self.is_same_sound = False

    def spoil(self, place: str, other: str, seed: int) -> None:
        (self.music / place).parent.mkdir(exist_ok=True)
        (self.music / place).write_bytes(b"no music")
        self.stamp(self.music / place)
        self.is_same_sound = False

    def copy(self, place: str, other: str, seed: int) -> None:
        source, target = self.music / place, self.music / other
        if source.exists() and source != target:
            self.is_same_sound = self.is_same_sound and not target.exists()
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source, target)
            self.stamp(target)

    def move(self, place: str, other: str, seed: int) -> None:
        source, target = self.music / place, self.music / other
        if source.exists() and source != target:
            self.is_same_sound = self.is_same_sound and not target.exists()
            target.parent.mkdir(exist_ok=True)
            source.rename(target)

    def rename_folder(self, place: str, other: str, seed: int) -> None:
        source = (self.music / place).parent
        target = source.with_name(f"{source.name}{source.name}")
        if source.exists() and not target.exists():
            source.rename(target)

    def delete(self, place: str, other: str, seed: int) -> None:
        (self.music / place).unlink(missing_ok=True)

    def tag(self, place: str, other: str, seed: int) -> None:
        path = self.music / place
        if path.exists() and path.read_bytes()[:4] == b"fLaC":
            set_tags(path, {"artist": "Nils " * (seed * 4_000)})
            self.stamp(path)

    def tidy(self, place: str, other: str, seed: int) -> None:
        """Do as programs do that keep collections in order: tag a file and rename it."""
        if not (self.music / other).exists():
            self.tag(place, other, seed)
            self.move(place, other, seed)

    def prune(self, place: str, other: str, seed: int) -> None:
        self.scan(place, other, seed, prune=True)

    def scan(self, place: str, other: str, seed: int, *, prune: bool = False) -> None:
        """Scan, and see that the library tells what is there."""
        report = self.library.scan([self.music], self.bundle, prune=prune, jobs=1)
        songs, bad = {}, set()
        for path in self.music.rglob("*.flac"):
            try:
                songs[path] = predict(path, self.bundle)
            except AffettoError:
                bad.add(str(path))
        found = {track.path: self.library.prediction(track.id) for track in self.library.tracks()}
        assert {path: (p.audio_sha256, p.tags) for path, p in found.items()} == {
            path: (p.audio_sha256, p.tags) for path, p in songs.items()
        }
        assert {failure.path for failure in self.library.failures()} == bad
        assert report.n_found == len(songs) + len(bad)
        assert report.n_unsettled == 0
        if self.is_same_sound:
            assert report.n_scored == 0
        if prune:
            assert self.library.connection.row("SELECT count(*) FROM files") == (report.n_found,)
        self.is_same_sound = True


OPERATIONS = (
    *(Folder.write, Folder.spoil, Folder.copy, Folder.move, Folder.rename_folder, Folder.delete),
    *(Folder.tag, Folder.tidy, Folder.tidy, Folder.prune, Folder.scan, Folder.scan, Folder.scan),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(OPERATIONS), places, places, seeds), min_size=15, max_size=30
    )
)
def test_library_tells_what_lies_in_the_folder_whatever_happened_to_it(
    bundle: Path, operations: list[tuple[Callable[..., None], str, str, int]]
) -> None:
    folder = Folder(bundle)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("affetto.workers.map_completed", map_here)
        try:
            for number, place in enumerate(("a/1.flac", "a/2.flac", "b/1.flac")):
                folder.write(place, place, number)
            folder.scan("", "", 0)
            for operation, place, other, seed in operations:
                operation(folder, place, other, seed)
            folder.scan("", "", 0)
        finally:
            folder.close()
