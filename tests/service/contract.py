"""See that an answer is one that `openapi.json` describes: its status, its kind, its content."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from affetto.service.formats import FORMATS
from tests.rules.source import PACKAGE

DOCUMENT: dict[str, Any] = json.loads(
    (PACKAGE / "service" / "openapi.json").read_text(encoding="utf-8")
)
METHODS = ("get", "post", "put", "patch", "delete")


def check(response: httpx.Response) -> None:
    """Compare an answer with the document; those of no address that it knows are problems."""
    request = response.request
    if request.url.path.startswith("/page/") and response.status_code < 400:
        return  # a file of the page, which is no part of the API
    kind = response.headers.get("content-type", "").partition(";")[0]
    operation = operation_of(request.method.lower().replace("head", "get"), request.url.path)
    stated = (operation or {"responses": {}})["responses"]
    answer = resolved(stated.get(str(response.status_code), stated.get("default")))
    if answer is None or response.status_code in (405, 421):
        assert kind == "application/problem+json" or request.method == "OPTIONS"
        return
    if "default" in stated and str(response.status_code) not in stated:
        assert response.status_code >= 400, (request.url, response.status_code)
    content = answer.get("content", {})
    if not content or request.method == "HEAD":
        return
    (pattern,) = {each for each in content if fnmatch(kind, each)} or {None}
    assert pattern is not None, f"{request.url} gives {kind}, not one of {sorted(content)}"
    if "json" in kind and kind != FORMATS["jsonl"]:
        response.read()
        validate(response.json(), content[pattern]["schema"])


def validate(value: Any, schema: dict[str, Any]) -> None:
    """See that a value is as a schema of the document says."""
    validator(json.dumps(schema)).validate(value)


@cache
def validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": DOCUMENT["components"]})


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Give what the document says of a method at an address."""
    for template, item in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: dict[str, Any] | None = item.get(method)
            return found
    return None


def resolved(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    if answer is not None and "$ref" in answer:
        name = answer["$ref"].rpartition("/")[2]
        found: dict[str, Any] = DOCUMENT["components"]["responses"][name]
        return found
    return answer
