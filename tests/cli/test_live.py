"""`affetto live`: raw sound through a real pipe, lines and OSC datagrams out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from affetto.cli import main
from affetto.core import Timeline
from affetto.live import SAMPLE_FORMATS, RawSamples
from affetto.prediction import predict
from tests.cli.command import AFFETTO
from tests.helpers import Samples, chirp

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals and named pipes of POSIX")

RATE_HZ = 8_000
SOUND = chirp(4.0, RATE_HZ, 2) * np.linspace(0.02, 1, 4 * RATE_HZ, dtype=np.float32)[:, np.newaxis]
TOLERANCE = 2e-3  # of samples in 16 bits, and of scores with four digits


def s16(sound: Samples) -> bytes:
    return np.round(sound * 32_767).astype("<i2").tobytes()


def piped(content: bytes, bundle: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*AFFETTO, "live", "-", "--rate", str(RATE_HZ), "--bundle", str(bundle), *arguments],
        input=content,
        capture_output=True,
        timeout=120,
        check=False,
    )


@contextlib.contextmanager
def running(bundle: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command with both ends of its pipes in our hands."""
    process = subprocess.Popen(
        [*AFFETTO, "live", *arguments, "--rate", str(RATE_HZ), "--bundle", str(bundle)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def compare(found: list[dict[str, Any]], wanted: Timeline) -> None:
    """See that windows are those of a file's timeline; the end of a file has one more."""
    assert len(wanted) - len(found) in (0, 1)
    columns = wanted.to_dict()
    for number, moment in enumerate(found):
        assert moment["type"] == "scores"
        for name in ("start_s", "end_s", "valence", "arousal", "weight"):
            assert moment[name] == pytest.approx(columns[name][number], abs=TOLERANCE)
        tags = {tag: column[number] for tag, column in columns["tags"].items()}
        assert moment["tags"] == pytest.approx(tags, abs=TOLERANCE)


def test_windows_of_a_pipe_are_those_of_predict(bundle: Path) -> None:
    done = piped(s16(SOUND), bundle)
    assert (done.returncode, done.stderr) == (0, b"")
    compare(lines(done.stdout), predict((SOUND, RATE_HZ), bundle).timeline)


def test_pipe_of_a_player_is_scored(bundle: Path, album: Path) -> None:
    program = (
        "import sys, soundfile\n"
        "sound, _ = soundfile.read(sys.argv[1], dtype='float32')\n"
        "sys.stdout.buffer.write(sound.tobytes())"
    )
    command = [sys.executable, "-c", program, str(album / "1.wav")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as player:
        done = subprocess.run(
            [*AFFETTO, "live", "-", "--rate", "8000", "--channels", "1", "--sample-format",
             "f32le", "--bundle", str(bundle)],
            stdin=player.stdout, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0
    compare(lines(done.stdout), predict(album / "1.wav", bundle).timeline)


def test_line_is_there_while_the_sound_goes_on(bundle: Path) -> None:
    with running(bundle, "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for second in range(2):
            process.stdin.write(s16(SOUND[second * RATE_HZ : (second + 1) * RATE_HZ]))
            process.stdin.flush()
            (moment,) = lines(process.stdout.readline())
            assert moment["start_s"] == pytest.approx(0.48 * second)


@posix_only
def test_ctrl_c_ends_it_with_whole_lines(bundle: Path) -> None:
    with running(bundle, "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(s16(SOUND))
        process.stdin.flush()
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (130, b"affetto: interrupted")
    assert len(lines(first + rest)) >= 1


@posix_only
def test_named_pipe_is_heard(bundle: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mpd.fifo")
    with running(bundle, str(tmp_path / "mpd.fifo")) as process:
        with (tmp_path / "mpd.fifo").open("wb") as player:
            player.write(s16(SOUND))
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    compare(lines(out), predict((SOUND, RATE_HZ), bundle).timeline)


def test_table_shows_places_tags_and_silence_in_80_columns(bundle: Path) -> None:
    sound = np.concatenate([SOUND, np.zeros_like(SOUND)])
    shown = piped(s16(sound), bundle, "--format", "table").stdout.decode().splitlines()
    assert shown[0].split() == ["time", "valence", "arousal", "strongest", "tags"]
    assert shown[1].split()[0] == "0:01.0"
    assert shown[1].count(",") == 2
    assert shown[-1].split() == ["0:07.7", "-", "-", "silence"]
    assert max(map(len, shown)) <= 80


def test_top_limits_the_tags(bundle: Path) -> None:
    for moment in lines(piped(s16(SOUND), bundle, "--top", "2").stdout):
        first, second = moment["tags"].values()
        assert first >= second


def test_osc_messages_reach_a_socket(bundle: Path) -> None:
    pytest.importorskip("pythonosc", reason="the extra `live` is not installed")
    from pythonosc.osc_bundle import OscBundle

    sound = np.concatenate([SOUND, np.zeros_like(SOUND)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(30)
        port = listening.getsockname()[1]
        done = piped(s16(sound), bundle, "--osc", f"127.0.0.1:{port}")
        assert (done.returncode, done.stderr) == (0, b"")
        for moment in lines(done.stdout):
            content = listening.recv(65_536)
            heard = {each.address: each.params for each in OscBundle(content)}
            assert heard["/affetto/window"] == pytest.approx([moment["start_s"], moment["end_s"]])
            assert heard["/affetto/silence"] == [int(moment["weight"] == 0)]
            if moment["weight"] == 0:
                assert len(heard) == 2
                continue
            assert heard["/affetto/valence"] == pytest.approx([moment["valence"]])
            assert heard["/affetto/arousal"] == pytest.approx([moment["arousal"]])
            assert heard["/affetto/quadrant"] == [moment["quadrant"]]
            tags = {f"/affetto/tags/{tag}": [score] for tag, score in moment["tags"].items()}
            assert {name: heard[name] for name in tags} == {
                name: pytest.approx(value) for name, value in tags.items()
            }


def test_window_with_many_tags_is_sent_in_pieces_that_a_network_carries() -> None:
    pytest.importorskip("pythonosc", reason="the extra `live` is not installed")
    from pythonosc.osc_bundle import OscBundle

    from affetto.cli.osc import Osc

    tags = {f"a_tag_with_a_long_name_{number}": 0.5 for number in range(100)}
    moment = {
        "start_s": 0.0, "end_s": 1.0, "weight": 1.0, "valence": 0.1, "arousal": 0.2,
        "quadrant": "Q1", "tags": tags,
    }  # fmt: skip
    addresses: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(30)
        with Osc(f"127.0.0.1:{listening.getsockname()[1]}") as osc:
            osc.send(moment)
        while len(addresses) < 105:
            content = listening.recv(65_536)
            assert len(content) <= 1_472
            addresses += [each.address for each in OscBundle(content)]
    assert [name for name in addresses if "/tags/" in name] == [f"/affetto/tags/{t}" for t in tags]


@pytest.mark.parametrize(
    ("content", "arguments", "code", "what"),
    [
        (b"", (), 1, "0.0 s of sound came, too little for a window; send at least 1.0 s"),
        (s16(SOUND[:4_000]), (), 1, "0.5 s of sound came"),
        (b"RIFF....WAVEfmt ", (), 2, "these are not raw samples but a file (WAV); decode it"),
        (b"ID3\x03", (), 2, "but a file (MP3); decode it"),
        (b"", ("--hop-s", "0.01"), 2, "a hop of 0.01 s is too short"),
        (b"", ("--rate", "10"), 2, "10 Hz is no rate of sound"),
        (b"", ("--osc", "9000"), 2, "--osc '9000' is no HOST:PORT; write it as localhost:9000"),
        (b"", ("--osc", "localhost:99999"), 2, "is no HOST:PORT"),
        (b"", ("--device", "2"), 2, "--device is for the microphone"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    bundle: Path, content: bytes, arguments: tuple[str, ...], code: int, what: str
) -> None:
    done = piped(content, bundle, *arguments)
    assert (done.returncode, done.stdout) == (code, b"")
    text = done.stderr.decode()
    assert len(text.splitlines()) == 1
    assert what in text


def test_pipe_that_is_not_there_is_one_sentence(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["live", str(tmp_path / "none.fifo"), "--bundle", str(bundle)]) == 1
    assert capsys.readouterr().err.endswith("none.fifo: there is no such pipe\n")


@pytest.mark.parametrize(
    ("module", "arguments"),
    [("sounddevice", []), ("pythonosc", ["-", "--osc", "localhost:9000"])],
)
def test_missing_extra_is_one_sentence(
    bundle: Path,
    module: str,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["live", "--bundle", str(bundle), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "run: pip install 'affetto[live]'" in line


def test_sample_formats_of_the_command_are_those_of_the_library() -> None:
    from affetto.cli.live import SAMPLE_FORMATS as NAMES

    assert sorted(NAMES) == sorted(SAMPLE_FORMATS)


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
def test_raw_samples_mean_the_same_however_they_are_cut(name: str) -> None:
    kind = SAMPLE_FORMATS[name]
    scale = 2 ** (8 * kind.itemsize - 1) - 1 if kind.kind == "i" else 1
    sound = SOUND[:1000]
    content = (sound.astype(np.float64) * scale).astype(kind).tobytes()
    raw = RawSamples(name, 2)
    parts = [raw.push(content[first : first + 7]) for first in range(0, len(content), 7)]
    np.testing.assert_allclose(np.concatenate(parts), sound, atol=1e-4)
