"""The tables of the cache file, and the steps from each older form of them to the newest.

Strategy: SQLite's `user_version` counts the steps taken. Structs are stored as MessagePack, as they came
over the wire and were cleaned, so that a new optional field needs no step; what is searched or sorted by
has a column. A step, once released, is never changed.
"""

import sqlite3
from typing import Final

from mesh_agent.client.errors import FileTooNew

_STEPS: Final = (
    """
    CREATE TABLE rooms (
        room_id TEXT PRIMARY KEY,
        epoch   TEXT NOT NULL,
        rev     INTEGER NOT NULL,
        top_seq INTEGER NOT NULL,
        data    BLOB NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE messages (
        room_id TEXT NOT NULL,
        seq     INTEGER NOT NULL,
        rev     INTEGER NOT NULL,
        data    BLOB NOT NULL,
        PRIMARY KEY (room_id, seq)
    );

    CREATE TABLE members (
        room_id TEXT PRIMARY KEY,
        rev     INTEGER NOT NULL,
        data    BLOB NOT NULL
    );

    CREATE TABLE markers (
        room_id TEXT PRIMARY KEY,
        seq     INTEGER NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE outbox (
        position   INTEGER PRIMARY KEY AUTOINCREMENT,
        nonce      TEXT NOT NULL UNIQUE,
        room_id    TEXT NOT NULL,
        content    TEXT NOT NULL,
        reply_to   TEXT,
        created_at TEXT NOT NULL,
        state      TEXT NOT NULL,
        error      TEXT NOT NULL
    );
    """,
    """
    ALTER TABLE outbox ADD COLUMN thread TEXT;
    """,
)

SELECT_OUTBOX: Final = """
    SELECT nonce, room_id, content, reply_to, thread, created_at, state, error FROM outbox ORDER BY position
"""
SELECT_FIRST_OUTBOX: Final = """
    SELECT nonce, room_id, content, reply_to, NULL, created_at, state, error FROM outbox ORDER BY position
"""
"""The same of a file that nobody has brought to its newest form."""

INSERT_OUTGOING: Final = """
    INSERT INTO outbox (nonce, room_id, content, reply_to, thread, created_at, state, error)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


def migrate(db: sqlite3.Connection, shown: str) -> None:
    """Brings the tables to their newest form; `shown` names the file in the error.

    Raises:
        FileTooNew: they were made by a newer Mesh.
    """
    if _version(db) == len(_STEPS):
        return
    # Another process may be doing the same: who has the write lock looks again.
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _version(db)
        if version > len(_STEPS):
            raise FileTooNew(f"{shown} was written by a newer Mesh. Update this one.")
        for step in _STEPS[version:]:
            for statement in step.split(";"):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(_STEPS)}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version
