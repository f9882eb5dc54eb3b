"""How much of one file of questions stands in another: is a score on the second honest after training on the first?

    python converters/overlap.py data/llama2_sql_train.json data/spider_eval.json

A and B are converted files, or raw ones of the corpora known here (Spider, gretel, sql-create-context, Llama-2-SQL).
Each row of B counts once a line: `identical` has its question in A letter for letter, `normalised` but for case and
punctuation, `near` at least 90 % alike (rapidfuzz's token_sort_ratio); `query` has its normalised SQL in A, `query,
same database` on a database of that name. A is streamed, B is held in memory. A near question must share one of its
three rarest words, so a few may be missed. Exit status: 0, whatever is found; 2 for files that cannot be read.
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

from converters.pairs import Pair, pairs, warning  # noqa: E402
from converters.rows import ConversionError  # noqa: E402
from converters.splits import digest  # noqa: E402
from converters.sql_text import normal_question, normal_sql  # noqa: E402

NEAR = 90
RARE_WORDS = 3


class Found(NamedTuple):
    """How many of B's rows stand in A, by kind; `examples` are pairs of near questions."""

    rows: int
    counts: dict[str, int]
    examples: list[tuple[str, str]]


class Index:
    """The rows of B by what they may have in common with a row of A."""

    def __init__(self, rows: list[Pair]) -> None:
        self.questions = [normal_question(row.question) for row in rows]
        self.kinds: dict[str, dict[bytes, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, row in enumerate(rows):
            for kind, key in looked_up(row):
                self.kinds[kind][key].append(number)
        often = Counter(word for question in self.questions for word in set(question.split()))
        self.rare: dict[str, list[int]] = defaultdict(list)
        for number, question in enumerate(self.questions):
            for word in sorted(set(question.split()), key=lambda word: (often[word], word))[:RARE_WORDS]:
                self.rare[word].append(number)

    def near(self, question: str, limit: int) -> Iterator[int]:
        """The rows whose question is at least `limit` percent like this normalised one."""
        from rapidfuzz import fuzz

        for number in {number for word in set(question.split()) for number in self.rare.get(word, ())}:
            if fuzz.token_sort_ratio(question, self.questions[number], score_cutoff=limit):
                yield number


def looked_up(row: Pair) -> Iterator[tuple[str, bytes]]:
    """The keys by which a row of A finds rows of B."""
    yield "identical", digest(row.question)
    yield "normalised", digest(normal_question(row.question))
    yield "query", digest(normal_sql(row.sql))
    if row.db_id:
        yield "query, same database", digest(row.db_id, normal_sql(row.sql))


def compare(a: Path, b: Path, limit: int = NEAR) -> Found:
    """What stands of `b` in `a`."""
    rows = list(pairs(b))
    index = Index(rows)
    met: dict[str, set[int]] = {
        kind: set() for kind in ("identical", "normalised", "near", "query", "query, same database")
    }
    examples: list[tuple[str, str]] = []
    for row in pairs(a):
        for kind, key in looked_up(row):
            met[kind].update(index.kinds[kind].get(key, ()))
        question = normal_question(row.question)
        for number in index.near(question, limit):
            if number not in met["near"] and question != index.questions[number]:
                examples.append((row.question, rows[number].question))
            met["near"].add(number)
    return Found(len(rows), {kind: len(numbers) for kind, numbers in met.items()}, examples)


def report(a: Path, b: Path, found: Found, shown: int) -> Iterator[str]:
    """What was found, as Markdown."""
    yield f"| {found.rows} rows of {b.name} that stand in {a.name} | rows | share |"
    yield "| --- | --- | --- |"
    for kind, number in found.counts.items():
        yield f"| {kind} | {number} | {number / found.rows:.1%} |"
    if shown and found.examples:
        yield "\nNear, but not the same:\n"
        yield from (f"- {one}\n  {other}" for one, other in found.examples[:shown])
    if found.counts["normalised"]:
        yield "\n" + warning(a.name, b.name, found.counts["normalised"], found.rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", type=Path, metavar="A", help="the file that a model is trained on")
    parser.add_argument("b", type=Path, metavar="B", help="the file that it is evaluated on")
    parser.add_argument("--near", type=int, default=NEAR, metavar="PERCENT", help="how alike (default: %(default)s)")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="near pairs to print (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        found = compare(arguments.a, arguments.b, arguments.near)
    except ConversionError as error:
        print(f"overlap: {error}", file=sys.stderr)
        return 2
    print("\n".join(report(arguments.a, arguments.b, found, arguments.show)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
