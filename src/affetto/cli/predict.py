"""`affetto predict`: music in, emotions out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Generator, Iterable
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Literal, cast

import click

from affetto.cli.options import (
    COUNT,
    Member,
    State,
    Verb,
    bundle_option,
    names,
    positive,
    say,
    share,
)
from affetto.cli.progress import Progress
from affetto.errors import AffettoError, UnknownName
from affetto.interrupts import whole
from affetto.writers import WRITERS

if TYPE_CHECKING:
    from affetto.bundles import Bundle
    from affetto.cli.outputs import Pictures, Results
    from affetto.core import Failure, Prediction

MIN_FILES_PER_JOB = 4  # fewer are done sooner than another process has started


@click.command(cls=Verb)
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@bundle_option
@click.option(
    "--format",
    "format_name",
    type=Member(WRITERS),
    help="How results are written; by default a table, with -o what the suffix says.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|FOLDER",
    help="Write to a file, whole or not at all, or a file a song to a folder; - is stdout.",
)
@click.option("--timeline", is_flag=True, help="Also write the values over time, for each window.")
@click.option(
    "--top",
    type=COUNT,
    metavar="N",
    help="At most N tags a song; by default 5 in the table, else all.",
)
@click.option(
    "--threshold",
    type=float,
    callback=share,
    metavar="0..1",
    help="Mark tags from this score on; by default each tag has its own.",
)
@click.option("--tags", callback=names, metavar="TAG,TAG...", help="Write only these tags.")
@click.option(
    "--hop-s",
    type=float,
    callback=positive,
    metavar="SECONDS",
    help="Distance of the timeline's windows; by default the bundle's.",
)
@click.option(
    "--plot",
    metavar="FILE|FOLDER",
    help="Also draw one song to a .png, .svg or .pdf file, or each song into a folder.",
)
@click.option(
    "--jobs",
    type=COUNT,
    metavar="N",
    help="Processes that share the work; by default 1 for few files, else one a core.",
)
@click.option(
    "--runtime",
    type=click.Choice(["onnx", "torch"]),
    default="onnx",
    show_default=True,
    help="What runs the network; torch needs the extra `train`.",
)
@click.pass_obj
def predict(
    state: State,
    paths: tuple[str, ...],
    bundle: str,
    format_name: str | None,
    output: str | None,
    timeline: bool,
    top: int | None,
    threshold: float | None,
    tags: tuple[str, ...] | None,
    hop_s: float | None,
    plot: str | None,
    jobs: int | None,
    runtime: Literal["onnx", "torch"],
) -> int:
    """Score the emotions of music files, and of the music in folders.

    Put -- before a name that begins with a dash.
    """
    from affetto import audio, bundles
    from affetto.cli import outputs
    from affetto.core import Failure
    from affetto.prediction import predict_many
    from affetto.writers.base import Selection

    loaded = bundles.load(bundle, runtime=runtime)
    selection = Selection(top, None if tags is None else _known_tags(tags, loaded), timeline)
    format_name = format_name or outputs.format_for(output)
    found = [item.path if isinstance(item, Failure) else item for item in audio.find(paths)]
    pictures = None if plot is None else outputs.Pictures(plot, found)
    progress = _Songs(len(found))
    scored = predict_many(
        found,
        loaded,
        hop_s=hop_s,
        threshold=threshold,
        jobs=_n_jobs(jobs, len(found), runtime, state),
        progress=progress.hear,
    )
    ending = closing(cast("Generator[Prediction | Failure]", scored))  # with it the processes
    with progress.bar, outputs.results(format_name, selection, output, found) as results, ending:
        return _write(scored, results, pictures, progress)


def _write(
    scored: Iterable[Prediction | Failure],
    results: Results,
    pictures: Pictures | None,
    progress: _Songs,
) -> int:
    """Write what comes as it comes; give 1 if something failed, else 0."""
    from affetto.core import Failure

    code = 0
    shares_terminal = results.is_on_terminal
    try:
        for result in scored:
            if isinstance(result, Failure):
                with progress.bar.hidden():
                    say(result.message, result.hint)
                code = 1
                progress.count()
                continue
            with progress.bar.hidden() if shares_terminal else nullcontext(), whole():
                results.add(result)
            try:
                if pictures is not None:
                    pictures.draw(result)
            except AffettoError as error:
                with progress.bar.hidden():
                    say(error.message, error.hint)
                code = 1
            progress.count()
    finally:
        with progress.bar.hidden() if shares_terminal else nullcontext(), whole():
            results.close()
    return code


class _Songs:
    """Counts songs for the progress bar; of a single one, the seconds of its sound."""

    def __init__(self, n_songs: int) -> None:
        self._n_songs = n_songs
        self._n_done = 0
        if n_songs == 1:
            self.bar = Progress("scoring", "s of sound")
        else:
            self.bar = Progress("scoring", "songs", n_songs)

    def hear(self, done_s: float, total_s: float | None) -> None:
        """Take what `predict_many` tells of the song under way."""
        if self._n_songs == 1:
            self.bar.update(done_s, total_s)
        elif total_s:
            self.bar.update(self._n_done + min(done_s / total_s, 1.0))

    def count(self) -> None:
        """Count a song that is done."""
        self._n_done += 1
        if self._n_songs > 1:
            self.bar.update(self._n_done)


def _known_tags(given: Iterable[str], bundle: Bundle) -> tuple[str, ...]:
    """Find tags of any of the bundle's vocabularies, by slug or title. Raises: UnknownName."""
    known: dict[str, str] = {}
    for head in reversed(bundle.tag_heads):  # so that the main vocabulary wins
        vocabulary = head.spec.vocabulary
        assert vocabulary is not None
        known |= dict(zip(map(_slug, vocabulary.titles), vocabulary.tags, strict=True))
        known |= {tag: tag for tag in vocabulary.tags}
    found = []
    for name in given:
        if _slug(name) not in known:
            near = difflib.get_close_matches(_slug(name), known, n=1, cutoff=0.5)
            guess = f"did you mean {known[near[0]]}? " if near else ""
            every = ", ".join(dict.fromkeys(known.values()))
            raise UnknownName(
                f"bundle {bundle.title} has no tag {name!r}", f"{guess}known: {every}"
            )
        found.append(known[_slug(name)])
    return tuple(dict.fromkeys(found))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _n_jobs(given: int | None, n_files: int, runtime: str, state: State) -> int:
    from affetto import workers

    if given is not None:
        return max(1, min(given, n_files))
    if runtime == "torch" or state.debug:  # torch has threads of its own; traces are seen here
        return 1
    return max(1, min(workers.n_cores(), n_files // MIN_FILES_PER_JOB))
