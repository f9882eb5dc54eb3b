"""What is found in a database: kinds of columns, nouns, relations."""

import pytest

from converters.questions.profile import profile_of
from converters.questions.quantities import quantities
from converters.rows import ConversionError
from tests.converters.questions.databases import make

KINDS = {
    ("customers", "id"): "key",
    ("customers", "first_name"): "label",
    ("customers", "last_name"): "label",
    ("customers", "country"): "category",
    ("customers", "signup_date"): "date",
    ("customers", "is_vip"): "flag",
    ("customers", "email"): "other",
    ("products", "name"): "label",
    ("products", "category_id"): "reference",
    ("products", "price"): "number",
    ("products", "discontinued"): "flag",
    ("orders", "status"): "category",
    ("reviews", "created_at"): "date",
    ("emp", "dob"): "date",
}


@pytest.fixture(scope="module")
def profile(shop):
    return profile_of(shop)


def test_the_kinds_of_columns(profile):
    found = {(each.name, field.name): field.kind for each in profile.entities for field in each.fields}
    assert {place: found[place] for place in KINDS} == KINDS


def test_phrases_leave_out_the_tables_noun_and_write_abbreviations_out(profile):
    phrases = {field.name: field.phrase for each in profile.entities for field in each.fields}
    assert [phrases[name] for name in ("stock_qty", "dob", "weight_kg", "created_at", "hire_date")] == [
        "stock quantity",
        "date of birth",
        "weight",
        "creation date",
        "hire date",
    ]
    assert {each.name: each.noun for each in profile.entities}["emp"] == "employee"


def test_relations_come_from_foreign_keys(profile):
    ties = {(each.child.name, each.parent.name, each.role) for each in profile.relations}
    assert ("orders", "customers", "") in ties
    assert ("order_items", "products", "") in ties
    assert len(ties) == 7


def test_relations_come_from_names_and_values_where_no_key_is_declared(tmp_path):
    path = make(
        tmp_path / "x.sqlite",
        "CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TABLE book (title TEXT, author_id INT, shop_id INT)",
        {"author": [(1, "Ada"), (2, "Bo")], "book": [("One", 1, 9), ("Two", 2, 9)]},
    )
    assert [(each.child.name, each.parent.name) for each in profile_of(path).relations] == [("book", "author")]


def test_a_role_is_what_the_key_says_beyond_the_parents_noun(tmp_path):
    path = make(
        tmp_path / "x.sqlite",
        "CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TABLE game (id INTEGER PRIMARY KEY, home_team_id INT REFERENCES team(id),"
        "team_id INT REFERENCES team(id))",
        {"team": [(1, "Reds"), (2, "Blues")], "game": [(1, 1, 2), (2, 2, 1)]},
    )
    assert {each.column.name: each.role for each in profile_of(path).relations} == {
        "home_team_id": "home team",
        "team_id": "",
    }


def test_quantities_of_two_columns(profile):
    found = {(each.entity.name, each.phrase) for each in quantities(profile)}
    assert found == {("products", "margin"), ("products", "stock value"), ("order_items", "value"),
                     ("orders", "number of days from order date to shipped date")}  # fmt: skip


def test_an_amount_is_converted_by_the_rate_of_the_currency_that_its_key_refers_to(tmp_path):
    path = make(
        tmp_path / "x.sqlite",
        "CREATE TABLE sale (id INTEGER PRIMARY KEY, amount REAL, currency TEXT REFERENCES currency(code));"
        "CREATE TABLE currency (code TEXT PRIMARY KEY, name TEXT, rate REAL)",
        {"sale": [(n, 2.5 * n, ("EUR", "USD")[n % 2]) for n in range(1, 9)],
         "currency": [("EUR", "euro", 1.0), ("USD", "dollar", 0.9)]},
    )  # fmt: skip
    (found,) = quantities(profile_of(path))
    assert found.expression() == "sale.amount * currency.rate"
    assert found.join == " JOIN currency ON sale.currency = currency.code"
    assert found.summable


def test_a_quantity_through_a_reference_table(tmp_path):
    path = make(
        tmp_path / "x.sqlite",
        "CREATE TABLE planet (name TEXT, mass_multiplier REAL, mass_wrt TEXT);"
        "CREATE TABLE reference (name TEXT, mass REAL)",
        {"planet": [("a", 2.5, "Earth"), ("b", 1.5, "Earth"), ("c", 1.0, "Jupiter"), ("d", 3.0, "Jupiter")],
         "reference": [("Earth", 6.0), ("Jupiter", 1900.0)]},
    )  # fmt: skip
    (found,) = quantities(profile_of(path))
    assert (found.phrase, found.expression()) == (
        "[real|actual|absolute] mass",
        "planet.mass_multiplier * reference.mass",
    )
    assert found.join == " JOIN reference ON planet.mass_wrt = reference.name"


def test_a_database_without_rows_is_an_error_that_says_so(tmp_path):
    path = make(tmp_path / "x.sqlite", "CREATE TABLE a (x); CREATE TABLE b (y)", {})
    with pytest.raises(ConversionError) as raised:
        profile_of(path)
    assert str(raised.value) == (
        f"{path}: no questions can be made: of 2 tables and views 2 without rows. Questions are made from rows: "
        "fill the tables first."
    )


def test_a_large_table_is_sampled_over_its_whole_range(tmp_path):
    path = make(tmp_path / "x.sqlite", "CREATE TABLE t (id INTEGER PRIMARY KEY, size INT)",
                {"t": [(n, n) for n in range(1, 60_000)]})  # fmt: skip
    (entity,) = profile_of(path).entities
    size = entity.fields[1]
    assert (entity.rows, entity.whole) == (2000, False)
    assert size.low < 100 < 50_000 < size.high
