from __future__ import annotations

import pytest

from affetto.errors import BadConfig, UnknownName
from affetto.experiments.methods import DEFAULT, METHODS, QUICK
from affetto.experiments.methods.base import Contender
from affetto.experiments.methods.network import Network
from affetto.experiments.protocols import Wish, protocol

VARIANTS = [
    name for name, method in METHODS.items() if isinstance(method, Contender) and method.variant_of
]


def names(found: tuple[object, ...]) -> list[str]:
    return [method.name for method in found]  # type: ignore[attr-defined]


def test_whole_protocol_has_all_methods_five_folds_and_three_seeds() -> None:
    found = protocol(Wish())
    assert names(found.methods) == list(DEFAULT)
    assert (found.n_folds, found.n_tested, found.seeds) == (5, None, (0, 1, 2))
    assert found.leaky and found.learning and not found.is_quick


def test_quick_look_has_two_folds_and_one_seed() -> None:
    found = protocol(Wish(is_quick=True))
    assert names(found.methods) == list(QUICK)
    assert (found.n_folds, found.n_tested, found.seeds) == (5, 2, (0,))
    assert found.is_quick and not found.learning


def test_methods_can_be_left_out_of_all_parts() -> None:
    found = protocol(Wish(without=("rbf_svm", "logistic")))
    whole = protocol(Wish())
    for part in ("methods", "leaky", "learning"):
        names = [method.name for method in getattr(whole, part)]
        left = [name for name in names if name not in ("rbf_svm", "logistic")]
        assert [method.name for method in getattr(found, part)] == left
        assert len(left) < len(names)


def test_named_methods_are_run_alone() -> None:
    found = protocol(Wish(methods=("prior", "knn"), n_seeds=2))
    assert names(found.methods) == ["prior", "knn"]
    assert not found.leaky and not found.learning
    assert found.seeds == (0, 1)


@pytest.mark.parametrize("name", VARIANTS)
def test_ablation_is_run_beside_what_it_is_a_variant_of(name: str) -> None:
    method = METHODS[name]
    assert isinstance(method, Contender)
    found = protocol(Wish(only=(name,)))
    assert names(found.methods) == [method.variant_of, name]
    assert found.ablation_of == method.variant_of


def test_overrides_change_the_recipes_of_networks_alone() -> None:
    found = protocol(Wish(methods=("knn", "window_cnn"), overrides={"optimizer.epochs": "2"}))
    knn, network = found.methods
    assert knn == METHODS["knn"]
    assert isinstance(network, Network)
    assert network.overrides["optimizer.epochs"] == "2"


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (Wish(methods=("knn",), only=("rakel",)), "exclude each other"),
        (Wish(methods=("knn", "knn")), "method knn is named twice"),
        (Wish(methods=("copy_label",)), "copy_label has nothing to go by"),
        (Wish(methods=("window_cnn_ensemble",)), "no method to run"),
    ],
)
def test_wish_that_makes_no_sense_is_a_sentence(wish: Wish, sentence: str) -> None:
    with pytest.raises(BadConfig, match=sentence):
        protocol(wish)


def test_method_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(UnknownName, match="no method named 'knm'"):
        protocol(Wish(methods=("knm",)))
