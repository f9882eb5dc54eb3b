"""The schema of a SQLite file: tables, columns with types, primary and foreign keys, in the file's own order.

Raw: a `.sqlite` file. Becomes: a `Schema`. Views are tables to a reader and are listed; SQLite's own tables
(`sqlite_sequence` and the like) are not. Values are never read here.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple


class Column(NamedTuple):
    """One column: its name as declared, its declared type (may be empty) and whether it is part of the primary key."""

    name: str
    type: str
    primary_key: bool = False


class ForeignKey(NamedTuple):
    """`column` of the table that holds the key refers to `referenced` of `table`."""

    column: str
    table: str
    referenced: str


class Table(NamedTuple):
    """One table or view."""

    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()


class Schema(NamedTuple):
    """All tables of one database, in the order they were created."""

    tables: tuple[Table, ...]


class SchemaError(Exception):
    """The file has no readable schema; the message names the file and what to do."""


def read_schema(database: Path) -> Schema:
    """The schema of a SQLite file, opened read-only.

    Raises SchemaError where the file is missing, is not a SQLite database, or has no table.
    """
    if not database.is_file():
        raise SchemaError(f"{database}: no such file. Give the path of a SQLite database.")
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        names = [name for (name,) in connection.execute(TABLE_NAMES)]
        schema = Schema(tuple(read_table(connection, name) for name in names))
    except sqlite3.DatabaseError as error:
        raise SchemaError(f"{database}: {error}. Give the path of a SQLite database.") from error
    finally:
        connection.close()
    if not schema.tables:
        raise SchemaError(f"{database}: the database has no table. Create and fill its tables first.")
    return schema


TABLE_NAMES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


def read_table(connection: sqlite3.Connection, name: str) -> Table:
    """One table's columns and keys. A key that names no column refers to the other table's primary key."""
    columns = tuple(
        Column(column, kind, bool(key))
        for _, column, kind, _, _, key in connection.execute("SELECT * FROM pragma_table_info(?)", (name,))
    )
    keys = connection.execute('SELECT "from", "table", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq', (name,))
    return Table(name, columns, tuple(ForeignKey(own, table, other or primary_key(connection, table)) for own, table, other in keys))


def primary_key(connection: sqlite3.Connection, table: str) -> str:
    """The first primary-key column of `table`, or `rowid` where it declares none."""
    row = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk = 1", (table,)).fetchone()
    return row[0] if row else "rowid"
