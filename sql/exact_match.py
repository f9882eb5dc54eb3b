"""Spider's exact set match: do two queries have the same clauses, values left aside? On sqlglot trees.

The definition is that of Spider's evaluator (Yu et al., EMNLP 2018, section 6; taoyds/test-suite-sql-eval, default
flags), of which this is a new implementation. Two queries match when all of these are equal:

- select: the result columns with their aggregates, as a multiset; DISTINCT does not count, here and inside aggregates
- sources: the tables of FROM, as a multiset; how they are joined (ON) does not count
- where: the conditions as a multiset without the values they compare with, and the set of connectives (AND, OR)
- group_by: the keys, in order, and the conditions of HAVING, in order; HAVING without GROUP BY only as a keyword
- order_by: the keys, in order, the last direction named, and whether there is a LIMIT; LIMIT alone only as a keyword
- rest: the same set operator, and a match of the queries after it
- keywords: the set of clauses and of `not`, `in`, `like`, `or` used

Behind a comparison with a column an OR and everything up to the next AND does not count, in ON, WHERE and HAVING.

Columns that a foreign key joins count as one, where their table is in the FROM of the first SELECT. Subqueries in
conditions must be equal clause by clause and in the same order, DISTINCT counts and foreign keys do not; subqueries in
FROM must be equal in their values too. These are properties of Spider's evaluator, kept so that scores can be compared.

Different from Spider's evaluator:
- a query that its parser refuses (LEFT JOIN, aliases of columns, IN lists, IS NULL, parentheses, functions) counts as
  wrong there; here it is compared by the same rules, an outer join being another source than an inner one
- a query that SQLite cannot read but Spider's parser can (unbalanced quotes, `NOT >`) is no match here
- `T1` means a table within one SELECT here; there the last `AS T1` of the text gives it its meaning everywhere
- an aggregate in parentheses is that aggregate, and an alias without AS is no further column
- clauses in an order that SQLite refuses (HAVING before WHERE) are read here; nothing after the query is ignored
- a column whose name contains `value` is not damaged
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from sql.catalog import Catalog, representatives
from sql.components import (
    Condition,
    Conditions,
    Expression,
    Operand,
    OrderItem,
    Query,
    Source,
    without_lost,
    without_lost_conditions,
)
from sql.read_components import read_sql


def exact_match(gold: str, prediction: str | None, catalog: Catalog) -> bool:
    """Whether the prediction is an exact set match of the gold. Text that is not one readable query matches nothing.

    `catalog` is that of the example's database: `catalog_from_tables_json` or `catalog_from_sqlite`.
    """
    queries = [read_sql(text, catalog) for text in (gold, prediction or "")]
    if None in queries:
        return False
    try:
        gold_query, predicted_query = (Comparison.of(query, catalog) for query in queries)
        return gold_query == predicted_query
    except RecursionError:
        return False


class Comparison(NamedTuple):
    """A query as exact set match compares it: two queries match when these are equal."""

    select: Counter
    sources: Counter
    where: Counter
    connectives: frozenset[str]
    group_by: tuple
    order_by: tuple
    keywords: frozenset[str]
    rest: Comparison | None
    ctes: tuple

    @classmethod
    def of(cls, query: Query, catalog: Catalog) -> Comparison:
        """The comparison of a whole query; its first SELECT says which tables' foreign keys count."""
        tables = {source.table for source in query.sources if isinstance(source.table, str)}
        joined = representatives(catalog)
        names = {column: name for column, name in joined.items() if column.rpartition(".")[0] in tables}
        return compare_as(query, names)


def compare_as(query: Query, names: dict[str, str]) -> Comparison:
    """One SELECT and what set operators join to it; `names` gives a column's foreign-key representative."""
    query = without_lost_conditions(query)
    grouping = tuple(rename_operand(key, names) for key in query.group_by)
    having = tuple(rename_condition(unit, names) for unit in query.having.units)
    ordering = tuple(rename(item.value, names) for item in query.order_by)
    return Comparison(
        select=Counter((item.aggregate, rename(item.value, names)) for item in query.select),
        sources=Counter((source.kind, plain_source(source)) for source in query.sources),
        where=Counter(rename_condition(unit, names) for unit in query.where.units),
        connectives=frozenset(query.where.connectives),
        group_by=(grouping, having, query.having.connectives) if grouping else (),
        order_by=(ordering, direction(query.order_by), bool(query.limit)) if ordering else (),
        keywords=keywords(query),
        rest=compare_as(query.rest, names) if query.rest else None,
        ctes=tuple(plain(cte) for cte in query.ctes),
    )


def keywords(query: Query) -> frozenset[str]:
    """The clauses and operators that one SELECT uses."""
    clauses = {
        "where": query.where.units,
        "group": query.group_by,
        "having": query.having.units,
        "order": query.order_by,
        "limit": query.limit,
    }
    used = {name for name, clause in clauses.items() if clause}
    units = [*query.join.units, *query.where.units, *query.having.units]
    used |= {"or"} & {*query.join.connectives, *query.where.connectives, *query.having.connectives}
    used |= {"in", "like"} & {unit.operator for unit in units}
    used |= {"not"} if any(unit.negated for unit in units) else set()
    return frozenset(used | {query.set_operator} - {None})


def direction(items: tuple[OrderItem, ...]) -> str:
    """The last direction that ORDER BY names, ascending where it names none."""
    return next((item.direction for item in reversed(items) if item.direction), "asc")


def rename(value: Expression, names: dict[str, str]) -> Expression:
    """An expression of representatives, without DISTINCT."""
    right = value.right and rename_operand(value.right, names)
    return Expression(value.operator, rename_operand(value.left, names), right)


def rename_operand(operand: Operand, names: dict[str, str]) -> Operand:
    """An operand of a representative, without DISTINCT."""
    return Operand(operand.aggregate, names.get(operand.column, operand.column))


def rename_condition(unit: Condition, names: dict[str, str]) -> Condition:
    """A condition of representatives, without values; subqueries stay as they are but for their values."""
    return plain_condition(unit)._replace(value=rename(unit.value, names))


def plain_condition(unit: Condition) -> Condition:
    """A condition without the values it compares with."""
    return unit._replace(operands=tuple(map(plain_operand, unit.operands)))


def plain_operand(operand: Query | Conditions | Operand | str) -> Query | Conditions | None:
    """A subquery or a group of conditions without values; None for a value."""
    if isinstance(operand, Query):
        return plain(operand)
    return plain_conditions(operand) if isinstance(operand, Conditions) else None


def plain_conditions(conditions: Conditions) -> Conditions:
    """Conditions without the values they compare with."""
    conditions = without_lost(conditions)
    return conditions._replace(units=tuple(map(plain_condition, conditions.units)))


def plain(query: Query) -> Query:
    """A subquery without the values its conditions compare with, whatever the number in its LIMIT."""
    return without_details(query)._replace(
        join=plain_conditions(query.join),
        where=plain_conditions(query.where),
        having=plain_conditions(query.having),
        sources=tuple(source._replace(table=plain_source(source)) for source in query.sources),
        rest=plain(query.rest) if query.rest else None,
    )


def plain_source(source: Source) -> Query | str:
    """A table's name; a subquery in FROM keeps its values."""
    return without_details(source.table) if isinstance(source.table, Query) else source.table


def without_details(query: Query) -> Query:
    """A query with one direction for all of ORDER BY, and of LIMIT only that there is one."""
    one = direction(query.order_by)
    return query._replace(
        order_by=tuple(item._replace(direction=one) for item in query.order_by),
        limit="" if query.limit is None else "limit",
    )
