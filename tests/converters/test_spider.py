"""Spider: on three databases made here, and on the whole of it where SPIDER_DIR points to it."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from converters.corpora.spider import all_keys
from prompts.prompt import STYLES
from sql.schema import ForeignKey, Table

SPIDER = os.environ.get("SPIDER_DIR")
needs_spider = pytest.mark.skipif(not SPIDER, reason="SPIDER_DIR is not set")


def test_rows_have_stable_ids_tidy_gold_and_tags(small_spider, convert, converted):
    assert convert("spider", "--source", small_spider).returncode == 0
    rows = converted("spider_train")
    assert [row["id"] for row in rows] == ["spider-train-0", "spider-train-1", "spider-others-0"]
    assert rows[0] | {"tags": rows[0]["tags"][2:]} == {
        "id": "spider-train-0",
        "db_id": "shop",
        "database": "shop/shop.sqlite",
        "question": "How many customers?",
        "instruction": "Write a SQLite query that answers the question.",
        "input": "CREATE TABLE customer (\n  id INTEGER,\n  name TEXT,\n  town TEXT,\n  PRIMARY KEY (id)\n);\n"
        "CREATE TABLE sale (\n  id INTEGER,\n  customer INT,\n  amount REAL,\n  sold DATE,\n  PRIMARY KEY (id),\n"
        "  FOREIGN KEY (customer) REFERENCES customer(id)\n);\n\nQuestion: How many customers?",
        "output": "SELECT count(*) FROM customer",
        "tags": ["runnable", "returns_rows"],
    }
    assert rows[1]["tags"][2:] == ["runnable"]
    assert [row["tags"][2:] for row in converted("spider_eval")] == [["runnable", "returns_rows"], [], ["runnable"]]


def test_a_missing_database_is_described_by_tables_json_and_tagged(small_spider, convert, converted):
    convert("spider", "--source", small_spider, "--style", "mschema")
    row = converted("spider_train")[2]
    assert row["tags"][2:] == ["no_database"]
    assert row["input"] == (
        "# Table: things\n[\n(Thing_Name: TEXT),\n(owner: NUMERIC, owner number)\n]\n"
        "# Table: owners\n[\n(nr: NUMERIC, primary key)\n]\n# Foreign keys\nthings.owner = owners.nr\n"
        "\nQuestion: List all things."
    )


def test_keys_that_only_tables_json_knows_are_added(small_spider, convert, converted):
    convert("spider", "--source", small_spider, "--style", "compact")
    assert converted("spider_eval")[0]["input"].startswith("animal(keeper)\nkeeper(nr)\nanimal.keeper = keeper.nr\n")


def test_a_key_of_two_columns_that_tables_json_gives_in_parts_is_shown_once():
    file = (ForeignKey("Room", "Block", "no", 1), ForeignKey("Floor", "Block", "floor", 1))
    told = (
        ForeignKey("room", "block", "No"),
        ForeignKey("floor", "block", "Floor"),
        ForeignKey("nurse", "nurse", "id"),
    )
    assert all_keys(Table("call", (), file), Table("call", (), told)) == (*file, told[2])


def test_the_database_folder_is_linked(small_spider, convert):
    convert("spider", "--source", small_spider)
    link = convert.data / "databases" / "spider"
    assert link.is_symlink()
    assert (link / "shop" / "shop.sqlite").samefile(small_spider / "database" / "shop" / "shop.sqlite")


def test_the_corpus_own_overlap_is_counted(small_spider, convert):
    told = convert("spider", "--source", small_spider).stdout
    assert (
        "  the corpus's own overlap: 1 eval rows share a question with train, 0 a query on the same database\n" in told
    )


def test_a_db_id_that_nothing_knows_is_an_error(small_spider, convert):
    rows = json.loads((small_spider / "dev.json").read_text())
    rows[1]["db_id"] = "zooo"
    (small_spider / "dev.json").write_text(json.dumps(rows))
    run = convert("spider", "--source", small_spider)
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {small_spider / 'dev.json'}: row 2: db_id 'zooo' is neither in tables.json nor in "
        f"{small_spider / 'database'}. Correct the row, or add the database.\n"
    )
    assert not (convert.data / "spider_train.json").exists()


def test_a_missing_column_is_an_error(small_spider, convert):
    (small_spider / "dev.json").write_text('[{"db_id": "zoo", "question": "How many?"}]')
    run = convert("spider", "--source", small_spider)
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {small_spider / 'dev.json'}: row 1: key 'query' is missing; expected: db_id, question, query; "
        "found: db_id, question.\n"
    )


def test_a_folder_without_databases_is_an_error(small_spider, convert):
    shutil.rmtree(small_spider / "database")
    run = convert("spider", "--source", small_spider)
    assert run.returncode == 2
    assert run.stderr == (
        f"converters: {small_spider / 'database'}: no such folder. --source must be the unpacked Spider: "
        "train_spider.json, train_others.json, dev.json, tables.json, database/.\n"
    )


@needs_spider
def test_the_whole_of_spider_is_converted_within_its_bounds(convert, converted):
    run = convert("spider", "--source", SPIDER, anew=True)
    assert run.returncode == 0, run.stderr
    train, dev = converted("spider_train"), converted("spider_eval")
    assert (len(train), len(dev)) == (8659, 1034)
    assert [sum("no_database" in row["tags"] for row in rows) for rows in (train, dev)] == [96, 62]
    assert [sum("runnable" in row["tags"] for row in rows) for rows in (train, dev)] == [8560, 972]
    assert int(re.search(r"peak memory (\d+) MB", run.stdout).group(1)) < 500
    assert sum(float(seconds) for seconds in re.findall(r"([\d.]+) s\)", run.stdout)) < 30


@needs_spider
@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_a_second_conversion_is_byte_identical(convert, style, tmp_path):
    words = ("spider", "--source", SPIDER, "--style", style)
    for folder in ("one", "two"):
        assert convert(*words, data=tmp_path / folder).returncode == 0
    for name in ("spider_train.json", "spider_eval.json"):
        assert Path(tmp_path / "one" / name).read_bytes() == Path(tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("as_file", [True, False])
def test_other_questions_on_the_same_databases_take_the_place_of_spiders(
    as_file, small_spider, convert, converted, tmp_path
):
    syn = tmp_path / "syn"
    syn.mkdir()
    row = {"db_id": "zoo", "SpiderQuestion": "How many animals?", "SpiderSynQuestion": "How many beasts?"}
    (syn / "dev.json").write_text(json.dumps([row | {"query": "SELECT count(*) FROM animal"}]))
    run = convert("spider", "--source", small_spider, "--questions", syn / "dev.json" if as_file else syn)
    assert run.returncode == 0, run.stderr
    assert [each["question"] for each in converted("spider_eval")] == ["How many beasts?"]
    assert converted("spider_train")[0]["question"] == "How many customers?"


def replaced(source: Path, name: str, rows: list[dict]) -> None:
    (source / name).write_text(json.dumps(rows))


def test_rows_without_a_question_or_sql_are_skipped_with_the_reason(small_spider, convert, converted):
    rows = json.loads((small_spider / "dev.json").read_text())
    bad = [
        {"query": None},
        {"query": ""},
        {"query": "null"},
        {"question": None},
        {"question": ["a"]},
        {"question": "\ud83d"},
    ]
    replaced(small_spider, "dev.json", [*rows, *(rows[0] | each for each in bad)])
    run = convert("spider", "--source", small_spider)
    assert run.returncode == 0, run.stderr
    assert len(converted("spider_eval")) == 3
    dev = small_spider / "dev.json"
    for line in (
        f"skipped 1: the SQL is missing\n    {dev}: row 4\n",
        f"skipped 1: the SQL is empty\n    {dev}: row 5\n",
        f'skipped 1: the gold is not SQL\n    {dev}: row 6: near "null": syntax error: null\n',
        f"skipped 1: the question is missing\n    {dev}: row 7\n",
        f"skipped 1: the question is not text but a list\n    {dev}: row 8\n",
        f"skipped 1: the question holds half of a character (a lone surrogate)\n    {dev}: row 9\n",
    ):
        assert line in run.stdout


def test_golds_that_fail_are_counted_by_their_reason(small_spider, convert):
    rows = json.loads((small_spider / "dev.json").read_text())
    replaced(small_spider, "dev.json", [*rows, *(rows[1] for _ in range(3))])
    told = convert("spider", "--source", small_spider).stdout
    assert (
        "  golds that do not run: 4 (written, but not tagged runnable)\n"
        "    4: no such column: wings (spider-dev-1, ...)\n"
    ) in told


def test_types_that_are_none_of_spiders_are_shown_as_they_are(small_spider, convert, converted):
    tables = json.loads((small_spider / "tables.json").read_text())
    tables[1]["column_types"] = ["text", "integer", "real", "date"]
    replaced(small_spider, "tables.json", tables)
    convert("spider", "--source", small_spider)
    assert "  Thing_Name INTEGER,\n  owner REAL,\n" in converted("spider_train")[2]["input"]


def test_spider_realistic_is_one_file(small_spider, convert, converted, tmp_path):
    row = {"db_id": "zoo", "question": "How many beasts?", "query": "SELECT count(*) FROM animal", "query_toks": []}
    (tmp_path / "spider-realistic.json").write_text(json.dumps([row | {"sql": {"from": {}}}]))
    convert("spider", "--source", small_spider, "--questions", tmp_path / "spider-realistic.json")
    assert [each["question"] for each in converted("spider_eval")] == ["How many beasts?"]


def test_spider_dk_brings_its_own_tables_and_databases(small_spider, convert, converted, tmp_path):
    place = tmp_path / "dk"
    shutil.copytree(small_spider / "database" / "zoo", place / "database" / "new_zoo")
    (place / "database/new_zoo/zoo.sqlite").rename(place / "database/new_zoo/new_zoo.sqlite")
    tables = json.loads((small_spider / "tables.json").read_text())
    replaced(place, "tables.json", [tables[2] | {"db_id": "new_zoo"}])
    row = {"db_id": "new_zoo", "question": "How many beasts?", "query": "SELECT count(*) FROM animal", "type": "x"}
    replaced(place, "Spider-DK.json", [row])
    run = convert("spider", "--source", small_spider, "--questions", place)
    assert run.returncode == 0, run.stderr
    (made,) = converted("spider_eval")
    assert made["input"].endswith("FOREIGN KEY (keeper) REFERENCES keeper(nr)\n);\nCREATE TABLE keeper (\n"
        "  nr INT,\n  PRIMARY KEY (nr)\n);\n\nQuestion: How many beasts?")  # fmt: skip
    assert "runnable" in made["tags"]
    for row in (made, converted("spider_train")[0]):
        assert (convert.data / "databases/spider" / row["database"]).is_file()


def test_birds_form_is_read(small_spider, convert, converted):
    (small_spider / "database").rename(small_spider / "dev_databases")
    (small_spider / "tables.json").rename(small_spider / "dev_tables.json")
    rows = [{"question_id": 0, "db_id": "zoo", "question": "How many?", "SQL": "SELECT COUNT(*) FROM animal"}]
    replaced(small_spider, "dev.json", [rows[0] | {"evidence": "of all kinds", "difficulty": "simple"}])
    replaced(small_spider, "train.json", [rows[0] | {"db_id": "shop", "SQL": "SELECT 1", "evidence": ""}])
    run = convert("spider", "--source", small_spider)
    assert run.returncode == 0, run.stderr
    (row,) = converted("spider_eval")
    assert row["output"] == "SELECT COUNT(*) FROM animal"
    assert row["input"].endswith("\n\nHint: of all kinds\nQuestion: How many?")
    assert "difficulty:simple" in row["tags"]
    assert converted("spider_train")[0]["id"] == "bird-train-0"
