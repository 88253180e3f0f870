"""Accounts and rooms that the suites of rooms and messages begin with."""

from mesh_server.store.base import DeviceRecord, Joined, RefreshRecord, RoomRecord, Store, UserRecord
from protocol.rest import Visibility

NOW = 1_700_000_000_000


async def add_user(store: Store, name: str) -> UserRecord:
    """A user with one device, `NAME-laptop`."""
    user = UserRecord(
        id=f"user-{name}",
        username=name,
        username_key=name,
        display_name=name,
        role="user",
        password_hash=b"-",
        created_at=NOW,
    )
    laptop = DeviceRecord(
        id=f"{name}-laptop",
        user_id=user.id,
        name="laptop",
        created_at=NOW,
        signed_in_at=NOW,
        last_seen_at=NOW,
    )
    token = RefreshRecord(
        token_hash=laptop.id.encode(), device_id=laptop.id, issued_at=NOW, expires_at=NOW + 1
    )
    return await store.accounts.create_user(user, laptop, token, registration="open")


def room_record(name: str, creator: UserRecord, visibility: Visibility = "public") -> RoomRecord:
    return RoomRecord(
        id=f"room-{name}",
        name=name,
        name_key=name.casefold(),
        topic="",
        visibility=visibility,
        kind="room",
        created_by=creator.id,
        created_at=NOW,
        last_seq=0,
        rev=0,
    )


async def add_room(store: Store, name: str, creator: UserRecord, visibility: Visibility = "public") -> Joined:
    return await store.rooms.create_room(room_record(name, creator, visibility), lambda _joined: None)


async def join(store: Store, room_id: str, user: UserRecord, now: int = NOW + 1) -> Joined:
    return await store.rooms.add_member(room_id, user.id, now, lambda _joined: None)
