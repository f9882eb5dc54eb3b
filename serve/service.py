"""What the server can do, for every way to ask it: the routes, the OpenAI-compatible ones and the tools for agents."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

from evaluate.asker import plain
from evaluate.execution.pool import Lost
from evaluate.execution.sandbox import MEBIBYTE, Limits
from serve.databases import Databases, Served
from serve.line import Event, Finished, Line
from serve.queries import QueryPool, execution_of
from serve.refusals import Gone, Refusal
from serve.work import Task, Unreadable
from sql.schema import Column, Schema, Table

ROWS = 10_000  # of a result; more are cut off, and the answer says so
RESULT_BYTES = 16 * MEBIBYTE
CELL_CHARACTERS = 200  # of a sample row

IsGone = Callable[[], Awaitable[bool]]
Turn = tuple[str, str]  # a question before, and the SQL that answered it


def limits_within(timeout: float) -> Limits:
    """What a query may take here; `timeout` in seconds."""
    return Limits(seconds=timeout, rows=ROWS, result_bytes=RESULT_BYTES, cut=True)


class Asker(Protocol):
    """What answers questions about one database: `evaluate.asker.Asker`."""

    def ask(self, question: str, *, history: Sequence[Turn] = (), on_text: Any = None, cancelled: Any = None) -> Any:
        """An answer with `to_json`."""

    def close(self) -> None:
        """Give back what it holds."""


async def never_gone() -> bool:
    """For a client of which nobody knows whether it is there."""
    return False


class Service:
    """The databases, the line before the engine, and the workers for queries.

    `make_asker` is called at the engine's turn, with the database; what it returns is kept as long as the database is.
    """

    def __init__(
        self,
        databases: Databases,
        line: Line,
        queries: QueryPool,
        make_asker: Callable[[Served], Asker],
        limits: Limits,
    ) -> None:
        self.databases = databases
        self.line = line
        self.queries = queries
        self.make_asker = make_asker
        self.limits = limits
        self._askers: dict[str, Asker] = {}
        databases.forget = self._forget

    async def events(
        self, question: str, database: str | None, history: Sequence[Turn] = (), gone: IsGone = never_gone
    ) -> AsyncIterator[Event]:
        """Places in the line, the SQL as it is written, and last the answer. Raises Refusal and Gone."""
        served = self.databases.get(database)

        def work(on_text: Callable[[str], None], cancelled: Callable[[], bool]) -> Any:
            asker = self.asker(served)
            return asker.ask(question, history=tuple(history), on_text=on_text, cancelled=cancelled)

        async for event in self.line.follow(work, gone):
            yield event

    async def answer(
        self, question: str, database: str | None, history: Sequence[Turn] = (), gone: IsGone = never_gone
    ) -> Any:
        """The answer alone. Raises as `events`."""
        async for event in self.events(question, database, history, gone):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("the events end without an answer")

    def asker(self, served: Served) -> Asker:
        """The one that answers about this database, made at the first question. For the engine's thread alone."""
        if served.name not in self._askers:
            self._askers[served.name] = self.make_asker(served)
        return self._askers[served.name]

    async def query(self, sql: str, database: str | None, gone: IsGone = never_gone) -> dict[str, Any]:
        """Run a statement of somebody's: `{"sql", "columns", "rows", "error", "seconds", "truncated"}`."""
        served = self.databases.get(database)
        found = await self._run(Task(served.file, sql, self.limits), gone)
        execution = execution_of(found, self.limits.seconds)
        return {
            "sql": sql,
            "columns": list(execution.columns),
            "rows": [[plain(cell) for cell in row] for row in execution.rows],
            "error": execution.error,
            "seconds": round(execution.seconds, 4),
            "truncated": execution.cut,
        }

    async def schema(self, database: str | None, gone: IsGone = never_gone) -> dict[str, Any]:
        """Tables with columns, keys and sample rows. Raises Refusal where the file cannot be read (any more)."""
        served = self.databases.get(database)
        found = await self._run(Task(served.file, None, self.limits), gone)
        problem = schema_problem(found)
        if problem:
            raise Refusal(problem.replace(f"{served.file}: ", ""))
        return schema_json(served.name, found)

    async def _run(self, task: Task, gone: IsGone) -> Any:
        """The result of a task, which ends when the client goes."""
        running = asyncio.ensure_future(self.queries.run(task))
        try:
            while not running.done():
                await asyncio.wait([running], timeout=0.5)
                if not running.done() and await gone():
                    raise Gone
            return running.result()
        finally:
            running.cancel()

    def _forget(self, served: Served) -> None:
        asker = self._askers.pop(served.name, None)
        if asker:
            asker.close()

    def close(self) -> None:
        """Stop what is under way and remove the uploads."""
        self.line.close()
        self.queries.close()
        for asker in self._askers.values():
            asker.close()
        self.databases.close()


def schema_problem(found: Schema | Unreadable | Lost) -> str | None:
    """Why what a worker found is no schema, or None."""
    if isinstance(found, Lost):
        return f"the schema cannot be read: {found.detail}"
    if isinstance(found, Unreadable):
        return found.error
    return None if found.tables else "the database has no table"


def schema_json(name: str, schema: Schema) -> dict[str, Any]:
    """`{"database", "tables": [{"name", "columns", "foreign_keys", "rows"}]}`."""
    return {"database": name, "tables": [_table_json(table) for table in schema.tables]}


def _table_json(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "columns": [_column_json(column) for column in table.columns],
        "foreign_keys": [
            {"column": key.column, "table": key.table, "referenced": key.referenced} for key in table.foreign_keys
        ],
        "rows": [[_short(plain(cell)) for cell in row] for row in table.rows],
    }


def _column_json(column: Column) -> dict[str, Any]:
    values = [_short(plain(value)) for value in column.values]
    return {"name": column.name, "type": column.type, "primary_key": bool(column.primary_key), "values": values}


def _short(cell: object) -> object:
    return f"{cell[:CELL_CHARACTERS]}…" if isinstance(cell, str) and len(cell) > CELL_CHARACTERS else cell
