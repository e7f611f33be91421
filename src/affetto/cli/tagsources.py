"""What `affetto tag` writes into which files: what is scored now, or what a library knows."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

from affetto.cli.listings import say_stale
from affetto.cli.options import say

if TYPE_CHECKING:
    from affetto.bundles import Bundle
    from affetto.cli.tag import Report
    from affetto.core import Failure, Prediction, Vocabulary
    from affetto.library import Library, Track
    from affetto.library.tagging import Moods

MIN_FILES_PER_JOB = 4  # fewer are done sooner than another process has started


class Source(ABC):
    """Files, and what is to be written into them. What fails is told to the report."""

    @abstractmethod
    def files(self, report: Report) -> Iterator[Path]:
        """Give the files that are meant."""

    @property
    @abstractmethod
    def vocabulary(self) -> Vocabulary:
        """The vocabulary of the moods."""

    @abstractmethod
    def moods(self, files: Sequence[Path], report: Report) -> Iterator[tuple[Path, Moods]]:
        """Give the moods of files, one after the other, as soon as they are known."""


class Scored(Source):
    """Files by name, and the music in folders, which a bundle scores."""

    def __init__(
        self,
        paths: Sequence[str],
        bundle: str,
        threshold: float | None,
        jobs: int | None,
        *,
        debug: bool,
    ) -> None:
        self._paths = paths
        self._bundle_name = bundle
        self._loaded: Bundle | None = None
        self._threshold = threshold
        self._jobs = jobs
        self._debug = debug

    @property
    def _bundle(self) -> Bundle:
        from affetto import bundles

        if self._loaded is None:
            self._loaded = bundles.load(self._bundle_name)
        return self._loaded

    def files(self, report: Report) -> Iterator[Path]:
        from affetto import audio
        from affetto.core import Failure

        for item in audio.find(self._paths):
            if isinstance(item, Failure):
                report.fail(item)
            else:
                yield item

    @property
    def vocabulary(self) -> Vocabulary:
        vocabulary = self._bundle.tag_heads[0].spec.vocabulary
        assert vocabulary is not None
        return vocabulary

    def moods(self, files: Sequence[Path], report: Report) -> Iterator[tuple[Path, Moods]]:
        from affetto.core import Failure
        from affetto.library import tagging
        from affetto.prediction import predict_many

        scored = predict_many(
            files, self._bundle, threshold=self._threshold, jobs=self._n_jobs(len(files))
        )
        results = cast("Generator[Prediction | Failure]", scored)
        with report.bar("scoring", len(files)), closing(results):  # with it the processes
            for result in results:
                if isinstance(result, Failure):
                    report.fail(result)
                else:
                    yield Path(result.path), tagging.Moods.of(result)

    def _n_jobs(self, n_files: int) -> int:
        from affetto import workers

        if self._jobs is not None:
            return self._jobs
        return max(1, 1 if self._debug else min(workers.n_cores(), n_files // MIN_FILES_PER_JOB))


class Stored(Source):
    """Songs of a library, all or those that a query finds or that lie at `paths`.

    Nothing is scored: what sounds otherwise than when it was scanned is told, and left alone.
    """

    def __init__(
        self,
        library: Library,
        paths: Sequence[str],
        query: str | None,
        bundle: str | None,
        threshold: float | None,
    ) -> None:
        from affetto.library import search

        self._library = library
        self._paths = paths
        self._is_searched = query is not None
        self._threshold = threshold
        self._found = search(query or "", db=library, bundle=bundle, sort="path", scores=False)
        self._tracks = {track.path: track for track in self._found.tracks}

    def files(self, report: Report) -> Iterator[Path]:
        say_stale(self._found)
        if not self._paths:
            if not self._tracks:
                say("no song of the library fits")
            yield from self._tracks
            return
        given: set[Path] = set()
        for path in self._paths:
            there = list(self._below(path))
            if not there and not self._is_searched:
                report.fail(_unknown(path))
            for track in there:
                if track.path not in given:
                    given.add(track.path)
                    yield track.path
        if not given and self._is_searched:
            say("no song of the library fits")

    @property
    def vocabulary(self) -> Vocabulary:
        return self._found.bundle.vocabulary

    def moods(self, files: Sequence[Path], report: Report) -> Iterator[tuple[Path, Moods]]:
        from affetto.library import tagging

        with report.bar("tagging", len(files)):
            for path in files:
                found = None
                with report.attempt(path):
                    found = tagging.stored_moods(
                        self._library, self._tracks[path], self._found.bundle, self._threshold
                    )
                if found is not None:
                    yield path, found

    def _below(self, path: str) -> Iterator[Track]:
        """Give the song of a path, or those in a folder and below."""
        track = self._library.track(path, bundle=self._found.bundle)
        if track is not None:
            if track.path in self._tracks:
                yield track
            return
        folder = os.path.join(os.path.realpath(path), "")  # noqa: PTH118 (with a separator)
        for each in self._tracks.values():
            if os.fspath(each.path).startswith(folder):
                yield each


def _unknown(path: str) -> Failure:
    from affetto.audio import display
    from affetto.core import Failure
    from affetto.errors import AudioNotFound

    message = f"{display(path)}: no song of it is in the library"
    return Failure(path, AudioNotFound.code, message, "add it with: affetto scan FOLDER")
