"""Rows made up for a database that has none, so that running its query means something: seeded, and tagged.

For each SELECT of the gold there are rows that it finds (from converters/wants.py), then a few others that a wrong
query may find; columns that the query joins share their values, primary keys are unique, foreign keys point to rows
that exist. The gold is run on them; where it returns nothing (or NULL), other ways of making them up are tried.

Not covered: plausibility. A name is "Name 3"; such rows say whether two queries agree, nothing about the world.
"""

import random
import re
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from converters.golds import GoldRun, run_gold
from converters.schema import Column, Schema, quoted
from converters.wants import Condition, Place, Want, Wants, wants_of

NUMBER_WORDS = frozenset(
    ("id", "year", "number", "no", "num", "count", "age", "rank", "score", "points", "total", "code")
)
UNWANTED = 5  # how far the values of unwanted rows are from those of wanted ones
SHARED = 6  # values that the columns of a join have in common


class Way(NamedTuple):
    """One way of making rows up: equal rows of a table once or not, how many others a table gets, and a salt."""

    once: bool
    others: int
    salt: int


WAYS = (Way(True, 4, 0), Way(False, 4, 0), Way(True, 0, 0), Way(False, 0, 0), Way(True, 8, 1), Way(False, 8, 2))


def fill(connection: sqlite3.Connection, schema: Schema, sql: str, seed: int) -> GoldRun:
    """Fill the empty tables of a database so that `sql` returns rows, as far as it can be made to; returns its run.

    The connection is in autocommit mode. Tables that hold rows, and views, stay as they are.
    """
    schema = writable(schema)
    empty = empty_part(connection, schema)
    maker, best = Maker(schema, sql, seed), None
    for way in WAYS:
        run = refilled(connection, empty, maker.rows(empty, way), sql)
        if not run.runs or (run.returns_rows and not run.null):
            return run
        if best is None or (run.returns_rows and not best[1].returns_rows):
            best = way, run
    refilled(connection, empty, maker.rows(empty, best[0]), sql)
    return best[1]


def writable(schema: Schema) -> Schema:
    """A schema without generated columns: SQLite computes what is in them."""
    tables = (
        table._replace(columns=tuple(column for column in table.columns if not column.generated))
        for table in schema.tables
    )
    return Schema(tuple(tables))


def empty_part(connection: sqlite3.Connection, schema: Schema) -> Schema:
    """The tables of a schema that hold no rows."""
    return Schema(tuple(table for table in schema.tables if is_empty(connection, table.name)))


def is_empty(connection: sqlite3.Connection, table: str) -> bool:
    """Whether a name is that of a table without rows."""
    kind = connection.execute("SELECT type FROM sqlite_master WHERE lower(name) = lower(?)", (table,)).fetchone()
    return kind == ("table",) and not connection.execute(f"SELECT 1 FROM {quoted(table)} LIMIT 1").fetchone()


def refilled(connection: sqlite3.Connection, schema: Schema, rows: dict[str, list[tuple]], sql: str) -> GoldRun:
    """Put `rows`, by table in lower case, in place of what the tables of `schema` hold, and run the gold."""
    connection.execute("BEGIN")
    for table in schema.tables:
        connection.execute(f"DELETE FROM {quoted(table.name)}")
        names = ", ".join(quoted(column.name) for column in table.columns)
        marks = ", ".join("?" * len(table.columns))
        # OR IGNORE: a row that breaks a UNIQUE or CHECK of the table is left out
        statement = f"INSERT OR IGNORE INTO {quoted(table.name)} ({names}) VALUES ({marks})"
        connection.executemany(statement, rows.get(table.name.lower(), ()))
    connection.execute("COMMIT")
    return run_gold(connection, sql)


class Maker:
    """Makes up rows for one query over one schema."""

    def __init__(self, schema: Schema, sql: str, seed: int) -> None:
        self.schema, self.sql, self.seed = schema, sql, seed
        self.tables = {table.name.lower(): table for table in schema.tables}
        self.wants: Wants = wants_of(sql, schema)
        self.columns = {(name, c.name.lower()): c for name, table in self.tables.items() for c in table.columns}
        self.classes = classes_of(self.columns, [*self.wants.equal, *declared(schema)])

    def rows(self, empty: Schema, way: Way) -> dict[str, list[tuple]]:
        """The rows of each empty table, in column order."""
        draw = random.Random(f"{self.seed} {way.salt} {self.sql}")
        made: dict[str, list[dict[str, object]]] = {table.name.lower(): [] for table in empty.tables}
        for want in self.wants.selects:
            for number in range(rows_of(want)):
                for alias, table in want.sources.items():
                    row = self.wanted_row(want, alias, number)
                    if table in made and not (way.once and row in made[table]):
                        made[table].append(row)
        for name, rows in made.items():
            rows += [self.other_row(name, number, draw) for number in range(way.others)]
        self.keep_keys(made)
        return {name: [tuple(row.values()) for row in rows] for name, rows in made.items()}

    def wanted_row(self, want: Want, alias: str, number: int) -> dict[str, object]:
        """The row of one source that a SELECT finds; `number` counts the rows it is to find."""
        table = self.tables[want.sources[alias]]
        return {column.name.lower(): self.wanted_value(want, alias, column, number) for column in table.columns}

    def wanted_value(self, want: Want, alias: str, column: Column, number: int) -> object:
        """A value that meets the SELECT's conditions on the column and on those that are to equal it."""
        place = (want.sources[alias], column.name.lower())
        same = self.classes.get(place, frozenset((place,)))
        conditions = self.conditions(want, (alias, place[1]), same, number)
        varies = len(same) == 1 and not conditions and (alias, place[1]) not in want.grouped
        variant = (UNWANTED if want.unwanted else 0) + (number if varies or column.primary_key else 0)
        if any(self.columns[each].primary_key for each in same):
            variant += want.branch  # two operands of INTERSECT need two rows, and so two keys
        if column.primary_key:  # so does a table that is joined with itself
            variant += [name for name, table in want.sources.items() if table == place[0]].index(alias)
        return meeting(conditions, column, self.usual(place, variant))

    def conditions(self, want: Want, place: Place, same: frozenset[Place], number: int) -> list[Condition]:
        """What a value must meet: the place's own conditions, else those on columns of its class, here or elsewhere."""
        own = picked(want, place, number)
        if own or len(same) == 1:
            return own
        for other in (want, *(each for each in self.wants.selects if each.unwanted == want.unwanted)):
            found = [
                condition
                for alias, table in other.sources.items()
                for name, column in sorted(same)  # a set of texts has another order in every process
                if name == table
                for condition in picked(other, (alias, column), number)
            ]
            if found:
                return found
        return []

    def usual(self, place: Place, variant: int) -> object:
        """A column's value number `variant`; the columns of a class have the same ones."""
        first = min(self.classes.get(place, (place,)))
        words = re.findall(r"[a-z]+", first[1])
        if is_date(self.columns[first]):
            return f"2020-01-{variant % 28 + 1:02d}"
        if "year" in words:
            return 2001 + variant
        if NUMBER_WORDS & set(words) or any(
            not is_text(self.columns[each]) for each in self.classes.get(place, (place,))
        ):
            return 1 + variant
        return f"{first[1].replace('_', ' ').capitalize()} {variant + 1}"

    def other_row(self, name: str, number: int, draw: random.Random) -> dict[str, object]:
        """A row that no SELECT asked for: joinable, with values on both sides of the query's limits."""
        return {
            column.name.lower(): self.other_value((name, column.name.lower()), column, number, draw)
            for column in self.tables[name].columns
        }

    def other_value(self, place: Place, column: Column, number: int, draw: random.Random) -> object:
        if column.primary_key:
            return self.usual(place, 20 + number)
        if len(self.classes.get(place, ())) > 1:
            return self.usual(place, draw.randrange(SHARED))
        limits = [value for value in self.values_named(place) if value is not None]
        if limits and draw.random() < 0.5:
            value = draw.choice(limits)
            return value if isinstance(value, str) else value + draw.randint(-3, 3)
        return self.usual(place, draw.randrange(1, 40))

    def values_named(self, place: Place) -> list[object]:
        """The values that the query compares a column with."""
        named = []
        for want in self.wants.selects:
            for conditions in (want.every, want.one_of):
                for (alias, column), found in conditions.items():
                    if (want.sources[alias], column) == place:
                        named += [condition.value for condition in found if condition.operator != "like"]
        return named

    def keep_keys(self, made: dict[str, list[dict[str, object]]]) -> None:
        """Give every foreign key a row to point to; twice, because a new row may have foreign keys itself."""
        for (child, column), (parent, referenced) in [*declared(self.schema)] * 2:
            if child not in made or parent not in made:
                continue
            there = {row[referenced] for row in made[parent]}
            missing = dict.fromkeys(row[column] for row in made[child] if row[column] is not None)
            draw = random.Random(f"{self.seed} keys {self.sql}")
            for number, value in enumerate(value for value in missing if value not in there):
                made[parent].append(self.other_row(parent, 40 + number, draw) | {referenced: value})


def rows_of(want: Want) -> int:
    """How many rows a SELECT is to find: enough for its groups, and one for each of its alternatives."""
    return max(want.copies, *(len(options) for options in want.one_of.values()), 1) if want.one_of else want.copies


def picked(want: Want, place: Place, number: int) -> list[Condition]:
    """The conditions that row `number` of a SELECT is to meet at a place: all of `every`, one of `one_of`."""
    options = want.one_of.get(place)
    return [*want.every.get(place, ()), *([options[number % len(options)]] if options else [])]


def declared(schema: Schema) -> Iterator[tuple[Place, Place]]:
    """The foreign keys of a schema between columns that exist, child first."""
    known = {(table.name.lower(), column.name.lower()) for table in schema.tables for column in table.columns}
    for table in schema.tables:
        for key in table.foreign_keys:
            pair = (table.name.lower(), key.column.lower()), (key.table.lower(), key.referenced.lower())
            if known.issuperset(pair):
                yield pair


def classes_of(columns: dict[Place, Column], equal: list[tuple[Place, Place]]) -> dict[Place, frozenset[Place]]:
    """For each column in a pair all columns that are to equal it, itself included."""
    classes: dict[Place, frozenset[Place]] = {}
    for one, other in equal:
        if one in columns and other in columns:
            joined = classes.get(one, frozenset((one,))) | classes.get(other, frozenset((other,)))
            classes.update(dict.fromkeys(joined, joined))
    return classes


def is_text(column: Column) -> bool:
    """Whether SQLite gives the column TEXT affinity, so that it compares what is in it as text."""
    kind = column.type.upper()
    return "INT" not in kind and any(word in kind for word in ("CHAR", "CLOB", "TEXT"))


def is_date(column: Column) -> bool:
    """Whether a column is declared or named as a date."""
    return column.type.upper().startswith(("DATE", "TIMESTAMP")) or "date" in re.findall(r"[a-z]+", column.name.lower())


def meeting(conditions: list[Condition], column: Column, usual: object) -> object:
    """The first value that meets all conditions, of those they suggest; `usual` where none does or there are none."""
    suggested = [value for condition in conditions for value in suggestions(condition)]
    return next((v for v in [usual, *suggested] if all(holds(v, condition, column) for condition in conditions)), usual)


def suggestions(condition: Condition) -> Iterator[object]:
    """Values that may meet a condition."""
    operator, value = condition
    if operator == "like":
        yield str(value).replace("%", "").replace("_", "a")
        yield str(value).replace("%", "x").replace("_", "a")
    elif operator in (">", "<"):
        yield from beyond(value, 1 if operator == ">" else -1)
    else:
        yield value


def beyond(value: object, step: int) -> Iterator[object]:
    """Values above (step 1) or below (step -1) a value, as numbers and as text."""
    if isinstance(value, int | float):
        yield from (value + step, value + 10 * step)
        yield from (f"9{value}", f"{value}1") if step > 0 else (0, -1, "")
    elif isinstance(value, str):
        year = re.match(r"\d{4}", value)
        if year:
            yield f"{int(year[0]) + step}{value[4:]}"
        if re.fullmatch(r"-?\d+", value):
            yield from (str(int(value) + step), f"9{value}" if step > 0 else "0")
        yield from (f"{value}1", f"z{value}") if step > 0 else (value[:-1], "")


def holds(value: object, condition: Condition, column: Column) -> bool:
    """Whether SQLite would find the condition true of a value in this column."""
    operator, wanted = condition
    if value is None or wanted is None:
        return value is wanted and operator == "="
    if operator == "like":
        pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in str(wanted))
        return re.fullmatch(pattern, str(value), re.IGNORECASE | re.DOTALL) is not None
    one, other = compared(value, wanted, is_text(column))
    found = {"=": one == other, "!=": one != other, ">": one > other, ">=": one >= other, "<": one < other}
    return found.get(operator, one <= other)


def compared(value: object, wanted: object, as_text: bool) -> tuple:
    """Both values as SQLite compares them: as text in a text column, else as numbers where both are."""
    if not as_text:
        try:
            return float(value), float(wanted)
        except ValueError:
            pass
    return str(value), str(wanted)
