"""One example or more of everything that travels, as structs: alice and bob in "Test Chat".

Each entry is named after its wire type, or after its struct for REST, with what is special about it after a
comma. The goldens are their bytes, and `docs/protocol.md` shows some of them.
"""

from typing import Final

import msgspec

from protocol import events, limits, rest, signals
from protocol.version import SUBPROTOCOLS

ALICE: Final = "01jd5f0q1cx7m2k9v4ta"
BOB: Final = "01jd5f0r8et3n6w1z5hb"
DEVICE: Final = "01jd5f0q1d9b3e6j0pnd"
ROOM: Final = "01jd5f13m0s8q4y2c7gr"
PRIVATE_ROOM: Final = "01jd5f2w7rk4b9d6n3xp"
DM: Final = "01jd5f6t4nw1c8k3z7dm"
FIRST: Final = "01jd5f1a2kh5v8x3r6m1"
SECOND: Final = "01jd5f1bq7c2t9e4y0m2"
EPOCH: Final = "01jd5dz0v3g8p1w6s5ep"
NONCE: Final = "4f1c9a7e2b"
FINGERPRINT: Final = "SHA256:2vHqgJ0bT6mXnR5c1kYzE8uWd3oLfAi9sP7xQeVtB4M"
INVITE_CODE: Final = "5d0a8be2c71f4396a0de57b81c3f924e6ab07d15"
CAPABILITY: Final = "capability.signed.by-the-server"
ACCESS_TOKEN: Final = "access.token.of-alice"
REFRESH_TOKEN: Final = "refresh-token-of-alice"

alice: Final = rest.User(
    id=ALICE, username="alice", display_name="Alice", role="admin", created_at="2024-11-20T09:00:00.000Z"
)
with_status: Final = rest.User(
    id=ALICE,
    username="alice",
    display_name="Alice",
    role="admin",
    created_at="2024-11-20T09:00:00.000Z",
    status_text="Back at two",
)
registered: Final = rest.User(
    id=ALICE, username="alice", display_name="alice", role="admin", created_at="2024-11-20T09:00:00.000Z"
)
new_device: Final = rest.Device(
    id=DEVICE,
    name="alice's laptop",
    created_at="2024-11-20T09:00:00.000Z",
    last_seen_at="2024-11-20T09:00:00.000Z",
    current=True,
)
this_device: Final = rest.Device(
    id=DEVICE,
    name="alice's laptop",
    created_at="2024-11-20T09:00:00.000Z",
    last_seen_at="2024-11-20T09:05:12.345Z",
    key_fingerprint=FINGERPRINT,
    current=True,
)
other_device: Final = rest.Device(
    id="01jd5f3g6hz2w8r5q1dv",
    name="unnamed device",
    created_at="2024-11-20T09:20:00.000Z",
    last_seen_at="2024-11-20T09:20:00.000Z",
)
SESSION: Final = "5b8d3f0e-6a1c-4e27-9b54-c07d1e2f8a93"
PHONE: Final = "01jd5f0r9c4h7k2m5q8w"
CERTIFICATE: Final = "SHA256:q9Zt4cVb1nLx7KeR2mYw8JdUs5oHfAi3gP6vTzXyB0E"
SESSION_TOKEN: Final = "session.token.of-alice"
CALL: Final = "01jd5fa1c8e3k6n9r2tv"
SDP: Final = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"
CANDIDATE: Final = "1 1 udp 2130706431 192.0.2.1 54321 typ host"

ssh_key: Final = rest.SshKey(
    id="01m8jq5rzrvc3qrr28ze",
    name="my laptop",
    kind="ssh-ed25519",
    fingerprint="SHA256:1hpWVSR0sINWJeKdTMEzaCtBiC3syo/Erztr60xaJNQ",
    created_at="2026-11-29T04:00:00.000Z",
)

alices_side: Final = rest.P2pPeer(
    user_id=ALICE,
    username="alice",
    devices=[
        rest.P2pDevice(device_id=DEVICE, key_fingerprint=FINGERPRINT, certificate_fingerprint=CERTIFICATE)
    ],
)
bobs_devices: Final = rest.P2pPeer(
    user_id=BOB,
    username="bob",
    devices=[rest.P2pDevice(device_id=PHONE, key_fingerprint=FINGERPRINT), rest.P2pDevice(device_id=DEVICE)],
)
bobs_side: Final = rest.P2pPeer(
    user_id=BOB,
    username="bob",
    devices=[
        rest.P2pDevice(device_id=PHONE, key_fingerprint=FINGERPRINT, certificate_fingerprint=CERTIFICATE)
    ],
)
granted: Final = rest.P2pGrant(
    session_id=SESSION,
    kind="file",
    room_id=ROOM,
    state="pending",
    created_at="2024-11-20T09:30:00.000Z",
    peers=[alices_side, bobs_devices],
    session_token=SESSION_TOKEN,
    expires_in=180,
)
active_grant: Final = msgspec.structs.replace(granted, state="active", peers=[alices_side, bobs_side])
waiting: Final = rest.P2pSession(
    session_id=SESSION,
    kind="file",
    room_id=ROOM,
    state="pending",
    created_at="2024-11-20T09:30:00.000Z",
    peers=[alices_side, bobs_devices],
    expires_in=172,
)
under_way: Final = rest.P2pSession(
    session_id=SESSION,
    kind="file",
    room_id=ROOM,
    state="active",
    created_at="2024-11-20T09:30:00.000Z",
    peers=[alices_side, bobs_side],
)
from_bob: Final = signals.Sender(user_id=BOB, username="bob", device_id=PHONE, peer_id="01jd5fb6w3z9m4x1c8vq")
from_alice_by_rest: Final = signals.Sender(user_id=ALICE, username="alice", device_id=DEVICE)
stun_server: Final = rest.IceServer(urls=["stun:mesh.example:8000"])
turn_server: Final = rest.IceServer(
    urls=["turn:turn.example:3478?transport=udp", "turns:turn.example:5349"],
    username="1732183800:01jd5f0q1cx7m2k9v4ta",
    credential="Yk7c0Qx5mH2rWv9LzJt4uSg1AeI=",
)
public_key: Final = rest.PublicKey(
    kid="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    kty="OKP",
    crv="Ed25519",
    alg="EdDSA",
    use="sig",
    x="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
)
gotify_target: Final = rest.PushTarget(
    id="01jd5fb2xk9q4m7t1c8v",
    kind="gotify",
    url="https://gotify.example.org",
    name="my phone",
    created_at="2024-11-20T09:12:00.000Z",
    state="untried",
)
ntfy_target: Final = rest.PushTarget(
    id="01jd5fc6r3w0n5z8h2yp",
    kind="ntfy",
    url="https://ntfy.example.org",
    topic="mesh-alice-8f2k",
    name="my phone",
    mentions=False,
    dms=False,
    rooms=True,
    text=True,
    created_at="2024-11-20T09:13:00.000Z",
    state="delivered",
)
my_room: Final = rest.Room(
    id=ROOM,
    name="Test Chat",
    topic="Where we try things",
    visibility="public",
    kind="room",
    created_by=ALICE,
    created_at="2024-11-20T09:01:00.000Z",
    last_seq=2,
    rev=3,
    member_count=2,
    my_role="owner",
    read_seq=1,
    unread=1,
    mentions=0,
)
listed_room: Final = rest.Room(
    id=ROOM,
    name="Test Chat",
    topic="",
    visibility="public",
    kind="room",
    created_by=ALICE,
    created_at="2024-11-20T09:01:00.000Z",
    last_seq=2,
    rev=3,
)
just_joined: Final = rest.Room(
    id=ROOM,
    name="Test Chat",
    topic="Where we try things",
    visibility="public",
    kind="room",
    created_by=ALICE,
    created_at="2024-11-20T09:01:00.000Z",
    last_seq=1,
    rev=2,
    member_count=2,
    my_role="member",
    read_seq=1,
    unread=0,
    mentions=0,
)
dm_with_bob: Final = rest.Room(
    id=DM,
    name="bob",
    topic="",
    visibility="private",
    kind="dm",
    created_by=ALICE,
    created_at="2024-11-20T09:06:00.000Z",
    last_seq=0,
    rev=0,
    dm_with=rest.Author(id=BOB, username="bob"),
    member_count=2,
    my_role="member",
    read_seq=0,
    unread=0,
    mentions=0,
)
dm_with_receipts: Final = rest.Room(
    id=DM,
    name="bob",
    topic="",
    visibility="private",
    kind="dm",
    created_by=ALICE,
    created_at="2024-11-20T09:06:00.000Z",
    last_seq=0,
    rev=0,
    receipts=True,
    dm_with=rest.Author(id=BOB, username="bob"),
    member_count=2,
    my_role="member",
    read_seq=0,
    unread=0,
    mentions=0,
)
shown_to_all: Final = rest.Room(
    id=ROOM,
    name="Test Chat",
    topic="Where we try things",
    visibility="public",
    kind="room",
    created_by=ALICE,
    created_at="2024-11-20T09:01:00.000Z",
    last_seq=2,
    rev=10,
    slow_mode_s=30,
    retention_s=2_592_000,
    member_count=2,
)
archived: Final = rest.Room(
    id=ROOM,
    name="Test Chat",
    topic="Where we try things",
    visibility="public",
    kind="room",
    created_by=ALICE,
    created_at="2024-11-20T09:01:00.000Z",
    last_seq=2,
    rev=11,
    archived=True,
    member_count=2,
)
ban: Final = rest.Ban(
    user_id=BOB,
    username="bob",
    banned_by=rest.Author(id=ALICE, username="alice"),
    created_at="2024-11-20T09:30:00.000Z",
    reason="spam",
)
new_invite: Final = rest.Invite(
    id="01jd5f8c3pw6t0m9r2nv",
    room_id=PRIVATE_ROOM,
    created_by=rest.Author(id=ALICE, username="alice"),
    created_at="2024-11-20T09:07:00.000Z",
    expires_at="2024-11-21T09:07:00.000Z",
    uses=0,
    max_uses=5,
    code=INVITE_CODE,
    url=f"/invite/{INVITE_CODE}",
)
listed_invite: Final = rest.Invite(
    id="01jd5f8c3pw6t0m9r2nv",
    room_id=PRIVATE_ROOM,
    created_by=rest.Author(id=ALICE, username="alice"),
    created_at="2024-11-20T09:07:00.000Z",
    expires_at="2024-11-21T09:07:00.000Z",
    uses=1,
    max_uses=5,
)
lasting_invite: Final = rest.Invite(
    id="01jd5f8h7vd2y5k1q4sx",
    room_id=PRIVATE_ROOM,
    created_by=rest.Author(id=ALICE, username="alice"),
    created_at="2024-11-20T09:08:00.000Z",
    expires_at="2024-11-27T09:08:00.000Z",
    uses=3,
)
alice_in_room: Final = rest.Member(
    user_id=ALICE,
    username="alice",
    display_name="Alice",
    role="owner",
    presence="online",
    joined_at="2024-11-20T09:01:00.000Z",
)
bob_in_room: Final = rest.Member(
    user_id=BOB,
    username="bob",
    display_name="Bob",
    role="member",
    presence="away",
    joined_at="2024-11-20T09:02:30.000Z",
)
bob_online: Final = rest.Member(
    user_id=BOB,
    username="bob",
    display_name="Bob",
    role="member",
    presence="online",
    joined_at="2024-11-20T09:02:30.000Z",
)
bob_with_status: Final = rest.Member(
    user_id=BOB,
    username="bob",
    display_name="Bob",
    role="member",
    presence="busy",
    joined_at="2024-11-20T09:02:30.000Z",
    status_text="In a meeting",
)
bob_who_read: Final = rest.Member(
    user_id=BOB,
    username="bob",
    display_name="Bob",
    role="member",
    presence="online",
    joined_at="2024-11-20T09:02:30.000Z",
    read_seq=2,
)
hello: Final = rest.Message(
    id=FIRST,
    room_id=ROOM,
    seq=1,
    rev=1,
    author=rest.Author(id=ALICE, username="alice"),
    content="Hello!",
    content_type="text/markdown",
    created_at="2024-11-20T09:01:30.250Z",
)
reply: Final = rest.Message(
    id=SECOND,
    room_id=ROOM,
    seq=2,
    rev=3,
    author=rest.Author(id=BOB, username="bob"),
    content="Hi Alice! 👋",
    content_type="text/markdown",
    created_at="2024-11-20T09:03:00.500Z",
    reply_to=FIRST,
    mentions=[ALICE],
)
with_everything: Final = rest.Message(
    id=SECOND,
    room_id=ROOM,
    seq=2,
    rev=3,
    author=rest.Author(id=BOB, username="bob"),
    content="Hi Alice! 👋",
    content_type="text/markdown",
    created_at="2024-11-20T09:03:00.500Z",
    edited_at="2024-11-20T09:03:20.000Z",
    reply_to=FIRST,
    thread=FIRST,
    mentions=[ALICE],
    nonce=NONCE,
)
deleted: Final = rest.Message(
    id=SECOND,
    room_id=ROOM,
    seq=2,
    rev=4,
    author=rest.Author(id=BOB, username="bob"),
    content="",
    content_type="text/markdown",
    created_at="2024-11-20T09:03:00.500Z",
    deleted=True,
)
edited: Final = rest.Message(
    id=SECOND,
    room_id=ROOM,
    seq=2,
    rev=4,
    author=rest.Author(id=BOB, username="bob"),
    content="Hello Alice! 👋",
    content_type="text/markdown",
    created_at="2024-11-20T09:03:00.500Z",
    edited_at="2024-11-20T09:04:10.750Z",
    reply_to=FIRST,
    mentions=[ALICE],
)
erased: Final = rest.Message(
    id=SECOND,
    room_id=ROOM,
    seq=2,
    rev=5,
    author=rest.Author(id=BOB, username="bob"),
    content="",
    content_type="text/markdown",
    created_at="2024-11-20T09:03:00.500Z",
    edited_at="2024-11-20T09:04:10.750Z",
    deleted=True,
    reply_to=FIRST,
)
thumbs: Final = [rest.Reaction(reaction="👍", users=[BOB, ALICE])]
reacted: Final = msgspec.structs.replace(hello, rev=6, reactions=thumbs)
pinned: Final = rest.Message(
    id=FIRST,
    room_id=ROOM,
    seq=1,
    rev=7,
    author=rest.Author(id=ALICE, username="alice"),
    content="Hello!",
    content_type="text/markdown",
    created_at="2024-11-20T09:01:30.250Z",
    reactions=thumbs,
    pinned=True,
)
unpinned: Final = rest.Message(
    id=FIRST,
    room_id=ROOM,
    seq=1,
    rev=8,
    author=rest.Author(id=ALICE, username="alice"),
    content="Hello!",
    content_type="text/markdown",
    created_at="2024-11-20T09:01:30.250Z",
    reactions=thumbs,
)
found: Final = rest.SearchHit(room_id=ROOM, room_name="Test Chat", message=reply)

account: Final = rest.Account(
    id=BOB,
    username="bob",
    display_name="Bob",
    role="user",
    state="active",
    created_at="2024-11-20T09:00:30.000Z",
    last_seen_at="2024-11-20T09:05:12.345Z",
    presence="online",
    devices=2,
    tokens=1,
    rooms=1,
)
suspended: Final = rest.Account(
    id=BOB,
    username="bob",
    display_name="Bob",
    role="user",
    state="suspended",
    created_at="2024-11-20T09:00:30.000Z",
    suspended_at="2024-11-20T10:00:00.000Z",
    last_seen_at="2024-11-20T09:05:12.345Z",
    rooms=1,
)
departed: Final = rest.Account(
    id=BOB,
    username="deleted user",
    display_name="deleted user",
    role="user",
    state="deleted",
    created_at="2024-11-20T09:00:30.000Z",
    deleted_at="2024-11-20T11:00:00.000Z",
)
personal_token: Final = rest.PersonalToken(
    id="01jd5f8k2pm6w9x4t1pt",
    name="backup script",
    created_at="2024-11-20T09:30:00.000Z",
    last_seen_at="2024-11-20T09:30:00.000Z",
)
new_token: Final = rest.PersonalToken(
    id="01jd5f8k2pm6w9x4t1pt",
    name="backup script",
    created_at="2024-11-20T09:30:00.000Z",
    last_seen_at="2024-11-20T09:30:00.000Z",
    expires_at="2024-12-20T09:30:00.000Z",
    token="mesh_c41f0e7ab2d95836",
)
room_summary: Final = rest.RoomSummary(
    id=ROOM,
    name="Test Chat",
    topic="Where we try things",
    visibility="public",
    created_at="2024-11-20T09:01:00.000Z",
    member_count=2,
    last_seq=2,
    owner=rest.Author(id=ALICE, username="alice"),
)
server_invite: Final = rest.ServerInvite(
    id="01jd5f9q3rv7x1c5k8si",
    created_at="2024-11-20T09:40:00.000Z",
    expires_at="2024-11-27T09:40:00.000Z",
    uses=0,
)
kicked: Final = rest.AuditEntry(
    id=12,
    at="2024-11-20T09:50:00.000Z",
    action="room.ban",
    actor="alice",
    actor_id=ALICE,
    address="192.0.2.7",
    room_id=ROOM,
    target="bob",
    target_id=BOB,
    details={"reason": "spam"},
)
at_the_console: Final = rest.AuditEntry(
    id=1, at="2024-11-20T08:50:00.000Z", action="server.invite", actor="console"
)

CLIENT_TO_SERVER: Final[dict[str, events.Request]] = {
    "system.hello": events.Hello(version=1),
    "system.hello, with everything": events.Hello(
        id=1, version=1, token=ACCESS_TOKEN, device_key=FINGERPRINT, resume={ROOM: 2, PRIVATE_ROOM: 0}
    ),
    "system.hello, of one who is not to be seen": events.Hello(version=1, presence="offline"),
    "system.ping": events.Ping(),
    "system.ping, with an id": events.Ping(id="p-17"),
    "room.join": events.JoinRoom(room_id=ROOM),
    "room.join, with an id": events.JoinRoom(id=2, room_id=ROOM),
    "room.leave": events.LeaveRoom(room_id=ROOM),
    "room.leave, with an id": events.LeaveRoom(id=3, room_id=ROOM),
    "chat.message.send": events.SendMessage(room_id=ROOM, nonce="0b6d2f81c4", content="Hello!"),
    "chat.message.send, a reply": events.SendMessage(
        id=4, room_id=ROOM, nonce=NONCE, content="Hi Alice! 👋", reply_to=FIRST, mentions=[ALICE]
    ),
    "chat.message.send, with everything": events.SendMessage(
        id=4,
        room_id=ROOM,
        nonce=NONCE,
        content="Hi Alice! 👋",
        content_type="text/plain",
        reply_to=FIRST,
        thread=FIRST,
        mentions=[ALICE],
    ),
    "chat.message.send, to everyone": events.SendMessage(
        id=4, room_id=ROOM, nonce=NONCE, content="@room: lunch!", mentions=["room"]
    ),
    "chat.message.edit": events.EditMessage(
        room_id=ROOM, message_id=SECOND, content="Hello Alice! 👋", mentions=[ALICE]
    ),
    "chat.message.edit, with an id": events.EditMessage(
        id=8, room_id=ROOM, message_id=SECOND, content="Hello Alice! 👋", mentions=[ALICE]
    ),
    "chat.message.edit, so that it names nobody": events.EditMessage(
        id=8, room_id=ROOM, message_id=SECOND, content="Hello everyone!"
    ),
    "chat.message.delete": events.DeleteMessage(room_id=ROOM, message_id=SECOND),
    "chat.message.delete, with an id": events.DeleteMessage(id=9, room_id=ROOM, message_id=SECOND),
    "chat.message.pin": events.PinMessage(room_id=ROOM, message_id=FIRST),
    "chat.message.pin, with an id": events.PinMessage(id=10, room_id=ROOM, message_id=FIRST),
    "chat.message.pin, taken off": events.PinMessage(id=11, room_id=ROOM, message_id=FIRST, pinned=False),
    "chat.reaction.add": events.AddReaction(room_id=ROOM, message_id=FIRST, reaction="👍"),
    "chat.reaction.add, with an id": events.AddReaction(id=12, room_id=ROOM, message_id=FIRST, reaction="👍"),
    "chat.reaction.remove": events.RemoveReaction(room_id=ROOM, message_id=FIRST, reaction="👍"),
    "chat.reaction.remove, with an id": events.RemoveReaction(
        id=13, room_id=ROOM, message_id=FIRST, reaction="👍"
    ),
    "chat.typing": events.SendTyping(room_id=ROOM),
    "chat.typing, with an id": events.SendTyping(id=5, room_id=ROOM),
    "chat.read": events.MarkRead(room_id=ROOM, seq=2),
    "chat.read, with an id": events.MarkRead(id=6, room_id=ROOM, seq=2),
    "presence.update": events.SetPresence(presence="away"),
    "presence.update, with an id": events.SetPresence(id=-7, presence="busy"),
    "presence.update, with a status text": events.SetPresence(presence="busy", status_text="In a meeting"),
    "p2p.session.request": signals.RequestSession(room_id=ROOM, kind="file", peer="bob"),
    "p2p.session.request, with everything": signals.RequestSession(
        id=14,
        room_id=ROOM,
        kind="file",
        peer=BOB,
        device_id=PHONE,
        session_id=SESSION,
        certificate_fingerprint=CERTIFICATE,
    ),
    "p2p.session.accept": signals.AcceptSession(session_id=SESSION),
    "p2p.session.accept, with everything": signals.AcceptSession(
        id=15, session_id=SESSION, certificate_fingerprint=CERTIFICATE
    ),
    "p2p.session.decline": signals.DeclineSession(session_id=SESSION),
    "p2p.session.decline, with everything": signals.DeclineSession(
        id=16, session_id=SESSION, reason="Not now."
    ),
    "p2p.session.close": signals.CloseSession(session_id=SESSION),
    "p2p.session.close, with everything": signals.CloseSession(id=17, session_id=SESSION, reason="Done."),
    "p2p.candidate": signals.SendCandidate(session_id=SESSION, candidate=CANDIDATE),
    "p2p.candidate, with everything": signals.SendCandidate(
        id=18, session_id=SESSION, candidate={"candidate": CANDIDATE, "sdpMLineIndex": 0}, payload="opaque"
    ),
    "p2p.candidate, the last one": signals.SendCandidate(session_id=SESSION, payload="end"),
    "rtc.offer": signals.SendRtcOffer(call_id=CALL, room_id=ROOM, to=BOB, sdp=SDP),
    "rtc.offer, with everything": signals.SendRtcOffer(
        id=19, call_id=CALL, room_id=ROOM, to=[BOB, PHONE], sdp=SDP, payload="opaque"
    ),
    "rtc.offer, without a description": signals.SendRtcOffer(call_id=CALL, room_id=ROOM, to=BOB),
    "rtc.answer": signals.SendRtcAnswer(call_id=CALL, room_id=ROOM, to=DEVICE, sdp=SDP),
    "rtc.answer, with everything": signals.SendRtcAnswer(
        id=20, call_id=CALL, room_id=ROOM, to=[DEVICE], sdp=SDP, payload="opaque"
    ),
    "rtc.answer, without a description": signals.SendRtcAnswer(call_id=CALL, room_id=ROOM, to=DEVICE),
    "rtc.ice": signals.SendRtcIce(call_id=CALL, room_id=ROOM, to=DEVICE, candidate=CANDIDATE),
    "rtc.ice, with everything": signals.SendRtcIce(
        id=21,
        call_id=CALL,
        room_id=ROOM,
        to=[DEVICE],
        candidate={"candidate": CANDIDATE, "sdpMid": "0", "usernameFragment": None},
        payload="opaque",
    ),
    "rtc.ice, the last one": signals.SendRtcIce(call_id=CALL, room_id=ROOM, to=DEVICE),
    "rtc.hangup": signals.SendRtcHangup(call_id=CALL, room_id=ROOM, to=BOB),
    "rtc.hangup, with everything": signals.SendRtcHangup(
        id=22, call_id=CALL, room_id=ROOM, to=[BOB], reason="busy", payload="opaque"
    ),
}

SERVER_TO_CLIENT: Final[dict[str, events.Event]] = {
    "system.welcome": events.Welcome(
        re=1,
        peer_id="01jd5f4b2xq6v1m8t3pr",
        user=alice,
        device=this_device,
        server=events.Server(name="Mesh", version="0.1.0"),
        heartbeat_s=30.0,
        limits=events.Limits(
            frame_bytes=limits.FRAME_BYTES,
            content_chars=limits.CONTENT_CHARS,
            resume_max=limits.RESUME_MAX,
        ),
        rooms=[
            events.RoomState(room_id=ROOM, last_seq=2, rev=3, epoch=EPOCH, room=my_room),
        ],
    ),
    "system.welcome, with a gap": events.Welcome(
        peer_id="01jd5f4b2xq6v1m8t3pr",
        user=alice,
        device=other_device,
        server=events.Server(name="Mesh", version="0.1.0"),
        heartbeat_s=12.5,
        limits=events.Limits(frame_bytes=65536, content_chars=8000, resume_max=300),
        rooms=[
            events.RoomState(room_id=ROOM, last_seq=2, rev=3, epoch=EPOCH, room=my_room, gap=True),
        ],
    ),
    "system.welcome, of a server that names its epoch": events.Welcome(
        peer_id="01jd5f4b2xq6v1m8t3pr",
        user=alice,
        device=this_device,
        server=events.Server(name="Mesh", version="0.1.0"),
        heartbeat_s=30.0,
        limits=events.Limits(frame_bytes=65536, content_chars=8000, resume_max=300),
        rooms=[],
        epoch=EPOCH,
    ),
    "system.pong": events.Pong(),
    "system.pong, with an id": events.Pong(re="p-17"),
    "system.bye": events.Bye(reason="The server restarts.", retry_after=2.0),
    "system.error": events.Error(
        code="message.unknown_type", message="The server does not know this type of message."
    ),
    "system.error, to a request": events.Error(
        re=4, code="rate.limited", message="Too many tries. Wait a little.", retry_after=1.5
    ),
    "room.joined": events.RoomJoined(
        re=2, room_id=ROOM, room=just_joined, members=[alice_in_room, bob_online], last_seq=1, rev=2
    ),
    "room.joined, elsewhere": events.RoomJoined(
        room_id=ROOM, room=just_joined, members=[alice_in_room, bob_online], last_seq=1, rev=2
    ),
    "room.left": events.RoomLeft(re=3, room_id=ROOM),
    "room.left, elsewhere": events.RoomLeft(room_id=ROOM),
    "room.left, not of one's own accord": events.RoomLeft(room_id=ROOM, reason="kicked"),
    "room.updated": events.RoomUpdated(room_id=ROOM, rev=10, room=shown_to_all),
    "room.updated, archived": events.RoomUpdated(room_id=ROOM, rev=11, room=archived),
    "room.deleted": events.RoomDeleted(room_id=ROOM),
    "room.resumed": events.RoomResumed(
        room_id=ROOM, room=my_room, members=[alice_in_room, bob_in_room], last_seq=2, rev=3
    ),
    "room.member.joined": events.MemberJoined(
        room_id=ROOM,
        rev=2,
        user_id=BOB,
        username="bob",
        display_name="Bob",
        role="member",
        presence="online",
        joined_at="2024-11-20T09:02:30.000Z",
    ),
    "room.member.joined, with a status text": events.MemberJoined(
        room_id=ROOM,
        rev=2,
        user_id=BOB,
        username="bob",
        display_name="Bob",
        role="member",
        presence="busy",
        joined_at="2024-11-20T09:02:30.000Z",
        status_text="In a meeting",
    ),
    "room.member.left": events.MemberLeft(room_id=ROOM, rev=4, user_id=BOB, username="bob"),
    "room.member.left, and another is the owner now": events.MemberLeft(
        room_id=ROOM, rev=4, user_id=ALICE, username="alice", new_owner=BOB
    ),
    "room.member.left, not of their own accord": events.MemberLeft(
        room_id=ROOM, rev=12, user_id=BOB, username="bob", reason="banned"
    ),
    "room.member.changed": events.MemberChanged(room_id=ROOM, rev=9, user_id=BOB, role="moderator"),
    "chat.message.ack": events.MessageAck(room_id=ROOM, nonce="0b6d2f81c4", message_id=FIRST, seq=1, rev=1),
    "chat.message.ack, with an id": events.MessageAck(
        re=4, room_id=ROOM, nonce=NONCE, message_id=SECOND, seq=2, rev=3
    ),
    "chat.message.created": events.MessageCreated(message=hello),
    "chat.message.created, a reply": events.MessageCreated(message=reply),
    "chat.message.created, with everything": events.MessageCreated(message=with_everything),
    "chat.message.created, deleted": events.MessageCreated(message=deleted),
    "chat.message.edited": events.MessageEdited(re=8, message=edited),
    "chat.message.edited, by someone else": events.MessageEdited(message=edited),
    "chat.message.deleted": events.MessageDeleted(re=9, message=erased),
    "chat.message.deleted, by someone else": events.MessageDeleted(message=erased),
    "chat.message.pinned": events.MessagePinned(re=10, message=pinned),
    "chat.message.pinned, by someone else": events.MessagePinned(message=pinned),
    "chat.message.pinned, taken off": events.MessagePinned(re=11, message=unpinned),
    "chat.reaction.updated": events.ReactionUpdated(
        re=12, room_id=ROOM, message_id=FIRST, reactions=thumbs, message=reacted
    ),
    "chat.reaction.updated, by someone else": events.ReactionUpdated(
        room_id=ROOM, message_id=FIRST, reactions=thumbs, message=reacted
    ),
    "chat.reaction.updated, the last one gone": events.ReactionUpdated(
        re=13, room_id=ROOM, message_id=FIRST, message=msgspec.structs.replace(hello, rev=9)
    ),
    "chat.typing": events.Typing(room_id=ROOM, user_id=BOB, username="bob"),
    "chat.read": events.ReadMarked(re=6, room_id=ROOM, user_id=ALICE, seq=2),
    "chat.read, elsewhere": events.ReadMarked(room_id=ROOM, user_id=ALICE, seq=2),
    "chat.read, of another member": events.ReadMarked(room_id=ROOM, user_id=BOB, seq=2),
    "presence.update": events.PresenceChanged(user_id=BOB, presence="away"),
    "presence.update, with a status text": events.PresenceChanged(
        user_id=BOB, presence="busy", status_text="In a meeting"
    ),
    "presence.update, to who asked": events.PresenceChanged(re=-7, user_id=ALICE, presence="busy"),
    "p2p.session.created": signals.SessionCreated(**msgspec.structs.asdict(granted)),
    "p2p.session.created, to who asked": signals.SessionCreated(re=14, **msgspec.structs.asdict(granted)),
    "p2p.session.accept": signals.SessionAccepted(**msgspec.structs.asdict(active_grant)),
    "p2p.session.accept, to who accepts": signals.SessionAccepted(
        re=15, **msgspec.structs.asdict(active_grant)
    ),
    "p2p.session.decline": signals.SessionDeclined(session_id=SESSION, sender=from_bob, reason="Not now."),
    "p2p.session.decline, without a reason": signals.SessionDeclined(session_id=SESSION, sender=from_bob),
    "p2p.session.close": signals.SessionClose(session_id=SESSION, sender=from_bob, reason="Done."),
    "p2p.session.close, by REST": signals.SessionClose(session_id=SESSION, sender=from_alice_by_rest),
    "p2p.session.closed": signals.SessionClosed(session_id=SESSION, reason="closed"),
    "p2p.session.closed, to who declines": signals.SessionClosed(
        re=16, session_id=SESSION, reason="declined"
    ),
    "p2p.candidate": signals.Candidate(session_id=SESSION, sender=from_bob, candidate=CANDIDATE),
    "p2p.candidate, as an object": signals.Candidate(
        session_id=SESSION,
        sender=from_bob,
        candidate={"candidate": CANDIDATE, "sdpMLineIndex": 0},
        payload="opaque",
    ),
    "p2p.candidate, the last one": signals.Candidate(session_id=SESSION, sender=from_bob, payload="end"),
    "rtc.offer": signals.RtcOffer(call_id=CALL, room_id=ROOM, sender=from_bob, sdp=SDP),
    "rtc.offer, with a payload": signals.RtcOffer(
        call_id=CALL, room_id=ROOM, sender=from_bob, payload="opaque"
    ),
    "rtc.answer": signals.RtcAnswer(call_id=CALL, room_id=ROOM, sender=from_bob, sdp=SDP),
    "rtc.answer, with a payload": signals.RtcAnswer(
        call_id=CALL, room_id=ROOM, sender=from_bob, payload="opaque"
    ),
    "rtc.ice": signals.RtcIce(call_id=CALL, room_id=ROOM, sender=from_bob, candidate=CANDIDATE),
    "rtc.ice, with a payload": signals.RtcIce(call_id=CALL, room_id=ROOM, sender=from_bob, payload="opaque"),
    "rtc.hangup": signals.RtcHangup(call_id=CALL, room_id=ROOM, sender=from_bob, reason="busy"),
    "rtc.hangup, with a payload": signals.RtcHangup(
        call_id=CALL, room_id=ROOM, sender=from_bob, payload="opaque"
    ),
}

REST: Final[dict[str, msgspec.Struct]] = {
    "User": alice,
    "User, with a status text": with_status,
    "User, who hides what they have read": rest.User(
        id=ALICE,
        username="alice",
        display_name="Alice",
        role="admin",
        created_at="2024-11-20T09:00:00.000Z",
        hides_reads=True,
    ),
    "Device": other_device,
    "Device, the one that asks": this_device,
    "RegisterRequest": rest.RegisterRequest(username="alice", password="password123"),
    "RegisterRequest, from a named device": rest.RegisterRequest(
        username="alice", password="password123", device_name="alice's laptop"
    ),
    "RegisterRequest, with everything": rest.RegisterRequest(
        username="alice", password="password123", device_name="alice's laptop", invite="k3v9-x2m7"
    ),
    "LoginRequest": rest.LoginRequest(username="alice", password="password123"),
    "LoginRequest, from a device that returns": rest.LoginRequest(
        username="alice", password="password123", device_name="alice's laptop", device_id=DEVICE
    ),
    "RefreshRequest": rest.RefreshRequest(refresh_token=REFRESH_TOKEN),
    "RefreshRequest, that can be repeated": rest.RefreshRequest(
        refresh_token=REFRESH_TOKEN, attempt="5f0c2b7d9e1a4863"
    ),
    "PasswordRequest": rest.PasswordRequest(current="password123", new="correct horse"),
    "ProfileRequest": rest.ProfileRequest(display_name="Alice B."),
    "ProfileRequest, of one who hides what they have read": rest.ProfileRequest(hides_reads=True),
    "Session": rest.Session(
        user=registered,
        device=new_device,
        access_token=ACCESS_TOKEN,
        refresh_token=REFRESH_TOKEN,
        expires_in=900,
    ),
    "DeviceList": rest.DeviceList(devices=[this_device, other_device]),
    "Room": listed_room,
    "Room, of mine": my_room,
    "Room, of two people": dm_with_bob,
    "Room, of two people who see how far the other has read": dm_with_receipts,
    "Member": bob_in_room,
    "Member, with a status text": bob_with_status,
    "Member, where the room shows receipts": bob_who_read,
    "CreateRoomRequest": rest.CreateRoomRequest(name="Test Chat"),
    "CreateRoomRequest, with everything": rest.CreateRoomRequest(
        name="Back office", topic="Where we try things", visibility="private"
    ),
    "Room, archived": archived,
    "Room, in slow mode, and forgetful": shown_to_all,
    "UpdateRoomRequest": rest.UpdateRoomRequest(slow_mode_s=30, retention_s=2_592_000),
    "UpdateRoomRequest, with everything": rest.UpdateRoomRequest(
        name="Test Chat",
        topic="Where we try things",
        visibility="private",
        archived=True,
        slow_mode_s=0,
        retention_s=0,
    ),
    "UpdateRoomRequest, with receipts": rest.UpdateRoomRequest(receipts=True),
    "UpdateRoomRequest, with nothing": rest.UpdateRoomRequest(),
    "JoinRequest": rest.JoinRequest(),
    "JoinRequest, with an invite": rest.JoinRequest(invite=INVITE_CODE),
    "AddMemberRequest": rest.AddMemberRequest(username="bob"),
    "RoleRequest": rest.RoleRequest(role="moderator"),
    "BanRequest": rest.BanRequest(username="bob"),
    "BanRequest, with a reason": rest.BanRequest(username="bob", reason="spam"),
    "Ban": ban,
    "Ban, without a reason": msgspec.structs.replace(ban, reason=""),
    "BanList": rest.BanList(bans=[ban]),
    "InviteRequest": rest.InviteRequest(),
    "InviteRequest, with everything": rest.InviteRequest(expires_in_s=86_400, max_uses=5),
    "Invite": listed_invite,
    "Invite, just made": new_invite,
    "Invite, without a limit": lasting_invite,
    "InviteList": rest.InviteList(invites=[lasting_invite, listed_invite]),
    "RoomList": rest.RoomList(rooms=[my_room]),
    "RoomList, and there is another page": rest.RoomList(rooms=[listed_room], next="test chat"),
    "MemberList, and there is another page": rest.MemberList(
        members=[alice_in_room], next="1732093260000-01jd5f0q1cx7m2k9v4ta"
    ),
    "MemberList": rest.MemberList(members=[alice_in_room, bob_in_room]),
    "Author": rest.Author(id=BOB, username="bob"),
    "Message": hello,
    "Message, with everything": with_everything,
    "Message, deleted": deleted,
    "Message, edited": edited,
    "Message, pinned and with reactions": pinned,
    "MessagePage": rest.MessagePage(messages=[hello, reply], has_more=False),
    "MessagePage, of pins": rest.MessagePage(messages=[pinned], has_more=False),
    "Reaction": rest.Reaction(reaction="👍", users=[BOB, ALICE]),
    "MessageVersion": rest.MessageVersion(content="Hi Alice! 👋", until="2024-11-20T09:04:10.750Z"),
    "MessageHistory": rest.MessageHistory(
        versions=[rest.MessageVersion(content="Hi Alice! 👋", until="2024-11-20T09:04:10.750Z")]
    ),
    "SearchHit": found,
    "SearchPage": rest.SearchPage(hits=[found], has_more=True, next="1734"),
    "SearchPage, the last one": rest.SearchPage(hits=[found], has_more=False),
    "DmRequest": rest.DmRequest(username="bob"),
    "SshKeyRequest": rest.SshKeyRequest(
        key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJvYidzIGtleSBpcyBub3QgaGVyZSwgbm9ib2R5J3Mg alice@laptop"
    ),
    "SshKeyRequest, with everything": rest.SshKeyRequest(
        key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJvYidzIGtleSBpcyBub3QgaGVyZSwgbm9ib2R5J3Mg",
        name="my laptop",
    ),
    "SshKey": ssh_key,
    "SshKeyList": rest.SshKeyList(keys=[ssh_key]),
    "PushTarget": gotify_target,
    "PushTarget, with everything": ntfy_target,
    "PushTargetRequest": rest.PushTargetRequest(
        kind="gotify", url="https://gotify.example.org", token="A2bXk9.application"
    ),
    "PushTargetRequest, of ntfy": rest.PushTargetRequest(
        kind="ntfy", url="https://ntfy.example.org", topic="mesh-alice-8f2k"
    ),
    "PushTargetRequest, with everything": rest.PushTargetRequest(
        kind="ntfy",
        url="https://ntfy.example.org",
        token="tk_of-alice",
        topic="mesh-alice-8f2k",
        name="my phone",
        mentions=False,
        dms=False,
        rooms=True,
        text=True,
    ),
    "PushTargetList": rest.PushTargetList(targets=[]),
    "PushTargetList, with one": rest.PushTargetList(
        targets=[gotify_target], allowed=["https://gotify.example.org"]
    ),
    "PushTest": rest.PushTest(state="delivered"),
    "P2pSessionRequest": rest.P2pSessionRequest(room_id=ROOM, kind="file", peer="bob"),
    "P2pSessionRequest, with everything": rest.P2pSessionRequest(
        room_id=ROOM,
        kind="file",
        peer=BOB,
        device_id=PHONE,
        session_id=SESSION,
        certificate_fingerprint=CERTIFICATE,
    ),
    "P2pDevice": rest.P2pDevice(device_id=PHONE),
    "P2pDevice, with everything": alices_side.devices[0],
    "P2pPeer": alices_side,
    "P2pGrant": granted,
    "P2pSession": waiting,
    "P2pSession, accepted": under_way,
    "P2pSessionList": rest.P2pSessionList(sessions=[under_way]),
    "IceServer": stun_server,
    "IceServer, with credentials": turn_server,
    "IceServerList": rest.IceServerList(ice_servers=[stun_server, turn_server], expires_in=86_400),
    "CapabilityRequest": rest.CapabilityRequest(room_id=ROOM, kind="file"),
    "Capability": rest.Capability(capability=CAPABILITY, expires_in=180),
    "PublicKey": public_key,
    "KeyList": rest.KeyList(keys=[public_key]),
    "DeviceRequest": rest.DeviceRequest(name="alice's laptop"),
    "DeleteAccountRequest": rest.DeleteAccountRequest(password="password123"),
    "TokenRequest": rest.TokenRequest(name="backup script"),
    "TokenRequest, for a month": rest.TokenRequest(name="backup script", expires_in_s=2_592_000),
    "PersonalToken": personal_token,
    "PersonalToken, just made": new_token,
    "TokenList": rest.TokenList(tokens=[personal_token]),
    "Account": account,
    "Account, suspended": suspended,
    "Account, deleted": departed,
    "AccountList": rest.AccountList(accounts=[account], has_more=True, next=BOB),
    "AccountList, the last one": rest.AccountList(accounts=[account], has_more=False),
    "SuspendRequest": rest.SuspendRequest(),
    "SuspendRequest, with a reason": rest.SuspendRequest(reason="spam"),
    "AccountRoleRequest": rest.AccountRoleRequest(role="admin"),
    "HandedOutPassword": rest.HandedOutPassword(password="mfzwi3lqnnxw4zlsoq2a", expires_in=86_400),
    "RoomSummary": room_summary,
    "RoomSummary, archived and without an owner": msgspec.structs.replace(
        room_summary, archived=True, owner=None, member_count=0
    ),
    "RoomSummaryList": rest.RoomSummaryList(rooms=[room_summary], has_more=True, next=ROOM),
    "RoomSummaryList, the last one": rest.RoomSummaryList(rooms=[room_summary], has_more=False),
    "ArchiveRequest": rest.ArchiveRequest(archived=True),
    "OwnerRequest": rest.OwnerRequest(username="bob"),
    "ServerInvite": server_invite,
    "ServerInvite, just made": msgspec.structs.replace(
        server_invite,
        created_by=rest.Author(id=ALICE, username="alice"),
        max_uses=5,
        code=INVITE_CODE,
        url=f"/invite/{INVITE_CODE}",
    ),
    "ServerInviteList": rest.ServerInviteList(invites=[server_invite]),
    "AuditEntry": kicked,
    "AuditEntry, at the console": at_the_console,
    "AuditPage": rest.AuditPage(entries=[kicked], has_more=True, next=12),
    "AuditPage, the last one": rest.AuditPage(entries=[at_the_console], has_more=False),
    "ServerStats": rest.ServerStats(
        users=2,
        suspended=0,
        deleted=1,
        admins=1,
        online=1,
        connections=2,
        devices=3,
        tokens=1,
        rooms=1,
        dms=1,
        messages=2,
        invites=1,
        audit_entries=12,
        database_bytes=1_048_576,
        version="0.1.0",
    ),
    "VersionInfo": rest.VersionInfo(
        name="Mesh",
        version="0.1.0",
        wire=[1],
        subprotocols=list(SUBPROTOCOLS),
        registration="open",
    ),
    "ErrorDetail": rest.ErrorDetail(code="room.not_found", message="There is no such room."),
    "ErrorDetail, with everything": rest.ErrorDetail(
        code="rate.limited",
        message="Too many tries. Wait a little.",
        request_id="5f2c9a0e4b7d1836",
        retry_after=12.0,
    ),
    "ErrorBody": rest.ErrorBody(
        error=rest.ErrorDetail(
            code="room.not_found", message="There is no such room.", request_id="5f2c9a0e4b7d1836"
        )
    ),
}
