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

from pathlib import Path

from converters.corpora.row_databases import context, synthetic_rows
from converters.corpora.row_databases.context import SQLITE, Context, Translated
from converters.golds import database_of, gold_tags
from converters.rows import Candidate, Example, Skip
from sql.schema import schema_of
from sql.sql_text import tidy, writes


def example(candidate: Candidate, folder: Path | None, values: int, seed: int | None) -> Example | Skip:
    """The example of a candidate with a context, or why there is none.

    Args:
        folder: where its database is written; None: nowhere.
        values: as for `read_schema`.
        seed: of the rows that are made up for empty tables; None: none are.
    """
    built = context.build(candidate.context)
    try:
        return example_on(built, candidate, folder, values, seed)
    finally:
        built.connection.close()


def example_on(
    built: Context, candidate: Candidate, folder: Path | None, values: int, seed: int | None
) -> Example | Skip:
    """The example of a candidate whose context has been run."""
    schema = built.schema
    if not schema.tables:
        return Skip("the context makes no table", f"{candidate.place}: {built.error or 'it is empty'}")
    gold = context.translated_gold(built, tidy(candidate.sql), f"{candidate.context}\n{candidate.sql}")
    run, fills = gold.run, seed is not None and gold.run.runs and not writes(gold.sql)
    if fills := fills and bool(synthetic_rows.empty_part(built.connection, schema).tables):
        run = synthetic_rows.fill(built.connection, schema, gold.sql, seed)
    if folder:
        write_database(built, folder / database_of(candidate.db_id))
    return Example(
        id=candidate.id,
        db_id=candidate.db_id,
        database=database_of(candidate.db_id),
        question=candidate.question,
        sql=gold.sql,
        schema=schema_of(built.connection, values=values) if values else schema,
        evidence=candidate.evidence,
        tags=(
            *(() if built.error else gold_tags(run)),
            *(("synthetic_rows",) if fills else ()),
            *more_tags(built, gold),
            *(() if folder else ("no_database",)),
        ),
        error=f"the context does not run: {built.error}" if built.error else run.error,
    )


def more_tags(built: Context, gold: Translated) -> list[str]:
    """The tags that say what kind of row this is."""
    dialect = gold.dialect if gold.dialect != SQLITE else built.dialect
    holds = {
        "writes": writes(gold.sql),
        f"dialect:{dialect}": True,
        "repaired": built.repaired,
        "broken_context": bool(built.error),
        "depends_on_date": context.depends_on_today(gold.sql),
    }
    return [tag for tag, is_so in holds.items() if is_so]


def write_database(built: Context, path: Path) -> None:
    """Write the database as it is before the gold."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(built.connection.serialize())
