"""One query taken apart into the clauses that Spider's evaluator compares: the parts, and what each holds.

    SELECT T1.name FROM singer AS T1 WHERE T1.age > 20 ORDER BY T1.age DESC LIMIT 1
is
    Query(select=(SelectItem(None, Expression(None, Operand(None, "singer.name"))),),
          sources=(Source("", "singer"),),
          where=Conditions((Condition(False, ">", <singer.age>, ("20",)),)),
          order_by=(OrderItem(<singer.age>, "desc"),), limit="1")

Parts are plain values: equal parts compare equal. `read_components.py` makes them from SQL.
"""

from __future__ import annotations

from typing import NamedTuple


class Operand(NamedTuple):
    """A column, perhaps inside one aggregate; `column` is `table.column`, `*`, or the text of anything else."""

    aggregate: str | None
    column: str
    distinct: bool = False


class Expression(NamedTuple):
    """One operand, or two joined by + - * or /."""

    operator: str | None
    left: Operand
    right: Operand | None = None


class SelectItem(NamedTuple):
    """One result column."""

    aggregate: str | None
    value: Expression


class OrderItem(NamedTuple):
    """One sort key; `direction` is `asc`, `desc`, or empty where the query names none."""

    value: Expression
    direction: str


class Condition(NamedTuple):
    """One comparison. `operands` are what `value` is compared with: subqueries, columns, or text of anything else.

    Parentheses around conditions joined otherwise than their surroundings make one condition with operator `group`,
    whose operand is the `Conditions` inside.
    """

    negated: bool
    operator: str
    value: Expression
    operands: tuple


class Conditions(NamedTuple):
    """Comparisons in text order with the `and`s and `or`s between them, one fewer than `units`."""

    units: tuple[Condition, ...] = ()
    connectives: tuple[str, ...] = ()


class Source(NamedTuple):
    """One entry of FROM: a table's name or a subquery; `kind` is empty, or the side of an outer join."""

    kind: str
    table: str | Query


class Query(NamedTuple):
    """The clauses of one SELECT, and in `rest` the query that a set operator joins to it."""

    select: tuple[SelectItem, ...]
    sources: tuple[Source, ...] = ()
    distinct: bool = False
    join: Conditions = Conditions()
    where: Conditions = Conditions()
    group_by: tuple[Operand, ...] = ()
    having: Conditions = Conditions()
    order_by: tuple[OrderItem, ...] = ()
    limit: str | None = None
    set_operator: str | None = None
    rest: Query | None = None
    ctes: tuple[Query, ...] = ()


def without_lost(conditions: Conditions) -> Conditions:
    """The conditions that Spider's evaluator compares and counts: behind a comparison with a column, it loses an OR
    and everything up to the next AND (`a = b OR c = 1 AND d = 2` is `a = b AND d = 2` there).
    """
    units, connectives, is_losing = list(conditions.units[:1]), [], False
    for before, connective, unit in zip(conditions.units, conditions.connectives, conditions.units[1:], strict=False):
        is_with_column = before.operands and isinstance(before.operands[-1], Operand)
        is_losing = connective == "or" and (is_losing or is_with_column)
        if not is_losing:
            units.append(unit)
            connectives.append(connective)
    return Conditions(tuple(units), tuple(connectives))


def without_lost_conditions(query: Query) -> Query:
    """The query with what Spider's evaluator reads of its conditions; those of subqueries stay as they are."""
    return query._replace(
        join=without_lost(query.join), where=without_lost(query.where), having=without_lost(query.having)
    )
