"""The four pieces: small, sound technically, and rendered by the program beside them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

import affetto

EXAMPLES = Path(__file__).parents[2] / "examples"
PIECES = ("q1-sunny-parade", "q2-iron-gate", "q3-empty-room", "q4-still-water")
ENCODER = "1.2.2"  # of libsndfile, which encoded the files

Samples = npt.NDArray[np.float64]


def decoded(path: Path) -> tuple[Samples, int]:
    """Give samples (n_frames, n_channels) and their rate in Hz."""
    samples, sample_rate = soundfile.read(path, always_2d=True)
    return samples, sample_rate


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-20))


def levels_db(samples: Samples, n_frames: int) -> npt.NDArray[np.float64]:
    """Give the level of each stretch of `n_frames`."""
    whole = samples[: len(samples) // n_frames * n_frames]
    return np.array([level_db(part) for part in whole.reshape(-1, n_frames * samples.shape[1])])


def test_pieces_take_less_than_a_megabyte_together() -> None:
    files = sorted(EXAMPLES.glob("*.opus"))
    assert [file.stem for file in files] == list(PIECES)
    assert sum(file.stat().st_size for file in files) < 1_000_000


@pytest.mark.parametrize("piece", PIECES)
def test_piece_lasts_about_twenty_seconds_in_stereo(piece: str) -> None:
    samples, sample_rate = decoded(EXAMPLES / f"{piece}.opus")
    assert samples.shape[1] == 2
    assert 20 <= len(samples) / sample_rate <= 25
    assert not np.allclose(samples[:, 0], samples[:, 1])


@pytest.mark.parametrize("piece", PIECES)
def test_piece_says_that_it_is_in_the_public_domain(piece: str) -> None:
    with soundfile.SoundFile(EXAMPLES / f"{piece}.opus") as file:
        assert (file.artist, file.license) == ("affetto", "CC0-1.0")
        assert file.title.lower() == piece.split("-", 1)[1].replace("-", " ")


@pytest.mark.parametrize("piece", PIECES)
def test_piece_neither_clips_nor_pauses_nor_breaks_off(piece: str) -> None:
    samples, sample_rate = decoded(EXAMPLES / f"{piece}.opus")
    assert np.abs(samples).max() < 1
    assert np.abs(samples.mean(axis=0)).max() < 1e-3
    half_seconds = levels_db(samples, sample_rate // 2)
    assert half_seconds[:-4].min() > -50
    assert np.abs(samples[:48]).max() < 0.01
    assert level_db(samples[-sample_rate // 100 :]) < -60


@pytest.mark.parametrize("piece", PIECES)
def test_default_bundle_places_piece_in_its_own_quadrant(piece: str) -> None:
    assert affetto.predict(EXAMPLES / f"{piece}.opus").quadrant == piece[:2].upper()


def test_excited_pieces_are_louder_and_brighter_than_calm_ones() -> None:
    loud, bright = {}, {}
    for piece in PIECES:
        samples, sample_rate = decoded(EXAMPLES / f"{piece}.opus")
        spectrum = np.abs(np.fft.rfft(samples.mean(axis=1))) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / sample_rate)
        loud[piece[:2]] = level_db(samples)
        bright[piece[:2]] = float(spectrum[hz > 1000].sum() / spectrum.sum())
    assert min(loud["q1"], loud["q2"]) > max(loud["q3"], loud["q4"]) + 6
    assert min(bright["q1"], bright["q2"]) > 1.5 * max(bright["q3"], bright["q4"])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_program_renders_the_pieces_that_are_shipped(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, EXAMPLES / "compose.py", "--out", tmp_path],
        check=True,
        capture_output=True,
    )
    same_encoder = ENCODER in soundfile.__libsndfile_version__
    for piece in PIECES:
        rendered, _ = decoded(tmp_path / f"{piece}.opus")
        shipped, _ = decoded(EXAMPLES / f"{piece}.opus")
        assert rendered.shape == shipped.shape
        # Equal bit for bit on one machine; another processor or encoder rounds differently.
        difference_db = level_db(rendered - shipped) - level_db(shipped)
        assert difference_db < (-40 if same_encoder else -10), piece
