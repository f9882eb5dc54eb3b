"""How much of one file of questions occurs in another: is a score on the second honest after training on the first?

    python tools/overlap.py data/llama2_sql_train.json data/spider_eval.json

A and B are converted files, or raw ones of the corpora known here (Spider, BIRD, gretel, sql-create-context,
Llama-2-SQL). Each row of B counts once a line: `identical` has its question in A letter for letter, `normalised` up to
case and punctuation, `near` at least 90 % alike (rapidfuzz's token_sort_ratio); `query` has its normalised SQL in A,
`query, same database` on a database of that name; `question and query` has both in one row of A. A near question must
share one of its three rarest words, so a few may be missed. Exit status: 0, whatever is found; 2 for files that cannot
be read.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("rapidfuzz",))

from converters.corpora.llama2_sql import parts_of  # noqa: E402
from converters.rows import ConversionError, Skip  # noqa: E402
from converters.sources import Raw, read_rows  # noqa: E402
from converters.splits import Shared, normal_question, warning  # noqa: E402
from sql.sql_text import normal_sql  # noqa: E402

NEAR = 90
RARE_WORDS = 3
NAMES = (("question", "output"), ("question", "query"), ("question", "SQL"), ("sql_prompt", "sql"), ("question", "sql"))
KINDS = ("identical", "normalised", "near", "query", "query, same database", "question and query")


class Pair(NamedTuple):
    """A question and its SQL, from a row of any form."""

    question: str
    sql: str
    db_id: str

    def shared_keys(self) -> Iterator[tuple[str, object]]:
        """What a row of A and one of B have in common, by kind."""
        question, query = normal_question(self.question), normal_sql(self.sql)
        yield "identical", self.question
        yield "normalised", question
        yield "query", query
        yield "question and query", (question, query)
        if self.db_id:
            yield "query, same database", (self.db_id, query)


def pairs(path: Path) -> Iterator[Pair]:
    """The questions of a file. Raises ConversionError for rows of an unknown form."""
    return map(pair_of, read_rows(path))


def pair_of(raw: Raw) -> Pair:
    """Question and SQL of a row, by the names its form has for them; a parsed query is not taken for its text."""
    row = raw.row
    for question, sql in NAMES:
        if isinstance(row.get(question), str) and isinstance(row.get(sql), str):
            return Pair(row[question], row[sql], str(row.get("db_id", "")))
    if "answer" in row or "input" in row:
        parts = parts_of(raw)
        return Pair("", "", "") if isinstance(parts, Skip) else Pair(str(parts[0]), str(parts[2]), "")
    known = "; ".join(" and ".join(names) for names in NAMES)
    raise ConversionError(f"{raw.place}: no question and SQL in it. Known names: {known}; found: {', '.join(row)}.")


class Found(NamedTuple):
    """How many of B's rows occur in A, by kind; `examples` are pairs of near questions."""

    rows: int
    counts: dict[str, int]
    examples: list[tuple[str, str]]


class Index:
    """The rows of B by what they may have in common with a row of A."""

    def __init__(self, rows: list[Pair]) -> None:
        self.questions = [normal_question(row.question) for row in rows]
        self.rows: dict[tuple[str, object], list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            for key in row.shared_keys():
                self.rows[key].append(number)
        often = Counter(word for question in self.questions for word in set(question.split()))
        self.rare: dict[str, list[int]] = defaultdict(list)
        for number, question in enumerate(self.questions):
            for word in sorted(set(question.split()), key=lambda word: (often[word], word))[:RARE_WORDS]:
                self.rare[word].append(number)

    def near(self, question: str) -> Iterator[int]:
        """The rows whose question is at least `NEAR` percent like this normalised one."""
        from rapidfuzz import fuzz

        for number in {number for word in set(question.split()) for number in self.rare.get(word, ())}:
            if fuzz.token_sort_ratio(question, self.questions[number], score_cutoff=NEAR):
                yield number


def compare(a: Path, b: Path) -> Found:
    """What of `b` occurs in `a`."""
    rows = list(pairs(b))
    index = Index(rows)
    numbers: dict[str, set[int]] = {kind: set() for kind in KINDS}
    examples: list[tuple[str, str]] = []
    for row in pairs(a):
        for key in row.shared_keys():
            numbers[key[0]].update(index.rows.get(key, ()))
        question = normal_question(row.question)
        for number in index.near(question):
            if number not in numbers["near"] and question != index.questions[number]:
                examples.append((row.question, rows[number].question))
            numbers["near"].add(number)
    return Found(len(rows), {kind: len(found) for kind, found in numbers.items()}, examples)


def report(a: Path, b: Path, found: Found, listed: int) -> Iterator[str]:
    """What was found, as Markdown."""
    yield f"| of the {found.rows} rows of {b.name}, in {a.name} | rows | share |"
    yield "| --- | --- | --- |"
    for kind, number in found.counts.items():
        yield f"| {kind} | {number} | {number / found.rows:.1%} |"
    if listed and found.examples:
        yield "\nNear, but not the same:\n"
        yield from (f"- {one}\n  {other}" for one, other in found.examples[:listed])
    if found.counts["normalised"]:
        both = Shared(found.counts["normalised"], found.counts["question and query"], found.rows)
        yield "\n" + warning(a.name, b.name, both)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", type=Path, metavar="A", help="the file that a model is trained on")
    parser.add_argument("b", type=Path, metavar="B", help="the file that it is evaluated on")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="near pairs to print (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        found = compare(arguments.a, arguments.b)
    except ConversionError as error:
        print(f"overlap: {error}", file=sys.stderr)
        return 2
    print("\n".join(report(arguments.a, arguments.b, found, arguments.show)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
