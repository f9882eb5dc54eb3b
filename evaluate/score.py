"""Completions to rows of results.jsonl: extract, execute, match, measure, all of it in workers that can be ended.

What a row holds is said in `evaluate/reports/results_file.py`; what each figure means, in the module that computes it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from evaluate.decoding.second_draft import named, next_row, refusal
from evaluate.examples import DataError, read_json
from evaluate.execution.pool import stream
from evaluate.execution.sandbox import Limits
from evaluate.execution.verdict import FLAGS, Verdict
from evaluate.task import MAX_COMPLETION, Known, Setup, Task, go_on
from sql.catalog import Catalog, catalog_from_tables_json

RAN = ("correct", "wrong_result")  # outcomes of a query that gave a result


class Settings(NamedTuple):
    """How to execute: the databases folder, worker processes, seconds a query may take, whether to repair queries."""

    databases: Path
    workers: int = 2
    timeout: float = 15.0
    repair: bool = False


def score(rows: Iterable[dict], completions: Mapping[str, str | None], settings: Settings) -> Iterator[dict]:
    """The results of `rows`, in their order, as soon as each is known. Raises DataError for a bad tables.json.

    Args:
        rows: examples (`evaluate.examples`); they are gone through twice.
        completions: raw completion, or SQL, by row id as text; an id without one is scored as `no_sql`.
    """
    setup = Setup(Limits(seconds=settings.timeout), read_catalogs(settings.databases), settings.repair)
    tasks = (make_task(row, completions, settings) for row in rows)
    target = "evaluate.assess:make_assess"
    answers = stream(tasks, target=target, settings=setup, workers=settings.workers, resume=go_on)
    for row, known in zip(rows, answers, strict=True):
        yield result_row(row, cut(completions.get(str(row["id"]))), known)


def again(rows: Iterable[dict], results: Iterable[dict]) -> list[dict]:
    """The rows to ask once more, with their first drafts as `history`: those whose SQL SQLite refused to compile."""
    messages = ((row, refusal(row["outcome"], row["error"])) for row in results)
    refused = {row["id"]: (row["sql"], message) for row, message in messages if message}
    return [next_row(row, *refused[row["id"]]) for row in rows if row["id"] in refused and not gold_writes(row)]


def with_second_drafts(
    results: Iterable[dict], asked: list[dict], texts: Mapping[str, str], settings: Settings
) -> Iterator[dict]:
    """The results, those of second drafts that ran in place of the first; their `repairs` begin with the message.

    `asked`: what `again` made of the same results; `texts`: the completions of these rows.
    """
    ran = {row["id"]: row for row in score(asked, texts, settings) if row["outcome"] in RAN} if asked else {}
    for row in results:
        second = ran.get(row["id"])
        yield second_row(second, row["error"]) if second else row


def second_row(row: dict, message: str) -> dict:
    """The result of a second draft, named like a repair."""
    flags = list(dict.fromkeys([*row["flags"], "repaired"]))
    return row | {"repairs": named(message, row["repairs"]), "flags": flags}


def make_task(row: dict, completions: Mapping[str, str | None], settings: Settings) -> Task:
    key = str(row["id"])
    files = database_files(row, settings.databases)
    return Task(key, row["output"], cut(completions.get(key)), files, row["db_id"], gold_writes(row))


def cut(completion: str | None) -> str | None:
    return completion and completion[:MAX_COMPLETION]


def gold_writes(row: dict) -> bool:
    """Whether a row's gold changes its database: the converter tags it `writes`."""
    return "writes" in row.get("tags", ())


def database_files(row: dict, databases: Path) -> tuple[Path, ...]:
    """Every `.sqlite` file in the folder of a row's database (test suites have several), or the missing path.

    None of them where the path, links followed, leads out of the databases folder.
    """
    return files_of(databases, row.get("database", f"{row['db_id']}/{row['db_id']}.sqlite"))


@lru_cache(maxsize=1024)
def files_of(databases: Path, name: str) -> tuple[Path, ...]:
    """`database_files` by the path below the databases folder."""
    path = databases / name
    try:
        found = tuple(sorted(path.parent.glob("*.sqlite"))) or (path,)
        return found if is_inside(found, databases) else ()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, links in a circle
        return (path,)


def is_inside(paths: tuple[Path, ...], folder: Path) -> bool:
    root = folder.resolve()
    return all(path.resolve().is_relative_to(root) for path in paths)


def read_catalogs(databases: Path) -> dict[str, Catalog]:
    """Tables and keys by db_id, from a `tables.json` beside the databases, links followed.

    Raises DataError naming all bad entries.
    """
    path = databases.resolve().parent / "tables.json"
    entries = read_json(path) if path.is_file() else []
    if not isinstance(entries, list):
        raise DataError(f"{path}: expected a JSON array with an object for each database. Repair or remove it.")
    catalogs, mistakes = {}, []
    for number, entry in enumerate(entries):
        try:
            catalogs[str(entry["db_id"])] = catalog_from_tables_json(entry)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            mistakes.append(f"entry {number}: {type(error).__name__} {str(error)[:80]!r}")
    if mistakes:
        raise DataError(
            f"{path}: {'; '.join(mistakes[:100])}. Expected db_id, table_names_original, column_names_original and "
            "foreign_keys as in Spider's tables.json. Repair or remove the file."
        )
    return catalogs


def result_row(row: dict, completion: str | None, known: Known) -> dict:
    """One line of results.jsonl."""
    verdict, figures = known.verdict, known.measured
    return {
        "id": row["id"],
        "db_id": row["db_id"],
        "question": row["question"],
        "gold": row["output"],
        "completion": completion,
        "sql": known.sql,
        "outcome": verdict.outcome,
        "error": verdict.error,
        "error_class": figures["error_class"],
        "hardness": figures["hardness"],
        "matches": verdict.matches,
        "exact_match": figures["exact_match"],
        "seconds": verdict.seconds,
        "features": figures["features"] or [],
        "gold_seconds": verdict.gold_seconds,
        "syntax": figures["syntax"],
        "token_f1": figures["token_f1"],
        "rouge": figures["rouge"],
        "bleu": figures["bleu"],
        "repairs": figures.get("repairs") or [],
        "flags": flags(verdict) + (["repaired"] if figures.get("repairs") else []),
        "gave_up": known.gave_up,
        "preview": {"gold": verdict.gold_preview, "prediction": verdict.prediction_preview},
    }


def flags(verdict: Verdict) -> list[str]:
    """What the verdict rests on; see `results_file.py`."""
    return [name for name in FLAGS if getattr(verdict, name)] + [f"changing: {name}()" for name in verdict.changing]
