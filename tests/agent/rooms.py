"""A room as a server has it, without a server: its log, what a resume of it says, and what goes out live."""

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from protocol.events import (
    Limits,
    MemberJoined,
    MemberLeft,
    MessageCreated,
    RoomResumed,
    RoomState,
    Server,
    ServerToClient,
    Welcome,
)
from protocol.rest import Author, Device, Member, Message, Room, User

AT = "2026-01-01T00:00:00.000Z"
ME = "u-me"


def user(user_id: str = ME) -> User:
    return User(id=user_id, username=user_id, display_name=user_id, role="user", created_at=AT)


def member(user_id: str) -> Member:
    return Member(
        user_id=user_id,
        username=user_id,
        display_name=user_id,
        role="member",
        presence="online",
        joined_at=AT,
    )


def message(seq: int, rev: int, *, room_id: str = "r", author: str = "u-bob", nonce: str = "") -> Message:
    return Message(
        id=f"m{seq}",
        room_id=room_id,
        seq=seq,
        rev=rev,
        author=Author(id=author, username=author),
        content=f"{seq} as of {rev}",
        content_type="text/markdown",
        created_at=AT,
        nonce=nonce or None,
    )


def room(room_id: str = "r", **more: Any) -> Room:
    facts: dict[str, Any] = {
        "last_seq": 0,
        "rev": 0,
        "member_count": 1,
        "read_seq": 0,
        "unread": 0,
        "mentions": 0,
    }
    facts |= {"name": f"Room {room_id}"} | more
    return Room(
        id=room_id,
        topic="",
        visibility="public",
        kind="room",
        created_by=ME,
        created_at=AT,
        my_role="member",
        **facts,
    )


def welcome(*states: RoomState, epoch: str | None = None) -> Welcome:
    return Welcome(
        peer_id="p",
        user=user(),
        device=Device(id="d", name="d", created_at=AT, last_seen_at=AT),
        server=Server(name="Mesh", version="0"),
        heartbeat_s=30.0,
        limits=Limits(frame_bytes=65_536, content_chars=8_000, resume_max=300),
        rooms=list(states),
        epoch=epoch,
    )


@dataclass
class RoomLog:
    """The truth about one room. `gap_past`: more changed messages than this are not replayed."""

    room_id: str = "r"
    gap_past: int = 300
    epoch: str = "e1"
    rev: int = 0
    messages: list[Message] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=lambda: {ME: member(ME)})

    def post(self, author: str = "u-bob", nonce: str = "") -> MessageCreated:
        self.rev += 1
        created = message(len(self.messages) + 1, self.rev, room_id=self.room_id, author=author, nonce=nonce)
        self.messages.append(created)
        return MessageCreated(message=created)

    def edit(self, seq: int) -> None:
        """A change whose event this version of a client does not know."""
        self.rev += 1
        old = self.messages[seq - 1]
        self.messages[seq - 1] = replace(old, rev=self.rev, content=f"{seq} as of {self.rev}")

    def join(self, user_id: str) -> MemberJoined:
        self.rev += 1
        joined = self.members[user_id] = member(user_id)
        return MemberJoined(
            room_id=self.room_id,
            rev=self.rev,
            user_id=user_id,
            username=joined.username,
            display_name=joined.display_name,
            role=joined.role,
            presence=joined.presence,
            joined_at=joined.joined_at,
        )

    def leave(self, user_id: str) -> MemberLeft:
        self.rev += 1
        del self.members[user_id]
        return MemberLeft(room_id=self.room_id, rev=self.rev, user_id=user_id, username=user_id)

    def present(self) -> Room:
        unread = sum(post.author.id != ME for post in self.messages)
        return room(
            self.room_id,
            last_seq=len(self.messages),
            rev=self.rev,
            member_count=len(self.members),
            unread=unread,
        )

    def state(self, resumed: int | None) -> RoomState:
        """The room in a welcome; `resumed` is what the hello named for it."""
        return RoomState(
            room_id=self.room_id,
            last_seq=len(self.messages),
            rev=self.rev,
            epoch=self.epoch,
            room=self.present(),
            gap=resumed is not None and len(self._changed(resumed)) > self.gap_past,
        )

    def replay(self, resumed: int) -> list[ServerToClient]:
        """What follows the welcome for a room that was resumed without a gap."""
        present = RoomResumed(
            room_id=self.room_id,
            room=self.present(),
            members=list(self.members.values()),
            last_seq=len(self.messages),
            rev=self.rev,
        )
        return [*(MessageCreated(message=changed) for changed in self._changed(resumed)), present]

    def _changed(self, since: int) -> list[Message]:
        return sorted(
            (changed for changed in self.messages if changed.rev > since), key=lambda changed: changed.rev
        )
