"""The memory estimate: parameter counts as published, the formulas against hand counts, the table as printed."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("omegaconf", reason="needs .venv: ./launch.sh setup")

from recipes import memory
from tests.conftest import ROOT

KNOWN = json.loads(memory.SHAPES.read_text())
TINY = memory.Shape(hidden=8, layers=2, vocabulary=100, feed_forward=16, queries=8, keys=4, is_tied=True)
IN_LAYERS = 2 * (64 + 32 + 32 + 64 + 3 * 128)
LORA = {"finetuning_type": "lora", "lora_rank": 4, "bf16": True, "per_device_train_batch_size": 2, "cutoff_len": 10}
FULL = LORA | {"finetuning_type": "full"}


# Billions, from the model cards.
@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Qwen/Qwen2.5-Coder-0.5B-Instruct", 0.49),
        ("Qwen/Qwen2.5-Coder-1.5B-Instruct", 1.54),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", 7.61),
        ("Qwen/Qwen3-0.6B", 0.6),
        ("Qwen/Qwen3-1.7B", 1.7),
        ("Qwen/Qwen3-4B", 4.0),
        ("Qwen/Qwen3-8B", 8.2),
        ("data/models/gemma-3-270m", 0.27),
        ("meta-llama/Llama-2-7b-hf", 6.74),
        ("meta-llama/Llama-3.1-8B-Instruct", 8.03),
        ("meta-llama/Llama-3.2-3B-Instruct", 3.21),
        ("meta-llama/Meta-Llama-3-8B-Instruct", 8.03),
        ("premai-io/prem-1B-SQL", 1.35),
    ],
)
def test_the_parameters_of_a_known_model_are_those_it_was_published_with(name, billions):
    assert memory.shape_of(name).parameters / 1e9 == pytest.approx(billions, rel=0.02)


def test_a_local_model_is_read_from_its_config(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(KNOWN["Qwen/Qwen3-8B"]))
    assert memory.shape_of(str(tmp_path)) == memory.shape_of("Qwen/Qwen3-8B")


@pytest.mark.parametrize(
    ("changes", "trained"),
    [
        ({}, 4 * 2 * (16 + 12 + 12 + 16 + 3 * 24)),
        ({"use_dora": True}, 4 * 2 * (16 + 12 + 12 + 16 + 3 * 24) + 2 * (8 + 4 + 4 + 8 + 16 + 16 + 8)),
        ({"finetuning_type": "full"}, IN_LAYERS + 800),
        ({"finetuning_type": "freeze", "freeze_trainable_layers": 1}, IN_LAYERS // 2),
        ({"finetuning_type": "oft", "oft_block_size": 4}, 2 * (6 * 8 + 16) * 3 // 2),
    ],
)
def test_the_trained_parameters_of_a_method(changes, trained):
    assert memory.trained_parameters(LORA | changes, TINY) == trained


def test_the_trained_parameters_of_lora_are_those_peft_makes(tiny_model):
    torch = pytest.importorskip("torch", reason="needs .venv: ./launch.sh setup")
    peft = pytest.importorskip("peft", reason="needs .venv: ./launch.sh setup")
    import transformers

    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    for changes in ({}, {"use_dora": True}):
        with torch.device("meta"):
            model = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.from_pretrained(tiny_model))
            made = peft.get_peft_model(model, peft.LoraConfig(r=4, target_modules=names, **changes))
        counted = made.get_nb_trainable_parameters()[0]
        assert memory.trained_parameters(LORA | changes, memory.shape_of(str(tiny_model))) == counted


@pytest.mark.parametrize(
    ("values", "weights"),
    [
        (LORA, 2 * (IN_LAYERS + 800) + 4 * 1024),
        (LORA | {"quantization_bit": 4}, memory.NF4 * IN_LAYERS + 2 * 800 + 4 * 1024),
        (LORA | {"bf16": False}, 4 * (IN_LAYERS + 800) + 4 * 1024),
        (FULL, 6 * (IN_LAYERS + 800)),
        (FULL | {"bf16": False}, 4 * (IN_LAYERS + 800)),
        (FULL | {"pure_bf16": True}, 2 * (IN_LAYERS + 800)),
    ],
)
def test_the_weights_are_held_in_the_precision_of_the_recipe(values, weights):
    assert memory.estimate(values, TINY).weights == weights


def test_all_weights_in_fp32_take_sixteen_bytes_each():
    found = memory.estimate(FULL | {"bf16": False}, TINY)
    assert found.weights + found.gradients + found.optimizer == 16 * TINY.parameters


@pytest.mark.parametrize(("stage", "alone", "of_four"), [(2, 14, 3.5), (3, 14, 3.5)])
def test_zero_shares_gradients_and_optimizer_among_the_gpus(stage, alone, of_four):
    values = FULL | {"deepspeed": f"recipes/deepspeed/zero{stage}.json"}
    for gpus, size in ((1, alone), (4, of_four)):
        found = memory.estimate(values, TINY, gpus)
        assert found.gradients + found.optimizer == size * TINY.parameters


def test_only_zero_3_shares_the_weights():
    shape = memory.shape_of("Qwen/Qwen3-8B")
    held = [
        memory.estimate(FULL | {"deepspeed": f"recipes/deepspeed/zero{stage}.json"}, shape, 8).weights
        for stage in (2, 3)
    ]
    assert held[1] == 2 * (shape.parameters / 8 + 10**9)
    assert held[0] == 2 * shape.parameters


def test_an_evaluation_in_larger_batches_needs_more_than_the_training():
    values = LORA | {"eval_strategy": "epoch", "per_device_eval_batch_size": 4}
    assert memory.estimate(values, TINY).logits == 40 * 100 * 14
    assert memory.estimate(values | {"per_device_eval_batch_size": 2}, TINY).logits == 20 * 100 * 18
    assert memory.estimate(values | {"eval_strategy": "no"}, TINY).logits == 20 * 100 * 18


def test_checkpointing_and_liger_take_activations_and_logits_away():
    shape = memory.shape_of("Qwen/Qwen3-0.6B")
    usual = memory.estimate(LORA, shape)
    assert memory.estimate(LORA | {"disable_gradient_checkpointing": True}, shape).activations > 10 * usual.activations
    assert usual.logits == 20 * 151936 * 18
    assert memory.estimate(LORA | {"enable_liger_kernel": True}, shape).logits == 0


def test_an_evaluation_with_liger_holds_the_logits():
    values = LORA | {"enable_liger_kernel": True, "eval_strategy": "epoch", "per_device_eval_batch_size": 1}
    assert memory.estimate(values, TINY).logits == 10 * 100 * 14


def test_serving_the_unquantised_weights_may_need_more_than_training_them_in_4_bits():
    shape, values = memory.shape_of("Qwen/Qwen3-8B"), LORA | {"quantization_bit": 4}
    assert memory.needed(values, shape) == 2 * shape.parameters / 0.92 > memory.estimate(values, shape).total
    assert memory.needed(LORA, shape) == memory.estimate(LORA, shape).total


@pytest.mark.parametrize(("changes", "size"), [({}, 12), ({"deepspeed": "recipes/deepspeed/zero3.json"}, 14)])
def test_a_checkpoint_of_all_weights_holds_values_and_moments(changes, size):
    assert memory.checkpoint(FULL | changes, TINY) == size * TINY.parameters


@pytest.mark.parametrize(
    ("here", "said"),
    [
        ([], "no GPU here"),
        ([24 * memory.GB], "1 of 2 GPUs"),
        ([24 * memory.GB, 24 * memory.GB], "fits"),
        ([80 * memory.GB, 16 * memory.GB], "too large for 16 GB"),
    ],
)
def test_the_verdict_is_about_the_smallest_gpu_that_is_needed(here, said):
    assert memory.verdict(20 * memory.GB, 2, here) == said


def test_the_gpus_are_those_of_the_header(tmp_path):
    path = tmp_path / "r.yaml"
    for line, gpus in (
        ("# Needs    8 GPUs with 48 GB", 8),
        ("# Needs    1 GPU with 8 GB", 1),
        ("# Needs  2 CPU cores", 1),
    ):
        path.write_text(f"# Title.\n{line}\n")
        assert memory.gpus_of(path) == gpus


def test_a_model_of_unknown_shape_is_listed_without_an_estimate(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text("model_name_or_path: some/encoder\ntemplate: x\ndataset: d\noutput_dir: o\n")
    assert memory.row(path, [])[:2] == ["odd", "not estimated"]


def test_the_table_has_a_line_for_every_recipe():
    run = subprocess.run(["bash", "launch.sh", "list", "--memory"], cwd=ROOT, capture_output=True, text=True)
    if not (ROOT / ".venv").exists():
        pytest.skip("needs .venv: ./launch.sh setup")
    assert run.returncode == 0, run.stderr
    printed = {line.split()[0] for line in run.stdout.splitlines() if line.strip()}
    assert {path.stem for path in (ROOT / "recipes").glob("*.yaml")} <= printed


def test_a_recipe_that_is_missing_is_one_line_and_exit_2():
    command = [sys.executable, "recipes/memory.py", "none.yaml"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr == "memory: none.yaml: No such file or directory. ./launch.sh list shows the recipes.\n"
