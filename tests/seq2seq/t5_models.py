"""Random T5 models with a tokenizer of T5's kind, trained by the tests: no `<`, `{`, `}`, `~` in it, nor a newline."""

import json
from collections.abc import Iterable
from pathlib import Path

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"#$%&'()*+,-./:;=>?@[]_|`^\\§¶«»•©®°"
T5_SMALL = {"d_model": 512, "d_ff": 2048, "num_layers": 6, "num_heads": 8, "d_kv": 64}  # google-t5/t5-small's shape
SMALLER = {"d_model": 256, "d_ff": 512, "num_layers": 3, "num_heads": 4, "d_kv": 64}
TINY = {"d_model": 64, "d_ff": 128, "num_layers": 2, "num_heads": 2, "d_kv": 32}


def unigram_tokenizer(texts: Iterable[str], size: int):
    """A `T5Tokenizer` of about `size` pieces, learnt from `texts` without the characters that T5 lacks."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import T5Tokenizer

    plain = str.maketrans(dict.fromkeys("<{}~", " "))
    learner = Tokenizer(models.Unigram())
    split = [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    learner.pre_tokenizer = pre_tokenizers.Sequence(split)
    trainer = trainers.UnigramTrainer(
        vocab_size=size,
        special_tokens=["<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        initial_alphabet=list(ALPHABET),
        show_progress=False,
    )
    learner.train_from_iterator([*(text.translate(plain) for text in texts), " ".join(ALPHABET)], trainer)
    pieces = json.loads(learner.to_str())["model"]["vocab"]
    return T5Tokenizer(vocab=[(piece, score) for piece, score in pieces], extra_ids=10)


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
