"""Golds are run without harm: what runs, what is refused, what is undone."""

import pytest

from converters import golds
from converters.golds import GoldRun, file_gold, gold_tags, in_memory, run_gold
from tests.databases import make_database


@pytest.fixture
def connection():
    connection = in_memory()
    connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
    return connection


@pytest.mark.parametrize(
    ("sql", "run"),
    [
        ("SELECT a FROM t", GoldRun(True, True)),
        ("SELECT a FROM t WHERE a > 9", GoldRun(True, False)),
        ("DELETE FROM t", GoldRun(True, False)),
        ("DROP TABLE t", GoldRun(True, False)),
        ("SELECT b FROM t", GoldRun(False, False, "no such column: b")),
        ("INSERT INTO t VALUES (3); DELETE FROM t WHERE a = 1", GoldRun(True, False)),
        ("DELETE FROM t; SELECT 7", GoldRun(True, True)),
        ("DELETE FROM t; DELETE FROM u", GoldRun(False, False, "no such table: u")),
        ("DELETE FROM t; COMMIT", GoldRun(False, False, "a transaction statement is not allowed")),
        (
            "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; SELECT 1; END; INSERT INTO t VALUES (1)",
            GoldRun(True, False),
        ),
        ("SELEC a", GoldRun(False, False, 'near "SELEC": syntax error')),
        ("SELECT 1; SELECT 2", GoldRun(False, False, "You can only execute one statement at a time.")),
        ("PRAGMA journal_mode = WAL", GoldRun(False, False, "PRAGMA is not allowed")),
        ("COMMIT", GoldRun(False, False, "a transaction statement is not allowed")),
        ("SELECT randomblob(20000000)", GoldRun(False, False, "string or blob too big")),
        (
            "SELECT '\ud800'",
            GoldRun(
                False, False, "'utf-8' codec can't encode character '\\ud800' in position 8: surrogates not allowed"
            ),
        ),
    ],
)
def test_a_gold_gives_its_verdict_and_leaves_the_tables_as_they_were(connection, sql, run):
    assert run_gold(connection, sql) == run
    assert connection.execute("SELECT a FROM t").fetchall() == [(1,), (2,)]


def test_attach_makes_no_file(connection, tmp_path):
    path = tmp_path / "made.sqlite"
    assert run_gold(connection, f"ATTACH '{path}' AS other").error == "ATTACH is not allowed"
    assert not path.exists()


def test_a_query_without_end_is_stopped(connection, monkeypatch):
    monkeypatch.setattr(golds, "LIMIT_STEPS", 5)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    assert run_gold(connection, endless) == GoldRun(False, False, "stopped after 0 million operations")


def test_a_file_is_not_changed_by_a_gold_that_writes(tmp_path):
    path = tmp_path / "a.sqlite"

    make_database(path, "CREATE TABLE t (a)")
    before = path.read_bytes()
    assert file_gold(path, "INSERT INTO t VALUES (1)").error == "attempt to write a readonly database"
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("run", "tags"),
    [
        (None, ("no_database",)),
        (GoldRun(False, False, "no such table: t"), ()),
        (GoldRun(True, False), ("runnable",)),
        (GoldRun(True, True), ("runnable", "returns_rows")),
    ],
)
def test_tags_say_what_came_of_the_gold(run, tags):
    assert gold_tags(run) == tags


def test_a_file_that_is_not_there_has_no_verdict(tmp_path):
    assert file_gold(tmp_path / "no.sqlite", "SELECT 1") is None


def test_full_text_search_may_ask_for_its_tables_version(connection):
    connection.execute("CREATE VIRTUAL TABLE page USING fts5 (body)")
    connection.execute("INSERT INTO page VALUES ('a quick fox')")
    assert run_gold(connection, "SELECT body FROM page WHERE page MATCH 'fox'") == GoldRun(True, True)


def test_a_write_that_looks_like_a_query_is_undone(connection):
    connection.execute("CREATE TABLE k (a INTEGER PRIMARY KEY)")
    assert run_gold(connection, "WITH n (i) AS (SELECT 5) REPLACE INTO k SELECT i FROM n").runs
    assert connection.execute("SELECT a FROM k").fetchall() == []
