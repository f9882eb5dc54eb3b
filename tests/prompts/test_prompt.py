"""Every prompt style, character by character, on one small schema."""

import sqlite3

import pytest

from prompts.prompt import KEYWORDS, STYLES, build_prompt, create_table, identifier, user_turn
from sql.schema import Column, ForeignKey, Schema, Table, schema_of

SINGER = Table(
    "singer",
    (Column("singer_id", "INTEGER", True, "", (1, 2)), Column("Home Town", "TEXT", False, "where born", ("O'Hara",))),
    (),
    ((1, "O'Hara"), (2, None)),
)
CONCERT = Table(
    "concert", (Column("order", ""), Column("singer_id", "INT")), (ForeignKey("singer_id", "singer", "singer_id"),)
)
SCHEMA = Schema((SINGER, CONCERT))
QUESTION = "How many\n singers?"
PLAIN = "Write a SQLite query that answers the question.\n"
DDL = """CREATE TABLE singer (
  singer_id INTEGER,
  "Home Town" TEXT,
  PRIMARY KEY (singer_id)
);
"""
DDL_CONCERT = """CREATE TABLE concert (
  "order",
  singer_id INT,
  FOREIGN KEY (singer_id) REFERENCES singer(singer_id)
);
"""
PROMPTS = {
    "compact": PLAIN
    + 'singer(singer_id, "Home Town")\nconcert("order", singer_id)\nconcert.singer_id = singer.singer_id\n'
    + "\nQuestion: How many singers?",
    "ddl": PLAIN + DDL + DDL_CONCERT + "\nQuestion: How many singers?",
    "ddl_rows": PLAIN
    + DDL
    + "/*\nsinger_id, \"Home Town\"\n1, 'O''Hara'\n2, NULL\n*/\n"
    + DDL_CONCERT
    + "\nQuestion: How many singers?",
    "mschema": PLAIN
    + "# Table: singer\n[\n(singer_id: INTEGER, primary key, examples: [1, 2]),\n"
    + "(\"Home Town\": TEXT, where born, examples: ['O''Hara'])\n]\n"
    + '# Table: concert\n[\n("order"),\n(singer_id: INT)\n]\n'
    + "# Foreign keys\nconcert.singer_id = singer.singer_id\n\nQuestion: How many singers?",
    "premsql": "# Follow these instruction:\nThe schema of a database follows. Write one correct SQLite query that "
    + "answers the question: a single line, without a\ncode fence, with tables and columns of that schema only.\n\n"
    + f"# Database and Table Schema:\n{DDL}{DDL_CONCERT}\n# Question: How many singers?\n\n# SQL:",
    "t5": 'translate to SQL: How many singers? | singer: singer_id, "Home Town" | concert: "order", singer_id',
}


def test_every_style_is_tried_here():
    assert PROMPTS.keys() == STYLES.keys()


@pytest.mark.parametrize("style", STYLES)
def test_a_style_writes_the_whole_user_turn(style):
    assert user_turn(*build_prompt(SCHEMA, QUESTION, style=style)) == PROMPTS[style]


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("compact", "\n\nHint: born abroad\nQuestion: Who?"),
        ("premsql", ");\n\nborn abroad\n\n# Question: Who?\n\n# SQL:"),
        ("t5", "translate to SQL: Who? | hint: born abroad | singer:"),
    ],
)
def test_evidence_is_an_optional_line(style, line):
    assert line in user_turn(*build_prompt(SCHEMA, "Who?", style=style, evidence=" born\nabroad "))


def test_an_unknown_style_is_refused():
    known = "compact, ddl, ddl_rows, mschema, premsql, t5"
    with pytest.raises(ValueError, match=f"prompt style 'xml' is unknown; choose one of: {known}"):
        build_prompt(SCHEMA, QUESTION, style="xml")


def test_long_values_end_in_dots_and_bytes_are_hex():
    table = Table("t", (Column("a", ""),), (), (("x" * 41,), (b"\x00\xff" * 5,), ("a */ b",)))
    text = build_prompt(Schema((table,)), "?", style="ddl_rows").input
    assert "'" + "x" * 40 + "...'" in text
    assert "x'00ff00ff00ff00ff...'" in text
    assert "a * / b" in text


@pytest.mark.parametrize(
    "name", ["name", "_x1", *sorted(KEYWORDS), "18_49_Share", "%_Change", 'say "hi"', "From", "Straße"]
)
def test_a_quoted_name_is_what_sqlite_reads(name):
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t ({identifier(name)} TEXT)")
    connection.execute("INSERT INTO t VALUES ('here')")
    cursor = connection.execute(f"SELECT {identifier(name)} FROM t")
    assert cursor.fetchall() == [("here",)]
    assert cursor.description[0][0] == name


@pytest.mark.parametrize(
    ("name", "written"), [("name", "name"), ("Name_2", "Name_2"), ("two words", '"two words"'), ("order", '"order"')]
)
def test_names_are_quoted_only_where_needed(name, written):
    assert identifier(name) == written


def test_a_foreign_key_of_two_columns_is_one_clause_that_sqlite_reads_as_one():
    columns = (Column("room", "INT"), Column("floor", "INT"), Column("nurse", "INT"))
    keys = (ForeignKey("room", "block", "no", 1), ForeignKey("floor", "block", "floor", 1))
    call = Table("call", columns, (*keys, ForeignKey("nurse", "nurse", "id")))
    text = create_table(call)
    assert text == (
        "CREATE TABLE call (\n  room INT,\n  floor INT,\n  nurse INT,\n"
        "  FOREIGN KEY (room, floor) REFERENCES block(no, floor),\n  FOREIGN KEY (nurse) REFERENCES nurse(id)\n);"
    )
    connection = sqlite3.connect(":memory:")
    connection.execute(text)
    (read,) = schema_of(connection).tables
    assert [key.column for key in read.foreign_keys if key.composite] == ["room", "floor"]


def test_a_key_of_several_columns_has_them_in_its_own_order():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a INT, b INT, PRIMARY KEY (b, a))")
    assert create_table(schema_of(connection).tables[0]).endswith("  PRIMARY KEY (b, a)\n);")


def test_a_number_without_end_is_one_that_sqlite_reads():
    table = Table("t", (Column("a", "REAL"),), (), ((float("inf"),), (float("-inf"),)))
    assert "\n9e999\n-9e999\n" in build_prompt(Schema((table,)), "?", style="ddl_rows").input
    connection = sqlite3.connect(":memory:")
    assert connection.execute("SELECT 9e999, -9e999").fetchone() == (float("inf"), float("-inf"))
