"""Windows show what they are made of; parts of the calendar; logs; quantities through a reference table."""

import random
import re
import sqlite3
from contextlib import closing

import pytest

from converters.questions.filters import code
from converters.questions.generate import Generated, generate
from converters.questions.profile import profile_of
from converters.questions.quantities import quantities
from tests.converters.questions.databases import make

FLEET = """CREATE TABLE boat (id INTEGER PRIMARY KEY, name TEXT, harbour TEXT, build_year INT,
    weight REAL, weight_unit TEXT);
    CREATE TABLE unit (name TEXT PRIMARY KEY, weight_kg REAL);
    CREATE TABLE log (time TEXT, method TEXT, path TEXT, status INTEGER)"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    draw = random.Random(5)
    boats = [
        (n, f"Boat {n}", ("Bergen", "Cork", "Porto")[n % 3], 1980 + n % 23, 1.5 + n * 0.7, ("ton", "stone")[n % 2])
        for n in range(1, 61)
    ]
    log = [
        (f"2024-03-0{n % 9 + 1} {n % 24:02}:10:00", ("GET", "POST")[n % 2], ("/", "/login", "/cart")[n % 3],
         draw.choice([200, 200, 200, 201, 404, 403, 500]))
        for n in range(1, 201)
    ]  # fmt: skip
    rows = {"boat": boats, "unit": [("ton", 1000.0), ("stone", 6.35)], "log": log}
    return make(tmp_path_factory.mktemp("fleet") / "fleet.sqlite", FLEET, rows)


def of(found: Generated, *shapes: str) -> list:
    return [pair for pair in found.pairs if pair.shape in shapes]


@pytest.mark.parametrize(
    ("shape", "window"),
    [
        ("running_total", r"SUM\(n\) OVER \(ORDER BY (\w+)\)"),
        ("moving_average", r"AVG\(n\) OVER \(ORDER BY (\w+) ROWS BETWEEN \d PRECEDING AND CURRENT ROW\)"),
        ("change_over_time", r".*LAG\(n\) OVER \(ORDER BY (\w+)\)"),
    ],
)
def test_a_window_over_periods_shows_the_period_and_the_number_too(fleet, shape, window):
    pairs = generate(fleet, 12, shapes=[shape]).pairs
    assert len(pairs) > 3
    for pair in pairs:
        found = re.fullmatch(rf"WITH counts AS \(.* AS n FROM .*\) SELECT (\w+), n, {window} FROM counts", pair.sql)
        assert found, pair
        assert found[1] == found[2], pair


def test_a_rank_in_a_group_comes_with_name_group_and_value(fleet):
    shapes = ("rank_in_group", "top_per_group")
    pairs = generate(fleet, 16, shapes=shapes).pairs
    assert {pair.shape for pair in pairs} == set(shapes)
    with closing(sqlite3.connect(fleet)) as connection:
        for pair in pairs:
            columns = [each[0] for each in connection.execute(pair.sql).description]
            group = re.search(r"PARTITION BY (\w+)", pair.sql)[1]
            assert columns[:2] == ["name", group], pair
            assert "year" in columns[2] or columns[2] == "weight", pair


def test_a_factor_with_a_unit_is_multiplied_by_what_the_unit_stands_for(fleet):
    found = [each for each in quantities(profile_of(fleet)) if each.join]
    assert [each.expression() for each in found] == ["boat.weight * unit.weight_kg"]
    with closing(sqlite3.connect(fleet)) as connection:
        ((value,),) = connection.execute(
            f"SELECT {found[0].expression()} FROM boat {found[0].join} WHERE boat.name = 'Boat 1'"
        )
    assert value == pytest.approx(2.2 * 6.35)


def test_a_log_without_key_and_name_is_asked_for_codes_hours_and_whole_rows(fleet):
    shapes = ("count_filter", "all_columns", "latest_rows", "counts_by_clock", "top_values")
    found = generate(fleet, 150, shapes=shapes)
    log = [pair for pair in found.pairs if re.search(r"\blog\b", pair.sql)]
    assert {pair.shape for pair in log} == set(shapes)
    assert any(re.search(r"status (BETWEEN \d00 AND \d99|>= \d+)", pair.sql) for pair in log)
    assert all("SELECT * FROM" in pair.sql for pair in of(found, "all_columns", "latest_rows"))


@pytest.mark.parametrize(("kind", "sql"), [("hundred", "{}status BETWEEN 400 AND 499"), ("least", "{}status >= 400")])
def test_codes_are_asked_for_by_hundreds_and_from_one_on(fleet, kind, sql):
    entity = next(each for each in profile_of(fleet).entities if each.name == "log")
    (field,) = entity.of("code")
    found = [code(entity, field, random.Random(seed)) for seed in range(60)]
    (said,) = {each.after for each in found if each and each.sql == sql}
    assert ("400s" if kind == "hundred" else "400 or above") in said


def test_years_are_asked_for_in_ranges_and_decades(fleet):
    pairs = generate(fleet, 40, shapes=["counts_in_range", "decades"]).pairs
    assert any(re.search(r"build_year BETWEEN 19[89]0 AND 19[89]9", pair.sql) and re.search(r"19[89]0s", pair.question)
               for pair in pairs)  # fmt: skip
    assert any("build_year / 10 * 10" in pair.sql and "decade" in pair.question for pair in pairs)
