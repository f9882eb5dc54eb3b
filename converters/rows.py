"""The converted row, and the file it goes into: one JSON array of alpaca rows, a row a line, written as a stream."""

import json
from collections.abc import Iterable
from typing import IO, NamedTuple

from converters.prompt import Prompt, prompt_hash
from converters.schema import Schema


class ConversionError(Exception):
    """Input that cannot be converted; the message names file, row and key, and what to do."""


class Candidate(NamedTuple):
    """One raw row of a corpus, its fields found but nothing read or run yet."""

    id: str
    db_id: str
    question: str
    sql: str
    place: str  # file and row, for messages
    evidence: str = ""  # outside knowledge, shown as a hint
    context: str = ""  # the schema as SQL text, where every row brings its own

    @property
    def asked_of(self) -> str:
        """What two equal queries must have in common to be the same query: the database."""
        return self.context or self.db_id


class Example(NamedTuple):
    """One question with its gold SQL and the schema it is asked of, before a prompt is built."""

    id: str
    db_id: str
    database: str  # path of the SQLite file, relative to the databases folder of the data set
    question: str
    sql: str
    schema: Schema
    evidence: str = ""
    tags: tuple[str, ...] = ()


class Skip(NamedTuple):
    """A raw row that becomes no example: why, in words that are counted, and where, with what is special to it."""

    reason: str
    detail: str


def converted_row(example: Example, prompt: Prompt, tags: Iterable[str]) -> dict:
    """The alpaca row of one example; its tags begin with the prompt style and the hash of the prompt code."""
    return {
        "id": example.id,
        "db_id": example.db_id,
        "database": example.database,
        "question": example.question,
        "instruction": prompt.instruction,
        "input": prompt.input,
        "output": example.sql,
        "tags": [*tags, *example.tags],
    }


def style_tags(style: str) -> list[str]:
    """The tags that say how a row's prompt was made: `style:ddl`, `prompt:<hash>`."""
    return [f"style:{style}", f"prompt:{prompt_hash()}"]


def style_of(row: dict) -> str:
    """The prompt style of a converted row; empty where its tags name none."""
    return next((tag.removeprefix("style:") for tag in row.get("tags", ()) if tag.startswith("style:")), "")


def write_rows(file: IO[str], rows: Iterable[dict]) -> int:
    """Write `rows` as a JSON array, a row a line; returns how many."""
    count = 0
    file.write("[")
    for row in rows:
        file.write(("," if count else "") + "\n" + json.dumps(row, ensure_ascii=False))
        count += 1
    file.write("\n]\n")
    return count
