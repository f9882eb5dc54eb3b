"""The one prompt: how a question and a schema become the user turn, for every corpus, in training and in serving.

    build_prompt(schema, "How many singers are there?", style="compact")
    -> Prompt(instruction="Write a SQLite query that answers the question.",
              input="singer(singer_id, name, age)\\n\\nQuestion: How many singers are there?")

| style      | the schema in it                                                  | shows rows or examples |
| ---------- | ----------------------------------------------------------------- | --- |
| `compact`  | `table(column, ...)`, a line each, and the foreign keys           | no, but mentioned values |
| `ddl`      | CREATE TABLE with types, primary and foreign keys                 | no  |
| `ddl_rows` | the same, and each table's first three rows in a comment          | yes |
| `mschema`  | a line a column: type, key, description, examples; after M-Schema | yes |
| `premsql`  | `ddl` under the headings that prem-1B-SQL was trained with        | no  |
| `t5`       | `table: column, ...` on one line, with a task prefix, for T5      | no  |

LLaMA-Factory joins the two halves with a newline (`user_turn`). The schema comes before the question, so that all
questions on one database share their first tokens (prefix caching); only T5, which encodes both ways, has it last.
What belongs to the question alone (`question_text`: the question, a hint, the values of the database that it mentions)
is also a later turn of a conversation on the same schema.
`prompt_hash` changes whenever this file or the schema reader does; converters write it into their rows and the
evaluator into its report.
"""

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sql import schema as schema_reader
from sql.schema import Column, ForeignKey, Schema, Table
from sql.sql_text import quoted

INSTRUCTION = "Write a SQLite query that answers the question."
PREMSQL_INSTRUCTION = """# Follow these instruction:
The schema of a database follows. Write one correct SQLite query that answers the question: a single line, without a
code fence, with tables and columns of that schema only."""
DEFAULT_STYLE = "ddl"
EXAMPLES_SHOWN = 3  # values of a column in the style `mschema`
LONGEST_VALUE = 40  # characters of a text value that are shown; what is longer ends in "..."


class Prompt(NamedTuple):
    """The two halves of the user turn, as alpaca rows hold them."""

    instruction: str
    input: str


class Style(NamedTuple):
    """How one style writes the schema, the question with what belongs to it, and how it joins the two.

    `needs_values`: the schema text shows rows or examples. `shows_mentions`: values that the question mentions are
    written with it whether or not the schema is linked.
    """

    schema_text: Callable[[Schema], str]
    question_text: Callable[[str, str, Sequence[str]], str]
    frame: Callable[[str, str], Prompt]
    needs_values: bool = False
    shows_mentions: bool = False


def build_prompt(
    schema: Schema, question: str, *, style: str = DEFAULT_STYLE, evidence: str = "", mentions: Sequence[str] = ()
) -> Prompt:
    """The prompt of one question.

    Args:
        evidence: an optional line of outside knowledge (a hint).
        mentions: values of the database that the question mentions, as `singer.Country: 'France'` (mentions.py).
    Raises ValueError for a style that is not in STYLES.
    """
    asked = question_text(question, style=style, evidence=evidence, mentions=mentions)
    return STYLES[style].frame(schema_text(schema, style), asked)


def question_text(question: str, *, style: str, evidence: str = "", mentions: Sequence[str] = ()) -> str:
    """The question without the schema: the end of a prompt, and a later turn of a conversation. Raises ValueError."""
    if style not in STYLES:
        raise ValueError(f"prompt style {style!r} is unknown; choose one of: {', '.join(STYLES)}")
    return STYLES[style].question_text(one_line(question), one_line(evidence), mentions)


@lru_cache(maxsize=64)
def schema_text(schema: Schema, style: str) -> str:
    """The schema part of a prompt. Cached: the questions of one database come one after the other."""
    return STYLES[style].schema_text(schema)


def user_turn(instruction: str, input_text: str) -> str:
    """The text LLaMA-Factory makes of an alpaca row's two columns: joined by a newline, an empty one left out."""
    return "\n".join(part for part in (instruction, input_text) if part)


def prompt_hash() -> str:
    """The first 12 hex digits of the SHA-256 of this module's and the schema reader's source."""
    source = b"".join(Path(path).read_bytes() for path in (__file__, schema_reader.__file__))
    return hashlib.sha256(source).hexdigest()[:12]


def plain_frame(schema: str, asked: str) -> Prompt:
    """Schema, empty line, question."""
    return Prompt(INSTRUCTION, f"{schema}\n\n{asked}")


def plain_question(question: str, evidence: str, mentions: Sequence[str]) -> str:
    """A line for each column with mentioned values, the hint where there is one, the question."""
    hint = [f"Hint: {evidence}"] if evidence else []
    return "\n".join([*mentions, *hint, f"Question: {question}"])


def premsql_frame(schema: str, asked: str) -> Prompt:
    """The headings of premsql's prompt."""
    return Prompt(PREMSQL_INSTRUCTION + "\n", f"# Database and Table Schema:\n{schema}\n\n{asked}")


def premsql_question(question: str, evidence: str, mentions: Sequence[str]) -> str:
    """Values and hint are where premsql's prompt has its additional knowledge."""
    parts = ["\n".join(mentions), evidence, f"# Question: {question}", "# SQL:"]
    return "\n\n".join(part for part in parts if part)


def t5_frame(schema: str, asked: str) -> Prompt:
    """All on one line, the question first: T5's tokenizer has no newline."""
    return Prompt(f"{asked} | {schema}", "")


def t5_question(question: str, evidence: str, mentions: Sequence[str]) -> str:
    parts = [f"translate to SQL: {question}", f"hint: {evidence}" if evidence else "", *mentions]
    return " | ".join(part for part in parts if part)


def ddl(schema: Schema) -> str:
    """CREATE TABLE statements: types, primary and foreign keys."""
    return "\n".join(create_table(table) for table in schema.tables)


def ddl_rows(schema: Schema) -> str:
    """CREATE TABLE statements, each followed by the table's first rows in a comment; an empty table has none."""
    return "\n".join(create_table(table) + rows_comment(table) for table in schema.tables)


def rows_comment(table: Table) -> str:
    """The rows of a table as a comment: a line of column names, then the values as SQL writes them."""
    if not table.rows:
        return ""
    names = ", ".join(identifier(column.name) for column in table.columns)
    rows = [", ".join(literal(value) for value in row) for row in table.rows]
    return "\n/*\n" + "\n".join([names, *rows]).replace("*/", "* /") + "\n*/"


def compact(schema: Schema) -> str:
    """One line a table, `table(column, ...)`, then one line a foreign key: the fewest tokens."""
    tables = [f"{identifier(table.name)}({names(table)})" for table in schema.tables]
    return "\n".join(tables + foreign_key_lines(schema))


def mschema(schema: Schema) -> str:
    """A line a column: name, type, whether it is the primary key, description and examples; foreign keys last."""
    lines = []
    for table in schema.tables:
        columns = [f"({mschema_column(column)})" for column in table.columns]
        lines += [f"# Table: {identifier(table.name)}", "[", ",\n".join(columns), "]"]
    keys = foreign_key_lines(schema)
    return "\n".join(lines + (["# Foreign keys", *keys] if keys else []))


def mschema_column(column: Column) -> str:
    """`name: TYPE, primary key, description, examples: [1, 2, 3]`, without what is not known."""
    shown = ", ".join(literal(value) for value in column.values[:EXAMPLES_SHOWN])
    parts = [
        f"{identifier(column.name)}: {column.type}".removesuffix(": "),
        "primary key" if column.primary_key else "",
        one_line(column.description),
        f"examples: [{shown}]" if shown else "",
    ]
    return ", ".join(part for part in parts if part)


def t5(schema: Schema) -> str:
    """Tables separated by bars, each `table: column, ...`."""
    return " | ".join(f"{identifier(table.name)}: {names(table)}" for table in schema.tables)


STYLES = {
    "compact": Style(compact, plain_question, plain_frame, shows_mentions=True),
    "ddl": Style(ddl, plain_question, plain_frame),
    "ddl_rows": Style(ddl_rows, plain_question, plain_frame, needs_values=True),
    "mschema": Style(mschema, plain_question, plain_frame, needs_values=True),
    "premsql": Style(ddl, premsql_question, premsql_frame),
    "t5": Style(t5, t5_question, t5_frame),
}


def create_table(table: Table) -> str:
    """One CREATE TABLE statement, a line a column, keys last."""
    lines = [column_definition(column) for column in table.columns]
    keys = sorted((column for column in table.columns if column.primary_key), key=lambda column: column.primary_key)
    if primary := [identifier(column.name) for column in keys]:
        lines.append(f"PRIMARY KEY ({', '.join(primary)})")
    lines += foreign_key_clauses(table)
    body = ",\n".join(f"  {line}" for line in lines)
    return f"CREATE TABLE {identifier(table.name)} (\n{body}\n);"


def foreign_key_clauses(table: Table) -> list[str]:
    """`FOREIGN KEY (a, b) REFERENCES other(x, y)` for every foreign key, one of several columns once."""
    keys: dict[tuple[str, int], list[ForeignKey]] = {}
    for place, key in enumerate(table.foreign_keys):
        keys.setdefault(("composite", key.composite) if key.composite else ("single", place), []).append(key)
    return [
        f"FOREIGN KEY ({', '.join(identifier(part.column) for part in parts)}) "
        f"REFERENCES {identifier(parts[0].table)}({', '.join(identifier(part.referenced) for part in parts)})"
        for parts in keys.values()
    ]


def column_definition(column: Column) -> str:
    """Name and declared type; a column without a type has its name alone."""
    return f"{identifier(column.name)} {column.type}".rstrip()


def names(table: Table) -> str:
    """The column names of a table, comma-separated."""
    return ", ".join(identifier(column.name) for column in table.columns)


def foreign_key_lines(schema: Schema) -> list[str]:
    """`table.column = other.column` for every foreign key."""
    return [
        f"{identifier(table.name)}.{identifier(key.column)} = {identifier(key.table)}.{identifier(key.referenced)}"
        for table in schema.tables
        for key in table.foreign_keys
    ]


def identifier(name: str) -> str:
    """An identifier as SQLite reads it: bare where that is safe, else in double quotes."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.upper() not in KEYWORDS:
        return name
    return quoted(name)


def literal(value: object) -> str:
    """A value as SQL writes it, on one line; long text and bytes are cut and end in `...`."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value[:8].hex()}{'...' if len(value) > 8 else ''}'"
    if isinstance(value, float) and math.isinf(value):
        return "9e999" if value > 0 else "-9e999"
    if not isinstance(value, str):
        return str(value)
    text = one_line(value)
    shown = text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE].rstrip() + "..."
    return "'" + shown.replace("'", "''") + "'"


def one_line(text: str) -> str:
    """Whitespace collapsed: a newline inside a question would look like the end of it."""
    return " ".join(text.split())


# Words that SQLite 3.40 refuses as a bare column or table name, those it reads as a value (CURRENT_DATE), and join
# words, which it accepts but a reader would stumble over.
KEYWORD_LIST = """
    ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CAST CHECK COLLATE COMMIT CONSTRAINT CREATE CROSS CURRENT_DATE
    CURRENT_TIME CURRENT_TIMESTAMP DEFAULT DEFERRABLE DELETE DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN FROM FULL
    GROUP HAVING IF IN INDEX INNER INSERT INTERSECT INTO IS ISNULL JOIN LEFT LIMIT NATURAL NOT NOTHING NOTNULL NULL ON
    OR ORDER OUTER PRIMARY RAISE REFERENCES RETURNING RIGHT SELECT SET TABLE THEN TO TRANSACTION UNION UNIQUE UPDATE
    USING VALUES WHEN WHERE"""
KEYWORDS = frozenset(KEYWORD_LIST.split())
