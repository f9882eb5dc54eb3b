"""Which SQL features a query uses, to say where a model is strong and where it is weak.

A feature counts wherever it stands in the query, in a subquery as well:

| feature         | the query has |
| --------------- | ------------- |
| `join`          | a SELECT that reads two tables or more, by JOIN or by a comma |
| `group`         | GROUP BY |
| `nested`        | a query inside another one: in a condition, in FROM or among the result columns |
| `set_operation` | UNION, INTERSECT or EXCEPT |
| `order`         | ORDER BY, but not that of a window |
| `limit`         | LIMIT |
| `aggregate`     | count, sum, total, avg, min, max or group_concat over rows, but not over a window |
| `distinct`      | DISTINCT, in SELECT or inside an aggregate |
| `window`        | OVER |
| `cte`           | WITH; its queries are not `nested` |
| `case`          | CASE |

Not covered: iif(), FILTER, what a view hides.
"""

from collections.abc import Callable

from sqlglot import exp

from sql.sql_tree import parse

Test = Callable[[exp.Expression], bool]
ROW_AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.GroupConcat)
FEATURES = (
    *("join", "group", "nested", "set_operation", "order", "limit"),
    *("aggregate", "distinct", "window", "cte", "case"),
)


def features(sql: str) -> tuple[str, ...]:
    """The features of a query, in the order of `FEATURES`; none for text that is not one readable query."""
    tree = parse(sql)
    if tree is None:
        return ()
    found = {name for node in tree.walk() for name, test in TESTS.items() if test(node)}
    return tuple(name for name in FEATURES if name in found)


def is_join(node: exp.Expression) -> bool:
    """A SELECT, or parentheses in FROM, with a second source."""
    return bool(node.args.get("joins"))


def is_nested(node: exp.Expression) -> bool:
    """A query below something else than a set operator or a common table expression."""
    if not isinstance(node, exp.Select | exp.SetOperation):
        return False
    around = node.parent
    while isinstance(around, exp.Subquery | exp.Paren) and not around.alias:
        around = around.parent
    return around is not None and not isinstance(around, exp.SetOperation | exp.CTE)


def is_aggregate(node: exp.Expression) -> bool:
    """An aggregate over rows: `max(a, b)` is a function of one row, `sum(a) OVER ()` a window."""
    if isinstance(node, exp.Anonymous):
        is_known = node.name.lower() == "total"
    else:
        is_known = isinstance(node, ROW_AGGREGATES) and not (isinstance(node, exp.Min | exp.Max) and node.expressions)
    around = node.parent.parent if isinstance(node.parent, exp.Filter) else node.parent
    return is_known and not isinstance(around, exp.Window)


def is_ordered(node: exp.Expression) -> bool:
    """A query with ORDER BY of its own."""
    return isinstance(node, exp.Query) and bool(node.args.get("order"))


def is_of(*kinds: type) -> Test:
    """A test for nodes of these kinds."""
    return lambda node: isinstance(node, kinds)


TESTS: dict[str, Test] = {
    "join": is_join,
    "group": is_of(exp.Group),
    "nested": is_nested,
    "set_operation": is_of(exp.SetOperation),
    "order": is_ordered,
    "limit": is_of(exp.Limit),
    "aggregate": is_aggregate,
    "distinct": is_of(exp.Distinct),
    "window": is_of(exp.Window),
    "cte": is_of(exp.With),
    "case": is_of(exp.Case),
}
