"""How much the linker keeps and saves, measured on Spider dev against the tables and columns that the golds read.

    python converters/linking_report.py --source SPIDER [--tokenizer data/models/gemma-3-270m --template gemma]

prints Markdown: recall of gold tables and columns, the share of the prompt that goes, and every question that loses
something. The linker never sees the gold. Exit status 2 where Spider is not there.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

import environment  # noqa: E402

environment.enter(needs=("rapidfuzz",))

from converters import lengths, linking, prompt  # noqa: E402
from converters.build import LINKED_VALUES  # noqa: E402
from converters.corpora import spider  # noqa: E402
from converters.reads import Reads, reads  # noqa: E402
from converters.rows import ConversionError  # noqa: E402
from converters.schema import Schema  # noqa: E402
from converters.sql_text import tidy  # noqa: E402

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
    tables: float
    columns: float
    unhurt: float  # share of the questions that lose nothing
    cut: dict[str, float]
    losses: list[Loss]


def measure(source: str, count: lengths.Counter | None = None) -> Figures:
    """The figures for the questions of Spider dev; lengths in tokens where `count` is given, else in characters."""
    kept_tables = kept_columns = all_tables = all_columns = questions = 0
    full, short = dict.fromkeys(STYLES, 0), dict.fromkeys(STYLES, 0)
    losses = []
    for candidate, schema, gold in golds(source):
        small = linking.linked(schema, candidate.question, candidate.evidence)
        tables = {table.name for table in small.tables}
        columns = {(table.name, column.name) for table in small.tables for column in table.columns}
        questions += 1
        all_tables, kept_tables = all_tables + len(gold.tables), kept_tables + len(gold.tables & tables)
        all_columns, kept_columns = all_columns + len(gold.columns), kept_columns + len(gold.columns & columns)
        if not (gold.tables <= tables and gold.columns <= columns):
            losses.append(loss(candidate, gold, tables, columns))
        for style in STYLES:
            full[style] += length(schema, candidate.question, style, count)
            short[style] += length(small, candidate.question, style, count)
    return Figures(
        questions,
        kept_tables / all_tables,
        kept_columns / all_columns,
        1 - len(losses) / questions,
        {style: 1 - short[style] / full[style] for style in STYLES},
        losses,
    )


def golds(source: str) -> Iterator[tuple[spider.Candidate, Schema, Reads]]:
    """Each dev question with its schema and what its gold reads."""
    for candidate in spider.candidates("eval", argparse.Namespace(source=source)):
        path = Path(source) / "database" / candidate.db_id / f"{candidate.db_id}.sqlite"
        schema = spider.schema_of_database(path, Path(source) / "tables.json", candidate.db_id, LINKED_VALUES)
        read = reads(schema, tidy(candidate.sql))
        if read is None:
            raise ConversionError(f"{candidate.place}: SQLite cannot prepare the gold: {candidate.sql}")
        yield candidate, schema, read


def loss(candidate: spider.Candidate, gold: Reads, tables: set[str], columns: set[tuple[str, str]]) -> Loss:
    """What one question lost."""
    gone = sorted(f"{table}.{column}" for table, column in gold.columns - columns if table in tables)
    return Loss(candidate.id, candidate.db_id, tuple(sorted(gold.tables - tables)), tuple(gone))


def length(schema: Schema, question: str, style: str, count: lengths.Counter | None) -> int:
    """The length of a prompt, in tokens or characters."""
    built = prompt.build_prompt(schema, question, style=style)
    turn = prompt.user_turn(*built)
    return count([(turn, "")]) if count else len(turn)


def markdown(figures: Figures, unit: str) -> Iterator[str]:
    """The report, line by line."""
    yield f"| Spider dev, {figures.questions} questions | |"
    yield "| --- | --- |"
    yield f"| gold tables kept | {figures.tables:.1%} |"
    yield f"| gold columns kept | {figures.columns:.1%} |"
    yield f"| questions that lose nothing | {figures.unhurt:.1%} |"
    for style, share in figures.cut.items():
        yield f"| prompt {unit} saved, style `{style}` | {share:.1%} |"
    yield ""
    yield f"The {len(figures.losses)} questions that lose a table (with all its columns) or a column:"
    yield ""
    for each in figures.losses:
        lost = [*(f"table `{name}`" for name in each.tables), *(f"`{name}`" for name in each.columns)]
        yield f"- {each.id} ({each.db_id}): {', '.join(lost)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--source", required=True, help="folder of the unpacked Spider")
    parser.add_argument(
        "--tokenizer", metavar="MODEL", help="count tokens with this model's tokenizer, else characters"
    )
    parser.add_argument("--template", metavar="NAME", default="gemma", help="LLaMA-Factory's template (default: gemma)")
    arguments = parser.parse_args()
    try:
        count = lengths.token_counter(arguments.tokenizer, arguments.template) if arguments.tokenizer else None
        print("\n".join(markdown(measure(arguments.source, count), "tokens" if count else "characters")))
    except ConversionError as error:
        print(f"linking_report: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
