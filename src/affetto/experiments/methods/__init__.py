"""The methods of an experiment: a table, a line for each.

    base          the interface: fit on examples, score examples
    baseline      the classic methods on hand-made features, tuned on inner folds
    network       the window network of `predict`, by a recipe and overrides of its settings
    song_network  the network that hears the whole song, likewise
    copying       another segment's labels: the leak, measured
    combinations  ensembles of seeds, and of a network with a baseline

A new baseline, a variant of a network or an ablation is one line in METHODS; a new kind of method
is one file that derives from `Contender`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from affetto.experiments.methods import further
from affetto.experiments.methods.base import Combination, Contender
from affetto.experiments.methods.baseline import Baseline
from affetto.experiments.methods.combinations import Ensemble, WithBestBaseline
from affetto.experiments.methods.copying import CopyLabel
from affetto.experiments.methods.network import Network
from affetto.experiments.methods.song_network import SongNetwork
from affetto.registry import unknown_name

__all__ = ["BASELINES", "DEFAULT", "LEAKY", "LEARNING", "METHODS", "QUICK", "find"]

AnyMethod = Contender | Combination

_WIDEST = ("scales", "segment")
"""As much sound as there is: a baseline is to hear what a network hears."""

_RBF = {"base": ("rbf_svm",), "base_settings": ({"c": 0.3, "gamma": 0.3},)}
_FEW_TREES = {"n_trees": (100,)}

# `seconds` are rough: they order the work and tell the time that is left.
# Where a method's own grid would take longer than all the others together, a shorter one stands.
_BASELINES: tuple[Baseline, ...] = (
    Baseline(
        "knn_averages",
        "nearest neighbors by the mean of each band",
        "knn",
        ("averages",),
        seconds=2.0,
    ),
    Baseline("knn", "nearest neighbors", "knn", _WIDEST, seconds=7.0),
    Baseline(
        "logistic", "binary relevance, logistic regression", "logistic", _WIDEST, seconds=20.0
    ),
    Baseline(
        "linear_svm",
        "binary relevance, linear support vectors",
        "linear_svm",
        _WIDEST,
        seconds=110.0,
    ),
    Baseline(
        "rbf_svm", "binary relevance, Gaussian support vectors", "rbf_svm", _WIDEST, seconds=80.0
    ),
    Baseline(
        "rbf_svm_segment",
        "rbf_svm that hears the segment alone",
        "rbf_svm",
        ("segment",),
        seconds=80.0,
    ),
    Baseline(
        "random_forest",
        "random forest",
        "random_forest",
        _WIDEST,
        (
            {**_FEW_TREES, "min_leaf": (10, 5), "max_features": (0.06,)},
            {**_FEW_TREES, "min_leaf": (10,), "max_features": (0.2,)},
        ),
        seconds=150.0,
    ),
    Baseline(
        "extra_trees",
        "extremely randomized trees",
        "extra_trees",
        _WIDEST,
        ({**_FEW_TREES, "min_leaf": (10, 5), "max_features": (0.2,)},),
        seconds=100.0,
    ),
    Baseline(
        "boosting",
        "binary relevance, gradient boosting",
        "boosting",
        _WIDEST,
        ({"n_rounds": (50, 100), "learning_rate": (0.1,), "max_features": (0.1,)},),
        seconds=150.0,
    ),
    Baseline("mlknn", "ML-kNN", "mlknn", _WIDEST, seconds=13.0),
    Baseline(
        "label_powerset", "one class for each set of tags", "label_powerset", _WIDEST, seconds=130.0
    ),
    Baseline(
        "rakel",
        "RAkEL",
        "rakel",
        _WIDEST,
        (
            {"base": ("logistic",), "base_settings": ({"c": 0.001}, {"c": 0.003})},
            {**_RBF, "disjoint": (True,)},
        ),
        seconds=150.0,
    ),
    Baseline(
        "chains",
        "ensemble of classifier chains",
        "chains",
        _WIDEST,
        ({"base": ("logistic",), "base_settings": ({"c": 0.003},)}, _RBF),
        seconds=150.0,
    ),
    Baseline(
        "calibrated_label_ranking",
        "votes of all pairs of tags",
        "calibrated_label_ranking",
        _WIDEST,
        ({"base": ("logistic",), "base_settings": ({"c": 0.001}, {"c": 0.003})}, _RBF),
        seconds=200.0,
    ),
    Baseline("logistic_mulan", "logistic regression on Mulan's 68", "logistic", ("mulan",)),
    Baseline("rbf_svm_mulan", "Gaussian support vectors on Mulan's 68", "rbf_svm", ("mulan",)),
    Baseline("random_forest_mulan", "random forest on Mulan's 68", "random_forest", ("mulan",)),
)

BASELINES = tuple(method.name for method in _BASELINES)

_MAIN = "song_cnn"


def _variant(name: str, summary: str, **settings: str) -> SongNetwork:
    """Make a line of an ablation; double underscores stand for the dots of a setting."""
    overrides = {key.replace("__", "."): value for key, value in settings.items()}
    return SongNetwork(f"{_MAIN}_{name}", summary, overrides, variant_of=_MAIN)


_SONG_NETWORKS: tuple[SongNetwork, ...] = (
    SongNetwork(_MAIN, "network on whole songs, one seed at a time"),
    _variant("shallow", "two convolutions instead of four", network__channels="[64, 96]"),
    _variant("deep", "six convolutions", network__channels="[64, 96, 128, 128, 192, 192]"),
    _variant("fine", "steps of 93 ms instead of 186", network__n_averaged="2"),
    _variant("no_deltas", "without the changes from frame to frame", network__has_deltas="false"),
    _variant(
        "no_input_summary",
        "without the summary of the input itself",
        network__has_input_summary="false",
    ),
    _variant("no_mixup", "without mixup", mixup="0"),
    _variant("no_masks", "without masks over time and bands", n_masks="0", n_band_masks="0"),
    _variant("no_average", "without averaging the weights", optimizer__average_decay="0.0"),
    _variant(
        "no_dropout",
        "without dropout",
        network__dropout="0.0",
        network__summary_dropout="0.0",
    ),
    _variant("short", "half as many epochs", optimizer__epochs="20"),
    _variant("balanced", "rare tags count more", loss__positive_weight="0.5"),
    _variant("asymmetric", "clear negatives fade", loss__negative_focus="2.0"),
    _variant("smoothed", "labels a tenth nearer to a half", loss__smoothing="0.1"),
    SongNetwork(
        f"{_MAIN}_no_song_tags",
        "without learning the songs' tags",
        heads={further.SEGMENT_TAGS: 0.5},
        variant_of=_MAIN,
    ),
    SongNetwork(
        f"{_MAIN}_labels_only",
        "without learning further tags",
        heads={},
        variant_of=_MAIN,
    ),
    SongNetwork(
        f"{_MAIN}_segment_only",
        "hears the segment alone",
        {"hears": '"part"'},
        variant_of=_MAIN,
    ),
)

_WINDOW_NETWORKS: tuple[Network, ...] = (
    Network("window_cnn", "the network of predict, on windows, one seed at a time", seconds=110.0),
    Network(
        "window_cnn_no_mixup",
        "without mixup",
        overrides={"augment.mixup": "0.0"},
        variant_of="window_cnn",
    ),
    Network(
        "window_cnn_no_augmentation",
        "without mixup, tilt and masks",
        overrides={"augment": "{}"},
        variant_of="window_cnn",
    ),
)

_ALL: tuple[AnyMethod, ...] = (
    Baseline("prior", "the tags' shares", "prior", ("averages",), family="trivial", seconds=1.0),
    Baseline("all_ones", "every tag", "all_ones", ("averages",), family="trivial", seconds=1.0),
    CopyLabel(),
    *_BASELINES,
    *_WINDOW_NETWORKS,
    Ensemble("window_cnn_ensemble", "the mean of window_cnn's seeds", of="window_cnn"),
    *_SONG_NETWORKS,
    Ensemble("song_cnn_ensemble", "the mean of song_cnn's seeds", of=_MAIN),
    WithBestBaseline(
        "song_cnn_and_baseline",
        "the mean of the ensemble and of the fold's best baseline",
        of=_MAIN,
        baselines=BASELINES,
    ),
)

METHODS: Mapping[str, AnyMethod] = MappingProxyType({method.name: method for method in _ALL})

DEFAULT: tuple[str, ...] = (
    "prior", "all_ones", *BASELINES, "window_cnn", "window_cnn_ensemble",
    "song_cnn", "song_cnn_ensemble", "song_cnn_and_baseline",
)  # fmt: skip
"""What the default protocol runs; a task leaves out what it has no features for."""

LEAKY: tuple[str, ...] = (
    "prior", "copy_label", "knn", "logistic", "song_cnn",
)  # fmt: skip
"""What is run once more under a split by segment."""

LEARNING: tuple[str, ...] = ("rbf_svm", "song_cnn")
"""What is run with fewer songs."""

QUICK: tuple[str, ...] = (
    "prior", "all_ones", "knn_averages", "logistic", "rbf_svm",
    "song_cnn", "song_cnn_ensemble", "song_cnn_and_baseline",
)  # fmt: skip
QUICK_LEAKY: tuple[str, ...] = ("copy_label", "logistic")


def find(name: str) -> AnyMethod:
    """Give a method by name. Raises: UnknownName."""
    if name not in METHODS:
        raise unknown_name("method", name, tuple(METHODS))
    return METHODS[name]
