"""The whole way on this CPU with a tiny random model: real LLaMA-Factory, real merge, real vLLM, real SQLite."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import environment
from recipes import provenance, recipe
from tests.conftest import ROOT
from tests.tracked import config_of, history_of, summary_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (environment.VLLM / "bin/python").exists(), reason="needs .venv-vllm: ./launch.sh setup"),
]


@pytest.fixture(scope="module")
def overrides(tiny_model, tmp_path_factory) -> list[str]:
    """A training of a few seconds, into a folder of its own."""
    return [
        f"model_name_or_path={tiny_model}",
        f"output_dir={tmp_path_factory.mktemp('out') / 'tiny_lora'}",
        "max_steps=4",
        "save_strategy=steps",
        "save_steps=2",
        "eval_strategy=steps",
        "eval_steps=2",
        "logging_steps=1",
    ]


def launch(*words: str) -> subprocess.CompletedProcess:
    # the launcher makes the environments; here they are there, and must not be made again
    variables = {key: value for key, value in os.environ.items() if not key.startswith("WANDB")}
    command = ["./launch.sh", "gemma3_270m_lora", *words]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)


@pytest.fixture(scope="module")
def first_run(overrides) -> subprocess.CompletedProcess:
    return launch(*overrides)


@pytest.fixture(scope="module")
def out(overrides) -> Path:
    return Path(overrides[1].removeprefix("output_dir="))


def test_the_launcher_trains_and_scores_base_and_adapter(first_run, out):
    assert first_run.returncode == 0, first_run.stdout[-3000:] + first_run.stderr[-3000:]
    assert "pip install" not in first_run.stdout
    assert "tiny_lora" in first_run.stdout
    assert "tiny-llama_base_exoplanets_eval" in first_run.stdout
    assert "seconds a stage:" in first_run.stdout


def test_a_run_leaves_the_files_the_readme_names(first_run, out):
    for name in ("adapter_config.json", "recipe.yaml", "training.json", "training_loss.png", "trainer_log.jsonl"):
        assert (out / name).is_file(), name
    for name in ("prompts.jsonl", "completions.jsonl", "results.jsonl", "report.json", "report.md", "report.html"):
        assert (out / "evaluation" / name).is_file(), name
    assert list((out / "wandb").glob("offline-run-*"))


def test_every_question_has_one_outcome(first_run, out):
    report = json.loads((out / "evaluation/report.json").read_text())
    questions = json.loads((ROOT / "data/exoplanets_eval.json").read_text())
    rows = [json.loads(line) for line in (out / "evaluation/results.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [question["id"] for question in questions]
    assert sum(report["outcomes"].values()) == len(questions)
    assert report["run"]["prompt_tags"][0] == "style:compact"


def test_the_wandb_run_holds_the_arguments_the_loss_curve_and_the_scores(first_run, out):
    config = config_of(out)
    assert config["finetuning_args"]["lora_rank"] == 16  # LLaMA-Factory's own
    assert config["max_steps"] == 4
    assert config["recipe"] == recipe.read(out / "recipe.yaml")
    assert config["data"] == {"exoplanets_train": provenance.file_hash(ROOT / "data/exoplanets_train.json")}
    assert config["prompt_tags"][0] == "style:compact"
    assert config["commit"] == provenance.commit()
    assert len(history_of(out, "train/loss")) == 4
    report = json.loads((out / "evaluation/report.json").read_text())
    accuracy = report["metrics"]["execution_accuracy"]
    assert summary_of(out)["evaluation/execution_accuracy"] == accuracy["value"]
    assert summary_of(out)["evaluation/execution_accuracy_high"] == accuracy["high"]


def test_the_same_command_again_trains_and_generates_nothing(first_run, overrides, out):
    stamps = {
        path: path.stat().st_mtime_ns
        for path in (out / "adapter_model.safetensors", out / "evaluation/completions.jsonl")
    }
    again = launch(*overrides)
    assert again.returncode == 0
    assert (
        f"== {out} is trained already with these settings; to start over add overwrite_output_dir=true" in again.stdout
    )
    assert "are up to date" in again.stdout
    assert "vllm_worker.py" not in again.stdout
    assert "recipes/recipe.py finish" not in again.stdout
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_one_question_is_asked_on_the_same_prompt(first_run, out):
    database = ROOT / "data/databases/exoplanets/exoplanets/exoplanets.sqlite"
    command = [sys.executable, "evaluate/ask.py", database, "How many planets are there?", "--adapter", out]
    command += ["--engine", "vllm"]
    run = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr  # a random model answers nonsense: no SQL, or a query that fails
    assert "How many planets are there?" in run.stdout
    asked = json.loads((out / "ask/prompts.jsonl").read_text().splitlines()[0])["prompt_token_ids"]
    trained = json.loads((out / "evaluation/prompts.jsonl").read_text().splitlines()[0])["prompt_token_ids"]
    assert asked[:60] == trained[:60]
