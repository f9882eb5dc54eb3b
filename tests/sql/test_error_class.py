"""Error classes: SQLite's own error texts, each difference between two queries, precedence, and real failures."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from evaluate.execution.sandbox import Limits, run_query
from evaluate.execution.write import run_statements
from sql.error_class import CLASSES, classify
from sql.sql_text import close_comparisons
from tests.databases import make_database
from tests.sql.test_agreement_exact_match import NEEDS, SYSTEMS

GOLD = "SELECT name FROM singer"
FAILING = {
    "SELECT FROM singer": "syntax",
    "SELECT name FROM singer WHERE": "syntax",
    "SELECT name FROM singer WHERE name = 'x": "syntax",
    "SELECT 18_49_share FROM singer": "syntax",
    "SELECT name FROM singer; SELECT 1": "syntax",
    "SELECT name FROM singer ORDER BY name UNION SELECT name FROM song": "syntax",
    "SELECT name FROM singers": "no_such_table",
    "SELECT nam FROM singer": "no_such_column",
    "SELECT T3.name FROM singer AS T1": "no_such_column",
    "SELECT name FROM singer JOIN song USING (nowhere)": "no_such_column",
    "SELECT name FROM singer JOIN song": "ambiguous_column",
    "SELECT year(name) FROM singer": "no_such_function",
    "SELECT abs(1, 2) FROM singer": "no_such_function",
    "SELECT name FROM singer WHERE count(*) > 1": "misused_aggregate",
    "SELECT name FROM singer WHERE row_number() OVER () > 1": "misused_aggregate",
    "SELECT name FROM singer UNION SELECT name, id FROM singer": "wrong_set_operation",
    "SELECT name FROM singer WHERE id = (SELECT id, name FROM song)": "wrong_nesting",
    "DELETE FROM singer": "not_read_only",
    "DROP TABLE singer": "not_read_only",
    "ATTACH 'x' AS y": "not_read_only",
    "PRAGMA user_version = 1": "not_read_only",
    "-- nothing": "no_sql",
    "SELECT name FROM singer WHERE name IN (?)": "other_error",
}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return make_database(
        tmp_path_factory.mktemp("database") / "d.sqlite",
        "CREATE TABLE singer (id, name); CREATE TABLE song (id, name);"
        "CREATE TABLE album (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    )


@pytest.mark.parametrize(("sql", "expected"), FAILING.items())
def test_an_error_of_sqlites_has_its_class(sql, expected, database):
    execution = run_query(sql, database)
    assert execution.status == "error"
    assert classify(GOLD, sql, "error", execution.error) == expected


@pytest.mark.parametrize("outcome", ["no_sql", "timeout", "too_large"])
def test_some_outcomes_are_classes(outcome):
    assert classify(GOLD, None, outcome, "told elsewhere") == outcome


@pytest.mark.parametrize("text", [None, "", "disk I/O error", "a column called: no such column"])
def test_an_unknown_error_is_other_error(text):
    assert classify(GOLD, "SELECT 1", "error", text) == "other_error"


JOINED = "SELECT T1.a FROM t AS T1 JOIN u AS T2 ON T1.id = T2.t_id"
DIFFERENCES = [
    ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t", "wrong_set_operation"),
    ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t EXCEPT SELECT a FROM u", "wrong_set_operation"),
    ("SELECT a FROM t WHERE b > (SELECT avg(b) FROM t)", "SELECT a FROM t WHERE b > 1", "wrong_nesting"),
    ("SELECT a FROM t", "SELECT a FROM (SELECT a FROM t)", "wrong_nesting"),
    ("SELECT a FROM t", "SELECT a FROM u", "wrong_table"),
    (JOINED, "SELECT a FROM t JOIN v", "wrong_table"),
    (JOINED, "SELECT a FROM t", "wrong_join"),
    ("SELECT a FROM t", JOINED, "wrong_join"),
    (JOINED, JOINED.replace("JOIN", "LEFT JOIN"), "wrong_join"),
    (JOINED, JOINED.replace("T1.id", "T1.b"), "wrong_join"),
    (JOINED, "SELECT T1.a FROM t AS T1, u AS T2", "wrong_join"),
    ("SELECT a FROM t GROUP BY a", "SELECT a FROM t", "missing_group_by"),
    ("SELECT a FROM t", "SELECT a FROM t GROUP BY a", "extra_group_by"),
    ("SELECT max(a) FROM t", "SELECT min(a) FROM t", "wrong_aggregate"),
    ("SELECT max(a) FROM t", "SELECT a FROM t", "wrong_aggregate"),
    ("SELECT sum(a) FROM t", "SELECT count(*) FROM t", "wrong_aggregate"),
    ("SELECT a FROM t", "SELECT b FROM t", "wrong_columns"),
    ("SELECT a FROM t", "SELECT a, b FROM t", "wrong_columns"),
    ("SELECT a FROM t", "SELECT count(*) FROM t", "wrong_columns"),
    (JOINED, JOINED.replace("T1.a", "T2.a"), "wrong_columns"),
    ("SELECT count(a) FROM t", "SELECT count(b) FROM t", "wrong_columns"),
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 1 AND c = 2", "extra_condition"),
    ("SELECT a FROM t", "SELECT a FROM t WHERE b = 1", "extra_condition"),
    ("SELECT a FROM t WHERE b = 1 AND c = 2", "SELECT a FROM t WHERE b = 1", "missing_condition"),
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE c = 1", "wrong_condition"),
    ("SELECT a FROM t WHERE b > 1", "SELECT a FROM t WHERE b >= 1", "wrong_condition"),
    ("SELECT a FROM t WHERE b = 1 AND c = 2", "SELECT a FROM t WHERE b = 1 OR c = 2", "wrong_condition"),
    ("SELECT a FROM t WHERE b LIKE 'x'", "SELECT a FROM t WHERE b NOT LIKE 'x'", "wrong_condition"),
    ("SELECT a FROM t GROUP BY a HAVING sum(b) > 1", "SELECT a FROM t WHERE b > 1 GROUP BY a", "wrong_condition"),
    ("SELECT a FROM t WHERE b = 'X'", "SELECT a FROM t WHERE b = 'x'", "wrong_value"),
    ("SELECT a FROM t WHERE b = 'X'", 'SELECT a FROM t WHERE b = "x"', "wrong_value"),
    ("SELECT a FROM t WHERE b = 5", "SELECT a FROM t WHERE b = '5'", "wrong_value"),
    ("SELECT a FROM t WHERE b BETWEEN 1 AND 2", "SELECT a FROM t WHERE b BETWEEN 1 AND 3", "wrong_value"),
    ("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b IN (1)", "wrong_value"),
    ("SELECT a FROM t GROUP BY a HAVING count(*) > 1", "SELECT a FROM t GROUP BY a HAVING count(*) > 2", "wrong_value"),
    ("SELECT a FROM t GROUP BY a", "SELECT a FROM t GROUP BY b", "wrong_group_by"),
    ("SELECT a FROM t ORDER BY a", "SELECT a FROM t", "wrong_order"),
    ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC", "wrong_order"),
    ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY b", "wrong_order"),
    ("SELECT a FROM t ORDER BY a LIMIT 1", "SELECT a FROM t ORDER BY a", "wrong_limit"),
    ("SELECT a FROM t LIMIT 1", "SELECT a FROM t LIMIT 1 OFFSET 1", "wrong_limit"),
    ("SELECT DISTINCT a FROM t", "SELECT a FROM t", "distinct"),
    ("SELECT count(DISTINCT a) FROM t", "SELECT count(a) FROM t", "distinct"),
    ("SELECT a FROM t WHERE b IN (SELECT c FROM u)", "SELECT a FROM t WHERE b IN (SELECT d FROM u)", "wrong_columns"),
    ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t UNION SELECT a FROM u WHERE b = 1", "extra_condition"),
    ("SELECT a FROM t", "SELECT a FROM t", "other"),
    ("SELECT a FROM t", "VALUES (1)", "other"),
]


@pytest.mark.parametrize(("gold", "prediction", "expected"), DIFFERENCES)
def test_a_difference_has_its_class(gold, prediction, expected):
    assert classify(gold, prediction, "wrong_result", None) == expected


@pytest.mark.parametrize(
    ("gold", "prediction"),
    [
        ("SELECT a FROM t AS T1", "SELECT T2.A AS x FROM t AS T2;"),
        (JOINED, "SELECT t.a FROM u INNER JOIN t ON u.t_id = t.id"),
        (JOINED, "SELECT t.a FROM t, u WHERE t.id = u.t_id"),
        ("SELECT a FROM t WHERE b = 1 AND c = 'x'", 'SELECT a FROM t WHERE (c = "x") AND b = 1.0'),
        ("SELECT a, b FROM t ORDER BY a", "SELECT b, a FROM t ORDER BY a ASC"),
    ],
)
def test_spellings_of_one_query_are_no_difference(gold, prediction):
    assert classify(gold, prediction, "wrong_result", None) == "other"


def test_the_outer_shape_comes_before_the_details():
    gold = "SELECT a FROM t WHERE b = 1 ORDER BY c LIMIT 1"
    steps = [
        ("SELECT a FROM t WHERE b = 1 ORDER BY c", "wrong_limit"),
        ("SELECT a FROM t WHERE b = 1 ORDER BY d", "wrong_order"),
        ("SELECT a FROM t WHERE b = 2 ORDER BY d", "wrong_value"),
        ("SELECT a FROM t WHERE e = 2 ORDER BY d", "wrong_condition"),
        ("SELECT f FROM t WHERE e = 2 ORDER BY d", "wrong_columns"),
        ("SELECT f FROM u WHERE e = 2 ORDER BY d", "wrong_table"),
        ("SELECT f FROM u WHERE e = 2 UNION SELECT f FROM u", "wrong_set_operation"),
    ]
    found = [classify(gold, sql, "wrong_result", None) for sql, _ in steps]
    assert found == [name for _, name in steps]
    assert sorted(found, key=list(CLASSES).index, reverse=True) == found


WRITING = {
    "DELETE FROM singers": "no_such_table",
    "INSERT INTO singer (nam) VALUES ('x')": "no_such_column",
    "INSERT INTO album VALUES (1, 'x'), (1, 'y')": "constraint",
    "INSERT INTO album (name) VALUES (NULL)": "constraint",
    "INSERT INTO album VALUES ('one', 'x')": "constraint",
    "DELETE singer": "syntax",
    "PRAGMA user_version = 1": "not_read_only",
    "CREATE TABLE singer (a)": "other_error",
}


@pytest.mark.parametrize(("sql", "expected"), WRITING.items())
def test_an_error_of_statements_that_write_has_its_class(sql, expected, database):
    written = run_statements(sql, database)
    assert written.status == "error"
    assert classify("DELETE FROM singer", sql, "error", written.error, writes=True) == expected


@pytest.mark.parametrize("sql", ["SELECT name FROM singer", "DELETE FROM song", "INSERT INTO song VALUES (1, 'x')"])
def test_another_state_is_a_class_of_its_own(sql):
    assert classify("DELETE FROM singer", sql, "wrong_result", None, writes=True) == "wrong_change"


def test_every_difference_is_in_the_table_of_classes():
    found = {name for *_, name in DIFFERENCES} | set(FAILING.values()) | set(WRITING.values())
    assert found | {"timeout", "too_large", "wrong_change"} == set(CLASSES)


def test_a_deeply_nested_prediction_has_a_class():
    assert classify(GOLD, "SELECT " + "(" * 10_000 + "1" + ")" * 10_000, "wrong_result", None) == "other"


def failure_classes(predictions: Path) -> Counter:
    """The classes of the rows that the official evaluator calls wrong, run and classed here."""
    spider = Path(os.environ["SPIDER_DIR"])
    golds = [row["query"] for row in json.loads((spider / "dev.json").read_text())]
    classes = Counter()
    for line in predictions.read_text().splitlines():
        row = json.loads(line)
        if row.get("official_ex_keep_distinct") != 0:
            continue
        database = spider / "database" / row["db_id"] / f"{row['db_id']}.sqlite"
        execution = run_query(close_comparisons(row["prediction"]), database, Limits(seconds=2))
        outcome = "wrong_result" if execution.status == "ok" else execution.status
        classes[classify(golds[row["id"]], row["prediction"], outcome, execution.error)] += 1
    return classes


@pytest.mark.skipif(bool(NEEDS), reason=f"not set: {', '.join(NEEDS)}")
@pytest.mark.parametrize("system", SYSTEMS)
def test_hardly_a_real_failure_is_other(system):
    classes = failure_classes(Path(os.environ["SPIDER_PREDICTIONS_DIR"]) / f"{system}.jsonl")
    assert classes.total() > 100
    assert set(classes) <= set(CLASSES)
    assert classes["other"] + classes["other_error"] < 0.05 * classes.total()
