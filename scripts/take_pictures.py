"""`scripts/pictures`: login, Home, a room, and what is done in it, as SVG, painted by the program itself.

Strategy: a server and two agents make a small conversation; then the app is opened headless on the profile
of one of them and takes its own picture. Fonts are named, not fetched, so that the pictures load nothing
from anywhere.
"""

import argparse
import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support.conditions import until
from tests.support.server import running_server

if TYPE_CHECKING:
    from mesh_agent.agent import Agent
    from mesh_tui.app import MeshApp

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PASSWORD: Final = "password123"

ROOMS: Final = {
    "Test Chat": "Where the first words were said",
    "releases": "What goes out, and when",
    "design": "How it should look and feel",
}

CODE: Final = """It was the retry. This is all it needs:
```python
async def connect(self) -> None:
    for pause in backoff():  # for ever
        if await self.try_once():
            return
        await sleep(pause)
```"""

REPLY: Final = """> for ever

Optimist. Then what is left before we can show it?

- the pictures
- a line in the changelog"""

CONVERSATION: Final = (
    ("bob", "Morning! The build is **green** again 🎉"),
    ("bob", "I left the numbers in `docs/performance.md`, see https://mesh.example/numbers"),
    ("alice", "Lovely. What was it in the end?"),
    ("bob", CODE),
    ("alice", REPLY),
    ("bob", "@alice I take the second, you have the better eye"),
)


DISCUSSED: Final = ("Should it give up at some point?", "A day? After that somebody should look.")
"""What bob says in a thread of the fourth message."""

WIDE: Final = 120
"""Columns from 110 on let a thread stand beside the messages."""

CALLS: Final = {"calls.audio_in": "none", "calls.audio_out": "none", "calls.camera": "test"}
"""What alice brings into a call."""

THREAD: Final = ("slash", *"thread", "space", *"#4")
SEARCH: Final = ("slash", *"search", "space", *"retry")


async def main(columns: int, rows: int) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for kind in ("CONFIG", "DATA", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(scratch, kind.lower()))
        with running_server(Path(scratch, "server")) as server:
            await _picture("login", server.url, "nobody", (columns, rows))
            bob = await furnish(server.url)
            await _picture("home", server.url, "alice", (columns, rows))
            tour = ("slash", *"tour", "enter")
            await _picture("tour", server.url, "alice", (columns, rows), *tour)
            await _picture("room", server.url, "alice", (columns, rows), "down", "enter")
            await _picture("chosen", server.url, "alice", (columns, rows), "down", "enter", "up", "up", "r")
            await _picture("search", server.url, "alice", (columns, rows), "down", "enter", *SEARCH, "enter")
            await _picture("switcher", server.url, "alice", (columns, rows), "ctrl+k", "e", "s")
            await _picture("inbox", server.url, "alice", (columns, rows), "alt+i")
            await _picture("settings", server.url, "alice", (columns, rows), "f4", "down", "down")
            await _offer(bob, Path(scratch, "photos"))
            then = "offers you", ("f6",)
            await _picture("offer", server.url, "alice", (columns, rows), "down", "enter", then=then)
            await _discuss(bob)
            wide = max(columns, WIDE)
            await _picture("thread", server.url, "alice", (wide, rows), "down", "enter", *THREAD, "enter")
            await _call(server.url, bob, (columns, rows))
            await bob.close()


async def furnish(url: str) -> "Agent":
    """Makes the rooms and the conversation; bob stays connected."""
    from mesh_agent.agent import Agent

    people = {name: await Agent.open(profile=name, server=url) for name in ("alice", "bob")}
    for name, agent in people.items():
        await agent.register(name, PASSWORD)
        await agent.wait_connected(10)
    for room, topic in ROOMS.items():
        made = await people["bob"].create_room(room, topic=topic)
        if room != "design":
            await people["alice"].join(made.id)
    for name, text in CONVERSATION:
        await _say(people[name], "Test Chat", text)
    await _liven(people["alice"], people["bob"])
    await people["alice"].mark_read(people["alice"].room("Test Chat").id, len(CONVERSATION) + 1)
    await _say(people["bob"], "releases", "0.1.0 is tagged.")
    await _say(people["bob"], "releases", "And signed.")
    await until(lambda: people["alice"].room("releases").unread == 2, "two new messages")
    await people["alice"].close()
    return people["bob"]


async def _discuss(bob: "Agent") -> None:
    room = bob.room("Test Chat").id
    first = (await bob.history(room)).messages[3].id
    for text in DISCUSSED:
        outgoing = await bob.send(room, text, thread=first)
        await bob.sent(outgoing.nonce, 10)


async def _offer(bob: "Agent", folder: Path) -> None:
    """Bob sends alice a folder, whenever she comes."""
    _fill(folder)
    room = bob.room("Test Chat").id
    others = [member.user_id for member in await bob.members(room) if member.username == "alice"]
    await bob.sharing.send(room, others, [folder])


def _fill(folder: Path) -> None:
    folder.mkdir()
    for name in ("the beach.jpg", "the dunes.jpg", "the pier.jpg"):
        (folder / name).write_bytes(bytes(2_400_000))


async def _liven(alice: "Agent", bob: "Agent") -> None:
    """An answer, reactions and a pin."""
    room = bob.room("Test Chat").id
    page = await bob.history(room)
    first, last = page.messages[0].id, page.messages[-1].id
    outgoing = await alice.send(room, "Deal.", reply_to=last)
    await alice.sent(outgoing.nonce, 10)
    await alice.conversation.react(room, first, "🎉")
    await bob.conversation.react(room, first, "🎉")
    await bob.conversation.pin(room, first)
    await alice.conversation.react(room, last, "👍")


async def _say(agent: "Agent", room: str, text: str) -> None:
    outgoing = await agent.send(agent.room(room).id, text)
    await agent.sent(outgoing.nonce, 10)


async def _picture(
    name: str,
    url: str,
    profile: str,
    size: tuple[int, int],
    *keys: str,
    then: tuple[str, tuple[str, ...]] = ("", ()),
) -> None:
    """`then`: what has to be seen after the keys, and further keys."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from mesh_tui.app import MeshApp

    app = MeshApp(server=url, profile=profile)
    async with app.run_test(size=size) as pilot:
        await until(lambda: _settled(app), f"{name} to be there")
        await pilot.press(*keys)
        await until(lambda: then[0] in _text(app), then[0])
        await pilot.press(*then[1])
        await _take(app, name)


async def _take(app: "MeshApp", name: str) -> None:
    """Once what goes on for a moment is over."""
    await asyncio.sleep(0.5)
    (FOLDER / f"{name}.svg").write_text(_without_fonts(app.export_screenshot(title="mesh")))


async def _call(url: str, bob: "Agent", size: tuple[int, int]) -> None:
    """Bob calls, alice answers, carol comes, and then they show each other something."""
    from mesh_agent.agent import Agent
    from mesh_agent.calls.state import Media
    from mesh_tui.app import MeshApp

    room = bob.room("Test Chat").id
    carol = await Agent.open(profile="carol", server=url)
    await carol.register("carol", PASSWORD)
    await carol.wait_connected(10)
    await carol.join(room)
    app = MeshApp(server=url, profile="alice")
    async with app.run_test(size=size) as pilot:
        await until(lambda: _settled(app), "Home")
        await app.save_settings(CALLS)
        await pilot.press("down", "enter")
        await until(lambda: "Message Test Chat" in _text(app), "the room")
        called = await bob.calls.call(room, ["alice"], media=Media(audio_in="tone", audio_out="none"))
        await until(lambda: "bob calls" in _text(app), "it to ring")
        await _take(app, "ringing")
        await pilot.press("alt+c")
        await until(lambda: "● bob" in _text(app), "bob to be heard")
        joined = await carol.calls.join(room, called.id, media=Media(audio_in="none", audio_out="none"))
        joined.mute(True)
        await until(lambda: _known(app) == 2 and "muted" in _text(app), "all three")
        await pilot.press("i")
        await _take(app, "call")
        await pilot.press("i", "c")
        called.camera(True, "test")
        joined.camera(True, "test")
        await until(lambda: _shown(app) == 3, "three pictures")
        await _take(app, "call-pictures")
        await pilot.press("q")
        await until(lambda: app.agent.calls.current is None, "the end")
    await carol.close()


def _known(app: "MeshApp") -> int:
    """Of how many parties the call knows how far away they are."""
    call = app.agent.calls.current
    parties = call.parties if call is not None else []
    return sum(party.statistics.round_trip_ms is not None for party in parties)


def _shown(app: "MeshApp") -> int:
    """How many pictures of a call there are."""
    from mesh_tui.widgets.tiles import Tile

    return sum(tile.picture is not None for tile in app.screen.query(Tile))


def _text(app: "MeshApp") -> str:
    strips = app.screen._compositor.render_strips()  # noqa: SLF001 - as the tests look at it
    return "\n".join(strip.text for strip in strips)


def _settled(app: "MeshApp") -> bool:
    from mesh_agent.client.state import Connected
    from mesh_tui.screens.home import Home
    from mesh_tui.screens.login import Login

    connected = isinstance(app.screen, Home) and isinstance(app.agent.connection, Connected)
    return connected or isinstance(app.screen, Login)


def _without_fonts(svg: str) -> str:
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace(
        "Fira Code", "ui-monospace, Menlo"
    )
    return svg.replace("<svg ", '<svg xml:space="preserve" ', 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="pictures", description=__doc__)
    parser.add_argument("--columns", type=int, default=96)
    parser.add_argument("--rows", type=int, default=30)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.columns, arguments.rows))
