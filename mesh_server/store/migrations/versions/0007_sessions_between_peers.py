"""Sessions between two peers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "p2p_sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("room_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("asker_id", sa.String(64), nullable=False),
        sa.Column("asker_device", sa.String(64), nullable=False),
        sa.Column("asker_certificate", sa.Text),
        sa.Column("peer_id", sa.String(64), nullable=False),
        sa.Column("peer_device", sa.String(64)),
        sa.Column("peer_certificate", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("accepted_at", sa.BigInteger),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_p2p_sessions"),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name="fk_p2p_sessions_room_id"),
        sa.ForeignKeyConstraint(["asker_id"], ["users.id"], name="fk_p2p_sessions_asker_id"),
        sa.ForeignKeyConstraint(["asker_device"], ["devices.id"], name="fk_p2p_sessions_asker_device"),
        sa.ForeignKeyConstraint(["peer_id"], ["users.id"], name="fk_p2p_sessions_peer_id"),
        sa.ForeignKeyConstraint(["peer_device"], ["devices.id"], name="fk_p2p_sessions_peer_device"),
    )
    for column in ("room_id", "asker_id", "peer_id"):
        op.create_index(f"ix_p2p_sessions_{column}", "p2p_sessions", [column])
