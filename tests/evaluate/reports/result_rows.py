"""Rows of results.jsonl for tests: a correct answer, and whatever a test changes about it."""

import json
from pathlib import Path

from evaluate.execution.match import RULES

PREVIEW = {"columns": ["count(*)"], "rows": [[6]], "total": 1}


def make_row(identity: object, *, outcome: str = "correct", **changes: object) -> dict:
    """A row whose rules, result and texts fit its outcome; each gold is another query unless `gold` is given."""
    right, ran = outcome == "correct", outcome in ("correct", "wrong_result")
    gold = f"SELECT count(*) FROM singer WHERE age > {identity}"
    row = {
        "id": identity,
        "db_id": "concert_singer",
        "question": f"How many singers are older than {identity}?",
        "gold": gold,
        "completion": gold,
        "sql": gold,
        "outcome": outcome,
        "error": None,
        "error_class": None if right else "wrong_value",
        "hardness": "easy",
        "matches": dict.fromkeys(RULES, right),
        "exact_match": right,
        "seconds": 0.002,
        "features": [],
        "gold_seconds": 0.002,
        "syntax": True,
        "token_f1": 1.0 if right else 0.5,
        "rouge": dict.fromkeys(("rouge1", "rouge2", "rougeL", "rougeLsum"), 1.0 if right else 0.5),
        "flags": [],
        "preview": {"gold": PREVIEW, "prediction": PREVIEW if ran else None},
    }
    if outcome == "no_sql":
        row |= {"sql": None, "completion": "I cannot say.", "syntax": False, "error_class": "no_sql"}
    if outcome in ("gold_error", "no_database"):
        row |= {"error": "not to be scored", "error_class": None, "preview": None}
    return row | changes


def make_rows(right: int, wrong: int) -> list[dict]:
    """So many correct rows, then so many wrong ones, every one with a gold of its own."""
    return [make_row(n, outcome="correct" if n < right else "wrong_result") for n in range(right + wrong)]


def write_results(folder: Path, rows: list[dict]) -> Path:
    """The rows as `folder`/results.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
