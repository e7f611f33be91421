"""Networks, in torch: only training and export import this package's members.

A network takes spectrogram windows (batch, n_bins, n_frames) in the front end's unit and gives
an embedding (batch, n_dims): `summarize` is the trunk, to (batch, n_summary), and `embed` goes on
from there. Both are made of `n_members` equal parts, those of its `trunks`, which learn apart;
most networks are one alone. A trunk's `look` gives, beside the summary, what it saw at each of a
window's `n_positions`, (batch, n_rows, n_positions), for a teacher to compare with. A trunk that
looks at pitches says in `n_pitches` how many of the last rows they are. `heads.Scorer` puts the
heads on top. A network's settings are a frozen dataclass, so that a bundle can name them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from affetto.errors import BadConfig, MissingExtra
from affetto.registry import Registry

MODELS = Registry(
    "network",
    "models",
    {
        "cnn": ("affetto.models.cnn:Cnn", "five 3 x 3 convolutions, small enough for a laptop"),
        "ensemble": (
            "affetto.models.ensemble:Ensemble",
            "several of another, and their mean",
        ),
    },
)


def require_torch() -> None:
    """Say how to install torch where it is missing. Raises: MissingExtra."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtra(
            "training and export need torch", "run: pip install 'affetto[train]'"
        ) from error


def settings(name: str, config: Mapping[str, Any]) -> Any:
    """Give a network's settings, a dataclass, of plain values. Raises: UnknownName, BadConfig."""
    require_torch()
    cls = MODELS.load(name).Config
    unknown = sorted(set(config) - {field.name for field in fields(cls)})
    if unknown:
        raise BadConfig(f"network {name} has no setting {', '.join(unknown)}")
    return cls(**{key: tuple(v) if isinstance(v, list) else v for key, v in config.items()})


def build(name: str, n_bins: int, config: Mapping[str, Any]) -> Any:
    """Make a network from its name and settings. Raises: UnknownName, BadConfig, MissingExtra."""
    return MODELS.load(name)(n_bins, settings(name, config))
