"""Sessions between two peers, at a real server, spoken to by the contract alone."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from protocol import limits
from tests.support.conditions import next_millisecond
from tests.support.server import ServerProcess, running_server
from tests.support.wire import PASSWORD, Json, Person, Socket, call, refused, register

_numbers = itertools.count(1)
KEY_A, KEY_B = "SHA256:alices-key", "SHA256:bobs-key"
CERTIFICATE = "SHA256:made-for-this-session"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("sessions") / "data") as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def another_device(person: Person) -> Person:
    body = {"username": person.name, "password": PASSWORD}
    return Person(
        person.url, person.http, await call(person.http, person.url, "POST", "/api/auth/login", body)
    )


def device_of(person: Person) -> str:
    return str(person.session["device"]["id"])


@dataclass
class Two:
    """Alice and bob, in a room of alice's."""

    alice: Person
    bob: Person
    room_id: str

    async def ask(self, kind: str = "file", **more: Any) -> Json:
        body = {"room_id": self.room_id, "kind": kind, "peer": self.bob.name, **more}
        grant: Json = await self.alice.call("POST", "/api/p2p/session", body)
        return grant


@pytest.fixture
async def two(server: ServerProcess, http: aiohttp.ClientSession) -> Two:
    number = next(_numbers)
    alice = await register(http, server.url, f"alice-{number}")
    bob = await register(http, server.url, f"bob-{number}")
    room_id = await alice.create_room(f"Test Chat {number}")
    await bob.join(room_id)
    return Two(alice, bob, room_id)


async def claims_of(person: Person, token: str) -> Json:
    keys = jwt.PyJWKSet.from_dict(await call(person.http, person.url, "GET", "/api/keys"))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: Json = jwt.decode(token, key, algorithms=["EdDSA"], audience="p2p", issuer="mesh")
    return claims


async def ids_of(person: Person) -> list[str]:
    found = await person.call("GET", "/api/p2p/sessions")
    return [session["session_id"] for session in found["sessions"]]


def others_of(event: Json, person: Person) -> Json:
    """The peer of an event that is not this person."""
    (other,) = [peer for peer in event["peers"] if peer["user_id"] != person.user_id]
    return dict(other)


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["file", "folder", "terminal"])
async def test_both_peers_learn_of_a_session_and_each_gets_a_token(two: Two, kind: str) -> None:
    alice, bob = two.alice, two.bob
    async with alice.socket(device_key=KEY_A) as hers, bob.socket(device_key=KEY_B) as his:
        grant = await two.ask(kind, certificate_fingerprint=CERTIFICATE)
        assert uuid.UUID(grant["session_id"]).version == 4
        assert (grant["kind"], grant["room_id"], grant["expires_in"]) == (kind, two.room_id, 180)
        assert [peer["username"] for peer in grant["peers"]] == [alice.name, bob.name]
        at_alice = await hers.wait("p2p.session.created")
        at_bob = await his.wait("p2p.session.created")
    assert at_alice["session_id"] == at_bob["session_id"] == grant["session_id"]
    assert "re" not in at_alice
    assert others_of(at_bob, bob)["devices"] == [
        {
            "device_id": device_of(alice),
            "key_fingerprint": KEY_A,
            "certificate_fingerprint": CERTIFICATE,
        }
    ]
    assert others_of(at_alice, alice)["devices"] == [{"device_id": device_of(bob), "key_fingerprint": KEY_B}]
    mine, theirs = [await claims_of(alice, event["session_token"]) for event in (at_alice, at_bob)]
    assert (mine["sub"], mine["device_id"], mine["peer_id"]) == (alice.user_id, device_of(alice), bob.user_id)
    assert (theirs["sub"], theirs["peer_id"], theirs["peer_device_id"]) == (
        *(bob.user_id, alice.user_id, device_of(alice)),
    )
    for claims in (mine, theirs):
        assert (claims["session_id"], claims["kind"]) == (grant["session_id"], kind)
        assert claims["room_id"] == two.room_id
        assert claims["exp"] - claims["iat"] <= 180
    assert mine["jti"] != theirs["jti"]


async def test_it_can_be_asked_for_on_the_socket_by_id(two: Two) -> None:
    async with two.alice.socket() as hers, two.bob.socket() as his:
        ask = {"room_id": two.room_id, "kind": "terminal", "peer": two.bob.user_id}
        created = await hers.ask("p2p.session.request", **ask)
        assert created["type"] == "p2p.session.created"
        event = await his.wait("p2p.session.created")
        assert event["session_id"] == created["session_id"]
        assert [message for message in await hers.settle() if message["type"].startswith("p2p")] == []
    assert await ids_of(two.alice) == await ids_of(two.bob) == [created["session_id"]]


@pytest.mark.parametrize("kind", ["", "desktop", "File"])
async def test_there_is_no_such_kind(two: Two, kind: str) -> None:
    await refused(422, "p2p.invalid_kind", two.ask(kind))
    async with two.alice.socket() as hers:
        ask = {"room_id": two.room_id, "kind": kind, "peer": two.bob.name}
        assert (await hers.ask("p2p.session.request", **ask))["code"] == "p2p.invalid_kind"


async def test_either_side_that_is_no_member_is_refused(two: Two, http: aiohttp.ClientSession) -> None:
    stranger = await register(http, two.alice.url, f"stranger-{next(_numbers)}")
    body = {"room_id": two.room_id, "kind": "file", "peer": two.bob.name}
    await refused(403, "room.not_member", stranger.call("POST", "/api/p2p/session", body))
    await refused(403, "p2p.peer_not_member", two.ask(peer=stranger.name))
    await refused(403, "p2p.peer_not_member", two.ask(peer=stranger.user_id))
    await refused(403, "p2p.peer_not_member", two.ask(peer="nobody"))
    await refused(403, "p2p.peer_not_member", two.ask(peer=""))
    assert await ids_of(two.bob) == []


async def test_an_id_wins_over_a_name_that_looks_like_one(two: Two, http: aiohttp.ClientSession) -> None:
    mallory = await register(http, two.alice.url, two.bob.user_id)
    await mallory.join(two.room_id)
    grant = await two.ask(peer=two.bob.user_id)
    assert grant["peers"][1]["username"] == two.bob.name


async def test_two_people_in_a_dm_can_have_one(two: Two) -> None:
    dm = await two.alice.call("POST", "/api/dms", {"username": two.bob.name})
    assert (await two.ask(room_id=dm["id"]))["room_id"] == dm["id"]


async def test_an_archived_room_has_no_new_sessions(two: Two) -> None:
    waiting = await two.ask()
    await two.alice.call("PATCH", f"/api/rooms/{two.room_id}", {"archived": True})
    await refused(403, "room.archived", two.ask())
    await refused(403, "room.archived", two.ask(session_id=waiting["session_id"]))
    async with two.bob.socket() as his:
        answer = await his.ask("p2p.session.accept", session_id=waiting["session_id"])
        assert answer["code"] == "room.archived"


async def test_one_person_asks_for_so_many_and_no_more(two: Two) -> None:
    for _ in range(limits.P2P_SESSIONS):
        grant = await two.ask()
    await refused(409, "p2p.too_many_sessions", two.ask())
    await two.bob.call(
        "POST", "/api/p2p/session", {"room_id": two.room_id, "kind": "file", "peer": two.alice.name}
    )
    await two.alice.call("DELETE", f"/api/p2p/session/{grant['session_id']}")
    await two.ask()


# ── accepting ────────────────────────────────────────────────────────────────────────────────────


async def test_who_accepts_names_the_device_and_both_get_tokens_for_it(two: Two) -> None:
    alice, bob = two.alice, two.bob
    tablet = await another_device(bob)
    async with (
        alice.socket(device_key=KEY_A) as hers,
        bob.socket(device_key=KEY_B) as his,
        tablet.socket() as other,
    ):
        session_id = (await two.ask())["session_id"]
        await other.wait("p2p.session.created")
        accepted = await his.ask(
            "p2p.session.accept", session_id=session_id, certificate_fingerprint=CERTIFICATE
        )
        told = await hers.wait("p2p.session.accept")
        assert (await other.wait("p2p.session.closed"))["reason"] == "elsewhere"
        answer = await other.ask("p2p.session.accept", session_id=session_id)
        assert answer["code"] == "p2p.session_taken"
        answer = await other.ask("p2p.candidate", session_id=session_id, candidate="1 1 udp")
        assert answer["code"] == "p2p.session_taken"
    assert accepted["type"] == told["type"] == "p2p.session.accept"
    assert accepted["state"] == told["state"] == "active"
    assert others_of(told, alice)["devices"] == [
        {"device_id": device_of(bob), "key_fingerprint": KEY_B, "certificate_fingerprint": CERTIFICATE}
    ]
    mine, theirs = [await claims_of(alice, event["session_token"]) for event in (told, accepted)]
    assert (mine["device_id"], mine["peer_device_id"]) == (device_of(alice), device_of(bob))
    assert (theirs["device_id"], theirs["peer_device_id"]) == (device_of(bob), device_of(alice))


async def test_only_who_was_asked_can_accept(two: Two, http: aiohttp.ClientSession) -> None:
    mallory = await register(http, two.alice.url, f"mallory-{next(_numbers)}")
    await mallory.join(two.room_id)
    session_id = (await two.ask())["session_id"]
    async with mallory.socket() as theirs, two.alice.socket() as hers:
        for type_ in ("p2p.session.accept", "p2p.session.decline", "p2p.session.close", "p2p.candidate"):
            assert (await theirs.ask(type_, session_id=session_id))["code"] == "p2p.session_not_found"
        assert (await hers.ask("p2p.session.accept", session_id=session_id))["code"] == "p2p.session_taken"
    assert await ids_of(mallory) == []
    asking = mallory.call("DELETE", f"/api/p2p/session/{session_id}")
    await refused(404, "p2p.session_not_found", asking)
    assert await ids_of(two.alice) == [session_id]


async def test_one_device_can_be_named(two: Two) -> None:
    phone, tablet = two.bob, await another_device(two.bob)
    async with phone.socket() as at_phone, tablet.socket() as at_tablet:
        grant = await two.ask(device_id=device_of(tablet))
        await at_tablet.wait("p2p.session.created")
        answer = await at_phone.ask("p2p.session.accept", session_id=grant["session_id"])
        assert answer["code"] == "p2p.session_taken"
        assert "p2p.session.created" not in {message["type"] for message in at_phone.seen}
        answer = await at_tablet.ask("p2p.session.accept", session_id=grant["session_id"])
        assert answer["state"] == "active"
    assert (await claims_of(two.alice, grant["session_token"]))["peer_device_id"] == device_of(tablet)
    await refused(404, "p2p.unknown_device", two.ask(device_id=device_of(two.alice)))
    await refused(404, "p2p.unknown_device", two.ask(device_id="none"))


async def sessions_told(person: Person) -> list[str]:
    """Those that this device is told of when it connects."""
    async with person.socket() as socket:
        events = [event for event in await socket.settle() if event["type"].startswith("p2p.")]
        assert all(event["type"] == "p2p.session.created" and "re" not in event for event in events)
        for event in events:
            claims = await claims_of(person, event["session_token"])
            assert (claims["sub"], claims["session_id"]) == (person.user_id, event["session_id"])
        return [event["session_id"] for event in events]


async def test_who_was_away_is_told_of_what_still_waits(two: Two) -> None:
    phone, tablet = two.bob, await another_device(two.bob)
    first = (await two.ask())["session_id"]
    await next_millisecond()  # or it is their ids that say which was first
    second = (await two.ask("folder", device_id=device_of(phone)))["session_id"]
    assert await sessions_told(two.alice) == []
    assert await sessions_told(phone) == [first, second]
    assert await sessions_told(tablet) == [first]
    async with tablet.socket() as socket:
        await socket.ask("p2p.session.accept", session_id=first)
    assert await sessions_told(tablet) == []
    assert await sessions_told(phone) == [second]
    await two.alice.call("DELETE", f"/api/p2p/session/{second}")
    assert await sessions_told(phone) == []


async def test_ones_own_device_that_was_away_is_told_too(two: Two) -> None:
    laptop, phone = two.alice, await another_device(two.alice)
    session_id = (await two.ask(peer=laptop.user_id))["session_id"]
    assert await sessions_told(laptop) == []
    assert await sessions_told(phone) == [session_id]


async def test_two_devices_of_one_person(two: Two) -> None:
    laptop = two.alice
    await refused(404, "p2p.unknown_device", two.ask(peer=laptop.name))
    phone, tablet = await another_device(laptop), await another_device(laptop)
    async with laptop.socket() as first, phone.socket() as second, tablet.socket() as third:
        grant = await two.ask(peer=laptop.user_id)
        session_id = grant["session_id"]
        assert {device["device_id"] for device in grant["peers"][1]["devices"]} == {
            device_of(phone),
            device_of(tablet),
        }
        assert (await first.wait("p2p.session.created"))["session_token"]
        await second.wait("p2p.session.created")
        await third.wait("p2p.session.created")
        assert (await first.ask("p2p.session.accept", session_id=session_id))["code"] == "p2p.session_taken"
        accepted = await second.ask("p2p.session.accept", session_id=session_id)
        told = await first.wait("p2p.session.accept")
        assert (await third.wait("p2p.session.closed"))["reason"] == "elsewhere"
        assert accepted["session_token"] != told["session_token"]
        claims = await claims_of(laptop, told["session_token"])
        assert (claims["device_id"], claims["peer_device_id"]) == (device_of(laptop), device_of(phone))
        await second.send("p2p.candidate", session_id=session_id, candidate="a")
        assert (await first.wait("p2p.candidate"))["from"]["device_id"] == device_of(phone)
        await first.send("p2p.candidate", session_id=session_id, candidate="b")
        assert (await second.wait("p2p.candidate"))["from"]["device_id"] == device_of(laptop)
        closed = await first.ask("p2p.session.close", session_id=session_id)
        assert closed["reason"] == "closed"
        assert (await second.wait("p2p.session.closed"))["session_id"] == session_id
        assert await ids_of(phone) == []


# ── candidates ───────────────────────────────────────────────────────────────────────────────────


async def active(two: Two, hers: Socket, his: Socket) -> str:
    session_id = str((await two.ask())["session_id"])
    await his.ask("p2p.session.accept", session_id=session_id)
    await hers.wait("p2p.session.accept")
    return session_id


async def test_candidates_go_to_the_other_peer_with_the_servers_word_for_the_sender(two: Two) -> None:
    async with two.alice.socket() as hers, two.bob.socket() as his:
        session_id = (await two.ask())["session_id"]
        await hers.send("p2p.candidate", session_id=session_id, candidate="early")
        early = await his.wait("p2p.candidate")
        assert early["candidate"] == "early"
        answer = await his.ask("p2p.candidate", session_id=session_id, candidate="too early")
        assert answer["code"] == "p2p.session_pending"
        await his.ask("p2p.session.accept", session_id=session_id)
        forged = {"user_id": two.alice.user_id, "username": "alice", "device_id": "x", "peer_id": "y"}
        candidate = {"candidate": "1 1 udp", "sdpMLineIndex": 0, "sdpMid": None, "relay": True}
        await his.send(
            "p2p.candidate", session_id=session_id, candidate=candidate, payload="é", **{"from": forged}
        )
        event = await hers.wait("p2p.candidate")
    assert event["candidate"] == candidate
    assert event["payload"] == "é"
    assert event["from"] == {
        "user_id": two.bob.user_id,
        "username": two.bob.name,
        "device_id": device_of(two.bob),
        "peer_id": his.welcome["peer_id"],
    }


@pytest.mark.parametrize(
    "bad",
    [
        {"candidate": 7},
        {"candidate": ["a"]},
        {"candidate": {"a": {"b": 1}}},
        {"candidate": {"a": 1.5}},
        {"candidate": {"a": 2**70}},
        {"candidate": {"": 1}},
        {"candidate": {f"f{number}": 1 for number in range(limits.SIGNAL_FIELDS + 1)}},
        {"candidate": "x" * (limits.SIGNAL_CHARS + 1)},
        {"payload": "x" * (limits.SIGNAL_CHARS + 1)},
        {"payload": {"a": 1}},
        {"session_id": ""},
        {"session_id": 7},
        {"session_id": "x" * 100},
    ],
)
async def test_what_is_no_candidate_is_refused(two: Two, bad: Json) -> None:
    async with two.alice.socket() as hers, two.bob.socket() as his:
        session_id = await active(two, hers, his)
        answer = await hers.ask("p2p.candidate", **({"session_id": session_id} | bad))
        assert answer["code"] == "message.invalid"
        await hers.send("p2p.candidate", session_id=session_id, candidate="good")
        assert (await his.wait("p2p.candidate"))["candidate"] == "good"


# ── resuming ─────────────────────────────────────────────────────────────────────────────────────


async def test_asked_for_anew_both_get_new_tokens_and_the_new_certificate(two: Two) -> None:
    async with two.alice.socket() as hers, two.bob.socket() as his:
        session_id = await active(two, hers, his)
        await hers.settle()
        await his.settle()
        again = {"room_id": two.room_id, "kind": "file", "peer": two.alice.name, "session_id": session_id}
        renewed = await his.ask("p2p.session.request", certificate_fingerprint="SHA256:new", **again)
        told = await hers.wait("p2p.session.created")
        assert renewed["session_id"] == told["session_id"] == session_id
        assert renewed["state"] == told["state"] == "active"
        (device,) = others_of(told, two.alice)["devices"]
        assert (device["device_id"], device["certificate_fingerprint"]) == (device_of(two.bob), "SHA256:new")
        answered = await hers.ask(
            "p2p.session.accept", session_id=session_id, certificate_fingerprint="SHA256:hers"
        )
        assert answered["type"] == "p2p.session.accept"
        (device,) = others_of(await his.wait("p2p.session.accept"), two.bob)["devices"]
        assert device["certificate_fingerprint"] == "SHA256:hers"
        tokens = [renewed["session_token"], told["session_token"], answered["session_token"]]
        assert len({(await claims_of(two.alice, token))["jti"] for token in tokens}) == 3
    assert await ids_of(two.alice) == [session_id]


async def test_who_was_away_is_told_of_what_is_asked_for_anew_until_it_is_accepted(two: Two) -> None:
    tablet = await another_device(two.bob)
    again = {"room_id": two.room_id, "kind": "file", "peer": two.bob.name}
    async with two.alice.socket() as hers:
        async with two.bob.socket() as his:
            again["session_id"] = session_id = await active(two, hers, his)
        assert await sessions_told(two.bob) == []
        for anew in ("SHA256:new", "SHA256:newer"):
            renewed = await hers.ask("p2p.session.request", certificate_fingerprint=anew, **again)
            assert "certificate_fingerprint" not in others_of(renewed, two.alice)["devices"][0]
            assert await sessions_told(two.bob) == [session_id]
            assert await sessions_told(tablet) == await sessions_told(two.alice) == []
            async with two.bob.socket() as his:
                accept = {"session_id": session_id, "certificate_fingerprint": "SHA256:his"}
                assert (await his.ask("p2p.session.accept", **accept))["state"] == "active"
            assert await sessions_told(two.bob) == []


async def test_what_is_asked_for_anew_is_the_same_session(two: Two) -> None:
    async with two.alice.socket() as hers, two.bob.socket() as his:
        session_id = await active(two, hers, his)
    dm = await two.alice.call("POST", "/api/dms", {"username": two.bob.name})
    for other in (
        {"kind": "folder"},
        {"room_id": dm["id"]},
        {"peer": two.alice.name},
        {"session_id": "none"},
    ):
        asking = two.ask(**({"session_id": session_id} | other))
        await refused(404, "p2p.session_not_found", asking)
    tablet = await another_device(two.alice)
    body = {"room_id": two.room_id, "kind": "file", "peer": two.bob.name, "session_id": session_id}
    await refused(409, "p2p.session_taken", tablet.call("POST", "/api/p2p/session", body))


# ── the end ──────────────────────────────────────────────────────────────────────────────────────


async def test_declined(two: Two) -> None:
    async with two.alice.socket() as hers, two.bob.socket() as his:
        session_id = (await two.ask())["session_id"]
        answer = await his.ask("p2p.session.decline", session_id=session_id, reason="Not now.")
        assert (answer["type"], answer["reason"]) == ("p2p.session.closed", "declined")
        told = await hers.wait("p2p.session.decline")
        assert (told["reason"], told["from"]["user_id"]) == ("Not now.", two.bob.user_id)
        assert (await hers.wait("p2p.session.closed"))["reason"] == "declined"
        for type_ in ("p2p.session.accept", "p2p.session.decline", "p2p.session.close"):
            answer = await his.ask(type_, session_id=session_id)
            assert answer["code"] == "p2p.session_not_found"
    assert await ids_of(two.alice) == await ids_of(two.bob) == []


@pytest.mark.parametrize("by_rest", [False, True])
async def test_closed(two: Two, by_rest: bool) -> None:
    async with two.alice.socket() as hers, two.bob.socket() as his:
        session_id = await active(two, hers, his)
        if by_rest:
            await two.alice.call("DELETE", f"/api/p2p/session/{session_id}")
            assert (await hers.wait("p2p.session.closed"))["reason"] == "closed"
        else:
            assert (await hers.ask("p2p.session.close", session_id=session_id))["reason"] == "closed"
        told = await his.wait("p2p.session.close")
        assert ("peer_id" in told["from"]) is not by_rest
        assert (await his.wait("p2p.session.closed"))["reason"] == "closed"
    asking = two.alice.call("DELETE", f"/api/p2p/session/{session_id}")
    await refused(404, "p2p.session_not_found", asking)


@pytest.mark.parametrize("how", ["kicked", "banned", "left", "signed out", "room deleted"])
async def test_who_is_out_of_the_room_is_out_of_its_sessions(two: Two, how: str) -> None:
    alice, bob, room = two.alice, two.bob, f"/api/rooms/{two.room_id}"
    async with alice.socket() as hers, bob.socket() as his:
        session_id = await active(two, hers, his)
        pending = (await two.ask())["session_id"]
        if how == "kicked":
            await alice.call("DELETE", f"{room}/members/{bob.user_id}")
        elif how == "banned":
            await alice.call("POST", f"{room}/bans", {"username": bob.name})
        elif how == "left":
            await bob.call("POST", f"{room}/leave")
        elif how == "signed out":
            await bob.call("POST", "/api/auth/logout")
        else:
            await alice.call("DELETE", room)
        at_alice = await hers.wait(lambda event: event.get("session_id") == session_id and "reason" in event)
        assert (at_alice["type"], at_alice["reason"]) == ("p2p.session.closed", "removed")
        if how != "signed out":
            assert (await his.wait("p2p.session.closed"))["reason"] == "removed"
            answer = await hers.ask("p2p.candidate", session_id=pending, candidate="a")
            assert answer["code"] == "p2p.session_not_found"
            assert await ids_of(alice) == await ids_of(bob) == []


async def test_who_is_suspended_is_out_of_every_session(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with running_server(tmp_path / "data") as server:
        alice = await register(http, server.url, "alice")  # the first one is an administrator
        bob = await register(http, server.url, "bob")
        two = Two(alice, bob, await alice.create_room())
        await bob.join(two.room_id)
        async with alice.socket() as hers, bob.socket() as his:
            session_id = await active(two, hers, his)
            waiting = (await two.ask())["session_id"]
            await alice.call("POST", f"/api/admin/users/{bob.user_id}/suspend", {})
            ended = [await hers.wait("p2p.session.closed") for _ in range(2)]
        assert {event["session_id"] for event in ended} == {session_id, waiting}
        assert {event["reason"] for event in ended} == {"removed"}
        await refused(403, "p2p.peer_not_member", two.ask())


async def test_sessions_survive_a_restart(two: Two, server: ServerProcess) -> None:
    async with two.alice.socket() as hers, two.bob.socket() as his:
        session_id = await active(two, hers, his)
    waiting = (await two.ask("folder"))["session_id"]
    before = await two.bob.call("GET", "/api/p2p/sessions")
    server.kill()
    server.start(server.url.removeprefix("http://"))
    after = await two.bob.call("GET", "/api/p2p/sessions")
    assert [{**session, "expires_in": 0} for session in after["sessions"]] == [
        {**session, "expires_in": 0} for session in before["sessions"]
    ]
    assert {session["session_id"]: session["state"] for session in after["sessions"]} == {
        session_id: "active",
        waiting: "pending",
    }
    async with two.alice.socket() as hers, two.bob.socket() as his:
        assert (await his.ask("p2p.session.accept", session_id=waiting))["state"] == "active"
        await hers.wait("p2p.session.accept")
        await his.send("p2p.candidate", session_id=session_id, candidate="a")
        assert (await hers.wait("p2p.candidate"))["session_id"] == session_id


async def test_of_two_devices_that_accept_at_once_one_gets_it(two: Two) -> None:
    devices = [two.bob, await another_device(two.bob), await another_device(two.bob)]
    session_id = (await two.ask())["session_id"]

    async def accept(device: Person) -> str:
        async with device.socket() as socket:
            answer = await socket.ask("p2p.session.accept", session_id=session_id)
            return str(answer.get("code", answer["type"]))

    outcomes = await asyncio.gather(*(accept(device) for device in devices))
    assert sorted(outcomes) == ["p2p.session.accept", "p2p.session_taken", "p2p.session_taken"]
