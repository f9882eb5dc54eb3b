"""No completion that the fuzzer puts together stops a run, fools it or takes an honest row with it.

A minute in CI. By hand, an hour: `FUZZ_SECONDS=3600 ./launch.sh test -m slow tests/evaluate/test_fuzz.py`. What it has
found stays as a case in `FOUND`.
"""

import json
import os
import time
from pathlib import Path

import pytest

from evaluate.execution.verdict import OUTCOMES
from evaluate.extract import extract_sql
from evaluate.report import write_report
from evaluate.score import Settings, score
from tests.databases import files, make_database

hypothesis = pytest.importorskip("hypothesis")

from tests.evaluate.completions_fuzz import completions  # noqa: E402 - needs hypothesis

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
BATCH = 25
CHECKS = list(hypothesis.HealthCheck)
ROW_SECONDS = 8.0  # a run of BATCH rows takes no longer for each, its start left out
FOUND = [
    "SELECT " + "date(" * 40 + "1" + ")" * 40,
    "#" * 30_000,
    "SELECT a FROM t" + " " * 30_000 + "x",
    "SELECT '\ud800' FROM t",
    "WITH a (b) AS (" * 3_000,
    "```" * 10_000,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    make_database(
        folder / "shop" / "shop.sqlite", "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y');"
    )
    return folder


def check(texts: list[str], folder: Path) -> None:
    """One run of the texts, an honest answer behind each: outcomes, time, files, and a report that can be written."""
    answers = [answer for text in texts for answer in (text, "SELECT a FROM t")]
    rows = [{"id": n, "db_id": "shop", "question": "?", "output": "SELECT a FROM t"} for n in range(len(answers))]
    before, start, began = files(folder / "shop"), time.process_time(), time.monotonic()
    results = list(score(rows, {str(n): text for n, text in enumerate(answers)}, Settings(folder, timeout=2.0)))
    assert time.process_time() - start < 20
    assert time.monotonic() - began < 20 * (20 + ROW_SECONDS * len(texts))
    assert {row["outcome"] for row in results} <= set(OUTCOMES) - {"gold_error", "no_database"}
    assert [row["outcome"] for row in results[1::2]] == ["correct"] * len(texts)
    assert files(folder / "shop") == before
    report = write_report(folder / "out", results, run={"name": "fuzz"}, resamples=10)
    assert json.loads(report.json.read_text())["outcomes"]["gold_error"] == 0
    assert report.html.stat().st_size < 5_000_000


def test_what_the_fuzzer_found_stays_mended(folder):
    check(FOUND, folder)


@pytest.mark.slow
def test_no_completion_of_the_fuzzer_stops_a_run(folder):
    end, executions = time.monotonic() + SECONDS, 0

    @hypothesis.settings(max_examples=5, deadline=None, database=None, suppress_health_check=CHECKS)
    @hypothesis.given(hypothesis.strategies.lists(completions, min_size=BATCH, max_size=BATCH))
    def run(texts):
        nonlocal executions
        executions += len(texts)
        check(texts, folder)

    while time.monotonic() < end:
        run()
    print(f"{executions} completions in {SECONDS:g} s")
    assert executions >= BATCH


@pytest.mark.slow
def test_extraction_takes_time_in_proportion_to_the_text(folder):
    """Ten times the text takes at most thirty times as long, whatever the piece that is repeated."""
    slow = []
    for piece in (
        "#",
        " ",
        ".",
        "\n",
        "\t",
        "select a from ",
        "SELECT a FROM t\n",
        "```",
        "<think>",
        "'",
        "(",
        '{"',
        "WITH a ",
    ):
        times = []
        for size in (20_000, 200_000):
            start = time.process_time()
            extract_sql("prose SELECT a FROM t " + piece * (size // len(piece)) + "x")
            times.append(max(time.process_time() - start, 0.02))
        if times[1] > 30 * times[0]:
            slow.append((piece, times))
    assert slow == []
