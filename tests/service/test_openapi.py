"""The document says what the server does: every address, every parameter, every example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from starlette.routing import Route

from affetto import __version__
from affetto.errors import BadConfig
from affetto.service import app, catalog, formats
from affetto.service.answers import Parameters
from tests.rules.source import ROOT
from tests.service import contract
from tests.service.conftest import Running

DOCUMENT = contract.DOCUMENT


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in contract.METHODS:
            if method in item:
                yield path, method, item[method]


def test_document_is_served_with_the_version_that_runs(running: Running) -> None:
    found = running.client.get("/openapi.json").json()
    assert found["info"].pop("version") == __version__
    assert found == {
        **DOCUMENT,
        "info": {k: v for k, v in DOCUMENT["info"].items() if k != "version"},
    }


def test_document_names_every_address_and_no_other(running: Running) -> None:
    served = {
        (route.path, method.lower())
        for route in running.server.app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == {(path, method) for path, method, _ in operations()}


def test_parameters_of_an_address_are_those_in_its_path() -> None:
    for path, method, operation in operations():
        stated = [*DOCUMENT["paths"][path].get("parameters", ()), *operation.get("parameters", ())]
        named = {each["name"] for each in stated if each["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), (path, method)


def test_parameters_are_those_that_are_taken() -> None:
    known = {
        "predict": app._PREDICT_PARAMETERS,
        "tracks": ("q", *catalog._PAGE),
        "search": catalog._SEARCH,
        "map": catalog._MAP,
        "result": formats.RESULT_PARAMETERS,
        "job_result": formats.RESULT_PARAMETERS,
        "make_playlist": catalog._PLAYLIST,
        "list_songs": ("format", "title"),
    }
    for _, _, operation in operations():
        stated = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        assert stated == set(known.get(operation["operationId"], ())), operation["operationId"]


def test_formats_of_results_are_those_that_have_writers() -> None:
    for _, _, operation in operations():
        if operation["operationId"] in ("predict", "job_result", "result"):
            given = {each["name"]: each["schema"] for each in operation["parameters"]}
            assert given["format"]["enum"] == list(formats.FORMATS)
            kinds = operation["responses"]["200"]["content"]
            assert set(kinds) == set(formats.FORMATS.values())


def test_every_operation_has_its_own_name_a_summary_and_a_way_to_fail() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for _, _, operation in operations():
        assert operation["summary"].endswith(".")
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    text = json.dumps(DOCUMENT)
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        value: Any = DOCUMENT
        for part in reference.split("/"):
            value = value[part]
        assert isinstance(value, dict)
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_example_is_as_its_schema_says() -> None:
    n_examples = 0

    def look(value: Any) -> None:
        nonlocal n_examples
        if isinstance(value, list):
            for each in value:
                look(each)
        elif isinstance(value, dict):
            examples = [value["example"]] if "example" in value and "schema" in value else []
            for example in examples:
                contract.validate(example, value["schema"])
            n_examples += len(examples)
            for each in value.values():
                look(each)

    look(DOCUMENT["paths"])
    assert n_examples >= 10
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            contract.validate(example, {"$ref": f"#/components/schemas/{name}"})


def test_prediction_is_described_as_in_the_docs() -> None:
    path = ROOT / "docs" / "prediction.schema.json"
    text = path.read_text(encoding="utf-8").replace(
        "#/$defs/", "#/components/schemas/Prediction/$defs/"
    )
    wanted = json.loads(text)
    del wanted["$schema"], wanted["$id"]
    assert DOCUMENT["components"]["schemas"]["Prediction"] == wanted


def test_answer_that_is_not_as_the_document_says_would_be_seen() -> None:
    with pytest.raises(jsonschema.ValidationError):
        contract.validate({"status": "fine"}, {"$ref": "#/components/schemas/Health"})


def test_parameters_refuse_what_they_do_not_know() -> None:
    from starlette.datastructures import QueryParams

    with pytest.raises(BadConfig, match="there is no parameter 'b' here; known: a"):
        Parameters(QueryParams("a=1&b=2"), ("a",))
