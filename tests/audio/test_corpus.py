"""Every input of the corpus ends as the corpus says, in plain words and without noise."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from affetto.audio import display, find, read, stream
from affetto.core import Failure
from affetto.errors import AffettoError
from tests.corpus import RATE_HZ, Case
from tests.helpers import chirp, encode

Outcome = tuple[str, str | None, frozenset[str]]


def outcome_of(path: Path, *, whole: bool) -> tuple[Outcome, list[str]]:
    """Take a path as the command line does: find it, then read it; give the sentences too."""
    (found,) = find([path])
    if isinstance(found, Failure):
        return ("failed", found.code, frozenset()), [found.message, found.hint]
    try:
        if whole:
            waveform, info = read(found, RATE_HZ)
            n_samples = len(waveform.samples)
        else:
            with stream(found, RATE_HZ) as blocks:
                n_samples = sum(len(block.samples) for block in blocks)
                info = blocks.info
    except AffettoError as error:
        return ("failed", error.code, frozenset()), [error.message, error.hint]
    assert n_samples == pytest.approx(info.duration_s * RATE_HZ, abs=2)
    codes = frozenset(notice.code for notice in info.notices)
    return ("scored", None, codes), [notice.message for notice in info.notices]


def stated(case: Case) -> Outcome:
    return case.outcome, case.code, case.notices


@pytest.mark.timeout(60)  # the named pipe in it must not be waited for
@pytest.mark.parametrize("whole", [True, False], ids=["read", "stream"])
def test_corpus_ends_as_stated(corpus: list[Case], whole: bool) -> None:
    outcomes = {case.name: outcome_of(case.path, whole=whole)[0] for case in corpus}
    assert outcomes == {case.name: stated(case) for case in corpus}


def test_corpus_names_are_unique(corpus: list[Case]) -> None:
    names = [case.name for case in corpus]
    assert len(set(names)) == len(names)


def test_failure_is_one_line_that_names_the_file_and_has_a_hint(corpus: list[Case]) -> None:
    for case in corpus:
        if case.outcome == "failed":
            _, (message, hint) = outcome_of(case.path, whole=True)
            assert message.startswith(f"{display(case.path)}: "), case.name
            assert hint, case.name
            assert (message + hint).isprintable(), case.name


def test_notice_is_one_line(corpus: list[Case]) -> None:
    for case in corpus:
        if case.outcome == "scored":
            _, messages = outcome_of(case.path, whole=True)
            assert all(message and message.isprintable() for message in messages), case.name


def test_decoders_write_nothing_to_the_terminal(
    corpus: list[Case], capfd: pytest.CaptureFixture[str]
) -> None:
    for case in corpus:
        outcome_of(case.path, whole=True)
        assert capfd.readouterr() == ("", ""), case.name


@pytest.fixture(scope="module")
def whole_files(songs: Path) -> dict[str, bytes]:
    """Give short files of many formats, to be damaged."""
    song = chirp(1.5, 44_100, n_channels=2)
    formats = {
        "wav": "pcm_s16le", "aiff": "pcm_s16be", "flac": "flac", "ogg": "libopus",
        "mp3": "libmp3lame", "mp4": "aac", "adts": "aac", "asf": "wmav2", "matroska": "aac",
        "mpegts": "mp2", "avi": "mp3", "wv": "wavpack", "flv": "aac",
    }  # fmt: skip
    files = {}
    for container, codec in formats.items():
        rate = 48_000 if codec == "libopus" else 44_100
        path = encode(songs / f"whole.{container}", song, rate, codec, container=container)
        files[container] = path.read_bytes()
    return files


def damaged(content: bytes, generator: random.Random) -> bytes:
    """Cut, overwrite, wipe out, insert or take out some bytes."""
    data = bytearray(content)
    at = generator.randrange(len(data))
    near_start = generator.randrange(min(len(data), 400))
    n_bytes = generator.choice((1, 4, 100, 5_000))
    match generator.randrange(6):
        case 0:
            del data[at:]
        case 1:
            data[at : at + n_bytes] = generator.randbytes(n_bytes)
        case 2:
            data[near_start : near_start + 4] = generator.randbytes(4)
        case 3:
            data[at : at + n_bytes] = bytes(n_bytes)
        case 4:
            data[at:at] = generator.randbytes(n_bytes)
        case 5:
            del data[at : at + n_bytes]
    return bytes(data)


def test_damage_of_any_kind_ends_in_sound_or_in_a_sentence(
    whole_files: dict[str, bytes], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "damaged.bin"
    for container, content in whole_files.items():
        for seed in range(25):
            generator = random.Random(f"{container} {seed}")
            path.write_bytes(damaged(content, generator))
            try:
                waveform, _ = read(path, RATE_HZ)
            except AffettoError as error:
                assert display(path) in error.message, (container, seed)
                assert error.hint, (container, seed)
            else:
                assert np.isfinite(waveform.samples).all(), (container, seed)
            assert capfd.readouterr() == ("", ""), (container, seed)
