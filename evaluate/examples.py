"""The examples a run is scored on: a converted file, or Spider's own dev.json, as one kind of row; and predictions.

A converted row is taken as it is. A row of Spider's file, `{"db_id", "question", "query"}`, becomes one with `id` its
position, `database` = `<db_id>/<db_id>.sqlite` and `output` its query; it has no prompt.

All mistakes of a file are found before anything runs and named in one message. Rows are kept on disk (`spool.py`).
"""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from evaluate.spool import MAX_VALUE, Spool, Spooled, array_values, short_line

KEYS = ("id", "db_id", "question", "output")
SPIDER_KEYS = ("db_id", "question", "query")
PREDICTION_FORM = 'Give JSON lines such as {"id": 0, "prediction": "SELECT 1"}.'
MAX_ID = 500  # characters
MAX_MISTAKES = 1_000  # that are named
LONG_LINE = 4 << 20  # bytes; the texts of longer ones are cut at as many
FORMS = "Expected a converted file (id, db_id, question, output) or Spider's dev.json (db_id, question, query)."
CONVERT = "Convert the data first: python converters/run.py --help"


class DataError(Exception):
    """A data or predictions file that cannot be used; the message names file, row and key, and what to do."""


def read_examples(path: Path) -> Spool:
    """The rows of a data file, in file order. Raises DataError naming all mistakes."""
    rows, mistakes, first_of = Spool(), [], {}
    try:
        for number, raw in enumerate(array_values(path)):
            row = from_spider(number, raw)
            found = row_mistakes(row) or repeated(row["id"], number, first_of)
            mistakes += [f"row {number}: {text}" for text in found]
            if not found:
                rows.append(row)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file. {CONVERT}") from error
    except (OSError, ValueError) as error:
        behind = f", behind row {len(first_of) - 1}" if first_of else ""
        mistakes.append(f"not readable as JSON ({shown_error(error)}{behind})")
    if mistakes:
        raise DataError(f"{path}: {listed(mistakes)}. {FORMS}")
    if not rows:
        raise DataError(f"{path}: expected a JSON array with at least one row. {CONVERT}")
    return rows


def from_spider(number: int, row: object) -> object:
    """A row of Spider's own file as a converted one; any other row unchanged."""
    if not isinstance(row, dict) or "query" not in row or "db_id" not in row or "output" in row:
        return row
    return {
        "id": number,
        "db_id": row["db_id"],
        "database": f"{row['db_id']}/{row['db_id']}.sqlite",
        "question": row.get("question", ""),
        "output": row["query"],
    }


def row_mistakes(row: object) -> list[str]:
    """What is wrong with one row."""
    if not isinstance(row, dict):
        return [f"{shown(row)}, an object is expected"]
    needed = SPIDER_KEYS if "query" in row and "output" not in row else KEYS
    missing = [f"key {key!r} is missing" for key in needed if key not in row]
    return missing or [f"key {key!r} is {shown(row[key])}, {expected} is expected" for key, expected in wrong(row)]


def wrong(row: dict) -> Iterator[tuple[str, str]]:
    """The keys whose values cannot be used, and what is expected there."""
    if not is_id(row["id"]):
        yield "id", f"a text of 1 to {MAX_ID} characters or a whole number"
    if not is_name(row["db_id"]):
        yield "db_id", "the name of a database"
    elif "database" in row and not is_inner_path(row["database"]):
        yield "database", "a path inside the databases folder"
    elif "database" not in row and not is_inner_path(row["db_id"]):
        yield "db_id", "the name of a database"
    yield from ((key, "a text") for key in ("question", "output") if not isinstance(row[key], str))
    tags = row.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        yield "tags", "a list of texts"


def is_id(value: object) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 10**MAX_ID
    return is_name(value) and len(value) <= MAX_ID


def is_name(value: object) -> bool:
    """Whether it is a text that UTF-8 and file names can hold: no NUL, no half of a surrogate pair."""
    return (
        isinstance(value, str)
        and bool(value)
        and "\0" not in value
        and not any("\ud800" <= c <= "\udfff" for c in value)
    )


def is_inner_path(value: object) -> bool:
    if not is_name(value):
        return False
    path = PurePosixPath(value)
    return not path.is_absolute() and ".." not in path.parts


def repeated(identity: int | str, number: int, first_of: dict[str, int]) -> list[str]:
    first = first_of.setdefault(str(identity), number)
    return [] if first == number else [f"duplicate id {shown(identity)} (first in row {first})"]


def shown(value: object) -> str:
    """A value in an error message: short, in ASCII."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    try:
        text = json.dumps(value)
    except ValueError:  # a number of thousands of digits
        return "a number that is too long"
    return text if len(text) <= 60 else f"{text[:60]}..."


def shown_error(error: Exception) -> str:
    return str(error).encode("ascii", "backslashreplace").decode()[:200]


def listed(mistakes: list[str]) -> str:
    more = f"; and {len(mistakes) - MAX_MISTAKES} more" if len(mistakes) > MAX_MISTAKES else ""
    return "; ".join(mistakes[:MAX_MISTAKES]) + more


def read_json(path: Path):
    """The content of a JSON file. Raises DataError where it is missing, no UTF-8 or no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file. {CONVERT}") from error
    except RecursionError as error:
        raise DataError(f"{path}: nested too deeply. A JSON array is expected.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not readable as JSON ({shown_error(error)}). A JSON array is expected.") from error


def read_predictions(path: Path) -> Spooled:
    """`prediction` by `id` (as text) of a JSON-lines file. Raises DataError naming all mistakes."""
    mistakes, predictions, first_of = [], Spooled(), {}
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(16 * MAX_VALUE), b""), 1):
                if number == 1 and line.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
                    jq = "jq -c '.[]' FILE makes them."
                    raise DataError(f"{path}: a JSON array. Give JSON lines with id and prediction: {jq}")
                problem = add_prediction(line, number, predictions, first_of)
                if problem:
                    mistakes.append(f"line {number}: {problem}")
    except OSError as error:
        raise DataError(f"{path}: not readable ({error.strerror or error}). {PREDICTION_FORM}") from error
    if mistakes or not predictions:
        raise DataError(f"{path}: {listed(mistakes) or 'no prediction in it'}. {PREDICTION_FORM}")
    return predictions


def add_prediction(line: bytes, number: int, predictions: Spooled, first_of: dict[str, int]) -> str | None:
    """Put one line's prediction into `predictions`; returns what is wrong with the line, if anything."""
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        return None
    try:
        row = json.loads((line if len(line) <= LONG_LINE else short_line(line, LONG_LINE)).decode("utf-8"))
    except RecursionError:
        return "nested too deeply"
    except ValueError as error:
        return f"not JSON ({shown_error(error)})"
    if not isinstance(row, dict) or not is_id(row.get("id")) or not isinstance(row.get("prediction"), str):
        return "keys 'id' and 'prediction' (text) are expected"
    first = first_of.setdefault(str(row["id"]), number)
    if first != number:
        return f"duplicate id {shown(row['id'])} (first in line {first})"
    predictions.add(str(row["id"]), row["prediction"])
    return None
