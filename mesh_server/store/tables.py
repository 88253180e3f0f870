"""The tables, as SQLAlchemy Core knows them. `migrations/` makes the schema; a test holds both equal.

Times are integer milliseconds since 1970. Ids are text. A room's `last_seq` and `rev` are the heads of
its two numberings; every change of a room takes its next `rev` in the transaction that makes it, so both
have no gap and no repeat.

Which rows an index holds is said to SQLite alone here: an argument named after another database imports all
that SQLAlchemy knows of it, with every start. The migrations, which make the indexes, say it to both.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""`epoch`: changes when a backup is restored, so that clients start their numbers over. `relay_usage`: what
counts against the relay's quotas."""

users = Table(
    "users",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("username", Text, nullable=False),
    Column("username_key", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("password_expires_at", BigInteger),
    Column("suspended_at", BigInteger),
    Column("deleted_at", BigInteger),
    Column("status_text", Text, nullable=False, server_default=""),
    Column("hides_reads", Boolean, nullable=False, server_default="0"),
)
"""`username_key`: what two names that look alike have in common (`services.names.name_key`).

`password_expires_at`: set while the password is one that was handed out, which is good for signing in once.
A deleted user keeps the row, because messages hang on it, and nothing that tells who it was: the key is
then a hash of what it was, which keeps the name from others (`store.people`).
"""

devices = Table(
    "devices",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("signed_in_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("key_fingerprint", Text),
    Column("revoked_at", BigInteger),
    Column("token_hash", LargeBinary),
    Column("expires_at", BigInteger),
    Index("ix_devices_token_hash", "token_hash", unique=True),
)
"""A device with a `token_hash` is a personal token: a program that shows it may come in until `expires_at`.

A revoked device keeps its row: its messages' nonces belong to it, and it may sign in again.

Access tokens name the `signed_in_at` that they were given for, so that none outlives a signing out.
"""

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("device_id", ForeignKey("devices.id"), nullable=False, index=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("spent_at", BigInteger),
)
"""Hashed with SHA-256. A spent one is kept until it expires, because using it again is a sign of theft."""

rooms = Table(
    "rooms",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("topic", Text, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("created_by", ForeignKey("users.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("slow_mode_s", BigInteger, nullable=False, server_default="0"),
    Column("retention_s", BigInteger, nullable=False, server_default="0"),
    Column("erased_seq", BigInteger, nullable=False, server_default="0"),
    Column("receipts", Boolean, nullable=False, server_default="0"),
    Column("archived_at", BigInteger),
    Column("deleted_at", BigInteger),
)
"""`erased_seq`: up to there the room has forgotten its messages, where it has a retention time.

A deleted room has no name, no topic, no members and is private, so that nobody can see it; its messages
go a step at a time, and its row goes last (`store.upkeep`)."""

members = Table(
    "members",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Column("own_since_read", BigInteger, nullable=False, server_default="0"),
    Index("ix_members_user_id", "user_id"),
)
"""`own_since_read`: how many messages after `read_seq` are the member's own, which are never unread.

Kept, not counted: an index that could tell would be a fourth page that each message touches."""

bans = Table(
    "bans",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("banned_by", ForeignKey("users.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

invites = Table(
    "invites",
    metadata,
    Column("code_hash", LargeBinary, primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("room_id", ForeignKey("rooms.id"), index=True),
    Column("created_by", ForeignKey("users.id")),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("max_uses", BigInteger),
    Column("uses", BigInteger, nullable=False),
)
"""Hashed with SHA-256, as refresh tokens are: who reads the database cannot use them.

One without a room leads onto the server only; one without a maker was made at the console.
"""

messages = Table(
    "messages",
    metadata,
    Column("pk", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("room_id", ForeignKey("rooms.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("id", String(64), nullable=False, unique=True),
    Column("author_id", ForeignKey("users.id"), nullable=False),
    Column("device_id", ForeignKey("devices.id"), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("reply_to", String(64)),
    Column("thread", String(64)),
    Column("mentions", Text),
    Column("edited_at", BigInteger),
    Column("deleted_at", BigInteger),
    Column("pinned_at", BigInteger),
    Column("changed", Boolean, nullable=False, server_default="0"),
    UniqueConstraint("room_id", "seq", name="uq_messages_room_id_seq"),
    UniqueConstraint("room_id", "device_id", "nonce", name="uq_messages_room_id_device_id_nonce"),
    # PostgreSQL's own `where` stands in the migrations; here it would load that dialect with every start.
    Index("ix_messages_changed", "room_id", "rev", unique=True, sqlite_where=text("changed = 1")),
    Index(
        "ix_messages_deleted",
        "room_id",
        "seq",
        sqlite_where=text("deleted_at IS NOT NULL"),
    ),
    Index(
        "ix_messages_pinned",
        "room_id",
        "pinned_at",
        sqlite_where=text("pinned_at IS NOT NULL"),
    ),
    Index(
        "ix_messages_thread",
        "room_id",
        "thread",
        "seq",
        sqlite_where=text("thread IS NOT NULL"),
    ),
)
"""The log. `pk` is the order of writing over all rooms, and a small key that other tables can name.

`changed`: whether its `rev` is not the one it was written with. Of those that did not change, the later one
always has the higher `rev`, so only the others need an index by it. Each index that begins with the room
costs a message a page to write, and these are most of what a commit writes.

`mentions`: a JSON array of user ids, for showing; counting is done on the tables below."""

paces = Table(
    "paces",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("said_at", BigInteger, nullable=False),
)
"""When each who has to wait in a room in slow mode said something there last; leaving does not undo it."""

mentions = Table(
    "mentions",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
)

room_mentions = Table(
    "room_mentions",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("author_id", ForeignKey("users.id"), nullable=False),
)
"""Messages that call everyone in their room: one row, however many these are."""

reactions = Table(
    "reactions",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("reaction", Text, primary_key=True),
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("room_id", ForeignKey("rooms.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("until", BigInteger, primary_key=True),
    Column("content", Text, nullable=False),
)
"""What messages said before they were edited; gone with the message."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("action", String(64), nullable=False),
    Column("actor_id", String(64)),
    Column("actor_name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("room_id", String(64)),
    Column("target_id", String(64)),
    Column("target_name", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("ix_audit_room_id_id", "room_id", "id"),
    Index("ix_audit_at", "at"),
    sqlite_autoincrement=True,
)
"""Who did what to whom, with names as they were then; it refers to nothing, so it outlives what it names.

Rows are added, and removed once they are old enough; a trigger refuses to change one. `details` is JSON.
"""

p2p_sessions = Table(
    "p2p_sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("room_id", ForeignKey("rooms.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("asker_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("asker_device", ForeignKey("devices.id"), nullable=False),
    Column("asker_certificate", Text),
    Column("peer_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("peer_device", ForeignKey("devices.id")),
    Column("peer_certificate", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("accepted_at", BigInteger),
    Column("seen_at", BigInteger, nullable=False),
)
"""Sessions between two peers that are not over. `peer_device` is the one that accepted, or that was named.

`seen_at`: when one of the two devices was connected last, from time to time."""

ssh_keys = Table(
    "ssh_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("user_id", "fingerprint"),
)

push_targets = Table(
    "push_targets",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("url", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mentions", Boolean, nullable=False),
    Column("dms", Boolean, nullable=False),
    Column("rooms", Boolean, nullable=False),
    Column("text", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
)
"""`token`: as the push server wants it, so not hashed; no call tells it."""

pushes = Table(
    "pushes",
    metadata,
    Column("pk", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("target_id", ForeignKey("push_targets.id"), nullable=False),
    Column("room_id", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    UniqueConstraint("target_id", "room_id", "seq", name="uq_pushes_target_id_room_id_seq"),
)
"""The queue. It names messages and holds nothing of them, so what is deleted or read is not pushed."""
