"""Completions to rows of results.jsonl: extract, execute, match, measure.

What a row holds stands in `evaluate/reports/results_file.py`; what each figure means, in the module that computes it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from evaluate.examples import read_json
from evaluate.execution.judge import judge_all
from evaluate.execution.verdict import Example, Verdict
from evaluate.extract import extract_sql
from evaluate.extract_statements import extract_statements
from evaluate.reports.results_file import UNSCORED
from sql import exact_match as exact
from sql.catalog import Catalog, catalog_from_sqlite, catalog_from_tables_json
from sql.error_class import class_of_error, classify
from sql.features import features
from sql.hardness import hardness
from sql.schema import SchemaError
from sql.text_metrics import is_valid_syntax, rouge, token_f1


class Settings(NamedTuple):
    """How to execute: the databases folder, worker processes (1: a plain loop), seconds a query may take."""

    databases: Path
    workers: int = 2
    timeout: float = 30.0


def score(rows: list[dict], completions: dict[str, str | None], settings: Settings) -> Iterator[dict]:
    """The results of `rows`, in their order, as soon as each is known.

    Args:
        rows: examples (`evaluate.examples`).
        completions: raw completion, or SQL, by row id as text; an id without one is scored as `no_sql`.
    """
    sqls = {str(row["id"]): found(completions.get(str(row["id"])), writes=gold_writes(row)) for row in rows}
    examples = [
        Example(str(row["id"]), row["output"], sqls[str(row["id"])], database_files(row, settings), gold_writes(row))
        for row in rows
    ]
    catalogs = Catalogs(settings.databases)
    verdicts = judge_all(examples, workers=settings.workers, timeout=settings.timeout)
    for row, (key, verdict) in zip(rows, verdicts, strict=True):
        yield result_row(row, completions.get(key), sqls[key], verdict, catalogs)


def gold_writes(row: dict) -> bool:
    """Whether a row's gold changes its database: the converter tags it `writes`."""
    return "writes" in row.get("tags", ())


def found(completion: str | None, *, writes: bool = False) -> str | None:
    """The SQL in a completion, None where there is none. Statements that write count only where the gold `writes`."""
    if not completion:
        return None
    return extract_statements(completion) if writes else extract_sql(completion)


def database_files(row: dict, settings: Settings) -> tuple[Path, ...]:
    """Every `.sqlite` file in the folder of a row's database (test suites have several), or the missing path."""
    path = settings.databases / row.get("database", f"{row['db_id']}/{row['db_id']}.sqlite")
    return tuple(sorted(path.parent.glob("*.sqlite"))) or (path,)


class Catalogs:
    """Tables and keys of each database, read once: from a `tables.json` beside the folder, else from the file."""

    def __init__(self, databases: Path) -> None:
        self.databases = databases
        entries = read_json(path) if (path := databases.parent / "tables.json").is_file() else []
        self.catalogs = {entry["db_id"]: catalog_from_tables_json(entry) for entry in entries}

    def of(self, row: dict) -> Catalog:
        if row["db_id"] not in self.catalogs:
            self.catalogs[row["db_id"]] = read_catalog(database_files(row, Settings(self.databases))[0])
        return self.catalogs[row["db_id"]]


def read_catalog(path: Path) -> Catalog:
    """The catalog of a file; an empty one where it has none to read, which the row's outcome says."""
    try:
        return catalog_from_sqlite(path)
    except SchemaError:
        return Catalog({}, ())


def result_row(row: dict, completion: str | None, sql: str | None, verdict: Verdict, catalogs: Catalogs) -> dict:
    """One line of results.jsonl."""
    gold, writes = row["output"], gold_writes(row)
    return {
        "id": row["id"],
        "db_id": row["db_id"],
        "question": row["question"],
        "gold": gold,
        "completion": completion,
        "sql": sql,
        "outcome": verdict.outcome,
        "error": verdict.error,
        "error_class": classify(gold, sql, verdict.outcome, verdict.error, writes=writes),
        "hardness": hardness(gold),
        "matches": verdict.matches,
        "exact_match": None if writes else exact.exact_match(gold, sql, catalogs.of(row)),
        "seconds": verdict.seconds,
        "features": list(features(gold)),
        "gold_seconds": verdict.gold_seconds,
        "syntax": is_accepted(sql, verdict) if writes else is_valid_syntax(sql),
        "token_f1": token_f1(gold, sql),
        "rouge": rouge(gold, sql),
        "flags": [name for name in ("gold_empty", "tied_limit") if getattr(verdict, name)],
        "preview": {"gold": verdict.gold_preview, "prediction": verdict.prediction_preview},
    }


def is_accepted(sql: str | None, verdict: Verdict) -> bool | None:
    """Whether SQLite's parser accepted statements that write, told by running them; None where they did not run."""
    if verdict.outcome in UNSCORED:
        return None
    return sql is not None and (verdict.outcome != "error" or class_of_error(verdict.error or "") != "syntax")
