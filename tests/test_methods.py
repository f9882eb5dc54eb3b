"""Every fine-tuning method trains on every architecture, and what is served afterwards is what was trained.

The trainings go through LLaMA-Factory's entry points (`run_exp`, `export_model`) in processes of their own; one test
repeats a training with `llamafactory-cli` and gets the same losses. vLLM answers for one whole and two merged models.
"""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from statistics import mean

import pytest

import environment
from tests import tiny_models, trainings
from tests.conftest import ROOT

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pool():
    with trainings.pool() as processes:
        yield processes
        processes.shutdown(cancel_futures=True)  # trainings that no selected test waited for


@pytest.fixture(params=tiny_models.FAMILIES)
def family(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def begin(pool, converted, tmp_path_factory):
    """Begins the trainings of an architecture, once."""

    @cache
    def jobs_of(family: str) -> dict:
        folder = tmp_path_factory.mktemp(family)
        model = tiny_models.make(family, folder / "model")
        begun = {}
        for method in trainings.METHODS:
            values = trainings.settings(model, tiny_models.FAMILIES[family].template, folder / method)
            begun[method] = pool.submit(trainings.train_and_serve, values | trainings.method_keys(method))
        begun["base"] = pool.submit(trainings.evaluation_loss, values, model, folder / "base")
        return begun

    return jobs_of


@pytest.fixture
def jobs(family, begin) -> dict:
    """The trainings of one architecture by method, all begun at once, and its untrained model as `base`."""
    return begin(family)


@pytest.mark.parametrize("method", trainings.METHODS)
def test_the_loss_falls(jobs, method):
    outcome = jobs[method].result()
    assert len(outcome.losses) == trainings.STEPS
    assert mean(outcome.losses[-3:]) < 0.8 * mean(outcome.losses[:3])
    assert outcome.eval_loss < 0.8 * jobs["base"].result()


@pytest.mark.parametrize("method", trainings.METHODS)
def test_what_is_served_has_the_loss_that_was_trained(jobs, method):
    outcome = jobs[method].result()
    # QLoRA learns beside weights rounded to 4 bits, and is served with the weights as they are
    tolerance = 0.1 if method == "qlora" else 0.003
    assert outcome.served_eval_loss == pytest.approx(outcome.eval_loss, abs=tolerance)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("lora", {"peft_type": "LORA", "use_dora": False, "use_rslora": False, "init_lora_weights": True}),
        ("dora", {"peft_type": "LORA", "use_dora": True}),
        ("rslora", {"peft_type": "LORA", "use_rslora": True}),
        ("oft", {"peft_type": "OFT"}),
    ],
)
def test_the_adapter_is_of_the_kind_that_was_asked_for(jobs, method, expected):
    config = json.loads((jobs[method].result().out / "adapter_config.json").read_text())
    assert {key: config[key] for key in expected} == expected


def test_pissa_starts_from_the_principal_part_of_the_base(jobs):
    config = json.loads((jobs["pissa"].result().out / "adapter_config.json").read_text())
    assert config["init_lora_weights"].startswith("pissa")


def test_qlora_trains_beside_four_bits(jobs):
    quantized, plain = jobs["qlora"].result(), jobs["lora"].result()
    assert quantized.losses[0] != pytest.approx(plain.losses[0], abs=1e-3)  # both adapters start at nothing


def test_freeze_trains_the_last_layers_only(jobs):
    changed = changed_weights(jobs["freeze"].result().out)
    assert {name.split(".mlp.")[0] for name in changed if ".mlp." in name} == {"model.layers.1"}
    assert all(name.startswith("model.layers.1.") for name in changed)


def test_full_trains_every_matrix(jobs):
    out = jobs["full"].result().out
    matrices = {name for name, weight in weights(out).items() if weight.ndim == 2}
    assert matrices <= changed_weights(out)


def weights(folder: Path) -> dict:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def changed_weights(out: Path) -> set[str]:
    """The names of the weights that differ from the base's."""
    before = weights(out.parent / "model")
    return {name for name, weight in weights(out).items() if not weight.to(before[name].dtype).equal(before[name])}


@pytest.mark.parametrize("family", ["llama"], indirect=True)
def test_the_command_line_trains_with_the_same_losses(jobs, tmp_path):
    outcome = jobs["qlora"].result()
    words = [outcome.out / "recipe.yaml", f"output_dir={tmp_path}", "do_eval=false"]
    run_in_venv("llamafactory-cli", "train", *words)
    history = json.loads((tmp_path / "trainer_state.json").read_text())["log_history"]
    assert [entry["loss"] for entry in history if "loss" in entry] == pytest.approx(outcome.losses, abs=0.005)


@pytest.mark.skipif(not (environment.VLLM / "bin/python").exists(), reason="needs .venv-vllm: ./launch.sh setup")
@pytest.mark.parametrize(
    ("family", "method"),
    [("qwen3", "oft"), ("gemma3", "full"), ("deepseek", "pissa")],
    indirect=["family"],
)
def test_the_evaluator_generates(jobs, method, tmp_path):
    outcome = jobs[method].result()
    keep_merged = method != "oft"  # that one the evaluator merges itself, on the command line
    out = shutil.copytree(outcome.out, tmp_path / method, ignore=None if keep_merged else only_adapter)
    run_in_venv("python", "evaluate/run.py", "--adapter", out, "--limit", 3, "--max-tokens", 12)
    completions = [json.loads(line) for line in (out / "evaluation/completions.jsonl").read_text().splitlines()]
    assert [row["tokens"] > 0 for row in completions] == [True] * 3
    assert sum(json.loads((out / "evaluation/report.json").read_text())["outcomes"].values()) == 3


def only_adapter(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "merged"]


def run_in_venv(program: str, *words: object) -> None:
    command = [str(Path(sys.executable).with_name(program)), *map(str, words)]
    run = subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
