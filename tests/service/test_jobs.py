"""The queue: what crashes, hangs, waits, goes away or comes too late harms nothing else."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from affetto.service import jobs, scoring
from affetto.service.settings import Settings
from tests.service import work
from tests.service.conftest import Running, serving


@pytest.fixture(scope="module")
def fragile(bundle: Path) -> Iterator[Running]:
    """Give a server with one process, room for one song to wait, and little patience."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "score", work.score_or_crash)
        settings = Settings(
            port=0, bundle=bundle, jobs=1, queue_size=1, time_limit_s=2.0, silence_limit_s=1.0,
            max_uploads=3,
        )  # fmt: skip
        with serving(settings) as running:
            yield running


@pytest.fixture(autouse=True)
def _ends_idle(fragile: Running) -> Iterator[None]:
    """See that every test leaves the server as it was."""
    yield
    (fragile.folder / work.GO).unlink(missing_ok=True)
    until(lambda: gauge(fragile, "jobs_running") == gauge(fragile, "jobs_queued") == 0)
    until(lambda: list(fragile.folder.iterdir()) == [])
    assert gauge(fragile, "uploads_arriving") == 0


def until(condition: Callable[[], bool]) -> None:
    """Wait for what is bound to come; pytest's own time limit ends a wait in vain."""
    while not condition():
        time.sleep(0.02)


def gauge(running: Running, name: str) -> float:
    lines = running.client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"affetto_{name} "))


def send(running: Running, song: bytes, name: str, **parameters: Any) -> httpx.Response:
    return running.post(song, params={"filename": name, **parameters})


def events_of(answer: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read server-sent events."""
    kind = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


# ---------------------------------------------------------------- processes


@pytest.mark.parametrize(
    ("name", "status", "code"), [("crash", 422, "crashed"), ("hang", 504, "timeout")]
)
def test_process_that_is_lost_costs_its_song_alone(
    fragile: Running, song: bytes, name: str, status: int, code: str
) -> None:
    answer = send(fragile, song, name)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"].startswith(name)
    assert send(fragile, song, "fine").status_code == 200


def test_defect_in_a_process_is_told_to_the_owner_alone(
    fragile: Running, song: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = send(fragile, song, "bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "a secret" in caplog.text


def test_song_beyond_the_queue_is_asked_to_come_again(fragile: Running, song: bytes) -> None:
    ids = [send(fragile, song, "wait", wait=0).json()["id"] for _ in range(2)]
    for query in ("wait=0", "wait=1"):
        answer = fragile.client.post(f"/v1/predict?{query}", content=song)
        assert (answer.status_code, answer.json()["code"]) == (429, "queue-full")
        assert int(answer.headers["retry-after"]) > 0
    states = [fragile.client.get(f"/v1/jobs/{each}").json()["status"] for each in ids]
    assert states == ["running", "queued"]
    (fragile.folder / work.GO).touch()
    until(lambda: all(
        fragile.client.get(f"/v1/jobs/{each}").json()["status"] == "done" for each in ids
    ))  # fmt: skip
    assert send(fragile, song, "fine").status_code == 200


@pytest.mark.parametrize("name", ["wait", "hang"])
def test_client_that_vanishes_takes_its_song_along(
    fragile: Running, song: bytes, name: str
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        fragile.client.post(f"/v1/predict?filename={name}", content=song, timeout=0.5)
    until(lambda: gauge(fragile, "jobs_running") == 0)
    assert send(fragile, song, "fine").status_code == 200


def test_client_that_vanishes_from_the_queue_takes_its_song_along(
    fragile: Running, song: bytes
) -> None:
    running = send(fragile, song, "wait", wait=0).json()["url"]
    with pytest.raises(httpx.ReadTimeout):
        fragile.client.post("/v1/predict?filename=next", content=song, timeout=0.5)
    until(lambda: gauge(fragile, "jobs_queued") == 0)
    assert fragile.client.get(running).json()["status"] == "running"
    (fragile.folder / work.GO).touch()
    until(lambda: fragile.client.get(running).json()["status"] == "done")


# ---------------------------------------------------------------- uploads


def opened(running: Running, song: bytes) -> socket.socket:
    """Begin an upload and send the half of it."""
    host, _, port = running.server.address.removeprefix("http://").rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    head = (
        f"POST /v1/predict HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(song)}\r\n\r\n"
    )
    connection.sendall(head.encode() + song[: len(song) // 2])
    return connection


def test_client_that_vanishes_while_it_sends_leaves_nothing(fragile: Running, song: bytes) -> None:
    with opened(fragile, song):
        until(lambda: gauge(fragile, "uploads_arriving") == 1)
    until(lambda: gauge(fragile, "uploads_arriving") == 0)


def test_slow_clients_are_bounded_served_besides_and_sent_away(
    fragile: Running, song: bytes
) -> None:
    slow = [opened(fragile, song) for _ in range(2)]
    until(lambda: gauge(fragile, "uploads_arriving") == 2)
    assert send(fragile, song, "fine").status_code == 200
    slow.append(opened(fragile, song))
    until(lambda: gauge(fragile, "uploads_arriving") == 3)
    answer = send(fragile, song, "one too many")
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-uploads")
    for connection in slow:
        with connection, connection.makefile("rb") as file:
            assert file.readline() == b"HTTP/1.1 408 Request Timeout\r\n"


# ---------------------------------------------------------------- jobs


def test_job_is_told_where_it_is_and_then_what_came_of_it(fragile: Running, song: bytes) -> None:
    answer = send(fragile, song, "wait.wav", wait=0, timeline=1)
    job = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, job["url"])
    assert (job["name"], job["result"], job["problem"]) == ("wait.wav", None, None)
    (fragile.folder / work.GO).touch()
    until(lambda: fragile.client.get(job["url"]).json()["status"] == "done")
    found = fragile.client.get(job["url"]).json()
    assert found["progress"] == {"done_s": 3.0, "expected_s": 3.0}
    assert found["result"] == send(fragile, song, "wait.wav", timeline=1).json()


def test_job_that_failed_tells_its_problem(fragile: Running) -> None:
    url = send(fragile, b"no music", "a.mp3", wait=0).json()["url"]
    until(lambda: fragile.client.get(url).json()["status"] == "failed")
    assert fragile.client.get(url).json()["problem"]["code"] == "audio-unreadable"


def test_events_tell_of_progress_until_the_job_is_over(fragile: Running, song: bytes) -> None:
    url = send(fragile, song, "wait", wait=0).json()["url"]
    headers = {"accept": "text/event-stream"}
    with fragile.client.stream("GET", url, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = events_of(answer)
        kind, job = next(events)
        assert (kind, job["status"]) == ("progress", "running")
        (fragile.folder / work.GO).touch()
        *_, (kind, job) = events
    assert (kind, job["status"]) == ("done", "done")
    with fragile.client.stream("GET", url, headers=headers) as answer:
        assert [kind for kind, _ in events_of(answer)] == ["done"]


def test_job_can_be_cancelled(fragile: Running, song: bytes) -> None:
    running = send(fragile, song, "wait", wait=0).json()["url"]
    queued = send(fragile, song, "later", wait=0).json()["url"]
    with fragile.client.stream("GET", running, headers={"accept": "text/event-stream"}) as answer:
        events = events_of(answer)
        next(events)
        for url in (queued, running):
            assert httpx.delete(fragile.server.address + url, trust_env=False).status_code == 204
            assert fragile.client.get(url).json()["code"] == "job-unknown"
        *_, (_, job) = events
    assert (job["status"], job["problem"]["code"]) == ("failed", "cancelled")
    assert send(fragile, song, "fine").status_code == 200


def test_job_is_told_in_json_alone(fragile: Running) -> None:
    answer = send(fragile, b"", "a", wait=0, format="csv")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-config")


def test_ids_cannot_be_guessed(fragile: Running) -> None:
    assert len(send(fragile, b"", "a", wait=0).json()["id"]) >= 20
    for guess in ("1", "..%2f..", "x" * 22):
        assert fragile.client.get(f"/v1/jobs/{guess}").status_code == 404


def test_results_are_kept_for_a_while_and_within_bounds(
    fragile: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAX_KEPT", 2)
    urls = []
    for _ in range(3):
        urls.append(send(fragile, b"", "a", wait=0).json()["url"])
        until(lambda: gauge(fragile, "jobs_running") == gauge(fragile, "jobs_queued") == 0)
    assert [fragile.client.get(url).status_code for url in urls] == [404, 200, 200]
    later_s = time.monotonic() + 600.0
    monkeypatch.setattr(jobs, "now_s", lambda: later_s)
    assert [fragile.client.get(url).status_code for url in urls] == [404, 404, 404]


# ---------------------------------------------------------------- the end


def test_stop_finishes_what_runs_and_sends_away_what_waits(bundle: Path, song: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as clients:
        patch.setattr(scoring, "score", work.score_or_crash)
        with serving(Settings(port=0, bundle=bundle, jobs=1)) as running:
            first = clients.submit(send, running, song, "wait")
            until(lambda: gauge(running, "jobs_running") == 1)
            second = clients.submit(send, running, song, "later")
            until(lambda: gauge(running, "jobs_queued") == 1)
            running.server.should_exit = True
            answer = second.result()
            assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
            assert not first.done()
            (running.folder / work.GO).touch()
            assert first.result().status_code == 200


def test_stop_does_not_wait_for_jobs_that_nobody_listens_to(bundle: Path, song: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "score", work.score_or_crash)
        with serving(Settings(port=0, bundle=bundle, jobs=1)) as running:
            send(running, song, "hang", wait=0)
            send(running, song, "hang", wait=0)
            until(lambda: gauge(running, "jobs_running") == 1)
