"""What is kept below results/ is what the evaluator says of the predictions beside it."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

KEPT = sorted((ROOT / "results").glob("*/report*.json"))
SPIDER = os.environ.get("SPIDER_DIR")
EXOPLANETS = ("exoplanets",)
SPIDER_STYLE = ("spider", "--style", "compact", "--source", str(SPIDER))
DATA = {
    "exoplanets_lora": EXOPLANETS,
    "spider": SPIDER_STYLE,
    "spider_runnable": (*SPIDER_STYLE, "--only", "runnable"),
    "spider_syn": (*SPIDER_STYLE, "--questions", str(os.environ.get("SPIDER_SYN_DIR"))),
    "spider_syn_runnable": (*SPIDER_STYLE, "--only", "runnable", "--questions", str(os.environ.get("SPIDER_SYN_DIR"))),
}


def data_of(folder: str) -> str:
    """`spider` for `qwen2.5_coder_0.5b_untuned_spider`."""
    return max((name for name in DATA if folder.endswith(f"_{name}")), key=len)


def run(*words) -> None:
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """A function from a data set's name to its converted evaluation file, made once."""
    folder = tmp_path_factory.mktemp("data")

    def convert(name: str):
        path = folder / f"{name}_eval.json"
        if not path.exists():
            run("converters/run.py", *DATA[name], "--name", name, "--data", folder)
        return path

    return convert


def test_there_are_results():
    assert len(KEPT) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("report", KEPT, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_predictions_kept_score_what_the_report_says(report, converted, tmp_path):
    name = data_of(report.parent.name)
    if "spider" in name and not (SPIDER and os.environ.get("SPIDER_SYN_DIR")):
        pytest.skip("SPIDER_DIR or SPIDER_SYN_DIR is not set")
    predictions = report.with_name("predictions.jsonl")
    words = ("--predictions", predictions, "--data", converted(name), "--out", tmp_path)
    kept = json.loads(report.read_text())
    run("evaluate/run.py", *words, *(["--repair"] if kept["run"].get("decoding", {}).get("repair") else []))
    scored = json.loads((tmp_path / "report.json").read_text())
    assert scored["outcomes"] == kept["outcomes"]
    for name in ("execution_accuracy", "execution_rate", "spider_keep_distinct_accuracy", "exact_match"):
        assert scored["metrics"][name]["value"] == pytest.approx(kept["metrics"][name]["value"], abs=1e-9)
