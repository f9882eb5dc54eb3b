"""What is special to Qwen2.5: its tokenizer, with the tokens that the official one has and with their flags."""

from pathlib import Path

NORMAL, CONTROL, USER_DEFINED = 1, 3, 4  # llama.cpp's token types; the rest only fill the embedding up to 151,936 rows
END_TOKENS = (151645, 151643)  # <|im_end|>, <|endoftext|>
CONTEXT = 32768
# Control tokens for llama.cpp, but part of the text for the official tokenizer: decoding keeps them.
CODE_TOKENS = {f"<|{name}|>" for name in ("fim_prefix", "fim_middle", "fim_suffix", "fim_pad", "repo_name", "file_sep")}


def save_tokenizer(gguf_file: Path, folder: Path) -> None:
    """Save the tokenizer of a GGUF file, chat template included, as a fast tokenizer."""
    from gguf import GGUFReader

    fields = GGUFReader(gguf_file).fields
    tokenizer = build_tokenizer(
        tokens=fields["tokenizer.ggml.tokens"].contents(),
        types=fields["tokenizer.ggml.token_type"].contents(),
        merges=fields["tokenizer.ggml.merges"].contents(),
    )
    tokenizer.chat_template = fields["tokenizer.chat_template"].contents()
    tokenizer.save_pretrained(folder)


def build_tokenizer(tokens: list[str], types: list[int], merges: list[str]):
    """A `Qwen2Tokenizer` equal to the official one.

    Args:
        tokens: the vocabulary in rank order, in the byte-level alphabet.
        types: llama.cpp's token type of each token.
        merges: pairs of tokens with a space between, in rank order.
    """
    from transformers import AddedToken, Qwen2Tokenizer

    ranks = list(enumerate(zip(tokens, types, strict=True)))
    added = {
        rank: AddedToken(token, normalized=False, special=kind == CONTROL and token not in CODE_TOKENS)
        for rank, (token, kind) in ranks
        if kind in (CONTROL, USER_DEFINED)
    }
    return Qwen2Tokenizer(
        vocab={token: rank for rank, (token, kind) in ranks if kind == NORMAL},
        merges=[tuple(pair.split(" ")) for pair in merges],
        added_tokens_decoder=added,
        unk_token=None,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=[str(token) for token in added.values() if token.special],
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
