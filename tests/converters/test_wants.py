"""What a query wants of the rows it reads, SELECT by SELECT."""

import pytest

from converters.schema import Column, Schema, Table
from converters.wants import Condition, wants_of

SCHEMA = Schema(
    (
        Table("singer", (Column("id", "INT"), Column("name", "TEXT"), Column("age", "INT"))),
        Table("song", (Column("singer", "INT"), Column("sales", "REAL"))),
    )
)


def only(sql: str):
    (want,) = wants_of(sql, SCHEMA).selects
    return want


@pytest.mark.parametrize(
    ("where", "every", "one_of"),
    [
        ("age > 3 AND 9 >= age", {"age": [(">", 3), ("<=", 9)]}, {}),
        ("name = 'x' OR (name = \"y\" OR age = -1)", {}, {"name": [("=", "x"), ("=", "y")], "age": [("=", -1)]}),
        ("age BETWEEN 1 AND 2.5", {"age": [(">=", 1), ("<=", 2.5)]}, {}),
        ("name IN ('x', 'y')", {}, {"name": [("=", "x"), ("=", "y")]}),
        ("name IS NULL AND LOWER(name) LIKE '%x'", {"name": [("=", None), ("like", "%x")]}, {}),
        ("NOT name = 'x' AND age + 1 > 3 AND age > other", {}, {}),
    ],
)
def test_conditions_are_taken_apart(where, every, one_of):
    want = only(f"SELECT * FROM singer WHERE {where}")
    for found, expected in ((want.every, every), (want.one_of, one_of)):
        assert found == {("singer", name): [Condition(*each) for each in all_] for name, all_ in expected.items()}


def test_columns_are_found_by_alias_and_joins_make_them_equal():
    found = wants_of("SELECT * FROM singer AS a JOIN song ON a.id = song.singer WHERE a.age = 1 AND sales < 2", SCHEMA)
    assert found.selects[0].sources == {"a": "singer", "song": "song"}
    assert found.selects[0].every == {("a", "age"): [Condition("=", 1)], ("song", "sales"): [Condition("<", 2)]}
    assert found.equal == [(("singer", "id"), ("song", "singer"))]


@pytest.mark.parametrize(
    ("sql", "unwanted", "equal"),
    [
        ("SELECT name FROM singer WHERE id IN (SELECT singer FROM song)", [False, False], 1),
        ("SELECT name FROM singer WHERE NOT id IN (SELECT singer FROM song)", [False, True], 0),
        ("SELECT name FROM singer WHERE id NOT IN (SELECT singer FROM song)", [False, True], 0),
        ("SELECT name FROM singer WHERE NOT EXISTS (SELECT * FROM song)", [False, True], 0),
        ("SELECT id FROM singer EXCEPT SELECT singer FROM song", [False, True], 0),
        ("SELECT id FROM singer INTERSECT SELECT singer FROM song", [False, False], 0),
        ("SELECT name FROM singer WHERE id != (SELECT MAX(singer) FROM song)", [False, True], 0),
    ],
)
def test_the_far_side_of_not_in_and_except_is_unwanted(sql, unwanted, equal):
    found = wants_of(sql, SCHEMA)
    assert [want.unwanted for want in found.selects] == unwanted
    assert len(found.equal) == equal


@pytest.mark.parametrize(
    ("having", "copies"),
    [("COUNT(*) > 2", 3), ("COUNT(*) >= 2", 2), ("COUNT(*) = 4", 4), ("COUNT(*) < 9", 1), ("COUNT(*) > 99", 20)],
)
def test_groups_are_as_large_as_having_asks(having, copies):
    want = only(f"SELECT name FROM singer GROUP BY name HAVING {having}")
    assert (want.copies, want.grouped) == (copies, {("singer", "name")})


def test_operands_of_set_operators_are_branches():
    found = wants_of("SELECT id FROM singer UNION SELECT singer FROM song UNION SELECT age FROM singer", SCHEMA)
    assert sorted(want.branch for want in found.selects) == [0, 1, 1]


def test_what_no_parser_reads_wants_nothing():
    assert wants_of("SELECT ((", SCHEMA) == ([], [])
