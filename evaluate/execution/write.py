"""Statements that write, run on a private copy of a database in memory, and judged by the state they leave.

Only examples whose gold writes (`Example.writes`, from the tag `writes` of the converted row) come here; gold and
prediction each get a copy of their own, which is thrown away. What a query may not do (`sandbox.py`) is still refused
but for writing to the copy: INSERT, UPDATE and DELETE, CREATE, DROP and ALTER of tables, indexes, views and triggers,
transactions and savepoints. So ATTACH, PRAGMA, VACUUM, temporary and virtual tables and extensions stay errors. Limits
as for a query, with one deadline for statements and reading; a database over `Limits.copy_bytes` is not copied.

A text may hold several statements; results of queries among them are dropped, and what it leaves uncommitted is undone.
Not covered: a single C call past the deadline (`pool.py` ends that); values that differ from run to run (`random()`,
the present time), which differ between gold and prediction too.
"""

import os
import sqlite3
import time
from contextlib import closing
from typing import NamedTuple

from evaluate.execution.match import REWRITES, RULES
from evaluate.execution.sandbox import Guard, Limits, Refused, Status, database_problem, failure, restrict, text_problem
from evaluate.execution.state import (
    READING_PRAGMAS,
    State,
    changes,
    nearly_same_state,
    read_state,
    same_state,
)
from evaluate.execution.verdict import (
    GRACE_SECONDS,
    TOO_LONG,
    Announce,
    Example,
    Preview,
    Verdict,
    short_error,
    short_table,
)

_STEPS = 1000  # virtual machine instructions between two looks at the clock
_JOURNAL_FORMAT = slice(18, 20)  # of a database's header: 2 where it is in WAL mode, which has no sense in memory
_ON_MAIN = {
    getattr(sqlite3, f"SQLITE_{name}")
    for name in (
        "INSERT", "UPDATE", "DELETE", "CREATE_TABLE", "CREATE_INDEX", "CREATE_VIEW", "CREATE_TRIGGER", "DROP_TABLE",
        "DROP_INDEX", "DROP_VIEW", "DROP_TRIGGER", "REINDEX",
    )
}  # fmt: skip
_ANYWHERE = {sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT}  # there is but one database
_RENAMING = (sqlite3.SQLITE_UPDATE, "sqlite_temp_master")  # ALTER looks there; nothing else may, says SQLite itself


class Written(NamedTuple):
    """What statements did: `before` and `after` are there where `status` is "ok", `error` is None only then.

    `seconds` is the time of the statements alone.
    """

    status: Status
    before: State | None = None
    after: State | None = None
    error: str | None = None
    seconds: float = 0.0


class WriteGuard(Guard):
    """What SQLite asks while statements write to a copy. Many short ones are stopped between two of them."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.pragmas: frozenset[str] = frozenset()
        self.seconds = 0.0  # what the statements took

    def authorize(self, action: int, first: str | None, second: str | None, *where: str | None) -> int:
        if self.stop():
            return sqlite3.SQLITE_DENY
        place = first if action == sqlite3.SQLITE_ALTER_TABLE else where[0]
        may_write = action in _ON_MAIN or action == sqlite3.SQLITE_ALTER_TABLE
        if (may_write and place == "main") or action in _ANYWHERE or (action, first) == _RENAMING:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and first in self.pragmas:
            return sqlite3.SQLITE_OK
        return super().authorize(action, first, second, *where)


def run_statements(sql: str, database: str | os.PathLike[str], limits: Limits = Limits()) -> Written:  # noqa: B008
    """Run statements on a copy of the database; never raises for anything that they do, and changes no file.

    `error` is as that of `sandbox.run_query`. Raises OSError where the file goes away meanwhile.
    """
    problem = database_problem(database) or text_problem(sql)
    if problem:
        return Written("error", error=problem)
    size = os.path.getsize(database)
    if size > limits.copy_bytes:
        what = f"the database has {size:,} bytes; statements that write are run on at most {limits.copy_bytes:,}"
        return Written("too_large", error=what)
    if len(sql.encode("utf-8", "surrogatepass")) > limits.sql_bytes:
        return Written("too_large", error=f"the SQL is longer than {limits.sql_bytes:,} bytes")
    guard = WriteGuard(limits.seconds)
    try:
        with closing(_copy(database, limits)) as connection:
            return _run(connection, sql, guard, limits)
    except (sqlite3.Error, sqlite3.Warning, Refused, MemoryError, ValueError, OverflowError) as error:
        failed = failure(error, guard, limits)
        return Written(failed.status, error=failed.error, seconds=guard.seconds)


def _copy(database: str | os.PathLike[str], limits: Limits) -> sqlite3.Connection:
    with open(database, "rb") as file:
        content = bytearray(file.read())
    content[_JOURNAL_FORMAT] = b"\1\1" if content else b""
    connection = restrict(sqlite3.connect(":memory:", isolation_level=None), limits)
    if content:
        connection.deserialize(content)
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    for setting in ("journal_mode = MEMORY", f"max_page_count = {2 * limits.copy_bytes // page_bytes}"):
        connection.execute(f"PRAGMA {setting}").close()
    return connection


def _run(connection: sqlite3.Connection, sql: str, guard: WriteGuard, limits: Limits) -> Written:
    connection.set_authorizer(guard.authorize)
    connection.set_progress_handler(guard.stop, _STEPS)
    before = _read(connection, guard, limits)
    start = time.perf_counter()
    try:
        connection.executescript(sql)
        if connection.in_transaction:
            connection.rollback()
    finally:
        guard.seconds = time.perf_counter() - start
    after = _read(connection, guard, limits)
    if guard.stop():  # a single C call ran past the deadline, where nobody asked
        raise Refused("timeout", f"longer than {limits.seconds:g} s")
    return Written("ok", before, after, seconds=guard.seconds)


def _read(connection: sqlite3.Connection, guard: WriteGuard, limits: Limits) -> State:
    guard.pragmas = READING_PRAGMAS
    try:
        return read_state(connection, limits)
    finally:
        guard.pragmas = frozenset()


def judge_write(example: Example, limits: Limits, announce: Announce) -> Verdict:
    """The verdict on an example that writes, by the states of its databases; outcomes as in `verdict.Verdict`."""
    gold_sql = REWRITES["strict"](example.gold)
    bench, golds = _Bench(limits, announce), []
    for database in example.databases:
        bench.begin(Verdict("gold_error", f"the gold runs longer than {limits.seconds:g} s"))
        golds.append(run_statements(gold_sql, database, limits))
        if golds[-1].status != "ok":
            error = short_error(f"{database.name}: {golds[-1].error}")
            return Verdict("gold_error", error, gold_seconds=golds[-1].seconds)
    verdict = Verdict(
        "no_sql",
        gold_seconds=sum(gold.seconds for gold in golds),
        gold_preview=_preview(golds[0]),
        gold_empty=all(gold.before == gold.after for gold in golds),
    )
    return verdict if example.predicted is None else _compare(example, golds, verdict, bench)


class _Bench(NamedTuple):
    """What predictions may use, and who is told before each step."""

    limits: Limits
    announce: Announce

    def begin(self, verdict: Verdict) -> None:
        self.announce(self.limits.seconds + GRACE_SECONDS, verdict, cpu=True)


def _compare(example: Example, golds: list[Written], verdict: Verdict, bench: _Bench) -> Verdict:
    """The verdict with outcome, rules and previews: those of the first file that does not match, or of the first."""
    limits, sql = bench.limits, example.predicted
    bench.begin(verdict._replace(outcome="timeout", error=f"longer than {limits.seconds:g} s"))
    if len(sql) <= limits.sql_bytes:  # else to be refused, not to be rewritten first
        sql = REWRITES["strict"](sql)
    matches, seconds, shown = dict.fromkeys(RULES, True), 0.0, None
    for database, gold in zip(example.databases, golds, strict=True):
        bench.begin(verdict._replace(outcome="timeout", error=f"longer than {limits.seconds:g} s"))
        predicted = run_statements(sql, database, limits)
        seconds += predicted.seconds
        if predicted.status != "ok":
            return verdict._replace(outcome=predicted.status, error=short_error(predicted.error), seconds=seconds)
        bench.begin(verdict._replace(outcome="wrong_result", error=TOO_LONG))
        held = _matches(gold.after, predicted.after)
        if shown is None or (matches["strict"] and not held["strict"]):
            shown = _preview(gold), _preview(predicted)
        matches = {rule: matches[rule] and holds for rule, holds in held.items()}
    return verdict._replace(
        outcome="correct" if matches["strict"] else "wrong_result",
        matches=matches,
        seconds=seconds,
        gold_preview=shown[0],
        prediction_preview=shown[1],
    )


def _matches(gold: State, predicted: State) -> dict[str, bool]:
    is_same = same_state(gold, predicted)
    return dict.fromkeys(RULES, is_same) | {"fuzzy": is_same or nearly_same_state(gold, predicted)}


def _preview(written: Written) -> Preview:
    found = changes(written.before, written.after)
    return short_table(("table", "change", "rows removed", "rows added"), found, len(found))
