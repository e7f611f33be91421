"""Bark spectrograms and chroma of whole songs, rebuilt from the Echo Nest's analyses of CAL500.

Layout, under `<root>/cal500/derived`: `echonest_index.csv` (a row for each song: its name, its
rows in the arrays, its duration), `echonest_segments_502.npz` (the sound events of all songs one
after the other: start in seconds, 12 timbre values, 12 pitch classes), `ENTimbreTJ.mat` (the
basis that timbre is written in: `mean` (23, 20), `bases` (23, 20, 11)).

An event's timbre is the level of 23 Bark bands in 20 steps of time, in dB:
`mean + timbre[0] + sum over k of timbre[k] * bases[..., k - 1]`. The first ten steps last 128
samples at 22,050 Hz each, the other ten share the rest of the event. From there to the frames
of the front end `bark`: the power of every stretch of 128 samples, averaged under the square of
the frame's window, in dB again; silence before and after the song. The Echo Nest counts its
decibels up from 60 below full scale, so 60 are taken off; its bands are weighted as the ear is,
so a band has another mean and deviation than in sound, and networks that are to learn from both
standardize each band. Pitch classes are averaged likewise, and divided by the strongest again.

Sources: T. Jehan, "Creating music by listening", MIT 2005; T. Bertin-Mahieux, D. P. W. Ellis,
B. Whitman, P. Lamere, "The Million Song Dataset", ISMIR 2011.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from affetto.core import Example, FloatArray, IntArray, Interval, Spectrogram
from affetto.datasets.base import Loading, number, parse, require, rows, section_of
from affetto.datasets.matlab import read_arrays
from affetto.errors import BadConfig, DatasetInvalid
from affetto.frontends import FrontEnd, fingerprint
from affetto.frontends.bark import Bark, BarkConfig, chroma_rows
from affetto.frontends.frames import hamming, to_db

SAMPLE_RATE = 22_050
GRAIN = 128
"""Samples in a step of time of an event's beginning."""
N_BANDS, N_STEPS, N_TIMBRE, N_CLASSES = 23, 20, 12, 12
N_SHORT_STEPS = 10
FULL_SCALE_DB = 60.0

_GRAIN_S = GRAIN / SAMPLE_RATE
_EVENTS, _INDEX, _BASIS = "echonest_segments_502.npz", "echonest_index.csv", "ENTimbreTJ.mat"
_HINT = "take the file as it was distributed"

Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """A song's events: start_s (n,), timbre (n, 12), pitches (n, 12); and the song's length."""

    start_s: npt.NDArray[np.float64]
    timbre: FloatArray
    pitches: FloatArray
    duration_s: float

    def n_onsets(self, interval: Interval) -> int:
        """Count the events that begin in an interval."""
        first, end = np.searchsorted(self.start_s, (interval.start_s, interval.end_s))
        return int(end - first)


@dataclass(frozen=True, slots=True)
class Analyses:
    """The songs' events, and the basis of their timbre: (20 * 23,) and (11, 20 * 23).

    `bad` says with file and line why songs of the index are not among them.
    """

    songs: Mapping[str, Analysis]
    mean: FloatArray
    bases: FloatArray
    bad: tuple[str, ...] = ()


def events_path(base: Path) -> Path:
    """Give the file that holds the events of all songs, under `<root>/cal500`."""
    return base / "derived" / _EVENTS


def read_echonest(example: Example, front_end: FrontEnd) -> Spectrogram:
    """Give an example's Bark spectrogram; its path is the file of events, its song a row.

    Raises: BadConfig for another front end than bark at 22,050 Hz with frames of whole grains;
    DatasetMissing, DatasetInvalid.
    """
    config = front_end.config
    if not isinstance(front_end, Bark) or (
        config.sample_rate != SAMPLE_RATE or config.hop_length % GRAIN or config.n_fft % (2 * GRAIN)
    ):
        raise BadConfig(
            "the Echo Nest's analyses hold 23 Bark bands in steps of 128 samples at 22,050 Hz",
            "take the front end bark with sample_rate 22050, a hop_length that is a multiple of "
            "128, and an n_fft that is one of 256",
        )
    values = _song(example.path, _stamp(example.path, example.id), example.song, config)
    whole = Spectrogram(
        values=values,
        sample_rate=SAMPLE_RATE,
        hop_length=front_end.hop_length,
        fingerprint=fingerprint(front_end),
    )
    return section_of(whole, example)


def load_analyses(base: Path, dataset: str, loading: Loading | None = None) -> Analyses:
    """Read the analyses under `<root>/cal500`, once while they do not change.

    Raises: DatasetMissing; DatasetInvalid with file and line.
    """
    path = events_path(base)
    analyses = _load(path, _stamp(path, dataset))
    for sentence in analyses.bad:
        with (loading or Loading()).part():
            raise DatasetInvalid(sentence, _HINT)
    return analyses


def rebuild(song: Analysis, analyses: Analyses, config: BarkConfig) -> FloatArray:
    """Give a whole song as the front end bark would: (n_bins, 1 + n_samples // hop_length)."""
    n_frames = 1 + int(song.duration_s * SAMPLE_RATE) // config.hop_length
    margin = config.n_fft // 2 // GRAIN
    n_grains = n_frames * config.hop_length // GRAIN + 2 * margin
    times_s = np.arange(0.5 - margin, n_grains - margin, dtype=np.float64) * _GRAIN_S
    event, step = _places(song, times_s)
    is_song = ((times_s >= 0) & (times_s < song.duration_s))[:, None]

    level_db = analyses.mean + song.timbre[:, 1:] @ analyses.bases
    level_db += song.timbre[:, :1] - np.float32(FULL_SCALE_DB)
    steps = np.exp(level_db * np.float32(np.log(10) / 10)).reshape(-1, N_BANDS)
    power = steps[event * N_STEPS + step] * is_song
    parts = [to_db(_averaged(power, n_frames, config))]
    if config.n_chroma:
        classes = song.pitches[event] * is_song
        parts.append(chroma_rows(_averaged(classes, n_frames, config)))
    return np.concatenate(parts, axis=1).T


def _places(song: Analysis, times_s: npt.NDArray[np.float64]) -> tuple[IntArray, IntArray]:
    """Give the event at each time, and the step of it."""
    event = np.maximum(np.searchsorted(song.start_s, times_s, side="right") - 1, 0)
    ends_s = np.append(song.start_s[1:], song.duration_s)
    since_s = times_s - song.start_s[event]
    short_s = N_SHORT_STEPS * _GRAIN_S
    rest_s = np.maximum((ends_s - song.start_s)[event] - short_s, _GRAIN_S)
    later = N_SHORT_STEPS + (since_s - short_s) / rest_s * (N_STEPS - N_SHORT_STEPS)
    step = np.where(since_s < short_s, since_s / _GRAIN_S, later)
    return event, np.clip(step, 0, N_STEPS - 1).astype(np.int64)


def _averaged(grains: FloatArray, n_frames: int, config: BarkConfig) -> FloatArray:
    """Average grains (n_grains, n), the first of them at the start of frame 0, under frames."""
    weights = np.square(hamming(config.n_fft)).reshape(-1, GRAIN).sum(axis=1)
    weights /= weights.sum()
    stride = config.hop_length // GRAIN
    averaged = np.zeros((n_frames, grains.shape[1]), np.float32)
    for offset, weight in enumerate(weights):
        averaged += weight * grains[offset::stride][:n_frames]
    return averaged


def _stamp(path: Path, dataset: str) -> Stamp:
    """Give what changes when one of the three files does. Raises: DatasetMissing."""
    found = [require(path.with_name(name), dataset).stat() for name in (_EVENTS, _INDEX, _BASIS)]
    return tuple((status.st_mtime_ns, status.st_size) for status in found)


@lru_cache(maxsize=4)
def _song(path: Path, stamp: Stamp, song: str, config: BarkConfig) -> FloatArray:
    analyses = _load(path, stamp)
    return rebuild(analyses.songs[song], analyses, config)


@lru_cache(maxsize=1)
def _load(path: Path, _: Stamp) -> Analyses:
    arrays = _event_arrays(path)
    songs: dict[str, Analysis] = {}
    loading = Loading(skip_bad=True)  # whoever asks for the analyses decides about what is bad
    index = path.with_name(_INDEX)
    for line, row in rows(index, ("song", "row_begin", "row_end", "duration"), loading):
        with loading.part():
            new = "a song not above"
            name = parse(str, row["song"], index, line, lambda v: v not in songs, new)
            songs[name] = _analysis(row, arrays, path, line)
    basis = path.with_name(_BASIS)
    found = read_arrays(basis)
    shapes = {"mean": (N_BANDS, N_STEPS), "bases": (N_BANDS, N_STEPS, N_TIMBRE - 1)}
    for name, shape in shapes.items():
        if name not in found or found[name].shape != shape:
            raise DatasetInvalid(f"{basis} holds no array {name} of the shape {shape}", _HINT)
    return Analyses(
        songs=songs,
        mean=found["mean"].T.reshape(-1).astype(np.float32),
        bases=found["bases"].transpose(2, 1, 0).reshape(N_TIMBRE - 1, -1).astype(np.float32),
        bad=tuple(loading.left_out),
    )


def _analysis(
    row: dict[str, str], arrays: Mapping[str, npt.NDArray[np.floating]], path: Path, line: int
) -> Analysis:
    """Give the song of a row of the index. Raises: DatasetInvalid with file and line."""
    index = path.with_name(_INDEX)
    n_rows = len(arrays["segments_start"])
    allowed = range(n_rows)
    first = parse(int, row["row_begin"], index, line, allowed.__contains__, "a row of events")
    allowed = range(first + 1, n_rows + 1)
    end = parse(int, row["row_end"], index, line, allowed.__contains__, "one behind row_begin")
    start_s = arrays["segments_start"][first:end].astype(np.float64)
    if (np.diff(start_s) < 0).any():
        raise DatasetInvalid(f"{path}: the events of {row['song']} are not in their order", _HINT)
    return Analysis(
        start_s=start_s,
        timbre=arrays["segments_timbre"][first:end].astype(np.float32),
        pitches=arrays["segments_pitches"][first:end].astype(np.float32),
        duration_s=number(row["duration"], index, line, float(start_s[-1]), 1e5),
    )


def _event_arrays(path: Path) -> dict[str, npt.NDArray[np.floating]]:
    """Read the arrays of events: numbers, and as many of each. Raises: DatasetInvalid."""
    widths = {
        "segments_start": (),
        "segments_timbre": (N_TIMBRE,),
        "segments_pitches": (N_CLASSES,),
    }
    try:
        # Opened here: NumPy leaves a file that it cannot read open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in widths}
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetInvalid(f"{path} cannot be read: {error}", _HINT) from error
    n_rows = len(arrays["segments_start"])
    for name, width in widths.items():
        if arrays[name].shape != (n_rows, *width) or not np.isfinite(arrays[name]).all():
            raise DatasetInvalid(
                f"{path}: {name} must be finite numbers of the shape {(n_rows, *width)}", _HINT
            )
    return arrays
