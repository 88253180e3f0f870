"""What is put into a room from elsewhere: pasted lines, dropped files, and who is to get them.

Strategy: nothing is sent by a slip of the mouse: many lines are asked about, and so are paths of files that
are here. What commands about files need of a screen (choosing people, shares, words) is here too.
"""

import asyncio
import os
from collections.abc import Sequence
from functools import partial
from typing import Final

from textual import on

from mesh_tui.layout.cells import clip, paintable
from mesh_tui.layout.links import clip_middle
from mesh_tui.pasted import code_block, line_count
from mesh_tui.pasted import paths as paths_in
from mesh_tui.paths import escaped
from mesh_tui.screens.choose import Answer, Choose
from mesh_tui.screens.writing import Writing
from mesh_tui.slash import Typed
from mesh_tui.transfers import name_of
from mesh_tui.widgets.composer import Composer
from mesh_tui.workers import begin
from protocol.limits import CONTENT_CHARS
from protocol.rest import Member

_PASTE: Final = (
    Answer("w", "Put it into what you write"),
    Answer("c", "The same, as a block of code"),
    Answer("s", "Send it as one message"),
)
"""What may become of many pasted lines."""


SHOWN_CELLS: Final = 48
"""Cells of a path that are shown; both its ends are."""


def _meant(paths: Sequence[str]) -> tuple[str, Sequence[Answer]]:
    """What dropped paths lead to, and what may become of them."""
    kinds = ["folder" if is_folder else "file" for is_folder in map(os.path.isdir, paths)]
    if len(paths) == 1:
        answers = (Answer("f", f"Send it as a {kinds[0]}"), Answer("t", "Keep the path as a text"))
        return f"1 {kinds[0]}", answers
    many = " and ".join(f"{kind}s" for kind in sorted(set(kinds)))
    return f"{len(paths):,} {many}", (Answer("f", "Send them"), Answer("t", "Keep the paths as a text"))


class Sending(Writing):
    """What a room's screen does with what is pasted and dropped."""

    # ── what is pasted ───────────────────────────────────────────────────────────────────────────

    @on(Composer.ManyPasted)
    def many_pasted(self, event: Composer.ManyPasted) -> None:
        """Asks what is to become of it; nothing is sent by a slip of the mouse."""
        text = event.text.strip("\n")

        def answered(key: str | None) -> None:
            if key == "w":
                self.composer.put(text)
            elif key == "c":
                self.composer.put(code_block(text))
            elif key == "s":
                self._send_pasted(text)

        first = clip(paintable(next((line for line in text.split("\n") if line.strip()), "")), 48)
        question = f"Paste {line_count(text)} lines?"
        self.mesh.push_screen(Choose(question, first, _PASTE), answered)

    def _send_pasted(self, text: str) -> None:
        if len(text) > CONTENT_CHARS:
            limit = f"a message holds {CONTENT_CHARS}"
            self.refused(Composer.Refused(f"That is {len(text)} characters; {limit}. Nothing was sent."))
        elif self._aim is not None and self._aim.kind == "edit":
            self.composer.put(text)  # what is being changed is not what was pasted
        else:
            aim = self._aim
            self.take_aim(None)
            self.say(text, aim)

    # ── files ────────────────────────────────────────────────────────────────────────────────────

    @on(Composer.Dropped)
    def dropped(self, event: Composer.Dropped) -> None:
        """Asks whether files are meant, where they are here."""
        begin(self, self._look_at, event.paths, exclusive=True, group="dropped")

    async def _look_at(self, paths: list[str]) -> None:
        if not self.mesh.powers.has("disk"):  # also that something is there is not theirs to know
            return
        here = await asyncio.to_thread(lambda: all(map(os.path.exists, paths)))
        meant = await asyncio.to_thread(_meant, paths)
        if here and paths_in(self.composer.text) == paths:
            self._ask_to_send(paths, *meant)
        elif here and not self.composer.text.startswith("/send"):
            self.notice.say("The path stays a text. /send PATH sends it as a file.")
        elif os.environ.get("SSH_CONNECTION") and any(path.count("/") > 1 for path in paths):
            self.notice.say("A path of the machine in front of you stays a text: this is another.")

    def _ask_to_send(self, paths: list[str], what: str, answers: Sequence[Answer]) -> None:
        room_id, text = self.room.id, self.composer.text

        def answered(key: str | None) -> None:
            if key == "f" and room_id == self.room.id and self.composer.text == text:
                self.composer.load_text("")
                typed = Typed("send", " ".join(map(escaped, paths)))
                line = f"/send {typed.argument}"
                begin(self.mesh, self.run_typed, room_id, typed, line, group="commands")

        first = "\n".join(clip_middle(name_of(path, 1_000), SHOWN_CELLS) for path in paths[:3])
        self.mesh.push_screen(Choose(f"Send {what}?", first, answers), answered)

    async def choose_people(self, question: str, members: Sequence[Member]) -> Sequence[str]:
        """The ids of those who are chosen; none where the question was put away."""
        from mesh_tui.screens.people import People

        answer: asyncio.Future[Sequence[str]] = asyncio.get_running_loop().create_future()

        def answered(chosen: Sequence[str] | None) -> None:
            if not answer.done():
                answer.set_result(chosen or ())

        self.mesh.push_screen(People(question, members), answered)
        return await answer

    async def browse(self, member: Member, path: str = "") -> None:  # noqa: ARG002 - lines have no tree
        """What a member shares in this room, as a tree."""
        from mesh_tui.screens.shares import Shares

        sharing = self.mesh.agent.sharing
        browse = partial(sharing.browse, self.room.id, member.user_id)
        fetch = partial(sharing.fetch, self.room.id, member.user_id)
        self.mesh.push_screen(Shares(member.username, browse, fetch))

    async def show_words(self, member: Member) -> None:
        """The words to compare with a member."""
        from mesh_tui.screens.words import Words

        sharing = self.mesh.agent.sharing
        ask = partial(sharing.words, member.user_id)

        async def take_always(device_id: str, always: bool) -> None:
            await sharing.take_always(member.user_id, device_id, always=always)

        confirm = partial(sharing.confirm, member.user_id)
        self.mesh.push_screen(Words(member.username, ask, confirm, take_always))
