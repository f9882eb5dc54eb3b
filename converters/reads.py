"""Which tables and columns a query reads, as SQLite itself resolves them: aliases, `*`, views and sub-queries included.

The query is prepared, not run, on an empty database with the schema's tables, and SQLite's authorizer is told of every
column that is read. Not covered: what a join with USING or NATURAL reads beside what SQLite reports.
"""

import sqlite3
from typing import NamedTuple

from converters.prompt import create_table
from converters.schema import Schema


class Reads(NamedTuple):
    """Names as the schema spells them; `columns` are (table, column)."""

    tables: frozenset[str]
    columns: frozenset[tuple[str, str]]


def reads(schema: Schema, sql: str) -> Reads | None:
    """What `sql` reads of `schema`; None where SQLite cannot prepare it."""
    connection = sqlite3.connect(":memory:")
    met: set[tuple[str, str]] = set()

    def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ:
            met.add((table, column))
        return sqlite3.SQLITE_OK

    try:
        for table in schema.tables:
            connection.execute(create_table(table._replace(foreign_keys=())))
        connection.set_authorizer(note)
        connection.execute("EXPLAIN " + sql)
    except (sqlite3.Error, sqlite3.Warning):
        return None
    finally:
        connection.close()
    tables = {table.name.lower(): table.name for table in schema.tables}
    columns = {
        (table.name.lower(), column.name.lower()): (table.name, column.name)
        for table in schema.tables
        for column in table.columns
    }
    found = {(table.lower(), (column or "").lower()) for table, column in met}
    return Reads(
        frozenset(tables[table] for table, _ in found if table in tables),
        frozenset(columns[pair] for pair in found if pair in columns),
    )
