"""Encoder-decoders go to seq2seq/, decoder-only models to LLaMA-Factory; the wrong way is refused, with the reason."""

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from recipes import recipe
from recipes.kind import is_encoder_decoder, named_like_one
from tests.conftest import ROOT

SFT = ROOT / "recipes/gemma3_270m_lora.yaml"
T5 = ROOT / "recipes/t5_small_full.yaml"
CPU = ["use_cpu=true", "bf16=true", "fp16=false"]


@pytest.mark.parametrize(
    ("name", "encoder_decoder"),
    [
        ("google-t5/t5-small", True),
        ("google/flan-t5-base", True),
        ("google/mt5-large", True),
        ("Salesforce/codet5p-220m", True),
        ("google/t5gemma-2b-2b-ul2", True),
        ("facebook/bart-base", True),
        ("bartowski/Llama-3.2-1B", False),
        ("someone/gpt5-mini", False),
        ("Qwen/Qwen3-0.6B", False),
        ("meta-llama/Llama-3.1-8B", False),
    ],
)
def test_a_family_is_known_by_its_name(name, encoder_decoder):
    assert named_like_one(name) is encoder_decoder


def test_the_config_counts_more_than_the_name(tiny_t5, tiny_model, tmp_path):
    (tmp_path / "t5-in-name-only").symlink_to(tiny_model)
    (tmp_path / "llama-in-name-only").symlink_to(tiny_t5)
    assert is_encoder_decoder(str(tmp_path / "t5-in-name-only")) is False
    assert is_encoder_decoder(str(tmp_path / "llama-in-name-only")) is True


def test_a_name_that_says_nothing_is_left_open():
    assert is_encoder_decoder("nobody/mystery-1b") is None


@pytest.mark.parametrize("by", ["config", "name"])
def test_llamafactory_is_not_given_an_encoder_decoder(tiny_t5, by):
    model = tiny_t5 if by == "config" else "google-t5/t5-small"
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.check(SFT, recipe.read(SFT, [*CPU, f"model_name_or_path={model}"]))
    assert str(raised.value) == (
        f"{SFT}: key model_name_or_path: {model} is an encoder-decoder. In LLaMA-Factory's training "
        "its encoder sees the answer, and every prediction comes out empty. Set stage: seq2seq."
    )


def test_seq2seq_is_not_given_a_decoder_only_model(tiny_model):
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.check(T5, recipe.read(T5, [*CPU, f"model_name_or_path={tiny_model}"]))
    assert str(raised.value) == (
        f"{T5}: key stage: seq2seq trains encoder-decoders (T5, BART), and {tiny_model} is decoder-only. "
        "Set stage: sft and a template."
    )
