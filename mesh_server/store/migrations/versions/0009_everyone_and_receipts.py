"""Messages that call everyone, and rooms that show how far their members have read."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "room_mentions",
        sa.Column("room_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("author_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "seq", name="pk_room_mentions"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_room_mentions_room_id"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name="fk_room_mentions_author_id"),
    )
    op.add_column("rooms", sa.Column("receipts", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("hides_reads", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute("UPDATE rooms SET receipts = true WHERE kind = 'dm'")
    # Who named themselves was counted as named.
    op.execute(
        "DELETE FROM mentions WHERE EXISTS (SELECT 1 FROM messages WHERE messages.room_id = mentions.room_id "
        "AND messages.seq = mentions.seq AND messages.author_id = mentions.user_id)"
    )
