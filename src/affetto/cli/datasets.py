"""`affetto datasets`: what there is, where it is looked for, what is in it, whether it is whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from affetto.cli.facts import WIDTH, format_option, print_facts, print_json
from affetto.cli.options import VerbGroup, data_root_option, say, skip_bad_option

if TYPE_CHECKING:
    from affetto.core import Dataset, Example, Failure
    from affetto.datasets.statistics import Statistics
    from affetto.frontends import FrontEnd

MAX_COMPANIONS = 3
MIN_CORRELATION = 0.1

_name_argument = click.argument("name", metavar="NAME")


@click.group(cls=VerbGroup)
def datasets() -> None:
    """List, show and check data sets: what bundles are trained and measured on."""


@datasets.command("list")
@data_root_option
@format_option
def list_datasets(data_root: Path | None, format_name: str) -> None:
    """List the data sets and whether they are there."""
    from affetto.datasets import DATASETS, root_path

    rows = [
        {"name": name, "summary": DATASETS.summary(name), **_place(name, data_root)}
        for name in DATASETS.names()
    ]
    if format_name == "json":
        print_json({"data_root": str(root_path(data_root)), "datasets": rows})
        return
    print_facts(
        (row["name"], row["summary"] + {True: "", False: " (not there)", None: ""}[row["is_there"]])
        for row in rows
    )
    say(f"data sets are looked for under {root_path(data_root)}")


@datasets.command("show")
@_name_argument
@data_root_option
@skip_bad_option
@format_option
def show_dataset(name: str, data_root: Path | None, skip_bad: bool, format_name: str) -> None:
    """Show a data set's terms, its labels and what it leaves out.

    Also where it is looked for and how to get it, if it is not there.
    """
    from affetto.datasets import load
    from affetto.datasets.statistics import statistics
    from affetto.errors import DatasetMissing

    facts = _terms(name, data_root)
    try:
        dataset = load(name, data_root, skip_bad, say)
    except DatasetMissing as error:
        facts["missing"] = error.message
        if format_name == "json":
            print_json(facts)
        else:
            print_facts(_lines(facts))
        return
    found = statistics(dataset)
    if format_name == "json":
        print_json(facts | _contents(dataset, found))
        return
    print_facts((*_lines(facts), *_summary(dataset, found)))
    if len(dataset.vocabulary):
        click.echo()
        for line in _tag_table(dataset, found):
            click.echo(line)


@datasets.command("check")
@_name_argument
@data_root_option
@skip_bad_option
@format_option
def check_dataset(
    name: str, data_root: Path | None, skip_bad: bool, format_name: str
) -> int | None:
    """Read all of a data set, and tell what is damaged, odd or left out.

    The exit code is 1 when an example cannot be read.
    """
    from affetto.datasets import inspect, load

    dataset = load(name, data_root, skip_bad, say)
    failures = _read_all(dataset)
    remarks = inspect(name, data_root, skip_bad)
    n_read = len(dataset.examples) - len(failures)
    if format_name == "json":
        print_json(
            {
                "name": name,
                "n_examples": len(dataset.examples),
                "n_read": n_read,
                "failures": [
                    {"example": f.path, "code": f.code, "message": f.message} for f in failures
                ],
                "left_out": list(dataset.left_out),
                "remarks": list(remarks),
            }
        )
    else:
        state = "all can be read" if not failures else f"{len(failures):,} cannot be read"
        facts = [("data set", f"{name}: {len(dataset.examples):,} examples, {state}")]
        print_facts([*facts, *_listed("left out", dataset.left_out), *_listed("remarks", remarks)])
    for failure in failures:
        say(f"{failure.path}: {failure}")
    return 1 if failures else None


def _place(name: str, root: Path | None) -> dict[str, Any]:
    """Say where a data set is looked for, and whether that is there; None if nobody knows."""
    from affetto.datasets import root_path, source

    known = source(name)
    if known is None:
        return {"folder": None, "is_there": None}
    if not known.folder:  # the program makes it
        return {"folder": None, "is_there": True}
    place = root_path(root)
    return {"folder": str(place / known.folder), "is_there": known.is_there(place)}


def _terms(name: str, root: Path | None) -> dict[str, Any]:
    """Give what is known without reading the data set."""
    from affetto.datasets import source, summary

    facts = {"name": name, "summary": summary(name), **_place(name, root)}
    known = source(name)
    if known is not None:
        facts |= {
            "license": known.license,
            "citation": known.citation,
            "source_url": known.url,
            "obtain": known.obtain,
        }
    return facts


def _contents(dataset: Dataset, found: Statistics) -> dict[str, Any]:
    """Give what a data set holds, as plain values."""
    tags = dataset.vocabulary.tags
    return {
        "license": dataset.license,
        "citation": dataset.citation,
        "source_url": dataset.source_url,
        "n_examples": found.n_examples,
        "n_songs": found.n_songs,
        "n_groups": found.n_groups,
        "n_folds": len(set(dataset.folds.values())),
        "front_end": dataset.front_end,
        "plane_kind": dataset.plane_kind,
        "quadrants": found.quadrants,
        "vocabulary": dataset.vocabulary.name,
        "cardinality": _plain(found.cardinality),
        "density": _plain(found.density),
        "n_label_sets": found.n_label_sets,
        "tags": [
            {
                "tag": tag,
                "n_known": int(found.n_known[i]),
                "n_positive": _plain(found.n_positive[i]),
                "frequency": _plain(found.frequency[i]),
            }
            for i, tag in enumerate(tags)
        ],
        "co_occurrence": [[_plain(value) for value in row] for row in found.co_occurrence],
        "correlation": [[_plain(value) for value in row] for row in found.correlation],
        "left_out": list(dataset.left_out),
    }


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 4)


def _lines(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the terms as lines for people."""
    yield "data set", f"{facts['name']}: {facts['summary']}"
    if facts["folder"] is not None:
        yield "folder", facts["folder"] + ("" if facts["is_there"] else " (not there)")
    for key, title in (
        ("missing", "missing"),
        ("license", "license"),
        ("citation", "to cite"),
        ("source_url", "source"),
        ("obtain", "to get it"),
    ):
        if key in facts:
            yield title, facts[key]


def _summary(dataset: Dataset, found: Statistics) -> Iterator[tuple[str, str]]:
    """Give the counts as lines for people."""
    folds = f", {len(set(dataset.folds.values()))} folds" if dataset.folds else ""
    yield (
        "holds",
        f"{found.n_examples:,} examples of {found.n_songs:,} songs in {found.n_groups:,} groups "
        f"that are never split{folds}",
    )
    yield "read by", f"the front end {dataset.front_end}, for one"
    if found.quadrants:
        quadrants = ", ".join(f"{name} {n:,}" for name, n in found.quadrants.items())
        yield "plane", f"{dataset.plane_kind} of valence and arousal: {quadrants}"
    if len(dataset.vocabulary):
        yield (
            "tags",
            f"{len(dataset.vocabulary)} of {dataset.vocabulary.name}; an example has "
            f"{found.cardinality:.2f} (cardinality), {found.density:.3f} of those known "
            f"(density); {found.n_label_sets:,} different combinations",
        )
    yield from _listed("left out", dataset.left_out)


def _listed(title: str, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(texts):
        yield "" if number else title, text


def _tag_table(dataset: Dataset, found: Statistics) -> Iterator[str]:
    """Give how often each tag is, and the tags that it goes with, in at most 80 columns."""
    tags = dataset.vocabulary.tags
    width = max(map(len, ("tag", *tags)))
    yield f"{'tag':<{width}} {'yes':>6} {'share':>6}  goes with (correlation)"
    for i, tag in enumerate(tags):
        if not found.n_known[i]:
            yield f"{tag:<{width}} {'-':>6} {'-':>6}"
            continue
        line = f"{tag:<{width}} {found.n_positive[i]:>6,.0f} {100 * found.frequency[i]:>4.0f} %  "
        companions = _fitting(_companions(tags, i, found), WIDTH - len(line))
        yield (line + companions).rstrip()


def _companions(tags: tuple[str, ...], tag: int, found: Statistics) -> Iterator[str]:
    """Give the tags of the highest correlation with a tag, highest first."""
    values = {
        other: value
        for other, value in enumerate(found.correlation[tag])
        if other != tag and value >= MIN_CORRELATION
    }
    for other in sorted(values, key=lambda key: -values[key])[:MAX_COMPANIONS]:
        yield f"{tags[other]} {values[other]:.2f}"


def _fitting(parts: Iterable[str], width: int) -> str:
    """Join as many of the first parts as fit."""
    text = ""
    for part in parts:
        longer = f"{text}, {part}" if text else part
        if len(longer) > width:
            break
        text = longer
    return text


def _read_all(dataset: Dataset) -> list[Failure]:
    """Read every example, recordings as a whole and once; give the examples that cannot be read."""
    from itertools import groupby

    from affetto.cli.progress import Progress
    from affetto.frontends import build

    front_end = build(dataset.front_end, {})
    failures: list[Failure] = []
    n_read = 0
    with Progress("reading", "examples", len(dataset.examples)) as progress:
        for _, neighbors in groupby(dataset.examples, lambda e: (e.path, e.song)):
            examples = list(neighbors)
            failures += _read_recording(dataset, examples, front_end)
            n_read += len(examples)
            progress.update(n_read)
    return failures


def _read_recording(
    dataset: Dataset, examples: list[Example], front_end: FrontEnd
) -> Iterator[Failure]:
    """Read the examples of one recording."""
    from affetto.core import Failure
    from affetto.datasets.base import section_of
    from affetto.errors import AffettoError

    whole = None
    for example in examples:
        try:
            if whole is None:
                whole = dataset.read(replace(example, interval=None), front_end)
            section_of(whole, example)
        except AffettoError as error:
            yield Failure(example.id, error.code, error.message, error.hint)
