"""Answers to rows of results.jsonl, in this process."""

import json
from pathlib import Path

import pytest

from evaluate.runs import digests
from evaluate.score import Settings, read_catalogs, score
from tests.databases import make_database


def row(name: str) -> dict:
    return {"id": name, "db_id": name, "question": "Which?", "output": "SELECT a FROM t"}


def add_database(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return make_database(folder / name / f"{name}.sqlite", "CREATE TABLE t AS SELECT 1 AS a")


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


def test_of_many_databases_a_report_names_their_number_and_one_hash(tmp_path):
    files = {add_database(tmp_path, f"row_{number}") for number in range(21)}
    (name,) = digests(files)
    assert name == "21 files, sha256 of their names and hashes"
    assert len(digests(set(list(files)[:20]))) == 20


def test_tables_json_is_that_of_the_folder_that_a_link_leads_to(tmp_path):
    (tmp_path / "corpus/database").mkdir(parents=True)
    entry = {"db_id": "a", "table_names_original": ["T"], "column_names_original": [[0, "x"]], "foreign_keys": []}
    (tmp_path / "corpus/tables.json").write_text(json.dumps([entry]))
    (tmp_path / "linked").symlink_to(tmp_path / "corpus/database")
    assert read_catalogs(tmp_path / "linked") == read_catalogs(tmp_path / "corpus/database")
    assert read_catalogs(tmp_path / "linked")["a"].columns == {"t": ("x",)}
