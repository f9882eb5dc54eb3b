"""Features: for each a query that has it and one that nearly has."""

import pytest

from sql.features import FEATURES, features

WITH = {
    "join": ["SELECT a FROM t JOIN u", "SELECT a FROM t, u", "SELECT a FROM t WHERE b IN (SELECT c FROM u JOIN v)"],
    "group": ["SELECT a FROM t GROUP BY a"],
    "nested": [
        "SELECT a FROM t WHERE b IN (SELECT c FROM u)",
        "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u)",
        "SELECT a FROM (SELECT a FROM t)",
        "SELECT (SELECT max(a) FROM t)",
        "SELECT a FROM t WHERE b = ((SELECT c FROM u))",
        "SELECT a FROM t UNION SELECT a FROM t WHERE b IN (SELECT c FROM u)",
    ],
    "set_operation": ["SELECT a FROM t UNION ALL SELECT a FROM u", "SELECT a FROM t EXCEPT SELECT a FROM u"],
    "order": ["SELECT a FROM t ORDER BY a", "SELECT a FROM t UNION SELECT a FROM u ORDER BY 1"],
    "limit": ["SELECT a FROM t LIMIT 1"],
    "aggregate": ["SELECT count(*) FROM t", "SELECT total(a) FROM t", "SELECT a FROM t GROUP BY a HAVING max(b) > 1"],
    "distinct": ["SELECT DISTINCT a FROM t", "SELECT count(DISTINCT a) FROM t"],
    "window": ["SELECT row_number() OVER (PARTITION BY a) FROM t", "SELECT sum(a) OVER () FROM t"],
    "cte": ["WITH x AS (SELECT a FROM t) SELECT a FROM x"],
    "case": ["SELECT CASE WHEN a THEN 1 END FROM t"],
}
WITHOUT = {
    "join": [
        "SELECT a, b FROM t",
        "SELECT a FROM t UNION SELECT a FROM u",
        "SELECT a FROM t WHERE b IN (SELECT c FROM u)",
    ],
    "group": ["SELECT DISTINCT a FROM t", "SELECT 'GROUP BY' FROM t"],
    "nested": [
        "SELECT a FROM t UNION SELECT a FROM u",
        "SELECT (a) FROM t WHERE (b = 1)",
        "WITH x AS (SELECT a FROM t) SELECT a FROM x",
    ],
    "set_operation": ["SELECT a FROM t WHERE b = 'UNION'"],
    "order": ["SELECT row_number() OVER (ORDER BY a) FROM t"],
    "limit": ["SELECT 'LIMIT 1' FROM t"],
    "aggregate": ["SELECT max(a, b) FROM t", "SELECT sum(a) OVER () FROM t", "SELECT length(a) FROM t"],
    "distinct": ["SELECT a FROM t UNION SELECT a FROM u"],
    "window": ["SELECT sum(a) FROM t"],
    "cte": ["SELECT a FROM (SELECT a FROM t) AS x"],
    "case": ["SELECT a FROM t WHERE b = 'CASE'"],
}


@pytest.mark.parametrize(("name", "sql"), [(name, sql) for name in FEATURES for sql in WITH[name]])
def test_a_query_has_the_feature(name, sql):
    assert name in features(sql)


@pytest.mark.parametrize(("name", "sql"), [(name, sql) for name in FEATURES for sql in WITHOUT[name]])
def test_a_query_lacks_the_feature(name, sql):
    assert name not in features(sql)


def test_features_come_in_their_fixed_order():
    sql = "SELECT count(DISTINCT a) FROM t JOIN u WHERE b IN (SELECT c FROM v) GROUP BY a ORDER BY a LIMIT 1"
    assert features(sql) == ("join", "group", "nested", "order", "limit", "aggregate", "distinct")


def test_a_plain_query_has_none():
    assert features("SELECT a FROM t WHERE b = 1") == ()


def test_text_that_cannot_be_read_has_none():
    assert features("SELECT count(*) FROM") == ()
