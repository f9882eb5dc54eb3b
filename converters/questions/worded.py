"""Wordings that a model wrote for made pairs (evaluate/paraphrase.py), as pairs beside those of the grammar.

    {"of": "number of books by genre", "sql": "SELECT ...", "question": "How many books of each genre are there?"}
    -> Pair(question="How many books of each genre are there?", sql=..., shape=..., wording="model")

A line belongs to the made pair with the same question and query; a null question is one that found no wording.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from converters.questions.generate import Pair
from converters.rows import ConversionError, text_problem
from converters.sources import read_rows
from converters.splits import normal_question
from sql.sql_text import normal_sql

WORDED_AGAIN = "Make the file again: python evaluate/paraphrase.py --help"


def worded(path: Path, pairs: Iterable[Pair], struck: frozenset[str]) -> list[Pair]:
    """The pairs in other words, in file order, without those whose question is there already or struck out.

    Raises ConversionError naming all mistakes, or where no line belongs to a pair.
    """
    made = {key_of(pair.question, pair.sql): pair for pair in pairs}
    seen = {normal_question(pair.question) for pair in made.values()} | struck
    found, strangers = [], 0
    for row in lines_of(path):
        pair = made.get(key_of(row["of"], row["sql"]))
        strangers += pair is None
        if pair is None or row["question"] is None or normal_question(row["question"]) in seen:
            continue
        seen.add(normal_question(row["question"]))
        found.append(pair._replace(question=row["question"], wording="model"))
    if not found and strangers:
        raise ConversionError(f"{path}: none of its lines belongs to a made pair of this database. {WORDED_AGAIN}")
    return found


def lines_of(path: Path) -> Iterator[dict]:
    """The lines of the file. Raises ConversionError naming all mistakes."""
    rows, mistakes = [], []
    for raw in read_rows(path):
        for column in ("of", "sql", "question"):
            may_be_null = column == "question" and raw.row.get(column, "") is None
            if not may_be_null and (problem := text_problem(raw.row.get(column))):
                mistakes.append(f"{raw.place}: {column!r} {problem}")
        rows.append(raw.row)
    if mistakes:
        raise ConversionError("\n  ".join([f"{path} has errors:", *mistakes[:20]]) + f"\n  {WORDED_AGAIN}")
    yield from rows


def key_of(question: str, sql: str) -> tuple[str, str]:
    return normal_question(question), normal_sql(sql)
