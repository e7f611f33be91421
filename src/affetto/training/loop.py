"""The training of one network: deterministic, resumable after any kill.

Everything random in an epoch follows from (seed, epoch), so a checkpoint needs weights, the
optimizer's state, the average of weights and the epoch's number, all in one file that is
replaced atomically. A run folder holds `config.json`, `metrics.jsonl` (a line for each epoch),
`checkpoint.safetensors` while the training runs, and `weights.safetensors` when it is done.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from affetto import frontends, models
from affetto.bundles.bundle import Runtime
from affetto.errors import BadConfig
from affetto.files import write_text
from affetto.metrics import macro, pearson, roc_auc
from affetto.models.export import load_weights, save_weights
from affetto.models.heads import Scorer
from affetto.models.scorer import TorchScorer
from affetto.training import augment, losses, teacher
from affetto.training.config import TrainConfig
from affetto.training.data import LABEL_CUT, Item, Telling, batches, n_batches, windows_of
from affetto.training.schedule import Schedule
from affetto.training.start import Start
from affetto.training.student import Student

WEIGHTS = "weights.safetensors"
"""The file of a run folder that holds the weights, once the training is done."""
MEMBERS_APART = 1_000_000
"""How far apart the seeds of an ensemble's members are, above those that people choose."""
Report = Callable[[int, int, dict[str, float]], None]
"""Called after each epoch with its number, the number of epochs, and what was measured."""


@dataclass(frozen=True, slots=True)
class Run:
    """A training's folder and what it is made of."""

    folder: Path
    config: TrainConfig

    @property
    def weights(self) -> Path:
        return self.folder / WEIGHTS

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"


def build(config: TrainConfig) -> Scorer:
    """Make the recipe's network with fresh weights drawn from its seed.

    Raises: BadConfig, also where the network looks for pitches in other rows than they are in.
    """
    models.require_torch()
    torch.manual_seed(config.seed)
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    network = models.build(config.network.name, front_end.n_bins, config.network.config)
    for trunk in network.trunks:
        n_pitches = getattr(trunk, "n_pitches", 0)
        if n_pitches not in (0, front_end.n_pitches):
            raise BadConfig(
                f"network {config.network.name} expects {n_pitches} rows of pitches, but front end "
                f"{config.front_end.name} gives {front_end.n_pitches}",
                f"set the network's n_pitches to {front_end.n_pitches}",
            )
    return Scorer(network, config.specs())


def train(
    config: TrainConfig,
    training: Sequence[Item],
    validation: Sequence[Item],
    folder: Path,
    report: Report = lambda *_: None,
    start: Start | None = None,
) -> Scorer:
    """Train, or go on where an earlier call was stopped, or load what is done.

    `start` is a bundle whose weights are the first ones. The result is the same in all three
    cases, bit for bit on one machine. Raises: BadConfig when the folder holds a run of another
    recipe, or when the recipe's network is not the bundle's.
    """
    run = Run(folder, config)
    if start is not None:
        start.check(config)  # before the folder is claimed
    _claim(run, (*training, *validation), start)
    if run.weights.exists():
        return build_from(config, run.weights)
    torch.set_num_threads(config.n_threads)
    torch.use_deterministic_algorithms(True)
    scorer = _channels_last(build(config))
    if start is not None:
        start.load(scorer, config)
        training = start.remembered(training, scorer.specs)
    if config.teacher.names:
        training = teacher.simplified(training, config.teacher.n_dims)
    state = _State(config, scorer, n_batches(training, config.data, config.optimizer.batch_size))
    first = state.resume(run)
    for epoch in range(first, config.optimizer.epochs):
        measured = {"epoch": float(epoch), "loss": _epoch(state, config, training, epoch)}
        if epoch % 5 == 4 or epoch == config.optimizer.epochs - 1:
            measured |= validate(state.average, config, validation)
        state.save(run, epoch + 1, measured)
        report(epoch + 1, config.optimizer.epochs, measured)
    state.average.eval()
    partial = run.folder / ".weights.partial"
    save_weights(state.average, partial)
    partial.replace(run.weights)
    run.checkpoint.unlink(missing_ok=True)
    return build_from(config, run.weights)


def build_from(config: TrainConfig, weights: Path) -> Scorer:
    """Make the recipe's network with the weights of a file."""
    scorer = build(config)
    load_weights(scorer, weights)
    scorer.eval()
    return scorer


def score_items(
    runtime: Runtime, config: TrainConfig, items: Sequence[Item]
) -> dict[str, np.ndarray]:
    """Score items as prediction does: the mean over windows. Gives (n_items, n_outputs) a head."""
    return {
        name: np.stack([rows.mean(axis=0) for rows in windows])
        for name, windows in score_windows(runtime, config, items).items()
    }


def score_windows(
    runtime: Runtime, config: TrainConfig, items: Sequence[Item]
) -> dict[str, list[np.ndarray]]:
    """Score each item's windows. Gives, for each head, (n_windows, n_outputs) an item."""
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    names = [head.name for head in config.heads]
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for item in items:
        values = windows_of(item, front_end, config.window.duration_s, config.window.hop_s)
        outputs = runtime.score(values)
        for name in names:
            found[name].append(outputs[name])
    return found


def validate(scorer: Scorer, config: TrainConfig, items: Sequence[Item]) -> dict[str, float]:
    """Measure the heads on items: macro AUC of tags (targets cut at 1/2), correlation of plane."""
    outputs = score_items(TorchScorer(scorer), config, items)
    measured: dict[str, float] = {}
    for spec in scorer.specs:
        targets = np.stack([item.targets[spec.name] for item in items])
        if spec.kind == "tags":
            binary = np.where(np.isnan(targets), np.nan, targets >= LABEL_CUT)
            measured[f"{spec.name}_macro_auc"] = float(macro(roc_auc(binary, outputs[spec.name])))
        elif spec.kind == "music":
            measured["music_auc"] = float(roc_auc(targets, outputs[spec.name])[0])
        else:
            r = pearson(targets, outputs[spec.name])
            measured |= {"valence_r": float(r[0]), "arousal_r": float(r[1])}
    return measured


class _State:
    """What changes during a training."""

    def __init__(self, config: TrainConfig, scorer: Scorer, n_steps_epoch: int) -> None:
        self.scorer = scorer
        self.average = _channels_last(build(config))
        self.average.load_state_dict(scorer.state_dict())
        self.student: nn.ModuleList | None = None
        if config.teacher.names:
            self.student = nn.ModuleList(Student(t, config.teacher) for t in scorer.network.trunks)
        settings = config.optimizer
        self.optimizer = torch.optim.AdamW(
            [*scorer.parameters(), *(self.student.parameters() if self.student else ())],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.n_steps_epoch = n_steps_epoch
        self.schedule = Schedule(settings, n_steps_epoch * settings.epochs)

    def save(self, run: Run, n_epochs_done: int, measured: dict[str, float]) -> None:
        tensors = {f"scorer.{k}": v for k, v in self.scorer.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        if self.student is not None:
            tensors |= {f"student.{k}": v for k, v in self.student.state_dict().items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": slots[name] for name in sorted(slots)}
        # A measure without a value (no tag has both classes) is left out: JSON knows no NaN.
        line = json.dumps({name: v for name, v in measured.items() if math.isfinite(v)})
        history = [*_history(run, n_epochs_done - 1), line]
        partial = run.folder / ".checkpoint.partial"
        save_file(
            {key: value.contiguous() for key, value in tensors.items()},
            partial,
            metadata={"n_epochs_done": str(n_epochs_done)},
        )
        write_text(run.metrics, "\n".join(history) + "\n")
        partial.replace(run.checkpoint)

    def resume(self, run: Run) -> int:
        """Load the checkpoint, if there is one. Gives the number of the next epoch."""
        if not run.checkpoint.exists():
            return 0
        with safe_open(run.checkpoint, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            n_epochs_done = int(file.metadata()["n_epochs_done"])
        self.scorer.load_state_dict(_under("scorer.", tensors))
        self.average.load_state_dict(_under("average.", tensors))
        if self.student is not None:
            self.student.load_state_dict(_under("student.", tensors))
        slots: dict[int, dict[str, Tensor]] = {}
        for key, value in _under("optimizer.", tensors).items():
            index, _, name = key.partition(".")
            slots.setdefault(int(index), {})[name] = value
        state: dict[str, Any] = self.optimizer.state_dict()
        self.optimizer.load_state_dict({**state, "state": slots})
        return n_epochs_done


def _epoch(state: _State, config: TrainConfig, training: Sequence[Item], epoch: int) -> float:
    """Run one epoch. Gives the mean loss."""
    torch.manual_seed(config.seed * 1_000_003 + epoch)
    state.scorer.train()
    trunks = state.scorer.network.trunks
    head_weights = {head.name: head.weight for head in config.heads}
    is_brief = config.optimizer.precision == "bfloat16"
    sum_losses = 0.0
    step = epoch * state.n_steps_epoch
    drawn = (_drawn(config, training, epoch, member, trunk) for member, trunk in enumerate(trunks))
    for of_members in zip(*drawn, strict=True):
        state.schedule.set_rate(state.optimizer, step)
        with torch.autocast("cpu", torch.bfloat16, enabled=is_brief):
            looks = [
                trunk.look(batch.values) for trunk, batch in zip(trunks, of_members, strict=True)
            ]
        summaries = [summary for summary, _ in looks]
        logits = state.scorer.of_members(torch.cat(summaries, dim=1))
        loss = _mean(
            losses.total(said, batch.targets, batch.weights, head_weights)
            for said, batch in zip(logits, of_members, strict=True)
        )
        if state.student is not None:
            told = _mean(
                student(*look, batch.targets, batch.weights)
                for student, look, batch in zip(state.student, looks, of_members, strict=True)
            )
            loss = loss + config.teacher.weight * told
        state.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimizer.step()
        state.schedule.update_average(state.average, state.scorer, step)
        sum_losses += float(loss.detach())
        step += 1
    return sum_losses / max(1, state.n_steps_epoch)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a network is taught in a step: values (batch, n_bins, n_frames), the rest by row."""

    values: Tensor
    targets: dict[str, Tensor]
    weights: Tensor


def _drawn(
    config: TrainConfig, training: Sequence[Item], epoch: int, member: int, trunk: Any
) -> Iterator[_Batch]:
    """Give a member's batches of an epoch, in an order and with changes of its own.

    The first member's are those of a network alone.
    """
    seed = config.seed + member * MEMBERS_APART
    rng = np.random.default_rng([seed, epoch, 1])
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    frame_s = front_end.hop_length / front_end.sample_rate
    n_window = round(config.window.duration_s / frame_s)
    tellings = [
        Telling(of.hop_s / frame_s, trunk.n_positions(n_window) if of.of_moments else 0)
        for of in map(teacher.of_name, config.teacher.names)
    ]
    for batch in batches(
        training,
        config.data,
        config.specs(),
        n_window,
        config.optimizer.batch_size,
        seed,
        epoch,
        tellings,
    ):
        targets = {name: torch.from_numpy(value) for name, value in batch.targets.items()}
        values, targets = augment.apply(
            torch.from_numpy(batch.values), targets, config.augment, rng, front_end.n_pitches
        )
        yield _Batch(values, targets, torch.from_numpy(batch.weights))


def _mean(losses_of_members: Iterable[Tensor]) -> Tensor:
    return torch.stack(tuple(losses_of_members)).mean()


def _channels_last(scorer: Scorer) -> Scorer:
    """Lay the weights out as convolutions on a CPU like them best."""
    moved: Scorer = scorer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def _claim(run: Run, items: Sequence[Item], start: Start | None) -> None:
    """Write down what the run is of; refuse to go on with another recipe, start or data."""
    run.folder.mkdir(parents=True, exist_ok=True)
    path = run.folder / "config.json"
    ours = {"recipe": json.loads(json.dumps(asdict(run.config))), "data": _data_sha256(items)}
    if start is not None:
        ours["init"] = start.fingerprint
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != ours:
        raise BadConfig(
            f"{run.folder} holds a run of another recipe, start or of other data",
            "name another folder, or remove this one",
        )
    write_text(path, json.dumps(ours, indent=2) + "\n")


def _data_sha256(items: Sequence[Item]) -> str:
    digest = hashlib.sha256()
    for item in items:
        digest.update(item.example.id.encode())
        digest.update(item.values.tobytes())
        for rows in item.lessons:
            digest.update(np.ascontiguousarray(rows).tobytes())
        for name in sorted(item.targets):
            digest.update(item.targets[name].tobytes())
    return digest.hexdigest()


def _history(run: Run, n_epochs: int) -> list[str]:
    if not run.metrics.exists():
        return []
    return run.metrics.read_text(encoding="utf-8").splitlines()[:n_epochs]


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
    }
