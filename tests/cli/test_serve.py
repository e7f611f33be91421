"""`affetto serve`: the real command, what it prints, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from affetto.cli import main
from tests.cli.command import AFFETTO

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@contextmanager
def serving(bundle: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command while the block lasts; give its process and the line with its address."""
    process = subprocess.Popen(
        [*AFFETTO, "serve", "--port", "0", "--bundle", str(bundle), "--jobs", "1", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        yield process, process.stderr.readline()
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def address_of(line: str) -> str:
    assert line.startswith("affetto: serving on http://"), line
    return line.split()[3].rstrip(";")


@posix_only
def test_serve_answers_until_ctrl_c_and_ends_well(bundle: Path, album: Path) -> None:
    with serving(bundle) as (process, line):
        assert line.rstrip().endswith("; Ctrl-C stops it")
        address = address_of(line)
        assert address.startswith("http://127.0.0.1:")
        song = (album / "1.wav").read_bytes()
        answer = httpx.post(f"{address}/v1/predict", content=song, timeout=60, trust_env=False)
        assert (answer.status_code, answer.json()["bundle"]) == (200, "tiny 1.0")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "affetto: stopped\n")


@posix_only
def test_serve_ends_by_sigterm_too(bundle: Path) -> None:
    with serving(bundle) as (process, _):
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (143, "", "")


@posix_only
def test_serve_for_others_makes_up_a_token_and_asks_for_it(bundle: Path) -> None:
    with serving(bundle, "--host", "0.0.0.0") as (process, line):
        assert process.stderr is not None
        token = process.stderr.readline().split("token: ")[1].strip()
        address = address_of(line).replace("0.0.0.0", "127.0.0.1")
        url = f"{address}/v1/bundles"
        assert httpx.get(url, trust_env=False).status_code == 401
        headers = {"authorization": f"Bearer {token}"}
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--token", "long-enough", "--no-auth"], "a token and no_auth exclude each other"),
        (["--cors", "example.org"], "'example.org' is no origin"),
        (["--max-upload-mb", "0"], "is not a positive number"),
        (["--host", "192.0.2.1", "--no-auth"], "cannot be listened to"),
        (["--bundle", "nothing"], "there is no bundle"),
    ],
)
def test_serve_refuses_what_makes_no_sense_in_one_sentence(
    capsys: pytest.CaptureFixture[str], bundle: Path, arguments: list[str], what: str
) -> None:
    assert main(["serve", "--port", "0", "--bundle", str(bundle), *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert what in err


def test_port_in_use_is_one_sentence(capsys: pytest.CaptureFixture[str], bundle: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), "--bundle", str(bundle)]) == 2
    assert capsys.readouterr().err == (
        f"affetto: port {port} of 127.0.0.1 is in use; end the program that has it, "
        "or name another port\n"
    )
