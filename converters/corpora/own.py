"""Your own database: a SQLite file, and questions with the SQL that answers them.

    python converters/run.py own --database shop.sqlite --questions pairs.csv

The questions are a CSV (commas, semicolons or tabs), JSON or JSON-lines file, in UTF-8, with the columns `question` and
`sql` (or `query`), and, if you like, `id` and `evidence` (a hint that is shown with the question):
    question,sql
    How many customers are there?,SELECT COUNT(*) FROM customer
becomes the row `shop-2` (2 is its row in the file). Rows whose SQL fails are left out and listed, each with SQLite's
message. The database is copied to data/databases/own/, so that a score stays what it was when yours changes.
Questions that are one but for case and punctuation, or have one query, go to the same side.

Not covered: queries that write, and questions on several databases at once.
"""

import argparse
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from atomic import replacement
from converters.golds import file_gold, gold_tags
from converters.options import add_split, resolved
from converters.rows import Candidate, ConversionError, Example, Skip
from converters.schema import Schema, open_read_only, read_schema
from converters.sources import Raw, read_rows
from converters.sql_text import tidy

DEFAULT_STYLE = "compact"
REQUIRED = {
    "database": ("FILE.sqlite", "your database"),
    "questions": ("PAIRS.csv", "a CSV, JSON or JSON-lines file with the columns question and sql"),
}
LISTED = 1000  # rows that fail are the user's to mend, so (nearly) all are listed
TOLD = 20  # mistakes that are told at once
COLUMNS = {
    "question": ("question",),
    "sql": ("sql", "query"),
    "id": ("id",),
    "evidence": ("evidence", "hint"),
    "db_id": ("db_id",),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--database", type=resolved, metavar="FILE", help="your SQLite file")
    add("--questions", type=resolved, metavar="FILE", help="CSV, JSON or JSON lines with the columns question and sql")
    add("--db-id", metavar="NAME", help="what the database is called (default: the name of its file)")
    add_split(parser)


def sources(arguments: argparse.Namespace) -> list[Path]:
    """The two files that are given."""
    return [arguments.database, arguments.questions]


def prepare(arguments: argparse.Namespace) -> None:
    """Read all questions once, run their golds, and copy the database. Raises ConversionError with all mistakes."""
    read_schema(arguments.database)
    arguments.db_id = arguments.db_id or arguments.database.stem
    if not re.fullmatch(r"[\w.-]+", arguments.db_id):
        raise ConversionError(
            f"--db-id {arguments.db_id!r}: letters, digits, '_', '.' and '-' only. Give another --db-id."
        )
    mistakes, ids, arguments.failing = [], {}, {}
    for raw in read_rows(arguments.questions):
        found = fields(raw.row)
        mistakes += [(raw.place, mistake) for mistake in mistakes_in(found, raw, ids, arguments.db_id)]
        if not mistakes:
            run = file_gold(arguments.database, tidy(found["sql"]))
            if not run.runs:
                arguments.failing[raw.place] = run.error
    if mistakes:
        raise ConversionError("\n  ".join([f"{arguments.questions} needs mending:", *told(mistakes)]))
    copy_database(arguments.database, arguments.databases / database_path(arguments))


def fields(row: dict) -> dict[str, str]:
    """A row's values by our names for them; a column of another name is not looked at."""
    plain = {str(key).strip().lower(): value for key, value in row.items()}
    found = {name: next((plain[other] for other in others if other in plain), None) for name, others in COLUMNS.items()}
    return {name: str(value).strip() for name, value in found.items() if value is not None}


def mistakes_in(found: dict[str, str], raw: Raw, ids: dict[str, str], name: str) -> Iterator[str]:
    """What is wrong with a row before its SQL is run. `ids` are those met so far, with their places."""
    for column in ("question", "sql"):
        if column not in found:
            yield f"column {column!r} is missing; found: {', '.join(map(str, raw.row))}"
        elif not found[column]:
            yield f"column {column!r} is empty"
    if found.get("db_id", name) != name:
        yield f"db_id {found['db_id']!r}, but the database is {name!r}; one database at a time (--db-id names it)"
    own = found.get("id")
    if own and own in ids:
        yield f"id {own!r} stands already in {ids[own].rpartition(': ')[2]}"
    elif own:
        ids[own] = raw.place


def told(mistakes: list[tuple[str, str]]) -> list[str]:
    """Lines for (place, mistake) pairs; a column that many rows lack is told once, since then the header is wrong."""
    rows, lines = Counter(mistake for _, mistake in mistakes), {}
    for place, mistake in mistakes:
        if "is missing" in mistake and rows[mistake] > 1:
            many = f" (in {rows[mistake]} rows; the first line of a CSV file names its columns)"
            lines.setdefault(mistake, f"{place}: {mistake}{many}")
        else:
            lines[f"{place}: {mistake}"] = f"{place}: {mistake}"
    return list(lines.values())


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite file, what waits in its write-ahead log included; replaces `target` in one step."""
    with (
        replacement(target) as copy,
        closing(open_read_only(source)) as reader,
        closing(sqlite3.connect(copy)) as writer,
    ):
        try:
            reader.backup(writer)
            writer.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise ConversionError(f"{source}: cannot be copied: {error}. Nothing was replaced.") from error


def database_path(arguments: argparse.Namespace) -> str:
    return f"{arguments.db_id}/{arguments.db_id}.sqlite"


def has_parts(arguments: argparse.Namespace) -> bool:
    """Never: the questions are divided by --split."""
    return False


def candidates(part: str, arguments: argparse.Namespace) -> Iterator[Candidate | Skip]:
    """All questions whose gold runs, in file order."""
    for raw in read_rows(arguments.questions):
        found = fields(raw.row)
        if raw.place in arguments.failing:
            yield Skip("the SQL does not run", f"{raw.place}: {arguments.failing[raw.place]}: {tidy(found['sql'])}")
            continue
        number = raw.place.rpartition(" ")[2]
        yield Candidate(
            found.get("id") or f"{arguments.db_id}-{number}",
            *(arguments.db_id, found["question"], found["sql"], raw.place, found.get("evidence", "")),
        )


def example(candidate: Candidate, arguments: argparse.Namespace) -> Example:
    """The example on the copied database."""
    path = arguments.databases / database_path(arguments)
    sql = tidy(candidate.sql)
    return Example(
        *(candidate.id, candidate.db_id, database_path(arguments), candidate.question, sql),
        schema=known_schema(path, path.stat().st_mtime_ns, arguments.values),
        evidence=candidate.evidence,
        tags=gold_tags(file_gold(path, sql)),
    )


@lru_cache(maxsize=1)
def known_schema(path: Path, changed: int, values: int) -> Schema:
    """The schema of the database as it was `changed` (ns): read once, because its values may be many."""
    return read_schema(path, values=values)
