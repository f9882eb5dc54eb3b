"""Running gold SQL while converting: does it run, does it return rows, and if not, what does SQLite say?

A gold comes from the corpus and is not trusted: it may not attach files, change settings or end the transaction that
undoes what it writes, and it is stopped after a number of SQLite's own operations. That number, not a time, is the
limit, because a file converted twice must come out the same. Only the first row is fetched.

Not covered: comparing results (evaluate/ does), and memory beyond SQLite's own limits.
"""

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from converters.schema import open_read_only
from converters.sql_text import statements, writes

STEP = 100_000  # operations between two looks at the count
LIMIT_STEPS = 500  # 50 million operations, about 2 seconds
LONGEST_VALUE = 10_000_000  # bytes of a single value
REFUSED = {
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_PRAGMA: "PRAGMA",
    sqlite3.SQLITE_TRANSACTION: "a transaction of its own",
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
    changes = writes(sql)
    refused: list[str] = []
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return steps > LIMIT_STEPS

    def allow(action: int, *_: str | None) -> int:
        if action in REFUSED:
            refused.append(REFUSED[action])
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    if changes:
        connection.execute("BEGIN")
    connection.set_progress_handler(count, STEP)
    connection.set_authorizer(allow)
    try:
        row = first_row(connection, sql)
        return GoldRun(True, row is not None, null=row is not None and not any(value is not None for value in row))
    except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError, OverflowError) as error:
        return GoldRun(False, False, reason(error, refused, steps))
    finally:
        connection.set_authorizer(None)
        connection.set_progress_handler(None, 0)
        if changes and connection.in_transaction:
            connection.execute("ROLLBACK")


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


def reason(error: Exception, refused: list[str], steps: int) -> str:
    """Why a gold did not run: SQLite's message, or which of the limits it met."""
    if refused:
        return f"{refused[0]} is not allowed"
    if steps > LIMIT_STEPS:
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
    """A read-only connection to a file as it was `changed` (ns); few are kept: one database's rows stand together."""
    connection = open_read_only(database)
    connection.isolation_level = None
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    return connection


def rows_of(database: Path, sql: str) -> list[tuple]:
    """All rows of a query that only reads. Raises sqlite3.Error where it fails or takes more than the limit."""
    connection, steps = opened(database, database.stat().st_mtime_ns), 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return steps > LIMIT_STEPS

    connection.set_progress_handler(count, STEP)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.set_progress_handler(None, 0)


def gold_tags(run: GoldRun | None) -> tuple[str, ...]:
    """A row's tags from its gold: `no_database`, or `runnable` and `returns_rows` as far as they hold."""
    if run is None:
        return ("no_database",)
    return ("runnable",) * run.runs + ("returns_rows",) * run.returns_rows
