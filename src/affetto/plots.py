"""Pictures: what is said about a song, and how a training went.

    plot            a Prediction -> one figure
    save            the same, written as PNG, SVG or PDF
    plot_training   a run folder's metrics.jsonl -> loss and validation by epoch

matplotlib is the extra `plot` and is imported when a picture is drawn. Nothing here touches
pyplot, so that no window opens and no state is shared between threads. Two scales carry all
color: light to dark blue for scores, purple to orange for time, which the waveform and the
path share. Both get steadily darker or lighter, so they survive color blindness and a gray print.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from affetto import audio, mood
from affetto.audio import AudioSource
from affetto.core import QUADRANT_TITLES, FloatArray, IntArray, Prediction, Timeline
from affetto.errors import AudioError, BadConfig, MissingExtra
from affetto.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.text import Text

FORMATS = ("png", "svg", "pdf")
MAX_TAGS = 30
MAX_COLUMNS = 600  # of the heat map: more are not to be told apart on 1,000 pixels
MAX_POINTS = 60  # of the path: more are a tangle

_WIDTH_IN, _DPI = 10.0, 150
_TOP_IN, _GAP_IN = 0.95, 0.08  # of the title; between waveform and heat map
_ENVELOPE_RATE_HZ, _ENVELOPE_COLUMNS = 22_050, 1200
_NAME_COLUMNS = 72
INK, FAINT, RULE, _SILENCE = "#22262b", "#6b7280", "#c9ced6", "#d9d9d9"
_LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's
_FONT = "DejaVu Sans"  # comes with matplotlib
_FURTHER_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "WenQuanYi Micro Hei",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Emoji",
)
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)


def plot(prediction: Prediction, source: AudioSource | None = None) -> Figure:
    """Draw a song: its waveform, its tags over time, and its path through the plane.

    `source` is where the waveform is read from, by default the file at `prediction.path`; the
    waveform is left out when that is not there any more or holds another sound. The heat map
    shows chosen tags first, then by score, `MAX_TAGS` at most; windows of silence are gray.
    Raises: MissingExtra without matplotlib; AudioError for a `source` that cannot be read.
    """
    figure = new_figure()
    envelope = _envelope_of(prediction, source)
    order = _by_importance(prediction)[:MAX_TAGS]
    wave_in = 0.2 if envelope is None else 0.9
    heat_in = max(3.7, 0.205 * len(order))
    height_in = _TOP_IN + wave_in + _GAP_IN + heat_in + 0.42
    figure.set_size_inches(_WIDTH_IN, height_in)

    def place(label: str, left_in: float, top_in: float, wide_in: float, tall_in: float) -> Axes:
        bottom_in = height_in - top_in - tall_in
        return figure.add_axes(
            (left_in / _WIDTH_IN, bottom_in / height_in, wide_in / _WIDTH_IN, tall_in / height_in),
            label=label,
        )

    _draw_title(figure, prediction, height_in)
    wave = place("time" if envelope is None else "waveform", 1.12, _TOP_IN, 4.7, wave_in)
    _draw_wave(wave, envelope, prediction.duration_s)
    heat = place("tags", 1.12, _TOP_IN + wave_in + _GAP_IN, 4.7, heat_in)
    _draw_heat(heat, prediction, order)
    plane_in = 3.1
    left_in = _WIDTH_IN - plane_in - 0.22
    _draw_plane(place("plane", left_in, _TOP_IN, plane_in, plane_in), prediction)
    key = place("key", left_in, _TOP_IN + plane_in + 0.38, plane_in, 0.8)
    _draw_key(key, prediction, len(order))
    return finished(figure)


def save(prediction: Prediction, path: Path, *, source: AudioSource | None = None) -> None:
    """Write `plot(prediction, source)` as PNG, SVG or PDF, by the suffix; whole or not at all.

    Raises: BadConfig for another suffix; MissingExtra; AudioError as `plot`.
    """
    picture_format = format_of(path)  # before the work
    write(plot(prediction, source), path, picture_format)


def save_training(metrics_path: Path, path: Path) -> None:
    """Write `plot_training(metrics_path)` as `save` does. Raises: BadConfig; MissingExtra."""
    picture_format = format_of(path)
    write(plot_training(metrics_path), path, picture_format)


def plot_training(metrics_path: Path) -> Figure:
    """Draw a training from its run folder's `metrics.jsonl`: loss, and what validation measured.

    Raises: BadConfig for a file that is not there or holds no epoch; MissingExtra.
    """
    records = _read_metrics(metrics_path)
    names = list(dict.fromkeys(key for record in records for key in record))
    measures = [name for name in names if name not in ("epoch", "loss")]
    figure = new_figure()
    figure.set_size_inches(_WIDTH_IN, 5.2)
    shares = [1.0, 1.3] if measures else [1.0]
    grid = figure.add_gridspec(
        len(shares), height_ratios=shares, left=0.08, right=0.8, top=0.9, bottom=0.1, hspace=0.14
    )
    panels = [figure.add_subplot(grid[row]) for row in range(len(shares))]
    _draw_curves(panels[0], records, ["loss"], "training loss")
    if measures:
        _draw_curves(panels[1], records, measures, "validation")
        panels[0].tick_params(labelbottom=False)
    last = max(int(record["epoch"]) + 1 for record in records)
    for panel in panels:
        panel.set_xlim(0.5, last + 0.5)
    panels[-1].set_xlabel("epoch", color=FAINT, fontsize=9)
    run = _drawable(_shortened(audio.display(metrics_path.absolute().parent.name)))
    title = f"{run}: {last} epoch{'s' if last > 1 else ''}"
    figure.text(0.08, 0.94, title, fontsize=13, fontweight="bold", color=INK)
    return finished(figure)


def format_of(path: Path) -> str:
    """Give the format that a picture's suffix names. Raises: BadConfig for another suffix."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise BadConfig(
            f"{audio.display(path)}: a picture ends in .png, .svg or .pdf", "rename the output"
        )
    return suffix


def write(figure: Figure, path: Path, picture_format: str) -> None:
    """Write a picture, whole or not at all."""
    with atomic_write(path, "wb") as file:
        figure.savefig(file, format=picture_format)


# ---------------------------------------------------------------- figures


def new_figure() -> Figure:
    """Give an empty picture that no window belongs to. Raises: MissingExtra."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(
            "pictures need matplotlib", "run: pip install 'affetto[plot]'"
        ) from error
    figure = Figure(dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def finished(figure: Figure) -> Figure:
    """Draw every text as it stands, in fonts that have its letters."""
    from matplotlib.text import Text

    fonts = _fonts()
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        _take_as_it_stands(text, fonts)
    return figure


def _take_as_it_stands(text: Text, fonts: list[str]) -> None:
    """Draw a text letter by letter, whatever the user's own settings say of TeX and fonts."""
    needed = fonts if _missing(text.get_text(), fonts[:1]) else fonts[:1]
    text.set(parse_math=False, usetex=False, fontfamily=needed)


def _time_colors() -> Colormap:
    """Give plasma without its ends: the last is too pale for white paper."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["plasma"](np.linspace(0.05, 0.8, 256)))


def _score_colors() -> Colormap:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["Blues"](np.linspace(0, 0.95, 256)))


def bare(axes: Axes, *kept: str) -> None:
    """Leave of an axes' frame only the sides named, and no tick marks."""
    axes.tick_params(length=0, colors=INK, labelsize=8)
    for side, spine in axes.spines.items():
        spine.set_visible(side in kept)
        spine.set_color(RULE)


# ---------------------------------------------------------------- texts


def _draw_title(figure: Figure, prediction: Prediction, height_in: float) -> None:
    name = _drawable(_shortened(audio.display(os.path.basename(prediction.path))))  # noqa: PTH119
    title = figure.text(
        0.022, 1 - 0.36 / height_in, name, fontsize=13, fontweight="bold", color=INK, va="center"
    )
    _take_as_it_stands(title, _fonts())
    share = title.get_window_extent().width / (0.956 * figure.bbox.width)
    title.set_fontsize(13 / max(1, share))
    facts = (
        f"{prediction.quadrant} {QUADRANT_TITLES[prediction.quadrant]}",
        f"valence {_signed(prediction.valence)}",
        f"arousal {_signed(prediction.arousal)}",
        _clock(prediction.duration_s),
        prediction.bundle,
    )
    figure.text(
        0.022, 1 - 0.64 / height_in, "  ·  ".join(facts), fontsize=9.5, color=FAINT, va="center"
    )


def _signed(value: float) -> str:
    """Give two decimals with a sign, and never a negative zero."""
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "\N{MINUS SIGN}")


def _clock(seconds: float) -> str:
    """Give m:ss, with hours where there are some and tenths below ten seconds.

    >>> _clock(2.5), _clock(75.2), _clock(3605)
    ('0:02.5', '1:15', '1:00:05')
    """
    if seconds < 9.95 and round(seconds, 1) != round(seconds):
        return f"0:{seconds:04.1f}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _time_ticks(duration_s: float) -> list[float]:
    """Give round times from 0 to the end, eight or so."""
    step_s = next((step for step in _STEPS_S if duration_s / step <= 8), duration_s / 8)
    return [float(count * step_s) for count in range(int(duration_s / step_s + 1e-9) + 1)]


def _shortened(name: str) -> str:
    """Cut the middle out of a name that does not fit the width; wide letters count twice."""
    widths = [1 + (unicodedata.east_asian_width(letter) in "WF") for letter in name]
    if sum(widths) <= _NAME_COLUMNS:
        return name
    half = _NAME_COLUMNS // 2 - 1
    n_head = int(np.searchsorted(np.cumsum(widths), half, "right"))
    n_tail = int(np.searchsorted(np.cumsum(widths[::-1]), half, "right"))
    return f"{name[:n_head]}…{name[len(name) - n_tail :]}"


def _drawable(text: str) -> str:
    """Put a box for each letter that no font at hand can draw: matplotlib would warn of them."""
    missing = _missing(text, _fonts())
    return "".join("□" if letter in missing else letter for letter in text)


def _missing(text: str, fonts: list[str]) -> set[str]:
    """Give the letters of a text that none of the fonts has."""
    from matplotlib.font_manager import findfont, get_font

    left = set(text)
    for font in fonts:
        if not left:
            break
        letters = get_font(findfont(font)).get_charmap()
        left = {letter for letter in left if ord(letter) not in letters}
    return left


def _fonts() -> list[str]:
    """Name the font that is always there, then those for other scripts that are installed."""
    from matplotlib.font_manager import fontManager

    installed = {entry.name for entry in fontManager.ttflist}
    return [_FONT, *(font for font in _FURTHER_FONTS if font in installed)]


# ---------------------------------------------------------------- waveform


def _envelope_of(prediction: Prediction, source: AudioSource | None) -> FloatArray | None:
    """Read the waveform's outline from `source`, else from where the prediction was made."""
    if source is not None:
        return _read_envelope(source, prediction.duration_s)[0]
    try:
        if not Path(prediction.path).is_file():
            return None
        envelope, audio_sha256 = _read_envelope(prediction.path, prediction.duration_s)
    except (AudioError, OSError, ValueError):
        return None
    return envelope if audio_sha256 == prediction.audio_sha256 else None


def _read_envelope(source: AudioSource, duration_s: float) -> tuple[FloatArray, str]:
    """Give the lowest and highest sample (2, n_columns) of equal parts, and the sound's hash.

    What a source holds beyond `duration_s` is not drawn.
    """
    n_samples = max(1, round(duration_s * _ENVELOPE_RATE_HZ))
    n_columns = min(_ENVELOPE_COLUMNS, n_samples)
    envelope = np.zeros((2, n_columns), np.float32)
    n_before = 0
    with audio.stream(source, _ENVELOPE_RATE_HZ) as blocks:
        for block in blocks:
            samples = block.samples[: max(0, n_samples - n_before)]
            columns = (n_before + np.arange(len(samples))) * n_columns // n_samples
            firsts = np.flatnonzero(np.diff(columns, prepend=-1))
            n_before += len(block.samples)
            if not len(firsts):
                continue
            touched = columns[firsts]
            lowest = np.minimum.reduceat(samples, firsts)
            highest = np.maximum.reduceat(samples, firsts)
            envelope[0, touched] = np.minimum(envelope[0, touched], lowest)
            envelope[1, touched] = np.maximum(envelope[1, touched], highest)
        return envelope, blocks.info.audio_sha256


def _draw_wave(axes: Axes, envelope: FloatArray | None, duration_s: float) -> None:
    """Draw the outline in the colors of time; without one, the scale of time alone."""
    reach = 1.0 if envelope is None else max(float(np.abs(envelope).max()), 1e-6)
    image = axes.imshow(
        np.linspace(0, 1, 512)[np.newaxis],
        extent=(0, duration_s, -reach, reach),
        aspect="auto",
        cmap=_time_colors(),
        interpolation="bilinear",
    )
    if envelope is not None:
        times_s = (np.arange(envelope.shape[1]) + 0.5) / envelope.shape[1] * duration_s
        hair = 0.004 * reach  # silence stays visible as a line
        outline = axes.fill_between(
            times_s, envelope[0] - hair, envelope[1] + hair, facecolor="none", edgecolor="none"
        )
        image.set_clip_path(outline.get_paths()[0], transform=axes.transData)
    axes.set(xlim=(0, duration_s), ylim=(-reach, reach), xticks=[], yticks=[])
    bare(axes)
    axes.set_ylabel(
        str(axes.get_label()), rotation=0, ha="right", va="center", fontsize=8, color=FAINT
    )


# ---------------------------------------------------------------- heat map


@dataclass(frozen=True, slots=True)
class _Cells:
    """Stretches of a timeline: `edges_s` (n + 1,), `values` (n, n_outputs), `weight` (n,).

    A weight of 0 is silence; NaN is a gap between windows that nobody looked at.
    """

    edges_s: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]


def _cells(timeline: Timeline, values: FloatArray, n_most: int) -> _Cells:
    """Lay windows side by side; join neighbors, weighted by their sound, if they are too many.

    Where windows overlap, each is shown up to the middle of what it shares with the next.
    """
    n_windows = len(timeline)
    group = -(-n_windows // n_most)
    firsts = np.arange(0, n_windows, group)
    weight = timeline.weight.astype(np.float64)
    totals = np.add.reduceat(weight, firsts)
    sums = np.add.reduceat(values * weight[:, np.newaxis], firsts, axis=0)
    means = sums / np.where(totals > 0, totals, 1)[:, np.newaxis]
    starts_s = timeline.start_s[firsts]
    ends_s = timeline.end_s[np.minimum(firsts + group, n_windows) - 1]
    edges_s, rows, weights = [float(starts_s[0])], [], []
    for i in range(len(firsts)):
        rows.append(means[i])
        weights.append(float(totals[i]))
        if i + 1 == len(firsts):
            edges_s.append(float(ends_s[i]))
        elif starts_s[i + 1] <= ends_s[i]:
            edges_s.append(float(starts_s[i + 1] + ends_s[i]) / 2)
        else:
            edges_s += [float(ends_s[i]), float(starts_s[i + 1])]
            rows.append(np.full(values.shape[1], np.nan))
            weights.append(np.nan)
    return _Cells(np.array(edges_s), np.stack(rows), np.array(weights))


def _by_importance(prediction: Prediction) -> IntArray:
    """Order tags (n_tags,): the chosen first, then by the song's score."""
    return np.lexsort((-prediction.scores, ~prediction.chosen)).astype(np.int64)


def _draw_heat(axes: Axes, prediction: Prediction, order: IntArray) -> None:
    vocabulary, duration_s = prediction.vocabulary, prediction.duration_s
    n_rows = len(order)
    axes.set(xlim=(0, duration_s), ylim=(n_rows - 0.5, -0.5))
    if n_rows and len(prediction.timeline):
        cells = _cells(prediction.timeline, prediction.timeline.scores[:, order], MAX_COLUMNS)
        shown = np.where(cells.weight[:, np.newaxis] > 0, cells.values, np.nan)
        edges = np.arange(n_rows + 1) - 0.5
        axes.pcolormesh(
            cells.edges_s, edges, shown.T, cmap=_score_colors(), vmin=0, vmax=1, rasterized=True
        )
        for first, last in _runs(cells.weight == 0):
            axes.axvspan(cells.edges_s[first], cells.edges_s[last], color=_SILENCE, lw=0)
    for row in range(1, n_rows):
        axes.axhline(row - 0.5, color="white", lw=0.8)
    bare(axes)
    ticks = _time_ticks(duration_s)
    axes.set_xticks(ticks, labels=[_clock(tick) for tick in ticks])
    axes.tick_params(axis="x", length=3, color=RULE)
    axes.set_yticks(range(n_rows), labels=[vocabulary.titles[tag] for tag in order])
    for row, (tag, label) in enumerate(zip(order, axes.get_yticklabels(), strict=True)):
        is_chosen = bool(prediction.chosen[tag])
        look: dict[str, Any] = (
            {"color": INK, "fontweight": "bold"} if is_chosen else {"color": FAINT}
        )
        label.set(**look)
        axes.text(
            1.012, row, f"{prediction.scores[tag]:.2f}", fontsize=8, va="center_baseline",
            transform=axes.get_yaxis_transform(), **look,
        )  # fmt: skip


def _runs(flags: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Give first and last + 1 of each run of true values."""
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    yield from zip(
        np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True
    )


# ---------------------------------------------------------------- plane


def _path(prediction: Prediction) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give times (n,) and points (n, 2) of the song's way; a point is NaN in silence."""
    timeline = prediction.timeline
    points = timeline.valence_arousal
    if points is None and timeline.vocabulary.anchors is not None:
        points = mood.place(timeline.scores, timeline.vocabulary)
    if points is None or not len(timeline):
        return np.zeros(0), np.zeros((0, 2))
    cells = _cells(timeline, points, MAX_POINTS)
    way = np.where(cells.weight[:, np.newaxis] > 0, cells.values, np.nan)
    return (cells.edges_s[:-1] + cells.edges_s[1:]) / 2, way


def _draw_plane(axes: Axes, prediction: Prediction) -> None:
    from matplotlib.collections import LineCollection

    axes.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[])
    axes.set_aspect("equal")
    bare(axes, "left", "right", "top", "bottom")
    axes.axhline(0, color=RULE, lw=0.8, zorder=0)
    axes.axvline(0, color=RULE, lw=0.8, zorder=0)
    corners = {"Q1": (1, 1), "Q2": (-1, 1), "Q3": (-1, -1), "Q4": (1, -1)}
    for quadrant, (x, y) in corners.items():
        is_here = quadrant == prediction.quadrant
        axes.text(
            0.95 * x, 0.94 * y, f"{quadrant} {QUADRANT_TITLES[quadrant]}", fontsize=8,
            ha="right" if x > 0 else "left", va="top" if y > 0 else "bottom",
            color=INK if is_here else FAINT, fontweight="bold" if is_here else "normal", zorder=5,
        )  # fmt: skip
    axes.set_xlabel("valence: unpleasant to pleasant", fontsize=8, color=FAINT)
    axes.set_ylabel("arousal: calm to excited", fontsize=8, color=FAINT)

    times_s, way = _path(prediction)
    share = times_s / max(prediction.duration_s, 1e-9)
    colors = _time_colors()
    pairs = np.stack([way[:-1], way[1:]], axis=1) if len(way) > 1 else np.zeros((0, 2, 2))
    whole = np.isfinite(pairs).all(axis=(1, 2))
    middle = (share[:-1] + share[1:]) / 2
    lines = LineCollection(
        list(pairs[whole]),
        colors=colors(middle[whole]),
        linewidths=1.3 if len(way) <= MAX_POINTS / 2 else 0.9,
        capstyle="round",
    )
    axes.add_collection(lines)
    axes.scatter(way[:, 0], way[:, 1], s=9, c=colors(share), linewidths=0, zorder=3)
    _draw_ring(axes, prediction.valence, prediction.arousal)


def _draw_ring(axes: Axes, x: float, y: float) -> None:
    """Mark the song's mean without hiding the path below it."""
    for color, width in (("white", 3.4), (INK, 1.8)):
        axes.scatter(
            [x], [y], s=90, facecolor="none", edgecolor=color, linewidths=width, zorder=4,
            clip_on=False,
        )  # fmt: skip


def _draw_key(axes: Axes, prediction: Prediction, n_rows: int) -> None:
    """Say what colors and marks mean: two scales, then what else is in this picture."""
    axes.set(xlim=(0, 1), ylim=(0, 4), xticks=[], yticks=[])
    bare(axes)
    ramp = np.linspace(0, 1, 256)[np.newaxis]
    scales = (
        ("time", _time_colors(), "0:00", _clock(prediction.duration_s)),
        ("score", _score_colors(), "0", "1"),
    )
    for row, (label, colors, low, high) in enumerate(scales):
        y = 3.5 - row
        axes.imshow(ramp, extent=(0.28, 0.8, y - 0.22, y + 0.22), aspect="auto", cmap=colors)
        for x, text, side in ((0.0, label, "left"), (0.26, low, "right"), (0.82, high, "left")):
            axes.text(x, y, text, fontsize=8, color=FAINT, ha=side, va="center")
    axes.set(xlim=(0, 1), ylim=(0, 4))  # imshow has moved them
    _draw_ring(axes, 0.022, 1.5)
    axes.text(0.06, 1.5, "mean of the song", fontsize=8, color=FAINT, va="center")
    axes.text(0.5, 1.5, "chosen tag", fontsize=8, color=INK, fontweight="bold", va="center")
    said = []
    if n_rows < len(prediction.vocabulary):
        said.append(f"{n_rows} of {len(prediction.vocabulary)} tags")
    if (prediction.timeline.weight == 0).any():
        said.append("gray: silence")
    axes.text(0, 0.5, "  ·  ".join(said), fontsize=8, color=FAINT, va="center")


# ---------------------------------------------------------------- trainings


def _read_metrics(path: Path) -> list[dict[str, float]]:
    hint = "name the metrics.jsonl of a run folder"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines if line.strip()]
        plain = [{key: float(value) for key, value in record.items()} for record in records]
        is_training = all({"epoch", "loss"} <= record.keys() for record in plain)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadConfig(
            f"{audio.display(path)} cannot be read as a training's log", hint
        ) from error
    if not plain or not is_training:
        raise BadConfig(f"{audio.display(path)} holds no epochs with a loss", hint)
    return plain


def _draw_curves(axes: Axes, records: list[dict[str, float]], names: list[str], label: str) -> None:
    """Draw measures by epoch, each named with its last value at its end."""
    ends: list[tuple[float, str, str]] = []
    for number, name in enumerate(names):
        epochs = [record["epoch"] + 1 for record in records if name in record]
        values = [record[name] for record in records if name in record]
        color = _LINES[number % len(_LINES)]
        axes.plot(epochs, values, color=color, lw=1.6, marker="o", ms=3 if len(epochs) < 60 else 0)
        if np.isfinite(values[-1]):
            ends.append((values[-1], f"{name.replace('_', ' ')} {values[-1]:.3g}", color))
    bare(axes, "left", "bottom")
    axes.grid(axis="y", color=RULE, lw=0.5)
    axes.set_axisbelow(True)
    axes.set_ylabel(label, fontsize=9, color=FAINT)
    axes.yaxis.set_label_coords(-0.058, 0.5)
    _label_ends(axes, ends)


def _label_ends(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Write names beside the ends of curves, moved apart where they would touch."""
    low, high = axes.get_ylim()
    least = 0.075 * (high - low)
    at = low - least
    for value, text, color in sorted(ends):
        at = max(value, at + least)
        axes.text(
            1.012, at, text, color=color, fontsize=8.5, va="center",
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
