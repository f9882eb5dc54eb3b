"""Prompts as token ids, by LLaMA-Factory's own template: what the model is asked is what it was trained on.

A converted row's `instruction` and `input` become the user turn (`prompts.prompt.user_turn`), the turn becomes token
ids through the `Template` the recipe names. The tokenizer's own chat template is never used: it differs from
LLaMA-Factory's in system prompts, dates and think blocks.
"""

from collections.abc import Iterable
from typing import NamedTuple

from prompts.prompt import user_turn
from prompts.template import load_template
from recipes.kind import is_seq2seq


class Encoded(NamedTuple):
    """The prompts of a run: `(row id, token ids)` in row order, and the ids of the tokens that end an answer."""

    prompts: list[tuple[str, list[int]]]
    stop_token_ids: list[int]

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt."""
        return max((len(ids) for _, ids in self.prompts), default=0)


def encode(rows: Iterable[dict], recipe: dict) -> Encoded:
    """The prompts of converted `rows` as LLaMA-Factory makes them for `recipe`.

    Args:
        rows: converted rows; `id`, `instruction`, `input` and, where there, `system` and `history` are read.
        recipe: a recipe's values; the keys of LLaMA-Factory's model and data arguments count (template, default_system,
            enable_thinking, model_name_or_path, ...).
    """
    if is_seq2seq(recipe):
        return encode_seq2seq(rows, recipe["model_name_or_path"])
    template, tokenizer = load_template(recipe)
    prompts = [(row["id"], prompt_ids(row, template, tokenizer)) for row in rows]
    return Encoded(prompts, sorted(template.get_stop_token_ids(tokenizer)))


def encode_seq2seq(rows: Iterable[dict], model: str) -> Encoded:
    """The prompts of an encoder-decoder: the user turn and the end token, without a template, as seq2seq/ trains it."""
    from seq2seq.tokens import load_tokenizer

    tokenizer = load_tokenizer(model)
    turns = [(row["id"], user_turn(row["instruction"], row["input"])) for row in rows]
    return Encoded([(key, tokenizer(turn)["input_ids"]) for key, turn in turns], [tokenizer.eos_token_id])


def prompt_ids(row: dict, template, tokenizer) -> list[int]:
    """The token ids in front of the answer, as in training. The empty answer is where the model goes on."""
    asked = [*row.get("history", ()), (user_turn(row["instruction"], row["input"]), "")]
    turns = [
        {"role": role, "content": text}
        for turn in asked
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
    return template.encode_oneturn(tokenizer, turns, row.get("system") or None)[0]
