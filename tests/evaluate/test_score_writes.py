"""From a corpus with golds that write to their scores: converted, evaluated and reported as people do it."""

import json
from pathlib import Path

import pytest

from evaluate.report import write_report
from evaluate.reports.results_file import read_results
from evaluate.score import Settings, score
from tests.programs import run_program

CONTEXT = "CREATE TABLE beds (id INT, state TEXT, beds INT); INSERT INTO beds VALUES (1, 'Ohio', 5), (2, 'Utah', 7);"
GOLDS = [
    "INSERT INTO beds (id, state, beds) VALUES (3, 'Iowa', 9);",
    "UPDATE beds SET beds = beds * 2 WHERE state = CONCAT('Oh', 'io');",
    "DELETE FROM beds WHERE beds > 6;",
    "CREATE TABLE wards (id INT PRIMARY KEY, name VARCHAR(20));",
    "ALTER TABLE beds ADD COLUMN floor INT;",
    "CREATE VIEW large AS SELECT state FROM beds WHERE beds > 6;",
    "INSERT INTO beds VALUES (3, 'Iowa', 9); DELETE FROM beds WHERE id = 1;",
    "DROP TABLE beds;",
    "SELECT state FROM beds WHERE beds > 6;",
]
WRITING = len(GOLDS) - 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Made-up rows in gretel's form, converted: `gretel_eval.json` and its databases."""
    folder = tmp_path_factory.mktemp("gretel")
    rows = [
        {"id": number, "sql_prompt": f"Question {number}?", "sql_context": CONTEXT, "sql": sql}
        for number, sql in enumerate(GOLDS)
    ]
    for name in ("rows_train.jsonl", "rows_test.jsonl"):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = run_program("converters/run.py", "gretel", "--source", folder, "--data", folder)
    assert run.returncode == 0, run.stderr
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*.sqlite*")}


def test_golds_that_write_are_tagged_and_translated(folder):
    rows = json.loads((folder / "gretel_eval.json").read_text())
    assert ["writes" in row["tags"] for row in rows] == [True] * WRITING + [False]
    assert all("runnable" in row["tags"] for row in rows)
    assert rows[1]["output"] == "UPDATE beds SET beds = beds * 2 WHERE state = 'Oh' || 'io'"
    assert rows[6]["output"] == "INSERT INTO beds VALUES (3, 'Iowa', 9); DELETE FROM beds WHERE id = 1"


def test_the_gold_answers_are_all_right_and_change_no_file(folder):
    before = files(folder)
    common = ("--data", folder / "gretel_eval.json", "--databases", folder / "databases/gretel")
    run = run_program("evaluate/run.py", "--gold", *common, "--out", folder / "out")
    assert run.returncode == 0, run.stderr
    report, rows = json.loads((folder / "out/report.json").read_text()), read_results(folder / "out")
    assert files(folder) == before
    assert len(before) == len(GOLDS)
    assert report["outcomes"]["correct"] == len(GOLDS)
    assert [name for name, metric in report["metrics"].items() if metric["value"] != 1.0 and name != "r_ves"] == []
    assert report["metrics"]["exact_match"]["n"] == 1
    assert [row["exact_match"] for row in rows] == [None] * WRITING + [True]
    assert rows[2]["preview"]["gold"] == {
        "columns": ["table", "change", "rows removed", "rows added"],
        "rows": [["beds", "changed", 1, 0]],
        "total": 1,
    }


def test_wrong_changes_and_queries_in_their_place_score_nothing(folder):
    answers = [
        f"```sql\n{sql}\n```" for sql in ("SELECT * FROM beds", "DELETE FROM beds", "DELETE FROM nowhere", "DROP")
    ]
    wrong = {f"gretel-eval-{number}": answers[number % 4] for number in range(len(GOLDS))}
    examples = json.loads((folder / "gretel_eval.json").read_text())
    rows = list(score(examples, wrong, Settings(folder / "databases/gretel", workers=1)))
    written = write_report(folder / "wrong", rows, run={"name": "wrong"})
    report = written.report
    assert {name: count for name, count in report["outcomes"].items() if count} == {
        "wrong_result": 5, "error": 2, "no_sql": 2,
    }  # fmt: skip
    assert [row["error_class"] for row in rows[:4]] == ["wrong_change", "wrong_change", "no_such_table", "no_sql"]
    assert [row["syntax"] for row in rows[:4]] == [True, True, True, False]
    assert report["metrics"]["execution_accuracy"]["value"] == 0.0
    assert "rows removed" in written.html.read_text()
