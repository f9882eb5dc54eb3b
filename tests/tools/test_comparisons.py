"""The runs of tools/comparisons.py: what they draw from, what they are scored on, and what is said of several seeds."""

import json

import pytest

pytest.importorskip("sqlglot", reason="needs .venv: ./launch.sh setup")

from sql.sql_text import normal_sql
from tests.programs import run_program
from tools.comparisons import RUNS, SPIDER, halves
from tools.results_charts import ON_SPIDER_TRAINED_ON, over_seeds

ROWS = [
    {"question": f"Wording {n} of {limit}", "sql": f"SELECT a FROM t LIMIT {limit}"} for limit in range(9) for n in "ab"
]


def report(value: float, n: int = 10) -> dict:
    return {"metrics": {"execution_accuracy": {"value": value, "n": n}}}


def test_no_query_is_both_drawn_from_and_scored():
    drawn, scored = ([json.loads(line) for line in half] for half in halves(ROWS))
    queries = [{normal_sql(row["sql"]) for row in half} for half in (drawn, scored)]
    assert not queries[0] & queries[1]
    assert [len(half) for half in queries] == [5, 4]
    assert sorted(row["question"] for row in drawn + scored) == sorted(row["question"] for row in ROWS)


def test_seeds_have_a_mean_and_its_range():
    kept = {f"shipped_20_seed{seed}/report": report(value) for seed, value in ((1, 0.5), (3, 0.7))}
    figure = over_seeds(kept, "shipped_20")
    assert (figure["value"], figure["low"], figure["high"], figure["n"]) == (pytest.approx(0.6), 0.5, 0.7, 2)


def test_several_databases_count_by_their_questions_and_only_whole():
    kept = {
        "a_none_seed1/report": report(1.0, 30),
        "b_none_seed1/report": report(0.0, 10),
        "a_none_seed2/report": report(1.0),
    }
    assert over_seeds(kept, "a_none", "b_none") == {"value": 0.75, "low": 0.75, "high": 0.75, "n": 1}
    assert over_seeds(kept, "a_none", "c_none") is None


def test_each_run_on_a_database_has_its_words():
    assert {
        name.removeprefix(f"{db}_") for db in SPIDER for name in RUNS if name.startswith(db)
    } <= ON_SPIDER_TRAINED_ON.keys()


def test_a_run_that_is_not_there_is_refused_with_those_that_are():
    run = run_program("tools/comparisons.py", "shipped_21")
    assert run.returncode == 2
    assert "no such run: shipped_21. There are shipped_none, shipped_20," in run.stderr
