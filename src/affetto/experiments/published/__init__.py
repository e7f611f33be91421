"""Figures that others have published for the same data, each with its source and setting.

A figure is listed only when a page that can be read says it, and always with the sentence that
says why it can or cannot be held against ours. One TOML file for each source:

    title, year, source (where the page is), setting, tasks (of ours that it stands beside)
    kind         "paper"; "claim" where only the abstract could be read, which has no figure;
                 "trial" for our own earlier look at the same files
    comparable   true where data, labels and protocol are the same
    why          the sentence
    [[figures]]  system, measure, value
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from affetto.errors import BadConfig

KINDS = ("paper", "claim", "trial")


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """What a source prints for one system, under the source's own name of the measure."""

    system: str
    measure: str
    value: float


@dataclass(frozen=True, slots=True)
class Published:
    """One source's figures, and whether they can be compared with ours."""

    name: str
    title: str
    year: int
    source: str
    kind: Literal["paper", "claim", "trial"]
    setting: str
    tasks: tuple[str, ...]
    comparable: bool
    why: str
    figures: tuple[PublishedFigure, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for a JSON file."""
        return {
            "name": self.name,
            "title": self.title,
            "year": self.year,
            "source": self.source,
            "kind": self.kind,
            "setting": self.setting,
            "comparable": self.comparable,
            "why": self.why,
            "figures": [
                {"system": f.system, "measure": f.measure, "value": f.value} for f in self.figures
            ],
        }


def published(task: str) -> tuple[Published, ...]:
    """Give what is published beside a task, trials first, then by year."""
    found = [source for source in load() if task in source.tasks]
    return tuple(sorted(found, key=lambda source: (source.kind != "trial", source.year)))


def load() -> tuple[Published, ...]:
    """Read all sources. Raises: BadConfig for a file that lacks a key or has one too many."""
    folder = files("affetto.experiments.published")
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".toml")), key=lambda p: p.name)
    return tuple(read(p.name.removesuffix(".toml"), p.read_text(encoding="utf-8")) for p in paths)


def read(name: str, text: str) -> Published:
    """Read one source from TOML. Raises: BadConfig with the source's name."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
        rows: Sequence[dict[str, Any]] = values.pop("figures")
        tasks = tuple(values.pop("tasks"))
        found = Published(
            name=name, tasks=tasks, figures=tuple(PublishedFigure(**row) for row in rows), **values
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise BadConfig(f"{name}.toml does not describe a published figure: {error}") from error
    if found.kind not in KINDS or bool(found.figures) == (found.kind == "claim"):
        raise BadConfig(
            f"{name}.toml needs a kind of {', '.join(KINDS)}, and figures unless it is a claim"
        )
    return found
