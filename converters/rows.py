"""The converted row, and the file it goes into: one JSON array of alpaca rows, a row a line, written as a stream."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
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


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file to write to; it replaces `path` at the end of the block, or vanishes where the block raises."""
    with replacing_all([path]) as files:
        yield files[0]


@contextmanager
def replacing_all(paths: list[Path]) -> Iterator[list[IO[str]]]:
    """Text files to write to, which replace `paths` together: all of them once all are on disk, or none."""
    temporary = [path.with_name(path.name + ".partial") for path in paths]
    try:
        with ExitStack() as stack:
            for path in temporary:
                path.parent.mkdir(parents=True, exist_ok=True)
            yield [stack.enter_context(path.open("w", encoding="utf-8")) for path in temporary]
        for written, path in zip(temporary, paths, strict=True):
            os.replace(written, path)
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)
