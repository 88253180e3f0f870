"""The notifier between a real agent and a terminal that remembers what is written to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from msgspec import structs

from mesh_agent.agent import Agent
from mesh_agent.calls.state import CallRinging, Ringing
from mesh_agent.client.state import ConnectionChanged, MessageReceived, Waiting
from mesh_agent.sharing.state import OfferedPath, Transfer, TransferChanged
from mesh_tui.desktop import Desktop
from mesh_tui.notifier import Notifier
from mesh_tui.settings import Calls, Notify, Settings
from protocol.rest import Message, Room
from tests.support.conditions import until
from tests.support.line import line_to
from tests.tui.conftest import SignUp, SitDown

BELL = "\a"


class Place:
    """Where alice may be told: a screen with a room on it or none, and a terminal."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.settings = Settings(notify=Notify(how="osc9"))
        self.room_in_front = ""
        self.toasts: list[str] = []
        self.written: list[str] = []
        self.waiting: list[int] = []
        self.heard: set[str] = set()
        self.notifier = Notifier(self, Desktop(self.written.append, {"TERM": "xterm"}))

    def toast(self, words: str) -> None:
        self.toasts.append(words)

    def waits_for_me(self, count: int) -> None:
        self.waiting.append(count)

    def set(self, **notify: object) -> None:
        self.settings = Settings(notify=structs.replace(self.settings.notify, **notify))

    async def hear(self) -> None:
        events = self.agent.subscribe()
        self.notifier.heard(ConnectionChanged(self.agent.connection))
        async for event in events:
            self.notifier.heard(event)
            if isinstance(event, MessageReceived):
                self.heard.add(event.message.id)


@asynccontextmanager
async def at_work(place: Place) -> AsyncIterator[None]:
    works = [asyncio.create_task(work) for work in (place.hear(), place.notifier.run())]
    await asyncio.sleep(0)  # from now on it hears
    try:
        yield
    finally:
        for work in works:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work


@pytest.fixture
async def place(sign_up: SignUp, shared_server: str, number: int) -> AsyncIterator[Place]:
    place = Place(await sign_up(f"alice{number}", shared_server))
    async with at_work(place):
        yield place


@pytest.fixture
async def bob(sign_up: SignUp, shared_server: str, number: int) -> Agent:
    return await sign_up(f"bob{number}", shared_server)


@pytest.fixture
async def room(place: Place, bob: Agent, number: int) -> Room:
    """One that both are in."""
    room = await place.agent.create_room(f"room {number}")
    await bob.join(room.id)
    return room


Say = Callable[[str, str], Awaitable[None]]


@pytest.fixture
def say(place: Place, bob: Agent) -> Say:
    """Bob says something in a room, and alice's notifier has heard it."""

    async def say(room_id: str, text: str) -> None:
        message = await _heard_by_server(bob, room_id, text)
        await until(lambda: message.id in place.heard, "it to be heard")

    return say


async def test_who_is_away_is_told_on_the_desktop_with_the_bell(
    place: Place, room: Room, say: Say, number: int
) -> None:
    place.notifier.focused(False)
    place.room_in_front = room.id
    await say(room.id, f"@alice{number} [b]there[/b]?\x1b]2;x\a; yes")
    await until(lambda: len(place.written) == 2, "the notification and the bell")
    text = f"bob{number} in room {number}: @alice{number} [b]there[/b]?]2,x, yes"
    assert place.written == [f"\x1b]9;{text}\x1b\\", BELL]
    assert not place.toasts


async def test_who_is_there_sees_what_is_said_to_them_in_another_room(
    place: Place, room: Room, say: Say, number: int
) -> None:
    await say(room.id, "to nobody")
    await say(room.id, f"@alice{number} hello")
    await until(lambda: place.toasts, "the toast")
    assert place.toasts == [f"bob{number} in room {number}\n@alice{number} hello"]
    assert not place.written


async def test_a_dm_that_nobody_has_opened_is_told_by_name_alone_if_so_set(
    place: Place, bob: Agent, number: int
) -> None:
    place.set(preview="name", bell=False)
    place.notifier.focused(False)
    dm = await bob.order.dm(f"alice{number}")
    await bob.send(dm.id, "a secret")
    await until(lambda: place.written, "the notification")
    assert place.written == [f"\x1b]9;bob{number}: wrote to you\x1b\\"]
    await until(lambda: place.waiting[-1:] == [1], "one that waits")


async def test_only_what_the_room_is_set_to_is_told(place: Place, room: Room, say: Say, number: int) -> None:
    place.notifier.focused(False)
    place.set(rooms={room.name: "none"})
    await say(room.id, f"@alice{number} muted")
    place.set(rooms={})
    await say(room.id, "by default, no")
    place.set(rooms={room.name: "all"})
    await say(room.id, "everything")
    await until(lambda: place.written, "the notification")
    assert "everything" in place.written[0]
    assert "2 new" not in place.written[0]


async def test_what_is_told_later_is_not_if_somebody_has_seen_it(
    place: Place, room: Room, say: Say, number: int
) -> None:
    place.notifier.focused(False)
    await say(room.id, f"@alice{number} first")
    await until(lambda: place.written, "the notification")
    place.written.clear()
    await say(room.id, f"@alice{number} second")
    place.notifier.focused(True)
    place.notifier.focused(False)
    await say(room.id, f"@alice{number} third")
    await until(lambda: place.written, "the notification")
    assert place.written[0] == f"\x1b]9;bob{number} in room {number}: @alice{number} third\x1b\\"


async def test_who_is_busy_has_quiet(place: Place, room: Room, say: Say, number: int) -> None:
    place.notifier.focused(False)
    await place.agent.set_presence("busy")
    await say(room.id, f"@alice{number} not now")
    await place.agent.set_presence("online")
    await say(room.id, f"@alice{number} now")
    await until(lambda: place.written, "the notification")
    assert place.written[0].endswith(f"room {number}: @alice{number} now\x1b\\")


async def test_off_is_off(place: Place, room: Room, say: Say, number: int) -> None:
    place.set(how="off")
    place.notifier.focused(False)
    await say(room.id, f"@alice{number} nothing")
    await until(lambda: place.waiting[-1:] == [1], "it to be counted")
    place.notifier.focused(True)
    place.set(toasts=True)
    await say(room.id, f"@alice{number} a toast")
    await until(lambda: place.toasts, "the toast")
    assert not place.written


async def test_what_was_missed_without_a_line_is_told_and_what_was_said_before_the_start_is_not(
    sign_up: SignUp, bob: Agent, shared_server: str, number: int
) -> None:
    async with line_to(shared_server) as line:
        first = await sign_up(f"alice{number}", line.url)
        room = await first.create_room(f"room {number}")
        await bob.join(room.id)
        await first.close()
        await _heard_by_server(bob, room.id, f"@alice{number} before")
        place = Place(await Agent.open(profile=f"alice{number}", server=line.url))
        async with at_work(place):
            place.notifier.focused(False)
            await place.agent.start()
            await place.agent.wait_current(room.id)
            await until(lambda: place.heard, "what was said before")
            line.stall()
            line.cut()
            await until(lambda: isinstance(place.agent.connection, Waiting), "the line to be down")
            await _heard_by_server(bob, room.id, f"@alice{number} missed")
            line.heal()
            await place.agent.reconnect_now()
            await until(lambda: place.written, "the notification")
        await place.agent.close()
    assert place.written[0] == f"\x1b]9;bob{number} in room {number}: @alice{number} missed\x1b\\"


async def _heard_by_server(bob: Agent, room_id: str, text: str) -> Message:
    outgoing = await bob.send(room_id, text)
    message = await bob.sent(outgoing.nonce)
    assert message is not None
    return message


@pytest.mark.parametrize(
    ("how", "bell", "said"),
    [
        (
            "auto",
            True,
            "The bell rang: xterm is not known to show more. notify.how can be osc9, osc777 or osc99.",
        ),
        ("bell", True, "The bell rang, as notify.how says."),
        ("osc777", True, "In 0 s: OSC 777 and the bell to xterm. Look"),
        ("osc99", False, "In 0 s: OSC 99 to xterm. Look"),
        ("off", True, "Nothing goes to the desktop: notify.how is off."),
    ],
)
async def test_a_try_says_which_way_it_went(how: str, bell: bool, said: str) -> None:
    written: list[str] = []
    settings = Settings(notify=Notify(how=how, bell=bell))  # type: ignore[arg-type]
    told = await Desktop(written.append, {"TERM": "xterm"}, pause_s=0.0).test(settings)
    assert told.startswith(said)
    if how != "off":
        await until(lambda: written, "the try")
    assert len(written) == (2 if bell and how.startswith("osc") else how != "off")


async def test_a_try_says_what_tmux_needs() -> None:
    environment = {"TERM": "tmux-256color", "LC_TERMINAL": "iTerm2"}
    said = await Desktop(lambda _: None, environment).test(Settings())
    assert said.startswith("In 3 s: OSC 9 and the bell through tmux to iTerm2. Look at another window")
    assert said.endswith("If nothing is seen, tmux needs: set -g allow-passthrough on")


async def test_a_toast_shows_text_and_no_markup(
    sit_down: SitDown, sign_up: SignUp, shared_server: str, number: int
) -> None:
    alice = await sit_down("alice", shared_server)
    await alice.register(f"alice{number}")
    await alice.create_room(f"room {number}")
    await alice.press("escape")
    bob = await sign_up(f"bob{number}", shared_server)
    room = next(known for known in await bob.public_rooms() if known.name == f"room {number}")
    await bob.join(room.id)
    await bob.send(room.id, f"@alice{number} [/red] [@click=app.quit]out[/]")
    await alice.sees(f"▌ bob{number} in room {number}", "[/red]", "[@click=app.quit]out[/]")


async def test_an_offer_is_told_once_like_what_is_said_to_one(place: Place, room: Room, number: int) -> None:
    offer = Transfer(
        "t1", "receive", room.id, "u2", f"bob{number}", "plan\x1b].pdf", "file", "offered", size=48_000,
        paths=(OfferedPath("plan.pdf", "file", 48_000),),
    )  # fmt: skip
    place.notifier.heard(TransferChanged(offer))
    place.notifier.heard(TransferChanged(replace(offer, space=1)))
    await until(lambda: place.toasts, "it to be shown")
    assert place.toasts == [f"bob{number} in room {number}\noffers you plan].pdf, 47 KiB"]
    place.notifier.heard(TransferChanged(replace(offer, phase="declined")))
    place.notifier.focused(False)
    place.set(preview="name")
    place.room_in_front = room.id
    place.notifier.heard(TransferChanged(replace(offer, id="t2")))
    await until(lambda: len(place.written) == 2, "the notification and the bell")
    assert place.written[0] == f"\x1b]9;bob{number} in room {number}: offers you something\x1b\\"


async def test_who_calls_is_told_on_the_desktop_of_who_is_away(place: Place, room: Room, number: int) -> None:
    ringing = Ringing("call-1", room.id, "u2", f"bob\x1b]{number}", video=True, people=2)
    place.notifier.heard(CallRinging("call-1", ringing))
    place.notifier.focused(False)
    place.settings = replace_calls(place.settings, ring=False)
    place.notifier.heard(CallRinging("call-1", ringing))
    place.settings = replace_calls(place.settings, ring=True)
    place.notifier.heard(CallRinging("call-1", ringing))
    await until(lambda: len(place.written) == 2, "the notification and the bell")
    assert place.written[0] == f"\x1b]9;bob]{number} in room {number}: calls with video\x1b\\"
    assert not place.toasts


def replace_calls(settings: Settings, *, ring: bool) -> Settings:
    return structs.replace(settings, calls=Calls(ring=ring))
