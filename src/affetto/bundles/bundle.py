"""A bundle on disk: read and checked, written whole.

    bundle.json           everything but the numbers
    model.onnx            spectrogram (batch, n_bins, n_frames) -> a head each, then embedding
    weights.safetensors   the same numbers for torch
    expected.json         scores of a synthetic signal, to be computed again by `check`
    CARD.md               for people

A bundle is refused unless `bundle.json` has exactly the known keys, each with a value of its
kind, every file that it names is there with the stated hash, and the network's inputs and
outputs have the stated shapes. `docs/bundles.md` describes the keys.
"""

from __future__ import annotations

import hashlib
import json
import math
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol

import numpy as np

from affetto import frontends
from affetto.audio import display
from affetto.core import PLANE_AXES, FloatArray, Head
from affetto.errors import AffettoError, BundleInvalid, MissingExtra, UnknownName
from affetto.files import file_sha256
from affetto.frontends import FrontEnd
from affetto.models.outputs import EMBEDDING, members_of, widths
from affetto.vocabularies import load as load_vocabulary
from affetto.windows import Cut

SCHEMA_VERSION = 1
MANIFEST, ONNX, WEIGHTS, EXPECTED, CARD = (
    "bundle.json",
    "model.onnx",
    "weights.safetensors",
    "expected.json",
    "CARD.md",
)
FILES = (ONNX, WEIGHTS, EXPECTED)  # those whose hashes bundle.json states

RuntimeName = Literal["onnx", "torch"]
PRECISIONS = ("float32", "int8")
"""What the convolutions of model.onnx may compute with."""

_HINT = "get the bundle again, or train it again"
_OTHER_TIME = "take a bundle and an affetto of the same time"

# The keys of bundle.json and of its parts, with the kind of each value.
_Kinds = Mapping[str, type]
_KEYS: _Kinds = {
    "schema_version": int,
    "name": str,
    "version": str,
    "summary": str,
    "front_end": dict,
    "window": dict,
    "heads": list,
    "n_dims": int,
    "architecture": dict,
    "aggregation": str,
    "training": dict,
    "license": str,
    "files": dict,
}
_LATER_KEYS: _Kinds = {"n_members": int, "precision": str}  # may be left out, as they were once
_FRONT_END_KEYS: _Kinds = {"name": str, "revision": int, "config": dict}
_WINDOW_KEYS: _Kinds = {"duration_s": float, "hop_s": float}
_PLAIN_KEYS: _Kinds = {"name": str, "kind": str}
_LATER_PLANE_KEYS: _Kinds = {"sign_slopes": list}
_TAGS_KEYS: _Kinds = {**_PLAIN_KEYS, "vocabulary": str, "tags": list, "thresholds": list}
_ARCHITECTURE_KEYS: _Kinds = {"name": str, "config": dict}
_KIND_TITLES = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    dict: "an object",
    list: "a list",
}


class Runtime(Protocol):
    """Scores windows (n_windows, n_bins, n_frames): each head's values, and `embedding`."""

    def score(self, values: FloatArray) -> dict[str, FloatArray]: ...


@dataclass(frozen=True, slots=True)
class BundleHead:
    """A head and, for tags, the threshold from which on a tag is chosen; for the plane, if they
    are known, the slopes from which `core.quadrant_probabilities` follow."""

    spec: Head
    thresholds: tuple[float, ...] | None = None
    sign_slopes: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"name": self.spec.name, "kind": self.spec.kind}
        if self.spec.vocabulary is not None:
            plain["vocabulary"] = self.spec.vocabulary.name
            # The tags themselves too: a vocabulary that has changed since must not be taken.
            plain["tags"] = list(self.spec.vocabulary.tags)
            plain["thresholds"] = list(self.thresholds or ())
        if self.sign_slopes is not None:
            plain["sign_slopes"] = list(self.sign_slopes)
        return plain


@dataclass(frozen=True, slots=True)
class Bundle:
    """A network that is ready to score, with all that is needed to feed it.

    `window_s` and `hop_s` are seconds, the hop being the one prediction takes by default.
    `n_members` networks learnt apart; what is said is their mean. `precision` is what ONNX
    Runtime computes convolutions with; torch always does with float32.
    `training` says on what, how and with which seed it was trained. `fingerprint` hashes
    `bundle.json` and with it, through the files' hashes, every number.
    """

    folder: Path
    name: str
    version: str
    summary: str
    front_end: FrontEnd
    window_s: float
    hop_s: float
    heads: tuple[BundleHead, ...]
    n_dims: int
    n_members: int
    precision: str
    architecture: Mapping[str, Any]
    training: Mapping[str, Any]
    license: str
    fingerprint: str
    runtime_name: RuntimeName
    runtime: Runtime

    def __repr__(self) -> str:
        heads = ", ".join(f"{head.spec.name} ({head.spec.n_outputs})" for head in self.heads)
        return f"Bundle({self.title}, {self.runtime_name}: {heads}; {self.fingerprint[:12]})"

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def tag_heads(self) -> tuple[BundleHead, ...]:
        """The heads with tags; the first one's vocabulary is the bundle's main one."""
        return tuple(head for head in self.heads if head.spec.kind == "tags")

    @property
    def plane_head(self) -> BundleHead | None:
        """The head of valence and arousal, if there is one."""
        return next((head for head in self.heads if head.spec.kind == "plane"), None)

    @property
    def sign_slopes(self) -> tuple[float, float] | None:
        """The slopes of `core.quadrant_probabilities`, if they are known."""
        return None if self.plane_head is None else self.plane_head.sign_slopes

    @property
    def music_head(self) -> BundleHead | None:
        """The head that says whether it is music at all, if there is one."""
        return next((head for head in self.heads if head.spec.kind == "music"), None)

    @property
    def n_frames(self) -> int:
        """A window's length in frames."""
        return n_window_frames(self.window_s, self.front_end)

    def score(self, values: FloatArray) -> dict[str, FloatArray]:
        """Score windows (n_windows, n_bins, n_frames).

        Gives each head's values (n_windows, n_outputs) by name, tags and music in [0, 1] and the
        plane in [-1, 1], `embedding` (n_windows, n_dims), and of several members what each says,
        as `affetto.models.outputs` has it. Raises: BundleInvalid if the network gives anything
        else.
        """
        outputs = self.runtime.score(values)
        for head in self.heads:
            lowest = -1 if head.spec.kind == "plane" else 0
            for name in (head.spec.name, members_of(head.spec)):
                found = outputs.get(name)
                # nor for NaN
                if found is not None and not np.all((found >= lowest) & (found <= 1)):
                    raise BundleInvalid(
                        f"{display(self.folder)}: {name} gives values that are not between "
                        f"{lowest} and 1",
                        _HINT,
                    )
        if not np.isfinite(outputs[EMBEDDING]).all():
            raise BundleInvalid(
                f"{display(self.folder)}: the embedding has values that are no numbers", _HINT
            )
        return outputs


def n_window_frames(window_s: float, front_end: FrontEnd) -> int:
    """Give a window's length in whole frames."""
    return round(window_s * front_end.sample_rate / front_end.hop_length)


def read(folder: Path, *, runtime: RuntimeName = "onnx") -> Bundle:
    """Read and check a bundle's folder.

    Raises: BundleInvalid; MissingExtra for the torch runtime without torch; UnknownName for
    a runtime that there is none of.
    """
    if runtime not in ("onnx", "torch"):
        raise UnknownName(f"there is no runtime named {runtime!r}", "known: onnx, torch")
    text, manifest = _manifest(folder)
    _check_files(folder, manifest["files"])
    try:
        described = manifest["front_end"]
        _check_keys(described, _FRONT_END_KEYS, "front_end")
        front_end = frontends.build(described["name"], described["config"])
        if front_end.revision != described["revision"]:
            _refuse(
                folder,
                f"it was made for revision {described['revision']} of front end "
                f"{front_end.name}; this affetto has revision {front_end.revision}",
                _OTHER_TIME,
            )
        window = manifest["window"]
        _check_keys(window, _WINDOW_KEYS, "window")
        Cut.of_seconds(
            window["duration_s"], window["hop_s"], front_end.hop_length / front_end.sample_rate
        )
        heads = tuple(_head(folder, plain) for plain in manifest["heads"])
        _check_heads(heads)
        _check_keys(manifest["architecture"], _ARCHITECTURE_KEYS, "architecture")
        n_members = manifest.get("n_members", 1)
        if manifest["n_dims"] < 1 or n_members < 1:
            raise ValueError("n_dims and n_members must be at least 1")
        precision = manifest.get("precision", "float32")
        if precision not in PRECISIONS:
            raise ValueError(f"precision must be {' or '.join(PRECISIONS)}")
    except BundleInvalid:
        raise
    # What a front end makes of numbers out of any range is not foreseeable.
    except (AffettoError, TypeError, ValueError, ArithmeticError, MemoryError) as error:
        reason = error.message if isinstance(error, AffettoError) else str(error)
        raise BundleInvalid(
            f"{display(folder / MANIFEST)} cannot be used: {_one_line(reason)}", _HINT
        ) from error
    bundle_fields: dict[str, Any] = {
        **{key: manifest[key] for key in ("name", "version", "summary", "n_dims")},
        **{key: manifest[key] for key in ("architecture", "training", "license")},
        "folder": folder,
        "front_end": front_end,
        "window_s": float(window["duration_s"]),
        "hop_s": float(window["hop_s"]),
        "heads": heads,
        "n_members": n_members,
        "precision": precision,
        "fingerprint": hashlib.sha256(text).hexdigest(),
        "runtime_name": runtime,
    }
    return Bundle(**bundle_fields, runtime=_runtime(bundle_fields))


def manifest_text(
    *,
    name: str,
    version: str,
    summary: str,
    front_end: FrontEnd,
    window_s: float,
    hop_s: float,
    heads: Sequence[BundleHead],
    n_dims: int,
    n_members: int = 1,
    precision: str = "float32",
    architecture: Mapping[str, Any],
    training: Mapping[str, Any],
    license: str,
    folder: Path,
) -> str:
    """Give the text of `bundle.json` for a folder that holds the other files already."""
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "version": version,
        "summary": summary,
        "front_end": frontends.describe(front_end),
        "window": {"duration_s": window_s, "hop_s": hop_s},
        "heads": [head.to_dict() for head in heads],
        "n_dims": n_dims,
        **({"n_members": n_members} if n_members > 1 else {}),
        **({"precision": precision} if precision != "float32" else {}),
        "architecture": dict(architecture),
        "aggregation": "mean",
        "training": dict(training),
        "license": license,
        "files": {file: file_sha256(folder / file) for file in FILES},
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def _refuse(folder: Path, reason: str, hint: str = _HINT) -> NoReturn:
    raise BundleInvalid(f"{display(folder / MANIFEST)}: {reason}", hint)


def _one_line(text: str) -> str:
    """Keep what comes out of a foreign file from filling or steering a terminal."""
    shown = display(text)
    return shown if len(shown) <= 300 else f"{shown[:300]} ..."


def _manifest(folder: Path) -> tuple[bytes, dict[str, Any]]:
    path = folder / MANIFEST
    try:
        if not path.is_file():  # a named pipe would be waited for
            raise FileNotFoundError(path)
        text = path.read_bytes()
    except (OSError, ValueError) as error:
        raise BundleInvalid(
            f"{display(folder)} is not a bundle: {MANIFEST} cannot be read in it",
            "give the folder that `affetto train` wrote",
        ) from error
    try:
        manifest = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BundleInvalid(f"{display(path)} is not valid JSON", _HINT) from error
    if not isinstance(manifest, dict):
        _refuse(folder, "it does not hold a bundle's description")
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION or not isinstance(version, int):
        _refuse(
            folder,
            f"its schema version is {reprlib.repr(version)}; this affetto reads {SCHEMA_VERSION}",
            "upgrade affetto, or take a bundle made for this version",
        )
    try:
        _check_keys(manifest, _KEYS, "it", _LATER_KEYS)
    except ValueError as error:
        _refuse(folder, str(error))
    if manifest["aggregation"] != "mean":
        _refuse(
            folder,
            f"it asks for aggregation {reprlib.repr(manifest['aggregation'])}; this affetto knows "
            "mean",
            "upgrade affetto, or take a bundle made for this version",
        )
    return text, manifest


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_keys(plain: Any, kinds: _Kinds, where: str, later: _Kinds | None = None) -> None:
    """See that `plain` has exactly these keys, of these kinds; those that came `later` may be left
    out. Raises: ValueError."""
    if not isinstance(plain, dict):
        raise ValueError(f"{where} must be an object, not {reprlib.repr(plain)}")
    kinds = {**kinds, **{key: kind for key, kind in (later or {}).items() if key in plain}}
    for keys, what in (
        (set(kinds) - set(plain), "lacks"),
        (set(plain) - set(kinds), "has unknown"),
    ):
        if keys:
            named = ", ".join(_one_line(key)[:40] for key in sorted(keys)[:5])
            raise ValueError(f"{where} {what} keys: {named}")
    for key, kind in kinds.items():
        if not _is_kind(plain[key], kind):
            raise ValueError(f"{key} must be {_KIND_TITLES[kind]}, not {reprlib.repr(plain[key])}")


def _is_kind(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)


def _check_files(folder: Path, files: Mapping[str, Any]) -> None:
    try:
        _check_keys(files, dict.fromkeys(FILES, str), "files")
    except ValueError as error:
        _refuse(folder, str(error))
    for name, sha256 in files.items():
        path = folder / name
        try:
            if not path.is_file():  # a named pipe would be waited for
                raise FileNotFoundError(path)
            found = file_sha256(path)
        except OSError as error:
            raise BundleInvalid(f"{display(path)} is missing or cannot be read", _HINT) from error
        if found != sha256:
            raise BundleInvalid(
                f"{display(path)} is damaged: its content is not what was written", _HINT
            )


def _head(folder: Path, plain: Any) -> BundleHead:
    kind = plain.get("kind") if isinstance(plain, dict) else None
    if kind == "music":
        _check_keys(plain, _PLAIN_KEYS, "a head")
        return BundleHead(Head(plain["name"], kind))
    if kind == "plane":
        _check_keys(plain, _PLAIN_KEYS, "a head", _LATER_PLANE_KEYS)
        slopes = _sign_slopes(plain["sign_slopes"]) if "sign_slopes" in plain else None
        return BundleHead(Head(plain["name"], kind), sign_slopes=slopes)
    _check_keys(plain, _TAGS_KEYS, "a head")
    vocabulary = load_vocabulary(plain["vocabulary"])
    if list(vocabulary.tags) != plain["tags"]:
        _refuse(
            folder,
            f"its tags differ from those of vocabulary {vocabulary.name} in this affetto",
            _OTHER_TIME,
        )
    thresholds = plain["thresholds"]
    if len(thresholds) != len(vocabulary) or not all(
        _is_kind(value, float) and 0 <= value <= 1 for value in thresholds
    ):
        raise ValueError(f"head {plain['name']} must have a threshold from 0 to 1 for each tag")
    return BundleHead(Head(plain["name"], plain["kind"], vocabulary), tuple(map(float, thresholds)))


def _sign_slopes(plain: list[Any]) -> tuple[float, float]:
    if len(plain) != len(PLANE_AXES) or not all(_is_kind(s, float) and s > 0 for s in plain):
        raise ValueError("sign_slopes must be a positive number for valence and one for arousal")
    return float(plain[0]), float(plain[1])


def _check_heads(heads: Sequence[BundleHead]) -> None:
    """See that the heads can be told apart, and that the first with tags can be placed.

    Raises: ValueError.
    """
    vocabularies = [head.spec.vocabulary for head in heads if head.spec.vocabulary is not None]
    if not vocabularies or not all(map(len, vocabularies)):
        raise ValueError("there is no head with tags, or one without any")
    names = [EMBEDDING, *(head.spec.name for head in heads)]
    others = [vocabulary.name for vocabulary in vocabularies]
    kinds = [head.spec.kind for head in heads if head.spec.vocabulary is None]
    if any(len(set(found)) < len(found) for found in (names, others, kinds)):
        raise ValueError(
            "two heads have the same name, the same vocabulary, or are both the plane or music"
        )
    if "plane" not in kinds and vocabularies[0].anchors is None:
        raise ValueError("nothing gives valence and arousal: no plane, and no anchors of the tags")


def _runtime(bundle: Mapping[str, Any]) -> Runtime:
    specs = [head.spec for head in bundle["heads"]]
    outputs = widths(specs, bundle["n_dims"], bundle["n_members"])
    front_end: FrontEnd = bundle["front_end"]
    n_frames = n_window_frames(bundle["window_s"], front_end)
    folder: Path = bundle["folder"]
    if bundle["runtime_name"] == "onnx":
        from affetto.bundles.onnx import OnnxScorer

        return OnnxScorer(folder / ONNX, front_end.n_bins, n_frames, outputs)
    from affetto import models

    models.require_torch()
    from affetto.models.scorer import TorchScorer

    try:
        scorer = TorchScorer.of_weights(
            folder / WEIGHTS, front_end.n_bins, specs, bundle["architecture"]
        )
        found = scorer.score(np.zeros((1, front_end.n_bins, n_frames), np.float32))
        shapes = {name: values.shape[1] for name, values in found.items()}
        if shapes != outputs:
            raise ValueError(f"its outputs are {shapes}, where {MANIFEST} states {outputs}")
    except MissingExtra:
        raise
    except Exception as error:  # torch's and safetensors' errors have no common root of their own
        raise BundleInvalid(
            f"{display(folder / WEIGHTS)} cannot be run by torch ({_one_line(str(error))})", _HINT
        ) from error
    return scorer
