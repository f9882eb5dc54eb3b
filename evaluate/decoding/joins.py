"""Foreign keys as a graph: the one path between two tables, and the conditions of the joins along it."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlglot import exp

from prompts import prompt
from sql.schema import Schema

LONGEST_PATH = 3  # foreign keys on a path


class ForeignKeyEdge(NamedTuple):
    """A foreign key: `table.column` refers to `other.referenced`; tables in lower case."""

    table: str
    column: str
    other: str
    referenced: str

    def leads_from(self, table: str) -> str | None:
        """The table at the other end; None where the key is none of `table`."""
        return {self.table: self.other, self.other: self.table}.get(table)


def foreign_keys(schema: Schema) -> list[ForeignKeyEdge]:
    """The foreign keys between two tables of a schema; of one that declares none, columns named as another's key."""
    return declared_keys(schema) or keys_by_name(schema)


def keys_by_name(schema: Schema) -> list[ForeignKeyEdge]:
    """`pet.owner_id` refers to `owner.owner_id` where that is the primary key of `owner` alone."""
    keys = [[column.name for column in table.columns if column.primary_key] for table in schema.tables]
    owners: dict[str, list[str]] = {}
    for table, names in zip(schema.tables, keys, strict=True):
        if len(names) == 1 and names[0].lower() != "id":
            owners.setdefault(names[0].lower(), []).append(table.name)
    return [
        ForeignKeyEdge(table.name.lower(), column.name, owner[0].lower(), column.name)
        for table in schema.tables
        for column in table.columns
        if len(owner := owners.get(column.name.lower(), [])) == 1 and owner[0] != table.name
    ]


def declared_keys(schema: Schema) -> list[ForeignKeyEdge]:
    tables = {table.name.lower() for table in schema.tables}
    return [
        ForeignKeyEdge(table.name.lower(), key.column, key.table.lower(), key.referenced)
        for table in schema.tables
        for key in table.foreign_keys
        if key.table.lower() in tables
    ]


def only_path(edges: list[ForeignKeyEdge], start: set[str], goal: str) -> list[ForeignKeyEdge] | None:
    """The one shortest path from some tables to another; None where there is none, or several."""
    inside, goal = {name.lower() for name in start}, goal.lower()
    paths = [(name, []) for name in sorted(inside)]
    for _ in range(LONGEST_PATH):
        paths = list(longer(paths, edges, inside))
        arrived = [way for place, way in paths if place == goal]
        if arrived:
            return arrived[0] if len(arrived) == 1 else None
    return None


def longer(paths: list[tuple[str, list]], edges: list[ForeignKeyEdge], inside: set[str]) -> Iterator[tuple[str, list]]:
    """Every path with one more key, which leads to a table that is not in the query."""
    for place, way in paths:
        for edge in edges:
            other = edge.leads_from(place)
            if other is not None and other not in inside and edge not in way:
                yield other, [*way, edge]


def condition(edge: ForeignKeyEdge, names: dict[str, str]) -> exp.EQ:
    """`one.x = other.y` for a foreign key; `names` are those the tables have in the query."""
    left = exp.Column(this=identifier(edge.column), table=identifier(names[edge.table]))
    right = exp.Column(this=identifier(edge.referenced), table=identifier(names[edge.other]))
    return exp.EQ(this=left, expression=right)


def insert_before(join: exp.Join, new: exp.Join, select: exp.Select) -> None:
    """Put a join in front of another one of a SELECT."""
    joins = list(select.args["joins"])
    place = next(number for number, each in enumerate(joins) if each is join)
    select.set("joins", [*joins[:place], new, *joins[place:]])


def identifier(name: str) -> exp.Identifier:
    """A name as sqlglot writes it: in quotes where prompts have it in quotes."""
    return exp.to_identifier(name, quoted=prompt.identifier(name) != name)
