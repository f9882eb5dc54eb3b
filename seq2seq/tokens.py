"""A tokenizer that can spell SQL: T5's vocabulary has no `<`, `{`, `}`, `~`, nor a newline.

    "WHERE age < 5"  --T5 as it is-->  WHERE age <unk> 5  --decoded-->  "WHERE age 5"
    "WHERE age < 5"  --load_tokenizer-->  WHERE age § 5   --decoded-->  "WHERE age < 5"

Each missing character is written with a stand-in: a character the vocabulary has and questions and SQL do not use. The
replacement is part of the tokenizer itself (its normalizer and its decoder), so it is saved with the model and any
program that loads the folder gets it. New tokens would need new rows in the embeddings, which QLoRA leaves frozen.
A text that holds a stand-in of its own loses that character as before it lost `<`: it becomes the unknown token.
"""

from tokenizers import Tokenizer, decoders, normalizers
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

WANTED = [chr(code) for code in range(33, 127)] + ["\n"]
STAND_INS = "§¶«»•©®°±£€¥„¬¦†ØÆŒÐÞøæœïëùòìãõåñîûâêôăşţ"  # the rarest in questions first
HIDDEN = "\ue000"  # a private character: what a text's own stand-in becomes, unknown to every vocabulary


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder or hub name, with a stand-in for each character it lacks.

    Raises OSError where there is none.
    """
    tokenizer = AutoTokenizer.from_pretrained(name)
    lacking = missing(tokenizer)
    if not lacking or not getattr(tokenizer, "backend_tokenizer", None):
        return tokenizer
    free = (character for character in STAND_INS if survives(tokenizer, f"a{character}b"))
    return with_stand_ins(tokenizer, dict(zip(lacking, free, strict=False)))


def missing(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The printable ASCII characters, and the newline, that do not come back from the tokenizer."""
    return [character for character in WANTED if not survives(tokenizer, f"a{character}b")]


def survives(tokenizer: PreTrainedTokenizerBase, text: str) -> bool:
    """Whether a text comes back from the tokenizer as it was."""
    return decode(tokenizer, tokenizer.encode(text)) == text


def spells(tokenizer: PreTrainedTokenizerBase, text: str, ids: list[int]) -> bool:
    """Whether `ids` decode to `text` but for white space: SentencePiece makes one space of several."""
    return decode(tokenizer, ids).split() == text.split()


def decode(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    """The text of token ids without padding and end; nothing is tidied up (` ,` stays ` ,`)."""
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def with_stand_ins(tokenizer: PreTrainedTokenizerBase, pairs: dict[str, str]) -> PreTrainedTokenizerFast:
    """The same tokenizer with `pairs`, missing character to stand-in, in its normalizer and decoder."""
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    hidden = [normalizers.Replace(stand_in, HIDDEN) for stand_in in pairs.values()]
    shown = [normalizers.Replace(character, stand_in) for character, stand_in in pairs.items()]
    backend.normalizer = normalizers.Sequence([*hidden, *shown, *filter(None, [backend.normalizer])])
    back = [decoders.Replace(stand_in, character) for character, stand_in in pairs.items()]
    backend.decoder = decoders.Sequence([*filter(None, [backend.decoder]), *back])
    names = {"pad_token": tokenizer.pad_token, "eos_token": tokenizer.eos_token, "unk_token": tokenizer.unk_token}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=tokenizer.model_max_length,
        **{key: str(token) for key, token in names.items() if token},
    )
