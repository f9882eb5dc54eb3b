"""What exact match has to know of a database: its tables, their columns, and which columns are one by a foreign key.

Raw: one entry of Spider's tables.json, or a .sqlite file. Becomes: a `Catalog`, every name folded to lower case, since
SQLite compares names so. Spider's tables.json misses some keys that the files declare and the other way round: scores
to compare with the official evaluator need tables.json. Not covered: types, values, views' definitions.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sql.schema import SchemaError, schema_of


class Catalog(NamedTuple):
    """Tables with their columns, and pairs of columns, written `table.column`, that a foreign key joins."""

    columns: dict[str, tuple[str, ...]]
    foreign_keys: tuple[tuple[str, str], ...] = ()


def catalog_from_tables_json(entry: dict) -> Catalog:
    """The catalog of one entry of Spider's tables.json (the object of one `db_id`).

    Raises KeyError when the entry lacks `table_names_original`, `column_names_original` or `foreign_keys`.
    """
    tables = [name.lower() for name in entry["table_names_original"]]
    columns = [(number, name.lower()) for number, name in entry["column_names_original"]]
    qualified = [f"{tables[number]}.{name}" if number >= 0 else name for number, name in columns]
    return Catalog(
        {table: tuple(name for owner, name in columns if owner == number) for number, table in enumerate(tables)},
        tuple((qualified[left], qualified[right]) for left, right in entry["foreign_keys"]),
    )


def catalog_from_sqlite(database: Path) -> Catalog:
    """The catalog of a SQLite file, opened so that nothing appears beside it, not even where it rests in WAL mode.

    Raises SchemaError where the file holds no readable schema, OSError and ValueError where it has no path.
    """
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            tables = schema_of(connection).tables
    except sqlite3.Error as error:
        raise SchemaError(f"{database}: {error}. Give the path of a SQLite database.") from error
    keys = (
        (f"{table.name}.{key.column}".lower(), f"{key.table}.{key.referenced}".lower())
        for table in tables
        for key in table.foreign_keys
    )
    columns = {table.name.lower(): tuple(column.name.lower() for column in table.columns) for table in tables}
    return Catalog(columns, tuple(keys))


def representatives(catalog: Catalog) -> dict[str, str]:
    """For every column of a foreign key, the one column that stands for all it is joined with, directly or not.

    It is the one that comes first in the catalog, as for Spider's evaluator: a column of a table that is not in FROM
    is not renamed and must not look like a renamed one by another choice.
    """
    names = [f"{table}.{column}" for table, columns in catalog.columns.items() for column in columns]
    order = {name: position for position, name in enumerate(names)}
    groups: list[set[str]] = []
    for pair in catalog.foreign_keys:
        touching = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in touching] + [set(pair).union(*touching)]
    firsts = [min(group, key=lambda name: (order.get(name, len(order)), name)) for group in groups]
    return {column: first for group, first in zip(groups, firsts, strict=True) for column in group}
