"""How long a row is for the model that reads it: tokens, by the real tokenizer and LLaMA-Factory's template.

`token_counter(model, template)` counts what the trainer makes of a row: template, user turns, answers, ends of turns.
LLaMA-Factory silently cuts a row longer than `cutoff_len`, the end of the prompt first; so converters shorten or drop
such rows (`--cutoff`), and a recipe whose `cutoff_len` is too small for its data is warned about before training.
Counting imports LLaMA-Factory: some 10 s and 1.5 GB.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from converters.rows import ConversionError
from prompts.prompt import user_turn
from prompts.template import load_template

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "data/models"
Turns = Sequence[tuple[str, str]]  # (user turn, answer), in order
Counter = Callable[[Turns], int]


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


def turns_of(row: dict) -> list[tuple[str, str]]:
    """The turns of a converted row, those of its history first."""
    history = [(asked, answer) for asked, answer in row.get("history") or ()]
    return [*history, (user_turn(row["instruction"], row["input"]), row["output"])]


@lru_cache(maxsize=1)
def token_counter(model: str, template: str, default_system: str | None = None) -> Counter:
    """A function from the turns of a row to its tokens, as LLaMA-Factory trains on it.

    Args:
        model: a folder or hub name with a tokenizer.
        template: a name LLaMA-Factory knows.
        default_system: the recipe's system prompt in place of the template's, where it has one.
    Raises ConversionError where one of the two cannot be loaded.
    """
    folder = ROOT / model  # an absolute path stays as it is
    if folder.is_dir():
        model = str(folder)
    elif folder.is_relative_to(MODELS):
        raise ConversionError(f"--tokenizer {model}: no such folder. Make it: python models/run.py {folder.name}")
    elif Path(model).is_absolute():
        raise ConversionError(f"--tokenizer {model}: no such folder. Give a model's folder or hub name.")
    try:
        trainer, tokenizer = load_template(
            {"model_name_or_path": model, "template": template, "default_system": default_system}
        )
    except ImportError as error:
        raise ConversionError(f"counting tokens needs LLaMA-Factory ({error}). Run ./launch.sh setup") from error
    except (OSError, ValueError) as error:
        message = " ".join(str(error).split())
        raise ConversionError(f"--tokenizer {model} --template {template}: {message}") from error

    def count(turns: Turns) -> int:
        roles = zip(("user", "assistant") * len(turns), (text for turn in turns for text in turn), strict=True)
        messages = [{"role": role, "content": text} for role, text in roles]
        pairs = trainer.encode_multiturn(tokenizer, messages)
        return sum(len(ids) for pair in pairs for ids in pair) + bool(trainer.efficient_eos)

    return count
