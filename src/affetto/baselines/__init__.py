"""The classic methods of multi-label learning, on hand-made features: what a network must beat.

A method is a frozen dataclass of settings with one verb: `fit(features, labels, seed, groups)`
gives what it learned, whose `score(features)` gives (n_examples, n_tags) in [0, 1]. So a new
method is one file and one line of the table.

    base              the interface, and what all methods share: order, scale, constant tags
    binary_relevance  one classifier for each tag; its members are the bases of the four below
    features          statistics of a spectrogram, as examples for a method
    tuning            settings chosen on inner folds that keep a song together

scikit-learn (extra `train`) is imported by `fit` alone. Nothing is written to disk: a fitted
method has no form but a pickle, so it is fitted again from its settings, features and seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affetto.baselines.base import Fitted, Method, make
from affetto.baselines.features import summary
from affetto.baselines.tuning import Trial, Tuning, tune
from affetto.registry import Registry

__all__ = ["BASELINES", "Fitted", "Method", "Trial", "Tuning", "build", "summary", "tune"]

BASELINES = Registry(
    "baseline",
    "baselines",
    {
        "prior": ("affetto.baselines.trivial:Prior", "each tag's share in the training"),
        "all_ones": ("affetto.baselines.trivial:AllOnes", "every tag for every example"),
        "knn": ("affetto.baselines.knn:Knn", "share of the nearest examples that have the tag"),
        "logistic": (
            "affetto.baselines.logistic:Logistic",
            "binary relevance, logistic regression",
        ),
        "linear_svm": (
            "affetto.baselines.svm:LinearSvm",
            "binary relevance, linear support vector machine",
        ),
        "rbf_svm": (
            "affetto.baselines.svm:RbfSvm",
            "binary relevance, support vector machine with Gaussian kernel",
        ),
        "random_forest": ("affetto.baselines.forest:RandomForest", "random forest"),
        "extra_trees": ("affetto.baselines.forest:ExtraTrees", "extremely randomized trees"),
        "boosting": (
            "affetto.baselines.boosting:Boosting",
            "binary relevance, gradient boosting on histograms",
        ),
        "mlknn": ("affetto.baselines.mlknn:MlKnn", "ML-kNN: Bayes on counts of neighbors"),
        "label_powerset": (
            "affetto.baselines.powerset:LabelPowerset",
            "one class for each set of tags",
        ),
        "rakel": ("affetto.baselines.rakel:Rakel", "RAkEL: powersets of few tags each"),
        "chains": ("affetto.baselines.chains:Chains", "ensemble of classifier chains"),
        "calibrated_label_ranking": (
            "affetto.baselines.ranking:CalibratedLabelRanking",
            "votes of all pairs of tags, and of each tag against a virtual one",
        ),
    },
)


def build(name: str, config: Mapping[str, Any]) -> Method:
    """Make a method from its name and settings. Raises: UnknownName, BadConfig."""
    return make(BASELINES.load(name), config)
