"""Golds that write: what is compared, what is refused, and that no file is changed or made on the way."""

import sqlite3
import time
from pathlib import Path

import pytest

from evaluate.execution.judge import judge
from evaluate.execution.match import RULES
from evaluate.execution.sandbox import Limits
from evaluate.execution.verdict import Example, Verdict
from evaluate.execution.write import run_statements
from tests.databases import files, make_database
from tests.evaluate.execution.judging import judge_in_workers

ALL = dict.fromkeys(RULES, True)
NONE = dict.fromkeys(RULES, False)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"


def make(path: Path, rows: str) -> Path:
    return make_database(
        path,
        f"""
        CREATE TABLE beds (id INTEGER PRIMARY KEY, state VARCHAR(9), beds INT);
        INSERT INTO beds VALUES {rows};
        CREATE TABLE log (x);
        CREATE VIEW big AS SELECT state FROM beds WHERE beds > 6;
        CREATE VIRTUAL TABLE notes USING fts5(body);
        """,
    )


@pytest.fixture(scope="module")
def database(folder) -> Path:
    return make(folder / "ward.sqlite", "(1, 'Ohio', 5), (2, 'Utah', 7)")


@pytest.fixture(scope="module")
def other(folder) -> Path:
    return make(folder / "ward_2.sqlite", "(1, 'Ohio', 9), (3, 'Iowa', 9)")


@pytest.fixture
def untouched(folder, database, monkeypatch):
    """The database, in a working directory that must hold the same files with the same bytes afterwards."""
    monkeypatch.chdir(folder)
    before = files(folder)
    yield database
    assert files(folder) == before


def verdict_on(gold: str, predicted: str | None, *databases: Path, **limits) -> Verdict:
    example = Example("1", gold, predicted, databases, writes=True)
    return judge(example, limits=Limits(**({"seconds": 2.0} | limits)))


def test_a_verdict_in_full(untouched):
    gold, predicted = "UPDATE beds SET beds = 0 WHERE state = 'Utah'", "DELETE FROM beds WHERE id = 2"
    verdict = verdict_on(gold, predicted, untouched)
    assert verdict.seconds > 0
    assert verdict.gold_seconds > 0
    columns = ["table", "change", "rows removed", "rows added"]
    view = ["big", "changed", 1, 0]
    assert verdict._replace(seconds=0.0, gold_seconds=0.0) == Verdict(
        outcome="wrong_result",
        matches=NONE,
        gold_preview={"columns": columns, "rows": [["beds", "changed", 1, 1], view], "total": 2},
        prediction_preview={"columns": columns, "rows": [["beds", "changed", 1, 0], view], "total": 2},
    )


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO beds VALUES (3, 'Iowa', 1)",
        "REPLACE INTO beds VALUES (1, 'Iowa', 1)",
        "UPDATE beds SET beds = beds + 1 WHERE beds > = 5",
        "DELETE FROM beds WHERE id = 1 RETURNING id",
        "WITH most AS (SELECT max(beds) AS n FROM beds) DELETE FROM beds WHERE beds = (SELECT n FROM most)",
        "CREATE TABLE x (a INT, b TEXT)",
        "CREATE TABLE x AS SELECT * FROM beds",
        "ALTER TABLE beds ADD COLUMN floor INT DEFAULT 1",
        "ALTER TABLE beds RENAME TO places",
        "ALTER TABLE beds RENAME COLUMN beds TO places",
        "DROP TABLE beds",
        "CREATE UNIQUE INDEX i ON beds (state, beds DESC)",
        "CREATE VIEW small AS SELECT * FROM beds WHERE beds < 6",
        "DROP VIEW big",
        "CREATE TRIGGER r AFTER INSERT ON beds BEGIN INSERT INTO log VALUES (new.id); END",
        "CREATE TABLE x (a INT); INSERT INTO x VALUES (1); SELECT * FROM x; DELETE FROM beds",
        "BEGIN; DELETE FROM beds; COMMIT",
        "SAVEPOINT a; DELETE FROM beds; RELEASE a",
        "INSERT INTO notes VALUES ('a blue cup')",
    ],
)
def test_a_gold_is_right_itself_and_a_query_in_its_place_is_wrong(untouched, sql):
    verdicts = [verdict_on(sql, predicted, untouched) for predicted in (sql, "SELECT * FROM beds")]
    assert [(verdict.outcome, verdict.matches) for verdict in verdicts] == [("correct", ALL), ("wrong_result", NONE)]
    assert not verdicts[0].gold_empty


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [
        ("DELETE FROM beds WHERE beds > 6", "DELETE FROM Beds WHERE state = 'Utah'"),
        ("UPDATE beds SET beds = 1 WHERE id = 2",
         "DELETE FROM beds WHERE id = 2; INSERT INTO beds VALUES (2, 'Utah', 1)"),
        ("DELETE FROM beds", "DROP TABLE beds; CREATE TABLE BEDS (ID integer, State TEXT, beds BIGINT)"),
        ("CREATE TABLE x (a VARCHAR(9), b INT)", "create table X (A TEXT PRIMARY KEY, B INTEGER NOT NULL)"),
        ("CREATE INDEX i ON beds (state)", "CREATE INDEX by_state ON BEDS (STATE)"),
        ("CREATE VIEW v AS SELECT id FROM beds", "CREATE VIEW v AS SELECT id FROM beds WHERE beds > 0"),
        ("INSERT INTO log VALUES (1), (2)", "INSERT INTO log VALUES (2.0); INSERT INTO log VALUES (1)"),
    ],
)  # fmt: skip
def test_states_are_equal_whatever_way_led_there(untouched, gold, predicted):
    verdict = verdict_on(gold, predicted, untouched)
    assert (verdict.outcome, verdict.error, verdict.matches) == ("correct", None, ALL)


@pytest.mark.parametrize(
    ("gold", "predicted", "matches"),
    [
        ("INSERT INTO log VALUES (1)", "INSERT INTO log VALUES (1), (1)", set()),
        ("INSERT INTO log VALUES (1)", "INSERT INTO log VALUES ('1')", {"fuzzy"}),
        ("INSERT INTO log VALUES (3.14159)", "INSERT INTO log VALUES (3.14)", {"fuzzy"}),
        ("INSERT INTO log VALUES ('Ohio')", "INSERT INTO log VALUES ('ohio ')", {"fuzzy"}),
        ("INSERT INTO log VALUES ('Ohio')", "INSERT INTO log VALUES ('Utah')", set()),
        ("CREATE TABLE x (a INT, b TEXT)", "CREATE TABLE x (b TEXT, a INT)", {"fuzzy"}),
        ("CREATE TABLE x (a INT, b TEXT)", "CREATE TABLE x (a REAL, b TEXT)", {"fuzzy"}),
        ("CREATE TABLE x (a INT, b TEXT)", "CREATE TABLE x (a INT, c TEXT)", set()),
        ("CREATE TABLE x (a INT, b TEXT)", "CREATE TABLE x (a INT, b TEXT, c TEXT)", set()),
        ("CREATE TABLE x (a INT)", "CREATE TABLE y (a INT)", set()),
        ("CREATE TABLE x (a INT)", "CREATE VIEW x AS SELECT 1 AS a", set()),
        ("CREATE TABLE x AS SELECT 1 AS a, 2 AS b", "CREATE TABLE x AS SELECT 2 AS a, 1 AS b", set()),
        ("CREATE TABLE x AS SELECT 1 AS a, 2 AS b", "CREATE TABLE x AS SELECT 2 AS b, 1.0 AS a", {"fuzzy"}),
        ("CREATE VIEW v AS SELECT id FROM beds", "CREATE VIEW v AS SELECT id AS bed FROM beds", {"fuzzy"}),
        ("CREATE VIEW v AS SELECT id FROM beds", "CREATE VIEW v AS SELECT beds FROM beds", set()),
        ("CREATE INDEX i ON beds (state)", "CREATE UNIQUE INDEX i ON beds (state)", set()),
        ("CREATE INDEX i ON beds (state)", "CREATE INDEX i ON beds (beds)", set()),
        ("DELETE FROM beds", "BEGIN; DELETE FROM beds", set()),  # never committed
    ],
)  # fmt: skip
def test_other_states_are_wrong_but_for_what_fuzzy_allows(untouched, gold, predicted, matches):
    verdict = verdict_on(gold, predicted, untouched)
    assert verdict.outcome == "wrong_result"
    assert {rule for rule, held in verdict.matches.items() if held} == matches


def test_a_gold_that_changes_nothing_is_flagged_and_a_prediction_that_changes_nothing_matches_it(untouched):
    gold = "DELETE FROM beds WHERE beds > 90"
    same, different = (verdict_on(gold, sql, untouched) for sql in ("SELECT 1", "DELETE FROM beds"))
    assert (same.outcome, same.gold_empty, same.gold_preview["total"]) == ("correct", True, 0)
    assert (different.outcome, different.gold_empty) == ("wrong_result", True)


def test_the_states_must_be_equal_on_every_file(untouched, other):
    sql = "DELETE FROM beds WHERE beds > 6", "DELETE FROM beds WHERE id = 2"
    assert verdict_on(*sql, untouched).outcome == "correct"
    both = verdict_on(*sql, untouched, other)
    assert (both.outcome, both.matches) == ("wrong_result", NONE)
    assert both.gold_preview["rows"][0] == ["beds", "changed", 2, 0]
    assert both.prediction_preview["total"] == 0


@pytest.mark.parametrize(
    ("gold", "predicted", "outcome", "error"),
    [
        ("DELETE FROM beds", None, "no_sql", None),
        ("DELETE FROM wards", "DELETE FROM beds", "gold_error", "ward.sqlite: no such table: wards"),
        ("DELETE FROM wards", None, "gold_error", "ward.sqlite: no such table: wards"),
        ("DELETE FROM beds", "DELETE FROM wards", "error", "no such table: wards"),
        ("DELETE FROM beds", "DELETE FROM beds WHERE (", "error", "incomplete input"),
        ("DELETE FROM beds", "DELETE FROM beds; DELETE FROM", "error", "incomplete input"),
        ("DELETE FROM beds", "INSERT INTO beds VALUES (1, 'x', 1)", "error", "UNIQUE constraint failed: beds.id"),
        ("DELETE FROM beds", "", "error", "no statement: the SQL is empty or only comments"),
        ("DELETE FROM beds", "DELETE FROM beds -- a\0", "error", "the SQL holds a NUL character"),
        ("DELETE FROM beds", "DELETE FROM beds WHERE state = '\ud800'", "error", None),
    ],
)
def test_each_failure_and_its_reason(untouched, gold, predicted, outcome, error):
    verdict = verdict_on(gold, predicted, untouched)
    assert verdict.outcome == outcome
    assert verdict.matches == NONE
    assert verdict.error == error or (error is None and "surrogates not allowed" in verdict.error)


def test_a_missing_file_is_no_database_and_is_not_made(folder):
    verdict = verdict_on("DELETE FROM beds", "DELETE FROM beds", folder / "none.sqlite")
    assert verdict == Verdict("no_database", f"{folder / 'none.sqlite'}: no such file or directory")
    assert not (folder / "none.sqlite").exists()


def test_a_database_too_large_to_copy_is_named(untouched):
    size = untouched.stat().st_size
    error = f"the database has {size:,} bytes; statements that write are run on at most 1,000"
    assert verdict_on("DELETE FROM beds", "SELECT 1", untouched, copy_bytes=size).outcome == "wrong_result"
    verdict = verdict_on("DELETE FROM beds", "SELECT 1", untouched, copy_bytes=1_000)
    assert (verdict.outcome, verdict.error) == ("gold_error", f"ward.sqlite: {error}")


def test_a_database_in_wal_mode_is_copied_without_making_files(tmp_path):
    path = make(tmp_path / "ward.sqlite", "(1, 'Ohio', 5)")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = wal")
    connection.close()
    before = files(tmp_path)
    assert verdict_on("DELETE FROM beds", "DELETE FROM beds WHERE id = 1", path).outcome == "correct"
    assert files(tmp_path) == before


def test_an_example_that_does_not_write_is_judged_as_before(untouched):
    example = Example("1", "SELECT state FROM beds", "DELETE FROM beds", (untouched,))
    verdict = judge(example)
    assert (verdict.outcome, verdict.error) == ("error", "not authorized: DELETE beds")


ATTACKS = [
    ("ATTACH 'made.sqlite' AS made", "error", "not authorized: ATTACH made.sqlite"),
    ("ATTACH ':memory:' AS made", "error", "not authorized: ATTACH :memory:"),
    ("DELETE FROM beds; ATTACH 'made.sqlite' AS made", "error", "not authorized: ATTACH made.sqlite"),
    ("DETACH main", "error", "not authorized: DETACH main"),
    ("VACUUM", "error", "not authorized: ATTACH"),
    ("VACUUM INTO 'made.sqlite'", "error", "not authorized: ATTACH made.sqlite"),
    ("PRAGMA writable_schema = 1", "error", "not authorized: PRAGMA writable_schema 1"),
    ("PRAGMA journal_mode = wal", "error", "not authorized: PRAGMA journal_mode wal"),
    ("PRAGMA hard_heap_limit = 1", "error", "not authorized: PRAGMA hard_heap_limit 1"),
    ("PRAGMA table_list", "error", "not authorized: PRAGMA table_list"),
    ("CREATE TEMP TABLE made (a)", "error", "not authorized: INSERT sqlite_temp_master"),
    ("CREATE TEMP TRIGGER t AFTER INSERT ON beds BEGIN SELECT 1; END", "error",
     "not authorized: CREATE TEMP TRIGGER t beds"),
    ("CREATE VIRTUAL TABLE made USING fts5(a)", "error", "not authorized: CREATE VTABLE made fts5"),
    ("DROP TABLE notes", "error", "not authorized: DROP VTABLE notes fts5"),
    ("UPDATE sqlite_master SET sql = ''", "error", "table sqlite_master may not be modified"),
    ("UPDATE sqlite_temp_master SET sql = ''", "error", "table sqlite_temp_master may not be modified"),
    ("SELECT load_extension('made.so')", "error", "not authorized: FUNCTION load_extension"),
    ("INSERT INTO log VALUES (writefile('made', 'x'))", "error", "no such function: writefile"),
    ("ANALYZE", "error", None),
    (f"{ENDLESS} INSERT INTO log SELECT i FROM n WHERE i < 0", "timeout", "longer than 0.5 s"),
    (f"CREATE VIEW v AS {ENDLESS} SELECT i FROM n WHERE i < 0", "timeout", "longer than 0.5 s"),
    ("CREATE TABLE made (a); DROP TABLE made;" * 25_000, "timeout", "longer than 0.5 s"),
    ("SELECT printf('%.*c', 2000000000, 'x')", "timeout", "longer than 0.5 s"),
    (f"{ENDLESS} INSERT INTO log SELECT i FROM n", "timeout or too_large", None),
    ("INSERT INTO log VALUES (zeroblob(1000000000))", "too_large",
     "string or blob too big (at most 10,000,000 bytes)"),
    ("INSERT INTO log VALUES (zeroblob(9000000));" * 20, "too_large", "the tables grow beyond 16,777,216 bytes"),
    (f"CREATE TABLE made AS {ENDLESS} SELECT hex(randomblob(400)) FROM n ORDER BY 1", "too_large",
     "more than 30,000,000 bytes of memory"),
    ("CREATE TRIGGER r AFTER INSERT ON log BEGIN INSERT INTO log VALUES (1), (2); END; INSERT INTO log VALUES (1)",
     "wrong_result", None),
    ("DELETE FROM beds -- " + "x" * 2_000_000, "too_large", "the SQL is longer than 1,000,000 bytes"),
    ("SELECT 1;" * 10_000, "wrong_result", None),
    (";" * 100_000, "error", "no statement: the SQL is empty or only comments"),
    ("DELETE FROM beds WHERE " + "(" * 10_000 + "1" + ")" * 10_000, "error", "parser stack overflow"),
]  # fmt: skip


@pytest.fixture(scope="module")
def after_attacks(database, folder):
    """Every attack in two workers, an honest statement after each: verdicts, files before and after, seconds."""
    gold = "DELETE FROM beds"
    examples = []
    for n, (attack, *_) in enumerate(ATTACKS):
        examples += [Example(f"attack {n}", gold, attack, (database,), writes=True)]
        examples += [Example(f"honest {n}", gold, "DELETE FROM beds WHERE 1", (database,), writes=True)]
    before, start = files(folder), time.monotonic()
    limits = Limits(seconds=0.5, heap_bytes=30_000_000, copy_bytes=2**23)
    verdicts = dict(judge_in_workers(examples, limits))
    return verdicts, before, files(folder), time.monotonic() - start


@pytest.mark.parametrize("number", range(len(ATTACKS)), ids=[attack[:40] for attack, *_ in ATTACKS])
def test_an_attack_gets_its_outcome_and_touches_no_other_example(after_attacks, number):
    attacked, honest = (after_attacks[0][f"{name} {number}"] for name in ("attack", "honest"))
    _, outcome, error = ATTACKS[number]
    assert attacked.outcome in outcome.split(" or ")
    assert error is None or attacked.error == error
    assert (honest.outcome, honest.matches) == ("correct", ALL)


def test_attacks_change_no_file_and_make_none(after_attacks):
    assert after_attacks[1] == after_attacks[2]
    assert not Path("made.sqlite").exists()
    assert not Path("made").exists()


def test_attacks_end_in_time(after_attacks):
    assert after_attacks[3] < 60


def test_a_gold_that_runs_for_ever_does_not_count_against_the_prediction(database):
    endless = f"{ENDLESS} INSERT INTO log SELECT i FROM n WHERE i < 0"
    example = Example("1", endless, "DELETE FROM beds", (database,), writes=True)
    ((_, verdict),) = judge_in_workers([example], Limits(seconds=0.3))
    assert (verdict.outcome, verdict.error) == ("gold_error", "ward.sqlite: longer than 0.3 s")


def test_statements_start_from_the_file_as_it_is_each_time(untouched):
    states = [run_statements("DELETE FROM beds", untouched) for _ in range(2)]
    assert states[0].before == states[1].before
    assert states[0].before.relations["beds"].rows.total() == 2
    assert states[0].after.relations["beds"].rows.total() == 0
