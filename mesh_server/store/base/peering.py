"""Sessions between two peers: who asked whom for what, and which device has accepted."""

from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct

from mesh_server.store.base.order import Allow
from protocol.rest import P2pEnd, P2pKind


class SideDevice(Struct, kw_only=True, frozen=True):
    """A device that takes part, or may. `certificate`: the fingerprint of what it made for this session."""

    id: str
    key_fingerprint: str | None = None
    certificate: str | None = None


class SideRecord(Struct, kw_only=True, frozen=True):
    """One of the two. Before anyone has accepted, who was asked may have several `devices`, or none."""

    user_id: str
    username: str
    devices: tuple[SideDevice, ...]


class SessionRecord(Struct, kw_only=True, frozen=True):
    """`accepted_at` is None while it is pending; it is over at `expires_at` then.

    `peer_device` is the one that accepted it, or that was asked for by name; None while it may be any.
    """

    id: str
    room_id: str
    kind: P2pKind
    asker: SideRecord
    peer: SideRecord
    created_at: int
    expires_at: int
    accepted_at: int | None
    peer_device: str | None


class NewSession(Struct, kw_only=True, frozen=True):
    """What is asked for. `peer` is an id of a user, `peer_key` the key of a name; either may be none."""

    id: str
    room_id: str
    kind: P2pKind
    asker_id: str
    asker_device: str
    peer: str
    peer_key: str
    peer_device: str | None
    certificate: str | None
    created_at: int
    expires_at: int


class Target(Struct, kw_only=True, frozen=True):
    """Someone in a room, with one device of theirs, or with every one."""

    user_id: str
    device_id: str | None


class PeeringStore(Protocol):
    """A session is there while it can be used: it is pending in its time or accepted, and both are members.

    What is there no longer is as if it had never been. `then` as in `Database.write`.
    """

    async def create_session(
        self, new: NewSession, allow: Allow, then: Callable[[SessionRecord], None]
    ) -> SessionRecord:
        """Raises: RoomNotFound, NotMember, PeerNotMember, PeerHasNoDevice, TooManySessions, as `allow`."""
        ...

    async def accept_session(
        self,
        session_id: str,
        user_id: str,
        device_id: str,
        certificate: str | None,
        now: int,
        allow: Allow,
        then: Callable[[tuple[SessionRecord, bool]], None],
    ) -> SessionRecord:
        """The device takes it, or takes it anew; `then` also learns whether this was the first time.

        Raises: SessionNotFound, SessionTaken, and what `allow` raises.
        """
        ...

    async def renew_session(
        self,
        session_id: str,
        user_id: str,
        device_id: str,
        certificate: str | None,
        now: int,
        allow: Allow,
        then: Callable[[SessionRecord], None],
    ) -> SessionRecord:
        """A device that takes part, or that asked, asks anew: the other one has no certificate until it
        accepts anew. Raises: as `accept_session`."""
        ...

    async def get_session(self, session_id: str, user_id: str, now: int) -> SessionRecord | None:
        """One of this user's."""
        ...

    async def list_sessions(self, user_id: str, now: int) -> list[SessionRecord]:
        """This user's, the last one first."""
        ...

    async def close_session(
        self, session_id: str, user_id: str, now: int, then: Callable[[SessionRecord], None]
    ) -> SessionRecord:
        """Raises: SessionNotFound."""
        ...

    async def touch_sessions(self, device_ids: Iterable[str] | None, now: int) -> None:
        """A device of these sessions is here now; None is said of all sessions."""
        ...

    async def end_sessions(
        self, now: int, idle_ms: int, then: Callable[[list[tuple[SessionRecord, P2pEnd]]], None]
    ) -> int:
        """Takes away what nobody accepted in time, what both devices have left, and what has lost a member
        or a device; returns how many sessions that were."""
        ...

    async def find_targets(self, room_id: str, user_id: str, to: list[str], allow: Allow) -> list[Target]:
        """Each of `to`, ids of users or of devices that are signed in, as members of the room, once.

        Raises: RoomNotFound, NotMember, TargetUnknown, and what `allow` raises.
        """
        ...
