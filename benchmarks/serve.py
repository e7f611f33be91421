"""Measure `affetto serve` under load: crowds, slow clients, many uploads, searches.

    python benchmarks/serve.py [--quick] [--json FILE]

The real command serves on loopback with one process that scores and room for 16 songs in its
queue. Clients are threads of this program, which imports little. Seconds are those on the wall;
memory is the resident sets of the server and its processes (Linux).
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import io
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import reporting

SCHEMA_VERSION = 1
QUEUE = 16
RATE_HZ = 22_050
QUERIES = ("calm+%3E+0.6+and+not+sad", "valence+in+0.1..0.2+and+arousal+%3C+0", "year+%3E+1990")


def sound(seconds: float) -> bytes:
    """Make a WAV file of noise."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(random.Random(0).randbytes(2 * round(seconds * RATE_HZ)))
    return content.getvalue()


class Server:
    """The command that serves, in a process of its own."""

    def __init__(self, db: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "affetto", "serve", "--port", "0", "--jobs", "1",
             "--queue", str(QUEUE), "--db", str(db)],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self._process.stderr.readline())
        if found is None:
            raise SystemExit("the server did not start")
        self.port = int(found[1])

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, dict[str, str], float]:
        """Ask on a connection of its own; give status, headers, and milliseconds until the end."""
        begun_s = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        with contextlib.closing(connection):
            with contextlib.suppress(OSError):  # it may have answered before all was sent
                connection.request("GET" if body is None else "POST", path, body)
            answer = connection.getresponse()
            answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, 1000 * (time.perf_counter() - begun_s)

    def resident_mb(self) -> float:
        """Give the memory of the server and all its processes; 0 where there is no /proc."""
        return sum(map(_resident_mb, _family(self._process.pid)))


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for listing in Path(f"/proc/{each}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, listing.read_text().split())
    return found


def _resident_mb(pid: int) -> float:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        return int(found[1]) / 1000 if found else 0.0
    return 0.0


def overhead(server: Server, folder: Path, n_songs: int, seconds: float) -> dict[str, float]:
    """Score the same songs by the command and over HTTP, one after another, twice."""
    content = sound(seconds)
    paths = [folder / f"{number}.wav" for number in range(n_songs)]
    for path in paths:
        path.write_bytes(content)
    command = [sys.executable, "-m", "affetto", "predict", "--jobs", "1", "--format", "jsonl"]
    by_command, by_http = [], []
    for _ in range(2):
        begun_s = time.perf_counter()
        subprocess.run([*command, *map(str, paths)], stdout=subprocess.DEVNULL, check=True)
        by_command.append(time.perf_counter() - begun_s)
        begun_s = time.perf_counter()
        for _ in paths:
            assert server.ask("/v1/predict", content)[0] == 200
        by_http.append(time.perf_counter() - begun_s)
    return {
        "n_songs": n_songs,
        "song_s": seconds,
        "command_s": round(min(by_command), 2),
        "http_s": round(min(by_http), 2),
        "overhead": round(min(by_http) / min(by_command) - 1, 3),
    }


def crowd(server: Server, n_clients: int) -> dict[str, Any]:
    """Let many clients send a song at once; those that are sent away come again."""
    content = sound(20.0)

    def client(_: int) -> list[tuple[int, bool]]:
        told: list[tuple[int, bool]] = []
        while not told or told[-1][0] == 429:
            status, headers, _ms = server.ask("/v1/predict", content)
            told.append((status, "retry-after" in headers))
            if status == 429:
                time.sleep(min(2.0, float(headers.get("retry-after", 1))))
        return told

    with ThreadPoolExecutor(n_clients) as pool:
        begun_s = time.perf_counter()
        told = list(pool.map(client, range(n_clients)))
        took_s = time.perf_counter() - begun_s
    refused = [has_time for each in told for status, has_time in each if status == 429]
    return {
        "n_clients": n_clients,
        "first_answers": dict(Counter(str(each[0][0]) for each in told)),
        "served": sum(each[-1][0] == 200 for each in told),
        "n_429": len(refused),
        "n_429_without_retry_after": refused.count(False),
        "seconds": round(took_s, 2),
    }


def slow(server: Server, n_slow: int, n_asked: int) -> dict[str, Any]:
    """Let clients begin uploads and not go on, and ask others' questions beside them."""
    head = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n\r\nRIFF"
    with contextlib.ExitStack() as stack:
        for _ in range(n_slow):
            connection = socket.create_connection(("127.0.0.1", server.port))
            stack.enter_context(connection)
            connection.sendall(head)
        answers = [server.ask("/healthz") for _ in range(n_asked)]
        scored = server.ask("/v1/predict", sound(5.0))
    return {
        "n_slow": n_slow,
        "health": {**quantiles([ms for _, _, ms in answers]), "ok": all_ok(answers)},
        "predict_status": scored[0],
        "predict_ms": round(scored[2], 1),
    }


def memory(server: Server, n_uploads: int) -> dict[str, Any]:
    """Send short songs, and compare memory after a tenth of them and after all."""
    content = sound(3.0)
    n_first = max(1, n_uploads // 10)
    for number in range(n_uploads):
        if number == n_first:
            first_mb = server.resident_mb()
        assert server.ask("/v1/predict", content)[0] == 200
    last_mb = server.resident_mb()
    return {
        "n_uploads": n_uploads,
        "after_a_tenth_mb": round(first_mb, 1),
        "after_all_mb": round(last_mb, 1),
    }


def searches(server: Server, n_songs: int, n_asked: int) -> dict[str, Any]:
    """Ask searches, one after another."""
    paths = [f"/v1/search?q={QUERIES[n % len(QUERIES)]}&per_page=50" for n in range(n_asked)]
    answers = [server.ask(path) for path in paths]
    return {
        "n_songs": n_songs,
        **quantiles([ms for _, _, ms in answers[len(QUERIES) :]]),
        "ok": all_ok(answers),
    }


def all_ok(answers: Sequence[tuple[int, dict[str, str], float]]) -> bool:
    return all(status == 200 for status, _, _ in answers)


def quantiles(values_ms: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values_ms, n=100, method="inclusive")
    return {"p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1)}


@contextlib.contextmanager
def serving(db: Path) -> Iterator[Server]:
    server = Server(db)
    try:
        yield server
    finally:
        server.stop()


def fill(db: Path, n_songs: int) -> None:
    """Make a library in a process of its own, whose memory is none of ours."""
    program = (
        "import sys, search; from pathlib import Path; from affetto.library import Library\n"
        "with Library(Path(sys.argv[1])) as library: search.fill(library, int(sys.argv[2]))"
    )
    command = [sys.executable, "-c", program, str(db), str(n_songs)]
    subprocess.run(command, check=True, cwd=Path(__file__).parent)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    db = folder / "library.sqlite"
    reporting.say(f"filling a library with {options.n_songs:,} songs")
    fill(db, options.n_songs)
    is_quick = options.quick
    with serving(db) as server:
        server.ask("/v1/predict", sound(3.0))
        found: dict[str, Any] = {}
        reporting.say("the same songs by the command and over HTTP")
        found["overhead"] = overhead(server, folder, 2 if is_quick else 10, 5 if is_quick else 120)
        reporting.say("a crowd")
        found["crowd"] = crowd(server, options.n_clients)
        reporting.say("slow clients")
        found["slow"] = slow(server, 20 if is_quick else 200, 20 if is_quick else 200)
        reporting.say("searches")
        found["search"] = searches(server, options.n_songs, 20 if is_quick else 300)
        reporting.say("many uploads")
        found["memory"] = memory(server, options.n_uploads)
    return {"schema_version": SCHEMA_VERSION, "machine": reporting.machine(), **found}


def table(found: dict[str, Any]) -> str:
    machine, over, many = found["machine"], found["overhead"], found["crowd"]
    slow_, asked, memory_ = found["slow"], found["search"], found["memory"]
    firsts = ", ".join(f"{n} x {status}" for status, n in sorted(many["first_answers"].items()))
    return "\n".join(
        [
            f"{machine['processor']}; {machine['system']}, Python {machine['python']}",
            "",
            f"{over['n_songs']} songs of {over['song_s']} s: command {over['command_s']} s, HTTP"
            f" {over['http_s']} s ({over['overhead']:+.1%})",
            f"{many['n_clients']} clients at once, queue {QUEUE}: first {firsts}; in the end"
            f" {many['served']} served, in {many['seconds']} s",
            f"    429: {many['n_429']}, without Retry-After: {many['n_429_without_retry_after']}",
            f"beside {slow_['n_slow']} slow uploads: /healthz p50 {slow_['health']['p50_ms']} ms,"
            f" p99 {slow_['health']['p99_ms']} ms; a song {slow_['predict_status']} in"
            f" {slow_['predict_ms']} ms",
            f"search in {asked['n_songs']:,} songs: p50 {asked['p50_ms']} ms, p99"
            f" {asked['p99_ms']} ms",
            f"memory after {memory_['n_uploads'] // 10:,} uploads {memory_['after_a_tenth_mb']} MB,"
            f" after {memory_['n_uploads']:,} {memory_['after_all_mb']} MB",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = reporting.parser(__doc__, "a tenth and less of everything")
    parser.add_argument("--n-songs", type=int, help="songs in the library (100,000)")
    parser.add_argument("--n-clients", type=int, help="clients of the crowd (64)")
    parser.add_argument("--n-uploads", type=int, help="uploads for the memory (1,000)")
    options = parser.parse_args(arguments)
    n_songs, n_clients, n_uploads = (500, 24, 20) if options.quick else (100_000, 64, 1_000)
    options.n_songs = options.n_songs or n_songs
    options.n_clients = options.n_clients or n_clients
    options.n_uploads = options.n_uploads or n_uploads
    with tempfile.TemporaryDirectory(prefix="affetto-benchmark-") as folder:
        found = measure(options, Path(folder))
    reporting.report(found, table(found), options.json)


if __name__ == "__main__":
    main()
