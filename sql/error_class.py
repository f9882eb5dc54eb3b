"""Why a prediction failed: one class each, from the outcome, SQLite's error text, and a diff of the two trees.

`CLASSES` is the table of all classes. The first that applies, from its top to its bottom, is the prediction's class:
what kept the query from giving a result comes before what made the result wrong, and the outer shape of a query before
its details (`tree_diff.py` says how the trees are compared). An error of SQLite's gets the class of its text, be it one
of the first or one of the second part. A class names the first difference found, not the only one to be mended: a
prediction with a wrong table usually has wrong columns too.

Not covered: differences between queries that are equal clause by clause, as where the data decide a tie; those and
queries that SQLite reads but the parser here does not are `other`.
"""

import re

from sql.read_components import read_sql
from sql.tree_diff import difference

CLASSES = {
    "no_sql": "the completion holds no SQL",
    "timeout": "the query ran longer than allowed",
    "too_large": "the query's result or its memory was larger than allowed",
    "not_read_only": "the text is a statement that changes something, or may do so, where it may not",
    "syntax": "SQLite's parser refuses the text, or it holds more than one statement",
    "no_such_table": "a table does not exist",
    "no_such_column": "a column does not exist, or not in the tables that the query reads",
    "ambiguous_column": "a column without a table is in several of the tables",
    "no_such_function": "a function does not exist in SQLite, or not with that many arguments",
    "constraint": "a row breaks a constraint of its table (only where statements may write)",
    "misused_aggregate": "an aggregate or a window function stands where none may, mostly in WHERE",
    "other_error": "any other error of SQLite's",
    "wrong_change": "statements that write leave another state than the gold's do",
    "wrong_set_operation": "UNION, INTERSECT or EXCEPT missing, too many or another one",
    "wrong_nesting": "a subquery missing or too many",
    "wrong_table": "a table read in place of another",
    "wrong_join": "a table missing or too many, another kind of join, or other columns joined",
    "missing_group_by": "GROUP BY missing",
    "extra_group_by": "GROUP BY too many",
    "wrong_aggregate": "another aggregate in the result columns, or one missing or too many",
    "wrong_columns": "other result columns, or a number of them that differs",
    "extra_condition": "all conditions of the gold and more",
    "missing_condition": "some of the gold's conditions and no other",
    "wrong_condition": "another column or comparison in a condition, or other ANDs and ORs",
    "wrong_value": "a condition compares with another value",
    "wrong_group_by": "GROUP BY other keys",
    "wrong_order": "ORDER BY missing, too many, by other keys or in another direction",
    "wrong_limit": "LIMIT missing, too many or another number",
    "distinct": "DISTINCT missing or too many",
    "other": "none of these differences was found",
}
OUTCOME_CLASSES = {"no_sql": "no_sql", "timeout": "timeout", "too_large": "too_large"}

# The texts are those of SQLite's parse.y, resolve.c, expr.c and select.c, and of this evaluator's sandbox.
ERROR_TEXTS = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (r"no statement", "no_sql"),
        (r"not authorized|attempt to write|the statement returns no columns|.*prohibited in", "not_read_only"),
        (r"no such (table|view)", "no_such_table"),
        (r"no such column|cannot join using column|table .* has no column named", "no_such_column"),
        (r"ambiguous column name", "ambiguous_column"),
        (r"no such function|wrong number of arguments to function", "no_such_function"),
        (r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed|datatype mismatch", "constraint"),
        (r"misuse of|.*may not be used as a window function|aggregate functions are not allowed", "misused_aggregate"),
        (r"a GROUP BY clause is required|HAVING clause on a non-aggregate", "missing_group_by"),
        (r"SELECTs to the left and right|.*ORDER BY term does not match any column", "wrong_set_operation"),
        (r"sub-select returns|row value misused|circular reference", "wrong_nesting"),
        (r"near \".*\": syntax error|incomplete input|unrecognized token|more than one statement", "syntax"),
        (r"(ORDER BY|LIMIT) clause should come|a JOIN clause is required|the SQL holds a NUL", "syntax"),
        (r"parser stack overflow|Expression tree is too large|too many", "too_large"),
    )
)


def classify(
    gold_sql: str, predicted_sql: str | None, outcome: str, error_text: str | None, *, writes: bool = False
) -> str:
    """The class of one failure, a key of `CLASSES`.

    `outcome` and `error_text` are those of results.jsonl; `error_text` counts only where the outcome is `error`.
    `writes`: the gold changes the database, so that states were compared, and not two queries' results.
    """
    if outcome in OUTCOME_CLASSES:
        return OUTCOME_CLASSES[outcome]
    if outcome == "error":
        return class_of_error(error_text or "")
    if writes:
        return "wrong_change"
    return class_of_difference(gold_sql, predicted_sql or "")


def class_of_error(error_text: str) -> str:
    """The class of an error text of SQLite's or the sandbox's."""
    return next((name for pattern, name in ERROR_TEXTS if pattern.match(error_text)), "other_error")


def class_of_difference(gold_sql: str, predicted_sql: str) -> str:
    """The class of the first difference between two queries that ran."""
    gold, predicted = read_sql(gold_sql), read_sql(predicted_sql)
    if gold is None or predicted is None:
        return "other"
    try:
        return difference(gold, predicted) or "other"
    except RecursionError:
        return "other"
