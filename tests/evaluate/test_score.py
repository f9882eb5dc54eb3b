"""Answers to rows of results.jsonl, in this process."""

import sqlite3
from pathlib import Path

import pytest

from evaluate.score import Settings, score


def row(name: str) -> dict:
    return {"id": name, "db_id": name, "question": "Which?", "output": "SELECT a FROM t"}


def add_database(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    path = folder / name / f"{name}.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    connection.close()
    return path


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"version https://git-lfs.github.com/spec/v1", "no_database"),
        (b"", "gold_error"),
        (b"SQLite format 3\0 cut short", "gold_error"),
    ],
)
def test_a_database_that_cannot_be_read_costs_its_own_rows_alone(tmp_path, content, outcome):
    add_database(tmp_path, "whole")
    add_database(tmp_path, "broken").write_bytes(content)
    rows = [row("broken"), row("whole")]
    results = list(score(rows, {item["id"]: item["output"] for item in rows}, Settings(tmp_path, workers=1)))
    assert [result["outcome"] for result in results] == [outcome, "correct"]
