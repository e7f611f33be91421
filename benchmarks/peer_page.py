"""Lay out what `peers.py` found: tables for the terminal and for Markdown alike, and a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from affetto.evaluation.report import TITLES, table

TITLE = "Beside other programs"
WHAT = {
    "musicnn": "frozen outputs of a network trained on tags of 200,000 songs, with a regression "
    "fitted on the training folds",
    "yamnet": "YAMNet, frozen outputs of a network trained on the kinds of sound of two million "
    "clips, with a regression fitted on the training folds",
    "vibenet": "its network's own valence and energy; only their scale is fitted",
    "together": "the mean of the scores of affetto, musicnn and yamnet: what all that they know is "
    "good for",
    "training mean": "knows the labels of the training folds and hears nothing",
}
DATASETS = {"4q": "4Q", "soundtracks": "Soundtracks"}


def tables(found: Mapping[str, Any]) -> str:
    """Give quality, cost and versions as Markdown that is readable as it stands."""
    return "\n".join([*_quality(found), "", *_cost(found), "", *_notes(found)])


def page(found: Mapping[str, Any]) -> str:
    """Give `docs/peers.md`: what was measured and how, then the tables."""
    settings = found["settings"]
    folds = settings["test_folds"]
    n_folds = " and ".join(dict.fromkeys(str(len(of)) for of in folds.values()))
    seeds = "one seed" if settings["n_seeds"] == 1 else f"{settings['n_seeds']} seeds"
    parts = [
        f"# {TITLE}",
        "<!-- Written by `python benchmarks/peers.py --page results/benchmarks/peers.json`. -->",
        _paragraph(
            "The same clips and folds for all, in one run; the folds are of whole artists (4Q) and "
            f"film albums (Soundtracks), {n_folds} of 5 of them tested. affetto's scores come from "
            f"`affetto evaluate default {' '.join(folds)} --scores FILE`, {seeds}: each by a "
            "network that has heard neither the clip nor its artist or album."
        ),
        "\n".join(
            _paragraph(f"- **{name}**: {what}.", "  ")
            for name, what in WHAT.items()
            if name in {*found["quality"][0]["systems"], "training mean"}
        ),
        _paragraph(
            "The regressions are logistic for the signs of valence and arousal in 4Q, ridge "
            "for the ratings of Soundtracks. Which of the outputs they see, and how strongly they "
            "are held back, is chosen by cross-validation inside the training folds. All hear the "
            "sound as affetto decodes it. Measures are means over folds; intervals are 95 % "
            f"bootstraps over artists or albums, {settings['n_resamples']} draws. The lead is "
            "affetto's over the system, paired: an interval that leaves out 0 is more than the "
            "draw of artists."
        ),
        "## Quality",
        "\n".join(_quality(found)),
        "## Time and size",
        _paragraph(
            f"CPU seconds for an MP3 of {settings['duration_s']:.0f} s, the smallest of "
            f"{settings['rounds']} rounds in a warm process; start is until the network is loaded. "
            "Installed is what the package and all that it requires take on disk. musicnn's "
            "session is kept open and scores patches in batches, which its own `extractor` does "
            "not do."
        ),
        "\n".join(_cost(found)),
        "\n".join(f"- {note}" for note in _notes(found)),
    ]
    return "\n\n".join(parts) + "\n"


def card_lines(found: Mapping[str, Any]) -> list[str]:
    """Give what a bundle's card says of the peers' quality."""
    names = [name for name in found["quality"][0]["systems"] if name not in ("affetto", "together")]
    systems = ["affetto", *names]
    rows = []
    for of in found["quality"]:
        cells = [f"{of['systems'][name]['estimate']:.3f}" for name in systems]
        leads = [of["systems"][name]["lead"] for name in names]
        told = [
            f"{lead['estimate']:+.3f} ({lead['low']:+.3f} to {lead['high']:+.3f})" for lead in leads
        ]
        rows.append([_measure(of), *cells, f"{of['prior']:.3f}", *told])
    header = ["measure", *systems, "training mean", *(f"lead over {name}" for name in names)]
    about = " ".join(f"{name}: {WHAT[name]}." for name in names)
    return [
        *_paragraph(
            "The same clips and folds for all; leads are paired, with 95 % bootstraps over artists "
            f"or albums. {about} From `python benchmarks/peers.py`."
        ).splitlines(),
        "",
        *table(header, rows),
    ]


def _paragraph(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _measure(of: Mapping[str, Any]) -> str:
    return f"{DATASETS[of['dataset']]} {TITLES[of['measure']]}"


def _quality(found: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for of in found["quality"]:
        systems = of["systems"]
        others = sorted(name for name in systems if name != "affetto")
        title = _measure(of)
        for name in ("affetto", *others):
            row = systems[name]
            lead = row.get("lead")
            rows.append(
                [
                    title if name == "affetto" else "",
                    name,
                    f"{row['estimate']:.3f}",
                    f"{row['low']:.3f} to {row['high']:.3f}",
                    "" if lead is None else f"{lead['estimate']:+.3f}",
                    "" if lead is None else f"{lead['low']:+.3f} to {lead['high']:+.3f}",
                ]
            )
        rows.append(["", "training mean", f"{of['prior']:.3f}", "", "", ""])
    yield from table(["measure", "system", "value", "95 %", "lead", "95 %"], rows)


def _cost(found: Mapping[str, Any]) -> Iterator[str]:
    ours = found["systems"]["affetto"]
    rows = [
        [
            name,
            f"{of['song_cpu_s']:.2f}",
            f"{of['song_cpu_s'] / ours['song_cpu_s']:.1f}",
            f"{of['start_cpu_s']:.1f}",
            f"{of['installed_mb']:,.0f} MB",
            str(of["n_packages"]),
            f"{of['network_mb']:.1f} MB",
        ]
        for name, of in found["systems"].items()
    ]
    header = ["system", "a song, s", "times ours", "start, s", "installed", "packages", "network"]
    yield from table(header, rows)


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    machine = found["machine"]
    yield f"{machine['processor']}, {machine['system']}."
    for name, of in found["systems"].items():
        versions = ", ".join(f"{key} {value}" for key, value in of["versions"].items())
        yield f"{name}: {of['network']}; {versions}."
    for name, reason in found["skipped"].items():
        yield f"{name} is left out: {reason}."
