"""Run one query on one SQLite file without letting it change, make or exhaust anything.

Covered: a read-only connection (`mode=ro`, `immutable=1`: no file is made, not even for a database in WAL mode), fresh
for a query or kept by `reader.py` as long as nothing went wrong on it; an authorizer that lets SELECT, READ, FUNCTION
and RECURSIVE pass and nothing else, and no function that reaches a file; a deadline; limits on rows, bytes, the length
of a value, of the SQL and of a LIKE pattern, expression depth and SQLite's own memory; text that is not UTF-8 (bad
bytes are dropped). Not covered: a single C call that runs on past the deadline (`instr` on megabytes, a query that
takes for ever to plan) and memory outside SQLite. Those need a process that can be killed: `pool.py`.
"""

import os
import re
import sqlite3
import stat
import sys
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote

from sql.sql_text import is_blank, quoted

MEBIBYTE = 2**20
LEAST_SQLITE = (3, 37)  # the first with PRAGMA table_list, by which states are read (`state.py`)
WALL_PER_CPU = 20  # a limit in CPU time is this many times as long by the clock
_STEPS = 5_000  # virtual machine instructions between two looks at the clock
_DECLARING = "UPDATE sqlite_master type"  # what SQLite asks leave for when a virtual table is set up
_CONSTRUCTOR = re.compile("vtable constructor failed: ")
_BUILT_IN_TABLE = re.compile(r"\b(?:json_each|json_tree|dbstat|sqlite_stmt|pragma_\w+)\b", re.IGNORECASE)
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_FORBIDDEN_FUNCTIONS = {
    "load_extension", "readfile", "writefile", "edit", "fsdir", "lsdir", "zipfile", "fts3_tokenizer", "sqlite_log",
    "icu_load_collation", "eval",
}  # fmt: skip
_ACTIONS = {
    getattr(sqlite3, f"SQLITE_{name}"): name.replace("_", " ")
    for name in (
        "ALTER_TABLE", "ANALYZE", "ATTACH", "CREATE_INDEX", "CREATE_TABLE", "CREATE_TEMP_INDEX", "CREATE_TEMP_TABLE",
        "CREATE_TEMP_TRIGGER", "CREATE_TEMP_VIEW", "CREATE_TRIGGER", "CREATE_VIEW", "CREATE_VTABLE", "DELETE", "DETACH",
        "DROP_INDEX", "DROP_TABLE", "DROP_TEMP_INDEX", "DROP_TEMP_TABLE", "DROP_TEMP_TRIGGER", "DROP_TEMP_VIEW",
        "DROP_TRIGGER", "DROP_VIEW", "DROP_VTABLE", "FUNCTION", "INSERT", "PRAGMA", "REINDEX", "SAVEPOINT",
        "TRANSACTION", "UPDATE",
    )
}  # fmt: skip

Status = Literal["ok", "error", "timeout", "too_large"]
Value = None | int | float | str | bytes
Row = tuple[Value, ...]


class Limits(NamedTuple):
    """What one query may use. What is over `seconds` is a `timeout`, what is over a size is `too_large`."""

    seconds: float = 15.0  # of CPU time
    rows: int = 500_000
    result_bytes: int = 64 * MEBIBYTE  # as Python objects
    value_bytes: int = 10_000_000  # one text or blob, in the result or on the way to it
    sql_bytes: int = 1_000_000
    like_pattern_bytes: int = 1_000  # longer ones can take quadratic time
    expression_depth: int = 1_000
    heap_bytes: int = 224 * MEBIBYTE  # SQLite's memory in this process; sorting happens there, never in a file
    copy_bytes: int = 64 * MEBIBYTE  # a database that is written to (`write.py`); it may double
    cut: bool = False  # keep the first rows of a result over `rows` or `result_bytes`, instead of refusing it


class Execution(NamedTuple):
    """What a query did. `columns` and `rows` are empty unless `status` is "ok", `error` is None only then.

    `seconds` is the time in SQLite, without the opening of the file. `size` is the bytes that the rows take in Python.
    `cut`: there were more rows than these, and the limits say to cut.
    """

    status: Status
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    size: int = 0
    cut: bool = False


class Refused(Exception):
    """The SQL reached one of our limits; carries the status and a text for people."""

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(text)
        self.status: Status = status


class Guard:
    """What SQLite asks while a query runs: may it do this, and may it go on. A busy machine uses up no CPU time."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.process_time() + seconds
        self.latest = time.monotonic() + WALL_PER_CPU * seconds
        self.overran = False
        self.denied: str | None = None

    def authorize(self, action: int, first: str | None, second: str | None, *_where: str | None) -> int:
        if action == sqlite3.SQLITE_PRAGMA and first == "data_version" and second is None:  # full text search asks it
            return sqlite3.SQLITE_OK
        forbidden = action == sqlite3.SQLITE_FUNCTION and str(second).lower() in _FORBIDDEN_FUNCTIONS
        if forbidden or action not in _ALLOWED:
            names = " ".join(name for name in (first, second) if name)
            self.denied = self.denied or f"{_ACTIONS.get(action, action)} {names}".strip()
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    def stop(self) -> bool:
        self.overran = time.process_time() > self.deadline or time.monotonic() > self.latest
        return self.overran


def version_problem() -> str | None:
    """Why the SQLite of this Python cannot judge, or None."""
    if sqlite3.sqlite_version_info >= LEAST_SQLITE:
        return None
    return (
        f"SQLite {sqlite3.sqlite_version} is too old: {'.'.join(map(str, LEAST_SQLITE))} or newer is needed. "
        "Use a newer Python, whose sqlite3 module brings it along"
    )


def database_problem(path: str | os.PathLike[str]) -> str | None:
    """Why this file cannot be read as a database at rest, or None when it can."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return f"{path}: not a file but a folder, pipe or device"
        if not _is_database(*file_state(path)):
            return f"{path}: not an SQLite database"
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        return f"{path}: {(getattr(error, 'strerror', None) or str(error)).lower()}"
    place = os.path.realpath(path) if os.path.islink(path) else path  # SQLite keeps them beside the file itself
    pending = [name for name in (f"{place}-wal", f"{place}-journal") if os.path.exists(name) and os.path.getsize(name)]
    return f"{pending[0]}: holds changes that are not in the database yet; close what writes to it" if pending else None


def file_state(path: str | os.PathLike[str]) -> tuple[str, int, int, int, int]:
    """What identifies a file and changes when its contents do: a key for what was found out about it."""
    state = os.stat(path)
    return os.fspath(path), state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


@lru_cache(maxsize=4096)
def _is_database(path: str, *_state: int) -> bool:
    with open(path, "rb") as file:
        return file.read(16) in (b"", b"SQLite format 3\0")


@lru_cache(maxsize=1)
def _limit_heap(heap_bytes: int) -> None:
    """Once a process: the limit is SQLite's as a whole, and can only be lowered."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"PRAGMA hard_heap_limit = {heap_bytes}")


def run_query(sql: str, database: str | os.PathLike[str], limits: Limits = Limits()) -> Execution:  # noqa: B008
    """Run one SELECT (or WITH, VALUES) on a connection of its own; never raises for anything that the query does.

    `error` holds SQLite's own text, with what was attempted behind "not authorized". Named errors of ours: an empty or
    comment-only text, two statements, a database that cannot be read.
    """
    problem = database_problem(database)
    if problem:
        return Execution("error", error=problem)
    try:
        connection = connect(database, limits)
    except sqlite3.Error as error:
        return Execution("error", error=str(error))
    with closing(connection):
        return run_on(connection, sql, limits)


def run_on(connection: sqlite3.Connection, sql: str, limits: Limits) -> Execution:
    """As `run_query`, on a connection that `connect` made with these limits; it is fit for more only after an "ok"."""
    if len(sql.encode("utf-8", "surrogatepass")) > limits.sql_bytes:
        return Execution("too_large", error=f"the SQL is longer than {limits.sql_bytes:,} bytes")
    problem = text_problem(sql)
    if problem:
        return Execution("error", error=problem)
    guard = Guard(limits.seconds)
    connection.set_authorizer(guard.authorize)
    connection.set_progress_handler(guard.stop, _STEPS)
    start = time.perf_counter()
    try:
        execution = _fetch(connection, sql, limits, guard)
    except (sqlite3.Error, sqlite3.Warning, Refused, MemoryError, ValueError, OverflowError) as error:
        execution = failure(error, guard, limits)
    return execution._replace(seconds=time.perf_counter() - start)


def text_problem(sql: str) -> str | None:
    """Why a text cannot be run at all, or None."""
    if "\0" in sql:
        return "the SQL holds a NUL character"
    return "no statement: the SQL is empty or only comments" if is_blank(sql) else None


def connect(database: str | os.PathLike[str], limits: Limits) -> sqlite3.Connection:
    """A read-only connection with the limits that SQLite keeps; the schema is read, so that no query pays for that."""
    uri = _read_only_uri(os.fspath(database))
    connection = restrict(sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=0), limits)
    with suppress(sqlite3.Error):  # a damaged file: the query itself will say so
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 0").close()
    return connection


def restrict(connection: sqlite3.Connection, limits: Limits) -> sqlite3.Connection:
    """The same connection with the limits that SQLite keeps, and temporary tables in memory."""
    _limit_heap(limits.heap_bytes)
    connection.text_factory = _decode
    for category, value in (
        (sqlite3.SQLITE_LIMIT_LENGTH, limits.value_bytes),
        (sqlite3.SQLITE_LIMIT_SQL_LENGTH, limits.sql_bytes),
        (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, limits.like_pattern_bytes),
        (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, limits.expression_depth),
        (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 500),  # SQLite's default, which a build may have lifted
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
    ):
        connection.setlimit(category, value)
    connection.execute("PRAGMA temp_store = MEMORY").close()
    return connection


@lru_cache(maxsize=4096)
def _read_only_uri(path: str) -> str:
    return f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "ignore")


def _fetch(connection: sqlite3.Connection, sql: str, limits: Limits, guard: Guard) -> Execution:
    cursor = _execute(connection, sql, guard)
    if cursor.description is None:
        raise Refused("error", "the statement returns no columns")
    rows, size, more = collect_first(cursor, limits)
    if more and not limits.cut:
        raise _over(limits, len(rows))
    if guard.stop():  # a single C call ran past the deadline, where nobody asked
        raise Refused("timeout", f"longer than {limits.seconds:g} s")
    return Execution("ok", tuple(column[0] for column in cursor.description), rows, size=size, cut=more)


def _execute(connection: sqlite3.Connection, sql: str, guard: Guard) -> sqlite3.Cursor:
    """Start the query. Setting up a virtual table (full text, `json_each`) would be denied, so it happens before."""
    ready: set[str] = set()
    while True:
        try:
            return connection.execute(sql)
        except sqlite3.DatabaseError as error:
            declaring = guard.denied == _DECLARING or _CONSTRUCTOR.match(str(error))
            wanted = _virtual_tables(connection, f"{error} {sql}") - ready if declaring else set()
            if not wanted:
                raise
        connection.set_authorizer(None)
        for table in wanted:
            with suppress(sqlite3.Error):  # a module that is not there; the query itself will say so
                connection.execute(f"SELECT 1 FROM {quoted(table)} LIMIT 0").close()
        connection.set_authorizer(guard.authorize)
        guard.denied = None
        ready |= wanted


def _virtual_tables(connection: sqlite3.Connection, mention: str) -> set[str]:
    stored = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'").fetchall()
    return {str(name) for (name,) in stored} | set(_BUILT_IN_TABLE.findall(mention))


def collect(cursor: Iterable[Row], limits: Limits) -> tuple[tuple[Row, ...], int]:
    """All rows and the bytes they take in Python. Raises Refused where they are more than `limits` allow."""
    rows, size, more = collect_first(cursor, limits)
    if more:
        raise _over(limits, len(rows))
    return rows, size


def collect_first(cursor: Iterable[Row], limits: Limits) -> tuple[tuple[Row, ...], int, bool]:
    """The rows that `limits` allow, the bytes they take in Python, and whether there are more."""
    rows: list[Row] = []
    size = 0
    bytes_of = sys.getsizeof
    for row in cursor:  # counted one by one: a thousand of them may not fit into memory
        taken = bytes_of(row) + sum(map(bytes_of, row))
        if len(rows) == limits.rows or size + taken > limits.result_bytes:
            return tuple(rows), size, True
        size += taken
        rows.append(row)
    return tuple(rows), size, False


def _over(limits: Limits, rows: int) -> Refused:
    if rows == limits.rows:
        return Refused("too_large", f"more than {limits.rows:,} rows")
    return Refused("too_large", f"the rows take more than {limits.result_bytes:,} bytes")


def failure(error: Exception, guard: Guard, limits: Limits) -> Execution:
    """What an exception says of the SQL: an Execution that is not "ok"."""
    text = str(error)
    if isinstance(error, Refused):
        return Execution(error.status, error=text)
    refused = "authoriz" in text or "prohibited" in text
    if guard.overran and (refused or text == "interrupted"):  # what is late is refused too
        return Execution("timeout", error=f"longer than {limits.seconds:g} s")
    if isinstance(error, MemoryError):
        return Execution("too_large", error=f"more than {limits.heap_bytes:,} bytes of memory")
    if "disk is full" in text:
        return Execution("too_large", error=f"the tables grow beyond {2 * limits.copy_bytes:,} bytes")
    if "too big" in text:
        return Execution("too_large", error=f"{text} (at most {limits.value_bytes:,} bytes)")
    if "one statement" in text:
        return Execution("error", error="more than one statement")
    if guard.denied and refused:
        return Execution("error", error=f"not authorized: {guard.denied}")
    return Execution("error", error=text)
