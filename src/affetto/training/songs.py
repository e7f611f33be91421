"""The training of a network on whole songs whose parts are labelled; see `models.song_cnn`.

A batch is some songs, a stretch of each, with all labelled parts in it. Everything random follows
from the seed, so the same songs and settings give the same weights, bit for bit on one machine.
A training takes minutes, so it is not checkpointed; whoever runs many keeps what is finished.

Beside the labels in question a network learns others that its songs have (`SongHead`): listeners
who agree on instruments and genres teach it to hear. They shape what it hears and are not scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from affetto.core import FloatArray
from affetto.errors import BadConfig
from affetto.models.song_cnn import N_SCALES, SongCnn, SongCnnConfig, channels_of
from affetto.training import augment
from affetto.training.config import OptimizerConfig
from affetto.training.losses import LossConfig, ratios, tag_loss
from affetto.training.schedule import Schedule

MIN_PARTS = 2
"""A batch normalization needs two parts; a batch with fewer is passed over."""


@dataclass(frozen=True, slots=True)
class Song:
    """A recording (n_bins, n_frames) with parts: spans (n_parts, 2) in frames, half-open.

    `targets` maps each head to (n_parts, n_outputs) in [0, 1], NaN where unknown; songs that are
    only scored need none.
    """

    name: str
    values: npt.NDArray[np.float16]
    spans: FloatArray
    targets: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SongHead:
    """What is learnt: a name, how many outputs, and the weight in the loss."""

    name: str
    n_outputs: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class SongConfig:
    """Settings of a training. Lengths in frames of the front end.

    `crop` is the stretch of a song that a batch holds, `around` what counts as a part's
    surroundings on both sides. `n_masks` stretches of up to `max_mask` frames and
    `n_band_masks` of up to `max_band_mask` channels are blanked (SpecAugment); `mixup` blends
    the summaries and targets of parts (V. Verma and others, "Manifold mixup", ICML 2019). A
    network that `hears` the part alone has the part in place of its surroundings and the song.
    """

    network: SongCnnConfig = field(default_factory=SongCnnConfig)
    optimizer: OptimizerConfig = field(
        default_factory=lambda: OptimizerConfig(
            epochs=40, batch_size=16, weight_decay=0.1, average_decay=0.99
        )
    )
    crop: int = 3072
    around: int = 430
    n_masks: int = 4
    max_mask: int = 120
    n_band_masks: int = 1
    max_band_mask: int = 6
    mixup: float = 0.4
    loss: LossConfig = field(default_factory=LossConfig)
    hears: str = "song"
    n_threads: int = 1

    def __post_init__(self) -> None:
        if self.crop < 2 * self.network.n_averaged or self.around < 0 or self.mixup < 0:
            raise BadConfig("crop must hold two steps; around and mixup must not be negative")
        if self.hears not in ("song", "part"):
            raise BadConfig(f"a network hears the song or the part, not {self.hears!r}")
        if min(self.n_masks, self.max_mask, self.n_band_masks, self.max_band_mask) < 0:
            raise BadConfig("numbers and lengths of masks must not be negative")


class SongScorer(nn.Module):
    """A network with its heads, and the mean and deviation of each channel in the training."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, n_bins: int, config: SongConfig, heads: Sequence[SongHead]) -> None:
        super().__init__()
        self.config = config
        self.network = SongCnn(n_bins, config.network)
        self.heads = nn.ModuleDict(
            {head.name: nn.Linear(self.network.n_dims, head.n_outputs) for head in heads}
        )
        self.register_buffer("mean", torch.zeros(self.network.n_channels, 1))
        self.register_buffer("deviation", torch.ones(self.network.n_channels, 1))

    def channels(self, song: Song) -> Tensor:
        """Give a song's channels (n_channels, n_steps), not standardized."""
        return channels_of(torch.from_numpy(song.values.astype(np.float32)), self.config.network)

    def standardized(self, channels: Tensor) -> Tensor:
        """Give channels as the network takes them."""
        return (channels - self.mean) / self.deviation

    def logits(self, embedding: Tensor) -> dict[str, Tensor]:
        return {name: head(embedding) for name, head in self.heads.items()}


def train(
    config: SongConfig, songs: Sequence[Song], heads: Sequence[SongHead], seed: int
) -> SongScorer:
    """Train a network on songs, all of whose parts have targets for the heads.

    Raises: BadConfig without songs, or for a song without a part.
    """
    if not songs or any(len(song.spans) == 0 for song in songs):
        raise BadConfig("a training needs songs, and each song a labelled part")
    torch.set_num_threads(config.n_threads)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    rng = np.random.default_rng(seed)
    scorer = SongScorer(songs[0].values.shape[0], config, heads)
    channels = [scorer.channels(song) for song in songs]
    _fit_scale(scorer, channels)
    prepared = [scorer.standardized(values) for values in channels]
    average = deepcopy(scorer)
    of_heads = {
        head.name: ratios([torch.from_numpy(song.targets[head.name]) for song in songs])
        for head in heads
    }
    settings = config.optimizer
    optimizer = torch.optim.AdamW(
        scorer.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    n_batches = max(1, len(songs) // settings.batch_size)
    schedule = Schedule(settings, n_batches * settings.epochs)
    step = 0
    scorer.train()
    for _ in range(settings.epochs):
        order = rng.permutation(len(songs))
        for chosen in np.array_split(order, n_batches):
            schedule.set_rate(optimizer, step)
            batch = _batch(config, [songs[i] for i in chosen], [prepared[i] for i in chosen], rng)
            if len(batch.owner) >= MIN_PARTS:
                loss = _loss(scorer, batch, heads, of_heads, rng)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.update_average(average, scorer, step)
            step += 1
    average.eval()
    return average


def score(scorer: SongScorer, songs: Sequence[Song], head: str) -> list[FloatArray]:
    """Give each song's parts their scores under a head, (n_parts, n_outputs) in [0, 1]."""
    scorer.eval()
    found = []
    with torch.inference_mode():
        for song in songs:
            values = scorer.standardized(scorer.channels(song))
            spans = _spans(song.spans, 0, song.values.shape[1], scorer.config)
            owner = torch.zeros(len(song.spans), dtype=torch.long)
            embedding = scorer.network(values[None], owner, spans)
            found.append(torch.sigmoid(scorer.heads[head](embedding)).numpy())
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    """Stretches of songs, and the parts in them."""

    values: Tensor
    owner: Tensor
    spans: Tensor
    targets: Mapping[str, Tensor]


def _fit_scale(scorer: SongScorer, channels: Sequence[Tensor]) -> None:
    """Set the buffers to the mean and deviation over all steps of the songs."""
    n = 0
    sums = torch.zeros_like(scorer.mean, dtype=torch.float64)
    squares = torch.zeros_like(sums)
    for of_song in channels:
        values = of_song.double()
        n += values.shape[1]
        sums += values.sum(dim=1, keepdim=True)
        squares += (values * values).sum(dim=1, keepdim=True)
    mean = sums / n
    variance = squares / n - mean * mean
    scorer.mean.copy_(mean.float())
    scorer.deviation.copy_(variance.clamp(min=1e-4).sqrt().float())


def _batch(
    config: SongConfig, songs: Sequence[Song], prepared: Sequence[Tensor], rng: np.random.Generator
) -> _Batch:
    n_averaged = config.network.n_averaged
    n_steps = config.crop // n_averaged
    values = torch.zeros(len(songs), prepared[0].shape[0], n_steps)
    owners, spans = [], []
    targets: dict[str, list[FloatArray]] = {name: [] for name in songs[0].targets}
    for row, (song, channels) in enumerate(zip(songs, prepared, strict=True)):
        first = int(rng.integers(0, max(1, channels.shape[1] - n_steps + 1)))
        stretch = channels[:, first : first + n_steps]
        values[row, :, : stretch.shape[1]] = stretch
        begin, end = first * n_averaged, (first + stretch.shape[1]) * n_averaged
        heard = np.minimum(song.spans[:, 1], end) - np.maximum(song.spans[:, 0], begin)
        length = (song.spans[:, 1] - song.spans[:, 0]).clip(max=end - begin)
        # Half of a part is enough to say what it is, or half a stretch of a long one.
        inside = np.flatnonzero(heard >= 0.5 * length)
        if len(inside):
            spans.append(_spans(song.spans[inside], begin, end, config))
            owners += [row] * len(inside)
            for name, rows in targets.items():
                rows.append(song.targets[name][inside])
    for row in values:
        _mask(row, 1, config.n_masks, config.max_mask // n_averaged, rng)
        _mask(row, 0, config.n_band_masks, config.max_band_mask, rng)
    if not owners:
        return _Batch(values, torch.zeros(0, dtype=torch.long), torch.zeros(0, 3, 2), {})
    return _Batch(
        values,
        torch.tensor(owners),
        torch.cat(spans),
        {
            name: torch.from_numpy(np.concatenate(rows).astype(np.float32))
            for name, rows in targets.items()
        },
    )


def _spans(spans: FloatArray, begin: int, end: int, config: SongConfig) -> Tensor:
    """Give the three scales (n_parts, 3, 2) in steps from `begin`; begin and end in frames."""
    n_averaged = config.network.n_averaged
    part = spans.clip(begin, end)
    part[:, 0] = np.minimum(part[:, 0], max(begin, end - n_averaged))
    around = (spans + np.asarray([-config.around, config.around])).clip(begin, end)
    song = np.tile([begin, end], (len(spans), 1))
    scales = [part, around, song] if config.hears == "song" else [part] * N_SCALES
    steps = (np.stack(scales, axis=1) - begin) / n_averaged
    return torch.from_numpy(steps.astype(np.float32))


def _mask(values: Tensor, axis: int, n_masks: int, longest: int, rng: np.random.Generator) -> None:
    """Blank stretches of an axis: standardized channels have the mean 0."""
    n = values.shape[axis]
    for _ in range(n_masks):
        length = int(rng.integers(0, min(longest, n) + 1))
        first = int(rng.integers(0, n - length + 1))
        values.narrow(axis, first, length).zero_()


def _loss(
    scorer: SongScorer,
    batch: _Batch,
    heads: Sequence[SongHead],
    of_heads: Mapping[str, Tensor],
    rng: np.random.Generator,
) -> Tensor:
    summaries = scorer.network.summaries(batch.values, batch.owner, batch.spans)
    targets = dict(batch.targets)
    if scorer.config.mixup:
        mix = augment.Mix.drawn(len(summaries), scorer.config.mixup, rng)
        summaries, targets = mix.of_values(summaries), mix.of_targets(targets)
    logits = scorer.logits(scorer.network.embed(summaries))
    weights = torch.ones(len(batch.owner))
    losses = [
        head.weight
        * tag_loss(
            logits[head.name],
            targets[head.name],
            weights,
            of_heads[head.name],
            scorer.config.loss,
        )
        for head in heads
    ]
    return torch.stack(losses).sum()
