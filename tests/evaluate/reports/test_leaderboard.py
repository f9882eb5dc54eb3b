"""The score table on the terminal."""

import io
from pathlib import Path

from rich.console import Console

from evaluate.report import Written
from evaluate.reports.leaderboard import not_scored, print_leaderboard
from evaluate.runs import Done


def figure(value):
    return {"value": value, "n": 1, "low": value, "high": value, "method": "bootstrap"}


def test_brackets_in_a_name_are_printed_as_they_are():
    metrics = {name: figure(1.0) for name in ("execution_accuracy", "execution_rate", "exact_match")}
    report = {"metrics": metrics, "not_scored": {"gold_error": [], "no_database": []}}
    written = Written(report, Path("a.json"), Path("a.md"), Path("out/lora_target=[q_proj,v_proj]/report.html"))
    text = io.StringIO()
    print_leaderboard([Done("lora_target=[q_proj,v_proj]", written, 1.0)], Console(file=text, width=120))
    assert text.getvalue().count("lora_target=[q_proj,v_proj]") == 3


def test_of_many_examples_that_are_not_scored_ten_are_named():
    assert not_scored({"gold_error": [], "no_database": list(range(12))}) == [
        "not scored, no_database: 12 (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...; all in results.jsonl)"
    ]
