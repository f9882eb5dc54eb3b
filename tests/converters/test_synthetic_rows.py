"""Made-up rows: the gold finds some, keys hold, the same seed makes the same rows."""

import os
import subprocess
import sys

import pytest

from converters.corpora.row_databases.context import build
from converters.corpora.row_databases.synthetic_rows import fill
from sql.schema import schema_of
from tests.conftest import ROOT

TABLES = """
CREATE TABLE singer (id INTEGER PRIMARY KEY, name VARCHAR, country VARCHAR, age INTEGER, born DATE);
CREATE TABLE song (song_id INT, singer INT REFERENCES singer(id), title VARCHAR, sales REAL, year VARCHAR);
CREATE TABLE award (song INT, kind VARCHAR)
"""


def filled(sql: str, seed: int = 7, script: str = TABLES):
    connection = build(script).connection
    return connection, fill(connection, schema_of(connection), sql, seed)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM singer WHERE country = 'France' AND age > 30 AND age <= 31",
        'SELECT name FROM singer WHERE country = "New Zealand" OR age BETWEEN 3 AND 5',
        "SELECT name FROM singer WHERE name LIKE '%ann_%' AND 40 < age",
        "SELECT title FROM song WHERE year > '1999' AND sales < -2.5",
        "SELECT title FROM song WHERE year IN (1987, 1988) AND NOT title IN ('x')",
        "SELECT T1.name FROM singer AS T1 JOIN song AS T2 ON T1.id = T2.singer WHERE T2.sales > 9 AND country <> 'US'",
        "SELECT name FROM singer WHERE id IN (SELECT singer FROM song WHERE sales > 500)",
        "SELECT name FROM singer WHERE NOT id IN (SELECT singer FROM song WHERE sales > 500)",
        "SELECT name FROM singer EXCEPT SELECT T1.name FROM singer AS T1 JOIN song AS T2 ON T1.id = T2.singer",
        "SELECT country FROM singer WHERE age > 40 INTERSECT SELECT country FROM singer WHERE age < 30",
        "SELECT T1.name FROM singer AS T1 JOIN song AS T2 ON T1.id = T2.singer GROUP BY T1.id HAVING COUNT(*) >= 3",
        "SELECT country FROM singer GROUP BY country HAVING COUNT(*) = 2",
        "SELECT name FROM singer WHERE age > (SELECT AVG(age) FROM singer)",
        "SELECT a.name FROM singer AS a JOIN singer AS b ON a.country = b.country WHERE a.age = 20 AND b.age = 50",
        "SELECT MAX(sales) FROM song WHERE title = 'x'",
        "SELECT kind FROM award JOIN song ON song = song_id JOIN singer ON singer = id WHERE country = 'Peru'",
        "SELECT name FROM singer WHERE born > '2003-05-01' AND country IS NULL",
    ],
)
def test_the_gold_finds_rows(sql):
    run = filled(sql)[1]
    assert (run.runs, run.returns_rows, run.null) == (True, True, False)


def test_a_gold_that_cannot_run_says_why():
    assert filled("SELECT shoe_size FROM singer")[1].error == "no such column: shoe_size"


def test_a_contradiction_returns_nothing_and_leaves_rows():
    connection, run = filled("SELECT name FROM singer WHERE age > 5 AND age < 3")
    assert (run.runs, run.returns_rows) == (True, False)
    assert connection.execute("SELECT COUNT(*) FROM singer").fetchone()[0] > 0


def test_primary_keys_are_unique_and_foreign_keys_point_to_rows():
    connection, _ = filled("SELECT title FROM song WHERE sales > 3")
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("SELECT COUNT(*) FROM song").fetchone()[0] >= 4
    ids = connection.execute("SELECT COUNT(*), COUNT(DISTINCT id) FROM singer").fetchone()
    assert ids[0] == ids[1] > 0


def test_there_are_rows_on_both_sides_of_a_limit():
    connection, _ = filled("SELECT title FROM song WHERE sales > 300")
    assert connection.execute("SELECT MIN(sales > 300), MAX(sales > 300) FROM song").fetchone() == (0, 1)


def test_the_same_seed_makes_the_same_rows_and_another_others():
    dumps = [list(filled("SELECT name FROM singer WHERE age > 8", seed)[0].iterdump()) for seed in (7, 7, 8)]
    assert dumps[0] == dumps[1] != dumps[2]


def test_tables_with_rows_and_views_stay_as_they_are():
    script = (
        "CREATE TABLE a (x INT); INSERT INTO a VALUES (5); CREATE TABLE b (x INT); CREATE VIEW v AS SELECT x FROM a"
    )
    connection, run = filled("SELECT a.x FROM a JOIN b ON a.x = b.x", script=script)
    assert connection.execute("SELECT x FROM a").fetchall() == [(5,)]
    assert connection.execute("SELECT COUNT(*) FROM b").fetchone()[0] > 0
    assert run.runs


def test_what_no_parser_reads_still_gets_rows():
    connection, run = filled("SELECT name FROM singer WHERE ((age")
    assert not run.runs
    assert connection.execute("SELECT COUNT(*) FROM singer").fetchone()[0] > 0


def test_a_generated_column_is_left_to_sqlite():
    script = "CREATE TABLE line (price INT, pieces INT, total INT AS (price * pieces))"
    connection, run = filled("SELECT price FROM line WHERE pieces = 3", script=script)
    assert run.returns_rows
    assert connection.execute("SELECT COUNT(*) FROM line WHERE total IS NOT price * pieces").fetchone() == (0,)


def test_rows_do_not_depend_on_the_process_that_makes_them_up():
    tables = "CREATE TABLE x (k INT, v TEXT); CREATE TABLE e (id INT, boss INT)"
    sql = "SELECT v FROM x JOIN e ON k = e.id JOIN e AS f ON f.boss = k WHERE e.id > 5 AND e.boss < 100 AND f.boss > 7"
    code = f"""
from tests.converters.test_synthetic_rows import filled
print(filled({sql!r}, script={tables!r})[0].execute("SELECT k FROM x").fetchall())
"""
    environment = os.environ | {"PYTHONHASHSEED": "1"}  # one that puts the columns of a class in another order
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.stdout == "[(8,), (8,), (1,), (2,), (2,), (6,)]\n", run.stderr
