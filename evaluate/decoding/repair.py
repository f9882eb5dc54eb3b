"""Mend a query that SQLite refuses, without a model: names that are elsewhere, missing joins, other systems' functions.

    repair("SELECT T1.name FROM pets AS T1 JOIN owners AS T2 ON T1.owner_id = T2.id", database, limits)
    -> Repaired("SELECT T2.name FROM ...", ("T1.name is T2.name",))

SQLite only compiles the query here, under the sandbox's authorizer; nothing is run. What compiles is never changed.
Where no repair makes the query compile (it writes, it reads a file, nothing is near) it stays as it was: the answer is
then an error, as it should be.

Not covered: queries that run and give the wrong rows; errors while running (integer overflow, a malformed JSON text).
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from evaluate.decoding.names import repair_names
from evaluate.execution.sandbox import Limits, connect, run_query
from sql.dialects.kinds import column_kinds
from sql.dialects.translate import to_sqlite
from sql.schema import Schema, schema_of
from sql.sql_tree import parse_once

TYPOGRAPHIC = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\N{NO-BREAK SPACE}": " "})
PASSES = 3  # each may bring the next wrong name to light


class Repaired(NamedTuple):
    """A query that compiles, and what was changed in words; without `repairs` it is the query as it was."""

    sql: str
    repairs: tuple[str, ...] = ()


def repair(sql: str, database: Path, limits: Limits) -> Repaired:
    """The query as it is where it compiles or cannot be mended, else a version that compiles.

    Raises sqlite3.Error where the schema cannot be read.
    """

    def problem(text: str) -> str | None:
        """Why SQLite refuses to compile a text; None where it does not."""
        return run_query(f"EXPLAIN {text}", database, limits).error

    if problem(sql) is None:
        return Repaired(sql)
    with closing(connect(database, limits)) as connection:
        schema = schema_of(connection)
    mended = (repair_until_it_compiles(text, changes, schema, problem) for text, changes in versions(sql, schema))
    return next((found for found in mended if found), Repaired(sql))


def versions(sql: str, schema: Schema) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The texts to repair, the nearest to the original first: itself, plain quotes, other systems' dialects."""
    yield sql, ()
    plain = sql.translate(TYPOGRAPHIC)
    if plain != sql:
        yield plain, ("typographic quotes",)
    for version in to_sqlite(plain, column_kinds(schema)):
        yield version.sql, (f"translated from {version.dialect}",)


def repair_until_it_compiles(
    text: str, changes: tuple[str, ...], schema: Schema, problem: Callable[[str], str | None]
) -> Repaired | None:
    """One version with its names mended, once it compiles; None where it never does."""
    for _ in range(PASSES):
        if problem(text) is None:
            return Repaired(text, changes)
        tree = parse_once(text)
        mended = repair_names(tree, schema) if tree is not None else None
        if mended is None or not mended.changes:
            return None
        text, changes = mended.tree.sql(dialect="sqlite"), (*changes, *mended.changes)
    return Repaired(text, changes) if problem(text) is None else None
