"""The table of calls as an OpenAPI 3.1 document, made from the same types that decode and encode.

Strategy: msgspec tells the schemas, bounds included; a row tells everything else. Errors of one status share
a response, whose codes are enumerated, so that the document says which refusals each call has.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from mesh_server.http.bodies import JSON
from mesh_server.http.calls import Call
from protocol.errors import (
    AuthRequired,
    BodyInvalid,
    BodyMalformed,
    BodyTooLarge,
    InternalError,
    MeshError,
    QueryInvalid,
    RateLimited,
    StorageUnavailable,
    TokenExpired,
    TokenInvalid,
    UnsupportedContentType,
)
from protocol.rest import ErrorBody
from protocol.version import __version__

COMMON: Final = (RateLimited, StorageUnavailable, InternalError)
"""What any call may meet."""

SIGNED_IN: Final = (AuthRequired, TokenInvalid, TokenExpired)
"""What a call meets that needs an access token."""

WITH_BODY: Final = (BodyMalformed, BodyInvalid, BodyTooLarge, UnsupportedContentType)
WITH_QUERY: Final = (QueryInvalid,)

_REFERENCE: Final = "#/components/schemas/{name}"
_ABOUT: Final = (
    "The REST calls of a Mesh server. What happens now travels over one WebSocket, `/ws`, which is described "
    "in docs/protocol.md together with everything here."
)
_PLACE: Final = re.compile(r"{(\w+)}")

Json = dict[str, Any]


def document(calls: Sequence[Call]) -> bytes:
    """Of these calls, as JSON."""
    bodies = {kind for each in calls for kind in (each.body, each.answer) if kind is not None} | {ErrorBody}
    in_order = sorted(bodies, key=lambda kind: kind.__name__)
    _, schemas = msgspec.json.schema_components(in_order, ref_template=_REFERENCE)
    refusals: dict[str, Json] = {}
    paths: dict[str, Json] = {}
    for each in calls:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, refusals)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Mesh", "version": __version__, "summary": "A team's chat", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals,
            "securitySchemes": {"access_token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.encode(whole)


def errors_of(call: Call) -> set[type[MeshError]]:
    """Everything that this call may be refused with."""
    kinds: set[type[MeshError]] = {*COMMON, *call.raises}
    kinds.update(() if call.open else SIGNED_IN)
    kinds.update(() if call.body is None else WITH_BODY)
    kinds.update(() if call.query is None else WITH_QUERY)
    return kinds


def _operation(call: Call, refusals: dict[str, Json]) -> Json:
    """Of one call; refusals that are not yet known to others are added to `refusals`."""
    about = call.handler.__module__.rpartition(".")[2]
    operation: Json = {
        "operationId": f"{about}_{call.handler.__name__}",
        "summary": call.summary,
        "tags": [about],
        "security": [] if call.open else [{"access_token": []}],
        "responses": {
            **{str(status): _success(call, status) for status in (call.status, *call.also)},
            **_refusals(errors_of(call), refusals),
        },
    }
    parameters = [*_places(call), *_query(call)]
    if parameters:
        operation["parameters"] = parameters
    if call.body is not None:
        content = {JSON: {"schema": _named(call.body)}}
        operation["requestBody"] = {"required": call.body_needed, "content": content}
    return operation


def _success(call: Call, status: int) -> Json:
    if call.answer is not None:
        return {"description": call.summary, "content": {JSON: {"schema": _named(call.answer)}}}
    if status == 204:
        return {"description": "Done"}
    kind = "object" if call.media == JSON else "string"
    return {"description": call.summary, "content": {call.media: {"schema": {"type": kind}}}}


def _refusals(kinds: Iterable[type[MeshError]], known: dict[str, Json]) -> dict[str, Json]:
    """One response a status, with the codes that it may carry; calls with the same ones share it."""
    by_status: dict[int, list[type[MeshError]]] = {}
    for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code)):
        by_status.setdefault(kind.status, []).append(kind)
    responses = {}
    for status, group in by_status.items():
        name = "-".join((str(status), *(kind.code for kind in group)))
        known.setdefault(name, _refusal(group))
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return responses


def _refusal(kinds: list[type[MeshError]]) -> Json:
    codes = {"type": "object", "properties": {"code": {"enum": [kind.code for kind in kinds]}}}
    schema = {"allOf": [_named(ErrorBody), {"type": "object", "properties": {"error": codes}}]}
    return {
        "description": "\n".join(f"- `{kind.code}`: {kind.text}" for kind in kinds),
        "content": {JSON: {"schema": schema}},
    }


def _places(call: Call) -> Iterator[Json]:
    for name in _PLACE.findall(call.path):
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(call: Call) -> Iterator[Json]:
    if call.query is None:
        return
    _, components = msgspec.json.schema_components([call.query], ref_template=_REFERENCE)
    described = components[call.query.__name__]
    for name, schema in described["properties"].items():
        needed = name in described.get("required", ())
        yield {"name": name, "in": "query", "required": needed, "schema": _present(schema)}


def _present(schema: Json) -> Json:
    """The schema of a parameter that is there; one that is not is left out, never null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {**choices[0], **{key: schema[key] for key in schema.keys() - {"anyOf", "default"}}}


def _named(kind: type[msgspec.Struct]) -> Json:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}
