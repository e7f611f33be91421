"""The tables and sentences of a report, all from a summary and nothing else.

report_blocks   everything, with pictures where there are some
page_blocks     what stands on the page of results
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from affetto.experiments.blocks import (
    Block,
    Code,
    Heading,
    Listing,
    Paragraph,
    Picture,
    Table,
)
from affetto.experiments.comparison import COMPARED, DECIDED, MEASURES
from affetto.experiments.significance import ALPHA

Summary = Mapping[str, Any]

FAMILIES = {
    "network": "network",
    "baseline": "baseline",
    "both": "network + baseline",
    "trivial": "trivial",
}
CAPTIONS = {
    "methods": "All methods: macro ROC-AUC and macro AP with 95 % intervals over draws of songs.",
    "ranks": "Mean ranks over tags; methods that a bar joins are not told apart (Nemenyi, 5 %).",
    "tags": "Average precision of each tag, the most frequent first; the bar is chance.",
    "curves": "Precision against recall, tag by tag, mean over the folds.",
    "confusion": "Tags that go together in the labels, and those that are chosen by mistake.",
    "learning": "Figures over the number of songs that training had.",
}
"""What each chart shows, in the order of the report."""

_MEASURED_BY = (
    "A figure is the mean over folds and runs of its value in the fold. Brackets hold the 95 % "
    "interval of a bootstrap over {n_groups} groups (artists or songs), {n_resamples} draws, the "
    "same ones for all methods. It covers the draw of test songs, not that of training songs. "
    "Average precision rises a little when a draw repeats songs, so its intervals sit high; "
    "differences of two methods suffer less from that."
)
_CHOSEN_BY = (
    "The best network and the best baseline are those with the highest macro ROC-AUC on these "
    "very folds. That favors the baseline, which has had its pick as well, and it favors the "
    "network; so p values are corrected (Holm) over all pairs of a network and a baseline."
)
_LEAKY = (
    "Nobody should quote these figures. Here segments of one song stand in training and test, "
    "so a method can know the song instead of hearing the emotion. They show how far published "
    "figures can be off that were split by segment; copy_label does nothing but repeat the "
    "labels of another segment of the song."
)
_LISTENER = (
    "One listener's ratings (1 to 5) as scores, against the labels that the same song's other "
    "listeners give by the data set's rule, on {n_rows} ratings of {n_songs} songs under the "
    "same folds. Each method's scores of a song, the mean of its segments, are held against "
    "exactly the same labels. Listeners have five levels, and ties count half; so the last "
    "columns cut the method's scores to five levels that are used as often."
)


def report_blocks(summary: Summary, pictures: Collection[str] = ()) -> list[Block]:
    """Give the whole report; `pictures` are the names of the charts that there are."""

    def picture(name: str) -> list[Block]:
        return [Picture(name, CAPTIONS[name])] if name in pictures else []

    return [
        Heading(title_of(summary), 1),
        *_quick(summary),
        *_answer(summary),
        *_setting(summary),
        Code(summary["command"]),
        *picture("methods"),
        *_headline(summary, 2),
        *_differences(summary, 2),
        *picture("ranks"),
        *_ranks(summary, 2),
        *_ceiling(summary, 2),
        *_leaky(summary, 2),
        *_per_tag(summary, 2),
        *picture("tags"),
        *picture("curves"),
        *picture("confusion"),
        *_learning(summary, 2),
        *picture("learning"),
        *_ablations(summary, 2),
        *_all_measures(summary, 2),
        *_published(summary, 2),
        *_left_out(summary, 2),
        *_environment(summary, 2),
    ]


def page_blocks(summary: Summary) -> list[Block]:
    """Give an experiment's part of the page of results, under a heading of the second level."""
    return [
        Heading(title_of(summary), 2),
        *_quick(summary),
        *_answer(summary),
        *_setting(summary),
        Code(summary["command"]),
        *_headline(summary, 3),
        *_differences(summary, 3),
        *_ranks(summary, 3),
        *_ceiling(summary, 3),
        *_leaky(summary, 3),
        *_per_tag(summary, 3),
        *_learning(summary, 3),
        *_ablations(summary, 3),
        *_published(summary, 3),
    ]


def title_of(summary: Summary) -> str:
    """Give what an experiment is called."""
    of = f": variants of {summary['ablation_of']}" if summary["ablation_of"] else ""
    return f"{summary['task']}, source {summary['source']}{of}"


def headline_row(summary: Summary) -> tuple[str, ...]:
    """Give an experiment's best network and baseline with their figures, and the listener's."""
    methods = {method["name"]: method["figures"] for method in summary["methods"]}
    cells: list[str] = []
    for name in (summary["best"]["network"], summary["best"]["baseline"]):
        figures = methods.get(name, {})
        cells += [name or "-", *(_interval(figures.get(measure)) for measure in COMPARED)]
    listener = summary["ceiling"].get("listener", {})
    return (*cells, _interval(listener.get("macro_auc")))


def _quick(summary: Summary) -> Iterator[Block]:
    if summary["is_quick"]:
        yield Paragraph(
            "A quick run: fewer folds, seeds or methods than the protocol asks for. Its figures "
            "show that everything works, not how good a method is.",
            "warning",
        )


def _answer(summary: Summary) -> Iterator[Block]:
    best = summary["best"]
    if best["network"] is None or best["baseline"] is None:
        return
    found = _difference(summary["differences"], best["network"], best["baseline"], "macro_auc")
    second = _difference(summary["differences"], best["network"], best["baseline"], "macro_ap")
    verdicts = {
        (True, True): "beats the best baseline",
        (False, False): "does not beat the best baseline beyond doubt",
    }
    both = (_is_above(found), _is_above(second))
    verdict = verdicts.get(both, "beats the best baseline in one of two measures only")
    yield Paragraph(
        f"The best network ({best['network']}) {verdict} ({best['baseline']}): macro ROC-AUC "
        f"{_signed(found)}, macro AP {_signed(second)}.",
        "answer",
    )


def _setting(summary: Summary) -> Iterator[Block]:
    repeats = summary["n_repeats"]
    yield Paragraph(
        f"{summary['n_examples']} examples of {summary['n_songs']} songs, "
        f"{len(summary['tags'])} tags; {summary['n_folds']} folds that keep a group together"
        + (f", repeated {repeats} times" if repeats > 1 else "")
        + ". "
        + _MEASURED_BY.format(
            n_groups=summary["n_groups"], n_resamples=summary["bootstrap"]["n_resamples"]
        )
    )


def _headline(summary: Summary, level: int) -> Iterator[Block]:
    yield Heading("Methods", level)
    header = [
        "method",
        "kind",
        "runs",
        *(MEASURES[name].title for name in COMPARED),
        *(f"{MEASURES[name].title} {_beside(summary, name)}" for name in ("micro_f1", "macro_f1")),
    ]
    methods = _sorted(summary["methods"])
    best = set(summary["best"].values())
    rows = [
        (
            method["name"],
            FAMILIES[method["family"]],
            str(method["n_runs"]),
            *(_interval(method["figures"].get(name)) for name in COMPARED),
            *(_interval(method["figures"].get(name)) for name in ("micro_f1", "macro_f1")),
        )
        for method in methods
    ]
    strong = frozenset(row for row, method in enumerate(methods) if method["name"] in best)
    yield Table(tuple(header), tuple(rows), 2, strong)
    yield Paragraph(
        "An F1 says something only beside that of choosing every tag (all ones), which stands in "
        "the head of its column with that of the training's base rates cut at a half (prior)."
    )


def _differences(summary: Summary, level: int) -> Iterator[Block]:
    if not summary["differences"]:
        return
    yield Heading("Networks against baselines", level)
    yield Paragraph(_CHOSEN_BY)
    best = summary["best"]
    pairs = [
        (challenger, base)
        for challenger in (best["network"], best["both"])
        for base in dict.fromkeys(found["base"] for found in summary["differences"])
        if challenger is not None
    ]
    rows = []
    for challenger, base in pairs:
        cells = [challenger, base]
        for name in COMPARED:
            found = _difference(summary["differences"], challenger, base, name)
            cells += [
                _signed(found),
                f"{found['p_folds']:.2g} ({found['p_folds_holm']:.2g})",
                f"{found['p_tags']:.2g} ({found['p_tags_holm']:.2g})",
            ]
        rows.append(tuple(cells))
    strong = frozenset(row for row, (_, base) in enumerate(pairs) if base == best["baseline"])
    header = ["network", "baseline"]
    for name in COMPARED:
        header += [f"{MEASURES[name].title}, difference", "p over folds", "p over tags"]
    yield Table(tuple(header), tuple(rows), 2, strong)
    n_folds = max(found["n_folds"] for found in summary["differences"])
    n_pairs = len(summary["differences"]) // len(COMPARED)
    yield Paragraph(
        f"p values are Wilcoxon's, two-sided; in brackets after Holm's correction for {n_pairs} "
        "pairs. Over "
        f"{n_folds} folds none can be below {2 / 2**n_folds:.2g}, and neither folds, which "
        "share training songs, nor tags, which share test songs, are independent trials: the "
        "interval over draws of songs is the sounder evidence."
    )


def _ranks(summary: Summary, level: int) -> Iterator[Block]:
    if not summary["ranks"]:
        return
    yield Heading("Ranks over tags", level)
    for name, ranks in summary["ranks"].items():
        yield Paragraph(
            f"{MEASURES[name].title}: Friedman's p = {ranks['p_value']:.2g}; two methods are told "
            f"apart when their mean ranks over {ranks['n_trials']} tags differ by "
            f"{ranks['critical_difference']:.2f} (Nemenyi, {ALPHA:.0%}). Trivial methods are left "
            "out, which would only widen that. Tags and not folds are the trials, since so few "
            "folds could tell hardly anything apart."
        )
    names = list(summary["ranks"])
    by_name = [
        dict(zip(ranks["methods"], ranks["mean_ranks"], strict=True))
        for ranks in summary["ranks"].values()
    ]
    yield Table(
        ("method", *(f"mean rank by {MEASURES[name].title}" for name in names)),
        tuple((method, *(f"{r[method]:.2f}" for r in by_name)) for method in by_name[0]),
    )


def _ceiling(summary: Summary, level: int) -> Iterator[Block]:
    ceiling = summary["ceiling"]
    if not ceiling.get("reason", "-"):
        return
    yield Heading("A single listener", level)
    if "reason" in ceiling:
        yield Paragraph(ceiling["reason"])
        return
    yield from _ceiling_answer(summary)
    yield Paragraph(_LISTENER.format(**ceiling))
    rows = [("one listener", *(_interval(ceiling["listener"][n]) for n in COMPARED), "", "", "")]
    ordered = sorted(ceiling["methods"], key=lambda m: -_value(m["figures"]["macro_auc"]))
    rows += [
        (
            found["method"],
            *(_interval(found["figures"][name]) for name in COMPARED),
            _signed(found["minus_listener"]["macro_auc"]),
            _interval(found["coarse"]["macro_auc"]),
            _signed(found["coarse_minus_listener"]["macro_auc"]),
        )
        for found in ordered
    ]
    best = set(summary["best"].values())
    strong = {0} | {row for row, found in enumerate(ordered, 1) if found["method"] in best}
    yield Table(
        (
            "who",
            *(MEASURES[name].title for name in COMPARED),
            "ROC-AUC less the listener's",
            "ROC-AUC on five levels",
            "that less the listener's",
        ),
        tuple(rows),
        1,
        frozenset(strong),
    )
    if ceiling["without"]:
        yield Paragraph(
            f"Left out, rated by too few: {len(ceiling['without'])} songs "
            f"({', '.join(ceiling['without'][:8])}{' ...' if len(ceiling['without']) > 8 else ''})."
        )


def _ceiling_answer(summary: Summary) -> Iterator[Block]:
    network = summary["best"]["network"]
    for found in summary["ceiling"]["methods"]:
        if found["method"] == network:
            minus = found["minus_listener"]["macro_auc"]
            verdict = (
                "agrees with the consensus better than a single listener does"
                if _is_above(minus)
                else "does not agree with the consensus beyond doubt better than a single listener"
            )
            coarse = found["coarse_minus_listener"]["macro_auc"]
            yield Paragraph(
                f"The best network ({network}) {verdict}: macro ROC-AUC {_signed(minus)}; with "
                f"its scores cut to five levels {_signed(coarse)}.",
                "answer",
            )


def _leaky(summary: Summary, level: int) -> Iterator[Block]:
    if not summary["leaky"]:
        return
    yield Heading("What leakage would give", level)
    yield Paragraph(_LEAKY, "warning")
    honest = {method["name"]: method for method in summary["methods"]}
    rows = []
    for method in _sorted(summary["leaky"]):
        beside = honest.get(method["name"], {"figures": {}})["figures"]
        rows.append(
            (
                method["name"],
                *(
                    cell
                    for name in (*COMPARED, "macro_f1")
                    for cell in (
                        _number(_value(beside.get(name))),
                        _number(_value(method["figures"].get(name))),
                    )
                ),
            )
        )
    header = [
        f"{MEASURES[name].title}, {how}"
        for name in (*COMPARED, "macro_f1")
        for how in ("by song", "LEAKY by segment")
    ]
    yield Table(("method", *header), tuple(rows))


def _per_tag(summary: Summary, level: int) -> Iterator[Block]:
    best = summary["best"]
    shown = [
        method
        for name in (best["network"], best["both"], best["baseline"])
        for method in summary["methods"]
        if method["name"] == name
    ]
    if not shown:
        return
    yield Heading("Tags", level)
    listener = summary["ceiling"].get("per_tag")
    order = sorted(
        range(len(summary["tags"])), key=lambda place: -summary["tags"][place]["n_positive"]
    )
    header = ["tag", "share"]
    for column, title in (("auc", "ROC-AUC"), ("ap", "AP"), ("f1", "F1")):
        header += [f"{title} {method['name']}" for method in shown if column in method["per_tag"]]
    header += ["ROC-AUC one listener, songs"] if listener else []
    rows = []
    for place in order:
        tag = summary["tags"][place]
        cells = [tag["title"], f"{tag['n_positive'] / summary['n_examples']:.1%}"]
        for column in ("auc", "ap", "f1"):
            cells += [
                _number(method["per_tag"][column][place])
                for method in shown
                if column in method["per_tag"]
            ]
        cells += [_number(listener[place])] if listener else []
        rows.append(tuple(cells))
    yield Table(tuple(header), tuple(rows))
    yield Paragraph("The share of examples with the tag is the AP that chance has.")


def _learning(summary: Summary, level: int) -> Iterator[Block]:
    if not summary["learning"]:
        return
    yield Heading("How many songs it takes", level)
    yield Table(
        ("method", "songs", *(MEASURES[name].title for name in COMPARED)),
        tuple(
            (
                point["method"],
                str(point["n_songs"]),
                *(_interval(point["figures"][name]) for name in COMPARED),
            )
            for point in summary["learning"]
        ),
    )


def _ablations(summary: Summary, level: int) -> Iterator[Block]:
    if not summary["ablations"]:
        return
    yield Heading(f"Variants of {summary['ablation_of']}", level)
    summaries = {method["name"]: method["summary"] for method in summary["methods"]}
    rows = []
    for name in dict.fromkeys(found["challenger"] for found in summary["ablations"]):
        cells = [
            _signed(_difference(summary["ablations"], name, summary["ablation_of"], measure))
            for measure in COMPARED
        ]
        rows.append((name, summaries[name], *cells))
    yield Table(
        ("variant", "what it is", *(f"{MEASURES[name].title}, difference" for name in COMPARED)),
        tuple(rows),
        2,
    )


def _all_measures(summary: Summary, level: int) -> Iterator[Block]:
    yield Heading("All measures", level)
    methods = _sorted(summary["methods"])
    for names in (
        [name for name in MEASURES if name not in DECIDED],
        [name for name in MEASURES if name in DECIDED],
    ):
        yield Table(
            ("method", *(f"{MEASURES[name].title} {_arrow(name)}" for name in names)),
            tuple(
                (
                    method["name"],
                    *(_number(_value(method["figures"].get(name))) for name in names),
                )
                for method in methods
            ),
        )
    yield Heading("What each method is", level)
    yield Table(
        ("method", "what it is", "settings (folds that chose them)", "seeds", "minutes"),
        tuple(
            (
                method["name"],
                method["summary"],
                "; ".join(_settings(chosen) for chosen in method["settings"]) or "-",
                ", ".join(map(str, method["seeds"])),
                f"{method['seconds'] / 60:.1f}",
            )
            for method in methods
        ),
        3,
    )


def _settings(chosen: Mapping[str, Any]) -> str:
    words = [f"{name} {value}" for name, value in chosen["settings"].items()]
    return f"{', '.join(words) or 'none'} ({chosen['n_folds']})"


def _published(summary: Summary, level: int) -> Iterator[Block]:
    if not summary["published"]:
        return
    yield Heading("What others report", level)
    for source in summary["published"]:
        yield Paragraph(
            f"{source['title']}, {source['year']} ({source['source']}). {source['setting']}. "
            f"{'Comparable' if source['comparable'] else 'Not comparable'}: {source['why']}"
        )
        if source["figures"]:
            yield _published_table(source["figures"])


def _published_table(figures: Sequence[Mapping[str, Any]]) -> Table:
    """Give a row for each system and a column for each measure."""
    measures = list(dict.fromkeys(figure["measure"] for figure in figures))
    values = {(figure["system"], figure["measure"]): figure["value"] for figure in figures}
    return Table(
        ("system", *measures),
        tuple(
            (system, *(_number(values.get((system, measure))) for measure in measures))
            for system in dict.fromkeys(figure["system"] for figure in figures)
        ),
    )


def _left_out(summary: Summary, level: int) -> Iterator[Block]:
    if not summary["left_out"]:
        return
    yield Heading("What the source lacks", level)
    yield Listing(tuple(summary["left_out"]))
    more = summary["n_left_out"] - len(summary["left_out"])
    if more:
        yield Paragraph(f"And {more} more.")


def _environment(summary: Summary, level: int) -> Iterator[Block]:
    if not summary["environment"]:
        return
    yield Heading("Environment", level)
    yield Listing(tuple(f"{name}: {value}" for name, value in summary["environment"].items()))


def _difference(
    differences: Sequence[Mapping[str, Any]], challenger: str, base: str, measure: str
) -> Mapping[str, Any]:
    return next(
        found
        for found in differences
        if (found["challenger"], found["base"], found["measure"]) == (challenger, base, measure)
    )


def _beside(summary: Summary, name: str) -> str:
    parts = [
        f"{system.replace('_', ' ')} {_number(figures[name])}"
        for system, figures in summary["trivial"].items()
    ]
    return f"({', '.join(parts)})"


def _sorted(methods: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(methods, key=lambda method: -_value(method["figures"].get("macro_auc"), 0.0))


def _arrow(name: str) -> str:
    return "↑" if MEASURES[name].is_more_better else "↓"


def _is_above(figure: Mapping[str, Any]) -> bool:
    return bool(figure.get("low") is not None and figure["low"] > 0)


def _value(figure: Mapping[str, Any] | None, default: Any = None) -> Any:
    value = None if figure is None else figure.get("value")
    return default if value is None else value


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return "-"
    if figure.get("low") is None:
        return _number(figure["value"])
    return f"{_number(figure['value'])} [{_number(figure['low'])}, {_number(figure['high'])}]"


def _signed(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return "-"
    if figure.get("low") is None:
        return f"{figure['value']:+.3f}"
    return f"{figure['value']:+.3f} [{figure['low']:+.3f}, {figure['high']:+.3f}]"
