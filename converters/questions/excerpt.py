"""A smaller copy of a database that is too large to copy: some rows of every table, bytes and long texts cut.

Rows are read in RANGES of the rowid, so that a table of any size takes the same time; a table of up to ROWS rows is
whole. Not covered: triggers, indexes, virtual tables, and that every row of a child keeps its parent.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from converters.questions.profile import bounds, deadline
from converters.rows import ConversionError
from prompts.prompt import identifier
from sql.schema import open_read_only, schema_of

ROWS, RANGES = 20_000, 50
LONGEST_TEXT = 2000
TABLE_SECONDS = 20.0


def excerpt(source: Path, target: Path) -> Path:
    """Write the excerpt. Raises ConversionError where no table can be copied, SchemaError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    copied = 0
    with closing(open_read_only(source)) as reader, closing(sqlite3.connect(target)) as writer:
        kinds = dict(reader.execute("SELECT name, type FROM sqlite_master").fetchall())
        statements = dict(reader.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
        for table in schema_of(reader).tables:
            try:
                writer.execute(statements[table.name])
                if kinds[table.name] == "table":
                    copy_rows(reader, writer, table.name, [each.name for each in table.columns if not each.generated])
                copied += 1
            except sqlite3.Error:  # a virtual table, or one that does not come in time: what was read of it stays
                continue
        writer.commit()
    if not copied:
        raise ConversionError(
            f"{source}: no table can be read within {TABLE_SECONDS:.0f} seconds. Give a smaller copy."
        )
    return target


def copy_rows(
    reader: sqlite3.Connection,
    writer: sqlite3.Connection,
    table: str,
    columns: list[str],
    called: list[str] | None = None,
) -> None:
    """Up to ROWS rows of a table; `called`: the columns' names in the copy, where they differ. Raises sqlite3.Error."""
    name, marks = identifier(table), ", ".join("?" * len(columns))
    read = ", ".join(
        f"CASE typeof({q}) WHEN 'blob' THEN x'' WHEN 'text' THEN substr({q}, 1, {LONGEST_TEXT}) ELSE {q} END"
        for q in map(identifier, columns)
    )
    insert = f"INSERT INTO {name} ({', '.join(map(identifier, called or columns))}) VALUES ({marks})"
    with deadline(reader, TABLE_SECONDS):
        low, high = bounds(reader, name)
        if low is None or high - low < ROWS:
            writer.executemany(insert, reader.execute(f"SELECT {read} FROM {name} LIMIT {ROWS}"))
            return
        for number in range(RANGES):
            begin = low + (high - low) * number // RANGES
            rows = f"SELECT {read} FROM {name} WHERE rowid >= {begin} LIMIT {ROWS // RANGES}"
            writer.executemany(insert.replace("INSERT", "INSERT OR IGNORE", 1), reader.execute(rows))
