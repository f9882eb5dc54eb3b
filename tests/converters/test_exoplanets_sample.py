"""The shipped exoplanets question set holds what its README says, on the database that is made of planets.csv."""

import json
import os
import re
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from converters.corpora.exoplanets import COLUMNS, PLANETS, fill, read_planets
from converters.rows import ConversionError
from converters.splits import normal_question
from sql.sql_text import normal_sql

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "data" / "samples" / "exoplanets"
HEADER = ",".join(COLUMNS)
A_PLANET = "Brindle-1 b,12.5,7.1,Gas Giant,2004,1.5,Jupiter,1.1,Jupiter,,0.5,0.1,Transit"
FAMILIES = {
    *("lookup", "filter", "between", "like", "nulls", "count", "aggregate", "top"),
    *("group", "group_top", "having", "join", "subquery"),
    *("join_group", "cte", "window", "nested"),
}


def read(name: str) -> list[dict]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


TRAIN, EVAL = read("train.jsonl"), read("eval.jsonl")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("exoplanets") / "exoplanets.sqlite"
    fill(path, read_planets(PLANETS))
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def skeleton(sql: str) -> str:
    return re.sub(r"'[^']*'|\b\d+(\.\d+)?(e\d+)?\b", "?", sql)


def ties(connection: sqlite3.Connection, sql: str) -> list[tuple]:
    """Sort keys that stand twice among the rows a query keeps and the first that it cuts off."""
    found = []
    for select in sqlglot.parse_one(sql, dialect="sqlite").find_all(exp.Select):
        order, limit, offset = (select.args.get(part) for part in ("order", "limit", "offset"))
        if order is None:
            continue
        keys = select.copy()
        keys.set("expressions", [key.this.copy() for key in order.expressions])
        keys.set("limit", None)
        keys.set("offset", None)
        rows = connection.execute(keys.sql(dialect="sqlite")).fetchall()
        if limit is not None:
            rows = rows[: int(limit.expression.name) + (int(offset.expression.name) if offset else 0) + 1]
        found += [row for row, count in Counter(rows).items() if count > 1]
    return found


# the question set


def test_pairs_have_exactly_these_keys():
    assert {tuple(pair) for pair in TRAIN + EVAL} == {("id", "question", "sql", "family", "level")}


def test_ids_count_up_in_each_file():
    assert [pair["id"] for pair in TRAIN] == [f"exo-train-{n:03d}" for n in range(1, len(TRAIN) + 1)]
    assert [pair["id"] for pair in EVAL] == [f"exo-eval-{n:03d}" for n in range(1, len(EVAL) + 1)]


def test_no_question_stands_twice():
    counts = Counter(normal_question(pair["question"]) for pair in TRAIN + EVAL)
    assert [question for question, count in counts.items() if count > 1] == []


def test_files_share_no_normalised_sql():
    assert {normal_sql(pair["sql"]) for pair in TRAIN} & {normal_sql(pair["sql"]) for pair in EVAL} == set()


def test_fewer_than_a_third_of_evaluation_pairs_are_a_training_pair_with_other_values():
    known = {skeleton(pair["sql"]) for pair in TRAIN}
    assert sum(skeleton(pair["sql"]) in known for pair in EVAL) < len(EVAL) / 3


def test_no_evaluation_sql_is_a_training_sql_with_other_numbers():
    number = re.compile(r"\b\d+(\.\d+)?(e\d+)?\b(?=[^']*(?:'[^']*'[^']*)*$)")
    known = {number.sub("?", pair["sql"]) for pair in TRAIN}
    assert [pair["id"] for pair in EVAL if number.sub("?", pair["sql"]) in known] == []


@pytest.mark.parametrize("pairs", [TRAIN, EVAL], ids=["train", "eval"])
def test_every_family_is_in_both_files(pairs):
    assert {pair["family"] for pair in pairs} == FAMILIES


@pytest.mark.parametrize("pairs", [TRAIN, EVAL], ids=["train", "eval"])
def test_levels_stand_in_like_proportion(pairs):
    levels = Counter(pair["level"] for pair in pairs)
    shares = [levels[level] / len(pairs) for level in ("easy", "medium", "hard")]
    assert shares == pytest.approx([0.45, 0.35, 0.2], abs=0.03)


def test_every_evaluation_family_has_four_training_relatives_a_pair():
    train, evaluation = (Counter(pair["family"] for pair in pairs) for pairs in (TRAIN, EVAL))
    assert [family for family in FAMILIES if train[family] < 4 * evaluation[family]] == []


@pytest.mark.parametrize("construct", ["PARTITION BY", "LAG(", "WITH ", "IS NULL", " LIKE ", " BETWEEN ", "HAVING"])
def test_construct_is_in_the_training_file(construct):
    assert any(construct in pair["sql"] for pair in TRAIN)


def test_every_gold_returns_a_value(database):
    results = {pair["id"]: database.execute(pair["sql"]).fetchall() for pair in TRAIN + EVAL}
    assert [name for name, rows in results.items() if all(value is None for row in rows for value in row)] == []


def test_no_ordering_has_a_tie(database):
    assert [pair["id"] for pair in TRAIN + EVAL if ties(database, pair["sql"])] == []


def test_ties_are_found_where_there_are_some(database):
    assert ties(database, "SELECT name FROM exoplanets ORDER BY discovery_year DESC LIMIT 1") == [(2023,)]


def test_no_place_of_a_window_is_shared(database):
    shared = []
    for pair in TRAIN + EVAL:
        with_ties = pair["sql"].replace("ROW_NUMBER()", "RANK()")
        if sorted(database.execute(pair["sql"]), key=repr) != sorted(database.execute(with_ties), key=repr):
            shared.append(pair["id"])
    assert shared == []


def test_readme_names_the_counts_of_every_family():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    train, evaluation = (Counter(pair["family"] for pair in pairs) for pairs in (TRAIN, EVAL))
    rows = [f"| {family} | {train[family]} | {evaluation[family]} |" for family in FAMILIES]
    assert [row for row in [*rows, f"| all | {len(TRAIN)} | {len(EVAL)} |"] if row not in readme] == []


# the table


def test_sample_has_1000_planets_with_different_names(database):
    assert database.execute("SELECT COUNT(*), COUNT(DISTINCT name) FROM exoplanets").fetchone() == (1000, 1000)


def test_columns_have_these_names_and_types(database):
    rows = database.execute("SELECT name, type FROM pragma_table_info('exoplanets')").fetchall()
    assert rows == list(COLUMNS.items())


def test_reference_planets_are_jupiter_and_earth(database):
    rows = database.execute("SELECT name, mass FROM reference_planets").fetchall()
    assert rows == [("Jupiter", 1.898e27), ("Earth", 5.972e24)]


@pytest.mark.parametrize("column", ["distance", "stellar_magnitude", "orbital_radius", "mass_multiplier", "mass_wrt"])
def test_column_has_some_null_and_mostly_values(database, column):
    (missing,) = database.execute(f"SELECT COUNT(*) FROM exoplanets WHERE {column} IS NULL").fetchone()
    assert 0 < missing < 100


def test_mass_and_its_reference_are_missing_together(database):
    query = "SELECT COUNT(*) FROM exoplanets WHERE (mass_wrt IS NULL) != (mass_multiplier IS NULL)"
    assert database.execute(query).fetchone() == (0,)


# the CSV


def test_empty_cell_becomes_null(tmp_path):
    (tmp_path / "planets.csv").write_text(f"{HEADER}\n{A_PLANET}\n")
    planet = ("Brindle-1 b", 12.5, 7.1, "Gas Giant", 2004, 1.5, "Jupiter", 1.1, "Jupiter", None, 0.5, 0.1, "Transit")
    assert read_planets(tmp_path / "planets.csv") == [planet]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name,distance\nBrindle-1 b,3\n", "{csv} has no column stellar_magnitude, planet_type, discovery_year"),
        (f"{HEADER}\n", "{csv}: the file holds no row."),
        ("", "{csv}: the file holds no row."),
        (
            f"{HEADER}\n{A_PLANET.replace('12.5', 'far').replace('2004', 'soon')}\n",
            "{csv} has 2 bad cells:\nrow 2: distance is 'far'; expected a number or an empty cell\n"
            "row 2: discovery_year is 'soon'; expected a number or an empty cell",
        ),
    ],
)
def test_bad_csv_is_named(tmp_path, text, problem):
    path = tmp_path / "planets.csv"
    path.write_text(text)
    with pytest.raises(ConversionError) as raised:
        read_planets(path)
    assert str(raised.value).startswith(problem.format(csv=path))


def test_a_database_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match="unable to open database file"):
        fill(tmp_path / "none" / "planets.sqlite", [])


@pytest.mark.skipif(not os.environ.get("EXOPLANETS_DIR"), reason="EXOPLANETS_DIR is not set")
def test_real_csv_loads_and_every_gold_runs_on_it(tmp_path):
    fill(tmp_path / "real.sqlite", read_planets(Path(os.environ["EXOPLANETS_DIR"]) / "cleaned_5250.csv"))
    connection = sqlite3.connect(tmp_path / "real.sqlite")
    (count,) = connection.execute("SELECT COUNT(*) FROM exoplanets").fetchone()
    (no_reference,) = connection.execute("SELECT COUNT(*) FROM exoplanets WHERE mass_wrt IS NULL").fetchone()
    for pair in TRAIN + EVAL:
        connection.execute(pair["sql"]).fetchone()
    connection.close()
    assert (count, no_reference) == (5250, 23)
