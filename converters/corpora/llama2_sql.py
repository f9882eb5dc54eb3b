"""ChrisHayduk/Llama-2-SQL-Dataset (78,577 rows) and its parent, b-mc2/sql-create-context: WikiSQL and Spider with DDL.

A raw row of the first holds a filled template, of the second the parts:
    {"input": "Below is an instruction that describes a SQL generation task, ...\\n\\n### Instruction:\\nHow many
    heads ...?
               \\n\\n### Input:\\nCREATE TABLE head (age INTEGER)\\n\\n### Response:", "output": "SELECT COUNT(*) ..."}
    {"question": "How many heads ...?", "context": "CREATE TABLE head (age INTEGER)", "answer": "SELECT COUNT(*) ..."}
Both become the same row. The contexts have tables and no rows, so rows are made up (tag `synthetic_rows`); some lack
a column that the gold reads, and such a gold is not `runnable`. The set holds Spider's questions, dev included: a
score on Spider says nothing about a model trained on it, and the converter warns where data/spider_eval.json is
there.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from converters.options import add_row_databases, add_source
from converters.rows import Candidate, Example, Skip
from converters.sources import Raw, hub_rows, need, part_files, read_rows

DEFAULT_STYLE = "ddl"
REQUIRED = {"source": ("PLACE", "a folder or file of the data set, or the word hub (hub2: its parent)")}
HUB_NAMES = {"hub": "ChrisHayduk/Llama-2-SQL-Dataset", "hub2": "b-mc2/sql-create-context"}
HOLDS = ("spider",)
TEMPLATE = re.compile(r"### Instruction:\s*(.*?)\s*### Input:\s*(.*?)\s*### Response:", re.DOTALL)
WRAPPED = re.compile(r"\[/?SQL\]")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser, REQUIRED["source"][1])
    add_row_databases(parser, fills=True)


def sources(arguments: argparse.Namespace) -> list[Path]:
    """The files of the corpus; the hub's do not change."""
    return [] if arguments.source in HUB_NAMES else part_files(Path(arguments.source))["all"]


def prepare(arguments: argparse.Namespace) -> None:
    """Databases are written with their rows."""


def has_parts(arguments: argparse.Namespace) -> bool:
    """Never: the set's own two parts share questions, so it is divided anew, by question group."""
    return False


def candidates(part: str, arguments: argparse.Namespace) -> Iterator[Candidate | Skip]:
    """All rows, in file order."""
    for number, raw in enumerate(rows(arguments), 1):
        taken = taken_apart(raw)
        if isinstance(taken, Skip):
            yield taken
            continue
        question, context, sql = taken
        name = f"llama2_sql-{number}"
        yield Candidate(name, name, question, sql, raw.place, context=context)


def rows(arguments: argparse.Namespace) -> Iterator[Raw]:
    if arguments.source in HUB_NAMES:
        yield from hub_rows(HUB_NAMES[arguments.source], "all")
        return
    for path in part_files(Path(arguments.source))["all"]:
        yield from read_rows(path)


def taken_apart(raw: Raw) -> tuple[str, str, str] | Skip:
    """Question, DDL and SQL of a row in either form."""
    if "input" in raw.row:
        need(raw, ("input", "output"))
        found = TEMPLATE.search(str(raw.row["input"]))
        if not found:
            return Skip("the template is not the one known", raw.place)
        question, context, sql = *found.groups(), raw.row["output"]
    else:
        need(raw, ("question", "context", "answer"))
        question, context, sql = (raw.row[key] for key in ("question", "context", "answer"))
    parts = tuple(str(part or "").strip() for part in (question, context, WRAPPED.sub("", str(sql or ""))))
    return parts if all(parts) else Skip("question, context or SQL is empty", raw.place)


def example(candidate: Candidate, arguments: argparse.Namespace) -> Example | Skip:
    """The example on the candidate's own database, filled with made-up rows."""
    from converters import row_databases  # loads sqlglot, which a recipe with nothing to convert need not wait for

    return row_databases.example(candidate, arguments)
