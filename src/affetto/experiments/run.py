"""An experiment from its protocol to its outcome: jobs planned, done or found done, put together.

The outcome is put together from the kept results alone, so it is the same whether a run was
interrupted or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from affetto import metrics, mood
from affetto.core import Head, IntArray
from affetto.errors import BadConfig
from affetto.evaluation.held_out import HeldOut, joined
from affetto.experiments import partition as partitions
from affetto.experiments.environment import environment
from affetto.experiments.examples import Examples, Loaded, load
from affetto.experiments.jobs import Bench, Cell, Job, perform_all, rows_sha256
from affetto.experiments.methods import AnyMethod
from affetto.experiments.methods.base import Combination, Contender, FoldResult, Site
from affetto.experiments.outcome import Experiment, Outcome, SplitBy
from affetto.experiments.partition import Partition
from affetto.experiments.recordings import Progress
from affetto.experiments.store import key_of

Told = Callable[[str, float, float], None]
"""Called with a sentence, the seconds of work that are done by a guess, and those there are."""

N_FOLDS = 5
LEARNING_SHARES = (0.25, 0.5)
MIN_LEARNING_SONGS = 4
"""Three inner folds need three artists, and some have two songs."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """How an experiment is run.

    `methods` are run with all folds, repetitions and `seeds`; `leaky` once more under a split by
    segment, with the first seed; `learning` with shares of the training side's songs, likewise.
    `n_tested` folds are tested: fewer than all give a quicker, noisier look. `folds` is a file of
    folds to take instead of drawing them.
    """

    methods: tuple[AnyMethod, ...]
    leaky: tuple[Contender, ...] = ()
    learning: tuple[Contender, ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2)
    n_folds: int = N_FOLDS
    n_tested: int | None = None
    n_repeats: int = 1
    folds: Path | None = None
    ablation_of: str = ""
    is_quick: bool = False

    def __post_init__(self) -> None:
        if not any(isinstance(method, Contender) for method in self.methods):
            raise BadConfig("there is no method to run", "name at least one")
        if not self.seeds or min(self.seeds) < 0 or self.n_repeats < 1:
            raise BadConfig("an experiment needs a seed of at least 0, and a repetition")
        if self.n_tested is not None and not 1 <= self.n_tested <= self.n_folds:
            raise BadConfig(f"{self.n_tested} of {self.n_folds} folds cannot be tested")


@dataclass(frozen=True, slots=True)
class Plan:
    """All jobs of an experiment, and the folds that they are of."""

    protocol: Protocol
    bench: Bench
    loaded: Loaded
    partitions: Mapping[SplitBy, Partition]
    jobs: Mapping[Cell, Job]
    left_out: tuple[str, ...] = ()

    @property
    def examples(self) -> Examples:
        return self.bench.examples

    @property
    def tested(self) -> range:
        return range(self.protocol.n_tested or self.partitions["song"].n_folds)


def plan(protocol: Protocol, site: Site, progress: Progress = lambda *_: None) -> Plan:
    """Read the data, draw the folds and list the jobs.

    Methods whose features the task lacks are left out, and said to be. Raises: as
    `examples.load`; BadConfig for a recipe or folds that do not fit.
    """
    loaded = load(site.task, site.root, site.work, skip_bad=site.skip_bad, progress=progress)
    left_out = list(loaded.left_out)
    examples = loaded.examples

    def usable(methods: Sequence[AnyMethod]) -> tuple[Any, ...]:
        found = []
        for method in methods:
            needs = method.needs if isinstance(method, Contender) else ()
            if needs and not set(needs) & set(examples.features):
                sentence = f"method {method.name}: there are no features {' or '.join(needs)}"
                if sentence not in left_out:
                    left_out.append(sentence)
            else:
                found.append(method)
        return tuple(found)

    has_segments = len(set(examples.songs)) < len(examples)
    protocol = replace(
        protocol,
        methods=usable(protocol.methods),
        leaky=usable(protocol.leaky) if has_segments else (),
        learning=usable(protocol.learning),
    )
    drawn = _partitions(protocol, examples)
    bench = Bench(site, examples)
    planned = Plan(protocol, bench, loaded, drawn, {}, tuple(left_out))
    jobs = {cell: _job(planned, contender, cell) for contender, cell in _cells(planned)}
    return replace(planned, jobs=jobs)


def run(
    planned: Plan,
    command: str,
    *,
    n_processes: int = 1,
    tell: Told = lambda *_: None,
) -> Experiment:
    """Do what is not yet done, and put the outcome together.

    Raises: what a method raises; AffettoError where a process ended before its work.
    """
    store = planned.bench.store
    wanted = list({job.key: job for job in planned.jobs.values()}.values())
    results = {job.key: store.read(job.key) for job in wanted}
    missing = [job for job in wanted if results[job.key] is None]
    n_found, total = len(wanted) - len(missing), sum(job.cost for job in missing)
    tell(f"{n_found} of {len(wanted)} results are there already", 0.0, total)
    done = 0.0
    for job, seconds in perform_all(planned.bench, missing, n_processes) if missing else ():
        results[job.key] = store.read(job.key)
        done += job.cost
        tell(f"{job.cell}: {seconds:.0f} s", done, total)
    found = {cell: results[job.key] for cell, job in planned.jobs.items()}
    return _experiment(planned, {c: r for c, r in found.items() if r is not None}, command)


def _partitions(protocol: Protocol, examples: Examples) -> dict[SplitBy, Partition]:
    found: dict[SplitBy, Partition] = {}
    wanted: tuple[tuple[SplitBy, int], ...] = (("song", protocol.n_repeats), ("segment", 1))
    for by, n_repeats in wanted if protocol.leaky else wanted[:1]:
        units = partitions.units_of(examples.ids, examples.groups, by)
        if by == "song" and protocol.folds is not None:
            found[by] = partitions.read_folds(protocol.folds, examples.ids, units)
        else:
            found[by] = partitions.draw(
                examples.ids, units, examples.labels, protocol.n_folds, n_repeats
            )
    return found


def _cells(planned: Plan) -> Iterator[tuple[Contender, Cell]]:
    protocol, drawn = planned.protocol, planned.partitions
    fitted = [method for method in protocol.methods if isinstance(method, Contender)]
    for contender in fitted:
        for repeat in range(drawn["song"].n_repeats):
            for fold in planned.tested:
                for seed in _seeds(contender, protocol):
                    yield contender, Cell(contender.name, "song", repeat, fold, seed)
    first = protocol.seeds[0]
    for contender in protocol.leaky:
        for fold in planned.tested:
            yield contender, Cell(contender.name, "segment", 0, fold, first)
    for contender in protocol.learning:
        for n_songs in _learning_sizes(planned):
            for fold in planned.tested:
                yield contender, Cell(contender.name, "song", 0, fold, first, n_songs)


def _seeds(contender: Contender, protocol: Protocol) -> tuple[int, ...]:
    return protocol.seeds if contender.is_random else protocol.seeds[:1]


def _job(planned: Plan, contender: Contender, cell: Cell) -> Job:
    examples = planned.examples
    training, test = planned.partitions[cell.by].sides(cell.repeat, cell.fold)
    n_all = len(training)
    if cell.n_songs:
        training = _some_songs(examples, training, cell.n_songs, cell.fold)
    key = key_of(
        {
            "method": contender.definition(planned.bench.site),
            "data": planned.loaded.sha256,
            "training": rows_sha256(examples, training),
            "test": rows_sha256(examples, test),
            "by": cell.by,
            "seed": cell.seed,
        }
    )
    cost = contender.seconds * len(training) / n_all
    return Job(cell, contender, training, test, key, cost)


def _learning_sizes(planned: Plan) -> tuple[int, ...]:
    """Give the numbers of songs to learn from: shares of the smallest training side."""
    drawn, songs = planned.partitions["song"], np.asarray(planned.examples.songs)
    n_songs = min(len(set(songs[drawn.sides(0, fold)[0]])) for fold in planned.tested)
    sizes = {int(share * n_songs) for share in LEARNING_SHARES}
    return tuple(sorted(size for size in sizes if MIN_LEARNING_SONGS <= size < n_songs))


def _some_songs(examples: Examples, training: IntArray, n_songs: int, seed: int) -> IntArray:
    """Give the rows of so many songs; fewer songs are always among more."""
    songs = np.asarray(examples.songs)[training]
    drawn = np.random.default_rng(seed).permutation(np.unique(songs))[:n_songs]
    return training[np.isin(songs, drawn)]


def _experiment(planned: Plan, found: Mapping[Cell, FoldResult], command: str) -> Experiment:
    protocol, site, examples = planned.protocol, planned.bench.site, planned.examples
    drawn = planned.partitions["song"]
    names = [method.name for method in protocol.methods]
    outcomes, left_out = [], list(planned.left_out)
    for method in protocol.methods:
        if isinstance(method, Contender):
            outcomes.append(_outcome(planned, method, "song", found))
            continue
        parts = method.parts(names)
        if parts:
            outcomes.append(_combined(planned, method, parts, found))
        else:
            left_out.append(f"method {method.name}: its parts are not among the methods")
    leaky = [_outcome(planned, method, "segment", found) for method in protocol.leaky]
    is_tested = np.isin(drawn.folds[0], planned.tested)
    return Experiment(
        task=site.task.name,
        source=site.task.source,
        command=command,
        is_quick=protocol.is_quick,
        vocabulary=examples.vocabulary,
        n_folds=len(planned.tested),
        n_repeats=drawn.n_repeats,
        folds={
            id: int(fold)
            for id, fold, is_used in zip(examples.ids, drawn.folds[0], is_tested, strict=True)
            if is_used
        },
        outcomes=tuple(outcomes),
        leaky=tuple(leaky),
        left_out=tuple(left_out),
        environment={
            **environment(),
            "folds": f"{len(planned.tested)} of {drawn.n_folds} tested, drawn with seed 0"
            if protocol.folds is None
            else f"{len(planned.tested)} of {drawn.n_folds} tested, from {protocol.folds.name}",
            "seeds": ", ".join(map(str, protocol.seeds)),
            "data": planned.loaded.sha256[:16],
        },
        learning=_learning(planned, found),
        ablation_of=protocol.ablation_of if protocol.ablation_of in names else "",
    )


def _outcome(
    planned: Plan, contender: Contender, by: SplitBy, found: Mapping[Cell, FoldResult]
) -> Outcome:
    seeds = _seeds(contender, planned.protocol) if by == "song" else planned.protocol.seeds[:1]
    runs = [
        (repeat, [found[Cell(contender.name, by, repeat, fold, seed)] for fold in planned.tested])
        for repeat in range(planned.partitions[by].n_repeats)
        for seed in seeds
    ]
    return _of_runs(planned, contender, by, seeds, runs)


def _combined(
    planned: Plan,
    method: Combination,
    parts: Sequence[str],
    found: Mapping[Cell, FoldResult],
) -> Outcome:
    def of_parts(repeat: int, fold: int) -> dict[str, list[FoldResult]]:
        place = ("song", repeat, fold, 0)
        cells = [c for c in found if (c.by, c.repeat, c.fold, c.n_songs) == place]
        return {part: [found[cell] for cell in cells if cell.method == part] for part in parts}

    labels = planned.examples.labels
    runs = [
        (repeat, [method.combine(of_parts(repeat, fold), labels) for fold in planned.tested])
        for repeat in range(planned.partitions["song"].n_repeats)
    ]
    return _of_runs(planned, method, "song", planned.protocol.seeds[:1], runs)


def _of_runs(
    planned: Plan,
    method: AnyMethod,
    by: SplitBy,
    seeds: tuple[int, ...],
    runs: Sequence[tuple[int, list[FoldResult]]],
) -> Outcome:
    """Put a method's runs together: each a repetition with the results of its folds."""
    results = [result for _, folds in runs for result in folds]
    return Outcome(
        method=method.name,
        family=method.family,
        summary=method.summary,
        runs=tuple(_held_out(planned, by, repeat, folds) for repeat, folds in runs),
        seeds=seeds,
        settings=tuple(result.settings for result in results),
        seconds=round(sum(result.seconds for result in results), 1),
    )


def _learning(
    planned: Plan, found: Mapping[Cell, FoldResult]
) -> dict[str, dict[int, tuple[HeldOut, ...]]]:
    """Give the runs with fewer songs, and with all of them where the method is run so."""
    learned: dict[str, dict[int, tuple[HeldOut, ...]]] = {}
    names = [method.name for method in planned.protocol.methods]
    seed = planned.protocol.seeds[0]
    songs = np.asarray(planned.examples.songs)
    drawn = planned.partitions["song"]
    n_all = round(
        float(np.mean([len(set(songs[drawn.sides(0, fold)[0]])) for fold in planned.tested]))
    )
    for contender in planned.protocol.learning:
        sizes = {n_songs: n_songs for n_songs in _learning_sizes(planned)}
        if contender.name in names:
            sizes[n_all] = 0
        for shown, n_songs in sizes.items():
            folds = [
                found[Cell(contender.name, "song", 0, fold, seed, n_songs)]
                for fold in planned.tested
            ]
            learned.setdefault(contender.name, {})[shown] = (
                _held_out(planned, "song", 0, folds, n_songs),
            )
    return learned


def _held_out(
    planned: Plan, by: SplitBy, repeat: int, folds: Sequence[FoldResult], n_songs: int = 0
) -> HeldOut:
    """Cut the folds' scores by thresholds of their own held-out rows, and join them."""
    examples = planned.examples
    head = Head(examples.vocabulary.name, "tags", examples.vocabulary)
    parts = []
    for fold, result in zip(planned.tested, folds, strict=True):
        training, test = planned.partitions[by].sides(repeat, fold)
        if n_songs:
            training = _some_songs(examples, training, n_songs, fold)
        thresholds = metrics.best_thresholds(
            examples.labels[result.held_out], result.held_out_scores
        )
        prior = examples.labels[training].mean(axis=0)
        parts.append(
            HeldOut(
                head=head,
                ids=tuple(examples.ids[row] for row in test),
                groups=tuple(examples.groups[row] for row in test),
                folds=np.full(len(test), fold),
                targets=examples.labels[test],
                outputs=result.scores,
                prior=np.tile(prior, (len(test), 1)),
                decisions=mood.decide(result.scores, thresholds.astype(np.float32)),
            )
        )
    return joined(parts)
