"""A bundle is not measured on music that it was trained on, unless that is insisted on."""

from __future__ import annotations

from affetto.bundles import Bundle
from affetto.core import Dataset
from affetto.datasets import source
from affetto.datasets.base import labels_sha256
from affetto.errors import BadConfig, UnknownName
from affetto.training.record import seen

SEEN = "ON DATA THAT IT WAS TRAINED ON"


def refuse_seen(bundle: Bundle, dataset: Dataset, allow_seen: bool) -> bool:
    """Say whether a bundle has been trained on a data set's music, by its name, the folder where
    its music lies, or its labels. Raises: BadConfig if so and that is not allowed."""
    known = seen(bundle.training)
    folder = _folder_of(dataset.name)
    kin = [name for name in known if folder and _folder_of(name) == folder]
    digest = labels_sha256(dataset)
    alike = [name for name, of_labels in known.items() if of_labels == digest]
    found = [name for name in (dataset.name, *kin, *alike) if name in known]
    if found and not allow_seen:
        same = "" if found[0] == dataset.name else f", the same music as {dataset.name}"
        raise BadConfig(
            f"bundle {bundle.title} was trained on {found[0]}{same}, so its figures there would "
            "be praise for memory",
            "cross-validate the recipe instead, or insist with --allow-seen",
        )
    return bool(found)


def _folder_of(name: str) -> str:
    """Give the folder where a data set's music lies; '' where nobody knows."""
    try:
        known = source(name)
    except UnknownName:  # of a package that is not installed here
        return ""
    return known.folder if known else ""
