"""What was promised to whom, and whether it was kept.

Strategy: whoever takes part in a test of faults writes down here what the server has acknowledged, and what
it was asked for without an answer, which may have happened or not. In the end that is held against the
database, read by nothing but `sqlite3` or `asyncpg`, and against what every reader has seen.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Hashable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg

from tests.support.wire import Json

EXAMPLES: Final = 10
"""Of each kind of trouble so many are told in words."""


@dataclass
class Said:
    """One message as its sender knows it."""

    room_id: str
    nonce: str
    content: str
    message_id: str = ""
    seq: int = 0
    promised: bool = False
    """Acknowledged by the server, or kept by an outbox."""


@dataclass
class State:
    """What something is: as was acknowledged last, or as one of the unanswered requests has made it."""

    acked: Any
    maybe: list[Any] = field(default_factory=list)

    def allows(self, actual: Any) -> bool:
        return bool(actual == self.acked) or actual in self.maybe


@dataclass
class Ledger:
    said: dict[str, Said] = field(default_factory=dict)
    states: dict[Hashable, State] = field(default_factory=dict)
    trouble: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def wrong(self, kind: str, what: str) -> None:
        self.trouble[kind] += 1
        if self.trouble[kind] <= EXAMPLES:
            self.examples.append(f"{kind}: {what}")

    # ── messages ─────────────────────────────────────────────────────────────────────────────────

    def will_say(self, said: Said) -> None:
        self.said[said.nonce] = said

    def acknowledged(self, ack: Json) -> None:
        """An ack arrived, the first one or another for the same nonce."""
        said = self.said[ack["nonce"]]
        if said.message_id and (said.message_id, said.seq) != (ack["message_id"], ack["seq"]):
            self.wrong("nonce forgotten", f"{said} was acknowledged again as {ack}")
        said.message_id, said.seq, said.promised = ack["message_id"], ack["seq"], True

    # ── everything else ──────────────────────────────────────────────────────────────────────────

    def attempt(self, key: Hashable, value: Any, *, before: Any) -> None:
        """Asked for `value`; `before` is what it was when nobody had asked for anything."""
        self.states.setdefault(key, State(before)).maybe.append(value)

    def confirm(self, key: Hashable, value: Any) -> None:
        state = self.states[key]
        state.maybe.remove(value)
        state.acked = value

    @property
    def promises(self) -> int:
        return sum(said.promised for said in self.said.values())


# ── what is on disk ──────────────────────────────────────────────────────────────────────────────────

_QUERIES: Final = (
    "SELECT * FROM rooms",
    "SELECT * FROM messages ORDER BY room_id, seq",
    "SELECT * FROM reactions",
    "SELECT * FROM members",
)


@dataclass
class Truth:
    """The database, once no server runs, read by other means than the server's."""

    rooms: dict[str, Json]
    messages: list[Json]
    reactions: set[tuple[str, int, str, str]]
    reads: dict[tuple[str, str], int]
    damage: list[str]

    @classmethod
    def read(cls, database: Path) -> "Truth":
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row

            def rows(query: str) -> list[Json]:
                return [dict(row) for row in connection.execute(query)]

            damage = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            damage += [
                f"a foreign key of {row[0]} is broken"
                for row in connection.execute("PRAGMA foreign_key_check")
            ]
            return cls._of([rows(query) for query in _QUERIES], damage)

    @classmethod
    async def read_postgres(cls, url: str) -> "Truth":
        connection = await asyncpg.connect(url)
        try:
            return cls._of([[dict(row) for row in await connection.fetch(query)] for query in _QUERIES], [])
        finally:
            await connection.close()

    @classmethod
    def _of(cls, found: list[list[Json]], damage: list[str]) -> "Truth":
        rooms, messages, reactions, members = found
        return cls(
            rooms={row["id"]: row for row in rooms},
            messages=messages,
            reactions={(row["room_id"], row["seq"], row["reaction"], row["user_id"]) for row in reactions},
            reads={(row["room_id"], row["user_id"]): row["read_seq"] for row in members},
            damage=damage,
        )

    def of_room(self, room_id: str) -> list[Json]:
        return [message for message in self.messages if message["room_id"] == room_id]


def judge(ledger: Ledger, truth: Truth) -> None:
    """Holds the ledger against the database; what is wrong goes into the ledger."""
    for damage in truth.damage:
        ledger.wrong("damaged", damage)
    _judge_numbers(ledger, truth)
    _judge_messages(ledger, truth)
    _judge_states(ledger, truth)


def _judge_numbers(ledger: Ledger, truth: Truth) -> None:
    for room_id, room in truth.rooms.items():
        messages = truth.of_room(room_id)
        seqs = [message["seq"] for message in messages]
        if seqs != list(range(1, room["last_seq"] + 1)):
            ledger.wrong("gap in seq", f"room {room_id}, last_seq {room['last_seq']}: {_odd(seqs)}")
        revs = [message["rev"] for message in messages]
        if len(set(revs)) != len(revs) or max(revs, default=0) > room["rev"]:
            ledger.wrong("rev repeated", f"room {room_id}")


def _odd(seqs: list[int]) -> str:
    return f"{len(seqs)} messages, up to {max(seqs, default=0)}, {len(seqs) - len(set(seqs))} repeated"


def _judge_messages(ledger: Ledger, truth: Truth) -> None:
    stored: dict[str, list[Json]] = {}
    for message in truth.messages:
        stored.setdefault(message["nonce"], []).append(message)
        if message["nonce"] not in ledger.said:
            ledger.wrong("out of nowhere", f"{message['nonce']} was never said")
    for nonce, said in ledger.said.items():
        found = stored.get(nonce, [])
        if len(found) > 1:
            ledger.wrong("doubled", f"{said} is there {len(found)} times")
        if said.promised and not found:
            ledger.wrong("lost", f"{said}")
        for message in found:
            edited = ledger.states.get(("content", message["id"]))
            if said.message_id and (message["id"], message["seq"]) != (said.message_id, said.seq):
                ledger.wrong("lost", f"{said} is {message['id']}, seq {message['seq']}")
            if edited is None and message["content"] != said.content:
                ledger.wrong("changed", f"{said} says {message['content']!r}")


def _judge_states(ledger: Ledger, truth: Truth) -> None:
    by_id = {message["id"]: message for message in truth.messages}
    for key, state in ledger.states.items():
        actual = _actual(key, truth, by_id)
        if isinstance(key, tuple) and key[0] == "read":
            kept = state.acked <= actual <= max([state.acked, *state.maybe])
        else:
            kept = state.allows(actual)
        if not kept:
            ledger.wrong(
                "undone", f"{key} is {actual!r}; acknowledged {state.acked!r}, maybe {state.maybe!r}"
            )


def _actual(key: Hashable, truth: Truth, by_id: dict[str, Json]) -> Any:
    assert isinstance(key, tuple)
    kind, of, *who = key
    if kind == "topic":
        return truth.rooms[of]["topic"]
    if kind == "read":
        return truth.reads[of, who[0]]
    message = by_id.get(of)
    if message is None:
        return None  # lost, which is told elsewhere
    if kind == "content":
        return message["content"]
    if kind == "pin":
        return message["pinned_at"] is not None
    return (message["room_id"], message["seq"], "👍", who[0]) in truth.reactions


# ── what was seen ────────────────────────────────────────────────────────────────────────────────────


def judge_reader(ledger: Ledger, truth: Truth, name: str, room_id: str, seen: dict[int, Json]) -> None:
    """Whether a member holds the room as it is: `seen` has the newest state of each message by `seq`."""
    messages = truth.of_room(room_id)
    if sorted(seen) != [message["seq"] for message in messages]:
        missing = [message["seq"] for message in messages if message["seq"] not in seen]
        ledger.wrong("unseen", f"{name} holds {len(seen)} of {len(messages)} of {room_id}; not {missing[:5]}")
        return
    for message in messages:
        held = seen[message["seq"]]
        for field_, actual in _shown(message, truth):
            if held[field_] != actual:
                ledger.wrong(
                    "seen wrong",
                    f"{name}, {room_id}/{message['seq']}: {field_} {held[field_]!r}, not {actual!r}",
                )


def _shown(message: Json, truth: Truth) -> list[tuple[str, Any]]:
    here = [(r[2], r[3]) for r in truth.reactions if r[:2] == (message["room_id"], message["seq"])]
    return [
        ("id", message["id"]),
        ("rev", message["rev"]),
        ("content", message["content"]),
        ("pinned", message["pinned_at"] is not None),
        ("reactions", sorted(here)),
    ]


def as_held(message: Json) -> Json:
    """A message from the wire, as `judge_reader` compares it."""
    return {
        "id": message["id"],
        "rev": message["rev"],
        "content": message["content"],
        "pinned": message.get("pinned", False),
        "reactions": sorted(
            (r["reaction"], user) for r in message.get("reactions", []) for user in r["users"]
        ),
    }


def told(ledger: Ledger) -> str:
    """For the message of an assertion."""
    return json.dumps({"trouble": ledger.trouble, "examples": ledger.examples}, indent=1, ensure_ascii=False)
