"""Search: SQLite's full-text index over the log (https://www.sqlite.org/fts5.html), and PostgreSQL's twin."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE message_search USING fts5("
            "content, content='messages', content_rowid='pk', tokenize='unicode61 remove_diacritics 2')"
        )
    else:
        op.execute("CREATE TABLE message_search (pk bigint PRIMARY KEY, words tsvector NOT NULL)")
        op.execute("CREATE INDEX ix_message_search_words ON message_search USING gin (words)")
