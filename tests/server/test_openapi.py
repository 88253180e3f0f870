"""The document of the REST calls: whole, and what the server itself gives out."""

import json
from typing import Any, Final

from mesh_server.http.openapi import document
from mesh_server.http.routes import CALLS

DOCUMENT: Final[dict[str, Any]] = json.loads(document(CALLS))
METHODS: Final = {"get", "post", "put", "patch", "delete"}


def test_every_call_is_in_the_document_and_no_other() -> None:
    described = {
        f"{method.upper()} {path}"
        for path, item in DOCUMENT["paths"].items()
        for method in item.keys() & METHODS
    }
    assert described == {each.name for each in CALLS}


def test_calls_have_names_of_their_own() -> None:
    names = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names) == len(CALLS)


def test_what_is_open_is_said_to_be() -> None:
    for each in CALLS:
        operation = DOCUMENT["paths"][each.path][each.method.lower()]
        assert operation["security"] == ([] if each.open else [{"access_token": []}])
