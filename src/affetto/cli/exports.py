"""Songs of a library in the formats of predictions: what was said of them, not scored again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from affetto.cli.options import Member
from affetto.writers import WRITERS

if TYPE_CHECKING:
    from affetto.core import Prediction
    from affetto.library import Library, StoredBundle, Track
    from affetto.writers.base import Selection

F = TypeVar("F", bound=Callable[..., Any])

output_option = click.option(
    "-o",
    "--output",
    metavar="FILE|FOLDER",
    help="Write to a file, in the format of its suffix, or a file a song to a folder.",
)


def format_option(own: tuple[str, ...], help_text: str) -> Callable[[F], F]:
    """Add `--format`: one of the verb's own ways to write songs, or a format of predictions."""
    return click.option(
        "--format", "format_name", type=Member(WRITERS, own), metavar="FORMAT", help=help_text
    )


@contextlib.contextmanager
def printed_to(output: str | None, inputs: Sequence[str | Path]) -> Iterator[None]:
    """Let what a block prints go to a file, which is there once it is whole; None is stdout.

    Raises: BadConfig for a folder, an input, and what cannot be written.
    """
    from affetto.audio import display
    from affetto.cli import outputs
    from affetto.errors import BadConfig

    if output is None or output == "-":
        yield
        return
    if outputs.is_folder(output):
        raise BadConfig(
            f"-o {display(output)} is a folder, but this format is one file for all songs",
            "name a file",
        )
    outputs.refuse_inputs(Path(output), inputs, "-o")
    with outputs.opened(Path(output)) as stream, contextlib.redirect_stdout(stream):
        yield


def write(
    library: Library,
    songs: Sequence[tuple[Track, StoredBundle]],
    format_name: str,
    selection: Selection,
    output: str | None,
) -> None:
    """Write what the bundles have said of songs. Raises: as `outputs.results`; LibraryError."""
    from affetto.cli import outputs
    from affetto.cli.progress import Progress
    from affetto.interrupts import whole

    paths: list[str | Path] = [track.path for track, _ in songs]
    with (
        Progress("writing", "songs", len(songs)) as progress,
        outputs.results(format_name, selection, output, paths) as results,
    ):
        try:
            for number, (track, bundle) in enumerate(songs, 1):
                prediction: Prediction = library.prediction(track.id, bundle=bundle)
                with progress.hidden() if results.is_on_terminal else nullcontext(), whole():
                    results.add(prediction)
                progress.update(number)
        finally:
            with whole():
                results.close()
