"""One verdict an example, whatever the prediction does; each outcome, its precedence, and what stands beside it."""

import json
import sqlite3
import time
from pathlib import Path

import pytest

from evaluate.execution.judge import judge
from evaluate.execution.match import RULES
from evaluate.execution.reader import Reader, database_at
from evaluate.execution.sandbox import Limits, run_query
from evaluate.execution.verdict import OUTCOMES, Example, Verdict
from tests.databases import files, make_database
from tests.evaluate.execution.judging import judge_all, judge_in_workers
from tests.evaluate.execution.pool_work import FOR_EVER

DOUBLING = "WITH a0 AS (SELECT 1), " + ", ".join(
    f"a{n} AS (SELECT * FROM a{n - 1} UNION ALL SELECT * FROM a{n - 1})" for n in range(1, 40)
)
PLANNED_FOR_EVER = f"{DOUBLING} SELECT count(*) FROM a39"
ALL = dict.fromkeys(RULES, True)
NONE = dict.fromkeys(RULES, False)


def make(path: Path, rows: str) -> Path:
    return make_database(path, f"CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES {rows};")


@pytest.fixture(scope="module")
def database(folder) -> Path:
    return make(folder / "shop" / "shop.sqlite", "(1, 'x'), (2, 'y'), (2, 'y'), (3, NULL)")


@pytest.fixture(scope="module")
def other(folder) -> Path:
    return make(folder / "shop" / "shop_2.sqlite", "(1, 'x'), (4, 'z')")


def verdict_on(gold: str, predicted: str | None, *databases: Path, **limits) -> Verdict:
    return judge(Example("1", gold, predicted, databases), limits=Limits(**({"seconds": 0.5} | limits)))


def test_a_verdict_in_full(database):
    verdict = verdict_on("SELECT a, b FROM t WHERE a < 3", "SELECT b, a FROM t WHERE a <= 2", database)
    assert verdict.seconds > 0
    assert verdict.gold_seconds > 0
    assert verdict._replace(seconds=0.0, gold_seconds=0.0) == Verdict(
        outcome="correct",
        error=None,
        matches=ALL | {"bird": False},
        gold_preview={"columns": ["a", "b"], "rows": [[1, "x"], [2, "y"], [2, "y"]], "total": 3},
        prediction_preview={"columns": ["b", "a"], "rows": [["x", 1], ["y", 2], ["y", 2]], "total": 3},
        gold_empty=False,
        tied_limit=False,
    )


@pytest.mark.parametrize(
    ("gold", "predicted", "outcome", "error"),
    [
        ("SELECT a FROM t", "SELECT a FROM t", "correct", None),
        ("SELECT a FROM t", "SELECT b FROM t", "wrong_result", None),
        ("SELECT a FROM t", "SELECT c FROM t", "error", "no such column: c"),
        ("SELECT a FROM t", "DELETE FROM t", "error", "not authorized: DELETE t"),
        ("SELECT a FROM t WHERE 0", "", "error", "no statement: the SQL is empty or only comments"),
        ("SELECT a FROM t WHERE 0", "-- none", "error", "no statement: the SQL is empty or only comments"),
        ("SELECT a FROM t", "SELECT a FROM t; SELECT a FROM t", "error", "more than one statement"),
        ("SELECT a FROM t", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT max(i) FROM n",
         "timeout", "longer than 0.5 s"),
        ("SELECT a FROM t", "SELECT zeroblob(1e9)", "too_large", "string or blob too big (at most 10,000,000 bytes)"),
        ("SELECT a FROM t", None, "no_sql", None),
        ("SELECT c FROM t", "SELECT c FROM t", "gold_error", "shop.sqlite: no such column: c"),
        ("SELECT c FROM t", None, "gold_error", "shop.sqlite: no such column: c"),
        ("SELECT zeroblob(1e9)", "SELECT 1", "gold_error",
         "shop.sqlite: string or blob too big (at most 10,000,000 bytes)"),
    ],
)  # fmt: skip
def test_each_outcome_and_its_reason(database, gold, predicted, outcome, error):
    verdict = verdict_on(gold, predicted, database)
    assert (verdict.outcome, verdict.error) == (outcome, error)
    assert outcome in OUTCOMES
    assert verdict.matches["strict"] is (outcome == "correct")


@pytest.mark.parametrize("predicted", ["SELECT a FROM t", None])
def test_a_missing_database_goes_before_all_else_and_is_not_made(database, folder, predicted):
    missing = folder / "shop" / "none.sqlite"
    verdict = verdict_on("SELECT c FROM t", predicted, database, missing)
    assert verdict == Verdict("no_database", f"{missing}: no such file or directory")
    assert not missing.exists()


def test_no_database_file_at_all_is_no_database():
    assert verdict_on("SELECT 1", "SELECT 1") == Verdict("no_database", "no database file")


def test_a_prediction_must_match_on_every_file(database, other):
    sql = "SELECT max(a) FROM t", "SELECT max(a) FROM t WHERE b IS NULL"
    assert verdict_on(*sql, database).outcome == "correct"
    both = verdict_on(*sql, database, other)
    assert (both.outcome, both.matches) == ("wrong_result", NONE)
    assert both.gold_preview["rows"] == [[4]]


def test_an_error_on_a_later_file_is_an_error(database, folder):
    bare = make_database(folder / "bare.sqlite", "CREATE TABLE t (a INTEGER)")
    verdict = verdict_on("SELECT a FROM t", "SELECT t.a FROM t WHERE t.b IS t.b", database, bare)
    assert (verdict.outcome, verdict.error, verdict.matches) == ("error", "no such column: t.b", NONE)


@pytest.mark.parametrize(
    ("gold", "predicted", "matches"),
    [
        ("SELECT a FROM t", "SELECT DISTINCT a FROM t", {"spider", "bird"}),
        ("SELECT count(DISTINCT a) FROM t", "SELECT count(a) FROM t", {"spider"}),
        ("SELECT a FROM t WHERE a > = 2", "SELECT a FROM t WHERE a>=2", set(RULES)),
        ("SELECT '> ='", "SELECT '>='", {"spider", "spider_keep_distinct"}),
        ("SELECT a FROM t", "SELECT a FROM t; DELETE FROM t", {"spider"}),
        ("SELECT a FROM t WHERE a = 1", "SELECT a, b FROM t WHERE a = 1", {"fuzzy"}),
    ],
)
def test_every_rule_reads_the_results_of_its_own_texts(database, gold, predicted, matches):
    verdict = verdict_on(gold, predicted, database)
    assert {rule for rule, held in verdict.matches.items() if held} == matches


def test_what_deleting_distinct_breaks_costs_the_spider_rule_alone(database):
    crossed = "SELECT DISTINCT x.a FROM t x, t y, t z, t u, t v"
    verdict = verdict_on(crossed, crossed, database, rows=100)
    assert (verdict.outcome, verdict.matches) == ("correct", ALL | {"spider": False})


@pytest.mark.parametrize(
    ("sql", "tied"),
    [
        ("SELECT b FROM t ORDER BY a LIMIT 1", False),
        ("SELECT b FROM t ORDER BY a DESC LIMIT 1", False),
        ("SELECT a FROM t ORDER BY a % 2 LIMIT 3", True),
        ("SELECT a FROM t ORDER BY a LIMIT 2", False),  # cuts between two equal rows
        ("SELECT a FROM t ORDER BY a % 2 LIMIT 9", False),  # cuts nothing
        ("SELECT b, count(*) FROM t GROUP BY b ORDER BY count(*) LIMIT 1", True),
        ("SELECT b, count(*) FROM t GROUP BY b ORDER BY count(*) DESC LIMIT 1", False),
        ("SELECT a FROM t LIMIT 1", True),
        ("SELECT a FROM t ORDER BY a", False),
        ("SELECT max(a) FROM (SELECT a FROM t ORDER BY a % 2 LIMIT 3)", False),
        ("SELECT DISTINCT a AS n FROM t UNION SELECT 5 ORDER BY n % 2 LIMIT 2 OFFSET 1", False),
        ("SELECT a FROM t UNION SELECT 5 ORDER BY 1 LIMIT 2", False),
    ],
)
def test_a_limit_is_tied_when_other_rows_could_survive_it(database, sql, tied):
    assert verdict_on(sql, "SELECT 1", database).tied_limit is tied


@pytest.mark.parametrize(("sql", "empty"), [("SELECT a FROM t WHERE a = 4", False), ("SELECT a FROM t WHERE 0", True)])
def test_the_gold_is_empty_when_no_file_gives_rows(database, other, sql, empty):
    assert verdict_on(sql, sql, database, other).gold_empty is empty


def test_previews_are_short_and_plain_json(database):
    sql = "SELECT x'00ff' AS blob, 1e999 AS inf, printf('%.200c', 'x') AS long, 'é' AS 'name', zeroblob(99) FROM t, t u"
    verdict = verdict_on(sql, sql, database)
    row = ["00ff", "inf", "x" * 79 + "…", "é", "0" * 79 + "…"]
    assert verdict.prediction_preview == {
        "columns": ["blob", "inf", "long", "name", "zeroblob(99)"], "rows": [row] * 5, "total": 16,
    }  # fmt: skip
    assert json.loads(json.dumps(verdict._asdict(), allow_nan=False))["outcome"] == "correct"


def test_a_query_runs_once_for_equal_files_and_again_when_the_file_changes(tmp_path):
    first, copy = make(tmp_path / "a.sqlite", "(1, 'x')"), tmp_path / "b.sqlite"
    copy.write_bytes(first.read_bytes())
    reader = Reader(Limits())
    kept = reader.run("SELECT a FROM t", database_at(first))
    assert reader.run("SELECT a FROM t", database_at(copy)) is kept
    connection = sqlite3.connect(first)
    connection.execute("INSERT INTO t SELECT 2, printf('%.9999c', 'x')")
    connection.commit()
    connection.close()
    assert reader.run("SELECT a FROM t", database_at(first)).rows == ((1,), (2,))


def test_a_file_that_is_gone_meanwhile_is_an_error_of_the_query(tmp_path):
    path = make(tmp_path / "gone.sqlite", "(1, 'x')")
    database = database_at(path)
    path.unlink()
    execution = Reader(Limits()).run("SELECT a FROM t", database)
    assert (execution.status, execution.error) == ("error", "unable to open database file")


def test_results_are_forgotten_beyond_their_budget(database):
    reader, database = Reader(Limits(), max_bytes=2_000), database_at(database)
    first = reader.run("SELECT hex(zeroblob(400))", database)
    for n in range(5):
        reader.run(f"SELECT hex(zeroblob(40{n + 1}))", database)
        assert reader.bytes <= 2_000
    assert reader.run("SELECT hex(zeroblob(400))", database) is not first


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.mark.parametrize(
    "before", ["SELECT", "DELETE FROM t", "SELECT nothing FROM t", "SELECT load_extension('x')", ENDLESS, "SELECT 1"]
)
def test_what_ran_before_on_the_same_database_changes_no_answer(database, before):
    reader, here = Reader(Limits(seconds=0.2)), database_at(database)
    reader.run(before, here)
    assert reader.run("SELECT * FROM t ORDER BY a", here).rows == run_query("SELECT * FROM t ORDER BY a", database).rows
    assert reader.run("DELETE FROM t WHERE a = 1", here).error == "not authorized: DELETE t"


ATTACKS = [
    ("DELETE FROM t", "error"),
    ("VACUUM INTO 'made.sqlite'", "error"),
    (FOR_EVER, "timeout"),
    (PLANNED_FOR_EVER, "timeout or too_large"),  # its plan grows without end
    ("SELECT printf('%.*c', 2000000000, 'x')", "timeout"),
    ("SELECT count(*) FROM t a, t b, t c, t d, t e, t f, t g, t h, t i, t j, t k, t l, t m, t n", "timeout"),
    ("SELECT " + "zeroblob(9999999), " * 100 + "1", "too_large"),
    ("SELECT DISTINCT a;" * 300_000, "too_large"),
    (";" * 900_000, "error"),
]


@pytest.fixture(scope="module")
def after_attacks(database, folder):
    """Every attack in two workers, an honest query after each: verdicts, files before and after, seconds."""

    examples = []
    for n, (attack, _) in enumerate(ATTACKS):
        examples += [Example(f"attack {n}", "SELECT count(*) FROM t", attack, (database,))]
        examples += [Example(f"honest {n}", "SELECT count(*) FROM t", "SELECT count(a) FROM t", (database,))]
    before, start = files(folder), time.monotonic()
    limits = Limits(seconds=0.5, heap_bytes=30_000_000)
    verdicts = dict(judge_in_workers(examples, limits))
    return verdicts, before, files(folder), time.monotonic() - start


@pytest.mark.parametrize("number", range(len(ATTACKS)), ids=[attack[:30] for attack, _ in ATTACKS])
def test_an_attack_gets_its_outcome_and_touches_no_other_example(after_attacks, number):
    verdicts = after_attacks[0]
    assert verdicts[f"attack {number}"].outcome in ATTACKS[number][1].split(" or ")
    assert (verdicts[f"honest {number}"].outcome, verdicts[f"honest {number}"].matches) == ("correct", ALL)


def test_what_takes_more_memory_than_sqlite_may_use_says_so(after_attacks):
    number = next(n for n, (attack, _) in enumerate(ATTACKS) if attack.startswith("SELECT zeroblob"))
    assert after_attacks[0][f"attack {number}"].error == "more than 30,000,000 bytes of memory"


def test_attacks_change_no_file_and_make_none(after_attacks):
    assert after_attacks[1] == after_attacks[2]
    assert not Path("made.sqlite").exists()


def test_attacks_end_in_time(after_attacks):
    assert after_attacks[3] < 60


def test_a_gold_that_runs_for_ever_does_not_count_against_the_prediction(database):
    examples = [Example("1", FOR_EVER, "SELECT 1", (database,)), Example("2", "SELECT 1", "SELECT 1", (database,))]
    first, second = (verdict for _, verdict in judge_in_workers(examples, Limits(seconds=0.3)))
    assert (first.outcome, first.error, second.outcome) == ("gold_error", "the gold runs longer than 0.3 s", "correct")


def test_a_strict_verdict_stands_when_the_text_without_distinct_runs_for_ever(database):
    slow = "SELECT CASE count(DISTINCT a) WHEN 4 THEN (" + FOR_EVER + ") ELSE 3 END FROM t"
    ((_, verdict),) = judge_in_workers([Example("1", "SELECT 3", slow, (database,))], Limits(seconds=0.5))
    assert (verdict.outcome, verdict.error, verdict.matches) == ("correct", None, ALL | {"spider": False})


def test_a_loop_and_workers_agree_and_keep_the_order(database):
    sqls = ["SELECT a FROM t", "SELECT b FROM t", "SELECT c FROM t", None] * 5
    examples = [Example(str(n), "SELECT a FROM t", sql, (database,)) for n, sql in enumerate(sqls)]
    outcomes = ["correct", "wrong_result", "error", "no_sql"] * 5
    assert [verdict.outcome for verdict in judge_all(examples)] == outcomes
    found = [(key, verdict.outcome) for key, verdict in judge_in_workers(examples, Limits())]
    assert found == [(str(n), outcome) for n, outcome in enumerate(outcomes)]
