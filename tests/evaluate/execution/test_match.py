"""Each rule where it is low and where it is high, the official tool's quirks, and searches that stay bounded."""

import random
import time

import pytest

from evaluate.execution.columns import same_up_to_columns
from evaluate.execution.match import RULES, bird, fuzzy, spider, spider_keep_distinct, strict

PLAIN = "SELECT a FROM t"
ORDERED = "SELECT a FROM t ORDER BY a"
INNER = "SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 9)"
RULE_NAMES = ("strict", "spider", "spider_keep_distinct", "bird", "fuzzy")


# gold rows, predicted rows, gold SQL; then what strict, spider, spider_keep_distinct, bird and fuzzy say
TABLE = [
    ("equal", [(1,), (2,)], [(1,), (2,)], ORDERED, "TTTTT"),
    ("another value", [(1,), (2,)], [(1,), (3,)], PLAIN, "FFFFF"),
    ("both empty", [], [], PLAIN, "TTTTT"),
    ("one empty", [], [(1,)], PLAIN, "FFFFF"),
    ("other empty", [(1,)], [], PLAIN, "FFFFF"),
    ("rows in another order, free", [(1,), (2,)], [(2,), (1,)], PLAIN, "TTTTT"),
    ("rows in another order, ordered", [(1,), (2,)], [(2,), (1,)], ORDERED, "FFFTF"),
    ("rows in another order, ordered inside", [(1,), (2,)], [(2,), (1,)], INNER, "TFFTT"),
    ("columns in another order", [(1, "a"), (2, "b")], [("a", 1), ("b", 2)], PLAIN, "TTTFT"),
    ("columns and rows in another order", [(1, "a"), (2, "b")], [("b", 2), ("a", 1)], PLAIN, "TTTFT"),
    ("columns in another order, ordered", [(1, "a"), (2, "b")], [("a", 1), ("b", 2)], ORDERED, "TTTFT"),
    ("columns shuffled differently by row", [(1, 2), (3, 4)], [(2, 1), (3, 4)], PLAIN, "FFFFF"),
    ("a row twice", [(1,), (1,)], [(1,)], PLAIN, "FFFTF"),
    ("another row twice", [(1,), (1,), (2,)], [(1,), (2,), (2,)], PLAIN, "FFFTF"),
    ("a further column", [(1,), (2,)], [(1, "x"), (2, "y")], PLAIN, "FFFFT"),
    ("a further column in front", [(1,), (2,)], [("x", 1), ("y", 2)], ORDERED, "FFFFT"),
    ("a column missing", [(1, "x")], [(1,)], PLAIN, "FFFFF"),
    ("integer and equal real", [(1,)], [(1.0,)], PLAIN, "TTTTT"),
    ("text and equal number", [("1",)], [(1,)], PLAIN, "FFFFT"),
    ("NULL", [(None,)], [(None,)], PLAIN, "TTTTT"),
    ("NULL and zero", [(None,)], [(0,)], PLAIN, "FFFFF"),
    ("NULL and empty text", [(None,)], [("",)], PLAIN, "FFFFF"),
    ("blobs", [(b"\xff",)], [(b"\xff",)], PLAIN, "TTTTT"),
    ("blob and text", [(b"a",)], [("a",)], PLAIN, "FFFFF"),
    ("case and white space", [("New  York ",)], [("new york",)], PLAIN, "FFFFT"),
    ("rounded", [(2.0 / 3,)], [(0.67,)], PLAIN, "FFFFT"),
    ("nearly", [(1.8980e27,)], [(1.89799e27,)], PLAIN, "FFFFT"),
    ("not nearly", [(100.0,)], [(100.5,)], PLAIN, "FFFFF"),
    ("integers side by side", [(100_000,)], [(100_001,)], PLAIN, "FFFFF"),
    ("nearly, in another order", [(1.0, "a"), (2.0, "b")], [(2.00001, "b"), (1.00001, "a")], PLAIN, "FFFFT"),
    ("nearly, in another order, ordered", [(1.0,), (2.0,)], [(2.00001,), (1.00001,)], ORDERED, "FFFFF"),
    ("the quirk of sorted cells", [(1, 10)], [(1.0, 10)], PLAIN, "TFFTT"),
    ("the quirk of sorted cells, ordered", [(1, 10)], [(10, 1.0)], ORDERED, "TFFFT"),
    ("reals alone are no quirk", [(1.0, 10)], [(10, 1.0)], PLAIN, "TTTFT"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("gold", "predicted", "sql", "verdicts"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_each_rule_says(gold, predicted, sql, verdicts):
    assert {name: rule(gold, predicted, sql) for name, rule in RULES.items()} == {
        name: verdict == "T" for name, verdict in zip(RULE_NAMES, verdicts, strict=True)
    }


def test_the_official_tool_reads_order_by_in_a_literal_as_an_order():
    rows, swapped, sql = [(1,), (2,)], [(2,), (1,)], "SELECT a FROM t WHERE b = 'order by'"
    assert (strict(rows, swapped, sql), spider_keep_distinct(rows, swapped, sql)) == (True, False)


@pytest.mark.parametrize("rule", [strict, spider, spider_keep_distinct, bird])
def test_rules_but_fuzzy_are_symmetric(rule):
    for _, gold, predicted, sql, _ in TABLE:
        assert rule(gold, predicted, sql) is rule(predicted, gold, sql)


def test_keep_distinct_implies_strict_implies_fuzzy():
    rng = random.Random(0)
    for _ in range(3_000):
        gold, predicted = (
            [tuple(rng.choice((0, 1, 1.0, "1", None)) for _ in range(width)) for _ in range(rng.randint(0, 3))]
            for width in [rng.randint(1, 3)] * 2
        )
        for sql in (PLAIN, ORDERED, INNER):
            official, ours = spider_keep_distinct(gold, predicted, sql), strict(gold, predicted, sql)
            assert official <= ours <= fuzzy(gold, predicted, sql)


def test_the_column_search_agrees_with_trying_every_order():
    from itertools import permutations

    rng = random.Random(1)
    equal = 0
    for _ in range(1_000):
        width, height = rng.randint(1, 4), rng.randint(1, 4)
        gold, predicted = ([tuple(rng.randint(0, 1) for _ in range(width)) for _ in range(height)] for _ in "ab")
        for ordered in (False, True):
            sort = list if ordered else sorted
            orders = permutations(range(width))
            brute = any(sort(gold) == sort([tuple(row[n] for n in order) for row in predicted]) for order in orders)
            assert same_up_to_columns(gold, predicted, ordered=ordered) is brute
            equal += brute
    assert 200 < equal < 1_800


def cycles(*lengths):
    """Rows that are the edges of rings: every column and every row looks alike, so that only the search can tell."""
    size, rows, start = sum(lengths), [], 0
    for length in lengths:
        for n in range(length):
            ends = {start + n, start + (n + 1) % length}
            rows.append(tuple(int(column in ends) for column in range(size)))
        start += length
    return rows


RNG = random.Random(2)
WIDE = [tuple(RNG.randint(0, 5) for _ in range(1_500)) for _ in range(20)]
LONG = [tuple(RNG.randint(0, 1) for _ in range(6)) for _ in range(50_000)]


@pytest.mark.parametrize(
    ("gold", "predicted", "equal"),
    [
        ([(1,) * 15] * 500, [(1,) * 15] * 499 + [(2,) * 15], False),
        ([(1,) * 14 + (2,)] * 500, [(2,) + (1,) * 14] * 500, True),
        (cycles(16), cycles(8, 8), False),
        (cycles(40), cycles(20, 20), False),
        (cycles(20, 20), [row[::-1] for row in cycles(20, 20)][::-1], True),
        (WIDE, [row[::-1] for row in WIDE][::-1], True),
        (LONG, [row[::-1] for row in LONG][::-1], True),
    ],
    ids=["15 like columns", "14 like columns", "rings", "large rings", "equal rings", "1500 columns", "50,000 rows"],
)
def test_the_column_search_is_quick(gold, predicted, equal):
    start = time.process_time()
    assert same_up_to_columns(gold, predicted, ordered=False) is equal
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("gold", "predicted", "agree"),
    [
        (1, 1, True),
        (1, 2, False),
        (1_000_000, 1_000_001, False),
        (1, 1.0, True),
        (1_000_000, 1_000_001.0, True),
        (1.0, 1.0001, True),
        (1.0, 1.001, False),
        (2.6666666, 2.67, True),
        (2.67, 2.6666666, True),
        (2.6666666, 2.66, False),
        (17.28, 17.3, True),
        (17.28, 17.0, False),
        (-2.6666666, -2.67, True),
        (0.0, 1e-9, False),
        (float("inf"), float("inf"), True),
        (float("inf"), 1e308, False),
        ("5", 5, True),
        ("5.0", 5, True),
        (" 5 ", "5", True),
        ("five", 5, False),
        ("1e3", 1000, True),
        ("9" * 5_000, 1, False),
        ("Zoë", "ZOË ", True),
        ("Zoë", "Zoe", False),
        (None, None, True),
        (None, "", False),
        (b"a", b"a", True),
        (b"a", "a", False),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_fuzzy_cells(gold, predicted, agree):
    assert fuzzy([(gold,)], [(predicted,)], PLAIN) is agree


def test_fuzzy_pairs_rows_whose_numbers_sort_differently_within_the_tolerance():
    gold = [(1.00000, 5.0), (1.00001, 4.0)]
    predicted = [(1.00001, 5.0), (1.00000, 4.0)]
    assert fuzzy(gold, predicted, PLAIN)


@pytest.mark.parametrize("width", [20, 2_000])
def test_fuzzy_gives_up_on_columns_in_bounded_time(width):
    start = time.process_time()
    assert not fuzzy([(1.0,) * width], [(1.00001,) * (width - 1) + (2,)], PLAIN)
    assert time.process_time() - start < 5


def test_fuzzy_compares_thousands_of_rounded_rows():
    rng = random.Random(3)
    gold = [(rng.random() * 1_000, f"name {n}") for n in range(5_000)]
    predicted = [(name, round(number, 2), "more") for number, name in reversed(gold)]
    assert fuzzy(gold, predicted, PLAIN)
    assert not fuzzy(gold, [*predicted[1:], predicted[1]], PLAIN)
