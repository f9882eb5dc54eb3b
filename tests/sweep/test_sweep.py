"""A sweep for real on this CPU: a tiny random model, two prompt styles, resumed after one point is lost."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import environment
from recipes.tracking import tensorboard_run
from tests.conftest import ROOT
from tests.tracked import scalars_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (environment.VLLM / "bin/python").exists(), reason="needs .venv-vllm: ./launch.sh setup"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("out") / "swept"


@pytest.fixture(scope="module")
def words(tiny_model, folder) -> list[str]:
    """Two prompt styles by one learning rate, a training of a few seconds each."""
    return [
        "prompt_style=ddl,compact",
        f"model_name_or_path={tiny_model}",
        f"output_dir={folder}",
        *("learning_rate=1.0e-3", "max_steps=2", "cutoff_len=800"),
        "finetuning_type=full",  # no adapter to merge
        *("logging_steps=1", "report_to=tensorboard"),
    ]


def sweep(words: list[str]) -> subprocess.CompletedProcess:
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB", "RAY"))}
    command = ["./launch.sh", "sweep", "gemma3_270m_lora", *words]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)


@pytest.fixture(scope="module")
def first_run(words) -> subprocess.CompletedProcess:
    return sweep(words)


def test_every_point_is_trained_on_its_own_prompt_style_and_scored(first_run, folder):
    assert first_run.returncode == 0, first_run.stdout[-3000:] + first_run.stderr[-3000:]
    for style in ("ddl", "compact"):
        point = folder / f"prompt_style={style}/prompt_style={style}"
        assert json.loads((point / "training.json").read_text())["prompt_tags"][0] == f"style:{style}"
        run = json.loads((point / "evaluation/report.json").read_text())["run"]
        assert run["prompt_tags"][0] == f"style:{style}"
        assert run["data"] == str(folder / f"prompt_style={style}/data/exoplanets_eval.json")
        assert list(run["databases"]) == ["exoplanets/exoplanets.sqlite"]


def test_the_untuned_model_is_scored_once_a_style(first_run, folder):
    assert len(list(folder.glob("prompt_style=*/tiny-llama_base_exoplanets_eval/evaluation/report.json"))) == 2
    assert first_run.stdout.count("--base\n") == 2


def test_a_table_a_plot_and_the_best_with_its_interval_stand_at_the_end(first_run, folder):
    swept = json.loads((folder / "sweep.json").read_text())
    assert swept["axes"] == {"prompt_style": ["ddl", "compact"]}
    assert {point["name"] for point in swept["points"]} == {"prompt_style=ddl", "prompt_style=compact"}
    assert swept["best"] == swept["points"][0]["name"]
    assert "Best: prompt_style=" in first_run.stdout
    assert (folder / "sweep.svg").read_text().startswith("<svg ")


def test_loss_curve_and_scores_of_a_point_are_on_its_tensorboard_run(first_run, folder):
    point = folder / "prompt_style=ddl/prompt_style=ddl"
    scalars = scalars_of(tensorboard_run(point))
    report = json.loads((point / "evaluation/report.json").read_text())
    accuracy = report["metrics"]["execution_accuracy"]["value"]
    assert len(scalars["train/loss"]) == 2
    assert scalars["evaluation/execution_accuracy"] == [(2, pytest.approx(accuracy))]


def test_after_a_point_is_lost_only_that_one_is_run_again(first_run, words, folder):
    kept = folder / "prompt_style=ddl/prompt_style=ddl/model.safetensors"
    stamp = kept.stat().st_mtime_ns
    lost = folder / "prompt_style=compact/prompt_style=compact"
    shutil.rmtree(lost)
    again = sweep(words)
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
    assert "== prompt_style=ddl: done already" in again.stdout
    assert again.stdout.count("recipes/recipe.py finish ") == 1
    assert kept.stat().st_mtime_ns == stamp
    assert (lost / "evaluation/report.json").is_file()
    assert again.stdout.count("--base\n") == 0
