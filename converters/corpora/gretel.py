"""gretelai/synthetic_text_to_sql: 100,000 made-up rows in train and 5,851 in test, each with a database of its own.

A raw row, shortened (parquet, JSON or JSON lines, or from the hub):
    {"id": 39325, "sql_prompt": "What is the total number of hospital beds in each state?",
     "sql_context": "CREATE TABLE Beds (State VARCHAR(50), Beds INT); INSERT INTO Beds (State, Beds) VALUES ...;",
     "sql": "SELECT State, SUM(Beds) FROM Beds GROUP BY State;", "domain": ..., "sql_complexity": ...}
becomes the row `gretel-train-39325`; converters/row_databases.py says what its tags mean. The set mixes dialects, and
some of its golds are broken: `--only runnable` leaves those out. Not covered: the explanations and the domain
descriptions.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from converters.options import add_row_databases, add_source
from converters.rows import Candidate, Example, Skip
from converters.sources import Raw, hub_rows, need, part_files, read_rows

DEFAULT_STYLE = "ddl"
REQUIRED = {"source": ("PLACE", "a folder with a train and a test file, a single file, or the word hub")}
HUB_NAME = "gretelai/synthetic_text_to_sql"
KEYS = ("sql_prompt", "sql_context", "sql")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser, REQUIRED["source"][1])
    add_row_databases(parser, fills=False)


def sources(arguments: argparse.Namespace) -> list[Path]:
    """The files of the corpus; the hub's do not change."""
    return [] if arguments.source == "hub" else part_files(Path(arguments.source))["all"]


def prepare(arguments: argparse.Namespace) -> None:
    """Databases are written with their rows."""


def has_parts(arguments: argparse.Namespace) -> bool:
    """Whether the corpus lies there in two parts."""
    return arguments.source == "hub" or bool(part_files(Path(arguments.source))["eval"])


def candidates(part: str, arguments: argparse.Namespace) -> Iterator[Candidate | Skip]:
    """The rows of a part, in file order."""
    for number, raw in enumerate(rows(part, arguments), 1):
        need(raw, KEYS)
        name = "-".join(["gretel", *([] if part == "all" else [part]), str(raw.row.get("id", number))])
        question, context, sql = (str(raw.row[key] or "").strip() for key in KEYS)
        if question and context and sql:
            yield Candidate(name, name, question, sql, raw.place, context=context)
        else:
            yield Skip("question, context or SQL is empty", raw.place)


def rows(part: str, arguments: argparse.Namespace) -> Iterator[Raw]:
    if arguments.source == "hub":
        yield from hub_rows(HUB_NAME, part)
        return
    for path in part_files(Path(arguments.source))[part]:
        yield from read_rows(path)


def example(candidate: Candidate, arguments: argparse.Namespace) -> Example | Skip:
    """The example on the candidate's own database."""
    from converters import row_databases  # loads sqlglot, which a recipe with nothing to convert need not wait for

    return row_databases.example(candidate, arguments)
