"""What we bring into a call, and change while it lasts: voice, ear, camera, devices.

Strategy: one value (`Own`) says what is on. Each deed makes another of it, orders it from the process, and
hands what others are to know of it to the call.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any, Final

from mesh_agent.calls.state import Own
from mesh_agent.media import orders
from protocol.calls import Sends

PROBLEMS_MAX: Final = 6
"""Sentences about devices that are kept."""


class Doing(ABC):
    """Attributes:
    microphones, speakers: the names of devices that there are.
    """

    def __init__(self, own: Own) -> None:
        self.microphones: list[str] = []
        self.speakers: list[str] = []
        self._own = own
        self._of_devices: tuple[str, ...] = ()
        self._mutes = own.muted
        """The person wants to be muted. Who hears nothing, or does not talk, is muted besides."""

    @abstractmethod
    def _order(self, order: orders.Order) -> None:
        """Tells the process. Raises: CallOver"""

    @abstractmethod
    def _send(self, sends: Sends) -> None:
        """The others are to know it."""

    @property
    def sent(self) -> Sends:
        """What others know of it."""
        own = self._own
        return Sends(own.muted, own.deafened, own.camera, own.screen, own.records, own.file)

    # ── what the person does ─────────────────────────────────────────────────────────────────────

    def mute(self, muted: bool) -> None:
        self._mutes = muted
        self._sends()

    def deafen(self, deafened: bool) -> None:
        """Who hears nothing is not heard either; afterwards all is as it was before."""
        self._sends(deafened=deafened)

    def push_to_talk(self, on: bool) -> None:
        """Muted, but while `talk`."""
        self._mutes = False
        self._sends(push_to_talk=on, talking=False)

    def talk(self, talking: bool) -> None:
        """With `push_to_talk` alone."""
        if self._own.push_to_talk and talking != self._own.talking:
            self._sends(talking=talking)

    def camera(self, on: bool, source: str = "camera") -> None:
        """`source`: `camera`, `camera:NAME`, `test` or the path of a file."""
        self.show(source if on else "none")

    def show(self, video_in: str) -> None:
        """What is sent as a picture from now on; `screen` is one, too."""
        self._order(orders.Show(video_in=video_in))

    def use(self, audio_in: str, audio_out: str) -> None:
        """Other devices for sound."""
        self._order(orders.Use(audio_in=audio_in, audio_out=audio_out))

    def record(self, path: str | None) -> None:
        """The whole call, from now on, into this new file, which all are told; None: no longer."""
        self._order(orders.Record(path=path))

    def test(self) -> None:
        """Plays a tone for a second."""
        self._order(orders.Test())

    def _sends(self, **changes: Any) -> None:
        own = replace(self._own, **changes)
        muted = self._mutes or own.deafened or (own.push_to_talk and not own.talking)
        self._own = replace(own, muted=muted)
        self._order(orders.Speak(muted=self._own.muted, deafened=self._own.deafened))
        self._send(self.sent)

    # ── what the process says of it ──────────────────────────────────────────────────────────────

    def _ready(self, told: orders.Ready) -> None:
        self.microphones, self.speakers = told.microphones, told.speakers
        others = [text for text in self._own.problems if text not in self._of_devices]
        self._of_devices = tuple(told.problems)
        self._own = replace(self._own, problems=_kept([*others, *self._of_devices]))
        kind = told.video_in.partition(":")[0]
        self._own = replace(
            self._own,
            camera=kind not in ("none", "screen"),
            screen=kind == "screen",
            file=kind not in ("none", "screen", "camera", "test"),
            records=bool(told.record),
        )
        self._send(self.sent)

    def _problem(self, text: str) -> None:
        self._own = replace(self._own, problems=_kept([*self._own.problems, text]))


def news(before: Collection[str], now: Collection[str]) -> tuple[list[str], list[str]]:
    """Of `Own.problems` at two times: what is wrong now and was not, and what is right again."""
    return (
        [text for text in now if text not in before],
        [orders.BACK[text] for text in before if text not in now and text in orders.BACK],
    )


def _kept(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, at its last place; the latest."""
    return tuple(reversed(dict.fromkeys(reversed(list(texts)))))[-PROBLEMS_MAX:]
