"""The shipped practice questions: every query says something, no wording is twice there, `people` stays apart."""

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from converters.corpora import people
from converters.corpora.practice import HELD_OUT, Corpus
from converters.splits import normal_question
from sql.sql_text import normal_sql
from tests.programs import run_program

SCRIPTS = sorted(Corpus.samples.glob("*.sql"))


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_query_of_a_database_returns_values(script):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script.read_text(encoding="utf-8"))
        for row in rows(script.with_suffix(".jsonl")):
            found = connection.execute(row["sql"]).fetchall()
            assert found, row
            assert any(cell is not None for line in found for cell in line), row


def test_each_wording_and_each_query_of_a_database_is_there_once():
    for script in SCRIPTS:
        pairs = rows(script.with_suffix(".jsonl"))
        assert len(pairs) >= 50
        assert len({normal_sql(row["sql"]) for row in pairs}) == len(pairs)
        wordings = Counter(normal_question(each) for row in pairs for each in row["questions"])
        assert [each for each, number in wordings.items() if number > 1] == []


def test_its_readme_counts_right():
    pairs = [row for script in SCRIPTS for row in rows(script.with_suffix(".jsonl"))]
    wordings = sum(len(row["questions"]) for row in pairs)
    text = (Corpus.samples / "README.md").read_text(encoding="utf-8")
    assert f"{len(pairs):,} queries in {wordings:,} wordings" in text
    assert len(re.findall(r"^\| `\w+` \|", text, re.MULTILINE)) == len(SCRIPTS)


def test_no_database_and_no_question_is_one_of_people():
    asked = {normal_question(row["question"]) for row in rows(people.QUESTIONS)}
    ours = {
        normal_question(each)
        for script in SCRIPTS
        for row in rows(script.with_suffix(".jsonl"))
        for each in row["questions"]
    }
    assert not {path.stem for path in SCRIPTS} & {path.stem for path in people.SAMPLES.glob("*.sql")}
    assert not ours & asked


def test_a_change_of_what_is_held_out_makes_the_files_out_of_date():
    files = Corpus().files()
    assert {path.name for path in files} >= {"practice.py", "people.py", "gym.sql", "gym.jsonl"}
    assert not set(files) & {people.QUESTIONS}


def test_whole_databases_are_held_out(tmp_path):
    assert run_program("converters/run.py", "practice", "--data", tmp_path).returncode == 0
    sides = [
        {row["db_id"] for row in json.loads((tmp_path / f"practice_{side}.json").read_text())}
        for side in ("train", "eval")
    ]
    assert sides == [{path.stem for path in SCRIPTS} - set(HELD_OUT), set(HELD_OUT)]
