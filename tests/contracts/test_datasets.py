"""What every data set keeps, looked at in miniature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest

from affetto.core import Dataset, Interval
from affetto.datasets import DATASETS, load, source
from affetto.datasets.pictures import PICTURE_READER
from affetto.datasets.splits import N_FOLDS, fold_of_groups, split
from affetto.errors import BadConfig, DatasetMissing
from affetto.frontends import FRONT_ENDS, build, fingerprint
from tests import miniature


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return miniature.data_root(tmp_path_factory)


@pytest.fixture(scope="module")
def datasets(root: Path) -> dict[str, Dataset]:
    return {name: load(name, root) for name in DATASETS.names()}


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_bears_its_own_name_and_summary(name: str, datasets: dict[str, Dataset]) -> None:
    assert datasets[name].name == name
    assert DATASETS.summary(name)


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_examples_have_unique_ids_that_name_the_set(
    name: str, datasets: dict[str, Dataset]
) -> None:
    ids = [example.id for example in datasets[name].examples]
    assert ids
    assert len(set(ids)) == len(ids)
    assert all(id.startswith(f"{name}/") for id in ids)


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_labels_are_shares_or_unknown_for_each_tag(
    name: str, datasets: dict[str, Dataset]
) -> None:
    for example in datasets[name].examples:
        known = example.labels[~np.isnan(example.labels)]
        assert example.labels.shape == (len(datasets[name].vocabulary),)
        assert ((known >= 0) & (known <= 1)).all()


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_teaches_something(name: str, datasets: dict[str, Dataset]) -> None:
    for example in datasets[name].examples:
        has_plane = example.valence_arousal is not None
        assert has_plane or not datasets[name].is_music or not np.isnan(example.labels).all()


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_valence_and_arousal_are_of_the_stated_kind(
    name: str, datasets: dict[str, Dataset]
) -> None:
    kind = datasets[name].plane_kind
    planes = [example.valence_arousal for example in datasets[name].examples]
    if kind == "none":
        assert all(plane is None for plane in planes)
        return
    values = np.stack([plane for plane in planes if plane is not None])
    assert len(values) == len(planes)
    assert (np.abs(values) <= 1).all()
    assert (np.abs(values) == 1).all() == (kind == "signs")


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_states_its_terms_and_where_it_comes_from(
    name: str, datasets: dict[str, Dataset]
) -> None:
    dataset = datasets[name]
    assert dataset.license.strip()
    assert any(year in dataset.citation for year in map(str, range(2000, 2030)))
    assert urlparse(dataset.source_url).scheme in ("http", "https")


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_tells_which_items_it_leaves_out_and_why(
    name: str, datasets: dict[str, Dataset]
) -> None:
    ids = {example.id for example in datasets[name].examples}
    for line in datasets[name].left_out:
        item, _, reason = line.partition(": ")
        assert reason
        assert f"{name}/{item}" not in ids


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_examples_can_be_read_in_the_front_ends_space(
    name: str, datasets: dict[str, Dataset]
) -> None:
    dataset = datasets[name]
    front_end = build(dataset.front_end, {})
    found = dataset.read(dataset.examples[0], front_end)
    assert found.n_bins == front_end.n_bins
    assert found.n_frames > 1
    assert found.fingerprint == fingerprint(front_end)
    assert np.isfinite(found.values).all()
    assert found.values.min() >= front_end.floor


@pytest.mark.parametrize("name", DATASETS.names())
@pytest.mark.parametrize("front_end_name", FRONT_ENDS.names())
def test_dataset_reads_in_the_space_of_a_front_end_or_refuses_it(
    front_end_name: str, name: str, datasets: dict[str, Dataset]
) -> None:
    dataset, front_end = datasets[name], build(front_end_name, {})
    try:
        found = dataset.read(dataset.examples[0], front_end)
    except BadConfig as refused:
        assert front_end_name != dataset.front_end
        assert refused.hint.startswith("take the front end")
    else:
        assert found.n_bins == front_end.n_bins


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_interval_is_the_part_of_the_recording_that_is_read(
    name: str, datasets: dict[str, Dataset]
) -> None:
    dataset = datasets[name]
    front_end = build(dataset.front_end, {})
    if dataset.reader == PICTURE_READER:
        pytest.skip("a picture shows one moment only")
    example = replace(dataset.examples[0], interval=None)
    whole = dataset.read(example, front_end)
    part = dataset.read(replace(example, interval=Interval(1.0, 2.5)), front_end)
    assert part == whole.section(Interval(1.0, 2.5))
    assert part.n_frames == pytest.approx(1.5 * whole.sample_rate / whole.hop_length, abs=1)


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_loads_the_same_twice(name: str, datasets: dict[str, Dataset], root: Path) -> None:
    again = load(name, root)
    assert [e.id for e in again.examples] == [e.id for e in datasets[name].examples]
    assert [e.group for e in again.examples] == [e.group for e in datasets[name].examples]
    for ours, theirs in zip(again.examples, datasets[name].examples, strict=True):
        np.testing.assert_array_equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("name", DATASETS.names())
def test_dataset_that_is_not_there_is_said_to_be_missing(name: str, tmp_path: Path) -> None:
    known = source(name)
    if known is not None and not known.folder:
        pytest.skip("the program makes it")
    with pytest.raises(DatasetMissing, match=f"data set {name} needs .*, which is not there"):
        load(name, tmp_path)


@pytest.mark.parametrize("name", DATASETS.names())
@pytest.mark.parametrize("test_fold", range(N_FOLDS))
def test_dataset_split_keeps_groups_together_and_uses_every_example(
    name: str, test_fold: int, datasets: dict[str, Dataset]
) -> None:
    dataset = datasets[name]
    found = split(dataset, fold_of_groups(datasets.values()), test_fold, 0.3, seed=0)
    groups = {example.id: example.group for example in dataset.examples}
    sides = [{groups[id] for id in side} for side in (found.train, found.validation, found.test)]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert sorted((*found.train, *found.validation, *found.test)) == sorted(groups)


def test_datasets_share_a_fold_for_the_artists_that_they_share(
    datasets: dict[str, Dataset],
) -> None:
    folds = fold_of_groups(datasets.values())
    holding = [
        name
        for name, dataset in datasets.items()
        if miniature.SHARED_GROUP in {example.group for example in dataset.examples}
    ]
    assert holding == [name for name in DATASETS.names() if name.startswith("cal500")] + ["4q"]
    for test_fold in range(N_FOLDS):
        for name in holding:
            found = split(datasets[name], folds, test_fold, 0.3, seed=0)
            groups = {e.id: e.group for e in datasets[name].examples}
            is_tested = miniature.SHARED_GROUP in {groups[id] for id in found.test}
            assert is_tested == (test_fold == 3)  # the fold that its table gives it
