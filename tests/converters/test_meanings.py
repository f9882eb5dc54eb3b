"""Golds of other systems: each gives the answer that was worked out by hand, or is refused, and never another one."""

import pytest

from converters.corpora.row_databases import example_on
from converters.corpora.row_databases.context import build
from converters.rows import Candidate

pytest.importorskip("sqlglot")

CONTEXT = """
CREATE TABLE orders (id INT, customer VARCHAR(20), region TEXT, amount DECIMAL(9, 2), pieces INT, price REAL,
  ordered DATE, paid DATE, ts TIMESTAMP, ended TIMESTAMP, flag BOOLEAN, note TEXT);
INSERT INTO orders VALUES
  (1, 'a', 'north', 10, 3, 2.5, '2022-01-31', '2022-03-02', '2022-01-01 22:30:00', '2022-01-02 03:29:59',
    'true', '50%'),
  (2, 'b', 'south', 5, 4, 2.4, '2022-02-10', '2022-02-14', '2022-01-02 08:00:00', '2022-01-12 07:00:00',
    'false', '501');
"""
FIRST = " FROM orders WHERE id = 1"


def answer(sql: str, context: str = CONTEXT) -> tuple[list | None, str]:
    """All values of the gold as it would be written, and its dialect; None where it is not runnable."""
    built = build(context)
    row = example_on(built, Candidate("r", "r", "Which?", sql, "f: row 1", context=context), None, 0, None)
    if "runnable" not in row.tags:
        return None, row.error
    values = [value for each in built.connection.execute(row.sql) for value in each]
    return values, row.sql


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        # the time of day stays
        ("SELECT ts + INTERVAL '3 hours'" + FIRST, ["2022-01-02 01:30:00"]),
        ("SELECT DATEADD(hour, 3, ts)" + FIRST, ["2022-01-02 01:30:00"]),
        ("SELECT DATE_ADD(ts, INTERVAL 30 MINUTE)" + FIRST, ["2022-01-01 23:00:00"]),
        ("SELECT DATE_ADD(ts, INTERVAL 1 DAY)" + FIRST, ["2022-01-02 22:30:00"]),
        ("SELECT DATE_SUB(ts, INTERVAL 2 WEEK)" + FIRST, ["2021-12-18 22:30:00"]),
        ("SELECT TIMESTAMPADD(HOUR, 2, ts)" + FIRST, ["2022-01-02 00:30:00"]),
        ("SELECT id FROM orders WHERE ts >= TIMESTAMP '2022-01-02 02:00:00' - INTERVAL '4 hours'", [1, 2]),
        ("SELECT id FROM orders WHERE ts >= TIMESTAMP '2022-01-02 03:00:00' - INTERVAL '4 hours'", [2]),
        ("SELECT b.id FROM orders a JOIN orders b ON b.ts <= a.ts + INTERVAL '10 hours' WHERE a.id = 1", [1, 2]),
        ("SELECT b.id FROM orders a JOIN orders b ON b.ts <= a.ts + INTERVAL '9 hours' WHERE a.id = 1", [1]),
        # a date stays a date, and the end of a month its end
        ("SELECT ordered + INTERVAL '1 day'" + FIRST, ["2022-02-01"]),
        ("SELECT DATE_ADD(ordered, INTERVAL 1 MONTH)" + FIRST, ["2022-02-28"]),
        ("SELECT DATE_ADD(ordered, INTERVAL 2 MONTH)" + FIRST, ["2022-03-31"]),
        ("SELECT DATE_SUB(paid, INTERVAL 1 QUARTER)" + FIRST, ["2021-12-02"]),
        ("SELECT DATE '2024-02-29' + INTERVAL '1 year'", ["2025-02-28"]),
        ("SELECT TIMESTAMP '2022-01-31 10:20:30' + INTERVAL '1 month'", ["2022-02-28 10:20:30"]),
        ("SELECT MAX(ordered) - INTERVAL '3 days' FROM orders", ["2022-02-07"]),
        # differences
        ("SELECT paid - ordered FROM orders ORDER BY id", [30, 4]),
        ("SELECT AVG(paid - ordered) FROM orders", [17]),
        ("SELECT '2022-02-01'::date - ordered::date FROM orders ORDER BY id", [1, -9]),
        ("SELECT id FROM orders WHERE paid - ordered > 10", [1]),
        ("SELECT ordered + 7" + FIRST, ["2022-02-07"]),
        ("SELECT ordered - pieces" + FIRST, ["2022-01-28"]),
        ("SELECT CURRENT_DATE - CURRENT_DATE", [0]),
        ("SELECT CURRENT_DATE - 30 = DATE(CURRENT_DATE, '-30 days')", [1]),
        ("SELECT EXTRACT(DAY FROM ended - ts) FROM orders ORDER BY id", [0, 9]),
        ("SELECT EXTRACT(EPOCH FROM ended - ts)" + FIRST, [17999]),
        ("SELECT DATEDIFF(ended, ts) FROM orders ORDER BY id", [1, 10]),
        ("SELECT DATEDIFF(hour, ts, ended)" + FIRST, [5]),
        ("SELECT DATEDIFF(day, ts, ended) FROM orders ORDER BY id", [1, 10]),
        ("SELECT DATEDIFF(month, ordered, paid) FROM orders ORDER BY id", [2, 0]),
        ("SELECT DATEDIFF(year, '2021-12-31', ordered)" + FIRST, [1]),
        ("SELECT TIMESTAMPDIFF(HOUR, ts, ended)" + FIRST, [4]),
        ("SELECT TIMESTAMPDIFF(DAY, ts, ended) FROM orders ORDER BY id", [0, 9]),
        ("SELECT TIMESTAMPDIFF(MONTH, ordered, paid) FROM orders ORDER BY id", [1, 0]),
        ("SELECT TIMESTAMPDIFF(YEAR, '2000-02-01', ordered) FROM orders ORDER BY id", [21, 22]),
        # numbers
        ("SELECT price::int FROM orders ORDER BY id", [3, 2]),
        ("SELECT CAST(price AS SIGNED) FROM orders ORDER BY id", [3, 2]),
        ("SELECT TOP 1 CAST(price AS INT) FROM orders ORDER BY id", [2]),
        ("SELECT CAST(2.46 AS DECIMAL(10, 1))", [2.5]),
        ("SELECT CAST(pieces AS DECIMAL(10, 2)) / 4" + FIRST, [0.75]),
        ("SELECT CAST(pieces AS DECIMAL) / 2 FROM orders ORDER BY id", [1.5, 2.0]),
        ("SELECT SUM(pieces) / COUNT(*) FROM `orders`", [3.5]),
        ("SELECT pieces / 2 FROM `orders` WHERE id = 1", [1.5]),
        ("SELECT amount / 4" + FIRST, [2.5]),
        ("SELECT SUM(amount) / 2 FROM orders", [7.5]),
        ("SELECT ROUND(1255, -1)", [1260]),
        ("SELECT ROUND(price * 1000, -3)" + FIRST, [3000]),
        # texts
        ("SELECT customer + ' ' + region" + FIRST, ["a north"]),
        ("SELECT customer + '-' + CAST(pieces AS VARCHAR(12))" + FIRST, ["a-3"]),
        ("SELECT CAST(region AS CHAR(2))" + FIRST, ["no"]),
        ("SELECT region::VARCHAR(3)" + FIRST, ["nor"]),
        (r"SELECT id FROM orders WHERE note LIKE '50\%'", [1]),
        # booleans
        ("SELECT id FROM orders WHERE flag", [1]),
        ("SELECT id FROM orders WHERE flag = TRUE", [1]),
        ("SELECT id FROM orders WHERE flag = 'true'", [1]),
        ("SELECT id FROM orders WHERE NOT flag", [2]),
        ("SELECT id FROM orders WHERE flag IN ('f')", [2]),
    ],
)
def test_a_gold_gives_the_answer_that_it_means(sql, values):
    assert answer(sql)[0] == values, answer(sql)[1]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders PIVOT (SUM(pieces) FOR region IN ([north], [south])) AS p",
        "SELECT TOP 1 WITH TIES id FROM orders ORDER BY region",
        "SELECT id FROM orders ORDER BY id FETCH FIRST 1 ROWS WITH TIES",
        "SELECT id FROM orders FETCH FIRST 40 PERCENT ROWS ONLY",
        "SELECT TOP 40 PERCENT id FROM orders",
        "SELECT id FROM orders TABLESAMPLE BERNOULLI (10)",
        "SELECT LAG(pieces) IGNORE NULLS OVER (ORDER BY id) FROM orders",
        "SELECT ended - ts FROM orders",
        "SELECT EXTRACT(HOUR FROM ended - ts) FROM orders",
        "SELECT ts - ordered FROM `orders`",
        "SELECT note + INTERVAL '1 day' FROM orders",
        "SELECT ts + INTERVAL '1 day 3 hours' FROM orders",
        "SELECT DATE_ADD(ordered, INTERVAL pieces MONTH) FROM orders",
        "SELECT ordered - note FROM orders",
        "SELECT DATEDIFF(week, ordered, paid) FROM orders",
        "SELECT note::boolean FROM orders",
        # texts that lost their quotes are no SQL of any dialect
        "SELECT id FROM orders WHERE note = 3:39",
        "SELECT id FROM orders WHERE note = 3rd",
        "SELECT id FROM orders WHERE note = [north]",
    ],
)
def test_a_gold_whose_meaning_sqlite_cannot_have_is_refused(sql):
    assert answer(sql)[0] is None, answer(sql)[1]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pieces / 2 FROM orders",
        "SELECT region + note FROM orders",
        "SELECT JULIANDAY(paid) - JULIANDAY(ordered) FROM orders",
        "SELECT strftime('%Y', ordered) - 1 FROM orders",
        "SELECT date(ordered, '-30 days') FROM orders",
        "SELECT CAST(price AS INTEGER), ROUND(price, 1), pieces + 1 FROM orders WHERE note LIKE '5%'",
        "SELECT CAST(pieces AS REAL) / 2, note || 'x' FROM orders WHERE note = 'true'",
    ],
)
def test_what_sqlite_reads_as_it_is_meant_stays_as_it_is_written(sql):
    assert answer(sql)[1] == sql


def test_digits_in_a_column_of_type_string_stay_text():
    context = "CREATE TABLE t (zip STRING); INSERT INTO t VALUES ('01234')"
    assert answer("SELECT zip FROM t", context)[0] == ["01234"]


@pytest.mark.parametrize(
    "context", ["CREATE TABLE t (serial INT, b TEXT)", "CREATE TABLE t (a TEXT DEFAULT 'serial killer', b INT)"]
)
def test_a_name_or_text_is_no_type(context):
    assert build(context).dialect == "sqlite"


def test_an_update_keeps_the_time_of_day():
    built = build(CONTEXT)
    candidate = Candidate(
        "r", "r", "?", "UPDATE orders SET ts = ts + INTERVAL '3 hours' WHERE id = 1", "f", context="x"
    )
    row = example_on(built, candidate, None, 0, None)
    built.connection.execute(row.sql)
    assert built.connection.execute("SELECT ts FROM orders WHERE id = 1").fetchone() == ("2022-01-02 01:30:00",)
