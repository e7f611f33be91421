"""CARD.md: what a bundle is for, what it was trained on, how good it is, where it fails.

Nothing in it is typed by hand that was measured: the figures come from the results of
`affetto evaluate`, the terms from the data sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affetto.core import Dataset, Head

_SYSTEMS = {
    "all_ones": "all ones",
    "prior": "prior",
    "uncalibrated": "uncalibrated",
    "perfect": "perfect",
}
_COLUMNS = {
    "n_positive": "songs with it",
    "auc": "AUC",
    "ap": "AP",
    "f1": "F1",
    "r": "correlation",
    "ece": "ECE",
    "ece_chance": "ECE by chance",
    "ece_uncalibrated": "uncalibrated ECE",
}

_LIMITS = "What it is not good for"
_GENRE_COLUMNS = {"n": "examples", "macro_r": "mean correlation"}


@dataclass(frozen=True, slots=True)
class CardData:
    """What a card tells; `results` is a file of `affetto evaluate`, or None."""

    name: str
    version: str
    summary: str
    license: str
    heads: Sequence[Head]
    datasets: Sequence[Dataset]
    record: Mapping[str, Any]
    results: Mapping[str, Any] | None


def card_text(data: CardData) -> str:
    """Give the text of CARD.md."""
    return "\n".join(
        [
            f"# Bundle {data.name} {data.version}",
            "",
            data.summary + ".",
            "",
            f"Terms: {data.license}.",
            "",
            "## What it says",
            "",
            *_heads(data.heads),
            "",
            *_members(data.record),
            *_meaning(data),
            "",
            "## What it was trained on",
            "",
            *_datasets(data),
            "",
            "## How good the recipe is",
            "",
            *_figures(data),
            "",
            f"## {_LIMITS}",
            "",
            "- It hears emotion as Western listeners named it in Western popular and film music,",
            "  of which it has seen fewer than 2,000 pieces. Other traditions, and what a piece",
            "  means to one person, are outside it.",
            *_foreign_sounds(data.heads),
            "- The 18 tags were learnt from three seconds of each song (four of them also from",
            "  ratings of film music), so they are surer of sound than of form; the table shows",
            "  how far each can be trusted.",
            "- Sadness is what it hears worst: sad and slow orchestral or piano music is often",
            "  called calm.",
            *_loudness(data.record),
            "- Do not use it to judge people, or where a wrong answer harms anyone.",
            "",
            "## Citation",
            "",
            *(f"- {dataset.citation}." for dataset in data.datasets),
            "",
        ]
    )


def with_section(card: str, title: str, lines: Sequence[str]) -> str:
    """Give a card with a section of this title, in place of an older one or before the limits."""
    heading, limits = f"## {title}\n", f"## {_LIMITS}\n"
    section = "\n".join([heading, *lines, "", ""])
    before, found, rest = card.partition(heading)
    if found:
        _, following, rest = rest.partition("\n## ")
        return before + section + following.lstrip("\n") + rest
    before, found, rest = card.partition(limits)
    return before + section + found + rest


def _meaning(data: CardData) -> Iterator[str]:
    """Say what scores mean and how they were made so."""
    if data.record.get("calibration"):
        yield "Scores of tags are calibrated: of music like that below with a score of 0.3, about"
        yield "three in ten pieces have the tag, by their listeners. For that a slope and an"
        yield "intercept for each tag, and a slope for each of valence and arousal (by ratings),"
        yield "were fitted on songs that the network did not train on, so that the mean over a"
        yield "song's windows fits; they are part of the weights. Among other music, or where"
        yield "people use a word more freely, the shares are others. How far it holds is the"
        yield "calibration error (ECE) below."
        if _sign_slopes(data):
            yield "How likely each quadrant is follows from valence and arousal by a slope for"
            yield "each, fitted on such songs too: of songs at such a point, so many have it."
    else:
        yield "Scores of a song are the mean over its windows. They rank music; they are not"
        yield "calibrated probabilities."
    yield "What is reported as chosen reaches the tag's threshold, set for the best F1 on songs"
    yield f"that the network did not train on ({data.record['thresholds_from']} scores)."


def _sign_slopes(data: CardData) -> bool:
    return any("sign_slopes" in fitted for fitted in data.record["calibration"].values())


def _foreign_sounds(heads: Sequence[Head]) -> Iterator[str]:
    if any(head.kind == "music" for head in heads):
        yield "- It does not hear lyrics. What is no music it has met as made sounds alone (voices,"
        yield "  noise, signals, machines): real ones may pass for music, and odd music may not."
    else:
        yield "- It does not hear lyrics, and knows speech, noise and test tones as little as music"
        yield "  that it has never met: it gives scores to all of them."


def _loudness(record: Mapping[str, Any]) -> Iterator[str]:
    config = _network(record)
    if config.get("config", config).get("level"):
        yield "- How loud a file is mastered is a part of what it hears: a quieter copy sounds a"
        yield "  little calmer to it."
    else:
        yield "- Level is taken out of each window, so loudness itself says nothing to it."


def _members(record: Mapping[str, Any]) -> Iterator[str]:
    """Say of how many networks what it says is the mean, if of more than one."""
    n_members = _network(record).get("n_members", 1)
    if n_members > 1:
        yield f"All of it is the mean of {n_members} networks, each trained from other weights and"
        yield "by other batches; how far they lie apart is a part of a song's uncertainty."
        yield ""


def _network(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the settings of the network."""
    config: Mapping[str, Any] = record.get("recipe", {}).get("network", {}).get("config", {})
    return config


def _heads(heads: Sequence[Head]) -> Iterator[str]:
    for head in heads:
        if head.kind == "plane":
            yield f"- `{head.name}`: valence and arousal, each in [-1, 1]."
        elif head.vocabulary is None:
            yield f"- `{head.name}`: does it sound like music at all? In [0, 1]; below 0.5, no."
        else:
            tags = ", ".join(head.vocabulary.titles)
            yield f"- `{head.name}`: {len(head.vocabulary)} scores in [0, 1]: {tags}."


def _datasets(data: CardData) -> Iterator[str]:
    yield "| data set | examples trained on | for validation | terms |"
    yield "|---|--:|--:|---|"
    for dataset in data.datasets:
        counts = data.record["datasets"][dataset.name]
        yield (
            f"| {dataset.name} ({dataset.source_url}) | {counts['n_training']} | "
            f"{counts['n_validation']} | {dataset.license} |"
        )
    before = data.record.get("init")
    if before:
        yield ""
        yield f"It started from the weights of {before['name']} {before['version']}, which had"
        yield f"learnt from {', '.join(before['datasets'])}."
    teacher = data.record.get("teacher")
    if teacher:
        yield ""
        yield "In training alone it also learnt to tell the outputs of"
        yield f"{' and '.join(teacher['about'])}"
        yield f"for the clips of {', '.join(teacher['data'])}. The bundle holds nothing of such a"
        yield "teacher. In a fold only the training clips were taught; but among the songs that a"
        yield "teacher was itself trained on, by others, may be some that the fold tests."


def _figures(data: CardData) -> Iterator[str]:
    if data.results is None:
        yield "Not measured: `affetto evaluate` was not run for this recipe."
        return
    yield "Of the recipe, not of these weights, which have seen all folds: means over"
    yield f"{data.results['protocol']}, seeds {', '.join(map(str, data.results['seeds']))};"
    yield "intervals are 95 % bootstraps over artists or albums. `prior` always gives the"
    yield "training data's mean, `all ones` chooses every tag, `uncalibrated` is the same network"
    yield "before its calibration. From"
    n_seeds = len(data.results["seeds"])
    more = f" --seeds {n_seeds}" if n_seeds > 1 else ""
    yield f"`affetto evaluate {data.name} {' '.join(_names(data.results))}{more}`."
    yield ""
    yield "ECE is the expected calibration error, 0 at best: how far scores are from the share of"
    yield "songs with the tag, in 15 bins of equal width over the songs of all folds. So few songs"
    yield "leave much to chance: `perfect` is the error that these very scores would have if they"
    yield "were right, and a single tag's `ECE by chance` what it stays below in 19 of 20 cases if"
    yield "they are. A `prior` has nearly none, and tells no two songs apart. `quadrant ECE` is the"
    yield "same of the four quadrants' probabilities, each against the rest; their log loss is in"
    yield "nats, 1.386 for four equal chances."
    for found in data.results["evaluations"]:
        yield ""
        yield f"**{found['dataset']}**, head `{found['head']}`: {found['n_examples']} examples of"
        yield f"{found['n_groups']} artists or albums"
        yield ""
        systems = [
            name
            for name in _SYSTEMS
            if any(figure["trivial"].get(name) is not None for figure in found["figures"])
        ]
        heading = "".join(f" {_SYSTEMS[name]} |" for name in systems)
        yield f"| measure | value | 95 % interval |{heading}"
        yield "|---|--:|--:|" + "--:|" * len(systems)
        for figure in found["figures"]:
            beside = "".join(f" {_number(figure['trivial'].get(name))} |" for name in systems)
            yield (
                f"| {_measure(figure['measure'])} | {_number(figure['value'])} | "
                f"{_number(figure['low'])} to {_number(figure['high'])} |{beside}"
            )
        rows = found["per_tag"]
        if rows:
            columns = [name for name in _COLUMNS if any(name in row for row in rows.values())]
            yield ""
            yield from _table("tag", {name: _COLUMNS[name] for name in columns}, rows)
        scores = found.get("by_score", {})
        if scores:
            what = "likely quadrants" if found["kind"] == "quadrants" else "the tags, all together"
            yield ""
            yield f"How far scores hold, of {what}:"
            yield ""
            yield from _reliability(scores)
        genres = found.get("by_genre", {})
        if genres:
            columns = list(next(iter(genres.values())))
            yield ""
            yield "By genre, as its source names them; a piece may have several:"
            yield ""
            titles = {name: _GENRE_COLUMNS.get(name, name) for name in columns}
            yield from _table("genre", titles, genres)


def _reliability(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Give a reliability diagram as a table: what was said and what was true, as bars of 20."""
    yield "| score | how many | mean score | mean label | said | true |"
    yield "|---|--:|--:|--:|---|---|"
    for name, row in rows.items():
        said, true = row["mean_score"], row["mean_label"]
        bars = f"{'▒' * round(20 * said)} | {'█' * round(20 * true)}"
        yield f"| {name} | {row['n']} | {_number(said)} | {_number(true)} | {bars} |"


def _table(
    what: str, titles: Mapping[str, str], rows: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Give a table of a row for each of `what`, its columns those of `titles`."""
    yield f"| {what} |" + "".join(f" {title} |" for title in titles.values())
    yield "|---|" + "--:|" * len(titles)
    for name, row in rows.items():
        yield f"| {name} |" + "".join(f" {_cell(row.get(column))} |" for column in titles)


def _measure(name: str) -> str:
    return name.replace("_ece", "_ECE").replace("_", " ")


def _names(results: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(found["dataset"] for found in results["evaluations"]))


def _cell(value: float | int | None) -> str:
    return str(value) if isinstance(value, int) else _number(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
