"""One's own database: from two files to rows, and what is said about files with errors."""

import json
import sqlite3

import pytest

from tests.databases import make_database

SQL = {
    "How many customers?": "SELECT COUNT(*) FROM customer",
    "Who lives in Ayr?": "SELECT name FROM customer WHERE town = 'Ayr';",
    "Who lives in Perth?": "SELECT name FROM customer WHERE town = 'Perth'",
    "What did Ada pay?": "SELECT SUM(amount) FROM sale JOIN customer ON customer.id = customer WHERE name = 'Ada'",
}


@pytest.fixture
def shop(small_spider):
    return small_spider / "database/shop/shop.sqlite"


@pytest.fixture
def pairs(tmp_path):
    """Writes a CSV of questions: `pairs([{"question": ..., "sql": ...}])` -> its path."""

    def write(rows, name="pairs.csv"):
        path = tmp_path / name
        keys = list(dict.fromkeys(key for row in rows for key in row))
        lines = [
            ",".join(keys),
            *(",".join('"' + str(row.get(key, "")).replace('"', '""') + '"' for key in keys) for row in rows),
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


ROWS = [{"question": question, "sql": sql} for question, sql in SQL.items()]


def test_two_files_become_rows_on_a_copy_of_the_database(shop, pairs, convert, converted):
    run = convert("own", "--database", shop, "--questions", pairs(ROWS))
    assert run.returncode == 0, run.stderr
    train, evaluation = converted("own_train"), converted("own_eval")
    assert (len(train), len(evaluation)) == (3, 1)
    assert {row["question"]: row["output"] for row in train + evaluation} == {
        question: sql.removesuffix(";") for question, sql in SQL.items()
    }
    assert {row["db_id"] for row in train} == {"shop"}
    assert sorted(row["id"] for row in train + evaluation) == ["shop-2", "shop-3", "shop-4", "shop-5"]
    copy = convert.data / "databases/own" / train[0]["database"]
    assert not copy.is_symlink()
    assert sqlite3.connect(copy).execute("SELECT name FROM customer").fetchall() == [("Ada",), ("Bo",)]


@pytest.mark.parametrize("name", ["pairs.json", "pairs.jsonl"])
def test_json_does_as_well_and_query_is_another_name_for_sql(name, shop, tmp_path, convert, converted):
    rows = [
        {"Question": row["question"], "query": row["sql"], "id": f"q{n}", "hint": "in pounds"}
        for n, row in enumerate(ROWS)
    ]
    text = json.dumps(rows) if name.endswith(".json") else "\n".join(map(json.dumps, rows))
    (tmp_path / name).write_text(text)
    assert convert("own", "--database", shop, "--questions", tmp_path / name, "--db-id", "store").returncode == 0
    made = converted("own_train") + converted("own_eval")
    assert sorted(row["id"] for row in made) == ["q0", "q1", "q2", "q3"]
    assert {row["database"] for row in made} == {"store/store.sqlite"}
    assert all("\nHint: in pounds\nQuestion: " in row["input"] for row in made)


def test_what_waits_in_the_write_ahead_log_is_copied(shop, pairs, convert):
    connection = sqlite3.connect(shop)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("INSERT INTO customer VALUES (3, 'Cy', 'Fife')")
    connection.commit()
    convert("own", "--database", shop, "--questions", pairs(ROWS))
    copy = sqlite3.connect(convert.data / "databases/own/shop/shop.sqlite")
    assert copy.execute("SELECT COUNT(*) FROM customer").fetchone() == (3,)
    connection.close()


def test_like_questions_go_to_one_side(shop, pairs, convert, converted):
    rows = [
        {"question": f"{start} {n}?", "sql": f"SELECT {n}"} for n in range(10) for start in ("how many", "How  many")
    ]
    convert("own", "--database", shop, "--questions", pairs(rows), "--split", 0.3)
    train, evaluation = (
        {row["question"].lower().replace("  ", " ") for row in converted(name)} for name in ("own_train", "own_eval")
    )
    assert (len(train), len(evaluation)) == (7, 3)


def test_every_gold_that_fails_is_listed_with_file_row_and_sqlites_message(shop, pairs, convert, converted):
    rows = [
        *ROWS,
        *({"question": f"Bad {n}?", "sql": f"SELECT bad{n} FROM customer"} for n in range(12)),
        {"question": "Drop?", "sql": "DROP TABLE sale"},
    ]
    path = pairs(rows)
    told = convert("own", "--database", shop, "--questions", path).stdout
    assert "  skipped 13: the SQL does not run\n" in told
    for n in range(12):
        assert f"    no such column: bad{n}: {path}: row {n + 6}: SELECT bad{n} FROM customer\n" in told
    assert f"    attempt to write a readonly database: {path}: row 18: DROP TABLE sale\n" in told
    assert len(converted("own_train")) + len(converted("own_eval")) == 4
    assert sqlite3.connect(shop).execute("SELECT COUNT(*) FROM sale").fetchone() == (2,)


def test_all_mistakes_of_a_file_are_told_at_once(shop, pairs, convert):
    rows = [
        {"id": "a", "question": "How many?", "sql": "SELECT 1", "db_id": "shop"},
        {"id": "a", "question": "", "sql": "SELECT 2", "db_id": "shop"},
        {"id": "b", "question": "Who?", "sql": "", "db_id": "stop"},
    ]
    path = pairs(rows)
    run = convert("own", "--database", shop, "--questions", path)
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {path} has errors:\n"
        f"  {path}: row 3: column 'question' is empty\n"
        f"  {path}: row 3: duplicate id 'a' (first in row 2)\n"
        f"  {path}: row 4: column 'sql' is empty\n"
        f"  {path}: row 4: db_id 'stop', but the database is 'shop'; one database at a time (--db-id names it)\n"
    )


def test_a_missing_column_is_named_with_those_found(shop, pairs, convert):
    path = pairs([{"frage": "Wer?", "sql": "SELECT 1"}])
    run = convert("own", "--database", shop, "--questions", path)
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {path} has errors:\n  {path}: row 2: column 'question' is missing; found: frage, sql\n"
    )


def test_a_header_that_is_missing_is_told_once(shop, tmp_path, convert):
    path = tmp_path / "pairs.csv"
    path.write_text("Who?,SELECT 1\nWhere?,SELECT 2\nWhen?,SELECT 3\n")
    run = convert("own", "--database", shop, "--questions", path)
    found = "is missing; found: Who?, SELECT 1 (in 2 rows; the first line of a CSV file names its columns)\n"
    assert (run.returncode, run.stderr) == (
        2,
        f"converters: {path} has errors:\n"
        f"  {path}: row 2: column 'question' {found}  {path}: row 2: column 'sql' {found}",
    )


@pytest.mark.parametrize("split", ["0", "1", "20%", "0,2", "nan"])
def test_a_share_that_is_none_is_told_with_what_is_expected(shop, pairs, convert, split):
    run = convert("own", "--database", shop, "--questions", pairs(ROWS), "--split", split)
    assert run.returncode == 2
    assert run.stderr.endswith(f"argument --split: {split}: a share between 0 and 1 is expected, as in 0.1\n")


def test_all_failing_golds_are_listed_where_no_other_is_left(shop, pairs, convert):
    path = pairs([{"question": f"Who {n}?", "sql": f"SELECT who{n}"} for n in range(3)])
    assert convert("own", "--database", shop, "--questions", path).stderr == (
        f"converters: {convert.data}/own_train.json: no row is left to write: 3 rows read, 3 skipped.\n"
        f"  skipped 3: the SQL does not run\n"
        f"    no such column: who0: {path}: row 2: SELECT who0\n"
        f"    no such column: who1: {path}: row 3: SELECT who1\n"
        f"    no such column: who2: {path}: row 4: SELECT who2\n"
    )


def test_a_single_question_cannot_be_divided(shop, pairs, convert):
    run = convert("own", "--database", shop, "--questions", pairs(ROWS[:1]))
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {convert.data}/own_eval.json: no row is left to write: 0 rows read, 0 skipped. "
        "A split needs at least two distinct questions with different SQL.\n"
    )


def test_a_folder_in_place_of_the_database_is_an_error(pairs, tmp_path, convert):
    run = convert("own", "--database", tmp_path, "--questions", pairs(ROWS))
    assert (run.returncode, run.stderr) == (
        2,
        f"converters: {tmp_path}: a folder. Give the path of a SQLite database.\n",
    )


def test_a_database_and_questions_or_a_number_of_made_ones_are_needed(convert):
    run = convert("own")
    assert run.returncode == 2
    assert run.stderr == (
        "converters: own needs --database and --questions or --generate. Run: python converters/run.py own "
        "--database FILE.sqlite --questions PAIRS.csv\n  FILE.sqlite is your database; PAIRS.csv is a CSV, JSON or "
        "JSON-lines file with the columns question and sql\n"
    )


def test_full_text_search_is_a_query_as_any_other(tmp_path, pairs, convert, converted):
    path = tmp_path / "docs.sqlite"
    make_database(path, "CREATE VIRTUAL TABLE d USING fts5 (t); INSERT INTO d VALUES ('a')")
    rows = [{"question": "a?", "sql": "SELECT t FROM d"}, {"question": "b?", "sql": "SELECT count(*) FROM d"}]
    run = convert("own", "--database", path, "--questions", pairs(rows))
    assert run.returncode == 0, run.stderr
    assert "skipped" not in run.stdout
    assert len(converted("own_train")) == len(converted("own_eval")) == 1


@pytest.mark.parametrize(
    "row",
    [
        {"question": "How many?", "query": "SELECT 1", "sql": {"select": [False, []]}},
        {"question": "How many?", "sql": ["SELECT"], "query": "SELECT 1", "db_id": "shop"},
        {"question_id": 0, "question": "How many?", "SQL": "SELECT 1", "evidence": "", "difficulty": "simple"},
    ],
)
def test_a_parsed_query_is_not_taken_for_its_text(row, shop, tmp_path, convert, converted):
    path = tmp_path / "pairs.json"
    other = {key: value for key, value in row.items() if key != "question_id"}
    path.write_text(
        json.dumps([row, other | {"question": "Why?"} | {k: "SELECT 2" for k in row if row[k] == "SELECT 1"}])
    )
    run = convert("own", "--database", shop, "--questions", path)
    assert run.returncode == 0, run.stderr
    assert {each["output"] for each in converted("own_train") + converted("own_eval")} == {"SELECT 1", "SELECT 2"}


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        (None, "is missing"),
        (["a", "list"], "is not text but a list"),
        ("Who\ud83d?", "holds half of a character (a lone surrogate)"),
    ],
)
def test_a_question_that_is_no_text_is_named(question, problem, shop, tmp_path, convert):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([{"question": question, "sql": "SELECT 1"}, {"question": "Why?", "sql": "SELECT 2"}]))
    run = convert("own", "--database", shop, "--questions", path)
    assert (run.returncode, run.stderr) == (
        2, f"converters: {path} has errors:\n  {path}: row 1: column 'question' {problem}\n"
    )  # fmt: skip


def test_many_mistakes_are_not_all_listed(shop, pairs, convert):
    run = convert("own", "--database", shop, "--questions", pairs([{"question": "", "sql": "SELECT 1"}] * 50))
    assert len(run.stderr.splitlines()) == 22
    assert run.stderr.endswith("\n  and 30 more\n")


def test_golds_with_one_error_are_one_line(shop, pairs, convert):
    rows = [*ROWS, *({"question": f"Bad {n}?", "sql": f"SELECT bad, {n} FROM customer"} for n in range(30))]
    path = pairs(rows)
    told = convert("own", "--database", shop, "--questions", path).stdout
    assert f"    no such column: bad: {path}: row 6: SELECT bad, 0 FROM customer and 29 more\n" in told
    assert told.count("no such column") == 1


def test_a_locked_database_says_what_to_do(shop, pairs, convert):
    connection = sqlite3.connect(shop, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    run = convert("own", "--database", shop, "--questions", pairs(ROWS))
    connection.close()
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {shop}: database is locked. Another program is writing to it. Close that program, or give a copy "
        "of the file.\n"
    )


def test_a_database_that_was_cut_off_is_refused(shop, pairs, convert):
    connection = sqlite3.connect(shop)
    connection.executemany("INSERT INTO customer (name, town) VALUES (?, 'x')", [("y" * 900,)] * 40)
    connection.commit()
    connection.close()
    with shop.open("r+b") as file:
        file.truncate(shop.stat().st_size - 4096 - 100)
    run = convert("own", "--database", shop, "--questions", pairs(ROWS[:2]))
    assert run.returncode == 2
    assert run.stderr.startswith(f"converters: {shop}")
