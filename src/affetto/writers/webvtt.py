"""WebVTT: the tags as captions, for the `track` element of HTML and for players of video.

Source: WebVTT, W3C Candidate Recommendation of 2019-04-04.
"""

from __future__ import annotations

from affetto.core import Prediction
from affetto.writers.base import SongWriter
from affetto.writers.captions import timestamp
from affetto.writers.moments import moments

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class WebVttWriter(SongWriter):
    """A cue a moment; without any the file is still one of captions."""

    media_type = "text/vtt"

    def render(self, prediction: Prediction) -> str:
        cues = (
            f"\n{timestamp(moment.start_s, '.')} --> {timestamp(moment.end_s, '.')}\n"
            f"{moment.label.translate(_ESCAPES)}\n"
            for moment in moments(prediction, self.selection)
        )
        return "WEBVTT\n" + "".join(cues)
