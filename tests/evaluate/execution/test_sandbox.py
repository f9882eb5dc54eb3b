"""One query on one file: what comes back, and that nothing a query does changes a file, makes one, or never ends."""

import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from evaluate.execution.sandbox import Guard, Limits, database_problem, failure, run_query
from tests.databases import files, make_database

QUICK = Limits(seconds=0.3)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    return make_database(
        tmp_path_factory.mktemp("shop") / "shop.sqlite",
        """
        CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, photo BLOB);
        INSERT INTO item VALUES (1, 'pen', 1.5, x'00ff'), (2, NULL, 2.0, NULL), (3, 'cup', NULL, NULL);
        INSERT INTO item SELECT value, 'bulk', 0, NULL FROM (
            WITH RECURSIVE n(value) AS (SELECT 4 UNION ALL SELECT value + 1 FROM n LIMIT 300) SELECT value FROM n
        );
        CREATE VIRTUAL TABLE notes USING fts5(body);
        INSERT INTO notes VALUES ('a blue cup'), ('a red pen');
        """,
    )


@pytest.fixture
def database(original, tmp_path) -> Path:
    return Path(shutil.copy(original, tmp_path))


@pytest.fixture
def untouched(database, tmp_path, monkeypatch):
    """The database, in a working directory that must hold the same files with the same bytes afterwards."""
    monkeypatch.chdir(tmp_path)
    before = files(tmp_path)
    yield database
    assert files(tmp_path) == before


def test_a_query_gives_columns_rows_and_seconds(untouched):
    execution = run_query("SELECT id, name AS n, price, photo FROM item WHERE id < 4;", untouched)
    assert execution.status == "ok"
    assert execution.columns == ("id", "n", "price", "photo")
    assert execution.rows == ((1, "pen", 1.5, b"\x00\xff"), (2, None, 2.0, None), (3, "cup", None, None))
    assert execution.error is None
    assert 0 < execution.seconds < 1


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("WITH x AS (SELECT 1 AS a) SELECT a FROM x", ((1,),)),
        ("VALUES (1), (2)", ((1,), (2,))),
        ("-- names\nSELECT 1 /* one */; -- done", ((1,),)),
        (f"{ENDLESS} SELECT max(i) FROM (SELECT i FROM n LIMIT 9)", ((9,),)),
        ("SELECT value FROM json_each('[7, 8]')", ((7,), (8,))),
        ("SELECT body FROM notes WHERE notes MATCH 'cup'", (("a blue cup",),)),
        ("SELECT rank() OVER (ORDER BY id) FROM item LIMIT 2", ((1,), (2,))),
        ("SELECT name FROM sqlite_master WHERE name = 'item'", (("item",),)),
        ("SELECT id FROM item WHERE 0", ()),
    ],
)
def test_every_kind_of_reading_is_allowed(untouched, sql, rows):
    execution = run_query(sql, untouched, QUICK)
    assert (execution.status, execution.rows) == ("ok", rows)


@pytest.mark.parametrize(
    ("sql", "denied"),
    [
        ("DELETE FROM item", "DELETE item"),
        ("DROP TABLE item", "DELETE sqlite_master"),
        ("UPDATE item SET name = 'x'", "UPDATE item name"),
        ("INSERT INTO item (name) VALUES ('x')", "INSERT item"),
        ("REPLACE INTO item (id) VALUES (1)", "INSERT item"),
        ("INSERT INTO item SELECT * FROM item RETURNING id", "INSERT item"),
        ("WITH x AS (SELECT 1) DELETE FROM item", "DELETE item"),
        ("ALTER TABLE item ADD COLUMN x", "FUNCTION sqlite_rename_table"),
        ("CREATE TABLE x (a)", "INSERT sqlite_master"),
        ("CREATE TABLE x AS SELECT 1", "INSERT sqlite_master"),
        ("CREATE TEMP TABLE x (a)", "INSERT sqlite_temp_master"),
        ("CREATE TEMP VIEW x AS SELECT 1", "INSERT sqlite_temp_master"),
        ("ATTACH 'other.sqlite' AS other", "ATTACH other.sqlite"),
        ("ATTACH ':memory:' AS other", "ATTACH :memory:"),
        ("VACUUM INTO 'copy.sqlite'", "ATTACH copy.sqlite"),
        ("PRAGMA writable_schema = 1", "PRAGMA writable_schema 1"),
        ("PRAGMA journal_mode = wal", "PRAGMA journal_mode wal"),
        ("PRAGMA table_info(item)", "PRAGMA table_info item"),
        ("SELECT * FROM pragma_table_info('item')", "PRAGMA table_info item"),
        ("BEGIN IMMEDIATE", "TRANSACTION BEGIN"),
        ("SAVEPOINT a", "SAVEPOINT BEGIN a"),
        ("ANALYZE", "INSERT sqlite_master"),
        ("SELECT load_extension('x.so')", "FUNCTION load_extension"),
        ("SELECT fts3_tokenizer('simple')", "FUNCTION fts3_tokenizer"),
        ("SELECT sqlite_log(1, 'x')", "FUNCTION sqlite_log"),
        ("INSERT INTO notes (notes) VALUES ('optimize')", "INSERT notes"),
    ],
)
def test_every_kind_of_writing_is_refused_by_name(untouched, sql, denied):
    execution = run_query(sql, untouched, QUICK)
    if "sqlite_rename" in denied:  # which function it names differs between versions of SQLite
        assert execution.error.startswith("not authorized: ")
    else:
        assert execution.error == f"not authorized: {denied}"
    assert execution.status == "error"


@pytest.mark.parametrize("sql", ["VACUUM", "REINDEX", "DETACH main", "SELECT readfile('/etc/passwd')", "END"])
def test_other_ways_to_act_are_errors(untouched, sql):
    assert run_query(sql, untouched, QUICK).status == "error"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("", "no statement: the SQL is empty or only comments"),
        (" ;\n", "no statement: the SQL is empty or only comments"),
        ("-- SELECT 1", "no statement: the SQL is empty or only comments"),
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("SELECT 1; DROP TABLE item", "more than one statement"),
        ("SELECT 1\0", "the SQL holds a NUL character"),
        ("SELEC 1", 'near "SELEC": syntax error'),
        ("SELECT x FROM item", "no such column: x"),
        ("SELECT 1 FROM nowhere", "no such table: nowhere"),
        ("SELECT shout(1)", "no such function: shout"),
        ("SELECT " + "(" * 10_000 + "1" + ")" * 10_000, "parser stack overflow"),
        ("SELECT " + "1+" * 3_000 + "1", "Expression tree is too large (maximum depth 1000)"),
    ],
    ids=lambda value: value[:20].replace("\0", "NUL"),
)
def test_what_is_wrong_with_the_text_is_named(untouched, sql, error):
    execution = run_query(sql, untouched, QUICK)
    assert (execution.status, execution.error, execution.rows) == ("error", error, ())


@pytest.mark.parametrize("sql", ["SELECT ?", "SELECT '\ud800'", "SELECT " + "(SELECT " * 10_000 + "1" + ")" * 10_000])
def test_what_python_or_the_parser_cannot_take_is_an_error_too(untouched, sql):
    assert run_query(sql, untouched, QUICK).status == "error"


@pytest.mark.parametrize(
    "sql",
    [
        f"{ENDLESS} SELECT count(*) FROM n",
        "SELECT count(*) FROM item a, item b, item c, item d, item e, item f, item g",
        f"{ENDLESS} SELECT i FROM n WHERE i < 0",
        f"{ENDLESS} SELECT i FROM n ORDER BY i",
        "SELECT printf('%.*c', 250000000, 'x')",
    ],
)
def test_the_deadline_fires(untouched, sql):
    start = time.process_time()
    execution = run_query(sql, untouched, QUICK)
    assert (execution.status, execution.error, execution.rows) == ("timeout", "longer than 0.3 s", ())
    assert time.process_time() - start < 5


LARGE = "string or blob too big (at most 10,000,000 bytes)"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT zeroblob(1000000000)", LARGE),
        ("SELECT replace(hex(zeroblob(4000000)), '0', 'xxxx')", LARGE),
        ("SELECT group_concat(hex(zeroblob(50000))) FROM item", LARGE),
        ("SELECT 1 -- " + "x" * 5_000_000, "the SQL is longer than 1,000,000 bytes"),
        (f"{ENDLESS} SELECT i FROM n LIMIT 600000", "more than 500,000 rows"),
        (f"{ENDLESS} SELECT hex(zeroblob(4000000)) FROM n", "the rows take more than 67,108,864 bytes"),
    ],
    ids=lambda value: value[:30],
)
def test_what_is_too_large_is_told_apart(untouched, sql, error):
    execution = run_query(sql, untouched, Limits(seconds=10))
    assert (execution.status, execution.error, execution.rows) == ("too_large", error, ())


@pytest.mark.parametrize(
    ("limits", "sql", "low", "high"),
    [
        (Limits(rows=303), "SELECT id FROM item UNION ALL SELECT 0 LIMIT {}", 303, 304),
        (Limits(rows=3), "SELECT id FROM item LIMIT {}", 3, 4),
        (Limits(result_bytes=2_000), "SELECT hex(zeroblob({}))", 500, 1_500),
        (Limits(value_bytes=1_000), "SELECT length(hex(zeroblob({})))", 400, 600),
        (Limits(sql_bytes=100), "SELECT {}", 1, 10**100),
    ],
)
def test_each_size_limit_lets_less_pass_and_stops_more(untouched, limits, sql, low, high):
    statuses = [run_query(sql.format(n), untouched, limits).status for n in (low, high)]
    assert statuses == ["ok", "too_large"]


@pytest.mark.parametrize(
    ("limits", "sql", "kept"),
    [
        (Limits(rows=3, cut=True), "SELECT id FROM item", 3),
        (Limits(rows=303, cut=True), "SELECT id FROM item", None),
        (Limits(result_bytes=300, cut=True), "SELECT id FROM item", 3),
        (Limits(result_bytes=300, cut=True), "SELECT hex(zeroblob(500))", 0),
    ],
)
def test_the_first_rows_are_kept_where_the_limits_say_so(untouched, limits, sql, kept):
    execution = run_query(sql, untouched, limits)
    assert (execution.status, execution.cut) == ("ok", kept is not None)
    assert len(execution.rows) == (303 if kept is None else kept)


@pytest.mark.parametrize(
    ("limits", "low", "high", "error"),
    [
        (
            Limits(expression_depth=20),
            "1" + "+1" * 10,
            "1" + "+1" * 30,
            "Expression tree is too large (maximum depth 20)",
        ),
        (Limits(like_pattern_bytes=9), "'a' LIKE '%aaa'", "'a' LIKE '%aaaaaaaaaa'", "LIKE or GLOB pattern too complex"),
    ],
)
def test_deep_expressions_and_long_patterns_are_errors(untouched, limits, low, high, error):
    assert run_query(f"SELECT {low}", untouched, limits).status == "ok"
    assert run_query(f"SELECT {high}", untouched, limits)[3] == error


def test_undecodable_text_survives_without_its_bad_bytes(tmp_path):
    path = tmp_path / "bytes.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE player (name TEXT)")
    connection.execute("INSERT INTO player VALUES (CAST(x'4a6f73e9ff21' AS TEXT)), ('Zoë')")
    connection.commit()
    connection.close()
    assert run_query("SELECT name FROM player", path).rows == (("Jos!",), ("Zoë",))


def test_a_missing_file_is_an_error_and_is_not_made(tmp_path):
    execution = run_query("SELECT 1", tmp_path / "none.sqlite")
    assert (execution.status, execution.error) == ("error", f"{tmp_path}/none.sqlite: no such file or directory")
    assert list(tmp_path.iterdir()) == []


def test_names_that_mean_something_in_an_address_are_taken_literally(database):
    path = database.rename(database.with_name("a?mode=rwc#b%20ü.sqlite"))
    assert run_query("SELECT count(*) FROM item", path).rows == ((303,),)


def test_a_database_in_wal_mode_is_read_without_making_files(database, tmp_path):
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("DELETE FROM item WHERE id > 3")
    connection.commit()
    connection.close()
    before = files(tmp_path)
    assert run_query("SELECT count(*) FROM item", database).rows == ((3,),)
    assert files(tmp_path) == before


def test_a_database_that_is_being_written_is_a_problem_and_not_half_read_behind_a_link_too(database, tmp_path):
    (tmp_path / "link.sqlite").symlink_to(database)
    writer = sqlite3.connect(database)
    writer.execute("PRAGMA journal_mode = wal")
    writer.execute("DELETE FROM item")
    writer.commit()
    problem = f"{database}-wal: holds changes that are not in the database yet; close what writes to it"
    assert (database_problem(database), run_query("SELECT 1", database).error) == (problem, problem)
    assert database_problem(tmp_path / "link.sqlite") == problem
    writer.close()
    assert database_problem(database) is None


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", None), (b"PK\3\4", "not an SQLite database"), (b"SQLite format 3\0", None)]
)
def test_a_file_that_is_no_database_is_named(tmp_path, content, problem):
    path = tmp_path / "file.sqlite"
    path.write_bytes(content)
    assert database_problem(path) == (f"{path}: {problem}" if problem else None)


def test_a_damaged_database_is_an_error(database):
    database.write_bytes(database.read_bytes()[:4096] + b"\xff" * 60_000)
    assert run_query("SELECT * FROM item", database).status == "error"


@pytest.mark.parametrize("text", ["interrupted", "not authorized", "access to item.id is prohibited"])
def test_whatever_sqlite_says_past_the_deadline_is_a_timeout(text):
    guard = Guard(0.0)
    while not guard.stop():
        sum(range(10_000))
    assert failure(sqlite3.DatabaseError(text), guard, Limits(seconds=0.5)).error == "longer than 0.5 s"
