"""The mood map as a picture (extra `plot`), or as a page to look around in."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from affetto.audio import display
from affetto.core import QUADRANT_TITLES
from affetto.errors import BadConfig, MissingExtra
from affetto.files import atomic_write, write_text
from affetto.library.moodmap import MoodMap
from affetto.plots import FORMATS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = "html"

_INK, _FAINT, _RULE = "#22262b", "#6b7280", "#c9ced6"
_COLORS = {"Q1": "#e69f00", "Q2": "#d55e00", "Q3": "#0072b2", "Q4": "#009e73"}
_CORNERS = {"Q1": (1, 1), "Q2": (-1, 1), "Q3": (-1, -1), "Q4": (1, -1)}
_BEYOND_FONT = "\u0530"  # matplotlib's own font has Latin, Greek and Cyrillic letters
_ROOM = 1.12  # for the quadrants' names, beyond the farthest song
MAX_TITLE_CHARACTERS = 28
_SIZE_IN, _DPI = (10.0, 6.4), 150
_TEMPLATE = Path(__file__).with_name("moodmap.html")


def check(path: Path) -> None:
    """Refuse what could not be drawn, before the work. Raises: BadConfig; MissingExtra."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in (*FORMATS, PAGE):
        raise BadConfig(
            f"--plot {display(path)}: a map ends in .png, .svg, .pdf or .html", "rename it"
        )
    if suffix != PAGE:
        _figure_class()


def save(found: MoodMap, path: Path) -> None:
    """Write a map as PNG, SVG, PDF or HTML, by the suffix; whole or not at all.

    Raises: BadConfig for another suffix; MissingExtra without matplotlib.
    """
    check(path)
    suffix = path.suffix.lower().removeprefix(".")
    if suffix == PAGE:
        write_text(path, page(found))
        return
    with atomic_write(path, "wb") as file:
        draw(found).savefig(file, format=suffix)


def _figure_class() -> type[Figure]:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: F401
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(
            "pictures need matplotlib", "run: pip install 'affetto[plot]', or draw to .html"
        ) from error
    return Figure


def draw(found: MoodMap) -> Figure:
    """Draw the map with each song a dot, and how often each quadrant and tag is found.

    Raises: MissingExtra without matplotlib.
    """
    figure = _figure_class()(figsize=_SIZE_IN, dpi=_DPI, facecolor="white")
    n_songs = len(found.tracks)
    title = f"{n_songs:,} song{'' if n_songs == 1 else 's'} on the mood map"
    figure.text(0.055, 0.945, title, fontsize=14, fontweight="bold", color=_INK, va="center")
    about = f"{found.bundle}  ·  {round(found.duration_s / 3600):,} h of music"
    figure.text(0.055, 0.9, about, fontsize=9, color=_FAINT, va="center")
    _draw_places(figure.add_axes((0.055, 0.07, 0.51, 0.797), label="map"), found)
    _draw_shares(figure.add_axes((0.74, 0.07, 0.2, 0.797), label="tags"), found)
    return figure


def _draw_places(axes: Axes, found: MoodMap) -> None:
    reach = found.reach
    edge = _ROOM * reach
    axes.set(xlim=(-edge, edge), ylim=(-edge, edge))
    axes.axhline(0, color=_RULE, lw=0.8, zorder=0)
    axes.axvline(0, color=_RULE, lw=0.8, zorder=0)
    n_songs = max(1, len(found.tracks))
    for quadrant, n in found.quadrants.items():
        is_here = np.array([track.quadrant == quadrant for track in found.tracks], np.bool_)
        places = found.places[is_here]
        # So many dots shall neither drown each other nor vanish.
        axes.scatter(
            places[:, 0], places[:, 1], s=float(np.clip(9_000 / n_songs, 2, 40)),
            color=_COLORS[quadrant], alpha=float(np.clip(30 / np.sqrt(n_songs), 0.12, 0.8)),
            linewidths=0, rasterized=n_songs > 5_000, clip_on=False,
        )  # fmt: skip
        x, y = _CORNERS[quadrant]
        axes.text(
            0.5 + 0.48 * x, 0.5 + 0.48 * y,
            f"{quadrant} {QUADRANT_TITLES[quadrant]}  {n / n_songs:.0%}",
            transform=axes.transAxes, ha="right" if x > 0 else "left",
            va="top" if y > 0 else "bottom", fontsize=9, fontweight="bold",
            color=_COLORS[quadrant],
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
    _name_the_farthest(axes, found)
    _bare(axes, "left", "right", "top", "bottom")
    ticks = [-reach, 0.0, reach]
    labels = [f"\N{MINUS SIGN}{reach:.1f}", "0", f"+{reach:.1f}"]
    axes.set_xticks(ticks, labels=labels)
    axes.set_yticks(ticks, labels=labels)
    axes.set_xlabel("valence: unpleasant to pleasant", fontsize=9, color=_FAINT)
    axes.set_ylabel("arousal: calm to excited", fontsize=9, color=_FAINT, labelpad=-8)


def _name_the_farthest(axes: Axes, found: MoodMap) -> None:
    """Write the title of each quadrant's farthest song beside it: something to know the map by."""
    distances = np.hypot(*found.places.T)
    for quadrant in found.quadrants:
        of_quadrant = [n for n, track in enumerate(found.tracks) if track.quadrant == quadrant]
        if not of_quadrant:
            continue
        farthest = max(of_quadrant, key=lambda n: float(distances[n]))
        track = found.tracks[farthest]
        title = _clean(track.title or track.path.stem)
        if max(title) >= _BEYOND_FONT:
            continue
        x, y = map(float, found.places[farthest])
        is_near_edge = abs(x) > 0.7 * found.reach
        axes.annotate(
            textwrap.shorten(title, MAX_TITLE_CHARACTERS, placeholder="…"),
            (x, y), (0, 6), textcoords="offset points", va="bottom", fontsize=7, color=_FAINT,
            ha="center" if not is_near_edge else "right" if x > 0 else "left", parse_math=False,
        )  # fmt: skip


def _draw_shares(axes: Axes, found: MoodMap) -> None:
    n_songs = max(1, len(found.tracks))
    shares = [each.n_songs / n_songs for each in found.tags]
    rows = range(len(shares))
    axes.barh(list(rows), shares, height=0.62, color="#0072b2")
    axes.set_yticks(list(rows), labels=[each.tag.title for each in found.tags])
    axes.set_ylim(len(shares) - 0.4, -0.6)
    axes.set_xlim(0, max(0.01, *shares) if shares else 1)
    for row, share in zip(rows, shares, strict=True):
        text = f"{share:.0%}" if share == 0 or share >= 0.005 else "<1%"
        axes.text(
            1.04, row, text, fontsize=8, color=_FAINT, va="center",
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
    axes.set_xticks([])
    axes.set_title("songs that have the tag", fontsize=9, color=_FAINT, loc="left", pad=6)
    _bare(axes)


def _bare(axes: Axes, *kept: str) -> None:
    axes.tick_params(length=0, colors=_INK, labelsize=8.5)
    for side, spine in axes.spines.items():
        spine.set_visible(side in kept)
        spine.set_color(_RULE)


# ---------------------------------------------------------------- page


def page(found: MoodMap) -> str:
    """Give the map as one HTML page that needs nothing else."""
    values: dict[str, Any] = {
        "bundle": found.bundle,
        "reach": found.reach,
        "titles": dict(QUADRANT_TITLES),
        "quadrants": found.quadrants,
        "tags": [[each.tag.title, each.n_songs] for each in found.tags],
        "songs": [
            [
                round(track.valence, 3),
                round(track.arousal, 3),
                _clean(track.title or track.path.stem),
                _clean(track.artist or ""),
            ]
            for track in found.tracks
        ],
    }
    # "<" as an escape: no text can then end the script element that holds it.
    data = json.dumps(values, separators=(",", ":")).replace("<", "\\u003c")
    return _TEMPLATE.read_text(encoding="utf-8").replace("/*data*/null", data)


def _clean(text: str) -> str:
    return display(text)
