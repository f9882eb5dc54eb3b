"""A table in a file as a SQLite database: CSV, JSON lines, JSON, Excel and Parquet, so that they can be asked like one.

    planets.csv   name,mass            -> planets.sqlite: CREATE TABLE "planets" ("name" TEXT, "mass" REAL)
                  11 Com b,5434.7                         one table; of an Excel file one a sheet

The database is a temporary copy; the file itself is only read. A CSV column is INTEGER or REAL where all its values
are such numbers (`007` is text), else TEXT; empty values are NULL. Nested JSON values become JSON text, dates ISO text.
"""

import csv
import datetime
import json
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

from sql.sql_text import quoted

INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
REAL = re.compile(r"[+-]?(?:0|[1-9]\d*)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?")
SNIFFED = 20_000  # characters that say what separates the columns of a CSV file
BATCH = 10_000  # rows that are read at once from a Parquet file
LONGEST_FIELD = 10_000_000  # characters


class TableError(Exception):
    """A file that holds no table that can be read; the message says why and what to do."""


class TableFile(NamedTuple):
    """One table of a file: its name, its columns with their types, and its rows."""

    name: str
    columns: list[tuple[str, str]]
    rows: Iterable[Iterable]


@contextmanager
def database_of(path: Path) -> Iterator[Path]:
    """The SQLite file to ask: `path` itself, or a temporary one of its tables. Raises TableError."""
    if path.suffix.lower() not in READERS or not path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="text2sql-") as folder:
        database = Path(folder) / f"{plain_name(path.stem)}.sqlite"
        write_database(path, database)
        yield database


def write_database(path: Path, database: Path) -> None:
    """Make a SQLite file of the tables in `path`, whose ending says what it is. Raises TableError."""
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            written = [write_table(connection, table) for table in READERS[path.suffix.lower()](path)]
            connection.execute("COMMIT")
    except UnicodeDecodeError as error:
        raise TableError(f"{path}: not UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except (csv.Error, json.JSONDecodeError, sqlite3.Error) as error:
        raise TableError(f"{path}: no table can be read from it ({error}).") from error
    if not written:
        raise TableError(f"{path}: no table with a row in it.")


def write_table(connection: sqlite3.Connection, table: TableFile) -> str:
    """Create one table and fill it; returns its name."""
    columns = ", ".join(f"{quoted(name)} {type_}".rstrip() for name, type_ in table.columns)
    connection.execute(f"CREATE TABLE {quoted(table.name)} ({columns})")
    places = ", ".join("?" * len(table.columns))
    rows = ([as_value(cell) for cell in row] for row in table.rows)
    connection.executemany(f"INSERT INTO {quoted(table.name)} VALUES ({places})", rows)
    return table.name


def as_value(cell: object) -> object:
    """A cell as SQLite stores it."""
    if cell is None or isinstance(cell, str | int | float | bytes):
        return cell if not isinstance(cell, int) or abs(cell) < 2**63 else str(cell)
    if isinstance(cell, datetime.date | datetime.time):  # a datetime is a date
        return cell.isoformat(" ") if isinstance(cell, datetime.datetime) else cell.isoformat()
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else str(cell)


def read_csv(path: Path) -> Iterator[TableFile]:
    """The one table of a CSV file, the names of its columns in the first line."""
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, dialect_of(file.read(SNIFFED), path))
        file.seek(0)
        header = next((line for line in lines if line), None)
        if header is None:
            raise TableError(f"{path}: empty. The first line must name the columns.")
        types = types_of(lines, len(header), path)
        file.seek(0)
        next(line for line in lines if line)
        rows = ([cell if cell != "" else None for cell in line] for line in lines if line)
        yield TableFile(plain_name(path.stem), list(zip(column_names(header), types, strict=True)), rows)


def dialect_of(beginning: str, path: Path):
    """What separates the columns and quotes values."""
    if path.suffix.lower() == ".tsv":
        return csv.excel_tab
    try:
        return csv.Sniffer().sniff(beginning, delimiters=",;\t|")
    except csv.Error:
        return csv.excel


def types_of(lines: Iterable[list[str]], width: int, path: Path) -> list[str]:
    """The type of each column. Raises TableError for a line of another width than the header."""
    candidates = [["INTEGER", "REAL"] for _ in range(width)]
    seen = [False] * width
    for number, line in enumerate(lines, 2):
        if line and len(line) != width:
            raise TableError(
                f"{path}: row {number} has {len(line)} values, the header has {width}. Quote commas in values."
            )
        for place, cell in enumerate(line):
            if cell != "":
                seen[place] = True
                candidates[place] = [name for name in candidates[place] if is_number(cell, name)]
    return [found[0] if found and known else "TEXT" for found, known in zip(candidates, seen, strict=True)]


def is_number(cell: str, kind: str) -> bool:
    pattern = INTEGER if kind == "INTEGER" else REAL
    return bool(pattern.fullmatch(cell)) and any(letter.isdigit() for letter in cell)


def read_json_lines(path: Path) -> Iterator[TableFile]:
    """The one table of a file with a JSON object a line, or one JSON array of objects."""
    with path.open(encoding="utf-8-sig") as file:
        text = file.read()
    objects = (
        json.loads(text)
        if text.lstrip().startswith("[")
        else [json.loads(line) for line in text.splitlines() if line.strip()]
    )
    if not objects or not all(isinstance(row, dict) for row in objects):
        raise TableError(f"{path}: expected JSON objects, a line each or in one array.")
    names = list(dict.fromkeys(key for row in objects for key in row))
    rows = ([row.get(name) for name in names] for row in objects)
    yield TableFile(plain_name(path.stem), [(name, "") for name in column_names(names)], rows)


def read_excel(path: Path) -> Iterator[TableFile]:
    """A table a sheet; the first row that is not empty names its columns."""
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise TableError(f"{path}: Excel files need the package openpyxl. {INSTALL.format('openpyxl')}") from error
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, OSError, ValueError, KeyError) as error:
        raise TableError(f"{path}: not readable as an Excel file ({error}).") from error
    for sheet in book.worksheets:
        rows = (row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row))
        header = next(rows, None)
        if header is not None:
            names = column_names(["" if cell is None else str(cell) for cell in header])
            filled = ([*row, *[None] * len(names)][: len(names)] for row in rows)
            yield TableFile(plain_name(sheet.title), [(name, "") for name in names], filled)


def read_parquet(path: Path) -> Iterator[TableFile]:
    """The one table of a Parquet file."""
    try:
        import duckdb
    except ImportError as error:
        raise TableError(f"{path}: Parquet files need the package duckdb. {INSTALL.format('duckdb')}") from error
    try:
        found = duckdb.read_parquet(str(path))
        columns = [(name, "") for name in column_names(found.columns)]
        yield TableFile(plain_name(path.stem), columns, iter_batches(found))
    except duckdb.Error as error:
        raise TableError(f"{path}: not readable as Parquet ({error}).") from error


def iter_batches(found) -> Iterator[tuple]:
    while batch := found.fetchmany(BATCH):
        yield from batch


def column_names(header: Iterable[str]) -> list[str]:
    """The header's names, none empty and no two equal but for case."""
    names: list[str] = []
    taken: set[str] = set()
    for place, raw in enumerate(header, 1):
        name = " ".join(raw.replace("\0", "").split()) or f"column_{place}"
        free = next(free for free in endless(name) if free.lower() not in taken)
        taken.add(free.lower())
        names.append(free)
    return names


def endless(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in range(2, 1_000_000))


def plain_name(text: str) -> str:
    """A table's name: letters, digits and underscores, no digit first."""
    name = re.sub(r"\W+", "_", text).strip("_") or "table_1"
    return f"t_{name}" if name[0].isdigit() else name


INSTALL = "Install it: .venv-ask/bin/python -m pip install {}"
READERS = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".json": read_json_lines,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".xlsx": read_excel,
    ".parquet": read_parquet,
}
