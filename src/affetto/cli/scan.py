"""`affetto scan`: folders of music into a library, and what is new in them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from affetto.cli.facts import format_option, print_facts, print_json
from affetto.cli.options import COUNT, Verb, bundle_option, db_option, positive, say
from affetto.cli.progress import Progress
from affetto.closing import Closing
from affetto.errors import LibraryError

if TYPE_CHECKING:
    from affetto.core import Failure
    from affetto.library import Library
    from affetto.library.scan import ScanReport, ScanSettings, Stage


@click.command(cls=Verb)
@click.argument("folders", nargs=-1, required=True, type=click.Path(), metavar="FOLDER...")
@db_option
@bundle_option
@click.option(
    "--jobs",
    type=COUNT,
    metavar="N",
    help="Processes that score; by default one a core. They let everything else go first.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="GLOB",
    help="Leave out files and folders of such a name, or path below FOLDER; repeatable.",
)
@click.option("--retry-failed", is_flag=True, help="Try files again that failed before.")
@click.option("--refresh", is_flag=True, help="Score songs again that another bundle has scored.")
@click.option("--prune", is_flag=True, help="Remove what is gone from the library.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--watch", is_flag=True, help="Go on and keep the library current.")
@click.option(
    "--time-limit-s",
    type=float,
    callback=positive,
    metavar="SECONDS",
    help="Give up on a file after this time; by default 5 minutes and more for large files.",
)
@format_option
@click.pass_context
def scan(
    ctx: click.Context,
    folders: tuple[str, ...],
    db: Path | None,
    bundle: str,
    jobs: int | None,
    exclude: tuple[str, ...],
    retry_failed: bool,
    refresh: bool,
    prune: bool,
    dry_run: bool,
    watch: bool,
    time_limit_s: float | None,
    format_name: str,
) -> int:
    """Score the music in folders into a library.

    Run it again after a change, or an interruption: only what is new is scored.
    """
    from affetto.library import Library, default_path
    from affetto.library.scan import ScanSettings

    if watch and dry_run:
        raise click.UsageError("--watch and --dry-run exclude each other", ctx)
    settings = ScanSettings(
        exclude=exclude,
        jobs=jobs,
        retry_failed=retry_failed,
        refresh=refresh,
        prune=prune,
        dry_run=dry_run,
        time_limit_s=time_limit_s,
    )
    path = default_path() if db is None else db
    is_in_memory = dry_run and not path.exists()  # a dry run makes no file
    with Library(":memory:" if is_in_memory else path) as library:
        once = _Once(library, folders, bundle, settings, _Printer(path, format_name, watch), ctx)
        if not watch:
            return 0 if once().is_clean else 1
        from affetto.library import watch as watching

        is_clean = [report.is_clean for report in watching.watch(library, folders, once)]
        return 0 if all(is_clean) else 1


class _Once:
    """Scans once and prints what came of it, also when it ends before its time."""

    def __init__(
        self,
        library: Library,
        folders: tuple[str, ...],
        bundle: str,
        settings: ScanSettings,
        printer: _Printer,
        ctx: click.Context,
    ) -> None:
        self._library = library
        self._folders = folders
        self._bundle = bundle
        self._settings = settings
        self._print = printer
        self._ctx = ctx

    def __call__(self) -> ScanReport:
        from affetto.library.scan import Scan

        with _Display() as shown:
            job = Scan(
                self._library,
                self._folders,
                self._bundle,
                self._settings,
                shown.hear,
                shown.tell,
            )
            try:
                job.run()
            except LibraryError as error:
                if not job.report.n_scored:
                    raise
                shown.close()
                self._print(job.report)
                say(error.message, error.hint)
                self._ctx.exit(1)
            except (KeyboardInterrupt, SystemExit):
                shown.close()
                self._print(job.report)
                say("not all was done", "run it again to go on")
                raise
        self._print(job.report)
        # Once is enough for what is tried again, while a folder is watched.
        self._settings = replace(self._settings, retry_failed=False)
        return job.report


class _Display(Closing):
    """Shows how far a scan is, and the failures between."""

    def __init__(self) -> None:
        self._stage: Stage = "looking"
        self._bar = Progress("looking", "files")
        self._begun_s = time.monotonic()

    def close(self) -> None:
        self._bar.close()

    def hear(self, stage: Stage, n_done: int, n_all: int | None) -> None:
        """Take what a scan tells of its progress."""
        if stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = Progress("scoring", "songs", n_all)
            self._begun_s = time.monotonic()
        rate = ""
        if stage == "scoring" and n_done:
            rate = f"scoring {_rate(n_done, time.monotonic() - self._begun_s)}"
        self._bar.update(n_done, description=rate)

    def tell(self, failure: Failure) -> None:
        """Say what failed."""
        with self._bar.hidden():
            say(failure.message, failure.hint)


class _Printer:
    """Prints the report of a scan; of many, in JSON, each on one line."""

    def __init__(self, path: Path, format_name: str, is_one_of_many: bool) -> None:
        self._path = path
        self._is_json = format_name == "json"
        self._is_one_of_many = is_one_of_many

    def __call__(self, report: ScanReport) -> None:
        if not self._is_json:
            print_facts(_facts(report, self._path))
            return
        plain = {**report.to_dict(), "library": os.fspath(self._path)}
        if self._is_one_of_many:
            click.echo(json.dumps(plain))
        else:
            print_json(plain)


def _facts(report: ScanReport, path: Path) -> Iterator[tuple[str, str]]:
    """Give what there is to say about a scan, by name."""
    would = " (dry run: nothing was done)" if report.is_dry_run else ""
    yield "library", os.fspath(path)
    yield "found", f"{_n(report.n_found, 'file')}, {report.n_known:,} of them known{would}"
    if report.is_dry_run:
        yield "to score", _n(report.n_to_score, "file")
    else:
        rate = f", {_rate(report.n_scored, report.scoring_s)}" if report.n_scored > 1 else ""
        yield "scored", f"{_n(report.n_scored, 'song')} by {report.bundle}{rate}"
    n_same = report.n_relocated + report.n_recognized
    if n_same:
        yield "recognized", f"{_n(n_same, 'song')} by place or sound, not scored again"
    if report.failures:
        yield "failed", _n(len(report.failures), "file")
    if report.n_remembered:
        yield (
            "not tried",
            (f"{_n(report.n_remembered, 'file')} failed before; to try again: --retry-failed"),
        )
    if report.n_elsewhere:
        yield "left alone", f"{_n(report.n_elsewhere, 'file')} in the hands of another scan"
    if report.n_unsettled:
        yield "unsettled", f"{_n(report.n_unsettled, 'file')} changed meanwhile; scan again"
    if report.problems:
        yield "not read", _n(len(report.problems), "folder or file", "folders or files")
    if report.n_missing:
        yield "missing", f"{_n(report.n_missing, 'file')} of the library; to remove: --prune"
    if report.n_pruned:
        yield "removed", f"{_n(report.n_pruned, 'file')} that are no longer there{would}"
    for title, n_songs in report.stale.items():
        yield "stale", f"{_n(n_songs, 'song')} scored by {title} only; to score again: --refresh"


def _n(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _rate(n_songs: int, elapsed_s: float) -> str:
    return f"{60 * n_songs / max(elapsed_s, 0.001):,.0f} a minute"
