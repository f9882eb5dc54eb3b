"""Made pairs through the converter: tags, splits, the page, struck pairs, held-back questions."""

import json
import re
import shutil
import sqlite3
from contextlib import closing

import pytest

from converters.corpora.own import LARGEST_COPY, place_database
from converters.questions.generate import Pair
from converters.questions.page import page
from converters.questions.struck import struck_keys, struck_lines
from tests.programs import run_program

QUESTIONS = """question,sql
How many towns do customers come from?,SELECT COUNT(DISTINCT city) FROM customers
Who earns most?,SELECT name FROM emp ORDER BY salary DESC LIMIT 1
"""


@pytest.fixture
def database(shop, tmp_path):
    return shutil.copy(shop, tmp_path / "shop.sqlite")


@pytest.fixture
def convert(tmp_path):
    def run(*options):
        done = run_program("converters/run.py", "own", *options, "--data", tmp_path)
        rows = {}
        for split in ("train", "eval"):
            path = tmp_path / f"own_{split}.json"
            rows[split] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        return done, rows["train"], rows["eval"]

    return run


def test_made_pairs_go_the_way_of_written_ones(convert, database, tmp_path):
    done, train, evaluation = convert("--database", database, "--generate", 80)
    assert done.returncode == 0, done.stderr
    assert len(train) + len(evaluation) == 80
    for row in train + evaluation:
        tags = row["tags"]
        assert tags[0] == "style:compact"
        assert {"generated", "runnable", "returns_rows"} <= set(tags)
        assert sum(tag.startswith("shape:") for tag in tags) == sum(tag.startswith("hardness:") for tag in tags) == 1
        assert row["input"].endswith(f"Question: {row['question']}")
    assert not {row["output"] for row in train} & {row["output"] for row in evaluation}
    assert re.search(r"made 80 pairs of \d+ queries and \d+ shapes .*; easy \d+, medium \d+", done.stdout)
    assert "shape:" not in done.stdout
    assert (tmp_path / "own_data.html").is_file()


def test_struck_pairs_stay_out_of_the_next_run(convert, database, tmp_path):
    _, train, _ = convert("--database", database, "--generate", 60)
    bad = train[5]["question"]
    (tmp_path / "shop.struck.txt").write_text(f"# nobody asks this\n{bad.lower()}\n", encoding="utf-8")
    done, train, evaluation = convert("--database", database, "--generate", 60)
    assert bad not in {row["question"] for row in train + evaluation}
    assert len(train) + len(evaluation) == 60
    assert "1 struck-out pair was left out" in done.stdout


def test_held_back_questions_are_evaluated_and_never_trained_on(convert, database, tmp_path):
    (tmp_path / "mine.csv").write_text(QUESTIONS, encoding="utf-8")
    options = ("--database", database, "--questions", tmp_path / "mine.csv", "--generate", 150)
    done, train, evaluation = convert(*options, "--hold-back-questions")
    assert done.returncode == 0, done.stderr
    mine = [row for row in evaluation if "generated" not in row["tags"]]
    assert [row["id"] for row in mine] == ["shop-2", "shop-3"]
    assert all("generated" in row["tags"] for row in train)
    assert not {row["output"] for row in mine} & {row["output"] for row in train}
    assert 5 <= len(evaluation) - len(mine) <= 25


def test_a_database_too_large_to_copy_is_linked(tmp_path):
    source, target = tmp_path / "large.sqlite", tmp_path / "copies/large/large.sqlite"
    with source.open("wb") as file:
        file.truncate(LARGEST_COPY + 1)  # sparse
    place_database(source, target)
    assert target.is_symlink()
    assert target.resolve() == source


def test_a_number_of_pairs_is_whole(convert, database):
    done, *_ = convert("--database", database, "--generate", "some")
    assert done.returncode == 2
    assert "argument --generate: 'some': a whole number from 1 is expected" in done.stderr


def test_the_page_shows_every_pair_and_keeps_what_was_struck_before(tmp_path):
    pairs = [
        Pair("How <many>?", "SELECT 1 < 2", "count_all", "easy"),
        Pair("Count.", "SELECT 1 < 2", "count_all", "easy"),
    ]
    text = page("shop", pairs, tmp_path / "shop.struck.txt", ["an </script> old one"])
    assert text.count('type="checkbox"') == 3  # two questions, and the query once
    assert 'value="How &lt;many&gt;?"' in text
    assert 'value="SELECT 1 &lt; 2"' in text
    assert "count all (2)" in text
    assert text.count("</script>") == 1
    assert str(tmp_path / "shop.struck.txt") in text


def test_struck_lines_are_questions_and_queries(tmp_path):
    path = tmp_path / "x.struck.txt"
    path.write_text("# comment\n\nHow many, then?\nselect  count(*) from t\n", encoding="utf-8")
    assert struck_lines(path) == ["How many, then?", "select  count(*) from t"]
    assert struck_keys(struck_lines(path)) == struck_keys(["how many then", "SELECT COUNT(*) FROM t"])
    assert struck_lines(tmp_path / "none.txt") == []


def test_robust_copies_answer_alike_under_other_names(convert, database, tmp_path):
    done, train, evaluation = convert("--database", database, "--generate", 40, "--robust", 2)
    assert done.returncode == 0, done.stderr
    rows = {row["id"]: row for row in train + evaluation}
    copies = [row for row in rows.values() if "robust" in row["tags"]]
    assert len(copies) >= 30
    for row in copies:
        original = rows[row["id"].removesuffix("-copy")]
        assert row["question"] == original["question"]
        assert (row in train) == (original in train)
        there, here = (
            sorted(map(repr, query(tmp_path / "databases/own" / each["database"], each["output"])))
            for each in (row, original)
        )
        assert there == here
    assert any(row["output"] != rows[row["id"].removesuffix("-copy")]["output"] for row in copies)
    assert {row["db_id"] for row in copies} == {"shop-copy1", "shop-copy2"}


def reworded(rows, path, **changes):
    """A file of wordings for made rows, as evaluate/paraphrase.py writes it."""
    lines = [{"of": row["question"], "sql": row["output"], "question": f"Pray, {row['question']}"} for row in rows]
    path.write_text("".join(json.dumps(line | changes) + "\n" for line in lines), encoding="utf-8")
    return path


def test_wordings_of_a_model_are_trained_on_and_tagged_and_change_nothing_else(convert, database, tmp_path):
    made = ("--database", database, "--generate", 60)
    _, train, evaluation = convert(*made)
    wordings = reworded([*train, *evaluation], tmp_path / "wordings.jsonl")
    done, more, same = convert(*made, "--wordings", wordings)
    assert done.returncode == 0, done.stderr
    assert same == evaluation
    assert [row for row in more if "wording:grammar" in row["tags"]] == train
    new = {row["question"]: row for row in more if "wording:model" in row["tags"]}
    assert new.keys() == {f"Pray, {row['question']}" for row in train}
    for row in train:
        other = new[f"Pray, {row['question']}"]
        assert (other["output"], other["id"]) == (row["output"], f"{row['id']}-worded")
        assert {*other["tags"]} ^ {*row["tags"]} == {"wording:grammar", "wording:model"}
    assert "  60 pairs also in a model's words, for training alone" in done.stdout
    assert (tmp_path / "own_data.html").read_text().count("worded by the model") == 60


def test_a_wording_that_is_null_or_struck_out_or_there_already_is_left_out(convert, database, tmp_path):
    made = ("--database", database, "--generate", 60)
    _, train, _ = convert(*made)
    path = reworded(train[:3], tmp_path / "wordings.jsonl")
    null, struck, there = [json.loads(line) for line in path.read_text().splitlines()]
    (tmp_path / "shop.struck.txt").write_text(struck["question"])
    lines = [null | {"question": None}, struck, there | {"question": train[9]["question"].upper()}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done, more, _ = convert(*made, "--wordings", path)
    assert (done.returncode, more) == (0, train)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sql": "SELECT 1"}, "none of its lines belongs to a made pair of this database. Make the file again: "),
        ({"of": None}, "wordings.jsonl: row 1: 'of' is missing"),
        ({"question": 5}, "wordings.jsonl: row 1: 'question' is not text but a int"),
    ],
)
def test_a_file_of_wordings_that_does_not_fit_is_refused(convert, database, tmp_path, change, message):
    made = ("--database", database, "--generate", 60)
    _, train, _ = convert(*made)
    done, *_ = convert(*made, "--wordings", reworded(train[:2], tmp_path / "wordings.jsonl", **change))
    assert done.returncode == 2
    assert message in done.stderr


def query(database, sql):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()
