"""Who may do what, cell by cell: each REST call and each WebSocket message, asked by each kind of person.

The rows are held against the server's own tables of routes: a new call or message without a row fails. What
is asked by someone who may is done, so the house is built anew after that; a refusal must change nothing.
"""

import itertools
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import aiohttp
import pytest

from mesh_server.http import routes
from mesh_server.services.permissions import RULES, Deed, may
from mesh_server.store.base import Standing
from mesh_server.ws.routes import ROUTES
from protocol import limits
from protocol.rest import Role
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Json, Person, Refused, call, register

_names = itertools.count(1)

OK: Final = "ok"
FORBIDDEN: Final = "room.forbidden"
NO_MEMBER: Final = "room.not_member"
NO_ROOM: Final = "room.not_found"
SIGNED_OUT: Final = "auth.required"
NO_SESSION: Final = "p2p.session_not_found"
NO_PEER: Final = "p2p.peer_not_member"
WORD: Final = "serendipity"

Cells = dict[str, str]


def cells(owner: str, moderator: str, member: str, stranger: str, banned: str | None = None) -> Cells:
    return {
        "signed out": SIGNED_OUT,
        "banned": banned or stranger,
        "stranger": stranger,
        "member": member,
        "moderator": moderator,
        "owner": owner,
    }


def members(stranger: str = NO_MEMBER) -> Cells:
    return cells(OK, OK, OK, stranger)


def moderators() -> Cells:
    return cells(OK, OK, FORBIDDEN, NO_MEMBER)


def owner_only() -> Cells:
    return cells(OK, FORBIDDEN, FORBIDDEN, NO_MEMBER)


def who_asked(code: str = OK) -> Cells:
    """Of a session that the owner has asked `other` for."""
    return cells(code, NO_SESSION, NO_SESSION, NO_SESSION)


def nobody(code: str = FORBIDDEN) -> Cells:
    return cells(code, code, code, NO_MEMBER)


@dataclass
class Row:
    """What is asked, and what comes of it. In a private room, a stranger's `room.not_member` is not told.

    Attributes:
        ask: `METHOD path` of a REST call, or the type of a message.
        public: in a public room, by who asks.
        private: cells that are others in a private one.
    """

    ask: str
    public: Cells
    body: Json | None = None
    private: Cells = field(default_factory=dict)

    def expected(self, visibility: str) -> Cells:
        if visibility == "public":
            return self.public
        hidden = {who: NO_ROOM if code == NO_MEMBER else code for who, code in self.public.items()}
        return hidden | self.private

    @property
    def name(self) -> str:
        return f"{self.ask} {self.body or ''}".strip()


TOLD: Final = {"stranger": NO_MEMBER, "banned": NO_MEMBER}
"""Where the contract answers 403 in a private room too."""

ROOM: Final = "/api/rooms/{room_id}"
MESSAGE: Final[Json] = {"room_id": "{room_id}", "message_id": "{message_id}"}

REST_ROWS: Final = [
    Row(f"GET {ROOM}", members(OK), private={"stranger": NO_ROOM, "banned": NO_ROOM}),
    Row(f"PATCH {ROOM}", moderators(), {"topic": "Where we try things"}),
    Row(f"PATCH {ROOM}", moderators(), {"slow_mode_s": 30}),
    Row(f"PATCH {ROOM}", owner_only(), {"name": "Renamed {number}"}),
    Row(f"PATCH {ROOM}", owner_only(), {"visibility": "private"}),
    Row(f"PATCH {ROOM}", owner_only(), {"archived": True}),
    Row(f"PATCH {ROOM}", owner_only(), {"retention_s": 86_400}),
    Row(f"PATCH {ROOM}", owner_only(), {"topic": "Both or neither", "archived": True}),
    Row(f"PATCH {ROOM}", owner_only(), {"receipts": True}),
    Row(f"DELETE {ROOM}", owner_only()),
    Row(
        f"POST {ROOM}/join",
        cells(OK, OK, OK, OK, "room.banned"),
        private={"stranger": NO_ROOM, "banned": NO_ROOM},
    ),
    Row(f"POST {ROOM}/join", cells(OK, OK, OK, OK, "room.banned"), {"invite": "{code}"}),
    Row("POST /api/invites/{code}/join", cells(OK, OK, OK, OK, "room.banned")),
    Row(f"POST {ROOM}/leave", members()),
    Row(f"GET {ROOM}/members", members()),
    Row(f"POST {ROOM}/members", members(), {"username": "{newcomer}"}, private={"member": FORBIDDEN}),
    Row(
        f"POST {ROOM}/members",
        cells("room.banned", "room.banned", "room.banned", NO_MEMBER),
        {"username": "{banned}"},
        private={"member": FORBIDDEN},
    ),
    Row(f"PATCH {ROOM}/members/{{other_id}}", owner_only(), {"role": "moderator"}),
    Row(f"PATCH {ROOM}/members/{{other_id}}", owner_only(), {"role": "owner"}),
    Row(f"PATCH {ROOM}/members/{{owner_id}}", nobody(), {"role": "member"}),
    Row(f"DELETE {ROOM}/members/{{other_id}}", moderators()),
    Row(f"DELETE {ROOM}/members/{{moderator_id}}", owner_only()),
    Row(f"DELETE {ROOM}/members/{{owner_id}}", nobody()),
    Row(
        f"DELETE {ROOM}/members/{{newcomer_id}}",
        cells("user.not_found", "user.not_found", FORBIDDEN, NO_MEMBER),
    ),
    Row(f"GET {ROOM}/bans", moderators()),
    Row(f"POST {ROOM}/bans", moderators(), {"username": "{other}"}),
    Row(f"POST {ROOM}/bans", moderators(), {"username": "{newcomer}"}),
    Row(f"POST {ROOM}/bans", owner_only(), {"username": "{moderator}"}),
    Row(f"POST {ROOM}/bans", nobody(), {"username": "{owner}"}),
    Row(f"DELETE {ROOM}/bans/{{banned_id}}", moderators()),
    Row(f"GET {ROOM}/invites", moderators()),
    Row(f"POST {ROOM}/invites", moderators(), {}),
    Row(f"DELETE {ROOM}/invites/{{invite_id}}", moderators()),
    Row(f"GET {ROOM}/audit", moderators()),
    Row(f"GET {ROOM}/messages", members()),
    Row(f"GET {ROOM}/messages?around=1", members()),
    Row(f"GET {ROOM}/messages?thread={{message_id}}", members()),
    Row(f"GET {ROOM}/messages/{{message_id}}/versions", moderators()),
    Row(f"GET {ROOM}/pins", members()),
    Row(f"GET /api/search?q={WORD}&room_id={{room_id}}", members()),
    Row(
        "POST /api/p2p/session",
        members(),
        {"room_id": "{room_id}", "kind": "file", "peer": "{other}"},
        private=TOLD,
    ),
    Row(
        "POST /api/p2p/session",
        nobody(NO_PEER),
        {"room_id": "{room_id}", "kind": "file", "peer": "{newcomer}"},
        private=TOLD,
    ),
    Row(
        "POST /api/p2p/session",
        nobody(NO_PEER),
        {"room_id": "{room_id}", "kind": "terminal", "peer": "{banned_id}"},
        private=TOLD,
    ),
    Row("DELETE /api/p2p/session/{session_id}", who_asked()),
    Row("POST /api/auth/capability", members(), {"room_id": "{room_id}", "kind": "file"}),
]

ABOUT_ONESELF: Final = {
    "POST /api/auth/logout",
    "GET /api/auth/me",
    "PATCH /api/auth/me",
    "DELETE /api/auth/me",
    "POST /api/auth/password",
    "GET /api/auth/devices",
    "DELETE /api/auth/devices",
    "PATCH /api/auth/devices/{device_id}",
    "DELETE /api/auth/devices/{device_id}",
    "GET /api/auth/tokens",
    "POST /api/auth/tokens",
    "DELETE /api/auth/tokens/{token_id}",
    "GET /api/auth/ssh-keys",
    "POST /api/auth/ssh-keys",
    "DELETE /api/auth/ssh-keys/{key_id}",
    "POST /api/rooms",
    "GET /api/rooms",
    "POST /api/dms",
    "GET /api/p2p/sessions",
    "GET /api/rtc/ice-servers",
    "GET /api/push/targets",
    "POST /api/push/targets",
    "DELETE /api/push/targets/{target_id}",
    "POST /api/push/targets/{target_id}/test",
}
"""Calls that name no room: everyone who is signed in may make them, for themselves."""

_USER: Final = "/api/admin/users/{user_id}"
_ANY_ROOM: Final = "/api/admin/rooms/{room_id}"

ADMIN_ROWS: Final[dict[str, Json | None]] = {
    "GET /api/admin/users": None,
    f"GET {_USER}": None,
    f"PATCH {_USER}": {"role": "admin"},
    f"DELETE {_USER}": None,
    f"POST {_USER}/suspend": None,
    f"POST {_USER}/restore": None,
    f"POST {_USER}/password": None,
    f"POST {_USER}/logout": None,
    f"GET {_USER}/tokens": None,
    f"DELETE {_USER}/tokens/{{token_id}}": None,
    "GET /api/admin/rooms": None,
    f"GET {_ANY_ROOM}": None,
    f"PATCH {_ANY_ROOM}": {"archived": True},
    f"DELETE {_ANY_ROOM}": None,
    f"POST {_ANY_ROOM}/owner": {"username": "{name}"},
    "GET /api/admin/invites": None,
    "POST /api/admin/invites": {},
    "DELETE /api/admin/invites/{invite_id}": None,
    "GET /api/admin/audit": None,
    "GET /api/admin/stats": None,
}
"""Calls for administrators, whatever they are in a room; what each is asked with."""

BY_A_PERSON: Final = {
    "DELETE /api/auth/me": {"password": PASSWORD},
    "POST /api/auth/password": {"current": PASSWORD, "new": "another password"},
    "DELETE /api/auth/devices": None,
    "PATCH /api/auth/devices/{device_id}": {"name": "mine"},
    "DELETE /api/auth/devices/{device_id}": None,
    "POST /api/auth/tokens": {"name": "another"},
    "DELETE /api/auth/tokens/{token_id}": None,
    "POST /api/auth/ssh-keys": {"key": "ssh-ed25519 AAAA"},
    "DELETE /api/auth/ssh-keys/{key_id}": None,
    "POST /api/push/targets": {"kind": "ntfy", "url": "https://ntfy.example.org", "topic": "a"},
}
"""Calls that a personal token may not make, though its owner may."""
SIGNAL: Final[Json] = {"call_id": "c{number}", "room_id": "{room_id}", "to": "{other_id}"}

WEBSOCKET_ROWS: Final = [
    Row(
        "room.join",
        cells(OK, OK, OK, OK, "room.banned"),
        {"room_id": "{room_id}"},
        private={"stranger": NO_ROOM, "banned": NO_ROOM},
    ),
    Row("room.leave", members(), {"room_id": "{room_id}"}),
    Row("chat.message.send", members(), {"room_id": "{room_id}", "nonce": "n{number}", "content": "Hi!"}),
    Row(
        "chat.message.send",
        moderators(),
        {"room_id": "{room_id}", "nonce": "n{number}", "content": "Lunch!", "mentions": ["room"]},
    ),
    Row("chat.message.edit", nobody("chat.not_author"), MESSAGE | {"content": "Not mine."}),
    Row("chat.message.delete", moderators(), MESSAGE),
    Row("chat.message.pin", moderators(), MESSAGE),
    Row("chat.reaction.add", members(), MESSAGE | {"reaction": "👍"}),
    Row("chat.reaction.remove", members(), MESSAGE | {"reaction": "👍"}),
    Row(
        "chat.read",
        members(),
        {"room_id": "{room_id}", "seq": 1},
        private=dict.fromkeys(("stranger", "banned"), NO_MEMBER),
    ),
    Row(
        "chat.typing",
        members(),
        {"room_id": "{room_id}"},
        private=dict.fromkeys(("stranger", "banned"), NO_MEMBER),
    ),
    Row(
        "p2p.session.request",
        members(),
        {"room_id": "{room_id}", "kind": "file", "peer": "{other}"},
        private=TOLD,
    ),
    Row("p2p.session.accept", who_asked("p2p.session_taken"), {"session_id": "{session_id}"}),
    Row("p2p.session.decline", who_asked(), {"session_id": "{session_id}"}),
    Row("p2p.session.close", who_asked(), {"session_id": "{session_id}"}),
    Row("p2p.candidate", who_asked(), {"session_id": "{session_id}", "candidate": "c"}),
    *(Row(type_, members(), SIGNAL) for type_ in ("rtc.offer", "rtc.answer", "rtc.ice", "rtc.hangup")),
]

UNANSWERED: Final = {
    *("chat.typing", "p2p.candidate"),
    *("rtc.offer", "rtc.answer", "rtc.ice", "rtc.hangup"),
}
WITHOUT_A_ROOM: Final = {"system.hello", "system.ping", "presence.update"}


# ── the house ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(
        tmp_path_factory.mktemp("permissions") / "data", MESH_LIMITS_ENABLED="false"
    ) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@dataclass
class House:
    """A room with someone of each kind, and a message of `other`, who is a member."""

    people: dict[str, Person]
    visibility: str
    words: dict[str, str] = field(default_factory=dict)

    async def build(self) -> None:
        people = self.people
        owner = people["owner"]
        room_id = await owner.create_room(f"Room {next(_names)}", visibility=self.visibility)
        room = f"/api/rooms/{room_id}"
        for name in ("moderator", "member", "other"):
            await owner.call("POST", f"{room}/members", {"username": people[name].name})
        moderator = {"role": "moderator"}
        await owner.call("PATCH", f"{room}/members/{people['moderator'].user_id}", moderator)
        await owner.call("POST", f"{room}/bans", {"username": people["banned"].name})
        invite = await owner.call("POST", f"{room}/invites", {})
        async with people["other"].socket() as socket:
            ack = await socket.say(room_id, WORD)
        for session in (await owner.call("GET", "/api/p2p/sessions"))["sessions"][16:]:  # there is a bound
            await owner.call("DELETE", f"/api/p2p/session/{session['session_id']}")
        asked = {"room_id": room_id, "kind": "file", "peer": people["other"].name}
        session = await owner.call("POST", "/api/p2p/session", asked)
        self.words = {
            "room_id": room_id,
            "session_id": session["session_id"],
            "message_id": ack["message_id"],
            "invite_id": invite["id"],
            "code": invite["code"],
            **{name: person.name for name, person in people.items()},
            **{f"{name}_id": person.user_id for name, person in people.items()},
        }

    def fill(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.format(number=next(_names), **self.words)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {name: self.fill(item) for name, item in value.items()}
        return value


TOKENS_S: Final = 300
"""How old a token may be: all the cells may take longer than one lives."""

HOUSE_S: Final = limits.CAPABILITY_S / 3
"""How old a house may be: the session in it, which nobody takes, does not last."""

KINDS: Final = ("owner", "moderator", "member", "other", "stranger", "banned", "newcomer")


@pytest.fixture
async def people(server: ServerProcess, http: aiohttp.ClientSession) -> dict[str, Person]:
    """Someone of each kind, who is in no room yet."""
    number = next(_names)
    return {kind: await register(http, server.url, f"{kind}.{number}") for kind in KINDS}


@dataclass
class Kept:
    """What the cells have in common, so that they need not make it anew: who asks, and where."""

    sessions: dict[str, Json] = field(default_factory=dict)
    renewed_at: float = field(default_factory=time.monotonic)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    built_at: dict[str, float] = field(default_factory=dict)


@pytest.fixture(scope="module")
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def cast(server: ServerProcess, http: aiohttp.ClientSession, kept: Kept) -> dict[str, Person]:
    for kind in KINDS:
        if kind not in kept.sessions:
            kept.sessions[kind] = (await register(http, server.url, kind)).session
    if time.monotonic() - kept.renewed_at > TOKENS_S:
        kept.renewed_at = time.monotonic()
        for kind, session in kept.sessions.items():
            spent = {"refresh_token": session["refresh_token"]}
            kept.sessions[kind] = await call(http, server.url, "POST", "/api/auth/refresh", spent)
    return {kind: Person(server.url, http, session) for kind, session in kept.sessions.items()}


async def rest_outcome(house: House, row: Row, who: str) -> str:
    owner = house.people["owner"]
    method, path = house.fill(row.ask).split(" ", 1)
    token = "" if who == "signed out" else house.people[who].token
    try:
        await call(owner.http, owner.url, method, path, house.fill(row.body), token=token)
    except Refused as refused:
        return str(refused.code)
    return OK


async def websocket_outcome(house: House, row: Row, who: str) -> str:
    if who == "signed out":
        async with house.people["owner"].http.ws_connect(f"{house.people['owner'].url}/ws") as wire:
            await wire.send_json({"type": row.ask, "id": 1, **house.fill(row.body)})
            refusal: Json = await wire.receive_json()
            return str(refusal["code"])
    async with house.people[who].socket() as socket:
        await socket.send(row.ask, id="asked", **house.fill(row.body))
        if row.ask in UNANSWERED:
            await socket.ask("system.ping")  # a refusal would be here before its answer
            answers = [message for message in socket.seen if message.get("re") == "asked"]
        else:
            answers = [await socket.wait(lambda message: message.get("re") == "asked")]
        return str(answers[0].get("code", OK)) if answers else OK


VISIBILITIES: Final = ("public", "private")


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("row", [*REST_ROWS, *WEBSOCKET_ROWS], ids=lambda row: row.name)
async def test_each_cell(cast: dict[str, Person], kept: Kept, row: Row, visibility: str) -> None:
    outcome_of = rest_outcome if row.ask.partition(" ")[2] else websocket_outcome
    outcomes = {}
    for who in row.public:
        house = House(cast, visibility, kept.words.pop(visibility, {}))
        if not house.words or time.monotonic() - kept.built_at[visibility] > HOUSE_S:
            kept.built_at[visibility] = time.monotonic()
            await house.build()
        outcomes[who] = await outcome_of(house, row, who)
        if outcomes[who] != OK or row.ask.startswith("GET "):
            kept.words[visibility] = house.words
    assert outcomes == row.expected(visibility)


# ── nothing is left out ──────────────────────────────────────────────────────────────────────────


def pattern(row: Row) -> str:
    """The route that a row asks: who a member is named after makes no difference to it."""
    path = row.ask.partition("?")[0]
    for name in ("other_id", "owner_id", "moderator_id", "banned_id", "newcomer_id"):
        path = path.replace(f"{{{name}}}", "{user_id}")
    return path


def test_every_call_has_a_row() -> None:
    asked = {pattern(row) for row in REST_ROWS} | {"GET /api/search"} | ABOUT_ONESELF | set(ADMIN_ROWS)
    assert asked == {each.name for each in routes.CALLS if not each.open}
    assert set(ADMIN_ROWS) == {each.name for each in routes.CALLS if each.for_admins}
    assert set(BY_A_PERSON) <= ABOUT_ONESELF


def test_every_message_has_a_row() -> None:
    types = {kind.__struct_config__.tag for kind in ROUTES}
    assert {row.ask for row in WEBSOCKET_ROWS} | WITHOUT_A_ROOM == types


@pytest.mark.parametrize("ask", sorted(ABOUT_ONESELF))
async def test_what_is_about_oneself_needs_oneself(
    http: aiohttp.ClientSession, server: ServerProcess, ask: str
) -> None:
    method, path = ask.split(" ")
    with pytest.raises(Refused) as refused:
        await call(http, server.url, method, re.sub(r"{\w+}", "x", path), {})
    assert refused.value.code == SIGNED_OUT


# ── administrators, and programs ─────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def house_of_one_admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("administrators") / "data") as running:
        yield running


async def outcome(person: Person, ask: str, body: Json | None, words: dict[str, str], token: str) -> str:
    method, path = ask.format(**words).split(" ")
    filled = body and {
        name: value.format(**words) if value == "{name}" else value for name, value in body.items()
    }
    try:
        await call(person.http, person.url, method, path, filled, token=token)
    except Refused as refused:
        return str(refused.code)
    return OK


async def test_what_is_for_administrators(
    http: aiohttp.ClientSession, house_of_one_admin: ServerProcess
) -> None:
    """An owner of the very room is none, nor is who was one and is no longer."""
    url = house_of_one_admin.url
    admin = await register(http, url, "admin")
    for ask, body in ADMIN_ROWS.items():
        number = next(_names)
        user = await register(http, url, f"user.{number}")
        former = await register(http, url, f"former.{number}")
        room_id = await user.create_room(f"Room {number}")
        token = await user.call("POST", "/api/auth/tokens", {"name": "a script"})
        invite = await admin.call("POST", "/api/admin/invites", {})
        words = {
            "user_id": user.user_id,
            "name": user.name,
            "room_id": room_id,
            "token_id": token["id"],
            "invite_id": invite["id"],
        }
        for role in ("admin", "user"):
            await admin.call("PATCH", f"/api/admin/users/{former.user_id}", {"role": role})
        askers = {
            "signed out": "",
            "user": user.token,
            "a program": token["token"],
            "former": former.token,
            "admin": admin.token,
        }
        outcomes = {who: await outcome(admin, ask, body, words, shown) for who, shown in askers.items()}
        refusal = "auth.admin_required"
        assert outcomes == {
            "signed out": SIGNED_OUT,
            "user": refusal,
            "a program": refusal,
            "former": refusal,
            "admin": OK,
        }, ask
        for invite in (await admin.call("GET", "/api/admin/invites"))["invites"]:
            await admin.call("DELETE", f"/api/admin/invites/{invite['id']}")


async def test_what_a_program_may_not_do(http: aiohttp.ClientSession, server: ServerProcess) -> None:
    person = await register(http, server.url, f"person.{next(_names)}")
    other = await person.call("POST", "/api/auth/tokens", {"name": "another script"})
    token = await person.call("POST", "/api/auth/tokens", {"name": "a script"})
    words = {"device_id": str(person.session["device"]["id"]), "token_id": str(other["id"])}
    words["target_id"] = words["key_id"] = "x"
    for ask in sorted(ABOUT_ONESELF - {"POST /api/auth/logout"}):
        refusal = await outcome(person, ask, BY_A_PERSON.get(ask, {}), words, token["token"])
        assert (refusal == "auth.password_required") is (ask in BY_A_PERSON), ask
    assert await outcome(person, "POST /api/auth/logout", None, words, token["token"]) == OK
    assert await outcome(person, "GET /api/auth/me", None, words, token["token"]) == "auth.invalid_token"


# ── beside the calls that name a room ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_who_is_out_finds_and_hears_nothing(people: dict[str, Person], visibility: str) -> None:
    """By search over all rooms, by the list of rooms, by the welcome, by what is live."""
    house = House(people, visibility)
    await house.build()
    room_id, member = house.words["room_id"], people["member"]
    for name in ("stranger", "banned"):
        async with people[name].socket(resume={room_id: 0}) as socket, member.socket() as theirs:
            assert socket.welcome["rooms"] == []
            await theirs.say(room_id, "Is anybody here?")
            await theirs.send("chat.typing", room_id=room_id)
            await theirs.settle()
            assert await socket.settle_room() == []
        assert (await people[name].call("GET", "/api/search", q=WORD))["hits"] == []
        assert (await people[name].call("GET", "/api/rooms"))["rooms"] == []
        directory = (await people[name].call("GET", "/api/rooms", scope="public"))["rooms"]
        assert (room_id in [room["id"] for room in directory]) is (visibility == "public")
        assert all("unread" not in room and "my_role" not in room for room in directory)


async def test_who_is_put_out_is_out_at_once(people: dict[str, Person]) -> None:
    """An open connection of theirs is no way back in."""
    house = House(people, "public")
    await house.build()
    room_id, owner = house.words["room_id"], people["owner"]
    async with people["other"].socket() as socket:
        await socket.wait("p2p.session.created")
        await owner.call("POST", f"/api/rooms/{room_id}/bans", {"username": people["other"].name})
        await socket.wait("room.left")
        await socket.wait("p2p.session.closed")
        for row in WEBSOCKET_ROWS:
            if row.ask in UNANSWERED:
                continue
            answer = await socket.ask(row.ask, **house.fill(row.body))
            assert answer.get("code") == row.public["banned"], row.ask
        await owner.call("PATCH", f"/api/rooms/{room_id}", {"topic": "He is gone"})
        assert await socket.settle_room() == []


async def test_a_conversation_of_two_has_no_order(people: dict[str, Person]) -> None:
    owner, other, stranger = people["owner"], people["other"], people["stranger"]
    dm = await owner.call("POST", "/api/dms", {"username": other.name})
    room = f"/api/rooms/{dm['id']}"
    for method, path, body in (
        ("PATCH", room, {"topic": "Ours"}),
        ("PATCH", room, {"visibility": "public"}),
        ("PATCH", room, {"archived": True}),
        ("DELETE", room, None),
        ("POST", f"{room}/leave", None),
        ("POST", f"{room}/members", {"username": stranger.name}),
        ("PATCH", f"{room}/members/{other.user_id}", {"role": "owner"}),
        ("DELETE", f"{room}/members/{other.user_id}", None),
        ("POST", f"{room}/bans", {"username": other.name}),
        ("GET", f"{room}/bans", None),
        ("POST", f"{room}/invites", {}),
        ("GET", f"{room}/invites", None),
    ):
        with pytest.raises(Refused) as refused:
            await owner.call(method, path, body)
        assert refused.value.code == FORBIDDEN, (method, path)


# ── the table itself ─────────────────────────────────────────────────────────────────────────────

ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""The highest first."""


def test_every_deed_has_a_rule() -> None:
    assert set(RULES) == set(Deed)


@pytest.mark.parametrize("deed", Deed)
def test_a_higher_role_may_what_a_lower_one_may(deed: Deed) -> None:
    for public, own in itertools.product((False, True), repeat=2):
        for higher, lower in itertools.combinations(ROLES, 2):
            below = Standing(role=lower, public=public, own=own)
            assert not may(deed, below) or may(deed, Standing(role=higher, public=public, own=own))


@pytest.mark.parametrize("deed", [deed for deed, rule in RULES.items() if rule.outranks])
def test_nobody_is_over_an_equal(deed: Deed) -> None:
    for role in ROLES:
        assert not may(deed, Standing(role=role, over=role))


def test_what_changes_or_sends_something_is_what_an_archive_refuses() -> None:
    writes = {deed for deed, rule in RULES.items() if rule.writes}
    assert writes == {
        *(Deed.EDIT_MESSAGE, Deed.DELETE_MESSAGE, Deed.PIN_MESSAGE, Deed.REACT),
        *(Deed.OPEN_SESSION, Deed.CALL),
    }
