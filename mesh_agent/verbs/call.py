"""`call`: a party of a call without a screen, which speaks and hears through devices or files.

Strategy: what happens is told as it happens, a line or an object each; the figures come at the end. That
nobody has answered is a failure; that the call went on and ended is none.
"""

import asyncio
import contextlib
from argparse import Namespace
from pathlib import Path
from typing import Any, Final

from mesh_agent.agent import Agent
from mesh_agent.calls.announcing import duration
from mesh_agent.calls.call import Call
from mesh_agent.calls.doing import news
from mesh_agent.calls.errors import CallError
from mesh_agent.calls.shown import SHOWS, shown
from mesh_agent.calls.state import Media
from mesh_agent.output import Output
from mesh_agent.verbs.addressing import room_and_names
from mesh_agent.verbs.common import Run, UsageError, connected
from protocol.rest import Room

_WAYS: Final = {"direct": "direct", "punched": "direct, through a firewall", "relay": "through a TURN server"}
_DEVICES: Final = ("mic", "speaker", "camera")
_WORDS: Final = ("tone", "test", "screen", "none")


class NotAnswered(CallError):
    """Nobody came, or nobody called."""

    code = "call.not_answered"


class Declined(CallError):
    """All who were called declined."""

    code = "call.declined"


class Busy(CallError):
    """All who were called are in another call."""

    code = "call.busy"


_WHY: Final[dict[frozenset[str], type[CallError]]] = {
    frozenset({"declined"}): Declined,
    frozenset({"busy"}): Busy,
}
"""What it is where all who were rung did the same; else nobody answered."""


def _place(text: str, *, exists: bool) -> str:
    """A device as it is named; a file by its whole path. Raises: UsageError: there is no such file."""
    if text in _WORDS or text.partition(":")[0] in _DEVICES:
        return text
    path = Path.cwd() / text
    if exists and not path.is_file():
        raise UsageError(f"There is no file {text}.")
    if not exists and not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.")
    return str(path)


def _media(options: Namespace) -> Media:
    record = None if options.record is None else _place(options.record, exists=False)
    if record is not None and Path(record).exists():
        raise UsageError(f"{options.record} is there already.")
    return Media(
        audio_in=_place(options.audio_in, exists=True),
        audio_out=_place(options.audio_out, exists=False),
        video_in=_place(options.video_in, exists=True),
        record=record,
    )


async def _call(agent: Agent, options: Namespace, output: Output) -> None:
    media = _media(options)
    options.room, users = room_and_names(options.room, options.to)
    if options.answer and users:
        raise UsageError("Who answers names nobody.")
    room = await connected(agent, options)
    if options.answer:
        call = await _answered(agent, room, media, options, output)
    else:
        call = await agent.calls.call(room.id, users, video=media.video_in != "none", media=media)
    try:
        await _follow(call, room, options.seconds, output)
    except asyncio.CancelledError:
        await asyncio.shield(call.leave())
        if call.begun is not None:
            _end(call, output)
        raise
    finally:
        await asyncio.shield(call.leave())
    _end(call, output)


async def _answered(agent: Agent, room: Room, media: Media, options: Namespace, output: Output) -> Call:
    """Raises: NotAnswered: nobody calls in time."""
    output.note(f"Waiting for a call in {room.name}.")
    with contextlib.closing(agent.subscribe()) as events:
        try:
            async with asyncio.timeout(options.timeout):
                while True:
                    here = [each for each in agent.calls.ringing if each.room_id == room.id]
                    if here:
                        return await agent.calls.answer(here[0].call_id, media=media)
                    await anext(events)
        except TimeoutError:
            raise NotAnswered(f"Nobody has called in {room.name}.") from None


async def _follow(call: Call, room: Room, seconds: float | None, output: Output) -> None:
    """Tells what happens, until it is over, or the time is up."""
    states: dict[str, str] = {}
    told = 0
    problems: tuple[str, ...] = ()
    seen: dict[str, tuple[bool, str]] = {}
    output.show({"line": f"Call in {room.name}: {call.phase}.", "call": call.id, "phase": call.phase})
    loop = asyncio.get_running_loop()
    ends: float | None = None
    while call.phase != "over":
        if call.begun is not None and seconds is not None and ends is None:
            ends = loop.time() + seconds
        _tell_parties(call, states, seen, output)
        departed, told = call.departed_since(told)
        for sentence in departed:
            output.show({"line": sentence, "departed": sentence})
        wrong, right = news(problems, call.own.problems)
        for sentence in (*wrong, *right):
            output.note(sentence)
        problems = call.own.problems
        try:
            async with asyncio.timeout_at(ends):
                await call.changed()
        except TimeoutError:
            return


def _tell_parties(
    call: Call, states: dict[str, str], seen: dict[str, tuple[bool, str]], output: Output
) -> None:
    """What is another with somebody than what was told before, which is kept in the two: how they are
    reached, and whether they record and what they show."""
    for party in call.parties:
        key = party.device_id or party.user_id
        about = {"user": party.name, "device": party.device_id}
        if states.get(key) != party.state:
            states[key] = party.state
            way = "" if party.way is None else f" ({_WAYS[party.way]})"
            line = f"{party.name}: {party.state}{way if party.state == 'connected' else ''}"
            more = {"state": party.state, "way": party.way, "compared": party.compared}
            output.show({"line": line, **about, **more})
        if not party.device_id:
            continue
        recorded, showed = seen.get(key, (False, ""))
        shows = shown(party)
        seen[key] = party.records, shows
        if party.records != recorded:
            line = f"{party.name} records this call{'' if party.records else ' no longer'}."
            output.show({"line": line, **about, "records": party.records})
        if shows != showed:
            output.show({"line": f"{party.name} {SHOWS[shows]}.", **about, "shows": shows})


def _end(call: Call, output: Output) -> None:
    """Raises: NotAnswered, Declined, Busy."""
    figures = call.last_statistics
    if call.begun is None:
        raise _WHY.get(frozenset(each.how for each in call.rung), NotAnswered)(call.reason)
    lines = [f"The call is over after {duration(figures['seconds'])}. {call.reason}".rstrip()]
    lines += [
        f"{each['user']}: {_WAYS.get(each['way'] or '', 'no way')}, loss {100 * each['loss']:.1f} %, "
        f"jitter {each['jitter_ms']:.0f} ms, delay {each['delay_ms']:.0f} ms, "
        f"{each['received_kbps']:.0f} kbit/s in, {each['sent_kbps']:.0f} out"
        for each in figures["parties"]
    ]
    output.show({"line": "\n".join(lines), **_told(figures, call)})


def _told(figures: dict[str, Any], call: Call) -> dict[str, Any]:
    return {**figures, "reason": call.reason}


VERBS: Final[dict[str, Run]] = {"call": _call}
