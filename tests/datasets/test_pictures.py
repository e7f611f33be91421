"""A spectrum drawn as a picture comes back, whoever drew it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.figure import Figure
from PIL import Image

from affetto.core import Example, Waveform
from affetto.datasets import pictures
from affetto.datasets.pictures import (
    PictureBlank,
    blank_share,
    picture_values,
    read_picture,
    spectrum_db,
)
from affetto.errors import BadConfig, DatasetInvalid
from affetto.frontends import build, fingerprint, spectrogram
from tests import miniature

LOGMEL = build("logmel", {})
RANGE_TOLERANCE = 0.10  # four times the deviation that the module states for the range in dB


def low_passed_tune(number: int) -> miniature.Samples:
    return miniature.low_passed(
        miniature.tune(number, 3.0, pictures.SAMPLE_RATE), pictures.SAMPLE_RATE
    )


def example_of(path: Path) -> Example:
    return Example(id="x", path=path, group="g", song="s", labels=np.zeros(0, np.float32))


@pytest.fixture
def level_db() -> npt.NDArray[np.float64]:
    """Give the spectrum (513, 127) of a tune in dB."""
    return miniature.spectrum(low_passed_tune(0))


@pytest.fixture
def picture(level_db: npt.NDArray[np.float64], tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    miniature.draw(level_db, path)
    return path


def standardized(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return (values - values.mean()) / values.std()


@pytest.mark.parametrize("number", [1, 3])
def test_read_picture_gives_what_the_front_end_makes_of_the_sound_behind_it(
    number: int, tmp_path: Path
) -> None:
    """matplotlib's own drawing, as CAL500's pictures were made, against our front end."""
    sound = low_passed_tune(number)
    figure = Figure(figsize=(6.4, 4.8), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    axes.specgram(
        sound[: pictures.N_SAMPLES],
        NFFT=1024,
        noverlap=512,
        Fs=pictures.SAMPLE_RATE,
        window=np.hamming(1024),
        interpolation="nearest",
    )
    figure.savefig(tmp_path / "picture.png")
    found = read_picture(example_of(tmp_path / "picture.png"), LOGMEL)
    of_sound = spectrogram(LOGMEL, Waveform(sound.astype(np.float32), pictures.SAMPLE_RATE))
    # The picture's first frame begins at sample 0, so its center is frame 1 of the front end.
    expected = of_sound.values[:, 1 : 1 + pictures.N_FRAMES]
    assert found.values.shape == expected.shape
    assert found.values.std() == pytest.approx(expected.std(), rel=RANGE_TOLERANCE)
    difference = standardized(found.values) - standardized(expected)
    assert np.sqrt(np.mean(difference**2)) < 0.12  # in deviations of the whole picture


def test_read_picture_gives_the_bands_of_hearing_too(picture: Path) -> None:
    front_end = build("bark", {"n_fft": 1024, "hop_length": 512})
    found = read_picture(example_of(picture), front_end)
    sound = Waveform(low_passed_tune(0), pictures.SAMPLE_RATE)
    expected = spectrogram(front_end, sound).values[:20, 1 : 1 + pictures.N_FRAMES]
    correlation = np.corrcoef(found.values[:20].ravel(), expected.ravel())[0, 1]
    assert found.values.shape == (23, pictures.N_FRAMES)
    assert correlation > 0.98


def test_read_picture_leaves_pitches_at_the_floor(picture: Path) -> None:
    front_end = build("mel_pitch", {"n_mels": LOGMEL.n_bins})
    found = read_picture(example_of(picture), front_end).values
    assert len(found) == front_end.n_bins
    bands = read_picture(example_of(picture), build("logmel", {"n_mels": LOGMEL.n_bins})).values
    np.testing.assert_array_equal(found[: LOGMEL.n_bins], bands)
    assert (found[LOGMEL.n_bins :] == front_end.floor).all()


def test_read_picture_says_where_its_frames_stand(picture: Path) -> None:
    found = read_picture(example_of(picture), LOGMEL)
    assert found.hop_length == 512
    assert found.sample_rate == 22_050
    assert found.start_s == pytest.approx(512 / 22_050)
    assert found.fingerprint == fingerprint(LOGMEL)
    assert found.n_frames == pictures.N_FRAMES == 127


@pytest.mark.parametrize(
    "config",
    [
        {"n_fft": 2048},
        {"hop_length": 256},
        {"sample_rate": 16_000},
    ],
)
def test_read_picture_refuses_a_front_end_of_other_frames(
    config: dict[str, int], picture: Path
) -> None:
    with pytest.raises(BadConfig, match="frames of 1024 samples every 512 at 22,050 Hz"):
        read_picture(example_of(picture), build("logmel", config))


def test_picture_values_are_those_drawn_lowest_frequency_first(
    picture: Path, level_db: npt.NDArray[np.float64]
) -> None:
    values = picture_values(picture)
    assert values.shape == (480, 640)
    shares = (level_db - level_db.min()) / (level_db.max() - level_db.min())
    drawn = np.round(shares * 255) / 255
    for row, column in ((0, 0), (10, 333), (240, 100), (479, 639)):
        bin_, frame = int((row + 0.5) * 513 / 480), int((column + 0.5) * 127 / 640)
        assert values[row, column] == pytest.approx(drawn[bin_, frame])


def test_picture_values_are_the_same_with_and_without_a_palette(
    picture: Path, tmp_path: Path
) -> None:
    with Image.open(picture) as image:
        assert image.mode == "P"
        image.convert("RGBA").save(tmp_path / "rgba.png")
    np.testing.assert_array_equal(picture_values(tmp_path / "rgba.png"), picture_values(picture))


def test_picture_values_bridge_a_blank_strip_from_its_sides(picture: Path) -> None:
    whole = picture_values(picture)
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB")).copy()
    pixels[:, 100:110] = 255
    Image.fromarray(pixels).save(picture)
    assert blank_share(picture) == pytest.approx(10 / 640)
    found = picture_values(picture)
    np.testing.assert_array_equal(
        np.delete(found, range(100, 110), 1), np.delete(whole, range(100, 110), 1)
    )
    np.testing.assert_array_equal(found[:, 100:105], np.repeat(whole[:, 99:100], 5, axis=1))
    np.testing.assert_array_equal(found[:, 105:110], np.repeat(whole[:, 110:111], 5, axis=1))


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (200, 30, 30)])
def test_picture_values_refuse_a_picture_without_spectrogram(
    color: tuple[int, int, int], tmp_path: Path
) -> None:
    Image.new("RGB", (640, 480), color).save(tmp_path / "p.png")
    assert blank_share(tmp_path / "p.png") == 1
    with pytest.raises(PictureBlank, match="blank or not drawn in viridis"):
        picture_values(tmp_path / "p.png")


def test_picture_values_refuse_a_file_that_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_text("not a picture", encoding="utf-8")
    with pytest.raises(DatasetInvalid, match="is not a picture that can be read") as refused:
        picture_values(tmp_path / "p.png")
    assert not isinstance(refused.value, PictureBlank)


def test_spectrum_db_is_the_drawn_spectrum_up_to_its_level(
    picture: Path, level_db: npt.NDArray[np.float64]
) -> None:
    found = spectrum_db(picture_values(picture))
    assert found.shape == level_db.shape == (pictures.N_BINS, pictures.N_FRAMES)
    assert found.max() == 0
    shares = (level_db - level_db.min()) / np.ptp(level_db)
    shown = np.unique(((np.arange(480) + 0.5) * 513 / 480).astype(int))
    range_db, offset_db = np.polyfit(shares[shown].ravel(), found[shown].ravel(), 1)
    assert range_db == pytest.approx(np.ptp(level_db), rel=RANGE_TOLERANCE)
    left_db = found[shown] - (range_db * shares[shown] + offset_db)
    # Half a color of rounding, and one more where two of viridis' colors are alike in 8 bits.
    assert np.abs(left_db).max() < 1.6 * range_db / 255


def test_spectrum_db_keeps_to_a_sensible_range_for_a_flat_picture() -> None:
    rng = np.random.default_rng(0)
    found = spectrum_db(rng.uniform(0.99, 1, (480, 640)).astype(np.float32))
    assert np.isfinite(found).all()
    assert np.ptp(found) <= 250


@pytest.mark.data
def test_pictures_of_the_research_data_have_the_range_of_sound() -> None:
    """The range in dB, guessed from the leakage, lies where 16-bit music can lie."""
    from affetto.datasets import data_root

    folder = data_root() / "cal500" / "spectrogram_png_first3s"
    for path in sorted(folder.glob("*.png"))[::100]:
        assert 90 < np.ptp(spectrum_db(picture_values(path))) < 200
