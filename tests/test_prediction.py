"""One path from sound to emotions: the same for every source, for any length, in any company."""

from __future__ import annotations

import io
import json
import math
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from affetto import audio, frontends, mood, prediction
from affetto.audio import AudioSource
from affetto.bundles import Bundle, load
from affetto.core import Failure, FloatArray, Prediction, quadrant_of
from affetto.errors import (
    AudioEmpty,
    AudioNotFound,
    AudioUnreadable,
    BadConfig,
    BundleInvalid,
    BundleMissing,
)
from affetto.prediction import predict, predict_many
from affetto.windows import cut
from tests import tiny_bundle, work
from tests.corpus import Case
from tests.helpers import Samples, chirp
from tests.tiny_bundle import FRAME_S, HOP_S, N_FRAMES, WINDOW_S

RATE_HZ = 8_000  # the tiny bundle's own: nothing is resampled
EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.opus"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load(tiny_bundle.make(tmp_path_factory.mktemp("bundles") / "tiny"))


def noise(duration_s: float, seed: int = 1, n_channels: int = 1) -> Samples:
    n_frames = round(duration_s * RATE_HZ)
    generator = np.random.default_rng(seed)
    return generator.uniform(-0.5, 0.5, (n_frames, n_channels)).astype(np.float32)


def song(duration_s: float = 5.0, n_channels: int = 1) -> Samples:
    """Give a tone that climbs and grows, so that every window is another."""
    samples = chirp(duration_s, RATE_HZ, n_channels)
    return (samples * np.linspace(0.02, 1, len(samples))[:, np.newaxis]).astype(np.float32)


def wav(path: Path, samples: Samples, sample_rate: int = RATE_HZ) -> Path:
    soundfile.write(path, samples, sample_rate, "FLOAT")
    return path


def only(results: Iterator[Prediction | Failure]) -> Prediction:
    (result,) = results
    assert isinstance(result, Prediction)
    return result


def same_but_for_the_path(one: Prediction, other: Prediction) -> bool:
    return replace(one, path="") == replace(other, path="")


# Sources


class Pipe(io.RawIOBase):
    """A file object that can be read once, forward."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


def test_every_kind_of_source_gives_the_same(tiny: Bundle, tmp_path: Path) -> None:
    samples = song(n_channels=2)
    path = wav(tmp_path / "song.wav", samples)
    content = path.read_bytes()
    expected = predict(path, tiny)
    with path.open("rb") as opened:
        sources: dict[str, Any] = {
            str(path): str(path),
            os.fsdecode(path): os.fsencode(path),
            "<file object>": opened,
            "<samples>": (samples, RATE_HZ),
        }
        for label, source in sources.items():
            found = predict(source, tiny)
            assert found.path == label
            assert same_but_for_the_path(found, expected)
    for source in (io.BytesIO(content), Pipe(content)):
        assert same_but_for_the_path(predict(source, tiny), expected)  # type: ignore[arg-type]


def test_container_and_metadata_do_not_matter(tiny: Bundle, tmp_path: Path) -> None:
    samples = np.round(song() * 32_000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, RATE_HZ)
    soundfile.write(tmp_path / "b.flac", samples, RATE_HZ)
    one, other = (predict(tmp_path / name, tiny) for name in ("a.wav", "b.flac"))
    assert same_but_for_the_path(one, other)
    assert one.audio_sha256 == other.audio_sha256


def test_same_channels_are_as_one(tiny: Bundle) -> None:
    mono = predict((song(), RATE_HZ), tiny)
    for n_channels in (2, 4):
        many = predict((song(n_channels=n_channels), RATE_HZ), tiny)
        assert many.timeline == mono.timeline
    assert many.audio_sha256 != mono.audio_sha256


def test_other_channels_are_heard_as_their_mean(tiny: Bundle) -> None:
    stereo = noise(3.0, n_channels=2)
    mean = ((stereo[:, 0] + stereo[:, 1]) * np.float32(0.5))[:, np.newaxis]
    assert predict((stereo, RATE_HZ), tiny).timeline == predict((mean, RATE_HZ), tiny).timeline


@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 48_000])
def test_sample_rate_matters_little(tiny: Bundle, sample_rate: int) -> None:
    here = predict((chirp(4.0, RATE_HZ), RATE_HZ), tiny)
    there = predict((chirp(4.0, sample_rate), sample_rate), tiny)
    np.testing.assert_array_equal(there.timeline.start_s, here.timeline.start_s)
    np.testing.assert_allclose(there.scores, here.scores, atol=0.03)


# The path is that of the layers below


def whole(source: AudioSource, bundle: Bundle, hop_s: float) -> dict[str, FloatArray]:
    """Give the bundle's outputs by way of the whole spectrogram, in one batch."""
    waveform, _ = audio.read(source, bundle.front_end.sample_rate)
    frames = frontends.spectrogram(bundle.front_end, waveform)
    return bundle.score(cut(frames, bundle.window_s, hop_s).values)


@pytest.mark.parametrize("duration_s", [0.5, 0.96, 3.3, 40.0])
@pytest.mark.parametrize("hop_s", [HOP_S, 0.096, 2.0])
def test_stream_scores_as_the_whole_does(tiny: Bundle, duration_s: float, hop_s: float) -> None:
    source = (song(duration_s), RATE_HZ)
    found = predict(source, tiny, hop_s=hop_s).timeline
    expected = whole(source, tiny, hop_s)
    np.testing.assert_array_equal(found.scores, expected["emotions"])
    np.testing.assert_array_equal(found.valence_arousal, expected["plane"])


@pytest.mark.parametrize("path", EXAMPLES[:1], ids=lambda path: path.stem)
def test_music_is_scored_by_the_default_bundle_as_the_whole_is(path: Path) -> None:
    bundle = load()
    found = predict(path)
    expected = whole(path, bundle, bundle.hop_s)
    np.testing.assert_allclose(found.timeline.scores, expected["emotions"], atol=1e-5)
    assert found.bundle == bundle.title
    assert found.bundle_fingerprint == bundle.fingerprint
    assert found.warnings == ()


def test_scores_are_those_of_the_formula(tiny: Bundle) -> None:
    samples = song()
    frames = frontends.spectrogram(tiny.front_end, audio.read((samples, RATE_HZ), RATE_HZ)[0])
    expected = tiny_bundle.outputs_of(cut(frames, WINDOW_S, HOP_S).values)
    found = predict((samples, RATE_HZ), tiny)
    np.testing.assert_allclose(found.timeline.scores, expected["emotions"], atol=1e-5)
    np.testing.assert_allclose(found.scores, expected["emotions"].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(
        [found.valence, found.arousal], expected["plane"].mean(axis=0), atol=1e-5
    )
    np.testing.assert_allclose(
        list(found.others["gems9"].values()), expected["gems9"].mean(axis=0), atol=1e-5
    )
    assert found.embedding is not None
    np.testing.assert_allclose(found.embedding, expected["embedding"].mean(axis=0), rtol=1e-5)
    assert found.plane_source == "head"
    assert found.quadrant == quadrant_of(found.valence, found.arousal)


@pytest.mark.parametrize("n_windows", [1, 3, 1_000])
def test_size_of_a_batch_does_not_matter(
    tiny: Bundle, n_windows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = predict((song(20.0), RATE_HZ), tiny)
    monkeypatch.setattr(prediction, "BATCH_WINDOWS", n_windows)
    assert predict((song(20.0), RATE_HZ), tiny) == expected


# The timeline


@settings(max_examples=60)
@given(n_samples=st.integers(RATE_HZ // 2, 4 * RATE_HZ), n_hop=st.integers(1, 150))
def test_timeline_hangs_on_duration_and_hop_alone(tiny: Bundle, n_samples: int, n_hop: int) -> None:
    timeline = predict((song(4.0)[:n_samples], RATE_HZ), tiny, hop_s=n_hop * FRAME_S).timeline
    n_frames = 1 + n_samples // 128
    firsts = list(range(0, n_frames - N_FRAMES + 1, n_hop)) or [0]
    if firsts[-1] + N_FRAMES < n_frames:
        firsts.append(n_frames - N_FRAMES)  # the rest of the frames gets a window of its own
    np.testing.assert_allclose(timeline.start_s, np.array(firsts) * FRAME_S, atol=1e-12)
    assert timeline.start_s[0] == 0
    assert timeline.end_s[-1] == n_samples / RATE_HZ
    assert np.all(timeline.end_s > timeline.start_s)
    assert np.all(np.diff(timeline.end_s) >= 0)
    np.testing.assert_allclose(timeline.weight, min(1, n_frames / N_FRAMES))


@pytest.mark.parametrize("content", ["noise", "song"])
def test_timeline_does_not_hang_on_content(tiny: Bundle, content: str) -> None:
    samples = {"noise": noise(7.3), "song": song(7.3)}[content]
    timeline = predict((samples, RATE_HZ), tiny).timeline
    expected = predict((0.1 * noise(7.3, 5), RATE_HZ), tiny).timeline
    np.testing.assert_array_equal(timeline.start_s, expected.start_s)
    np.testing.assert_array_equal(timeline.end_s, expected.end_s)


def test_hop_changes_the_timeline_and_little_of_the_song(tiny: Bundle) -> None:
    coarse, fine = (predict((song(20.0), RATE_HZ), tiny, hop_s=hop_s) for hop_s in (0.96, 0.16))
    assert (len(coarse.timeline), len(fine.timeline)) == (21, 121)
    np.testing.assert_allclose(fine.scores, coarse.scores, atol=0.02)


def test_no_second_lies_outside_of_the_windows(tiny: Bundle) -> None:
    timeline = predict((song(7.3), RATE_HZ), tiny).timeline
    assert np.all(timeline.start_s[1:] <= timeline.end_s[:-1])


@pytest.mark.parametrize("hop_s", [0, -1, 0.001, math.nan, math.inf, -math.inf])
def test_impossible_hop_is_refused(tiny: Bundle, hop_s: float) -> None:
    with pytest.raises(BadConfig, match="at least one frame"):
        predict((song(), RATE_HZ), tiny, hop_s=hop_s)
    with pytest.raises(BadConfig, match="at least one frame"):
        predict_many(["missing.mp3"], tiny, hop_s=hop_s)


def test_hop_longer_than_the_song_leaves_beginning_and_end(tiny: Bundle) -> None:
    timeline = predict((song(5.0), RATE_HZ), tiny, hop_s=1e6).timeline
    assert len(timeline) == 2
    assert (timeline.start_s[0], timeline.end_s[-1]) == (0, 5)


# The song


@settings(max_examples=30)
@given(duration_s=st.floats(0.5, 6), seed=st.integers(0, 99), gap=st.floats(0, 1))
def test_song_is_the_weighted_mean_of_its_timeline(
    tiny: Bundle, duration_s: float, seed: int, gap: float
) -> None:
    samples = noise(duration_s, seed)
    samples[int(0.3 * len(samples)) : int((0.3 + 0.6 * gap) * len(samples))] = 0
    found = predict((samples, RATE_HZ), tiny)
    timeline = found.timeline
    np.testing.assert_allclose(
        found.scores, np.average(timeline.scores, axis=0, weights=timeline.weight), atol=1e-6
    )
    np.testing.assert_allclose(
        [found.valence, found.arousal],
        np.average(timeline.valence_arousal, axis=0, weights=timeline.weight),  # type: ignore[arg-type]
        atol=1e-6,
    )
    assert np.all((found.scores >= 0) & (found.scores <= 1))
    assert abs(found.valence) <= 1
    assert abs(found.arousal) <= 1


def with_gap(silence_s: float) -> Samples:
    silence = np.zeros((round(silence_s * RATE_HZ), 1), np.float32)
    return np.concatenate([noise(3.3, 1), silence, noise(4.1, 2)])


def test_windows_weigh_nothing_where_every_frame_is_silent(tiny: Bundle) -> None:
    samples = with_gap(4.0)
    timeline = predict((samples, RATE_HZ), tiny).timeline
    sounding = np.flatnonzero(samples) / RATE_HZ
    reach_s = 0.5 * FRAME_S * 2  # a frame looks half of n_fft, one hop, to both sides
    for start_s, end_s, weight in zip(
        timeline.start_s, timeline.end_s, timeline.weight, strict=True
    ):
        hears = (sounding > start_s - reach_s) & (sounding < end_s - FRAME_S + reach_s)
        assert weight == (1 if hears.any() else 0)
    assert 4 <= np.count_nonzero(timeline.weight == 0) < len(timeline)


def test_longer_silence_in_the_middle_changes_nothing(tiny: Bundle) -> None:
    short, long = (predict((with_gap(n_hops * HOP_S), RATE_HZ), tiny) for n_hops in (6, 18))
    assert len(long.timeline) == len(short.timeline) + 12
    np.testing.assert_allclose(long.scores, short.scores, atol=1e-6)
    np.testing.assert_allclose(
        [long.valence, long.arousal], [short.valence, short.arousal], atol=1e-6
    )


def test_silence_in_the_middle_moves_the_song_by_no_more_than_its_edges(tiny: Bundle) -> None:
    without, with_silence = (predict((with_gap(gap_s), RATE_HZ), tiny) for gap_s in (0, 4.0))
    # A window that lies across an edge holds some silence, and may say anything in [0, 1]; the
    # others hear the same stationary noise.
    n_across = 2 * round(WINDOW_S / HOP_S) + 2
    bound = n_across / np.count_nonzero(with_silence.timeline.weight) + 0.02
    assert np.abs(with_silence.scores - without.scores).max() <= bound < 0.5


@pytest.mark.parametrize(("silence_s", "is_warned"), [(1.0, False), (6.0, False), (14.0, True)])
def test_mostly_silent_song_is_scored_with_a_warning(
    tiny: Bundle, silence_s: float, is_warned: bool
) -> None:
    found = predict((with_gap(silence_s), RATE_HZ), tiny)
    messages = {notice.code: notice.message for notice in found.warnings}
    assert ("silence" in messages) == is_warned
    if is_warned:
        share = int(100 * np.mean(found.timeline.weight == 0))
        assert messages["silence"] == (f"{share}% of the file is silent; only the rest is scored")


def test_song_that_is_nearly_silence_says_so(tiny: Bundle) -> None:
    faint = (noise(5.0) * 2.4e-4).astype(np.float32)  # its peak is heard, its bands are not
    found = predict((faint, RATE_HZ), tiny)
    assert not found.timeline.weight.any()
    assert [(notice.code, notice.message) for notice in found.warnings] == [
        ("silence", "nearly the whole file is silence, so the scores are a guess")
    ]
    np.testing.assert_allclose(found.scores, found.timeline.scores.mean(axis=0), atol=1e-6)


def test_short_song_is_repeated_and_weighs_less(tiny: Bundle) -> None:
    found = predict((song(0.5), RATE_HZ), tiny)
    assert len(found.timeline) == 1
    assert found.timeline.end_s[0] == 0.5
    assert found.timeline.weight[0] == pytest.approx(32 / 60)
    assert [notice.code for notice in found.warnings] == ["short"]


@pytest.mark.parametrize("gain_db", [-12, 12])
def test_gain_moves_the_shipped_bundle_by_little_where_no_band_reaches_the_floor(
    gain_db: float,
) -> None:
    # It takes each window's level out and gets it back as one number among many. What is left of
    # a gain are bands at the floor of -100 dB, which do not move with the others: hence the noise.
    bundle = load()
    rate = bundle.front_end.sample_rate
    music = audio.read(EXAMPLES[0], rate)[0].samples[: 8 * rate]
    hiss = np.random.default_rng(3).uniform(-0.05, 0.05, len(music))
    sound = (0.3 * music + hiss).astype(np.float32)
    plain = predict((sound, rate))
    louder = predict((sound * np.float32(10 ** (gain_db / 20)), rate))
    np.testing.assert_allclose(louder.timeline.scores, plain.timeline.scores, atol=0.15)
    assert louder.valence == pytest.approx(plain.valence, abs=0.15)
    assert louder.arousal == pytest.approx(plain.arousal, abs=0.15)


# What is chosen, and where tags are placed


def test_tags_are_chosen_by_the_bundles_thresholds(tiny: Bundle) -> None:
    found = predict((song(), RATE_HZ), tiny)
    assert found.chosen.tolist() == (found.scores >= 0.5).tolist()
    assert 0 < found.chosen.sum() < 18


def test_threshold_stands_for_all_tags(tiny: Bundle) -> None:
    for threshold in (0.0, 0.45, 0.55, 1.0):
        found = predict((song(), RATE_HZ), tiny, threshold=threshold)
        assert found.chosen.tolist() == (found.scores >= np.float32(threshold)).tolist()
    assert predict((song(), RATE_HZ), tiny, threshold=0.0).chosen.all()


@pytest.mark.parametrize("threshold", [-0.01, 1.01, math.nan, math.inf])
def test_impossible_threshold_is_refused(tiny: Bundle, threshold: float) -> None:
    with pytest.raises(BadConfig, match="between 0 and 1"):
        predict((song(), RATE_HZ), tiny, threshold=threshold)
    with pytest.raises(BadConfig, match="between 0 and 1"):
        predict_many([], tiny, threshold=threshold)


def test_bundle_without_a_plane_places_songs_by_their_tags(tmp_path: Path) -> None:
    bundle = load(tiny_bundle.make(tmp_path / "tags", tiny_bundle.HEADS[:1]))
    found = predict((song(), RATE_HZ), bundle)
    assert found.plane_source == "anchors"
    assert found.timeline.valence_arousal is None
    assert found.others == {}
    expected = mood.place(found.scores, found.vocabulary)
    assert [found.valence, found.arousal] == pytest.approx(expected.tolist())


def test_what_does_not_sound_like_music_is_scored_with_a_warning(tmp_path: Path) -> None:
    heads = (*tiny_bundle.HEADS, tiny_bundle.PLANE, tiny_bundle.MUSIC)
    bundle = load(tiny_bundle.make(tmp_path / "judging", heads))
    sound = noise(5.0)
    soft, loud = predict((sound / 300, RATE_HZ), bundle), predict((sound, RATE_HZ), bundle)
    assert soft.music is not None and loud.music is not None
    assert soft.music > 0.5 > loud.music
    assert "not-music" not in {notice.code for notice in soft.warnings}
    assert [notice.message for notice in loud.warnings] == [
        "this does not sound like music, so the emotions mean little"
    ]
    assert loud.to_dict()["music"] == pytest.approx(loud.music, abs=1e-4)


def test_silence_does_not_count_in_whether_it_sounds_like_music(tmp_path: Path) -> None:
    heads = (*tiny_bundle.HEADS, tiny_bundle.PLANE, tiny_bundle.MUSIC)
    bundle = load(tiny_bundle.make(tmp_path / "judging", heads))
    sound = noise(5.0)
    gap = np.zeros((60 * RATE_HZ, *sound.shape[1:]), np.float32)  # alone it would be music by far
    found = predict((np.concatenate([sound, gap]), RATE_HZ), bundle)
    assert found.music is not None
    assert found.music < 0.2  # the windows at the edge of the gap are half silent


def test_bundle_that_does_not_judge_music_says_nothing_of_it(tiny: Bundle) -> None:
    found = predict((song(), RATE_HZ), tiny)
    assert found.music is None
    assert found.to_dict()["music"] is None
    assert found.warnings == ()


def test_uncertainty_is_that_of_the_timeline_and_unknown_for_a_short_sound(tiny: Bundle) -> None:
    found = predict((song(), RATE_HZ), tiny)
    of_tags = mood.uncertainty(found.timeline)
    assert found.uncertainty is not None and of_tags is not None
    np.testing.assert_allclose(found.uncertainty.to_array()[:20], of_tags.to_array(), rtol=1e-5)
    plain = found.to_dict()["uncertainty"]
    assert list(plain["tags"]) == list(found.tags)
    assert {name: list(of) for name, of in plain["others"].items()} == {
        name: list(of) for name, of in found.others.items()
    }
    assert max(plain["others"]["gems9"].values()) > 0
    short = predict((song(1.5), RATE_HZ), tiny)
    assert short.uncertainty is None
    assert replace(short, sign_slopes=None).is_quadrant_sure


def test_quadrant_is_sure_where_it_outweighs_all_others(tiny: Bundle) -> None:
    found = predict((song(), RATE_HZ), tiny)
    assert found.sign_slopes == tiny.sign_slopes
    for valence, arousal, is_sure in ((0.05, -0.2, False), (0.9, -0.9, True)):
        moved = replace(found, valence=valence, arousal=arousal)
        likely = moved.to_dict()["quadrant_probabilities"]
        assert max(likely, key=likely.get) == moved.quadrant == "Q4"
        assert (likely["Q4"] >= 0.5) == moved.is_quadrant_sure == is_sure


def test_quadrants_have_no_probabilities_where_the_bundle_has_no_slopes(tmp_path: Path) -> None:
    for number, heads in enumerate(
        (tiny_bundle.HEADS, (*tiny_bundle.HEADS, replace(tiny_bundle.PLANE, sign_slopes=None)))
    ):
        bundle = load(tiny_bundle.make(tmp_path / str(number), heads))
        found = predict((song(), RATE_HZ), bundle)
        assert found.quadrant_probabilities is None
        assert found.to_dict()["quadrant_probabilities"] is None


def test_bundle_is_taken_by_name_by_path_and_as_it_is(tiny: Bundle) -> None:
    expected = predict((song(), RATE_HZ), tiny)
    assert predict((song(), RATE_HZ), tiny.folder) == expected
    assert predict((song(), RATE_HZ), str(tiny.folder)) == expected
    assert predict((song(), RATE_HZ), "default").bundle == load().title


# What is said about it


def test_prediction_is_plain_json_of_finite_numbers(tiny: Bundle, tmp_path: Path) -> None:
    found = predict(wav(tmp_path / "song.wav", song()), tiny)
    plain = found.to_dict(timeline=True)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert list(plain["tags"].values()) == sorted(plain["tags"].values(), reverse=True)
    assert set(plain["tags"]) == set(found.vocabulary.tags)
    assert plain["chosen"] == [tag for tag, score in plain["tags"].items() if score >= 0.5]
    columns = plain["timeline"]
    lengths = {len(values) for values in columns.values() if isinstance(values, list)}
    assert lengths | {len(values) for values in columns["tags"].values()} == {len(found.timeline)}
    assert "timeline" not in found.to_dict()


def test_prediction_reads_as_one_line(tiny: Bundle, tmp_path: Path) -> None:
    found = predict(wav(tmp_path / "song.wav", song()), tiny)
    text = repr(found)
    assert text.startswith(f"Prediction('{tmp_path / 'song.wav'}', 5.0 s, ")
    assert text.isprintable()
    assert next(iter(found.tags)) in text
    assert repr(found.timeline) == "Timeline(10 windows of 18 tags, 0 to 5.0 s)"


def test_prediction_travels_whole_and_read_only(tiny: Bundle) -> None:
    found = predict((song(), RATE_HZ), tiny)
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    for array in (again.scores, again.chosen, again.embedding, again.timeline.scores):
        assert not array.flags.writeable


def test_progress_tells_seconds_heard_and_expected(tiny: Bundle) -> None:
    told: list[tuple[float, float | None]] = []
    predict((song(30.0), RATE_HZ), tiny, progress=lambda *both: told.append(both))
    heard = [seconds for seconds, _ in told]
    assert len(told) > 2
    assert heard == sorted(heard)
    assert heard[-1] == 30
    assert {expected for _, expected in told} == {30}


# What goes wrong


def test_error_of_a_source_is_raised(tiny: Bundle, tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("not a song")
    with pytest.raises(AudioNotFound, match="missing"):
        predict(tmp_path / "missing.mp3", tiny)
    with pytest.raises(FileNotFoundError):
        predict(tmp_path / "missing.mp3", tiny)
    with pytest.raises(AudioUnreadable):
        predict(tmp_path / "text.mp3", tiny)
    with pytest.raises(AudioEmpty, match="silent"):
        predict((np.zeros(RATE_HZ), RATE_HZ), tiny)
    with pytest.raises(AudioEmpty):
        predict((song(0.1), RATE_HZ), tiny)
    for source in (b"", 3, None, (song(), 0), (song(), RATE_HZ, 1), io.StringIO("text")):
        with pytest.raises((BadConfig, AudioNotFound, AudioUnreadable)):
            predict(source, tiny)  # type: ignore[arg-type]


def test_error_of_a_bundle_is_raised_before_the_first_file(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing, match="no bundle named 'defalt'; did you mean default"):
        predict(tmp_path / "missing.mp3", "defalt")
    with pytest.raises(BundleMissing):
        predict_many([tmp_path / "missing.mp3"], "defalt")
    with pytest.raises(BundleInvalid):
        predict_many([tmp_path / "missing.mp3"], tmp_path)
    with pytest.raises(BadConfig, match="jobs must be at least 1"):
        predict_many([], jobs=0)


class Broken:
    """A runtime that fails in a way that nobody foresaw, as a defect would."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def score(self, values: FloatArray) -> dict[str, FloatArray]:
        raise self.error


def test_defect_is_a_failure_of_its_file_in_a_batch(tiny: Bundle, tmp_path: Path) -> None:
    path = wav(tmp_path / "song.wav", song())
    broken = replace(tiny, runtime=Broken(RuntimeError("two\nlines")))
    (failure,) = predict_many([path], broken)
    assert isinstance(failure, Failure)
    assert (failure.path, failure.code) == (str(path), "internal")
    assert failure.message == f"{path}: affetto failed (RuntimeError: two\\nlines)"
    assert "report" in failure.hint
    with pytest.raises(RuntimeError):
        predict(path, broken)


def test_interrupt_ends_a_batch(tiny: Bundle, tmp_path: Path) -> None:
    path = wav(tmp_path / "song.wav", song())
    with pytest.raises(KeyboardInterrupt):
        list(predict_many([path], replace(tiny, runtime=Broken(KeyboardInterrupt()))))


# Many


def paths_of(results: Iterator[Prediction | Failure]) -> list[str]:
    return [Path(result.path).name for result in results]


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with songs, one of them damaged, and things that are no songs."""
    folder = tmp_path_factory.mktemp("album")
    for number in range(4):
        wav(folder / f"{number}.wav", song(2.0 + number))
    (folder / "2.wav").write_bytes(b"RIFF....WAVE")
    (folder / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "live").mkdir()
    wav(folder / "live" / "encore.wav", noise(2.0))
    return folder


def test_folder_stands_for_the_music_in_it(tiny: Bundle, album: Path) -> None:
    results = list(predict_many([album], tiny))
    assert [type(result).__name__ for result in results] == [
        "Prediction", "Prediction", "Failure", "Prediction", "Prediction",
    ]  # fmt: skip
    assert paths_of(iter(results)) == ["0.wav", "1.wav", "2.wav", "3.wav", "encore.wav"]


def test_single_path_needs_no_list(tiny: Bundle, album: Path) -> None:
    assert only(predict_many(str(album / "1.wav"), tiny)) == predict(album / "1.wav", tiny)
    assert paths_of(predict_many(album / "live", tiny)) == ["encore.wav"]


def test_results_come_in_the_order_of_the_paths_and_as_they_are_asked_for(
    tiny: Bundle, album: Path, tmp_path: Path
) -> None:
    late = tmp_path / "late.wav"
    results = predict_many([album / "3.wav", tmp_path / "none.wav", late, album / "0.wav"], tiny)
    assert Path(next(results).path).name == "3.wav"
    failure = next(results)
    assert isinstance(failure, Failure)
    assert failure.code == "audio-not-found"
    shutil.copy(album / "1.wav", late)  # nothing is looked at before its turn
    assert paths_of(results) == ["late.wav", "0.wav"]


def test_each_of_many_is_as_it_is_alone(tiny: Bundle, album: Path) -> None:
    for result in predict_many([album], tiny, hop_s=0.2, threshold=0.6):
        if isinstance(result, Prediction):
            assert result == predict(result.path, tiny, hop_s=0.2, threshold=0.6)


def test_inputs_end_as_the_corpus_says(tiny: Bundle, corpus: list[Case]) -> None:
    for case, result in zip(corpus, predict_many([c.path for c in corpus], tiny), strict=True):
        if isinstance(result, Failure):
            assert ("failed", case.code) == (case.outcome, result.code), case.name
            assert result.message.isprintable()
        else:
            assert case.outcome == "scored", case.name
            assert {notice.code for notice in result.warnings} == case.notices, case.name
            json.dumps(result.to_dict(timeline=True), allow_nan=False)


# Many, shared by processes


def test_processes_give_what_one_gives(tiny: Bundle, album: Path, tmp_path: Path) -> None:
    paths = [album / "3.wav", tmp_path / "none.wav", album]
    expected = list(predict_many(paths, tiny, hop_s=0.3, threshold=0.4))
    found = list(predict_many(paths, tiny, hop_s=0.3, threshold=0.4, jobs=2))
    assert found == expected
    assert not any(
        array.flags.writeable
        for result in found
        if isinstance(result, Prediction)
        for array in (result.scores, result.timeline.scores, result.timeline.start_s)
    )


def test_crash_and_endless_file_are_failures_of_their_own(
    tiny: Bundle, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "_attempt_in_process", work.attempt_or_crash)
    monkeypatch.setattr(prediction, "TIME_LIMIT_S", 4.0)
    for name in ("a", "b-crash", "c", "d-hang", "e"):
        shutil.copy(album / "0.wav", tmp_path / f"{name}.wav")
    results = list(predict_many(["none.wav", tmp_path], tiny, jobs=2))
    assert [getattr(result, "code", "scored") for result in results] == [
        "audio-not-found", "scored", "crashed", "scored", "timeout", "scored",
    ]  # fmt: skip
    crashed, slow = results[2], results[4]
    assert isinstance(crashed, Failure)
    assert isinstance(slow, Failure)
    assert crashed.path == str(tmp_path / "b-crash.wav")
    assert crashed.message == f"{tmp_path / 'b-crash.wav'}: the decoder crashed on it"
    assert slow.message == f"{tmp_path / 'd-hang.wav'}: scoring it took too long"
    assert crashed.hint
    assert slow.hint


def test_leaving_a_batch_early_ends_its_processes(tiny: Bundle, album: Path) -> None:
    results = predict_many([album] * 50, tiny, jobs=2)
    assert isinstance(next(results), Prediction)
    assert multiprocessing.active_children()
    with closing(results):  # type: ignore[type-var]
        pass
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_processes_take_the_runtime_that_was_asked_for(tmp_path: Path) -> None:
    for number in range(2):
        wav(tmp_path / f"{number}.wav", song(5.0))
    torch = load(runtime="torch")
    alone = list(predict_many([tmp_path], torch))
    shared = list(predict_many([tmp_path], torch, jobs=2))
    assert shared == alone
    assert shared != list(predict_many([tmp_path]))  # the last bits are ONNX Runtime's own


# Memory


PEAK = """
import resource, sys
import affetto
prediction = affetto.predict(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, prediction.duration_s)
"""


def peak_of(path: Path) -> int:
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True
    )
    return int(ended.stdout.split()[0])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage")
def test_an_hour_takes_no_more_memory_than_four_minutes(tmp_path: Path) -> None:
    music = np.concatenate([audio.read(path, 22_050)[0].samples for path in EXAMPLES])
    paths = {minutes: tmp_path / f"{minutes}.wav" for minutes in (4, 60)}
    for minutes, path in paths.items():
        with soundfile.SoundFile(path, "w", 22_050, 1, "PCM_16") as file:
            for _ in range(math.ceil(minutes * 60 * 22_050 / len(music))):
                file.write(music)
    assert peak_of(paths[60]) <= 1.3 * peak_of(paths[4])
