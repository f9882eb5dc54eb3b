"""Question and SQL of any file known here, converted or raw, and how many questions two files share."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from converters.corpora.llama2_sql import taken_apart
from converters.rows import ConversionError, Skip
from converters.sources import Raw, read_rows
from converters.splits import Met, keys_of

KEYS = (("question", "output"), ("question", "query"), ("sql_prompt", "sql"), ("question", "sql"))


class Pair(NamedTuple):
    """A question and its SQL, from a row of any form."""

    question: str
    sql: str
    db_id: str


def pairs(path: Path) -> Iterator[Pair]:
    """The questions of a file. Raises ConversionError for rows of an unknown form."""
    for raw in read_rows(path):
        yield pair_of(raw)


def pair_of(raw: Raw) -> Pair:
    """Question and SQL of a row, by the names that its form has for them."""
    row = raw.row
    for question, sql in KEYS:
        if question in row and sql in row:
            return Pair(str(row[question]), str(row[sql]), str(row.get("db_id", "")))
    if "answer" in row or "input" in row:
        taken = taken_apart(raw)
        return Pair("", "", "") if isinstance(taken, Skip) else Pair(taken[0], taken[2], "")
    known = "; ".join(" and ".join(names) for names in KEYS)
    raise ConversionError(f"{raw.place}: no question and SQL in it. Known names: {known}; found: {', '.join(row)}.")


class Shared(NamedTuple):
    """How many of the rows of one file have their normalised question in another."""

    number: int
    rows: int


def shared(a: Path, b: Path) -> Shared:
    """How many rows of `b` have their question in `a`; both are streamed."""
    met = Met()
    for pair in pairs(a):
        met.add(keys_of(pair.question, "", "").question)
    found = [met.first(keys_of(pair.question, "", "").question) is not None for pair in pairs(b)]
    return Shared(sum(found), len(found))


def warning(train: str, evaluation: str, number: int, rows: int) -> str:
    """One line for a training file that holds evaluation questions."""
    return (
        f"WARNING: {number} of the {rows} questions of {evaluation} ({number / rows:.1%}) stand in {train}. "
        "A model trained on it has seen their answers."
    )
