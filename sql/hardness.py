"""How hard a gold query is, by Spider's definition (Yu et al., EMNLP 2018; `eval_hardness` of the official evaluator).

Three counts over the outermost SELECT decide:

- `clauses`: WHERE, GROUP BY, ORDER BY, LIMIT (one each), joins, ORs, LIKEs
- `nested`: subqueries in conditions, and whether a set operator follows
- `extras`: how many of these hold: more than one aggregate, more than one result column, more than one condition in
  WHERE, more than one key in GROUP BY

| level  | holds when |
| ------ | ---------- |
| easy   | clauses <= 1, extras = 0, nested = 0 |
| medium | nested = 0, and either clauses <= 1 and extras <= 2, or clauses <= 2 and extras <= 1 |
| hard   | nested = 0, and either clauses <= 2 and extras > 2, or clauses = 3 and extras <= 2 |
| hard   | nested = 1, clauses <= 1 and extras = 0 |
| extra  | otherwise |

Three oddities of the official count are kept: a negated condition counts as an aggregate, an AND or OR in HAVING does
too (what HAVING compares does not), and behind a comparison with a column, as in most ONs, an OR and all up to the next
AND does not count. Not covered: subqueries in FROM or in the result columns, whatever they hold; common table
expressions.
"""

from typing import Literal, NamedTuple

from sql.components import Expression, Query, without_lost_conditions
from sql.read_components import read_sql

Hardness = Literal["easy", "medium", "hard", "extra"]
LEVELS: tuple[Hardness, ...] = ("easy", "medium", "hard", "extra")


class Counts(NamedTuple):
    """The three counts that decide."""

    clauses: int
    nested: int
    extras: int


def hardness(gold_sql: str) -> Hardness:
    """The level of a query. Text that cannot be read is `extra`: nothing is known to make it easier."""
    query = read_sql(gold_sql)
    return level(count(query)) if query else "extra"


def level(counts: Counts) -> Hardness:
    """The level of three counts."""
    clauses, nested, extras = counts
    if nested:
        return "hard" if nested == 1 and clauses <= 1 and extras == 0 else "extra"
    if clauses <= 1 and extras == 0:
        return "easy"
    if (clauses <= 1 and extras <= 2) or (clauses <= 2 and extras <= 1):
        return "medium"
    if (clauses <= 2 and extras > 2) or (clauses == 3 and extras <= 2):
        return "hard"
    return "extra"


def count(query: Query) -> Counts:
    """The counts of a query's outermost SELECT."""
    query = without_lost_conditions(query)
    units = [*query.join.units, *query.where.units, *query.having.units]
    subqueries = [operand for unit in units for operand in unit.operands if isinstance(operand, Query)]
    clauses = [query.where.units, query.group_by, query.order_by, query.limit]
    return Counts(
        clauses=sum(map(bool, clauses))
        + len(query.sources[1:])
        + [*query.join.connectives, *query.where.connectives, *query.having.connectives].count("or")
        + [unit.operator for unit in units].count("like"),
        nested=len(subqueries) + bool(query.rest),
        extras=(aggregates(query) > 1)
        + (len(query.select) > 1)
        + (len(query.where.units) > 1)
        + (len(query.group_by) > 1),
    )


def aggregates(query: Query) -> int:
    """The official count of aggregates, its oddities included."""
    selected = sum(item.aggregate is not None for item in query.select)
    grouped = sum(key.aggregate is not None for key in query.group_by)
    ordered = sum(aggregates_in(item.value) for item in query.order_by)
    negated = sum(unit.negated for unit in (*query.where.units, *query.having.units))
    return selected + grouped + ordered + negated + len(query.having.connectives)


def aggregates_in(value: Expression) -> int:
    """How many operands of an expression are aggregates."""
    return sum(operand is not None and operand.aggregate is not None for operand in (value.left, value.right))
