"""The state of a database after statements that write: its tables with their rows, views, indexes and triggers.

| part | what of it counts |
| --- | --- |
| table | name; columns in order, by name and type affinity; rows as a multiset |
| view | name; columns in order, by name; the rows it gives, as a multiset; SQLite's message where it gives none |
| index | its table, its columns in order, whether it is unique or partial; not its name, which no answer depends on |
| trigger | its text, but for case, white space and comments |

Names count without case; values compare as in `match.py`. Not covered: constraints and defaults (PRIMARY KEY, NOT NULL,
CHECK, ...), the counter of AUTOINCREMENT, statistics, comments in DDL.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from evaluate.execution.fuzzy import rows_agree, same_answer
from evaluate.execution.sandbox import Limits, Refused, Row, collect
from sql.sql_text import code_tokens, quoted

READING_PRAGMAS = frozenset({"table_list", "table_xinfo", "index_list", "index_xinfo"})
_HIDDEN_COLUMN = 1  # of a virtual table; generated columns are 2 and 3
_AFFINITIES = (  # https://www.sqlite.org/datatype3.html, 3.1: the first text that the declared type holds decides
    ("INT", "INTEGER"),
    *((text, "TEXT") for text in ("CHAR", "CLOB", "TEXT")),
    ("BLOB", "BLOB"),
    *((text, "REAL") for text in ("REAL", "FLOA", "DOUB")),
)


class Relation(NamedTuple):
    """A table or a view: `columns` are (name in lower case, affinity; none for a view), `rows` each with its number."""

    kind: str
    columns: tuple[tuple[str, str], ...]
    rows: Counter[Row]


class State(NamedTuple):
    """A database: relations by name in lower case; indexes and triggers as (kind, table, description), counted."""

    relations: dict[str, Relation]
    others: Counter[tuple[str, str, str]]


def same_state(gold: State, predicted: State) -> bool:
    """The rules `strict`, `spider`, `spider_keep_distinct` and `bird` for statements that write: the states are equal.

    What counts of each part stands above. None of the three tools after which the others are named has a rule for
    statements that write.
    """
    return gold == predicted


def nearly_same_state(gold: State, predicted: State) -> bool:
    """The rule `fuzzy` for statements that write: as `same_state`, with these allowances.

    Columns of a table in any order, their types left aside; cells that agree as in `match.fuzzy`. A view answers as the
    rule `fuzzy` asks, its columns' names left aside. Indexes, triggers and the names of tables must be equal.
    """
    if gold.others != predicted.others or gold.relations.keys() != predicted.relations.keys():
        return False
    return all(_nearly_same(relation, predicted.relations[name]) for name, relation in gold.relations.items())


def _nearly_same(gold: Relation, predicted: Relation) -> bool:
    if gold == predicted:
        return True
    if gold.kind != predicted.kind:
        return False
    gold_rows, predicted_rows = list(gold.rows.elements()), list(predicted.rows.elements())
    if gold.kind == "view":
        return same_answer(gold_rows, predicted_rows, ordered=False)
    names, others = ([name for name, _ in relation.columns] for relation in (gold, predicted))
    if sorted(names) != sorted(others):
        return False
    order = [others.index(name) for name in names]
    return rows_agree(gold_rows, [tuple(row[place] for place in order) for row in predicted_rows])


def read_state(connection: sqlite3.Connection, limits: Limits) -> State:
    """The state of a connection's main database.

    Raises Refused where its rows take more than `limits` allow in all, and sqlite3.Error where a table cannot be read.
    """
    relations, others, size = {}, Counter(), 0
    for name, kind in _relations(connection):
        relation, taken = _read_relation(connection, name, kind, limits)
        relations[name.lower()] = relation
        size += taken
        if size > limits.result_bytes:
            raise Refused("too_large", f"the tables take more than {limits.result_bytes:,} bytes")
        if kind == "table":
            others.update(_indexes(connection, name))
    triggers = connection.execute("SELECT tbl_name, sql FROM main.sqlite_master WHERE type = 'trigger'").fetchall()
    others.update(("trigger", table.lower(), _folded(sql)) for table, sql in triggers)
    return State(relations, others)


def _relations(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """(name, "table" or "view"); a virtual table is a table, those that it keeps its rows in are left out."""
    listed = connection.execute("PRAGMA main.table_list").fetchall()
    kinds = {"table": "table", "virtual": "table", "view": "view"}
    return sorted(
        (name, kinds[kind])
        for schema, name, kind, *_ in listed
        if schema == "main" and kind in kinds and not name.lower().startswith("sqlite_")
    )


def _read_relation(connection: sqlite3.Connection, name: str, kind: str, limits: Limits) -> tuple[Relation, int]:
    try:
        described = connection.execute(f"PRAGMA main.table_xinfo({quoted(name)})").fetchall()
        rows, size = collect(connection.execute(f"SELECT * FROM main.{quoted(name)}"), limits)
    except sqlite3.OperationalError as error:
        if kind == "table" or str(error) == "interrupted":
            raise
        return Relation(kind, ((str(error), ""),), Counter()), 0
    columns = (
        (column.lower(), affinity(declared) if kind == "table" else "")
        for _, column, declared, *_, hidden in described
        if hidden != _HIDDEN_COLUMN
    )
    return Relation(kind, tuple(columns), Counter(rows)), size


def affinity(declared: str) -> str:
    """The affinity of a column by its declared type: INTEGER, TEXT, BLOB, REAL or NUMERIC."""
    if not declared:
        return "BLOB"
    return next((name for text, name in _AFFINITIES if text in declared.upper()), "NUMERIC")


def _indexes(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, str, str]]:
    """The indexes of a table that statements made, not those behind PRIMARY KEY and UNIQUE."""
    for _, index, unique, origin, partial in connection.execute(f"PRAGMA main.index_list({quoted(table)})").fetchall():
        if origin != "c":
            continue
        parts = connection.execute(f"PRAGMA main.index_xinfo({quoted(index)})").fetchall()
        keys = ", ".join(
            (column or "(expression)").lower() + " DESC" * descending
            for _, _, column, descending, _, key in parts
            if key
        )
        yield "index", table.lower(), "unique " * unique + f"({keys})" + " partial" * partial


def _folded(sql: str) -> str:
    return " ".join(token.text.lower() if token.kind == "word" else token.text for token in code_tokens(sql))


def changes(before: State, after: State) -> list[Row]:
    """What differs between two states, as (table or view, what became of it, rows removed, rows added)."""
    found = []
    for name in sorted(before.relations.keys() | after.relations.keys()):
        old, new = before.relations.get(name), after.relations.get(name)
        if old != new:
            what = "created" if old is None else "dropped" if new is None else "changed"
            removed, added = (relation.rows if relation else Counter() for relation in (old, new))
            found.append((name, what, (removed - added).total(), (added - removed).total()))
    for what, others in (("created", after.others - before.others), ("dropped", before.others - after.others)):
        found += [(f"{kind} on {table}", what, 0, 0) for kind, table, _ in others.elements()]
    return found
