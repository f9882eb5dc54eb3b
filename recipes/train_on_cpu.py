"""LLaMA-Factory's training without the logits that no loss reads; they cost a CPU a good part of each step.

    python recipes/train_on_cpu.py RECIPE.yaml [KEY=VALUE ...]    same arguments and results as `llamafactory-cli train`

A training row is a prompt, whose labels are -100, and answers. transformers computes logits for every token, but the
loss reads only those before an answer's token. Here only those are computed (the models' own `logits_to_keep`), and
the loss gets their labels (`shift_labels`): the same loss and gradients up to rounding, in less time and memory.

Covered: supervised tuning (stage sft) by any method, packed or not, of the model types in MODEL_TYPES. Everything
else, evaluation during the training included, runs as in LLaMA-Factory.
"""

import sys

import torch
from transformers import TrainerCallback

IGNORED = -100  # the label of a token that is not learnt
MODEL_TYPES = ("gemma3_text", "llama", "qwen2", "qwen3")  # each has its test in tests/recipes/test_train_on_cpu.py


def keep_answer_logits(model: torch.nn.Module, arguments: tuple, inputs: dict) -> tuple[tuple, dict] | None:
    """A forward pre-hook: a training step's `inputs` with the positions to compute logits for, and their labels.

    A position counts where any row of the batch learns its next token. None, so no change, outside of training steps
    with labels (a loss outside of the model takes the labels away and reads all logits).
    """
    labels = inputs.get("labels")
    if labels is None or not model.training:
        return None
    positions = (labels[:, 1:] != IGNORED).any(dim=0).nonzero().flatten()
    kept = {"logits_to_keep": positions, "shift_labels": labels.index_select(1, positions + 1)}
    return arguments, inputs | kept


class AnswerLogits(TrainerCallback):
    """Puts the hook on the model when its training begins."""

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        if model.config.model_type in MODEL_TYPES:
            model.register_forward_pre_hook(keep_answer_logits, with_kwargs=True)


def callbacks(recipe: dict) -> list[TrainerCallback]:
    """What a recipe's training gets: nothing where LLaMA-Factory reads the logits beside the loss (dpo, kto, asft)."""
    reads_logits = recipe.get("stage", "sft") != "sft" or recipe.get("use_asft_loss")
    return [] if reads_logits else [AnswerLogits()]


def main() -> int:
    from llamafactory.hparams.parser import read_args
    from llamafactory.train.tuner import run_exp

    recipe = read_args()
    if not isinstance(recipe, dict):
        print(__doc__, file=sys.stderr)
        return 2
    run_exp(recipe, callbacks=callbacks(recipe))
    return 0


if __name__ == "__main__":
    sys.exit(main())
