"""Questions about a table of exoplanets: our own set, or the published `dpv/exoplanets-sql` and `dpv/exoplanets-sql2`.

A raw row of our own set (`data/samples/exoplanets/*.jsonl`):
    {"id": "exo-train-001", "question": "How many planets are there?", "sql": "SELECT COUNT(*) FROM exoplanets"}
a raw row of the published sets:
    {"context": "CREATE TABLE exoplanets ...", "question": "...", "answer": "SELECT ..."}
Both become `Example`s on the database `exoplanets`, which this module writes too: a generated sample (no observations),
or the real table with `--csv cleaned_5250.csv` (the published sets ask about the real one).
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from converters.exoplanets_sample import SampleError, write_database, write_database_from_csv
from converters.rows import ConversionError, Example, read_json_lines

DB_ID = "exoplanets"
DATABASE = f"{DB_ID}/{DB_ID}.sqlite"
SAMPLES = Path(__file__).resolve().parents[1] / "data/samples/exoplanets"
DEFAULT_STYLE = "compact"  # a third of the tokens of `ddl`, and this set has no use for column types
HUB_NAMES = {"hub": "dpv/exoplanets-sql", "hub2": "dpv/exoplanets-sql2"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", type=Path, help="fill the database from this CSV instead of the generated sample")
    parser.add_argument("--rows", type=int, default=1000, help="planets in the generated sample (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="seed of the generated sample (default: %(default)s)")


def sources(arguments: argparse.Namespace) -> list[Path]:
    """The files whose change makes the converted files out of date."""
    module = Path(__file__)
    questions = [] if arguments.source in HUB_NAMES else sorted(folder(arguments.source).glob("*.jsonl"))
    return [module, module.with_name("exoplanets_sample.py"), *questions, *filter(None, [arguments.csv])]


def prepare(arguments: argparse.Namespace, databases: Path) -> None:
    """Write the database of this set below `databases`."""
    path = databases / DATABASE
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.csv:
            write_database_from_csv(path, arguments.csv)
        else:
            write_database(path, seed=arguments.seed, rows=arguments.rows)
    except SampleError as error:
        raise ConversionError(str(error)) from error


def examples(split: str, arguments: argparse.Namespace) -> Iterator[Example]:
    """The examples of one split (`train` or `eval`), in file order."""
    if arguments.source in HUB_NAMES:
        yield from hub_examples(split, HUB_NAMES[arguments.source])
        return
    path = folder(arguments.source) / f"{split}.jsonl"
    for row in read_json_lines(path, ("id", "question", "sql")):
        yield Example(row["id"], DB_ID, DATABASE, row["question"], row["sql"])


def hub_examples(split: str, name: str) -> Iterator[Example]:
    """A published set through `datasets`; its `test` or `validation` split is the one we evaluate on."""
    import datasets

    try:
        splits = datasets.load_dataset(name)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise ConversionError(f"{name}: not loaded from the hub ({error}). Check the network, or leave --source out.") from error
    wanted = ["train"] if split == "train" else [name for name in splits if name != "train"]
    for part in wanted:
        for number, row in enumerate(splits[part]):
            yield Example(f"{name.split('/')[1]}-{part}-{number}", DB_ID, DATABASE, row["question"], answer_sql(name, number, row))


def answer_sql(name: str, number: int, row: dict) -> str:
    """The gold SQL of a published row, without its final semicolon."""
    if not str(row.get("answer") or "").strip():
        raise ConversionError(f"{name}: row {number}: key 'answer' is missing or empty: {json.dumps(row)[:200]}")
    return row["answer"].strip().removesuffix(";")


def folder(source: str | None) -> Path:
    """Where the question files lie: our own set unless `source` names another folder."""
    return Path(source) if source else SAMPLES
