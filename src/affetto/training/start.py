"""Where a training starts: at the weights of a bundle, instead of at random ones.

The trunk is the bundle's, and each head that has the same name, kind and vocabulary in both; other
heads start fresh. What the recipe leaves out (front end, window, network, heads) is the bundle's,
and where both say it, they must agree.

A head that the new data say nothing about would go astray while the trunk moves under it. So it is
taught what the bundle itself says of the same clips (Z. Li, D. Hoiem, "Learning without
forgetting", ECCV 2016). The same goes for a head whose every target is the same.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file
from torch import Tensor

from affetto import bundles, frontends, models
from affetto.bundles import Bundle
from affetto.bundles.bundle import WEIGHTS
from affetto.core import FloatArray, Head
from affetto.errors import BadConfig
from affetto.models.heads import Scorer
from affetto.training.config import TrainConfig
from affetto.training.config import load as load_recipe
from affetto.training.data import LABEL_CUT, Item, windows_of
from affetto.training.record import seen

N_WINDOWS = 4
"""Windows an epoch of each clip of data sets that are named beside a recipe."""
MIN_POSITIVES = 5
"""With fewer examples of a tag than this, its threshold stays the bundle's."""

_HINT = "leave front_end, window, network and heads out of the recipe: they are the bundle's then"
_HEADS = "heads."


@dataclass(frozen=True, slots=True)
class Start:
    """A bundle to start from."""

    bundle: Bundle

    @property
    def fingerprint(self) -> str:
        return self.bundle.fingerprint

    @property
    def seen(self) -> dict[str, str | None]:
        """The data sets that the bundle has seen, as `seen` gives them."""
        return seen(self.bundle.training)

    @property
    def record(self) -> dict[str, Any]:
        """What the record of a training says of where it started."""
        return {
            "name": self.bundle.name,
            "version": self.bundle.version,
            "fingerprint": self.fingerprint,
            "datasets": {name: {"labels_sha256": digest} for name, digest in self.seen.items()},
        }

    @property
    def settings(self) -> dict[str, Any]:
        """The part of a recipe that follows from the bundle, as a tree of TOML values."""
        front_end = frontends.describe(self.bundle.front_end)
        return {
            "front_end": {key: front_end[key] for key in ("name", "config")},
            "window": {"duration_s": self.bundle.window_s, "hop_s": self.bundle.hop_s},
            "network": dict(self.bundle.architecture),
            "heads": [
                {
                    "name": head.spec.name,
                    "kind": head.spec.kind,
                    "vocabulary": head.spec.vocabulary.name if head.spec.vocabulary else "",
                }
                for head in self.bundle.heads
            ],
        }

    def is_kept(self, head: Head) -> bool:
        """Say whether a head starts with the bundle's weights."""
        return any(head == ours.spec for ours in self.bundle.heads)

    def check(self, config: TrainConfig) -> None:
        """See that the recipe's trunk is the bundle's. Raises: BadConfig naming what differs."""
        theirs = frontends.build(config.front_end.name, config.front_end.config)
        ours = frontends.describe(self.bundle.front_end)
        self._compare(config, "front end", frontends.describe(theirs), ours)
        network = self.bundle.architecture
        self._compare(
            config,
            "network",
            _described(config.network.name, config.network.config),
            _described(network["name"], network["config"]),
        )

    def load(self, scorer: Scorer, config: TrainConfig) -> None:
        """Put the bundle's weights into the recipe's network. Raises: BadConfig."""
        self.check(config)
        kept = tuple(f"{_HEADS}{head.name}." for head in scorer.specs if self.is_kept(head))
        found: dict[str, Tensor] = {
            key: tensor
            for key, tensor in load_file(self.bundle.folder / WEIGHTS).items()
            if not key.startswith(_HEADS) or key.startswith(kept)
        }
        wanted = scorer.state_dict()
        needed = {key for key in wanted if not key.startswith(_HEADS) or key.startswith(kept)}
        if found.keys() != needed or any(found[k].shape != wanted[k].shape for k in needed):
            raise BadConfig(
                f"the weights of bundle {self.bundle.title} are not those of a network "
                f"{config.network.name} as this affetto makes it",
                "start from a bundle that this affetto has trained",
            )
        scorer.load_state_dict({**wanted, **found})

    def remembered(self, items: Sequence[Item], heads: Sequence[Head]) -> tuple[Item, ...]:
        """Give items with the bundle's own scores as targets of the heads that they do not teach.

        A head is taught where its known targets are not all the same.
        """
        untaught = [head for head in heads if self.is_kept(head) and not _is_taught(head, items)]
        if not untaught:
            return tuple(items)
        found = []
        for item in items:
            outputs = self._targets(item)
            ours = {head.name: outputs[head.name] for head in untaught}
            kind = "none" if any(head.kind == "plane" for head in untaught) else item.plane_kind
            found.append(replace(item, targets={**item.targets, **ours}, plane_kind=kind))
        return tuple(found)

    def thresholds(
        self, fitted: Mapping[str, FloatArray], items: Sequence[Item], heads: Sequence[Head]
    ) -> dict[str, FloatArray]:
        """Give fitted thresholds (n_tags,) by head, or the bundle's where `items`, on which they
        were fitted, hold too few examples of a tag."""
        found = dict(fitted)
        for head in self.bundle.heads:
            name = head.spec.name
            if head.thresholds is None or head.spec not in heads:
                continue
            targets = np.stack([item.targets[name] for item in items])
            is_known = (targets >= LABEL_CUT).sum(axis=0) >= MIN_POSITIVES  # NaN is not
            ours = np.asarray(head.thresholds, np.float32)
            found[name] = np.where(is_known, found[name], ours) if name in found else ours
        return found

    def sign_slopes(self, heads: Sequence[Head]) -> tuple[float, float] | None:
        """Give the bundle's slopes of the plane's signs, where `heads` have its plane."""
        plane = self.bundle.plane_head
        return None if plane is None or plane.spec not in heads else plane.sign_slopes

    def _targets(self, item: Item) -> dict[str, FloatArray]:
        """Give the bundle's scores of a clip as targets in [0, 1], (n_outputs,) by head."""
        bundle = self.bundle
        values = windows_of(item, bundle.front_end, bundle.window_s, bundle.hop_s)
        outputs = bundle.score(values)
        targets = {}
        for head in bundle.heads:
            mean = outputs[head.spec.name].mean(axis=0)
            targets[head.spec.name] = (mean + 1) / 2 if head.spec.kind == "plane" else mean
        return targets

    def _compare(
        self, config: TrainConfig, what: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]
    ) -> None:
        flat_theirs, flat_ours = _flat(theirs), _flat(ours)
        for key in ("name", *sorted(flat_theirs.keys() | flat_ours.keys())):
            a, b = flat_theirs.get(key), flat_ours.get(key)
            if a != b:
                raise BadConfig(
                    f"recipe {config.name} cannot start from bundle {self.bundle.title}: the "
                    f"{what}'s {key} is {a} in the recipe and {b} in the bundle",
                    _HINT,
                )


def open_start(bundle: str) -> Start:
    """Give the start at a bundle, by name or path. Raises: BundleMissing, BundleInvalid."""
    models.require_torch()
    return Start(bundles.load(bundle))


def recipe_from(
    recipe: str | Path, overrides: Mapping[str, str], start: Start | None, data: Sequence[str]
) -> TrainConfig:
    """Read a recipe; what it leaves out comes from the bundle to start from and from `data`, the
    names of data sets. Raises: as `config.load`."""
    usual = {} if start is None else start.settings
    if data:
        usual["data"] = tomllib.loads(f"data = {data_value(data)}")["data"]
    return load_recipe(recipe, overrides, usual)


def data_value(names: Sequence[str]) -> str:
    """Give the TOML value of a recipe's `data` that names these data sets."""
    quoted = (json.dumps(name, ensure_ascii=False) for name in names)
    return "[" + ", ".join(f"{{name = {name}, windows = {N_WINDOWS}}}" for name in quoted) + "]"


def fingerprint(config: TrainConfig, start: Start | None) -> str:
    """Hash a recipe's settings and the bundle that it starts from: 16 hexadecimal digits."""
    if start is None:
        return config.fingerprint()
    text = f"{config.fingerprint()} from {start.fingerprint}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_taught(head: Head, items: Sequence[Item]) -> bool:
    targets = np.stack([item.targets[head.name] for item in items])
    known = targets[~np.isnan(targets)]
    return len(known) > 0 and bool((known != known[0]).any())


def _described(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Give a network's settings, all of them but dropout, which changes no weight."""
    flat = _flat({"name": name, "config": asdict(models.settings(name, config))})
    return {key: value for key, value in flat.items() if "dropout" not in key}


def _flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of a tree, those of each inner `config` on one level with the rest."""
    inner = tree.get("config", {})
    mine = {key: value for key, value in tree.items() if key != "config"}
    return {**mine, **(_flat(inner) if inner else {})}
