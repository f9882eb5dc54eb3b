"""The schema reader on files made here."""

import sqlite3
from contextlib import closing

import pytest

from sql.schema import Column, ForeignKey, Schema, SchemaError, Table, read_schema, without_values
from tests.databases import make_database

SCRIPT = """
CREATE TABLE team (id INTEGER PRIMARY KEY AUTOINCREMENT, "Home Town" TEXT);
CREATE TABLE player (a INT, b INT, team REFERENCES team, PRIMARY KEY (a, b), FOREIGN KEY (b) REFERENCES team(id));
CREATE VIEW towns AS SELECT "Home Town" FROM team;
INSERT INTO team ("Home Town") VALUES ('Ayr'), ('Fife'), ('Ayr'), (NULL), ('Perth');
"""
TEAM = (Column("id", "INTEGER", 1), Column("Home Town", "TEXT"))
PLAYER = (Column("a", "INT", 1), Column("b", "INT", 2), Column("team", ""))
KEYS = (ForeignKey("b", "team", "id"), ForeignKey("team", "team", "id"))
TOWNS = Table("towns", (Column("Home Town", "TEXT"),))


@pytest.fixture
def database(tmp_path):
    return make_database(tmp_path / "teams.sqlite", SCRIPT)


def test_tables_views_types_and_keys_are_read_and_sqlites_own_tables_are_not(database):
    assert read_schema(database) == Schema((Table("team", TEAM), Table("player", PLAYER, KEYS), TOWNS))


def test_a_view_of_something_that_is_gone_is_left_out(database):
    connection = sqlite3.connect(database)
    connection.execute("DROP TABLE team")
    connection.close()
    assert [table.name for table in read_schema(database).tables] == ["player"]


def test_values_are_read_from_tables_on_demand_and_never_from_views(database):
    team, player, towns = read_schema(database, values=2).tables
    assert team.rows == ((1, "Ayr"), (2, "Fife"), (3, "Ayr"))
    assert [column.values for column in team.columns] == [(1, 2), ("Ayr", "Fife")]
    assert player.rows == ()
    assert (towns.rows, towns.columns[0].values) == ((), ())


def test_without_values_is_the_schema_read_without_them(database):
    assert without_values(read_schema(database, values=5)) == read_schema(database)


def test_text_that_is_not_utf8_is_read(tmp_path):
    path = tmp_path / "bad.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a TEXT)")
    connection.execute("INSERT INTO t VALUES (CAST(x'4eff' AS TEXT))")
    connection.commit()
    connection.close()
    assert read_schema(path, values=1).tables[0].columns[0].values == ("N\ufffd",)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("no.sqlite", None, "no such file. Give the path of a SQLite database."),
        ("", None, "a folder. Give the path of a SQLite database."),
        ("notes.sqlite", b"these are notes, " * 100, "file is not a database. Give the path of a SQLite database."),
        ("empty.sqlite", b"", "the database has no table. Create and fill its tables first."),
    ],
)
def test_what_has_no_schema_is_an_error_and_no_file_is_made(tmp_path, name, content, problem):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    before = list(tmp_path.iterdir())
    with pytest.raises(SchemaError) as error:
        read_schema(path)
    assert str(error.value) == f"{path}: {problem}"
    assert list(tmp_path.iterdir()) == before


def read_script(tmp_path, script, **options):
    path = tmp_path / "made.sqlite"
    make_database(path, script)
    return read_schema(path, **options)


def test_a_generated_column_is_a_column_and_stands_above_its_own_values(tmp_path):
    script = "CREATE TABLE t (a INT, twice INT AS (2 * a), b TEXT); INSERT INTO t (a, b) VALUES (2, 'x')"
    (table,) = read_script(tmp_path, script, values=1).tables
    assert [(column.name, *column.values) for column in table.columns] == [("a", 2), ("twice", 4), ("b", "x")]
    assert [column.generated for column in table.columns] == [False, True, False]
    assert table.rows == ((2, 4, "x"),)


def test_a_key_of_two_columns_that_names_none_refers_to_both_primary_key_columns(tmp_path):
    script = "CREATE TABLE p (a INT, b INT, PRIMARY KEY (b, a)); CREATE TABLE c (x, y, FOREIGN KEY (x, y) REFERENCES p)"
    assert read_script(tmp_path, script).tables[1].foreign_keys == (
        ForeignKey("x", "p", "b", 1),
        ForeignKey("y", "p", "a", 1),
    )


def test_keys_of_several_columns_are_told_apart_and_keys_of_one_have_no_number(tmp_path):
    script = """CREATE TABLE c (x, y, z, FOREIGN KEY (z) REFERENCES p(a),
        FOREIGN KEY (x, y) REFERENCES p(a, b), FOREIGN KEY (y, z) REFERENCES p(a, b))"""
    keys = read_script(tmp_path, script).tables[0].foreign_keys
    assert [(key.column, key.composite) for key in keys] == [("y", 1), ("z", 1), ("x", 2), ("y", 2), ("z", 0)]


def test_what_full_text_search_keeps_is_not_listed(tmp_path):
    script = "CREATE VIRTUAL TABLE page USING fts5 (title, body); INSERT INTO page VALUES ('a', 'b')"
    (table,) = read_script(tmp_path, script, values=1).tables
    assert (table.name, [column.name for column in table.columns]) == ("page", ["title", "body"])
    assert table.rows == (("a", "b"),)


def test_a_virtual_table_of_an_extension_that_is_not_here_is_left_out(tmp_path):
    entry = "('table', 'vectors', 'vectors', 0, 'CREATE VIRTUAL TABLE vectors USING no_such_extension(x)')"
    script = f"CREATE TABLE t (a); PRAGMA writable_schema = 1; INSERT INTO sqlite_master VALUES {entry};"
    assert [table.name for table in read_script(tmp_path, script).tables] == ["t"]


def test_reading_a_database_that_rests_in_wal_mode_makes_no_file(tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; CREATE TABLE item (name TEXT);")
    assert [table.name for table in read_schema(path, values=3).tables] == ["item"]
    assert [file.name for file in tmp_path.iterdir()] == ["shop.sqlite"]


def test_changes_that_still_wait_beside_a_database_are_read(tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; CREATE TABLE item (name TEXT);")
        connection.execute("CREATE TABLE later (name TEXT)")
        assert [table.name for table in read_schema(path).tables] == ["item", "later"]
