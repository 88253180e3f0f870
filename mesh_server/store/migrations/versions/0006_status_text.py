"""What people say of themselves beside their presence."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("users", sa.Column("status_text", sa.Text, nullable=False, server_default=""))
