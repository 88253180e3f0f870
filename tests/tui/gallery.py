"""Every screen in three sizes and four themes, as text: what `tests/tui/pictures` holds, and the way there.

Strategy: a server whose day is always the same, the conversation of `scripts.take_pictures`, and one app for
each walk, which goes from screen to screen; each is resized and painted in each theme where it stands. A
screen that is new needs a line in `WALKS`, and `scripts/snapshots` to take it. There are several walks since
tests run side by side.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from textual.strip import Strip

from mesh_tui.screens.opening import Opening
from scripts.take_pictures import furnish
from tests.support.cells import Rows, describe, rows_of
from tests.support.conditions import until
from tests.support.server import ServerProcess
from tests.tui.seat import Seat, seated

FOLDER: Final = Path(__file__).parent / "pictures"
SIZES: Final = ((80, 24), (120, 40), (50, 16))
THEMES: Final = ("monokai", "light", "contrast", "sixteen")
LOOKS: Final = 50
"""Times that a screen is looked at, at most, until it no longer changes."""


class StillServer(ServerProcess):
    module = "tests.support.still_server"


class View(NamedTuple):
    """A screen: the keys that lead there from the one before, and words of it that come last."""

    name: str
    keys: tuple[str, ...]
    word: str
    another: str = ""


SIGNED_OUT: Final = (
    View("login", (), "Sign in"),
    View("register", ("ctrl+t",), "8 characters or more"),
    View("login-empty", ("ctrl+t", "enter", "enter"), "✗"),
)

HOME: Final = (
    View("home", (), "Public rooms"),
    View("home-command", ("slash",), "Command"),
    View("tour", (*"tour", "enter"), "Tour 1 of 3"),
    View("help", ("escape", "f1"), "Keys and commands"),
    View("settings", ("escape", "f4", "down", "down"), "Shown as"),
    View("ssh-keys", ("escape", "slash", *"ssh-keys", "enter"), "There is none"),
    View("switcher", ("escape", "ctrl+k"), "Go to"),
)

ROOM: Final = (
    View("room", ("down", "enter"), "Message Test Chat"),
    View("room-offers", (*"/re",), "/reply"),
    View("room-chosen", ("ctrl+u", "up", "up"), "Reply"),
    View("react", ("a",), "its number"),
    View("thread", ("escape", "t"), "goes into the thread"),
    View("question", ("escape", "f9"), "Leave Test Chat?"),
)

FOUND: Final = (
    View("search", ("down", "enter", *"/search retry", "enter"), "in Test Chat  #4"),
    View("people", ("escape", *"/who", "enter"), "In Test Chat"),
    View("inbox", ("escape", "alt+i"), "And signed."),
    View("room-file", ("escape", *"/send ~/plan.pdf", "enter"), "waits for bob", "will be asked"),
    View("transfers", ("f7",), "Files on their way"),
    View("transfer", ("enter",), "Room     Test Chat"),
    View("verify", ("escape", "escape", *"/verify", "enter"), "has been met yet"),
    View("call", ("escape", *"/call @bob", "enter"), "rings…"),
)

SILENT: Final = {"calls.audio_in": "none", "calls.audio_out": "none"}
"""Of a call that rings without sound nothing moves."""

WALKS: Final = {"signed-out": SIGNED_OUT, "home": HOME, "room": ROOM, "found": FOUND}
"""Each begins anew: where nobody is signed in, or at Home."""

OPENING: Final = View("opening", (), "opening…")
"""At the end of the first walk: it comes and goes before anybody could press a key."""


def takes(size: tuple[int, int], theme: str, *, everything: bool) -> bool:
    """Whether this is taken: the first theme in each size, the others each in one, or `everything`."""
    place = THEMES.index(theme)
    return everything or not place or SIZES[place % len(SIZES)] == size


def files_of(walk: str) -> set[str]:
    """The names of the files that it makes."""
    views = (*WALKS[walk], *((OPENING,) if walk == "signed-out" else ()))
    return {_file(view, size) for view in views for size in SIZES}


def _file(view: View, size: tuple[int, int]) -> str:
    return f"{view.name}-{size[0]}x{size[1]}.txt"


async def pictures(walk: str, folder: Path, *, everything: bool = True) -> AsyncIterator[tuple[str, str]]:
    """The name of a file and what is to be in it, one after the other. The environment names a home."""
    seat: Seat
    with running(folder) as server:
        if walk == "signed-out":
            async with seated(server=server.url, profile="nobody", size=SIZES[0]) as seat:
                async for name, described in _walk(seat, SIGNED_OUT, everything):
                    yield name, described
                seat.call(seat.app.push_screen, Opening())
                async for name, described in _walk(seat, (OPENING,), everything):
                    yield name, described
            return
        bob = await furnish(server.url)
        plan()
        async with seated(server=server.url, profile="alice", size=SIZES[0]) as seat:
            await seat.sees("connected", "Test Chat", "design")
            await seat.app.save_settings(SILENT)
            async for name, described in _walk(seat, WALKS[walk], everything):
                yield name, described
        await bob.close()


def plan() -> None:
    """A file in the home, which is sent to somebody who takes nothing."""
    home = Path.home()
    home.mkdir(parents=True, exist_ok=True)
    (home / "plan.pdf").write_bytes(bytes(48_000))


@contextmanager
def running(folder: Path) -> Iterator[ServerProcess]:
    server = StillServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


async def _walk(seat: Seat, views: tuple[View, ...], everything: bool) -> AsyncIterator[tuple[str, str]]:
    for view in views:
        await seat.press(*view.keys)
        await seat.sees(view.word, view.another)
        taken: dict[tuple[int, int], dict[str, Rows]] = {size: {} for size in SIZES}
        for theme in THEMES:  # another size costs less than another theme
            seat.call(seat.app.preferences.preview, theme)
            for size in (size for size in SIZES if takes(size, theme, everything=everything)):
                await seat.resize(*size)
                seat.call(lambda: seat.app.screen.refresh(layout=True))  # a bar may be from the other size
                taken[size][theme] = await _still(seat)
        for size, by_theme in taken.items():
            yield _file(view, size), describe(by_theme)
        await seat.resize(*SIZES[0])


async def _still(seat: Seat) -> Rows:
    """The screen once it no longer changes.

    After a frame a screen rests for a moment before it lays out what changed since, such as a form that has
    become short and still has its scrollbar; that it looks the same twice is not enough.
    """
    before: list[Strip] = []
    for _ in range(LOOKS):
        await seat.pause()
        await until(lambda: seat.at_rest, "the screen to come to rest")
        shown = seat.strips
        if shown == before:
            return rows_of(shown)
        before = shown
    raise AssertionError(f"the screen does not come to rest:\n{seat.text}")
