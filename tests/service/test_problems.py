"""Errors become answers by one map, and every code that there is stands in the docs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from affetto import errors
from affetto.core import Failure
from affetto.errors import AffettoError
from affetto.service import problems
from affetto.service.problems import Problem, of_error, of_failure
from tests.rules.source import ROOT, modules

DOCS = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.AudioNotFound, 404),
        (errors.AudioUnreadable, 422),
        (errors.AudioEmpty, 422),
        (errors.UnknownName, 404),
        (errors.BadConfig, 400),
        (errors.QueryInvalid, 400),
        (errors.MissingExtra, 501),
        (errors.LibraryMissing, 404),
        (errors.LibraryLocked, 503),
        (errors.LibraryInvalid, 500),
        (errors.BundleInvalid, 500),
        (AffettoError, 500),
    ],
)
def test_error_has_its_status_whether_it_is_raised_or_told(
    kind: type[AffettoError], status: int
) -> None:
    problem = of_error(kind("it is so", "do this"))
    assert (problem.status, problem.code) == (status, kind.code)
    assert (problem.message, problem.hint) == ("it is so", "do this")
    assert of_failure(Failure("a.mp3", kind.code, "it is so", "do this")).status == status


def test_failure_that_is_our_own_is_not_told_to_clients() -> None:
    problem = of_failure(Failure("a.mp3", "internal", "the path /secret", "report it"))
    assert (problem.status, problem.code) == (500, "internal")
    assert "secret" not in problem.message


def test_names_of_the_servers_files_are_left_out() -> None:
    error = errors.LibraryLocked(
        "/home/me/library.sqlite: locked", "end what uses /home/me/library.sqlite"
    )
    problem = of_error(error, {"/home/me/library.sqlite": "the library"})
    assert (problem.message, problem.hint) == ("the library: locked", "end what uses the library")
    assert problem.headers == {"Retry-After": str(problems.RETRY_S)}


def test_control_characters_do_not_come_through() -> None:
    plain = Problem(400, "x", "a\x1b[31m\nb", "\u202e").to_dict()
    assert (plain["detail"], plain["hint"]) == ("a\\x1b[31m\\nb", "\\u202e")


def stated() -> Iterator[tuple[int, str]]:
    """Find the problems in the service's source: `Problem(404, "job-unknown", ...)`."""
    for module in modules().values():
        if module.home != "service":
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem":
                status, code = node.args[:2]
                if isinstance(status, ast.Constant):
                    for each in ast.walk(code):
                        if isinstance(each, ast.Constant):
                            yield status.value, each.value
    yield from ((status, code) for code, status in problems._CODES.items())


def test_every_code_stands_in_the_docs_beside_its_status() -> None:
    found = set(stated())
    assert {(404, "job-unknown"), (401, "no-token"), (504, "timeout")} <= found
    rows = {
        line.split(" | ")[0].strip("| "): line
        for line in DOCS.splitlines()
        if line[:3] in ("| 4", "| 5")
    }
    assert [
        (status, code)
        for status, code in sorted(found)
        if f"`{code}`" not in rows.get(str(status), "")
    ] == []
