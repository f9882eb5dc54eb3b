"""Exact set match on small queries: what must match, what must not, and how the catalog of columns is read."""

import json
import sqlite3

import pytest

from sql.catalog import Catalog, catalog_from_sqlite, catalog_from_tables_json, representatives
from sql.exact_match import exact_match

CATALOG = Catalog(
    {
        "singer": ("id", "name", "country", "age"),
        "song": ("id", "singer_id", "title", "sales"),
        "concert": ("id", "singer_id", "year", "name"),
    },
    (("song.singer_id", "singer.id"), ("concert.singer_id", "singer.id")),
)
JOINED = "FROM singer AS T1 JOIN song AS T2 ON T1.id = T2.singer_id"
NESTED = "SELECT name FROM singer WHERE id IN (SELECT {} FROM song WHERE {})"


MATCHING = {
    "case": ("SELECT name FROM singer", "select NAME from SINGER;"),
    "order of columns": ("SELECT name, age FROM singer", "SELECT age, name FROM singer"),
    "alias": ("SELECT name FROM singer", "SELECT T1.name FROM singer AS T1"),
    "alias without AS": ("SELECT name FROM singer", "SELECT s.name FROM singer s"),
    "distinct": ("SELECT name FROM singer", "SELECT DISTINCT name FROM singer"),
    "count distinct": ("SELECT count(name) FROM singer", "SELECT count(DISTINCT name) FROM singer"),
    "alias of a column": ("SELECT count(*) FROM singer", "SELECT count(*) AS n FROM singer"),
    "value": ("SELECT name FROM singer WHERE age > 20", "SELECT name FROM singer WHERE age > 99"),
    "quotes": ('SELECT id FROM singer WHERE name = "A"', "SELECT id FROM singer WHERE name = 'b'"),
    "order of conditions": (
        "SELECT id FROM singer WHERE age > 2 AND name = 'a'",
        "SELECT id FROM singer WHERE name = 'a' AND age > 2",
    ),
    "parentheses": ("SELECT id FROM singer WHERE age > 2", "SELECT id FROM singer WHERE ((age > 2))"),
    "column as value": ("SELECT id FROM singer WHERE age > 2", "SELECT id FROM singer WHERE age > age"),
    "unequal": ("SELECT id FROM singer WHERE age != 2", "SELECT id FROM singer WHERE age <> 2"),
    "torn operator": ("SELECT id FROM singer WHERE age >= 2", "SELECT id FROM singer WHERE age > = 2"),
    "order of tables": (
        f"SELECT T2.title {JOINED}",
        "SELECT b.title FROM song AS b JOIN singer AS a ON b.singer_id = a.id",
    ),
    "ON left out": (f"SELECT T2.title {JOINED}", "SELECT title FROM singer JOIN song"),
    "INNER, USING": (f"SELECT T2.title {JOINED}", "SELECT title FROM singer INNER JOIN song USING (id)"),
    "foreign key": (f"SELECT T1.id {JOINED}", f"SELECT T2.singer_id {JOINED}"),
    "key in group": (f"SELECT T1.name {JOINED} GROUP BY T1.id", f"SELECT T1.name {JOINED} GROUP BY T2.singer_id"),
    "column without a table": (f"SELECT title {JOINED}", f"SELECT T2.title {JOINED}"),
    "asc": ("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age ASC"),
    "order by number": ("SELECT age FROM singer ORDER BY age", "SELECT age FROM singer ORDER BY 1"),
    "order by alias": ("SELECT count(*) FROM singer ORDER BY count(*)", "SELECT count(*) AS n FROM singer ORDER BY n"),
    "limit's number": ("SELECT name FROM singer ORDER BY age LIMIT 1", "SELECT name FROM singer ORDER BY age LIMIT 5"),
    "union": (
        "SELECT name FROM singer UNION SELECT name FROM concert",
        "SELECT name FROM singer UNION SELECT name FROM concert;",
    ),
    "nested value": (NESTED.format("singer_id", "sales > 1"), NESTED.format("song.singer_id", "song.sales > 5")),
    "not in": (
        "SELECT name FROM singer WHERE id NOT IN (SELECT singer_id FROM song)",
        "SELECT name FROM singer WHERE NOT id IN (SELECT singer_id FROM song)",
    ),
    "group of conditions": (
        "SELECT name FROM singer WHERE (age = 1 OR age = 2) AND id = 3",
        "SELECT name FROM singer WHERE (age = 4 OR age = 5) AND id = 6",
    ),
    "name of a CTE": (
        "WITH x AS (SELECT id FROM song) SELECT * FROM x",
        "WITH y AS (SELECT id FROM song) SELECT * FROM y",
    ),
    "comment behind the semicolon": ("SELECT name FROM singer;", "SELECT name FROM singer;\n-- all of them"),
    "count of nothing": ("SELECT count(*) FROM singer", "SELECT count() FROM singer"),
}


@pytest.mark.parametrize(("gold", "prediction"), MATCHING.values(), ids=MATCHING.keys())
def test_equal_clauses_match(gold, prediction):
    assert exact_match(gold, prediction, CATALOG)
    assert exact_match(prediction, gold, CATALOG)


DIFFERENT = {
    "column": ("SELECT name FROM singer", "SELECT country FROM singer"),
    "column too many": ("SELECT name FROM singer", "SELECT name, age FROM singer"),
    "column twice": ("SELECT name, name FROM singer", "SELECT name FROM singer"),
    "table": ("SELECT name FROM singer", "SELECT name FROM concert"),
    "join too many": ("SELECT name FROM singer", "SELECT singer.name FROM singer JOIN song"),
    "left join": (f"SELECT T2.title {JOINED}", f"SELECT T2.title {JOINED.replace('JOIN', 'LEFT JOIN')}"),
    "aggregate": ("SELECT max(age) FROM singer", "SELECT min(age) FROM singer"),
    "no aggregate": ("SELECT max(age) FROM singer", "SELECT age FROM singer"),
    "count of a column": ("SELECT count(*) FROM singer", "SELECT count(id) FROM singer"),
    "arithmetic": ("SELECT age + id FROM singer", "SELECT age - id FROM singer"),
    "condition too many": ("SELECT id FROM singer", "SELECT id FROM singer WHERE age > 2"),
    "comparison": ("SELECT id FROM singer WHERE age > 2", "SELECT id FROM singer WHERE age >= 2"),
    "compared column": ("SELECT id FROM singer WHERE age > 2", "SELECT id FROM singer WHERE id > 2"),
    "not like": ("SELECT id FROM singer WHERE name LIKE 'a'", "SELECT id FROM singer WHERE name NOT LIKE 'a'"),
    "not null": ("SELECT id FROM singer WHERE age IS NULL", "SELECT id FROM singer WHERE age IS NOT NULL"),
    "and, or": ("SELECT id FROM singer WHERE age > 2 AND id = 1", "SELECT id FROM singer WHERE age > 2 OR id = 1"),
    "parentheses that matter": (
        "SELECT id FROM singer WHERE (age = 1 OR age = 2) AND id = 3",
        "SELECT id FROM singer WHERE age = 1 OR age = 2 AND id = 3",
    ),
    "value, subquery": (
        "SELECT id FROM singer WHERE age > 2",
        "SELECT id FROM singer WHERE age > (SELECT avg(age) FROM singer)",
    ),
    "group": ("SELECT name FROM singer GROUP BY name", "SELECT name FROM singer"),
    "group key": ("SELECT name FROM singer GROUP BY name", "SELECT name FROM singer GROUP BY id"),
    "having": (
        "SELECT name FROM singer GROUP BY name HAVING count(*) > 1",
        "SELECT name FROM singer GROUP BY name HAVING count(*) < 1",
    ),
    "direction": ("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age DESC"),
    "order key": ("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY id"),
    "order of order keys": ("SELECT name FROM singer ORDER BY age, id", "SELECT name FROM singer ORDER BY id, age"),
    "limit": ("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age LIMIT 1"),
    "limit without order": ("SELECT name FROM singer", "SELECT name FROM singer LIMIT 1"),
    "set operator": (
        "SELECT name FROM singer UNION SELECT name FROM concert",
        "SELECT name FROM singer INTERSECT SELECT name FROM concert",
    ),
    "or behind a value": (
        "SELECT id FROM singer WHERE age > 1",
        "SELECT id FROM singer WHERE age > 1 OR id > age",
    ),
    "or behind a value in ON": (f"SELECT T2.title {JOINED}", f"SELECT T2.title {JOINED} AND T1.age = 1 OR T1.age = 2"),
    "union all": (
        "SELECT name FROM singer UNION SELECT name FROM concert",
        "SELECT name FROM singer UNION ALL SELECT name FROM concert",
    ),
    "order of a union": (
        "SELECT name FROM singer UNION SELECT name FROM concert",
        "SELECT name FROM concert UNION SELECT name FROM singer",
    ),
    "nested comparison": (NESTED.format("singer_id", "sales > 1"), NESTED.format("singer_id", "sales < 1")),
    "nested distinct": (NESTED.format("singer_id", "sales > 1"), NESTED.format("DISTINCT singer_id", "sales > 1")),
    "value in a derived table": (
        "SELECT count(*) FROM (SELECT id FROM song WHERE sales > 1)",
        "SELECT count(*) FROM (SELECT id FROM song WHERE sales > 2)",
    ),
}


@pytest.mark.parametrize(("gold", "prediction"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different_clauses_do_not_match(gold, prediction):
    assert not exact_match(gold, prediction, CATALOG)
    assert not exact_match(prediction, gold, CATALOG)


@pytest.mark.parametrize(
    "prediction",
    [
        None,
        "",
        "I do not know.",
        "SELECT name FROM",
        "DROP TABLE singer",
        "(" * 10_000,
        "SELECT name FROM singer FETCH FIRST 1 ROWS ONLY",
        "SELECT name FROM singer WHERE id IN (SELECT id FROM song FETCH FIRST ROW ONLY)",
    ],
)
def test_no_readable_query_matches_nothing(prediction):
    assert not exact_match("SELECT name FROM singer", prediction, CATALOG)


def test_an_unreadable_query_does_not_match_itself():
    assert not exact_match("SELECT name FROM", "SELECT name FROM", CATALOG)


@pytest.mark.parametrize(
    ("kept", "written"),
    [
        (f"SELECT T2.title {JOINED}", f"SELECT T2.title {JOINED} OR T1.name = T2.title"),
        ("SELECT id FROM singer WHERE age > id", "SELECT id FROM singer WHERE age > id OR age = 1 OR name LIKE 'a'"),
        (
            "SELECT id FROM singer WHERE age > id AND country = 'b'",
            "SELECT id FROM singer WHERE age > id OR NOT name = 'a' AND country = 'b'",
        ),
        (NESTED.format("singer_id", "sales > id"), NESTED.format("singer_id", "sales > id OR title = 'a'")),
    ],
    ids=["on", "where", "up to the next and", "nested"],
)
def test_behind_a_comparison_with_a_column_an_or_does_not_count(kept, written):
    assert exact_match(kept, written, CATALOG)


def test_a_foreign_key_of_a_table_that_is_not_read_does_not_count():
    gold = "SELECT name FROM singer WHERE id IN (SELECT singer_id FROM song)"
    assert not exact_match(
        gold, "SELECT name FROM singer WHERE song.singer_id IN (SELECT singer_id FROM song)", CATALOG
    )


def test_an_alias_means_another_table_in_another_select():
    gold = "SELECT name FROM singer EXCEPT SELECT T1.name FROM concert AS T1 JOIN song AS T2"
    prediction = "SELECT T1.name FROM singer AS T1 EXCEPT SELECT T1.name FROM concert AS T1 JOIN song AS T2"
    assert exact_match(gold, prediction, CATALOG)


def test_an_inner_column_may_belong_to_the_outer_query():
    gold = "SELECT name FROM singer WHERE EXISTS (SELECT id FROM song WHERE age > 1)"
    prediction = "SELECT name FROM singer AS s WHERE EXISTS (SELECT song.id FROM song WHERE s.age > 1)"
    assert exact_match(gold, prediction, CATALOG)


def test_double_quotes_name_a_column_where_one_has_the_name():
    assert exact_match("SELECT name FROM singer", 'SELECT "Name" FROM singer', CATALOG)
    assert not exact_match("SELECT name FROM singer", 'SELECT "Nobody" FROM singer', CATALOG)


def test_keys_joined_in_two_steps_are_one():
    catalog = Catalog(
        {"a": ("x",), "b": ("x",), "c": ("x",), "d": ("x",)}, (("a.x", "b.x"), ("c.x", "d.x"), ("d.x", "b.x"))
    )
    assert representatives(catalog) == {"a.x": "a.x", "b.x": "a.x", "c.x": "a.x", "d.x": "a.x"}


def test_tables_json_is_read():
    entry = json.loads(
        '{"db_id": "d", "table_names_original": ["Singer", "Song"], "foreign_keys": [[3, 1]],'
        ' "column_names_original": [[-1, "*"], [0, "ID"], [0, "Home Town"], [1, "Singer_ID"]]}'
    )
    assert catalog_from_tables_json(entry) == Catalog(
        {"singer": ("id", "home town"), "song": ("singer_id",)}, (("song.singer_id", "singer.id"),)
    )


def test_a_sqlite_file_is_read(tmp_path):
    with sqlite3.connect(tmp_path / "d.sqlite") as connection:
        connection.execute('CREATE TABLE Singer (ID INTEGER PRIMARY KEY, "Home Town" TEXT)')
        connection.execute("CREATE TABLE Song (Singer_ID INTEGER REFERENCES Singer)")
    connection.close()
    assert catalog_from_sqlite(tmp_path / "d.sqlite") == Catalog(
        {"singer": ("id", "home town"), "song": ("singer_id",)}, (("song.singer_id", "singer.id"),)
    )
