"""`affetto evaluate`: how good a recipe, or a bundle, is on music that it has not seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from affetto.cli.options import COUNT, Verb, data_root_option, init_option, settings_option

if TYPE_CHECKING:
    from affetto.evaluation.results import Results
    from affetto.training.data import Progress as Step


@click.command(cls=Verb)
@click.argument("system", metavar="RECIPE|BUNDLE")
@click.argument("names", nargs=-1, required=True, metavar="DATASET...")
@data_root_option
@settings_option
@init_option
@click.option(
    "--bundle",
    "is_bundle",
    is_flag=True,
    help="Take the first argument as a bundle, and evaluate its own weights.",
)
@click.option(
    "--allow-seen",
    is_flag=True,
    help="Evaluate a bundle, or what starts from it, even on data that it was trained on.",
)
@click.option(
    "--seeds",
    type=COUNT,
    default=1,
    show_default=True,
    metavar="N",
    help="Cross-validations, each with its own first weights.",
)
@click.option(
    "--folds",
    type=click.IntRange(1, 5),
    default=5,
    show_default=True,
    metavar="N",
    help="Folds of the five to run; fewer give a quick look.",
)
@click.option(
    "--jobs",
    type=COUNT,
    default=1,
    show_default=True,
    metavar="N",
    help="Networks trained at the same time, each with the recipe's threads.",
)
@click.option(
    "--run-folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the folds' networks are kept; by default under runs/ here.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How results are printed.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the results to this file, as JSON.",
)
@click.option(
    "--scores",
    "scores_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write every held-out score to this file, as .csv or .parquet.",
)
@click.option(
    "--plot",
    "plot_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw how far tags' scores are probabilities, to a .png, .svg or .pdf file.",
)
def evaluate(
    system: str,
    names: tuple[str, ...],
    data_root: Path | None,
    settings: dict[str, str],
    init: str | None,
    is_bundle: bool,
    allow_seen: bool,
    seeds: int,
    folds: int,
    jobs: int,
    run_folder: Path | None,
    format_name: str,
    output: Path | None,
    scores_path: Path | None,
    plot_path: Path | None,
) -> None:
    """Cross-validate a recipe on data sets: a network a fold, folds of whole artists.

    The folder of a bundle, or --bundle with its name, evaluates the bundle's own weights; that
    is refused on data sets that its training record names. A data set is a name, or the path of
    a folder with labels.csv, such as ./my-folder.
    """
    from affetto.cli.progress import Progress
    from affetto.evaluation import reliability, report, score_files
    from affetto.files import write_text

    if scores_path is not None:
        score_files.check(scores_path)
    if plot_path is not None:
        reliability.check(plot_path)
    with Progress("evaluating", "steps") as progress:

        def step(what: str, done: int, total: int) -> None:
            progress.update(done, total, what)

        if is_bundle or (Path(system) / "bundle.json").is_file():
            for option, value in (("--init", init), ("--set", settings)):
                if value:
                    raise click.UsageError(f"{option} goes with a recipe, not with a bundle.")
            results = _of_bundle(system, names, data_root, allow_seen, step)
        else:
            from affetto import models

            models.require_torch()
            from affetto.evaluation import cross_validation
            from affetto.training import run, start

            origin = None if init is None else start.open_start(init)
            config = start.recipe_from(system, settings, origin, names)

            def epoch(number: int, n_epochs: int, measured: dict[str, float]) -> None:
                with progress.hidden():
                    click.echo(
                        f"  epoch {number} of {n_epochs}: loss {measured['loss']:.4f}", err=True
                    )

            results = cross_validation.cross_validate(
                config,
                names,
                data_root,
                run_folder or run.runs_folder(config, origin),
                start=origin,
                allow_seen=allow_seen,
                n_seeds=seeds,
                n_folds=folds,
                n_jobs=jobs,
                progress=step,
                report=epoch,
            )
            results = replace(results, settings=settings)
    plain = json.dumps(results.to_dict(), indent=1) + "\n"
    if output is not None:
        write_text(output, plain)
    if scores_path is not None:
        score_files.write(results, scores_path)
    if plot_path is not None:
        reliability.save(results, plot_path)
    click.echo(plain if format_name == "json" else report.text(results), nl=False)


def _of_bundle(
    system: str, names: tuple[str, ...], data_root: Path | None, allow_seen: bool, step: Step
) -> Results:
    """Evaluate a bundle's own weights, for which nothing of training is needed."""
    from affetto import bundles
    from affetto.evaluation import own_weights
    from affetto.evaluation.results import merged

    bundle = bundles.load(system)
    return merged(
        [
            own_weights.evaluate_bundle(
                bundle, name, data_root, allow_seen=allow_seen, progress=step
            )
            for name in names
        ]
    )
