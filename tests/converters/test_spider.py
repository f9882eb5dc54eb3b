"""Spider: on three databases made here, and on the whole of it where SPIDER_DIR points to it."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from converters.corpora.spider import all_keys
from converters.prompt import STYLES
from converters.schema import ForeignKey, Table

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
        f"{small_spider / 'database'}. Mend the row, or add the database.\n"
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
