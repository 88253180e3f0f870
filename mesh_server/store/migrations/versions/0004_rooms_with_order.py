"""Rooms with order: settings, bans, invites; rooms that are deleted, or forget."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("slow_mode_s", "retention_s", "erased_seq"):
        op.add_column("rooms", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    for name in ("archived_at", "deleted_at"):
        op.add_column("rooms", sa.Column(name, sa.BigInteger))
    op.create_table(
        "bans",
        sa.Column("room_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("banned_by", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "user_id", name="pk_bans"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_bans_room_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_bans_user_id"),
        sa.ForeignKeyConstraint(["banned_by"], ["users.id"], name="fk_bans_banned_by"),
    )
    op.create_table(
        "invites",
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("room_id", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("max_uses", sa.BigInteger),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name="pk_invites"),
        sa.UniqueConstraint("id", name="uq_invites_id"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_invites_room_id"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_invites_created_by"),
    )
    op.create_index("ix_invites_room_id", "invites", ["room_id"])
