"""Completions of models that were asked for a change: which statements count as the answer."""

import time

import pytest

from evaluate.extract import extract_sql
from evaluate.extract_statements import extract_statements

CASES = [
    ("DELETE FROM t WHERE a < 3;", "DELETE FROM t WHERE a < 3"),
    ("drop table t", "drop table t"),
    ("-- remove\nDELETE FROM t -- all\n;", "-- remove\nDELETE FROM t -- all"),
    ("INSERT INTO t VALUES (1, 'a; </s> ```\nThis is');  DELETE FROM u;",
     "INSERT INTO t VALUES (1, 'a; </s> ```\nThis is');  DELETE FROM u;"),
    ("WITH a AS (SELECT 1) DELETE FROM t WHERE x IN a", "WITH a AS (SELECT 1) DELETE FROM t WHERE x IN a"),
    ('UPDATE "my t" SET a = 1', 'UPDATE "my t" SET a = 1'),
    ("UPDATE OR IGNORE t SET a = (SELECT 1)", "UPDATE OR IGNORE t SET a = (SELECT 1)"),
    ("BEGIN; DELETE FROM t; COMMIT;", "BEGIN; DELETE FROM t; COMMIT;"),
    ("CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; UPDATE t SET a=1; END;\nDELETE FROM t",
     "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; UPDATE t SET a=1; END;\nDELETE FROM t"),
    ("DELETE FROM t; SELECT * FROM t;", "DELETE FROM t; SELECT * FROM t;"),
    ("DELETE FROM t</s>DELETE FROM u", "DELETE FROM t"),
    ("<think>DELETE FROM x</think>\nDELETE FROM y", "DELETE FROM y"),
    ("<think>Maybe DELETE FROM x", None),
    ("Schema: CREATE TABLE t (a)\n### Response:\nALTER TABLE t ADD COLUMN x INT\n### Question: y",
     "ALTER TABLE t ADD COLUMN x INT"),
    ("[SQL] DROP VIEW v [/SQL] done", "DROP VIEW v"),
    ("```sql\nUPDATE t SET a = (SELECT max(b) FROM u);\n```\nThis updates t.",
     "UPDATE t SET a = (SELECT max(b) FROM u)"),
    ("First:\n```\nDELETE FROM t\n```\nBetter:\n```\nDELETE FROM u\n```", "DELETE FROM u"),
    ("Here is the SQL:\nCREATE TABLE x (a INT);\nINSERT INTO x VALUES (1);\n\nThis creates a table; enjoy.",
     "CREATE TABLE x (a INT);\nINSERT INTO x VALUES (1);"),
    ("CREATE VIEW v AS\nSELECT a\nFROM t\nWHERE b > 1\n\nExplanation: it reads",
     "CREATE VIEW v AS\nSELECT a\nFROM t\nWHERE b > 1"),
    ("UPDATE t\nSET a = 1\nWHERE b = 2\n\nQuestion: next?\nDELETE FROM t", "UPDATE t\nSET a = 1\nWHERE b = 2"),
    ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE OR REPLACE VIEW v AS SELECT 1"),
    ("SELECT a FROM t;", "SELECT a FROM t"),
    ("The answer is: SELECT a FROM t", "SELECT a FROM t"),
    ("I cannot do that.", None),
    ("", None),
    ("DELETE FROM t WHERE a = 1 -- " + "x" * 200_000, "DELETE FROM t WHERE a = 1 -- " + "x" * 200_000),
]  # fmt: skip


@pytest.mark.parametrize(("completion", "sql"), CASES, ids=lambda text: str(text)[:40])
def test_the_statements_of_a_completion(completion, sql):
    assert extract_statements(completion) == sql


@pytest.mark.parametrize("completion", ["SELECT a FROM t", "```sql\nSELECT 1;\n```", "name FROM singer", "Who knows?"])
def test_what_holds_no_statement_that_writes_is_read_as_a_query(completion):
    assert extract_statements(completion) == extract_sql(completion)


@pytest.mark.parametrize(
    "piece", ["WITH a\n", "DELETE FROM t;\n", "UPDATE t\nSET\n", "```", "'", "CREATE TABLE t (a);"]
)
def test_an_endless_completion_takes_seconds_at_most(piece):
    start = time.process_time()
    extract_statements(piece * (99_000 // len(piece)))
    assert time.process_time() - start < 5
