"""The HTTP API and the page: music in, emotions out, and a library to look into.

    settings   who may come in, how much they may ask for
    app        what answers which address
    gate       what every request passes: names of hosts, origins, the token
    uploads    from a request's body to a private file
    jobs       the queue before a bounded number of processes, and what became of the work
    scoring    what such a process does
    catalog    songs of the library, searches, playlists
    media      a file, or a part of it
    formats    results as files for other programs
    pages      the page and its files, which are in the folder `page`
    live       sound that comes as it is played, over a WebSocket
    problems   errors as RFC 9457 describes them, by one map

    from affetto.service import Settings, run
    run(Settings(port=8000))

`docs/api.md` describes the API, `openapi.json` states it for programs; `docs/page.md` describes
the page.
"""

from affetto.service.app import create_app
from affetto.service.server import run
from affetto.service.settings import Settings

__all__ = ["Settings", "create_app", "run"]
