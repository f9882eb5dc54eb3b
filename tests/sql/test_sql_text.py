"""Words in literals and comments are not SQL, and rewriting changes nothing else."""

import pytest

from sql.sql_text import (
    changing_functions,
    close_comparisons,
    code_tokens,
    first_statement,
    first_word,
    is_blank,
    is_ordered,
    is_syntax,
    mentions_order,
    normal_sql,
    official_text,
    official_text_without_distinct,
    statements,
    tidy,
    tie_breakers,
    tokens,
    writes,
)

AWKWARD = "SELECT 'it''s', \"a\"\"b\", `c``d`, [e f], x'00', 1.5e3 -- ;\nFROM t /* ' */ WHERE é != '\"' -- open '"


@pytest.mark.parametrize("sql", [AWKWARD, "", "'", '"', "`", "[", "/*", "--", "((", "))", "\0", "'a' 'b"])
def test_tokens_joined_give_the_text_back(sql):
    assert "".join(token.text for token in tokens(sql)) == sql


def test_code_is_what_is_neither_white_space_nor_comment():
    assert [token.text for token in code_tokens("SELECT/* a */ 'b -- c' -- d\n;")] == ["SELECT", "'b -- c'", ";"]


def test_both_parentheses_of_a_pair_have_the_depth_around_them():
    assert [(token.text, token.depth) for token in code_tokens("a(b(c))d")] == [
        ("a", 0), ("(", 0), ("b", 1), ("(", 1), ("c", 2), (")", 1), (")", 0), ("d", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "blank"),
    [("", True), (" \n", True), ("-- a", True), ("/* a", True), (" ; ;", True), ("SELECT", False), ("''", False)],
)
def test_blank_is_white_space_comments_and_semicolons(sql, blank):
    assert is_blank(sql) is blank


@pytest.mark.parametrize(
    ("sql", "first"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1; SELECT 2", "SELECT 1;"),
        ("SELECT ';' -- ;\n, 2; b", "SELECT ';' -- ;\n, 2;"),
        ('SELECT ";", [;], `;` /* ; */', 'SELECT ";", [;], `;` /* ; */'),
    ],
)
def test_a_semicolon_ends_a_statement_only_in_code(sql, first):
    assert first_statement(sql) == first


@pytest.mark.parametrize(
    ("sql", "closed", "official"),
    [
        ("a > = 1 AND b < = 2 AND c ! = 3", "a >= 1 AND b <= 2 AND c != 3", "a >= 1 AND b <= 2 AND c != 3"),
        ("a = 1", "a = 1", "a = 1"),
        ("a > = 'x > = y'", "a >= 'x > = y'", "a >= 'x >= y'"),
        ('"> =" ! = 1', '"> =" != 1', '">=" != 1'),
        ("Year(curdate()) - y", "2020- y", "2020- y"),
        ("'YEAR(CURDATE())'", "'YEAR(CURDATE())'", "'2020'"),
    ],
)
def test_comparisons_are_closed_up_in_code_and_officially_in_literals_too(sql, closed, official):
    assert (close_comparisons(sql), official_text(sql)) == (closed, official)


@pytest.mark.parametrize(
    ("sql", "without"),
    [
        ("SELECT a FROM t", "SELECT a FROM t"),
        ("SELECT DISTINCT a FROM t", "SELECT  a FROM t"),
        ("SELECT count(distinct a), 'distinct' FROM t", "SELECT count( a), 'distinct' FROM t"),
        ('SELECT "distinct", distinctly -- distinct', 'SELECT "distinct", distinctly -- distinct'),
        ("SELECT DISTINCT a > = 1; SELECT 2", "SELECT  a >= 1;"),
    ],
)
def test_the_official_default_deletes_every_word_distinct_and_later_statements(sql, without):
    assert official_text_without_distinct(sql) == without


@pytest.mark.parametrize(
    ("sql", "outermost", "anywhere"),
    [
        ("SELECT a FROM t", False, False),
        ("SELECT a FROM t ORDER BY a", True, True),
        ("SELECT a FROM t ORDER  BY a", True, False),
        ("SELECT a FROM t order /* x */ by a", True, False),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a)", False, True),
        ("SELECT a FROM t WHERE b = (SELECT max(b) FROM t ORDER BY b LIMIT 1) ORDER BY a", True, True),
        ("SELECT rank() OVER (ORDER BY a) FROM t", False, True),
        ("WITH x AS (SELECT a FROM t ORDER BY a) SELECT a FROM x", False, True),
        ("SELECT 'order by' FROM t", False, True),
        ("SELECT a FROM t -- ORDER BY a", False, True),
        ('SELECT "order" by FROM t', False, False),
        ("SELECT a FROM t UNION SELECT b FROM t ORDER BY 1", True, True),
    ],
)
def test_order_of_the_outermost_query_and_order_by_anywhere_differ(sql, outermost, anywhere):
    assert (is_ordered(sql), mentions_order(sql)) == (outermost, anywhere)


@pytest.mark.parametrize(
    ("sql", "versions"),
    [
        ("SELECT a FROM t", None),
        ("SELECT a FROM (SELECT a FROM t LIMIT 3)", None),
        ("SELECT 'LIMIT 3'", None),
        (
            "SELECT a, b FROM t ORDER BY c DESC LIMIT 3 OFFSET 1",
            (
                "SELECT a, b FROM t ORDER BY c DESC , 1, 2 LIMIT 3 OFFSET 1",
                "SELECT a, b FROM t ORDER BY c DESC , 1 DESC, 2 DESC LIMIT 3 OFFSET 1",
            ),
        ),
        (
            "SELECT a, b FROM t LIMIT 3",
            (
                "SELECT a, b FROM t  ORDER BY 1, 2 LIMIT 3",
                "SELECT a, b FROM t  ORDER BY 1 DESC, 2 DESC LIMIT 3",
            ),
        ),
    ],
)
def test_ties_are_broken_in_front_of_the_outermost_limit(sql, versions):
    assert tie_breakers(sql, 2) == versions


@pytest.mark.parametrize(
    ("sql", "accepted"),
    [
        ("SELECT a FROM no_such_table WHERE no_such_function(b) > ?", True),
        ("WITH x AS (SELECT 1) SELECT * FROM x;", True),
        ("SELECT 1 -- and so on", True),
        ("VALUES (1, 2)", True),
        ("SELECT max(a) FROM t WHERE max(b) > 1", True),
        ("SELECT a FROM t UNION SELECT a, b FROM u", True),
        ("SELECT zeroblob(1000000000), printf('%1000000000d', 1)", True),
        ("SELECT a FROM WHERE b", False),
        ("SELECT 18_49_Rating_Share FROM t", False),
        ("SELECT a FROM t HAVING b > 1 WHERE c = 1", False),
        ("The answer is SELECT a FROM t", False),
        ("SELECT 'open", False),
        ("SELECT 1; SELECT 2", False),
        ("DELETE FROM t", False),
        ("", False),
        ("-- nothing", False),
        ("SELECT \0", False),
        ("SELECT '\ud800'", False),
        ("SELECT " + "(" * 10_000 + "1" + ")" * 10_000, False),
        ("SELECT 1" + " " * 5_000_000, False),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_syntax_is_what_the_parser_says_whether_or_not_names_exist(sql, accepted):
    assert is_syntax(sql) is accepted


@pytest.mark.parametrize("sql", ["ATTACH 'made' AS x", "VACUUM INTO 'made'", "SELECT 1; ATTACH 'made' AS x"])
def test_a_check_of_syntax_makes_no_file(sql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not is_syntax(sql)
    assert list(tmp_path.iterdir()) == []


def test_a_query_that_would_take_for_ever_to_plan_is_only_parsed():
    doubling = ", ".join(f"a{n} AS (SELECT * FROM a{n - 1} UNION ALL SELECT * FROM a{n - 1})" for n in range(1, 40))
    assert is_syntax(f"WITH a0 AS (SELECT 1), {doubling} SELECT * FROM a39")


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
        ("SELECT a FROM t -- note", "SELECT a FROM t", True),
        ("SELECT count(*) FROM t", "SELECT COUNT( * ) FROM t", True),
        ("SELECT a FROM t WHERE b >= 1", "SELECT a FROM t WHERE b > = 1", True),
        ("SELECT a FROM t WHERE b = 'x  y'", "SELECT a FROM t WHERE b = 'x y'", False),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = '1'", False),
        ("SELECT a, b FROM t", "SELECT b, a FROM t", False),
        ("SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = 'X'", False),
        ("SELECT a FROM t WHERE b < 1", "SELECT a FROM t WHERE b <= 1", False),
    ],
)
def test_normal_sql_is_one_for_the_same_query(one, other, same):
    assert (normal_sql(one) == normal_sql(other)) is same


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


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT random(), a FROM t WHERE b > date('now')", ("date", "random")),
        ("SELECT current_timestamp", ("current_timestamp",)),
        ("SELECT datetime()", ("datetime",)),
        ("SELECT date(a), random FROM t WHERE b = 'random()'", ()),
    ],
)
def test_functions_that_differ_from_call_to_call_are_named(sql, names):
    assert changing_functions(sql) == names
