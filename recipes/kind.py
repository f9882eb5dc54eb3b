"""Which kind of model is it: encoder-decoder (T5, BART) or decoder-only (Llama, Qwen, Gemma)?

The model's own config says so, from its folder or its hub. Where it cannot be had (no network, a gated model), its
name is looked at: the families of `FAMILIES` are encoder-decoders, any other name is left open.
"""

import re
from functools import lru_cache

SEQ2SEQ = "seq2seq"  # the value of a recipe's key `stage`
FAMILIES = re.compile(
    r"(m|um|by|long|code|rut|flan|switch|mad)?t5(gemma|p)?\d*|flan|t0p*|ul2|(m|distil)?bart(\d+|hez|pho)?|m?pegasus|"
    r"led|prophetnet|nllb|m2m100|opus|marian|bigbirdpegasus"
)


def is_seq2seq(recipe: dict) -> bool:
    """Whether a recipe is trained by seq2seq/train.py."""
    return recipe.get("stage") == SEQ2SEQ


@lru_cache
def is_encoder_decoder(model: str) -> bool | None:
    """Whether a model folder or hub name is an encoder-decoder; None where neither config nor name tells."""
    from transformers import AutoConfig

    try:
        return bool(AutoConfig.from_pretrained(model).is_encoder_decoder)
    except (OSError, ValueError, AttributeError):
        return True if named_like_one(model) else None


def named_like_one(model: str) -> bool:
    """Whether a word of the model's own name is an encoder-decoder family: `google/flan-t5-base` is, `gpt5` is not."""
    words = re.split(r"[^a-z0-9]+", model.rstrip("/").rpartition("/")[2].lower())
    return any(FAMILIES.fullmatch(word) for word in words)


def wrong_trainer(recipe: dict) -> str | None:
    """Why a recipe's model cannot be trained by the trainer its `stage` names, and what to do; None where it can."""
    model = recipe["model_name_or_path"]
    found = is_encoder_decoder(model)
    if found and not is_seq2seq(recipe):
        return (
            f"key model_name_or_path: {model} is an encoder-decoder. In LLaMA-Factory's training "
            "its encoder sees the answer, and every prediction comes out empty. Set stage: seq2seq"
        )
    if found is False and is_seq2seq(recipe):
        return (
            f"key stage: seq2seq trains encoder-decoders (T5, BART), and {model} is decoder-only. "
            "Set stage: sft and a template"
        )
    return None
