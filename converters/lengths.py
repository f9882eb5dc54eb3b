"""How long a row is for the model that reads it: tokens, by the real tokenizer and LLaMA-Factory's template.

`token_counter(model, template)` counts what the trainer makes of a row: template, user turn, answer and end of turn.
LLaMA-Factory cuts a row longer than `cutoff_len` without a word, the end of the prompt first; so converters shorten or
drop such rows (`--cutoff`), and a recipe whose `cutoff_len` is too small for its data is told so before training.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from converters import frames
from converters.rows import ConversionError

Counter = Callable[[str, str, str], int]


class Lengths(NamedTuple):
    """The lengths of a file's rows: `p95` is the smallest length that 95 % of the rows do not exceed."""

    rows: int
    mean: float
    p95: int
    max: int

    def __str__(self) -> str:
        return f"mean {self.mean:.0f}, p95 {self.p95}, max {self.max}"


def summary(values: Iterable[int]) -> Lengths:
    """Mean, 95th percentile and maximum; all 0 where there is none."""
    ordered = sorted(values)
    if not ordered:
        return Lengths(0, 0.0, 0, 0)
    return Lengths(len(ordered), sum(ordered) / len(ordered), ordered[(95 * len(ordered) - 1) // 100], ordered[-1])


@lru_cache(maxsize=1)
def token_counter(model: str, template: str, default_system: str | None = None) -> Counter:
    """A function `(instruction, input, output) -> tokens` for a row as LLaMA-Factory trains on it.

    Args:
        model: a folder or hub name with a tokenizer.
        template: a name LLaMA-Factory knows.
        default_system: the recipe's system prompt in place of the template's, where it has one.
    Raises ConversionError where one of the two cannot be loaded.
    """
    if Path(model).is_absolute() and not Path(model).is_dir():
        raise ConversionError(f"--tokenizer {model}: no such folder. Give a model's folder or hub name.")
    kept = frames.frame_of(model, template, default_system)
    if kept:
        return kept.count
    trainer, tokenizer = frames.load(model, template, default_system)
    return lambda *row: frames.trainer_count(trainer, tokenizer, row)
