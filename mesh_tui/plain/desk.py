"""What slash commands find in plain mode in the place of a screen.

Strategy: the commands of the registry ask little of whoever runs them: to tell something, to show a few
lines, to ask a question, to open a room. Screens do it with pages; here each is a line. What needs a
screen to make sense is refused with what to do instead.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from mesh_agent.agent import Agent
from mesh_agent.tail import Tail
from mesh_tui import inbox
from mesh_tui.aim import Aim
from mesh_tui.layout.call import Face
from mesh_tui.layout.call_figures import sentences
from mesh_tui.layout.cells import Fragment
from mesh_tui.layout.links import links
from mesh_tui.layout.message import by_program, first_line, moment
from mesh_tui.plain import signed_in
from mesh_tui.plain.calling import PlainCalling
from mesh_tui.plain.lines import Lines
from mesh_tui.plain.seen import Seen
from mesh_tui.plain.telling import PlainTelling
from mesh_tui.plain.transferring import PlainTransferring
from mesh_tui.powers import OWN
from mesh_tui.rooms import arrange, level_of
from mesh_tui.settings import Level, Settings, all_settings, toml
from mesh_tui.settings_file import SettingsFile
from mesh_tui.slash import NoCommand
from mesh_tui.slash_commands import COMMANDS
from mesh_tui.transfers import count_words, open_offers
from protocol.errors import MeshError
from protocol.limits import PAGE_MAX
from protocol.rest import Member, Message, Room, User
from protocol.text import clean_line, clean_text

SHOWN: Final = 20
"""Messages that are shown when a room is opened."""

Show = Sequence[Sequence[Fragment]]


class Desk:
    """One session. `put` writes one line; `file` has what the person has set."""

    talk_words = "from one /talk to the next"

    def __init__(self, agent: Agent, lines: Lines, put: Callable[[str], None], file: SettingsFile) -> None:
        self.agent = agent
        self.powers: Final = OWN
        self.unmuted: dict[str, Level | None] = {}
        self.done = False
        self.timeline = Seen()
        self.telling = PlainTelling(self)
        self.transferring = PlainTransferring(self, put)
        self.calling = PlainCalling(self, put)
        self._lines = lines
        self._put = put
        self._file = file
        self._room_id = ""
        self._following: asyncio.Task[None] | None = None
        self._marking: asyncio.Task[None] | None = None
        self._read = 0
        self._works: list[asyncio.Task[None]] = []

    @property
    def mesh(self) -> "Desk":
        """Commands reach the agent and other rooms by way of the app; here that is the desk itself."""
        return self

    @property
    def settings(self) -> Settings:
        return self._file.settings

    async def save_settings(self, changes: Mapping[str, Any]) -> None:
        """Keeps settings, by key; raises `SettingsWrong` or `FilesUnusable`."""
        await self._file.save(changes)

    @property
    def room_id(self) -> str:
        """Of the room that is open; empty where none is."""
        return self._room_id

    @property
    def in_room(self) -> bool:
        return bool(self._room_id)

    @property
    def room(self) -> Room:
        if not self._room_id:
            raise NoCommand("You are in no room. /rooms lists them, /join NAME opens one.")
        return self.agent.room(self._room_id)

    @property
    def me(self) -> User:
        assert self.agent.user is not None
        return self.agent.user

    # ── telling and asking ───────────────────────────────────────────────────────────────────────

    def tell(self, words: str) -> None:
        self._put(clean_text(words))

    def show(self, title: str, paragraphs: Show, _: str = "") -> None:
        """A heading and lines below it."""
        self._put(f"{clean_line(title)}:")
        for paragraph in paragraphs:
            if text := clean_line("".join(fragment.text for fragment in paragraph)).strip():
                self._put(f"  {text}")

    async def ask(self, question: str, detail: str, *, yes: str) -> bool:
        """Whether the next line is `yes`."""
        self._put(f"{clean_line(question)} {clean_line(detail)} Type yes to {yes.lower()}.")
        return (await self._lines.line()).strip().casefold() in ("y", "yes")

    def copied(self, _: str) -> bool:
        """Whether a text was put where it can be pasted from: plain lines have no such place."""
        return False

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Begins what a command only sets off; `settled` waits for it."""
        self._works.append(asyncio.create_task(work))

    async def settled(self) -> None:
        """Returns when what the last command has set off is done; raises what it did."""
        while self._works:
            await self._works.pop()

    # ── going somewhere ──────────────────────────────────────────────────────────────────────────

    def open_room(self, room_id: str, *, at: Message | None = None) -> None:
        """Shows the last messages and each new one from now on."""
        room = self.agent.room(room_id)
        self.close_room()
        self._room_id, self._read = room_id, room.read_seq or 0
        self.timeline = Seen(lambda: self.agent.outgoing(room_id))
        topic = f": {room.topic}" if room.topic else ""
        self._put(clean_line(f"In {room.name}{topic}"))
        self._following = asyncio.create_task(self._follow(room_id, at))

    async def _follow(self, room_id: str, at: Message | None) -> None:
        try:
            if at is not None:
                for message in (await self.agent.conversation.around(room_id, at.seq, SHOWN)).messages:
                    self._put(told(message))
            await Tail(self.agent, room_id, self._shown, lambda _: None).follow(
                self.agent.subscribe(), 0 if at is not None else SHOWN
            )
        except MeshError as error:
            self._put(clean_line(error.message))
            self._room_id = ""

    def _shown(self, message: Message) -> None:
        self.timeline.add(message)
        self._put(told(message))
        if message.seq > self._read:
            self._read = message.seq
            if self.settings.reading.mark_read == "seen":
                self._mark_soon(message.room_id)

    def _mark_soon(self, room_id: str) -> None:
        if self._marking is None or self._marking.done():
            self._marking = asyncio.create_task(self._mark(room_id))

    async def _mark(self, room_id: str) -> None:
        marked = 0
        while marked < self._read and room_id == self._room_id:
            marked = self._read
            with suppress(MeshError):
                await self.agent.mark_read(room_id, marked)

    def close_room(self) -> None:
        """From now on there is no room that a line would go to; where that counts as reading, it is read."""
        if self._following is not None:
            self._following.cancel()
        if self._room_id and self.settings.reading.mark_read == "leave":
            self._later(self._mark_left(self._room_id, self._read))
        self._following, self._room_id = None, ""

    async def _mark_left(self, room_id: str, seq: int) -> None:
        with suppress(MeshError):
            if seq > (self.agent.room(room_id).read_seq or 0):
                await self.agent.mark_read(room_id, seq)

    def show_call(self) -> None:
        """Lines tell of a call as it goes on; what can be done in it are commands."""

    def show_people(self, people: Sequence[Face]) -> None:
        self.show("In the call", [[Fragment(sentence)] for sentence in sentences(people)])

    def ask_to_quit(self) -> None:
        """Ends the session; in a call, after a question."""
        self._later(self._quit())

    async def _quit(self) -> None:
        in_call = self.agent.calls.current is not None
        if not in_call or await self.ask("Quit, and leave the call?", "The others go on.", yes="Quit"):
            self.leave(0)

    def leave(self, _: int) -> None:
        """Ends the session."""
        self.done = True

    def show_rooms(self) -> None:
        """One line a room, with what is new in it, in the order of the lists on a screen."""
        offers = open_offers(self.transferring.all())
        for room, level, *_ in arrange(self.agent.rooms(), partial(level_of, self.settings)):
            mentions = f", {room.mentions} for you" if room.mentions else ""
            counts = {"all": "", "mentions": " (mentions only)", "none": " (muted)"}[level]
            here = " (here)" if room.id == self._room_id else ""
            offered = f", {count_words(offers[room.id], 'offer')}" if room.id in offers else ""
            self._put(f"  {clean_line(room.name)}: {room.unread or 0} new{mentions}{offered}{counts}{here}")

    async def show_inbox(self) -> None:
        """What is new in each room, a few of the messages, and how many there are besides."""
        rooms = inbox.rooms_in(arrange(self.agent.rooms(), partial(level_of, self.settings)), "all")
        if not rooms:
            self.tell("Nothing is new.")
        read = inbox.read(inbox.newest_of(self.agent), [entry.room for entry in rooms])
        readings = {reading.room.id: reading async for reading in read}
        for entry in rooms[: inbox.ROOMS]:
            self._put_news(inbox.news(entry, readings.get(entry.room.id), "all", self.me.id))
        if left_out := inbox.left_out(rooms):
            self._put(left_out)

    def _put_news(self, news: inbox.News) -> None:
        room, mentions = news.entry.room, news.entry.mentions
        for_you = f", {mentions} for you" if mentions else ""
        self._put(clean_line(f"{room.name}: {news.number} new{for_you}"))
        if news.more:
            self._put(f"  {news.more} {'earlier' if news.messages else 'known only by their number'}")
        for message in news.messages:
            self._put(f"  {'for you: ' if inbox.names(message, self.me.id) else ''}{told(message)}")

    def action_help(self) -> None:
        for command in COMMANDS:
            self._put(f"  {command.line}  {command.help}")

    def show_tour(self) -> None:
        raise NoCommand("The tour is about keys, of which there are none here. /help lists the commands.")

    def action_settings(self) -> None:
        self._put(f"Edit {self._file.common}:")
        for setting in all_settings().values():
            value = clean_line(toml(setting.of(self.settings)))
            self._put(f"  {setting.key} = {value}")

    @property
    def preferences(self) -> "Desk":
        raise NoCommand("Plain lines have no themes.")

    @property
    def terminals(self) -> "Desk":
        raise NoCommand("Terminals, and recordings of them, need the whole screen: mesh-tui without --plain.")

    async def show_ssh_keys(self) -> None:
        await signed_in.show_ssh_keys(self)

    async def sign_out_others(self) -> None:
        await signed_in.sign_out_others(self)

    async def search(self, words: str) -> None:
        page = await self.agent.conversation.search(words)
        for hit in page.hits:
            self._put(f"  {clean_line(hit.room_name)} {told(hit.message)}")
        self.tell("There is more; say it more narrowly." if page.has_more else f"{len(page.hits)} found.")

    # ── files ────────────────────────────────────────────────────────────────────────────────────

    def show_transfers(self) -> None:
        self.transferring.show()

    async def choose_people(self, _: str, members: Sequence[Member]) -> Sequence[str]:
        names = ", ".join(f"@{clean_line(member.username)}" for member in members[:SHOWN])
        raise NoCommand(f"Say to whom, after the path. Here are: {names}")

    async def browse(self, member: Member, path: str = "") -> None:
        await self.transferring.browse(self.room.id, member, path)

    async def show_words(self, member: Member) -> None:
        await self.transferring.show_words(member)

    # ── messages ─────────────────────────────────────────────────────────────────────────────────

    def say(self, text: str, aim: Aim | None = None) -> None:
        self._later(self.send(text, aim))

    async def send(self, text: str, aim: Aim | None = None) -> None:
        """Into the room that is open; what is refused is told when the server says so."""
        reply_to, thread = (aim.reply_to, aim.thread) if aim else (None, None)
        try:
            await self.agent.send(self.room.id, text, reply_to=reply_to, thread=thread)
        except MeshError as error:
            self._put(f"Not sent: {clean_line(error.message)}")

    @property
    def composer(self) -> "Desk":
        raise NoCommand("There is no editor here: a message is one line.")

    def open_editor(self) -> None:
        _ = self.composer

    def take_aim(self, aim: Aim) -> None:
        raise NoCommand(f"Say it in the same line: /{aim.kind} #{aim.message.seq} TEXT")

    def mark_all_read(self) -> None:
        """Nothing is marked on lines that are there already."""

    async def toggle_reaction(self, message: Message, reaction: str) -> None:
        reaction = clean_line(reaction)
        mine = any(self.me.id in known.users for known in message.reactions if known.reaction == reaction)
        await self.agent.conversation.react(self.room.id, message.id, reaction, on=not mine)
        self.tell("It is taken away." if mine else "It is put there.")

    async def toggle_pin(self, message: Message) -> None:
        await self.agent.conversation.pin(self.room.id, message.id, pinned=not message.pinned)

    def ask_to_delete(self, message: Message) -> None:
        self._later(self._delete(message))

    async def _delete(self, message: Message) -> None:
        if await self.ask("Delete this message for everyone?", first_line(message), yes="Delete it"):
            await self.agent.conversation.delete(self.room.id, message.id)
            self.tell("It is deleted.")

    def ask_to_leave(self) -> None:
        self._later(self._leave_room())

    async def _leave_room(self) -> None:
        room = self.room
        if await self.ask(f"Leave {room.name}?", "You will see no new messages there.", yes="Leave"):
            self.close_room()
            await self.agent.leave(room.id)
            self.tell("You have left.")

    def show_pins(self) -> None:
        self._later(self._list_pins())

    async def _list_pins(self) -> None:
        self.show_messages("Pinned", await self.agent.conversation.pins(self.room.id))

    async def open_link(self, message: Message) -> None:
        """Shows the addresses, which whoever reads lines can take from there."""
        for address in links(message.content):
            self._put(f"  {address}")

    def show_thread(self, message: Message) -> None:
        self._later(self._list_thread(message))

    async def _list_thread(self, message: Message) -> None:
        first = message.thread or message.id
        page = await self.agent.conversation.thread(self.room.id, first, after=0, limit=PAGE_MAX)
        self.show_messages("Thread", page.messages)

    def show_messages(self, title: str, messages: Sequence[Message]) -> None:
        self._put(f"{title}: {len(messages)}")
        for message in messages:
            self._put(f"  {told(message)}")


def told(message: Message) -> str:
    """`#12 14:03 alice: text`; further lines of the text begin with two spaces. Of what programs tell of a
    call or a terminal, the line for people."""
    at = moment(message.created_at)
    when = f" {at:%H:%M}" if at else ""
    announced = by_program(message)
    content = message.content.partition("\n")[0] if announced else message.content
    text = "(deleted)" if message.deleted else clean_text(content).replace("\n", "\n  ")
    edited = " (edited)" if message.edited_at and not message.deleted and not announced else ""
    answer = " answers" if message.reply_to else " in a thread" if message.thread else ""
    return f"#{message.seq}{when} {clean_line(message.author.username)}{answer}: {text}{edited}"
