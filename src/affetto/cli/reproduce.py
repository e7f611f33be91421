"""`affetto reproduce`: an experiment of the literature, whole, with one command."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from affetto.cli.options import (
    COUNT,
    Verb,
    data_root_option,
    names,
    say,
    settings_option,
    skip_bad_option,
)

if TYPE_CHECKING:
    from affetto.experiments.protocols import Wish


@click.command(cls=Verb)
@click.argument("task", metavar="TASK")
@click.option(
    "--source",
    metavar="NAME",
    help="Where spectrograms come from: echonest, audio or first3s.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Two folds, one seed, few methods: minutes, and labelled as such.",
)
@click.option("--methods", callback=names, metavar="NAME,...", help="Run these methods alone.")
@click.option(
    "--without", callback=names, metavar="NAME,...", help="Leave out some of the usual methods."
)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Run a further method or ablation, beside what it is a variant of.",
)
@click.option("--seeds", type=COUNT, metavar="N", help="Seeds of what is random; by default 3.")
@click.option(
    "--repeats", type=COUNT, default=1, show_default=True, metavar="N", help="Draws of the folds."
)
@click.option(
    "--folds",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Take the folds of this CSV file instead of drawing them.",
)
@click.option("--jobs", type=COUNT, metavar="N", help="Processes; by default one for each core.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where finished folds are kept; by default in affetto's cache.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where results are written; by default reproduced/TASK-SOURCE here.",
)
@click.option("--list", "is_list", is_flag=True, help="List the methods, and run none.")
@data_root_option
@skip_bad_option
@settings_option
def reproduce(
    task: str,
    source: str | None,
    quick: bool,
    methods: tuple[str, ...] | None,
    without: tuple[str, ...] | None,
    only: tuple[str, ...],
    seeds: int | None,
    repeats: int,
    folds: Path | None,
    jobs: int | None,
    work: Path | None,
    output: Path | None,
    is_list: bool,
    data_root: Path | None,
    skip_bad: bool,
    settings: dict[str, str],
) -> None:
    """Run an experiment: cal500exp (segments) or cal500 (songs).

    Reads and checks the data, draws folds, runs all methods, compares them. Stop it, or let it be
    killed: the same line goes on where it was, and no finished fold is run twice.
    """
    from affetto import datasets, models, workers
    from affetto.cli.progress import Progress
    from affetto.experiments import methods as table
    from affetto.experiments import protocols, results, run, tasks
    from affetto.experiments.comparison import compare
    from affetto.experiments.listener import ceiling
    from affetto.experiments.methods.base import Site
    from affetto.experiments.overview import overview
    from affetto.experiments.partition import write_folds
    from affetto.experiments.report import save_summary, write
    from affetto.files import cache_home

    if is_list:
        for name, method in table.METHODS.items():
            click.echo(f"{name:30}{method.summary}")
        return
    models.require_torch()
    site = Site(
        task=tasks.find(task, source),
        root=data_root,
        skip_bad=skip_bad,
        work=(work or cache_home() / "experiments").resolve(),
    )
    wish = protocols.Wish(
        is_quick=quick,
        methods=methods or (),
        without=without or (),
        only=only,
        n_seeds=seeds,
        n_repeats=repeats,
        folds=folds,
        overrides=settings,
    )
    with Progress("reading", "recordings") as progress:
        planned = run.plan(
            protocols.protocol(wish),
            site,
            lambda what, done, total: progress.update(done, total, what),
        )
    n_processes = jobs or workers.n_cores()
    begun_s = time.monotonic()
    with Progress("running", "%") as progress:

        def tell(sentence: str, done: float, total: float) -> None:
            share = done / total if total else 1.0
            left = _time_left(time.monotonic() - begun_s, share)
            with progress.hidden():
                click.echo(f"  {100 * share:3.0f} %{left}  {sentence}", err=True)
            progress.update(100 * share, 100)

        experiment = run.run(
            planned,
            _command(task, wish, site.task.source, skip_bad),
            n_processes=n_processes,
            tell=tell,
        )
    name = "-".join([task, site.task.source, *only, *(["quick"] if quick else [])])
    folder = output or Path("reproduced") / name
    with Progress("comparing", "methods") as progress:

        def step(what: str, done: int, total: int) -> None:
            progress.update(done, total, what)

        comparison = compare(experiment, progress=step)
        listener = ceiling(experiment, datasets.data_root(data_root), progress=step)
    results.write_results(experiment, folder / "results.json")
    results.write_predictions(experiment, folder / "predictions.parquet")
    for by, partition in planned.partitions.items():
        suffix = "" if by == "song" else "-by-segment"
        write_folds(partition, folder / f"folds{suffix}.csv")
    save_summary(write(experiment, folder, comparison, listener), folder / "summary.json")
    click.echo(overview(experiment, comparison), nl=False)
    if experiment.left_out:
        say(f"{len(experiment.left_out)} items are left out; {folder / 'report.md'} lists them")
    say(f"the report is {folder / 'report.html'}")


def _time_left(elapsed_s: float, share: float) -> str:
    if not 0 < share < 1:
        return ""
    left_s = round(elapsed_s * (1 - share) / share)
    return f", {left_s // 60}:{left_s % 60:02} to go"


def _command(task: str, wish: Wish, source: str, skip_bad: bool) -> str:
    """Give the line that repeats the experiment, without what is of one machine."""
    words = ["affetto", "reproduce", task, "--source", source]
    words += ["--quick"] if wish.is_quick else []
    words += ["--methods", ",".join(wish.methods)] if wish.methods else []
    words += ["--without", ",".join(wish.without)] if wish.without else []
    words += [word for name in wish.only for word in ("--only", name)]
    words += ["--seeds", str(wish.n_seeds)] if wish.n_seeds else []
    words += ["--repeats", str(wish.n_repeats)] if wish.n_repeats > 1 else []
    words += ["--folds", wish.folds.name] if wish.folds else []
    words += ["--skip-bad"] if skip_bad else []
    words += [word for pair in wish.overrides.items() for word in ("--set", "=".join(pair))]
    return shlex.join(words)
