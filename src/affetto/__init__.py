"""affetto: music emotion recognition.

    >>> import affetto
    >>> p = affetto.predict("song.mp3")          # doctest: +SKIP
    >>> p.quadrant, p.valence, p.tags["happy"]   # doctest: +SKIP

Names are resolved on use (PEP 562): importing the package imports nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from affetto.bundles import load as load_bundle
    from affetto.bundles.bundle import Bundle
    from affetto.core import Failure, Notice, Prediction, Timeline, Vocabulary
    from affetto.errors import AffettoError
    from affetto.library import Library
    from affetto.plots import plot
    from affetto.prediction import predict, predict_many

__version__ = "0.1.0"

_HOMES = {
    "AffettoError": "affetto.errors:AffettoError",
    "Bundle": "affetto.bundles.bundle:Bundle",
    "Failure": "affetto.core:Failure",
    "Library": "affetto.library:Library",
    "Notice": "affetto.core:Notice",
    "Prediction": "affetto.core:Prediction",
    "Timeline": "affetto.core:Timeline",
    "Vocabulary": "affetto.core:Vocabulary",
    "load_bundle": "affetto.bundles:load",
    "plot": "affetto.plots:plot",
    "predict": "affetto.prediction:predict",
    "predict_many": "affetto.prediction:predict_many",
}

__all__ = [
    "AffettoError",
    "Bundle",
    "Failure",
    "Library",
    "Notice",
    "Prediction",
    "Timeline",
    "Vocabulary",
    "load_bundle",
    "plot",
    "predict",
    "predict_many",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
