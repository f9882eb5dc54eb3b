"""The trainer itself: how it starts several processes, and a real training that is resumed, drawn and tracked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from seq2seq.train import main, torchrun
from tests.conftest import ROOT

SHORT = [
    *("use_cpu=true", "bf16=true", "fp16=false", "dataset=exoplanets_train", "eval_dataset=exoplanets_eval"),
    *("max_samples=16", "max_eval_samples=4", "max_new_tokens=128", "per_device_train_batch_size=4", "logging_steps=1"),
    *("save_strategy=steps", "save_steps=2", "eval_strategy=steps", "eval_steps=2", "warmup_steps=0"),
]


@pytest.mark.parametrize(
    ("variables", "devices", "command"),
    [
        ({}, 0, None),
        ({}, 1, None),
        ({"LOCAL_RANK": "0"}, 8, None),
        ({"FORCE_TORCHRUN": "n"}, 1, None),
        ({}, 2, "--nnodes 1 --node_rank 0 --nproc_per_node 2 --master_addr 127.0.0.1 --master_port 29500"),
        (
            {"FORCE_TORCHRUN": "Y", "NNODES": "2", "NODE_RANK": "1", "NPROC_PER_NODE": "4", "MASTER_ADDR": "10.0.0.1"},
            0,
            "--nnodes 2 --node_rank 1 --nproc_per_node 4 --master_addr 10.0.0.1 --master_port 29500",
        ),
    ],
)
def test_one_process_a_device_is_started(variables, devices, command):
    found = torchrun(["r.yaml", "seed=1"], variables, devices)
    if command is None:
        assert found is None
    else:
        assert found[1:3] == ["-m", "torch.distributed.run"]
        assert " ".join(found[3:-3]) == command
        assert found[-2:] == ["r.yaml", "seed=1"]


def train(model: Path, out: Path, *words: str) -> subprocess.CompletedProcess:
    """A training of the recipe t5_small_full or the one named first, as launch.sh starts it."""
    name = words[0] if words and "=" not in words[0] else "t5_small_full"
    overrides = [f"model_name_or_path={model}", f"output_dir={out}", *SHORT, *(word for word in words if "=" in word)]
    variables = os.environ | {"WANDB_MODE": "offline", "WANDB_DIR": str(out), "WANDB_PROJECT": "text-to-sql"}
    command = [sys.executable, "seq2seq/train.py", f"recipes/{name}.yaml", *overrides]
    out.mkdir(exist_ok=True)
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)


def logged(out: Path) -> list[dict]:
    """The lines of the training's log."""
    return [json.loads(line) for line in (out / "trainer_log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def out(converted, tiny_t5, tmp_path_factory) -> Path:
    """A training that was stopped after 4 steps, then went on to 6."""
    folder = tmp_path_factory.mktemp("out") / "tiny"
    for steps, report_to in ((4, "wandb"), (6, "tensorboard")):
        run = train(tiny_t5, folder, f"max_steps={steps}", f"report_to={report_to}")
        assert run.returncode == 0, run.stderr[-3000:]
    return folder


@pytest.mark.slow
def test_a_stopped_training_goes_on_from_its_last_checkpoint(out):
    steps = [line["current_steps"] for line in logged(out) if "loss" in line]
    assert steps == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_it_leaves_what_llamafactory_leaves(out):
    for name in ("config.json", "model.safetensors", "tokenizer.json", "trainer_state.json", "training_loss.png"):
        assert (out / name).is_file(), name
    assert (out / "training_eval_exact_match.png").is_file()


@pytest.mark.slow
def test_generated_answers_are_measured_at_every_evaluation(out):
    history = json.loads((out / "trainer_state.json").read_text())["log_history"]
    evaluations = [line for line in history if "eval_loss" in line]
    assert [line["step"] for line in evaluations] == [2, 4, 6]
    for name in ("exact_match", "bleu", "rougeL", "token_f1", "syntax_rate"):
        assert all(0 <= line[f"eval_{name}"] <= 1 for line in evaluations), name


@pytest.mark.slow
def test_the_offline_wandb_run_holds_arguments_and_curves(out):
    runs = list((out / "wandb").glob("offline-run-*"))
    assert len(runs) == 1
    written = next(runs[0].glob("*.wandb")).read_bytes()
    for text in (b"learning_rate", b"T5ForConditionalGeneration", b"train/loss", b"eval/loss", b"eval/exact_match"):
        assert text in written, text


@pytest.mark.slow
def test_tensorboard_is_the_other_choice(out):
    assert list((out / "runs").rglob("events.out.tfevents.*"))


@pytest.mark.slow
def test_overwriting_starts_from_the_beginning(out, tiny_t5):
    run = train(tiny_t5, out, "max_steps=2", "overwrite_output_dir=true", "report_to=none")
    assert run.returncode == 0, run.stderr[-3000:]
    assert [line["current_steps"] for line in logged(out) if "loss" in line] == [1, 2]
    assert [path.name for path in out.glob("checkpoint-*")] == ["checkpoint-2"]


@pytest.mark.slow
def test_qlora_trains_an_adapter_on_four_bit_weights(converted, tiny_t5, tmp_path):
    run = train(tiny_t5, tmp_path / "q", "t5_small_qlora", "max_steps=8", "learning_rate=1.0e-2", "report_to=none")
    assert run.returncode == 0, run.stderr[-3000:]
    losses = [line["loss"] for line in logged(tmp_path / "q") if "loss" in line]
    config = json.loads((tmp_path / "q/adapter_config.json").read_text())
    assert config["task_type"] == "SEQ_2_SEQ_LM"
    assert losses[-1] < losses[0]


def test_ray_is_refused_however_it_is_switched_on(capsys, monkeypatch):
    monkeypatch.setenv("USE_RAY", "y")
    assert main([str(ROOT / "recipes/t5_small_full.yaml")]) == 2
    assert capsys.readouterr().err.startswith("seq2seq: USE_RAY: T5 is not trained on Ray.")


def test_a_wrong_recipe_ends_with_status_2(capsys):
    assert main([str(ROOT / "recipes/t5_small_full.yaml"), "use_cpu=true", "finetuning_type=none"]) == 2
    assert "key finetuning_type: 'none' is not one of full, lora" in capsys.readouterr().err
