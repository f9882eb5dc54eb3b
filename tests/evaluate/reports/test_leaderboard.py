"""The score table on the terminal, and the one of all rules."""

import io
from pathlib import Path

from rich.console import Console

from evaluate.report import Written
from evaluate.reports.aggregate import aggregate
from evaluate.reports.leaderboard import not_scored, print_leaderboard, write_leaderboard
from evaluate.runs import Done
from tests.evaluate.reports.result_rows import make_rows


def done(name: str, right: int) -> Done:
    report = aggregate(make_rows(right, 10 - right), run={}, resamples=20)
    return Done(name, Written(report, Path("a.json"), Path("a.md"), Path(f"out/{name}/report.html")), 1.0)


def test_brackets_in_a_name_are_printed_as_they_are():
    text = io.StringIO()
    print_leaderboard([done("lora_target=[q_proj,v_proj]", 10)], Console(file=text, width=120))
    assert text.getvalue().count("lora_target=[q_proj,v_proj]") == 3


def test_every_rule_has_its_column_and_the_best_run_comes_first(tmp_path):
    lines = write_leaderboard([done("b", 2), done("a", 7)], tmp_path / "leaderboard.md").read_text().splitlines()
    assert lines[0] == (
        "| run | strict | spider | spider_keep_distinct | bird | fuzzy | exact_match | execution_rate | syntax_rate | "
        "token_f1 | bleu | rougeL | n |"
    )
    assert [line.split(" | ")[:2] for line in lines[2:]] == [["| a", "70.0"], ["| b", "20.0"]]


def test_of_many_examples_that_are_not_scored_ten_are_named():
    assert not_scored({"gold_error": [], "no_database": list(range(12))}) == [
        "not scored, no_database: 12 (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...; all in results.jsonl)"
    ]
