"""The keys of a T5 recipe: LLaMA-Factory's names, refused in one line where they are wrong."""

import pytest

pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")

from recipes import recipe
from recipes.seq2seq_arguments import parse
from tests.conftest import ROOT

PATH = ROOT / "recipes/t5_small_qlora.yaml"
CPU = ["use_cpu=true", "bf16=true", "fp16=false"]


def test_a_recipe_becomes_three_groups_of_arguments():
    model, data, training = parse(recipe.read(PATH, [*CPU, "learning_rate=1.0e-4"]))
    assert (model.finetuning_type, model.quantization_bit, model.lora_rank) == ("lora", 4, 16)
    assert (data.dataset, data.cutoff_len) == ("spider_t5_train", 1024)
    assert (training.learning_rate, training.bf16, training.predict_with_generate) == (1e-4, True, True)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["bf16=false", "fp16=true"], "key fp16: T5's activations overflow in fp16, and its loss becomes nan. "),
        (["lerning_rate=1"], "unknown key 'lerning_rate'; did you mean 'learning_rate'?"),
        (["neat_packing=true"], "unknown key 'neat_packing'; recipes/seq2seq_arguments.py has no such key."),
        (["finetuning_type=freeze"], "key finetuning_type: 'freeze' is not one of full, lora"),
        (["finetuning_type=full"], "key quantization_bit: 4-bit weights cannot be trained. Set finetuning_type: lora"),
        (["quantization_bit=8"], "key quantization_bit: 8 is not 4, the only one for T5"),
        (["save_strategy=sometimes"], "sometimes is not a valid SaveStrategy, "),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(overrides, message):
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.check(PATH, recipe.read(PATH, [*CPU, *overrides]))
    assert str(raised.value).startswith(f"{PATH}: {message}")
    assert "\n" not in str(raised.value)


def test_a_t5_recipe_needs_no_template():
    assert "template" not in recipe.read(PATH)
