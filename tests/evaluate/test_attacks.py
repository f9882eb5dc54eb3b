"""Answers that stopped, starved or fooled the evaluator once: each costs its own row alone, and in seconds."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from evaluate.examples import FORMS, DataError, read_examples, read_predictions
from evaluate.report import write_report
from evaluate.score import Settings, score
from evaluate.spool import short_line
from tests.databases import files, make_database

GOLD = "SELECT a FROM t"
NESTED = "SELECT " + "date(" * 22 + "1" + ")" * 22
FAR = "SELECT " + ", ".join(f"'{n}\U0001f600'" for n in range(2_000)) + " FROM t"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("attacks")
    script = "CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 1), (2, 1);"
    make_database(folder / "shop" / "shop.sqlite", script)
    return folder


def results(folder: Path, *answers: str, gold: str = GOLD, **changes: object) -> list[dict]:
    rows = [{"id": n, "db_id": "shop", "question": "?", "output": gold} | changes for n in range(len(answers))]
    return list(score(rows, {str(n): text for n, text in enumerate(answers)}, Settings(folder, timeout=3.0)))


def test_a_parser_that_never_ends_costs_one_figure_and_no_denominator(folder):
    hostile, honest = results(folder, f"{NESTED} FROM t", GOLD)
    assert (hostile["outcome"], hostile["exact_match"], hostile["hardness"]) == ("wrong_result", None, "easy")
    assert hostile["gave_up"]["exact_match"] == "longer than 1 s"
    assert (honest["outcome"], honest["exact_match"], honest["gave_up"]) == ("correct", True, {})
    report = write_report(folder / "out", [hostile, honest], run={}).report
    assert (report["metrics"]["exact_match"]["value"], report["metrics"]["exact_match"]["n"]) == (0.5, 2)


def test_a_gold_that_no_parser_reads_in_time_is_no_fault_of_the_answer(folder):
    (row,) = results(folder, GOLD, gold=f"{NESTED} FROM t")
    assert row["gave_up"]["exact_match"].startswith("the gold: ")
    report = write_report(folder / "out", [row], run={}).report
    assert report["metrics"]["exact_match"]["n"] == 0


def test_previews_and_reports_of_wide_results_stay_small(folder):
    rows = results(folder, *[FAR] * 40)
    assert {len(row["preview"]["prediction"]["columns"]) for row in rows} == {21}
    assert write_report(folder / "out", rows, run={}).html.stat().st_size < 4_000_000


def test_many_literal_columns_are_not_fuzzy(folder):
    (many, few) = results(
        folder, "SELECT " + ", ".join(map(str, range(20))), "SELECT 2, 3, 4", gold="SELECT count(*) FROM t"
    )
    assert (many["matches"]["fuzzy"], few["matches"]["fuzzy"]) == (False, True)


def test_each_row_draws_its_own_random_number_and_says_so(folder):
    rows = results(folder, *["SELECT random()"] * 4)
    assert {row["flags"][-1] for row in rows} == {"changing: random()"}
    assert len({str(row["preview"]["prediction"]["rows"]) for row in rows}) == 4


def test_a_visible_tie_in_the_order_of_the_gold_is_flagged(folder):
    (tied,) = results(folder, "SELECT a FROM t ORDER BY b, a DESC", gold="SELECT a FROM t ORDER BY b")
    (clear,) = results(folder, GOLD, gold="SELECT a FROM t ORDER BY a")
    assert (tied["flags"], clear["flags"]) == (["tied_order"], [])


@pytest.mark.parametrize("place", ["pipe", "folder", "link", "wal"])
def test_what_is_no_database_file_at_rest_is_no_database(folder, tmp_path, place):
    (tmp_path / "shop").mkdir()
    path = tmp_path / "shop" / "shop.sqlite"
    if place == "pipe":
        os.mkfifo(path)
    elif place == "folder":
        path.mkdir()
    else:
        real = folder / "shop" / "shop.sqlite"
        path.symlink_to(real) if place == "link" else path.write_bytes(real.read_bytes())
    if place == "wal":
        path.with_name("shop.sqlite-wal").write_bytes(b"changes")
    assert [row["outcome"] for row in results(tmp_path, GOLD)] == ["no_database"]


def test_nothing_appears_beside_a_database_in_wal_mode(tmp_path):
    path = make_database(tmp_path / "shop" / "shop.sqlite", "PRAGMA journal_mode = WAL; CREATE TABLE t (a INT);")
    sqlite3.connect(path).close()
    before = files(tmp_path)
    assert [row["outcome"] for row in results(tmp_path, GOLD)] == ["correct"]
    assert files(tmp_path) == before


ROW = {"id": "x", "db_id": "shop", "question": "?", "output": GOLD}


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"id": [1]}, "row 1: key 'id' is a list, a text of 1 to 500 characters or a whole number is expected"),
        ({"id": float("nan")}, "row 1: key 'id' is NaN, a text of 1 to 500 characters or a whole number is expected"),
        ({"db_id": "a\0"}, "row 1: key 'db_id' is \"a\\u0000\", the name of a database is expected"),
        ({"database": "../x"}, "row 1: key 'database' is \"../x\", a path inside the databases folder is expected"),
        ({"database": "/x"}, "row 1: key 'database' is \"/x\", a path inside the databases folder is expected"),
        ({"tags": None}, "row 1: key 'tags' is null, a list of texts is expected"),
        ({"question": 5}, "row 1: key 'question' is 5, a text is expected"),
        ({"output": None}, "row 1: key 'output' is null, a text is expected"),
        ({}, 'row 1: duplicate id "x" (first in row 0)'),
    ],
)
def test_bad_rows_are_named_all_at_once(tmp_path, change, mistake):
    path = tmp_path / "data.json"
    path.write_text(json.dumps([ROW, ROW | change, 7]))
    with pytest.raises(DataError) as error:
        read_examples(path)
    rest = f"row 2: 7, an object is expected. {FORMS}"
    assert str(error.value) == f"{path}: {mistake}; {rest}"


def test_json_that_is_nested_too_deeply_is_a_mistake_of_the_file(tmp_path):
    path = tmp_path / "data.json"
    path.write_text("[" * 200_000)
    with pytest.raises(DataError, match="nested too deeply"):
        read_examples(path)
    path.write_text('{"id": 1, "prediction": ' + "[" * 200_000 + "\n")
    with pytest.raises(DataError, match="line 1: nested too deeply"):
        read_predictions(path)


def test_a_long_line_of_json_is_cut_inside_its_texts_and_stays_json():
    for text in ("é" * 50, '\\"' * 50, "\U0001f600" * 50, "\\" * 50, "ab\\n" * 50):
        for most in range(20, 40):
            line = json.dumps({"id": 1, "prediction": text, "z": 2}, ensure_ascii=most % 2 == 0).encode()
            row = json.loads(short_line(line, most))
            assert (row["id"], row["z"], text.startswith(row["prediction"].rstrip("\ud83d"))) == (1, 2, True)


def test_control_characters_reach_neither_the_terminal_nor_markdown(folder):
    (row,) = results(folder, GOLD, id="\x1b[31mred", db_id="lost", question="# heading\u202e")
    written = write_report(folder / "out", [row], run={"name": "\x1b]0;x"})
    text = written.markdown.read_text() + written.html.read_text()
    assert "\\x1b[31mred" in written.html.read_text()
    assert not set(text) & {"\x1b", "\u202e"}
