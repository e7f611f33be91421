"""From a trained network to a bundle's folder, complete or not there at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from affetto import frontends
from affetto.bundles import bundle as layout
from affetto.bundles.bundle import BundleHead
from affetto.bundles.check import expected_text
from affetto.core import FloatArray
from affetto.errors import BundleInvalid
from affetto.files import write_text
from affetto.models.export import save_weights
from affetto.models.heads import Scorer
from affetto.training.config import TrainConfig
from affetto.training.shipping import export

NO_THRESHOLD = 0.5


def publish(
    scorer: Scorer,
    config: TrainConfig,
    examples: FloatArray,
    thresholds: Mapping[str, FloatArray],
    record: Mapping[str, Any],
    card: str,
    folder: Path,
    sign_slopes: tuple[float, float] | None = None,
) -> float:
    """Write a bundle; what stood in `folder` is replaced once the new one is complete.

    `examples` are the windows that `shipping.export` asks for. `thresholds` gives each tag head's
    by name, (n_tags,); heads without get 0.5. `record` is the training as the bundle tells it,
    `card` the text of CARD.md; `sign_slopes` are the plane's, where they are known.
    Gives the largest difference between torch and ONNX Runtime on the test signal. Raises:
    BundleInvalid when that is too large, or when `folder` holds something that is no bundle.
    """
    check_target(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=folder.parent) as temporary:
        new = Path(temporary) / "new"
        new.mkdir()
        difference = _write(scorer, config, examples, thresholds, record, card, new, sign_slopes)
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        shutil.move(new, folder)
    return difference


def check_target(folder: Path) -> None:
    """Let a bundle be written where there is nothing, an empty folder or another bundle.

    Raises: BundleInvalid for anything else.
    """
    if not folder.exists():
        return
    is_bundle = (folder / layout.MANIFEST).is_file()
    is_empty = folder.is_dir() and not any(folder.iterdir())
    if not (is_bundle or is_empty):
        raise BundleInvalid(
            f"{folder} is there and is not a bundle, so it is not overwritten",
            "name another folder",
        )


def _write(
    scorer: Scorer,
    config: TrainConfig,
    examples: FloatArray,
    thresholds: Mapping[str, FloatArray],
    record: Mapping[str, Any],
    card: str,
    folder: Path,
    sign_slopes: tuple[float, float] | None,
) -> float:
    front_end = frontends.build(config.front_end.name, config.front_end.config)
    save_weights(scorer, folder / layout.WEIGHTS)
    (folder / layout.WEIGHTS).chmod(0o644)  # safetensors writes for the owner alone
    exported = export(scorer, config, examples, folder / layout.ONNX)
    write_text(folder / layout.EXPECTED, expected_text(exported.said))
    write_text(folder / layout.CARD, card)
    manifest = layout.manifest_text(
        name=config.name,
        version=config.version,
        summary=config.summary,
        front_end=front_end,
        window_s=config.window.duration_s,
        hop_s=config.window.hop_s,
        heads=_heads(config, thresholds, sign_slopes),
        n_dims=scorer.n_dims,
        n_members=scorer.network.n_members,
        precision=config.export.precision,
        architecture={"name": config.network.name, "config": dict(config.network.config)},
        training=record,
        license=config.license,
        folder=folder,
    )
    write_text(folder / layout.MANIFEST, manifest)
    layout.read(folder)  # what we wrote, we can read
    return exported.difference


def _heads(
    config: TrainConfig,
    thresholds: Mapping[str, FloatArray],
    sign_slopes: tuple[float, float] | None,
) -> Sequence[BundleHead]:
    heads = []
    for spec in config.specs():
        if spec.vocabulary is None:
            slopes = sign_slopes if spec.kind == "plane" else None
            heads.append(BundleHead(spec, sign_slopes=slopes))
            continue
        values = thresholds.get(spec.name)
        known = [NO_THRESHOLD] * len(spec.vocabulary) if values is None else values
        heads.append(BundleHead(spec, tuple(round(float(value), 4) for value in known)))
    return heads
