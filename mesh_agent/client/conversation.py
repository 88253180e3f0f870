"""What can be done with messages once they are said, and the ways to find them.

Strategy: what changes a message goes over the line, since that is how its change comes back; what only
reads goes by REST and works without a line. Nothing here waits in an outbox: a change that cannot be made
now is told, and not made later, when the room may have moved on.
"""

from mesh_agent.client.network import Network
from mesh_agent.client.state import Page
from mesh_agent.client.workspace import Workspace
from protocol import limits
from protocol.errors import ContentEmpty, ContentTooLong, MessageNotFound, NotMember
from protocol.events import (
    AddReaction,
    DeleteMessage,
    EditMessage,
    MarkRead,
    PinMessage,
    ReadMarked,
    RemoveReaction,
)
from protocol.rest import Message, MessageVersion, SearchPage
from protocol.text import clean_line, clean_text


class Conversation:
    """Every call raises `Unreachable` or a kind of it where there is no answer, else the server's refusal."""

    def __init__(self, workspace: Workspace, network: Network) -> None:
        self._workspace = workspace
        self._network = network

    # ── changing ─────────────────────────────────────────────────────────────────────────────────

    async def edit(self, room_id: str, message_id: str, content: str) -> Message:
        """Raises `ContentEmpty`, `ContentTooLong` without asking."""
        content = sayable(content)
        request = EditMessage(room_id=room_id, message_id=message_id, content=content)
        return await self._change(request)

    async def delete(self, room_id: str, message_id: str) -> Message:
        """What is left of it: its place."""
        return await self._change(DeleteMessage(room_id=room_id, message_id=message_id))

    async def pin(self, room_id: str, message_id: str, *, pinned: bool = True) -> Message:
        return await self._change(PinMessage(room_id=room_id, message_id=message_id, pinned=pinned))

    async def react(self, room_id: str, message_id: str, reaction: str, *, on: bool = True) -> Message:
        kind = AddReaction if on else RemoveReaction
        reaction = clean_line(reaction)
        return await self._change(kind(room_id=room_id, message_id=message_id, reaction=reaction))

    async def _change(
        self, request: EditMessage | DeleteMessage | PinMessage | AddReaction | RemoveReaction
    ) -> Message:
        self._require(request.room_id)
        message: Message = (await self._workspace.asking.ask(request)).message
        return message

    async def read(self, room_id: str, seq: int) -> int:
        """I have read up to `seq`; how far, now that the server knows."""
        self._require(room_id)
        answer: ReadMarked = await self._workspace.asking.ask(MarkRead(room_id=room_id, seq=seq))
        return answer.seq

    # ── finding ──────────────────────────────────────────────────────────────────────────────────

    async def around(self, room_id: str, seq: int, limit: int) -> Page:
        """The messages next to `seq`, on both sides; from what is held where the server cannot be asked."""
        return await self._workspace.history.around(room_id, seq, min(max(limit, 1), limits.PAGE_MAX))

    async def thread(
        self,
        room_id: str,
        message_id: str,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = limits.PAGE_DEFAULT,
    ) -> Page:
        """The newest of a thread (what began it, and what is said in it), those before `before`, or the
        oldest past `after`."""
        self._require(room_id)
        calls = await self._network.rest()
        page = await calls.messages(room_id, thread=message_id, before=before, after=after, limit=limit)
        return Page(page.messages, page.has_more)

    async def message(self, room_id: str, message_id: str) -> Message:
        """The message of that id; raises `MessageNotFound`."""
        # Every message is the first of its own thread, whether anybody has gone on with it or not.
        page = await self.thread(room_id, message_id, after=0, limit=1)
        if not page.messages or page.messages[0].id != message_id:
            raise MessageNotFound
        return page.messages[0]

    async def pins(self, room_id: str) -> list[Message]:
        """The last pinned first."""
        self._require(room_id)
        return await (await self._network.rest()).pins(room_id)

    async def versions(self, room_id: str, message_id: str) -> list[MessageVersion]:
        """What it said before, the oldest first."""
        return await (await self._network.rest()).versions(room_id, message_id)

    async def search(
        self,
        words: str,
        *,
        room_id: str | None = None,
        author: str | None = None,
        before: str | None = None,
        after: str | None = None,
        cursor: str | None = None,
        limit: int = limits.PAGE_DEFAULT,
    ) -> SearchPage:
        """Messages of my rooms, the newest first; `words` may hold filters such as `from:alice`."""
        query = {"q": clean_line(words), "room_id": room_id, "from": author, "before": before}
        more = {"after": after, "cursor": cursor}
        return await (await self._network.rest()).search(**query, **more, limit=limit)

    def _require(self, room_id: str) -> None:
        if self._workspace.sync.line(room_id) is None:
            raise NotMember


def sayable(content: str) -> str:
    """`content` as it may be sent; raises `ContentEmpty` or `ContentTooLong`."""
    content = clean_text(content)
    if not content.strip():
        raise ContentEmpty
    if len(content) > limits.CONTENT_CHARS:
        raise ContentTooLong
    return content
