"""A GGUF file as Hugging Face weights: de-quantised to bfloat16, embedding and output matrix tied.

The names and the arithmetic are transformers' own. Its `from_pretrained(gguf_file=...)` gives the same bytes, but holds
the whole model in 32 bits: 11 GB for 1.5 billion parameters. Here one tensor at a time is in 32 bits.
"""

import os
import re
from pathlib import Path

OUTPUT, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"


def save_weights(gguf_file: Path, folder: Path, end_tokens: tuple[int, ...]) -> None:
    """Save `config.json`, `generation_config.json` and `model.safetensors` into `folder`.

    Args:
        end_tokens: ids that end an answer; the generation settings hold nothing else that could change one (the hub's
            hold a temperature and a repetition penalty, which an evaluation would take over).
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

    config = AutoConfig.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name)
    clean(config)
    with torch.device("meta"):  # the shapes and names of the weights, without any memory
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    write(tie(read_weights(gguf_file, model)), folder / "model.safetensors")
    config.architectures = [type(model).__name__]
    config.dtype = torch.bfloat16
    config.save_pretrained(folder)
    GenerationConfig(
        bos_token_id=config.bos_token_id, pad_token_id=config.pad_token_id, eos_token_id=list(end_tokens)
    ).save_pretrained(folder)


def read_weights(gguf_file: Path, model) -> dict:
    """The tensors of a GGUF file by their names in transformers, in bfloat16. `model` gives the names."""
    import torch
    from gguf import GGUFReader, dequantize
    from tqdm import tqdm
    from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

    reader = GGUFReader(gguf_file)
    architecture = reader.fields["general.architecture"].contents()
    processor = TENSOR_PROCESSORS.get(architecture, TensorProcessor)(config=model.config.to_dict())
    names = get_gguf_hf_weights_map(model, processor)
    weights = {}
    for tensor in tqdm(reader.tensors, desc="de-quantise", unit=" tensors"):
        result = processor.process(weights=dequantize(tensor.data, tensor.tensor_type), name=tensor.name)
        weights[names[result.name]] = torch.tensor(result.weights, dtype=torch.bfloat16)
    return weights


def tie(weights: dict) -> dict:
    """The weights of a model whose embedding is its output matrix, as in all of our catalogue.

    llama.cpp quantises the output matrix with more bits (Qwen 0.5B: Q8_0 against Q5_0, 1.5B: Q6_K against Q4_K), so a
    file that holds both holds two approximations of one matrix: the output matrix is the better one.
    """
    if OUTPUT in weights:
        weights[EMBEDDING] = weights.pop(OUTPUT)
    return weights


def write(weights: dict, path: Path) -> None:
    """Write a safetensors file. Raises OSError, as other files do (safetensors has an error of its own)."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(weights, path, metadata={"format": "pt"})
    except SafetensorError as error:
        if number := re.search(r"os error (\d+)", str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        raise
    path.chmod(0o644)  # safetensors lets nobody else read it


def clean(config) -> None:
    """Tie the matrices, and remove what the conversion to GGUF left: a name, and a rounding of 1e-6 to 32 bits."""
    vars(config).pop("_model_name_or_path", None)
    config.tie_word_embeddings = True
    config.rms_norm_eps = float(f"{config.rms_norm_eps:.6g}")
