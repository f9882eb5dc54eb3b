"""Repair: queries that do not compile, the repairs that make them, and the many that must stay as they are."""

import pytest

from evaluate.decoding.repair import Repaired, repair
from evaluate.execution.sandbox import Limits, run_query
from evaluate.score import Settings, score
from tests.databases import make_database

TABLES = """
CREATE TABLE owner (owner_id INTEGER PRIMARY KEY, full_name TEXT, town TEXT);
CREATE TABLE pet (
    pet_id INTEGER PRIMARY KEY, owner_id INT REFERENCES owner(owner_id), pet_name TEXT, born DATE, "Weight in kg" REAL
);
CREATE TABLE vet (vet_id INTEGER PRIMARY KEY, vet_name TEXT);
CREATE TABLE visit (pet_id INT REFERENCES pet(pet_id), vet_id INT REFERENCES vet(vet_id), fee REAL, town TEXT);
CREATE TABLE "order" (order_id INTEGER PRIMARY KEY, "group" TEXT, pet_id INT REFERENCES pet(pet_id));
CREATE TABLE shelter (shelter_id INTEGER PRIMARY KEY, place TEXT);
INSERT INTO owner VALUES (1, 'Ada', 'Ayr'), (2, 'Bo', 'Perth');
INSERT INTO pet VALUES (1, 1, 'Rex', '2020-05-01', 9.5), (2, 2, 'Tom', '2021-06-01', 3.0);
INSERT INTO vet VALUES (1, 'Dr Shaw');
INSERT INTO "order" VALUES (1, 'food', 1);
INSERT INTO visit VALUES (1, 1, 30.0, 'Ayr');
"""


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    return make_database(tmp_path_factory.mktemp("pets") / "pets" / "pets.sqlite", TABLES)


def rows(sql, pets):
    execution = run_query(sql, pets, Limits())
    assert execution.status == "ok", execution.error
    return list(execution.rows)


@pytest.mark.parametrize(
    ("sql", "result", "repairs"),
    [
        # the column is one of the other table
        (
            "SELECT T1.full_name FROM pet AS T1 JOIN owner AS T2 ON T1.owner_id = T2.owner_id WHERE pet_name = 'Rex'",
            [("Ada",)],
            ("T1.full_name is T2.full_name",),
        ),
        # its table was never joined
        ("SELECT full_name FROM pet WHERE pet_name = 'Tom'", [("Bo",)], ("full_name is owner.full_name",)),
        ("SELECT owner.full_name FROM pet WHERE pet_name = 'Tom'", [("Bo",)], ("full_name: joined owner",)),
        (
            "SELECT T1.pet_name FROM pet AS T1 WHERE T1.vet_name = 'Dr Shaw'",
            [("Rex",)],
            ("T1.vet_name is vet.vet_name",),
        ),
        # a join on a column that is not there
        (
            "SELECT T1.full_name FROM owner AS T1 JOIN pet AS T2 ON T1.owner_id = T2.owner WHERE T2.pet_name = 'Rex'",
            [("Ada",)],
            ("T1.owner_id = T2.owner: joined along the foreign keys instead",),
        ),
        (
            "SELECT T2.vet_name FROM owner AS T1 JOIN vet AS T2 ON T1.vet_id = T2.vet_id",
            None,  # two foreign keys lie between them, and a table more than a repair brings in
            (),
        ),
        (
            "SELECT T1.pet_name FROM pet AS T1 JOIN vet AS T2 ON T1.vet_id = T2.vet_id WHERE T2.vet_name = 'Dr Shaw'",
            [("Rex",)],
            ("T1.vet_id = T2.vet_id: joined along the foreign keys instead",),
        ),
        # misspelt
        ("SELECT petname FROM pet WHERE pet_id = 1", [("Rex",)], ("petname is pet.pet_name",)),
        (
            "SELECT full_nam FROM owners WHERE owner_id = 2",
            [("Bo",)],
            ("table owners is owner", "full_nam is owner.full_name"),
        ),
        # another word before the same last one; where two end so, nothing is meant
        ("SELECT nick_name FROM pet WHERE pet_id = 1", [("Rex",)], ("nick_name is pet.pet_name",)),
        ("SELECT first_name FROM owner JOIN pet ON owner.owner_id = pet.owner_id", None, ()),
        ("SELECT NameFull FROM owner WHERE owner_id = 2", [("Bo",)], ("NameFull is owner.full_name",)),
        # an alias and a text in double quotes are no wrong names
        (
            'SELECT petname AS full_name FROM pet WHERE full_name <> "vet_name"',
            [("Rex",), ("Tom",)],
            ("petname is pet.pet_name",),
        ),
        ("SELECT weight_in_kg FROM pet WHERE pet_id = 1", [(9.5,)], ('weight_in_kg is pet."Weight in kg"',)),
        # names that are words of SQL
        (
            'SELECT T1."group" FROM pet AS T1 JOIN "order" AS T2 ON T1.pet_id = T2.pet WHERE T1.pet_name = \'Rex\'',
            [("food",)],
            ("T1.pet_id = T2.pet: joined along the foreign keys instead", 'T1."group" is T2."group"'),
        ),
        ("SELECT order_id, groups FROM orders", [(1, "food")], ("table orders is order", 'groups is "order"."group"')),
        # inside a subquery, and correlated
        (
            "SELECT full_name FROM owner WHERE owner_id NOT IN (SELECT ownerid FROM pet WHERE pet_name = 'Rex')",
            [("Bo",)],
            ("ownerid is pet.owner_id",),
        ),
        (
            "SELECT town FROM owner o WHERE EXISTS (SELECT 1 FROM pet WHERE owner_id = o.owner_id AND petname = 'Rex')",
            [("Ayr",)],
            ("petname is pet.pet_name",),
        ),
        # ambiguous
        (
            "SELECT owner_id FROM owner JOIN pet ON owner.owner_id = pet.owner_id WHERE pet_name = 'Tom'",
            [(2,)],
            ("owner_id is owner.owner_id",),
        ),
        # other systems' functions and marks
        ("SELECT EXTRACT(YEAR FROM born) FROM pet WHERE pet_id = 1", [(2020,)], ("translated from postgres",)),
        ("SELECT CONCAT(pet_name, '!') FROM pet WHERE pet_id = 1", [("Rex!",)], ("translated from mysql",)),
        ("SELECT pet_name FROM pet WHERE pet_name = ‘Rex’", [("Rex",)], ("typographic quotes",)),
    ],
)
def test_a_query_that_does_not_compile_is_repaired(sql, result, repairs, pets):
    repaired = repair(sql, pets, Limits())
    if result is None:
        assert repaired == Repaired(sql)
        return
    assert rows(repaired.sql, pets) == result
    assert repaired.repairs == repairs


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT full_name FROM owner",  # compiles
        "SELECT 'x' FROM owner WHERE 1 / 0",
        'SELECT full_name FROM owner WHERE town = "Ayr"',
        "SELECT count(*) AS n FROM pet GROUP BY owner_id HAVING n > 1 ORDER BY n",
        "DELETE FROM owner",  # refused for another reason
        "SELECT load_extension('x')",
        "ATTACH 'x' AS y",
        "SELECT height FROM shelter",  # nothing is near
        "SELECT town FROM pet",  # two tables as near as each other have it
        "SELECT nothing FROM nowhere",
        "DELETE FROM owners",
        "SELECT full_nam, load_extension('x') FROM owner",
        "not SQL",
        "",
    ],
)
def test_what_compiles_or_cannot_be_mended_stays_as_it_is(sql, pets):
    assert repair(sql, pets, Limits()) == Repaired(sql)


def test_two_ways_to_join_are_no_repair(tmp_path):
    path = tmp_path / "flights.sqlite"
    make_database(
        path,
        "CREATE TABLE airport (code TEXT PRIMARY KEY, city TEXT);"
        "CREATE TABLE flight (start TEXT REFERENCES airport(code), goal TEXT REFERENCES airport(code));",
    )
    assert repair("SELECT city FROM flight", path, Limits()) == Repaired("SELECT city FROM flight")


def test_a_database_without_foreign_keys_is_joined_by_the_names_of_its_keys(tmp_path):
    path = tmp_path / "shop.sqlite"
    make_database(
        path,
        "CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email TEXT);"
        "CREATE TABLE sale (customer_id INT, price INT);"
        "INSERT INTO customer VALUES (7, 'a@b.c'); INSERT INTO sale VALUES (7, 10);",
    )
    repaired = repair("SELECT email FROM sale WHERE price > 5", path, Limits())
    assert (rows(repaired.sql, path), repaired.repairs) == ([("a@b.c",)], ("email is customer.email",))


ROW = {"db_id": "pets", "question": "Who owns Rex?", "output": "SELECT full_name FROM owner WHERE owner_id = 1"}
WRONG = "SELECT T1.full_name FROM pet AS T1 JOIN owner AS T2 ON T1.owner_id = T2.owner_id WHERE pet_name = 'Rex'"


@pytest.mark.parametrize(("is_repairing", "outcome"), [(True, "correct"), (False, "error")])
def test_the_evaluator_repairs_where_it_is_asked_to(is_repairing, outcome, pets):
    settings = Settings(pets.parents[1], workers=1, repair=is_repairing)
    (row,) = score([ROW | {"id": "1"}], {"1": WRONG}, settings)
    assert row["outcome"] == outcome
    assert row["completion"] == WRONG
    assert row["repairs"] == (["T1.full_name is T2.full_name"] if is_repairing else [])
    assert ("repaired" in row["flags"]) is is_repairing


def test_a_query_that_is_hard_to_read_costs_a_repair_and_no_example(pets):
    endless = "SELECT " + " + ".join(["nothing"] * 4000) + " FROM nowhere"
    answers = {"1": endless, "2": WRONG}
    first, second = score(
        [ROW | {"id": n} for n in answers], answers, Settings(pets.parents[1], workers=1, repair=True)
    )
    assert first["outcome"] == "error"
    assert second["outcome"] == "correct"
