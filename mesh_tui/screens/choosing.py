"""One message of a room chosen, and what keys do with it; slash commands do the same by way of this.

Strategy: the transcript knows which message is chosen, this screen what may be done with it: by whom it is,
and what one's role allows. The server decides all the same, and its refusal is said above the composer.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar

from textual import events, on

from mesh_agent.calls import announcing as calls
from mesh_agent.terminal import announcing
from mesh_agent.terminal.announcing import Announced
from mesh_tui import commands
from mesh_tui.actions import Place
from mesh_tui.aim import Aim
from mesh_tui.commands.calls import join_announced
from mesh_tui.commands.terminals import watch_announced
from mesh_tui.keymap import keys_in
from mesh_tui.layout.cells import clip, paintable
from mesh_tui.layout.links import links
from mesh_tui.layout.message import first_line
from mesh_tui.screens.ask import Ask
from mesh_tui.screens.bare import Bare
from mesh_tui.screens.finder import Batch, Finder, Found
from mesh_tui.screens.links import open_one
from mesh_tui.screens.react import React
from mesh_tui.screens.sending import Sending
from mesh_tui.screens.standing import Standing
from mesh_tui.slash import Typed
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.transcript import Transcript
from mesh_tui.workers import begin
from protocol.errors import MeshError
from protocol.rest import Message
from protocol.text import clean_line


class Choosing(Sending):
    """What a room's screen does with the message that is chosen."""

    _about_chosen = ""
    """What is told of it above the composer."""

    @property
    def facing(self) -> Transcript:
        """The messages that keys are for."""
        return self.transcript

    # ── choosing ─────────────────────────────────────────────────────────────────────────────────

    @on(Composer.Lifted)
    def lift(self) -> None:
        self.facing.choose_last()
        if self.facing.has_chosen:
            self.set_focus(self.facing)

    @on(Transcript.PastEnd)
    def lower(self) -> None:
        self.facing.choose(None)
        self.set_focus(self.composer)

    @on(Transcript.Chosen)
    def chosen_changed(self, event: Transcript.Chosen) -> None:
        message = event.message
        if message is not None and message.room_id != self.room.id:
            return  # another room was on the screen then
        words = f"#{message.seq} {clip(first_line(message), 60)}" if message else ""
        words = words or ("This message was not sent." if event.unsent else "")
        if words:
            self.notice.say(words)
        else:
            self.notice.unsay(self._about_chosen)  # what was done to it may have been refused meanwhile
        self._about_chosen = words
        self.refresh_bindings()

    @on(Transcript.ReactionClicked)
    def reaction_clicked(self, event: Transcript.ReactionClicked) -> None:
        """As if it was put there, or taken away, by its key."""
        known = event.message.reactions
        if event.number < len(known):
            reaction = known[event.number].reaction
            begin(self, self._attempt, self.toggle_reaction, event.message, reaction, group="changing")

    @on(Transcript.AnswersClicked)
    def answers_clicked(self, event: Transcript.AnswersClicked) -> None:
        self.show_thread(event.message)

    @on(Transcript.EnterClicked)
    def enter_clicked(self) -> None:
        self.action_take_up()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        # By the time that this is heard, the focus may be elsewhere again.
        writes = isinstance(event.widget, Composer) and event.widget.has_focus
        for transcript in self.query(Transcript) if writes else ():
            if transcript.has_chosen:
                transcript.choose(None)

    def is_key(self, key: str) -> bool:
        """While nothing is written, the key for help is no text; with a message chosen, nor are its keys."""
        own = self.mesh.settings.keys
        return key in keys_in("everywhere", own) or (self._has_chosen and key in keys_in(self._where, own))

    @property
    def _has_chosen(self) -> bool:
        return self.facing.has_focus and self.facing.has_chosen

    @property
    def _where(self) -> Place:
        if not self._has_chosen:
            return "reading"
        return "selected" if self.facing.chosen is not None else "unsent"

    @property
    def here(self) -> Sequence[Place]:
        return ("composer" if self.composer.has_focus else self._where, "room", "rooms")

    def take_back(self) -> bool:
        if self.facing.has_chosen:
            self.lower()
            return True
        return super().take_back()

    # ── what makes sense ─────────────────────────────────────────────────────────────────────────

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if (sense := self._MAY.get(action)) is not None:
            message = self.facing.chosen if self.is_mounted else None
            return message is not None and not message.deleted and sense(self, message)
        return super().check_action(action, parameters)

    def _mine(self, message: Message) -> bool:
        return message.author.id == self.me.id

    def _in_order(self, _: Message) -> bool:
        return self.room.my_role in ("moderator", "owner")

    def _may_delete(self, message: Message) -> bool:
        return self._mine(message) or self._in_order(message)

    def _in_thread(self, _: Message) -> bool:
        return self.facing is not self.transcript

    def _opens(self, message: Message) -> bool:
        return _running(message) is not None or bool(links(message.content))

    def _always(self, _: Message) -> bool:
        return True

    _MAY: ClassVar[Mapping[str, Callable[["Choosing", Message], bool]]] = {
        "reply": _always,
        "take_up": _always,
        "edit": _mine,
        "edit_outside": _mine,
        "delete": _may_delete,
        "react": _always,
        "pin": _in_order,
        "thread": _always,
        "open_link": _opens,
        "show_in_room": _in_thread,
        "copy": _always,
    }

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────

    def _do(self, what: Callable[[Message], object]) -> None:
        if (message := self.facing.chosen) is not None:
            what(message)

    def action_reply(self) -> None:
        self._do(lambda message: self.take_aim(Aim("reply", message)))

    def action_take_up(self) -> None:
        def take_up(message: Message) -> None:
            if (announced := _running(message)) is not None:
                self._watch(announced)
            elif (call := calls.read(message)) is not None and call.running:
                begin(self, self._attempt, join_announced, Standing(self), call, group="opening")
            else:
                self.take_aim(Aim("reply", message))

        self._do(take_up)

    def _watch(self, announced: Announced) -> None:
        begin(self, self._attempt, watch_announced, Standing(self), announced, group="opening")

    def action_edit(self) -> None:
        self._do(lambda message: self.take_aim(Aim("edit", message)))

    def action_edit_outside(self) -> None:
        self.action_edit()
        self.open_editor()

    def action_delete(self) -> None:
        self._do(self.ask_to_delete)

    def action_react(self) -> None:
        def react(message: Message) -> None:
            def answered(reaction: str | None) -> None:
                if reaction:
                    begin(self, self._attempt, self.toggle_reaction, message, reaction, group="changing")

            self.mesh.push_screen(React(), answered)

        self._do(react)

    def action_pin(self) -> None:
        self._do(lambda message: begin(self, self._attempt, self.toggle_pin, message, group="changing"))

    def action_thread(self) -> None:
        self._do(self.show_thread)

    def action_open_link(self) -> None:
        def open_it(message: Message) -> None:
            if (announced := _running(message)) is not None:
                self._watch(announced)
            else:
                begin(self, self._attempt, self.open_link, message, group="opening")

        self._do(open_it)

    def action_copy(self) -> None:
        self._do(lambda message: self.copy_said(message.content))

    def copy_said(self, text: str) -> None:
        if self.copied(text):
            self.notice.say("Copied.")

    def action_bare(self) -> None:
        self.mesh.push_screen(Bare(self.facing.entries, self.facing.last_visible, self.me))

    async def run_command(self, typed: Typed) -> None:
        await commands.run_in_room(Standing(self), typed)

    # ── what keys and commands do ────────────────────────────────────────────────────────────────

    async def _attempt(self, call: Callable[..., Awaitable[object]], *arguments: object) -> None:
        try:
            await call(*arguments)
        except MeshError as error:
            self.notice.say(clean_line(error.message), wrong=True)

    def ask_to_delete(self, message: Message) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self.lower()
                delete = self.mesh.agent.conversation.delete
                begin(self, self._attempt, delete, message.room_id, message.id, group="changing")

        text = clip(paintable(clean_line(message.content)), 200)
        self.mesh.push_screen(Ask("Delete this message for everyone?", text, yes="Delete"), answered)

    async def toggle_reaction(self, message: Message, reaction: str) -> None:
        """Puts it below the message, or takes mine away."""
        reaction = clean_line(reaction)
        mine = any(self.me.id in known.users for known in message.reactions if known.reaction == reaction)
        await self.mesh.agent.conversation.react(message.room_id, message.id, reaction, on=not mine)

    async def toggle_pin(self, message: Message) -> None:
        await self.mesh.agent.conversation.pin(message.room_id, message.id, pinned=not message.pinned)

    async def open_link(self, message: Message) -> None:
        await open_one(self, message.content)

    # ── lists of messages ────────────────────────────────────────────────────────────────────────

    def show_thread(self, message: Message) -> None:
        """Shows the thread that a message is in, or begins."""
        raise NotImplementedError

    def show_pins(self) -> None:
        room_id = self.room.id

        async def source(_query: str, _following: str | None) -> Batch:
            pins = await self.mesh.agent.conversation.pins(room_id)
            return Batch([Found(message) for message in pins])

        title = f"Pinned in {clip(paintable(self.room.name), 40)}"
        self.mesh.push_screen(Finder(title, source, query=None, empty="Nothing is pinned here."), self._found)

    def _found(self, message: Message | None) -> None:
        if message is not None:
            self.mesh.open_room(message.room_id, at=message)


def _running(message: Message) -> Announced | None:
    """The terminal that it tells of, where that is still shared."""
    announced = announcing.read(message)
    return announced if announced is not None and announced.running else None
