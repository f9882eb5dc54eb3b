"""Questions as people ask them, on five small databases that are in no training set: for evaluation alone.

A raw row of `data/samples/people/questions.jsonl`:
    {"id": "shop-4", "db_id": "shop", "question": "What is sold out?", "sql": "SELECT title FROM ..."}
becomes an example on the database that `shop.sql` beside it makes: a shop, a library, a web server's log, a football
league, a hospital. Their rows are invented. There is no training file.
"""

import argparse
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from converters.golds import file_example
from converters.rows import Candidate, Example
from converters.sources import need, read_rows

SAMPLES = Path(__file__).resolve().parents[2] / "data/samples/people"
QUESTIONS = SAMPLES / "questions.jsonl"


@dataclass(frozen=True)
class Corpus:
    """The shipped set."""

    samples: ClassVar[Path] = SAMPLES
    default_style: ClassVar[str] = "compact"
    required: ClassVar[dict[str, tuple[str, str]]] = {}
    has_parts: ClassVar[bool] = True
    splits: ClassVar[tuple[str, ...]] = ("eval",)

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """None of its own."""

    def files(self) -> list[Path]:
        """The files whose change makes the converted file out of date."""
        return [Path(__file__), *sorted(self.samples.glob("*.jsonl")), *sorted(self.samples.glob("*.sql"))]

    def databases(self, folder: Path) -> None:
        """Write the databases."""
        for script in sorted(self.samples.glob("*.sql")):
            path = folder / script.stem / f"{script.stem}.sqlite"
            path.parent.mkdir(parents=True)
            with closing(sqlite3.connect(path)) as connection:
                connection.executescript(script.read_text(encoding="utf-8"))

    def candidates(self, part: str) -> Iterator[Candidate]:
        """The questions, in file order; `part` is `eval`."""
        for raw in read_rows(QUESTIONS):
            need(raw, ("id", "db_id", "question", "sql"))
            yield Candidate(raw.row["id"], raw.row["db_id"], raw.row["question"], raw.row["sql"], raw.place)

    def example(self, candidate: Candidate, folder: Path, values: int) -> Example:
        """The example on its database; its gold is run."""
        return file_example(candidate, folder, values)
