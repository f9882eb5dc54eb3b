"""Features, tables and hardness of queries; hardness against the official verdicts where they are there."""

import json
import os
from pathlib import Path

import pytest

from sql.shape import shape_of


@pytest.mark.parametrize(
    ("sql", "shape"),
    [
        ("SELECT a FROM t", ((), 1, "easy")),
        ("SELECT COUNT(*), MAX(a) FROM t WHERE b = 1", (("aggregate",), 1, "medium")),
        ("SELECT DISTINCT a FROM t JOIN u ON t.x = u.x", (("join", "distinct"), 2, "easy")),
        ("SELECT a FROM t JOIN u ON t.x = u.x ORDER BY a LIMIT 3", (("join", "order", "limit"), 2, "hard")),
        ("SELECT a FROM t WHERE b > (SELECT AVG(b) FROM t)", (("nested", "aggregate"), 1, "hard")),
        ("SELECT a FROM t GROUP BY a UNION SELECT b FROM u", (("group", "set_operation"), 2, "hard")),
        ("WITH c AS (SELECT a FROM t) SELECT a, RANK() OVER (ORDER BY a) FROM c", (("window", "cte"), 1, "medium")),
        ("SELECT CASE WHEN a > 1 THEN 2 END FROM t", (("case",), 1, "easy")),
    ],
)
def test_a_query_has_its_shape(sql, shape):
    assert shape_of(sql) == shape


@pytest.mark.parametrize("sql", ["", "SELEC a", "DELETE FROM t", "(" * 100_000])
def test_what_is_no_query_has_no_shape(sql):
    assert shape_of(sql) is None


NEEDED = {"SPIDER_DIR", "SPIDER_PREDICTIONS_DIR"}


@pytest.mark.skipif(not os.environ.keys() >= NEEDED, reason="SPIDER_DIR or SPIDER_PREDICTIONS_DIR is not set")
def test_hardness_is_the_official_one_on_spider_dev():
    golds = json.loads((Path(os.environ["SPIDER_DIR"]) / "dev.json").read_text())
    lines = (Path(os.environ["SPIDER_PREDICTIONS_DIR"]) / "codes_1b.jsonl").read_text().splitlines()
    official = {row["id"]: row["gold_hardness"] for row in map(json.loads, lines) if row.get("gold_hardness")}
    assert len(official) == 972
    assert {number: shape_of(golds[number]["query"]).hardness for number in official} == official
