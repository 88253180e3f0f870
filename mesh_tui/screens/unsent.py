"""What was not sent: chosen like any other message, it is sent again, taken back, copied or dropped.

Strategy: the keys are those of a message that was sent, where they mean the same; `check_action` says which
of the two sets is the one that works.
"""

from typing import Final

from mesh_agent.client.state import Outgoing
from mesh_tui.aim import Aim, AimKind
from mesh_tui.layout.cells import clip, paintable
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.choosing import Choosing
from mesh_tui.workers import begin

_WITH_IT: Final = frozenset({"resend", "rewrite", "discard"})


class Unsent(Choosing):
    """What a room's screen does with a message that the server refused."""

    @property
    def _unsent(self) -> Outgoing | None:
        return self.facing.chosen_unsent if self.is_mounted else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _WITH_IT:
            return self._unsent is not None
        if action == "copy" and self._unsent is not None:
            return True
        return super().check_action(action, parameters)

    def action_resend(self) -> None:
        if (unsent := self._unsent) is not None:
            self.entrust(self.mesh.agent.retry, unsent.nonce)
            self.lower()

    def action_rewrite(self) -> None:
        """What it says, above what is being written already, and aimed at what it was aimed at."""
        if (unsent := self._unsent) is not None:
            self.lower()
            self.composer.load_text("\n".join(filter(None, (unsent.content, self.composer.text))))
            self.entrust(self.mesh.agent.discard, unsent.nonce)
            kind: AimKind = "reply" if unsent.reply_to else "thread"
            if about := unsent.reply_to or unsent.thread:
                begin(self, self._aim_again, unsent.room_id, kind, about, exclusive=True, group="aiming")

    async def _aim_again(self, room_id: str, kind: AimKind, about: str) -> None:
        message = self.timeline.message(about) or await self.attempt(
            self.mesh.agent.conversation.message, room_id, about
        )
        if self.room.id != room_id or message is None:
            return
        if message.deleted:
            self.tell("What it answered was deleted; it is a message of its own now.")
        else:
            self.take_aim(Aim(kind, message))

    def action_discard(self) -> None:
        if (unsent := self._unsent) is not None:
            self.ask_to_drop(unsent)

    def action_copy(self) -> None:
        if (unsent := self._unsent) is not None:
            self.copy_said(unsent.content)
        else:
            super().action_copy()

    def action_drop(self) -> None:
        self.ask_to_drop(self.timeline.failed()[0])

    def ask_to_drop(self, outgoing: Outgoing) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                if self.facing.has_focus:
                    self.lower()
                self.entrust(self.mesh.agent.discard, outgoing.nonce)

        text = clip(paintable(outgoing.content).replace("\n", " "), 200)
        self.mesh.push_screen(Ask("Drop this message?", f"{text}\n\n{outgoing.error}", yes="Drop"), answered)
