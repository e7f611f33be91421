"""Results as files for other programs, by the writers of the command line."""

from __future__ import annotations

import io
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from affetto.core import Prediction
from affetto.service.answers import Json, Parameters
from affetto.writers import WRITERS
from affetto.writers.base import Selection, plain
from affetto.writers.playlists import PLAYLISTS

_KINDS = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "jams": "application/jams+json",
}
FORMATS = {name: kind for name, kind in _KINDS.items() if name in WRITERS}
PLAYLIST_FORMATS = {
    "m3u8": "audio/x-mpegurl",
    "xspf": "application/xspf+xml",
    "jspf": "application/json",
}
RESULT_PARAMETERS = ("format", "timeline")


def result_parameters(request: Request) -> tuple[str, Selection]:
    """Read which format is asked for, and what is to be in it. Raises: BadConfig."""
    parameters = Parameters(request.query_params, RESULT_PARAMETERS)
    format_name = parameters.choice("format", FORMATS, "json")
    return format_name, Selection(timeline=parameters.flag("timeline"))


def rendered(prediction: Prediction, selection: Selection, format_name: str) -> Response:
    """Give what is said of a song as an answer; JSON is one object, other formats are files."""
    if format_name == "json":
        return Json(plain(prediction, selection))
    text = io.StringIO()
    with WRITERS.load(format_name)(text, selection) as writer:
        writer.add(prediction)
    return Response(
        text.getvalue(),
        media_type=FORMATS[format_name],
        headers={"Content-Disposition": f'attachment; filename="emotions.{format_name}"'},
    )


def listed() -> dict[str, Any]:
    """Give the formats of results and of playlists, with what each is."""
    return {
        "results": [
            {"name": name, "summary": WRITERS.summary(name), "media_type": kind}
            for name, kind in FORMATS.items()
        ],
        "playlists": [
            {"name": name, "summary": PLAYLISTS.summary(name), "media_type": kind}
            for name, kind in PLAYLIST_FORMATS.items()
        ],
    }
