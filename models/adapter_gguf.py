"""A LoRA adapter of PEFT as a GGUF file for llama.cpp, without torch: the numbers stay those of the adapter.

    adapter_model.safetensors   base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight   BF16 [16, 896]
    <hash>.gguf                 blk.0.attn_q.weight.lora_a                                       F32  [896, 16]

bf16 becomes 32 bits (exactly); 16 and 32 bits stay. The file is made once and kept under the hash of the weights and
their configuration. Not covered: DoRA, OFT, PiSSA, adapters with whole trained modules, other layers than the linear
ones of an attention block, a rank or alpha of its own for some layers; AdapterFormatError names what it met.
"""

import hashlib
import json
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from atomic import replacing
from models.catalogue import ROOT

FOLDER = ROOT / "data/adapters"  # of the files made here
MAGIC, VERSION, ALIGNMENT = b"GGUF", 3, 32
STRING, FLOAT32 = 8, 6  # GGUF's types of values
TENSOR_TYPES = {"F32": 0, "F16": 1}  # GGUF's numbers for them
LAYERS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
NAME = re.compile(r"base_model\.model\.model\.layers\.(\d+)\.(\w+\.\w+)\.lora_([AB])\.weight")


class AdapterFormatError(Exception):
    """An adapter that llama.cpp cannot apply; the message says why."""


class Tensor(NamedTuple):
    """One matrix: its name in GGUF, its type (`F32`, `F16`), its rows and columns, and its bytes."""

    name: str
    type: str
    shape: tuple[int, int]
    data: bytes


def adapter_gguf(adapter: Path, base: Path) -> Path:
    """The GGUF file of the adapter in the folder `adapter` for the GGUF file `base`, made where it is not there.

    Raises AdapterFormatError, OSError.
    """
    config_file, weights = adapter / "adapter_config.json", adapter / "adapter_model.safetensors"
    config = json.loads(config_file.read_text(encoding="utf-8"))
    if problem := unsupported(config):
        raise AdapterFormatError(f"{config_file}: {problem}; llama.cpp cannot apply it. Ask with --engine vllm")
    blob = weights.read_bytes()
    architecture = architecture_of(base)
    target = (
        FOLDER
        / f"{hashlib.sha256(repr((config['r'], scale(config), architecture)).encode() + blob).hexdigest()[:16]}.gguf"
    )
    if not target.is_file():
        with replacing(target, "wb") as file:
            for block in gguf_blocks(read_tensors(weights, blob), architecture, scale(config) * config["r"]):
                file.write(block)
    return target


def unsupported(config: dict) -> str | None:
    """What of an adapter's configuration llama.cpp knows nothing of; None where it knows all."""
    if config.get("peft_type") != "LORA":
        return f"peft_type is {config.get('peft_type')}, not LORA"
    if str(config.get("init_lora_weights")).startswith("pissa"):
        return "a PiSSA adapter belongs to another base than the one it came from"
    keys = ("use_dora", "modules_to_save", "rank_pattern", "alpha_pattern", "trainable_token_indices", "lora_bias")
    return next((f"{key} is set" for key in keys if config.get(key)), None)


def scale(config: dict) -> float:
    """What the product of the two matrices is multiplied by."""
    return config["lora_alpha"] / (math.sqrt(config["r"]) if config.get("use_rslora") else config["r"])


def architecture_of(gguf: Path) -> str:
    """`general.architecture` of a GGUF file, its first key. Raises AdapterFormatError."""
    with gguf.open("rb") as file:
        head = file.read(256)
    found = re.match(rb"GGUF.{20}\x14\0{7}general\.architecture\x08\0\0\0(.)\0{7}", head, re.DOTALL)
    if not found:
        raise AdapterFormatError(f"{gguf}: no GGUF file that begins with its architecture")
    return head[found.end() : found.end() + found[1][0]].decode()


def read_tensors(path: Path, blob: bytes) -> list[Tensor]:
    """The matrices of a safetensors file by their names in GGUF. Raises AdapterFormatError."""
    (length,) = struct.unpack_from("<Q", blob)
    header = json.loads(blob[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = []
    for name, facts in header.items():
        known = NAME.fullmatch(name)
        if not known or known[2] not in LAYERS:
            raise AdapterFormatError(f"{path}: tensor {name}: llama.cpp cannot apply it. Ask with --engine vllm")
        begin, end = facts["data_offsets"]
        data, kind = blob[8 + length + begin : 8 + length + end], facts["dtype"]
        if kind == "BF16":
            data, kind = widened(data), "F32"
        if kind not in TENSOR_TYPES:
            raise AdapterFormatError(f"{path}: tensor {name} is {kind}, not F32, F16 or BF16")
        written = f"blk.{known[1]}.{LAYERS[known[2]]}.weight.lora_{known[3].lower()}"
        tensors.append(Tensor(written, kind, tuple(facts["shape"]), data))
    return tensors


def widened(data: bytes) -> bytes:
    """bf16 as 32 bits: two more bytes of zeros below each number."""
    wide = bytearray(2 * len(data))
    wide[2::4], wide[3::4] = data[0::2], data[1::2]
    return bytes(wide)


def gguf_blocks(tensors: list[Tensor], architecture: str, alpha: float) -> Iterator[bytes]:
    """A GGUF file of an adapter, in order: header, values, descriptions of the tensors, their numbers."""
    values = [
        text("general.architecture") + struct.pack("<I", STRING) + text(architecture),
        text("general.type") + struct.pack("<I", STRING) + text("adapter"),
        text("adapter.type") + struct.pack("<I", STRING) + text("lora"),
        text("adapter.lora.alpha") + struct.pack("<If", FLOAT32, alpha),
    ]
    head, offset = MAGIC + struct.pack("<IQQ", VERSION, len(tensors), len(values)) + b"".join(values), 0
    for tensor in tensors:
        rows, columns = tensor.shape
        head += text(tensor.name) + struct.pack("<IQQIQ", 2, columns, rows, TENSOR_TYPES[tensor.type], offset)
        offset += len(padded(tensor.data))
    yield padded(head)
    yield from (padded(tensor.data) for tensor in tensors)


def text(value: str) -> bytes:
    """A string as GGUF writes it: its length in bytes, then its bytes."""
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % ALIGNMENT)
