"""Questions about a table of exoplanets: our own set, or the published `dpv/exoplanets-sql` and `dpv/exoplanets-sql2`.

A raw row of our own set (`data/samples/exoplanets/*.jsonl`):
    {"id": "exo-train-001", "question": "How many planets are there?", "sql": "SELECT COUNT(*) FROM exoplanets"}
a raw row of the published sets:
    {"context": "CREATE TABLE exoplanets ...", "question": "...", "answer": "SELECT ..."}
Both become examples on the database `exoplanets`, which is made of a CSV: the shipped one of invented planets, or the
real table with `--csv cleaned_5250.csv` (the published sets ask about the real one).

Units: distance in light years, orbital_radius in astronomical units, orbital_period in years, reference masses in kg.
"""

import argparse
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from converters.corpora import absolute, add_source
from converters.golds import file_example
from converters.rows import Candidate, ConversionError, Example
from converters.sources import Raw, hub_rows, need, read_rows

DB_ID = "exoplanets"
SAMPLES = Path(__file__).resolve().parents[2] / "data/samples/exoplanets"
PLANETS = SAMPLES / "planets.csv"
HUB_NAMES = {"hub": "dpv/exoplanets-sql", "hub2": "dpv/exoplanets-sql2"}
COLUMNS = {
    "name": "TEXT",
    "distance": "REAL",
    "stellar_magnitude": "REAL",
    "planet_type": "TEXT",
    "discovery_year": "INTEGER",
    "mass_multiplier": "REAL",
    "mass_wrt": "TEXT",
    "radius_multiplier": "REAL",
    "radius_wrt": "TEXT",
    "orbital_radius": "REAL",
    "orbital_period": "REAL",
    "eccentricity": "REAL",
    "detection_method": "TEXT",
}
REFERENCE_PLANETS = (("Jupiter", 1.898e27), ("Earth", 5.972e24))


@dataclass(frozen=True)
class Corpus:
    """The questions in `source` (a folder, or a word of HUB_NAMES), on the table in `csv`."""

    source: str | None = None
    csv: str | None = None

    default_style: ClassVar[str] = "compact"  # a third of the tokens of `ddl`, and this set needs no column types
    required: ClassVar[dict[str, tuple[str, str]]] = {}
    has_parts: ClassVar[bool] = True

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        add_source(parser, "a folder with train.jsonl and eval.jsonl, or hub, hub2 (default: our own questions)")
        parser.add_argument("--csv", type=absolute, help="fill the database from this CSV instead of the shipped one")

    @property
    def folder(self) -> Path:
        """Where the question files are."""
        return Path(self.source) if self.source else SAMPLES

    def files(self) -> list[Path]:
        """The files whose change makes the converted files out of date."""
        questions = [] if self.source in HUB_NAMES else sorted(self.folder.glob("*.jsonl"))
        return [Path(__file__), *questions, Path(self.csv or PLANETS)]

    def databases(self, folder: Path) -> None:
        """Write the database; warns where the questions ask about another."""
        if text := self.warning():
            print(text, file=sys.stderr, flush=True)
        path = folder / DB_ID / f"{DB_ID}.sqlite"
        path.parent.mkdir(parents=True)
        fill(path, read_planets(Path(self.csv or PLANETS)))

    def warning(self) -> str | None:
        """What is wrong with asking the published questions of the shipped planets; None where that is not done."""
        if self.source not in HUB_NAMES or self.csv:
            return None
        return (
            f"exoplanets: the questions of {HUB_NAMES[self.source]} ask about the real table, and this database is a "
            "generated sample, in which the planets they name do not exist. --csv cleaned_5250.csv fills it with the "
            "real one"
        )

    def candidates(self, part: str) -> Iterator[Candidate]:
        """The rows of one part (`train` or `eval`), in file order."""
        if self.source in HUB_NAMES:
            yield from published(part, HUB_NAMES[self.source])
            return
        for raw in read_rows(self.folder / f"{part}.jsonl"):
            need(raw, ("id", "question", "sql"))
            yield Candidate(str(raw.row["id"]), DB_ID, raw.row["question"], raw.row["sql"], raw.place)

    def example(self, candidate: Candidate, folder: Path, values: int) -> Example:
        """The example on the one database; its gold is run."""
        return file_example(candidate, folder, values)


def published(part: str, name: str) -> Iterator[Candidate]:
    """A published set from the hub; its `test` or `validation` part is the one we evaluate on."""
    for number, raw in enumerate(hub_rows(name, part)):
        yield Candidate(f"{name.split('/')[1]}-{part}-{number}", DB_ID, raw.row["question"], answer_sql(raw), raw.place)


def answer_sql(raw: Raw) -> str:
    """The gold SQL of a published row, without its final semicolon."""
    need(raw, ("question", "answer"))
    if not str(raw.row["answer"] or "").strip():
        raise ConversionError(f"{raw.place}: key 'answer' is empty. The gold SQL is expected there.")
    return raw.row["answer"].strip().removesuffix(";")


def read_planets(path: Path) -> list[tuple]:
    """The planets of a CSV with the columns COLUMNS, empty cells for NULL. Raises ConversionError with all mistakes."""
    rows, mistakes = [], []
    for raw in read_rows(path):
        missing = [column for column in COLUMNS if column not in raw.row]
        if missing:
            raise ConversionError(
                f"{path} has no column {', '.join(missing)}; expected a header with {', '.join(COLUMNS)}"
            )
        rows.append(tuple(cell(raw, column, mistakes) for column in COLUMNS))
    if mistakes:
        raise ConversionError(f"{path} has {len(mistakes)} bad cells:\n" + "\n".join(mistakes[:20]))
    return rows


def cell(raw: Raw, column: str, mistakes: list[str]) -> str | float | int | None:
    """A cell in its column's type; one that is not of it is a mistake."""
    text = raw.row[column]
    if not text:
        return None
    try:
        return {"TEXT": str, "REAL": float, "INTEGER": int}[COLUMNS[column]](text)
    except ValueError:
        mistakes.append(f"{raw.place.rpartition(': ')[2]}: {column} is {text!r}; expected a number or an empty cell")
        return None


def fill(file: Path, rows: list[tuple]) -> None:
    """Write the two tables to a new file. Raises OSError where it cannot be written."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    try:
        with closing(sqlite3.connect(file)) as connection:
            # no journal: a failed build is thrown away whole
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute(f"CREATE TABLE exoplanets ({columns})")
            connection.execute("CREATE TABLE reference_planets (name TEXT, mass REAL)")
            connection.executemany(f"INSERT INTO exoplanets VALUES ({', '.join('?' * len(COLUMNS))})", rows)
            connection.executemany("INSERT INTO reference_planets VALUES (?, ?)", REFERENCE_PLANETS)
            connection.commit()
    except sqlite3.Error as error:
        raise OSError(None, str(error), str(file)) from error
