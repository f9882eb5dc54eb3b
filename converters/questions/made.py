"""The made pairs of a database as candidates, their copies on renamed databases, and what the report says of them."""

import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from converters.questions import GENERATED
from converters.questions.excerpt import excerpt
from converters.questions.generate import Generated, Pair, generate
from converters.questions.page import page
from converters.questions.robust import renamed_copy, renamed_sql, same_rows
from converters.questions.struck import struck_keys, struck_lines
from converters.questions.worded import worded
from converters.rows import Candidate


class Made:
    """Pairs of a database called `name`; `struck`: the file of struck pairs; `is_large`: only an excerpt is looked at.

    `looked_at` is the file that queries run on. It and the copies are temporary files where they are not the database.
    """

    def __init__(self, name: str, database: Path, struck: Path, *, is_large: bool, seed: int) -> None:
        self.name, self.database, self.struck, self.seed = name, database, struck, seed
        self.folder = tempfile.TemporaryDirectory(prefix="made-")
        self.looked_at = excerpt(database, Path(self.folder.name) / database.name) if is_large else database
        self.generated = Generated([], 0, 0.0)
        self.worded: list[Pair] = []
        self.copies: dict[str, Path] = {}

    def make(self, count: int, copies: int = 0, wordings: Path | None = None) -> "Made":
        """Make the pairs, and `copies` databases with other column names.

        `wordings`: a file of the pairs in a model's words (worded.py). Raises ConversionError, SchemaError.
        """
        struck = struck_keys(struck_lines(self.struck))
        self.generated = generate(self.looked_at, count, seed=self.seed, struck=struck)
        self.worded = worded(wordings, self.generated.pairs, struck) if wordings else []
        self.copies = {
            f"{self.name}-copy{number}": Path(self.folder.name) / f"copy{number}.sqlite"
            for number in range(1, copies + 1)
        }
        return self

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The pairs, those that the copies answer alike, then those in a model's words."""
        found = [self.candidate(pair) for pair in self.generated.pairs]
        return [*found, *self.on_copies(found), *map(self.candidate, self.worded)]

    def candidate(self, pair: Pair) -> Candidate:
        """A pair as a candidate."""
        facts = (f"shape:{pair.shape}", f"hardness:{pair.hardness}", f"wording:{pair.wording}")
        return Candidate(
            id=f"{self.name}-made-{pair.number}" + ("-worded" if pair.wording == "model" else ""),
            db_id=self.name,
            question=pair.question,
            sql=pair.sql,
            place=f"made pair {pair.number}",
            tags=("runnable", "returns_rows", GENERATED, *facts),
        )

    def on_copies(self, pairs: list[Candidate]) -> Iterator[Candidate]:
        """Each pair again on one of the copies, in turn."""
        new = {name: renamed_copy(self.looked_at, path, f"{self.seed}-{name}") for name, path in self.copies.items()}
        names = list(self.copies)
        for number, pair in enumerate(pairs if names else []):
            name = names[number % len(names)]
            sql = renamed_sql(pair.sql, new[name])
            if sql and same_rows(self.looked_at, pair.sql, self.copies[name], sql):
                yield pair._replace(id=f"{pair.id}-copy", db_id=name, sql=sql, tags=(*pair.tags, "robust"))

    def notes(self) -> list[str]:
        """Lines for the report."""
        lines = self.generated.lines()
        if self.worded:
            lines.append(f"  {len(self.worded)} pairs also in a model's words, for training alone")
        if self.looked_at != self.database:
            lines.append(f"  {self.database} is large: pairs were made of, and are scored on, an excerpt of its rows")
        return lines

    def page(self) -> str:
        """The page on which a person strikes out bad pairs."""
        return page(self.name, [*self.generated.pairs, *self.worded], self.struck, struck_lines(self.struck))
