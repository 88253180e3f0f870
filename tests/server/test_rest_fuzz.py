"""Whatever is asked, the server answers as the document of the API says, and never by a mistake of its own.

schemathesis makes the questions: some that the document allows, some that it does not. Names of people, rooms
and invites that there are, are put in their places now and then, so that a question gets past the door. A few
are asked with every run of the tests, the same ones each time; `scripts/fuzz/rest` asks at length.
"""

import copy
import itertools
import os
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core import NotSet
from schemathesis.core.result import Ok

from tests.support import contract
from tests.support.contract import DOCUMENT
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD

EXAMPLES: Final = int(os.environ.get("MESH_FUZZ_EXAMPLES", "10"))
"""Questions for each call and each way of making them."""


AnyCase = Case[Any]


def operations() -> dict[str, Any]:
    """As schemathesis sees them; that a token is needed is none of its business, it always gets one."""
    document = copy.deepcopy(DOCUMENT)
    for item in document["paths"].values():
        for operation in item.values():
            del operation["security"]
    results = schemathesis.openapi.from_dict(document).get_all_operations()
    return {result.ok().label: result.ok() for result in results if isinstance(result, Ok)}


OPERATIONS: Final = operations()
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
HTTP_LINE: Final = 8_190
"""A longer first line of a request is refused by HTTP itself."""

_names = itertools.count(1)


class World:
    """alice, who owns a room with bob and a message in it; made anew once a question has undone any of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.session: dict[str, Any] = {}
        self.known: dict[str, list[str]] = {}
        self._build()

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        answer = self.http.request(method, self.url + path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    @property
    def token(self) -> str:
        return str(self.session.get("access_token", ""))

    def _build(self) -> None:
        number = next(_names)
        people = {}
        for name in ("alice", "bob"):
            body = {"username": f"{name}.{number}", "password": PASSWORD}
            people[name] = self.call("POST", "/api/auth/register", body, token="")
        self.session, bob = people["alice"], people["bob"]
        room = self.call("POST", "/api/rooms", {"name": f"Room {number}"})
        path = f"/api/rooms/{room['id']}"
        self.call("POST", f"{path}/members", {"username": bob["user"]["username"]})
        invite = self.call("POST", f"{path}/invites", {})
        self.known = {
            "room_id": [room["id"]],
            "user_id": [bob["user"]["id"], self.session["user"]["id"]],
            "username": [bob["user"]["username"], self.session["user"]["username"]],
            "device_id": [self.session["device"]["id"]],
            "invite_id": [invite["id"]],
            "code": [invite["code"]],
            "invite": [invite["code"]],
            "refresh_token": [bob["refresh_token"]],
            "password": [PASSWORD],
            "current": [PASSWORD],
        }

    def heal(self) -> None:
        try:
            self.call("GET", f"/api/rooms/{self.known['room_id'][0]}/members")
        except requests.HTTPError:
            self._build()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("fuzz") / "data", MESH_LIMITS_ENABLED="false") as running:
        yield running


@pytest.fixture(scope="module")
def world(server: ServerProcess) -> World:
    return World(server.url)


briefly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="MESH_FUZZ_EXAMPLES" not in os.environ,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Without shrinking: what a question took to find is said by its seed, and the questions are short."""


def put_known(case: AnyCase, known: dict[str, list[str]], data: st.DataObject) -> None:
    """Real names in some of the places where the question has made-up ones."""
    for part in (case.path_parameters, case.query, case.body):
        if not isinstance(part, dict):
            continue
        for name in known.keys() & part.keys():
            choice = data.draw(st.sampled_from([None, *known[name], *known[name]]), label=name)
            if choice is not None:
                part[name] = choice


def ask(world: World, case: AnyCase) -> None:
    headers = {"Authorization": f"Bearer {world.token}"}
    response = case.call(base_url=world.url, headers=headers, session=world.http)
    if response.status_code == 400 and len(case.as_curl_command()) > HTTP_LINE:
        return
    case.validate_response(response, checks=CHECKS)
    sent = None if isinstance(case.body, NotSet) else case.body
    kind = response.headers.get("content-type", [""])[0].partition(";")[0]
    path, query = case.formatted_path, case.query or {}
    contract.check(case.method, path, sent, response.status_code, kind, response.content, query=query)


@pytest.mark.parametrize("name", OPERATIONS)
@briefly
@given(data=st.data())
def test_a_question_that_the_document_allows(world: World, name: str, data: st.DataObject) -> None:
    world.heal()
    case = data.draw(OPERATIONS[name].as_strategy(), label="question")
    put_known(case, world.known, data)
    ask(world, case)


@pytest.mark.parametrize("name", [name for name, one in OPERATIONS.items() if one.body or one.query])
@briefly
@given(data=st.data())
def test_a_question_that_it_does_not_allow(world: World, name: str, data: st.DataObject) -> None:
    world.heal()
    strategy = OPERATIONS[name].as_strategy(generation_mode=GenerationMode.NEGATIVE)
    ask(world, data.draw(strategy, label="question"))


def test_nothing_failed_meanwhile(world: World, server: ServerProcess) -> None:
    """Last in this file: what the server's log says of all of it."""
    world.heal()
    assert '"level": "error"' not in server.log_text()
    assert " failed" not in server.log_text()
