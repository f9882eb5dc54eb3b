"""overlap.py counts what of one file occurs in another, by kind."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytest.importorskip("rapidfuzz", reason="rapidfuzz finds the near questions")


from converters.rows import ConversionError
from converters.sources import Raw
from tools.overlap import compare, pair_of, report

A = [
    ("How many singers are there?", "SELECT COUNT(*) FROM singer", "music"),
    (
        "List the names of all singers from France ordered by age and then by weight.",
        "SELECT name FROM singer",
        "music",
    ),
    ("Which concerts took place in 2014?", "SELECT 1", "music"),
]
B = [
    ("How many singers are there?", "select count(*) from singer;", "music"),
    ("how many singers are there", "SELECT COUNT(*) FROM singer", "opera"),
    (
        "List the names of all singers from Spain ordered by age and then by weight.",
        "SELECT name, age FROM singer",
        "music",
    ),
    ("What is the weight of the youngest dog?", "SELECT 2", "pets"),
]


@pytest.fixture
def files(tmp_path):
    paths = []
    for name, rows in (("a.json", A), ("b.json", B)):
        keys = ("question", "query", "db_id")
        (tmp_path / name).write_text(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
        paths.append(tmp_path / name)
    return paths


def test_each_kind_is_counted_by_rows_of_the_second_file(files):
    found = compare(*files)
    assert found.rows == 4
    assert found.counts == {
        "identical": 1,
        "normalised": 2,
        "near": 3,
        "query": 2,
        "query, same database": 1,
        "question and query": 2,
    }
    assert found.examples == [(A[1][0], B[2][0])]


def test_files_without_anything_in_common_have_no_warning(files, tmp_path):
    (tmp_path / "c.json").write_text(json.dumps([{"question": "Why?", "query": "SELECT 9", "db_id": "x"}]))
    found = compare(tmp_path / "c.json", files[1])
    assert set(found.counts.values()) == {0}
    assert not any("WARNING" in line for line in report(tmp_path / "c.json", files[1], found, 5))


def test_the_program_prints_a_table_and_warns(files):
    run = subprocess.run(
        [sys.executable, "tools/overlap.py", *files, "--show", "0"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0
    assert run.stdout == (
        "| of the 4 rows of b.json, in a.json | rows | share |\n| --- | --- | --- |\n"
        "| identical | 1 | 25.0% |\n| normalised | 2 | 50.0% |\n| near | 3 | 75.0% |\n| query | 2 | 50.0% |\n"
        "| query, same database | 1 | 25.0% |\n| question and query | 2 | 50.0% |\n\n"
        "WARNING: 2 of the 4 questions of b.json (50.0%) also occur in a.json, 2 with the same SQL. "
        "A model trained on it has seen those answers.\n"
    )


def test_a_missing_file_is_an_error(files, tmp_path):
    command = [sys.executable, "tools/overlap.py", files[0], tmp_path / "no.json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (2, f"overlap: {tmp_path / 'no.json'}: no such file. Check the path.\n")


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Q", "output": "S", "instruction": "I", "input": "X", "db_id": ""},
        {"question": "Q", "query": "S"},
        {"question": "Q", "query": "S", "sql": {"select": [False, []]}},
        {"question": "Q", "SQL": "S", "sql": ["SELECT"], "evidence": "E"},
        {"sql_prompt": "Q", "sql": "S", "sql_context": "C"},
        {"question": "Q", "context": "C", "answer": "[SQL] S [/SQL]"},
        {"input": "### Instruction:\nQ\n\n### Input:\nC\n\n### Response:", "output": "S"},
    ],
)
def test_rows_of_every_form_are_read(row):
    assert pair_of(Raw("f: row 1", row)) == ("Q", "S", "")


def test_a_row_of_no_known_form_is_an_error():
    with pytest.raises(ConversionError, match="f: row 1: no question and SQL in it"):
        pair_of(Raw("f: row 1", {"text": "x"}))


def test_a_shared_question_with_another_answer_is_not_one_that_was_seen(tmp_path):
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, sql in zip(paths, ("SELECT 1", "SELECT 2"), strict=True):
        path.write_text(json.dumps([{"question": "How many?", "query": sql, "db_id": path.stem}]))
    lines = list(report(*paths, compare(*paths), 0))
    assert lines[-1].startswith(
        "\nWARNING: 1 of the 1 questions of b.json (100.0%) also occur in a.json, 0 with the same"
    )
