"""Saying that a call is not answered here, or has been dealt with: to its caller, and to our other programs.

What cannot be said since there is no line is not said: who rings hears of nobody then, which is as good.
"""

import contextlib

from mesh_agent.calls.ringing import Ring
from mesh_agent.client.errors import Unreachable
from mesh_agent.client.introductions import Introductions
from protocol.calls import HangUp
from protocol.signals import RtcOffer, SendRtcHangup


class Ending:
    def __init__(self, introductions: Introductions) -> None:
        self._introductions = introductions

    def hang_up(self, room_id: str, call_id: str, to: str, reason: HangUp) -> None:
        """`to`: a device, or all of a user."""
        with contextlib.suppress(Unreachable):
            self._introductions.calling.say(
                SendRtcHangup(call_id=call_id, room_id=room_id, to=to, reason=reason)
            )

    def refuse(self, event: RtcOffer, reason: HangUp) -> None:
        """The caller gives up now, so nothing of this person goes on ringing."""
        for to in (event.sender.device_id, self._introductions.user.id):
            self.hang_up(event.room_id, event.call_id, to, reason)

    def tell_own(self, ring: Ring, reason: HangUp) -> None:
        """All other programs of this person."""
        self.hang_up(ring.shown.room_id, ring.shown.call_id, self._introductions.user.id, reason)
