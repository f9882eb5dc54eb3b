"""Completions for the fuzzer: pieces of real answers and of attacks, put together, repeated and nested by hypothesis."""

from hypothesis import strategies as st

QUERIES = [
    "SELECT a FROM t",
    "SELECT count(*) FROM t WHERE b = 'x'",
    "select a, b from t order by b desc limit 3",
    "WITH x AS (SELECT a FROM t) SELECT * FROM x",
    "SELECT a FROM t UNION SELECT b FROM t",
    "SELECT 1e400, -0.0, NULL, x'00', 'é\U0001f600'",
    "SELECT random(), date('now')",
    "SELECT * FROM t, t AS u, t AS v",
]
MARKS = [
    "```", "```sql\n", "~~~", "\n```", "<think>", "</think>", "[THINK]", "[/THINK]", "<sql>", "</sql>", "[SQL]", "[/SQL]",
    "<|channel|>final<|message|>", "<|channel|>analysis<|message|>", "<|return|>", "<|im_start|>assistant\n", "### Response:",
    "[INST]", "[/INST]", "</s>", '"""', "'''", '{"sql": "', '"}', '{"', "[", "**", ";", "--", "/*", "*/", "'", '"', "`", "(", ")",
    "$$", "\\boxed{", "。", "；", "#", "\n", " ", "\t", "\u00a0", "\u200b", "\ufeff", "\0", "\x1b[31m", "\u202e", "\ud800", ".", ",",
]  # fmt: skip
WORDS = [
    "I cannot answer.", "Do not use this:", "Question:", "This returns all rows.", "Select the rows", "The SELECT statement",
    "date(", "time(", "decimal(", "struct(", "array[", "CASE WHEN ", "NOT ", "- ", "a.", "IN (", "AS ", "WITH a (b) AS (", "OVER (",
    "CREATE TABLE t AS ", "INSERT INTO t ", "DELETE FROM t", "MERGE INTO t ", "COPY (", "PREPARE p AS ", "BEGIN;", "EXPLAIN ",
    "PRAGMA x", "DECLARE c CURSOR FOR ", "TOP 1 ", "LIMIT 1, 2", "FETCH FIRST 1 ROWS ONLY", "9" * 400, "zeroblob(9999999)",
]  # fmt: skip
pieces = st.sampled_from([*QUERIES, *MARKS, *WORDS]) | st.text(max_size=8)
repeated = st.builds(lambda piece, times: piece * times, pieces, st.sampled_from([2, 7, 40, 3_000]))
nested = st.builds(
    lambda head, depth, core, tail: head * depth + core + tail * depth,
    st.sampled_from(["date(", "(", "SELECT (", "char(time(", "{", "[", "NOT ", "CASE WHEN "]),
    st.sampled_from([3, 14, 60, 900]),
    st.sampled_from(["1", "a", "SELECT a FROM t"]),
    st.sampled_from([")", "]", "}", "))", " END", ""]),
)
completions = st.lists(pieces | repeated | nested, min_size=1, max_size=10).map("".join)
