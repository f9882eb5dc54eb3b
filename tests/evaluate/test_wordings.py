"""Which texts of a model are worth a try as another wording of a question."""

import pytest

from evaluate.wordings import clean, prompt, refusal

QUESTION = "list the 2 cities in New York with the lowest order total, with the total"
SQL = "SELECT city, order_total FROM shop WHERE state = 'New York' ORDER BY order_total LIMIT 2"


@pytest.mark.parametrize(
    ("wording", "why"),
    [
        ("Which two towns of New York state sell least, and how much is it?", None),
        ("Which 2 towns of New York sell least?", None),
        ("Show me the 2 cities in New York with the lowest order totals, and the total", "same"),
        ("Which towns of New York sell least?", "lost"),
        ("Which 2 towns sell least?", "lost"),
        ("Which 12 towns of New York sell least?", "lost"),
        ("Which 2 towns of New York have the lowest order_total?", "leaks"),
        ("Which 2 towns of New York have the lowest orderTotal?", "leaks"),
        ("Which 2 towns of New York ORDER BY total?", "leaks"),
        ("Which 2 towns of New York have the lowest value in this column?", "leaks"),
        ("哪 2 towns of New York sell least?", "leaks"),
        ("Two towns", "unfinished"),
        ("", "unfinished"),
        ("Which 2 towns of New York sell least " + "now " * 80, "unfinished"),
    ],
)
def test_a_text_is_refused_for_one_reason(wording, why):
    assert refusal(wording, QUESTION, SQL) == why


def test_a_wording_that_is_there_already_is_the_same():
    assert (
        refusal("Which 2 towns of New York sell least?", QUESTION, SQL, {"which 2 towns of new york sell least"})
        == "same"
    )


def test_a_number_may_be_written_in_other_ways():
    question, sql = "number of 3 year plans over 100000", "SELECT 1"
    assert refusal("How many three year plans exceed 100,000?", question, sql) is None
    assert refusal("How many three year plans exceed 10,000?", question, sql) == "lost"


def test_what_the_question_shows_is_no_leak():
    assert refusal("How many users run iOS or SQL?", "number of iOS and SQL users", "SELECT 1") is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"How many  are there?"\nSELECT 1', "How many are there?"),
        ("\n1. Question: How many?", "How many?"),
        ("Reworded question: Who?", "Who?"),
        ("3 towns?", "3 towns?"),
        ("  ", ""),
    ],
)
def test_the_first_line_is_taken_without_its_wrapping(text, line):
    assert clean(text) == line


def test_the_prompt_ends_with_the_question_and_its_sql():
    last = prompt(QUESTION, SQL)[-1]
    assert last == f"<|im_start|>user\nSQL: {SQL}\nQuestion: {QUESTION}<|im_end|>\n<|im_start|>assistant\n"
