"""The corpora, one module each, and the options that several of them have."""

import argparse
from pathlib import Path

HUB = ("hub", "hub2")  # in place of a folder: the corpus's one or two names on the Hugging Face hub
WRITTEN = {"eval": ("eval",), "all": ("train", "eval"), "none": ()}  # --write-databases: the files whose rows get one


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


def source(text: str) -> str:
    """A folder or file, absolute, so that it holds for a later run from elsewhere; or a word that means the hub."""
    return text if text in HUB else absolute(text)


def absolute(text: str) -> str:
    """A path from the command line, absolute."""
    return str(Path(text).resolve())
