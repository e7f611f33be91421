"""What all writers share: what of a Prediction is wanted, and how a writer is used."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, ClassVar, TextIO

from affetto.closing import Closing
from affetto.core import Prediction
from affetto.errors import BadConfig


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a Prediction is written.

    At most `top` tags of each vocabulary, of `tags` alone unless None; the `timeline` or not.
    """

    top: int | None = None
    tags: tuple[str, ...] | None = None
    timeline: bool = False

    def of(self, scores: Mapping[str, float]) -> dict[str, float]:
        """Give the wanted ones of scores by tag, highest first."""
        wanted = scores if self.tags is None else {tag for tag in self.tags if tag in scores}
        ranked = sorted(wanted, key=lambda tag: -scores[tag])
        return {tag: scores[tag] for tag in ranked[: self.top]}


def plain(prediction: Prediction, selection: Selection) -> dict[str, Any]:
    """Give `prediction.to_dict` with only what is selected: an object of the JSON schema."""
    values = prediction.to_dict(timeline=selection.timeline)
    tags = values["tags"] = selection.of(values["tags"])
    values["chosen"] = [tag for tag in values["chosen"] if tag in tags]
    values["others"] = {name: selection.of(scores) for name, scores in values["others"].items()}
    errors = values["uncertainty"]
    if errors is not None:
        of_tags = {tag: errors["tags"][tag] for tag in tags}
        of_others = {
            name: {tag: of[tag] for tag in values["others"][name]}
            for name, of in errors["others"].items()
        }
        values["uncertainty"] = {**errors, "tags": of_tags, "others": of_others}
    if selection.timeline:
        columns = values["timeline"]
        columns["tags"] = {tag: column for tag, column in columns["tags"].items() if tag in tags}
    return values


class Writer(Closing):
    """Writes predictions to a stream, which it does not close.

    The stream takes text, or bytes where the format `is_binary`. `media_type` is what HTTP calls
    the format; one without is for reading, and the API does not offer it.
    """

    is_binary: ClassVar[bool] = False
    holds_one_song: ClassVar[bool] = False
    media_type: ClassVar[str | None] = None

    def __init__(self, stream: IO[Any], selection: Selection) -> None:
        self.stream = stream
        self.selection = selection

    @abstractmethod
    def add(self, prediction: Prediction) -> None:
        """Write one song."""

    def close(self) -> None:
        """Write what is due at the end: by default nothing."""
        self.stream.flush()


class SongWriter(Writer):
    """A format that holds one song: several are several files."""

    holds_one_song = True

    def __init__(self, stream: TextIO, selection: Selection) -> None:
        super().__init__(stream, selection)
        self._is_written = False

    @abstractmethod
    def render(self, prediction: Prediction) -> str:
        """Give a song as text."""

    def add(self, prediction: Prediction) -> None:
        """Write the song. Raises: BadConfig for a second one."""
        if self._is_written:
            raise BadConfig("this format holds one song", "write each to a file of its own")
        self.stream.write(self.render(prediction))
        self._is_written = True
        self.stream.flush()
