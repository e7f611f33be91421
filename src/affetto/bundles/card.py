"""CARD.md: what a bundle is for, what it was trained on, how good it is, where it fails.

Nothing in it is typed by hand that was measured: the figures come from the results of
`affetto evaluate`, the terms from the data sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affetto.core import Dataset, Head


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
            "Scores of a song are the mean over its windows. They rank music; they are not yet",
            "calibrated probabilities. What is reported as chosen reaches the tag's threshold, set",
            "for the best F1 on songs that the network did not train on"
            f" ({data.record['thresholds_from']} scores).",
            "",
            "## What it was trained on",
            "",
            *_datasets(data),
            "",
            "## How good the recipe is",
            "",
            *_figures(data),
            "",
            "## What it is not good for",
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
            "- Level is taken out of each window, so loudness itself says nothing to it.",
            "- Do not use it to judge people, or where a wrong answer harms anyone.",
            "",
            "## Citation",
            "",
            *(f"- {dataset.citation}." for dataset in data.datasets),
            "",
        ]
    )


def _foreign_sounds(heads: Sequence[Head]) -> Iterator[str]:
    if any(head.kind == "music" for head in heads):
        yield "- It does not hear lyrics. What is no music it has met as made sounds alone (voices,"
        yield "  noise, signals, machines): real ones may pass for music, and odd music may not."
    else:
        yield "- It does not hear lyrics, and knows speech, noise and test tones as little as music"
        yield "  that it has never met: it gives scores to all of them."


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


def _figures(data: CardData) -> Iterator[str]:
    if data.results is None:
        yield "Not measured: `affetto evaluate` was not run for this recipe."
        return
    yield "Of the recipe, not of these weights, which have seen all folds: means over"
    yield f"{data.results['protocol']}, seeds {', '.join(map(str, data.results['seeds']))};"
    yield "intervals are 95 % bootstraps over artists or albums. `prior` always gives the"
    yield "training data's mean, `all ones` chooses every tag. From"
    yield f"`affetto evaluate {data.name} {' '.join(_names(data.results))}`."
    for found in data.results["evaluations"]:
        yield ""
        yield f"**{found['dataset']}**, head `{found['head']}`: {found['n_examples']} examples of"
        yield f"{found['n_groups']} artists or albums"
        yield ""
        yield "| measure | value | 95 % interval | all ones | prior |"
        yield "|---|--:|--:|--:|--:|"
        for figure in found["figures"]:
            trivial = figure["trivial"]
            yield (
                f"| {figure['measure'].replace('_', ' ')} | {_number(figure['value'])} | "
                f"{_number(figure['low'])} to {_number(figure['high'])} | "
                f"{_number(trivial.get('all_ones'))} | {_number(trivial.get('prior'))} |"
            )
        if found["kind"] == "tags":
            yield ""
            yield "| tag | songs with it | AUC | AP | F1 |"
            yield "|---|--:|--:|--:|--:|"
            for tag, row in found["per_tag"].items():
                yield (
                    f"| {tag} | {row['n_positive']} | {_number(row['auc'])} | "
                    f"{_number(row['ap'])} | {_number(row['f1'])} |"
                )


def _names(results: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(found["dataset"] for found in results["evaluations"]))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
