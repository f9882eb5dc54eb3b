"""The table of statistics: what is counted, what is printed, what is refused."""

import json
import subprocess
import sys

import pytest

from converters.lengths import summary
from tests.conftest import ROOT
from tools.stats import gather

SQL = {
    "How many <b>singers</b>?": "SELECT COUNT(*) FROM singer",
    "How many <b>SINGERS</b>": "SELECT COUNT(*) FROM singer",
    "Who sang in 2014?": "SELECT a.name FROM singer a JOIN concert c ON a.id = c.singer WHERE c.year = 2014",
    "Delete all.": "DELETE FROM singer",
}


def row(number: int, question: str, sql: str, style: str = "ddl") -> dict:
    return {
        "id": f"m-{number}",
        "db_id": "music" if number < 3 else "opera",
        "database": "music/music.sqlite",
        "question": question,
        "instruction": "Write.",
        "input": f"singer(id)\n\nQuestion: {question}",
        "output": sql,
        "tags": [f"style:{style}", "prompt:0123", "runnable"],
    }


@pytest.fixture
def path(tmp_path):
    rows = [row(number, *pair) for number, pair in enumerate(SQL.items())]
    (tmp_path / "music_train.json").write_text(json.dumps(rows))
    return tmp_path / "music_train.json"


def run(*words):
    return subprocess.run([sys.executable, "tools/stats.py", *words], cwd=ROOT, capture_output=True, text=True)


def test_rows_are_counted_by_what_is_in_them(path):
    found = gather(path, None)
    assert (found.rows, found.style, found.repeated, found.unread) == (4, "ddl", 1, 1)
    assert found.databases == {"music": 3, "opera": 1}
    assert found.tags == {"runnable": 4}
    assert found.features == {"aggregate": 2, "join": 1}
    assert found.hardness == {"easy": 2, "medium": 1}
    assert found.tables == {1: 2, 2: 1}
    assert summary(found.answers) == (4, 38.25, 81, 81)


def test_lengths_are_in_tokens_where_they_are_counted(path):
    found = gather(path, lambda turns: sum(len(" ".join(turn).split()) for turn in turns))
    assert found.answers == [4, 4, 16, 3]
    assert found.prompts == [6, 6, 7, 5]


def test_the_table_says_what_is_in_the_file(path):
    done = run(path)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[:3] == ["| music_train.json, style ddl | |", "| --- | --- |", "| rows | 4 |"]
    assert {"| questions that occurred before | 1 |", "| hardness easy | 2 |", "| database music | 3 |"} <= set(lines)
    assert "| answers, characters | mean 38, p95 81, max 81 |" in lines


def test_a_file_that_mixes_styles_is_an_error(path, tmp_path):
    mixed = tmp_path / "mixed.json"
    mixed.write_text(json.dumps([row(0, "Who?", "SELECT 1"), row(1, "Why?", "SELECT 2", "compact")]))
    done = run(mixed)
    assert done.returncode == 2
    assert done.stderr == (
        f"stats: {mixed}: row 2: its prompt style is 'compact', that of the rows before 'ddl'. "
        "A model learns one style: convert all rows with one --style.\n"
    )


def test_a_file_that_is_no_converted_one_is_an_error(tmp_path):
    (tmp_path / "raw.json").write_text('[{"question": "Who?", "query": "SELECT 1"}]')
    done = run(tmp_path / "raw.json")
    assert done.returncode == 2
    assert done.stderr == (
        f"stats: {tmp_path}/raw.json: row 1: key 'id' is missing; expected: id, db_id, question, instruction, "
        "input, output, tags; found: question, query.\n"
    )
