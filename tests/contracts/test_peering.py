"""What every store does for sessions between two peers: `PeeringStore`."""

from typing import Any

import pytest

from mesh_server.store.base import (
    DeviceRecord,
    NewSession,
    RefreshRecord,
    SessionRecord,
    Standing,
    Store,
    UserRecord,
)
from protocol import limits
from protocol.errors import (
    NotMember,
    PeerHasNoDevice,
    PeerNotMember,
    RoomForbidden,
    RoomNotFound,
    SessionNotFound,
    SessionTaken,
    TargetUnknown,
    TooManySessions,
)
from protocol.rest import P2pEnd
from tests.contracts.people import NOW, add_room, add_user, join

MINUTE = 60_000
EXPIRES = NOW + 3 * MINUTE
IDLE = 60 * MINUTE


def anyone(_who: Standing) -> None:
    """A rule that allows everything."""


def never(_who: Standing) -> None:
    raise RoomForbidden


def ignore(_outcome: Any) -> None:
    pass


@pytest.fixture
async def alice(store: Store) -> UserRecord:
    return await add_user(store, "alice")


@pytest.fixture
async def bob(store: Store) -> UserRecord:
    return await add_user(store, "bob")


@pytest.fixture
async def room_id(store: Store, alice: UserRecord, bob: UserRecord) -> str:
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    await join(store, room_id, bob)
    return room_id


def asked(room_id: str, **changes: Any) -> NewSession:
    fields = {
        "id": "session",
        "room_id": room_id,
        "kind": "file",
        "asker_id": "user-alice",
        "asker_device": "alice-laptop",
        "peer": "user-bob",
        "peer_key": "",
        "peer_device": None,
        "certificate": "hers",
        "created_at": NOW,
        "expires_at": EXPIRES,
    }
    return NewSession(**(fields | changes))


async def create(store: Store, room_id: str, **changes: Any) -> SessionRecord:
    return await store.peering.create_session(asked(room_id, **changes), anyone, ignore)


async def accept(store: Store, user: str = "bob", now: int = NOW + 1, id_: str = "session") -> SessionRecord:
    return await store.peering.accept_session(
        id_, f"user-{user}", f"{user}-laptop", "his", now, anyone, ignore
    )


async def add_device(store: Store, user: UserRecord, device_id: str, *, seen: int = NOW + 1) -> None:
    device = DeviceRecord(
        id=device_id,
        user_id=user.id,
        name=device_id,
        created_at=NOW,
        signed_in_at=NOW,
        last_seen_at=seen,
    )
    token = RefreshRecord(
        token_hash=device_id.encode(), device_id=device_id, issued_at=NOW, expires_at=NOW + 1
    )
    assert await store.accounts.sign_in_device(device, token, password_hash=user.password_hash)


async def ended(store: Store, now: int) -> list[tuple[str, P2pEnd]]:
    told: list[tuple[str, P2pEnd]] = []

    def then(over: list[tuple[SessionRecord, P2pEnd]]) -> None:
        told.extend((record.id, reason) for record, reason in over)

    count = await store.peering.end_sessions(now, IDLE, then)
    assert count == len(told)
    return told


async def there(store: Store, now: int = NOW, user: str = "alice") -> list[str]:
    return [record.id for record in await store.peering.list_sessions(f"user-{user}", now)]


# ── coming ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_session_is_there_for_both_and_nobody_else(store: Store, room_id: str) -> None:
    made = await create(store, room_id)
    assert (made.asker.username, made.peer.username) == ("alice", "bob")
    assert made.asker.devices[0].certificate == "hers"
    assert [device.id for device in made.peer.devices] == ["bob-laptop"]
    assert (made.accepted_at, made.peer_device) == (None, None)
    for user in ("alice", "bob"):
        assert await store.peering.list_sessions(f"user-{user}", NOW) == [made]
        assert await store.peering.get_session("session", f"user-{user}", NOW) == made
    carol = await add_user(store, "carol")
    await join(store, room_id, carol)
    assert await there(store, user="carol") == []
    assert await store.peering.get_session("session", carol.id, NOW) is None


async def test_what_is_made_known_is_made_known_with_the_commit(store: Store, room_id: str) -> None:
    told: list[SessionRecord] = []
    made = await store.peering.create_session(asked(room_id), anyone, told.append)
    assert told == [made]
    firsts: list[bool] = []
    for _ in range(2):
        await store.peering.accept_session(
            "session", "user-bob", "bob-laptop", None, NOW, anyone, lambda outcome: firsts.append(outcome[1])
        )
    assert firsts == [True, False]


async def test_nobody_is_asked_who_is_not_in_the_room(store: Store, room_id: str) -> None:
    await add_user(store, "carol")
    for peer in ({"peer": "user-carol"}, {"peer": "none"}, {"peer": "", "peer_key": "carol"}):
        with pytest.raises(PeerNotMember):
            await create(store, room_id, **peer)
    with pytest.raises(NotMember):
        await create(store, room_id, asker_id="user-carol", asker_device="carol-laptop")
    with pytest.raises(RoomNotFound):
        await create(store, "none")
    with pytest.raises(RoomForbidden):
        await store.peering.create_session(asked(room_id), never, ignore)
    assert await there(store) == []


async def test_by_name_an_id_wins(store: Store, room_id: str, bob: UserRecord) -> None:
    assert (await create(store, room_id, peer="x", peer_key="bob")).peer.user_id == bob.id
    decoy = await add_user(store, "user-bob")
    await join(store, room_id, decoy)
    made = await create(store, room_id, id="second", peer="user-bob", peer_key="user-bob")
    assert made.peer.user_id == bob.id


async def test_devices_that_may_accept(store: Store, room_id: str, bob: UserRecord) -> None:
    await add_device(store, bob, "bob-phone")
    await add_device(store, bob, "bob-old", seen=NOW - 1)
    await store.accounts.revoke_device(bob.id, "bob-laptop", now=NOW, on_revoked=ignore)
    made = await create(store, room_id)
    assert [device.id for device in made.peer.devices] == ["bob-phone", "bob-old"]
    with pytest.raises(PeerHasNoDevice):
        await create(store, room_id, id="second", peer_device="bob-laptop")
    with pytest.raises(PeerHasNoDevice):
        await create(store, room_id, id="second", peer_device="alice-laptop")
    named = await create(store, room_id, id="second", peer_device="bob-old")
    assert [device.id for device in named.peer.devices] == ["bob-old"]
    with pytest.raises(SessionTaken):
        await store.peering.accept_session("second", bob.id, "bob-phone", None, NOW, anyone, ignore)


async def test_so_many_and_no_more_of_those_that_are_not_over(store: Store, room_id: str) -> None:
    for number in range(limits.P2P_SESSIONS):
        await create(store, room_id, id=f"s{number}")
    with pytest.raises(TooManySessions):
        await create(store, room_id, id="one more")
    await create(store, room_id, id="later", created_at=EXPIRES, expires_at=EXPIRES + 1)


# ── accepting ────────────────────────────────────────────────────────────────────────────────────


async def test_accepted_it_belongs_to_two_devices(store: Store, room_id: str, bob: UserRecord) -> None:
    await add_device(store, bob, "bob-phone")
    await store.accounts.set_device_key("bob-laptop", "key")
    await create(store, room_id)
    taken = await accept(store)
    assert (taken.accepted_at, taken.peer_device) == (NOW + 1, "bob-laptop")
    (device,) = taken.peer.devices
    assert (device.id, device.key_fingerprint, device.certificate) == ("bob-laptop", "key", "his")
    with pytest.raises(SessionTaken):
        await store.peering.accept_session("session", bob.id, "bob-phone", None, NOW, anyone, ignore)
    again = await store.peering.accept_session("session", bob.id, "bob-laptop", "2", NOW + 9, anyone, ignore)
    assert (again.accepted_at, again.peer.devices[0].certificate) == (NOW + 1, "2")
    both = await store.peering.accept_session(
        "session", "user-alice", "alice-laptop", "3", NOW + 9, anyone, ignore
    )
    assert (both.asker.devices[0].certificate, both.peer.devices[0].certificate) == ("3", "2")


async def test_who_asked_does_not_accept(store: Store, room_id: str, alice: UserRecord) -> None:
    await add_device(store, alice, "alice-phone")
    await create(store, room_id)
    for device in ("alice-laptop", "alice-phone"):
        with pytest.raises(SessionTaken):
            await store.peering.accept_session("session", alice.id, device, None, NOW, anyone, ignore)


async def test_ones_own_other_device(store: Store, room_id: str, alice: UserRecord) -> None:
    with pytest.raises(PeerHasNoDevice):
        await create(store, room_id, peer=alice.id)
    await add_device(store, alice, "alice-phone")
    made = await create(store, room_id, peer=alice.id)
    assert [device.id for device in made.peer.devices] == ["alice-phone"]
    taken = await store.peering.accept_session("session", alice.id, "alice-phone", None, NOW, anyone, ignore)
    assert taken.peer_device == "alice-phone"
    assert await there(store) == ["session"]


async def test_too_late_it_is_not_there(store: Store, room_id: str) -> None:
    await create(store, room_id)
    assert await there(store, EXPIRES - 1) == ["session"]
    assert await there(store, EXPIRES) == []
    with pytest.raises(SessionNotFound):
        await accept(store, now=EXPIRES)
    await accept(store, now=EXPIRES - 1)
    assert await there(store, EXPIRES + IDLE) == ["session"]


async def test_a_rule_is_asked_of_who_accepts_and_who_asks_anew(store: Store, room_id: str) -> None:
    await create(store, room_id)
    asked_anew = ("session", "user-alice", "alice-laptop", None, NOW)
    with pytest.raises(RoomForbidden):
        await store.peering.accept_session("session", "user-bob", "bob-laptop", None, NOW, never, ignore)
    with pytest.raises(RoomForbidden):
        await store.peering.renew_session(*asked_anew, never, ignore)
    renewed = await store.peering.renew_session(*asked_anew, anyone, ignore)
    assert (renewed.expires_at, renewed.asker.devices[0].certificate) == (EXPIRES, None)
    with pytest.raises(SessionTaken):
        await store.peering.renew_session("session", "user-bob", "bob-laptop", None, NOW, anyone, ignore)


# ── going ────────────────────────────────────────────────────────────────────────────────────────


async def test_closed_it_is_gone(store: Store, room_id: str) -> None:
    await create(store, room_id)
    told: list[SessionRecord] = []
    with pytest.raises(SessionNotFound):
        await store.peering.close_session("session", "user-carol", NOW, told.append)
    await store.peering.close_session("session", "user-bob", NOW, told.append)
    assert [record.id for record in told] == ["session"]
    with pytest.raises(SessionNotFound):
        await store.peering.close_session("session", "user-bob", NOW, told.append)


async def test_what_nobody_accepted_in_time_ends(store: Store, room_id: str) -> None:
    await create(store, room_id)
    assert await ended(store, EXPIRES - 1) == []
    assert await ended(store, EXPIRES) == [("session", "expired")]
    assert await ended(store, EXPIRES) == []


async def test_what_both_devices_have_left_ends(store: Store, room_id: str) -> None:
    await create(store, room_id)
    await create(store, room_id, id="other")
    await accept(store)
    await accept(store, id_="other")
    later = NOW + IDLE
    await store.peering.touch_sessions({"bob-laptop"}, later)
    assert await ended(store, later + IDLE - 1) == []
    await store.peering.touch_sessions({"someone-else"}, later + 2)
    assert await ended(store, later + IDLE) == [("session", "gone"), ("other", "gone")]


async def test_after_a_restart_the_time_begins_anew(store: Store, room_id: str) -> None:
    await create(store, room_id)
    await accept(store)
    await store.peering.touch_sessions(None, NOW + 2 * IDLE)
    assert await ended(store, NOW + 2 * IDLE) == []


@pytest.mark.parametrize("user", ["alice", "bob"])
async def test_who_is_out_of_the_room_is_out_of_its_sessions(store: Store, room_id: str, user: str) -> None:
    await create(store, room_id)
    await accept(store)
    await store.rooms.remove_member(room_id, f"user-{user}", ignore)
    assert await there(store) == await there(store, user="bob") == []
    assert await ended(store, NOW) == [("session", "removed")]


@pytest.mark.parametrize("user", ["alice", "bob"])
async def test_a_device_that_is_signed_out_takes_its_sessions_along(
    store: Store, room_id: str, user: str
) -> None:
    await create(store, room_id)
    await accept(store)
    await store.accounts.revoke_device(f"user-{user}", f"{user}-laptop", now=NOW, on_revoked=ignore)
    assert await ended(store, NOW) == [("session", "removed")]


async def test_a_room_is_purged_once_its_sessions_are_told_to_be_over(store: Store, room_id: str) -> None:
    await create(store, room_id)
    await store.order.delete_room(room_id, "user-alice", NOW, anyone, ignore)
    await store.upkeep.purge_room(room_id, 10)
    assert await store.upkeep.list_deleted() == [room_id]
    assert await ended(store, NOW) == [("session", "removed")]
    await store.upkeep.purge_room(room_id, 10)
    assert await store.upkeep.list_deleted() == []


# ── calls ────────────────────────────────────────────────────────────────────────────────────────


async def test_targets_are_members_and_their_devices(store: Store, room_id: str, bob: UserRecord) -> None:
    await add_user(store, "carol")
    await add_device(store, bob, "bob-old")
    await store.accounts.revoke_device(bob.id, "bob-old", now=NOW, on_revoked=ignore)

    async def find(*to: str, asker: str = "user-alice", rule: Any = anyone) -> list[tuple[str, str | None]]:
        found = await store.peering.find_targets(room_id, asker, list(to), rule)
        return sorted((target.user_id, target.device_id) for target in found)

    assert await find("user-bob") == [("user-bob", None)]
    assert await find("bob-laptop") == [("user-bob", "bob-laptop")]
    assert await find("alice-laptop", "user-bob", "user-bob") == [
        ("user-alice", "alice-laptop"),
        ("user-bob", None),
    ]
    assert await find("bob-laptop", "user-bob") == [("user-bob", None)]
    for unknown in ("user-carol", "carol-laptop", "bob-old", "none", "bob"):
        with pytest.raises(TargetUnknown):
            await find("user-bob", unknown)
    with pytest.raises(NotMember):
        await find("user-bob", asker="user-carol")
    with pytest.raises(RoomForbidden):
        await find("user-bob", rule=never)
