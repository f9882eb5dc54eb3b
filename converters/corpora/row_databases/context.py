"""A corpus row's own database: the DDL, and maybe INSERTs, of the row, as a SQLite database in memory.

Each statement is tried as it stands; what SQLite refuses is repaired where it says a thing twice (a table declared
again with other columns, a column named twice), else translated from the dialects of other systems. A statement that
means something else in SQLite without an error (SERIAL, STRING) is translated at once.

A corpus is not trusted: a script can reach no file and is stopped after as many operations as a gold.

Not covered: a script whose statements depend on another dialect's session settings.
"""

import itertools
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from converters.golds import GoldRun, in_memory, limited, run_gold
from sql.dialects.kinds import BOOLEAN, column_kinds, kind_of_type
from sql.dialects.rewrites import FALSE, TRUE
from sql.dialects.translate import correction, dialect_of, may_be_misread, to_sqlite
from sql.schema import Schema, schema_of
from sql.sql_text import code_tokens, first_word, quoted, statements, tokens

SQLITE, UNKNOWN = "sqlite", "unknown"
MISREAD_TYPES = {"serial", "bigserial", "smallserial", "string"}  # run without an error, and mean something else
ELSEWHERE = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)  # VACUUM INTO attaches too
TWICE = ("already exists", "duplicate column name")
NOT_DIALECT = ("no such column", "no such table", "ambiguous column")  # faults that no translation mends
NAMESPACES = (("create", "schema"), ("create", "database"), ("use",))  # a SQLite file has one: nothing to be done
TODAY = re.compile(
    r"\b(?:CURRENT_DATE|CURRENT_TIMESTAMP|CURRENT_TIME|CURDATE|GETDATE|NOW|SYSDATE)\b|'now'", re.IGNORECASE
)


class Context(NamedTuple):
    """A row's database: `dialect` is sqlite, or the first that a statement had to be translated from."""

    connection: sqlite3.Connection
    schema: Schema
    dialect: str
    repaired: bool
    error: str  # SQLite's message for the first statement that could not be run; empty where all ran


class Translated(NamedTuple):
    """A gold as it ran, or as it stands where none of its versions ran."""

    sql: str
    dialect: str
    run: GoldRun


def build(script: str) -> Context:
    """The database that a script makes. It has no table where nothing in the script could be read."""
    connection = in_memory()
    dialect, repaired, error = SQLITE, False, ""
    with guarded(connection):
        for statement in statements(script):
            done = execute(connection, statement)
            dialect = done.dialect if dialect == SQLITE and done.dialect else dialect
            repaired = repaired or done.repaired
            error = error or done.error
    schema = schema_of(connection)
    with guarded(connection):
        make_booleans(connection, schema)
    return Context(connection, schema, dialect, repaired, error)


@contextmanager
def guarded(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep a script of a corpus from other files and from running on and on; end the transaction that it may leave."""
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action in ELSEWHERE else sqlite3.SQLITE_OK)
    try:
        with limited(connection):
            yield
    finally:
        connection.set_authorizer(None)
        if connection.in_transaction:
            connection.execute("COMMIT")


class Done(NamedTuple):
    """How one statement was run, or why not."""

    dialect: str = SQLITE
    repaired: bool = False
    error: str = ""


def execute(connection: sqlite3.Connection, statement: str) -> Done:
    """Run one statement: as it stands, repaired, or translated."""
    if names_space(statement):
        return Done()
    may_misread = any(word in statement.lower() for word in MISREAD_TYPES)  # few do, and the lexer takes longer
    has_misread_type = may_misread and bool(MISREAD_TYPES & types_in(statement))
    message = "its types need translation" if has_misread_type else attempt(connection, statement)
    if not message:
        return Done()
    if any(text in message for text in TWICE) and said_once(connection, statement):
        return Done(repaired=True)
    for version in to_sqlite(statement):
        if not attempt(connection, version.sql):
            return Done(version.dialect)
    return Done(SQLITE, error=attempt(connection, statement) if has_misread_type else message)


def types_in(statement: str) -> set[str]:
    """The words of a CREATE or ALTER that may be types: those right behind a name."""
    if first_word(statement) not in ("create", "alter"):
        return set()
    pairs = itertools.pairwise(code_tokens(statement))
    return {word.text.lower() for name, word in pairs if name.kind in ("word", "name") and word.kind == "word"}


def make_booleans(connection: sqlite3.Connection, schema: Schema) -> None:
    """Turn texts as 'true' in columns declared as BOOLEAN into 1 and 0, which is what TRUE and FALSE are."""
    for table in schema.tables:
        for name in (quoted(column.name) for column in table.columns if kind_of_type(column.type) == BOOLEAN):
            cases = " ".join(f"WHEN '{text}' THEN {int(text in TRUE)}" for text in TRUE + FALSE)
            update = f"UPDATE {quoted(table.name)} SET {name} = CASE lower({name}) {cases} ELSE {name} END"
            attempt(connection, f"{update} WHERE typeof({name}) = 'text'")


def names_space(statement: str) -> bool:
    """Whether a statement makes or chooses a schema or database."""
    words = (token.text.lower() for token in tokens(statement) if token.kind == "word")
    first = tuple(itertools.islice(words, 2))
    return any(first[: len(each)] == each for each in NAMESPACES)


def attempt(connection: sqlite3.Connection, statement: str) -> str:
    """SQLite's message for a statement that fails; empty where it runs."""
    try:
        connection.execute(statement)
    except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError) as error:
        return str(error)
    return ""


def said_once(connection: sqlite3.Connection, statement: str) -> bool:
    """Run a CREATE TABLE that repeats a column, or a table with other columns: each column is made once."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(statement, read="sqlite")
    except SqlglotError:
        return False
    body = tree.this
    if not isinstance(tree, exp.Create) or not isinstance(body, exp.Schema):
        return False
    columns = {part.name.lower(): part for part in body.expressions if isinstance(part, exp.ColumnDef)}
    name = body.this.name
    there = connection.execute("SELECT lower(name) FROM pragma_table_info(?)", (name,)).fetchall()
    if there:
        new = [column.sql(dialect="sqlite") for key, column in columns.items() if (key,) not in there]
        return all(not attempt(connection, f"ALTER TABLE {quoted(name)} ADD COLUMN {column}") for column in new)
    body.set("expressions", list(columns.values()))
    return not attempt(connection, tree.sql(dialect="sqlite"))


def translated_gold(made: Context, sql: str, row: str = "") -> Translated:
    """A gold run as it stands, else in the first version that runs.

    `row`: the text of the whole row, which may tell its dialect. A gold that SQLite runs in another sense is
    translated too; where it cannot be, it does not count as one that runs.
    """
    run = run_gold(made.connection, sql)
    if run.runs and not may_be_misread(sql):
        return Translated(sql, SQLITE, run)
    kinds, dialect = column_kinds(made.schema), dialect_of(row)
    corrected = correction(sql, kinds, dialect) if run.runs else None
    if run.runs and corrected is None:
        return Translated(sql, SQLITE, run)
    for version in [corrected] if corrected else to_sqlite(sql, kinds, dialect):
        other = run_gold(made.connection, version.sql)
        if version.sql and other.runs:
            return Translated(version.sql, version.dialect, other)
    if corrected:
        return Translated(sql, UNKNOWN, GoldRun(False, False, "SQLite runs it in another sense than it is meant"))
    return Translated(sql, SQLITE if run.error.startswith(NOT_DIALECT) else UNKNOWN, run)


def depends_on_today(sql: str) -> bool:
    """Whether a query asks for the present day, so that its result changes by itself."""
    return bool(TODAY.search(sql))
