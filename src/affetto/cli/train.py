"""`affetto train`: a recipe in, a bundle out."""

from __future__ import annotations

import math
from pathlib import Path

import click

from affetto.cli.options import Verb, data_root_option, init_option, say, settings_option


@click.command(cls=Verb)
@click.argument("recipe")
@data_root_option
@settings_option
@init_option
@click.option(
    "--data",
    multiple=True,
    metavar="NAME|FOLDER",
    help="Train on this data set, or labelled folder, instead of the recipe's; repeatable.",
)
@click.option("--seed", type=int, help="Another seed than the recipe's.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The bundle's folder; by default NAME-VERSION here.",
)
@click.option(
    "--run-folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where log and checkpoint are kept; by default under runs/ here.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What `affetto evaluate -o` wrote for this recipe: for thresholds and card.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw the log to a .png, .svg or .pdf file.",
)
def train(
    recipe: str,
    data_root: Path | None,
    settings: dict[str, str],
    init: str | None,
    data: tuple[str, ...],
    seed: int | None,
    output: Path | None,
    run_folder: Path | None,
    results: Path | None,
    plot: Path | None,
) -> None:
    """Train a bundle by RECIPE, a name or a TOML file.

    Stop it, or let it be killed: the same line goes on where it was.
    """
    from affetto import models
    from affetto.cli.progress import Progress
    from affetto.training import run, start

    models.require_torch()
    if seed is not None:
        settings = {**settings, "seed": str(seed)}
    if data:
        settings = {"data": start.data_value(data), **settings}
    bundle = None if init is None else start.open_start(init)
    config = start.recipe_from(recipe, settings, bundle, ())
    found = None if results is None else run.read_results(results, config, bundle)
    folder = run_folder or run.runs_folder(config, bundle) / "final"
    output = output or Path(f"{config.name}-{config.version}")
    with Progress("reading", "files") as progress:
        prepared = run.prepare(
            config, data_root, lambda what, done, total: progress.update(done, total, what), bundle
        )
    with Progress("training", "epochs", config.optimizer.epochs) as progress:

        def report(epoch: int, n_epochs: int, measured: dict[str, float]) -> None:
            values = ", ".join(
                f"{name} {value:.4f}"
                for name, value in measured.items()
                if name != "epoch" and math.isfinite(value)
            )
            with progress.hidden():
                click.echo(f"epoch {epoch} of {n_epochs}: {values}", err=True)
            progress.update(epoch, n_epochs)

        difference = run.make_bundle(prepared, folder, output, found, report)
    if plot is not None:
        from affetto.plots import save_training

        save_training(folder / "metrics.jsonl", plot)
    precision = config.export.precision
    say(
        f"torch in float32 and ONNX Runtime in {precision} differ by {difference:.1g}; "
        f"the log is in {folder}"
    )
    click.echo(output)
