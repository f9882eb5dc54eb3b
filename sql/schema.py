"""The schema of a SQLite database: tables, columns with types, primary and foreign keys, in the file's own order.

Raw: a `.sqlite` file, or an open connection. Becomes: a `Schema`. Views are tables to a reader and are listed; SQLite's
own tables (`sqlite_sequence`, those behind full-text search) are not. With `values`, a table also holds its first rows
and a column its first distinct values; a view's are never read, because a view may take any time.
"""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from sql.sql_text import quoted

SAMPLE_ROWS = 3
SCANNED_ROWS = 20_000  # a column's distinct values are looked for in this many rows: bounded for a table of any size
TABLE_NAMES = (
    "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
# Generated columns are among them, as in `SELECT *`; the hidden ones (1) of a virtual table are not.
COLUMNS = "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1"
FOREIGN_KEYS = 'SELECT id, seq, "from", "table", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
SHADOWS = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"


class Column(NamedTuple):
    """One column: its name as declared, its declared type (may be empty) and its place in the primary key, 0 for none.

    `description` is what the corpus says about it, `values` are its first distinct values, where they were asked for.
    `generated`: SQLite computes it from other columns; it can be read and not written.
    """

    name: str
    type: str
    primary_key: int = 0
    description: str = ""
    values: tuple = ()
    generated: bool = False


class ForeignKey(NamedTuple):
    """`column` of the table that holds the key refers to `referenced` of `table`.

    A key of several columns is several of these, one after the other, with one `composite` number above 0.
    """

    column: str
    table: str
    referenced: str
    composite: int = 0


class Table(NamedTuple):
    """One table or view; `rows` are its first rows, where they were asked for."""

    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: tuple[tuple, ...] = ()


class Schema(NamedTuple):
    """All tables of one database, in the order they were created."""

    tables: tuple[Table, ...]


class SchemaError(Exception):
    """The file has no readable schema; the message names the file and what to do."""


def read_schema(database: Path, *, values: int = 0) -> Schema:
    """The schema of a SQLite file, opened read-only; with up to `values` distinct values a column.

    With 0 there are neither values nor rows.

    Raises SchemaError where the file is missing, is not a SQLite database, or has no table.
    """
    connection = open_read_only(database)
    try:
        schema = schema_of(connection, values=values)
    except sqlite3.DatabaseError as error:
        raise SchemaError(f"{database}: {error}. {remedy(error)}") from error
    finally:
        connection.close()
    if not schema.tables:
        raise SchemaError(f"{database}: the database has no table. Create and fill its tables first.")
    return schema


def remedy(error: sqlite3.DatabaseError) -> str:
    """What to do about a database that cannot be read."""
    if "locked" in str(error):
        return "Another program is writing to it. Close that program, or give a copy of the file."
    if "readonly" in str(error):  # a journal beside it, which SQLite would have to write back first
        return "A program stopped while writing to it. Open the file once with sqlite3, then run again."
    return "Give the path of a SQLite database."


def open_read_only(database: Path) -> sqlite3.Connection:
    """A connection that can neither write nor create the file; text that is not UTF-8 gets replacement marks."""
    if database.is_dir():
        raise SchemaError(f"{database}: a folder. Give the path of a SQLite database.")
    if not database.is_file():
        raise SchemaError(f"{database}: no such file. Give the path of a SQLite database.")
    still = "&immutable=1" if rests_in_wal_mode(database.resolve()) else ""
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro{still}", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def rests_in_wal_mode(database: Path) -> bool:
    """Whether nobody has a database in WAL mode open: SQLite would make two files beside it, only to read it."""
    with database.open("rb") as file:
        header = file.read(20)
    pending = database.with_name(f"{database.name}-wal")
    return header[18:20] == b"\2\2" and not (pending.exists() and pending.stat().st_size)


def schema_of(connection: sqlite3.Connection, *, values: int = 0) -> Schema:
    """The schema of an open database; left out are views of something that is gone, and virtual tables
    of an extension that is not loaded here: no query can read them. Raises sqlite3.DatabaseError."""
    tables, shadows = [], shadow_tables(connection)
    for name, kind in connection.execute(TABLE_NAMES).fetchall():
        if name in shadows:
            continue
        try:
            tables.append(read_table(connection, name, 0 if kind == "view" else values))
        except sqlite3.OperationalError as error:
            if kind == "table" and "no such module" not in str(error):
                raise
    return Schema(tuple(tables))


def shadow_tables(connection: sqlite3.Connection) -> set[str]:
    """The tables in which virtual ones (full-text search) keep what they hold; none where SQLite is older than 3.37."""
    if sqlite3.sqlite_version_info < (3, 37):
        return set()
    return {name for (name,) in connection.execute(SHADOWS)}


def read_table(connection: sqlite3.Connection, name: str, values: int = 0) -> Table:
    """One table's columns and keys. A key that names no columns refers to the other table's primary key."""
    declared = connection.execute(COLUMNS, (name,)).fetchall()
    columns = tuple(
        Column(column, kind, key, "", first_values(connection, name, column, values), generated=bool(hidden))
        for column, kind, key, hidden in declared
    )
    return Table(name, columns, foreign_keys(connection, name), first_rows(connection, name) if values else ())


def foreign_keys(connection: sqlite3.Connection, name: str) -> tuple[ForeignKey, ...]:
    """The foreign keys that a table declares, in SQLite's order."""
    keys = connection.execute(FOREIGN_KEYS, (name,)).fetchall()
    parts = Counter(number for number, *_ in keys)
    return tuple(
        ForeignKey(own, table, other or primary_key(connection, table, seq), number + 1 if parts[number] > 1 else 0)
        for number, seq, own, table, other in keys
    )


def primary_key(connection: sqlite3.Connection, table: str, place: int = 0) -> str:
    """The primary-key column of `table` at `place`, counted from 0, or `rowid` where it declares none."""
    row = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk = ?", (table, place + 1)).fetchone()
    return row[0] if row else "rowid"


def first_rows(connection: sqlite3.Connection, table: str) -> tuple[tuple, ...]:
    """The first rows of a table, in storage order."""
    return tuple(connection.execute(f"SELECT * FROM {quoted(table)} LIMIT {SAMPLE_ROWS}"))


def first_values(connection: sqlite3.Connection, table: str, column: str, limit: int) -> tuple:
    """The first distinct values of a column that are not NULL."""
    if not limit:
        return ()
    scanned = f"SELECT {quoted(column)} AS value FROM {quoted(table)} LIMIT {SCANNED_ROWS}"
    rows = connection.execute(f"SELECT DISTINCT value FROM ({scanned}) WHERE value IS NOT NULL LIMIT {limit}")
    return tuple(value for (value,) in rows)


def without_values(schema: Schema) -> Schema:
    """The same schema without rows and values."""
    tables = (
        table._replace(rows=(), columns=tuple(column._replace(values=()) for column in table.columns))
        for table in schema.tables
    )
    return Schema(tuple(tables))
