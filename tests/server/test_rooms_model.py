"""Rooms, roles, reads, mentions and counts: the services on a real store, against a model of plain Python.

Whatever people do, in whatever order, is allowed or refused as the model says, and leaves everyone with the
rooms, roles and numbers that the model has.
"""

import asyncio
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mesh_server.bus.memory import MemoryBus
from mesh_server.ids import id_maker
from mesh_server.services.edits import Asker, EditService
from mesh_server.services.messages import MessageService
from mesh_server.services.names import name_key
from mesh_server.services.order import OrderService
from mesh_server.services.presence import PresenceService
from mesh_server.services.principal import Principal
from mesh_server.services.rooms import RoomService
from mesh_server.store.base import DeviceRecord, RefreshRecord, UserRecord
from mesh_server.store.sqlite import SqliteStore
from protocol.errors import (
    Banned,
    MeshError,
    MessageNotFound,
    NotAuthor,
    NotMember,
    RoomArchived,
    RoomForbidden,
    RoomNotFound,
    UserNotFound,
)
from protocol.events import DeleteMessage, EditMessage, SendMessage
from protocol.rest import (
    AddMemberRequest,
    BanRequest,
    CreateRoomRequest,
    Role,
    RoleRequest,
    UpdateRoomRequest,
)

NAMES: Final = ("alice", "bob", "user3", "user4")
RANK: Final = {None: 0, "member": 1, "moderator": 2, "owner": 3}
ROOMS_MAX: Final = 3

Refusal = type[MeshError] | None


# ── the model ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Said:
    """A message: who wrote it, whom it names, and whether it calls everyone."""

    id: str
    author: str
    named: set[str]
    calls: bool
    deleted: bool = False


@dataclass
class House:
    """A room; `members` in the order of joining, `read` up to which message each of them has read."""

    public: bool
    members: dict[str, Role] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    banned: set[str] = field(default_factory=set)
    archived: bool = False
    rev: int = 0

    def rank(self, name: str) -> int:
        return RANK[self.members.get(name)]

    def stranger(self) -> type[MeshError]:
        return NotMember if self.public else RoomNotFound

    def least(self, name: str, rank: int) -> Refusal:
        """What someone meets who needs this rank."""
        if name not in self.members:
            return self.stranger()
        return None if self.rank(name) >= rank else RoomForbidden

    def over(self, name: str, other: str, rank: int) -> Refusal:
        """What someone meets who needs this rank, and to stand above the other."""
        if (refusal := self.least(name, rank)) is not None:
            return refusal
        return None if self.rank(name) > self.rank(other) else RoomForbidden

    def enter(self, name: str) -> None:
        self.members[name] = "member" if self.members else "owner"
        self.read[name] = len(self.said)
        self.rev += 1

    def leave(self, name: str) -> None:
        role = self.members.pop(name)
        del self.read[name]
        self.rev += 1
        if role == "owner" and self.members:
            heirs = sorted(self.members, key=lambda heir: -self.rank(heir))  # keeps the order of joining
            self.members[heirs[0]] = "owner"

    def whom(self, author: str, words: set[str]) -> tuple[set[str], bool]:
        """Whom a text names that has these `@words` in it."""
        return {word for word in words if word in self.members}, "room" in words and self.rank(author) >= 2

    def news(self, name: str) -> list[Said]:
        unread = self.said[self.read[name] :]
        return [each for each in unread if each.author != name and not each.deleted]

    def mentions(self, name: str) -> int:
        return sum(1 for each in self.news(name) if each.calls or name in each.named)


# ── what is tested ───────────────────────────────────────────────────────────────────────────────


class Office:
    """The services, on a store of their own; `now` is their clock."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_700_000_000_000
        self.store = store = SqliteStore.open(folder)
        bus, new_id = MemoryBus(), id_maker()
        presence = PresenceService(bus, clock=lambda: self.now / 1000)
        find_user = store.accounts.get_user_by_key
        self.rooms = RoomService(
            store.rooms, bus, presence, find_user=find_user, clock=self.clock, new_id=new_id
        )
        self.order = OrderService(
            store.order, self.rooms, presence, bus, find_user=find_user, clock=self.clock
        )
        self.messages = MessageService(store.messages, self.rooms, bus, clock=self.clock, new_id=new_id)
        self.edits = EditService(store.messages, self.rooms, bus, clock=self.clock)

    def clock(self) -> int:
        return self.now

    async def hire(self, name: str) -> Principal:
        who = Principal(
            user_id=f"id-{name}", username=name, display_name=name, role="user", device_id=f"{name}-laptop"
        )
        user = UserRecord(
            id=who.user_id,
            username=name,
            username_key=name_key(name),
            display_name=name,
            role="user",
            password_hash=b"-",
            created_at=0,
        )
        device = DeviceRecord(
            id=who.device_id, user_id=user.id, name="", created_at=0, signed_in_at=0, last_seen_at=0
        )
        token = RefreshRecord(token_hash=name.encode(), device_id=device.id, issued_at=0, expires_at=1)
        await self.store.accounts.create_user(user, device, token, registration="open")
        return who

    async def say(self, who: Principal, request: SendMessage) -> str:
        """The id of the message."""
        settled: list[Any] = []
        self.messages.send(who, request, settled.append)
        await self.messages.idle()
        if isinstance(settled[0], MeshError):
            raise settled[0]
        return str(settled[0].message_id)


people = st.sampled_from(NAMES)
places = st.integers(0, ROOMS_MAX - 1)
words = st.one_of(
    st.sets(st.sampled_from([*NAMES, "nobody"]), max_size=3),
    st.sets(people, max_size=2).map(lambda named: named | {"room"}),
)


class Rooms(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="mesh-model-")
        self.runner = asyncio.Runner()
        self.numbers = count(1)
        self.houses: dict[str, House] = {}
        self.who: dict[str, Principal] = {}

    def teardown(self) -> None:
        self.runner.run(self.office.store.close())
        self.runner.close()
        self.folder.cleanup()

    def attempt(self, doing: Coroutine[Any, Any, Any], expected: Refusal) -> Any:
        """Does it, or is refused as the model says."""
        self.office.now += 1
        done, refusal = None, None
        try:
            done = self.runner.run(doing)
        except MeshError as error:
            refusal = error
        assert type(refusal) is (expected or type(None)), f"{refusal!r}, not {expected}"
        return done

    def pick(self, place: int) -> tuple[str, House]:
        ids = list(self.houses)
        room_id = ids[place % len(ids)]
        return room_id, self.houses[room_id]

    @initialize()
    def open_office(self) -> None:
        async def hire() -> None:
            self.office = Office(Path(self.folder.name))
            self.who = {name: await self.office.hire(name) for name in NAMES}

        self.runner.run(hire())
        self.make("alice", public=True)
        for name in NAMES[1:]:
            self.join(0, name)
        self.give_role(0, "alice", "bob", "moderator")

    # ── rooms and who is in them ─────────────────────────────────────────────────────────────────

    @precondition(lambda self: len(self.houses) < ROOMS_MAX)
    @rule(name=people, public=st.booleans())
    def make(self, name: str, public: bool) -> None:
        body = CreateRoomRequest(
            name=f"Room {next(self.numbers)}", visibility="public" if public else "private"
        )
        room = self.attempt(self.office.rooms.create(self.who[name], body), None)
        self.houses[room.id] = House(public, {name: "owner"}, {name: 0})

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people)
    def join(self, place: int, name: str) -> None:
        room_id, house = self.pick(place)
        expected: Refusal = None
        if name not in house.members:
            expected = RoomNotFound if not house.public else Banned if name in house.banned else None
        self.attempt(self.office.rooms.join(self.who[name], room_id), expected)
        if expected is None and name not in house.members:
            house.enter(name)

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people)
    def leave(self, place: int, name: str) -> None:
        room_id, house = self.pick(place)
        expected = None if name in house.members else house.stranger()
        self.attempt(self.office.rooms.leave(self.who[name], room_id), expected)
        if expected is None:
            house.leave(name)

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people, other=people)
    def bring(self, place: int, name: str, other: str) -> None:
        room_id, house = self.pick(place)
        expected = house.least(name, 1 if house.public else 2)
        if expected is None and other in house.banned:
            expected = Banned
        body = AddMemberRequest(username=other)
        self.attempt(self.office.order.add_member(self.who[name], room_id, body), expected)
        if expected is None and other not in house.members:
            house.enter(other)

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people, other=people, role=st.sampled_from(["owner", "moderator", "member"]))
    def give_role(self, place: int, name: str, other: str, role: Role) -> None:
        room_id, house = self.pick(place)
        expected = house.over(name, other, 3)
        if expected is None and other not in house.members:
            expected = UserNotFound
        body = RoleRequest(role=role)
        doing = self.office.order.set_role(self.who[name], room_id, self.who[other].user_id, body)
        self.attempt(doing, expected)
        if expected is None and house.members[other] != role:
            house.members[other] = role
            house.rev += 1
            if role == "owner":
                house.members[name] = "moderator"
                house.rev += 1

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people, other=people)
    def kick(self, place: int, name: str, other: str) -> None:
        room_id, house = self.pick(place)
        expected = house.over(name, other, 2)
        if expected is None and other not in house.members:
            expected = UserNotFound
        self.attempt(self.office.order.kick(self.who[name], room_id, self.who[other].user_id), expected)
        if expected is None:
            house.leave(other)

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people, other=people)
    def ban(self, place: int, name: str, other: str) -> None:
        room_id, house = self.pick(place)
        expected = house.over(name, other, 2)
        self.attempt(self.office.order.ban(self.who[name], room_id, BanRequest(username=other)), expected)
        if expected is None:
            house.banned.add(other)
            if other in house.members:
                house.leave(other)

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people, other=people)
    def lift_ban(self, place: int, name: str, other: str) -> None:
        room_id, house = self.pick(place)
        expected = house.least(name, 2)
        if expected is None and other not in house.banned:
            expected = UserNotFound
        self.attempt(self.office.order.lift_ban(self.who[name], room_id, self.who[other].user_id), expected)
        if expected is None:
            house.banned.discard(other)

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people, archived=st.booleans())
    def archive(self, place: int, name: str, archived: bool) -> None:
        room_id, house = self.pick(place)
        expected = house.least(name, 3)
        self.attempt(
            self.office.order.update(self.who[name], room_id, UpdateRoomRequest(archived=archived)), expected
        )
        if expected is None and house.archived is not archived:
            house.archived = archived
            house.rev += 1

    # ── what is said ─────────────────────────────────────────────────────────────────────────────

    def text(self, spoken: set[str]) -> str:
        return f"number {next(self.numbers)} " + " ".join(f"@{word}" for word in sorted(spoken))

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people, spoken=words, declared=st.sets(people, max_size=2))
    def say(self, place: int, name: str, spoken: set[str], declared: set[str]) -> None:
        room_id, house = self.pick(place)
        expected = house.least(name, 1) or (RoomArchived if house.archived else None)
        request = SendMessage(
            room_id=room_id,
            nonce=f"nonce {next(self.numbers)}",
            content=self.text(spoken),
            mentions=sorted(self.who[other].user_id for other in declared),
        )
        message_id = self.attempt(self.office.say(self.who[name], request), expected)
        if expected is None:
            named, calls = house.whom(name, spoken)
            house.said.append(Said(message_id, name, named | (declared & set(house.members)), calls))
            house.rev += 1

    @precondition(lambda self: any(house.said for house in self.houses.values()))
    @rule(place=places, name=people, number=st.integers(0, 20), spoken=words)
    def edit(self, place: int, name: str, number: int, spoken: set[str]) -> None:
        room_id, house = self.pick(place)
        if not house.said:
            return
        said = house.said[number % len(house.said)]
        expected = house.least(name, 1) or (MessageNotFound if said.deleted else None)
        if expected is None:
            expected = NotAuthor if said.author != name else RoomArchived if house.archived else None
        request = EditMessage(room_id=room_id, message_id=said.id, content=self.text(spoken))
        asker = Asker("", lambda _event: None)
        self.attempt(self.office.edits.edit(self.who[name], request, asker), expected)
        if expected is None:
            said.named, said.calls = house.whom(name, spoken)
            house.rev += 1

    @precondition(lambda self: any(house.said for house in self.houses.values()))
    @rule(place=places, name=people, number=st.integers(0, 20))
    def delete(self, place: int, name: str, number: int) -> None:
        room_id, house = self.pick(place)
        if not house.said:
            return
        said = house.said[number % len(house.said)]
        expected = house.least(name, 1) or (MessageNotFound if said.deleted else None)
        if expected is None and said.author != name:
            expected = house.least(name, 2)
        if expected is None and house.archived:
            expected = RoomArchived
        request = DeleteMessage(room_id=room_id, message_id=said.id)
        asker = Asker("", lambda _event: None)
        self.attempt(self.office.edits.delete(self.who[name], request, asker), expected)
        if expected is None:
            said.deleted = True
            house.rev += 1

    @precondition(lambda self: any("owner" in house.members.values() for house in self.houses.values()))
    @rule(place=places)
    def forget(self, place: int) -> None:
        """The owner has the room forget what was said until now, and then keep what comes."""
        room_id, house = self.pick(place)
        owner = next((name for name, role in house.members.items() if role == "owner"), None)
        if owner is None:
            return

        async def let_time_pass() -> None:
            who, order = self.who[owner], self.office.order
            await order.update(who, room_id, UpdateRoomRequest(retention_s=60))
            self.office.now += 120_000
            await self.office.store.upkeep.erase_expired(
                room_id, self.office.now, len(house.said) + 1, lambda _erased: None
            )
            await order.update(who, room_id, UpdateRoomRequest(retention_s=0))

        self.attempt(let_time_pass(), None)
        house.rev += 2
        for said in house.said:
            house.rev += not said.deleted
            said.deleted = True

    @precondition(lambda self: self.houses)
    @rule(place=places, name=people, seq=st.integers(0, 12))
    def read(self, place: int, name: str, seq: int) -> None:
        room_id, house = self.pick(place)
        expected = None if name in house.members else NotMember
        self.attempt(self.office.rooms.mark_read(self.who[name], room_id, seq), expected)
        if expected is None:
            house.read[name] = max(house.read[name], min(seq, len(house.said)))

    # ── what all of them see ─────────────────────────────────────────────────────────────────────

    @invariant()
    def everyone_sees_what_the_model_has(self) -> None:
        self.runner.run(self.compare())

    async def compare(self) -> None:
        for name, who in self.who.items():
            seen = {
                room.id: (room.rev, room.last_seq, room.my_role, room.read_seq, room.unread, room.mentions)
                for room in await self.office.rooms.list_mine(who)
            }
            assert seen == {
                room_id: (
                    house.rev,
                    len(house.said),
                    house.members[name],
                    house.read[name],
                    len(house.news(name)),
                    house.mentions(name),
                )
                for room_id, house in self.houses.items()
                if name in house.members
            }, name
        for room_id, house in self.houses.items():
            members = await self.office.store.rooms.list_members(room_id)
            assert [(member.username, member.role) for member in members] == list(house.members.items())


TestRooms = Rooms.TestCase
TestRooms.settings = settings(max_examples=10, stateful_step_count=40, deadline=None)
