"""The values that a question mentions: found whatever their case, in columns that the prompt shows, a few at most."""

import sqlite3

import pytest

from sql.schema import read_schema, schema_of
from tests.databases import make_database

pytest.importorskip("rapidfuzz", reason="rapidfuzz compares the words")

from prompts.linking import linked
from prompts.mentions import COLUMNS_A_PHRASE, MENTIONED, mentions
from prompts.tags import prompt_for

SCRIPT = """
CREATE TABLE singer (id INTEGER PRIMARY KEY, Name TEXT, Country TEXT, "Home Town" TEXT);
INSERT INTO singer VALUES (1, 'Joe Sharp', 'France', 'Washington, D.C.'), (2, 'O''Hara', 'USA', 'New York City'),
  (3, 'City', 'Netherlands', 'New York');
CREATE TABLE planet (id INTEGER PRIMARY KEY, kind TEXT, year TEXT);
INSERT INTO planet VALUES (1, 'Gas Giant', '2014'), (2, 'Super Earth', 'France');
"""


@pytest.fixture
def schema():
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    return schema_of(connection, values=2000)


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("Which singers are from france?", ["singer.Country: 'France'", "planet.year: 'France'"]),
        ("Who lives in 'Washington, D.C.'?", ["singer.\"Home Town\": 'Washington, D.C.'"]),
        ("Is New York City larger than New York?", ["singer.\"Home Town\": 'New York City', 'New York'"]),
        ("Everyone in New York City", ["singer.\"Home Town\": 'New York City'"]),
        ("How old is O'Hara?", ["singer.Name: 'O''Hara'"]),
        ("What is Joe Sharp's country?", ["singer.Name: 'Joe Sharp'"]),
        ("How many gas giants and super-Earths?", ["planet.kind: 'Gas Giant', 'Super Earth'"]),
        ("How many planets were found in 2014?", []),  # a number, though the column is text
        ("From which city is each singer?", ["singer.Name: 'City'"]),
        ("From which home is each singer?", []),
        ("", []),
    ],
)
def test_values_are_written_as_sql_writes_them(question, lines, schema):
    assert mentions(schema, question) == lines


def test_a_word_that_names_a_column_is_no_value():
    connection = sqlite3.connect(":memory:")
    connection.executescript("CREATE TABLE t (city TEXT, kind TEXT); INSERT INTO t VALUES ('Rome', 'city')")
    assert mentions(schema_of(connection, values=9), "Which cities are there, and is Rome one?") == ["t.city: 'Rome'"]


def test_no_column_is_named_that_the_prompt_hides(schema):
    shown = linked(schema, "Which singers are from France?")
    assert [table.name for table in shown.tables] != []
    hidden = shown._replace(tables=tuple(table for table in shown.tables if table.name == "singer"))
    assert mentions(schema, "Which singers are from France?", shown=hidden) == ["singer.Country: 'France'"]


def test_there_are_a_few_at_most():
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f"c{number} TEXT" for number in range(9))
    words = ("amber", "beryl", "coral", "dolomite")
    connection.execute(f"CREATE TABLE t ({columns})")
    for word in words:
        connection.execute(f"INSERT INTO t VALUES ({', '.join(['?'] * 9)})", (word,) * 9)
    found = mentions(schema_of(connection, values=9), "amber beryl coral dolomite")
    assert sum(line.count("'") // 2 for line in found) == MENTIONED
    assert sum("'amber'" in line for line in found) == COLUMNS_A_PHRASE


def test_serving_finds_what_the_conversion_found(tmp_path, schema):
    path = tmp_path / "music.sqlite"
    make_database(path, SCRIPT)
    asked = "Which singers are from france?"
    assert prompt_for(path, asked, ["style:compact", "linker:0"]).input.endswith(
        f"\n\nsinger.Country: 'France'\nplanet.year: 'France'\nQuestion: {asked}"
    )
    assert prompt_for(path, asked, ["style:compact"]).input.endswith(f"\n\nQuestion: {asked}")
    assert read_schema(path, values=2000) == schema
