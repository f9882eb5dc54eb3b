"""Questions about a table of exoplanets: our own set, or the published `dpv/exoplanets-sql` and `dpv/exoplanets-sql2`.

A raw row of our own set (`data/samples/exoplanets/*.jsonl`):
    {"id": "exo-train-001", "question": "How many planets are there?", "sql": "SELECT COUNT(*) FROM exoplanets"}
a raw row of the published sets:
    {"context": "CREATE TABLE exoplanets ...", "question": "...", "answer": "SELECT ..."}
Both become examples on the database `exoplanets`, which this module writes too: a generated sample (no observations),
or the real table with `--csv cleaned_5250.csv` (the published sets ask about the real one).
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from converters import exoplanets_sample
from converters.exoplanets_sample import SampleError, write_database, write_database_from_csv
from converters.golds import file_gold, gold_tags
from converters.options import add_source, resolved
from converters.rows import Candidate, ConversionError, Example
from converters.schema import read_schema
from converters.sources import Raw, hub_rows, need, read_rows

DB_ID = "exoplanets"
DATABASE = f"{DB_ID}/{DB_ID}.sqlite"
SAMPLES = Path(__file__).resolve().parents[2] / "data/samples/exoplanets"
DEFAULT_STYLE = "compact"  # a third of the tokens of `ddl`, and this set has no use for column types
REQUIRED: dict[str, tuple[str, str]] = {}
HUB_NAMES = {"hub": "dpv/exoplanets-sql", "hub2": "dpv/exoplanets-sql2"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser, "a folder with train.jsonl and eval.jsonl, or hub, hub2 (default: our own questions)")
    parser.add_argument("--csv", type=resolved, help="fill the database from this CSV instead of the generated sample")
    parser.add_argument("--rows", type=int, default=1000, help="planets in the generated sample (default: %(default)s)")


def sources(arguments: argparse.Namespace) -> list[Path]:
    """The files whose change makes the converted files out of date."""
    questions = [] if arguments.source in HUB_NAMES else sorted(folder(arguments.source).glob("*.jsonl"))
    return [Path(__file__), Path(exoplanets_sample.__file__), *questions, *filter(None, [arguments.csv])]


def warning(source: str | None, csv: Path | None) -> str | None:
    """What is wrong with asking the published questions of the generated sample; None where that is not done."""
    if source not in HUB_NAMES or csv:
        return None
    return (
        f"exoplanets: the questions of {HUB_NAMES[source]} ask about the real table, and this database is a generated "
        "sample, in which the planets they name do not exist. --csv cleaned_5250.csv fills it with the real one"
    )


def prepare(arguments: argparse.Namespace) -> None:
    """Write the database of this set; warns where its questions ask about another."""
    if told := warning(arguments.source, arguments.csv):
        print(told, file=sys.stderr, flush=True)
    path = arguments.databases / DATABASE
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.csv:
            write_database_from_csv(path, arguments.csv)
        else:
            write_database(path, seed=arguments.seed, rows=arguments.rows)
    except SampleError as error:
        raise ConversionError(str(error)) from error


def has_parts(arguments: argparse.Namespace) -> bool:
    """Every form of this set has a training and an evaluation part."""
    return True


def candidates(part: str, arguments: argparse.Namespace) -> Iterator[Candidate]:
    """The rows of one part (`train` or `eval`), in file order."""
    if arguments.source in HUB_NAMES:
        yield from published(part, HUB_NAMES[arguments.source])
        return
    for raw in read_rows(folder(arguments.source) / f"{part}.jsonl"):
        need(raw, ("id", "question", "sql"))
        yield Candidate(raw.row["id"], DB_ID, raw.row["question"], raw.row["sql"], raw.place)


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


def example(candidate: Candidate, arguments: argparse.Namespace) -> Example:
    """The example on the one database; its gold is run."""
    path = arguments.databases / DATABASE
    return Example(
        *(candidate.id, DB_ID, DATABASE, candidate.question, candidate.sql),
        schema=read_schema(path, values=arguments.values),
        tags=gold_tags(file_gold(path, candidate.sql)),
    )


def folder(source: str | None) -> Path:
    """Where the question files lie: our own set unless `source` names another folder."""
    return Path(source) if source else SAMPLES
