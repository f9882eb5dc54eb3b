"""What a SELECT makes columns of, and what a column means among them."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from evaluate.decoding.joins import identifier
from evaluate.decoding.spelling import nearest
from sql.schema import Table


class Source(NamedTuple):
    """What a FROM clause makes columns of: its alias, the table behind it (None for a subquery), the columns' names."""

    alias: str
    table: Table | None
    columns: tuple[str, ...] | None  # None: not known, such as those of `SELECT *` from something unknown

    def has(self, column: str) -> bool:
        return self.columns is None or column.lower() in map(str.lower, self.columns)


def source_of(column: exp.Column, sources: list[Source]) -> Source | None:
    return next((source for source in sources if source.alias.lower() == column.table.lower()), None)


def would_join_itself(column: exp.Column, source: Source, sources: list[Source]) -> bool:
    """Whether a column would make a join's condition `a.x = b.y` compare a table with itself, which joins all rows."""
    equal = column.parent
    if not isinstance(equal, exp.EQ) or equal.find_ancestor(exp.Join, exp.Select) is equal.find_ancestor(exp.Select):
        return False
    other = equal.expression if equal.this is column else equal.this
    return isinstance(other, exp.Column) and bool(other.table) and source_of(other, sources) == source


def selected(query: exp.Expression) -> tuple[str, ...] | None:
    """The columns that a subquery gives; None where it selects `*`."""
    return None if query.is_star else tuple(query.named_selects)


def shares_columns(select: exp.Select) -> bool:
    """Whether a join names columns that both sides share: NATURAL or USING."""
    joins = select.args.get("joins") or ()
    return any(join.args.get("using") or join.args.get("method") == "NATURAL" for join in joins)


def enclosing(scope: Scope) -> Iterator[Scope]:
    """The SELECTs around a subquery whose names it may use, the nearest first."""
    while scope.parent is not None and (scope.is_subquery or scope.is_correlated_subquery):
        scope = scope.parent
        if isinstance(scope.expression, exp.Select):
            yield scope


def nearest_place(name: str, own: Source | None, sources: list[Source]) -> tuple[Source, str] | None:
    """Rule 5."""
    for among in ([own] if own else [], sources):
        names = {other: source for source in reversed(among) for other in source.columns or ()}
        near = nearest(name, list(names))
        if near:
            return names[near], near
    return None


def point(column: exp.Column, source: Source, name: str) -> str:
    """Make a column one of a source, in place; the new text."""
    column.set("this", identifier(real_name(source, name)))
    column.set("table", identifier(source.alias))
    return column.sql(dialect="sqlite")


def real_name(source: Source, name: str) -> str:
    return next((other for other in source.columns or () if other.lower() == name.lower()), name)
