"""Audacity's labels: a line a moment, with begin and end in seconds and the tags.

File, Import, Labels reads them.
Source: the Audacity manual, "Importing and Exporting Labels".
"""

from __future__ import annotations

from affetto.core import Prediction
from affetto.writers.base import SongWriter
from affetto.writers.moments import moments


class AudacityWriter(SongWriter):
    """Labels do not overlap; where no tag reaches its threshold there is none."""

    media_type = "text/plain"

    def render(self, prediction: Prediction) -> str:
        return "".join(
            f"{moment.start_s:.6f}\t{moment.end_s:.6f}\t{moment.label}\n"
            for moment in moments(prediction, self.selection)
        )
