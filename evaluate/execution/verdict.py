"""What is judged and what comes of it: the example, the verdict, and what a person sees of a result.

Standard library only: the workers import this module.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from evaluate.execution.match import RULES
from evaluate.execution.sandbox import Execution

OUTCOMES = ("correct", "wrong_result", "error", "timeout", "too_large", "no_sql", "gold_error", "no_database")
UNSCORED = ("gold_error", "no_database")  # the data is at fault, not the answer: counted and named, never scored
FLAGS = ("gold_empty", "tied_limit", "tied_order")  # what a verdict may rest on, fields of `Verdict`
PREVIEW_ROWS = 5
PREVIEW_COLUMNS = 20
PREVIEW_CHARACTERS = 80
ERROR_CHARACTERS = 500
TOO_LONG = "comparing the results took too long"
GRACE_SECONDS = 1.0  # beyond the deadline of a query, before its worker is ended

Preview = dict[str, Any]


class Example(NamedTuple):
    """What is judged. `predicted` is None where no SQL was found; a prediction must match on every database file.

    `writes`: the gold changes the database, and the states after it are compared (`write.py`).
    """

    id: str
    gold: str
    predicted: str | None
    databases: tuple[Path, ...]
    writes: bool = False


class Verdict(NamedTuple):
    """What became of one example.

    outcome          one of OUTCOMES, the first that holds of: `no_database` (a file is missing or unreadable),
                     `gold_error` (the gold fails, overruns or is too large on a file), `no_sql` (nothing was
                     predicted), then `error`, `timeout` or `too_large` (the first file on which the prediction fails),
                     and last `correct` or `wrong_result` by the rule `strict`
    error            what went wrong, else None
    matches          rule name -> verdict on all files; all False where nothing was compared. `spider` alone can hold
                     where the prediction is an error: it runs an edited text, as the official tool does
    seconds          time of the prediction in SQLite, summed over the files; `gold_seconds` that of the gold's first
                     run
    gold_preview     {"columns": [...], "rows": the first 5, "total": rows in all} on the first file that does not
                     match, or the first file; 20 columns, text cut at 80 characters, blobs in hexadecimal. None
                     when there is no result. Of an example that writes, the rows are the changes
                     (`state.changes`).
    gold_empty       the gold returns no rows on any file; of an example that writes: it changes nothing on any
    tied_limit       the gold's LIMIT cuts through a tie on some file; `tied_order`: its ORDER BY leaves one (`ties`)
    changing         the functions in gold or prediction that differ from call to call, such as `random`
    """

    outcome: str
    error: str | None = None
    matches: dict[str, bool] = dict.fromkeys(RULES, False)
    seconds: float = 0.0
    gold_seconds: float = 0.0
    gold_preview: Preview | None = None
    prediction_preview: Preview | None = None
    gold_empty: bool = False
    tied_limit: bool = False
    tied_order: bool = False
    changing: tuple[str, ...] = ()


class Announce(Protocol):
    """Says before a step how many seconds it may take (`cpu`: of CPU time), and the verdict should it never end."""

    def __call__(self, seconds: float, verdict: Verdict, *, cpu: bool = False) -> None: ...


def unannounced(seconds: float, verdict: Verdict, *, cpu: bool = False) -> None:
    """Nobody listens: what runs on in one C call cannot be stopped."""


def preview(execution: Execution) -> Preview:
    """The first rows of a result in plain JSON values."""
    return short_table(execution.columns, execution.rows, len(execution.rows))


def short_table(columns: Sequence[str], rows: Sequence[Sequence[object]], total: int) -> Preview:
    """A preview of a table with `total` rows, of which `rows` are the first or all."""
    shown = [[_plain(cell) for cell in row[:PREVIEW_COLUMNS]] for row in rows[:PREVIEW_ROWS]]
    names = [_plain(name) for name in columns[:PREVIEW_COLUMNS]]
    more = len(columns) - len(names)
    return {"columns": [*names, f"… {more} more"] if more else names, "rows": shown, "total": total}


def _plain(cell: object) -> object:
    if isinstance(cell, bytes):
        cell = cell[: PREVIEW_CHARACTERS // 2 + 1].hex()
    if isinstance(cell, str):
        return cell if len(cell) <= PREVIEW_CHARACTERS else cell[: PREVIEW_CHARACTERS - 1] + "…"
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell


def short_error(text: str | None) -> str | None:
    """An error text that can be kept with a hundred thousand others."""
    return text if text is None or len(text) <= ERROR_CHARACTERS else text[: ERROR_CHARACTERS - 1] + "…"
