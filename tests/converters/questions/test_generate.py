"""The pairs: they run, answer, differ, cover the shapes, and stay the same."""

import re
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest

from converters.questions.draft import Draft
from converters.questions.excerpt import excerpt
from converters.questions.generate import Generator, generate
from converters.questions.profile import profile_of, timer
from converters.questions.shapes import SHAPES
from converters.questions.struck import struck_keys
from converters.rows import ConversionError
from converters.splits import normal_question
from sql.sql_text import normal_sql
from tests.converters.questions.databases import make

ANALYSTS = {"top_per_group", "top_per_parent", "running_total", "change_over_time", "bucket", "above_own_average",
            "not_since", "never", "share_of_groups", "share_of_sum", "computed_top", "group_above_average"}  # fmt: skip
TOWNS = [(n, f"Town {n}", 1000 * n, "north" if n % 3 else "south") for n in range(1, 31)]


def test_every_query_returns_rows_that_are_not_all_null(shop, made):
    with closing(sqlite3.connect(shop)) as connection:
        for pair in made.pairs:
            rows = connection.execute(pair.sql).fetchall()
            assert 0 < len(rows) <= 400, pair
            assert any(value is not None for row in rows for value in row), pair


def test_there_are_as_many_as_asked_for_and_no_two_questions_are_alike(made):
    assert len(made.pairs) == made.asked == 400
    assert len({normal_question(pair.question) for pair in made.pairs}) == 400
    assert len({normal_sql(pair.sql) for pair in made.pairs}) >= 200


def test_shapes_are_balanced_and_those_of_analysts_are_among_them(made):
    shapes = Counter(pair.shape for pair in made.pairs)
    assert set(shapes) >= ANALYSTS
    assert len(shapes) >= 55
    assert max(shapes.values()) <= 3 * 400 / len(shapes)


def test_a_column_is_used_by_no_more_than_its_share(made):
    tables = Counter(table for pair in made.pairs for table in set(re.findall(r"(?:FROM|JOIN) (\w+)", pair.sql)))
    assert set(tables) >= {"customers", "products", "orders", "emp", "departments", "reviews"}
    assert max(tables[each] for each in ("customers", "products", "orders", "emp")) < 0.6 * 400


def test_all_levels_of_hardness_occur(made):
    levels = Counter(pair.hardness for pair in made.pairs)
    assert set(levels) == {"easy", "medium", "hard", "extra"}
    assert f"easy {levels['easy']}, medium {levels['medium']}" in made.lines()[0]


def test_questions_hold_no_template_and_no_sql(made):
    for pair in made.pairs:
        assert not re.search(r"[\[\]|_{}]|\bT\d\.|  ", pair.question), pair


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others(shop, made):
    assert generate(shop, 60).pairs == generate(shop, 60).pairs == made.pairs[:60]
    assert generate(shop, 60, seed=8).pairs != made.pairs[:60]


@pytest.mark.parametrize("field", ["question", "sql"])
def test_struck_pairs_stay_out_and_the_others_stay(shop, made, field):
    bad = getattr(made.pairs[10], field)
    again = generate(shop, 60, struck=struck_keys([bad.upper() if field == "question" else bad]))
    assert bad not in {getattr(pair, field) for pair in again.pairs}
    left = [pair for pair in made.pairs if getattr(pair, field) != bad]
    assert again.pairs == left[:60]
    assert again.struck == len(made.pairs[:60]) - len([pair for pair in made.pairs[:60] if pair in left])


def test_a_top_list_never_ends_in_a_tie(tmp_path):
    rows = [(n, f"Town {n}", 5) for n in range(30)]
    script = "CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT, size INT)"
    path = make(tmp_path / "x.sqlite", script, {"town": rows})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE town SET size = 9 WHERE id IN (3, 4)")
        connection.commit()
    assert not [pair for pair in generate(path, 60).pairs if re.search("ORDER BY size .*LIMIT 1$", pair.sql)]


@pytest.mark.parametrize(
    ("script", "table"),
    [
        ("CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT, people INT, side TEXT)", "town"),
        ('CREATE TABLE "Große Städte" ("Stadt Nr" INTEGER, "Stadt Name" TEXT, "Einwohner (Zahl)" INT, "a|b [c]" TEXT)',
         "Große Städte"),
        ('CREATE TABLE "order" (id INTEGER PRIMARY KEY, "select" TEXT, "group" INT, "from" TEXT)', "order"),
        ("CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT, people INT, side TEXT) WITHOUT ROWID", "a"),
    ],
    ids=["one table", "spaces, umlauts and brackets", "keywords", "no rowid"],
)  # fmt: skip
def test_odd_names_make_pairs_too(tmp_path, script, table):
    path = make(tmp_path / "x.sqlite", script, {table: TOWNS})
    assert len(generate(path, 30).pairs) == 30


def test_a_database_of_views_makes_pairs(tmp_path):
    script = """CREATE TABLE hidden_town (id INTEGER PRIMARY KEY, name TEXT, people INT, side TEXT);
        CREATE VIEW large_town AS SELECT * FROM hidden_town WHERE people > 5000;
        CREATE VIEW lost AS SELECT * FROM gone"""
    pairs = generate(make(tmp_path / "x.sqlite", script, {"hidden_town": TOWNS}), 40).pairs
    assert any("FROM large_town" in pair.sql for pair in pairs)
    assert not any("lost" in pair.sql for pair in pairs)


def test_bytes_are_never_asked_for(tmp_path):
    path = make(tmp_path / "x.sqlite", "CREATE TABLE image (id INTEGER PRIMARY KEY, title TEXT, data BLOB)",
                {"image": [(n, f"Image {n}", bytes(5000)) for n in range(20)]})  # fmt: skip
    assert not [pair for pair in generate(path, 20).pairs if "data" in pair.sql]


def test_columns_without_a_key_or_name_are_counted_and_averaged(tmp_path):
    path = make(tmp_path / "x.sqlite", "CREATE TABLE point (x REAL, y REAL)",
                {"point": [(n / 7, n / 3) for n in range(50)]})  # fmt: skip
    shapes = {pair.shape for pair in generate(path, 20).pairs}
    assert {"count_all", "aggregate"} <= shapes


def test_many_tables_take_bounded_time(tmp_path):
    names = [f"thing_{number}" for number in range(200)]
    script = "".join(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, name TEXT, size INT, side TEXT);" for name in names)
    path = make(tmp_path / "x.sqlite", script, dict.fromkeys(names, TOWNS))
    start = time.thread_time()
    assert len(generate(path, 50).pairs) == 50
    assert time.thread_time() - start < 60


def test_fewer_pairs_than_asked_for_are_explained(tmp_path):
    path = make(tmp_path / "x.sqlite", "CREATE TABLE thing (data BLOB)", {"thing": [(b"x",)]})
    made = generate(path, 10)
    assert [pair.sql for pair in made.pairs][:1] == ["SELECT COUNT(*) FROM thing"]
    assert any("fewer than --generate 10: the database offers no more" in line for line in made.lines())


def test_only_link_tables_are_an_error_that_says_so(tmp_path):
    path = make(
        tmp_path / "x.sqlite",
        "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY);"
        "CREATE TABLE l (a INT REFERENCES a(id), b INT REFERENCES b(id), PRIMARY KEY (a, b))",
        {"l": [(1, 1)]},
    )
    with pytest.raises(ConversionError, match=r"no questions can be made\. No table with rows \(1 of 3\)"):
        generate(path, 10)


def test_a_query_that_takes_too_long_is_left_out(tmp_path, monkeypatch):
    path = make(tmp_path / "x.sqlite", "CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT)", {"town": [(1, "a")]})
    monkeypatch.setattr("converters.questions.generate.QUERY_SECONDS", 0.2)
    with closing(sqlite3.connect(path)) as connection:
        generator = Generator(profile_of(path), connection, 1)
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
        with pytest.raises(sqlite3.OperationalError):
            generator.rows(endless, 1)
        assert not generator.is_good(Draft(endless, ()), endless, "count_all")
        assert not generator.is_good(Draft("SELECT nothing", ()), "SELECT nothing", "lookup")
        found = generator.run(1)
    assert found.slow == ("count_all",)
    assert (
        f"  WARNING: queries that took too long were left out (1 of {len(SHAPES)} shapes: count_all)" in found.lines()
    )


def test_a_busy_machine_takes_no_time_from_a_query(monkeypatch):
    """Others may have the CPU for most of the time; only what the query itself takes counts, and a long wait."""
    waited = []
    monkeypatch.setattr("converters.questions.profile.time.monotonic", lambda: sum(waited))
    is_late = timer(2.0)
    waited.append(30)
    assert not is_late()
    waited.append(15)
    assert is_late()


def test_every_shape_has_a_place_where_it_fits(made, tmp_path):
    """Those that the shop does not offer are found in a database of bands and festivals."""
    script = """CREATE TABLE band (id INTEGER PRIMARY KEY, name TEXT, country TEXT, fans INT);
        CREATE TABLE festival (id INTEGER PRIMARY KEY, name TEXT, year INT, day_visitors INT, night_visitors INT);
        CREATE TABLE plays (band_id INT REFERENCES band(id), festival_id INT REFERENCES festival(id))"""
    bands = [(n, f"Band {n}", ("Norway", "Italy", "Italy", "Spain")[n % 4], 1000 + 37 * n) for n in range(1, 25)]
    festivals = [(n, f"Festival {n}", 2000 + n % 7, 900 + 31 * n, 1100 + n * n) for n in range(1, 12)]
    plays = [(b[0], f[0]) for b in bands for f in festivals if (b[0] * f[0]) % 5 == 1]
    path = make(tmp_path / "x.sqlite", script, {"band": bands, "festival": festivals, "plays": plays})
    shapes = {pair.shape for pair in (*made.pairs, *generate(path, 300).pairs)}
    assert set(SHAPES) - shapes == set()


def test_an_excerpt_has_rows_of_the_whole_table_and_no_bytes(tmp_path):
    script = """CREATE TABLE town (id INTEGER PRIMARY KEY, name TEXT, map BLOB);
        CREATE VIEW first_town AS SELECT * FROM town WHERE id < 10; CREATE VIRTUAL TABLE words USING fts5 (t)"""
    path = make(tmp_path / "x.sqlite", script, {"town": [(n, f"Town {n}", b"12345") for n in range(1, 30_001)]})
    with closing(sqlite3.connect(excerpt(path, tmp_path / "cut/x.sqlite"))) as connection:
        rows, low, high, size = connection.execute(
            "SELECT COUNT(*), MIN(id), MAX(id), MAX(length(map)) FROM town"
        ).fetchone()
        assert connection.execute("SELECT COUNT(*) FROM first_town").fetchone() == (9,)
    assert (rows, low, size) == (20_000, 1, 0)
    assert high > 29_000
