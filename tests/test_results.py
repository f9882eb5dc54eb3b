"""What is kept below results/ is what the evaluator says of the predictions beside it, and what the documents say."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.programs import run_program
from tools.comparisons import KEPT as COMPARISONS
from tools.comparisons import ON_SPIDER, RUNS, SAMPLE, questions_of
from tools.documents import CARD, LINK, TABLES
from tools.results import PAIRED, PAIRS, Scorer, compare, data_of, read_reports
from tools.results_charts import MODELS, answers_of, over_seeds, run_of, together

KEPT = read_reports()
COMPARED = read_reports(COMPARISONS)
SOURCES = {"spider": os.environ.get("SPIDER_DIR"), "spider_syn": os.environ.get("SPIDER_SYN_DIR")}
EARLIER = "qwen2.5_coder_0.5b_spider_chat_lora_"  # the adapter before the shipped one: in one table of the report
GOALS = json.loads((ROOT / "results/goals.json").read_text())
OTHERS = re.compile(r"For Qwen2\.5-Coder-0\.5B others report ([\d./ ]+) \(")
NAMES = re.compile(
    r"`[^`]*`|\]\([^)]*\)|[\w.]*\d\.\d+[bB]\w*|<!--.*?-->|CC BY-SA [\d.]+|[\d.]+ GB|learning rate\s+\S+|```.*?```",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    return Scorer(tmp_path_factory.mktemp("scored"), SOURCES)


def test_there_are_results():
    assert len(KEPT) >= 13
    assert {data_of(key.split("/")[0]) for key in KEPT} >= {"exoplanets_lora", "spider", "spider_syn_runnable"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "key", [pytest.param(key, marks=pytest.mark.long if key.startswith(EARLIER) else ()) for key in KEPT]
)
def test_the_predictions_kept_score_what_the_report_says(key, scorer):
    if "spider" in key and not all(SOURCES.values()):
        pytest.skip("SPIDER_DIR or SPIDER_SYN_DIR is not set")
    kept, scored = KEPT[key], json.loads((scorer.score(key) / "report.json").read_text())
    assert scored["outcomes"] == kept["outcomes"]
    for name in ("execution_accuracy", "execution_rate", "spider_keep_distinct_accuracy", "exact_match"):
        assert scored["metrics"][name]["value"] == pytest.approx(kept["metrics"][name]["value"], abs=1e-9)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder with the questions of a comparison, converted once for all runs on the same."""
    work = tmp_path_factory.mktemp("compared")
    return lambda run: made(run, work / run.database)


def made(run, data):
    if not data.exists():
        data.mkdir()
        return questions_of(run, data, Path(SOURCES["spider"] or ".")).scored
    return next(data.glob("*_scored*_eval.json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "key", [pytest.param(key, marks=() if key.endswith("seed1/report") else pytest.mark.long) for key in COMPARED]
)
def test_the_predictions_of_a_comparison_score_what_its_report_says(key, compared, tmp_path):
    run = RUNS[key.rpartition("_seed")[0]]
    if run.database != SAMPLE and not SOURCES["spider"]:
        pytest.skip("SPIDER_DIR is not set")
    questions, predictions = compared(run), COMPARISONS / key.replace("/report", "/predictions.jsonl")
    databases = questions.parent / "databases" / questions.stem.removesuffix("_eval")
    words = ("--predictions", predictions, "--data", questions, "--databases", databases)
    assert run_program("evaluate/run.py", *words, "--out", tmp_path, "--timeout", 120).returncode == 0
    scored = json.loads((tmp_path / "report.json").read_text())
    assert scored["outcomes"] == COMPARED[key]["outcomes"]


@pytest.mark.slow
@pytest.mark.skipif(not all(SOURCES.values()), reason="SPIDER_DIR or SPIDER_SYN_DIR is not set")
@pytest.mark.parametrize("name", PAIRS)
def test_the_paired_differences_kept_are_those_of_the_predictions(name, scorer):
    assert compare(name, scorer) == json.loads(PAIRED.read_text())[name], "run: python tools/results.py"


def test_a_folder_whose_questions_are_unknown_is_an_error():
    with pytest.raises(ValueError, match="results/model_of_nothing: no ending of DATA"):
        data_of("model_of_nothing")


def figures_in(*trees: object) -> set[str]:
    """Every number below the trees as the documents write it: shares and differences in percent, counts as they are."""
    numbers = {tree for tree in trees if isinstance(tree, int | float)}
    shown = {f"{100 * number:.1f}" for number in numbers} | {str(number) for number in numbers}
    parts = [
        part
        for tree in trees
        if isinstance(tree, dict | list)
        for part in (tree.values() if isinstance(tree, dict) else tree)
    ]
    return shown | (figures_in(*parts) if parts else set())


def decimals(text: str) -> set[str]:
    """The numbers with one decimal in a text, without names, links, code and hyperparameters."""
    return set(re.findall(r"(?<![\w.-])\d+\.\d(?!\w|\.\d)", NAMES.sub(" ", text)))


def headline(key: str) -> dict:
    """What the documents take from a report: the metrics, and accuracy by hardness, without what else is counted."""
    return {name: KEPT[key][name] for name in ("metrics", "by_hardness")}


@pytest.mark.parametrize("document", [*TABLES, "docs/report.md"])
def test_each_figure_of_a_row_is_in_the_report_it_links_to(document):
    rows = [line for line in (ROOT / document).read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    linked = [(row, LINK.search(row)[1]) for row in rows if LINK.search(row)]
    goals = figures_in(GOALS) if document == "docs/report.md" else set()
    assert len(linked) >= 4
    for row, key in linked:
        assert decimals(row) - goals <= figures_in(headline(key)), f"{document}: not in results/{key}.json: {row}"


def test_each_figure_of_the_model_card_is_in_the_reports_it_links_to():
    text = (ROOT / CARD).read_text(encoding="utf-8")
    keys = set(LINK.findall(text))
    assert len(keys) >= 4
    assert decimals(text) <= figures_in(*map(headline, keys))


def test_each_figure_of_the_report_is_in_results():
    text = (ROOT / "docs/report.md").read_text(encoding="utf-8")
    repaired = run_of(KEPT, "0.5B shipped", "Spider", repair=True)
    groups = [
        group["execution_accuracy"] for name in ("by_feature", "by_database") for group in repaired[name].values()
    ]
    answers = [answers_of(model)._asdict() for model in MODELS]
    means = [over_seeds(COMPARED, name) for name in RUNS] + [together(COMPARED, name) for name in ON_SPIDER]
    known = figures_in(*map(headline, KEPT), groups, answers, GOALS, json.loads(PAIRED.read_text()), means)
    others = decimals(" ".join(OTHERS.findall(text)))
    size = f"{(ROOT / CARD).with_name('adapter_model.safetensors').stat().st_size / 1e6:.1f}"
    assert decimals(text) - others - {size} <= known
    assert len(decimals(text)) >= 50


def test_the_search_for_figures_would_find_a_typed_one():
    assert decimals("Qwen2.5-Coder-0.5B has 12.3 % and [`1.5b`](results/x_0.5b/report.json) 4.5.") == {"12.3", "4.5"}
    assert "12.3" not in figures_in({"metrics": [{"value": 0.124, "n": 12}]})
    assert {"12.4", "12"} <= figures_in({"metrics": [{"value": 0.124, "n": 12}]})
