"""What is special to Gemma 3: its tokenizer, rebuilt from the vocabulary of the GGUF file.

transformers would build one from it that makes a token of every letter. SentencePiece's BPE has no list of merges; it
follows from the vocabulary: every split of a piece into two pieces, by the rank of the whole.
"""

from collections.abc import Iterator
from pathlib import Path

NORMAL, CONTROL, USER_DEFINED = 1, 3, 4  # llama.cpp's token types


def save_tokenizer(gguf_file: Path, folder: Path) -> None:
    """Rebuild the tokenizer from the GGUF vocabulary and save it as a fast tokenizer."""
    from gguf import GGUFReader
    from transformers import PreTrainedTokenizerFast

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
