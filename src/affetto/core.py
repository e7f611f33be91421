"""The values that travel between the layers: frozen dataclasses with checked shapes.

Conventions: times are float seconds, intervals are half-open, arrays are read-only.
Valence and arousal lie in [-1, 1]; scores in [0, 1]. A quadrant is Russell's: Q1 positive
and excited, Q2 negative and excited, Q3 negative and calm, Q4 positive and calm; zero
counts as positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from affetto.errors import BadConfig

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Quadrant = Literal["Q1", "Q2", "Q3", "Q4"]
HeadKind = Literal["tags", "plane", "music"]

PLANE_AXES = ("valence", "arousal")
QUADRANTS: tuple[Quadrant, ...] = get_args(Quadrant)
PREDICTION_SCHEMA_VERSION = 3

_ALMOST_1 = 1 - 1e-12

QUADRANT_TITLES: Mapping[str, str] = {
    "Q1": "excited, happy",
    "Q2": "tense, angry",
    "Q3": "sad, gloomy",
    "Q4": "calm, content",
}


def frozen(values: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """Give `values` as a read-only array of `dtype`, copying only where it must."""
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def quadrant_of(valence: float, arousal: float) -> Quadrant:
    """Name the quadrant of a point of the valence-arousal plane."""
    if arousal >= 0:
        return "Q1" if valence >= 0 else "Q2"
    return "Q4" if valence >= 0 else "Q3"


def quadrant_probabilities(
    valence: float, arousal: float, sign_slopes: tuple[float, float]
) -> dict[Quadrant, float]:
    """Say how likely each quadrant is for a point of the plane; the four add up to 1.

    The label behind a value v is positive with probability (1 + tanh(s artanh v)) / 2, that is
    sigmoid(s log((1 + v) / (1 - v))), s being its axis's one of `sign_slopes`; the two axes are
    taken apart. So no quadrant is likelier than the one that the point lies in.
    """
    positive, excited = (
        (1 + math.tanh(slope * math.atanh(min(max(float(value), -_ALMOST_1), _ALMOST_1)))) / 2
        for value, slope in zip((valence, arousal), sign_slopes, strict=True)
    )
    return quadrants_of_signs(positive, excited)


def quadrants_of_signs(positive: float, excited: float) -> dict[Quadrant, float]:
    """Give how likely each quadrant is of how likely valence and arousal are to be positive."""
    return {
        "Q1": positive * excited,
        "Q2": (1 - positive) * excited,
        "Q3": (1 - positive) * (1 - excited),
        "Q4": positive * (1 - excited),
    }


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise BadConfig(message)


class _Value:
    """Equality and pickling of the dataclasses that hold arrays.

    `==` compares arrays element by element, NaN being equal to NaN; what a dataclass would
    generate fails on them. A pickle is read back through `__init__`, since arrays lose their
    read-only flag on the way to another process.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(map(_equal, self._values(), other._values()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, each.name) for each in fields(self))  # type: ignore[arg-type]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    return bool(one == other)


@dataclass(frozen=True, slots=True, eq=False)
class Waveform(_Value):
    """Mono sound: `samples` (n_samples,) float32, nominally in [-1, 1] but never clipped."""

    samples: FloatArray
    sample_rate: int
    start_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", frozen(self.samples))
        _check(self.samples.ndim == 1, f"samples must be (n_samples,), not {self.samples.shape}")
        _check(self.sample_rate > 0, f"sample_rate must be positive, not {self.sample_rate}")

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram(_Value):
    """Log power: `values` (n_bins, n_frames) float32, frame k centered on sample k * hop_length."""

    values: FloatArray
    sample_rate: int
    hop_length: int
    fingerprint: str
    start_s: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
        _check(self.values.ndim == 2, f"values must be (n_bins, n_frames), not {self.values.shape}")

    @property
    def n_bins(self) -> int:
        return int(self.values.shape[0])

    @property
    def n_frames(self) -> int:
        return int(self.values.shape[1])

    def section(self, interval: Interval) -> Spectrogram:
        """Give the frames whose centers lie in an interval: none where it is beyond them.

        Times count as `start_s` does: the center of the first frame is there.
        """
        # Rounded a little: a boundary that falls on a center shall not hang on the last bit.
        first, end = (
            math.ceil((time_s - self.start_s) * self.sample_rate / self.hop_length - 1e-6)
            for time_s in (interval.start_s, interval.end_s)
        )
        first = max(first, 0)
        return replace(
            self,
            values=self.values[:, first : max(end, first)],
            start_s=self.start_s + first * self.hop_length / self.sample_rate,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Windows(_Value):
    """What a network sees: `values` (n_windows, n_bins, n_frames).

    `n_valid` (n_windows,) counts the frames that are not repeated to fill a window.
    """

    values: FloatArray
    start_s: npt.NDArray[np.float64]
    duration_s: float
    n_valid: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values))
        object.__setattr__(self, "start_s", frozen(self.start_s, np.float64))
        object.__setattr__(self, "n_valid", frozen(self.n_valid, np.int64))
        _check(self.values.ndim == 3, f"values must be 3-dimensional, not {self.values.shape}")
        n_windows = self.values.shape[0]
        _check(self.start_s.shape == (n_windows,), "start_s must be (n_windows,)")
        _check(self.n_valid.shape == (n_windows,), "n_valid must be (n_windows,)")


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time, half-open, in seconds."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        _check(
            0 <= self.start_s < self.end_s,
            f"an interval must run forward from 0 s or later, not {self.start_s} to {self.end_s}",
        )

    def widened(self, by_s: float) -> Interval:
        """Give the interval with `by_s` more on both sides, but from 0 s at the earliest."""
        return Interval(max(0.0, self.start_s - by_s), self.end_s + by_s)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary(_Value):
    """Named tags. `anchors` (n_tags, 2) places each tag in the valence-arousal plane."""

    name: str
    tags: tuple[str, ...]
    titles: tuple[str, ...]
    source_names: tuple[str, ...]
    anchors: FloatArray | None = None

    def __post_init__(self) -> None:
        _check(len(set(self.tags)) == len(self.tags), f"vocabulary {self.name} has a tag twice")
        _check(
            len(self.titles) == len(self.source_names) == len(self.tags),
            f"vocabulary {self.name} must have one title and one source name for each tag",
        )
        if self.anchors is not None:
            object.__setattr__(self, "anchors", frozen(self.anchors))
            _check(self.anchors.shape == (len(self.tags), 2), "anchors must be (n_tags, 2)")

    def __len__(self) -> int:
        return len(self.tags)


@dataclass(frozen=True, slots=True)
class Head:
    """One output of a network: `tags` of a vocabulary, the `plane` of valence and arousal, or
    `music`: does this sound like music at all?"""

    name: str
    kind: HeadKind
    vocabulary: Vocabulary | None = None

    def __post_init__(self) -> None:
        _check(
            self.kind in get_args(HeadKind),
            f"a head is of kind {', '.join(get_args(HeadKind))}, not {self.kind!r}",
        )
        _check(
            (self.kind == "tags") == (self.vocabulary is not None),
            f"head {self.name}: tags need a vocabulary, other kinds have none",
        )

    @property
    def n_outputs(self) -> int:
        if self.vocabulary is not None:
            return len(self.vocabulary)
        return 2 if self.kind == "plane" else 1


@dataclass(frozen=True, slots=True, eq=False)
class Example(_Value):
    """One labelled item of a data set.

    `labels` (n_tags,) in [0, 1] with NaN for unknown; `valence_arousal` (2,) in [-1, 1] with
    NaN for unknown, or None; `interval`, in the time of the recording that `path` holds, None
    for all of it. `group` (the artist, else the song) never stands on two sides of a split.
    `song` names the recording, `genres` what kind of music it is called, if anything.
    """

    id: str
    path: Path
    group: str
    song: str
    labels: FloatArray
    valence_arousal: FloatArray | None = None
    interval: Interval | None = None
    genres: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", frozen(self.labels))
        if self.valence_arousal is not None:
            object.__setattr__(self, "valence_arousal", frozen(self.valence_arousal))
            _check(self.valence_arousal.shape == (2,), "valence_arousal must be (2,)")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled examples with their terms.

    `folds` maps a group to a ready-made test fold, where the data come with one. `left_out`
    says which items of the source are not among the examples, and why. `plane_kind` says
    whether valence and arousal are ratings or only signs, `is_music` whether the examples are
    music, or all of them something else. `read(example, front_end)` gives an
    example's Spectrogram in that front end's space, its `interval` where it has one; `reader`
    names it with its revision, or is None where reading is as quick as a cache would be.
    `front_end` names one that `read` takes with its default settings.
    """

    name: str
    vocabulary: Vocabulary
    examples: tuple[Example, ...]
    license: str
    citation: str
    source_url: str
    read: Callable[[Example, Any], Spectrogram]
    reader: str | None
    plane_kind: Literal["ratings", "signs", "none"] = "none"
    folds: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    front_end: str = "logmel"
    is_music: bool = True

    def __post_init__(self) -> None:
        ids = {example.id for example in self.examples}
        _check(len(ids) == len(self.examples), f"data set {self.name} has an example id twice")
        for example in self.examples:
            _check(
                example.labels.shape == (len(self.vocabulary),),
                f"example {example.id} of {self.name} must have {len(self.vocabulary)} labels",
            )


@dataclass(frozen=True, slots=True)
class Split:
    """Which example ids train, validate and test; no group stands on two sides."""

    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Timeline(_Value):
    """Scores over time: `scores` (n_windows, n_tags), `valence_arousal` (n_windows, 2) or None.

    `weight` (n_windows,) in [0, 1] is the share of a window that is sound: less than 1 at the
    end of a short file, 0 in silence, whose scores mean nothing.
    """

    vocabulary: Vocabulary
    start_s: npt.NDArray[np.float64]
    end_s: npt.NDArray[np.float64]
    scores: FloatArray
    weight: FloatArray
    valence_arousal: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_s", frozen(self.start_s, np.float64))
        object.__setattr__(self, "end_s", frozen(self.end_s, np.float64))
        object.__setattr__(self, "scores", frozen(self.scores))
        object.__setattr__(self, "weight", frozen(self.weight))
        n_windows = len(self.start_s)
        _check(
            self.scores.shape == (n_windows, len(self.vocabulary)),
            "scores must be (n_windows, n_tags)",
        )
        _check(self.end_s.shape == (n_windows,), "end_s must be (n_windows,)")
        _check(self.weight.shape == (n_windows,), "weight must be (n_windows,)")
        if self.valence_arousal is not None:
            object.__setattr__(self, "valence_arousal", frozen(self.valence_arousal))
            _check(
                self.valence_arousal.shape == (n_windows, 2),
                "valence_arousal must be (n_windows, 2)",
            )

    def __len__(self) -> int:
        return len(self.start_s)

    def to_dict(self) -> dict[str, Any]:
        """Give plain lists, one value a window: the columns of a table."""
        columns: dict[str, Any] = {
            "start_s": [round(float(value), 3) for value in self.start_s],
            "end_s": [round(float(value), 3) for value in self.end_s],
            "weight": [_rounded(value) for value in self.weight],
            "tags": {
                tag: [_rounded(value) for value in self.scores[:, column]]
                for column, tag in enumerate(self.vocabulary.tags)
            },
        }
        if self.valence_arousal is not None:
            columns["valence"] = [_rounded(value) for value in self.valence_arousal[:, 0]]
            columns["arousal"] = [_rounded(value) for value in self.valence_arousal[:, 1]]
        return columns

    def __repr__(self) -> str:
        end_s = float(self.end_s[-1]) if len(self) else 0.0
        return f"Timeline({len(self)} windows of {len(self.vocabulary)} tags, 0 to {end_s:.1f} s)"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the reader of a result should know: a stable `code` and one sentence."""

    code: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty(_Value):
    """Standard errors of a song's values: `scores` (n_tags,), and `others` by vocabulary and tag.

    They come from how its windows differ, and how the bundle's networks do where it has several:
    how much the song varies, how little of it was heard and what hung on chance in training, not
    how wrong all networks may be.
    """

    scores: FloatArray
    valence: float
    arousal: float
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", frozen(self.scores))

    def to_array(self) -> npt.NDArray[np.float64]:
        """Give the errors of valence, arousal, each tag and each of `others`, in a row."""
        others = [error for errors in self.others.values() for error in errors.values()]
        return np.concatenate([[self.valence, self.arousal], self.scores, others])

    @classmethod
    def of_array(
        cls, errors: npt.NDArray[np.float64], n_tags: int, others: Mapping[str, Iterable[str]]
    ) -> Uncertainty:
        """Give what `to_array` gave as an array, of so many tags and of these of `others`; an
        array of an affetto that gave no errors of `others` gives none."""
        valence, arousal = (float(error) for error in errors[:2])
        scores, left = np.asarray(errors[2 : 2 + n_tags], np.float32), iter(errors[2 + n_tags :])
        found = {name: dict(zip(tags, map(float, left))) for name, tags in others.items()}  # noqa: B905
        return cls(scores, valence, arousal, found if any(found.values()) else {})


@dataclass(frozen=True, slots=True, eq=False)
class Prediction(_Value):
    """What affetto says about one piece of music.

    `scores` (n_tags,) in [0, 1] are the song's, the mean of its windows weighted by their sound;
    a tag is chosen from its one of `thresholds` (n_tags,) on. `valence` and `arousal` in [-1, 1]
    come from the network's own `head`, or from the tags' `anchors`. `others` holds the scores of
    further vocabularies by name. `sign_slopes` of valence and arousal are the bundle's, None where
    it has none: see `quadrant_probabilities`. `music` in [0, 1] says how much it sounds like music,
    None where the bundle does not; `uncertainty` is None for less sound than two windows.
    `audio_sha256` hashes the decoded samples, so it survives a change of the file's tags.
    """

    path: str
    duration_s: float
    audio_sha256: str
    scores: FloatArray
    thresholds: FloatArray
    valence: float
    arousal: float
    plane_source: Literal["head", "anchors"]
    timeline: Timeline
    bundle: str
    bundle_fingerprint: str
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sign_slopes: tuple[float, float] | None = None
    music: float | None = None
    uncertainty: Uncertainty | None = None
    embedding: FloatArray | None = None
    warnings: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", frozen(self.scores))
        object.__setattr__(self, "thresholds", frozen(self.thresholds))
        n_tags = len(self.vocabulary)
        _check(self.scores.shape == (n_tags,), f"scores must be ({n_tags},)")
        _check(self.thresholds.shape == (n_tags,), f"thresholds must be ({n_tags},)")
        if self.uncertainty is not None:
            _check(self.uncertainty.scores.shape == (n_tags,), f"errors must be ({n_tags},)")
        if self.embedding is not None:
            object.__setattr__(self, "embedding", frozen(self.embedding))

    @property
    def vocabulary(self) -> Vocabulary:
        return self.timeline.vocabulary

    @property
    def chosen(self) -> BoolArray:
        """Which tags (n_tags,) reach their thresholds."""
        return frozen(self.scores >= self.thresholds, np.bool_)

    @property
    def quadrant(self) -> Quadrant:
        return quadrant_of(self.valence, self.arousal)

    @property
    def quadrant_probabilities(self) -> dict[Quadrant, float] | None:
        """How likely each quadrant is, by the signs of music like that the bundle learnt from;
        None where the bundle does not say. That of `quadrant` is the highest."""
        if self.sign_slopes is None:
            return None
        return quadrant_probabilities(self.valence, self.arousal, self.sign_slopes)

    @property
    def is_quadrant_sure(self) -> bool:
        """Whether the quadrant is as likely as all others together; where no probabilities are
        known, whether valence and arousal lie further from 0 than their standard errors."""
        likely = self.quadrant_probabilities
        if likely is not None:
            return likely[self.quadrant] >= 0.5
        errors = self.uncertainty
        return errors is None or (
            abs(self.valence) >= errors.valence and abs(self.arousal) >= errors.arousal
        )

    @property
    def tags(self) -> dict[str, float]:
        """The scores by slug, highest first."""
        order = np.argsort(-self.scores, kind="stable")
        return {self.vocabulary.tags[i]: float(self.scores[i]) for i in order}

    def to_dict(self, *, timeline: bool = False) -> dict[str, Any]:
        """Give plain values as `docs/prediction.schema.json` describes them."""
        chosen = {
            tag
            for tag, is_chosen in zip(self.vocabulary.tags, self.chosen, strict=True)
            if is_chosen
        }
        plain: dict[str, Any] = {
            "schema_version": PREDICTION_SCHEMA_VERSION,
            "path": self.path,
            "duration_s": round(self.duration_s, 3),
            "tags": {tag: _rounded(score) for tag, score in self.tags.items()},
            "chosen": [tag for tag in self.tags if tag in chosen],
            "valence": _rounded(self.valence),
            "arousal": _rounded(self.arousal),
            "plane_source": self.plane_source,
            "quadrant": self.quadrant,
            "quadrant_probabilities": self._plain_probabilities(),
            "others": {
                name: {tag: _rounded(score) for tag, score in scores.items()}
                for name, scores in self.others.items()
            },
            "music": None if self.music is None else _rounded(self.music),
            "uncertainty": self._plain_uncertainty(),
            "warnings": [{"code": n.code, "message": n.message} for n in self.warnings],
            "audio_sha256": self.audio_sha256,
            "bundle": self.bundle,
            "bundle_fingerprint": self.bundle_fingerprint,
        }
        if timeline:
            plain["timeline"] = self.timeline.to_dict()
        return plain

    def _plain_probabilities(self) -> dict[str, float] | None:
        likely = self.quadrant_probabilities
        return None if likely is None else {name: _rounded(p) for name, p in likely.items()}

    def _plain_uncertainty(self) -> dict[str, Any] | None:
        errors = self.uncertainty
        if errors is None:
            return None
        by_tag = dict(zip(self.vocabulary.tags, errors.scores, strict=True))
        return {
            "valence": _rounded(errors.valence),
            "arousal": _rounded(errors.arousal),
            "tags": {tag: _rounded(by_tag[tag]) for tag in self.tags},
            "others": {
                name: {tag: _rounded(error) for tag, error in of.items()}
                for name, of in errors.others.items()
            },
        }

    def __repr__(self) -> str:
        best = ", ".join(f"{tag} {score:.2f}" for tag, score in list(self.tags.items())[:3])
        return (
            f"Prediction({self.path!r}, {self.duration_s:.1f} s, {self.quadrant}, valence "
            f"{self.valence:+.2f}, arousal {self.arousal:+.2f}: {best})"
        )


def _rounded(value: float) -> float:
    """Give four decimals: more would only be the noise of float32."""
    return round(float(value), 4)


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that could not be scored: which, why (`code`, `message`) and what to do."""

    path: str
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


ProgressCallback = Callable[[float, float | None], None]
"""Called now and then with the seconds of sound done, and those expected in all, if known."""
