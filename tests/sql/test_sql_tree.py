"""`parse`: what is one readable query."""

import time

import pytest
from sqlglot import exp

from sql.sql_tree import MAX_CHARACTERS, parse, tokens


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t",
        "select a from t;",
        "SELECT a FROM t -- why\n;",
        "SELECT a FROM t;\n-- why",
        "SELECT a FROM t; /* why */ -- or not",
        "SELECT a FROM t UNION SELECT b FROM u",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        'SELECT "Home Town" FROM [t t] WHERE `x` = 1',
        "SELECT a FROM t WHERE b > = 2 AND c ! = 3",
    ],
)
def test_one_query_has_a_tree(sql):
    assert isinstance(parse(sql), exp.Query)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "-- nothing",
        "I cannot answer that.",
        "hello world",
        "SELECT a FROM",
        "SELECT 'open FROM t",
        "SELECT 1; SELECT 2",
        "DROP TABLE t",
        "DELETE FROM t",
        "PRAGMA writable_schema = 1",
        "VACUUM INTO 'file'",
    ],
)
def test_anything_else_than_one_query_is_none(text):
    assert parse(text) is None


@pytest.mark.parametrize("depth", [2_000, 10_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("(SELECT ", ")"), ("abs(", ")"), ("NOT ", ""), ("- ", "")]
)
def test_deep_nesting_is_none_and_no_crash(opening, closing, depth):
    assert parse("SELECT " + opening * depth + "1" + closing * depth) is None


def test_nesting_that_sqlite_takes_is_read():
    assert parse("SELECT " + "(" * 20 + "1" + ")" * 20) is not None


def test_five_megabytes_are_none_at_once():
    start = time.perf_counter()
    assert parse("SELECT " + "a, " * 1_700_000 + "a FROM t") is None
    assert time.perf_counter() - start < 1


def test_text_of_the_greatest_length_is_read():
    text = "SELECT '" + "x" * (MAX_CHARACTERS - 9) + "'"
    assert len(text) == MAX_CHARACTERS
    assert parse(text) is not None
    assert parse(text + " ") is None


def test_a_torn_operator_inside_a_literal_stays():
    assert parse("SELECT a FROM t WHERE b > = 'x > = y'").find(exp.Literal).this == "x > = y"


def test_tokens_leave_comments_out():
    assert [token.text for token in tokens("SELECT a /* b */ -- c")] == ["SELECT", "a"]


def test_tokens_of_an_open_literal_are_an_error():
    with pytest.raises(ValueError, match=r"^not SQL: "):
        tokens("SELECT 'open")


def test_tokens_of_too_long_a_text_are_an_error():
    with pytest.raises(ValueError, match=r"^20001 characters of SQL, at most 20000 are read$"):
        tokens("a" * 20_001)
