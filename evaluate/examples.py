"""The examples a run is scored on: a converted file, or Spider's own dev.json, as one kind of row.

A converted row is taken as it is. A row of Spider's file, `{"db_id", "question", "query"}`, becomes one with `id` its
position, `database` = `<db_id>/<db_id>.sqlite` and `output` its query; it has no prompt.
"""

import json
from pathlib import Path

KEYS = ("id", "db_id", "question", "output")


class DataError(Exception):
    """A data or predictions file that cannot be used; the message names file, row and key, and what to do."""


def read_examples(path: Path) -> list[dict]:
    """The rows of a data file, in file order. Raises DataError, telling the first ten mistakes at once."""
    raw = read_json(path)
    if not isinstance(raw, list) or not raw:
        raise DataError(
            f"{path}: expected a JSON array with at least one row. Convert it: python converters/run.py --help"
        )
    rows = [from_spider(number, row) for number, row in enumerate(raw)]
    mistakes = [
        f"row {number}: key {key!r} is missing"
        for number, row in enumerate(rows)
        for key in KEYS
        if not isinstance(row, dict) or key not in row
    ]
    mistakes = mistakes or [
        f"row {number}: key 'output' is {json.dumps(row['output'])[:40]}, a text is expected"
        for number, row in enumerate(rows)
        if not isinstance(row["output"], str)
    ]
    ids = [str(row["id"]) for row in rows] if not mistakes else []
    mistakes += (
        [f"id {key!r} stands more than once" for key in sorted({key for key in ids if ids.count(key) > 1})]
        if len(set(ids)) < len(ids)
        else []
    )
    if mistakes:
        raise DataError(f"{path}: {'; '.join(mistakes[:10])}. Expected a converted file or Spider's dev.json.")
    return rows


def from_spider(number: int, row: dict) -> dict:
    """A row of Spider's own file as a converted one; any other row unchanged."""
    if not isinstance(row, dict) or "query" not in row or "db_id" not in row:
        return row
    database = f"{row['db_id']}/{row['db_id']}.sqlite"
    return {
        "id": number,
        "db_id": row["db_id"],
        "database": database,
        "question": row.get("question", ""),
        "output": row["query"],
    }


def read_json(path: Path):
    """The content of a JSON file. Raises DataError where it is missing, no UTF-8 or no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file. Convert the data first: python converters/run.py --help") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not readable as JSON ({error}). A JSON array of rows is expected.") from error


def read_predictions(path: Path) -> dict[str, str]:
    """`prediction` by `id` (as text) of a JSON-lines file. Raises DataError, telling the first ten mistakes at once."""
    mistakes, predictions = [], {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not readable ({error}). Give JSON lines with id and prediction.") from error
    if text.lstrip().startswith("["):
        raise DataError(f"{path}: a JSON array. Give JSON lines with id and prediction: jq -c '.[]' FILE makes them.")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        problem = add_prediction(line, predictions)
        if problem:
            mistakes.append(f"line {number}: {problem}")
    if mistakes or not predictions:
        raise DataError(
            f"{path}: {'; '.join(mistakes[:10]) or 'no prediction in it'}. Give JSON lines with id and prediction."
        )
    return predictions


def add_prediction(line: str, predictions: dict[str, str]) -> str | None:
    """Put one line's prediction into `predictions`; returns what is wrong with the line, if anything."""
    try:
        row = json.loads(line)
    except ValueError as error:
        return f"not JSON ({error})"
    if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("prediction"), str):
        return "keys 'id' and 'prediction' (text) are expected"
    if str(row["id"]) in predictions:
        return f"id {row['id']!r} stands more than once"
    predictions[str(row["id"])] = row["prediction"]
    return None
