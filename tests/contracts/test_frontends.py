"""What holds for every front end: shape, locality, stream == whole, silence, its own numbers."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affetto.core import FloatArray, Waveform
from affetto.errors import BadConfig
from affetto.frontends import FRONT_ENDS, FrontEnd, build, describe, fingerprint, spectrogram
from tests.golden.make_golden import TOLERANCE_DB, front_end_path, values_of

pytestmark = pytest.mark.parametrize("name", FRONT_ENDS.names())

OTHER_VALUES = {("bark", "n_chroma"): 12}
"""What a setting may be changed to where one less or one more is no setting."""


def noise(n_samples: int, seed: int = 2) -> FloatArray:
    generator = np.random.default_rng(seed)
    return generator.uniform(-0.5, 0.5, n_samples).astype(np.float32)


def values(front_end: FrontEnd, samples: FloatArray) -> FloatArray:
    return spectrogram(front_end, Waveform(samples, front_end.sample_rate)).values


def default(name: str) -> FrontEnd:
    return build(name, {})


@pytest.mark.parametrize("n_samples", [0, 1, 2, 511, 512, 513, 1023, 1024, 32_768, 33_000, 99_999])
def test_frames_are_one_and_one_more_for_each_hop(name: str, n_samples: int) -> None:
    front_end = default(name)
    result = spectrogram(front_end, Waveform(noise(n_samples), front_end.sample_rate))
    assert result.values.shape == (front_end.n_bins, 1 + n_samples // front_end.hop_length)
    assert result.values.dtype == np.float32
    assert np.isfinite(result.values).all()
    assert (result.sample_rate, result.hop_length) == (front_end.sample_rate, front_end.hop_length)
    assert result.fingerprint == fingerprint(front_end)


@given(first=st.integers(0, 90), n_more=st.integers(0, 40))
def test_frames_hang_on_nothing_beyond_their_reach(name: str, first: int, n_more: int) -> None:
    front_end, last = default(name), first + n_more
    hop = front_end.hop_length
    samples = noise((last + 40) * hop)
    begin, end = front_end.reach(first, last)
    assert 0 <= begin <= first
    assert last * hop <= end
    part = values(front_end, samples[begin * hop : end])[:, first - begin : last + 1 - begin]
    whole = values(front_end, samples)[:, first : last + 1]
    np.testing.assert_allclose(part, whole, atol=1e-3)


@given(
    n_samples=st.integers(0, 80_000),
    cuts=st.lists(st.integers(0, 80_000), max_size=12),
)
def test_stream_equals_whole_for_any_partition(name: str, n_samples: int, cuts: list[int]) -> None:
    front_end = default(name)
    samples = noise(n_samples)
    stream = front_end.frames()
    parts = [
        stream.push(part) for part in np.split(samples, sorted(min(c, n_samples) for c in cuts))
    ]
    parts.append(stream.finish())
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), values(front_end, samples))


def test_stream_leaves_samples_and_earlier_frames_as_they_are(name: str) -> None:
    front_end = default(name)
    samples = noise(140_000)
    samples.flags.writeable = False
    stream = front_end.frames()
    first = stream.push(samples[:70_000])
    kept = first.copy()
    stream.push(samples[70_000:])
    stream.finish()
    np.testing.assert_array_equal(first, kept)


def test_buffer_of_samples_may_be_used_again_after_a_push(name: str) -> None:
    front_end = default(name)
    samples = noise(5_000)
    expected = values(front_end, samples)
    stream = front_end.frames()
    parts = [stream.push(samples)]
    samples[:] = 0  # as the buffer of a sound card
    parts.append(stream.finish())
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), expected)


def test_stream_is_at_most_two_seconds_behind(name: str) -> None:
    front_end = default(name)
    stream = front_end.frames()
    n_frames, n_samples = 0, 0
    for _ in range(20):
        n_frames += stream.push(noise(front_end.sample_rate)).shape[1]
        n_samples += front_end.sample_rate
        behind_s = (n_samples - n_frames * front_end.hop_length) / front_end.sample_rate
        assert behind_s < 2


def test_frame_depends_only_on_the_sound_around_it(name: str) -> None:
    front_end = default(name)
    samples = noise(6 * front_end.sample_rate)
    loud = samples.copy()
    loud[len(loud) // 2 :] *= 1_000
    far_s = 0.5
    n_same = int((3 - far_s) * front_end.sample_rate / front_end.hop_length)
    before, after = values(front_end, samples), values(front_end, loud)
    np.testing.assert_array_equal(before[:, :n_same], after[:, :n_same])
    assert (before[:, -n_same:] != after[:, -n_same:]).any()


@pytest.mark.parametrize("n_samples", [1, 700, 50_000])
def test_silence_is_the_floor_and_nothing_is_below(name: str, n_samples: int) -> None:
    front_end = default(name)
    assert (values(front_end, np.zeros(n_samples, np.float32)) == front_end.floor).all()
    assert values(front_end, np.float32(1e-9) * noise(n_samples)).min() >= front_end.floor


def test_description_survives_json_and_builds_the_same_front_end(name: str) -> None:
    front_end = default(name)
    described = json.loads(json.dumps(describe(front_end)))
    assert described["name"] == name
    again = build(described["name"], described["config"])
    assert fingerprint(again) == fingerprint(front_end)
    samples = noise(9_000)
    np.testing.assert_array_equal(values(again, samples), values(front_end, samples))


def test_fingerprint_changes_with_every_setting_and_the_revision(name: str) -> None:
    front_end = default(name)
    seen = {fingerprint(front_end)}
    for field in fields(front_end.config):
        value = getattr(front_end.config, field.name)
        other = type(value)(value - 1) if value > 1 else value + 1
        other = OTHER_VALUES.get((name, field.name), other)
        seen.add(fingerprint(build(name, {**describe(front_end)["config"], field.name: other})))
    assert len(seen) == 1 + len(fields(front_end.config))
    newer = default(name)
    newer.revision += 1
    assert fingerprint(newer) not in seen


def test_settings_are_frozen(name: str) -> None:
    config = default(name).config
    assert replace(config) == config
    with pytest.raises(AttributeError):
        setattr(config, fields(config)[0].name, 1)


def test_unknown_setting_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(BadConfig, match=r"no setting n_mells.*known: "):
        build(name, {"n_mells": 5})


def test_sound_at_another_rate_is_refused(name: str) -> None:
    front_end = default(name)
    with pytest.raises(BadConfig, match="Hz"):
        spectrogram(front_end, Waveform(noise(9_000), front_end.sample_rate + 1))


def test_numbers_change_only_with_the_revision(name: str) -> None:
    front_end = default(name)
    make = "run python -m tests.golden.make_golden"
    assert front_end_path(name).exists(), make
    with np.load(front_end_path(name)) as golden:
        assert str(golden["fingerprint"]) == fingerprint(front_end), f"a new revision: {make}"
        np.testing.assert_allclose(
            values_of(front_end),
            golden["values"],
            rtol=0,
            atol=TOLERANCE_DB,
            err_msg="the numbers changed: raise the front end's revision",
        )
