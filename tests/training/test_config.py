"""A recipe is read whole and typed, or refused in one sentence."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path
from typing import Any

import pytest

from affetto import frontends, models
from affetto.datasets import DATASETS
from affetto.errors import BadConfig, UnknownName
from affetto.training.config import TrainConfig, load, parse, recipe_names
from tests import miniature


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(miniature.RECIPE, encoding="utf-8")
    return path


def test_recipes_that_ship_include_the_default() -> None:
    assert "default" in recipe_names()


WHOLE_RECIPES = tuple(name for name in recipe_names() if name != "finetune")


def test_recipe_for_fine_tuning_needs_a_start_and_data() -> None:
    with pytest.raises(BadConfig, match=r"missing \('front_end', .*'data'\)") as refused:
        load("finetune")
    assert "--init" in refused.value.hint
    assert load("finetune", usual=asdict(load("default"))).data == load("default").data


@pytest.mark.parametrize("name", WHOLE_RECIPES)
def test_recipe_that_ships_can_be_carried_out(name: str) -> None:
    config = load(name)
    assert config.name == name
    assert all(data.name in DATASETS.names() for data in config.data)
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    network = models.build(config.network.name, front_end.n_bins, config.network.config)
    assert network.n_dims > 0
    assert [spec.name for spec in config.specs()] == [head.name for head in config.heads]


@pytest.mark.parametrize("name", WHOLE_RECIPES)
def test_recipe_survives_the_way_through_json(name: str) -> None:
    config = load(name)
    plain = json.loads(json.dumps(asdict(config)))
    again = parse(TrainConfig, plain, "config.json")
    assert json.loads(json.dumps(asdict(again))) == plain
    assert again.fingerprint() == config.fingerprint()


def test_recipe_can_be_given_as_a_path(recipe: Path) -> None:
    config = load(recipe)
    assert config.name == "tiny"
    assert config.heads[1].weight == 1.5
    assert config.data[0].windows == 2
    assert config.optimizer.weight_decay == 0.05  # not in the file: the default


def test_recipe_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    for missing in ("defalt", tmp_path, tmp_path / "none.toml"):
        with pytest.raises(BadConfig, match="there is no recipe") as refused:
            load(missing)
        assert "default" in refused.value.hint


def test_recipe_that_is_no_toml_or_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text("name = ", encoding="utf-8")
    with pytest.raises(BadConfig, match="is not valid TOML"):
        load(path)
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(BadConfig, match="cannot be read"):
        load(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epochs", "3", "has no key epochs"),
        ("optimizer.epoch", "3", "optimizer has no key epoch"),
        ("optimizer.momentum.beta", "3", "optimizer has no key momentum"),
        ("augment.mix", "0.5", "augment has no key mix"),
        ("window.hop", "0.5", "window has no key hop"),
    ],
)
def test_recipe_with_an_unknown_key_is_refused(
    key: str, value: str, message: str, recipe: Path
) -> None:
    with pytest.raises(BadConfig, match=message) as refused:
        load(recipe, {key: value})
    assert refused.value.hint.startswith("known: ")


def test_recipe_with_an_unknown_key_in_a_list_is_refused(recipe: Path) -> None:
    text = miniature.RECIPE.replace('kind = "plane"\n', 'kind = "plane"\nlayers = 2\n')
    recipe.write_text(text, encoding="utf-8")
    with pytest.raises(BadConfig, match="heads has no key layers"):
        load(recipe)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "3"),
        ("seed", "1.5"),
        ("seed", "true"),
        ("seed", "'three'"),
        ("n_threads", "many"),
        ("validation_share", "'0.2'"),
        ("optimizer.epochs", "3.0"),
        ("optimizer.learning_rate", "fast"),
        ("optimizer.learning_rate", "false"),
        ("augment.mixup", "[0.3]"),
        ("network.config", "3"),
        ("heads", "3"),
        ("optimizer", "3"),
    ],
)
def test_recipe_with_a_value_of_the_wrong_type_is_refused(
    key: str, value: str, recipe: Path
) -> None:
    with pytest.raises(BadConfig, match=r"of the wrong type|must be a table"):
        load(recipe, {key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("optimizer.epochs", "0"),
        ("optimizer.batch_size", "1"),
        ("optimizer.learning_rate", "0"),
        ("optimizer.learning_rate", "-1"),
        ("optimizer.learning_rate", "nan"),
        ("optimizer.weight_decay", "-0.1"),
        ("optimizer.warmup_share", "1.5"),
        ("optimizer.average_decay", "1.0"),
        ("augment.mixup", "-1"),
        ("augment.max_time_mask", "-1"),
        ("augment.tilt_db", "inf"),
        ("window.duration_s", "0"),
        ("window.hop_s", "-1"),
        ("validation_share", "0"),
        ("validation_share", "1"),
        ("validation_share", "nan"),
        ("n_threads", "0"),
        ("seed", "-1"),
        ("heads", "[]"),
        ("data", "[]"),
    ],
)
def test_recipe_with_a_value_out_of_range_is_refused(key: str, value: str, recipe: Path) -> None:
    with pytest.raises(BadConfig, match="needs"):
        load(recipe, {key: value})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "cal500"\nwindows = 2', 'name = "cal500"\nwindows = 0'),
        ("smoothing = 0.2", "smoothing = 1.2"),
        ("smoothing = 0.2", "weight = -1"),
        ("weight = 1.5", "weight = -1.5"),
        ('name = "soundtracks"', 'name = "emotify"'),
        ('name = "gems9"\n', 'name = "plane"\n'),
    ],
)
def test_recipe_with_data_or_heads_that_make_no_sense_is_refused(
    old: str, new: str, recipe: Path
) -> None:
    assert old in miniature.RECIPE
    recipe.write_text(miniature.RECIPE.replace(old, new), encoding="utf-8")
    with pytest.raises(BadConfig, match="needs"):
        load(recipe)


def test_recipe_without_a_needed_key_is_refused(recipe: Path) -> None:
    recipe.write_text(miniature.RECIPE.replace('license = "none', 'xlicense = "none'))
    with pytest.raises(BadConfig, match="has no key xlicense"):
        load(recipe)
    recipe.write_text(miniature.RECIPE.replace('version = "0.0.1"\n', ""))
    with pytest.raises(BadConfig, match=r"a key is missing .*'version'"):
        load(recipe)


def test_heads_of_an_unknown_kind_or_vocabulary_are_refused(recipe: Path) -> None:
    text = miniature.RECIPE
    recipe.write_text(text.replace('kind = "plane"', 'kind = "sphere"'), encoding="utf-8")
    with pytest.raises(BadConfig, match="kind tags, plane, music"):
        load(recipe).specs()
    recipe.write_text(text.replace('vocabulary = "gems9"', 'vocabulary = "gems8"'))
    with pytest.raises(UnknownName, match="did you mean gems9"):
        load(recipe).specs()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.5", 0.5), ("1", 1.0), ("1e-3", 1e-3)],
)
def test_override_reads_numbers_as_toml_does(value: str, expected: float, recipe: Path) -> None:
    config = load(recipe, {"optimizer.learning_rate": value})
    assert config.optimizer.learning_rate == expected
    assert isinstance(config.optimizer.learning_rate, float)


def test_override_reads_lists_strings_and_bare_words(recipe: Path) -> None:
    overrides = {
        "network.config.channels": "[3, 5]",
        "name": "other",
        "version": '"2.0"',
        "license": "a b c",
    }
    config = load(recipe, overrides)
    assert config.network.config["channels"] == [3, 5]
    assert (config.name, config.version, config.license) == ("other", "2.0", "a b c")


def test_override_can_set_a_table_that_the_recipe_leaves_out(recipe: Path) -> None:
    text = miniature.RECIPE.partition("[augment]")[0]
    recipe.write_text(text, encoding="utf-8")
    assert load(recipe, {"augment.mixup": "0.25"}).augment.mixup == 0.25


def test_override_of_a_key_below_a_value_is_refused(recipe: Path) -> None:
    with pytest.raises(BadConfig, match=r"cannot set seed\.first: seed is not a table"):
        load(recipe, {"seed.first": "1"})
    with pytest.raises(BadConfig, match=r"cannot set data\.windows: data is not a table"):
        load(recipe, {"data.windows": "1"})


@pytest.mark.parametrize("tree", [[], "text", None, 3])
def test_parse_refuses_what_is_no_table(tree: Any) -> None:
    with pytest.raises(BadConfig, match=r"config\.json must be a table"):
        parse(TrainConfig, tree, "config.json")


def test_fingerprint_changes_with_every_setting(recipe: Path) -> None:
    config = load(recipe)
    others = [
        load(recipe, {"seed": "4"}),
        load(recipe, {"network.config.n_dims": "9"}),
        load(recipe, {"augment.mixup": "0.31"}),
        replace(config, summary="Another"),
    ]
    found = {other.fingerprint() for other in (config, *others)}
    assert len(found) == 5
    assert load(recipe).fingerprint() == config.fingerprint()


def test_recipe_in_memory_cannot_be_changed(recipe: Path) -> None:
    with pytest.raises(FrozenInstanceError):
        load(recipe).seed = 5  # type: ignore[misc]
