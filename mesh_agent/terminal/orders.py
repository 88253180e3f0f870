"""What an agent and the process of a shared terminal tell each other.

Strategy: as with files (`sharing.orders`): MessagePack structs through two pipes. One process has the
program, its screen and all its guests, so what concerns one guest goes in an envelope with the name of it.
"""

import asyncio
from typing import Final, Literal

import msgspec

from mesh_agent.machines.terminal_host import LetIn
from mesh_agent.net.base import Way
from mesh_agent.sharing.orders import (
    Begin,
    Frame,
    Lost,
    Met,
    Refused,
    Said,
    Signal,
    Spent,
    Stop,
    Told,
    next_message,
)
from protocol.peer_terminal import Row

SENT_AWAY: Final = "terminal.sent_away"
"""The code of the end of a guest's session that the host has ended."""

# ── agent to process ─────────────────────────────────────────────────────────────────────────────


class Share(Told, frozen=True, kw_only=True, tag="share"):
    """The first order: run this.

    command: what to run, where this process is and in its environment; None: the person's shell.
    output: the descriptor of the person's own terminal, to which the program's output goes as it is; None:
        the screen is told by states, as to a guest. record: the file of a recording.
    """

    terminal: str
    command: list[str] | None
    columns: int
    rows: int
    scrollback: int
    let_in: LetIn
    output: int | None = None
    record: str | None = None


class ToGuest(Told, frozen=True, kw_only=True, tag="to"):
    """For one connection of a guest; `guest` is the agent's name for it, and names no other ever."""

    guest: str
    order: Begin | Signal | Stop


class Known(Told, frozen=True, kw_only=True, tag="known"):
    """Who that guest is, once it was met; and again, where it has been compared meanwhile."""

    guest: str
    name: str
    user_id: str
    device_id: str
    compared: bool


class Decide(Told, frozen=True, kw_only=True, tag="decide"):
    """What the person does with a guest."""

    guest: str
    what: Literal["admit", "refuse", "grant", "take", "kick"]
    reason: str = ""


class Type(Told, frozen=True, kw_only=True, tag="type"):
    """What the person types. `stamp`: as in `TermInput`."""

    data: bytes
    stamp: int = 0


class Resize(Told, frozen=True, kw_only=True, tag="resize"):
    """The person's terminal has this size now, and so has the program's."""

    columns: int
    rows: int


class Acknowledge(Told, frozen=True, kw_only=True, tag="ack"):
    """The state of this number was read (without `output`)."""

    number: int


class GetLines(Told, frozen=True, kw_only=True, tag="lines"):
    """As `TermHistory`."""

    request: str
    first: int
    count: int


class Record(Told, frozen=True, kw_only=True, tag="record"):
    """Begin to record into this file; None: end it."""

    path: str | None


class Show(Told, frozen=True, kw_only=True, tag="show"):
    """Whether the program's output goes to `output`; where it does again, all of it is painted anew."""

    raw: bool


class Notice(Told, frozen=True, kw_only=True, tag="notice"):
    """Ring the bell of `output`, and show this as the title of its window."""

    title: str


class End(Told, frozen=True, kw_only=True, tag="end"):
    """End the program, and all that it has started."""


Order = (
    Share
    | ToGuest
    | Known
    | Decide
    | Type
    | Resize
    | Acknowledge
    | GetLines
    | Record
    | Show
    | Notice
    | End
    | Stop
)

# ── process to agent ─────────────────────────────────────────────────────────────────────────────


class Running(Told, frozen=True, kw_only=True, tag="running"):
    """The program runs. `began`: with `pid` it names the process for good (`processes.Process`)."""

    pid: int
    began: str
    command: str


class NotRunning(Told, frozen=True, kw_only=True, tag="not_running"):
    """It cannot be started."""

    reason: str


class FromGuest(Told, frozen=True, kw_only=True, tag="from"):
    """Of one connection of a guest."""

    guest: str
    report: Signal | Spent | Refused | Met | Lost


class GuestNow(msgspec.Struct, frozen=True, array_like=True):
    """A guest as the person is shown it. `state`: `met`, `asks` or `watches`."""

    guest: str
    state: Literal["met", "asks", "watches"]
    writes: bool
    wants: bool
    compared: bool
    way: Way
    columns: int
    rows: int


class Guests(Told, frozen=True, kw_only=True, tag="guests"):
    """All guests, as they are now."""

    guests: list[GuestNow]


class Recorded(Told, frozen=True, kw_only=True, tag="recorded"):
    """Into which file is recorded now; None: none. `problem`: why not, or not any more."""

    path: str | None
    problem: str = ""


class Titled(Told, frozen=True, kw_only=True, tag="titled"):
    """The program's title, without control characters."""

    title: str


class Shown(Told, frozen=True, kw_only=True, tag="shown"):
    """The answer to a `Show`: from here on nothing else writes to `output`, or does again."""

    raw: bool


class Lines(Told, frozen=True, kw_only=True, tag="told_lines"):
    """As `TermLines`."""

    request: str
    first: int
    lines: list[Row]


class Exited(Told, frozen=True, kw_only=True, tag="exited"):
    """The program has ended, and all that it had started. `status`: its exit status, or the negative number
    of the signal that ended it. `clean`: nothing is left of it."""

    status: int
    clean: bool


Report = Running | NotRunning | FromGuest | Guests | Recorded | Titled | Frame | Lines | Shown | Exited | Said

_orders: Final[msgspec.msgpack.Decoder[Order]] = msgspec.msgpack.Decoder(Order)
_reports: Final[msgspec.msgpack.Decoder[Report]] = msgspec.msgpack.Decoder(Report)


async def next_order(reader: asyncio.StreamReader) -> Order | None:
    """None at the end, or where what comes is no order."""
    return await next_message(reader, _orders)


async def next_report(reader: asyncio.StreamReader) -> Report | None:
    """None at the end, or where what comes is no report."""
    return await next_message(reader, _reports)
