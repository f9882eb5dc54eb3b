"""The keys of a recipe with `stage: seq2seq`: LLaMA-Factory's names, as far as they mean something for T5.

`Training` takes every key of transformers' `Seq2SeqTrainingArguments` (learning_rate, predict_with_generate, report_to,
...), `Model` and `Data` those of LLaMA-Factory that are kept. A key that is in none of them is an error of the recipe.
"""

from dataclasses import dataclass, field

from transformers import HfArgumentParser, Seq2SeqTrainingArguments

METHODS = ("full", "lora")


@dataclass
class Model:
    """Which model, and how its weights are trained. Raises ValueError for values that do not go together."""

    model_name_or_path: str
    stage: str = "seq2seq"
    finetuning_type: str = "lora"
    quantization_bit: int | None = None
    lora_rank: int = 8
    lora_alpha: int | None = None  # twice the rank, as in LLaMA-Factory
    lora_dropout: float = 0.0
    lora_target: str = "all"
    additional_target: str | None = None
    use_rslora: bool = False
    use_dora: bool = False

    def __post_init__(self) -> None:
        if self.finetuning_type not in METHODS:
            raise ValueError(f"key finetuning_type: {self.finetuning_type!r} is not one of {', '.join(METHODS)}")
        if self.quantization_bit not in (None, 4):
            raise ValueError(f"key quantization_bit: {self.quantization_bit} is not 4, the only one for T5")
        if self.quantization_bit and self.finetuning_type == "full":
            raise ValueError("key quantization_bit: 4-bit weights cannot be trained. Set finetuning_type: lora")


@dataclass
class Data:
    """Which rows, and how long they may be; a row that is longer is left out and counted, never cut."""

    dataset: str
    eval_dataset: str | None = None
    dataset_dir: str = "data"
    cutoff_len: int = 2048  # tokens of the input
    max_new_tokens: int = 256  # tokens of the answer, in training and when generating
    max_samples: int | None = None  # the first N rows of each data set
    max_eval_samples: int | None = None  # N evaluation rows, evenly spaced: generating takes time


@dataclass
class Training(Seq2SeqTrainingArguments):
    """transformers' arguments, and the two that LLaMA-Factory adds. Raises ValueError for fp16."""

    overwrite_output_dir: bool = field(default=False, metadata={"help": "Start over instead of resuming."})
    plot_loss: bool = field(default=False, metadata={"help": "Draw training_loss.png."})

    def __post_init__(self) -> None:
        if self.fp16:
            raise ValueError(
                "key fp16: T5's activations overflow in fp16, and its loss becomes nan. Set bf16, or neither"
            )
        super().__post_init__()


KINDS = (Model, Data, Training)


def parse(recipe: dict) -> tuple[Model, Data, Training]:
    """The arguments in a recipe's values. Raises ValueError or TypeError for one that is unknown, missing or wrong."""
    return HfArgumentParser(KINDS).parse_dict(recipe)
