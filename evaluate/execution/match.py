"""The match rules: does a predicted result answer as the gold result does? Pure functions, one definition a docstring.

Every rule takes the rows of the gold query, the rows of the prediction and the gold SQL as it was given, and every rule
says which text of a query its rows come from (`REWRITES`): the official tool edits queries before it runs them.
How one value compares with another, for all rules but `fuzzy`: as in Python (1 == 1.0, '1' != 1, NULL equals NULL).
"""

from collections.abc import Callable, Sequence
from itertools import chain

from evaluate.execution.columns import same_up_to_columns
from evaluate.execution.fuzzy import same_answer
from sql.sql_text import (
    close_comparisons,
    is_ordered,
    mentions_order,
    official_text,
    official_text_without_distinct,
)

Row = tuple
Rows = Sequence[Row]


def strict(gold: Rows, predicted: Rows, gold_sql: str) -> bool:
    """The headline: same rows as often, up to the order of columns; in the same order when the gold asks for one.

    Both are empty, or both have as many rows and columns and some permutation of the prediction's columns makes the
    rows equal: as lists when the gold's outermost query has an ORDER BY, else as multisets. Run with DISTINCT kept. It
    differs from `spider_keep_distinct` only where an ORDER BY stands in a sub-query of the gold alone, and in the
    quirk named there.
    """
    return same_up_to_columns(gold, predicted, ordered=is_ordered(gold_sql))


def spider_keep_distinct(gold: Rows, predicted: Rows, gold_sql: str) -> bool:
    """The official Spider tool with `--keep_distinct`: as `strict`, but ordered when the gold says "order by" anywhere.

    Two quirks of the tool are kept. The order counts although only a sub-query has it. And rows must also be equal,
    row by row (when ordered) or as sets, after the cells of each are sorted by text and type, which sets 1 and 1.0
    apart where they sort differently beside other cells. Source: taoyds/test-suite-sql-eval, `exec_eval.py`.
    """
    ordered = mentions_order(gold_sql)
    return same_up_to_columns(gold, predicted, ordered=ordered) and _sorted_cells_agree(gold, predicted, ordered)


def spider(gold: Rows, predicted: Rows, gold_sql: str) -> bool:
    """The official Spider tool with default flags: as `spider_keep_distinct`, every DISTINCT deleted from both queries.

    `COUNT(DISTINCT x)` becomes `COUNT(x)` on both sides. Deleting keeps only the first of several statements.
    """
    return spider_keep_distinct(gold, predicted, gold_sql)


def bird(gold: Rows, predicted: Rows, gold_sql: str) -> bool:
    """BIRD's execution accuracy: the sets of rows are equal. Order and number of rows never count, columns' order does.

    Source: AlibabaResearch/DAMO-ConvAI, `bird/llm/src/evaluation.py`.
    """
    return set(gold) == set(predicted)


def fuzzy(gold: Rows, predicted: Rows, gold_sql: str) -> bool:
    """A reader would take the answer for right, after the allowances made for the exoplanets questions.

    As `strict`, with these allowances: the prediction may have up to 12 further columns beside the gold's; numbers
    agree within 0.01 % of the larger or when one is the other rounded to the decimals it shows, though two integers
    must be equal; text agrees but for case and white space; text that is a number agrees with that number. As many rows
    as the gold has, in its order when its outermost query has an ORDER BY. Column names never count, in any rule. Large
    results are compared within bounds, past which the answer is no. Whatever is `strict` is `fuzzy`.
    """
    return strict(gold, predicted, gold_sql) or same_answer(gold, predicted, ordered=is_ordered(gold_sql))


Rule = Callable[[Rows, Rows, str], bool]
RULES: dict[str, Rule] = {rule.__name__: rule for rule in (strict, spider, spider_keep_distinct, bird, fuzzy)}
REWRITES: dict[str, Callable[[str], str]] = {
    "strict": close_comparisons,
    "spider": official_text_without_distinct,
    "spider_keep_distinct": official_text,
    "bird": close_comparisons,
    "fuzzy": close_comparisons,
}


def _sorted_cells_agree(gold: Rows, predicted: Rows, ordered: bool) -> bool:
    """The official tool's first check. It can only fail on equal rows where an integer meets an equal real number."""
    if not _has_float(gold) and not _has_float(predicted):
        return True
    gold_rows, predicted_rows = map(_sorted_cells, gold), map(_sorted_cells, predicted)
    return list(gold_rows) == list(predicted_rows) if ordered else set(gold_rows) == set(predicted_rows)


def _has_float(rows: Rows) -> bool:
    return float in set(map(type, chain.from_iterable(rows)))


def _sorted_cells(row: Row) -> Row:
    return tuple(sorted(row, key=lambda cell: f"{cell}{type(cell)}"))
