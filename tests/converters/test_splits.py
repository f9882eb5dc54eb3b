"""Training and evaluation share nothing, and the division is drawn by seed."""

import pytest

from converters.splits import Overlap, assign, keys_of


def pairs(*rows):
    return [keys_of(question, "db", sql) for question, sql in rows]


ALL_DIFFERENT = pairs(*((f"question {n}", f"SELECT {n}") for n in range(100)))


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_the_share_is_reached_where_no_rows_belong_together(share):
    assert sum(assign(ALL_DIFFERENT, share, 7)) == 100 * share


def test_rows_that_share_a_question_or_a_query_stay_together_over_others():
    rows = pairs(("Who?", "SELECT 1"), ("who", "SELECT 2"), ("Which?", "select  2;"), ("How?", "SELECT 3"))
    for seed in range(20):
        sides = assign(rows, 0.5, seed)
        assert len(set(sides[:3])) == 1
        assert sides[3] != sides[0]


def test_ten_rows_give_one_to_evaluation():
    assert sum(assign(ALL_DIFFERENT[:10], 0.1, 7)) == 1


def test_two_rows_give_one_to_each_side():
    assert sorted(assign(ALL_DIFFERENT[:2], 0.1, 7)) == [0, 1]


def test_the_same_seed_gives_the_same_division_and_another_seed_another():
    assert assign(ALL_DIFFERENT, 0.1, 7) == assign(ALL_DIFFERENT, 0.1, 7)
    assert assign(ALL_DIFFERENT, 0.1, 7) != assign(ALL_DIFFERENT, 0.1, 8)


def test_the_same_sql_on_another_database_is_another_query():
    overlap = Overlap()
    overlap.look("train", keys_of("Who?", "shop", "SELECT 1"))
    overlap.look("eval", keys_of("Which?", "school", "SELECT 1"))
    assert (overlap.questions, overlap.queries) == (0, 0)


def test_shared_questions_and_queries_are_counted_apart():
    overlap = Overlap()
    overlap.look("train", keys_of("Who?", "shop", "SELECT 1"))
    overlap.look("eval", keys_of("who", "school", "SELECT 1"))
    overlap.look("eval", keys_of("Which?", "shop", "select 1;"))
    overlap.look("eval", keys_of("How?", "shop", "SELECT 2"))
    assert (overlap.questions, overlap.queries) == (1, 1)
