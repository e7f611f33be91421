"""A bundle on disk: read and checked, written whole.

    bundle.json           everything but the numbers
    model.onnx            spectrogram (batch, n_bins, n_frames) -> a head each, then embedding
    weights.safetensors   the same numbers for torch
    expected.json         scores of a synthetic signal, to be computed again by `check`
    CARD.md               for people

A bundle is refused unless every file that `bundle.json` names is there with the stated hash,
every key is known, and the network's inputs and outputs have the stated shapes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from affetto import frontends
from affetto.core import FloatArray, Head
from affetto.errors import AffettoError, BundleInvalid, UnknownName
from affetto.files import file_sha256
from affetto.frontends import FrontEnd
from affetto.vocabularies import load as load_vocabulary

SCHEMA_VERSION = 1
MANIFEST, ONNX, WEIGHTS, EXPECTED, CARD = (
    "bundle.json",
    "model.onnx",
    "weights.safetensors",
    "expected.json",
    "CARD.md",
)
_HINT = "get the bundle again, or train it again"
_KEYS = {
    "schema_version",
    "name",
    "version",
    "summary",
    "front_end",
    "window",
    "heads",
    "n_dims",
    "architecture",
    "aggregation",
    "training",
    "license",
    "files",
}


class Runtime(Protocol):
    """Scores windows (n_windows, n_bins, n_frames): each head's values, and `embedding`."""

    def score(self, values: FloatArray) -> dict[str, FloatArray]: ...


@dataclass(frozen=True, slots=True)
class BundleHead:
    """A head and, for tags, the threshold from which on a tag is chosen."""

    spec: Head
    thresholds: tuple[float, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"name": self.spec.name, "kind": self.spec.kind}
        if self.spec.vocabulary is not None:
            plain["vocabulary"] = self.spec.vocabulary.name
            # The tags themselves too: a vocabulary that has changed since must not be taken.
            plain["tags"] = list(self.spec.vocabulary.tags)
            plain["thresholds"] = list(self.thresholds or ())
        return plain


@dataclass(frozen=True, slots=True)
class Bundle:
    """A network that is ready to score, with all that is needed to feed it.

    `window_s` and `hop_s` are seconds, the hop being the one prediction takes by default.
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
    architecture: Mapping[str, Any]
    training: Mapping[str, Any]
    license: str
    fingerprint: str
    runtime: Runtime = field(repr=False)

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
    def n_frames(self) -> int:
        """A window's length in frames."""
        return n_window_frames(self.window_s, self.front_end)

    def score(self, values: FloatArray) -> dict[str, FloatArray]:
        """Score windows (n_windows, n_bins, n_frames).

        Gives each head's values (n_windows, n_outputs) by name, tags in [0, 1] and the plane in
        [-1, 1], and `embedding` (n_windows, n_dims).
        """
        return self.runtime.score(values)


def n_window_frames(window_s: float, front_end: FrontEnd) -> int:
    """Give a window's length in whole frames."""
    return round(window_s * front_end.sample_rate / front_end.hop_length)


def read(folder: Path, *, runtime: Literal["onnx", "torch"] = "onnx") -> Bundle:
    """Read and check a bundle's folder.

    Raises: BundleInvalid; MissingExtra for the torch runtime without torch; UnknownName for
    a runtime that there is none of.
    """
    if runtime not in ("onnx", "torch"):
        raise UnknownName(f"there is no runtime named {runtime!r}", "known: onnx, torch")
    text, manifest = _manifest(folder)
    _check_files(folder, manifest)
    try:
        described = manifest["front_end"]
        front_end = frontends.build(described["name"], described["config"])
        if front_end.revision != described["revision"]:
            raise BundleInvalid(
                f"{folder}: the bundle was made for revision {described['revision']} of front end "
                f"{front_end.name}; this affetto has revision {front_end.revision}",
                "take a bundle and an affetto of the same time",
            )
        heads = tuple(_head(plain) for plain in manifest["heads"])
        bundle_fields: dict[str, Any] = {
            "folder": folder,
            "name": str(manifest["name"]),
            "version": str(manifest["version"]),
            "summary": str(manifest["summary"]),
            "front_end": front_end,
            "window_s": float(manifest["window"]["duration_s"]),
            "hop_s": float(manifest["window"]["hop_s"]),
            "heads": heads,
            "n_dims": int(manifest["n_dims"]),
            "architecture": dict(manifest["architecture"]),
            "training": dict(manifest["training"]),
            "license": str(manifest["license"]),
            "fingerprint": hashlib.sha256(text).hexdigest(),
        }
    except BundleInvalid:
        raise
    except (AffettoError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise BundleInvalid(f"{folder / MANIFEST} cannot be used: {reason}", _HINT) from error
    if not any(head.spec.kind == "tags" for head in heads):
        raise BundleInvalid(f"{folder / MANIFEST} has no head with tags", _HINT)
    return Bundle(**bundle_fields, runtime=_runtime(runtime, bundle_fields))


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
    architecture: Mapping[str, Any],
    training: Mapping[str, Any],
    license: str,
    folder: Path,
) -> str:
    """Give the text of `bundle.json` for a folder that holds the other files already."""
    named = (ONNX, WEIGHTS, EXPECTED)
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "version": version,
        "summary": summary,
        "front_end": frontends.describe(front_end),
        "window": {"duration_s": window_s, "hop_s": hop_s},
        "heads": [head.to_dict() for head in heads],
        "n_dims": n_dims,
        "architecture": dict(architecture),
        "aggregation": "mean",
        "training": dict(training),
        "license": license,
        "files": {file: file_sha256(folder / file) for file in named},
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def _manifest(folder: Path) -> tuple[bytes, dict[str, Any]]:
    path = folder / MANIFEST
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BundleInvalid(
            f"{folder} is not a bundle: {MANIFEST} cannot be read in it",
            "give the folder that `affetto train` wrote",
        ) from error
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise BundleInvalid(f"{path} is not valid JSON", _HINT) from error
    if not isinstance(manifest, dict):
        raise BundleInvalid(f"{path} does not hold a bundle's description", _HINT)
    version = manifest.get("schema_version")
    if version != SCHEMA_VERSION:
        raise BundleInvalid(
            f"{path} has schema version {version!r}; this affetto reads {SCHEMA_VERSION}",
            "upgrade affetto, or take a bundle made for this version",
        )
    for keys, what in ((_KEYS - set(manifest), "lacks"), (set(manifest) - _KEYS, "has unknown")):
        if keys:
            raise BundleInvalid(f"{path} {what} keys: {', '.join(sorted(keys))}", _HINT)
    if manifest["aggregation"] != "mean":
        raise BundleInvalid(
            f"{path} asks for aggregation {manifest['aggregation']!r}; this affetto knows mean",
            "upgrade affetto, or take a bundle made for this version",
        )
    return text, manifest


def _check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    files = manifest["files"]
    if not isinstance(files, dict) or not {ONNX, WEIGHTS, EXPECTED} <= set(files):
        raise BundleInvalid(f"{folder / MANIFEST} does not name the bundle's files", _HINT)
    for name, sha256 in files.items():
        path = folder / name
        if Path(name).name != name:
            raise BundleInvalid(f"{folder / MANIFEST} names a file elsewhere: {name}", _HINT)
        try:
            found = file_sha256(path)
        except OSError as error:
            raise BundleInvalid(f"{path} is missing or cannot be read", _HINT) from error
        if found != sha256:
            raise BundleInvalid(f"{path} is damaged: its content is not what was written", _HINT)


def _head(plain: Mapping[str, Any]) -> BundleHead:
    if plain["kind"] == "plane":
        return BundleHead(Head(plain["name"], "plane"))
    vocabulary = load_vocabulary(plain["vocabulary"])
    if list(vocabulary.tags) != plain["tags"]:
        raise BundleInvalid(
            f"the bundle's tags differ from those of vocabulary {vocabulary.name}",
            "take a bundle and an affetto of the same time",
        )
    thresholds = tuple(float(value) for value in plain["thresholds"])
    if len(thresholds) != len(vocabulary) or not all(0 <= value <= 1 for value in thresholds):
        raise ValueError(f"head {plain['name']} must have a threshold from 0 to 1 for each tag")
    return BundleHead(Head(plain["name"], plain["kind"], vocabulary), thresholds)


def _runtime(name: str, bundle: Mapping[str, Any]) -> Runtime:
    heads = {head.spec.name: head.spec.n_outputs for head in bundle["heads"]}
    front_end: FrontEnd = bundle["front_end"]
    n_frames = n_window_frames(bundle["window_s"], front_end)
    folder: Path = bundle["folder"]
    if name == "onnx":
        from affetto.bundles.onnx import OnnxScorer

        outputs = {**heads, "embedding": bundle["n_dims"]}
        return OnnxScorer(folder / ONNX, front_end.n_bins, n_frames, outputs)
    from affetto import models

    models.require_torch()
    from affetto.models.scorer import TorchScorer

    specs = [head.spec for head in bundle["heads"]]
    return TorchScorer(folder / WEIGHTS, front_end.n_bins, specs, bundle["architecture"])
