"""What every `RoomStore` does."""

import pytest
from msgspec import structs

from mesh_server.store.base import Joined, Left, MemberRecord, Store
from protocol import limits
from protocol.errors import NotMember, RoomFull, RoomNameTaken, RoomNotFound, TooManyRooms
from tests.contracts.people import NOW, add_room, add_user, join, room_record


async def leave(store: Store, room_id: str, user_id: str) -> Left:
    return await store.rooms.remove_member(room_id, user_id, lambda _left: None)


async def test_a_new_room_has_its_creator_as_owner(store: Store) -> None:
    alice = await add_user(store, "alice")
    joined = await add_room(store, "Test Chat", alice)
    assert joined.new
    assert joined.my_room.role == "owner"
    assert (joined.my_room.room.last_seq, joined.my_room.room.rev, joined.my_room.unread) == (0, 0, 0)
    assert [member.username for member in joined.members] == ["alice"]
    assert await store.rooms.list_rooms(alice.id) == [joined.my_room]


async def test_two_rooms_of_one_key_cannot_be(store: Store) -> None:
    alice = await add_user(store, "alice")
    await add_room(store, "lobby", alice)
    with pytest.raises(RoomNameTaken):
        await add_room(store, "Lobby", alice)
    assert len(await store.rooms.list_rooms(alice.id)) == 1


async def test_joining_takes_a_rev_once(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    first = await join(store, room_id, bob)
    assert (first.new, first.my_room.room.rev, first.member.role) == (True, 1, "member")
    assert [member.username for member in first.members] == ["alice", "bob"]
    again = await join(store, room_id, bob)
    assert (again.new, again.my_room.room.rev) == (False, 1)


async def test_a_private_room_cannot_be_joined_or_seen_in_the_directory(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room_id = (await add_room(store, "attic", alice, "private")).my_room.room.id
    with pytest.raises(RoomNotFound):
        await join(store, room_id, bob)
    assert await store.rooms.list_public_rooms(bob.id, limit=10) == []
    seen = await store.rooms.get_room(room_id, bob.id)
    assert seen is not None
    assert seen.role is None
    assert seen.unread is None


async def test_a_room_that_is_not_there(store: Store) -> None:
    alice = await add_user(store, "alice")
    assert await store.rooms.get_room("nowhere", alice.id) is None
    with pytest.raises(RoomNotFound):
        await join(store, "nowhere", alice)
    with pytest.raises(RoomNotFound):
        await leave(store, "nowhere", alice.id)
    with pytest.raises(NotMember):
        await store.rooms.set_read("nowhere", alice.id, 1)


async def test_leaving_takes_a_rev_and_only_members_can(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    with pytest.raises(NotMember):
        await leave(store, room_id, bob.id)
    await join(store, room_id, bob)
    left = await leave(store, room_id, bob.id)
    assert (left.member.username, left.rev, left.heir) == ("bob", 2, None)
    assert [member.username for member in await store.rooms.list_members(room_id)] == ["alice"]


async def test_leaving_a_private_room_of_others_says_no_more_than_a_missing_one(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room_id = (await add_room(store, "attic", alice, "private")).my_room.room.id
    with pytest.raises(RoomNotFound):
        await leave(store, room_id, bob.id)


async def test_the_longest_standing_member_inherits(store: Store) -> None:
    alice, bob, third = [await add_user(store, name) for name in ("alice", "bob", "user3")]
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    await join(store, room_id, third, NOW + 2)
    await join(store, room_id, bob, NOW + 1)
    assert (await leave(store, room_id, alice.id)).heir == bob.id
    roles = {member.username: member.role for member in await store.rooms.list_members(room_id)}
    assert roles == {"bob": "owner", "user3": "member"}


async def test_who_comes_back_to_an_empty_room_owns_it(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    assert (await leave(store, room_id, alice.id)).heir is None
    assert (await join(store, room_id, bob)).member.role == "owner"


async def test_a_full_room_takes_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROOM_MEMBERS", 2)
    alice, bob, third = [await add_user(store, name) for name in ("alice", "bob", "user3")]
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    await join(store, room_id, bob)
    with pytest.raises(RoomFull):
        await join(store, room_id, third)


async def test_the_directory_shows_public_rooms_and_whether_i_am_in(store: Store) -> None:
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    await add_room(store, "lobby", alice)
    await add_room(store, "kitchen", bob)
    seen = await store.rooms.list_public_rooms(bob.id, limit=10)
    assert [(mine.room.name, mine.role, mine.member_count) for mine in seen] == [
        ("kitchen", "owner", 1),
        ("lobby", None, 1),
    ]


async def test_the_directory_and_the_members_come_in_pages(store: Store) -> None:
    alice = await add_user(store, "alice")
    names = [f"room {number}" for number in range(7)]
    for name in names:
        await add_room(store, name, alice, "private" if name == "room 3" else "public")
    seen: list[str] = []
    after = ""
    while page := await store.rooms.list_public_rooms(alice.id, after=after, limit=2):
        assert len(page) <= 2
        seen += [mine.room.name for mine in page]
        after = page[-1].room.name_key
    assert seen == [name for name in names if name != "room 3"]
    others = [await add_user(store, f"user{number}") for number in range(6)]
    for number, other in enumerate(others):
        await join(store, "room-room 0", other, NOW + number // 3)
    everyone = await store.rooms.list_members("room-room 0")
    found: list[MemberRecord] = []
    place: tuple[int, str] | None = None
    while some := await store.rooms.list_members("room-room 0", after=place, limit=2):
        assert len(some) <= 2
        found += some
        place = (some[-1].joined_at, some[-1].user_id)
    assert found == everyone


async def test_a_person_is_in_so_many_rooms_and_owns_so_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OWNED_ROOMS", 2)
    monkeypatch.setattr(limits, "USER_ROOMS", 3)
    alice, bob = await add_user(store, "alice"), await add_user(store, "bob")
    for name in ("one", "two"):
        await add_room(store, name, alice)
    with pytest.raises(TooManyRooms, match="own"):
        await add_room(store, "three", alice)
    await add_room(store, "four", bob)
    await join(store, "room-four", alice)
    with pytest.raises(TooManyRooms, match="own"):
        await store.order.set_role(
            "room-four", bob.id, alice.id, "owner", lambda _who: None, lambda _promoted: None
        )
    await add_room(store, "five", bob)
    with pytest.raises(TooManyRooms, match="in more than"):
        await join(store, "room-five", alice)
    dm = structs.replace(room_record("dm", bob, "private"), kind="dm")
    with pytest.raises(TooManyRooms):
        await store.rooms.get_or_create_dm(dm, alice.id, lambda _both: None)
    await leave(store, "room-four", alice.id)
    await join(store, "room-five", alice)
    assert len(await store.rooms.list_rooms(alice.id)) == 3


async def test_then_runs_in_the_order_of_the_commits(store: Store) -> None:
    alice = await add_user(store, "alice")
    room_id = (await add_room(store, "lobby", alice)).my_room.room.id
    others = [await add_user(store, f"user{number}") for number in range(10)]
    revs: list[int] = []

    def then(joined: Joined) -> None:
        revs.append(joined.my_room.room.rev)

    joins = [store.rooms.add_member(room_id, other.id, NOW, then) for other in others]
    for joining in joins:
        await joining
    assert revs == list(range(1, 11))
