"""Random models of about 100,000 weights, one for each architecture the recipes train, with one byte-level tokenizer.

Every size is one that bitsandbytes (blocks of 64 weights), OFT (blocks of 32 inputs) and vLLM on a CPU (heads of 32)
accept. The weights are drawn wider than a real model's first ones, so that a frozen head can still tell tokens apart.
"""

from pathlib import Path
from typing import NamedTuple

from recipes.hardware import cpu_has_bf16

SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 1024,
    "initializer_range": 0.2,
}


class Family(NamedTuple):
    """An architecture: its classes in transformers, its recipes' template, and what its configuration adds to SHAPE."""

    config: str
    model: str
    template: str
    extra: dict


FAMILIES = {
    "qwen3": Family("Qwen3Config", "Qwen3ForCausalLM", "qwen3_nothink", {"tie_word_embeddings": True}),
    "llama": Family(
        "LlamaConfig",
        "LlamaForCausalLM",
        "llama3",
        {"rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}},
    ),
    "llama2": Family("LlamaConfig", "LlamaForCausalLM", "llama2", {"num_key_value_heads": 2}),
    "gemma3": Family(
        "Gemma3TextConfig",
        "Gemma3ForCausalLM",
        "gemma",
        {"sliding_window": 128, "layer_types": ["sliding_attention", "full_attention"], "query_pre_attn_scalar": 32},
    ),
    # deepseek-coder-1.3b, the model below prem-1B-SQL, is a Llama whose positions are stretched fourfold
    "deepseek": Family(
        "LlamaConfig",
        "LlamaForCausalLM",
        "deepseekcoder",
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 100000.0}},
    ),
}


def make(family: str, folder: Path) -> Path:
    """Write a random model of a family, with its tokenizer, into `folder`; the same weights every time.

    In bfloat16 where the CPU multiplies that itself, else in 32 bits.
    """
    import torch
    import transformers

    from tests.conftest import byte_level_tokenizer

    tokenizer = byte_level_tokenizer(transformers)
    kind = FAMILIES[family]
    ends = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    config = getattr(transformers, kind.config)(vocab_size=len(tokenizer), **(SHAPE | ends | kind.extra))
    torch.manual_seed(0)
    number = torch.bfloat16 if cpu_has_bf16() else torch.float32
    getattr(transformers, kind.model)(config).to(number).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
