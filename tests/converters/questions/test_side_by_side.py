"""Questions on two columns of one row, and on a part of a count."""

import re

from converters.questions.generate import generate
from converters.questions.profile import profile_of
from converters.questions.quantities import twins
from tests.converters.questions.databases import make

GAMES = """CREATE TABLE game (id INTEGER PRIMARY KEY, name TEXT, place TEXT, home_goals INT, away_goals INT, seats INT);
    CREATE TABLE note (id INTEGER PRIMARY KEY, name TEXT, net_weight INT, read_count INT)"""


def games(tmp_path):
    rows = [(n, f"Game {n}", ("Bern", "Oslo", "Rome")[n % 3], n % 5, (n * 2) % 4, 900 + 37 * n) for n in range(1, 31)]
    return make(
        tmp_path / "league.sqlite",
        GAMES,
        {"game": rows, "note": [(n, f"note {n}", 7 * n, n % 4) for n in range(1, 31)]},
    )


def test_only_columns_of_one_measure_are_compared(tmp_path):
    found = {
        entity.name: [(one.name, two.name) for one, two in twins(entity)]
        for entity in profile_of(games(tmp_path)).entities
    }
    assert found == {"game": [("home_goals", "away_goals")], "note": []}


def test_the_words_of_a_comparison_agree_with_its_columns(tmp_path):
    pairs = [pair for pair in generate(games(tmp_path), 300).pairs if pair.shape == "columns_compared"]
    spelt = [
        pair
        for pair in pairs
        if {"home goals", "away goals"} <= set(re.findall("home goals|away goals", pair.question))
    ]
    assert len(spelt) >= 2  # the others have a typo, as people make them
    for pair in spelt:
        one, two = re.search(r"WHERE (\w+) > (\w+)", pair.sql).groups()
        assert pair.question.index(one.replace("_", " ")) < pair.question.index(two.replace("_", " "))
        assert not re.search(r"\ban? (home|away) goals|goals is\b", pair.question)


def test_a_part_is_counted_beside_the_whole(tmp_path):
    pairs = [pair for pair in generate(games(tmp_path), 300).pairs if pair.shape == "part_of_count"]
    assert pairs
    assert all(re.match(r"SELECT \w+, COUNT\(\*\), SUM\(CASE WHEN ", pair.sql) for pair in pairs)
