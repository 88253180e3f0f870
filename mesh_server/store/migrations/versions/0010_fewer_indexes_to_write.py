"""Fewer indexes by room on the log: an index that a message is in costs every commit a page to write.

* By `rev` only those are found that changed since they were written; of the others the later one has the
  higher `rev`. So a message counts as changed where a later one has a lower `rev`.
* How many messages after the read marker are the member's own is kept with the marker.
* Who has to wait in a room in slow mode is kept beside it.
* Who wrote a message stands in the index of the search, which is made anew, behind the log, once the server
  runs.

SQLite cannot drop a constraint, so the table is written anew: some seconds for a million messages, and for
the time of the upgrade the disk needs room for the database once more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    _count_own()
    _keep_paces()
    if op.get_bind().dialect.name == "sqlite":
        _search_anew()
    with op.batch_alter_table("messages") as table:
        table.drop_index("ix_messages_room_id_author_id_seq")
        table.drop_constraint("uq_messages_room_id_rev", type_="unique")
        table.add_column(sa.Column("changed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE messages SET changed = true WHERE pk IN (SELECT pk FROM (SELECT pk, rev, min(rev) OVER ("
        "PARTITION BY room_id ORDER BY seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING"
        ") AS least_later FROM messages) AS log WHERE least_later < rev)"
    )
    op.create_index(
        "ix_messages_changed",
        "messages",
        ["room_id", "rev"],
        unique=True,
        sqlite_where=sa.text("changed = 1"),
        postgresql_where=sa.text("changed"),
    )


def _count_own() -> None:
    """While there still is the index that tells."""
    op.add_column(
        "members", sa.Column("own_since_read", sa.BigInteger, nullable=False, server_default=sa.text("0"))
    )
    op.execute(
        "UPDATE members SET own_since_read = (SELECT count(*) FROM messages WHERE "
        "messages.room_id = members.room_id AND messages.author_id = members.user_id "
        "AND messages.seq > members.read_seq)"
    )


def _keep_paces() -> None:
    op.create_table(
        "paces",
        sa.Column("room_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("said_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "user_id", name="pk_paces"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_paces_room_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_paces_user_id"),
    )
    op.execute(
        "INSERT INTO paces (room_id, user_id, said_at) SELECT messages.room_id, messages.author_id, "
        "max(messages.created_at) FROM messages JOIN rooms ON rooms.id = messages.room_id "
        "WHERE rooms.slow_mode_s > 0 GROUP BY messages.room_id, messages.author_id"
    )


def _search_anew() -> None:
    op.execute("DROP TABLE message_search")
    op.execute(
        "CREATE VIRTUAL TABLE message_search USING fts5(content, author_id, content='messages', "
        "content_rowid='pk', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute("DELETE FROM meta WHERE key IN ('search_pk', 'search_stale')")
