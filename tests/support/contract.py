"""What the server answers, held against the document of the API that it gives out.

Every test that asks through `wire.call` proves the document: an answer whose status, code, type or fields are
not in the document fails the test that got it, and so does a body that was taken although the document does
not allow it.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs

from mesh_server.http.openapi import document
from mesh_server.http.routes import CALLS

Json = dict[str, Any]

DOCUMENT: Final[Json] = json.loads(document(CALLS))
_NO_SUCH_CALL: Final = {404: "request.not_found", 405: "request.method_not_allowed"}
_PATHS: Final = sorted(
    ((re.compile(re.sub(r"{\w+}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))), path)
     for path in DOCUMENT["paths"]),
    key=lambda entry: "{" in entry[1],
)  # fmt: skip
"""Patterns and the paths that they stand for; a path without places wins over one with some."""


@cache
def _validator(schema: str) -> jsonschema_rs.Validator:
    whole = {"components": DOCUMENT["components"], **json.loads(schema)}
    return jsonschema_rs.Draft202012Validator(whole)


def _problems(schema: Json, value: Any) -> list[str]:
    found = _validator(json.dumps(schema)).iter_errors(value)
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in found]


def _resolved(response: Json) -> Json:
    found: Json = response
    if "$ref" in response:
        found = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return found


def operation(method: str, path: str) -> Json | None:
    """What the document says of this call; None where it knows none."""
    path = path.partition("?")[0]
    for pattern, name in _PATHS:
        if pattern.fullmatch(path):
            found: Json | None = DOCUMENT["paths"][name].get(method.lower())
            return found
    return None


def check(
    method: str,
    path: str,
    sent: Any,
    status: int,
    content_type: str,
    body: bytes,
    *,
    query: Mapping[str, Any] | None = None,
) -> None:
    """Raises: AssertionError, where an answer, or a question that was taken, is not as the document says.

    `path` may carry the query with it.
    """
    asked = f"{method} {path}"
    described = operation(method, path)
    if described is None:
        code = json.loads(body)["error"]["code"]
        assert _NO_SUCH_CALL.get(status) == code, f"{asked}: {status} {code}, which it does not know"
        return
    _check_answer(asked, described["responses"], status, content_type, body)
    if status < 400:
        problems = [*_query_problems(described, path, query or {}), *_body_problems(described, sent)]
        assert problems == [], f"{asked}: was taken although the document does not allow it: {problems}"


def _check_answer(asked: str, responses: Json, status: int, content_type: str, body: bytes) -> None:
    assert str(status) in responses, f"{asked}: the document knows no {status}: {body[:300]!r}"
    content = _resolved(responses[str(status)]).get("content")
    if content is None:
        assert not body, f"{asked}: {status} has no body in the document: {body[:300]!r}"
        return
    assert content_type in content, f"{asked}: {status} is {content_type}, which the document does not know"
    if content_type == "application/json":
        problems = _problems(content[content_type]["schema"], json.loads(body))
        assert problems == [], f"{asked}: {status} is not as the document says: {problems} in {body[:500]!r}"


def _body_problems(described: Json, sent: Any) -> list[str]:
    if "requestBody" not in described or (sent is None and not described["requestBody"]["required"]):
        return []
    return _problems(described["requestBody"]["content"]["application/json"]["schema"], sent)


def _query_problems(described: Json, path: str, query: Mapping[str, Any]) -> list[str]:
    given = [*parse_qsl(urlsplit(path).query, keep_blank_values=True), *query.items()]
    found = []
    for parameter in described.get("parameters", ()):
        if parameter["in"] != "query":
            continue
        name, schema = parameter["name"], parameter["schema"]
        values = [value for other, value in given if other == name]
        if len(values) > 1 or (parameter["required"] and not values):
            found.append(f"{name}: {len(values)} times")
        for value in values:
            is_number = schema.get("type") == "integer" and re.fullmatch(r"[0-9]+", str(value))
            found += _problems(schema, int(value) if is_number else value)
    return found
