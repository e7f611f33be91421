"""Who gets in: names of hosts, origins of pages, the token; and the headers of every answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from affetto.service.settings import Settings, is_loopback, new_token
from tests.service.conftest import Running, serving

TOKEN = "a-token-of-the-tests"
CORS = "https://player.example"


@pytest.fixture(scope="module")
def locked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a server that asks for a token and lets pages of one other site call."""
    settings = Settings(
        port=0, bundle=bundle, jobs=1, db=tmp_path_factory.mktemp("locked") / "none.sqlite",
        token=TOKEN, cors=(CORS,), allow_hosts=("moods.example",),
    )  # fmt: skip
    with serving(settings) as running:
        yield running


def status_of(running: Running, path: str, **headers: str) -> int:
    return running.client.get(path, headers=headers).status_code


# ---------------------------------------------------------------- names of hosts


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:1", "10.0.0.7:80"])
def test_server_answers_to_addresses_and_its_own_names(running: Running, host: str) -> None:
    assert status_of(running, "/healthz", host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "[",
        "x@localhost:",
        "a b",
    ],
)
def test_server_does_not_answer_to_foreign_names(running: Running, host: str) -> None:
    for path in ("/", "/healthz", "/v1/tracks"):
        answer = running.client.get(path, headers={"host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "unknown-host")


def test_request_that_names_two_hosts_is_refused(running: Running) -> None:
    host, _, port = running.server.address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n"
            b"Connection: close\r\n\r\n"
        )
        with connection.makefile("rb") as file:
            assert file.readline().split()[1] in (b"400", b"421")


def test_further_names_can_be_allowed(locked: Running, running: Running) -> None:
    assert status_of(locked, "/healthz", host="moods.example:8080") == 200
    assert status_of(running, "/healthz", host="moods.example:8080") == 421


# ---------------------------------------------------------------- origins


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_pages_of_other_sites_change_nothing(running: Running, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", "/v1/predict"),
        ("POST", "/v1/playlists"),
        ("DELETE", "/v1/jobs/x"),
    ):
        answer = running.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")


def test_pages_of_other_sites_cannot_keep_the_server_busy_but_may_link_to_it(
    running: Running, locked: Running
) -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    assert status_of(running, "/v1/vocabularies", **foreign, **{"sec-fetch-mode": "no-cors"}) == 403
    assert (
        status_of(running, "/v1/vocabularies", **foreign, **{"sec-fetch-mode": "navigate"}) == 200
    )
    assert status_of(running, "/", **foreign) == 200
    named = {**foreign, "origin": CORS, "authorization": f"Bearer {TOKEN}"}
    assert status_of(locked, "/v1/vocabularies", **named) == 200
    assert status_of(locked, "/v1/vocabularies", **{**named, "origin": "https://a.example"}) == 403


def test_pages_of_this_server_and_other_programs_may(running: Running, song: bytes) -> None:
    own = running.server.address
    for headers in (
        {"origin": own, "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {},
    ):
        assert running.post(song, headers=headers).status_code == 200


def test_no_header_lets_other_sites_read_unless_asked(running: Running) -> None:
    answer = running.client.get("/healthz", headers={"origin": CORS})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    answer = running.client.options(
        "/v1/predict", headers={"origin": CORS, "access-control-request-method": "POST"}
    )
    assert answer.status_code == 405


def test_site_that_was_named_may_call_with_the_token(locked: Running, song: bytes) -> None:
    ask = {"origin": CORS, "access-control-request-method": "POST"}
    asked = {**ask, "access-control-request-headers": "authorization"}
    answer = locked.client.options("/v1/predict", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == CORS
    key = {"authorization": f"Bearer {TOKEN}"}
    answer = locked.post(song, headers={"origin": CORS, **key})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, CORS)
    assert locked.post(song, headers={"origin": CORS}).status_code == 401
    evil = {"origin": "https://evil.example", **key}
    assert locked.post(song, headers=evil).status_code == 403
    answer = locked.client.options(
        "/v1/predict", headers={**asked, "origin": "https://evil.example"}
    )
    assert "access-control-allow-origin" not in answer.headers


# ---------------------------------------------------------------- the token


def test_nothing_that_is_anybodys_is_told_without_the_token(locked: Running) -> None:
    paths = {route.path for route in locked.server.app.routes}  # type: ignore[attr-defined]
    closed = paths - {"/", "/healthz", "/openapi.json"}
    assert "/v1/tracks/{track_id}/audio" in closed
    assert "/metrics" in closed
    for path in closed:
        for method in ("GET", "POST", "HEAD", "DELETE"):
            answer = locked.client.request(method, path.format(track_id=1, name="x", job_id="x"))
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
    assert locked.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer wrong",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        TOKEN,
    ],
)
def test_wrong_token_opens_nothing(locked: Running, given: str) -> None:
    assert status_of(locked, "/v1/bundles", authorization=given) == 401


def test_token_opens_in_a_header_and_for_players_in_the_address(locked: Running) -> None:
    assert status_of(locked, "/v1/bundles", authorization=f"Bearer {TOKEN}") == 200
    assert status_of(locked, "/v1/bundles", authorization=f"bearer  {TOKEN}") == 200
    assert status_of(locked, f"/v1/bundles?token={TOKEN}") == 200
    assert status_of(locked, f"/v1/bundles?token={TOKEN}x") == 401
    assert locked.client.post(f"/v1/predict?token={TOKEN}").status_code == 401


def test_token_that_is_no_ascii_is_refused_like_any_other(locked: Running) -> None:
    answer = locked.client.get("/v1/bundles", headers={b"authorization": b"Bearer \xe4\xff"})
    assert answer.status_code == 401
    assert locked.client.get("/v1/bundles?token=%FF%E4").status_code == 401


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 32 for token in tokens)


def test_address_that_others_reach_needs_a_token_or_the_word_of_its_owner() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.2", "example.org", "")))
    Settings(host="0.0.0.0", token=new_token())
    Settings(host="0.0.0.0", no_auth=True)


# ---------------------------------------------------------------- every answer


def test_every_answer_carries_the_headers_of_safety(running: Running) -> None:
    for path in ("/", "/healthz", "/v1/nothing", "/metrics", "/v1/tracks"):
        headers = running.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    assert "script-src 'self'" in running.client.get("/").headers["content-security-policy"]
    assert "script-src" not in running.client.get("/healthz").headers["content-security-policy"]


def test_requests_are_counted_by_method_and_status(
    serve: Callable[..., Running], song: bytes
) -> None:
    running = serve()
    running.post(song)
    running.post(b"no music")
    running.client.get("/v1/nothing")
    running.client.request("BREW", "/")
    lines = running.client.get("/metrics").text.splitlines()
    assert 'affetto_http_requests_total{method="POST",status="200"} 1' in lines
    assert 'affetto_http_requests_total{method="GET",status="404"} 1' in lines
    assert 'affetto_http_requests_total{method="other",status="405"} 1' in lines
    assert 'affetto_predictions_total{outcome="ok"} 1' in lines
    assert 'affetto_predictions_total{outcome="audio-unreadable"} 1' in lines
    assert "affetto_jobs_running 0" in lines
    for line in lines:
        name = line.split()[2] if line.startswith("#") else line.split("{")[0].split()[0]
        assert name.startswith("affetto_")


def test_proxy_headers_of_a_client_change_nothing(locked: Running) -> None:
    headers = {
        "x-forwarded-host": "evil.example",
        "x-forwarded-for": "127.0.0.1",
        "forwarded": "for=1",
    }
    assert locked.client.get("/v1/bundles", headers=headers).status_code == 401


def test_garbage_instead_of_http_ends_its_connection_alone(running: Running) -> None:
    host, _, port = running.server.address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"\x16\x03\x01garbage\r\n\r\n")
        assert connection.recv(4_096).startswith(b"HTTP/1.1 400")
    assert httpx.get(f"{running.server.address}/healthz", trust_env=False).status_code == 200
