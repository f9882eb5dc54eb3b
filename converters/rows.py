"""The converted row, and the file it goes into: one JSON array of alpaca rows, a row a line, written as a stream."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from converters.prompt import Prompt, prompt_hash


class ConversionError(Exception):
    """Input that cannot be converted; the message names file, row and key, and what to do."""


class Example(NamedTuple):
    """One question with its gold SQL, before a prompt is built."""

    id: str
    db_id: str
    database: str  # path of the SQLite file, relative to the databases folder of the data set
    question: str
    sql: str


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
        "tags": list(tags),
    }


def style_tags(style: str) -> list[str]:
    """The tags that say how a row's prompt was made: `style:ddl`, `prompt:<hash>`."""
    return [f"style:{style}", f"prompt:{prompt_hash()}"]


def write_rows(path: Path, rows: Iterable[dict]) -> int:
    """Write `rows` to `path` as a JSON array, a row a line; returns how many. Replaces the file only when all are written."""
    count = 0
    with replacing(path) as file:
        file.write("[")
        for row in rows:
            file.write(("," if count else "") + "\n" + json.dumps(row, ensure_ascii=False))
            count += 1
        file.write("\n]\n")
        if not count:
            raise ConversionError(f"{path}: no row is left to write. See the skipped rows above.")
    return count


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file to write to; it takes the place of `path` at the end of the block, or vanishes where the block raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".partial")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            yield file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json_lines(path: Path, keys: tuple[str, ...]) -> Iterator[dict]:
    """The objects of a JSON-lines file. Raises ConversionError, naming row and key, where one lacks a key in `keys`."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield checked_object(path, number, line, keys)
    except (OSError, UnicodeDecodeError) as error:
        raise ConversionError(f"{path}: {error}. Give a UTF-8 JSON-lines file.") from error


def checked_object(path: Path, number: int, line: str, keys: tuple[str, ...]) -> dict:
    """One parsed line with all `keys`, else ConversionError."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ConversionError(f"{path}: line {number}: not JSON ({error}). One object a line is expected.") from error
    missing = [key for key in keys if not isinstance(row, dict) or key not in row]
    if missing:
        raise ConversionError(f"{path}: line {number}: key {missing[0]!r} is missing; expected keys: {', '.join(keys)}.")
    return row


def file_hash(path: Path) -> str:
    """The first 12 hex digits of a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
