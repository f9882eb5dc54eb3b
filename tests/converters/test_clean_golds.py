"""Golds in plain style: aliases go where they say nothing, and nothing changes what a query returns."""

import pytest

from sql.schema import read_schema
from tests.databases import make_database

pytest.importorskip("sqlglot", reason="sqlglot writes the queries")

from converters.clean_golds import clean_gold, plain_sql

SCRIPT = """
CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, age INT);
CREATE TABLE concert (id INTEGER PRIMARY KEY, singer INT REFERENCES singer(id), "Hall Name" TEXT, year INT);
CREATE TABLE "CAST" (id INT, singer INT);
INSERT INTO singer VALUES (1, 'Joe', 52), (2, 'Amy', 32), (3, 'Bo', 32);
INSERT INTO concert VALUES (1, 1, 'Arena', 2014), (2, 1, 'Dome', 2015), (3, 2, 'Arena', 2014);
INSERT INTO "CAST" VALUES (1, 1);
"""


@pytest.fixture
def database(tmp_path):
    return make_database(tmp_path / "music.sqlite", SCRIPT)


@pytest.mark.parametrize(
    ("sql", "clean"),
    [
        ("SELECT T1.name FROM singer AS T1", "SELECT name FROM singer"),
        (
            "SELECT T1.name , count(*) FROM singer AS T1 JOIN concert AS T2 ON T1.id  =  T2.singer GROUP BY T1.id",
            "SELECT singer.name, COUNT(*) FROM singer JOIN concert ON singer.id = concert.singer GROUP BY singer.id",
        ),
        (  # a table that occurs twice keeps its aliases
            "SELECT a.name FROM singer a JOIN singer b ON a.age = b.age JOIN concert c ON c.singer = b.id",
            "SELECT a.name FROM singer AS a JOIN singer AS b ON a.age = b.age JOIN concert ON concert.singer = b.id",
        ),
        (
            'SELECT t2."Hall Name" FROM singer t1 JOIN concert t2 ON t1.id = t2.singer WHERE t1.name = "Joe"',
            'SELECT concert."Hall Name" FROM singer JOIN concert ON singer.id = concert.singer '
            "WHERE singer.name = 'Joe'",
        ),
        (
            "select name from singer where age > (select avg(age) from singer)",
            "SELECT name FROM singer WHERE age > (SELECT AVG(age) FROM singer)",
        ),
    ],
)
def test_a_gold_is_written_in_one_style(sql, clean, database):
    assert clean_gold(database, read_schema(database), sql) == clean


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM singer",  # is as it would be
        "SELECT T1.id FROM CAST AS T1 JOIN singer AS T2 ON T1.singer = T2.id",  # CAST.id is no SQL
        "SELECT FROM WHERE",
        "DELETE FROM singer",
    ],
)
def test_a_gold_stays_where_its_rows_would_change(sql, database):
    assert clean_gold(database, read_schema(database), sql) is None


def test_rows_decide_not_the_text(database):
    sql = "SELECT T1.id FROM CAST AS T1 JOIN singer AS T2 ON T1.singer = T2.id"
    assert plain_sql(sql, read_schema(database)) == "SELECT CAST.id FROM CAST JOIN singer ON CAST.singer = singer.id"


def test_an_inner_query_does_not_catch_what_belongs_to_the_outer_one(database):
    sql = "SELECT name FROM singer AS T1 WHERE age = (SELECT max(T2.age) FROM singer AS T2 WHERE T2.id <> T1.id)"
    assert plain_sql(sql, read_schema(database)) == (
        "SELECT name FROM singer AS T1 WHERE age = (SELECT MAX(T2.age) FROM singer AS T2 WHERE T2.id <> T1.id)"
    )


def test_training_rows_are_clean_and_evaluation_rows_are_not(small_spider, convert, converted):
    run = convert("spider", "--source", small_spider, "--golds", "clean")
    assert run.returncode == 0, run.stderr
    rows = converted("spider_train")
    assert rows[0]["output"] == "SELECT COUNT(*) FROM customer"
    assert "gold:clean" in rows[0]["tags"]
    assert "gold:clean" not in rows[1]["tags"]  # was clean
    assert rows[2]["output"] == "SELECT Thing_Name FROM things"  # no database to compare on
    assert converted("spider_eval")[0]["output"] == "SELECT count(*) FROM animal"
    assert "tagged: gold:clean 1" in run.stdout
