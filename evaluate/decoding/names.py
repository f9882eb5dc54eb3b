"""Wrong names in a query's tree: columns of another table, misspelt names, tables that were never joined.

Rules for a column that its table does not have, the first that gives one answer counts:

1. a join on a column that one of its tables lacks is made along the one foreign key between the two tables;
2. a column that one other table of the query has belongs to that table;
3. a name that differs only in case, underscores or a plural's s is that name;
4. a column of tables outside the query brings the nearest of them in, if one path of foreign keys leads there;
5. the nearest name of the same table, then of the query's tables, if it is near or alone ends in the same word.

SQLite's own way is followed for what is right: aliases of the SELECT list may be used, `"text"` may be a literal.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from evaluate.decoding.joins import ForeignKeyEdge, condition, foreign_keys, identifier, insert_before, only_path
from evaluate.decoding.sources import (
    Source,
    enclosing,
    nearest_place,
    point,
    selected,
    shares_columns,
    source_of,
    would_join_itself,
)
from evaluate.decoding.spelling import nearest, plain
from sql.schema import Schema, Table
from sql.sql_tree import is_double_quoted

ROW_IDS = {"rowid", "_rowid_", "oid"}


class Mended(NamedTuple):
    """A tree with other names, and what was changed, a sentence each."""

    tree: exp.Expression
    changes: tuple[str, ...]


def repair_names(tree: exp.Expression, schema: Schema) -> Mended:
    """A copy of the tree with the names mended that the schema shows to be wrong."""
    tree = tree.copy()
    names = Names(schema)
    changes = list(names.repair_tables(tree))
    try:
        scopes = traverse_scope(tree)
    except (SqlglotError, RecursionError):
        return Mended(tree, tuple(changes))
    for scope in scopes:
        changes += names.repair_scope(scope)
    return Mended(tree, tuple(dict.fromkeys(changes)))


class Names:
    """The names of one schema, and the repairs they allow."""

    def __init__(self, schema: Schema) -> None:
        self.tables = {table.name.lower(): table for table in schema.tables}
        self.keys = foreign_keys(schema)

    def repair_tables(self, tree: exp.Expression) -> Iterator[str]:
        """Tables that are not there become the nearest one that is."""
        defined = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        for node in list(tree.find_all(exp.Table)):
            name = node.name
            if not name or name.lower() in self.tables or name.lower() in defined:
                continue
            near = nearest(name, [table.name for table in self.tables.values()])
            if near:
                rename_qualifiers(tree, name, near)
                node.set("this", identifier(near))
                node.set("db", None)
                yield f"table {name} is {near}"

    def repair_scope(self, scope: Scope) -> list[str]:
        """Mend the columns of one SELECT in place."""
        if not isinstance(scope.expression, exp.Select):
            return []
        sources = list(self.sources(scope))
        if not sources:
            return []
        changes = []
        for join in list(scope.expression.args.get("joins") or ()):
            changes += self.repair_join(join, scope, sources)
        sources = list(self.sources(scope))
        for column in [each for each in scope.columns if each.parent_select is scope.expression]:
            change = self.repair_column(column, scope, sources)
            if change:
                changes.append(change)
                sources = list(self.sources(scope))
        return changes

    def sources(self, scope: Scope) -> Iterator[Source]:
        """The sources of a SELECT in its order, with those that a repair has joined."""
        select = scope.expression
        joined = [join.this for join in select.args.get("joins") or ()]
        first = select.args.get("from_") or select.args.get("from")
        for node in ([first.this] if first else []) + joined:
            alias = node.alias_or_name
            inner = scope.sources.get(alias)
            if isinstance(inner, Scope):
                yield Source(alias, None, selected(inner.expression))
            elif isinstance(node, exp.Table):
                table = self.tables.get(node.name.lower())
                yield Source(alias, table, tuple(column.name for column in table.columns) if table else None)
            else:
                yield Source(alias, None, None)

    def repair_join(self, join: exp.Join, scope: Scope, sources: list[Source]) -> Iterator[str]:
        """Rule 1, for conditions of the form `a.x = b.y`."""
        for equal in list(join.find_all(exp.EQ)):
            sides = [equal.this, equal.expression]
            if not all(isinstance(side, exp.Column) and side.table for side in sides):
                continue
            left, right = (source_of(side, sources) for side in sides)
            if not left or not right or not left.table or not right.table or left == right:
                continue
            if left.has(sides[0].name) and right.has(sides[1].name):
                continue
            before, path = equal.sql(dialect="sqlite"), only_path(self.keys, {left.table.name}, right.table.name)
            if not path or len(path) > 2:
                continue
            names = {left.table.name.lower(): left.alias, right.table.name.lower(): right.alias}
            if len(path) == 2:
                insert_before(join, self.joined_tables(path[:1], names)[0], scope.expression)
            equal.replace(condition(path[-1], names))
            yield f"{before}: joined along the foreign keys instead"

    def repair_column(self, column: exp.Column, scope: Scope, sources: list[Source]) -> str | None:
        """Mend one column in place; what was changed, None where it is right or nothing is known to be."""
        if isinstance(column.this, exp.Star) or column.name.lower() in ROW_IDS:
            return None
        before, name = column.sql(dialect="sqlite"), column.name
        found = self.home_of(column, scope, sources)
        if found is None or would_join_itself(column, found[0], sources):
            return None
        source, real = found
        if (column.table.lower(), name.lower()) == (source.alias.lower(), real.lower()):
            return f"{name}: joined {source.alias}" if source not in sources else None
        return f"{before} is {point(column, *found)}"

    def home_of(self, column: exp.Column, scope: Scope, sources: list[Source]) -> tuple[Source, str] | None:
        """The source and the name that a column means, joined where it was not; None where nothing is to be done."""
        name, own = column.name, None
        if column.table:
            own = source_of(column, sources)
            if own is None and any(column.table.lower() in map(str.lower, each.sources) for each in enclosing(scope)):
                return None
            own = own or self.adopt(column.table, scope, sources)
            if own is not None and own.has(name):
                return own, name
        elif self.is_found(column, scope, sources):
            return None
        elif having := [source for source in sources if source.has(name)]:  # several: SQLite calls it ambiguous
            return having[0], name
        return (
            self.place_of(name, own, sources) or self.joined(name, scope, sources) or nearest_place(name, own, sources)
        )

    def adopt(self, qualifier: str, scope: Scope, sources: list[Source]) -> Source | None:
        """The source that an unknown qualifier means: the table of that name, as it is or brought in by a join."""
        table = self.tables.get(qualifier.lower())
        if table is None:
            return None
        same = [source for source in sources if source.table == table]
        return same[0] if same else self.bring_in(table, scope, sources)

    def is_found(self, column: exp.Column, scope: Scope, sources: list[Source]) -> bool:
        """Whether SQLite finds one meaning of a column that has no qualifier."""
        name = column.name
        having = sum(source.has(name) for source in sources)
        aliases = {each.alias.lower() for each in scope.expression.selects if isinstance(each, exp.Alias)}
        if having == 1 or name.lower() in aliases or is_double_quoted(column):
            return True
        if having:
            return shares_columns(scope.expression)
        return any(source.has(name) for outer in enclosing(scope) for source in self.sources(outer))

    def place_of(self, name: str, own: Source | None, sources: list[Source]) -> tuple[Source, str] | None:
        """Rules 2 and 3."""
        having = [source for source in sources if source != own and source.columns is not None and source.has(name)]
        if len(having) == 1:
            return having[0], name
        for among in ([own] if own else [], sources):
            alike = [
                (source, other) for source in among for other in source.columns or () if plain(other) == plain(name)
            ]
            if len(alike) == 1:
                return alike[0]
        return None

    def joined(self, name: str, scope: Scope, sources: list[Source]) -> tuple[Source, str] | None:
        """Rule 4."""
        inside = {source.table.name.lower() for source in sources if source.table}
        having = [
            (table, column.name)
            for key, table in self.tables.items()
            if key not in inside
            for column in table.columns
            if column.name.lower() == name.lower()
        ]
        paths = [(table, real, only_path(self.keys, inside, table.name)) for table, real in having]
        reachable = sorted((len(path), table.name, real) for table, real, path in paths if path)
        if not reachable or [length for length, *_ in reachable].count(reachable[0][0]) > 1:
            return None
        _, name, real = reachable[0]
        source = self.bring_in(self.tables[name.lower()], scope, sources)
        return (source, real) if source else None

    def bring_in(self, table: Table, scope: Scope, sources: list[Source]) -> Source | None:
        """Join a table, and those on the way to it, along the one path of foreign keys."""
        names = {source.table.name.lower(): source.alias for source in reversed(sources) if source.table}
        path = only_path(self.keys, set(names), table.name)
        if not path:
            return None
        for join in self.joined_tables(path, names):
            scope.expression.append("joins", join)
        return Source(table.name, table, tuple(column.name for column in table.columns))

    def joined_tables(self, path: list[ForeignKeyEdge], names: dict[str, str]) -> list[exp.Join]:
        """A join for each new table on a path; `names` are those the query has for its tables, and get the new ones."""
        joins = []
        for edge in path:
            new = edge.other if edge.table in names else edge.table
            names[new] = self.tables[new].name
            joins.append(exp.Join(this=exp.Table(this=identifier(names[new])), on=condition(edge, names)))
        return joins


def rename_qualifiers(tree: exp.Expression, name: str, new: str) -> None:
    for column in tree.find_all(exp.Column):
        if column.table.lower() == name.lower():
            column.set("table", identifier(new))
