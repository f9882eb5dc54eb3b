"""The one prompt: how a question and a schema become the user turn, for every corpus, in training and in serving.

    build_prompt(schema, "How many singers are there?", style="compact")
    -> Prompt(instruction="Write a SQLite query that answers the question.",
              input="singer(singer_id, name, age)\\n\\nQuestion: How many singers are there?")

LLaMA-Factory joins the two with a newline (`user_turn`). The schema stands before the question, so that all questions
on one database share their first tokens (prefix caching). `prompt_hash` changes whenever this file or the schema reader
does; converters write it into their rows and the evaluator into its report.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from converters.schema import Column, Schema, Table

INSTRUCTION = "Write a SQLite query that answers the question."
DEFAULT_STYLE = "ddl"


class Prompt(NamedTuple):
    """The two halves of the user turn, as alpaca rows hold them."""

    instruction: str
    input: str


def build_prompt(schema: Schema, question: str, *, style: str = DEFAULT_STYLE, evidence: str = "") -> Prompt:
    """The prompt of one question. `evidence` is an optional line of outside knowledge (a hint).

    Raises ValueError for a style that is not in STYLES.
    """
    if style not in STYLES:
        raise ValueError(f"prompt style {style!r} is unknown; choose one of: {', '.join(STYLES)}")
    lines = [STYLES[style](schema), ""]
    if evidence.strip():
        lines.append(f"Hint: {one_line(evidence)}")
    lines.append(f"Question: {one_line(question)}")
    return Prompt(INSTRUCTION, "\n".join(lines))


def user_turn(instruction: str, input_text: str) -> str:
    """The text LLaMA-Factory makes of an alpaca row's two columns: joined by a newline, an empty one left out."""
    return "\n".join(part for part in (instruction, input_text) if part)


def prompt_hash() -> str:
    """The first 12 hex digits of the SHA-256 of this module's and the schema reader's source."""
    folder = Path(__file__).parent
    source = b"".join((folder / name).read_bytes() for name in ("prompt.py", "schema.py"))
    return hashlib.sha256(source).hexdigest()[:12]


def ddl(schema: Schema) -> str:
    """CREATE TABLE statements: types, primary and foreign keys."""
    return "\n".join(create_table(table) for table in schema.tables)


def compact(schema: Schema) -> str:
    """One line a table, `table(column, ...)`, then one line a foreign key: the fewest tokens."""
    tables = [f"{quote(table.name)}({', '.join(quote(column.name) for column in table.columns)})" for table in schema.tables]
    keys = [
        f"{quote(table.name)}.{quote(key.column)} = {quote(key.table)}.{quote(key.referenced)}"
        for table in schema.tables
        for key in table.foreign_keys
    ]
    return "\n".join(tables + keys)


STYLES: dict[str, Callable[[Schema], str]] = {"ddl": ddl, "compact": compact}


def create_table(table: Table) -> str:
    """One CREATE TABLE statement, a line a column, keys last."""
    lines = [column_definition(column) for column in table.columns]
    primary = [quote(column.name) for column in table.columns if column.primary_key]
    if primary:
        lines.append(f"PRIMARY KEY ({', '.join(primary)})")
    lines += [
        f"FOREIGN KEY ({quote(key.column)}) REFERENCES {quote(key.table)}({quote(key.referenced)})" for key in table.foreign_keys
    ]
    body = ",\n".join(f"  {line}" for line in lines)
    return f"CREATE TABLE {quote(table.name)} (\n{body}\n);"


def column_definition(column: Column) -> str:
    """Name and declared type; a column without a type has its name alone."""
    return f"{quote(column.name)} {column.type}".rstrip()


def quote(name: str) -> str:
    """An identifier as SQLite reads it: bare where that is safe, else in double quotes."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.upper() not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def one_line(text: str) -> str:
    """Whitespace collapsed: a newline inside a question would look like the end of it."""
    return " ".join(text.split())


# Words that SQLite 3.40 refuses as a bare column or table name, those it reads as a value (CURRENT_DATE), and join words,
# which it accepts but a reader would stumble over.
KEYWORDS = frozenset(
    """ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CAST CHECK COLLATE COMMIT CONSTRAINT CREATE CROSS CURRENT_DATE
    CURRENT_TIME CURRENT_TIMESTAMP DEFAULT DEFERRABLE DELETE DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN FROM FULL
    GROUP HAVING IF IN INDEX INNER INSERT INTERSECT INTO IS ISNULL JOIN LEFT LIMIT NATURAL NOT NOTHING NOTNULL NULL ON OR
    ORDER OUTER PRIMARY RAISE REFERENCES RETURNING RIGHT SELECT SET TABLE THEN TO TRANSACTION UNION UNIQUE UPDATE USING
    VALUES WHEN WHERE""".split()
)
