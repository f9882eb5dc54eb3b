"""Queries on many databases, one after the other: connections and results are kept where that changes no answer.

A query that may only read leaves nothing behind on its connection, so the next one on the same file finds it as fresh;
after anything but a full answer the connection is closed all the same. Opening a file and reading its schema costs more
than a typical query. Not covered: threads; each needs a reader of its own.
"""

import hashlib
import os
import sqlite3
import sys
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from evaluate.execution.sandbox import MEBIBYTE, Execution, Limits, connect, file_state, run_on
from sql.sql_text import changing_functions

_ENTRY_BYTES = 500  # of a kept execution without rows
_OPEN = 8  # connections kept; each may hold 2 MB of pages


class Database(NamedTuple):
    """A file and the sha256 of what it holds: a copy is recognised, a changed file is another database."""

    path: Path
    digest: str


class Reader:
    """Executions by database and SQL, least recently used first out once they take more than `max_bytes`.

    Failures are kept as well; what functions such as `random()` were part of is not, since each run draws again.
    """

    def __init__(self, limits: Limits, max_bytes: int = 64 * MEBIBYTE) -> None:
        self.limits = limits
        self.max_bytes = max_bytes
        self.bytes = 0
        self._kept: OrderedDict[tuple[str, str], Execution] = OrderedDict()
        self._open: OrderedDict[str, sqlite3.Connection] = OrderedDict()

    def known(self, sql: str, database: Database) -> Execution | None:
        """The result of `sql` where it was run before."""
        key = (database.digest, sql)
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def run(self, sql: str, database: Database) -> Execution:
        """The result of `sql`, from memory where it is known."""
        execution = self.known(sql, database)
        if execution is None:
            execution = self._run(sql, database)
            if not changing_functions(sql):
                self._keep(sql, database, execution)
        return execution

    def _keep(self, sql: str, database: Database, execution: Execution) -> None:
        self._kept[database.digest, sql] = execution
        self.bytes += _size(sql, execution)
        while self.bytes > self.max_bytes and len(self._kept) > 1:
            (_, text), oldest = self._kept.popitem(last=False)
            self.bytes -= _size(text, oldest)

    def _run(self, sql: str, database: Database) -> Execution:
        try:
            connection = self._open.pop(database.digest, None) or connect(database.path, self.limits)
        except sqlite3.Error as error:  # the file cannot be opened any more
            return Execution("error", error=str(error))
        execution = run_on(connection, sql, self.limits)
        if execution.status == "ok":
            self._open[database.digest] = connection
        else:
            connection.close()
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)[1].close()
        return execution


def _size(sql: str, execution: Execution) -> int:
    texts = (sql, execution.error, *execution.columns)
    return execution.size + sum(map(sys.getsizeof, texts)) + _ENTRY_BYTES


def database_at(path: str | os.PathLike[str]) -> Database:
    """The database in a file, read once as long as the file's size and times stay as they are. Raises OSError."""
    return Database(Path(path), _hash(*file_state(path)))


@lru_cache(maxsize=4096)
def _hash(path: str, *_state: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
