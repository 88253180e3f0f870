"""Sessions: two peers agree that something goes between them, and each learns whom it has before it.

    asked for ──accepted by a device──> active ── closed, or both devices gone for long ──> over
        └── declined, closed, or nobody in time ──────────────────────────────────────────────^

Strategy: the server introduces and signs; what the two then send each other it never sees. While a session
is pending it is for every device of who was asked; who accepts it names the one, and gives both sides tokens
that name both. Whatever ends a session, and be it that a peer is no longer in the room, the store takes it
away and both sides are told why. Nothing of this is kept anywhere but in the store: a restart ends none.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final

from mesh_server.bus.base import Bus, BusMessage, DeviceRevoked, RoomGone, ToUser, WentOut
from mesh_server.ids import Clock
from mesh_server.services.capabilities import kind_of
from mesh_server.services.names import login_key
from mesh_server.services.permissions import Deed, allow
from mesh_server.services.principal import Principal
from mesh_server.services.signing import Signer
from mesh_server.services.views import session_view
from mesh_server.store.base import NewSession, PeeringStore, SessionRecord, SideRecord
from protocol import limits
from protocol.capability import Grant
from protocol.errors import SessionNotFound, SessionPending, SessionTaken, StorageUnavailable
from protocol.events import ServerToClient
from protocol.rest import P2pEnd, P2pGrant, P2pSession, P2pSessionRequest
from protocol.signals import (
    AcceptSession,
    Candidate,
    SendCandidate,
    Sender,
    SessionAccepted,
    SessionClose,
    SessionClosed,
    SessionCreated,
    SessionDeclined,
)

LOOK_EVERY_S: Final = 1.0
TOUCH_EVERY_S: Final = 60.0

_MAY_END_SOME: Final = (WentOut, RoomGone, DeviceRevoked)
"""After these, somebody may be out of a session."""

_PERMIT: Final = allow(Deed.OPEN_SESSION)


def new_session_id() -> str:
    return str(uuid.uuid4())


class PeeringService:
    """`connected` tells the devices that are connected now."""

    def __init__(
        self,
        store: PeeringStore,
        bus: Bus,
        signer: Signer,
        *,
        clock: Clock,
        connected: Callable[[], Iterable[str]],
        new_id: Callable[[], str] = new_session_id,
    ) -> None:
        self._store, self._bus, self._signer = store, bus, signer
        self._clock, self._connected, self._new_id = clock, connected, new_id
        self._look = asyncio.Event()

    # ── asking ───────────────────────────────────────────────────────────────────────────────────

    async def request(self, who: Principal, ask: P2pSessionRequest, *, asked_by: str = "") -> P2pGrant:
        """Asks for a session, or for an own one anew, and tells the other side.

        Raises: KindInvalid, RoomNotFound, NotMember, RoomArchived, PeerNotMember, PeerHasNoDevice,
            TooManySessions; of one that is asked for anew, SessionNotFound, SessionTaken
        """
        kind = kind_of(ask.kind)
        if ask.session_id:
            return await self._renew(who, ask, ask.session_id, asked_by)
        now = self._clock()
        new = NewSession(
            id=self._new_id(),
            room_id=ask.room_id,
            kind=kind,
            asker_id=who.user_id,
            asker_device=who.device_id,
            peer=ask.peer,
            peer_key=login_key(ask.peer),
            peer_device=ask.device_id or None,
            certificate=ask.certificate_fingerprint,
            created_at=now,
            expires_at=now + limits.CAPABILITY_S * 1000,
        )

        def then(record: SessionRecord) -> None:
            self._created(record, asked_by)

        record = await self._store.create_session(new, _PERMIT, then)
        return self._grant(record, record.asker, record.peer)

    async def _renew(
        self, who: Principal, ask: P2pSessionRequest, session_id: str, asked_by: str
    ) -> P2pGrant:
        found = await self._require(who, session_id)
        mine, other = _sides(found, who.user_id, who.device_id)
        named = ask.peer == other.user_id or login_key(ask.peer) == login_key(other.username)
        if (found.room_id, found.kind, named) != (ask.room_id, ask.kind, True):
            raise SessionNotFound

        def then(record: SessionRecord) -> None:
            self._created(record, asked_by)

        record = await self._store.renew_session(
            *(session_id, who.user_id, who.device_id, ask.certificate_fingerprint),
            *(self._clock(), _PERMIT, then),
        )
        mine, other = _sides(record, who.user_id, who.device_id)
        return self._grant(record, mine, other)

    def _created(self, record: SessionRecord, asked_by: str) -> None:
        for mine, other in ((record.asker, record.peer), (record.peer, record.asker)):
            event = SessionCreated(**_fields(self._grant(record, mine, other)))
            self._tell(record, mine, event, asked_by)

    # ── answering ────────────────────────────────────────────────────────────────────────────────

    async def accept(self, who: Principal, ask: AcceptSession, *, asked_by: str = "") -> SessionAccepted:
        """This device takes it; taken again, with a new certificate, by one of its two devices.

        Raises: SessionNotFound, SessionTaken, RoomArchived
        """

        def then(outcome: tuple[SessionRecord, bool]) -> None:
            record, first = outcome
            for mine, other in ((record.asker, record.peer), (record.peer, record.asker)):
                event = SessionAccepted(**_fields(self._grant(record, mine, other)))
                self._tell(record, mine, event, asked_by)
            if first:
                self._taken_elsewhere(record)

        record = await self._store.accept_session(
            *(ask.session_id, who.user_id, who.device_id, ask.certificate_fingerprint),
            *(self._clock(), _PERMIT, then),
        )
        mine, other = _sides(record, who.user_id, who.device_id)
        return SessionAccepted(**_fields(self._grant(record, mine, other)))

    def _taken_elsewhere(self, record: SessionRecord) -> None:
        """The other devices of who was asked need ring no longer."""
        event = SessionClosed(session_id=record.id, reason="elsewhere")
        taking_part = (record.asker.devices[0].id, record.peer.devices[0].id)
        self._bus.publish(ToUser(user_id=record.peer.user_id, event=event, except_devices=taking_part))

    async def decline(
        self, who: Principal, session_id: str, reason: str | None = None, *, asked_by: str = ""
    ) -> SessionClosed:
        """Raises: SessionNotFound."""
        sender = _sender(who, asked_by)
        event = SessionDeclined(session_id=session_id, sender=sender, reason=reason)
        return await self._end(who, session_id, event, "declined", asked_by)

    async def close(
        self, who: Principal, session_id: str, reason: str | None = None, *, asked_by: str = ""
    ) -> SessionClosed:
        """Raises: SessionNotFound."""
        sender = _sender(who, asked_by)
        event = SessionClose(session_id=session_id, sender=sender, reason=reason)
        return await self._end(who, session_id, event, "closed", asked_by)

    async def _end(
        self, who: Principal, session_id: str, told: ServerToClient, reason: P2pEnd, asked_by: str
    ) -> SessionClosed:
        closed = SessionClosed(session_id=session_id, reason=reason)

        def then(record: SessionRecord) -> None:
            _, other = _sides(record, who.user_id, who.device_id)
            self._tell(record, other, told, asked_by)
            self._over(record, closed, asked_by)

        await self._store.close_session(session_id, who.user_id, self._clock(), then)
        return closed

    async def candidate(self, who: Principal, ask: SendCandidate, *, asked_by: str = "") -> None:
        """Raises: SessionNotFound, SessionTaken; SessionPending for who has not accepted it yet."""
        record = await self._require(who, ask.session_id)
        mine, other = _sides(record, who.user_id, who.device_id)
        if record.accepted_at is None and mine is record.peer:
            raise SessionPending
        if who.device_id not in {device.id for device in mine.devices}:
            raise SessionTaken
        event = Candidate(
            session_id=record.id,
            sender=_sender(who, asked_by),
            candidate=ask.candidate,
            payload=ask.payload,
        )
        self._tell(record, other, event, asked_by)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────

    async def list_mine(self, who: Principal) -> list[P2pSession]:
        now = self._clock()
        return [session_view(record, now=now) for record in await self._store.list_sessions(who.user_id, now)]

    async def waiting_for(self, who: Principal) -> list[SessionCreated]:
        """Those that this device may accept and has not heard of, where it was away; the first one first."""
        told = []
        for record in reversed(await self._store.list_sessions(who.user_id, self._clock())):
            mine, other = _sides(record, who.user_id, who.device_id)
            if _waits_for(record, mine, other, who.device_id):
                told.append(SessionCreated(**_fields(self._grant(record, mine, other))))
        return told

    async def require_active(self, who: Principal, session_id: str) -> SessionRecord:
        """An accepted session that this device takes part in. Raises: SessionNotFound, SessionPending,
        SessionTaken."""
        record = await self._require(who, session_id)
        if record.accepted_at is None:
            raise SessionPending
        mine, _ = _sides(record, who.user_id, who.device_id)
        if who.device_id != mine.devices[0].id:
            raise SessionTaken
        return record

    async def _require(self, who: Principal, session_id: str) -> SessionRecord:
        record = await self._store.get_session(session_id, who.user_id, self._clock())
        if record is None:
            raise SessionNotFound
        return record

    # ── the end by itself ────────────────────────────────────────────────────────────────────────

    def on_bus(self, message: BusMessage) -> None:
        if isinstance(message, _MAY_END_SOME):
            self._look.set()

    async def keep(self) -> None:
        """For ever. No device was connected while the server was down, which counts for nothing."""
        await self._try_touch(None)
        loop = asyncio.get_running_loop()
        touched_at = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):  # `wait_for` may lose that it was cancelled
                    await self._look.wait()
            self._look.clear()
            await self.look()
            if loop.time() - touched_at >= TOUCH_EVERY_S:
                touched_at = loop.time()
                await self._try_touch(self._connected())

    async def look(self) -> None:
        """Ends what is over, and tells both sides."""

        def then(ended: list[tuple[SessionRecord, P2pEnd]]) -> None:
            for record, reason in ended:
                self._over(record, SessionClosed(session_id=record.id, reason=reason), "")

        with contextlib.suppress(StorageUnavailable):  # logged where it happened
            await self._store.end_sessions(self._clock(), limits.P2P_IDLE_S * 1000, then)

    async def _try_touch(self, device_ids: Iterable[str] | None) -> None:
        with contextlib.suppress(StorageUnavailable):  # logged where it happened
            await self._store.touch_sessions(device_ids, self._clock())

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    def _over(self, record: SessionRecord, closed: SessionClosed, asked_by: str) -> None:
        for side in (record.asker, record.peer):
            self._tell(record, side, closed, asked_by)

    def _tell(self, record: SessionRecord, side: SideRecord, event: ServerToClient, asked_by: str) -> None:
        """The device of this side; every one of who was asked, as long as none is named."""
        device_id = _bound(record, side)
        besides = () if device_id else (record.asker.devices[0].id,)
        self._bus.publish(
            ToUser(
                user_id=side.user_id,
                event=event,
                asked_by=asked_by,
                device_id=device_id,
                except_devices=besides,
            )
        )

    def _grant(self, record: SessionRecord, mine: SideRecord, other: SideRecord) -> P2pGrant:
        session = session_view(record, now=self._clock())
        token = self._signer.sign(
            Grant(
                kind=record.kind,
                room_id=record.room_id,
                session_id=record.id,
                user_id=mine.user_id,
                device_id=_bound(record, mine),
                peer_id=other.user_id,
                peer_device_id=_bound(record, other),
            )
        )
        fields = _fields(session) | {"session_token": token, "expires_in": limits.CAPABILITY_S}
        return P2pGrant(**fields)


def _bound(record: SessionRecord, side: SideRecord) -> str | None:
    """The one device that this side has, once that is sure."""
    return record.peer_device if side is record.peer else side.devices[0].id


def _sides(record: SessionRecord, user_id: str, device_id: str) -> tuple[SideRecord, SideRecord]:
    """One's own and the other; of two devices of one person, the device tells which is which."""
    both = record.asker, record.peer
    if record.asker.user_id != record.peer.user_id:
        return both if user_id == record.asker.user_id else both[::-1]
    return both if device_id == record.asker.devices[0].id else both[::-1]


def _waits_for(record: SessionRecord, mine: SideRecord, other: SideRecord, device_id: str) -> bool:
    """Whether it is for this device to accept it, for the first time or anew."""
    if record.accepted_at is None:
        return mine is record.peer and record.peer_device in (None, device_id)
    (here,), (there,) = mine.devices, other.devices
    return here.id == device_id and here.certificate is None and there.certificate is not None


def _sender(who: Principal, asked_by: str) -> Sender:
    return Sender(
        user_id=who.user_id, username=who.username, device_id=who.device_id, peer_id=asked_by or None
    )


def _fields(body: P2pGrant | P2pSession) -> dict[str, Any]:
    return {name: getattr(body, name) for name in body.__struct_fields__}
