"""results.jsonl: what a row holds, and reading it back.

One line of results.jsonl is one example:

    id, db_id, question, gold    as in the data file; `id` joins runs
    completion, sql              what the model wrote, and the SQL found in it (null when none was); of a second draft
                                 where that took the first one's place
    outcome                      one of `verdict.OUTCOMES`; `correct` when rule strict holds
    error, error_class           what went wrong, in the database's words and as a class; null where nothing did
    hardness, features           Spider's level of the gold query, and the list of SQL features it uses
    matches                      {rule: whether it holds}, for `match.RULES`
    exact_match, syntax          Spider's exact set match, and whether SQLite's parser accepts the SQL; where the gold
                                 writes, exact_match is null, and syntax too where nothing was run
    token_f1, rouge              overlap with the gold's text: a number, and {"rouge1", "rouge2", "rougeL", "rougeLsum"}
    bleu                         the counts that corpus BLEU adds up (`text_metrics.bleu_counts`)
    seconds, gold_seconds        run time of the answer and of the gold
    flags                        what a correct verdict rests on: `gold_empty` (or changing nothing), `tied_limit`,
                                 `tied_order`, `repaired`, `changing: random()` for each function that differs from
                                 call to call
    repairs                      what was mended in the SQL before it ran (`--repair`), a sentence each; mostly none.
                                 `second draft: ` and SQLite's message: the model was asked again (`--second-draft`)
    gave_up                      {key: why it is null}: what took longer than a step may or more memory; empty mostly
    preview                      {"gold", "prediction"}: {"columns", "rows" (the first few), "total"} or null; where the
                                 gold writes, the rows are the changes: (table, change, rows removed, rows added)

Reading checks that every row has its keys, a known outcome and an id of its own, and tells all mistakes at once.
Not covered: making the rows (`score.py` does), what the figures mean (`aggregate.py`).
"""

import json
from collections.abc import Iterator
from pathlib import Path

from evaluate.execution.verdict import OUTCOMES, UNSCORED
from sql.hardness import LEVELS

REQUIRED_KEYS = (
    *("id", "db_id", "question", "gold", "completion", "sql", "outcome", "error", "error_class", "hardness"),
    *("matches", "exact_match", "seconds", "features", "gold_seconds", "syntax", "token_f1", "rouge", "flags"),
    "preview",
)
RESULTS_NAME = "results.jsonl"
MISTAKES_TOLD = 10


class ResultsError(ValueError):
    """A results file that cannot be used; the text says which file, which line and what was expected."""


def is_scored(row: dict) -> bool:
    """True when the example counts for execution figures: its gold ran and its database was there."""
    return row["outcome"] not in UNSCORED


def has_failed(row: dict) -> bool:
    """True when the example counts and its answer is not correct."""
    return is_scored(row) and row["outcome"] != "correct"


def rank_of(level: str) -> int:
    """The place of a level of hardness; those that are none come last."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def results_path(run: str | Path) -> Path:
    """The results.jsonl of a run: `run` is the file itself, its folder, or `out/<recipe>` with `evaluation/` inside."""
    run = Path(run)
    for candidate in (run, run / RESULTS_NAME, run / "evaluation" / RESULTS_NAME):
        if candidate.is_file():
            return candidate
    raise ResultsError(f"{run}: expected a results.jsonl file or a folder that holds one")


class ResultsFile:
    """The rows of a run, read from its file each time they are gone through; for a file that `run.py` has just made."""

    def __init__(self, run: str | Path) -> None:
        self.path = results_path(run)

    def __iter__(self) -> Iterator[dict]:
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def read_results(run: str | Path) -> list[dict]:
    """The rows of a run, in file order. Raises ResultsError naming every bad line (the first ten)."""
    path = results_path(run)
    rows, mistakes, lines_of = [], [], {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                mistakes.append(f"line {number}: not JSON ({getattr(error, 'msg', type(error).__name__)})")
                continue
            mistakes.extend(f"line {number}: {text}" for text in _mistakes(row, number, lines_of))
            rows.append(row)
    if mistakes:
        more = [f"and {len(mistakes) - MISTAKES_TOLD} more"] if len(mistakes) > MISTAKES_TOLD else []
        raise ResultsError(f"{path}: " + "; ".join(mistakes[:MISTAKES_TOLD] + more))
    if not rows:
        raise ResultsError(f"{path}: no rows; an evaluation of nothing has no score")
    return rows


def _mistakes(row: object, number: int, lines_of: dict) -> list[str]:
    """What is wrong with one row; `lines_of` remembers where each id was first seen."""
    if not isinstance(row, dict):
        return ["expected a JSON object"]
    if missing := [key for key in REQUIRED_KEYS if key not in row]:
        return [f"missing {', '.join(missing)}"]
    found = []
    if row["outcome"] not in OUTCOMES:
        found.append(f"outcome {row['outcome']!r} is none of {', '.join(OUTCOMES)}")
    if (first := lines_of.setdefault(str(row["id"]), number)) != number:
        found.append(f"duplicate id {row['id']!r} (first on line {first})")
    return found


def run_name(run: str | Path) -> str:
    """A short name for a run: the folder of results.jsonl, or the one above when that is just called `evaluation`."""
    folder = results_path(run).resolve().parent
    return folder.parent.name if folder.name == "evaluation" else folder.name
