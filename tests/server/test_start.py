"""What a start does not wait for."""

import subprocess
import sys

import pytest
import sqlalchemy as sa

from mesh_server.store.append_statements import Prepared, Statements


def test_nothing_is_imported_that_only_other_commands_and_databases_need() -> None:
    code = "import sys, mesh_server.cli, mesh_server.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    others = {"alembic", "asyncpg", "asyncssh", "nats", "sqlalchemy.dialects.postgresql"}
    assert not others & set(loaded.stdout.split())


def test_what_is_imported_is_searched_for_garbage_neither_now_nor_later() -> None:
    code = (
        "import gc, mesh_server.cli as cli\n"
        "with cli.long_lived():\n"
        "    import mesh_server.app\n"
        "    assert not gc.isenabled()\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 50_000)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True"]


def test_statements_are_prepared_when_they_are_needed_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = []
    prepare = Prepared.__init__

    def watch(self: Prepared, statement: sa.ClauseElement, dialect: sa.Dialect) -> None:
        prepared.append(statement)
        prepare(self, statement, dialect)

    monkeypatch.setattr(Prepared, "__init__", watch)
    sql = Statements(sa.create_engine("sqlite://").dialect)
    before = len(prepared)
    rows = [(number, "r", "u", "d", "n") for number in range(3)]
    first = [statement for statement, _ in sql.facts.filled(rows)]
    assert [statement for statement, _ in sql.facts.filled(rows)] == first
    assert len(prepared) == before + 1
