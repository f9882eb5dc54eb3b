"""Rows made up for a database that has none, so that running its query means something: seeded, and tagged.

Every table gets the same few rows, number 0, 1, ...; columns that are joined, by the query or by a foreign key, share
their values row by row. They take over what the query compares its columns with: for `age > 30 AND country = 'France'`
31 and France. Then the gold is run; where it returns nothing (or NULL), other draws are tried, and the first that
returns something stays.

Not covered: plausibility. A name is "Name 3"; such rows say whether two queries agree, nothing about the world. Some
queries find no row: conditions that exclude one another, arithmetic on columns.
"""

import random
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from converters.golds import GoldRun, run_gold
from sql.dialects.kinds import DATE, TEXT, TIME, kind_of_type
from sql.schema import Column, Schema, Table
from sql.sql_text import quoted

NUMBER_WORDS = frozenset(
    ["id", "year", "number", "no", "num", "count", "age", "rank", "score", "points", "total", "code"]
)
TRIES, OTHERS, MOST_COPIES = 8, 4, 20
MIRRORED = {exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE}

Place = tuple[str, str]  # (table, column) in lower case


class Condition(NamedTuple):
    """A comparison of a column with a literal: the kind of node, and the literal as Python has it."""

    operator: type
    value: object


def fill(connection: sqlite3.Connection, schema: Schema, sql: str, seed: int) -> GoldRun:
    """Fill the empty tables of a database so that `sql` returns rows, as far as it can be made to; returns its run.

    The connection is in autocommit mode. Tables that hold rows, and views, stay as they are.
    """
    empty, maker = empty_part(connection, schema), Maker(schema, sql, seed)
    best = None
    for number in [*range(TRIES), None]:
        if number is None:  # no try found anything but NULL
            number = best[0]
        run = refilled(connection, empty, maker.rows(empty, number), sql)
        if not run.runs or (run.returns_rows and not run.null):
            break
        if best is None or (run.returns_rows and not best[1].returns_rows):
            best = number, run
    return run


def empty_part(connection: sqlite3.Connection, schema: Schema) -> Schema:
    """The tables of a schema that hold no rows."""
    return Schema(tuple(table for table in schema.tables if is_empty(connection, table.name)))


def is_empty(connection: sqlite3.Connection, table: str) -> bool:
    """Whether a name is that of a table without rows."""
    kind = connection.execute("SELECT type FROM sqlite_master WHERE lower(name) = lower(?)", (table,)).fetchone()
    return kind == ("table",) and not connection.execute(f"SELECT 1 FROM {quoted(table)} LIMIT 1").fetchone()


def refilled(connection: sqlite3.Connection, schema: Schema, rows: dict[str, list[tuple]], sql: str) -> GoldRun:
    """Put `rows`, by table, in place of what the tables of `schema` hold, and run the gold."""
    connection.execute("BEGIN")
    for table in schema.tables:
        connection.execute(f"DELETE FROM {quoted(table.name)}")
        names = [quoted(column.name) for column in written_columns(table)]
        # OR IGNORE: a row that breaks a UNIQUE or CHECK of the table is left out
        marks = ", ".join("?" * len(names))
        statement = f"INSERT OR IGNORE INTO {quoted(table.name)} ({', '.join(names)}) VALUES ({marks})"
        connection.executemany(statement, rows[table.name])
    connection.execute("COMMIT")
    return run_gold(connection, sql)


def written_columns(table: Table) -> list[Column]:
    """The columns of a table but those that SQLite computes."""
    return [column for column in table.columns if not column.generated]


class Maker:
    """Makes up rows for one query over one schema."""

    def __init__(self, schema: Schema, sql: str, seed: int) -> None:
        self.sql, self.seed = sql, seed
        self.columns = {(t.name.lower(), c.name.lower()): c for t in schema.tables for c in t.columns}
        self.conditions: dict[Place, list[Condition]] = defaultdict(list)
        self.same = {place: place for place in self.columns}  # the place whose values a joined column takes over
        self.copies = 1
        for table in schema.tables:
            for key in table.foreign_keys:
                self.join((table.name.lower(), key.column.lower()), (key.table.lower(), key.referenced.lower()))
        with suppress(SqlglotError, RecursionError):
            self.read(sqlglot.parse_one(sql, read="sqlite"))

    def read(self, tree: exp.Expression) -> None:
        """Note what the query compares its columns with, and which it joins."""
        sources = {t.alias_or_name.lower(): t.name.lower() for t in tree.find_all(exp.Table)}
        for node in tree.find_all(exp.Intersect):
            for pair in zip(node.left.selects, node.right.selects, strict=False):
                places = [self.place(each.unalias(), sources) for each in pair]
                if all(places):
                    self.join(*places)
        for node in tree.find_all(exp.Predicate):
            if isinstance(node.parent, exp.Not):
                continue
            if isinstance(node, exp.Between):
                parts = [(exp.GTE, node.args["low"]), (exp.LTE, node.args["high"])]
            elif isinstance(node, exp.In):
                parts = [(exp.EQ, each) for each in node.expressions] or [(exp.EQ, node.args.get("query"))]
            else:
                parts = [(type(node), node.expression)]
            for operator, other in parts:
                self.compare(node.this, operator, other, sources)

    def compare(self, left: exp.Expression, operator: type, right: exp.Expression | None, sources: dict) -> None:
        """Note one comparison, whichever side the column is on."""
        inner = right.find(exp.Select) if isinstance(right, exp.Subquery | exp.Select) else None
        right = inner.expressions[0] if inner and len(inner.expressions) == 1 else right
        places = self.place(left, sources), self.place(right, sources)
        if isinstance(left, exp.Count) and isinstance(right, exp.Literal) and right.name.isdigit():
            self.copies = max(self.copies, min(int(right.name) + (operator in (exp.GT, exp.NEQ)), MOST_COPIES))
        elif all(places) and operator is exp.EQ:
            self.join(*places)
        elif places[0] or places[1]:
            value = literal_value(right if places[0] else left)
            operator = operator if places[0] else MIRRORED.get(operator, operator)
            if value is not NOTHING:
                self.conditions[places[0] or places[1]].append(Condition(operator, value))

    def place(self, node: exp.Expression | None, sources: dict[str, str]) -> Place | None:
        """The table and column that an expression is about; None for what is none of the schema's columns."""
        column = node.find(exp.Column) if isinstance(node, exp.Column | exp.Func | exp.Paren) else None
        if column is None or isinstance(node, exp.Count):
            return None
        tables = [sources.get(column.table.lower(), "")] if column.table else list(sources.values())
        return next((place for table in tables if (place := (table, column.name.lower())) in self.columns), None)

    def join(self, one: Place, other: Place) -> None:
        """Let two columns share their values."""
        if one in self.same and other in self.same:
            first, second = sorted((self.same[one], self.same[other]))
            self.same = {place: first if root == second else root for place, root in self.same.items()}

    def rows(self, empty: Schema, number: int) -> dict[str, list[tuple]]:
        """The rows of each empty table, in column order; another draw for each number."""
        draw = random.Random(f"{self.seed} {number} {self.sql}")
        wanted = max(self.copies, max(map(len, self.conditions.values()), default=1))
        met = {root: self.shared_values(root, wanted, number) for root in set(self.same.values())}
        rows = {}
        for table in empty.tables:
            places = [(table.name.lower(), column.name.lower()) for column in written_columns(table)]
            matching = [tuple(met[self.same[place]][row] for place in places) for row in range(wanted)]
            others = [tuple(self.other(place, wanted + row, draw) for place in places) for row in range(OTHERS)]
            rows[table.name] = [*dict.fromkeys(matching), *others] if number % 2 == 0 else [*matching, *others]
        return rows

    def shared_values(self, root: Place, wanted: int, number: int) -> list[object]:
        """A value a row for the columns that share theirs, from what the query compares them with."""
        members = sorted(place for place, other in self.same.items() if other == root)
        conditions = [condition for place in members for condition in self.conditions.get(place, ())]
        column = self.columns[members[0]]
        options = [[value for value in suggestions(each) if holds(value, each, column)] for each in conditions]
        fitting = [v for values in options for v in values if all(holds(v, each, column) for each in conditions)]
        is_key = any(self.columns[place].primary_key for place in members)
        values = fitting[:1] * wanted if fitting else [each[0] for each in options if each]
        if not values:
            varies = is_key or (len(members) == 1 and number % 4 < 2)
            start = 0 if is_key or number < TRIES // 2 else 50  # above the values of other rows
            return [self.usual(root, start + (row if varies else 0)) for row in range(wanted)]
        if is_key:
            return [values[row] if row < len(dict.fromkeys(values)) else self.usual(root, row) for row in range(wanted)]
        return [values[row % len(values)] for row in range(wanted)]

    def other(self, place: Place, row: int, draw: random.Random) -> object:
        """A value of a row that the query may find or not: near its limits, or another one."""
        limits = [value for _, value in self.conditions.get(place, ()) if value is not None]
        if self.columns[place].primary_key:
            return self.usual(self.same[place], row)
        if len([each for each in self.same.values() if each == self.same[place]]) > 1:
            return self.usual(self.same[place], draw.randrange(row + 1))
        if limits and draw.random() < 0.5:
            value = draw.choice(limits)
            return value if isinstance(value, str) else value + draw.randint(-3, 3)
        return self.usual(place, draw.randrange(1, 40))

    def usual(self, place: Place, number: int) -> object:
        """A column's value of a number, by its type and name."""
        column = self.columns[place]
        kind, words = kind_of_type(column.type), set(re.findall(r"[a-z]+", place[1]))
        if kind in (DATE, TIME) or "date" in words:
            return f"2020-01-{number % 28 + 1:02d}"
        if "year" in words:
            return 2001 + number
        if kind != TEXT or NUMBER_WORDS & words:
            return 1 + number
        return f"{place[1].replace('_', ' ').capitalize()} {number + 1}"


NOTHING = object()  # the value of what is no literal


def literal_value(node: exp.Expression | None) -> object:
    """A literal as Python has it; a name in double quotes is text, as SQLite reads it; NOTHING for anything else."""
    if isinstance(node, exp.Paren):
        return literal_value(node.this)
    if isinstance(node, exp.Neg):
        value = literal_value(node.this)
        return -value if isinstance(value, int | float) else NOTHING
    if isinstance(node, exp.Literal):
        return node.name if node.is_string else int(node.name) if node.name.isdigit() else float(node.name)
    if isinstance(node, exp.Column) and not node.table and node.this.args.get("quoted"):
        return node.name
    if isinstance(node, exp.Boolean):
        return int(node.this)
    return None if isinstance(node, exp.Null) else NOTHING


def suggestions(condition: Condition) -> Iterator[object]:
    """Values that may meet a condition."""
    operator, value = condition
    if issubclass(operator, exp.Like):
        yield str(value).replace("%", "").replace("_", "a")
        yield str(value).replace("%", "x").replace("_", "a")
    elif operator in (exp.GT, exp.LT, exp.NEQ):
        yield from beyond(value, -1 if operator is exp.LT else 1)
    else:
        yield value


def beyond(value: object, step: int) -> Iterator[object]:
    """Values above (step 1) or below (step -1) a value, as numbers and as text."""
    if isinstance(value, int | float):
        yield from (value + step, value + 10 * step)
        yield from (f"9{value}", f"{value}1") if step > 0 else (0, "")
    elif isinstance(value, str):
        year = re.match(r"\d{4}", value)
        yield from [f"{int(year[0]) + step}{value[4:]}"] if year else ()
        yield from (f"{value}1", f"z{value}") if step > 0 else (value[:-1], "")


def holds(value: object, condition: Condition, column: Column) -> bool:
    """Whether SQLite would find the condition true of a value in this column."""
    operator, wanted = condition
    if value is None or wanted is None:
        return value is wanted
    if issubclass(operator, exp.Like):
        pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in str(wanted))
        return re.fullmatch(pattern, str(value), re.IGNORECASE | re.DOTALL) is not None
    left, right = (str(value), str(wanted)) if kind_of_type(column.type) == TEXT else numbers(value, wanted)
    tests = {exp.EQ: left == right, exp.NEQ: left != right, exp.GT: left > right, exp.GTE: left >= right}
    return tests.get(operator, left < right if operator is exp.LT else left <= right)


def numbers(value: object, wanted: object) -> tuple:
    """Both values as numbers where both are, else as texts."""
    try:
        return float(value), float(wanted)
    except ValueError:
        return str(value), str(wanted)
