"""A row's own database from its SQL text."""

import pytest

from converters.corpora.row_databases.context import build, depends_on_today, translated_gold


def tables(context):
    return {
        name: [column for (column,) in context.connection.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        for (name,) in context.connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    }


def test_a_plain_script_is_run_as_it_stands():
    made = build(
        "CREATE TABLE a (x INT, y VARCHAR(9)); INSERT INTO a VALUES (1, 'p;q'); CREATE VIEW v AS SELECT x FROM a;"
    )
    assert (made.dialect, made.repaired, made.error) == ("sqlite", False, "")
    assert tables(made) == {"a": ["x", "y"], "v": ["x"]}
    assert made.connection.execute("SELECT y FROM a").fetchall() == [("p;q",)]


def test_a_statement_of_another_dialect_is_translated():
    made = build("CREATE TABLE a (id SERIAL PRIMARY KEY, d DATE); INSERT INTO a (d) VALUES (DATE '2021-01-02')")
    assert (made.dialect, made.error) == ("postgres", "")
    assert made.connection.execute("SELECT * FROM a").fetchall() == [(1, "2021-01-02")]


def test_a_table_declared_twice_gets_the_columns_of_both():
    made = build("CREATE TABLE a (x INT, y INT); CREATE TABLE A (Y INT, z INT)")
    assert (made.repaired, made.error) == (True, "")
    assert tables(made) == {"a": ["x", "y", "z"]}


def test_a_column_named_twice_is_made_once():
    made = build("CREATE TABLE a (x INT, y INT, X TEXT)")
    assert (made.repaired, made.error) == (True, "")
    assert [name.lower() for name in tables(made)["a"]] == ["x", "y"]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("CREATE TABLE a (x INT); INSERT INTO b VALUES (1)", "no such table: b"),
        ("see the attached file", 'near "see": syntax error'),
        ("", ""),
    ],
)
def test_what_cannot_be_run_is_told_in_sqlites_words(script, error):
    assert build(script).error == error


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("ATTACH 'other.db' AS o; CREATE TABLE o.x (a)", "not authorized"),
        ("VACUUM INTO 'other.db'", "authorization denied"),
    ],
)
def test_a_script_makes_no_file(statement, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = build(f"CREATE TABLE a (x INT); {statement}")
    assert (list(tmp_path.iterdir()), made.error) == ([], error)
    assert tables(made)["a"] == ["x"]


def test_a_script_that_runs_on_is_stopped(monkeypatch):
    monkeypatch.setattr("converters.golds.LIMIT_STEPS", 3)
    endless = "WITH RECURSIVE r (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT COUNT(*) FROM r"
    assert build(f"CREATE TABLE a (x INT); INSERT INTO a {endless}").error == "interrupted"


def test_a_transaction_that_a_script_leaves_open_is_ended():
    made = build("BEGIN TRANSACTION; CREATE TABLE a (x INT); INSERT INTO a VALUES (1)")
    run = translated_gold(made, "UPDATE a SET x = 2").run
    assert (run.runs, made.connection.execute("SELECT x FROM a").fetchall()) == (True, [(1,)])


@pytest.mark.parametrize(
    ("gold", "sql", "dialect", "error"),
    [
        ("SELECT x FROM a", "SELECT x FROM a", "sqlite", ""),
        ("SELECT YEAR(d) FROM a", "SELECT CAST(STRFTIME('%Y', d) AS INTEGER) FROM a", "mysql", ""),
        ("SELECT z FROM a", "SELECT z FROM a", "sqlite", "no such column: z"),
        ("SELECT STDDEV(x) FROM a", "SELECT STDDEV(x) FROM a", "unknown", "no such function: STDDEV"),
    ],
)
def test_a_gold_is_kept_as_it_ran(gold, sql, dialect, error):
    made = translated_gold(build("CREATE TABLE a (x INT, d DATE)"), gold)
    assert (made.sql, made.dialect, made.run.error) == (sql, dialect, error)


@pytest.mark.parametrize(
    ("sql", "depends"),
    [
        ("SELECT CURRENT_DATE", True),
        ("SELECT date('now')", True),
        ("SELECT * FROM t WHERE x < NOW()", True),
        ("SELECT know FROM t", False),
    ],
)
def test_a_query_for_the_present_day_is_noticed(sql, depends):
    assert depends_on_today(sql) is depends


def test_the_tables_of_a_schema_are_made_without_its_name():
    made = build("CREATE SCHEMA shop; CREATE TABLE shop.sale (n INT); INSERT INTO shop.sale VALUES (3); USE shop")
    assert (made.error, tables(made)) == ("", {"sale": ["n"]})
    gold = translated_gold(made, "SELECT shop.sale.n FROM shop.sale")
    assert (gold.sql, gold.run.returns_rows) == ("SELECT sale.n FROM sale", True)


@pytest.mark.parametrize("sure", ["", "IF NOT EXISTS "])
def test_two_tables_of_one_name_in_two_schemas_are_an_error_and_not_one_table(sure):
    made = build(f"CREATE TABLE {sure}a.t (n INT); CREATE TABLE {sure}b.t (m INT)")
    assert (made.error, tables(made)) == ("unknown database b", {"t": ["n"]})


def test_a_cast_to_a_date_is_translated_although_sqlite_runs_it():
    made = build("CREATE TABLE t (d TEXT); INSERT INTO t VALUES ('2021-03-31')")
    gold = translated_gold(made, "SELECT CAST(d AS DATE) FROM t")
    assert made.connection.execute(gold.sql).fetchall() == [("2021-03-31",)]
