"""The page and its files: what is in the folder, as a browser takes it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from affetto.service.pages import FOLDER
from tests.service.conftest import Running

FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_given_with_its_kind(running: Running, name: str) -> None:
    answer = running.client.get(f"/page/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == KINDS[name[name.rindex(".") :]]
    assert answer.content == (FOLDER / name).read_bytes()


def test_file_that_the_browser_has_is_not_sent_again(running: Running) -> None:
    first = running.client.get("/page/main.js")
    again = running.client.get("/page/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert running.client.head("/page/main.js").content == b""


@pytest.mark.parametrize(
    "path", ["/page", "/page/", "/page/none.js", "/page/../app.py", "/page/%2e%2e/app.py"]
)
def test_nothing_else_is_there(running: Running, path: str) -> None:
    answer = running.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_files_are_only_there_to_be_read(running: Running) -> None:
    answer = running.client.post("/page/main.js")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD"


def test_page_may_load_nothing_from_elsewhere(running: Running) -> None:
    policy = running.client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_page_is_there_for_who_has_yet_to_give_the_token(serve: Callable[..., Running]) -> None:
    running = serve(token="a long secret")
    assert running.client.get("/").status_code == 200
    assert running.client.get("/page/main.js").status_code == 200
    assert running.client.get("/v1/bundles").status_code == 401
