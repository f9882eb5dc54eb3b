"""What the worker processes do for the server: run one query, or read one schema, on a file at rest.

Runs in `evaluate.execution.pool`, so that a statement SQLite cannot be stopped in, or a file made to crash it, ends a
worker and not the server.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from evaluate.asker import run_repaired
from evaluate.decoding.repair import Repaired
from evaluate.execution.sandbox import Execution, Limits, connect, database_problem, run_query
from sql.schema import Schema, schema_of

GRACE_SECONDS = 1.0  # beyond the deadline that SQLite keeps by itself
SAMPLE_VALUES = 3
_STEPS = 5_000  # virtual machine instructions between two looks at the clock

Work = Callable[["Task | None", Callable[..., None]], Any]


class Task(NamedTuple):
    """Run `sql` on a file, or, where that is None, read its schema with sample rows.

    `from_model`: the result is that of `run_repaired`, with or without `repair`.
    """

    database: Path
    sql: str | None
    limits: Limits
    from_model: bool = False
    repair: bool = False


class Unreadable(NamedTuple):
    """Why a schema could not be read."""

    error: str


def make_work(_settings: object) -> Work:
    """The work of a worker: an Execution, a Schema or Unreadable; for None, the worker's process id."""
    return _work


def _work(
    task: Task | None, announce: Callable[..., None]
) -> Execution | tuple[Repaired, Execution] | Schema | Unreadable | int:
    if task is None:
        return os.getpid()
    announce(task.limits.seconds + GRACE_SECONDS, None)
    if task.sql is None:
        return _schema(task.database, task.limits)
    if task.from_model:
        return run_repaired(task.sql, task.database, task.limits, task.repair)
    return run_query(task.sql, task.database, task.limits)


def _schema(database: Path, limits: Limits) -> Schema | Unreadable:
    problem = database_problem(database)
    if problem:
        return Unreadable(problem)
    end = time.monotonic() + limits.seconds
    try:
        with closing(connect(database, limits)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            return schema_of(connection, values=SAMPLE_VALUES)
    except sqlite3.Error as error:
        return Unreadable(f"{database}: {error}")
