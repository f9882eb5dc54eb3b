"""Copies of a database whose columns have other names and another order, and made pairs rewritten for them.

    products(id, unit_price, category_id)  ->  products(category, unitPrice, id)
    SELECT unit_price FROM products        ->  SELECT unitPrice FROM products

A model that sees the same question on both learns to read the schema instead of a habit. Names change their style
(snake case, camel case), get shorter by the kept abbreviations, or longer; a column name changes in all tables alike. A
rewritten query stays only where it returns the rows of the original. Not covered: names of tables, extra columns.
"""

import random
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlglot import exp

from converters.golds import rows_of
from converters.questions import names, words
from converters.questions.excerpt import copy_rows
from prompts.prompt import create_table
from sql.schema import Column, ForeignKey, Schema, Table, open_read_only, read_schema
from sql.sql_tree import DIALECT, parse

SHORT = {long: short for short, long in words.ABBREVIATIONS.items() if " " not in long}


def renamings(schema: Schema, rng: random.Random) -> dict[str, str]:
    """A new name for about two of three column names, in lower case: no two alike, none that another column has."""
    known = names.simple_words([each.name for table in schema.tables for each in table.columns])
    taken = {each.name.lower() for table in schema.tables for each in table.columns}
    found: dict[str, str] = {}
    for name in sorted(taken):
        parts = [part.lower() for part in names.parts_of(name_as_written(schema, name), known)]
        new = rng.choice([shortened, camel, snake, shortened])(parts)
        if rng.random() < 0.67 and new.lower() not in taken and re.fullmatch(r"[^\W\d]\w*", new):
            found[name] = new
            taken.add(new.lower())
    return found


def name_as_written(schema: Schema, lower: str) -> str:
    return next(each.name for table in schema.tables for each in table.columns if each.name.lower() == lower)


def shortened(parts: list[str]) -> str:
    """By the kept abbreviations, else without vowels behind the first letter: price -> prc."""
    short = [
        SHORT.get(part) or (part[0] + re.sub("[aeiou]", "", part[1:]) if len(part) > 4 else part) for part in parts
    ]
    return "_".join(short)


def camel(parts: list[str]) -> str:
    return parts[0] + "".join(part.title() for part in parts[1:])


def snake(parts: list[str]) -> str:
    return "_".join(parts)


def renamed_copy(database: Path, target: Path, seed: str) -> dict[str, str]:
    """Write a copy with other column names in another order; gives the new names. Raises sqlite3.Error."""
    schema, rng = read_schema(database), random.Random(seed)
    new = renamings(schema, rng)
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(open_read_only(database)) as reader, closing(sqlite3.connect(target)) as writer:
        tables = {name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in schema.tables:
            order = [each for each in table.columns if not each.generated]
            rng.shuffle(order)
            writer.execute(create_table(renamed_table(table, order, new)))
            if table.name in tables:
                old = [each.name for each in order]
                copy_rows(reader, writer, table.name, old, [new.get(name.lower(), name) for name in old])
        writer.commit()
    return new


def renamed_table(table: Table, order: list[Column], new: dict[str, str]) -> Table:
    columns = tuple(each._replace(name=new.get(each.name.lower(), each.name)) for each in order)
    keys = tuple(
        ForeignKey(new.get(key.column.lower(), key.column), key.table, new.get(key.referenced.lower(), key.referenced),
                   key.composite)
        for key in table.foreign_keys
    )  # fmt: skip
    return table._replace(columns=columns, foreign_keys=keys)


def renamed_sql(sql: str, new: dict[str, str]) -> str | None:
    """The query with the new names; None where it cannot be read."""
    tree = parse(sql)
    if tree is None:
        return None
    tree = tree.copy()
    for column in tree.find_all(exp.Column):
        if (name := new.get(column.name.lower())) is not None:
            column.set("this", exp.to_identifier(name))
    return tree.sql(dialect=DIALECT)


def same_rows(database: Path, sql: str, copy: Path, renamed: str) -> bool:
    """Whether a query and its rewritten one return the same rows, each on its database."""
    try:
        return sorted(map(repr, rows_of(database, sql))) == sorted(map(repr, rows_of(copy, renamed)))
    except sqlite3.Error:
        return False
