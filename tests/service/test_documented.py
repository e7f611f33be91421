"""What a run of Schemathesis has found once, held where that is not installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from affetto.library import Library
from tests.library.catalog import SHELF, record
from tests.service.conftest import Running


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/jobs/some", "DELETE, GET, HEAD"),
        ("/v1/playlists", "GET, HEAD, POST"),
        ("/v1/predict", "POST"),
        ("/healthz", "GET, HEAD"),
    ],
)
def test_wrong_method_is_told_all_that_an_address_takes(
    running: Running, path: str, methods: str
) -> None:
    answer = running.client.request("PATCH", path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == methods


def test_number_of_a_song_may_be_written_with_a_point(
    serve: Callable[..., Running], bundle: Path, tmp_path: Path
) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        record(library, bundle, SHELF)
    client = serve(db=tmp_path / "library.sqlite").client
    answers = [client.post("/v1/playlists", content=f'{{"ids": [{n}]}}') for n in ("1", "1.0")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    for wrong in ("1.5", "true", '"1"', "-1", "1e300"):
        assert client.post("/v1/playlists", content=f'{{"ids": [{wrong}]}}').status_code == 400
