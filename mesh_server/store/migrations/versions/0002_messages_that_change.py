"""Messages that change: edits and their versions, deletions, pins, reactions, threads."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("edited_at", "deleted_at", "pinned_at"):
        op.add_column("messages", sa.Column(name, sa.BigInteger))
    for name, columns in (
        ("deleted", ["room_id", "seq"]),
        ("pinned", ["room_id", "pinned_at"]),
        ("thread", ["room_id", "thread", "seq"]),
    ):
        where = sa.text(f"{'thread' if name == 'thread' else name + '_at'} IS NOT NULL")
        op.create_index(
            f"ix_messages_{name}", "messages", columns, sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "reactions",
        sa.Column("room_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("reaction", sa.Text, nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "seq", "reaction", "user_id", name="pk_reactions"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_reactions_room_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_reactions_user_id"),
    )
    op.create_table(
        "versions",
        sa.Column("room_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "seq", "until", name="pk_versions"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_versions_room_id"),
    )
