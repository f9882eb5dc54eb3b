"""Execution match against the official evaluator, row by row, on the predictions of published systems on Spider dev.

The official verdicts were made by taoyds/test-suite-sql-eval on the same databases, with default flags
(`official_ex`) and with `--keep_distinct`. All 15 x 972 rows agree in both, so there is no list of differences: none is
accepted. The databases must hold the same bytes afterwards, and extraction must change no verdict on what was written
as SQL.
"""

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from evaluate.execution.verdict import Example
from tests.databases import files
from tests.evaluate.execution.judging import judge_all

NEEDS = [name for name in ("SPIDER_DIR", "SPIDER_PREDICTIONS_DIR") if name not in os.environ]
pytestmark = pytest.mark.skipif(bool(NEEDS), reason=f"not set: {', '.join(NEEDS)}")

# How many of the 972 rows match by: strict, spider, spider_keep_distinct, bird, fuzzy.
COUNTS = {
    "codes_1b": (752, 762, 752, 743, 754),
    "codex_few_shot": (689, 682, 689, 682, 695),
    "dail_sql_gpt4": (808, 809, 808, 788, 812),
    "dbgpthub_lora": (576, 586, 576, 559, 579),
    "din_sql_gpt4": (799, 809, 799, 791, 822),
    "leaderboard_01": (368, 370, 368, 368, 371),
    "leaderboard_03": (351, 357, 351, 347, 355),
    "leaderboard_08": (376, 392, 376, 337, 379),
    "leaderboard_09": (420, 425, 420, 414, 426),
    "leaderboard_10": (666, 678, 666, 668, 671),
    "prompt_text_to_sql_chatgpt": (708, 717, 708, 693, 753),
    "qwen25coder_1.5b_base_0shot": (572, 576, 572, 569, 574),
    "qwen25coder_1.5b_base_3shot": (562, 560, 562, 545, 564),
    "spider_evaluation_llm": (737, 741, 737, 711, 760),
    "structgpt": (732, 752, 732, 716, 747),
}
QUICK = ("dail_sql_gpt4", "dbgpthub_lora")
SYSTEMS = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in COUNTS]
OFFICIAL = {"spider": "official_ex", "spider_keep_distinct": "official_ex_keep_distinct"}


@pytest.fixture(scope="module")
def golds():
    return [row["query"] for row in json.loads((Path(os.environ["SPIDER_DIR"]) / "dev.json").read_text())]


@pytest.fixture(scope="module")
def databases():
    """The folder of the databases, whose files hold the same bytes when all tests are through."""
    folder = Path(os.environ["SPIDER_DIR"]) / "database"
    before = files(folder)
    yield folder
    assert files(folder) == before


def rows_of(system: str) -> list[dict]:
    lines = (Path(os.environ["SPIDER_PREDICTIONS_DIR"]) / f"{system}.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if "official_ex" in row]


def example(row: dict, golds: list[str], databases: Path, predicted: str | None) -> Example:
    path = databases / row["db_id"] / f"{row['db_id']}.sqlite"
    return Example(str(row["id"]), golds[row["id"]], predicted, (path,))


@pytest.mark.parametrize("system", SYSTEMS)
def test_both_spider_rules_say_of_every_row_what_the_official_tool_says(system, golds, databases):
    rows = rows_of(system)
    examples = [example(row, golds, databases, row["prediction"]) for row in rows]
    verdicts = judge_all(examples, timeout=60)
    differing = [
        (row["id"], rule)
        for row, verdict in zip(rows, verdicts, strict=True)
        for rule, column in OFFICIAL.items()
        if verdict.matches[rule] is not bool(row[column])
    ]
    matched = Counter(rule for verdict in verdicts for rule, held in verdict.matches.items() if held)
    assert (len(rows), differing, tuple(matched.values())) == (972, [], COUNTS[system])
    assert Counter(verdict.outcome for verdict in verdicts)["correct"] == matched["strict"]
    assert sum(verdict.gold_empty for verdict in verdicts) == 49
    assert sum(verdict.tied_limit for verdict in verdicts) == 42


def test_every_gold_matches_itself_by_every_rule(golds, databases):
    rows = rows_of("codes_1b")
    verdicts = judge_all([example(row, golds, databases, golds[row["id"]]) for row in rows])
    assert Counter(verdict.outcome for verdict in verdicts) == {"correct": 972}
    assert all(all(verdict.matches.values()) for verdict in verdicts)


def test_a_missing_database_is_counted_and_never_scored(golds, databases):
    dev = json.loads((Path(os.environ["SPIDER_DIR"]) / "dev.json").read_text())
    rows = [{"id": n, "db_id": row["db_id"]} for n, row in enumerate(dev) if row["db_id"] == "wta_1"]
    verdicts = judge_all([example(row, golds, databases, golds[row["id"]]) for row in rows])
    assert Counter(verdict.outcome for verdict in verdicts) == {"no_database": 62}
    assert not any(any(verdict.matches.values()) for verdict in verdicts)
    assert not (databases / "wta_1").exists()


def test_972_predictions_are_judged_by_all_rules_in_seconds(golds, databases):
    rows = rows_of("dail_sql_gpt4")
    examples = [example(row, golds, databases, row["prediction"]) for row in rows]
    start = time.process_time()
    assert len(judge_all(examples)) == 972
    assert time.process_time() - start < 8
