"""A LoRA adapter merged into its base, as one GGUF file: de-quantised, changed, quantised again, a tensor at a time.

    blk.0.attn_q.weight  Q5_0 [896, 896]  +  scale * lora_B @ lora_A   ->  Q8_0 or F16 [896, 896]

Vectors (norms, biases) stay in 32 bits. The embedding and the output matrix become one, as in training
(models/weights.py). Not covered: what adapter_gguf.py does not cover, and bases whose two matrices are not tied.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

from atomic import replacement
from models.adapter_gguf import AdapterFormatError, architecture_of, read_tensors, scale, unsupported

EMBEDDING, OUTPUT = "token_embd.weight", "output.weight"
FILE_TYPES = {"q8_0": 7, "f16": 1}  # llama.cpp's numbers for files of these types


class Change(NamedTuple):
    """What an adapter adds to one matrix: `scale * b @ a`, with a [rank, columns] and b [rows, rank]."""

    a: object
    b: object
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.b.shape[0], self.a.shape[1]

    def added_to(self, matrix):
        return matrix + self.scale * (self.b @ self.a)


def write_merged(base: Path, adapter: Path, target: Path, kind: str, *, name: str, adds_bos: bool) -> None:
    """Write base and adapter as one GGUF file.

    Args:
        base: a GGUF file whose embedding is its output matrix.
        adapter: a folder with PEFT's adapter_config.json and adapter_model.safetensors.
        kind: a key of FILE_TYPES.
        name: of the model, for people.
        adds_bos: whether programs put the first token of every text in front themselves.
    Raises AdapterFormatError, OSError.
    """
    from gguf import GGUFReader, GGUFWriter
    from tqdm import tqdm

    changes = read_changes(adapter)
    reader = GGUFReader(base)
    tensors = tie({tensor.name: tensor for tensor in reader.tensors})
    check_shapes(adapter, changes, tensors)
    with replacement(target) as file:
        writer = GGUFWriter(file, architecture_of(base))
        try:
            copy_values(reader, writer, name, kind, adds_bos)
            describe_tensors(writer, tensors, kind)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_ti_data_to_file()
            for key, tensor in tqdm(tensors.items(), desc=f"merge to {kind}", unit=" tensors"):
                writer.write_tensor_data(merge(tensor, changes.get(key), kind))
        finally:
            writer.close()


def read_changes(adapter: Path) -> dict[str, Change]:
    """What an adapter adds, by the names of the matrices in GGUF. Raises AdapterFormatError, OSError."""
    import numpy

    config_file, weights = adapter / "adapter_config.json", adapter / "adapter_model.safetensors"
    config = json.loads(config_file.read_text(encoding="utf-8"))
    if problem := unsupported(config):
        raise AdapterFormatError(
            f"{config_file}: {problem}, which is not merged here. Merge it with llamafactory-cli export, then "
            "convert the folder with llama.cpp's convert_hf_to_gguf.py"
        )
    halves = {
        tensor.name: numpy.frombuffer(tensor.data, {"F32": "<f4", "F16": "<f2"}[tensor.type])
        .reshape(tensor.shape)
        .astype(numpy.float32)
        for tensor in read_tensors(weights, weights.read_bytes())
    }
    names = sorted({name.rsplit(".", 1)[0] for name in halves})
    if missing := [
        f"{name}.{half}" for name in names for half in ("lora_a", "lora_b") if f"{name}.{half}" not in halves
    ]:
        raise AdapterFormatError(f"{weights}: {missing[0]} is missing. Copy the adapter again, or train again")
    return {name: Change(halves[f"{name}.lora_a"], halves[f"{name}.lora_b"], scale(config)) for name in names}


def tie(tensors: dict) -> dict:
    """The tensors of a file with one matrix for embedding and output; of two, the output matrix is the better one."""
    if OUTPUT in tensors:
        tensors[EMBEDDING] = tensors.pop(OUTPUT)
    return tensors


def check_shapes(adapter: Path, changes: dict[str, Change], tensors: dict) -> None:
    """Raise AdapterFormatError for an adapter that belongs to another base."""
    for name, change in changes.items():
        there = logical_shape(tensors[name]) if name in tensors else None
        if there != change.shape:
            found = "has no such matrix" if there is None else f"has {list(there)} there"
            raise AdapterFormatError(
                f"{adapter}: changes {name} {list(change.shape)}, but the base {found}. The adapter was trained on "
                "another model: correct model_name_or_path in its recipe.yaml"
            )


def logical_shape(tensor) -> tuple[int, ...]:
    """Rows and columns; GGUF has them the other way round."""
    return tuple(int(length) for length in reversed(tensor.shape))


def copy_values(reader, writer, name: str, kind: str, adds_bos: bool) -> None:
    """The metadata and the tokenizer of the base, but for what is different now."""
    from gguf import GGUFValueType

    changed = {
        "general.name": (name, GGUFValueType.STRING),
        "general.file_type": (FILE_TYPES[kind], GGUFValueType.UINT32),
        "tokenizer.ggml.add_bos_token": (adds_bos, GGUFValueType.BOOL),
    }
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key not in {"general.architecture", *changed}:
            element = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), field.types[0], element)
    for key, (value, value_type) in changed.items():
        writer.add_key_value(key, value, value_type)


def tensor_type(tensor, kind: str):
    """The type that a tensor is written in."""
    from gguf import GGMLQuantizationType

    return GGMLQuantizationType[kind.upper()] if len(tensor.shape) > 1 else GGMLQuantizationType.F32


def describe_tensors(writer, tensors: dict, kind: str) -> None:
    """Names, shapes and sizes of the tensors, which stand in front of the numbers."""
    import numpy
    from gguf import GGML_QUANT_SIZES

    for name, tensor in tensors.items():
        shape, written = logical_shape(tensor), tensor_type(tensor, kind)
        block, block_bytes = GGML_QUANT_SIZES[written]
        count = math.prod(shape) // block * block_bytes
        writer.add_tensor_info(name, shape, numpy.dtype(numpy.float32), count, raw_dtype=written)


def merge(tensor, change: Change | None, kind: str):
    """One tensor as it is written: an array of bytes or of numbers."""
    from gguf import dequantize, quantize

    numbers = dequantize(tensor.data, tensor.tensor_type)
    return quantize(change.added_to(numbers) if change else numbers, tensor_type(tensor, kind))
