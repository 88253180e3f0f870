"""Accounts that are suspended or deleted, personal tokens, invites onto the server, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_UNCHANGED = (
    "CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
)
_UNCHANGED_POSTGRESQL = (
    """CREATE FUNCTION audit_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$""",
    "CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_unchanged()",
)


def upgrade() -> None:
    for name in ("password_expires_at", "suspended_at", "deleted_at"):
        op.add_column("users", sa.Column(name, sa.BigInteger))
    op.add_column("devices", sa.Column("token_hash", sa.LargeBinary))
    op.add_column("devices", sa.Column("expires_at", sa.BigInteger))
    op.create_index("ix_devices_token_hash", "devices", ["token_hash"], unique=True)
    with op.batch_alter_table("invites") as invites:
        invites.alter_column("room_id", existing_type=sa.String(64), nullable=True)
        invites.alter_column("created_by", existing_type=sa.String(64), nullable=True)
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("actor_id", sa.String(64)),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("room_id", sa.String(64)),
        sa.Column("target_id", sa.String(64)),
        sa.Column("target_name", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_room_id_id", "audit", ["room_id", "id"])
    op.create_index("ix_audit_at", "audit", ["at"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_UNCHANGED)
    else:
        for statement in _UNCHANGED_POSTGRESQL:
            op.execute(statement)
