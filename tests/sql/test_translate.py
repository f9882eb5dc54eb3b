"""SQL of other systems comes out as SQLite's, and means the same there."""

import sqlite3

import pytest

from sql.dialects.translate import to_sqlite


def first_that_runs(connection: sqlite3.Connection, sql: str):
    for version in to_sqlite(sql, {"a": "integer", "b": "text", "d": "date"}):
        try:
            return version.dialect, connection.execute(version.sql).fetchall()
        except sqlite3.Error:
            continue
    return None


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:")
    connection.executescript("CREATE TABLE t (a, b, d DATE); INSERT INTO t VALUES (7, 'Ada', '2021-03-31')")
    return connection


@pytest.mark.parametrize(
    ("sql", "dialect", "value"),
    [
        ("SELECT YEAR(d) FROM `t`", "mysql", 2021),
        ("SELECT EXTRACT(MONTH FROM d) FROM t", "postgres", 3),
        ("SELECT CONCAT(b, '-', a) FROM `t`", "mysql", "Ada-7"),
        ("SELECT DATE_SUB(d, INTERVAL 1 YEAR) FROM t", "mysql", "2020-03-31"),
        ("SELECT DATE_ADD(d, INTERVAL 2 WEEK) FROM t", "mysql", "2021-04-14"),
        ("SELECT d - INTERVAL '1 day' FROM t", "postgres", "2021-03-30"),
        ("SELECT DATE_TRUNC('month', d), a::TEXT FROM t", "postgres", "2021-03-01"),
        ("SELECT DATEADD(quarter, 1, d) FROM t", "tsql", "2021-06-30"),
        ("SELECT TOP 1 [b] FROM t", "tsql", "Ada"),
        ("SELECT LEFT(b, 2) FROM `t`", "mysql", "Ad"),
        ("SELECT RIGHT(b, 2) FROM `t`", "mysql", "da"),
        ("SELECT IF(a > 5, 'more', 'less') FROM `t`", "mysql", "more"),
        ("SELECT 'O\\'Hara'", "mysql", "O'Hara"),
        ("SELECT TOP 1 N'text'", "tsql", "text"),
        ("SELECT QUARTER(d) FROM `t`", "mysql", 1),
        ("SELECT EXTRACT(QUARTER FROM DATE '2021-05-05')", "postgres", 2),
        ("SELECT TO_CHAR(d, 'YYYY-MM') FROM t", "postgres", "2021-03"),
        ("SELECT CAST(d AS DATE), a::INT FROM t", "postgres", "2021-03-31"),
        ("SELECT CAST(d AS TIMESTAMP), a::INT FROM t", "postgres", "2021-03-31 00:00:00"),
        ("SELECT shop.t.a FROM shop.t", "mysql", 7),
    ],
)
def test_a_query_of_another_dialect_gives_its_value(connection, sql, dialect, value):
    found = first_that_runs(connection, sql)
    assert found is not None
    assert (found[0], found[1][0][0]) == (dialect, value)


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("CREATE TABLE x (id INT AUTO_INCREMENT PRIMARY KEY, k ENUM('a', 'b')) ENGINE=InnoDB", ["INTEGER", "TEXT"]),
        ("CREATE TABLE x (id SERIAL PRIMARY KEY, tags TEXT[], j JSONB)", ["INTEGER", "TEXT", "TEXT"]),
        ("CREATE TABLE x (id INT IDENTITY(1,1) PRIMARY KEY, n NVARCHAR(MAX))", ["INTEGER", "TEXT"]),
        ("CREATE TABLE shop.x (g GEOMETRY(Point, 4326), u UUID DEFAULT gen_random_uuid())", ["TEXT", "UUID"]),
        (
            "CREATE TABLE x (n INT COMMENT 'how many', d TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
            ["INTEGER", "TIMESTAMPTZ"],
        ),
    ],
)
def test_a_table_of_another_dialect_gets_types_that_sqlite_knows(connection, sql, types):
    assert first_that_runs(connection, sql) is not None
    assert [row[2] for row in connection.execute("PRAGMA table_info(x)")] == types


NAMES_OF_MONTHS = (
    "SELECT TO_CHAR(d, 'Month') FROM t",
    "SELECT DATE_FORMAT(d, '%M %Y') FROM t",
    "SELECT DATENAME(month, d) FROM t",
)


@pytest.mark.parametrize(
    "sql", ["", "SELECT (((", "SELECT 1; SELECT 2", "(" * 100_000, "SELECT STDDEV(a) FROM t", *NAMES_OF_MONTHS]
)
def test_what_cannot_be_translated_gives_nothing_that_runs(connection, sql):
    assert first_that_runs(connection, sql) is None
