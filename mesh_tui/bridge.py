"""The one worker that turns what the agent tells into Textual messages.

Strategy: the app and every screen on the stack get every event, in order, as one message type. The agent's
own queue is bounded and says when it overflowed; Textual's is not, so after every `IN_FLIGHT` events the
bridge waits until the screens have handled them. A burst then piles up where it is bounded.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from textual.app import App
from textual.message import Message

from mesh_agent.client.hub import Subscription
from mesh_agent.client.state import AgentEvent, ConnectionChanged, MembersChanged, RoomsChanged

IN_FLIGHT: Final = 64
HANDLED_S: Final = 5.0
"""How long a screen may take before the bridge goes on; one that is being closed never answers."""

_LATEST_WINS: Final = (ConnectionChanged, RoomsChanged)


@dataclass
class FromAgent(Message, bubble=False):
    """One event of the agent. Where only the latest state counts, a newer one takes an older one's place."""

    event: AgentEvent

    def can_replace(self, message: Message) -> bool:
        if not isinstance(message, FromAgent) or type(message.event) is not type(self.event):
            return False
        if isinstance(self.event, MembersChanged) and isinstance(message.event, MembersChanged):
            return self.event.room_id == message.event.room_id
        return isinstance(self.event, _LATEST_WINS)


async def forward(app: App[None], subscription: Subscription) -> None:
    """Hands events on for as long as there are any."""
    unconfirmed = 0
    async for event in subscription:
        for pump in (app, *app.screen_stack):
            pump.post_message(FromAgent(event))
        unconfirmed += 1
        if unconfirmed >= IN_FLIGHT:
            await _handled(app)
            unconfirmed = 0


async def _handled(app: App[None]) -> None:
    pumps = (app, *app.screen_stack)
    handled = [asyncio.Event() for _ in pumps]
    for pump, event in zip(pumps, handled, strict=True):
        pump.call_later(event.set)
    with suppress(TimeoutError):
        async with asyncio.timeout(HANDLED_S):
            for event in handled:
                await event.wait()
