"""The converted row, and the file it goes into: one JSON array of alpaca rows, a row a line, written as a stream."""

import json
from collections.abc import Iterable
from typing import IO, NamedTuple

from prompts.prompt import Prompt
from sql.schema import Schema


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
    tags: tuple[str, ...] = ()

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
    error: str = ""  # SQLite's message where the gold does not run


class Skip(NamedTuple):
    """A raw row that becomes no example: why, in words that are counted, and where, with what is special to it."""

    reason: str
    detail: str


def checked(candidate: Candidate | Skip) -> Candidate | Skip:
    """The candidate, or why it cannot become a row: a question, a gold or a database's name that is no text."""
    if isinstance(candidate, Candidate):
        for name, value in (("question", candidate.question), ("SQL", candidate.sql), ("db_id", candidate.db_id)):
            if problem := text_problem(value):
                return Skip(f"the {name} {problem}", candidate.place)
    return candidate


def text_problem(value: object) -> str:
    """What is wrong with a value that must be text; empty where nothing is."""
    if value is None:
        return "is missing"
    if not isinstance(value, str):
        return f"is not text but a {type(value).__name__}"
    if not value.strip():
        return "is empty"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "holds half of a character (a lone surrogate)"
    return ""


def converted_row(example: Example, prompt: Prompt, tags: Iterable[str]) -> dict:
    """The alpaca row of one example. `tags` come first: they say how the prompt was made (prompts/tags.py)."""
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


def write_rows(file: IO[str], rows: Iterable[dict]) -> int:
    """Write `rows` as a JSON array, a row a line; returns how many."""
    count = 0
    file.write("[")
    for row in rows:
        file.write(("," if count else "") + "\n" + json.dumps(row, ensure_ascii=False))
        count += 1
    file.write("\n]\n")
    return count
