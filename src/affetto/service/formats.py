"""Results as files for other programs, by the writers of the command line."""

from __future__ import annotations

import io
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from affetto.core import Prediction
from affetto.service.answers import Json, Parameters
from affetto.writers import WRITERS, suffix_of
from affetto.writers.base import Selection, Writer, plain
from affetto.writers.playlists import PLAYLISTS

FORMATS: dict[str, str] = {
    name: kind for name in WRITERS.names() if (kind := WRITERS.load(name).media_type) is not None
}
"""The media types of all formats but those for reading."""

PLAYLIST_FORMATS = {
    "m3u8": "audio/x-mpegurl",
    "xspf": "application/xspf+xml",
    "jspf": "application/json",
}
RESULT_PARAMETERS = ("format", "timeline")


def result_parameters(request: Request) -> tuple[str, Selection]:
    """Read which format is asked for, and what is to be in it. Raises: as `chosen_format`."""
    parameters = Parameters(request.query_params, RESULT_PARAMETERS)
    return chosen_format(parameters), Selection(timeline=parameters.flag("timeline"))


def chosen_format(parameters: Parameters) -> str:
    """Read which format is asked for. Raises: BadConfig; MissingExtra, before any work is done."""
    format_name = parameters.choice("format", FORMATS, "json")
    _written(format_name, Selection(), None)
    return format_name


def rendered(prediction: Prediction, selection: Selection, format_name: str) -> Response:
    """Give what is said of a song as an answer; JSON is one object, other formats are files."""
    if format_name == "json":
        return Json(plain(prediction, selection))
    name = f"emotions{suffix_of(format_name)}"
    return Response(
        _written(format_name, selection, prediction),
        media_type=FORMATS[format_name],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _written(format_name: str, selection: Selection, prediction: Prediction | None) -> str | bytes:
    """Give what a writer makes of a song, or of none."""
    writer_class: type[Writer] = WRITERS.load(format_name)
    stream = io.BytesIO() if writer_class.is_binary else io.StringIO()
    with writer_class(stream, selection) as writer:
        if prediction is not None:
            writer.add(prediction)
    return stream.getvalue()


def listed() -> dict[str, Any]:
    """Give the formats of results and of playlists, with what each is."""
    return {
        "results": [
            {
                "name": name,
                "summary": WRITERS.summary(name),
                "suffix": suffix_of(name),
                "media_type": kind,
            }
            for name, kind in FORMATS.items()
        ],
        "playlists": [
            {
                "name": name,
                "summary": PLAYLISTS.summary(name),
                "suffix": f".{name}",
                "media_type": kind,
            }
            for name, kind in PLAYLIST_FORMATS.items()
        ],
    }
