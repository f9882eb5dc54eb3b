"""Which table a column belongs to: the sources of one SELECT, its result columns' aliases, and the SELECT around it.

Not covered: the columns of views and derived tables; a name that no known table has is kept with the table `?`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from sql.catalog import Catalog
from sql.sql_tree import DIALECT, fold_name, is_double_quoted

UNKNOWN = "?"
DERIVED = "()"


class Scope(NamedTuple):
    """What names mean at one place of a query.

    `sources` holds name or alias and table, None for a subquery; `aliases` and `positions` the result columns, as
    GROUP BY, HAVING and ORDER BY may name them; `ctes` the common table expressions, by order of definition.
    """

    catalog: Catalog | None = None
    sources: tuple[tuple[str, str | None], ...] = ()
    outer: Scope | None = None
    ctes: tuple[str, ...] = ()
    aliases: dict[str, Any] = {}  # noqa: RUF012 - never written to
    positions: dict[str, Any] = {}  # noqa: RUF012

    def with_cte(self, name: str) -> Scope:
        """The scope after one more common table expression."""
        return self._replace(ctes=(*self.ctes, name.lower()))

    def table(self, name: str) -> str:
        """The table that `name` means in FROM; the third common table expression is `with 2`."""
        return f"with {self.ctes.index(name)}" if name in self.ctes else name

    def inner(self, sources: list[tuple[str, str | None]]) -> Scope:
        """The scope of a SELECT inside this one."""
        return Scope(self.catalog, tuple(sources), self, self.ctes)

    def named(self, select: Sequence, aliases: Sequence[str]) -> Scope:
        """The scope of the clauses that may name result columns by alias or by number; a table's column goes first."""
        values = [item.value if item.aggregate is None else as_key(item) for item in select]
        by_name = {name.lower(): value for name, value in zip(aliases, values, strict=False) if name}
        own = {name: value for name, value in by_name.items() if not self.owner(name)}
        return self._replace(aliases=own, positions={str(n): value for n, value in enumerate(values, start=1)})

    def owner(self, column: str) -> str | None:
        """The first source, from the inside outwards, that is known to have `column`."""
        columns = self.catalog.columns if self.catalog else {}
        for _, table in self.sources:
            if column in columns.get(table, ()):
                return table
        return self.outer.owner(column) if self.outer else None

    def qualified(self, name: str) -> str | None:
        """The table behind a qualifier, from the inside outwards; `()` for a subquery, None where nothing has it."""
        for alias, table in self.sources:
            if name in (alias, table):
                return table or DERIVED
        return self.outer.qualified(name) if self.outer else None


def as_key(item: Any) -> Any:
    """A result column as a sort key: `count(a)` is one aggregate there, not an aggregate of an expression."""
    left = item.value.left
    if item.value.operator is None and left.aggregate is None:
        return item.value._replace(left=left._replace(aggregate=item.aggregate))
    return item.value._replace(operator=None, right=None, left=left._replace(column=str(item), aggregate=None))


def resolve(column: exp.Expression, scope: Scope) -> str:
    """`table.column` of a column, `*` of a star, in lower case; a quoted name that no table has is text."""
    if isinstance(column, exp.Star):
        return "*"
    name = column.name.lower()
    if column.table:
        return f"{scope.qualified(column.table.lower()) or column.table.lower()}.{name}"
    owner = scope.owner(name)
    if owner:
        return f"{owner}.{name}"
    if scope.catalog and is_double_quoted(column):
        return f"'{column.name}'"
    return f"{only_source(scope)}.{name}"


def only_source(scope: Scope) -> str:
    """The source of a SELECT that has one; `?` where there are several."""
    return (scope.sources[0][1] or DERIVED) if len(scope.sources) == 1 else UNKNOWN


def literal_text(node: exp.Expression) -> str:
    """A literal in one spelling, so that 1 and 1.0 are equal and '1' is not; empty for anything else."""
    if isinstance(node, exp.Neg):
        inner = literal_text(node.this)
        return f"-{inner}" if inner else ""
    if isinstance(node, exp.Null):
        return "null"
    if not isinstance(node, exp.Literal):
        return ""
    if node.is_string:
        return f"'{node.this}'"
    return number_text(node.this)


def number_text(text: str) -> str:
    """A number in one spelling; text that only looks like one (`0x1F`) as it is."""
    try:
        number = float(text)
    except ValueError:
        return text.lower()
    return str(int(number)) if number.is_integer() else repr(number)


def resolved_text(node: exp.Expression, scope: Scope) -> str:
    """Any other expression as SQL text with its columns resolved; names inside a subquery in it are only folded."""

    def with_table(part: exp.Expression) -> exp.Expression:
        if isinstance(part, exp.Column):
            return exp.Var(this=resolve(part, scope))
        return fold_name(part)

    return node.transform(with_table).sql(dialect=DIALECT, comments=False, unsupported_level=ErrorLevel.IGNORE)
