"""What is in a converted file: a table on the terminal, to look at before training on it.

    python tools/stats.py data/spider_train.json
    python tools/stats.py data/spider_train.json --tokenizer data/models/gemma-3-270m --template gemma

prints, as Markdown, lengths, SQL features, hardness, tables a query, questions a database and tags. Exit status 2 where
the file is no converted one, or mixes prompt styles.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("sqlglot",))

from sqlglot import exp  # noqa: E402

from converters import lengths  # noqa: E402
from converters.rows import ConversionError  # noqa: E402
from converters.sources import Raw, need, read_rows  # noqa: E402
from converters.splits import normal_question  # noqa: E402
from prompts.tags import style_of  # noqa: E402
from sql.features import FEATURES, features  # noqa: E402
from sql.hardness import LEVELS, hardness  # noqa: E402
from sql.sql_tree import parse  # noqa: E402

KEYS = ("id", "db_id", "question", "instruction", "input", "output", "tags")
LARGEST_DATABASES = 20


@dataclass
class Statistics:
    """What was counted over a file's rows. Lengths are in tokens or characters, one number a row."""

    rows: int = 0
    style: str = ""
    prompts: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    databases: Counter = field(default_factory=Counter)
    tags: Counter = field(default_factory=Counter)
    features: Counter = field(default_factory=Counter)
    hardness: Counter = field(default_factory=Counter)
    tables: Counter = field(default_factory=Counter)
    questions: Counter = field(default_factory=Counter)
    unread: int = 0  # queries without a tree

    @property
    def repeated(self) -> int:
        """Questions that occurred before, up to case and punctuation."""
        return self.rows - len(self.questions)


def gather(path: Path, count: lengths.Counter | None) -> Statistics:
    """The statistics of a converted file. Raises ConversionError where it is none, or mixes prompt styles."""
    found = Statistics()
    for raw in read_rows(path):
        need(raw, KEYS)
        check_style(raw, found)
        add(raw.row, found, count)
    return found


def check_style(raw: Raw, found: Statistics) -> None:
    """All rows of a file have the first one's prompt style."""
    style = style_of(raw.row["tags"])
    found.style = found.style or style
    if style != found.style:
        raise ConversionError(
            f"{raw.place}: its prompt style is {style!r}, that of the rows before {found.style!r}. "
            "A model learns one style: convert all rows with one --style."
        )


def add(row: dict, found: Statistics, count: lengths.Counter | None) -> None:
    """Count one row."""
    turns = lengths.turns_of(row)
    count = count or (lambda turns: sum(len(asked) + len(answer) for asked, answer in turns))
    whole, asked = count(turns), count([(turn, "") for turn, _ in turns])
    found.rows += 1
    found.prompts.append(asked)
    found.answers.append(whole - asked)
    found.databases[row["db_id"]] += 1
    found.tags.update(tag for tag in row["tags"] if not tag.startswith(("style:", "prompt:", "linker:")))
    found.questions[normal_question(row["question"])] += 1
    tree = parse(row["output"])
    if tree is None:
        found.unread += 1
        return
    found.features.update(features(row["output"]))
    found.hardness[hardness(row["output"])] += 1
    named = {node.alias_or_name.lower() for node in tree.find_all(exp.CTE)}
    found.tables[len({node.name.lower() for node in tree.find_all(exp.Table)} - named)] += 1


def markdown(path: Path, found: Statistics, unit: str) -> Iterator[str]:
    """The table, line by line."""
    yield f"| {path.name}, style {found.style or 'not recorded'} | |"
    yield "| --- | --- |"
    for name, value in facts(found, unit):
        yield f"| {name} | {value} |"


def facts(found: Statistics, unit: str) -> Iterator[tuple[str, object]]:
    """Name and value of each line."""
    yield "rows", found.rows
    yield "databases", len(found.databases)
    yield "questions that occurred before", found.repeated
    yield f"prompts, {unit}", lengths.summary(found.prompts)
    yield f"answers, {unit}", lengths.summary(found.answers)
    yield "queries that sqlglot cannot read, or that write", found.unread
    yield from ((f"feature {name}", found.features[name]) for name in FEATURES)
    yield from ((f"hardness {name}", found.hardness[name]) for name in LEVELS)
    yield from ((f"queries on {number} tables", found.tables[number]) for number in sorted(found.tables))
    yield from ((f"tag {tag}", number) for tag, number in sorted(found.tags.items()))
    if len(found.databases) < found.rows:  # else every row brings its own
        yield from ((f"database {name}", number) for name, number in found.databases.most_common(LARGEST_DATABASES))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="a converted file, as data/spider_train.json")
    parser.add_argument("--tokenizer", metavar="MODEL", help="lengths in tokens of this model, else in characters")
    parser.add_argument("--template", metavar="NAME", default="gemma", help="LLaMA-Factory's template (default: gemma)")
    arguments = parser.parse_args()
    try:
        count = lengths.token_counter(arguments.tokenizer, arguments.template) if arguments.tokenizer else None
        found = gather(arguments.file, count)
    except ConversionError as error:
        print(f"stats: {error}", file=sys.stderr)
        return 2
    print("\n".join(markdown(arguments.file, found, "tokens" if count else "characters")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
