"""The methods of an experiment: a table, a line for each.

    base          the interface: fit on examples, score examples
    baseline      the classic methods on hand-made features, tuned on inner folds
    network       a network on spectrograms, by a recipe and overrides of its settings
    copying       another segment's labels: the leak, measured
    combinations  ensembles of seeds, and of a network with a baseline

A new baseline, a variant of a network or an ablation is one line in METHODS; a new kind of method
is one file that derives from `Contender`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from affetto.experiments.methods.base import Combination, Contender
from affetto.experiments.methods.baseline import Baseline
from affetto.experiments.methods.combinations import Ensemble, WithBestBaseline
from affetto.experiments.methods.copying import CopyLabel
from affetto.experiments.methods.network import Network
from affetto.registry import unknown_name

__all__ = ["BASELINES", "DEFAULT", "LEAKY", "LEARNING", "METHODS", "QUICK", "find"]

AnyMethod = Contender | Combination

_BOTH = ("segment", "context")
_MOST = ("context", "segment")

_BASELINES: tuple[Baseline, ...] = (
    Baseline("knn_averages", "nearest neighbors by the mean of each band", "knn", ("averages",)),
    Baseline("knn", "nearest neighbors", "knn", _BOTH),
    Baseline("logistic", "binary relevance, logistic regression", "logistic", _BOTH),
    Baseline("linear_svm", "binary relevance, linear support vectors", "linear_svm", _BOTH),
    Baseline("rbf_svm", "binary relevance, Gaussian support vectors", "rbf_svm", _BOTH),
    Baseline("random_forest", "random forest", "random_forest", _BOTH, is_random=True),
    Baseline("extra_trees", "extremely randomized trees", "extra_trees", _BOTH, is_random=True),
    Baseline("boosting", "binary relevance, gradient boosting", "boosting", _BOTH),
    Baseline("mlknn", "ML-kNN", "mlknn", _BOTH),
    Baseline("label_powerset", "one class for each set of tags", "label_powerset", _MOST),
    Baseline("rakel", "RAkEL", "rakel", _MOST),
    Baseline("chains", "ensemble of classifier chains", "chains", _MOST),
    Baseline(
        "calibrated_label_ranking",
        "votes of all pairs of tags",
        "calibrated_label_ranking",
        _MOST,
    ),
    Baseline("logistic_mulan", "logistic regression on Mulan's 68", "logistic", ("mulan",)),
    Baseline("rbf_svm_mulan", "Gaussian support vectors on Mulan's 68", "rbf_svm", ("mulan",)),
    Baseline("random_forest_mulan", "random forest on Mulan's 68", "random_forest", ("mulan",)),
)

BASELINES = tuple(method.name for method in _BASELINES)

_NETWORKS: tuple[Network, ...] = (
    Network("network", "the recipe's network, one seed at a time"),
    Network(
        "network_without_mixup",
        "without mixup",
        overrides={"augment.mixup": "0.0"},
        variant_of="network",
    ),
    Network(
        "network_without_augmentation",
        "without mixup, tilt and masks",
        overrides={"augment": "{}"},
        variant_of="network",
    ),
)

_ALL: tuple[AnyMethod, ...] = (
    Baseline("prior", "the tags' shares", "prior", ("averages",), family="trivial", seconds=1.0),
    Baseline("all_ones", "every tag", "all_ones", ("averages",), family="trivial", seconds=1.0),
    CopyLabel(),
    *_BASELINES,
    *_NETWORKS,
    Ensemble("network_ensemble", "the mean of the network's seeds", of="network"),
    WithBestBaseline(
        "network_and_baseline",
        "the mean of the ensemble and of the fold's best baseline",
        of="network",
        baselines=BASELINES,
    ),
)

METHODS: Mapping[str, AnyMethod] = MappingProxyType({method.name: method for method in _ALL})

DEFAULT: tuple[str, ...] = (
    "prior", "all_ones", *BASELINES, "network", "network_ensemble", "network_and_baseline",
)  # fmt: skip
"""What the default protocol runs; a task leaves out what it has no features for."""

LEAKY: tuple[str, ...] = (
    "prior", "copy_label", "knn", "logistic", "rbf_svm", "random_forest", "network",
)  # fmt: skip
"""What is run once more under a split by segment."""

LEARNING: tuple[str, ...] = ("random_forest", "network")
"""What is run with fewer songs."""

QUICK: tuple[str, ...] = (
    "prior", "all_ones", "knn_averages", "logistic", "random_forest",
    "network", "network_ensemble", "network_and_baseline",
)  # fmt: skip
QUICK_LEAKY: tuple[str, ...] = ("copy_label", "random_forest")


def find(name: str) -> AnyMethod:
    """Give a method by name. Raises: UnknownName."""
    if name not in METHODS:
        raise unknown_name("method", name, tuple(METHODS))
    return METHODS[name]
