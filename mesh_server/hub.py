"""This process's sockets by room: what the bus says, as bytes, to everyone it concerns.

Strategy, in the order of what it saves:

* A message is encoded once a wire format, WebSocket frame header included: frames from a server are not
  masked (RFC 6455 section 5.1), so they are the same bytes for every reader.
* What waits for one socket is joined into one write; `ws.rounds` says when that is.
* Nobody is awaited. A queue is bounded in bytes; typing and presence are dropped first; a reader who still
  falls behind is closed with 4408 and resumes from the log, at no cost to the others.

While a connection says hello, it *listens*: what the bus says meanwhile is kept beside it, and what is newer
than the snapshot it was sent is delivered after it, so that nothing is missed and nothing doubled.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from mesh_server.bus.base import (
    BusMessage,
    CameIn,
    DeviceRevoked,
    Look,
    MessagesCreated,
    PeopleHere,
    PeopleWanted,
    RoomChanged,
    RoomGone,
    Spent,
    ToRooms,
    ToUser,
    Tried,
    UserChanged,
    WentOut,
    numbers_of,
)
from mesh_server.ws.broadcasts import by_format, created_frames, seen_by
from mesh_server.ws.frames import encode_frame
from mesh_server.ws.outbound import Outbound
from mesh_server.ws.rounds import Rounds
from protocol.close import CloseCode
from protocol.events import Event, MessageCreated, PresenceChanged, RoomJoined, RoomLeft, RoomResumed

LISTENING_MAX: Final = 50_000
"""Bus messages kept for one connection while it says hello."""


class Listener:
    """What the bus said since a connection began its hello. `expects`: the rooms of its snapshot."""

    __slots__ = ("expects", "heard", "outbound")

    def __init__(self, outbound: Outbound) -> None:
        self.outbound = outbound
        self.heard: list[BusMessage] = []
        self.expects: frozenset[str] = frozenset()

    def hear(self, message: BusMessage) -> None:
        if len(self.heard) < LISTENING_MAX:
            self.heard.append(message)


class Hub:
    """`device_connections`: how many one device may have open; one more closes the oldest with 4409.

    `on_open` is told of each connection that becomes live what it has heard, which is delivered to it then.
    """

    def __init__(self, *, device_connections: int) -> None:
        self._device_connections = device_connections
        self._rooms: dict[str, set[Outbound]] = {}
        self._users: dict[str, dict[Outbound, None]] = {}
        self._listeners: set[Listener] = set()
        self._rounds = Rounds()
        self.deliveries = 0
        self.too_slow = 0
        self.on_open: Callable[[list[BusMessage]], None] = lambda _heard: None
        self._handlers: dict[type[BusMessage], Callable[[Any], None]] = {
            MessagesCreated: self._messages_created,
            CameIn: self._came_in,
            WentOut: self._went_out,
            RoomChanged: self._room_changed,
            RoomGone: self._room_gone,
            ToUser: self._to_user,
            ToRooms: self._to_rooms,
            DeviceRevoked: self._device_revoked,
            UserChanged: _nothing,
            Tried: _nothing,
            Spent: _nothing,
            PeopleHere: _nothing,
            PeopleWanted: _nothing,
            Look: _nothing,
        }

    # ── connections ──────────────────────────────────────────────────────────────────────────────

    @property
    def connections(self) -> list[Outbound]:
        return [outbound for of_user in self._users.values() for outbound in of_user]

    def who_is_here(self) -> tuple[int, int]:
        """How many people are connected, and over how many connections."""
        return len(self._users), sum(map(len, self._users.values()))

    @property
    def is_listening(self) -> bool:
        """Whether a connection says hello."""
        return bool(self._listeners)

    def devices(self) -> set[str]:
        """Those that are connected."""
        return {outbound.device_id for outbound in self.connections}

    def listen(self, outbound: Outbound) -> Listener:
        """Begins to keep what the bus says, until `open` or `stop_listening`."""
        listener = Listener(outbound)
        self._listeners.add(listener)
        return listener

    def stop_listening(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def open(self, listener: Listener, revs: dict[str, int]) -> None:
        """Makes a connection live, in the rooms and at the revs of the snapshot that it was sent."""
        self._listeners.discard(listener)
        outbound = listener.outbound
        if outbound.is_closed:
            return
        if len(listener.heard) >= LISTENING_MAX:
            outbound.close(CloseCode.TOO_SLOW, "The hello took too long.")
            return
        of_user = self._users.setdefault(outbound.user_id, {})
        same_device = [other for other in of_user if other.device_id == outbound.device_id]
        if len(same_device) >= self._device_connections:
            same_device[0].close(CloseCode.REPLACED, "This device opened too many connections.")
            self.remove(same_device[0])
            of_user = self._users.setdefault(outbound.user_id, {})
        of_user[outbound] = None
        for room_id in revs:
            self._attach(outbound, room_id)
        held = dict(revs)
        for message in listener.heard:
            self._catch_up(outbound, held, message)
        self.on_open(listener.heard)

    def _catch_up(self, outbound: Outbound, held: dict[str, int], message: BusMessage) -> None:
        """Delivers to one connection what came after what it holds, and notes that it holds that."""
        numbers = numbers_of(message)
        if numbers is not None:
            room_id, _, last = numbers
            if last <= held.get(room_id, -1):
                return
            self._catch_up_in_room(outbound, held.get(room_id, -1), message)
            held[room_id] = last
            return
        match message:
            case RoomGone(room_id=room_id) if room_id in outbound.rooms:
                self._detach(outbound, room_id)
                self.send(outbound, message.event)
            case ToUser(user_id=outbound.user_id):
                if message.is_for(outbound.peer_id, outbound.device_id, outbound.rooms):
                    self.send(outbound, message.event)
            case ToRooms(event=PresenceChanged()) if not outbound.rooms.isdisjoint(message.room_ids):
                self.send(outbound, message.event)
            case _:
                pass

    def _catch_up_in_room(self, outbound: Outbound, rev: int, message: BusMessage) -> None:
        """What follows `rev` in its room."""
        match message:
            case MessagesCreated(room_id=room_id) if room_id in outbound.rooms:
                for chat in message.messages:
                    if chat.rev > rev:
                        self.send(outbound, MessageCreated(message=seen_by(outbound.user_id, chat)))
            case CameIn():
                if message.user_id == outbound.user_id:
                    self._attach(outbound, message.joined.room_id)
                    self.send(outbound, message.joined)
                elif message.event is not None and message.joined.room_id in outbound.rooms:
                    self.send(outbound, message.event)
            case WentOut():
                if message.user_id == outbound.user_id:
                    self._detach(outbound, message.event.room_id)
                    self.send(outbound, message.left)
                elif message.event.room_id in outbound.rooms:
                    self.send(outbound, message.event)
            case RoomChanged(room_id=room_id) if room_id in outbound.rooms:
                self.send(outbound, message.event)
            case _:
                pass

    def remove(self, outbound: Outbound) -> None:
        """Forgets a connection; safe to call twice.

        What `rooms` it was in stays with it, for whoever tells them that it is gone.
        """
        of_user = self._users.get(outbound.user_id)
        if of_user is not None:
            of_user.pop(outbound, None)
            if not of_user:
                del self._users[outbound.user_id]
        for room_id in outbound.rooms:
            self._forget(outbound, room_id)
        self._rounds.forget(outbound)

    def _attach(self, outbound: Outbound, room_id: str) -> None:
        outbound.rooms.add(room_id)
        self._rooms.setdefault(room_id, set()).add(outbound)

    def _detach(self, outbound: Outbound, room_id: str) -> None:
        outbound.rooms.discard(room_id)
        self._forget(outbound, room_id)

    def _forget(self, outbound: Outbound, room_id: str) -> None:
        of_room = self._rooms.get(room_id)
        if of_room is not None:
            of_room.discard(outbound)
            if not of_room:
                del self._rooms[room_id]

    # ── from the bus ─────────────────────────────────────────────────────────────────────────────

    def on_bus(self, message: BusMessage) -> None:
        for listener in self._listeners:
            listener.hear(message)
        self._handlers[type(message)](message)

    def pass_by(self, message: BusMessage) -> None:
        """Of a room that nobody reads here: it concerns only who comes into it, who reads it from then on."""
        if isinstance(message, CameIn):
            for listener in self._listeners:
                if listener.outbound.user_id == message.user_id:
                    listener.hear(message)
            self._came_in(message)

    def _messages_created(self, created: MessagesCreated) -> None:
        """The hot path: one blob a format for all, and one of their own for who wrote some of it."""
        readers = self._rooms.get(created.room_id)
        if not readers:
            return
        slow = []
        others = readers.copy()
        for user_id in {message.author.id for message in created.messages}:
            own = readers.intersection(self._users.get(user_id, ()))
            others -= own
            for format_, of_format in by_format(own):
                slow += Outbound.push_to_all(of_format, created_frames(format_, created, user_id))
        for format_, of_format in by_format(others):
            slow += Outbound.push_to_all(of_format, created_frames(format_, created, None))
        self.deliveries += len(created.messages) * len(readers)
        self._rounds.add(readers)
        self._drop(slow)

    def _came_in(self, came_in: CameIn) -> None:
        room_id = came_in.joined.room_id
        if came_in.event is not None:
            others = [o for o in self._rooms.get(room_id, ()) if o.user_id != came_in.user_id]
            self._broadcast(others, came_in.event)
        own = list(self._users.get(came_in.user_id, ()))
        for outbound in own:
            self._attach(outbound, room_id)
        self._broadcast([o for o in own if o.peer_id != came_in.asked_by], came_in.joined)

    def _went_out(self, went_out: WentOut) -> None:
        room_id = went_out.event.room_id
        own = list(self._users.get(went_out.user_id, ()))
        for outbound in own:
            self._detach(outbound, room_id)
        self._broadcast([o for o in own if o.peer_id != went_out.asked_by], went_out.left)
        self._broadcast(self._rooms.get(room_id, ()), went_out.event)

    def _room_changed(self, changed: RoomChanged) -> None:
        readers = self._rooms.get(changed.room_id, ())
        self._broadcast([o for o in readers if o.peer_id != changed.asked_by], changed.event)

    def _room_gone(self, gone: RoomGone) -> None:
        readers = list(self._rooms.get(gone.room_id, ()))
        for outbound in readers:
            self._detach(outbound, gone.room_id)
        self._broadcast(readers, gone.event)

    def _to_user(self, to_user: ToUser) -> None:
        own = self._users.get(to_user.user_id, ())
        self._broadcast([o for o in own if to_user.is_for(o.peer_id, o.device_id, o.rooms)], to_user.event)

    def _to_rooms(self, to_rooms: ToRooms) -> None:
        readers: set[Outbound] = set()
        for room_id in to_rooms.room_ids:
            readers |= self._rooms.get(room_id, set())
        listening = [o for o in readers if o.user_id != to_rooms.except_user and not o.is_behind]
        self._broadcast(listening, to_rooms.event)

    def _device_revoked(self, revoked: DeviceRevoked) -> None:
        for outbound in [*self.connections, *(listener.outbound for listener in self._listeners)]:
            if outbound.device_id == revoked.device_id:
                outbound.close(CloseCode.REVOKED, "This device was signed out.")
                self.remove(outbound)

    # ── from the log, where the bus did not tell ─────────────────────────────────────────────────

    def readers(self, room_id: str) -> set[str]:
        """The users with a connection that is in this room."""
        return {outbound.user_id for outbound in self._rooms.get(room_id, ())}

    def is_read(self, room_id: str) -> bool:
        """Whether a connection is in it, or will be once it is live."""
        return room_id in self._rooms or any(room_id in listener.expects for listener in self._listeners)

    def rooms(self) -> set[str]:
        """Those that are read."""
        return set(self._rooms).union(*(listener.expects for listener in self._listeners))

    def users(self) -> set[str]:
        """Those with a connection that is in its rooms, or will be once it is live."""
        return set(self._users).union(one.outbound.user_id for one in self._listeners if one.expects)

    def is_in(self, user_id: str, room_id: str) -> bool:
        """Whether all of their connections are in the room; so they are where there is none."""
        return all(room_id in outbound.rooms for outbound in self._users.get(user_id, ()))

    def let_in(self, user_id: str, joined: RoomJoined) -> None:
        """They are in a room, and were not told."""
        own = [o for o in self._users.get(user_id, ()) if joined.room_id not in o.rooms]
        for outbound in own:
            self._attach(outbound, joined.room_id)
        self._broadcast(own, joined)

    def put_out(self, user_id: str, left: RoomLeft) -> None:
        """They are in a room no more, and were not told."""
        own = [o for o in self._users.get(user_id, ()) if left.room_id in o.rooms]
        for outbound in own:
            self._detach(outbound, left.room_id)
        self._broadcast(own, left)

    def resume(self, user_id: str, resumed: RoomResumed) -> None:
        """How a room is now that changed more than events can tell."""
        for listener in self._listeners:
            if listener.outbound.user_id == user_id:
                listener.hear(ToUser(user_id, resumed, room_id=resumed.room_id))
        own = [o for o in self._users.get(user_id, ()) if resumed.room_id in o.rooms]
        self._broadcast(own, resumed)

    # ── to the sockets ───────────────────────────────────────────────────────────────────────────

    def send(self, outbound: Outbound, event: Event) -> None:
        """To one connection, in this turn of the loop or the next."""
        format_ = outbound.format
        self.send_frame(outbound, encode_frame(format_.encode(event), binary=format_.binary))

    def send_frame(self, outbound: Outbound, frame: bytes) -> None:
        """As `send`, for a frame that is encoded already, or is no message but a ping."""
        if not outbound.push(frame):
            self._drop([outbound])
            return
        self._rounds.at_once(outbound)

    def _broadcast(self, readers: Iterable[Outbound], event: Event) -> None:
        slow = []
        for format_, of_format in by_format(readers):
            frame = encode_frame(format_.encode(event), binary=format_.binary)
            slow += Outbound.push_to_all(of_format, frame)
            self._rounds.add(of_format)
            self.deliveries += len(of_format)
        self._drop(slow)

    def _drop(self, slow: list[Outbound]) -> None:
        for outbound in slow:
            self.too_slow += 1
            outbound.close(CloseCode.TOO_SLOW, "This connection reads too slowly.")
            self.remove(outbound)


def _nothing(_: BusMessage) -> None:
    """What concerns no socket."""
