"""The shipped questions of people: every gold runs on its database and says something, and nothing is for training."""

import json
from collections import Counter

import pytest

from converters.corpora.people import QUESTIONS, SAMPLES
from evaluate.execution.sandbox import Limits, run_query
from tests.programs import run_program

PAIRS = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = tmp_path_factory.mktemp("people")
    assert run_program("converters/run.py", "people", "--data", data).returncode == 0
    return data


def test_there_are_ten_questions_on_each_database():
    assert Counter(pair["db_id"] for pair in PAIRS) == {path.stem: 10 for path in SAMPLES.glob("*.sql")}
    assert len({pair["id"] for pair in PAIRS}) == 50


def test_it_is_for_evaluation_alone(folder):
    assert len(json.loads((folder / "people_eval.json").read_text())) == 50
    assert not (folder / "people_train.json").exists()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
def test_every_gold_returns_a_value(pair, folder):
    database = folder / "databases/people" / pair["db_id"] / f"{pair['db_id']}.sqlite"
    result = run_query(pair["sql"], database, Limits())
    assert result.status == "ok", result.error
    assert any(cell is not None for row in result.rows for cell in row)
