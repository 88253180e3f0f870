"""Commands about calls: beginning and answering one, what is heard and seen in it, and its end."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from mesh_tui import calling
from mesh_tui.paths import expanded
from mesh_tui.slash import look_up, misused

if TYPE_CHECKING:
    from mesh_agent.calls.announcing import Announced
    from mesh_tui.screens.base import MeshScreen
    from mesh_tui.screens.choosing import Choosing

    Screen = MeshScreen[Any]

Run = Callable[[Any, str], Awaitable[None]]

VIDEO: Final = "--video"


async def _call(screen: "Choosing", argument: str) -> None:
    words = argument.split()
    video = VIDEO in words
    names = [word for word in words if word != VIDEO]
    if any(name.startswith("--") for name in names):
        raise misused(look_up("call"))
    room_id = screen.room.id
    await calling.begin_call(screen.mesh, room_id, [name.removeprefix("@") for name in names], video=video)
    screen.show_call()


async def join_announced(screen: "Choosing", announced: "Announced") -> None:
    """Comes into the call that a message tells of."""
    await calling.join(screen.mesh, screen.room.id, announced.call_id, starter=announced.user_id)
    screen.show_call()


async def _answer(screen: "Screen", argument: str) -> None:
    if argument not in ("", VIDEO):
        raise misused(look_up("answer"))
    await calling.answer(screen.mesh, video=bool(argument))
    screen.show_call()


async def _hang_up(screen: "Screen", _: str) -> None:
    await calling.current(screen.mesh).leave()


def _simple(deed: Callable[[calling.Host], str]) -> Run:
    async def run(screen: "Screen", _: str) -> None:
        screen.tell(deed(screen.mesh))

    return run


async def _share(screen: "Screen", argument: str) -> None:
    screen.tell(calling.share(screen.mesh, str(expanded(argument)) if argument else ""))


async def _record(screen: "Screen", argument: str) -> None:
    screen.tell(await calling.record(screen.mesh, expanded(argument) if argument else None))


async def _statistics(screen: "Screen", _: str) -> None:
    screen.show_people(calling.here(screen.mesh, calling.current(screen.mesh)))


RUN: Final[dict[str, Run]] = {"call": _call}
ANYWHERE: Final[dict[str, Run]] = {
    "answer": _answer,
    "decline-call": _simple(calling.decline),
    "hangup": _hang_up,
    "mute-mic": _simple(calling.mute),
    "deafen": _simple(calling.deafen),
    "camera": _simple(calling.camera),
    "share-screen": _share,
    "talk": _simple(calling.talk),
    "push-to-talk": _simple(calling.push_to_talk),
    "test-tone": _simple(calling.test_tone),
    "record-call": _record,
    "call-stats": _statistics,
}
