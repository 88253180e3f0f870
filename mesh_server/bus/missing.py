"""What the log says of changes that the bus did not bring: as the bus would have told them.

Strategy: the log keeps the present state of what changed, not each change. So of a `rev` that no message
bears any more, and of one that was no message's, the room as it is now is told; and whoever is in it is told
then who else is. How a room looks differs from one member to the next: it is read for those who are connected
here, and where messages alone do not say it all.
"""

from collections.abc import Callable, Iterator
from typing import Final

from mesh_server.bus.base import BusMessage, MessagesCreated, RoomChanged
from mesh_server.hub import Hub
from mesh_server.services.views import member_view, message_view, room_view, shared_room_view
from mesh_server.store.base import Changes, MessageStore, MyRoom, RoomStore
from protocol.events import RoomJoined, RoomResumed, RoomUpdated
from protocol.rest import Member, Message, Presence


class Missing:
    """The changes of one room past `since`, up to `until`.

    Attributes:
        members: the ids of who is in it. mine: how those of them who are connected here see it.
    """

    def __init__(
        self, room_id: str, since: int, until: int, changes: Changes, presence: Callable[[str], Presence]
    ) -> None:
        self.until: Final = until
        self.members: Final = {member.user_id for member in changes.members}
        self.mine: Final[dict[str, MyRoom]] = {}
        self._room_id = room_id
        self._messages = {record.rev: message_view(record, nonce=True) for record in changes.messages}
        self._changes, self._presence = changes, presence
        self._shown: list[Member] | None = None
        self.has_more: Final = len(self._messages) < until - since
        """Whether messages are not all that changed."""

    @property
    def can_be_told(self) -> bool:
        """Whether there is somebody to be told how the room is, where messages do not say it all."""
        return bool(self.mine) or not self.has_more

    def tellings(self, since: int) -> Iterator[tuple[BusMessage, int]]:
        """Each `rev` past `since` once and in order: what is told, and up to which of them it goes."""
        shared = shared_room_view(next(iter(self.mine.values()))) if self.mine else None
        run: list[Message] = []
        for rev in range(since + 1, self.until + 1):
            message = self._messages.get(rev)
            if message is not None:
                run.append(message)
            elif shared is not None:
                yield from self._of_run(run)
                run = []
                event = RoomUpdated(room_id=self._room_id, rev=rev, room=shared)
                yield RoomChanged(self._room_id, rev, event, asked_by=""), rev
        yield from self._of_run(run)

    def _of_run(self, run: list[Message]) -> Iterator[tuple[BusMessage, int]]:
        if run:
            yield MessagesCreated(room_id=self._room_id, messages=run), run[-1].rev

    def joined(self, user_id: str, rev: int | None) -> RoomJoined:
        """For a member who is not in the room here yet. `rev`: up to where it was told; None: its own."""
        own = self.mine[user_id]
        return RoomJoined(
            room_id=self._room_id,
            room=room_view(own),
            members=self._people(),
            last_seq=own.room.last_seq,
            rev=own.room.rev if rev is None else rev,
        )

    def resumed(self, user_id: str) -> RoomResumed:
        """For a member who is."""
        own = self.mine[user_id]
        return RoomResumed(
            room_id=self._room_id,
            room=room_view(own),
            members=self._people(),
            last_seq=own.room.last_seq,
            rev=self.until,
        )

    def _people(self) -> list[Member]:
        if self._shown is None:
            members = self._changes.members
            self._shown = [member_view(member, self._presence(member.user_id)) for member in members]
        return self._shown


class Log:
    """Reads what is missing for those who are connected to `hub`. Raises `StorageUnavailable`."""

    def __init__(
        self, messages: MessageStore, rooms: RoomStore, hub: Hub, presence: Callable[[str], Presence]
    ) -> None:
        self._messages, self._rooms, self._hub, self._presence = messages, rooms, hub, presence

    async def read(self, room_id: str, since: int, until: int) -> Missing:
        """The changes past `since`, up to `until`."""
        found = await self._read(room_id, since, until)
        if found.has_more or self._hub.readers(room_id) - found.members:
            for user_id in found.members & self._hub.users():
                await self._add(found, room_id, user_id)
        return found

    async def read_room(self, room_id: str, user_id: str) -> Missing:
        """No change: the room as it is for one user, where they are a member."""
        found = await self._read(room_id, 0, 0)
        await self._add(found, room_id, user_id)
        return found

    async def _read(self, room_id: str, since: int, until: int) -> Missing:
        changes = await self._messages.list_changes(room_id, since, until)
        return Missing(room_id, since, until, changes, self._presence)

    async def _add(self, found: Missing, room_id: str, user_id: str) -> None:
        own = await self._rooms.get_room(room_id, user_id)
        if own is not None and own.role is not None:
            found.mine[user_id] = own
