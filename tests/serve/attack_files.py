"""The evaluator's attacks from the files in ATTACKS_DIR, and a server on the databases they were made for.

`NAME.preds.jsonl` and `NAME.data.json` are predictions and rows as `evaluate/run.py` takes them, hostile ones; a third
of the rows have a database of `databases/`, the others one like `SINGERS`.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.databases import files, make_database
from tests.serve.conftest import Running

NEEDED = pytest.mark.skipif("ATTACKS_DIR" not in os.environ, reason="ATTACKS_DIR is not set")
SINGERS = """
CREATE TABLE stadium (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INT, is_male INT);
INSERT INTO stadium VALUES (1, 'Arena');
INSERT INTO singer VALUES (1, 'Ada', 'France', 31, 0), (2, 'Bob', 'France', 40, 1), (3, 'Cy', 'Japan', 25, 1);
"""
NAMES = ("concert_singer", "nouns", "yr")  # the first holds SINGERS
SECRET = "what is outside stays outside"
TIMEOUT = 2  # seconds of a query


class Attack(NamedTuple):
    """What a model wrote, and the database it wrote it for."""

    text: str
    database: str


def folder() -> Path:
    return Path(os.environ["ATTACKS_DIR"])


def attacks() -> list[Attack]:
    """Every prediction that Python can read, each once."""
    found = [attack for file in sorted(folder().glob("*.preds.jsonl")) for attack in _attacks_of(file)]
    return list(dict.fromkeys(found))


def unreadable_lines() -> list[str]:
    """The lines of predictions that Python cannot read."""
    lines = [line for file in sorted(folder().glob("*.preds.jsonl")) for line in file.read_text("utf-8").splitlines()]
    return [line for line in lines if line.strip() and _parsed(line) is None]


def values_of(key: str) -> list:
    """What the data rows hold under a key, each value once."""
    rows = [row for file in sorted(folder().glob("*.data.json")) for row in _parsed(file.read_text("utf-8")) or []]
    return list({json.dumps(row[key]): row[key] for row in rows if key in row}.values())


def _attacks_of(predictions: Path) -> Iterator[Attack]:
    data = predictions.with_name(predictions.name.replace(".preds.jsonl", ".data.json"))
    rows = (_parsed(data.read_text("utf-8")) if data.exists() else None) or []
    databases = {str(row.get("id")): row.get("db_id") for row in rows}
    for line in predictions.read_text("utf-8").splitlines():
        found = _parsed(line)
        if found:
            database = databases.get(str(found.get("id")))
            yield Attack(found["prediction"], database if database in NAMES else NAMES[0])


def _parsed(text: str):
    """The value of a JSON text, or None where Python does not read it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


@contextmanager
def served(start: Callable[..., Running], place: Path) -> Iterator[Running]:
    """A server on the databases, with a secret database in the next folder.

    Fails at the end where a file has changed or appeared, where the server has failed or does not answer.
    """
    make_database(place / "secret/hidden.db", f"CREATE TABLE secrets (s); INSERT INTO secrets VALUES ('{SECRET}')")
    databases = [place / f"served/{name}.sqlite" for name in NAMES]
    make_database(databases[0], SINGERS)
    for database in databases[1:]:
        shutil.copyfile(folder() / f"databases/{database.stem}/{database.name}", database)
    (place / "temporary").mkdir()
    before = files(place)
    server = start(*databases, "--timeout", TIMEOUT, variables={"TMPDIR": str(place / "temporary")})
    yield server
    assert files(place) == before
    assert server.query("SELECT count(*) FROM singer")["rows"] == [[3]]
    assert "Traceback" not in "".join(server.printed)
