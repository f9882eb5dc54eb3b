"""What a query wants of the rows it reads, so that rows can be made up that it finds.

    SELECT name FROM singer AS s JOIN song ON s.id = song.singer WHERE song.sales > 90 OR s.country = 'France'

wants a row of singer and a row of song that agree in id and singer, with sales above 90, and country 'France'. Of every
SELECT in the query there is one `Want`; what stands on the far side of NOT IN, NOT EXISTS and EXCEPT is `unwanted`.

Not covered: arithmetic on columns, conditions on the columns of a sub-query in FROM, negated conditions other than
these.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from converters.schema import Schema

logging.getLogger("sqlglot").setLevel(logging.ERROR)

Place = tuple[
    str, str
]  # (alias or table, column) in lower case; where a class of equal columns is meant, (table, column)
OPERATORS = {exp.EQ: "=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.NEQ: "!=", exp.Like: "like"}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
AGGREGATES = exp.Sum | exp.Avg | exp.Min | exp.Max


class Condition(NamedTuple):
    """`value` is a literal as Python has it: int, float, str, or None for IS NULL."""

    operator: str
    value: object


@dataclass
class Want:
    """What one SELECT wants: its sources by alias, what each column must meet, and how many rows of each group."""

    sources: dict[str, str] = field(default_factory=dict)  # alias -> table, in lower case
    every: dict[Place, list[Condition]] = field(default_factory=dict)  # all of these
    one_of: dict[Place, list[Condition]] = field(default_factory=dict)  # one of these
    grouped: set[Place] = field(default_factory=set)
    copies: int = 1
    branch: int = 0  # which operand of UNION, INTERSECT and EXCEPT this is part of, counted from 0
    unwanted: bool = False


class Wants(NamedTuple):
    """All SELECTs of a query, outermost first, and the pairs of columns (table, column) that are to be equal."""

    selects: list[Want]
    equal: list[tuple[Place, Place]]


def wants_of(sql: str, schema: Schema) -> Wants:
    """What a query wants; nothing where it cannot be parsed."""
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (SqlglotError, RecursionError):
        return Wants([], [])
    reader = Reader(schema)
    selects = [reader.select(node) for node in tree.find_all(exp.Select, bfs=True)]
    return Wants(selects, reader.equal)


class Reader:
    """Reads the SELECTs of one query over one schema."""

    def __init__(self, schema: Schema) -> None:
        self.columns = {
            table.name.lower(): {column.name.lower() for column in table.columns} for table in schema.tables
        }
        self.equal: list[tuple[Place, Place]] = []

    def select(self, node: exp.Select) -> Want:
        """The want of one SELECT; columns that it makes equal to others are noted in `equal`."""
        want = Want(self.sources(node), branch=branch_of(node), unwanted=is_unwanted(node))
        for join in node.args.get("joins") or ():
            self.condition(join.args.get("on"), want, every=True)
        for clause in ("where", "having"):
            found = node.args.get(clause)
            self.condition(found.this if found else None, want, every=True)
        group = node.args.get("group")
        want.grouped = {place for each in (group.expressions if group else ()) if (place := self.place(each, want))}
        self.tie_to_outer(node, want)
        return want

    def sources(self, node: exp.Select) -> dict[str, str]:
        """The tables that a SELECT reads by the names it calls them."""
        first = node.args.get("from_") or node.args.get("from")
        parts = [first, *(node.args.get("joins") or ())]
        tables = [part.this for part in parts if part is not None and isinstance(part.this, exp.Table)]
        return {
            table.alias_or_name.lower(): table.name.lower() for table in tables if table.name.lower() in self.columns
        }

    def place(self, node: exp.Expression | None, want: Want) -> Place | None:
        """Where a column stands: its source's alias and its name; None for what is no column of a source."""
        if isinstance(node, exp.Lower | exp.Upper | exp.Paren | AGGREGATES) and isinstance(node.this, exp.Column):
            node = node.this
        if not isinstance(node, exp.Column):
            return None
        name = node.name.lower()
        named = [node.table.lower()] if node.table else list(want.sources)
        return next(
            ((alias, name) for alias in named if name in self.columns.get(want.sources.get(alias, ""), ())), None
        )

    def condition(self, node: exp.Expression | None, want: Want, *, every: bool) -> None:
        """Note what a condition asks for; under OR it is one of several."""
        if isinstance(node, exp.Paren):
            self.condition(node.this, want, every=every)
        elif isinstance(node, exp.And | exp.Or):
            below = every and isinstance(node, exp.And)
            self.condition(node.this, want, every=below)
            self.condition(node.expression, want, every=below)
        elif isinstance(node, exp.Between):
            self.note(node.this, Condition(">=", value_of(node.args["low"])), want, every)
            self.note(node.this, Condition("<=", value_of(node.args["high"])), want, every)
        elif isinstance(node, exp.In):
            for option in node.expressions:
                self.note(node.this, Condition("=", value_of(option)), want, False)
        elif isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            self.note(node.this, Condition("=", None), want, every)
        elif type(node) in OPERATORS:
            self.comparison(node, want, every)

    def comparison(self, node: exp.Binary, want: Want, every: bool) -> None:
        """Note `column operator value`, either way round, `column = column`, and `COUNT(*) operator number`."""
        left, right, operator = node.this, node.expression, OPERATORS[type(node)]
        one, other = self.place(left, want), self.place(right, want)
        if one and other:
            if operator == "=":
                self.equal.append((self.home(one, want), self.home(other, want)))
        elif isinstance(left, exp.Count):
            want.copies = max(want.copies, rows_for(operator, value_of(right)))
        elif one:
            self.note(left, Condition(operator, value_of(right)), want, every)
        elif other:
            self.note(right, Condition(MIRRORED.get(operator, operator), value_of(left)), want, every)

    def note(self, column: exp.Expression, condition: Condition, want: Want, every: bool) -> None:
        place = self.place(column, want)
        if place and condition.value is not NOTHING:
            (want.every if every else want.one_of).setdefault(place, []).append(condition)

    def home(self, place: Place, want: Want) -> Place:
        """A place by its table instead of its alias."""
        return want.sources[place[0]], place[1]

    def tie_to_outer(self, node: exp.Select, want: Want) -> None:
        """`x IN (SELECT y ...)` and `x = (SELECT y ...)` make x and y equal, unless the inner rows are unwanted."""
        holder = node.parent
        around = holder.parent if isinstance(holder, exp.Subquery) else holder
        outer = node.parent_select
        if not isinstance(around, exp.In | exp.EQ) or want.unwanted or outer is None or len(node.expressions) != 1:
            return
        outside = Want(self.sources(outer))
        inner, upper = self.place(node.expressions[0].unalias(), want), self.place(around.this, outside)
        if inner and upper:
            self.equal.append((self.home(inner, want), self.home(upper, outside)))


class _Nothing:
    """The value of what is no literal."""


NOTHING = _Nothing()


def value_of(node: exp.Expression) -> object:
    """A literal as Python has it; a name in double quotes is text, as SQLite reads it; NOTHING for anything else."""
    if isinstance(node, exp.Paren):
        return value_of(node.this)
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        number = value_of(node.this)
        return -number if isinstance(number, int | float) else NOTHING
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else number_of(node.this)
    if isinstance(node, exp.Column) and not node.table and node.this.args.get("quoted"):
        return node.name
    if isinstance(node, exp.Boolean):
        return int(node.this)
    return None if isinstance(node, exp.Null) else NOTHING


def number_of(text: str) -> int | float:
    """A number; one that no SQLite integer holds as a float, as SQLite reads it."""
    return int(text) if text.isdigit() and len(text) < 19 else float(text)


def rows_for(operator: str, number: object) -> int:
    """How many rows a group needs for `COUNT(*) operator number`, up to twenty."""
    if not isinstance(number, int):
        return 1
    wanted = {">": number + 1, ">=": number, "=": number, "!=": number + 1}.get(operator, 1)
    return min(max(wanted, 1), 20)


def is_unwanted(node: exp.Select) -> bool:
    """Whether a SELECT says which rows are not wanted: behind NOT IN, NOT EXISTS, !=, EXCEPT."""
    inner: exp.Expression = node
    for outer in ancestors(node):
        if isinstance(outer, exp.Not) or (isinstance(outer, exp.NEQ) and isinstance(inner, exp.Subquery)):
            return True
        if isinstance(outer, exp.Except) and outer.expression is inner:
            return True
        inner = outer
    return False


def branch_of(node: exp.Select) -> int:
    """How many set operators a SELECT stands on the right of."""
    inner, branch = node, 0
    for outer in ancestors(node):
        branch += isinstance(outer, exp.SetOperation) and outer.expression is inner
        inner = outer
    return branch


def ancestors(node: exp.Expression) -> Iterator[exp.Expression]:
    while node.parent is not None:
        node = node.parent
        yield node
