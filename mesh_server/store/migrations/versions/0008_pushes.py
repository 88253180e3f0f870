"""Places for pushes, and the queue of those on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "push_targets",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mentions", sa.Boolean, nullable=False),
        sa.Column("dms", sa.Boolean, nullable=False),
        sa.Column("rooms", sa.Boolean, nullable=False),
        sa.Column("text", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_push_targets"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_push_targets_user_id"),
    )
    op.create_index("ix_push_targets_user_id", "push_targets", ["user_id"])
    op.create_table(
        "pushes",
        sa.Column("pk", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("target_id", sa.String(64), nullable=False),
        sa.Column("room_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_pushes"),
        sa.ForeignKeyConstraint(["target_id"], ["push_targets.id"], name="fk_pushes_target_id"),
        sa.UniqueConstraint("target_id", "room_id", "seq", name="uq_pushes_target_id_room_id_seq"),
    )
    op.create_index("ix_pushes_due_at", "pushes", ["due_at"])
