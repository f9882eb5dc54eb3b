"""From templates to questions, and conditions as modifiers of nouns."""

import random
import re
import sqlite3
from contextlib import closing

import pytest

from converters.questions import wording
from converters.questions.filters import Filter, noun_phrase, predicate
from converters.questions.generate import generate, other_words
from converters.questions.kinds import Field
from converters.questions.profile import profile_of
from tests.converters.questions.databases import make

COLOUR = Field("t", "colour", "colour", ("colour",), "category", False, (), 2, 0, False)


def test_a_template_takes_one_of_each_choice():
    found = {wording.expand("[List|Show] [all |]red [cars|big [vans|trucks]].", random.Random(n)) for n in range(80)}
    assert found == {
        f"{verb} {every}red {thing}."
        for verb in ("List", "Show")
        for every in ("all ", "")
        for thing in ("cars", "big vans", "big trucks")
    }


def test_most_questions_are_plain_and_some_are_hasty_polite_or_slip():
    draws = [wording.typed("Show the names of customers.", "SELECT name", random.Random(n)) for n in range(600)]
    share = {text: draws.count(text) / len(draws) for text in set(draws)}
    assert 0.6 < share["Show the names of customers."] < 0.85
    assert 0.1 < share["show the names of customers"] < 0.25
    assert share["Please show the names of customers."] > 0
    assert 0 < sum(value for text, value in share.items() if "the names of customers" not in text) < 0.06


OTHERS = {"employee": ("worker",), "employees": ("workers",)}


def in_other_words(text: str, sql: str = "SELECT 1") -> set[str]:
    return {wording.in_other_words(text, sql, OTHERS, random.Random(n)) for n in range(20)}


def test_a_thing_is_called_by_another_word_in_some_questions():
    text = "Employees that are older than an employee of the shop"
    assert text in in_other_words(text)
    assert "Workers that are older than a worker of the shop" in in_other_words(text)


@pytest.mark.parametrize(
    ("text", "sql"),
    [("Jobs called 'employee'", "SELECT id FROM job WHERE name = 'employee'"), ("the employee's name", "SELECT 1")],
)
def test_a_value_and_what_belongs_to_a_thing_keep_their_word(text, sql):
    assert in_other_words(text, sql) == {text}


def test_no_other_word_is_that_of_a_table_or_a_column(tmp_path):
    script = """CREATE TABLE customer (name TEXT, client TEXT); CREATE TABLE orders (id INTEGER PRIMARY KEY, day TEXT);
        CREATE TABLE order_item (order_id INT REFERENCES orders(id), quantity INT); CREATE TABLE film (title TEXT)"""
    rows = {"customer": [("A", "B")], "orders": [(1, "2020-01-01")], "order_item": [(1, 2)], "film": [("C",)]}
    profile = profile_of(make(tmp_path / "shop.sqlite", script, rows))
    assert other_words(profile) == {"film": ("movie",), "films": ("movies",)}


def test_no_slip_changes_a_value():
    sql = "SELECT x FROM t WHERE town = 'london bridge'"
    texts = {wording.slipped("things near london bridge", sql, random.Random(n)) for n in range(60)}
    assert len(texts) > 5
    assert all(text.endswith("near london bridge") for text in texts)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((" with a price over 5", " with colour red"), "cars with a price over 5 and colour red"),
        ((" from France", " with an age over 30"), "cars from France with an age over 30"),
        ((" whose colour is red", " with an age over 30"), "cars whose colour is red and with an age over 30"),
    ],
)
def test_modifiers_are_joined(after, expected):
    assert noun_phrase("cars", *(Filter(COLOUR, "", "", each) for each in after)) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Filter(COLOUR, "", "red "), "are red"),
        (Filter(COLOUR, "", "", " from France"), "are from France"),
        (Filter(COLOUR, "", "", " with an age over 30"), "have an age over 30"),
        (Filter(COLOUR, "", "", " placed in 2023"), "were placed in 2023"),
        (Filter(COLOUR, "", "", " who joined in 2023"), "joined in 2023"),
        (Filter(COLOUR, "", "", " whose colour is red"), ""),
    ],
)
def test_a_modifier_becomes_a_verb(found, expected):
    assert predicate(found) == expected


def test_comparisons_use_the_words_of_the_measure_and_of_the_place(tmp_path):
    script = "CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, age INT, capacity INT, country TEXT, wait_ms INT)"
    rows = [(n, f"S{n}", 20 + n, 100 * n, ("Peru", "Cuba", "Mali")[n % 3], 7 * n) for n in range(1, 25)]
    made = generate(
        make(tmp_path / "x.sqlite", script, {"singer": rows}),
        90,
        shapes=["more_than_named", "same_as_named", "pairs_alike"],
    )
    said = " ".join(pair.question for pair in made.pairs)
    for words in ("younger than", "larger capacity than", "from the same country as", "wait time than"):
        assert words in said
    assert not re.search("age than|same country as S[0-9]+ have|with the same country", said)


def test_a_percentage_of_all_rows_is_neither_none_nor_all(tmp_path):
    script = "CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT, side TEXT, founded TEXT)"
    rows = [(n, f"T{n}", "north", f"2020-0{1 + n % 2}-1{n % 9}") for n in range(1, 25)]
    path = make(tmp_path / "x.sqlite", script, {"town": rows})
    found = generate(path, 30, shapes=["share_of_one"]).pairs
    with closing(sqlite3.connect(path)) as connection:
        assert all(0 < connection.execute(pair.sql).fetchone()[0] < 100 for pair in found)
    assert found
