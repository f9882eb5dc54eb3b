"""The recipes for T5: two methods that differ only where they may, a task prefix, no template."""

import json

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from converters.variants import VARIANTS
from recipes import recipe
from tests.conftest import ROOT

METHOD_KEYS = {
    *("finetuning_type", "quantization_bit", "lora_rank", "lora_alpha", "lora_target"),
    *("optim", "learning_rate", "output_dir", "run_name"),
}
CPU = ["use_cpu=true", "bf16=true", "fp16=false"]
NAMES = ("t5_small_full", "t5_small_qlora")


@pytest.fixture(params=NAMES)
def values(request) -> dict:
    return recipe.read(ROOT / f"recipes/{request.param}.yaml")


def test_the_two_methods_differ_only_in_their_own_keys():
    full, qlora = (recipe.read(ROOT / f"recipes/{name}.yaml") for name in NAMES)
    assert {key for key in {**full, **qlora} if full.get(key) != qlora.get(key)} <= METHOD_KEYS


def test_they_train_two_epochs_on_spider_with_generated_metrics(values):
    assert (values["num_train_epochs"], values["predict_with_generate"]) == (2, True)
    assert values["dataset"] == "spider_t5_train"
    assert VARIANTS["spider_t5"].options == {"style": "t5"}
    assert values["stage"] == "seq2seq"


def test_their_keys_are_those_of_the_trainer_of_t5(values):
    path = ROOT / f"recipes/{values['run_name']}.yaml"
    recipe.check(path, recipe.read(path, CPU))


def test_they_are_never_trained_in_fp16(values):
    assert values["bf16"] is True
    assert "fp16" not in values


def test_their_header_shows_gretel_too(values):
    text = (ROOT / f"recipes/{values['run_name']}.yaml").read_text()
    info = json.loads((ROOT / "dataset_info.json").read_text())
    assert "dataset=gretel_t5_train eval_dataset=gretel_t5_eval" in text
    assert {"gretel_t5_train", "gretel_t5_eval"} <= info.keys()
