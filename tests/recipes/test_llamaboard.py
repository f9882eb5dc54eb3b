"""A preset makes LlamaBoard train what its recipe says: shipped recipes and other shapes, by the board's own code."""

import dataclasses
import json
from pathlib import Path

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from recipes import llamaboard, recipe
from tests.conftest import ROOT

ALL = sorted(path for path in (ROOT / "recipes").glob("*.yaml") if "\nstage: sft\n" in path.read_text())
RECIPES = [path for path in ALL if path.stem not in llamaboard.NO_PRESET]
# What this machine needs to read any recipe, and so no difference between recipe and board.
CPU = {"use_cpu": True, "bf16": True, "fp16": False, "pure_bf16": False, "tf32": None}
PLAIN = {
    "model_name_or_path": "Qwen/Qwen3-0.6B",
    "stage": "sft",
    "do_train": True,
    "finetuning_type": "lora",
    "dataset": "gretel_train",
    "dataset_dir": ".",
    "template": "qwen3_nothink",
    "output_dir": "out/plain",
}
SHAPES = {
    "nothing but what is required": {},
    "another kind of number": {
        "learning_rate": 5e-05,
        "num_train_epochs": 0.5,
        "max_grad_norm": 0.3,
        "warmup_steps": 0.03,
    },
    "quantized": {"quantization_bit": 4, "quantization_method": "bnb", "lora_dropout": 0.05},
    "quantized once": {"quantization_bit": 4, "double_quantization": False, "quantization_type": "fp4"},
    "rank-stabilized": {"use_rslora": True, "lora_rank": 64, "lora_alpha": 2048},
    "LoRA+": {"loraplus_lr_ratio": 16.0},
    "PiSSA": {"pissa_init": True, "pissa_convert": True, "pissa_iter": 4},
    "orthogonal": {"finetuning_type": "oft", "oft_block_size": 16, "oft_target": "all", "module_dropout": 0.1},
    "frozen": {"finetuning_type": "freeze", "freeze_trainable_layers": -1, "freeze_extra_modules": "embed_tokens,norm"},
    "all weights under ZeRO-3": {"finetuning_type": "full", "deepspeed": "recipes/deepspeed/zero3.json"},
    "packed, with Liger's kernels": {"packing": True, "neat_packing": True, "enable_liger_kernel": True},
    "FlashAttention and Liger": {"flash_attn": "fa2", "enable_liger_kernel": True},
    "another attention": {"flash_attn": "sdpa"},
    "half precision": {"fp16": True},
    "bf16 weights": {"pure_bf16": True},
    "lists": {"lora_target": ["q_proj", "v_proj"], "dataset": ["gretel_train", "spider_train"], "report_to": ["wandb"]},
    "two data sets": {"dataset": "gretel_train, spider_train", "eval_dataset": "spider_eval"},
    "a part held out": {"val_size": 0.1, "eval_strategy": "steps", "eval_steps": 40, "per_device_eval_batch_size": 2},
    "the best checkpoint": {
        "eval_dataset": "gretel_eval",
        "eval_strategy": "epoch",
        "save_strategy": "epoch",
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
    },
    "numbers beyond the form's sliders": {
        "save_steps": 20_000,
        "logging_steps": 3,
        "per_device_train_batch_size": 2048,
    },
    "an output folder without a folder": {"output_dir": "plain"},
    "false where true is the default": {"dataloader_pin_memory": False, "use_fast_tokenizer": False},
    "what the board would force": {"trust_remote_code": True, "preprocessing_num_workers": 4, "ddp_timeout": 1800},
    "not what the board would force": {"plot_loss": False, "include_num_input_tokens_seen": "no", "max_samples": 500},
    "a mapping": {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr_rate": 0.1}},
    "noise and GaLore": {"neftune_noise_alpha": 5, "use_galore": True, "galore_rank": 32, "finetuning_type": "full"},
    "null where that is the default": {"max_samples": None, "eval_dataset": None},
    "other words than ASCII": {"run_name": "Übung", "default_system": 'Say "SQL" only.'},
}


@pytest.fixture(scope="module")
def board():
    return llamaboard.open_board()


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def path(request):
    return request.param


def trained_with(values: dict) -> dict:
    """Every argument of a training, as LLaMA-Factory's parser fills them in."""
    from llamafactory.hparams.parser import _TRAIN_ARGS
    from transformers import HfArgumentParser

    values = {**values, **CPU}
    values.pop("deepspeed", None)  # read at the start of a distributed training only
    filled = HfArgumentParser(_TRAIN_ARGS).parse_dict(values)
    return {
        field.name: getattr(part, field.name) for part in filled for field in dataclasses.fields(part) if field.init
    }


def differences(values: dict, given: dict) -> dict:
    wanted, found = trained_with(values), trained_with(given)
    return {
        key: found[key]
        for key in wanted.keys() & found.keys()
        if wanted[key] != found[key] and {wanted[key], found[key]} != {None, False}
    }


def allowed(values: dict) -> set[str]:
    return llamaboard.ADDED.keys() - values.keys()


@pytest.fixture(scope="module")
def texts(board):
    return llamaboard.presets(board)


def test_every_recipe_has_a_preset(texts):
    assert len(RECIPES) >= 30
    assert sorted(texts) == [path.name for path in RECIPES]


def test_a_preset_trains_what_its_recipe_trains(board, path):
    values = recipe.read(path)
    given = llamaboard.command(llamaboard.make_preset(path, values, board), board)
    assert differences(values, given).keys() <= allowed(values)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_other_shapes_of_recipe_train_the_same_too(board, shape):
    values = PLAIN | shape
    given = llamaboard.command(llamaboard.make_preset(Path("x.yaml"), values, board), board)
    assert differences(values, given).keys() <= allowed(values)
    assert given.get("deepspeed") == values.get("deepspeed")
    precision = {"bf16", "fp16", "pure_bf16"}
    assert {key for key in precision if given.get(key)} == {key for key in precision if values.get(key)}


def test_what_the_board_adds_is_what_the_table_says(board):
    given = llamaboard.command(llamaboard.make_preset(Path("x.yaml"), PLAIN, board), board)
    assert {key: given[key] for key in differences(PLAIN, given)} == llamaboard.ADDED


@pytest.mark.parametrize(
    ("shape", "field", "value"),
    [
        ({"learning_rate": 7.0e-4}, "train.learning_rate", "0.0007"),
        ({"quantization_bit": 4}, "top.quantization_bit", "4"),
        ({"quantization_bit": 4, "double_quantization": False}, "top.quantization_bit", "none"),
        ({"flash_attn": "fa2"}, "top.booster", "flashattn2"),
        ({"enable_liger_kernel": True}, "top.booster", "liger_kernel"),
        ({"fp16": True}, "train.compute_type", "fp16"),
        ({}, "train.compute_type", "fp32"),
        ({}, "train.batch_size", 8),  # the trainer's default; the board's is 2
        ({}, "train.lr_scheduler_type", "linear"),  # the board's is cosine
        ({"lora_target": ["q_proj", "v_proj"]}, "train.lora_target", "q_proj,v_proj"),
        ({"dataset": "a, b"}, "train.dataset", ["a", "b"]),
        ({"finetuning_type": "full"}, "top.checkpoint_path", None),
    ],
)
def test_what_the_form_has_a_field_for_is_in_that_field(board, shape, field, value):
    assert llamaboard.make_preset(Path("x.yaml"), PLAIN | shape, board)[field] == value


def test_what_the_form_has_no_field_for_is_among_the_extra_arguments(board):
    shape = {"seed": 42, "val_size": 0.1, "deepspeed": "recipes/deepspeed/zero3.json", "dataloader_pin_memory": False}
    extra = json.loads(llamaboard.make_preset(Path("x.yaml"), PLAIN | shape, board)["train.extra_args"])
    taken_back = {"preprocessing_num_workers": None, "trust_remote_code": False}
    assert extra == taken_back | shape | {"dataloader_pin_memory": 0}


def test_a_preset_leaves_nothing_of_the_one_before(board):
    fields = [set(llamaboard.make_preset(Path("x.yaml"), PLAIN | shape, board)) for shape in SHAPES.values()]
    assert all(some == fields[0] for some in fields)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            {"lerning_rate": 1},
            "x.yaml: unknown key 'lerning_rate'; LLaMA-Factory has no such key. Correct or remove it.",
        ),
        (
            {"pissa_init": True},
            "x.yaml: LlamaBoard cannot hold pissa_convert: False; its command would say True. "
            "Give the recipe a value that the board's form has.",
        ),
        (
            {"lora_rank": 5000},
            "x.yaml: LlamaBoard cannot hold lora_rank: 5000; its command would say 1. "
            "Give the recipe a value that the board's form has.",
        ),
    ],
    ids=["unknown", "half of a pair", "beyond a slider"],
)
def test_what_a_preset_cannot_say_is_an_error_that_names_the_key(board, shape, message):
    with pytest.raises(recipe.RecipeError) as error:
        llamaboard.make_preset(Path("x.yaml"), PLAIN | shape, board)
    assert str(error.value) == message


def test_presets_of_lost_recipes_go_and_a_persons_own_stay(tmp_path):
    header = llamaboard.HEADER.format(name="x")
    (tmp_path / "lost.yaml").write_text(header + "top.model_name: Custom\n")
    (tmp_path / "mine.yaml").write_text("top.model_name: Custom\n")
    changed = llamaboard.write({"new.yaml": header}, tmp_path)
    assert changed == [tmp_path / "lost.yaml", tmp_path / "new.yaml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "new.yaml"]
    assert llamaboard.write({"new.yaml": header}, tmp_path) == []
