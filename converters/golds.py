"""Running gold SQL while converting: does it run, does it return rows, what does it read, and why does it fail?

A gold comes from the corpus and is not trusted: it may not attach files, change settings or end the transaction that
undoes what it writes, and it is stopped after a number of SQLite's own operations. That number, not a time, is the
limit, because a file converted twice must come out the same. Only the first row is fetched.

Not covered: comparing results (evaluate/ does), and memory beyond SQLite's own limits.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from converters.rows import Candidate, ConversionError, Example
from prompts.prompt import create_table
from sql.schema import Schema, open_read_only, read_schema
from sql.sql_text import statements, tidy, writes

STEP = 100_000  # operations between two looks at the count
LIMIT_STEPS = 500  # 50 million operations, about 2 seconds
LONGEST_VALUE = 10_000_000  # bytes of a single value
REFUSED = {
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_PRAGMA: "PRAGMA",
    sqlite3.SQLITE_TRANSACTION: "a transaction statement",
    sqlite3.SQLITE_SAVEPOINT: "a savepoint",
}


class GoldRun(NamedTuple):
    """What came of a gold: `error` is SQLite's message, empty where it ran; `null`: its first row is all NULL."""

    runs: bool
    returns_rows: bool
    error: str = ""
    null: bool = False


def run_gold(connection: sqlite3.Connection, sql: str) -> GoldRun:
    """Run a gold on a connection that is in autocommit mode (`isolation_level=None`); what it writes is undone."""
    refused: list[str] = []

    def allow(action: int, name: str | None, *_: str | None) -> int:
        # Full-text search asks for its tables' version before every read.
        if action not in REFUSED or (action == sqlite3.SQLITE_PRAGMA and name == "data_version"):
            return sqlite3.SQLITE_OK
        refused.append(REFUSED[action])
        return sqlite3.SQLITE_DENY

    connection.execute("BEGIN")
    try:
        with limited(connection) as is_over:
            connection.set_authorizer(allow)
            row = first_row(connection, sql)
        return GoldRun(True, row is not None, null=row is not None and not any(value is not None for value in row))
    except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError, OverflowError) as error:
        return GoldRun(False, False, reason(error, refused, is_over()))
    finally:
        connection.set_authorizer(None)
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def limited(connection: sqlite3.Connection) -> Iterator:
    """Stop whatever takes more operations than the limit; gives a function that says whether that happened."""
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return steps > LIMIT_STEPS

    connection.set_progress_handler(count, STEP)
    try:
        yield lambda: steps > LIMIT_STEPS
    finally:
        connection.set_progress_handler(None, 0)


def first_row(connection: sqlite3.Connection, sql: str) -> tuple | None:
    """Run a gold: the first row of what it, or its last statement, returns. It may have several where it writes."""
    try:
        return connection.execute(sql).fetchone()
    except (sqlite3.Warning, sqlite3.ProgrammingError) as error:
        if "one statement" not in str(error) or not writes(sql):
            raise
    row = None
    for statement in whole_statements(sql):
        row = connection.execute(statement).fetchone()
    return row


def whole_statements(sql: str) -> list[str]:
    """The statements of a text, those inside a trigger left together with it."""
    found, current = [], ""
    for part in statements(sql):
        current += part + "\n;"
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return [*found, current] if current else found


def reason(error: Exception, refused: list[str], is_over: bool) -> str:
    """Why a gold did not run: SQLite's message, or which of the limits it met."""
    if refused:
        return f"{refused[0]} is not allowed"
    if is_over:
        return f"stopped after {STEP * LIMIT_STEPS // 1_000_000} million operations"
    return str(error)


def in_memory() -> sqlite3.Connection:
    """An empty database in memory, in autocommit mode, with a limit on the size of a value."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    return connection


def file_gold(database: Path, sql: str) -> GoldRun | None:
    """What comes of a gold on a SQLite file, which cannot be changed by it; None where there is no file."""
    return run_gold(opened(database, database.stat().st_mtime_ns), sql) if database.is_file() else None


@lru_cache(maxsize=4)
def opened(database: Path, changed: int) -> sqlite3.Connection:
    """A read-only connection to a file as it was `changed` (ns); few are kept: the rows of a database come together."""
    connection = open_read_only(database)
    connection.isolation_level = None
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    return connection


@lru_cache(maxsize=4)
def known_schema(database: Path, changed: int, values: int) -> Schema:
    """The schema of a file as it was `changed` (ns): read once, because its values may be many."""
    return read_schema(database, values=values)


def rows_of(database: Path, sql: str) -> list[tuple]:
    """All rows of a query that only reads. Raises sqlite3.Error where it fails or takes more than the limit."""
    connection = opened(database, database.stat().st_mtime_ns)
    with limited(connection):
        return connection.execute(sql).fetchall()


def gold_tags(run: GoldRun | None) -> tuple[str, ...]:
    """A row's tags from its gold: `no_database`, or `runnable` and `returns_rows` as far as they hold."""
    if run is None:
        return ("no_database",)
    return tuple(tag for tag, holds in (("runnable", run.runs), ("returns_rows", run.returns_rows)) if holds)


def database_of(db_id: str) -> str:
    """Where a database's file is, below a folder of databases."""
    return f"{db_id}/{db_id}.sqlite"


def file_example(candidate: Candidate, folder: Path, values: int, schema: Schema | None = None) -> Example:
    """The example of a candidate on a SQLite file in `folder`; its gold is run where there is the file.

    `values`: as for `read_schema`; `schema` in place of the file's own. Raises ConversionError where there is neither.
    """
    database, sql = database_of(candidate.db_id), tidy(candidate.sql)
    path = folder / database
    if schema is None and not path.is_file():
        raise ConversionError(f"{candidate.place}: {path}: no such database. Correct the row, or add the file.")
    run = file_gold(path, sql)
    return Example(
        id=candidate.id,
        db_id=candidate.db_id,
        database=database,
        question=candidate.question,
        sql=sql,
        schema=schema or known_schema(path, path.stat().st_mtime_ns, values),
        evidence=candidate.evidence,
        tags=(*gold_tags(run), *candidate.tags),
        error=run.error if run else "",
    )


class Reads(NamedTuple):
    """What a query reads, in the schema's spelling; `columns` are (table, column)."""

    tables: frozenset[str]
    columns: frozenset[tuple[str, str]]


def reads_of(schema: Schema, sql: str) -> Reads | None:
    """The tables and columns that a query reads or writes, as SQLite resolves them; None where it cannot prepare it.

    It is explained, not run, on an empty database. Not covered: what a join with USING or NATURAL reads beside that.
    """
    met: set[tuple[str, str]] = set()

    def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action in (sqlite3.SQLITE_READ, sqlite3.SQLITE_UPDATE):
            met.add(((table or "").lower(), (column or "").lower()))
        elif action in (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE):
            met.add(((table or "").lower(), ""))
        return sqlite3.SQLITE_OK

    connection = empty_database(tuple(create_table(table._replace(foreign_keys=())) for table in schema.tables))
    try:
        connection.set_authorizer(note)
        connection.execute("EXPLAIN " + sql)
    except (sqlite3.Error, sqlite3.Warning):
        return None
    finally:
        connection.set_authorizer(None)
    names = {table.name.lower(): table for table in schema.tables}
    columns = {
        (key, column.name.lower()): (table.name, column.name)
        for key, table in names.items()
        for column in table.columns
    }
    return Reads(
        frozenset(names[table].name for table, _ in met if table in names),
        frozenset(columns[pair] for pair in met if pair in columns),
    )


@lru_cache(maxsize=4)
def empty_database(statements: tuple[str, ...]) -> sqlite3.Connection:
    """A database in memory with these tables."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in statements:
        try:
            connection.execute(statement)
        except sqlite3.Error:  # a name that SQLite keeps for itself
            continue
    return connection
