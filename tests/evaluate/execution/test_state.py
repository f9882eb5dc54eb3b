"""What of a database counts as its state, and how a difference between two states is listed."""

import sqlite3
from collections import Counter

import pytest

from evaluate.execution.sandbox import Limits, Refused
from evaluate.execution.state import Relation, State, affinity, changes, read_state


def state_after(script: str, limits: Limits = Limits()) -> State:  # noqa: B008 - immutable
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(script)
    state = read_state(connection, limits)
    connection.close()
    return state


def test_a_state_in_full():
    state = state_after(
        """
        CREATE TABLE T (A INT, b AS (a + 1)); INSERT INTO T VALUES (1), (1), (NULL);
        CREATE VIEW v AS SELECT count(*) AS n FROM t;
        CREATE UNIQUE INDEX i ON t (a, b DESC) WHERE a > 5; CREATE INDEX j ON t (abs(a));
        CREATE TRIGGER R AFTER  INSERT ON t BEGIN DELETE FROM t WHERE a = 'X'; END;
        """
    )
    assert state == State(
        {
            "t": Relation("table", (("a", "INTEGER"), ("b", "BLOB")), Counter({(1, 2): 2, (None, None): 1})),
            "v": Relation("view", (("n", ""),), Counter({(3,): 1})),
        },
        Counter(
            {
                ("index", "t", "unique (a, b DESC) partial"): 1,
                ("index", "t", "((expression))"): 1,
                ("trigger", "t", "create trigger r after insert on t begin delete from t where a = 'X' ; end"): 1,
            }
        ),
    )


def test_what_sqlite_keeps_for_itself_is_no_part_of_a_state():
    state = state_after(
        """
        CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b UNIQUE); INSERT INTO t VALUES (1, 2); ANALYZE;
        CREATE VIRTUAL TABLE notes USING fts5(body); INSERT INTO notes VALUES ('cup');
        """
    )
    assert sorted(state.relations) == ["notes", "t"]
    assert state.relations["notes"] == Relation("table", (("body", "BLOB"),), Counter({("cup",): 1}))
    assert state.others == Counter()


def test_a_view_that_cannot_be_read_has_the_message_in_its_place():
    state = state_after("CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; DROP TABLE t")
    assert state.relations == {"v": Relation("view", (("no such table: main.t", ""),), Counter())}


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("INT", "INTEGER"),
        ("bigint", "INTEGER"),
        ("CHARINT", "INTEGER"),
        ("VARCHAR(255)", "TEXT"),
        ("clob", "TEXT"),
        ("BLOB", "BLOB"),
        ("", "BLOB"),
        ("DOUBLE PRECISION", "REAL"),
        ("FLOAT", "REAL"),
        ("DECIMAL(10, 2)", "NUMERIC"),
        ("DATE", "NUMERIC"),
    ],
)
def test_the_affinity_of_a_type_is_sqlites(declared, name):
    assert affinity(declared) == name
    kinds = {"INTEGER": "integer", "TEXT": "text", "BLOB": "text", "REAL": "real", "NUMERIC": "integer"}
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t (a {declared})")
    connection.execute("INSERT INTO t VALUES ('1')")
    assert connection.execute("SELECT typeof(a) FROM t").fetchone() == (kinds[name],)
    connection.close()


@pytest.mark.parametrize(("most", "fits"), [(3_000, True), (1_500, False)])
def test_all_tables_together_must_fit(most, fits):
    script = "CREATE TABLE t AS SELECT hex(zeroblob(400)); CREATE TABLE u AS SELECT hex(zeroblob(400))"
    if fits:
        assert len(state_after(script, Limits(result_bytes=most)).relations) == 2
        return
    with pytest.raises(Refused, match="the tables take more than 1,500 bytes"):
        state_after(script, Limits(result_bytes=most))


START = "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, NULL); "


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("", []),
        ("UPDATE t SET a = a + 5 WHERE a = 2", [("t", "changed", 1, 1)]),
        ("INSERT INTO t VALUES (3, 'y'), (3, 'y')", [("t", "changed", 0, 2)]),
        ("CREATE TABLE u (c REAL, d); INSERT INTO u VALUES (1, 2)", [("u", "created", 0, 1)]),
        ("DROP TABLE t", [("t", "dropped", 2, 0)]),
        ("ALTER TABLE t RENAME COLUMN b TO c", [("t", "changed", 0, 0)]),
        ("CREATE VIEW v AS SELECT a FROM t", [("v", "created", 0, 2)]),
        ("CREATE INDEX i ON t (b)", [("index on t", "created", 0, 0)]),
    ],
)
def test_each_change_is_listed_with_the_rows_it_took_and_gave(script, shown):
    assert changes(state_after(START), state_after(START + script)) == shown
