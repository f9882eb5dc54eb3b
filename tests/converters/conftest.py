"""What several tests of the converters need: the command line, and a corpus in Spider's form with three databases."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, copy_repository
from tests.databases import make_database
from tests.programs import run_program

SHOP = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, town TEXT);
CREATE TABLE sale (id INTEGER PRIMARY KEY, customer INT REFERENCES customer(id), amount REAL, sold DATE);
INSERT INTO customer VALUES (1, 'Ada', 'Ayr'), (2, 'Bo', 'Perth');
INSERT INTO sale VALUES (1, 1, 9.5, '2024-01-02'), (2, 1, 3.0, '2024-02-03');
"""
ROWS = {
    "train_spider.json": [
        {"db_id": "shop", "question": "How many customers?", "query": "SELECT  count(*)  FROM customer ;"},
        {"db_id": "shop", "question": "Who lives in Rome?", "query": "SELECT name FROM customer WHERE town = 'Rome'"},
    ],
    "train_others.json": [{"db_id": "lost", "question": "List all things.", "query": "SELECT Thing_Name FROM things"}],
    "dev.json": [
        {"db_id": "zoo", "question": "How many animals?", "query": "SELECT count(*) FROM animal"},
        {"db_id": "zoo", "question": "How many customers?", "query": "SELECT wings FROM animal"},
        {"db_id": "zoo", "question": "Who keeps them?", "query": "SELECT keeper FROM animal"},
    ],
}


def entry(db_id, tables, columns, foreign=(), primary=()):
    """An entry of tables.json; `columns` are (table index, name, natural name, type)."""
    return {
        "db_id": db_id,
        "table_names_original": tables,
        "column_names_original": [[-1, "*"], *([table, name] for table, name, _, _ in columns)],
        "column_names": [[-1, "*"], *([table, natural] for table, _, natural, _ in columns)],
        "column_types": ["text", *(kind for *_, kind in columns)],
        "foreign_keys": list(foreign),
        "primary_keys": list(primary),
    }


TABLES = [
    entry(
        "shop",
        ["customer", "sqlite_sequence"],
        [(0, "id", "id", "number"), (0, "town", "home town", "text"), (1, "seq", "seq", "number")],
    ),
    entry(
        "lost",
        ["things", "owners"],
        [(0, "Thing_Name", "thing name", "text"), (0, "owner", "owner number", "number"), (1, "nr", "nr", "number")],
        foreign=[[2, 3]],
        primary=[3],
    ),
    entry("zoo", ["animal", "keeper"], [(0, "keeper", "keeper", "number"), (1, "nr", "nr", "number")], [[1, 2]], [2]),
]


@pytest.fixture
def small_spider(tmp_path) -> Path:
    """A folder in Spider's form: `shop` and `zoo` have a database, `lost` is in tables.json alone."""
    source = tmp_path / "source"
    for name, script in (("shop", SHOP), ("zoo", "CREATE TABLE animal (keeper INT); CREATE TABLE keeper (nr INT)")):
        path = source / "database" / name / f"{name}.sqlite"
        make_database(path, script)
    for name, content in {**ROWS, "tables.json": TABLES}.items():
        (source / name).write_text(json.dumps(content), encoding="utf-8")
    return source


@pytest.fixture
def convert(tmp_path):
    """The command line: `convert("spider", "--source", folder)` -> the finished process, written to tmp_path/data.

    `anew` starts Python for it: a forked process counts what its server has imported as its own.
    """

    def run(*words, data=tmp_path / "data", root=ROOT, anew=False):
        words = (*words, "--data", data)
        if root == ROOT and not anew:
            return run_program("converters/run.py", *words)
        command = [sys.executable, "converters/run.py", *map(str, words)]
        return subprocess.run(command, cwd=root, capture_output=True, text=True)

    run.data = tmp_path / "data"
    return run


@pytest.fixture
def nothing_converted(tmp_path) -> Path:
    """The repository in a folder whose data/ knows of no earlier conversion; for `convert(root=...)`."""
    return copy_repository(tmp_path / "clone")


@pytest.fixture
def converted(convert):
    """The rows of a converted file by its name: `converted("spider_train")`."""
    return lambda name: json.loads((convert.data / f"{name}.json").read_text(encoding="utf-8"))
