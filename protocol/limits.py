"""Every number that both sides must agree on, in one place.

Sizes are bytes (`_BYTES`) or Unicode code points (`_CHARS`), times are seconds (`_S`).
"""

from typing import Final

FRAME_BYTES: Final = 64 * 1024
"""One WebSocket message from a client, before it is decoded."""

SERVER_FRAME_BYTES: Final = 8 * 1024 * 1024
"""One WebSocket message from a server: a whole list of members, or of a person's rooms, must fit."""

BODY_BYTES: Final = 64 * 1024
"""One REST body sent to a server."""

ANSWER_BYTES: Final = 32 * 1024 * 1024
"""One REST answer: a full page of the longest messages, every character escaped and every reaction given
by as many people as may, must fit."""

INTEGER_MAX: Final = 2**53 - 1
"""The largest integer that every JSON reader holds exactly (RFC 8259 section 6)."""

WAIT_MAX_S: Final = 86_400
"""The longest time that a server may tell a client to wait."""

CONTENT_CHARS: Final = 8_000
NAME_CHARS: Final = 64
"""A room's name, a display name, a device's name."""

USERNAME_CHARS: Final = 32
TOPIC_CHARS: Final = 250
PASSWORD_MIN_CHARS: Final = 8
PASSWORD_MAX_CHARS: Final = 1_024
ID_CHARS: Final = 64
"""Any id, nonce, cursor or fingerprint that travels."""

ATTEMPT_MIN_CHARS: Final = 16
"""What must be drawn at random for a refresh that can be made again."""

TOKEN_CHARS: Final = 4_096
CONTENT_TYPE_CHARS: Final = 100
MENTIONS: Final = 100
"""Users that one message may name in `mentions`."""

REACTION_CHARS: Final = 32
"""One emoji, joiners and modifiers included."""

REACTIONS: Final = 20
"""Different reactions on one message."""

REACTION_USERS: Final = 200
"""People who may give one message the same reaction."""

MESSAGE_VERSIONS: Final = 50
"""Earlier versions that are kept of one message; of more edits, the oldest are forgotten."""

STATUS_CHARS: Final = 100
"""What a person says of themselves beside their presence."""

QUERY_CHARS: Final = 200
"""What is searched for."""

ROOM_MEMBERS: Final = 5_000
"""Members of one room: its whole list of members must fit in a frame."""

USER_ROOMS: Final = 2_000
"""Rooms that one person may be in: a welcome with all of them, of the longest names and topics, must fit in
a frame."""

OWNED_ROOMS: Final = 500
"""Rooms that one person may make and own."""

ROOM_BANS: Final = 5_000
"""People who may be banned from one room."""

ROOM_INVITES: Final = 100
"""Invites into one room that can still be used."""

INVITE_DEFAULT_S: Final = 7 * 86_400
"""How long an invite lives where nothing else is asked."""

INVITE_MAX_S: Final = 365 * 86_400
INVITE_USES: Final = 10_000
"""Uses that an invite may be limited to."""

SERVER_INVITES: Final = 100
"""Invites onto the server, and into no room, that can still be used."""

USER_TOKENS: Final = 50
"""Personal tokens of one user that can still be used."""

PERSONAL_TOKEN_MAX_S: Final = 10 * 365 * 86_400
"""The longest life of a personal token, where it does not live for ever."""

PASSWORD_HANDED_OUT_S: Final = 86_400
"""How long a password that an administrator handed out is good for signing in, once."""

REASON_CHARS: Final = 250
"""Why someone was banned, or suspended."""

SLOW_MODE_MAX_S: Final = 6 * 3_600
"""The longest time between two messages of one member that a room may ask for."""

RETENTION_MAX_S: Final = 10 * 365 * 86_400
"""The longest time after which a room forgets its messages, where it does."""

CAPABILITY_S: Final = 180
"""The longest life of a capability, and how long a session between two peers waits to be accepted."""

FINGERPRINT_CHARS: Final = 128
"""The fingerprint of a device's key, or of a certificate."""

P2P_SESSIONS: Final = 32
"""Sessions between two peers that one person may have asked for at a time."""

P2P_DEVICES: Final = 32
"""Devices of a peer that are named while nobody knows which one will accept: those that were seen last."""

P2P_IDLE_S: Final = 3_600
"""How long a session goes on while neither of its devices is connected."""

SIGNAL_CHARS: Final = 15_000
"""What one message from peer to peer may carry in `sdp` or `payload`."""

SIGNAL_FIELDS: Final = 16
"""Fields of a `candidate` that is an object."""

SIGNAL_TARGETS: Final = 16
"""Users or devices that one message of a call may be for."""

RELAY_PACKET_BYTES: Final = 16 * 1024
"""One packet through the relay."""

PEER_FRAME_BYTES: Final = 256 * 1024
"""One frame between two agents, without the raw bytes that follow a chunk."""

PEER_READ_BYTES: Final = 256 * 1024
"""What a lane hands over at a time while frames are read from it."""

PEER_SENTENCE_CHARS: Final = 500
"""Why a transfer was declined, cancelled or failed."""

PATH_CHARS: Final = 4_096
"""A name, or a path within a folder that is sent; what can be written is a matter of the receiver's disk."""

HASH_BYTES: Final = 32

CHUNK_BYTES: Final = 1024 * 1024
CHUNK_MIN_BYTES: Final = 64 * 1024
CHUNK_MAX_BYTES: Final = 4 * 1024 * 1024
"""One chunk of a file, or small files packed together."""

FOLDER_ENTRIES: Final = 1_000_000
"""Files, empty folders and links of one folder."""

MANIFEST_ENTRIES: Final = 1_000
"""Entries in one frame of a manifest; fewer where their names are long."""

RANGES: Final = 4_096
"""Ranges of chunks in one frame."""

LANES: Final = 8
"""Connections between the same two beside the main one."""

TERM_COLUMNS: Final = 500
TERM_ROWS: Final = 200
"""The size of a shared terminal, in cells, at most; at least it is 1 by 1."""

TERM_INPUT_BYTES: Final = 64 * 1024
"""Keys, or a piece of what is pasted, in one frame."""

TERM_LINES: Final = 200
"""Lines of what has scrolled away that are asked for at a time."""

TERM_WATCHERS: Final = 64
"""Guests of one shared terminal."""

CLUSTER_CHARS: Final = 32
"""Code points of one cell of a terminal; what comes on top of them is left out."""

CLOCK_SKEW_S: Final = 30
"""How far the clock of a server may be ahead of that of a peer which verifies its capabilities."""

PAGE_DEFAULT: Final = 50
PAGE_MAX: Final = 200
"""Messages in one page of history."""

SSH_KEYS: Final = 10
"""Public keys that one person may have for the ssh door."""

PUSH_TARGETS: Final = 5
"""Places to which one person may have pushes sent."""

RESUME_MAX: Final = 300
"""Changed messages of one room that a resume replays; past it the room is marked `gap`."""

RESUME_ROOMS: Final = 1_000
"""Rooms that one `system.hello` may ask to resume."""

HEARTBEAT_S: Final = 30.0
"""The default of `heartbeat_s`: how long either end may stay silent before it must show that it lives."""

HELLO_TIMEOUT_S: Final = 10.0
"""How long a socket may stay open without a valid `system.hello`."""
