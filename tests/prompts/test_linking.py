"""The linker keeps what a question needs and what joins it; tests/tools/test_readme.py measures it on Spider dev."""

import sqlite3

import pytest

from converters.golds import Reads, reads_of
from prompts.tags import expected_tags
from sql.schema import Schema, schema_of

pytest.importorskip("rapidfuzz", reason="rapidfuzz compares the words")

from prompts.linking import linked, name_words, tags

SCRIPT = """
CREATE TABLE airline (code TEXT PRIMARY KEY, title TEXT, home TEXT);
CREATE TABLE flight (nr INT PRIMARY KEY, airline TEXT REFERENCES airline(code), start TEXT REFERENCES airport(iata),
  departs DATE, arrives DATE, gate TEXT, meal TEXT, wine TEXT, film TEXT, seats INT, crew INT, captain TEXT);
CREATE TABLE airport (iata TEXT PRIMARY KEY, city TEXT, country TEXT);
CREATE TABLE invoice (invoice_id INT PRIMARY KEY, amount REAL, paid TEXT);
CREATE TABLE supplier (supplier_id INT PRIMARY KEY, phone TEXT, fax TEXT);
INSERT INTO airline VALUES ('BA', 'British Air', 'London'), ('XX', 'Skyways', 'Ayr');
"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    return schema_of(connection, values=100)


def kept(schema: Schema, question: str) -> dict[str, list[str]]:
    return {table.name: [column.name for column in table.columns] for table in linked(schema, question).tables}


def test_named_tables_stay_and_strangers_go(schema):
    tables = kept(schema, "How many flights does each airline have?")
    assert set(tables) == {"airline", "flight"}


def test_a_table_between_two_named_ones_stays_with_the_keys_that_join(schema):
    tables = kept(schema, "List the airlines that fly from airports in France.")
    assert set(tables) == {"airline", "flight", "airport"}
    assert {"airline", "start"} <= set(tables["flight"])


def test_a_table_that_nothing_names_stays_where_it_joins_two():
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "CREATE TABLE person (pid INT PRIMARY KEY, salary INT); CREATE TABLE house (hid INT PRIMARY KEY, street TEXT);"
        "CREATE TABLE link (p INT REFERENCES person(pid), h INT REFERENCES house(hid)); CREATE TABLE other (o INT)"
    )
    assert set(kept(schema_of(connection), "Which persons have a house?")) == {"person", "house", "link"}


def test_a_primary_key_stays_in_a_wide_table():
    names = [f"z{n}" for n in range(12)]
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE wide ({', '.join(names)}, key INT PRIMARY KEY)")
    assert "key" in kept(schema_of(connection), "What is wide?")["wide"]


def test_a_quoted_value_brings_its_column(schema):
    assert "title" in kept(schema, "How many planes does skyways have?")["airline"]


def test_a_wide_table_keeps_its_named_columns_and_at_least_six(schema):
    columns = kept(schema, "Who is the captain of each flight, and which film is shown?")["flight"]
    assert {"captain", "film"} <= set(columns)
    assert 6 <= len(columns) < 12


def test_columns_keep_the_order_of_the_schema_and_rows_follow(schema):
    with_rows = linked(schema, "What is the title of the airline BA?").tables[0]
    assert [column.name for column in with_rows.columns] == ["code", "title", "home"]
    assert with_rows.rows == (("BA", "British Air", "London"), ("XX", "Skyways", "Ayr"))


def test_a_question_without_any_likeness_keeps_every_table(schema):
    assert len(kept(schema, "xyzzy?")) == 5


def test_no_foreign_key_points_to_a_table_that_is_gone(schema):
    for question in ("How many seats?", "Which invoices are paid?", "All wine", "xyzzy", "List suppliers and flights"):
        small = linked(schema, question)
        names = {table.name for table in small.tables}
        assert all(key.table in names for table in small.tables for key in table.foreign_keys)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Home_Towns", "home town"), ("releaseYear", "release_year"), ("cities", "City"), ("hiring", "hire")],
)
def test_names_are_compared_by_stems(one, other):
    assert name_words(one) == name_words(other)


def test_linked_rows_are_tagged_with_the_linker():
    style, _, schema, linker = expected_tags("ddl", linked=True)
    assert (style, schema, linker) == ("style:ddl", "schema:linked", *tags())
    assert len(linker) == len("linker:") + 12


def test_reads_resolves_aliases_stars_and_double_quoted_text(schema):
    assert reads_of(
        schema, 'SELECT T1.title FROM airline AS T1 JOIN flight AS T2 ON T1.code = T2.airline WHERE "x" = T2.gate'
    ) == Reads(
        frozenset({"airline", "flight"}),
        frozenset({("airline", "title"), ("airline", "code"), ("flight", "airline"), ("flight", "gate")}),
    )
    assert reads_of(schema, "SELECT * FROM supplier").columns == {
        ("supplier", "supplier_id"),
        ("supplier", "phone"),
        ("supplier", "fax"),
    }
    assert reads_of(schema, "SELECT COUNT(*) FROM supplier") == Reads(frozenset({"supplier"}), frozenset())
    assert reads_of(schema, "SELECT x FROM supplier") is None
