"""A data root in miniature: invented songs in the real layouts of the data sets.

Names, labels and sounds are made up here by rules of numbers; nothing is taken from the data.
What a loader ought to find can therefore be worked out from the functions of this module:

    cal500         13 songs of 12 artists; the pictures of two are missing or blank
    cal500exp      3 segments of each but one of them; one song is not analyzed, another to its
                   middle only
    cal500_songs   the 12 songs that are analyzed
    CAL500_32kps   an MP3 of each of the 13
    4q             12 clips of 11 artists, of whom one also sings in cal500
    soundtracks    10 clips of 10 albums
    emotify        10 clips of 10 artists
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from matplotlib import colormaps
from PIL import Image
from scipy.io import savemat

from affetto.vocabularies import load as load_vocabulary
from tests.helpers import encode

Samples = npt.NDArray[np.float32]

SONGS = (
    "tin_larks-morning_kettle",
    "tin_larks-evening_kettle",
    "dora_quill-paper_boats",
    "the_mill_pond_five-mud",
    "ostrava_tram_choir-line_8",
    "j.r._hobbin-no._2",
    "velvet_anvil-sparks",
    "lumen-half_a_moon",
    "copper_fern-rain_on_slate",
    "nine_lanterns-harbor",
    "sister_gravel-quarry_song",
    "blank_page-white_noise",
    "lost_reel-unseen",
)
BLANK_SONG, MISSING_SONG = SONGS[11], SONGS[12]
SONG_WITHOUT_SEGMENTS = SONGS[9]
SONG_THAT_STARTS_LATE = SONGS[8]  # its first segment begins when half the picture is over
SONG_WITH_A_SHORT_START = SONGS[3]  # its second segment covers most of the picture
SONG_WITHOUT_ANALYSIS = SONGS[12]
SONG_WITH_A_SHORT_ANALYSIS = SONGS[10]  # it ends before the third segment begins
SONG_SURVEYED_TWICE = SONGS[4]  # by a listener whose second answers are the opposite
SONG_WITHOUT_LABELS = "spare_quartet-not_on_the_list"  # surveyed, though

SHARED_GROUP = "tinlarks"  # an artist of cal500 and of 4q, where it has fold 3
QUADRANTS = ("Q1", "Q2", "Q3", "Q4")

N_FEATURES = 68  # of Mulan's
MP3_DURATION_S = 27.0  # the last segments end at 26.5 s

_CLIP_RATE = 24_000
_PICTURE_RATE, _N_FFT, _HOP = 22_050, 1024, 512

RECIPE = """\
name = "tiny"
version = "0.0.1"
summary = "A network for tests, trained on invented music"
license = "none: the data are invented"
seed = 3
validation_share = 0.3
n_threads = 1

[front_end]
name = "logmel"
config = { sample_rate = 22050, n_fft = 1024, hop_length = 512, n_mels = 16, f_max_hz = 8000.0 }

[window]
duration_s = 1.486
hop_s = 0.743

[network]
name = "cnn"
config = { channels = [4, 8], n_summary = 8, n_dims = 8, dropout = 0.1 }

[[heads]]
name = "emotions"
kind = "tags"
vocabulary = "cal500_emotions"

[[heads]]
name = "plane"
kind = "plane"
weight = 1.5

[[heads]]
name = "gems9"
kind = "tags"
vocabulary = "gems9"
weight = 0.5

[[data]]
name = "cal500"
windows = 2

[[data]]
name = "4q"
smoothing = 0.2

[[data]]
name = "soundtracks"

[[data]]
name = "emotify"

[optimizer]
epochs = 3
batch_size = 8
learning_rate = 5e-3

[augment]
mixup = 0.3
tilt_db = 3.0
n_band_masks = 1
max_band_mask = 3
n_time_masks = 1
max_time_mask = 8
"""


def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the data root in miniature, written once in a run of the tests."""
    root = tmp_path_factory.getbasetemp() / "miniature" / "data"
    if not root.exists():
        write(root)
    return root


def write(root: Path) -> None:
    """Write all data sets."""
    write_cal500(root / "cal500")
    write_4q(root / "emotion_audio" / "4q")
    write_soundtracks(root / "emotion_audio" / "soundtracks")
    write_emotify(root / "emotion_audio" / "emotify")


def song_labels(number: int) -> list[int]:
    """Give the 18 labels of a song as a whole."""
    return [int((number + column) % 3 == 0) for column in range(18)]


def segment_labels(number: int) -> list[int]:
    """Give the 18 labels of the segment that covers a song's picture."""
    return [int((number + column) % 2 == 0) for column in range(18)]


def write_cal500(folder: Path) -> None:
    """Write the label package, the segments and the pictures."""
    labels, segments = folder / "cal500", folder / "cal500exp" / "SegLabelHard"
    pictures = folder / "spectrogram_png_first3s"
    for needed in (labels, segments, pictures):
        needed.mkdir(parents=True)
    emotions = [f"Emotion-{name}" for name in load_vocabulary("cal500_emotions").source_names]
    words = [word for name in emotions for word in (name, f"NOT-{name}")]
    words += load_vocabulary("cal500exp_tags").source_names[18:]
    words += [f"Invented-Tag_{number}" for number in range(174 - len(words))]
    cells = [
        [c for label in song_labels(n) for c in (label, 1 - label)]
        + [(n + column) % 2 for column in range(138)]
        for n in range(len(SONGS))
    ]
    _write_lines(labels / "vocab.txt", words)
    _write_lines(labels / "songNames.txt", SONGS)
    _write_lines(labels / "hardAnnotations.txt", (",".join(map(str, row)) for row in cells))
    # Two of three listeners are for a tag or against it.
    soft = ([("0", "0.66667")[cell] for cell in row] for row in cells)
    _write_lines(labels / "softAnnotations.txt", map(",".join, soft))
    write_features(folder / "mulan", words, cells)
    _write_surveys(labels / "annotations", emotions)
    write_analyses(folder / "derived")
    write_mp3s(folder / "CAL500_32kps")
    for number, song in enumerate(SONGS):
        _write_segments(segments / f"{song}.csv", number, song)
        if song == BLANK_SONG:
            Image.new("P", (640, 480), 0).save(pictures / f"{song}.png")
        elif song != MISSING_SONG:
            sound = low_passed(tune(number, 3.0, _PICTURE_RATE), _PICTURE_RATE)
            draw(spectrum(sound), pictures / f"{song}.png")


def exp_labels(number: int, of_emotions: Sequence[int]) -> list[int]:
    """Give the 67 labels of a song's segment, of which only those of the emotions change."""
    return [*of_emotions, *((number + column) % 2 for column in range(49))]


def _write_segments(path: Path, number: int, song: str) -> None:
    this, other = segment_labels(number), [1 - label for label in segment_labels(number)]
    # (start, end, labels): three segments, of which one at most covers half of 2.97 s.
    found = [(0.0, 3.1, this), (3.1, 9.4, other), (20.0, 26.5, other)]
    if song == SONG_THAT_STARTS_LATE:
        found[0] = (1.6, 9.0, other)
    if song == SONG_WITH_A_SHORT_START:
        found[:2] = [(0.0, 1.2, other), (1.2, 9.4, this)]
    if song == SONG_WITHOUT_SEGMENTS:
        found = []
    lines = [",".join(("Start_Time", "End_Time", *load_vocabulary("cal500exp_tags").source_names))]
    for start_s, end_s, labels in found:
        cells = (start_s, end_s, *exp_labels(number, labels))
        lines.append(",".join(f"{cell:.6f}" for cell in cells))
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")


def write_mp3s(folder: Path) -> None:
    """Write the songs' beginnings as MP3s of the distributed kind."""
    folder.mkdir()
    for number, song in enumerate(SONGS):
        samples = np.tile(tune(number, 3.0, _PICTURE_RATE), round(MP3_DURATION_S / 3))
        soundfile.write(folder / f"{song}.mp3", samples, _PICTURE_RATE, compression_level=0.9)


def mulan_features(number: int) -> list[float]:
    """Give a song's hand-crafted features."""
    return [round((number + 1) * (column - 30) / 7, 6) for column in range(N_FEATURES)]


def write_features(folder: Path, words: Sequence[str], cells: Sequence[Sequence[int]]) -> None:
    """Write Mulan's file: features, and the labels of all tags."""
    folder.mkdir()
    lines = ["% invented", "@relation CAL500", ""]
    lines += [f"@attribute Mean_Invented_{number} numeric" for number in range(N_FEATURES)]
    lines += [f"@attribute {word.replace('_/_', '-')} {{0,1}}" for word in words]
    lines += ["", "@data"]
    for number, row in enumerate(cells):
        lines.append(",".join(map(str, (*mulan_features(number), *row))))
    with gzip.open(folder / "CAL500.arff.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _write_surveys(folder: Path, emotions: Sequence[str]) -> None:
    """Write what three listeners answered: one sure, one less so, one never for or against."""
    folder.mkdir()
    for number, song in enumerate((*SONGS, SONG_WITHOUT_LABELS)):
        for listener, (positive, negative) in enumerate(((5, 1), (4, 2), (3, 3)), start=1):
            lines = [f'songName = "{song}.mp3"', 'PageStatus = "Annotation"']
            ratings = [positive if label else negative for label in song_labels(number)]
            lines += _answers(emotions, ratings)
            if song == SONG_SURVEYED_TWICE and listener == 1:
                lines += _answers(emotions, [6 - rating for rating in ratings])
            _write_lines(folder / f"{song}_{listener:02d}.txt", lines)


def _answers(emotions: Sequence[str], ratings: Sequence[int]) -> list[str]:
    return [f'{name} = "{rating}"' for name, rating in zip(emotions, ratings, strict=True)]


def write_analyses(folder: Path) -> None:
    """Write sound events of 0.15 to 0.4 s, in songs of a minute or more."""
    folder.mkdir()
    events: dict[str, list[Samples]] = {"start": [], "timbre": [], "pitches": []}
    rows: list[dict[str, Any]] = []
    n_rows = 0
    for number, song in enumerate(SONGS):
        if song == SONG_WITHOUT_ANALYSIS:
            continue
        rng = np.random.default_rng(number)
        duration_s = 48.0 if song == SONG_WITH_A_SHORT_ANALYSIS else 60.0 + number
        ends_s = np.cumsum(rng.uniform(0.15, 0.4, 500))
        start_s = np.concatenate([[0], ends_s[ends_s < duration_s - 0.1]]).astype(np.float32)
        timbre = rng.normal(0, 40, (len(start_s), 12)).astype(np.float32)
        timbre[:, 0] = 20 + 25 * np.abs(np.sin(start_s / 5 + number))
        pitches = rng.uniform(0, 1, (len(start_s), 12))
        events["start"].append(start_s)
        events["timbre"].append(timbre)
        events["pitches"].append((pitches / pitches.max(axis=1, keepdims=True)).astype(np.float16))
        rows.append(
            {
                "song": song,
                "row_begin": n_rows,
                "row_end": n_rows + len(start_s),
                "duration": duration_s,
                "tempo": 100.0,
                "artist_name": "Invented, made up",
            }
        )
        n_rows += len(start_s)
    arrays = {f"segments_{name}": np.concatenate(parts) for name, parts in events.items()}
    np.savez_compressed(folder / "echonest_segments_502.npz", **arrays)
    write_table(folder / "echonest_index.csv", list(rows[0]), rows)
    basis = {"mean": -np.arange(23.0)[:, None] + np.arange(20.0), "bases": timbre_bases()}
    savemat(folder / "ENTimbreTJ.mat", {"ENTimbreTJ": basis}, do_compression=True)


def timbre_bases() -> npt.NDArray[np.float64]:
    """Give 11 shapes (23, 20, 11) of 23 bands in 20 steps: waves over bands and over time."""
    bands, steps, numbers = np.ogrid[:23, :20, :11]
    waves = np.cos(np.pi * numbers * bands / 23) * np.cos(np.pi * (numbers % 3) * steps / 20)
    found: npt.NDArray[np.float64] = waves / 10
    return found


def write_4q(folder: Path) -> None:
    """Write clips of all quadrants."""
    groups = [SHARED_GROUP, "agnesbell", "borisflint", *(f"band{n}" for n in range(8)), "band7"]
    rows = []
    for number, group in enumerate(groups):
        quadrant = QUADRANTS[number % 4]
        rows.append(
            {
                **_clip(f"MT{number:010d}", group, folder, number % 4, number),
                "fold": 3 if group == SHARED_GROUP else min(number, 10) % 5,
                "artist": group.title(),
                "title": f"Étude “{number}”, in a row with commas",
                "quadrant": quadrant,
                "valence": int(quadrant in ("Q1", "Q4")),
                "arousal": int(quadrant in ("Q1", "Q2")),
                "quadrant_tag_share": 0.75,
                "moods_all": "Invented; Made up",
                "genres": "None",
            }
        )
    columns = (
        "clip,id,artist,title,group,fold,quadrant,valence,arousal,quadrant_tag_share,moods_all,"
        "genres,dur_s,start_in_source_s"
    )
    write_table(folder / "labels.csv", columns.split(","), rows)


def write_soundtracks(folder: Path) -> None:
    """Write clips with ratings; every second row lacks the ratings of the second study."""
    second = [f"s2_{name}" for name in ("valence", "energy", "tension", "anger", "fear")]
    second += [f"s2_{name}" for name in ("happy", "sad", "tender", "beauty", "liking")]
    rows = []
    for number in range(10):
        valence, arousal = ((1, 1), (-1, 1), (-1, -1), (1, -1))[number % 4]
        rows.append(
            {
                **_clip(f"{number + 1:03d}", f"album{number}", folder, number % 4, 20 + number),
                "fold": number % 5,
                "album": f"Album {number}",
                "track": number,
                "time_in_track": "00:10-00:14",
                "valence": 4 + 2 * valence + number / 20,
                "energy": 4 + 2.5 * arousal,
                "tension": 4 - valence,
                "anger": 6.5 if (valence, arousal) == (-1, 1) else 1.5,
                "fear": 1.0,
                "happy": 8.0 if (valence, arousal) == (1, 1) else 1.0,
                "sad": 7.0 if (valence, arousal) == (-1, -1) else 2.0,
                "tender": 6.0 if (valence, arousal) == (1, -1) else 1.5,
                "target": "none",
                **dict.fromkeys(second, "" if number % 2 else 5.0),
            }
        )
    columns = "clip,id,album,track,time_in_track,group,fold,valence,energy,tension,anger,fear,"
    columns += "happy,sad,tender,target," + ",".join(second) + ",dur_s,start_in_source_s"
    write_table(folder / "labels.csv", columns.split(","), rows)


def write_emotify(folder: Path) -> None:
    """Write clips with shares of votes."""
    emotions = load_vocabulary("gems9").source_names
    rows = [
        {
            **_clip(f"rock_{number:03d}", f"player{number}", folder, number % 4, 40 + number),
            "fold": (number + 2) % 5,
            "track_id": number,
            "genre": "rock",
            "artist": f"Player {number}",
            "title": f"Piece {number}",
            "album": "Invented",
            "n_votes": 20,
            **{name: ((number + c) % 5) / 8 for c, name in enumerate(emotions)},
            "liked": 0.5,
            "disliked": 0.25,
        }
        for number in range(10)
    ]
    columns = "clip,id,track_id,genre,artist,title,album,group,fold,n_votes,"
    columns += ",".join(emotions) + ",liked,disliked,dur_s,start_in_source_s"
    write_table(folder / "labels.csv", columns.split(","), rows)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a `labels.csv`, each row with every column."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _clip(id: str, group: str, folder: Path, mood: int, number: int) -> dict[str, Any]:
    """Write a clip. Gives the columns that all data sets have."""
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    duration_s = 3.0 + number % 3 / 4
    samples = tune(4 * number + mood, duration_s, _CLIP_RATE)
    path = folder / "audio" / f"{id}.opus"
    encode(path, samples[:, np.newaxis], _CLIP_RATE, "libopus", bit_rate=32_000)
    return {
        "clip": path.name,
        "id": id,
        "group": group,
        "dur_s": round(duration_s, 2),
        "start_in_source_s": 0.0,
    }


def tune(number: int, duration_s: float, sample_rate: int) -> Samples:
    """Give a broken chord, in quadrant number % 4: major or minor, fast and bright or slow."""
    is_major, is_excited = number % 4 in (0, 3), number % 4 in (0, 1)
    times_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    note_s = 0.15 if is_excited else 0.6
    step = (times_s // note_s).astype(np.int64)
    semitones = np.asarray([0, 4 if is_major else 3, 7, 12])[step % 4] + number % 7
    phase = 2 * np.pi * 220 * 2 ** (semitones / 12) * (times_s % note_s)
    sound = sum(np.sin(k * phase) / k for k in range(1, 12 if is_excited else 3))
    sound = sound * np.exp(-(times_s % note_s) * (4 if is_excited else 1.5))
    noise = np.random.default_rng(number).standard_normal(len(times_s))
    samples: Samples = (0.25 * sound + (0.02 if is_excited else 0.002) * noise).astype(np.float32)
    return samples


def low_passed(samples: Samples, sample_rate: int) -> Samples:
    """Take away all above 8.3 kHz, as the coding of CAL500's sound did."""
    spectrum = np.fft.rfft(samples.astype(np.float64))
    hz = np.fft.rfftfreq(len(samples), 1 / sample_rate)
    found: Samples = np.fft.irfft(np.where(hz < 8_300, spectrum, 0), len(samples))
    return found


def spectrum(samples: Samples) -> npt.NDArray[np.float64]:
    """Give power in dB (513, 127) of Hamming frames of 1024 samples every 512, not centered."""
    frames = np.lib.stride_tricks.sliding_window_view(samples[:65_536], _N_FFT)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hamming(_N_FFT), axis=1)) ** 2
    found: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-30)).T
    return found


def draw(level_db: npt.NDArray[np.float64], path: Path) -> None:
    """Draw a spectrum (n_bins, n_frames) as a picture of 640 x 480 pixels in viridis."""
    low, high = level_db.min(), level_db.max()
    codes = np.round((level_db - low) / (high - low) * 255).astype(np.uint8)
    n_bins, n_frames = codes.shape
    rows = ((np.arange(480) + 0.5) * n_bins / 480).astype(int)
    columns = ((np.arange(640) + 0.5) * n_frames / 640).astype(int)
    image = Image.fromarray(codes[rows[::-1, None], columns])
    image.putpalette(  # which makes the gray picture one of colors
        [round(255 * c) for rgb in colormaps["viridis"].colors for c in rgb]
    )
    image.save(path)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
