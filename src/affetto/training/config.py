"""The recipe of a training, as frozen dataclasses read from TOML; an unknown key is refused.

Recipes that ship with the package stand in `recipes/`; `load` takes a name or a path.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from affetto.bundles.bundle import PRECISIONS
from affetto.core import Head
from affetto.datasets.folder import canonical
from affetto.errors import BadConfig
from affetto.vocabularies import load as load_vocabulary

C = TypeVar("C")

_MISSING_HINT = "add it; or name a bundle to start from with --init, and data with --data"


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise BadConfig(f"a recipe needs {what}")


@dataclass(frozen=True, slots=True)
class Part:
    """A member of a registry with its settings."""

    name: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """What the network sees, and how far windows stand apart in prediction, in seconds."""

    duration_s: float
    hop_s: float

    def __post_init__(self) -> None:
        _demand(self.duration_s > 0 and self.hop_s > 0, "a window's duration_s and hop_s > 0")


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """A head, and its weight in the loss."""

    name: str
    kind: str
    vocabulary: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        _demand(0 <= self.weight < math.inf, f"the weight of head {self.name} at least 0")


@dataclass(frozen=True, slots=True)
class DataConfig:
    """A data set, by name or path: windows drawn from each example in an epoch, weight, softening
    of labels.

    `windows` 2.5 draws two of each example, and one more of half of them. `smoothing` s moves a
    target t to t (1 - s) + s / 2.
    """

    name: str
    windows: int | float = 1
    weight: float = 1.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", canonical(self.name))
        where = f"of data set {self.name}"
        _demand(0 < self.windows < math.inf, f"windows {where} above 0")
        _demand(0 <= self.weight < math.inf, f"weight {where} at least 0")
        _demand(0 <= self.smoothing <= 1, f"smoothing {where} between 0 and 1")


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """See `augment`: what is done to a batch, 0 for nothing."""

    mixup: float = 0.0
    tilt_db: float = 0.0
    gain_db: float = 0.0
    holes_share: float = 0.0
    max_hole_bands: int = 0
    n_band_masks: int = 0
    max_band_mask: int = 0
    n_time_masks: int = 0
    max_time_mask: int = 0
    max_transposition: int = 0
    pitch_gain_db: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            _demand(0 <= value < math.inf, f"{name} at least 0")
        _demand(self.holes_share <= 1, "holes_share between 0 and 1")


@dataclass(frozen=True, slots=True)
class TeacherConfig:
    """Other networks, by name, whose outputs the trunk learns to tell; see `teacher`.

    `data` names the data sets that they have heard; `n_dims` principal components of what each
    says of them, all together, count `weight` times in the loss.
    """

    names: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    n_dims: tuple[int, ...] = ()
    weight: float = 0.5

    def __post_init__(self) -> None:
        fits = not self.names or len(self.n_dims) == len(self.names)
        _demand(fits, "an n_dims for each of the teacher's names")
        _demand(all(n >= 1 for n in self.n_dims), "each of the teacher's n_dims at least 1")
        _demand(0 <= self.weight < math.inf, "the teacher's weight at least 0")


@dataclass(frozen=True, slots=True)
class OptimizerConfig:
    """AdamW under a one-cycle cosine schedule, and the average of weights that is kept.

    `precision` "bfloat16" computes the trunk's convolutions in training in that format, which
    processors that have it do several times as fast; weights and the rest stay in float32.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup_share: float = 0.1
    average_decay: float = 0.995
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2:
            raise BadConfig("a training needs at least 1 epoch and batches of at least 2 windows")
        _demand(0 < self.learning_rate < math.inf, "learning_rate above 0")
        _demand(0 <= self.weight_decay < math.inf, "weight_decay at least 0")
        _demand(0 <= self.warmup_share <= 1, "warmup_share between 0 and 1")
        _demand(0 <= self.average_decay < 1, "average_decay at least 0 and below 1")
        _demand(self.precision in ("float32", "bfloat16"), "precision float32 or bfloat16")


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """What the network's convolutions compute with once it is trained: see `models.quantize`."""

    precision: str = "float32"

    def __post_init__(self) -> None:
        _demand(self.precision in PRECISIONS, f"an export's precision {' or '.join(PRECISIONS)}")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A whole recipe. `license` states the terms of the weights, which hang on the data's."""

    name: str
    version: str
    summary: str
    license: str
    front_end: Part
    window: WindowConfig
    network: Part
    heads: tuple[HeadConfig, ...]
    data: tuple[DataConfig, ...]
    optimizer: OptimizerConfig
    augment: AugmentConfig = AugmentConfig()
    teacher: TeacherConfig = TeacherConfig()
    export: ExportConfig = ExportConfig()
    validation_share: float = 0.12
    seed: int = 0
    n_threads: int = 2

    def __post_init__(self) -> None:
        for what, names in (
            ("heads", [head.name for head in self.heads]),
            ("data", [data.name for data in self.data]),
        ):
            if len(set(names)) != len(names) or not names:
                raise BadConfig(f"a recipe needs {what}, each with a name of its own")
        _demand(0 < self.validation_share < 1, "validation_share between 0 and 1")
        _demand(self.n_threads >= 1 and self.seed >= 0, "n_threads at least 1, seed at least 0")

    def specs(self) -> tuple[Head, ...]:
        """Give the heads with their vocabularies. Raises: UnknownName."""
        return tuple(
            Head(
                head.name,
                head.kind,  # type: ignore[arg-type]
                load_vocabulary(head.vocabulary) if head.vocabulary else None,
            )
            for head in self.heads
        )

    def fingerprint(self) -> str:
        """Hash every setting: 16 hexadecimal digits."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def recipe_names() -> tuple[str, ...]:
    """Give the names of the recipes that ship with the package."""
    folder = files("affetto.training").joinpath("recipes")
    return tuple(
        sorted(
            item.name.removesuffix(".toml")
            for item in folder.iterdir()
            if item.name.endswith(".toml")
        )
    )


def load(
    recipe: str | Path,
    overrides: Mapping[str, str] | None = None,
    usual: Mapping[str, Any] | None = None,
) -> TrainConfig:
    """Read a recipe by name or path; `overrides` maps dotted keys to TOML values, and `usual`
    gives the values of keys that the recipe leaves out.

    >>> load("default", {"optimizer.epochs": "2"}).optimizer.epochs
    2

    Raises: BadConfig for a missing recipe, an unknown key, or a value of the wrong type.
    """
    if str(recipe) in recipe_names():
        resource = files("affetto.training").joinpath("recipes", f"{recipe}.toml")
        text = resource.read_text(encoding="utf-8")
    elif Path(recipe).is_file():
        try:
            text = Path(recipe).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfig(f"recipe {recipe} cannot be read: {error}") from error
    else:
        raise BadConfig(
            f"there is no recipe {str(recipe)!r}",
            f"name a TOML file or one of: {', '.join(recipe_names())}",
        )
    try:
        tree = overridden({**(usual or {}), **tomllib.loads(text)}, overrides or {})
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"recipe {recipe} is not valid TOML: {error}") from error
    return parse(TrainConfig, tree, str(recipe))


def overridden(tree: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    """Give a tree of settings with dotted keys set to TOML values; the tree itself stays.

    >>> overridden({"network": {"n_dims": 8}}, {"network.n_dims": "4"})
    {'network': {'n_dims': 4}}

    Raises: BadConfig where a key leads through something that is not a table.
    """
    changed = deepcopy(dict(tree))
    for key, value in overrides.items():
        _override(changed, key, value)
    return changed


def parse(cls: type[C], tree: Mapping[str, Any], where: str) -> C:
    """Make a dataclass of a tree of TOML or JSON values. Raises: BadConfig."""
    if not isinstance(tree, Mapping):
        raise BadConfig(f"{where} must be a table, not {tree!r}")
    hints = get_type_hints(cls)
    known = [item.name for item in fields(cls)]  # type: ignore[arg-type]
    unknown = sorted(set(tree) - set(known))
    if unknown:
        raise BadConfig(f"{where} has no key {', '.join(unknown)}", f"known: {', '.join(known)}")
    values = {key: _value(hints[key], value, f"{where}: {key}") for key, value in tree.items()}
    needed = [
        item.name
        for item in fields(cls)  # type: ignore[arg-type]
        if item.default is MISSING and item.default_factory is MISSING
    ]
    missing = [name for name in needed if name not in values]
    if missing:
        raise BadConfig(
            f"{where}: a key is missing ({', '.join(map(repr, missing))})",
            _MISSING_HINT if cls is TrainConfig else "",
        )
    return cls(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if is_dataclass(hint):
        return parse(hint, value, where)  # type: ignore[arg-type]
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_value(get_args(hint)[0], item, where) for item in value)
    if origin is UnionType and type(value) in get_args(hint):
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = Mapping if origin is not None and issubclass(origin, Mapping) else hint
    if isinstance(value, bool) != (hint is bool):
        plain = None  # True is an int, but no number
    if isinstance(plain, type) and isinstance(value, plain):
        return value
    raise BadConfig(f"{where} is {value!r}, which is of the wrong type")


def _override(tree: dict[str, Any], key: str, value: str) -> None:
    *path, last = key.split(".")
    for name in path:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            raise BadConfig(f"cannot set {key}: {name} is not a table")
        tree = inner
    try:
        tree[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        tree[last] = value  # a bare word is a string
