"""Answers that come as JSON: a structured output, or the call of a tool."""

import pytest

from evaluate.extract import extract_sql


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ('{"sql": "SELECT a FROM t WHERE b = \'x\'"}', "SELECT a FROM t WHERE b = 'x'"),
        ('{"sql": "SELECT a\\nFROM t\\nWHERE b = \\"x\\";"}', 'SELECT a\nFROM t\nWHERE b = "x"'),
        ('```json\n{"thoughts": "SELECT b FROM t?", "query": "SELECT a\\nFROM t"}\n```', "SELECT a\nFROM t"),
        ('Here:\n{"SQL": "SELECT \\"a\\" FROM t"}\nDone.', 'SELECT "a" FROM t'),
        ('[{"sql": "SELECT a\\n FROM t"}]', "SELECT a\n FROM t"),
        (
            '<tool_call>\n{"name": "run_sql", "arguments": {"query": "SELECT a\\nFROM t"}}\n</tool_call>',
            "SELECT a\nFROM t",
        ),
        ('{"name": "run", "arguments": "{\\"sql\\": \\"SELECT a\\\\nFROM t\\"}"}', "SELECT a\nFROM t"),
        ('{"sql": "SELECT b FROM t"}\nCorrected:\n{"sql": "SELECT a\\nFROM t"}', "SELECT a\nFROM t"),
        ('<think>{"sql": "SELECT b\\nFROM t"}</think>{"sql": "SELECT a\\nFROM t"}', "SELECT a\nFROM t"),
        ('{"sql": "DELETE FROM t\\nWHERE a = 1"}', "DELETE FROM t\nWHERE a = 1"),
    ],
)
def test_the_value_called_sql_or_query_is_the_answer(completion, sql):
    assert extract_sql(completion) == sql


@pytest.mark.parametrize(
    ("completion", "sql"),
    [
        ("SELECT json_extract(a, '$.sql') FROM t WHERE b = '{\"sql\": \"SELECT 1\"}'", None),
        ('{"sql": ""}', ""),
        ('{"question": "SELECT a FROM t"}', "SELECT a FROM t"),
        ("{" * 2_000 + "SELECT a FROM t", "SELECT a FROM t"),
        ("[" * 2_000 + "SELECT a FROM t", "SELECT a FROM t"),
    ],
    ids=["a query that holds JSON", "no SQL", "another key", "deep objects", "deep arrays"],
)
def test_what_is_no_such_object_is_read_as_before(completion, sql):
    expected = completion if sql is None else sql or None
    assert extract_sql(completion) == expected


@pytest.mark.parametrize(
    "completion",
    [
        "The SQL query is: SELECT a FROM t.",
        "**SELECT a FROM t**",
        "SELECT a FROM t ###",
        "\\boxed{SELECT a FROM t}",
        "<code>SELECT a FROM t</code>",
        "<sql_query>\nSELECT a FROM t\n</sql_query>\nThis gives a.",
        "查询语句如下：SELECT a FROM t",
        "查询语句如下：SELECT a FROM t。",
        "SELECT a FROM t；\n这个查询返回所有的a。",
    ],
)
def test_marks_around_a_query_are_no_part_of_it(completion):
    assert extract_sql(completion) == "SELECT a FROM t"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t WHERE b = = 3.",
        "SELECT a FROM t WHERE b LIKE '</p>' AND",
        "SELECT a FROM t WHERE b = '。' = = 3",
    ],
)
def test_a_query_that_is_wrong_besides_keeps_its_marks(sql):
    assert extract_sql(sql) == sql
