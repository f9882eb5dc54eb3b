"""A GGUF file as Hugging Face weights: de-quantised to bfloat16, embedding and output matrix tied."""

from pathlib import Path


def save_weights(gguf_file: Path, folder: Path, end_tokens: tuple[int, ...]) -> None:
    """Save `config.json`, `generation_config.json` and `model.safetensors` into `folder`.

    Args:
        end_tokens: ids that end an answer; the generation settings hold nothing else that could change one (the hub's
            hold a temperature and a repetition penalty, which an evaluation would take over).
    """
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    model = AutoModelForCausalLM.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name, dtype=torch.bfloat16)
    weights = tie(model)
    clean(model.config)
    model.generation_config = GenerationConfig(
        bos_token_id=model.config.bos_token_id, pad_token_id=model.config.pad_token_id, eos_token_id=list(end_tokens)
    )
    model.save_pretrained(folder, state_dict=weights)


def tie(model) -> dict:
    """The weights of a model whose embedding is its output matrix, as in all of our catalogue.

    llama.cpp quantises the output matrix with more bits (Qwen 0.5B: Q8_0 against Q5_0, 1.5B: Q6_K against Q4_K), so a
    file that holds both holds two approximations of one matrix: the output matrix is the better one.
    """
    weights = model.state_dict()
    output = weights.pop("lm_head.weight")
    weights["model.embed_tokens.weight"] = output
    model.config.tie_word_embeddings = True
    return weights


def clean(config) -> None:
    """Remove what the conversion to GGUF left: a name, and a rounding of 1e-6 to 32 bits."""
    vars(config).pop("_model_name_or_path", None)
    config.rms_norm_eps = float(f"{config.rms_norm_eps:.6g}")
