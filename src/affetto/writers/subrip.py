"""SubRip (SRT): the tags as captions, numbered, for nearly every player of video.

There is no standard; this is what SubRip itself writes, without a sign of markup.
"""

from __future__ import annotations

from affetto.core import Prediction
from affetto.writers.base import SongWriter
from affetto.writers.captions import timestamp
from affetto.writers.moments import moments


class SubRipWriter(SongWriter):
    """A caption a moment, with an empty line after each."""

    media_type = "application/x-subrip"

    def render(self, prediction: Prediction) -> str:
        return "".join(
            f"{number}\n{timestamp(moment.start_s, ',')} --> {timestamp(moment.end_s, ',')}\n"
            f"{moment.label}\n\n"
            for number, moment in enumerate(moments(prediction, self.selection), 1)
        )
