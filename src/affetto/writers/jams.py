"""JAMS: the JSON of music research, with tags, valence and arousal as annotations of a song.

    tag_open     an annotation a vocabulary: a tag as value, its score as confidence
    mood_thayer  (valence, arousal) as value

With the timeline there is one more of each for the windows, with valence and arousal confident
by the window's share of sound. It is written here and not by the package `jams`, which tests
read it with: that needs pandas, 80 MB, for a page of JSON.
Source: E. Humphrey and others, "JAMS: a JSON annotated music specification", ISMIR 2014; the
schema of jams 0.3.5.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from affetto.audio import display
from affetto.core import Prediction
from affetto.writers.base import SongWriter, plain

VERSION = "0.3.5"


class JamsWriter(SongWriter):
    """The text is ASCII, as that of JSON. What JAMS has no place for is in its sandboxes."""

    media_type = "application/jams+json"

    def render(self, prediction: Prediction) -> str:
        values = plain(prediction, self.selection)
        song = _Song(prediction, values)
        annotations = [song.tags(prediction.vocabulary.name, values["tags"], values["chosen"])]
        annotations += [song.tags(name, scores) for name, scores in values["others"].items()]
        annotations.append(song.plane())
        if self.selection.timeline:
            annotations.append(song.tags_over_time())
            if "valence" in values["timeline"]:
                annotations.append(song.plane_over_time())
        whole = {
            "annotations": annotations,
            "file_metadata": {
                "title": display(PurePath(prediction.path).stem),
                "artist": "",
                "release": "",
                "duration": values["duration_s"],
                "identifiers": {"audio_sha256": values["audio_sha256"]},
                "jams_version": VERSION,
            },
            "sandbox": {
                "path": values["path"],
                "quadrant": values["quadrant"],
                "quadrant_probabilities": values["quadrant_probabilities"],
                "plane_source": values["plane_source"],
                "music": values["music"],
                "uncertainty": values["uncertainty"],
                "bundle_fingerprint": values["bundle_fingerprint"],
                "warnings": values["warnings"],
            },
        }
        return json.dumps(whole, indent=1, allow_nan=False) + "\n"


class _Song:
    """A song's annotations; `values` are its plain ones."""

    def __init__(self, prediction: Prediction, values: dict[str, Any]) -> None:
        self._main = prediction.vocabulary.name
        self._values = values

    def tags(
        self, vocabulary: str, scores: dict[str, float], chosen: list[str] | None = None
    ) -> dict[str, Any]:
        sandbox: dict[str, Any] = {"vocabulary": vocabulary}
        if chosen is not None:
            sandbox["chosen"] = chosen
        data = [self._of_song(tag, score) for tag, score in scores.items()]
        return self._annotation("tag_open", data, sandbox)

    def plane(self) -> dict[str, Any]:
        place = [self._values["valence"], self._values["arousal"]]
        return self._annotation("mood_thayer", [self._of_song(place, None)], {})

    def tags_over_time(self) -> dict[str, Any]:
        columns = self._values["timeline"]
        data = [
            self._of_window(window, tag, scores[window])
            for window in range(len(columns["start_s"]))
            for tag, scores in columns["tags"].items()
        ]
        return self._annotation("tag_open", data, {"vocabulary": self._main})

    def plane_over_time(self) -> dict[str, Any]:
        columns = self._values["timeline"]
        places = zip(columns["valence"], columns["arousal"], columns["weight"], strict=True)
        data = [
            self._of_window(window, [valence, arousal], weight)
            for window, (valence, arousal, weight) in enumerate(places)
        ]
        return self._annotation("mood_thayer", data, {})

    def _of_song(self, value: Any, confidence: float | None) -> dict[str, Any]:
        duration_s = self._values["duration_s"]
        return {"time": 0.0, "duration": duration_s, "value": value, "confidence": confidence}

    def _of_window(self, window: int, value: Any, confidence: float) -> dict[str, Any]:
        columns = self._values["timeline"]
        start_s, end_s = columns["start_s"][window], columns["end_s"][window]
        return {
            "time": start_s,
            "duration": round(end_s - start_s, 3),
            "value": value,
            "confidence": confidence,
        }

    def _annotation(
        self, namespace: str, data: list[dict[str, Any]], sandbox: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "namespace": namespace,
            "annotation_metadata": {
                "annotation_tools": "affetto",
                "version": self._values["bundle"],
                "data_source": "program",
            },
            "time": 0.0,
            "duration": self._values["duration_s"],
            "data": data,
            "sandbox": sandbox,
        }
