"""Questions that nobody would think of, made by Schemathesis out of `openapi.json`.

A seeded, bounded run against a real server: whatever comes, the answer is no 500 and is as the
document says.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings

from affetto.library import Library
from affetto.service.settings import Settings
from tests.library.catalog import SHELF, record
from tests.service import contract
from tests.service.conftest import Running, serving

schemathesis = pytest.importorskip("schemathesis", reason="Schemathesis is not installed")

N_EXAMPLES = 5
# What fits the schema may be refused where it has to be read first: a search, and sound.
READ_FIRST = (
    "POST /v1/predict",
    "GET /v1/tracks",
    "GET /v1/search",
    "GET /v1/map",
    "GET /v1/playlists",
)
CHECKS = importlib.import_module("schemathesis.specs.openapi.checks")
# Its systematic cases of each parameter are some hundred more, for which there is no time here.
CONFIG = schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
DOCUMENT = schemathesis.openapi.from_dict(contract.DOCUMENT, config=CONFIG)


@pytest.fixture(scope="module")
def asked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a server of a small library, which scores whatever is sent."""
    db = tmp_path_factory.mktemp("library") / "library.sqlite"
    with Library(db) as library:
        record(library, bundle, SHELF)
    with serving(Settings(port=0, db=db, bundle=bundle, jobs=1, max_upload_bytes=100_000)) as it:
        yield it


@pytest.mark.slow
@DOCUMENT.parametrize()
@seed(7)
@settings(
    max_examples=N_EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_the_document_says(case: Any, asked: Running) -> None:
    excluded = [CHECKS.positive_data_acceptance] if case.operation.label in READ_FIRST else []
    if case.operation.label == "POST /v1/predict":  # with `wait=0` an empty body is a failed job
        excluded.append(CHECKS.negative_data_rejection)
    case.call_and_validate(base_url=asked.server.address, excluded_checks=excluded)
