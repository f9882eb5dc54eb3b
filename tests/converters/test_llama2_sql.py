"""Llama-2-SQL and its parent: the template taken apart, rows made up, the subset, the warning about Spider."""

import json
import os
import sqlite3

import pytest

SCHEMA = "CREATE TABLE head (age INTEGER, name VARCHAR)"
TEMPLATE = (
    "Below is an instruction that describes a SQL generation task, paired with an input that provides further context "
    "about the available table schemas. Write SQL code that appropriately answers the request.\n\n"
    "### Instruction:\n{question}\n\n### Input:\n{schema}\n\n### Response:"
)


def parent(number: int) -> dict:
    sql = f"[SQL] SELECT name FROM head WHERE age > {number} [/SQL]"
    return {"question": f"Who is over {number}?", "context": SCHEMA, "answer": sql}


def child(number: int, line: bool = False) -> dict:
    text = TEMPLATE.format(question=f"Who is over {number}?", schema=SCHEMA)
    return {"input": text.replace("\n", " ") if line else text, "output": f"SELECT name FROM head WHERE age > {number}"}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_both_forms_become_the_same_rows(tmp_path, convert, converted):
    made = []
    for rows in (
        [parent(n) for n in range(20)],
        [child(n) for n in range(20)],
        [child(n, line=True) for n in range(20)],
    ):
        run = convert("llama2_sql", "--source", write(tmp_path / "rows.jsonl", rows))
        assert run.returncode == 0, run.stderr
        made.append(converted("llama2_sql_train") + converted("llama2_sql_eval"))
    assert made[0] == made[1] == made[2]
    assert len(made[0]) == 20
    assert made[0][0] | {"tags": made[0][0]["tags"][2:]} == {
        "id": "llama2_sql-1",
        "db_id": "llama2_sql-1",
        "database": "llama2_sql-1/llama2_sql-1.sqlite",
        "question": "Who is over 0?",
        "instruction": "Write a SQLite query that answers the question.",
        "input": "CREATE TABLE head (\n  age INTEGER,\n  name VARCHAR\n);\n\nQuestion: Who is over 0?",
        "output": "SELECT name FROM head WHERE age > 0",
        "tags": ["runnable", "returns_rows", "synthetic_rows", "dialect:sqlite", "no_database"],
    }


def test_evaluation_rows_have_a_database_on_which_the_gold_returns_rows(tmp_path, convert, converted):
    convert("llama2_sql", "--source", write(tmp_path / "rows.jsonl", [parent(n) for n in range(20)]))
    for row in converted("llama2_sql_eval"):
        connection = sqlite3.connect(convert.data / "databases/llama2_sql" / row["database"])
        assert connection.execute(row["output"]).fetchall()


def test_rows_that_are_none_are_skipped_with_their_reason(tmp_path, convert):
    rows = [
        *(parent(n) for n in range(10)),
        {"input": "### Question: who?", "output": "SELECT 1"},
        parent(3) | {"answer": "[SQL]"},
    ]
    told = convert("llama2_sql", "--source", write(tmp_path / "rows.jsonl", rows)).stdout
    assert f"skipped 1: the prompt template is not a known one\n    {tmp_path / 'rows.jsonl'}: row 11\n" in told
    assert f"skipped 1: the SQL is empty\n    {tmp_path / 'rows.jsonl'}: row 12\n" in told


def test_the_subset_is_drawn_by_seed(tmp_path, convert, converted):
    source = write(tmp_path / "rows.jsonl", [parent(n) for n in range(200)])
    drawn = []
    for seed in (7, 7, 8):
        convert("llama2_sql", "--source", source, "--limit", 50, "--seed", seed)
        drawn.append([row["id"] for row in converted("llama2_sql_train")])
    assert len(drawn[0]) == 50
    assert drawn[0] == drawn[1] != drawn[2]


def test_spider_dev_inside_is_warned_about(tmp_path, convert, small_spider):
    convert("spider", "--source", small_spider)
    rows = [*(parent(n) for n in range(20)), *(parent(n) | {"question": "How many animals?!"} for n in range(30, 33))]
    told = convert("llama2_sql", "--source", write(tmp_path / "rows.jsonl", rows)).stdout
    assert (
        "  WARNING: 1 of the 3 questions of spider_eval (33.3%) also occur in llama2_sql_train, 0 with the same SQL. "
        "A model trained on it has seen those answers.\n"
    ) in told


def test_a_recipe_that_trains_on_what_it_is_evaluated_on_is_told(tmp_path, convert, small_spider):
    convert("spider", "--source", small_spider)
    rows = [parent(n) | {"question": f"How many animals? {n}"} for n in range(20)]
    rows += [parent(n) | {"question": "How many animals?"} for n in range(30, 33)]
    convert("llama2_sql", "--source", write(tmp_path / "rows.jsonl", rows))
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        f"model_name_or_path: {tmp_path}/none\ntemplate: gemma\noutput_dir: out/r\ndataset_dir: .\n"
        "dataset: llama2_sql_train\neval_dataset: spider_eval\n"
    )
    for _ in range(2):  # counted, then from the record
        told = convert("--recipe", recipe).stderr
        assert "WARNING: 1 of the 3 questions of spider_eval (33.3%) also occur in llama2_sql_train, 0 with" in told


@pytest.mark.skipif("SQL_CREATE_CONTEXT_DIR" not in os.environ, reason="SQL_CREATE_CONTEXT_DIR is not set")
def test_of_4000_real_rows_95_percent_run_and_70_percent_return_rows(convert, converted):
    run = convert("llama2_sql", "--source", os.environ["SQL_CREATE_CONTEXT_DIR"])
    assert run.returncode == 0, run.stderr
    rows = converted("llama2_sql_train") + converted("llama2_sql_eval")
    assert len(rows) == 4000
    assert sum("runnable" in row["tags"] for row in rows) >= 0.95 * 4000
    assert sum("returns_rows" in row["tags"] for row in rows) >= 0.70 * 4000
