"""Search: SQLite's full-text index over the log (https://www.sqlite.org/fts5.html)."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE message_search USING fts5("
            "content, content='messages', content_rowid='pk', tokenize='unicode61 remove_diacritics 2')"
        )
