"""The examples and figures in converters/README.md are those that the programs make today."""

import os

import pytest

from tests.conftest import ROOT

pytest.importorskip("rapidfuzz", reason="rapidfuzz compares the words")

from converters.corpora import spider
from prompts.prompt import STYLES
from tools.linking_report import markdown, measure
from tools.readme import examples, replaced

README = (ROOT / "converters/README.md").read_text(encoding="utf-8")


def test_there_is_a_current_example_of_every_style():
    parts = list(examples())
    assert len(parts) == len(STYLES)
    assert replaced(README, "examples", "\n".join(parts)) == README, "run: python tools/readme.py"


def test_a_document_without_the_marks_is_an_error():
    with pytest.raises(ValueError, match="the marks of 'examples' are missing"):
        replaced("# Converters\n", "examples", "x")


@pytest.mark.skipif("SPIDER_DIR" not in os.environ, reason="SPIDER_DIR is not set")
def test_the_figures_of_the_linker_are_current():
    lines = [
        line
        for line in markdown("Spider dev", measure(spider.Corpus(os.environ["SPIDER_DIR"]), "eval"), "characters")
        if "saved" not in line
    ]
    assert len(lines) > 10
    assert [line for line in lines if line not in README] == [], "run: python tools/readme.py --source SPIDER"
