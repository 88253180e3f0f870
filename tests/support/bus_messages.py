"""What a bus carries of one room, for tests of the bus and of who hears it."""

from typing import Final

from mesh_server.bus.base import CameIn, MessagesCreated, WentOut
from protocol.events import MemberJoined, MemberLeft, RoomJoined, RoomLeft
from protocol.rest import Author, Message, Removal, Room

ROOM: Final = "room-1"


def message(rev: int, author: str = "alice", content: str = "") -> Message:
    return Message(
        id=f"m{rev}",
        room_id=ROOM,
        seq=rev,
        rev=rev,
        author=Author(id=author, username=author),
        content=content or f"number {rev}",
        content_type="text/markdown",
        created_at="2023-11-14T22:13:20.000Z",
        nonce=f"n{rev}",
    )


def created(*revs: int, author: str = "alice", content: str = "") -> MessagesCreated:
    return MessagesCreated(room_id=ROOM, messages=[message(rev, author, content) for rev in revs])


def room(rev: int) -> Room:
    return Room(
        id=ROOM,
        name="lobby",
        topic="",
        visibility="public",
        kind="room",
        created_by="alice",
        created_at="2023-11-14T22:13:20.000Z",
        last_seq=0,
        rev=rev,
    )


def came_in(user_id: str, rev: int, asked_by: str = "") -> CameIn:
    event = MemberJoined(
        room_id=ROOM,
        rev=rev,
        user_id=user_id,
        username=user_id,
        display_name=user_id.title(),
        role="member",
        presence="online",
        joined_at="2023-11-14T22:13:20.000Z",
    )
    joined = RoomJoined(room_id=ROOM, room=room(rev), members=[], last_seq=0, rev=rev)
    return CameIn(event=event, joined=joined, user_id=user_id, asked_by=asked_by)


def went_out(user_id: str, rev: int, reason: Removal | None = None) -> WentOut:
    event = MemberLeft(room_id=ROOM, rev=rev, user_id=user_id, username=user_id, reason=reason)
    return WentOut(event=event, left=RoomLeft(room_id=ROOM, reason=reason), user_id=user_id, asked_by="")
