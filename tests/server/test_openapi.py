"""The document of the REST calls: whole, and what the server itself gives out."""

import json
from collections.abc import Iterator
from typing import Any, Final

import aiohttp
import pytest

from mesh_server.http.calls import call as row
from mesh_server.http.routes import CALLS
from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from tests.support import contract
from tests.support.contract import DOCUMENT
from tests.support.server import ServerProcess, running_server
from tests.support.wire import call

METHODS: Final = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("openapi") / "data") as running:
        yield running


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


def test_it_is_valid() -> None:
    from openapi_spec_validator import validate  # as long as a second, which no other test needs

    validate(DOCUMENT)


async def test_the_server_gives_it_out(server: ServerProcess) -> None:
    async with aiohttp.ClientSession() as http:
        assert await call(http, server.url, "GET", "/api/openapi.json") == DOCUMENT


# ── what holds every answer of every test against it ─────────────────────────────────────────────

USER: Final = b'{"id":"x","username":"alice","display_name":"Alice","role":"admin","created_at":"now"}'


def answered(status: int, body: bytes, *, sent: Any = None, kind: str = "application/json") -> None:
    contract.check("PATCH", "/api/auth/me", sent, status, kind, body)


def refusal(code: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": "No."}}).encode()


def test_an_answer_as_described() -> None:
    answered(200, USER, sent={"display_name": "Alice"})
    answered(401, refusal("auth.required"))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (201, USER),
        (200, USER.replace(b'"id"', b'"identity"')),
        (200, USER.replace(b"admin", b"emperor")),
        (418, refusal("auth.required")),
        (401, refusal("auth.unheard_of")),
        (401, refusal("rate.limited")),
    ],
)
def test_an_answer_that_is_not_as_described(status: int, body: bytes) -> None:
    with pytest.raises(AssertionError):
        answered(status, body)


def test_a_body_that_should_not_have_been_taken() -> None:
    with pytest.raises(AssertionError, match="although"):
        answered(200, USER, sent={"display_name": 7})


def test_an_answer_of_another_type() -> None:
    with pytest.raises(AssertionError, match="text/html"):
        answered(200, USER, kind="text/html")


def test_an_answer_of_a_call_that_there_is_not() -> None:
    contract.check("GET", "/api/nothing", None, 404, "application/json", refusal("request.not_found"))
    with pytest.raises(AssertionError, match="does not know"):
        contract.check("GET", "/api/nothing", None, 404, "application/json", refusal("room.not_found"))


# ── rows that cannot be ──────────────────────────────────────────────────────────────────────────


async def anyone(services: Services) -> None: ...


async def someone(services: Services, who: Principal, room_id: str) -> None: ...


def test_a_call_is_open_only_where_its_row_and_its_handler_say_so() -> None:
    row("GET", "/api/x", anyone, "X", open=True)
    row("GET", "/api/x/{room_id}", someone, "X")
    with pytest.raises(TypeError, match="open"):
        row("GET", "/api/x", anyone, "X")
    with pytest.raises(TypeError, match="open"):
        row("GET", "/api/x/{room_id}", someone, "X", open=True)


def test_a_handler_takes_the_places_of_its_path() -> None:
    with pytest.raises(TypeError, match="places"):
        row("GET", "/api/x", someone, "X")
    with pytest.raises(TypeError, match="places"):
        row("GET", "/api/x/{room_id}/{user_id}", someone, "X")
