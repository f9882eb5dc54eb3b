"""Hardness: each count, each boundary between levels, the official oddities."""

import pytest

from sql.hardness import Counts, hardness, level

NESTED = "(SELECT a FROM t)"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM t", "easy"),
        ("SELECT count(*) FROM t", "easy"),
        ("SELECT a FROM t WHERE b = 1; -- why", "easy"),
        ("SELECT a FROM t FETCH FIRST 1 ROWS ONLY", "extra"),
        ("SELECT a FROM t WHERE b = 1", "easy"),
        ("SELECT a FROM t WHERE b NOT IN (1)", "easy"),
        ("SELECT a FROM t JOIN u ON t.a = u.a", "easy"),
        ("SELECT a, b FROM t", "medium"),
        ("SELECT max(a), min(a) FROM t", "medium"),
        ("SELECT a FROM t WHERE b LIKE 'x'", "medium"),
        ("SELECT a FROM t ORDER BY b LIMIT 1", "medium"),
        ("SELECT a FROM t WHERE b = 1 AND c = 2", "medium"),
        ("SELECT a FROM t WHERE b = 1 OR c = 2", "medium"),
        ("SELECT a, b FROM t JOIN u WHERE c = 1", "medium"),
        ("SELECT a, count(*) FROM t JOIN u GROUP BY a", "medium"),
        ("SELECT a FROM t JOIN u WHERE b = 1 ORDER BY c", "hard"),
        ("SELECT a FROM t WHERE b = 1 ORDER BY c LIMIT 1", "hard"),
        ("SELECT max(a), min(a) FROM t JOIN u WHERE b = 1 AND c = 2", "hard"),
        (f"SELECT a FROM t WHERE b IN {NESTED}", "hard"),
        ("SELECT a FROM t UNION SELECT a FROM u", "hard"),
        ("SELECT a FROM t WHERE b = 1 EXCEPT SELECT a FROM u", "hard"),
        ("SELECT a FROM t JOIN u JOIN v WHERE b = 1 ORDER BY c", "extra"),
        (f"SELECT a, b FROM t WHERE b IN {NESTED}", "extra"),
        (f"SELECT a FROM t WHERE b IN {NESTED} INTERSECT SELECT a FROM u", "extra"),
        (f"SELECT a FROM t JOIN u WHERE b IN {NESTED}", "extra"),
    ],
)
def test_a_query_has_its_level(sql, expected):
    assert hardness(sql) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(0, 0, 0), "easy"),
        (Counts(1, 0, 0), "easy"),
        (Counts(1, 0, 2), "medium"),
        (Counts(2, 0, 1), "medium"),
        (Counts(1, 0, 3), "hard"),
        (Counts(2, 0, 3), "hard"),
        (Counts(2, 0, 2), "extra"),
        (Counts(3, 0, 2), "hard"),
        (Counts(3, 0, 3), "extra"),
        (Counts(4, 0, 0), "extra"),
        (Counts(1, 1, 0), "hard"),
        (Counts(1, 1, 1), "extra"),
        (Counts(2, 1, 0), "extra"),
        (Counts(0, 2, 0), "extra"),
    ],
)
def test_three_counts_decide(counts, expected):
    assert level(counts) == expected


@pytest.mark.parametrize(
    ("plain", "odd"),
    [
        pytest.param(
            "SELECT count(*) FROM t WHERE a IN (1)", "SELECT count(*) FROM t WHERE a NOT IN (1)", id="negated condition"
        ),
        pytest.param(
            "SELECT count(*) FROM t GROUP BY a HAVING b > 1",
            "SELECT count(*) FROM t GROUP BY a HAVING b > 1 AND c > 2",
            id="AND in HAVING",
        ),
    ],
)
def test_what_the_official_count_takes_for_an_aggregate_is_kept(plain, odd):
    assert (hardness(plain), hardness(odd)) == ("easy", "medium")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a FROM t JOIN u ON t.a = u.a OR t.b = u.b", "easy"),
        ("SELECT a FROM t JOIN u ON t.a = 1 OR t.b = 2", "medium"),
        ("SELECT a FROM t WHERE b < c OR d = 1", "easy"),
        ("SELECT a FROM t WHERE b < c OR d = 1 AND e = 2", "medium"),
        ("SELECT a FROM t JOIN u ON t.a = u.a WHERE b < c OR d > e", "medium"),
    ],
)
def test_behind_a_comparison_with_a_column_an_or_does_not_count(sql, expected):
    assert hardness(sql) == expected


def test_text_that_cannot_be_read_is_extra():
    assert hardness("SELECT a FROM") == "extra"
