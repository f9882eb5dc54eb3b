"""Questions as people ask them, on small invented databases: to train with, since textbooks ask otherwise.

A raw row of `data/samples/practice/gym.jsonl`, several wordings of what one query answers:
    {"questions": ["who hasn't been here since March", "Which members ..."], "sql": "SELECT name FROM ..."}
becomes an example for each wording on the database that `gym.sql` beside it makes. The databases of HELD_OUT are the
evaluation file: how a choice between two trainings is made without looking at `people`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from converters.corpora import people
from converters.rows import Candidate
from converters.sources import need, read_rows

HELD_OUT = ("cinema", "meteorites", "parcels")


@dataclass(frozen=True)
class Corpus(people.Corpus):
    """The shipped set."""

    samples: ClassVar[Path] = people.SAMPLES.with_name("practice")
    splits: ClassVar[tuple[str, ...]] = ("train", "eval")

    def files(self) -> list[Path]:
        """The files whose change makes the converted files out of date."""
        return [Path(__file__), *super().files()]

    def candidates(self, part: str) -> Iterator[Candidate]:
        """The wordings of the databases of a part, in file order."""
        for path in sorted(self.samples.glob("*.jsonl")):
            if (path.stem in HELD_OUT) == (part == "eval"):
                yield from wordings(path)


def wordings(path: Path) -> Iterator[Candidate]:
    """The questions of one database: `gym-12-2` is the second wording of its twelfth query."""
    for number, raw in enumerate(read_rows(path), 1):
        need(raw, ("questions", "sql"))
        for place, question in enumerate(raw.row["questions"], 1):
            yield Candidate(f"{path.stem}-{number}-{place}", path.stem, question, raw.row["sql"], raw.place)
