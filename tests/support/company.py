"""People who go on writing and reading while everything breaks, and write down what they were promised.

Strategy: each is a loop that connects, does its work until something goes wrong, and comes back. What a
`Writer` does is drawn from a random source of its own, so that a seed gives the same script; a `Reader`
holds each room as the contract says a client should, and notices every gap and repeat on the way; an
`AgentMember` is the real client with its outbox, who writes to its own disk first.
"""

import asyncio
import contextlib
import random
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec

from mesh_agent.agent import Agent
from mesh_agent.client.state import Connected
from protocol.errors import MeshError
from tests.support.ledger import Ledger, Said, as_held
from tests.support.wire import Json, Person, Refused, Socket, call

LOST: Final = (ConnectionError, aiohttp.ClientError, TimeoutError, OSError)
"""What happens to a line that breaks."""

ANSWER_S: Final = 4.0
"""Who gets no answer for so long takes the line for dead."""

BACK_S: Final = 0.02
"""The pause before coming back."""

HISTORY_MAX: Final = 200
"""Own messages that a writer may still come back to."""

RECENT: Final = 24
"""Events that are told of where one is wrong."""

OUTBOX_MAX: Final = 20
"""Messages that an agent lets wait; then its person waits, too."""


class Way:
    """How someone gets in: a connection, with a fresh token where the old one is over.

    A refresh is repeated as the same attempt until it is answered.
    """

    def __init__(self, person: Person, ledger: Ledger) -> None:
        self.person = person
        self.ledger = ledger
        self.refreshes = 0
        self.away_s: list[float] = []
        """From the end of each connection to the next welcome."""

        self._gone_at: float | None = None
        self._attempt = ""
        self._refreshing = asyncio.Lock()

    @asynccontextmanager
    async def socket(self, **hello: Any) -> AsyncIterator[Socket]:
        """Raises: one of `LOST`, also where the server does not let one in."""
        token = self.person.token
        async with asyncio.timeout(ANSWER_S) as patience:
            async with self.person.socket(hello=False) as socket:
                welcome = await socket.hello(**hello)
                if welcome["type"] != "system.welcome":
                    await self._refused(welcome, token)
                    raise ConnectionError(welcome["code"])
                patience.reschedule(None)
                now = asyncio.get_running_loop().time
                if self._gone_at is not None:
                    self.away_s.append(now() - self._gone_at)
                try:
                    yield socket
                finally:
                    self._gone_at = now()

    async def call(self, method: str, path: str, body: Json | None = None, **query: Any) -> Any:
        """Raises: one of `LOST`, also where the server refuses."""
        token = self.person.token
        async with asyncio.timeout(ANSWER_S):
            try:
                return await self.person.call(method, path, body, **query)
            except Refused as refusal:
                await self._refused(refusal.body["error"], token)
                raise ConnectionError(refusal.code) from refusal

    async def _refused(self, error: Json, token: str) -> None:
        if error["code"] in {"auth.expired_token", "auth.invalid_token"}:
            async with self._refreshing:
                if token == self.person.token:  # else another connection of this device has done it
                    await self._refresh()
        elif error["code"].partition(".")[0] not in {"storage", "server", "internal", "rate"}:
            self.ledger.wrong("refused", f"{self.person.name}: {error}")

    async def _refresh(self) -> None:
        self._attempt = self._attempt or secrets.token_hex(16)
        person = self.person
        body = {"refresh_token": person.session["refresh_token"], "attempt": self._attempt}
        try:
            person.session = await call(person.http, person.url, "POST", "/api/auth/refresh", body)
        except Refused as refusal:
            if refusal.code == "auth.invalid_refresh":
                self.ledger.wrong("signed out", f"{person.name}: {refusal}")
            raise ConnectionError(refusal.code) from refusal
        self._attempt = ""
        self.refreshes += 1


async def _again_and_again(stop: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
    while not stop.is_set():
        with contextlib.suppress(*LOST):
            await work()
        await asyncio.sleep(BACK_S)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────


class Wanted(NamedTuple):
    """A state that is asked for. `before`: what it was when nobody had asked for anything."""

    key: tuple[str, ...]
    value: Any
    before: Any


class Writer:
    """Says, edits, reacts, pins and reads in `rooms`, of which `owned` are their own."""

    def __init__(self, way: Way, rooms: list[str], owned: list[str], chance: random.Random) -> None:
        self._way, self._rooms, self._owned, self._chance = way, rooms, owned, chance
        self._ledger = way.ledger
        self._number = 0
        self._pending: list[Said] = []
        self._mine: list[Said] = []
        self._last_seq = dict.fromkeys(rooms, 0)
        self.stop = asyncio.Event()
        self.acks = 0

    @property
    def name(self) -> str:
        return self._way.person.name

    async def run(self) -> None:
        """Until `stop`, and what is under way then is settled."""
        await _again_and_again(self.stop, self._work)
        while self._pending:
            with contextlib.suppress(*LOST):
                async with self._way.socket() as socket:
                    await self._say(socket)
            await asyncio.sleep(BACK_S)

    async def _work(self) -> None:
        async with self._way.socket() as socket:
            while not self.stop.is_set():
                deeds = [self._say, self._say, self._say, self._say, self._edit, self._react, self._read]
                if self._owned:
                    deeds += [self._pin, self._set_topic]
                await self._chance.choice(deeds)(socket)
                socket.seen.clear()

    async def _say(self, socket: Socket) -> None:
        """A few messages at once, or those that were not acknowledged yet; now and then one from long ago."""
        if not self._pending:
            room_id = self._chance.choice(self._rooms)
            for _ in range(self._chance.randint(1, 6)):
                self._number += 1
                nonce = f"{self.name}-{self._number}"
                said = Said(room_id, nonce, f"{nonce} says hello")
                self._ledger.will_say(said)
                self._pending.append(said)
        again = [self._chance.choice(self._mine)] if self._mine and self._chance.random() < 0.2 else []
        batch = [*self._pending, *again]
        for said in batch:
            await socket.send(
                "chat.message.send",
                id=said.nonce,
                room_id=said.room_id,
                nonce=said.nonce,
                content=said.content,
            )
        for said in batch:
            answer = await self._answer(socket, said.nonce)
            if answer["type"] == "chat.message.ack":
                self._acknowledged(said, answer)

    def _acknowledged(self, said: Said, ack: Json) -> None:
        self._ledger.acknowledged(ack)
        if said not in self._pending:
            return
        last_seq = self._last_seq[said.room_id]
        # With nothing before it outstanding, it must come after all that was acknowledged earlier.
        if said is self._pending[0] and said.seq <= last_seq:
            self._ledger.wrong("out of order", f"{said} after {last_seq}")
        self._last_seq[said.room_id] = max(said.seq, last_seq)
        self._pending.remove(said)
        self._mine = [*self._mine[-HISTORY_MAX:], said]
        self.acks += 1

    async def _answer(self, socket: Socket, re: str) -> Json:
        async with asyncio.timeout(ANSWER_S):
            answer = await socket.wait(lambda message: message.get("re") == re)
        if answer["type"] == "system.error" and answer["code"] != "storage.unavailable":
            raise ConnectionError(answer["code"])
        return answer

    async def _ask(self, socket: Socket, state: Wanted, type_: str, **fields: Any) -> None:
        """Asks for a change and writes down what came of it."""
        self._number += 1
        id_ = f"{self.name}-{self._number}"
        self._ledger.attempt(state.key, state.value, before=state.before)
        await socket.send(type_, id=id_, **fields)
        answer = await self._answer(socket, id_)
        if answer["type"] != "system.error":
            self._ledger.confirm(state.key, state.value)

    def _one_of_mine(self, rooms: list[str]) -> tuple[Said, Json] | None:
        """A message of mine that is acknowledged, and how a request names it."""
        mine = [said for said in self._mine if said.room_id in rooms]
        if not mine:
            return None
        said = self._chance.choice(mine)
        return said, {"room_id": said.room_id, "message_id": said.message_id}

    async def _edit(self, socket: Socket) -> None:
        if mine := self._one_of_mine(self._rooms):
            said, target = mine
            content = f"{said.nonce} in version {self._number}"
            wanted = Wanted(("content", said.message_id), content, said.content)
            await self._ask(socket, wanted, "chat.message.edit", content=content, **target)

    async def _react(self, socket: Socket) -> None:
        if mine := self._one_of_mine(self._rooms):
            said, target = mine
            on = self._chance.random() < 0.6
            wanted = Wanted(("reaction", said.message_id, self._way.person.user_id), on, False)
            type_ = "chat.reaction.add" if on else "chat.reaction.remove"
            await self._ask(socket, wanted, type_, reaction="👍", **target)

    async def _pin(self, socket: Socket) -> None:
        if mine := self._one_of_mine(self._owned):
            said, target = mine
            on = self._chance.random() < 0.5
            wanted = Wanted(("pin", said.message_id), on, False)
            await self._ask(socket, wanted, "chat.message.pin", pinned=on, **target)

    async def _read(self, socket: Socket) -> None:
        room_id = self._chance.choice(self._rooms)
        if seq := self._last_seq[room_id]:
            wanted = Wanted(("read", room_id, self._way.person.user_id), seq, 0)
            await self._ask(socket, wanted, "chat.read", room_id=room_id, seq=seq)

    async def _set_topic(self, socket: Socket) -> None:
        await socket.send("chat.typing", room_id=self._rooms[0])  # what is never stored is in the way, too
        room_id = self._chance.choice(self._owned)
        self._number += 1
        key, topic = ("topic", room_id), f"Topic {self._number}"
        self._ledger.attempt(key, topic, before="")
        await self._way.call("PATCH", f"/api/rooms/{room_id}", {"topic": topic})
        self._ledger.confirm(key, topic)


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────


class Held:
    """One room as a reader holds it."""

    def __init__(self) -> None:
        self.rev = 0
        self.live = False
        self.replayed_rev = 0
        self.topic = ""
        self.messages: dict[int, Json] = {}

    def take(self, message: Json) -> None:
        known = self.messages.get(message["seq"])
        if known is None or known["rev"] < message["rev"]:
            self.messages[message["seq"]] = as_held(message)


class Reader:
    """Follows every room of a member: live, by resume, and past the bound by pages."""

    def __init__(self, way: Way, rooms: list[str]) -> None:
        self._way, self._ledger = way, way.ledger
        self.rooms = {room_id: Held() for room_id in rooms}
        self.stop = asyncio.Event()
        self.resumes = self.gaps = self.live = 0
        self._recent: deque[str] = deque(maxlen=RECENT)

    @property
    def name(self) -> str:
        return self._way.person.name

    async def run(self) -> None:
        await _again_and_again(self.stop, self._work)

    def holds(self, revs: dict[str, int]) -> bool:
        return all(held.rev >= revs[room_id] for room_id, held in self.rooms.items())

    async def _work(self) -> None:
        async with self._way.socket(
            resume={room_id: held.rev for room_id, held in self.rooms.items()}
        ) as socket:
            await self._meet(socket.welcome)
            while not self.stop.is_set():
                for event in socket.seen:
                    self._take(event)
                socket.seen.clear()
                self._take(await self._receive(socket))

    async def _receive(self, socket: Socket) -> Json:
        """The next event; a line that is silent for long is asked whether it lives."""
        for _ in range(2):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_S / 2):
                    return await socket.receive()
            await socket.send("system.ping")
        raise ConnectionError("no answer")

    async def _meet(self, welcome: Json) -> None:
        states = {state["room_id"]: state for state in welcome["rooms"]}
        for room_id, held in self.rooms.items():
            state = states.get(room_id)
            if state is None:
                self._ledger.wrong("unseen", f"{self.name} is told nothing of {room_id}")
                continue
            if state["rev"] < held.rev:
                self._ledger.wrong("rolled back", f"{self.name} held {held.rev} of {room_id}: {state}")
            held.replayed_rev, held.live = held.rev, False
            self._recent.append(f"welcome {room_id[-4:]}/{state['rev']}")
            if state.get("gap"):
                self.gaps += 1
                await self._page(room_id, held)
                held.rev, held.live, held.topic = state["rev"], True, state["room"]["topic"]

    async def _page(self, room_id: str, held: Held) -> None:
        after = 0
        while True:
            page = await self._way.call("GET", f"/api/rooms/{room_id}/messages", after=after, limit=200)
            for message in page["messages"]:
                held.take(message)
                after = message["seq"]
            if not page["has_more"]:
                return

    def _told_wrong(self, kind: str, room_id: str, what: str) -> None:
        self._ledger.wrong(kind, f"{self.name}, {room_id}: {what}; heard {', '.join(self._recent)}")

    def _take(self, event: Json) -> None:
        message = event.get("message")
        message = message if isinstance(message, dict) else None
        room_id = message["room_id"] if message else event.get("room_id", "")
        rev = message["rev"] if message else event.get("rev")
        held = self.rooms.get(room_id)
        if held is None or rev is None:
            return
        self._recent.append(f"{event['type']} {room_id[-4:]}/{rev}")
        if event["type"] == "room.resumed":
            self._resumed(room_id, held, event)
        elif held.live:
            self._live(room_id, held, rev)
        elif message is not None:
            if rev <= held.replayed_rev:
                self._ledger.wrong(
                    "resume out of order", f"{self.name}, {room_id}: {rev} after {held.replayed_rev}"
                )
            held.replayed_rev = rev
        if message is not None:
            held.take(message)
        if event["type"] == "room.updated":
            held.topic = event["room"]["topic"]

    def _resumed(self, room_id: str, held: Held, event: Json) -> None:
        if event["rev"] < held.replayed_rev:
            self._ledger.wrong("rolled back", f"{self.name}, {room_id}: resumed at {event['rev']}")
        held.rev, held.live, held.topic = event["rev"], True, event["room"]["topic"]
        self.resumes += 1

    def _live(self, room_id: str, held: Held, rev: int) -> None:
        if rev <= held.rev:
            self._told_wrong("told twice", room_id, f"{rev} after {held.rev}")
        elif rev > held.rev + 1:
            self._told_wrong("gap in rev", room_id, f"{rev} after {held.rev}")
        held.rev = max(held.rev, rev)
        self.live += 1


# ── the real client ──────────────────────────────────────────────────────────────────────────────────


class AgentMember:
    """`Agent` as a person uses it: writes into its outbox whatever the line does, and reads what comes."""

    def __init__(self, agent: Agent, rooms: list[str], ledger: Ledger, chance: random.Random) -> None:
        self.agent = agent
        self._rooms, self._ledger, self._chance = rooms, ledger, chance
        self._number = 0
        self._said: dict[str, list[str]] = {room_id: [] for room_id in rooms}
        self.stop = asyncio.Event()

    @property
    def name(self) -> str:
        assert self.agent.user is not None
        return self.agent.user.username

    async def run(self) -> None:
        while not self.stop.is_set():
            room_id = self._chance.choice(self._rooms)
            if len(self.agent.outgoing(room_id)) < OUTBOX_MAX:
                self._number += 1
                outgoing = await self.agent.send(room_id, f"{self.name} says {self._number}")
                said = Said(room_id, outgoing.nonce, outgoing.content, promised=True)
                self._ledger.will_say(said)
                self._said[room_id].append(outgoing.nonce)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), self._chance.uniform(0.001, 0.05))

    @property
    def is_settled(self) -> bool:
        """Everything it said has arrived, and it holds all that the server has."""
        try:
            current = all(self.agent.is_current(room_id) for room_id in self._rooms)
        except MeshError:
            return False
        return (
            isinstance(self.agent.connection, Connected)
            and current
            and not any(self.agent.outgoing(room_id) for room_id in self._rooms)
        )

    async def held(self, room_id: str) -> dict[int, Json]:
        """What a person would see who pages through all of the room."""
        seen: dict[int, Json] = {}
        before = None
        while True:
            page = await self.agent.history(room_id, before=before, limit=200)
            for message in page.messages:
                seen[message.seq] = as_held(msgspec.to_builtins(message))
            if not page.has_more or not page.messages:
                return seen
            before = page.messages[0].seq

    def judge_order(self, room_id: str, messages: list[Json]) -> None:
        """What it wrote is there in the order written."""
        nonces = [message["nonce"] for message in messages if message["nonce"] in self._ledger.said]
        mine = [nonce for nonce in nonces if nonce in set(self._said[room_id])]
        if mine != [nonce for nonce in self._said[room_id] if nonce in set(mine)]:
            self._ledger.wrong("out of order", f"{self.name} in {room_id}")
