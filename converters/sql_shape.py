"""What a query looks like, for statistics: its features, its tables, and how hard it is by Spider's definition.

Hardness follows `eval_hardness` of the official Spider evaluator (Yu et al., EMNLP 2018): three counts over the
outermost SELECT decide. `clauses`: WHERE, GROUP BY, ORDER BY, LIMIT, each join, OR and LIKE; `nested`: sub-queries in
conditions, and a set operator; `extras`: more than one aggregate, result column, condition, GROUP BY key. Two
oddities of the official count are kept: a negated condition, and a connective in HAVING, count as aggregates.

Not covered: sub-queries in FROM count neither way; a query that sqlglot cannot read has no shape.
"""

import logging
from collections.abc import Iterator
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

LEVELS = ("easy", "medium", "hard", "extra")
QUERIES = exp.Select | exp.SetOperation
FEATURES = {
    "join": lambda node: isinstance(node, exp.Join),
    "group": lambda node: isinstance(node, exp.Group),
    "nested": lambda node: isinstance(node, QUERIES) and isinstance(node.parent, exp.Subquery | exp.In | exp.Exists),
    "set_operation": lambda node: isinstance(node, exp.SetOperation),
    "order": lambda node: isinstance(node, exp.Order) and not isinstance(node.parent, exp.Window),
    "limit": lambda node: isinstance(node, exp.Limit),
    "aggregate": lambda node: isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window),
    "distinct": lambda node: isinstance(node, exp.Distinct),
    "window": lambda node: isinstance(node, exp.Window),
    "cte": lambda node: isinstance(node, exp.With),
    "case": lambda node: isinstance(node, exp.Case),
}
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class Shape(NamedTuple):
    """The features of a query in the order of FEATURES, how many tables it reads, and its level."""

    features: tuple[str, ...]
    tables: int
    hardness: str


def shape_of(sql: str) -> Shape | None:
    """The shape of a query; None where it is no query that sqlglot reads."""
    try:
        tree = sqlglot.parse_one(sql, read="sqlite")
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query):
        return None
    nodes = list(tree.walk())
    named = {node.alias_or_name.lower() for node in nodes if isinstance(node, exp.CTE)}
    tables = {node.name.lower() for node in nodes if isinstance(node, exp.Table)} - named
    found = tuple(name for name, test in FEATURES.items() if any(map(test, nodes)))
    return Shape(found, len(tables), hardness(tree))


def hardness(tree: exp.Query) -> str:
    """The level of a query, by the three counts."""
    select, is_set = outermost(tree)
    where, having = (conditions(select.args.get(part)) for part in ("where", "having"))
    joined = [unit for join in select.args.get("joins") or () for unit in conditions(join.args.get("on")).units]
    units = [*joined, *where.units, *having.units]
    order = select.args.get("order") or tree.args.get("order")
    clauses = sum(bool(part) for part in (where.units, select.args.get("group"), order, limit_of(tree, select)))
    clauses += len(select.args.get("joins") or ()) + where.ors + having.ors
    clauses += sum(isinstance(positive(unit), exp.Like) for unit in units)
    group = select.args.get("group")
    keys = group.expressions if group else []
    aggregates = sum(has_aggregate(each) for each in [*select.expressions, *keys])
    aggregates += sum(len(own(each, exp.AggFunc)) for each in (order.expressions if order else ()))
    aggregates += sum(isinstance(unit, exp.Not) for unit in [*where.units, *having.units])
    aggregates += having.connectives
    extras = sum(number > 1 for number in (aggregates, len(select.expressions), len(where.units), len(keys)))
    nested = sum(len(own(unit, QUERIES)) for unit in units) + is_set
    return level(clauses, nested, extras)


def level(clauses: int, nested: int, extras: int) -> str:
    """Spider's table of levels."""
    if nested:
        return "hard" if nested == 1 and clauses <= 1 and extras == 0 else "extra"
    if clauses <= 1 and extras == 0:
        return "easy"
    if (clauses <= 1 and extras <= 2) or (clauses <= 2 and extras <= 1):
        return "medium"
    return "hard" if (clauses <= 2 and extras > 2) or (clauses == 3 and extras <= 2) else "extra"


class Conditions(NamedTuple):
    """A condition taken apart at its connectives."""

    units: list[exp.Expression]
    ors: int
    connectives: int


def conditions(clause: exp.Expression | None) -> Conditions:
    """The single conditions of a WHERE, HAVING or ON."""
    units: list[exp.Expression] = []
    ors = connectives = 0
    left = [clause.this if isinstance(clause, exp.Where | exp.Having) else clause]
    while left:
        node = left.pop()
        if isinstance(node, exp.Paren):
            left.append(node.this)
        elif isinstance(node, exp.And | exp.Or):
            ors, connectives = ors + isinstance(node, exp.Or), connectives + 1
            left += [node.this, node.expression]
        elif node is not None:
            units.append(node)
    return Conditions(units, ors, connectives)


def outermost(tree: exp.Query) -> tuple[exp.Select, bool]:
    """The leftmost SELECT, and whether a set operator follows it."""
    select: exp.Expression = tree
    while not isinstance(select, exp.Select):
        select = select.this
    return select, isinstance(tree, exp.SetOperation)


def limit_of(tree: exp.Query, select: exp.Select) -> exp.Expression | None:
    return tree.args.get("limit") or select.args.get("limit")


def positive(unit: exp.Expression) -> exp.Expression:
    """A condition without its NOT."""
    return unit.this if isinstance(unit, exp.Not) else unit


def has_aggregate(node: exp.Expression) -> bool:
    return bool(own(node, exp.AggFunc))


def own(node: exp.Expression, kind: type) -> list[exp.Expression]:
    """The nodes of a kind in an expression, but for those inside its sub-queries."""
    return list(own_nodes(node, kind))


def own_nodes(node: exp.Expression, kind: type) -> Iterator[exp.Expression]:
    if isinstance(node, kind):
        yield node
    if not isinstance(node, QUERIES):
        for child in node.iter_expressions():
            yield from own_nodes(child, kind)
