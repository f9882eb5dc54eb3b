"""How much the linker keeps and saves, measured against the tables and columns that the golds of a corpus read.

    python tools/linking_report.py --source SPIDER [--tokenizer data/models/gemma-3-270m --template gemma]
    python tools/linking_report.py --database shop.sqlite --questions pairs.csv

prints Markdown: recall of gold tables and columns, the share of the prompt that goes, and every question that loses
something; for Spider's form dev, or train with --part. The linker never sees the gold. A gold that SQLite cannot
prepare is counted and left out. Exit status 2 where the corpus is not there.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("rapidfuzz",))

from converters import lengths  # noqa: E402
from converters.corpora import own, spider  # noqa: E402
from converters.golds import Reads, reads_of  # noqa: E402
from converters.rows import Candidate, ConversionError, Example  # noqa: E402
from prompts import linking, prompt  # noqa: E402
from prompts.tags import LINKED_VALUES  # noqa: E402
from sql.schema import Schema, SchemaError  # noqa: E402

STYLES = ("compact", "ddl", "mschema")


class Loss(NamedTuple):
    """A question that lost something its gold reads."""

    id: str
    db_id: str
    tables: tuple[str, ...]
    columns: tuple[str, ...]  # of tables that were kept


class Figures(NamedTuple):
    """Recall over all gold tables and columns; per style the share of the prompts' length that linking takes away."""

    questions: int
    unread: int  # questions whose gold SQLite cannot prepare
    tables: float
    columns: float
    unhurt: float  # share of the questions that lose nothing
    cut: dict[str, float]
    losses: list[Loss]


def measure(corpus, part: str, count: lengths.Counter | None = None) -> Figures:
    """The figures for one part of an opened corpus; lengths in tokens where `count` is given, else in characters."""
    kept_tables = kept_columns = all_tables = all_columns = questions = unread = 0
    full, short = dict.fromkeys(STYLES, 0), dict.fromkeys(STYLES, 0)
    losses = []
    for example in examples(corpus, part):
        gold = reads_of(example.schema, example.sql)
        if gold is None:
            unread += 1
            continue
        small = linking.linked(example.schema, example.question, example.evidence)
        tables = {table.name for table in small.tables}
        columns = {(table.name, column.name) for table in small.tables for column in table.columns}
        questions += 1
        all_tables, kept_tables = all_tables + len(gold.tables), kept_tables + len(gold.tables & tables)
        all_columns, kept_columns = all_columns + len(gold.columns), kept_columns + len(gold.columns & columns)
        if not (gold.tables <= tables and gold.columns <= columns):
            losses.append(loss(example, gold, tables, columns))
        for style in STYLES:
            full[style] += length(example.schema, example.question, style, count)
            short[style] += length(small, example.question, style, count)
    if not questions:
        raise ConversionError(f"SQLite can prepare none of the {unread} golds: nothing to measure.")
    return Figures(
        questions,
        unread,
        kept_tables / max(all_tables, 1),
        kept_columns / max(all_columns, 1),
        1 - len(losses) / questions,
        {style: 1 - short[style] / full[style] for style in STYLES},
        losses,
    )


def examples(corpus, part: str) -> Iterator[Example]:
    """The questions of a part with their schemas and golds."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "databases"
        corpus.databases(folder)
        for candidate in corpus.candidates(part):
            example = candidate
            if isinstance(candidate, Candidate):
                example = corpus.example(candidate, folder, LINKED_VALUES)
            if isinstance(example, Example):
                yield example


def loss(example: Example, gold: Reads, tables: set[str], columns: set[tuple[str, str]]) -> Loss:
    """What one question lost."""
    gone = sorted(f"{table}.{column}" for table, column in gold.columns - columns if table in tables)
    return Loss(example.id, example.db_id, tuple(sorted(gold.tables - tables)), tuple(gone))


def length(schema: Schema, question: str, style: str, count: lengths.Counter | None) -> int:
    """The length of a prompt, in tokens or characters."""
    turn = prompt.user_turn(*prompt.build_prompt(schema, question, style=style))
    return count([(turn, "")]) if count else len(turn)


def markdown(title: str, figures: Figures, unit: str) -> Iterator[str]:
    """The report, line by line."""
    yield f"| {title}, {figures.questions} questions | |"
    yield "| --- | --- |"
    yield f"| gold tables kept | {figures.tables:.1%} |"
    yield f"| gold columns kept | {figures.columns:.1%} |"
    yield f"| questions that lose nothing | {figures.unhurt:.1%} |"
    if figures.unread:
        yield f"| questions left out: SQLite cannot prepare their gold | {figures.unread} |"
    for style, share in figures.cut.items():
        yield f"| prompt {unit} saved, style `{style}` | {share:.1%} |"
    yield ""
    yield f"The {len(figures.losses)} questions that lose a table (with all its columns) or a column:"
    yield ""
    for each in figures.losses:
        lost = [*(f"table `{name}`" for name in each.tables), *(f"`{name}`" for name in each.columns)]
        yield f"- {each.id} ({each.db_id}): {', '.join(lost)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--source", help="folder of the unpacked Spider, or of a set in its form")
    add("--part", choices=("train", "eval"), default="eval", help="which part of it (default: eval)")
    add("--database", help="your database, with --questions")
    add("--questions", help="your questions, or other questions on the databases of --source")
    add("--tokenizer", metavar="MODEL", help="count tokens with this model's tokenizer, else characters")
    add("--template", metavar="NAME", default="gemma", help="LLaMA-Factory's template (default: gemma)")
    given = parser.parse_args()
    if not (given.source or (given.database and given.questions)):
        parser.error("give --source, or --database and --questions")
    try:
        count = lengths.token_counter(given.tokenizer, given.template) if given.tokenizer else None
        corpus = own.Corpus(given.database, given.questions) if given.database else None
        corpus = corpus or spider.Corpus(given.source, given.questions)
        title = given.questions or f"{Path(given.source).name} {given.part}"
        print("\n".join(markdown(title, measure(corpus, given.part, count), "tokens" if count else "characters")))
    except (ConversionError, SchemaError) as error:
        print(f"linking_report: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
