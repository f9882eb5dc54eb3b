"""The linker's figures for any corpus, whatever some of its golds are."""

import json

import pytest

from tests.converters.conftest import small_spider  # noqa: F401
from tests.databases import make_database
from tests.programs import run_program

pytest.importorskip("rapidfuzz", reason="rapidfuzz compares the words")

from converters.corpora import spider
from tools.linking_report import measure


def test_a_gold_that_sqlite_cannot_prepare_is_counted_and_left_out(small_spider):  # noqa: F811
    figures = measure(spider.Corpus(str(small_spider)), "eval")
    assert (figures.questions, figures.unread, figures.unhurt) == (2, 1, 1.0)


def test_the_report_names_the_corpus_it_is_about(tmp_path):
    database, questions = tmp_path / "shop.sqlite", tmp_path / "pairs.json"
    make_database(database, "CREATE TABLE customer (name TEXT)")
    questions.write_text(json.dumps([{"question": "Which customers?", "sql": "SELECT name FROM customer"}]))
    run = run_program("tools/linking_report.py", "--database", database, "--questions", questions)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"| {questions}, 1 questions | |\n")
