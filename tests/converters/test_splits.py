"""Training and evaluation share nothing, and the division is drawn by seed."""

import json

import pytest

from converters.splits import Overlap, assign, keys_of, normal_question, shared, warning


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


def test_what_two_files_share_is_counted_by_question_and_by_answer(tmp_path):
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    a = [("How many?", "SELECT COUNT(*) FROM singer"), ("Who?", "SELECT name FROM singer")]
    b = [("how many", "select count(*) from singer;"), ("Who", "SELECT name FROM keeper"), ("Why?", "SELECT 2")]
    for path, rows in zip(paths, (a, b), strict=True):
        path.write_text(json.dumps([{"question": question, "output": sql} for question, sql in rows]))
    assert shared(*paths) == (2, 1, 3)
    assert warning("a", "b", shared(*paths)) == (
        "WARNING: 2 of the 3 questions of b (66.7%) also occur in a, 1 with the same SQL. "
        "A model trained on it has seen those answers."
    )


def test_normal_question_drops_case_and_punctuation_but_not_words():
    assert normal_question("How many  Singers, please?") == "how many singers please"
