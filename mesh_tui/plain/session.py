"""Plain mode from the first line to the last: sign in, then a line is a message or a command.

Strategy: one line is done with before the next is read, so that what is piped in has its order. Nothing is
written but whole lines: no colours, no cursor, no prompt that would be taken for one.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from mesh_agent.agent import Agent
from mesh_agent.client.address import Link
from mesh_agent.client.state import (
    Connected,
    ConnectionChanged,
    MessageReceived,
    OutgoingChanged,
    RoomGone,
    SignedOut,
    Waiting,
)
from mesh_tui import commands, slash
from mesh_tui.notifier import Notifier
from mesh_tui.plain.desk import Desk, told
from mesh_tui.plain.lines import Lines
from mesh_tui.rooms import level_of
from mesh_tui.settings_file import SettingsFile
from mesh_tui.slash import Typed
from protocol.errors import MeshError
from protocol.text import clean_line

DONE: Final = 0
FAILED: Final = 1

SENT_S: Final = 10.0
"""How long the end of the input waits for what was said to be sent."""


def run(*, server: str | None, link: Link | None, profile: str) -> int:
    """Until `/quit`, the end of the input, or a signal; the code to exit with."""
    code, pending = asyncio.run(_run(server, link, profile))
    sys.stdout.flush()
    if pending:  # a thread still reads, and Python would wait for it
        os._exit(code)
    return code


def put(text: str) -> None:
    """One line, at once, as far as the other end can show it."""
    try:
        print(text, flush=True)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), flush=True)


async def _run(server: str | None, link: Link | None, profile: str) -> tuple[int, bool]:
    lines = Lines()
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    signals: list[int] = []

    def end(number: int) -> None:
        signals.append(number)
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)
    work = asyncio.create_task(_work(lines, server, link, profile))
    waits = asyncio.create_task(ended.wait())
    await asyncio.wait((work, waits), return_when=asyncio.FIRST_COMPLETED)
    waits.cancel()
    if not work.done():
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        return 128 + signals[0], lines.busy
    return work.result(), lines.busy


async def _work(lines: Lines, server: str | None, link: Link | None, profile: str) -> int:
    file = SettingsFile.of_profile(profile)
    if wrong := file.load():
        put(wrong)
    try:
        agent = await Agent.open(profile=profile, server=link.server if link else server)
    except MeshError as error:
        put(clean_line(error.message))
        return FAILED
    agent.hide_presence(not file.settings.privacy.presence)
    try:
        if agent.user is None:
            await _sign_in(agent, lines, link)
        await agent.start()
        return await _session(agent, lines, link, file)
    except EOFError:
        return DONE
    except BrokenPipeError:
        return FAILED
    finally:
        await agent.close()


async def _sign_in(agent: Agent, lines: Lines, link: Link | None) -> None:
    """Asks until somebody is signed in."""
    put(f"Server: {clean_line(agent.server)}")
    while agent.user is None:
        put("Your name, or /register NAME for a new account:")
        typed = (await lines.line()).strip()
        new = typed.startswith("/register")
        name = typed.removeprefix("/register").strip()
        if not name:
            continue
        password = await lines.secret("Password:")
        try:
            if new:
                await agent.register(name, password, invite=link.code if link else "")
            else:
                await agent.login(name, password)
        except MeshError as error:
            put(clean_line(error.message))


async def _session(agent: Agent, lines: Lines, link: Link | None, file: SettingsFile) -> int:
    desk = Desk(agent, lines, put, file)
    put(f"Signed in as {desk.me.username}. /help lists the commands, /rooms your rooms.")
    notifier = Notifier(desk.telling, desk.telling.desktop)
    await desk.transferring.begin()
    works = [asyncio.create_task(_tell(agent, desk, notifier, put)), asyncio.create_task(notifier.run())]
    try:
        await agent.wait_connected(SENT_S)
    except (MeshError, TimeoutError):
        put("There is no connection; what you say is sent once there is one.")
    try:
        if link is not None:
            await _try(desk, Typed("join", link.url))
        while not desk.done:
            line = await lines.line()
            notifier.active()
            if line.strip():
                await _take(desk, line.strip())
    except EOFError:
        pass
    finally:
        await _sent(agent)
        desk.close_room()
        with suppress(MeshError):
            await desk.settled()
        for work in works:
            work.cancel()
    return DONE


async def _take(desk: Desk, line: str) -> None:
    typed = slash.read(line)
    if isinstance(typed, Typed):
        await _try(desk, typed)
    elif desk.in_room:
        await desk.send(typed)
    else:
        put("You are in no room. /rooms lists them, /join NAME opens one.")


async def _try(desk: Desk, typed: Typed) -> None:
    try:
        command = slash.look_up(typed.name)
        if not command.anywhere:
            _ = desk.room  # says that there is none
        await commands.run_in_room(desk, typed)
        await desk.settled()
    except MeshError as error:
        put(clean_line(error.message))


async def _sent(agent: Agent) -> None:
    """Waits for what was said last, which a pipe that ends at once would else cut off."""
    waiting = [
        known for room in agent.rooms() for known in agent.outgoing(room.id) if known.state == "pending"
    ]
    with suppress(MeshError, TimeoutError):
        async with asyncio.timeout(SENT_S):
            for known in waiting:
                await agent.sent(known.nonce)


async def _tell(agent: Agent, desk: Desk, notifier: Notifier, put: Callable[[str], None]) -> None:
    """What happens elsewhere, as lines: the connection, mentions, what was refused."""
    down = False
    events = agent.subscribe()
    notifier.heard(ConnectionChanged(agent.connection))  # it may be up already
    async for event in events:
        notifier.heard(event)
        desk.transferring.heard(event)
        desk.calling.heard(event)
        if isinstance(event, ConnectionChanged):
            state = event.state
            if isinstance(state, Waiting) and not down:
                put(f"Offline: {clean_line(state.reason)}")
                down = True
            elif isinstance(state, Connected) and down:
                put("Connected again.")
                down = False
            elif isinstance(state, SignedOut):
                put(f"Signed out. {clean_line(state.reason)}")
                desk.done = True
        elif isinstance(event, OutgoingChanged) and event.outgoing.error:
            said = "Not sent" if event.outgoing.state == "failed" else "Waits, and is sent by itself"
            put(f"{said}: {clean_line(event.outgoing.error)}")
        elif isinstance(event, RoomGone):
            put("You are no longer in that room.")
        elif isinstance(event, MessageReceived):
            message = event.message
            elsewhere = not desk.in_room or message.room_id != desk.room.id
            if elsewhere and desk.me.id in message.mentions:
                room = agent.room(message.room_id)
                if level_of(desk.settings, room) != "none":
                    put(f"In {clean_line(room.name)} {told(message)}")
