"""Your own database: a SQLite file, and questions with the SQL that answers them.

    python converters/run.py own --database shop.sqlite --questions pairs.csv

The questions are a CSV (commas, semicolons or tabs), JSON or JSON-lines file, in UTF-8, with the columns `question` and
`sql` (or `query`), and, if you like, `id` and `evidence` (a hint that is shown with the question):
    question,sql
    How many customers are there?,SELECT COUNT(*) FROM customer
becomes the row `shop-2` (2 is its row in the file). Of several columns for the SQL the first that holds text counts, so
files in the form of Spider, SParC and BIRD, with a parsed `sql` beside their `query`, are read as they are.

`--generate N` makes N pairs from the schema and the rows (converters/questions/), beside a file or instead of one. They
are tagged `generated`, `shape:NAME` and `hardness:LEVEL`; data/own_data.html shows them, and what is struck out there
stays out. `--hold-back-questions` keeps the file's questions for the evaluation, with every made pair that shares its
query or wording with one of them. `--wordings FILE` adds the made pairs in a model's words (evaluate/paraphrase.py),
tagged `wording:model`, to the training; the others are tagged `wording:grammar`.

Rows whose SQL fails are left out and listed, with SQLite's message. The database is copied to data/databases/own/, so
that scores stay comparable when yours changes; one of more than 1 GB is linked, or, with --generate, cut to some rows
of every table. Questions that differ only in case or punctuation, or have the same SQL,
always land in the same split.

Not covered: queries that write, and questions on several databases at once.
"""

import argparse
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from atomic import replacement
from converters.corpora import absolute, add_split, whole
from converters.golds import database_of, file_gold, gold_tags, known_schema
from converters.questions import BY_MODEL, GENERATED
from converters.questions.struck import struck_path
from converters.rows import Candidate, ConversionError, Example, Skip, text_problem
from converters.sources import Raw, read_rows
from converters.splits import normal_question
from sql.schema import SchemaError, open_read_only, read_schema
from sql.sql_text import tidy

if TYPE_CHECKING:
    from converters.questions.made import Made

LISTED_MISTAKES = 20
LARGEST_COPY = 1 << 30  # bytes
COLUMNS = {
    "question": ("question",),
    "sql": ("sql", "query"),
    "id": ("id", "question_id"),
    "evidence": ("evidence", "hint"),
    "db_id": ("db_id",),
}


@dataclass(frozen=True)
class Corpus:
    """The questions of one file, or made ones, on one database, which is called `db_id` (by default after its file)."""

    database: str
    questions: str | None = None
    db_id: str | None = None
    generate: int | None = None
    struck: str | None = None
    hold_back_questions: bool = False
    robust: int | None = None
    wordings: str | None = None
    seed: int = 7

    default_style: ClassVar[str] = "compact"
    required: ClassVar[dict[str, tuple[str, str]]] = {
        "database": ("FILE.sqlite", "your database"),
        "questions": ("PAIRS.csv", "a CSV, JSON or JSON-lines file with the columns question and sql"),
    }
    instead: ClassVar[dict[str, str]] = {"questions": "generate"}
    has_parts: ClassVar[bool] = False
    listed: ClassVar[int] = 1000  # failing rows are the user's to correct, so (nearly) all are listed

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        add, columns = parser.add_argument, "with the columns question and sql"
        add("--database", type=absolute, metavar="FILE", help="your SQLite file")
        add("--questions", type=absolute, metavar="FILE", help=f"CSV, JSON or JSON lines {columns}")
        add("--generate", type=whole, metavar="N", help="make N pairs from the schema and the rows")
        add(
            "--struck",
            type=absolute,
            metavar="FILE",
            help="pairs to leave out (default: NAME.struck.txt beside the file)",
        )
        add(
            "--robust",
            type=whole,
            metavar="N",
            help="every made pair again, on one of N copies with other column names",
        )
        add("--wordings", type=absolute, metavar="FILE", help="the made pairs in a model's words, for training alone")
        add("--hold-back-questions", action="store_true", help="the file's questions are for evaluation alone")
        add("--db-id", metavar="NAME", help="what the database is called (default: the name of its file)")
        add_split(parser)

    def files(self) -> list[Path]:
        """The files that are given, and the list of struck pairs where there is one."""
        given = [Path(each) for each in (self.database, self.questions, self.wordings) if each]
        return [*given, *([self.struck_path] if self.struck_path.is_file() else [])]

    @property
    def struck_path(self) -> Path:
        """Where pairs are listed that a person struck out."""
        given = [Path(each) if each else None for each in (self.questions, self.struck)]
        return struck_path(Path(self.database), *given)

    @property
    def name(self) -> str:
        """What the database is called."""
        name = self.db_id or Path(self.database).stem
        if not re.fullmatch(r"[\w.-]+", name):
            raise ConversionError(f"--db-id {name!r}: letters, digits, '_', '.' and '-' only. Give another --db-id.")
        return name

    def databases(self, folder: Path) -> None:
        """Copy the database, once the questions have been read. Raises ConversionError with all mistakes in them."""
        read_schema(Path(self.database))
        if self.rows:
            place_database(self.looked_at, folder / database_of(self.name))
            for name, path in self.made.copies.items() if self.made else ():
                copy_database(path, folder / database_of(name))

    @cached_property
    def rows(self) -> list[Candidate | Skip]:
        """All questions: the file's in file order, then those made. Raises ConversionError with all mistakes."""
        asked = self.asked() if self.questions else []
        known = {normal_question(each.question) for each in asked if isinstance(each, Candidate)}
        made = self.made.candidates if self.made else []
        return [*asked, *(each for each in made if normal_question(each.question) not in known)]

    @cached_property
    def made(self) -> "Made | None":
        """The pairs made from schema and rows; None where none are asked for. Raises ConversionError."""
        if not self.generate:
            return None
        from converters.questions.made import Made  # imports sqlglot, which takes long

        database = Path(self.database)
        is_large = database.is_file() and database.stat().st_size > LARGEST_COPY
        made = Made(self.name, database, self.struck_path, is_large=is_large, seed=self.seed)
        return made.make(self.generate, self.robust or 0, Path(self.wordings) if self.wordings else None)

    @property
    def looked_at(self) -> Path:
        """The file that questions are run on: the given one, or an excerpt where pairs are made of a very large one."""
        return self.made.looked_at if self.made else Path(self.database)

    def is_held_back(self, candidate: Candidate) -> bool:
        """Whether a candidate is for the evaluation alone."""
        return self.hold_back_questions and GENERATED not in candidate.tags

    def is_for_training(self, candidate: Candidate) -> bool:
        """Whether a candidate is for the training alone: the adapter answers such wordings already, by their choice."""
        return BY_MODEL in candidate.tags

    def notes(self) -> list[str]:
        """What the report says about the made pairs."""
        return self.made.notes() if self.made else []

    def page(self) -> str | None:
        """The page of the made pairs, on which a person strikes out the bad ones."""
        return self.made.page() if self.made else None

    def asked(self) -> list[Candidate | Skip]:
        """The file's questions, their golds run. Raises ConversionError with all mistakes."""
        mistakes: list[tuple[str, str]] = []
        found, ids = [], {}
        for number, raw in enumerate(read_rows(Path(self.questions))):
            fields = fields_of(raw.row)
            wrong = [(raw.place, mistake) for mistake in mistakes_in(fields, raw, ids, self.name)]
            mistakes += wrong
            if not mistakes:
                found.append(self.candidate(fields, raw.place, number))
        if mistakes:
            raise ConversionError("\n  ".join([f"{self.questions} has errors:", *mistake_lines(mistakes)]))
        return found

    def candidate(self, fields: dict, place: str, number: int) -> Candidate | Skip:
        """One question whose gold runs, or why it is left out."""
        sql = tidy(fields["sql"])
        run = file_gold(self.looked_at, sql)
        if not run.runs:
            return Skip("the SQL does not run", f"{run.error}\n{place}: {sql}")
        row = place.rpartition(" ")[2]
        return Candidate(
            id=str(fields.get("id") or f"{self.name}-{row}"),
            db_id=self.name,
            question=fields["question"].strip(),
            sql=sql,
            place=place,
            evidence=str(fields.get("evidence") or "").strip(),
            tags=gold_tags(run),
        )

    def candidates(self, part: str) -> Iterator[Candidate | Skip]:
        """All questions, in file order."""
        yield from self.rows

    def example(self, candidate: Candidate, folder: Path, values: int) -> Example:
        """The example on the copied database; its gold was run with the others."""
        path = folder / database_of(candidate.db_id)
        return Example(
            id=candidate.id,
            db_id=candidate.db_id,
            database=database_of(candidate.db_id),
            question=candidate.question,
            sql=candidate.sql,
            schema=known_schema(path, path.stat().st_mtime_ns, values),
            evidence=candidate.evidence,
            tags=candidate.tags,
        )


def fields_of(row: dict) -> dict[str, object]:
    """A row's values by our names for them; of several columns with one name the first that holds text counts."""
    plain = [(str(key).strip().lower(), value) for key, value in row.items()]
    fields = {}
    for name, others in COLUMNS.items():
        values = [value for other in others for key, value in plain if key == other]
        texts = [value for value in values if isinstance(value, str)]
        if values:
            fields[name] = (texts or values)[0]
    return fields


def mistakes_in(fields: dict, raw: Raw, ids: dict[str, str], name: str) -> Iterator[str]:
    """What is wrong with a row before its SQL is run. `ids` are those met so far, with their places."""
    for column in ("question", "sql"):
        if column not in fields:
            yield f"column {column!r} is missing; found: {', '.join(map(str, raw.row))}"
        elif problem := text_problem(fields[column]):
            yield f"column {column!r} {problem}"
    if fields.get("db_id", name) != name:
        yield f"db_id {fields['db_id']!r}, but the database is {name!r}; one database at a time (--db-id names it)"
    own = str(fields.get("id") or "")
    if own in ids:
        yield f"duplicate id {own!r} (first in {ids[own].rpartition(': ')[2]})"
    elif own:
        ids[own] = raw.place


def mistake_lines(mistakes: list[tuple[str, str]]) -> list[str]:
    """Lines for (place, mistake) pairs; a column that many rows lack is named once, since then the header is wrong."""
    rows, lines = Counter(mistake for _, mistake in mistakes), {}
    for place, mistake in mistakes:
        if "is missing;" in mistake and rows[mistake] > 1:
            many = f" (in {rows[mistake]} rows; the first line of a CSV file names its columns)"
            lines.setdefault(mistake, f"{place}: {mistake}{many}")
        else:
            lines[f"{place}: {mistake}"] = f"{place}: {mistake}"
    more = len(lines) - LISTED_MISTAKES
    return [*list(lines.values())[:LISTED_MISTAKES], *([f"and {more} more"] if more > 0 else [])]


def place_database(source: Path, target: Path) -> None:
    """A copy of a SQLite file, or a link to one that is too large to be copied."""
    if source.is_file() and source.stat().st_size > LARGEST_COPY:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.resolve())
    else:
        copy_database(source, target)


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite file, what waits in its write-ahead log included; replaces `target` in one step."""
    with (
        replacement(target) as copy,
        closing(open_read_only(source)) as reader,
        closing(sqlite3.connect(copy)) as writer,
    ):
        try:
            reader.backup(writer)
            writer.execute("PRAGMA journal_mode = DELETE")
            (problem,) = writer.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            raise ConversionError(f"{source}: cannot be copied: {error}. Nothing was replaced.") from error
        if problem != "ok":
            raise SchemaError(f"{source}: the database is damaged ({problem}). Restore it, or export it again.")
