"""Pictures: what is drawn is what was predicted, whatever the song is called or lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.text import Text

import affetto
from affetto import mood, plots
from affetto.core import Prediction, Timeline, Vocabulary
from affetto.errors import AudioNotFound, BadConfig, MissingExtra
from affetto.files import atomic_write
from affetto.vocabularies import load as load_vocabulary
from tests.helpers import chirp

EXAMPLE = Path(__file__).parents[1] / "examples" / "q4-still-water.opus"
WINDOW_S = 3.0


def predicted(
    duration_s: float = 60.0,
    *,
    hop_s: float = 1.5,
    silent: slice = slice(0, 0),
    vocabulary: Vocabulary | None = None,
    has_plane: bool = True,
    path: str = "<samples>",
) -> Prediction:
    """Give what a network might say of a piece: random scores, consistent with each other."""
    rng = np.random.default_rng(5)
    vocabulary = vocabulary or load_vocabulary("cal500_emotions")
    start_s = np.arange(0, max(duration_s - WINDOW_S, 0) + 1e-9, hop_s)
    weight = np.ones(len(start_s))
    weight[silent] = 0
    timeline = Timeline(
        vocabulary=vocabulary,
        start_s=start_s,
        end_s=np.minimum(start_s + WINDOW_S, duration_s),
        scores=rng.random((len(start_s), len(vocabulary))),
        weight=weight,
        valence_arousal=rng.uniform(-1, 1, (len(start_s), 2)) if has_plane else None,
    )
    scores, plane = mood.summarize(timeline)
    placed = mood.place(scores, vocabulary) if plane is None else plane
    return Prediction(
        path=path,
        duration_s=duration_s,
        audio_sha256="0" * 64,
        scores=scores,
        thresholds=np.where(rng.random(len(vocabulary)) < 0.3, 0.0, 1.0),
        valence=float(placed[0]),
        arousal=float(placed[1]),
        plane_source="head" if has_plane else "anchors",
        timeline=timeline,
        bundle="made up 1.0.0",
        bundle_fingerprint="0" * 64,
    )


def panel(figure: Figure, label: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == label)


def panels(figure: Figure) -> list[object]:
    return [axes.get_label() for axes in figure.axes]


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))  # type: ignore[attr-defined]


def heat_map(figure: Figure) -> np.ma.MaskedArray:
    (mesh,) = (item for item in panel(figure, "tags").collections if isinstance(item, QuadMesh))
    return np.ma.masked_invalid(mesh.get_array())


# ---------------------------------------------------------------- what is drawn


def test_plot_of_a_file_shows_waveform_tags_and_plane() -> None:
    prediction = affetto.predict(EXAMPLE)
    figure = affetto.plot(prediction)
    assert panels(figure) == ["waveform", "tags", "plane", "key"]
    assert "q4-still-water.opus" in texts(figure)
    assert prediction.bundle in texts(figure)
    for words in ("Q1 excited, happy", "Q2 tense, angry", "Q3 sad, gloomy", "Q4 calm, content"):
        assert words in texts(figure)


def test_plot_states_quadrant_valence_and_arousal_in_its_title() -> None:
    prediction = replace(predicted(), valence=-0.004, arousal=-0.5)
    title = texts(affetto.plot(prediction))
    assert "Q3 sad, gloomy  ·  valence +0.00  ·  arousal −0.50  ·  1:00" in title


def test_tags_come_chosen_first_then_by_score() -> None:
    prediction = predicted()
    axes = panel(affetto.plot(prediction), "tags")
    titles = prediction.vocabulary.titles
    rows = [titles.index(label.get_text()) for label in axes.get_yticklabels()]
    is_chosen = [bool(prediction.chosen[row]) for row in rows]
    assert sorted(rows) == list(range(18))
    assert is_chosen == sorted(is_chosen, reverse=True)
    for flag in (True, False):
        scores = [float(prediction.scores[row]) for row in rows if prediction.chosen[row] == flag]
        assert scores == sorted(scores, reverse=True)


def test_chosen_tags_alone_are_bold() -> None:
    prediction = predicted()
    axes = panel(affetto.plot(prediction), "tags")
    bold = {label.get_text() for label in axes.get_yticklabels() if label.get_weight() == "bold"}
    titles = np.array(prediction.vocabulary.titles)
    assert bold == set(titles[prediction.chosen])


def test_heat_map_holds_the_windows_scores_row_by_row() -> None:
    prediction = predicted()
    figure = affetto.plot(prediction)
    labels = [label.get_text() for label in panel(figure, "tags").get_yticklabels()]
    order = [prediction.vocabulary.titles.index(label) for label in labels]
    assert np.allclose(heat_map(figure), prediction.timeline.scores[:, order].T)


def test_silence_is_gray_in_the_heat_map_and_absent_from_the_path() -> None:
    prediction = predicted(silent=slice(10, 14))
    figure = affetto.plot(prediction)
    blank = heat_map(figure).mask.all(axis=0)
    assert np.flatnonzero(blank).tolist() == [10, 11, 12, 13]
    (gray,) = panel(figure, "tags").patches
    assert gray.get_bbox().intervalx.tolist() == [15.75, 21.75]  # halves of the overlaps
    assert "gray: silence" in texts(figure)
    path = next(
        item for item in panel(figure, "plane").collections if isinstance(item, PathCollection)
    )
    assert np.ma.masked_invalid(path.get_offsets()).mask[10:14].all()


def test_windows_with_gaps_between_them_leave_the_gaps_blank() -> None:
    figure = affetto.plot(predicted(duration_s=23.0, hop_s=5.0))
    blank = heat_map(figure).mask.all(axis=0)
    assert blank.tolist() == [False, True, False, True, False, True, False, True, False]


def test_plane_without_a_head_is_drawn_from_the_anchors() -> None:
    prediction = predicted(has_plane=False)
    way = mood.place(prediction.timeline.scores, prediction.vocabulary)
    path = next(
        item
        for item in panel(affetto.plot(prediction), "plane").collections
        if isinstance(item, PathCollection)
    )
    assert np.allclose(path.get_offsets(), way, atol=1e-6)


def test_vocabulary_with_many_tags_shows_the_foremost_and_says_so() -> None:
    names = tuple(f"tag_{number}" for number in range(100))
    many = Vocabulary("many", names, names, names, np.zeros((100, 2)))
    figure = affetto.plot(predicted(vocabulary=many))
    assert len(panel(figure, "tags").get_yticklabels()) == plots.MAX_TAGS
    assert "30 of 100 tags" in texts(figure)


@pytest.mark.parametrize("duration_s", [0.5, 2.9, 5.0, 61.0, 3600.0, 36_000.0])
def test_plot_of_any_length_can_be_drawn_and_ends_with_the_sound(
    duration_s: float, tmp_path: Path
) -> None:
    prediction = predicted(duration_s)
    figure = affetto.plot(prediction)
    assert panel(figure, "tags").get_xlim() == (0, duration_s)
    assert heat_map(figure).shape[1] <= plots.MAX_COLUMNS
    plots.save(prediction, tmp_path / "song.png")


# ---------------------------------------------------------------- the waveform's source


def test_waveform_is_left_out_when_the_file_is_gone() -> None:
    assert panels(affetto.plot(predicted(path="no/such/file.mp3")))[0] == "time"


def test_waveform_is_left_out_when_the_file_holds_another_sound_by_now() -> None:
    prediction = replace(affetto.predict(EXAMPLE), audio_sha256="0" * 64)
    assert panels(affetto.plot(prediction))[0] == "time"


def test_waveform_is_left_out_when_the_file_is_no_sound_by_now(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_text("not music")
    assert panels(affetto.plot(predicted(path=str(path))))[0] == "time"


def test_waveform_of_samples_is_drawn_from_the_source_given() -> None:
    sound = (chirp(5.0), 22_050)
    assert panels(affetto.plot(affetto.predict(sound), sound))[0] == "waveform"


def test_source_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(AudioNotFound, match=r"absent\.wav"):
        affetto.plot(predicted(), "absent.wav")


@given(n_samples=st.integers(12_000, 200_000))
def test_envelope_holds_every_extreme_of_the_sound(n_samples: int) -> None:
    rng = np.random.default_rng(n_samples)
    samples = rng.uniform(-1, 1, n_samples).astype(np.float32)
    envelope, _ = plots._read_envelope((samples, 22_050), n_samples / 22_050)
    n_columns = envelope.shape[1]
    columns = np.arange(n_samples) * n_columns // n_samples
    for column in (0, n_columns // 3, n_columns - 1):
        part = samples[columns == column]
        assert envelope[:, column].tolist() == [min(part.min(), 0), max(part.max(), 0)]
    assert envelope.min() == samples.min()
    assert envelope.max() == samples.max()


# ---------------------------------------------------------------- laws


@given(n_windows=st.integers(1, 400), n_most=st.integers(1, 60), seed=st.integers(0, 99))
def test_joined_windows_keep_the_songs_mean(n_windows: int, n_most: int, seed: int) -> None:
    prediction = predicted(WINDOW_S + 1.5 * (n_windows - 1))
    rng = np.random.default_rng(seed)
    weight = rng.integers(0, 3, n_windows) / 2
    weight[0] = 1  # some sound there must be
    timeline = replace(prediction.timeline, weight=weight)
    cells = plots._cells(timeline, timeline.scores, n_most)
    assert len(cells.weight) <= n_most
    assert np.all(np.diff(cells.edges_s) > 0)
    assert (cells.edges_s[0], cells.edges_s[-1]) == (0, prediction.duration_s)
    mean = cells.weight @ cells.values / cells.weight.sum()
    assert np.allclose(mean, mood.mean_over_windows(timeline.scores, timeline.weight), atol=1e-5)


@given(duration_s=st.floats(0.5, 100_000))
def test_time_marks_are_few_distinct_and_within_the_song(duration_s: float) -> None:
    ticks = plots._time_ticks(duration_s)
    labels = [plots._clock(tick) for tick in ticks]
    assert 1 <= len(ticks) <= 9
    assert ticks[0] == 0
    assert ticks[-1] <= duration_s * (1 + 1e-6)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (0.5, "0:00.5"), (2.5, "0:02.5"), (9.96, "0:10"), (59.6, "1:00"),
     (754, "12:34"), (3599.7, "1:00:00"), (36_061, "10:01:01")],
)  # fmt: skip
def test_times_are_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert plots._clock(seconds) == shown


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$x^2_{a$ \\frac{1}{ $.mp3", "$x^2_{a$ \\frac{1}{ $.mp3"),
        ("two\nlines.mp3", "two\\nlines.mp3"),
        (os.fsdecode(b"caf\xe9.mp3"), "caf\\xe9.mp3"),
        ("naïve Ψ Жук.mp3", "naïve Ψ Жук.mp3"),
        ("\N{RUNIC LETTER FEHU FEOH FE F}\U0010fffd.mp3", None),
        ("赤い花 \N{GRINNING FACE}.mp3", None),
        ("\u202egnp.mp3", "\\u202egnp.mp3"),
        ("x" * 250 + ".mp3", "x…"),
        ("長" * 80, "…"),
        ("W" * 70, "W" * 70),
    ],
    ids=["tex", "newline", "latin-1", "accents", "runes", "cjk", "turned", "long", "wide", "broad"],
)
def test_any_name_is_drawn_as_it_stands_and_without_a_warning(
    name: str, shown: str | None, tmp_path: Path
) -> None:
    figure = affetto.plot(predicted(duration_s=5.0, path=f"music/{name}"))
    for suffix in plots.FORMATS:
        figure.savefig(tmp_path / f"song.{suffix}")
    title = figure.texts[0]
    if shown is not None:
        assert shown in title.get_text()
    assert title.get_window_extent().x1 <= figure.bbox.x1


def test_settings_of_the_user_for_tex_and_fonts_do_not_matter(tmp_path: Path) -> None:
    with matplotlib.rc_context({"text.usetex": True, "font.family": "No Such Font"}):
        plots.save(predicted(path="a_b$.mp3"), tmp_path / "song.png")


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("suffix", "magic"), [("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-"), ("SVG", b"<?xml")]
)
def test_save_writes_the_format_of_the_suffix(suffix: str, magic: bytes, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / f"song.{suffix}"
    plots.save(predicted(), path)
    assert path.read_bytes().startswith(magic)
    assert list(path.parent.iterdir()) == [path]
    if suffix == "SVG":
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


@pytest.mark.parametrize("name", ["song.jpg", "song", "png"])
def test_save_refuses_other_formats_and_writes_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"\.png, \.svg or \.pdf"):
        plots.save(predicted(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_save_that_fails_leaves_the_old_picture(tmp_path: Path) -> None:
    path = tmp_path / "song.png"
    with atomic_write(path) as file:
        file.write("old")
    with pytest.raises(AudioNotFound):
        plots.save(predicted(), path, source=tmp_path / "absent.wav")
    assert path.read_text() == "old"


def test_missing_matplotlib_is_said_with_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install 'affetto\[plot\]'"):
        affetto.plot(predicted())


def test_plot_needs_no_screen_and_leaves_pyplot_alone(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, affetto\n"
        "from affetto import plots\n"
        "prediction = affetto.predict(sys.argv[1])\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plots.save(prediction, pathlib.Path(sys.argv[2]))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    run = subprocess.run(
        [sys.executable, "-c", program, str(EXAMPLE), str(tmp_path / "song.png")],
        env=environment | {"MPLBACKEND": "TkAgg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "song.png").stat().st_size > 10_000


# ---------------------------------------------------------------- trainings


def log(folder: Path, *records: object) -> Path:
    path = folder / "metrics.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_plot_training_draws_loss_and_each_measure_by_epoch(tmp_path: Path) -> None:
    path = log(
        tmp_path,
        {"epoch": 0.0, "loss": 2.0},
        {"epoch": 1.0, "loss": 1.5, "emotions_macro_auc": 0.6, "valence_r": 0.3},
        {"epoch": 2.0, "loss": 1.2, "emotions_macro_auc": 0.7, "valence_r": 0.5},
    )
    figure = plots.plot_training(path)
    loss, validation = figure.axes
    (curve,) = loss.lines
    assert np.allclose(curve.get_xydata(), [[1, 2.0], [2, 1.5], [3, 1.2]])
    assert [line.get_xydata().tolist() for line in validation.lines] == [
        [[2, 0.6], [3, 0.7]],
        [[2, 0.3], [3, 0.5]],
    ]
    assert "emotions macro auc 0.7" in texts(figure)
    figure.savefig(tmp_path / "training.png")


def test_plot_training_of_a_run_before_its_first_validation_has_one_panel(tmp_path: Path) -> None:
    figure = plots.plot_training(log(tmp_path, {"epoch": 0.0, "loss": 2.0}))
    assert len(figure.axes) == 1
    assert f"{tmp_path.name}: 1 epoch" in texts(figure)
    figure.savefig(tmp_path / "training.png")


def test_plot_training_leaves_out_what_could_not_be_measured(tmp_path: Path) -> None:
    path = log(tmp_path, {"epoch": 0.0, "loss": 2.0, "valence_r": float("nan")})
    figure = plots.plot_training(path)
    figure.savefig(tmp_path / "training.png")
    assert "valence r" not in texts(figure)


@pytest.mark.parametrize("text", ["", "not json\n", '{"epoch": 1}\n', "[1]\n", "3\n"])
def test_plot_training_refuses_what_is_no_log(text: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(text)
    with pytest.raises(BadConfig, match=r"metrics\.jsonl"):
        plots.plot_training(path)


def test_plot_training_says_when_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"absent\.jsonl cannot be read"):
        plots.plot_training(tmp_path / "absent.jsonl")
