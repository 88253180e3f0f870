"""What every store does for rooms with order: `OrderStore`, `InviteStore`, `UpkeepStore`, and slow mode."""

import asyncio
from typing import Any

import pytest

from mesh_server.store.base import (
    Appended,
    AppendOutcome,
    Edit,
    Erase,
    InviteRecord,
    MessageRecord,
    MyRoom,
    React,
    SearchQuery,
    Settings,
    Standing,
    Store,
    UserRecord,
)
from protocol import limits
from protocol.errors import (
    Banned,
    InviteInvalid,
    MeshError,
    NotMember,
    RateLimited,
    RoomArchived,
    RoomForbidden,
    RoomNameTaken,
    RoomNotFound,
    TooManyBans,
    TooManyInvites,
    UserNotFound,
)
from tests.contracts.people import NOW, add_room, add_user, join
from tests.contracts.test_messages import append, new, records


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
    """Alice owns it and bob is in it; its `rev` is 1."""
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    await join(store, room_id, bob)
    return room_id


async def update(store: Store, room_id: str, who: UserRecord, **change: Any) -> MyRoom:
    return await store.order.update_room(room_id, who.id, Settings(**change), NOW, anyone, ignore)


async def roles(store: Store, room_id: str) -> dict[str, str]:
    return {member.username: member.role for member in await store.rooms.list_members(room_id)}


async def rev_of(store: Store, room_id: str) -> int:
    mine = await store.rooms.get_room(room_id, "nobody")
    assert mine is not None
    return mine.room.rev


# ── who asks ─────────────────────────────────────────────────────────────────────────────────────


async def test_where_the_asker_stands(store: Store, alice: UserRecord, bob: UserRecord, room_id: str) -> None:
    seen: list[Standing] = []
    await store.order.kick(room_id, alice.id, bob.id, seen.append, ignore)
    private = (await add_room(store, "attic", bob, "private")).my_room.room.id
    await store.order.update_room(private, bob.id, Settings(archived=True), NOW, seen.append, ignore)
    await store.order.list_bans(private, bob.id, seen.append)
    assert seen == [
        Standing(role="owner", over="member", public=True),
        Standing(role="owner"),
        Standing(role="owner", archived=True),
    ]


async def test_what_is_not_allowed_is_not_done(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    order = store.order
    settings = Settings(topic="Mine")
    invite = invite_record(room_id, bob)
    for asking in (
        order.update_room(room_id, bob.id, settings, NOW, never, ignore),
        order.delete_room(room_id, bob.id, NOW, never, ignore),
        order.bring_in(room_id, bob.id, alice.id, NOW, never, ignore),
        order.set_role(room_id, bob.id, alice.id, "member", never, ignore),
        order.kick(room_id, bob.id, alice.id, never, ignore),
        order.ban(room_id, bob.id, alice.id, "", NOW, never, ignore),
        order.lift_ban(room_id, bob.id, alice.id, never),
        order.list_bans(room_id, bob.id, never),
        store.invites.create_invite(invite, b"code", never),
        store.invites.list_invites(room_id, bob.id, NOW, never),
        store.invites.remove_invite(room_id, bob.id, invite.id, never),
    ):
        with pytest.raises(RoomForbidden):
            await asking
    assert await roles(store, room_id) == {"alice": "owner", "bob": "member"}
    assert await rev_of(store, room_id) == 1


async def test_who_is_out_is_not_asked_for_a_role(store: Store, alice: UserRecord, bob: UserRecord) -> None:
    public, private = await add_room(store, "a", alice), await add_room(store, "b", alice, "private")
    for joined, error in ((public, NotMember), (private, RoomNotFound)):
        with pytest.raises(error):
            await update(store, joined.my_room.room.id, bob, topic="Mine")
    with pytest.raises(RoomNotFound):
        await update(store, "nowhere", bob, topic="Mine")


# ── the room and its members ─────────────────────────────────────────────────────────────────────


async def test_a_change_takes_a_rev_and_none_does_not(store: Store, alice: UserRecord, room_id: str) -> None:
    told: list[tuple[MyRoom, bool]] = []
    for settings in (Settings(topic="New", slow_mode_s=5), Settings(topic="New"), Settings()):
        await store.order.update_room(room_id, alice.id, settings, NOW, anyone, told.append)
    assert [(mine.room.rev, mine.room.topic, changed) for mine, changed in told] == [
        (2, "New", True),
        (2, "New", False),
        (2, "New", False),
    ]


async def test_a_room_is_archived_and_fetched_back(store: Store, alice: UserRecord, room_id: str) -> None:
    assert (await update(store, room_id, alice, archived=True)).room.archived_at == NOW
    assert (await update(store, room_id, alice, archived=True)).room.rev == 2
    back = await update(store, room_id, alice, archived=False)
    assert (back.room.archived_at, back.room.rev) == (None, 3)


async def test_a_taken_name_changes_nothing(store: Store, alice: UserRecord, room_id: str) -> None:
    await add_room(store, "kitchen", alice)
    with pytest.raises(RoomNameTaken):
        await update(store, room_id, alice, name="Kitchen", name_key="kitchen", topic="New")
    mine = await store.rooms.get_room(room_id, alice.id)
    assert mine is not None
    assert (mine.room.name, mine.room.topic, mine.room.rev) == ("lobby", "", 1)


async def test_a_new_owner_takes_the_place_of_the_old_one(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    told: list[Any] = []
    await store.order.set_role(room_id, alice.id, bob.id, "owner", anyone, told.append)
    (promoted,) = told
    assert [(each.member.username, each.member.role, each.rev) for each in promoted] == [
        ("bob", "owner", 2),
        ("alice", "moderator", 3),
    ]
    assert await roles(store, room_id) == {"alice": "moderator", "bob": "owner"}


async def test_an_owner_who_is_banned_has_an_heir(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    """The rules do not allow it; the store still leaves no room without an owner."""
    told: list[Any] = []
    await store.order.ban(room_id, bob.id, alice.id, "coup", NOW, anyone, told.append)
    assert told[0].heir == bob.id
    assert await roles(store, room_id) == {"bob": "owner"}


async def test_a_ban_keeps_out_and_takes_no_rev_of_who_was_out(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    third = await add_user(store, "user3")
    told: list[Any] = []
    ban = await store.order.ban(room_id, alice.id, third.id, "spam", NOW, anyone, told.append)
    assert told == [None]
    assert await rev_of(store, room_id) == 1
    assert (ban.username, ban.banned_by_name, ban.reason, ban.created_at) == ("user3", "alice", "spam", NOW)
    with pytest.raises(Banned):
        await join(store, room_id, third)
    with pytest.raises(Banned):
        await store.order.bring_in(room_id, alice.id, third.id, NOW, anyone, ignore)
    await store.order.lift_ban(room_id, alice.id, third.id, anyone)
    with pytest.raises(UserNotFound):
        await store.order.lift_ban(room_id, alice.id, third.id, anyone)
    assert (await join(store, room_id, third)).new


async def test_bans_are_bounded(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ROOM_BANS", 1)
    third = await add_user(store, "user3")
    await store.order.ban(room_id, alice.id, third.id, "", NOW, anyone, ignore)
    with pytest.raises(TooManyBans):
        await store.order.ban(room_id, alice.id, bob.id, "", NOW, anyone, ignore)
    await store.order.ban(room_id, alice.id, third.id, "again", NOW, anyone, ignore)
    assert (await roles(store, room_id))["bob"] == "member"


# ── invites ──────────────────────────────────────────────────────────────────────────────────────


def invite_record(room_id: str, by: UserRecord, number: int = 1, **more: Any) -> InviteRecord:
    facts = {"expires_at": NOW + 1_000, "max_uses": None} | more
    return InviteRecord(
        id=f"invite-{number}",
        room_id=room_id,
        created_by=by.id,
        created_by_name=by.username,
        created_at=NOW,
        **facts,
    )


async def test_an_invite_ends_with_its_time(store: Store, alice: UserRecord, bob: UserRecord) -> None:
    attic = (await add_room(store, "attic", alice, "private")).my_room.room.id
    await store.invites.create_invite(invite_record(attic, alice), b"code", anyone)
    assert await store.invites.get_invite(b"other", NOW) is None
    opened = await store.invites.get_invite(b"code", NOW + 999)
    assert opened is not None
    assert (opened.room_id, opened.room_name) == (attic, "attic")
    assert await store.invites.get_invite(b"code", NOW + 1_000) is None
    with pytest.raises(InviteInvalid):
        await store.invites.use_invite(b"code", bob.id, NOW + 1_000, ignore)
    assert await store.invites.list_invites(attic, alice.id, NOW + 1_000, anyone) == []
    assert (await store.invites.use_invite(b"code", bob.id, NOW + 999, ignore)).new


async def test_a_failed_use_is_no_use(store: Store, alice: UserRecord, bob: UserRecord, room_id: str) -> None:
    await store.invites.create_invite(invite_record(room_id, alice, max_uses=1), b"code", anyone)
    await store.order.ban(room_id, alice.id, bob.id, "", NOW, anyone, ignore)
    with pytest.raises(Banned):
        await store.invites.use_invite(b"code", bob.id, NOW, ignore)
    with pytest.raises(InviteInvalid):
        await store.invites.use_invite(b"code", bob.id, NOW, ignore, room_id="elsewhere")
    third = await add_user(store, "user3")
    assert (await store.invites.use_invite(b"code", third.id, NOW, ignore, room_id=room_id)).new
    with pytest.raises(InviteInvalid):
        await store.invites.use_invite(b"code", alice.id, NOW, ignore)


async def test_only_invites_that_can_be_used_count(
    store: Store, alice: UserRecord, room_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ROOM_INVITES", 1)
    expired = invite_record(room_id, alice, 1, expires_at=NOW)
    await store.invites.create_invite(expired, b"one", anyone)
    await store.invites.create_invite(invite_record(room_id, alice, 2), b"two", anyone)
    with pytest.raises(TooManyInvites):
        await store.invites.create_invite(invite_record(room_id, alice, 3), b"three", anyone)


# ── archives, slow mode ──────────────────────────────────────────────────────────────────────────


async def outcomes(store: Store, *batch: Any, unhurried: frozenset[Any] = frozenset()) -> list[str]:
    done: asyncio.Future[AppendOutcome] = asyncio.get_running_loop().create_future()
    store.messages.append(batch, done.set_result, unhurried=unhurried)
    outcome = await done
    assert isinstance(outcome, list)
    return [str(each.record.seq) if isinstance(each, Appended) else each.code for each in outcome]


async def test_nothing_is_said_in_an_archive(store: Store, alice: UserRecord, room_id: str) -> None:
    said = new(alice, room_id)
    await append(store, said)
    await update(store, room_id, alice, archived=True)
    outcome = await append(store, said, new(alice, room_id))
    assert isinstance(outcome[0], Appended)
    assert isinstance(outcome[1], RoomArchived)


async def test_slow_mode_within_and_between_batches(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    await update(store, room_id, alice, slow_mode_s=10)
    limited = RateLimited.code

    def at(author: UserRecord, seconds: float) -> Any:
        return new(author, room_id, created_at=NOW + int(seconds * 1000))

    assert await outcomes(store, at(bob, 0), at(bob, 0), at(alice, 0)) == ["1", limited, "2"]
    assert await outcomes(store, at(bob, 9.999)) == [limited]
    assert await outcomes(store, at(bob, 10), at(bob, 15), at(bob, 20)) == ["3", limited, "4"]
    owners: frozenset[Any] = frozenset({"owner"})
    assert await outcomes(store, at(alice, 20), at(alice, 20), at(bob, 20), unhurried=owners) == [
        "5",
        "6",
        limited,
    ]


async def test_a_clock_set_back_makes_nobody_wait_until_it_is_there_again(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    before = NOW - 3_600_000
    await update(store, room_id, alice, slow_mode_s=10)
    (first,) = records(await append(store, new(alice, room_id)))
    (second,) = records(await append(store, new(alice, room_id, created_at=before)))
    assert (first.seq, second.seq) == (1, 2)
    (refusal,) = await append(store, new(alice, room_id, created_at=before + 1_000))
    assert isinstance(refusal, MeshError)
    assert refusal.retry_after == 9


# ── what goes by itself ──────────────────────────────────────────────────────────────────────────


async def forget(store: Store, now: int, limit: int = 100) -> list[MessageRecord]:
    erased: list[MessageRecord] = []
    while due := await store.upkeep.list_forgetful(now):
        for room_id in due:
            await store.upkeep.erase_expired(room_id, now, limit, erased.extend)
    return erased


async def found(store: Store, who: UserRecord, words: str) -> list[str]:
    await store.search.index_next(1_000)
    hits, _ = await store.search.find(who.id, SearchQuery(words=words), 50)
    return [hit.message.id for hit in hits]


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_what_is_too_old_goes_in_order(
    store: Store, alice: UserRecord, room_id: str, limit: int
) -> None:
    batch = [new(alice, room_id, f"word{number}", created_at=NOW + number * 1_000) for number in range(5)]
    said = records(await append(store, *batch))
    assert await found(store, alice, "word1") == [said[1].id]
    edit = Edit(content="word1 edited", mentions=(), now=NOW)
    await store.messages.change_message(room_id, said[1].id, alice.id, edit, anyone, ignore)
    react = React(reaction="👍", on=True, now=NOW)
    await store.messages.change_message(room_id, said[1].id, alice.id, react, anyone, ignore)
    await update(store, room_id, alice, retention_s=10)
    before = await rev_of(store, room_id)
    assert await forget(store, NOW + 10_000, limit) == []
    erased = await forget(store, NOW + 12_500, limit)
    assert [(record.seq, record.rev - before, record.content) for record in erased] == [
        (1, 1, ""),
        (2, 2, ""),
        (3, 3, ""),
    ]
    assert erased[1].reactions == ()
    assert await store.messages.list_versions(room_id, said[1].id) == []
    assert await found(store, alice, "word1") == []
    assert await found(store, alice, "word3") == [said[3].id]
    page, _ = await store.messages.list_messages(room_id, after=0, before=9, limit=9, newest=True)
    assert [record.content for record in page] == ["", "", "", "word3", "word4"]
    assert await forget(store, NOW + 12_500, limit) == []


async def test_what_was_deleted_by_hand_is_passed_over(store: Store, alice: UserRecord, room_id: str) -> None:
    said = records(await append(store, *[new(alice, room_id) for _ in range(3)]))
    erase = Erase(now=NOW)
    await store.messages.change_message(room_id, said[0].id, alice.id, erase, anyone, ignore)
    await update(store, room_id, alice, retention_s=1)
    assert [record.seq for record in await forget(store, NOW + 5_000)] == [2, 3]


async def test_a_room_that_keeps_everything_forgets_nothing(
    store: Store, alice: UserRecord, room_id: str
) -> None:
    await append(store, new(alice, room_id))
    assert await forget(store, NOW * 2) == []


async def test_a_deleted_room_goes_step_by_step(
    store: Store, alice: UserRecord, bob: UserRecord, room_id: str
) -> None:
    said = records(await append(store, *[new(bob, room_id, "plugh", mentions=(alice.id,)) for _ in range(5)]))
    assert len(await found(store, alice, "plugh")) == 5
    react = React(reaction="👍", on=True, now=NOW)
    await store.messages.change_message(room_id, said[0].id, alice.id, react, anyone, ignore)
    await store.invites.create_invite(invite_record(room_id, alice), b"code", anyone)
    third = await add_user(store, "user3")
    await store.order.ban(room_id, alice.id, third.id, "", NOW, anyone, ignore)

    await store.order.delete_room(room_id, alice.id, NOW, anyone, ignore)
    assert await store.rooms.list_rooms(alice.id) == []
    assert await store.rooms.list_public_rooms(alice.id, limit=10) == []
    assert await store.invites.get_invite(b"code", NOW) is None
    assert await found(store, alice, "plugh") == []
    assert await outcomes(store, new(bob, room_id)) == ["room.not_found"]
    with pytest.raises(RoomNotFound):
        await join(store, room_id, bob)
    with pytest.raises(RoomNotFound):
        await store.order.delete_room(room_id, alice.id, NOW, anyone, ignore)

    steps = 0
    while await store.upkeep.list_deleted():
        await store.upkeep.purge_room(room_id, 2)
        steps += 1
    assert steps == 4
    assert await store.rooms.get_room(room_id, alice.id) is None
    # Its name and the places of its messages are free, and what takes them is found like anything else.
    again = (await add_room(store, "lobby", alice)).my_room
    assert (again.room.last_seq, again.room.rev) == (0, 0)
    (fresh,) = records(await append(store, new(alice, again.room.id, "xyzzy")))
    assert await found(store, alice, "xyzzy") == [fresh.id]
    assert await found(store, alice, "plugh") == []
