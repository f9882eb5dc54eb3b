"""Corpora whose every row brings its own database as SQL text: from such a candidate to an example.

The context is run in memory, the gold on it; the tags say what came of it:

| tag | holds when |
| --- | --- |
| `runnable`, `returns_rows` | the whole context and the gold ran; the gold returned a row |
| `writes` | the gold is INSERT, UPDATE, DELETE or DDL, or has such a statement among several |
| `dialect:NAME` | `sqlite`: all as written; another: a part was translated from it; `unknown`: no version ran |
| `synthetic_rows` | empty tables were filled with made-up rows |
| `repaired` | the context declared a table or a column twice |
| `broken_context` | a statement of the context could not be run |
| `depends_on_date` | the gold asks for the present day |
| `no_database` | no file was written for this row (by default evaluation rows have one) |

The output is the gold as it ran: translated where it had to be, because the prompt asks for SQLite.
"""

import argparse
from pathlib import Path

from converters import contexts, invent
from converters.golds import gold_tags
from converters.options import WRITTEN
from converters.rows import Candidate, Example, Skip
from converters.schema import schema_of
from converters.sql_text import tidy, writes


def example(candidate: Candidate, arguments: argparse.Namespace) -> Example | Skip:
    """The example of a candidate with a context, or why there is none."""
    built = contexts.build(candidate.context)
    try:
        return example_on(built, candidate, arguments)
    finally:
        built.connection.close()


def example_on(built: contexts.Context, candidate: Candidate, arguments: argparse.Namespace) -> Example | Skip:
    """The example of a candidate whose context has been run."""
    schema = schema_of(built.connection)
    if not schema.tables:
        return Skip("the context makes no table", f"{candidate.place}: {built.error or 'it is empty'}")
    gold = contexts.translated_gold(built.connection, tidy(candidate.sql))
    run, tags = gold.run, []
    if (
        arguments.synthetic_rows == "yes"
        and run.runs
        and not writes(gold.sql)
        and invent.empty_part(built.connection, schema).tables
    ):
        run = invent.fill(built.connection, schema, gold.sql, arguments.seed)
        tags.append("synthetic_rows")
    if arguments.values:
        schema = schema_of(built.connection, values=arguments.values)
    database = f"{candidate.db_id}/{candidate.db_id}.sqlite"
    is_written = write_database(built, arguments.databases / database, arguments)
    return Example(
        *(candidate.id, candidate.db_id, database, candidate.question, gold.sql),
        schema=schema,
        evidence=candidate.evidence,
        tags=(
            *(() if built.error else gold_tags(run)),
            *tags,
            *more_tags(built, gold),
            *(() if is_written else ("no_database",)),
        ),
    )


def more_tags(built: contexts.Context, gold: contexts.Translated) -> list[str]:
    """The tags that say what kind of row this is."""
    dialect = gold.dialect if gold.dialect != contexts.SQLITE else built.dialect
    holds = {
        "writes": writes(gold.sql),
        f"dialect:{dialect}": True,
        "repaired": built.repaired,
        "broken_context": bool(built.error),
        "depends_on_date": contexts.depends_on_today(gold.sql),
    }
    return [tag for tag, is_so in holds.items() if is_so]


def write_database(built: contexts.Context, path: Path, arguments: argparse.Namespace) -> bool:
    """Write the database as it stands before the gold, where this part's rows get one."""
    if arguments.part not in WRITTEN[arguments.write_databases]:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(built.connection.serialize())
    return True
