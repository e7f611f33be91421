"""What a server says of itself, and how it answers what there is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from affetto import __version__, bundles, vocabularies
from affetto.errors import BadConfig
from affetto.service.app import _Service
from affetto.service.server import Server
from affetto.service.settings import Settings
from tests.service.conftest import Running


def test_server_is_well(running: Running) -> None:
    answer = running.client.get("/healthz")
    assert answer.json() == {"status": "ok", "version": __version__}


def test_landing_page_says_what_this_is(running: Running) -> None:
    answer = running.client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>affetto</title>" in answer.text


def test_bundle_is_told_with_its_heads_and_card(running: Running, bundle: Path) -> None:
    (found,) = running.client.get("/v1/bundles").json()["bundles"]
    loaded = bundles.load(bundle)
    assert (found["name"], found["fingerprint"]) == ("tiny", loaded.fingerprint)
    assert [head["name"] for head in found["heads"]] == ["emotions", "gems9", "plane"]
    assert found["card"].startswith("# Bundle tiny")
    assert str(bundle) not in running.client.get("/v1/bundles").text


def test_vocabularies_are_listed_and_given(running: Running) -> None:
    listed = running.client.get("/v1/vocabularies").json()["vocabularies"]
    assert [each["name"] for each in listed] == list(vocabularies.VOCABULARIES.names())
    for name in vocabularies.VOCABULARIES.names():
        found = running.client.get(f"/v1/vocabularies/{name}").json()
        assert [tag["tag"] for tag in found["tags"]] == list(vocabularies.load(name).tags)
    first = running.client.get("/v1/vocabularies/cal500_emotions").json()["tags"][0]
    assert first == {
        "tag": "angry_aggressive", "title": "Angry", "valence": first["valence"],
        "arousal": first["arousal"],
    }  # fmt: skip
    assert first["valence"] < 0 < first["arousal"]


def test_unknown_name_offers_the_nearest(running: Running) -> None:
    answer = running.client.get("/v1/vocabularies/gems8")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-name")
    assert "did you mean gems9?" in answer.json()["hint"]


def test_address_that_there_is_not_is_a_problem(running: Running) -> None:
    answer = running.client.get("/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert running.client.get("/v1/bundles/").status_code == 404
    answer = running.client.get("/v1/predict")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


def test_error_that_nobody_foresaw_is_told_to_the_owner_alone(
    serve: Callable[..., Running],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(_Service, "health", fail)
    answer = serve().client.get("/healthz")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "a secret" in caplog.text


def test_port_in_use_is_one_sentence(running: Running, bundle: Path) -> None:
    port = int(running.server.address.rpartition(":")[2])
    with pytest.raises(BadConfig, match=f"port {port} of 127.0.0.1 is in use"):
        Server(Settings(port=port, bundle=bundle))


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])
def test_address_of_another_computer_is_refused(bundle: Path, host: str) -> None:
    with pytest.raises(BadConfig, match="cannot be listened to"):
        Server(Settings(host=host, port=0, bundle=bundle, no_auth=True))


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"port": 70_000}, "there is no port 70000"),
        ({"jobs": 0}, "jobs must be at least 1"),
        ({"queue_size": -1}, "queue_size must be at least 0"),
        ({"time_limit_s": 0.0}, "time_limit_s must be a positive number"),
        ({"cors": ("example.org",)}, "no origin"),
        ({"cors": ("https://example.org/",)}, "no origin"),
        ({"host": "0.0.0.0"}, "a token is needed"),
        ({"token": "short"}, "too short"),
        ({"token": "long enough", "no_auth": True}, "exclude each other"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object], what: str) -> None:
    with pytest.raises(BadConfig, match=what):
        Settings(**settings)  # type: ignore[arg-type]
