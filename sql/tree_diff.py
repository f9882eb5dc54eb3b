"""The first difference between two queries that explains why their results differ, named as in `error_class.py`.

The clauses are compared from the outside in: set operators and subqueries first, since the rest means little where
those differ, then tables and joins, whether rows are grouped, result columns, conditions, keys of groups, order, limit
and DISTINCT; after that the subqueries, pair by pair. A first look takes columns by their bare names and values without
quotes, and every count as count(*), since `T1.id` and `T2.id` are often one by a join, '5' and 5 by a column's type,
and count(id) and count(*) where no id is missing; a second look, when the first finds nothing, takes all as written.

Not covered: which of several differences changes the result; that needs execution.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sql.components import Condition, Conditions, Expression, Operand, Query


class View(NamedTuple):
    """How closely names and values are looked at."""

    exact: bool

    def column(self, operand: Operand, aggregate: str | None = None) -> tuple[str | None, str]:
        """A column with the aggregate it or its result column has, DISTINCT left aside."""
        if self.exact:
            return operand.aggregate, operand.column
        is_count = "count" in (aggregate, operand.aggregate)
        return operand.aggregate, "*" if is_count else operand.column.rpartition(".")[2]

    def expression(self, value: Expression, aggregate: str | None = None) -> tuple:
        """An expression, DISTINCT left aside."""
        return value.operator, self.column(value.left, aggregate), value.right and self.column(value.right)

    def value(self, operand: Query | Operand | str) -> object:
        """What a condition compares with; all subqueries are equal here."""
        if isinstance(operand, Query):
            return Query
        if isinstance(operand, Operand):
            return self.column(operand)
        return operand if self.exact else operand.strip("'")


VIEWS = (View(exact=False), View(exact=True))
Check = Callable[[Query, Query, View], str | None]


def difference(gold: Query, predicted: Query) -> str | None:
    """The class of the first difference, None where none of the checks finds any."""
    found = (first_difference(gold, predicted, view) for view in VIEWS)
    return next((name for name in found if name), None)


def first_difference(gold: Query, predicted: Query, view: View) -> str | None:
    """The first check that finds a difference, here or in a pair of subqueries."""
    for check in CHECKS:
        name = check(gold, predicted, view)
        if name:
            return name
    pairs = zip(inner_queries(gold), inner_queries(predicted), strict=False)
    return next((name for pair in pairs if (name := first_difference(*pair, view))), None)


def set_operations(gold: Query, predicted: Query, view: View) -> str | None:
    """Other set operators, or in another order."""
    return "wrong_set_operation" if gold.set_operator != predicted.set_operator else None


def nesting(gold: Query, predicted: Query, view: View) -> str | None:
    """Another number of subqueries."""
    return "wrong_nesting" if len(subqueries(gold)) != len(subqueries(predicted)) else None


def tables(gold: Query, predicted: Query, view: View) -> str | None:
    """Other tables. Where one query reads all tables of the other and more, a join is missing or too many."""
    expected, found = table_names(gold), table_names(predicted)
    if expected == found:
        return None
    return "wrong_join" if expected <= found or found <= expected else "wrong_table"


def joins(gold: Query, predicted: Query, view: View) -> str | None:
    """Another kind of join, or other columns joined, be it in ON or in WHERE."""
    kinds = [Counter(source.kind for source in query.sources) for query in (gold, predicted)]
    keys = [join_keys(query, view) for query in (gold, predicted)]
    return "wrong_join" if kinds[0] != kinds[1] or keys[0] != keys[1] else None


def grouping(gold: Query, predicted: Query, view: View) -> str | None:
    """Rows grouped in one query only."""
    if bool(gold.group_by) == bool(predicted.group_by):
        return None
    return "missing_group_by" if gold.group_by else "extra_group_by"


def columns(gold: Query, predicted: Query, view: View) -> str | None:
    """Other result columns, or other aggregates: of the same columns, or count(*) in place of another aggregate."""
    expected, found = select_items(gold, view), select_items(predicted, view)
    missing, extra = expected - found, found - expected
    if not missing and not extra:
        return None
    is_same_number = missing.total() == extra.total()
    return "wrong_aggregate" if is_same_number and is_other_aggregate(missing, extra) else "wrong_columns"


def is_other_aggregate(missing: Counter, extra: Counter) -> bool:
    """True where two sets of result columns differ in their aggregates alone."""
    names = [Counter(without_aggregates(item) for item in side.elements()) for side in (missing, extra)]
    is_count = any(all(item[1][1][1] == "*" for item in side) for side in (missing, extra))
    are_aggregates = all(item[0] for item in (*missing, *extra))
    return names[0] == names[1] or (is_count and are_aggregates)


def without_aggregates(item: tuple) -> tuple:
    """A result column's names alone."""
    _, (operator, left, right) = item
    return operator, left[1], right and right[1]


def conditions(gold: Query, predicted: Query, view: View) -> str | None:
    """A condition missing, too many or another one; the same with other values; other ANDs and ORs."""
    expected, found = condition_keys(gold, view), condition_keys(predicted, view)
    if expected != found:
        if expected < found:
            return "extra_condition"
        return "missing_condition" if found < expected else "wrong_condition"
    if connectives(gold) != connectives(predicted):
        return "wrong_condition"
    return "wrong_value" if condition_values(gold, view) != condition_values(predicted, view) else None


def group_keys(gold: Query, predicted: Query, view: View) -> str | None:
    """Rows grouped by other keys."""
    keys = [Counter(view.column(key) for key in query.group_by) for query in (gold, predicted)]
    return "wrong_group_by" if keys[0] != keys[1] else None


def order(gold: Query, predicted: Query, view: View) -> str | None:
    """Rows sorted by other keys, in another direction, or in one query only."""
    keys = [
        [(view.expression(item.value), item.direction == "desc") for item in query.order_by]
        for query in (gold, predicted)
    ]
    return "wrong_order" if keys[0] != keys[1] else None


def limit(gold: Query, predicted: Query, view: View) -> str | None:
    """Another LIMIT, or one in one query only."""
    return "wrong_limit" if gold.limit != predicted.limit else None


def distinct(gold: Query, predicted: Query, view: View) -> str | None:
    """DISTINCT in one query only, in SELECT or inside an aggregate."""
    marks = [(query.distinct, sum(item.value.left.distinct for item in query.select)) for query in (gold, predicted)]
    return "distinct" if marks[0] != marks[1] else None


CHECKS: tuple[Check, ...] = (
    *(set_operations, nesting, tables, joins, grouping, columns, conditions),
    *(group_keys, order, limit, distinct),
)


def subqueries(query: Query) -> list[Query]:
    """The queries inside a SELECT: of WITH, FROM, ON, WHERE and HAVING, in this order."""
    in_from = [source.table for source in query.sources if isinstance(source.table, Query)]
    parts = (query.join, query.where, query.having)
    in_conditions = [
        item for part in parts for unit in leaves(part) for item in unit.operands if isinstance(item, Query)
    ]
    return [*query.ctes, *in_from, *in_conditions]


def inner_queries(query: Query) -> list[Query]:
    """The subqueries, and the query that a set operator joins."""
    return [*subqueries(query), *([query.rest] if query.rest else [])]


def leaves(part: Conditions) -> Iterator[Condition]:
    """The comparisons of a clause, those in parentheses too."""
    for unit in part.units:
        if unit.operator == "group":
            yield from leaves(unit.operands[0])
        else:
            yield unit


def table_names(query: Query) -> Counter:
    """The tables in FROM, subqueries left aside."""
    return Counter(source.table for source in query.sources if isinstance(source.table, str))


def is_join_key(unit: Condition) -> bool:
    """True for `column = column`."""
    is_column = len(unit.operands) == 1 and isinstance(unit.operands[0], Operand)
    return is_column and unit.operator == "=" and not unit.negated


def join_keys(query: Query, view: View) -> Counter:
    """The pairs of columns that must be equal, whichever stands first."""
    units = [unit for part in (query.join, query.where) for unit in leaves(part) if is_join_key(unit)]
    return Counter(frozenset((view.column(unit.value.left), view.column(unit.operands[0]))) for unit in units)


def compared(query: Query) -> list[tuple[str, Condition]]:
    """The conditions that are no join keys, with their clause."""
    clauses = (("on", query.join), ("where", query.where), ("having", query.having))
    return [
        (name, unit) for name, part in clauses for unit in leaves(part) if name == "having" or not is_join_key(unit)
    ]


def condition_key(clause: str, unit: Condition, view: View) -> tuple:
    """A condition without the values it compares with."""
    return clause, unit.negated, unit.operator, view.expression(unit.value)


def condition_keys(query: Query, view: View) -> Counter:
    """All conditions without their values."""
    return Counter(condition_key(clause, unit, view) for clause, unit in compared(query))


def condition_values(query: Query, view: View) -> Counter:
    """All conditions with their values."""
    return Counter(
        (condition_key(clause, unit, view), tuple(view.value(item) for item in unit.operands))
        for clause, unit in compared(query)
    )


def connectives(query: Query) -> Counter:
    """How many ORs join conditions; parentheses are not looked at."""
    parts = [query.join, query.where, query.having]
    names: Counter = Counter()
    while parts:
        part = parts.pop()
        names.update(name for name in part.connectives if name == "or")
        parts += [unit.operands[0] for unit in part.units if unit.operator == "group"]
    return names


def select_items(query: Query, view: View) -> Counter:
    """The result columns, in any order."""
    return Counter((item.aggregate, view.expression(item.value, item.aggregate)) for item in query.select)
