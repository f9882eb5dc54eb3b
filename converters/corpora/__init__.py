"""The corpora, one module each, and the options that several of them have."""

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from converters.rows import Candidate, Example, Skip
from converters.sources import part_files

HUB = ("hub", "hub2")  # in place of a folder: the corpus's one or two names on the Hugging Face hub
WRITTEN = {"eval": ("eval",), "all": ("train", "eval"), "none": ()}  # --write-databases: the files whose rows get one


@dataclass(frozen=True)
class RowDatabases:
    """A corpus whose every row brings its own database, in `source`: a folder, a file, or a word of `hub_names`."""

    source: str
    write_databases: str = "eval"
    synthetic_rows: str = "no"
    seed: int = 7

    default_style: ClassVar[str] = "ddl"
    hub_names: ClassVar[dict[str, str]]
    required: ClassVar[dict[str, tuple[str, str]]]

    @classmethod
    def add_options(cls, parser: argparse.ArgumentParser) -> None:
        add_source(parser, cls.required["source"][1])
        add_row_databases(parser, fills=cls.synthetic_rows)

    def files(self) -> list[Path]:
        """The files of the corpus; the hub's do not change."""
        return [] if self.source in self.hub_names else part_files(Path(self.source))["all"]

    def databases(self, folder: Path) -> None:
        """None before the rows: each brings its own."""

    @property
    def written(self) -> tuple[str, ...]:
        """The splits whose rows get a database file."""
        return WRITTEN[self.write_databases]

    def example(self, candidate: Candidate, folder: Path | None, values: int) -> Example | Skip:
        """The example on the candidate's own database, which is written where there is a folder for it."""
        from converters.corpora import row_databases  # loads sqlglot, which a recipe that converts nothing can spare

        return row_databases.example(candidate, folder, values, self.seed if self.synthetic_rows == "yes" else None)


def add_source(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Where the corpus is."""
    parser.add_argument("--source", type=source, metavar="PLACE", help=meaning)


def add_row_databases(parser: argparse.ArgumentParser, *, fills: str) -> None:
    """Options of a corpus whose every row has its own database; `fills`: whether empty tables are filled by default."""
    add = parser.add_argument
    add("--write-databases", choices=WRITTEN, help="rows that get a SQLite file (default: eval)")
    add("--synthetic-rows", choices=("yes", "no"), help=f"make up rows for empty tables (default: {fills})")
    add_split(parser)


def add_split(parser: argparse.ArgumentParser) -> None:
    """How a corpus without parts is divided."""
    parser.add_argument("--split", type=share, help="share for evaluation, where there are no parts (default: 0.1)")


def share(text: str) -> float:
    """A number between 0 and 1, both excluded."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text}: a share between 0 and 1 is expected, as in 0.1")
    return value


def whole(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number from 1 is expected")
    return int(text)


def source(text: str) -> str:
    """A folder or file, absolute, so that it holds for a later run from elsewhere; or a word that means the hub."""
    return text if text in HUB else absolute(text)


def absolute(text: str) -> str:
    """A path from the command line, absolute."""
    return str(Path(text).resolve())


def link(target: Path, place: Path) -> None:
    """A link at `place` to a file or folder; a copy where links are not possible."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.symlink(target, place, target_is_directory=target.is_dir())
    except OSError:
        (shutil.copytree if target.is_dir() else shutil.copy)(target, place)
