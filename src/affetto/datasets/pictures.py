"""From a picture of a spectrogram back to a spectrogram.

The pictures (640 x 480 pixels, viridis) were drawn with matplotlib's `specgram`: power in dB of
Hamming windows of 1024 samples every 512, at 22,050 Hz, scaled so that the picture's lowest
value gets the first color and its highest the last. Reading one back takes three steps:

1. Each pixel's color is one of viridis' 256 (to within rounding), so it gives a value in [0, 1].
2. Pixels repeat or skip: column c shows frame floor((c + 0.5) * n_frames / 640), row r counted
   from below shows bin floor((r + 0.5) * 513 / 480); skipped bins are interpolated in dB.
3. The range in dB is lost with the level, but a trace is left: above the MP3s' low-pass there is
   no sound, so what stands there is the leakage of the Hamming window, a fixed distance below
   the frame's maximum. On clips that we drew in the same way, low-passed at 8.3 kHz, that
   distance (the median over frames of maximum minus median above 8.6 kHz) was 74.4 dB with a
   standard deviation of 2.3 %; hence range = 74.4 dB / distance in the picture.

The level itself stays unknown: a picture gets the level that is typical of music, and networks
that are to learn from pictures and sound normalize each window.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from affetto.core import BoolArray, Example, FloatArray, IntArray, Spectrogram
from affetto.errors import BadConfig, DatasetInvalid, MissingExtra
from affetto.frontends import FrontEnd, fingerprint
from affetto.frontends.frames import TYPICAL_LEVEL_DB

SAMPLE_RATE, N_FFT, HOP_LENGTH = 22_050, 1024, 512
N_SAMPLES = 65_536  # shown in a picture
N_BINS = N_FFT // 2 + 1
N_FRAMES = 1 + (N_SAMPLES - N_FFT) // HOP_LENGTH  # 127
DURATION_S = N_SAMPLES / SAMPLE_RATE  # 2.97

PICTURE_READER = "picture-2"
LEAKAGE_DB = 74.4
LOW_PASS_BIN = 400  # 8.6 kHz
BLANK_SHARE = 0.5
MAX_COLOR_DISTANCE = 30  # squared, over the three channels of 0 to 255


class PictureBlank(DatasetInvalid):
    """A picture that can be read, but shows no spectrogram."""


def read_picture(example: Example, front_end: FrontEnd) -> Spectrogram:
    """Give a picture's spectrogram in the space of a log-mel front end, with or without pitches:
    frames as short as a picture's do not tell these, so they are left at the floor.

    Raises: BadConfig for a front end whose frames are others than the pictures';
    DatasetInvalid for a picture that is damaged or blank.
    """
    config = front_end.config
    of_power = getattr(front_end, "of_power", None)
    frames = (getattr(config, "n_fft", 0), front_end.hop_length, front_end.sample_rate)
    if of_power is None or frames != (N_FFT, HOP_LENGTH, SAMPLE_RATE):
        raise BadConfig(
            "the pictures of CAL500 hold frames of 1024 samples every 512 at 22,050 Hz",
            "take the front end logmel or mel_pitch with n_fft 1024, hop_length 512 and "
            "sample_rate 22050",
        )
    level_db = spectrum_db(picture_values(example.path))
    bands = of_power(10 ** (level_db / 10))
    pitches = np.full((front_end.n_pitches, bands.shape[1]), front_end.floor, bands.dtype)
    return Spectrogram(
        values=np.concatenate([bands - bands.mean() + TYPICAL_LEVEL_DB, pitches]),
        sample_rate=SAMPLE_RATE,
        hop_length=HOP_LENGTH,
        fingerprint=fingerprint(front_end),
        start_s=HOP_LENGTH / SAMPLE_RATE,
    )


def picture_values(path: Path) -> FloatArray:
    """Give the pixels' values (480, 640) in [0, 1], lowest frequency first.

    Stray columns (a blank strip) take the values of the nearest good column. Raises:
    PictureBlank unless half of the columns hold viridis' colors alone; DatasetInvalid for a
    file that is no picture.
    """
    values, is_good = _pixels(path)
    good = np.flatnonzero(is_good)
    if len(good) < BLANK_SHARE * len(is_good):
        raise PictureBlank(f"{path} is blank or not drawn in viridis", "leave it out")
    nearest = good[np.abs(np.arange(len(is_good))[:, None] - good[None]).argmin(axis=1)]
    found: FloatArray = values[::-1, nearest]
    return found


def blank_share(path: Path) -> float:
    """Give the share of a picture's columns that hold other colors than viridis'.

    Raises: DatasetInvalid for a file that is no picture.
    """
    _, is_good = _pixels(path)
    return 1 - float(is_good.mean())


def spectrum_db(values: FloatArray) -> FloatArray:
    """Give the spectrum (513, 127) of pixel values (n_rows, n_columns) in [0, 1], in dB below the
    loudest bin."""
    shown = values[:, _centers(N_FRAMES, values.shape[1])]
    rows = _centers_of_bins(values.shape[0])
    bins = np.arange(N_BINS)
    spectrum = np.stack([np.interp(bins, rows, column) for column in shown.T], axis=1)
    distance = np.median(spectrum.max(axis=0) - np.median(spectrum[LOW_PASS_BIN:], axis=0))
    range_db = float(np.clip(LEAKAGE_DB / max(float(distance), 1e-6), 60.0, 250.0))
    level_db: FloatArray = (spectrum - spectrum.max()) * range_db
    return level_db


def _pixels(path: Path) -> tuple[FloatArray, BoolArray]:
    """Give the values (n_rows, n_columns), highest frequency first, and which columns are good."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise MissingExtra(
            "reading pictures needs pillow", "run: pip install 'affetto[train]'"
        ) from error
    try:
        with Image.open(path) as image:
            palette, index = _indexed(image)
    except (UnidentifiedImageError, OSError) as error:
        raise DatasetInvalid(f"{path} is not a picture that can be read", "restore it") from error
    distance = np.square(palette[:, None] - viridis()[None]).sum(axis=2)
    known = (distance.min(axis=1) <= MAX_COLOR_DISTANCE)[index]
    values = (distance.argmin(axis=1) / 255).astype(np.float32)[index]
    return values, known.all(axis=0)


def _indexed(image: Any) -> tuple[IntArray, IntArray]:
    """Give a picture's colors (n_colors, 3) and the color of each pixel (n_rows, n_columns)."""
    if image.mode == "P":  # as CAL500's pictures are: three times as fast as looking for colors
        return np.reshape(image.getpalette("RGB"), (-1, 3)), np.asarray(image)
    pixels = np.asarray(image.convert("RGB"), dtype=np.int64)
    codes, index = np.unique(pixels @ (65_536, 256, 1), return_inverse=True)
    palette = np.stack([codes // 65_536, codes // 256 % 256, codes % 256], axis=1)
    return palette, index.reshape(pixels.shape[:2])


def _centers(n_cells: int, n_pixels: int) -> IntArray:
    """Give for each cell the pixel in its middle."""
    return np.floor((np.arange(n_cells) + 0.5) * n_pixels / n_cells).astype(np.int64)


def _centers_of_bins(n_rows: int) -> IntArray:
    """Give for each row of pixels the frequency bin that it shows."""
    return np.floor((np.arange(n_rows) + 0.5) * N_BINS / n_rows).astype(np.int64)


@lru_cache
def viridis() -> IntArray:
    """Give the 256 colors of viridis as (256, 3) whole numbers from 0 to 255."""
    try:
        from matplotlib import colormaps
    except ImportError as error:
        raise MissingExtra(
            "reading pictures needs matplotlib", "run: pip install 'affetto[train]'"
        ) from error
    return np.round(colormaps["viridis"](np.arange(256))[:, :3] * 255).astype(np.int64)
