"""What is in a converted file: a page with tables and plots, to look at before training on it.

    python converters/stats.py data/spider_train.json
    python converters/stats.py data/spider_train.json --tokenizer data/models/gemma-3-270m --template gemma

writes data/stats/spider_train/index.html (one file, opens anywhere) and index.md with its plots: lengths, SQL
features, hardness, tables a query, questions a database, tags, a few rows. Exit status 2 where the file is no
converted one, or mixes prompt styles; 1 where the page cannot be written.
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
from atomic import write_text  # noqa: E402

environment.enter(needs=("matplotlib", "jinja2", "sqlglot"))

from converters import lengths  # noqa: E402
from converters.rows import ConversionError, style_of  # noqa: E402
from converters.sources import Raw, need, read_rows  # noqa: E402
from converters.splits import Met, digest  # noqa: E402
from converters.sql_text import normal_question  # noqa: E402
from converters.stats_page import Bars, Histogram, write_page  # noqa: E402
from sql.shape import FEATURES, LEVELS, shape_of  # noqa: E402

KEYS = ("id", "db_id", "question", "instruction", "input", "output", "tags")
SHOWN_ROWS, SHOWN_DATABASES = 3, 20


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
    unread: int = 0  # queries without a shape
    repeated: int = 0  # questions met before, but for case and punctuation
    shown: list[dict] = field(default_factory=list)


def gather(path: Path, count: lengths.Counter | None) -> Statistics:
    """The statistics of a converted file. Raises ConversionError where it is none, or mixes prompt styles."""
    found, questions = Statistics(), Met()
    for raw in read_rows(path):
        need(raw, KEYS)
        check_style(raw, found)
        add(raw.row, found, count)
        found.repeated += not questions.add(digest(normal_question(raw.row["question"])))
    return found


def check_style(raw: Raw, found: Statistics) -> None:
    """All rows of a file have the first one's prompt style."""
    style = style_of(raw.row)
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
    found.tags.update(tag for tag in row["tags"] if not tag.startswith(("prompt:", "linker:")))
    if len(found.shown) < SHOWN_ROWS:
        found.shown.append(row)
    shape = shape_of(row["output"])
    if shape is None:
        found.unread += 1
        return
    found.features.update(shape.features)
    found.hardness[shape.hardness] += 1
    found.tables[shape.tables] += 1


def figures(found: Statistics, unit: str) -> Iterator[Bars | Histogram]:
    """The plots of the page, in its order."""
    yield Histogram("Length of the prompts", unit, found.prompts, str(lengths.summary(found.prompts)))
    yield Histogram("Length of the answers", unit, found.answers, str(lengths.summary(found.answers)))
    yield Bars("SQL features", [(name, found.features[name]) for name in FEATURES], "Queries that use a feature.")
    yield Bars("Hardness", [(name, found.hardness[name]) for name in LEVELS], "Spider's definition.")
    tables = [(str(number), found.tables[number]) for number in sorted(found.tables)]
    yield Bars("Tables a query", tables, "Different tables that a query names.")
    if len(found.databases) == found.rows:  # every row brings its own
        return
    many = found.databases.most_common(SHOWN_DATABASES)
    rest = f", the {len(many)} with most" if len(found.databases) > len(many) else ""
    yield Bars("Questions a database", many, f"{len(found.databases)} databases{rest}.")


def facts(path: Path, found: Statistics) -> list[tuple[str, str]]:
    """The table at the head of the page."""
    rows = [
        ("file", path.name),
        ("rows", str(found.rows)),
        ("databases", str(len(found.databases))),
        ("prompt style", found.style or "not recorded"),
        ("questions met before", str(found.repeated)),
        ("queries that sqlglot cannot read, or that write", str(found.unread)),
    ]
    named = [(tag, number) for tag, number in sorted(found.tags.items()) if not tag.startswith("style:")]
    return rows + [(f"tag `{tag}`", str(number)) for tag, number in named]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="a converted file, as data/spider_train.json")
    parser.add_argument("--tokenizer", metavar="MODEL", help="lengths in tokens of this model, else in characters")
    parser.add_argument("--template", metavar="NAME", default="gemma", help="LLaMA-Factory's template (default: gemma)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: data/stats/<name>)")
    arguments = parser.parse_args()
    out = arguments.out or ROOT / "data" / "stats" / arguments.file.stem
    try:
        count = lengths.token_counter(arguments.tokenizer, arguments.template) if arguments.tokenizer else None
        found = gather(arguments.file, count)
    except ConversionError as error:
        print(f"stats: {error}", file=sys.stderr)
        return 2
    plots = list(figures(found, "tokens" if count else "characters"))
    pages = write_page(arguments.file.stem, facts(arguments.file, found), plots, found.shown)
    try:
        for name, text in pages.items():
            write_text(out / name, text)
    except OSError as error:
        print(f"stats: {out}: {error.strerror}. Give another --out.", file=sys.stderr)
        return 1
    print(f"{found.rows} rows: {out / 'index.html'}, {out / 'index.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
