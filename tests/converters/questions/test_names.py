"""Names and values as people write them."""

import random

import pytest

from converters.questions import names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("order_qty", "order quantity"),
        ("GovernmentForm", "government form"),
        ("IndepYear", "independence year"),
        ("GNPOld", "GNP old"),
        ("dob", "date of birth"),
        ("countrylanguage", "country language"),
        ("orderdate", "order date"),
        ("dept_id", "department ID"),
        ("PRODUCTS", "products"),
        ("Größe (cm)", "größe cm"),
    ],
)
def test_a_name_becomes_words(name, expected):
    known = names.simple_words(["country", "Language", "IsOfficial"])
    assert " ".join(names.parts_of(name, known)) == expected


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("city", "cities"),
        ("head of state", "heads of state"),
        ("order item", "order items"),
        ("person", "people"),
        ("bus", "buses"),
        ("boss", "bosses"),
        ("series", "series"),
        ("day", "days"),
        ("radius", "radii"),
        ("Größe", "Größe"),  # another language's plural is not known
    ],
)
def test_nouns_have_plurals(one, many):
    assert names.plural(one) == many
    assert names.plural(many) == many
    assert names.singular(many) == one


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("age", "an age"),
        ("GNP", "a GNP"),
        ("ID", "an ID"),
        ("unit price", "a unit price"),
        ("hour", "an hour"),
        ("x", "an x"),
    ],
)
def test_articles(phrase, expected):
    assert names.article(phrase) == expected


def test_numbers_and_dates_are_written_in_several_ways():
    draws = [random.Random(seed) for seed in range(30)]
    assert {names.spoken_number(1_500_000, draw) for draw in draws} == {"1.5 million", "1,500,000", "1500000"}
    assert {names.spoken_number(0.55, draw) for draw in draws} == {"0.55"}
    dates = {names.spoken_date("2023-03-01 10:00:00", draw) for draw in draws}
    assert dates == {"2023-03-01", "1 March 2023", "March 1, 2023"}
