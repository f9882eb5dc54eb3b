"""Trainings for the tests: which keys make a method, and one process that trains, merges and evaluates the result.

The processes call LLaMA-Factory's own entry points, the ones behind `llamafactory-cli train` and `export`. Each is
forked from a server that has imported LLaMA-Factory once, so that no training sees what another one left behind.
"""

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from recipes import recipe
from recipes.hardware import cpu_has_bf16
from tests.conftest import ROOT

STEPS = 24
# The recipe that each method's keys come from.
METHOD_RECIPES = {
    "lora": "gemma3_270m_lora",
    "dora": "gemma3_270m_dora",
    "full": "gemma3_270m_full",
    "qlora": "qwen2.5_coder_1.5b_qlora",
    "rslora": "qwen2.5_coder_1.5b_rslora",
    "pissa": "qwen2.5_coder_1.5b_pissa",
    "oft": "qwen2.5_coder_1.5b_oft",
}
FREEZE = {"finetuning_type": "freeze", "freeze_trainable_layers": 1}  # a method without a recipe
METHODS = (*METHOD_RECIPES, "freeze")
KEY_STARTS = (
    *("finetuning_type", "lora_", "loraplus_", "use_dora", "use_rslora", "pissa_", "oft_", "module_dropout"),
    *("freeze_", "quantization_", "double_quantization"),
)


class Outcome(NamedTuple):
    """A training: the loss of each step, the evaluation loss of the model in memory and of what vLLM is given."""

    losses: list[float]
    eval_loss: float
    served_eval_loss: float
    out: Path
    served: Path


def pool() -> ProcessPoolExecutor:
    """Processes that each do one job, a job a core; close it as a context."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["llamafactory.train.tuner", "bitsandbytes", "deepspeed"])
    return ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=context, max_tasks_per_child=1)


def method_keys(method: str) -> dict:
    """The keys that make a method, e.g. `{"finetuning_type": "lora", "lora_rank": 16, ..., "use_dora": True}`."""
    keys = FREEZE if method == "freeze" else recipe.read(ROOT / f"recipes/{METHOD_RECIPES[method]}.yaml")
    return {key: value for key, value in keys.items() if is_method_key(key)}


def is_method_key(key: str) -> bool:
    return key.startswith(KEY_STARTS)


def settings(model: Path, template: str, out: Path) -> dict:
    """A training of some seconds with the data and the packing of a shipped recipe, and no method yet."""
    values = recipe.read(ROOT / "recipes/gemma3_270m_lora.yaml")
    few = {"max_samples": 64, "max_steps": STEPS, "logging_steps": 1, "warmup_steps": 0, "learning_rate": 1.0e-2}
    best = {"save_strategy": "steps", "save_steps": 12, "eval_strategy": "steps", "eval_steps": 12}
    best |= {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "save_total_limit": 1}
    here = {"use_cpu": True, "bf16": cpu_has_bf16()}
    here |= {"do_eval": True, "per_device_eval_batch_size": 8, "report_to": "none", "plot_loss": False}
    made = {"model_name_or_path": str(model), "template": template, "output_dir": str(out)}
    return {key: value for key, value in values.items() if not is_method_key(key)} | few | best | here | made


def train_and_serve(values: dict) -> Outcome:
    """Train, make what vLLM is given, and evaluate that; what LLaMA-Factory prints goes into OUT/log.txt."""
    from llamafactory.train import tuner

    from evaluate.generation import adapters

    out = Path(values["output_dir"])
    begin(out)
    recipe.write_text(out / recipe.KEPT, json.dumps(values))
    tuner.run_exp(dict(values))
    (trained,) = adapters.find(out)
    served = adapters.merged(trained, lambda words, log: tuner.export_model(words)) if trained.is_adapter else out
    return Outcome(
        losses=logged(out, "loss"),
        eval_loss=read_eval_loss(out),
        served_eval_loss=evaluation_loss(values, served, out / "served"),
        out=out,
        served=served,
    )


def losses(values: dict, fewer_logits: bool) -> tuple[list[float], list[float]]:
    """The losses that a training logs, of its steps and of its evaluations: LLaMA-Factory's, or train_on_cpu's."""
    from llamafactory.train import tuner

    from recipes import train_on_cpu

    out = Path(values["output_dir"])
    begin(out)
    tuner.run_exp(dict(values), callbacks=train_on_cpu.callbacks(values) if fewer_logits else [])
    return logged(out, "loss"), logged(out, "eval_loss")


def logged(out: Path, key: str) -> list[float]:
    """What a training logged under a key, in order."""
    history = json.loads((out / "trainer_state.json").read_text(encoding="utf-8"))["log_history"]
    return [entry[key] for entry in history if key in entry]


def evaluation_loss(values: dict, model: Path, out: Path) -> float:
    """LLaMA-Factory's loss of a whole model on the evaluation set of a training's settings."""
    from llamafactory.train import tuner

    if not out.exists():
        begin(out)
    other = {"model_name_or_path": str(model), "finetuning_type": "full", "do_train": False, "output_dir": str(out)}
    tuner.run_exp({key: value for key, value in values.items() if not is_method_key(key)} | other)
    return read_eval_loss(out)


def read_eval_loss(out: Path) -> float:
    return json.loads((out / "eval_results.json").read_text(encoding="utf-8"))["eval_loss"]


def begin(out: Path) -> None:
    """Make OUT, send this process's and its libraries' output into OUT/log.txt, and leave other cores to others."""
    import torch

    torch.set_num_threads(1)
    out.mkdir(parents=True)
    log = os.open(out / "log.txt", os.O_CREAT | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
