"""SQL to the components of a query: names folded to lower case, aliases resolved scope by scope.

A column without a table belongs to the first source that has it. What Spider's grammar has no place for (CASE,
functions, windows) is kept as resolved text, so that it equals itself and nothing else. A common table expression is
told by its position, a derived table's column by `()`.

Not covered: types, collations, the columns of views and derived tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sql.catalog import Catalog
from sql.components import Condition, Conditions, Expression, Operand, OrderItem, Query, SelectItem, Source
from sql.scope import Scope, literal_text, resolve, resolved_text
from sql.sql_tree import is_double_quoted, parse, unwrap

AGGREGATES = {exp.Max: "max", exp.Min: "min", exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg"}
ARITHMETIC = {exp.Sub: "-", exp.Add: "+", exp.Mul: "*", exp.Div: "/"}
COMPARISONS = {
    **{exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="},
    **{exp.Like: "like", exp.Glob: "glob", exp.Is: "is", exp.In: "in", exp.Between: "between"},
}
SET_OPERATORS = {exp.Union: "union", exp.Intersect: "intersect", exp.Except: "except"}
NOTHING = Expression(None, Operand(None, ""))


def read_sql(sql: str, catalog: Catalog | None = None) -> Query | None:
    """The components of a query, or None where the text is not one readable query or nests too deeply.

    Without a catalog a column without a table is given to the only source, or to the unknown table `?`.
    """
    tree = parse(sql)
    if tree is None:
        return None
    try:
        return read(tree, Scope(catalog))
    except (RecursionError, UnreadableQuery):
        return None


class UnreadableQuery(Exception):
    """The tree holds something else than SELECTs joined by set operators, such as VALUES, FETCH or an empty list."""


def read(tree: exp.Expression, scope: Scope) -> Query:
    """The query of a tree: the SELECTs of a set operation hang on one another to the right, as Spider reads them."""
    with_clause = tree.args.get("with_")
    ctes = []
    for cte in with_clause.expressions if with_clause else ():
        ctes.append(read(cte.this, scope))
        scope = scope.with_cte(cte.alias)
    query = read_set_operation(unwrap(tree), scope)
    return query._replace(ctes=tuple(ctes)) if ctes else query


def read_set_operation(tree: exp.Expression, scope: Scope) -> Query:
    """A chain of set operators, the trailing ORDER BY and LIMIT given to its last SELECT, where they stand."""
    operators, parts = [], []
    order_by, limit = tree.args.get("order"), limit_text(tree)
    while isinstance(tree, exp.SetOperation):
        operators.append(set_operator(tree))
        parts.append(tree.expression)
        tree = unwrap(tree.this)
    queries = [read_select(unwrap(part), scope) for part in reversed([*parts, tree])]
    if operators:
        aliases = scope.named(queries[0].select, ())
        queries[-1] = queries[-1]._replace(order_by=read_order(order_by, aliases), limit=limit)
    query = queries.pop()
    for operator in operators:
        query = queries.pop()._replace(set_operator=operator, rest=query)
    return query


def set_operator(tree: exp.SetOperation) -> str:
    """`union`, `intersect` or `except`, with ` all` where duplicates stay."""
    return SET_OPERATORS[type(tree)] + ("" if tree.args.get("distinct") else " all")


def read_select(tree: exp.Expression, outer: Scope) -> Query:
    """One SELECT without set operators."""
    if isinstance(tree, exp.SetOperation):
        return read(tree, outer)
    if not isinstance(tree, exp.Select) or not tree.expressions:
        raise UnreadableQuery(type(tree).__name__)
    entries = list(from_entries(tree))
    scope = outer.inner([(name, table_name(node, outer)) for _, name, node, _ in entries])
    select = tuple(read_select_item(item, scope) for item in tree.expressions)
    named = scope.named(select, [item.alias for item in tree.expressions])
    return Query(
        select=select,
        sources=tuple(read_source(kind, node, outer) for kind, _, node, _ in entries),
        distinct=bool(tree.args.get("distinct")),
        join=all_of([read_conditions(on, scope) for *_, on in entries if not is_always_true(on)]),
        where=read_clause(tree.args.get("where"), scope),
        group_by=tuple(read_grouping(key, named) for key in group_keys(tree)),
        having=read_clause(tree.args.get("having"), named),
        order_by=read_order(tree.args.get("order"), named),
        limit=limit_text(tree),
    )


def from_entries(tree: exp.Expression) -> Iterator[tuple[str, str, exp.Expression, exp.Expression | None]]:
    """What FROM names, in order: outer join's side or empty, name or alias, node, ON condition."""
    clause = tree.args.get("from_")
    joined = [("", clause.this, None)] if clause else []
    joined += [(join.side.lower(), join.this, join.args.get("on")) for join in tree.args.get("joins") or ()]
    for kind, node, on in joined:
        yield kind, node.alias_or_name.lower(), node, on
        for join in node.args.get("joins") or ():
            yield join.side.lower(), join.this.alias_or_name.lower(), join.this, join.args.get("on")


def is_always_true(condition: exp.Expression | None) -> bool:
    """True where there is no ON; sqlglot writes `ON TRUE` for a JOIN whose condition stands at a later JOIN."""
    return condition is None or isinstance(condition, exp.Boolean)


def table_name(node: exp.Expression, scope: Scope) -> str | None:
    """The table a source reads, None for a subquery."""
    return scope.table(node.name.lower()) if isinstance(node, exp.Table) else None


def read_source(kind: str, node: exp.Expression, scope: Scope) -> Source:
    """One entry of FROM; anything but a table or a subquery is kept as text."""
    if isinstance(node, exp.Table):
        return Source(kind, scope.table(node.name.lower()))
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
        return Source(kind, read(node.this, scope))
    return Source(kind, resolved_text(node, scope))


def read_select_item(node: exp.Expression, scope: Scope) -> SelectItem:
    """One result column; its alias is no part of it."""
    node = unwrap(node.unalias())
    aggregate = AGGREGATES.get(type(node))
    if aggregate is None or node.expressions:
        return SelectItem(None, read_expression(node, scope))
    inner, distinct = aggregated(node)
    value = read_expression(inner, scope)
    return SelectItem(aggregate, value._replace(left=value.left._replace(distinct=distinct or value.left.distinct)))


def aggregated(node: exp.Expression) -> tuple[exp.Expression, bool]:
    """What an aggregate is taken of, and whether of its distinct values."""
    if isinstance(node.this, exp.Distinct) and len(node.this.expressions) == 1:
        return unwrap(node.this.expressions[0]), True
    return unwrap(node.this) if node.this else exp.Star(), False  # count() is count(*)


def read_expression(node: exp.Expression, scope: Scope) -> Expression:
    """A column, an aggregate of one, or two of them joined by + - * /."""
    node = unwrap(node)
    if isinstance(node, exp.Column) and not node.table and node.name.lower() in scope.aliases:
        return scope.aliases[node.name.lower()]
    operator = ARITHMETIC.get(type(node))
    if operator is None:
        return Expression(None, read_operand(node, scope))
    return Expression(operator, read_operand(node.this, scope), read_operand(node.expression, scope))


def read_operand(node: exp.Expression, scope: Scope) -> Operand:
    """A column or an aggregate of a column; anything else as resolved text."""
    node = unwrap(node)
    if isinstance(node, exp.Column | exp.Star):
        return Operand(None, resolve(node, scope))
    if type(node) in AGGREGATES and not node.expressions:
        inner, distinct = aggregated(node)
        if isinstance(inner, exp.Column | exp.Star):
            return Operand(AGGREGATES[type(node)], resolve(inner, scope), distinct)
    return Operand(None, literal_text(node) or resolved_text(node, scope))


def group_keys(tree: exp.Select) -> list[exp.Expression]:
    """The expressions of GROUP BY."""
    group = tree.args.get("group")
    return group.expressions if group else []


def read_grouping(node: exp.Expression, scope: Scope) -> Operand:
    """One key of GROUP BY; a number or an alias stands for the result column it names."""
    value = read_key(node, scope)
    return value.left if value.operator is None else Operand(None, str(value))


def read_key(node: exp.Expression, scope: Scope) -> Expression:
    """A key of ORDER BY or GROUP BY: `1` is the first result column."""
    position = literal_text(node)
    return scope.positions.get(position) or read_expression(node, scope)


def read_order(clause: exp.Expression | None, scope: Scope) -> tuple[OrderItem, ...]:
    """The sort keys of ORDER BY."""
    return tuple(
        OrderItem(read_key(item.this, scope), {True: "desc", False: "asc"}.get(item.args.get("desc"), ""))
        for item in (clause.expressions if clause else ())
    )


def limit_text(tree: exp.Expression) -> str | None:
    """The LIMIT as text, an OFFSET after it; None without LIMIT. FETCH FIRST is not SQLite's."""
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    if isinstance(limit, exp.Fetch):
        raise UnreadableQuery("FETCH")
    if limit is None:
        return None
    return limit.expression.sql() + (f" offset {offset.expression.sql()}" if offset else "")


def read_clause(clause: exp.Expression | None, scope: Scope) -> Conditions:
    """The conditions of WHERE or HAVING."""
    return read_conditions(clause.this, scope) if clause else Conditions()


def all_of(parts: list[Conditions]) -> Conditions:
    """Conditions of several ONs: every one must hold."""
    units = tuple(unit for part in parts for unit in part.units)
    connectives = [name for part in parts for name in ("and", *part.connectives)]
    return Conditions(units, tuple(connectives[1:]))


def read_conditions(node: exp.Expression, scope: Scope) -> Conditions:
    """Comparisons joined by AND and OR, in text order. Not recursive along a chain, which may be hundreds long."""
    units, connectives, waiting = [], [], [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            connectives.append(node)
        elif isinstance(node, exp.And | exp.Or):
            waiting += [node.expression, "and" if isinstance(node, exp.And) else "or", node.this]
        elif is_same_group(node):
            waiting.append(node.this)
        else:
            units.append(read_condition(node, scope))
    return Conditions(tuple(units), tuple(connectives))


def is_same_group(node: exp.Expression) -> bool:
    """True for parentheses that change nothing: around one comparison, around all, around ANDs, around ORs in ORs."""
    if not isinstance(node, exp.Paren):
        return False
    around = node.parent
    while isinstance(around, exp.Paren):
        around = around.parent
    return not isinstance(unwrap(node), exp.Or) or not isinstance(around, exp.And)


def read_condition(node: exp.Expression, scope: Scope) -> Condition:
    """One comparison, its negation noted."""
    negated = False
    while isinstance(node, exp.Not | exp.Paren) and not is_group(node):
        negated ^= isinstance(node, exp.Not)
        node = node.this
    negated ^= bool(node.args.get("negate"))
    if is_group(node):
        return Condition(negated, "group", NOTHING, (read_conditions(node.this, scope),))
    if isinstance(node, exp.Exists):
        return Condition(negated, "exists", NOTHING, (read(unwrap(node.this), scope),))
    operator = COMPARISONS.get(type(node))
    if operator is None:
        return Condition(negated, "true", read_expression(node, scope), ())
    operands = tuple(read_value(value, scope) for value in compared_with(node))
    return Condition(negated, operator, read_expression(node.this, scope), operands)


def is_group(node: exp.Expression) -> bool:
    """True for parentheses around conditions joined by AND or OR."""
    return isinstance(node, exp.Paren) and isinstance(node.this, exp.And | exp.Or)


def compared_with(node: exp.Expression) -> list[exp.Expression]:
    """The right-hand sides of a comparison."""
    if isinstance(node, exp.Between):
        return [node.args["low"], node.args["high"]]
    if isinstance(node, exp.In):
        query = node.args.get("query")
        return [query] if query else node.expressions
    return [node.expression]


def read_value(node: exp.Expression, scope: Scope) -> Query | Operand | str:
    """A right-hand side: a subquery, a column, a literal's text, or the text of any other expression."""
    node = unwrap(node)
    if isinstance(node, exp.Query):
        return read(node, scope)
    if is_double_quoted(node) and not scope.owner(node.name.lower()):
        return f"'{node.name}'"
    if isinstance(node, exp.Column):
        return read_operand(node, scope)
    return literal_text(node) or resolved_text(node, scope)
