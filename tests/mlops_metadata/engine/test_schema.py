from __future__ import annotations

import sqlite3
from contextlib import closing

from mlops_metadata.engine.schema import (
    OWN_INDEXES,
    SQLITE,
    TABLES,
    VERSION,
    columns_of,
    first_types,
    index_statement,
    statements,
)


def test_all_tables_indexes_and_types_are_made() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in statements(SQLITE):
            database.execute(statement)
        for index in OWN_INDEXES:
            database.execute(index_statement(index))
            database.execute(index_statement(index))
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        assert {name for (name,) in names} == {*TABLES, "sqlite_sequence"}
        count = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        assert database.execute(count).fetchone() == (24 + len(OWN_INDEXES),)
        types = database.execute("SELECT id, name FROM Type ORDER BY id").fetchall()
        assert types[0] == (1, "mlmd.Dataset")
        assert types[-1] == (9, "mlmd.Deploy")
        assert database.execute("SELECT * FROM MLMDEnv").fetchall() == [(VERSION,)]


def test_columns_and_first_types_are_those_that_are_made() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in statements(SQLITE):
            database.execute(statement)
        for table in TABLES:
            made = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            assert list(columns_of(table)) == made
        types = database.execute("SELECT name, type_kind FROM Type ORDER BY id").fetchall()
        assert types == first_types()
