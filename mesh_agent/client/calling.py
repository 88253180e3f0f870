"""Signals of calls, over the line to the server: said to devices of a room's members, and heard from them.

Strategy: none of them has an answer, and none is kept: what was said while there was no line is said again by
whoever has the call (`machines.call`). What arrives is handed on as it comes; nothing here reads it.
"""

from collections.abc import Callable
from typing import Final, Protocol

from mesh_agent.client.errors import Unreachable
from protocol.events import ClientToServer, PresenceChanged
from protocol.signals import (
    RtcAnswer,
    RtcHangup,
    RtcIce,
    RtcOffer,
    SendRtcAnswer,
    SendRtcHangup,
    SendRtcIce,
    SendRtcOffer,
)

CallEvent = RtcOffer | RtcAnswer | RtcIce | RtcHangup
CallRequest = SendRtcOffer | SendRtcAnswer | SendRtcIce | SendRtcHangup

CALL_EVENTS: Final[tuple[type, ...]] = (RtcOffer, RtcAnswer, RtcIce, RtcHangup)


class CallConsumer(Protocol):
    """Whom calls concern. Called on the loop; must not block it and must not raise."""

    def call_event(self, event: CallEvent) -> None: ...
    def call_line_up(self) -> None:
        """There is a line, and whatever was said before may not have arrived."""

    def call_line_lost(self) -> None:
        """There is none; so nothing is heard, by whomever it is said."""

    def call_offline(self, user_id: str) -> None:
        """The server says that nobody of theirs is there any more, or that they want not to be seen."""


class Calling:
    """One account's."""

    def __init__(self) -> None:
        self._send: Callable[[ClientToServer], None] | None = None
        self._consumer: CallConsumer | None = None

    def listen(self, consumer: CallConsumer | None) -> None:
        """From now on `consumer` is told; None: nobody is."""
        self._consumer = consumer

    @property
    def up(self) -> bool:
        return self._send is not None

    def say(self, request: CallRequest) -> None:
        """Whether it arrives is not told. Raises: Unreachable."""
        if self._send is None:
            raise Unreachable("There is no connection to the server now.")
        self._send(request)

    # ── what the workspace tells ──────────────────────────────────

    def line_up(self, send: Callable[[ClientToServer], None]) -> None:
        self._send = send
        if self._consumer is not None:
            self._consumer.call_line_up()

    def line_lost(self) -> None:
        self._send = None
        if self._consumer is not None:
            self._consumer.call_line_lost()

    def presence(self, event: PresenceChanged) -> None:
        if self._consumer is not None and event.presence == "offline":
            self._consumer.call_offline(event.user_id)

    def heard(self, event: CallEvent) -> None:
        if self._consumer is not None:
            self._consumer.call_event(event)
