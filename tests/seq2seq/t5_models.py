"""Random T5 models with a tokenizer of T5's kind, made by the tests: no `<`, `{`, `}`, `~` in it, nor a newline."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"#$%&'()*+,-./:;=>?@[]_|`^\\§¶«»•©®°"
T5_SMALL = {"d_model": 512, "d_ff": 2048, "num_layers": 6, "num_heads": 8, "d_kv": 64}  # google-t5/t5-small's shape
SMALLER = {"d_model": 256, "d_ff": 512, "num_layers": 3, "num_heads": 4, "d_kv": 64}
TINY = {"d_model": 64, "d_ff": 128, "num_layers": 2, "num_heads": 2, "d_kv": 32}


def unigram_tokenizer(texts: Iterable[str], size: int):
    """A `T5Tokenizer` of the `size` most frequent words of `texts` and single characters, but not those T5 lacks."""
    from transformers import T5Tokenizer

    lacking = str.maketrans(dict.fromkeys("<{}~", " "))
    marked = ("▁" + "▁".join(text.translate(lacking).split()) for text in texts)
    words = Counter(word for text in marked for word in re.findall(r"▁?(?:\w+|[^\w▁])", text))
    likely = [(word, math.log(count / words.total())) for word, count in words.most_common(size)]
    unlikely = [(character, -20.0) for character in ["▁", *ALPHABET] if character not in dict(likely)]
    special = [(token, 0.0) for token in ("<pad>", "</s>", "<unk>")]
    return T5Tokenizer(vocab=[*special, *likely, *unlikely], extra_ids=10)


def save_t5(folder: Path, texts: Iterable[str], *, size: int = 300, shape: dict | None = None) -> Path:
    """A folder with a random T5 of a shape (default: TINY) and its tokenizer."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = unigram_tokenizer(texts, size)
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(tokenizer),
        decoder_start_token_id=tokenizer.pad_token_id,
        dropout_rate=0.0,
        **(shape or TINY),
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
