"""`affetto tag`: moods into the files' own tags, and out of them again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Collection, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import click

from affetto.cli.facts import format_option
from affetto.cli.options import COUNT, State, Verb, bundle_option, say, share
from affetto.cli.progress import Progress
from affetto.errors import AffettoError
from affetto.interrupts import whole

if TYPE_CHECKING:
    from affetto.core import Failure, Vocabulary
    from affetto.library.tagging import Plan, TagSettings

MAX_SHOWN = 50  # characters of a value; the JSON has all of it

_FIELDS = ("mood", "valence", "arousal", "quadrant", "tags", "scores", "bundle")
_FOR_SCORING = {"bundle", "top", "threshold", "words", "jobs"}

_log = logging.getLogger(__name__)


@click.command(cls=Verb)
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATH...]")
@click.option("--write", is_flag=True, help="Change the files; else only show what would change.")
@click.option("--undo", is_flag=True, help="Put back what was there before affetto wrote.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    type=click.Choice(_FIELDS),
    help="Only this field; may be given several times. By default all.",
)
@click.option(
    "--top",
    type=COUNT,
    metavar="N",
    help="At most N moods a song, of those above their threshold; by default 5.",
)
@click.option(
    "--threshold",
    type=float,
    callback=share,
    metavar="0..1",
    help="Choose moods from this score on; by default each tag has its own.",
)
@click.option(
    "--words",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file with your own words for moods.",
)
@click.option("--keep-times", is_flag=True, help="Leave the time of the last change as it was.")
@click.option(
    "--break-hard-links",
    is_flag=True,
    help="Also write a file with several names; the others keep the old content.",
)
@click.option(
    "--library",
    is_flag=True,
    help="Write what your library knows, without scoring; without PATH, into all its songs.",
)
@click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The same with the library in FILE.",
)
@click.option("--query", metavar="QUERY", help="The same with songs that a search finds.")
@bundle_option
@click.option(
    "--jobs",
    type=COUNT,
    metavar="N",
    help="Processes that score; by default 1 for few files, else one a core.",
)
@format_option
@click.pass_context
def tag(
    ctx: click.Context,
    paths: tuple[str, ...],
    write: bool,
    undo: bool,
    fields: tuple[str, ...],
    top: int | None,
    threshold: float | None,
    words: Path | None,
    keep_times: bool,
    break_hard_links: bool,
    library: bool,
    db: Path | None,
    query: str | None,
    bundle: str,
    jobs: int | None,
    format_name: str,
) -> int:
    """Write the moods of music into its files' tags, where players look for them.

    Shows what would change, field by field; --write does it, and --undo takes it back.
    Put -- before a name that begins with a dash.
    """
    from affetto.cli.tagsources import Scored, Source, Stored
    from affetto.library import Library, tagging

    is_stored = library or db is not None or query is not None
    if not paths and not is_stored:
        raise click.UsageError("Missing argument 'PATH...', or --library for songs of yours", ctx)
    if undo:
        _refuse(ctx, _FOR_SCORING, "--undo")
    elif is_stored:
        _refuse(ctx, {"jobs"}, "a library")
    names = tuple(
        name
        for name in tagging.FIELDS
        if not fields or name.removeprefix("AFFETTO_").lower() in fields
    )
    journal = tagging.Journal()
    with contextlib.ExitStack() as stack:
        if is_stored:
            opened = stack.enter_context(Library.open(db))
            chosen = bundle if _is_given(ctx, "bundle") else None
            source: Source = Stored(opened, paths, query, chosen, threshold)
        else:
            debug = ctx.ensure_object(State).debug
            source = Scored(paths, bundle, threshold, jobs, debug=debug)
        settings = None if undo else _settings(top, names, words, source.vocabulary)
        report = stack.enter_context(Report(format_name, is_undo=undo, is_dry=not write))

        def finish(plan: Plan) -> None:
            if write:
                with whole():
                    tagging.carry_out(
                        plan, journal, keep_times=keep_times, break_hard_links=break_hard_links
                    )
            report.add(plan)

        files: list[Path] = []
        for path in source.files(report):
            with report.attempt(path):
                # Before the scoring, which takes hours for thousands of songs.
                tagging.check(path, break_hard_links=break_hard_links)
                files.append(path)
        if settings is None:
            for path in files:
                with report.attempt(path):
                    finish(tagging.plan_undo(path, journal, names))
            return report.code
        with contextlib.closing(cast("Generator[Any]", source.moods(files, report))) as moods:
            for path, found in moods:
                with report.attempt(path):
                    finish(tagging.plan_write(path, found, settings, journal))
        return report.code


def _refuse(ctx: click.Context, options: Collection[str], why: str) -> None:
    """Refuse options that say how to score where nothing is scored."""
    for name in sorted(options):
        if _is_given(ctx, name):
            raise click.UsageError(f"{why} scores nothing, so --{name} has no meaning", ctx)


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _settings(
    top: int | None, names: tuple[str, ...], words: Path | None, vocabulary: Vocabulary
) -> TagSettings:
    from affetto.library import tagging

    return tagging.TagSettings(
        top=tagging.DEFAULT_TOP if top is None else top,
        fields=names,
        words=None if words is None else tagging.read_words(words, [vocabulary]),
    )


class Report:
    """Prints what becomes of each file as soon as it is known, and counts."""

    def __init__(self, format_name: str, *, is_undo: bool, is_dry: bool) -> None:
        self.code = 0
        self._is_json = format_name == "json"
        self._is_undo = is_undo
        self._is_dry = is_dry
        self._n_printed = self._n_changed = self._n_same = 0
        self._progress = Progress("tagging", "songs")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_json:
            click.echo("\n]" if self._n_printed else "[]")
        if kind is None:
            self._say_counts()

    @contextlib.contextmanager
    def bar(self, description: str, n_songs: int) -> Iterator[None]:
        """Show how many songs are done while the block lasts."""
        self._progress = Progress(description, "songs", n_songs)
        with self._progress:
            yield

    @contextlib.contextmanager
    def attempt(self, path: Path) -> Iterator[None]:
        """Turn what goes wrong with a file into a sentence; the others go on."""
        from affetto.audio import display

        try:
            yield
        except AffettoError as error:
            self._refuse(error.message, error.hint)
        except BrokenPipeError:  # nobody reads on, so there is nothing more to do
            raise
        except Exception as error:
            self._refuse(
                f"{display(path)}: affetto failed ({type(error).__name__}: {display(str(error))})",
                "the file is as it was; please report this, with the file if you may",
            )

    def fail(self, failure: Failure) -> None:
        """Report a file that could not be found or scored."""
        self._refuse(failure.message, failure.hint)

    def _refuse(self, message: str, hint: str) -> None:
        _log.debug("an input that failed", exc_info=True)
        self.code = 1
        with self._progress.hidden():
            say(message, hint)

    def add(self, plan: Plan) -> None:
        """Print a plan, which was carried out unless this is a dry run."""
        if plan.differences:
            self._n_changed += 1
        else:
            self._n_same += 1
        with self._progress.hidden(), whole():
            if self._is_json:
                text = json.dumps(self._plain(plan))
                click.echo(f"{',' if self._n_printed else '['}\n  {text}", nl=False)
                self._n_printed += 1
            elif plan.differences or plan.notes:
                _print_plan(plan)
        self._progress.update(self._n_changed + self._n_same)

    def _plain(self, plan: Plan) -> dict[str, Any]:
        done = "restored" if self._is_undo else "written"
        planned = "would-restore" if self._is_undo else "would-write"
        status = (planned if self._is_dry else done) if plan.differences else "unchanged"
        return {
            "path": os.fspath(plan.path),
            "status": status,
            "tag": plan.container.form,
            "changes": [
                {"field": each.field, "name": each.name, "old": each.old, "new": each.new}
                for each in plan.differences
            ],
            "notes": plan.notes,
        }

    def _say_counts(self) -> None:
        if self._n_changed + self._n_same == 0:
            return
        what = "restored" if self._is_undo else "written"
        text = f"{_files(self._n_changed)} {what}, {self._n_same} already as wanted"
        if self._is_dry:
            text = f"{_files(self._n_changed)} to be {what}, {self._n_same} already as wanted"
        say(text, "to do it, add --write" if self._is_dry and self._n_changed else "")


def _files(n: int) -> str:
    return "1 file" if n == 1 else f"{n:,} files"


def _print_plan(plan: Plan) -> None:
    from affetto.audio import display

    click.echo(f"{display(plan.path)}  ({plan.container.form})")
    width = max((len(each.name) for each in plan.differences), default=0)
    for each in plan.differences:
        click.echo(f"  {each.name:<{width}}  {_shown(each.old)} -> {_shown(each.new)}")
    for note in plan.notes:
        click.echo(f"  {note}")


def _shown(texts: tuple[str, ...]) -> str:
    from affetto.audio import display

    if not texts:
        return "(none)"
    text = "; ".join(map(display, texts))
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."
