"""The lower part of a room: what is written, what Enter makes of it, and what was not sent.

Strategy: Enter sends, or does what the *aim* says (answer a message, write in its thread, change what it
says), or runs a command. Whatever cannot be done comes back into the place where it was typed, with the
reason above it. Calls of the agent run in workers, in the order typed.
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Final

from textual import events, on
from textual.widgets import TextArea

from mesh_tui import slash, substitute
from mesh_tui.aim import Aim, AimKind
from mesh_tui.completing import CHOICES, Completion, Name, complete
from mesh_tui.layout.cells import clip
from mesh_tui.layout.message import Me, first_line
from mesh_tui.paths import listing
from mesh_tui.screens.among import Among
from mesh_tui.screens.ask import Ask
from mesh_tui.slash import Typed
from mesh_tui.slash_commands import Command, Kind
from mesh_tui.substitute import Substitution
from mesh_tui.timeline import Timeline
from mesh_tui.widgets.composer import Composer
from mesh_tui.widgets.notice import Notice
from mesh_tui.widgets.offers import Offers
from mesh_tui.widgets.participants import Participants
from mesh_tui.widgets.transcript import Transcript
from mesh_tui.workers import SENDING, begin, goes
from protocol.errors import MeshError, NotAuthor
from protocol.rest import Member, Room
from protocol.text import clean_line

LISTED_S: Final = 5.0
"""How long what is in a folder is taken to be as it was read."""

_AIMS: Final[dict[AimKind, str]] = {
    "reply": "↪ Answering {}",
    "thread": "↳ In the thread of {}",
    "edit": "✎ Changing {}",
}


class Writing(Among):
    """What a room's screen does with the composer. `room` and `timeline` are those that it shows."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self.room = room
        self.timeline = Timeline()
        self._sending = asyncio.Lock()
        self._aim: Aim | None = None
        self._rest: Aim | None = None
        """What is aimed at where nothing else is: a thread that is open."""

        self._listed: tuple[str, Sequence[str], float] = "", (), -LISTED_S
        """The folder that was read last, for a path that is being typed, what is in it, and when that was."""

        self._named: tuple[list[Member], dict[str, Name]] = [], {}
        """The members whose names are held, and those; made anew for other members, not for each letter."""

    @property
    def me(self) -> Me:
        user = self.mesh.agent.user
        return Me(user.id, user.username) if user else Me("", "")

    @property
    def room_id(self) -> str:
        return self.room.id

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def composer(self) -> Composer:
        return self.query_one(Composer)

    @property
    def notice(self) -> Notice:
        return self.query_one(Notice)

    async def ask(self, question: str, detail: str, *, yes: str) -> bool:
        """What the person answers; for work that runs in a worker."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def answered(agreed: bool | None) -> None:
            if not answer.done():
                answer.set_result(bool(agreed))

        self.mesh.push_screen(Ask(question, detail, yes=yes), answered)
        return await answer

    def start_writing(self) -> None:
        """Another room is shown: its draft stands there, aimed at nothing."""
        self._aim = None
        self.notice.put_aim("")
        self.notice.say("")
        self.composer.about = self.room.id
        self.composer.load_text(self.mesh.drafts.get(self.room.id))

    # ── what the whole room does ─────────────────────────────────────────────────────────────────

    def tell(self, words: str) -> None:
        self.notice.say(words)

    def will_send(self) -> None:
        """Something is about to be sent here: the room should show its end."""
        raise NotImplementedError

    async def run_command(self, typed: Typed) -> None:
        """Raises `MeshError`: it was not done, or there is no such command."""
        raise NotImplementedError

    def mark_all_read(self) -> None:
        """Nothing in the room is new any more."""
        raise NotImplementedError

    def ask_to_leave(self) -> None:
        """Leaves the room, after a question."""
        raise NotImplementedError

    def is_key(self, key: str) -> bool:
        """Whether a key does something now, though it is a letter."""
        raise NotImplementedError

    # ── what is typed ────────────────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """Whatever has the focus, what is typed is written."""
        printable = event.character is not None and event.is_printable
        if printable and not self.composer.has_focus and not self.is_key(event.key):
            assert event.character is not None
            event.stop()
            self.composer.insert(event.character)
            self.set_focus(self.composer)

    @on(TextArea.Changed)
    def keep_draft(self) -> None:
        if self._aim is None or self._aim.kind != "edit":
            self.mesh.drafts.put(self.room.id, self.composer.draft)

    def entered(self) -> list[str]:
        """What was entered in this room before, the oldest first."""
        return self.mesh.recall.of(self.room.id)

    @on(Composer.Typed)
    def typing(self) -> None:
        self.notice.say("")
        if self.mesh.settings.privacy.typing and self.composer.is_for_others:
            self.mesh.agent.typing(self.room.id)

    @on(Composer.Refused)
    def refused(self, event: Composer.Refused) -> None:
        self.notify(event.reason, severity="warning", markup=False)

    def take_command(self, command: Command) -> None:
        if command.usage:
            self.composer.begin_beside(f"{command.line.split()[0]} ")
            self.set_focus(self.composer)
        else:
            typed = Typed(command.name, "")
            begin(self.mesh, self.run_typed, self.room.id, typed, command.line, group="commands")

    # ── what is offered ──────────────────────────────────────────────────────────────────────────

    @on(Composer.Offered)
    def offered(self, event: Composer.Offered) -> None:
        self.query_one(Offers).put(event.offers, event.chosen, event.help)

    @on(Offers.Clicked)
    def offer_clicked(self, event: Offers.Clicked) -> None:
        self.composer.take_offer(event.index)

    @on(Composer.NothingFits)
    def nothing_fits(self) -> None:
        self.notice.say("Nothing fits.")

    def complete(self, text: str) -> Completion | None:
        return complete(text, self._names, self._listing)

    def _listing(self, folder: str) -> Sequence[str]:
        """What is in a folder; where that has not been read yet, it is, and offered then."""
        if not self.mesh.powers.has("disk"):
            return ()
        if self._listed[0] == folder and monotonic() - self._listed[2] < LISTED_S:
            return self._listed[1]
        begin(self, self._list, folder, exclusive=True, group="listing")
        return self._listed[1] if self._listed[0] == folder else ()

    async def _list(self, folder: str) -> None:
        names = await asyncio.to_thread(listing, folder)
        changed = (folder, names) != self._listed[:2]
        self._listed = folder, names, monotonic()
        if changed:
            self.composer.look_again()

    def _names(self, kind: Kind) -> Iterable[Name]:
        if kind == "person":
            return self._people()
        if kind == "room":
            rooms = (*self.mesh.agent.rooms(), *self.mesh.directory.rooms)
            named = {room.id: Name(room.name, room.topic) for room in rooms if room.kind == "room"}
            return sorted(named.values(), key=lambda name: name.name.casefold())
        if kind == "theme":
            return [Name(name) for name in self.mesh.preferences.theme_names]
        return [Name(word) for word in CHOICES.get(kind, ())]

    def _people(self) -> Iterable[Name]:
        """Those in the room: who spoke last comes first, then who is there."""
        members = self.query_one(Participants).members
        if members is not self._named[0]:
            named = {member.user_id: _name(member) for member in members if member.user_id != self.me.id}
            self._named = members, named
        named = self._named[1]
        spoke = dict.fromkeys(user_id for user_id in self.timeline.speakers() if user_id in named)
        yield from (named[user_id] for user_id in spoke)
        yield from (name for user_id, name in named.items() if user_id not in spoke)

    # ── an editor ────────────────────────────────────────────────────────────────────────────────

    @on(Composer.ChordBegun)
    def chord_begun(self) -> None:
        self.notice.say("Ctrl+E opens what you write in your editor.")

    @on(Composer.EditorWanted)
    def open_editor(self) -> None:
        """What is written, in an editor, and what becomes of it there back in its place."""
        self.notice.say("")
        try:
            self.mesh.powers.need("editor")
        except MeshError as error:
            self.notice.say(clean_line(error.message), wrong=True)
            return
        begin(self, self._edit_outside, exclusive=True, group="editor")

    async def _edit_outside(self) -> None:
        from mesh_tui import editor

        try:
            words = editor.command(self.mesh.settings.writing.editor, os.environ)
            self.composer.replace_all(await editor.edit(self.mesh, self.composer.text, words))
        except MeshError as error:
            self.notice.say(clean_line(error.message), wrong=True)

    # ── sending ──────────────────────────────────────────────────────────────────────────────────

    @on(Composer.Sent)
    def send(self, event: Composer.Sent) -> None:
        self.notice.say("")
        if event.about != self.room.id:
            self._put_back(event.about, event.text, slash.Elsewhere(), None)
            return
        aim, typed = self._aim, slash.read(event.text)
        if aim is None or aim.kind != "edit":
            self.mesh.recall.add(self.room.id, event.text)
        if isinstance(typed, Typed):
            begin(self.mesh, self.run_typed, self.room.id, typed, event.text, group="commands")
            return
        if aim == self._rest and (wanted := substitute.parse(typed)) is not None:
            begin(self.mesh, self._substitute, self.room.id, wanted, typed, group=SENDING)
            return
        self.take_aim(None)
        if aim is not None and aim.kind == "edit":
            begin(self.mesh, self._change, self.room.id, aim, typed, group=SENDING)
        else:
            self.say(typed, aim)

    def say(self, text: str, aim: Aim | None = None, *, room_id: str = "") -> None:
        """Sends `text`, as an answer or in a thread where `aim` says so; here, or into another room."""
        room_id = room_id or self.room.id
        if room_id == self.room.id:
            self.will_send()
        begin(self.mesh, self._send, room_id, text, aim, group=SENDING)

    async def _send(self, room_id: str, text: str, aim: Aim | None) -> None:
        reply_to, thread = (aim.reply_to, aim.thread) if aim else (None, None)
        async with self._sending:  # in the order typed
            try:
                await self.mesh.agent.send(room_id, text, reply_to=reply_to, thread=thread)
            except MeshError as error:
                self._put_back(room_id, text, error, aim)

    async def _substitute(self, room_id: str, wanted: Substitution, text: str) -> None:
        """Puts my last message right; where it does not say that, `text` may be a message of its own."""
        message = self.timeline.last_message(self.me.id)
        try:
            if self.mesh.agent.outgoing(room_id):
                raise slash.NoCommand("Your last message is still on its way. Change it once it is there.")
            changed = wanted.of(message.content) if message else None
            if message is not None and changed is not None:
                await self.mesh.agent.conversation.edit(room_id, message.id, changed)
                return
        except MeshError as error:
            self._put_back(room_id, text, error, None)
            return
        if await self.ask(
            "Send this as a message?", f"{text}\n\nYour last message does not say that.", yes="Send"
        ):
            self.say(text, room_id=room_id)
        else:
            self._put_back(room_id, text, slash.NoCommand("Your last message does not say that."), None)

    async def _change(self, room_id: str, aim: Aim, text: str) -> None:
        try:
            await self.mesh.agent.conversation.edit(room_id, aim.message.id, text)
        except MeshError as error:
            self._put_back(room_id, text, error, aim)

    async def run_typed(self, room_id: str, typed: Typed, text: str) -> None:
        """Runs a command; what cannot be done comes back as the line `text`."""
        try:
            await self.run_command(typed)
        except MeshError as error:
            self._put_back(room_id, text, error, self._aim if room_id == self.room.id else None)

    def _put_back(self, room_id: str, text: str, error: MeshError, aim: Aim | None) -> None:
        """What could not be done stays where it was typed, also if that is elsewhere by now."""
        if aim is None or aim.kind != "edit":
            text = "\n".join(filter(None, (text, self.mesh.drafts.get(room_id))))
            self.mesh.drafts.put(room_id, text)
        if goes(self) or not self.is_attached or room_id != self.room.id:
            self.mesh.notify(clean_line(error.message), severity="error", markup=False)
            return
        if aim is not None and aim != self._aim:
            self.take_aim(aim)
        self.composer.load_text(text)
        self.notice.say(clean_line(error.message), wrong=True)

    # ── what it is aimed at ──────────────────────────────────────────────────────────────────────

    def take_aim(self, aim: Aim | None) -> None:
        """From now on Enter does this; with None, it sends.

        Raises:
            NotAuthor: it is somebody else's message that is to be changed.
        """
        if aim is not None and aim.kind == "edit" and aim.message.author.id != self.me.id:
            raise NotAuthor
        was_edit = self._aim is not None and self._aim.kind == "edit"
        self._aim = aim
        if aim is None:
            self.notice.put_aim("")
            if was_edit:
                self.composer.load_text(self.mesh.drafts.get(self.room.id))
        else:
            self.notice.put_aim(self.told(aim))
            if aim.kind == "edit":
                self.composer.load_text(aim.message.content)
            elif was_edit:
                self.composer.load_text(self.mesh.drafts.get(self.room.id))
        self.set_focus(self.composer)

    def told(self, aim: Aim) -> str:
        """What Enter does then, in words."""
        what = f"“{clip(first_line(aim.message), 60)}”"
        return f"{_AIMS[aim.kind].format(what)} · Esc cancels"

    def take_back(self) -> bool:
        """Whether there was an aim, or a word above the composer, to put away."""
        if self._aim is not None:
            self.take_aim(None)
            return True
        if self.notice.said:
            self.notice.say("")
            return True
        return False


def _name(member: Member) -> Name:
    other = member.display_name if member.display_name != member.username else ""
    return Name(member.username, f"{other}  {member.presence}".strip(), other)
