"""Gold queries in one plain style, for training: sqlglot's writing, and the table's name in place of its alias.

    SELECT T1.name , count(*) FROM singer AS T1 JOIN concert AS T2 ON T1.id  =  T2.singer GROUP BY T1.id
    -> SELECT singer.name, COUNT(*) FROM singer JOIN concert ON singer.id = concert.singer GROUP BY singer.id

A small model learns as much from such answers in half the tokens, and a qualified name says which table was meant. An
alias stays where its table occurs twice in a query's FROM; names in double quotes that are no column become text, which
is how SQLite reads them. A query is kept only where it returns the rows of the original, in the same order; else the
original stays.
"""

import sqlite3
from collections import Counter
from pathlib import Path

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from converters.golds import rows_of
from sql.schema import Schema
from sql.sql_tree import DIALECT, is_double_quoted, parse


def clean_gold(database: Path, schema: Schema, sql: str) -> str | None:
    """The query in plain style; None where it cannot be read, is as it was, or would return other rows."""
    written = plain_sql(sql, schema)
    if written is None or written == sql or not database.is_file():
        return None
    try:
        return written if rows_of(database, written) == rows_of(database, sql) else None
    except sqlite3.Error:
        return None


def plain_sql(sql: str, schema: Schema) -> str | None:
    """The query in plain style, not yet run; None where it cannot be read."""
    tree = parse(sql)
    if tree is None:
        return None
    tree = tree.copy()
    try:
        mark_texts(tree, schema)
        scopes = traverse_scope(tree)
        tables = Counter(table.name.lower() for table in tree.find_all(exp.Table))
        # An inner query that reads a row of the outer one must not catch its name with a table of its own.
        is_correlated = any(scope.external_columns for scope in scopes)
        repeated = {name for name, times in tables.items() if times > 1} if is_correlated else set()
        for scope in scopes:
            use_table_names(scope, kept=repeated, bare=tables.total() == 1)
        return tree.sql(dialect=DIALECT, comments=False)
    except (SqlglotError, RecursionError):
        return None


def mark_texts(tree: exp.Expression, schema: Schema) -> None:
    """Names in double quotes that are no column of the schema become text."""
    known = {column.name.lower() for table in schema.tables for column in table.columns}
    aliases = {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
    for column in list(tree.find_all(exp.Column)):
        if is_double_quoted(column) and column.name.lower() not in known | aliases:
            column.replace(exp.Literal.string(column.name))


def use_table_names(scope: Scope, *, kept: set[str], bare: bool) -> None:
    """Replace the aliases of one SELECT by the tables' names, or by nothing (`bare`: the query has one table).

    Tables in `kept` keep their aliases.
    """
    tables = [table for table in scope.tables if isinstance(table.this, exp.Identifier)]
    times = Counter(table.name.lower() for table in tables)
    renamed = {
        table.alias_or_name.lower(): table
        for table in tables
        if times[table.name.lower()] == 1 and table.name.lower() not in kept and (table.alias or bare)
    }
    for column in scope.columns:
        table = renamed.get(column.table.lower())
        if table is not None:
            column.set("table", None if bare else table.this.copy())
    for table in renamed.values():
        table.set("alias", None)
