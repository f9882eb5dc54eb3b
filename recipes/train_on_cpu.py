"""LLaMA-Factory's training as a CPU needs it: without the logits that no loss reads, and in 32 bits where asked for.

    python recipes/train_on_cpu.py RECIPE.yaml [KEY=VALUE ...]    same arguments and results as `llamafactory-cli train`

A training row is a prompt, whose labels are -100, and answers. transformers computes logits for every token, but the
loss reads only those before an answer's token. Here only those are computed (the models' own `logits_to_keep`), and
the loss gets their labels (`shift_labels`): the same loss and gradients up to rounding, in less time and memory.

A recipe without bf16 and fp16 gets its weights in 32 bits; LLaMA-Factory leaves them in the type of their file, mostly
bf16, in which a CPU without instructions for it is up to 70 times slower.

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


class In32Bits(TrainerCallback):
    """Widens the weights when the training begins; the optimizer holds the same parameters."""

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        model.float()


def callbacks(recipe: dict) -> list[TrainerCallback]:
    """What a recipe's training gets; all logits stay where LLaMA-Factory reads more than labels do (dpo, kto, asft)."""
    reads_logits = recipe.get("stage", "sft") != "sft" or recipe.get("use_asft_loss")
    narrow = any(recipe.get(key) for key in ("bf16", "fp16", "pure_bf16", "quantization_bit"))
    return [callback() for callback, wanted in ((AnswerLogits, not reads_logits), (In32Bits, not narrow)) if wanted]


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
