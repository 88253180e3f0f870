"""Files and folders: send and receive them, share folders, and know who is on the other side."""

import asyncio
import contextlib
import sys
from argparse import Namespace
from collections.abc import Awaitable, Coroutine
from pathlib import Path
from typing import Any, Final

from mesh_agent.agent import Agent
from mesh_agent.client.errors import LocalError
from mesh_agent.output import Output
from mesh_agent.progress import last_line, size_text
from mesh_agent.sharing.errors import NobodyTook
from mesh_agent.sharing.people import is_among
from mesh_agent.sharing.rules import Rules
from mesh_agent.sharing.state import Transfer
from mesh_agent.verbs.addressing import STDIN, are_names, sort_out, split_names
from mesh_agent.verbs.common import Run, UsageError, connected
from mesh_agent.verbs.following import Follower
from mesh_agent.verbs.prompting import Prompter
from mesh_agent.verbs.spool import emptied, spooled
from protocol.errors import UserNotFound
from protocol.peer import Entry
from protocol.rest import Member, Room
from protocol.text import clean_line

COMES_LATER: Final = "Interrupted. What has arrived is kept, and the rest comes once you take offers again."
GONE: Final = "Interrupted: what has arrived for stdout is gone."
GOES_ON: Final = "Interrupted. What has arrived is kept: give the same command again to go on."


LATE_S: Final = 3.0
"""After so long without an answer it is said who is waited for."""


class NotAllSent(LocalError):
    """Some transfers did not succeed."""

    code = "sharing.incomplete"


# ── sending ──────────────────────────────────────────────────────────────────────────────────────


async def _send(agent: Agent, options: Namespace, output: Output) -> None:
    room, names, given = await _addressed(agent, options)
    agent.sharing.set_rules(_rules(options))
    if given == [STDIN]:
        async with spooled(agent.profile) as copy:
            copying = agent.sharing.send_copy(room.id, names, copy, options.name, limit=options.limit)
            await _follow(agent, output, copying, options.wait, "Interrupted: what stdin had is gone.")
        return
    paths = [Path(path) for path in given]
    sending = agent.sharing.send(
        room.id, names, paths, limit=options.limit, follow_links=options.follow_links
    )
    await _follow(agent, output, sending, options.wait, GOES_ON)


async def _addressed(agent: Agent, options: Namespace) -> tuple[Room, list[str], list[str]]:
    """The room, who is to get something there, and what. What is wrong by itself is told before any wait."""
    if are_names(options.to):
        names, given = sort_out(options.to, options.paths, is_member=lambda _: True)
        _require_stdin_alone(given)
        return await connected(agent, options), names, given
    room = await connected(agent, options)
    members = await agent.members(room.id)
    names, given = sort_out(options.to, options.paths, is_member=lambda name: is_among(members, name))
    _require_stdin_alone(given)
    return room, names, given


def _require_stdin_alone(given: list[str]) -> None:
    if STDIN in given and given != [STDIN]:
        raise UsageError("Stdin is sent alone: no other paths beside -.")


async def _follow(
    agent: Agent, output: Output, begin: Awaitable[list[Transfer]], wait: float | None, interrupted: str
) -> None:
    """Until all of them are over. Raises: NotAllSent."""
    follower = Follower(agent, output)
    try:
        with contextlib.closing(agent.subscribe()) as events:
            transfers = await begin
            async with asyncio.timeout(wait) as waiting:
                begun = asyncio.create_task(_until_begun(agent, transfers, waiting))
                try:
                    ended = await follower.until_over(transfers, events)
                finally:
                    begun.cancel()
    except TimeoutError:
        follower.clear()
        raise NotAllSent("Nobody has taken it in time. Give the same command again to go on.") from None
    except asyncio.CancelledError:
        follower.clear()
        output.note(interrupted)
        raise
    _all_done(ended)


async def _until_begun(agent: Agent, transfers: list[Transfer], waiting: asyncio.Timeout) -> None:
    """`--wait` is for who is away: what flows takes as long as it takes."""
    with contextlib.closing(agent.subscribe()) as events:
        while any(agent.sharing.transfer(each.id).phase in {"waiting", "connecting"} for each in transfers):
            await anext(events)
        waiting.reschedule(None)


def _all_done(ended: list[Transfer]) -> None:
    bad = [transfer for transfer in ended if transfer.phase != "done"]
    if len(ended) == 1 and bad:
        raise NotAllSent(last_line(bad[0]))
    if bad:
        raise NotAllSent(f"{len(bad)} of {len(ended)} transfers did not succeed.")


# ── receiving ────────────────────────────────────────────────────────────────────────────────────


async def _receive(agent: Agent, options: Namespace, output: Output) -> None:
    to_stdout = options.into == "-"
    asks = sys.stdin.isatty() and not options.yes
    if not (options.yes or options.people or asks):
        raise UsageError("Nobody can be asked here: say --yes or --from USER.")
    if options.conflict == "ask" and (options.people or not asks):
        raise UsageError("Nobody is asked about what is taken so: choose another --conflict.")
    await agent.start()
    await agent.wait_connected(options.timeout)
    people = [await _person(agent, name) for name in split_names(options.people or ())]
    with emptied(agent.profile) if to_stdout else contextlib.nullcontext(Path(options.into)) as folder:
        accept = "ask" if asks else "all"
        rules = _rules(options, downloads=folder.expanduser().absolute(), accept=accept)
        agent.sharing.set_rules(
            Rules(
                **{name: getattr(rules, name) for name in Rules.__slots__ if name != "people"},
                people=frozenset(person.user_id for person in people),
            )
        )
        await agent.sharing.receive("mesh-agent receive")
        output.note("Waiting for what is sent to you. Ctrl+C ends it.")
        follower = Follower(agent, output, aside=to_stdout)
        prompter = Prompter(agent, follower, options.conflict, asks=asks)
        try:
            ended = await prompter.run(once=options.once or to_stdout)
        except asyncio.CancelledError:
            follower.clear()
            if not to_stdout and any(map(_is_coming, agent.sharing.transfers())):
                output.note(COMES_LATER)
            raise
        if ended is not None:
            _all_done([ended])
            if to_stdout:
                await _to_stdout(ended)


def _is_coming(transfer: Transfer) -> bool:
    """Whether it is on its way to here just now."""
    return transfer.direction == "receive" and transfer.phase in {"running", "paused", "finishing"}


async def _to_stdout(transfer: Transfer) -> None:
    assert transfer.place is not None
    if not transfer.place.is_file():
        raise UsageError("A folder cannot go to stdout: name a folder for it with --into.")
    place = transfer.place

    def copy() -> None:
        with place.open("rb") as file:
            while data := file.read(1024 * 1024):
                sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    await asyncio.to_thread(copy)


# ── shares ───────────────────────────────────────────────────────────────────────────────────────


async def _share(agent: Agent, options: Namespace, output: Output) -> None:
    room = await connected(agent, options)
    agent.sharing.set_rules(_rules(options, accept="none"))
    await agent.sharing.receive("mesh-agent share")
    for path in options.paths:
        share = await agent.sharing.share(room.id, Path(path))
        output.show({"share": share.name, "id": share.id, "room_id": room.id, "place": str(share.place)})
    output.note("Shared until Ctrl+C.")
    follower = Follower(agent, output)
    try:
        await follower.all(lambda transfer: transfer.direction == "send", lambda _: None)
    finally:
        follower.clear()


async def _list(agent: Agent, options: Namespace, output: Output) -> None:
    room = await connected(agent, options)
    agent.sharing.set_rules(_rules(options))
    share, _, path = options.path.strip("/").partition("/")
    asked = agent.sharing.browse(room.id, options.user, share, path)
    entries = await _answered(asked, options.user, options.timeout, output)
    for entry in entries:
        output.show(_shown(entry) if output.as_json else {"line": _line(entry)})
    if not entries:
        output.note("There is nothing." if share else "Nothing is shared with this room.")


async def _answered(
    asked: Coroutine[Any, Any, list[Entry]], user: str, longest: float, output: Output
) -> list[Entry]:
    """What is there, once a device of theirs has said so. Raises: NobodyTook; as what is asked."""
    asking = asyncio.create_task(asked)
    try:
        await asyncio.wait({asking}, timeout=min(longest, LATE_S))
        if not asking.done() and longest > LATE_S:
            output.note(f"Waiting for a device of {user} to answer. Ctrl+C ends it.")
            await asyncio.wait({asking}, timeout=longest - LATE_S)
        if not asking.done():
            raise NobodyTook(f"No device of {user} answers: none is there, or none shares or takes anything.")
        return asking.result()
    finally:
        asking.cancel()


def _shown(entry: Entry) -> dict[str, object]:
    told: dict[str, object] = {"name": clean_line(entry.path), "kind": entry.kind, "size": entry.size}
    return told | {"mtime_ns": entry.mtime} | ({"share": entry.target} if entry.target else {})


def _line(entry: Entry) -> str:
    name = clean_line(entry.path)
    return f"{name}/" if entry.kind == "folder" else f"{name}  ({size_text(entry.size)})"


async def _get(agent: Agent, options: Namespace, output: Output) -> None:
    to_stdout = options.into == "-"
    room = await connected(agent, options)
    agent.sharing.set_rules(_rules(options))
    share, _, path = options.path.strip("/").partition("/")
    with emptied(agent.profile) if to_stdout else contextlib.nullcontext(Path(options.into)) as folder:
        into = folder.expanduser().absolute()
        follower = Follower(agent, output, aside=to_stdout)
        with contextlib.closing(agent.subscribe()) as events:
            transfer = await agent.sharing.fetch(room.id, options.user, share, path, into, options.conflict)
            try:
                ended = await follower.until_over([transfer], events)
            except asyncio.CancelledError:
                follower.clear()
                output.note(GONE if to_stdout else GOES_ON)
                raise
        _all_done(ended)
        if to_stdout:
            await _to_stdout(ended[0])


# ── who is on the other side ─────────────────────────────────────────────────────────────────────


class NeverMet(LocalError):
    """There are no words with somebody whose device was never there."""

    code = "sharing.never_met"


async def _verify(agent: Agent, options: Namespace, output: Output) -> None:
    await agent.start()
    await agent.wait_connected(options.timeout)
    person = await _person(agent, options.user)
    devices = [
        device
        for device in await agent.sharing.words(person.user_id)
        if options.device in ("", device.device_id)
    ]
    if not devices:
        raise NeverMet(f"No device of {person.username} was met yet: the words are there after a transfer.")
    told = (options.confirm, options.trust, options.always, options.ask)
    if options.always and options.ask:
        raise UsageError("--always and --ask say the opposite: give one of them.")
    if any(told) and len(devices) > 1:
        raise UsageError(f"{person.username} has {len(devices)} devices: name one with --device.")
    if options.confirm:
        await agent.sharing.confirm(person.user_id, devices[0].device_id)
    elif options.trust:
        await agent.sharing.trust(person.user_id, devices[0].device_id)
    if options.always or options.ask:
        always = bool(options.always)
        await agent.sharing.take_always(person.user_id, devices[0].device_id, always=always)
    await _show_words(agent, person, options.device, output)
    if not any(told):
        output.note(
            f"Read them to {person.username}, or hear them, over a line that you trust; then say --confirm."
        )


async def _show_words(agent: Agent, person: Member, only: str, output: Output) -> None:
    """Those of each device of theirs, or of one."""
    for device in await agent.sharing.words(person.user_id):
        if only not in ("", device.device_id):
            continue
        state = "changed" if device.changed else "compared" if device.verified else "not compared"
        told = {"words": " ".join(device.words), "device_id": device.device_id, "state": state}
        always = {"always": True} if device.always else {}
        taken = ", what it offers is taken" if device.always else ""
        output.show(
            told | always | {"user_id": person.user_id, "username": person.username}
            if output.as_json
            else {"line": f"{told['words']}  ({device.device_id}, {state}{taken})"}
        )


async def _person(agent: Agent, name: str) -> Member:
    """Somebody in a room of mine. Raises: UserNotFound."""
    for room in agent.rooms() or await agent.fetch_rooms():
        for member in await agent.members(room.id):
            if name == member.user_id or name.casefold() == member.username.casefold():
                return member
    raise UserNotFound(f"None of your rooms has somebody called {clean_line(name)}.")


def _rules(options: Namespace, **others: object) -> Rules:
    conflict: Any = getattr(options, "conflict", "rename")
    return Rules(
        lanes=options.lanes,
        quic_only=options.quic_only,
        direct=not options.relay_only,
        largest=getattr(options, "largest", None),
        conflict="rename" if conflict == "ask" else conflict,
        links=getattr(options, "links", False),
        **others,  # type: ignore[arg-type]
    )


VERBS: Final[dict[str, Run]] = {
    "send": _send,
    "receive": _receive,
    "share": _share,
    "ls": _list,
    "get": _get,
    "verify": _verify,
}
