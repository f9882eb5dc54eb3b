"""Which questions lean on the one before, and what is asked then."""

import pytest

from evaluate.follow_ups import is_follow_up, joined

DEAR = ("List the products that cost more than 40", "SELECT title FROM product WHERE price > 40")
GARDEN = ("Only those in the garden category", "SELECT title FROM product WHERE category = 'garden'")


@pytest.mark.parametrize(
    "question",
    [
        "And only those from France?",
        "only the ones in Japan",
        "Who are they?",
        "How high are they?",
        "And which of them is the highest?",
        "Sort them by price",
        "What are the names of those from Japan?",
        "sorted by name",
        "What is their average age?",
        "without the cancelled ones",
    ],
)
def test_what_leans_on_the_question_before(question):
    assert is_follow_up(question)


@pytest.mark.parametrize(
    "question",
    [
        "How many authors come from Japan?",
        "List all employees and their managers",
        "And of item 2?",
        "What about Spain?",  # takes the place of a condition: as a turn of its own it does better
        "Which customers have never placed an order?",
        "List the products that cost more than 40",
        "Show the authors with the number of books they wrote",
        "Number of orders per month",
        "Onlookers per match",
        "How many flights left after it was dark?",
    ],
)
def test_what_stands_alone(question):
    assert not is_follow_up(question)


def test_a_follow_up_is_asked_with_the_question_it_leans_on():
    asked = "List the products that cost more than 40. Only those in the garden category"
    assert joined(GARDEN[0], [DEAR]) == (asked, ())
    other = ("How many shops are there?", "SELECT COUNT(*) FROM shop")
    assert joined("Sort them by price", [other, DEAR, GARDEN]) == (f"{asked}. Sort them by price", ())


@pytest.mark.parametrize("replacing", ["What about Spain?", "And how about Spain?", "and in Spain?"])
def test_what_a_replacement_leans_on_stays(replacing):
    spain = (replacing, "SELECT title FROM product WHERE country = 'Spain'")
    assert joined("Sort them by price", [DEAR, spain]) == (f"{replacing} Sort them by price", [DEAR])


def test_a_question_that_stands_alone_keeps_its_turns():
    assert joined("How many shops are there?", [DEAR, GARDEN]) == ("How many shops are there?", [DEAR, GARDEN])


def test_without_a_question_before_it_is_asked_as_it_is():
    assert joined("Only those from France", []) == ("Only those from France", [])
