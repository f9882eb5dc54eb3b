"""SQL as text: statements, tidying, one spelling."""

import pytest

from converters.sql_text import first_word, normal_question, normal_sql, statements, tidy, tokens, writes


@pytest.mark.parametrize(
    "sql",
    ["SELECT 'a;b' -- c;\n, \"d;\" /* ; */ FROM [e;f], `g`;", "'open", '"open', "/* open", "[open", "a<>b==c||d", ""],
)
def test_tokens_joined_give_the_text_back(sql):
    assert "".join(token.text for token in tokens(sql)) == sql


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("CREATE TABLE a (x); INSERT INTO a VALUES ('1;2');", ["CREATE TABLE a (x)", "INSERT INTO a VALUES ('1;2')"]),
        ("SELECT 1 -- a; b\n; ; /* c */ ;", ["SELECT 1 -- a; b"]),
        ("SELECT 'it''s; fine'", ["SELECT 'it''s; fine'"]),
        (" -- nothing\n", []),
    ],
)
def test_a_script_is_cut_at_its_own_semicolons(script, parts):
    assert statements(script) == parts


def test_tidy_leaves_literals_as_they_are():
    assert tidy("SELECT  a  -- note\n FROM t\tWHERE b = 'x  y' ; ") == "SELECT a FROM t WHERE b = 'x  y'"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SELECT a FROM t", "select  A\nfrom T;", True),
        ('SELECT a FROM t WHERE b = "x"', "SELECT a FROM t WHERE b = 'x'", True),
        ("SELECT a FROM t WHERE b <> 1", "SELECT a FROM t WHERE b!=1", True),
        ("SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = 'X'", False),
        ("SELECT a FROM t WHERE b < 1", "SELECT a FROM t WHERE b <= 1", False),
    ],
)
def test_normal_sql_is_one_for_the_same_query(one, other, same):
    assert (normal_sql(one) == normal_sql(other)) is same


def test_normal_question_drops_case_and_punctuation_but_not_words():
    assert normal_question("How many  Singers, please?") == "how many singers please"


@pytest.mark.parametrize(
    ("sql", "changes"),
    [
        ("SELECT 1", False),
        ("-- DELETE\nSELECT 'INSERT'", False),
        ("  insert INTO t VALUES (1)", True),
        ("WITH a AS (SELECT 1) DELETE FROM t", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", False),
        ("DROP TABLE t", True),
        ("SELECT 1; DELETE FROM t", True),
        ("SELECT 1; SELECT ';DELETE FROM t'", False),
        ("", False),
    ],
)
def test_what_writes_is_told_from_what_reads(sql, changes):
    assert writes(sql) is changes


def test_the_first_word_is_found_behind_comments_and_parentheses():
    assert first_word("/* a */ ( Select 1)") == "select"
