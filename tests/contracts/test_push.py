"""What every store does for pushes: `PushStore`."""

from typing import Any

import pytest

from mesh_server.store.base import (
    Actor,
    MessageRecord,
    NewMessage,
    NewPush,
    PushTargetRecord,
    Store,
    UserRecord,
)
from protocol import limits
from protocol.errors import TooManyPushTargets
from protocol.rest import EVERYONE
from tests.contracts.people import NOW, add_room, add_user, join

LATER = NOW + 60_000


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


def target(name: str = "phone", user: str = "bob", **changes: Any) -> PushTargetRecord:
    fields: dict[str, Any] = {
        "id": name,
        "user_id": f"user-{user}",
        "kind": "ntfy",
        "url": "https://ntfy.example.org",
        "topic": "topic",
        "token": "secret",
        "name": name,
        "mentions": True,
        "dms": True,
        "rooms": False,
        "text": False,
        "created_at": NOW,
    }
    return PushTargetRecord(**(fields | changes))


async def say(store: Store, room_id: str, content: str, *mentions: str, at: int = NOW) -> MessageRecord:
    """By alice."""
    outcomes: list[Any] = []
    new = NewMessage(
        id=f"message-{content}",
        room_id=room_id,
        author_id="user-alice",
        author_name="alice",
        device_id="alice-laptop",
        nonce=content,
        content=content,
        content_type="text/markdown",
        created_at=at,
        reply_to=None,
        thread=None,
        mentions=mentions,
    )
    store.messages.append([new], outcomes.append, heralds=frozenset({"owner"}))
    await store.check()  # writes come one after the other
    record: MessageRecord = outcomes[0][0].record
    return record


async def look(store: Store, cursor: int = 0, *, since: int = 0, until: int = LATER) -> tuple[int, list[str]]:
    """How far it looked, and what it found: `target seq reason`."""
    upto, found = await store.push.list_candidates(cursor, 100, since=since, until=until)
    return upto, [f"{one.target_id} {one.seq} {one.reason}" for one in found]


async def queue(store: Store, room_id: str, *seqs: int, target_id: str = "phone", keep: int = 50) -> int:
    new = [
        NewPush(
            target_id=target_id, room_id=room_id, seq=seq, reason="mention", created_at=NOW + seq, due_at=NOW
        )
        for seq in seqs
    ]
    return await store.push.add_pushes(1, new, keep=keep)


# ── targets ──────────────────────────────────────────────────────────────────────────────────────


async def test_targets_are_their_owners(store: Store, alice: UserRecord, bob: UserRecord) -> None:
    await store.push.create_target(target())
    assert await store.push.list_targets(bob.id) == [target()]
    assert await store.push.get_target(bob.id, "phone") == target()
    assert await store.push.list_targets(alice.id) == []
    assert await store.push.get_target(alice.id, "phone") is None
    assert not await store.push.remove_target(alice.id, "phone")
    assert await store.push.remove_target(bob.id, "phone")
    assert not await store.push.remove_target(bob.id, "phone")


async def test_there_are_only_so_many(store: Store, alice: UserRecord, bob: UserRecord) -> None:
    for number in range(limits.PUSH_TARGETS):
        await store.push.create_target(target(f"phone {number}"))
    with pytest.raises(TooManyPushTargets):
        await store.push.create_target(target("one more"))
    await store.push.create_target(target("hers", "alice"))


async def test_they_go_with_the_account(store: Store, room_id: str) -> None:
    await store.push.create_target(target())
    await say(store, room_id, "hello", "user-bob")
    await queue(store, room_id, 1)
    by = Actor(id=None, name="", at=LATER)
    await store.people.delete_user("user-bob", by=by, then=lambda _departure: None)
    assert await store.push.list_targets("user-bob") == []
    assert await store.push.count_pushes() == 0


# ── what is to be pushed ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({}, ["phone 2 mention"]),
        ({"mentions": False}, []),
        ({"rooms": True}, ["phone 1 room", "phone 2 mention"]),
        ({"rooms": True, "mentions": False}, ["phone 1 room", "phone 2 room"]),
    ],
)
async def test_each_target_has_its_choice(
    store: Store, room_id: str, choice: dict[str, Any], found: list[str]
) -> None:
    await store.push.create_target(target(**choice))
    await store.push.create_target(target("alice's own", "alice", rooms=True))
    await say(store, room_id, "hello")
    await say(store, room_id, "hello bob", "user-bob")
    assert (await look(store))[1] == found


async def test_who_calls_everyone_mentions_each_of_them(store: Store, room_id: str) -> None:
    await store.push.create_target(target())
    await store.push.create_target(target("alice's own", "alice"))
    await say(store, room_id, "lunch", EVERYONE)
    assert (await look(store))[1] == ["phone 1 mention"]


async def test_what_was_read_or_deleted_is_passed_over(store: Store, room_id: str) -> None:
    await store.push.create_target(target(rooms=True))
    for word in ("one", "two", "three"):
        await say(store, room_id, word)
    await store.rooms.set_read(room_id, "user-bob", 1)
    assert (await look(store))[1] == ["phone 2 room", "phone 3 room"]


async def test_who_is_no_member_hears_nothing(store: Store, room_id: str) -> None:
    await store.push.create_target(target(rooms=True))
    await say(store, room_id, "hello", "user-bob")
    await store.rooms.remove_member(room_id, "user-bob", lambda _left: None)
    assert (await look(store))[1] == []


async def test_who_is_suspended_hears_nothing(store: Store, room_id: str) -> None:
    await store.push.create_target(target(rooms=True))
    await say(store, room_id, "hello")
    await queue(store, room_id, 1)
    by = Actor(id=None, name="", at=LATER)
    await store.people.suspend_user("user-bob", reason="", by=by, on_revoked=lambda _device: None)
    assert (await look(store))[1] == []
    assert await store.push.list_due(LATER, 10) == []


async def test_it_ends_before_what_is_too_young_and_passes_over_what_is_too_old(
    store: Store, room_id: str
) -> None:
    await store.push.create_target(target(rooms=True))
    for number in range(4):
        await say(store, room_id, f"{number}", at=NOW + number)
    upto, found = await look(store, since=NOW + 1, until=NOW + 2)
    assert found == ["phone 2 room", "phone 3 room"]
    assert await look(store, upto, until=NOW + 2) == (upto, [])
    assert (await look(store, upto))[1] == ["phone 4 room"]


async def test_the_cursor_begins_at_the_end_and_is_kept(store: Store, room_id: str) -> None:
    await store.push.create_target(target(rooms=True))
    await say(store, room_id, "long ago")
    begin = await store.push.get_cursor()
    assert await look(store, begin) == (begin, [])
    await say(store, room_id, "news")
    assert await store.push.get_cursor() == begin
    upto, found = await look(store, begin)
    assert found == ["phone 2 room"]
    await store.push.add_pushes(upto, (), keep=10)
    assert await store.push.get_cursor() == upto


async def test_where_nobody_is_pushed_the_log_is_passed_over(store: Store, room_id: str) -> None:
    for word in ("one", "two"):
        await say(store, room_id, word)
    end = await store.push.get_cursor()
    assert await look(store, until=0) == (end, [])
    await store.push.create_target(target(rooms=True))
    assert await look(store, end) == (end, [])


# ── the queue ────────────────────────────────────────────────────────────────────────────────────


async def test_what_waits_of_one_room_is_told_by_the_newest(store: Store, room_id: str) -> None:
    await store.push.create_target(target())
    for word in ("one", "two"):
        await say(store, room_id, word, "user-bob")
    assert await queue(store, room_id, 1, 2) == 0
    (due,) = await store.push.list_due(NOW, 10)
    assert (due.target, due.seq, due.content, len(due.pks)) == (target(), 2, "two", 2)
    assert (due.author_name, due.room_name, due.first_at, due.attempts) == ("alice", "lobby", NOW + 1, 0)
    assert await store.push.list_due(NOW - 1, 10) == []
    assert await store.push.next_due() == NOW


async def test_what_was_sent_is_gone(store: Store, room_id: str) -> None:
    await store.push.create_target(target())
    await say(store, room_id, "one", "user-bob")
    await queue(store, room_id, 1)
    (due,) = await store.push.list_due(NOW, 10)
    await store.push.settle_pushes("phone", due.pks, "delivered")
    assert await store.push.list_due(LATER, 10) == []
    assert await store.push.next_due() is None
    assert [one.state for one in await store.push.list_targets("user-bob")] == ["delivered"]


async def test_what_was_not_taken_is_due_again(store: Store, room_id: str) -> None:
    await store.push.create_target(target())
    await say(store, room_id, "one", "user-bob")
    await queue(store, room_id, 1)
    (due,) = await store.push.list_due(NOW, 10)
    await store.push.settle_pushes("phone", due.pks, "unreachable", retry_at=LATER)
    assert await store.push.list_due(LATER - 1, 10) == []
    (again,) = await store.push.list_due(LATER, 10)
    assert (again.pks, again.attempts, again.target.state) == (due.pks, 1, "unreachable")


async def test_of_a_target_the_newest_stay(store: Store, room_id: str) -> None:
    await store.push.create_target(target())
    await store.push.create_target(target("tablet"))
    for word in ("one", "two", "three"):
        await say(store, room_id, word, "user-bob")
    await queue(store, room_id, 1, target_id="tablet")
    assert await queue(store, room_id, 1, 2, 3, keep=2) == 1
    assert await store.push.count_pushes() == 3
    by_target = {due.target.id: len(due.pks) for due in await store.push.list_due(NOW, 10)}
    assert by_target == {"phone": 2, "tablet": 1}


async def test_a_target_that_went_meanwhile_gets_nothing(store: Store, room_id: str) -> None:
    assert await queue(store, room_id, 1) == 0
    assert await store.push.count_pushes() == 0


async def test_what_means_nothing_any_more_is_dropped(store: Store, room_id: str) -> None:
    await store.push.create_target(target())
    for word in ("one", "two", "three"):
        await say(store, room_id, word, "user-bob")
    await queue(store, room_id, 1, 2, 3)
    await store.rooms.set_read(room_id, "user-bob", 1)
    assert [due.pks for due in await store.push.list_due(NOW, 10)] == [(2, 3)]
    assert await store.push.drop_stale(NOW, 0) == (1, 0)
    assert await store.push.drop_stale(NOW, 0) == (0, 0)
    assert await store.push.drop_stale(NOW, NOW + 3) == (0, 1)
    assert await store.push.count_pushes() == 1


async def test_a_target_takes_what_waits_for_it_along(store: Store, room_id: str) -> None:
    await store.push.create_target(target())
    await say(store, room_id, "one", "user-bob")
    await queue(store, room_id, 1)
    await store.push.remove_target("user-bob", "phone")
    assert await store.push.count_pushes() == 0
