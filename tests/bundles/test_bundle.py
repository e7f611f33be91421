"""A bundle is read whole or refused with one sentence that names the file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from affetto.bundles import bundle as layout
from affetto.bundles.bundle import Bundle, read
from affetto.core import FloatArray
from affetto.errors import BundleError, BundleInvalid, UnknownName
from affetto.files import file_sha256
from tests import tiny_bundle

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a good bundle, not to be changed."""
    return tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    """Give a copy of the good bundle, to be damaged."""
    return shutil.copytree(tiny, tmp_path / "tiny")


def refusal(folder: Path) -> str:
    """Give the sentence with which a folder is refused."""
    with pytest.raises(BundleInvalid) as raised:
        read(folder)
    message, hint = raised.value.message, raised.value.hint
    assert hint
    assert message.isprintable()
    assert len(message) < 600
    return message


# What a good one says


def test_bundle_says_what_its_folder_says(tiny: Path) -> None:
    bundle = read(tiny)
    assert bundle.title == "tiny 1.0"
    assert (bundle.window_s, bundle.hop_s, bundle.n_frames) == (0.96, 0.48, 60)
    assert [head.spec.name for head in bundle.tag_heads] == ["emotions", "gems9"]
    assert bundle.heads == (*tiny_bundle.HEADS, tiny_bundle.PLANE)
    assert bundle.plane_head == tiny_bundle.PLANE
    assert bundle.front_end.config == tiny_bundle.FRONT_END.config
    assert bundle.runtime_name == "onnx"
    assert repr(bundle) == (
        "Bundle(tiny 1.0, onnx: emotions (18), gems9 (9), plane (2); "
        f"{file_sha256(tiny / 'bundle.json')[:12]})"
    )


@pytest.mark.parametrize("n_windows", [0, 1, 7])
def test_bundle_scores_any_number_of_windows_as_its_formula_does(
    tiny: Path, n_windows: int
) -> None:
    levels = np.linspace(-100, 0, n_windows, dtype=np.float32)
    windows = np.broadcast_to(levels[:, None, None], (n_windows, 12, 60))
    found = read(tiny).score(windows)
    expected = tiny_bundle.outputs_of(windows)
    assert list(found) == ["emotions", "gems9", "plane", "embedding"]
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)


def test_scores_do_not_depend_on_the_windows_beside(tiny: Path) -> None:
    bundle = read(tiny)
    windows = np.random.default_rng(1).uniform(-100, 0, (9, 12, 60)).astype(np.float32)
    together = bundle.score(windows)
    alone = [bundle.score(windows[i : i + 1]) for i in range(9)]
    for name, values in together.items():
        np.testing.assert_array_equal(values, np.concatenate([one[name] for one in alone]))


# Damage


@pytest.mark.parametrize("name", [layout.MANIFEST, *layout.FILES])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    message = refusal(folder)
    assert str(folder) in message
    assert name in message


@pytest.mark.parametrize("name", layout.FILES)
@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_changed_byte_is_found(folder: Path, name: str, place: float) -> None:
    content = bytearray((folder / name).read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    (folder / name).write_bytes(content)
    assert refusal(folder) == f"{folder / name} is damaged: its content is not what was written"


@pytest.mark.parametrize("name", layout.FILES)
def test_file_that_is_cut_is_found(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1])
    assert "is damaged" in refusal(folder)


@pytest.mark.parametrize("name", [layout.MANIFEST, *layout.FILES])
@pytest.mark.timeout(30)  # a named pipe must not be waited for
def test_what_is_no_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / name)
        assert name in refusal(folder)
        (folder / name).unlink()
    (folder / name).mkdir()
    assert name in refusal(folder)


def test_empty_folder_is_no_bundle(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} is not a bundle: bundle.json cannot be read in it"


def test_file_instead_of_a_folder_is_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"ID3")
    assert refusal(path) == f"{path} is not a bundle: bundle.json cannot be read in it"


def test_name_of_a_folder_is_shown_as_printable_text(tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "two\nlines \x1b[31m")
    read(folder)
    (folder / layout.ONNX).unlink()
    assert "two\\nlines \\x1b[31m" in refusal(folder)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"bundle",
        b"\xff\xfe\x00",
        b'{"schema_version": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 10_000,
    ],
    ids=[
        "empty",
        "cut",
        "text",
        "binary",
        "nan",
        "deep-list",
        "deep-object",
        "digits",
    ],
)
def test_what_is_not_json_is_refused(folder: Path, text: bytes) -> None:
    (folder / layout.MANIFEST).write_bytes(text)
    assert refusal(folder) == f"{folder / layout.MANIFEST} is not valid JSON"


@pytest.mark.parametrize("text", [b"[]", b"null", b"3", b'"bundle"', b"true"])
def test_json_of_another_kind_is_refused(folder: Path, text: bytes) -> None:
    (folder / layout.MANIFEST).write_bytes(text)
    assert refusal(folder).endswith("bundle.json: it does not hold a bundle's description")


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.0, [1] * 1_000])
def test_another_schema_version_is_refused(folder: Path, version: Any) -> None:
    tiny_bundle.change(folder, lambda manifest: manifest.update(schema_version=version))
    assert "its schema version is" in refusal(folder)
    tiny_bundle.change(folder, lambda manifest: manifest.pop("schema_version"))
    assert "its schema version is None; this affetto reads 1" in refusal(folder)


def at(place: str) -> Callable[[Manifest], Manifest]:
    """Give the part of a manifest that is named, such as `heads.0`."""

    def part(manifest: Manifest) -> Manifest:
        found: Any = manifest
        for step in place.split(".") if place else ():
            found = found[int(step) if step.isdigit() else step]
        assert isinstance(found, dict)
        return found

    return part


PARTS = ["", "front_end", "window", "heads.0", "heads.2", "architecture", "files"]


@pytest.mark.parametrize("place", PARTS)
def test_unknown_key_is_refused_in_every_part(folder: Path, place: str) -> None:
    tiny_bundle.change(folder, lambda manifest: at(place)(manifest).update(calibration=1))
    assert "has unknown keys: calibration" in refusal(folder)


@pytest.mark.parametrize("place", PARTS)
def test_missing_key_is_refused_in_every_part(tiny: Path, folder: Path, place: str) -> None:
    text = (tiny / layout.MANIFEST).read_text(encoding="utf-8")
    for key in at(place)(json.loads(text)).keys() - {"schema_version", "kind", "sign_slopes"}:
        (folder / layout.MANIFEST).write_text(text, encoding="utf-8")
        tiny_bundle.change(folder, lambda manifest, key=key: at(place)(manifest).pop(key))
        assert f"lacks keys: {key}" in refusal(folder)


@pytest.mark.parametrize("place", PARTS)
def test_value_of_another_kind_is_refused_in_every_part(
    tiny: Path, folder: Path, place: str
) -> None:
    text = (tiny / layout.MANIFEST).read_text(encoding="utf-8")
    for key in at(place)(json.loads(text)):
        for value in (True, None):
            (folder / layout.MANIFEST).write_text(text, encoding="utf-8")
            tiny_bundle.change(
                folder,
                lambda manifest, key=key, value=value: at(place)(manifest).update({key: value}),
            )
            assert layout.MANIFEST in refusal(folder)


def test_hostile_keys_and_values_are_shown_short_and_printable(folder: Path) -> None:
    tiny_bundle.change(folder, lambda manifest: manifest.update({"\x1b[2J\n" * 500: 1}))
    assert "has unknown keys" in refusal(folder)


SETTINGS: list[tuple[str, Manifest, str]] = [
    ("", {"aggregation": "max"}, "it asks for aggregation 'max'"),
    ("", {"n_dims": 0}, "n_dims and n_members must be at least 1"),
    ("", {"n_members": 0}, "n_dims and n_members must be at least 1"),
    ("", {"n_members": 2.0}, "n_members must be a whole number"),
    ("", {"n_members": 2}, "which bundle.json does not state"),
    ("", {"precision": "int4"}, "precision must be float32 or int8"),
    ("", {"precision": 8}, "precision must be a text"),
    ("", {"n_dims": 13}, "and outputs embedding [12], emotions [18], gems9 [9], plane [2]"),
    ("", {"heads": []}, "there is no head with tags"),
    ("", {"heads": [{"name": "plane", "kind": "plane"}]}, "there is no head with tags"),
    ("", {"heads": {"name": "plane"}}, "heads must be a list"),
    ("", {"heads": ["plane"]}, "a head must be an object, not 'plane'"),
    ("front_end", {"name": "mel"}, "there is no front end named 'mel'"),
    ("front_end", {"revision": 99}, "it was made for revision 99 of front end logmel"),
    ("front_end", {"config": {"window": "hann"}}, "front end logmel has no setting window"),
    ("front_end", {"config": {"n_fft": -1}}, "n_fft must be a whole number"),
    ("front_end", {"config": {"n_fft": 2**70}}, "n_fft must be a whole number"),
    ("front_end", {"config": {"f_max_hz": 1e9}}, "below half the sample rate"),
    ("front_end", {"config": {}}, "has inputs spectrogram [12, 60]"),
    ("window", {"duration_s": 0.9}, "has inputs spectrogram [12, 60]"),
    ("window", {"duration_s": 1e300}, "has inputs spectrogram [12, 60]"),
    ("window", {"duration_s": 0}, "must both be at least one frame long"),
    ("window", {"hop_s": -1}, "must both be at least one frame long"),
    ("window", {"hop_s": 0.001}, "must both be at least one frame long"),
    ("window", {"hop_s": 10**400}, "cannot be used"),
    ("heads.0", {"name": "tags"}, "has inputs spectrogram [12, 60]"),
    ("heads.0", {"name": "gems9"}, "two heads have the same name"),
    ("heads.0", {"name": "embedding"}, "two heads have the same name"),
    ("heads.0", {"kind": "score"}, "a head is of kind tags, plane, music, not 'score'"),
    ("heads.0", {"kind": "plane"}, "a head has unknown keys: tags, thresholds, vocabulary"),
    ("heads.0", {"sign_slopes": [1.0, 1.0]}, "a head has unknown keys: sign_slopes"),
    ("heads.2", {"kind": "music"}, "a head has unknown keys: sign_slopes"),
    ("heads.2", {"sign_slopes": []}, "a positive number for valence and one for arousal"),
    ("heads.2", {"sign_slopes": [1.0, 0]}, "a positive number for valence and one for arousal"),
    ("heads.2", {"sign_slopes": [1.0, "1"]}, "a positive number for valence and one for arousal"),
    ("heads.2", {"sign_slopes": None}, "sign_slopes must be a list"),
    ("heads.0", {"vocabulary": "gems"}, "there is no vocabulary named 'gems'"),
    ("heads.0", {"vocabulary": "gems9"}, "its tags differ from those of vocabulary gems9"),
    ("heads.0", {"vocabulary": "none", "tags": [], "thresholds": []}, "one without any"),
    ("heads.0", {"tags": ["happy"]}, "its tags differ from those of vocabulary cal500_emotions"),
    ("heads.0", {"thresholds": []}, "a threshold from 0 to 1 for each tag"),
    ("heads.0", {"thresholds": [0.5] * 17}, "a threshold from 0 to 1 for each tag"),
    ("heads.0", {"thresholds": [0.5] * 17 + [1.01]}, "a threshold from 0 to 1 for each tag"),
    ("heads.0", {"thresholds": [0.5] * 17 + [-1e-9]}, "a threshold from 0 to 1 for each tag"),
    ("heads.0", {"thresholds": [0.5] * 17 + ["0.5"]}, "a threshold from 0 to 1 for each tag"),
    ("heads.0", {"thresholds": [0.5] * 17 + [10**400]}, "cannot be used"),
    ("files", {layout.ONNX: "0" * 64}, "is damaged"),
    ("files", {"../model.onnx": "0" * 64}, "files has unknown keys: ../model.onnx"),
    ("files", {"/etc/passwd": "0" * 64}, "files has unknown keys: /etc/passwd"),
    ("files", {"a\0b": "0" * 64}, "files has unknown keys: a\\x00b"),
    ("files", {"\udcff": "0" * 64}, "files has unknown keys: \\xff"),
]


@pytest.mark.parametrize(("place", "values", "reason"), SETTINGS)
def test_setting_that_does_not_fit_is_refused(
    folder: Path, place: str, values: Manifest, reason: str
) -> None:
    tiny_bundle.change(folder, lambda manifest: at(place)(manifest).update(values))
    message = refusal(folder)
    assert reason in message
    assert str(folder) in message


def test_heads_that_cannot_be_told_apart_are_refused(folder: Path) -> None:
    tiny_bundle.change(
        folder, lambda manifest: manifest["heads"].append({"name": "second", "kind": "plane"})
    )
    assert "are both the plane" in refusal(folder)
    for _ in range(2):
        tiny_bundle.change(
            folder,
            lambda manifest: manifest["heads"].append(
                {"name": str(len(manifest["heads"])), "kind": "music"}
            ),
        )
    assert "or music" in refusal(folder)

    def repeat(manifest: Manifest) -> None:
        manifest["heads"] = [*manifest["heads"][:2], {**manifest["heads"][0], "name": "again"}]

    tiny_bundle.change(folder, repeat)
    assert "the same vocabulary" in refusal(folder)


def test_network_that_scores_out_of_range_is_refused(folder: Path) -> None:
    tiny_bundle.write_network(folder / layout.ONNX, last_node="Identity")
    tiny_bundle.state_hashes(folder)
    bundle = read(folder)
    with pytest.raises(BundleInvalid, match="emotions gives values that are not between 0 and 1"):
        bundle.score(np.zeros((1, 12, 60), np.float32))


def test_network_that_gives_no_numbers_is_refused(tiny: Path) -> None:
    bundle = read(tiny)
    with pytest.raises(BundleInvalid, match="emotions gives values that are not between 0 and 1"):
        bundle.score(np.full((1, 12, 60), np.nan, np.float32))


def test_embedding_must_be_finite(tmp_path: Path) -> None:
    # No slope is 0 in these heads, so that infinity becomes a score of 0 or 1.
    folder = tiny_bundle.make(tmp_path / "tiny", (tiny_bundle.HEADS[0], tiny_bundle.PLANE))
    windows: FloatArray = np.full((1, 12, 60), np.inf, np.float32)
    with pytest.raises(BundleInvalid, match="the embedding has values that are no numbers"):
        read(folder).score(windows)


# The fingerprint


def test_fingerprint_is_the_hash_of_the_description(tiny: Path, folder: Path) -> None:
    fingerprint = read(tiny).fingerprint
    assert fingerprint == file_sha256(tiny / layout.MANIFEST)
    assert read(folder).fingerprint == fingerprint  # where it lies does not count


@pytest.mark.parametrize("name", layout.FILES)
def test_fingerprint_changes_with_every_file(tiny: Path, folder: Path, name: str) -> None:
    if name == layout.ONNX:
        tiny_bundle.write_network(folder / name, last_node="HardSigmoid")
    else:
        (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    tiny_bundle.state_hashes(folder)
    assert read(folder).fingerprint != read(tiny).fingerprint


@pytest.mark.parametrize(
    ("place", "values"),
    [
        ("", {"version": "1.1"}),
        ("", {"license": "CC0"}),
        ("window", {"hop_s": 0.96}),
        ("heads.0", {"thresholds": [0.6] * 18}),
        ("training", {"seed": 2}),
    ],
)
def test_fingerprint_changes_with_every_setting(
    tiny: Path, folder: Path, place: str, values: Manifest
) -> None:
    tiny_bundle.change(folder, lambda _: None)
    before = read(folder).fingerprint
    tiny_bundle.change(folder, lambda manifest: at(place)(manifest).update(values))
    assert read(folder).fingerprint != before


def test_card_is_for_people_and_may_be_edited(tiny: Path, folder: Path) -> None:
    (folder / layout.CARD).write_text("# Notes\n", encoding="utf-8")
    assert read(folder).fingerprint == read(tiny).fingerprint


# Whatever a description says, nothing but a bundle's error comes of it


@pytest.fixture(scope="module")
def mutated(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle whose description the tests overwrite again and again."""
    return shutil.copytree(tiny, tmp_path_factory.mktemp("mutated") / "tiny")


def read_or_refuse(folder: Path) -> Bundle | None:
    try:
        return read(folder)
    except BundleError as error:
        assert error.message.isprintable()
        assert len(error.message) < 1_000
        return None


@settings(max_examples=100)
@given(
    flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4),
    n_cut=st.sampled_from([0, 0, 0, 1, 50]),
)
def test_changed_bytes_of_the_description_raise_nothing_else(
    tiny: Path, mutated: Path, flips: list[tuple[float, int]], n_cut: int
) -> None:
    content = bytearray((tiny / layout.MANIFEST).read_bytes())
    for place, byte in flips:
        content[int(place * (len(content) - 1))] = byte
    (mutated / layout.MANIFEST).write_bytes(content[: len(content) - n_cut])
    read_or_refuse(mutated)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def places_of(value: Any) -> list[tuple[Any, Any]]:
    """Give every (container, key) of a JSON value."""
    if isinstance(value, dict):
        keys: list[Any] = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    else:
        return []
    return [(value, key) for key in keys] + [
        place for key in keys for place in places_of(value[key])
    ]


@settings(max_examples=150)
@given(
    place=st.floats(0, 1),
    value=JSON,
    how=st.sampled_from(["replace", "replace", "remove", "add"]),
)
@example(place=0.0, value=1e400, how="replace")
def test_changed_values_of_the_description_raise_nothing_else(
    tiny: Path, mutated: Path, place: float, value: Any, how: str
) -> None:
    manifest = json.loads((tiny / layout.MANIFEST).read_text(encoding="utf-8"))
    places = places_of(manifest)
    container, key = places[int(place * (len(places) - 1))]
    if how == "replace":
        container[key] = value
    elif how == "remove":
        del container[key]
    elif isinstance(container, dict):
        container[f"{key} too"] = value
    else:
        container.insert(key, value)
    (mutated / layout.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    read_or_refuse(mutated)


# Runtimes


def test_unknown_runtime_is_refused(tiny: Path) -> None:
    with pytest.raises(UnknownName, match="no runtime named 'tensorflow'; known: onnx, torch"):
        read(tiny, runtime="tensorflow")  # type: ignore[arg-type]


def test_torch_refuses_weights_of_an_unknown_network(tiny: Path) -> None:
    with pytest.raises(BundleInvalid, match=r"weights\.safetensors cannot be run by torch"):
        read(tiny, runtime="torch")


# The guide


def test_guide_tells_of_every_file_and_key() -> None:
    path = Path(__file__).parents[2] / "docs" / "bundles.md"
    text = path.read_text(encoding="utf-8")
    for name in (layout.MANIFEST, layout.CARD, *layout.FILES):
        assert f"`{name}`" in text
    parts = (layout._KEYS, layout._FRONT_END_KEYS, layout._WINDOW_KEYS, layout._ARCHITECTURE_KEYS)
    for key in {key for part in parts for key in part}:
        assert f"`{key}`" in text
    for key in layout._TAGS_KEYS:
        assert f'"{key}"' in text
