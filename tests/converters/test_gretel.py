"""gretel: rows made here, the three real ones where GRETEL_DIR points to them, and many made-up ones."""

import json
import os
import re
import resource
import sqlite3

import pytest

from tests.converters.gretel_rows import gretel_rows

CONTEXT = "CREATE TABLE beds (state VARCHAR(9), beds INT); INSERT INTO beds VALUES ('Ohio', 5), ('Utah', 7);"


def row(number, sql, context=CONTEXT, question=None):
    return {"id": number, "sql_prompt": question or f"Question {number}?", "sql_context": context, "sql": sql}


ROWS = [
    row(1, "SELECT state, SUM(beds) FROM beds GROUP BY state;"),
    row(2, "DELETE FROM beds WHERE beds < 6;"),
    row(3, "SELECT CONCAT(state, '!') FROM beds WHERE beds > 90;"),
    row(4, "SELECT nix FROM beds;"),
    row(5, "SELECT x FROM a", "CREATE TABLE a (x INT);"),
    row(6, "SELECT 1", "nothing here"),
    row(7, "SELECT state FROM beds", CONTEXT + " CALL setup();"),
    row(8, "", CONTEXT),
    row(9, "SELECT COUNT(*) FROM beds WHERE CURRENT_DATE > '2020-01-01'"),
]


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "gretel"
    folder.mkdir()
    for name, rows in (("x_train.jsonl", ROWS), ("x_test.jsonl", ROWS[:1])):
        (folder / name).write_text("".join(json.dumps(each) + "\n" for each in rows))
    return folder


def test_every_row_is_tagged_or_skipped_with_its_reason(source, convert, converted):
    run = convert("gretel", "--source", source)
    assert run.returncode == 0, run.stderr
    assert {each["id"]: each["tags"][2:] for each in converted("gretel_train")} == {
        "gretel-train-1": ["runnable", "returns_rows", "dialect:sqlite", "no_database"],
        "gretel-train-2": ["runnable", "writes", "dialect:sqlite", "no_database"],
        "gretel-train-3": ["runnable", "dialect:mysql", "no_database"],
        "gretel-train-4": ["dialect:sqlite", "no_database"],
        "gretel-train-5": ["runnable", "dialect:sqlite", "no_database"],
        "gretel-train-7": ["dialect:sqlite", "broken_context", "no_database"],
        "gretel-train-9": ["runnable", "returns_rows", "dialect:sqlite", "depends_on_date", "no_database"],
    }
    assert "skipped 1: the context makes no table" in run.stdout
    assert 'x_train.jsonl: row 6: near "nothing": syntax error' in run.stdout
    assert "skipped 1: the SQL is empty" in run.stdout
    assert converted("gretel_train")[2]["output"] == "SELECT state || '!' FROM beds WHERE beds > 90"


def test_the_database_of_an_evaluation_row_is_written_as_it_is_before_the_gold(source, convert, converted):
    (source / "x_test.jsonl").write_text(json.dumps(ROWS[1]))
    convert("gretel", "--source", source)
    path = convert.data / "databases" / "gretel" / converted("gretel_eval")[0]["database"]
    assert sqlite3.connect(path).execute("SELECT * FROM beds").fetchall() == [("Ohio", 5), ("Utah", 7)]
    assert [each.name for each in (convert.data / "databases" / "gretel").iterdir()] == ["gretel-eval-2"]


@pytest.mark.parametrize(("which", "folders"), [("none", 0), ("all", 8)])
def test_databases_are_written_for_the_rows_asked_for(source, convert, which, folders):
    convert("gretel", "--source", source, "--write-databases", which)
    assert len(list((convert.data / "databases").glob("gretel/*/*.sqlite"))) == folders


def test_empty_tables_are_filled_on_demand(source, convert, converted):
    convert("gretel", "--source", source, "--synthetic-rows", "yes", "--only", "runnable,returns_rows")
    rows = {each["id"]: each["tags"][2:] for each in converted("gretel_train")}
    assert rows["gretel-train-5"] == ["runnable", "returns_rows", "synthetic_rows", "dialect:sqlite", "no_database"]
    assert "synthetic_rows" not in rows["gretel-train-1"]


def test_one_file_is_divided_by_question_group(tmp_path, convert, converted):
    rows = [row(n, f"SELECT {n} FROM beds", question=f"Question {n // 2}?") for n in range(40)]
    (tmp_path / "all.json").write_text(json.dumps(rows))
    assert convert("gretel", "--source", tmp_path / "all.json", "--split", 0.25).returncode == 0
    sides = [{each["question"] for each in converted(name)} for name in ("gretel_train", "gretel_eval")]
    assert (len(sides[0]), len(sides[1])) == (15, 5)
    assert not sides[0] & sides[1]


def test_duplicate_ids_are_an_error(source, convert):
    (source / "x_train.jsonl").write_text("".join(json.dumps(ROWS[0]) + "\n" for _ in range(2)))
    run = convert("gretel", "--source", source)
    place = f"{source / 'x_train.jsonl'}: row 2"
    assert run.returncode == 2
    assert run.stderr == f"converters: {place}: duplicate id 'gretel-train-1'. Ids must be unique.\n"


def test_an_empty_folder_is_an_error(tmp_path, convert):
    run = convert("gretel", "--source", tmp_path / "none")
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {tmp_path / 'none'}: no such file, nor a folder with files of a known kind "
        "(.json, .jsonl, .csv, .tsv, .parquet).\n"
    )


@pytest.mark.skipif("GRETEL_DIR" not in os.environ, reason="GRETEL_DIR is not set")
def test_the_three_real_rows_come_out_right(convert, converted):
    assert convert("gretel", "--source", os.environ["GRETEL_DIR"]).returncode == 0
    rows = [*converted("gretel_train"), *converted("gretel_eval")]
    tags = {each["id"]: {tag for tag in each["tags"] if ":" not in tag} - {"no_database"} for each in rows}
    assert tags == {
        "gretel-5097": set(),  # its gold names a column that both joined tables have
        "gretel-5098": {"runnable"},  # its table is empty
        "gretel-39325": {"runnable", "returns_rows"},
    }


def children_seconds() -> float:
    """CPU time of the processes that this one has started, until now."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
def test_many_rows_take_little_time_and_memory(tmp_path, convert):
    def seconds_and_memory(number):
        path = tmp_path / f"{number}.jsonl"
        with path.open("w") as file:
            file.writelines(json.dumps(each) + "\n" for each in gretel_rows(number))
        before = children_seconds()
        run = convert("gretel", "--source", path, "--write-databases", "none", anew=True)
        assert run.returncode == 0, run.stderr
        return children_seconds() - before, int(re.search(r"peak memory (\d+) MB", run.stdout)[1])

    _, few = seconds_and_memory(500)
    seconds, many = seconds_and_memory(5000)
    limit = 5000 * 180 / 100_000 * 2  # 100,000 rows in 3 minutes of a core, with a margin of 2
    if seconds > limit:  # a shared core's other work only adds to a time: the lower of two is the program's
        seconds = min(seconds, seconds_and_memory(5000)[0])
    assert seconds < limit
    assert many < few + 30  # memory does not grow with the corpus
