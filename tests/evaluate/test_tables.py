"""Tables in files become SQLite databases with the values and types that they have."""

import sqlite3
from contextlib import closing

import pytest

from evaluate.tables import TableError, database_of

CSV = '\ufeffname,mass,zip,year,,Name\nKepler b,5.1e3,007,2014,x,"a, b"\n"quoted ""q""",,123,1999,,\n'


def content(path) -> list:
    with database_of(path) as database, closing(sqlite3.connect(database)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
        return [(name, connection.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names]


def columns(path) -> list:
    with database_of(path) as database, closing(sqlite3.connect(database)) as connection:
        return connection.execute(
            "SELECT name, type FROM pragma_table_info((SELECT name FROM sqlite_master))"
        ).fetchall()


def test_a_csv_file_keeps_texts_and_gets_numbers_and_nulls(tmp_path):
    path = tmp_path / "my planets-2.csv"
    path.write_text(CSV, encoding="utf-8")
    rows = [("Kepler b", 5100.0, "007", 2014, "x", "a, b"), ('quoted "q"', None, "123", 1999, None, None)]
    assert content(path) == [("my_planets_2", rows)]
    assert columns(path) == [
        *(("name", "TEXT"), ("mass", "REAL"), ("zip", "TEXT"), ("year", "INTEGER")),
        *(("column_5", "TEXT"), ("Name_2", "TEXT")),
    ]


@pytest.mark.parametrize(("ending", "separator"), [("csv", ";"), ("tsv", "\t"), ("csv", "|")])
def test_other_separators_are_seen(tmp_path, ending, separator):
    path = tmp_path / f"t.{ending}"
    path.write_text(f"a{separator}b\n1{separator}2,5\n3{separator}x\n")
    assert content(path) == [("t", [(1, "2,5"), (3, "x")])]


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "b": {"c": [2]}}\n\n{"b": true, "d": null}\n', '[{"a": 1, "b": {"c": [2]}}, {"b": true, "d": null}]'],
)
def test_json_objects_become_rows(tmp_path, text):
    path = tmp_path / "9 lives.jsonl"
    path.write_text(text)
    assert content(path) == [("t_9_lives", [(1, '{"c": [2]}', None), (None, 1, None)])]


def test_every_sheet_of_an_excel_file_is_a_table(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Sales 2025"
    for row in [(None, None), ("country", "day"), ("France", None), ("Peru", 3.5)]:
        book.active.append(row)
    book.create_sheet("empty")
    book.create_sheet("b").append(["x"])
    book.save(tmp_path / "sales.xlsx")
    assert content(tmp_path / "sales.xlsx") == [("Sales_2025", [("France", None), ("Peru", 3.5)]), ("b", [])]


def test_a_sqlite_file_is_asked_itself(tmp_path):
    with database_of(tmp_path / "shop.sqlite") as database:
        assert database == tmp_path / "shop.sqlite"


def test_the_copy_is_gone_afterwards(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    with database_of(tmp_path / "t.csv") as database:
        assert database.is_file()
    assert not database.parent.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "empty. The first line must name the columns."),
        ("t.csv", b"a,b\n1\n", "row 2 has 1 values, the header has 2. Quote commas in values."),
        ("t.csv", b"a\n\xff\n", "not UTF-8 (byte 2). Save it as UTF-8."),
        ("t.jsonl", b"[1, 2]", "expected JSON objects, a line each or in one array."),
        ("t.jsonl", b"[1", "no table can be read from it (Expecting ',' delimiter: line 1 column 3 (char 2))."),
        ("t.xlsx", b"PK", "not readable as an Excel file (File is not a zip file)."),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    if name.endswith("xlsx"):
        pytest.importorskip("openpyxl")
    with pytest.raises(TableError) as error, database_of(tmp_path / name):
        pass
    assert str(error.value) == f"{tmp_path / name}: {message}"
