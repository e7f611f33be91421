"""What is reproduced: each task by each source of its spectrograms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from affetto.errors import UnknownName
from affetto.registry import unknown_name
from affetto.training.config import Part

BARK = Part("bark", {"n_chroma": 12, "hop_length": 1024, "n_fft": 2048})
LOGMEL = Part(
    "logmel",
    {
        "sample_rate": 22_050,
        "n_fft": 1024,
        "hop_length": 512,
        "n_mels": 96,
        "f_min_hz": 30.0,
        "f_max_hz": 8_000.0,
    },
)
AROUND_S = 20.0


@dataclass(frozen=True, slots=True)
class Task:
    """A task with one source: the data set, and how it is looked at.

    `front_end` makes the spectrograms of the hand-made features; `around_s` is how much sound on
    both sides of a segment they may look at, beside the whole recording; 0 where examples are
    whole. `recipe` is what window networks are trained by unless a method names another, with
    `overrides` of its settings and the data set in the place of the one that it `stands_for`.
    `has_mulan` says that Mulan's 68 features describe the examples, which are whole songs.
    """

    name: str
    source: str
    dataset: str
    front_end: Part = field(hash=False)
    recipe: str
    overrides: Mapping[str, str] = field(default_factory=dict, hash=False)
    stands_for: str = ""
    around_s: float = 0.0
    has_mulan: bool = False


_FROM_SOUND = (
    '{ name = "logmel", config = { sample_rate = 22050, n_fft = 1024, hop_length = 512, '
    "n_mels = 96, f_min_hz = 30.0, f_max_hz = 8000.0 } }"
)

_TASKS = (
    Task("cal500exp", "echonest", "cal500exp", BARK, "cal500exp", around_s=AROUND_S),
    Task(
        "cal500exp",
        "audio",
        "cal500exp_audio",
        LOGMEL,
        "cal500exp",
        {"front_end": _FROM_SOUND},
        stands_for="cal500exp",
        around_s=AROUND_S,
    ),
    Task("cal500exp", "first3s", "cal500", LOGMEL, "cal500_first3s"),
    Task("cal500", "echonest", "cal500_songs", BARK, "cal500_songs", has_mulan=True),
    Task(
        "cal500",
        "audio",
        "cal500_songs_audio",
        LOGMEL,
        "cal500_songs",
        {"front_end": _FROM_SOUND},
        stands_for="cal500_songs",
        has_mulan=True,
    ),
    Task(
        "cal500",
        "first3s",
        "cal500_songs_first3s",
        LOGMEL,
        "cal500_first3s",
        stands_for="cal500",
        has_mulan=True,
    ),
)


def names() -> tuple[str, ...]:
    """Give the names of all tasks."""
    return tuple(dict.fromkeys(task.name for task in _TASKS))


def sources(name: str) -> tuple[str, ...]:
    """Give the sources of a task, the usual one first. Raises: UnknownName."""
    found = tuple(task.source for task in _TASKS if task.name == name)
    if not found:
        raise unknown_name("task", name, names())
    return found


def find(name: str, source: str | None = None) -> Task:
    """Give a task by name, from its usual source unless another is named. Raises: UnknownName."""
    known = sources(name)
    for task in _TASKS:
        if task.name == name and task.source == (source or known[0]):
            return task
    raise UnknownName(f"task {name} has no source {source!r}", f"known: {', '.join(known)}")
