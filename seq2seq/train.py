"""Train an encoder-decoder model (T5) as a recipe with `stage: seq2seq` says.

    python seq2seq/train.py recipes/t5_small_full.yaml [KEY=VALUE ...]

Leaves what LLaMA-Factory leaves: model or adapter, tokenizer, checkpoints, trainer_log.jsonl, training_loss.png. A
second run goes on from the last checkpoint unless overwrite_output_dir. Several GPUs, or FORCE_TORCHRUN=1 with
LLaMA-Factory's NPROC_PER_NODE, NNODES, NODE_RANK, MASTER_ADDR and MASTER_PORT, run under torchrun. Exit status: 0; 2
for a recipe or data that cannot be used; 1 where a model or file cannot be read or written.
"""

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import environment  # noqa: E402

environment.enter(needs=("transformers", "peft", "llamafactory"))

from recipes import recipe  # noqa: E402


def main(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    if is_on(os.environ, "USE_RAY"):
        print("seq2seq: USE_RAY: T5 is not trained on Ray. Unset it; for several machines see NNODES", file=sys.stderr)
        return 2
    command = torchrun(words, dict(os.environ), gpus())
    if command:
        os.execv(command[0], command)
    from seq2seq.data import DataError

    try:
        path = Path(words[0])
        values = recipe.read(path, words[1:])
        recipe.check(path, values)
        train(values)
    except (recipe.RecipeError, DataError) as error:
        print(f"seq2seq: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"seq2seq: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def is_on(variables: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on, as LLaMA-Factory and launch.sh read it."""
    return variables.get(name, "").lower() in ("1", "true", "y")


def gpus() -> int:
    """The CUDA devices that this process sees."""
    import torch

    return torch.cuda.device_count()


def torchrun(words: list[str], variables: dict[str, str], devices: int) -> list[str] | None:
    """The command that starts one process a device, None where this process trains alone or is one of several."""
    if "LOCAL_RANK" in variables or not (is_on(variables, "FORCE_TORCHRUN") or devices > 1):
        return None
    places = {
        "--nnodes": variables.get("NNODES", "1"),
        "--node_rank": variables.get("NODE_RANK", "0"),
        "--nproc_per_node": variables.get("NPROC_PER_NODE", str(max(devices, 1))),
        "--master_addr": variables.get("MASTER_ADDR", "127.0.0.1"),
        "--master_port": variables.get("MASTER_PORT", "29500"),
    }
    options = [part for place in places.items() for part in place]
    return [sys.executable, "-m", "torch.distributed.run", *options, __file__, *words]


def train(values: dict) -> None:
    """Train what a checked recipe asks for."""
    from transformers import set_seed
    from transformers.trainer_utils import get_last_checkpoint

    from recipes.seq2seq_arguments import parse

    model, data, training = parse(values)
    out = Path(training.output_dir)
    if training.overwrite_output_dir and training.process_index == 0:
        recipe.forget_training(out, values)
    set_seed(training.seed)
    trainer = make_trainer(values, model, data, training)
    last = None if training.overwrite_output_dir or not out.is_dir() else get_last_checkpoint(out)
    trainer.train(resume_from_checkpoint=training.resume_from_checkpoint or last)
    trainer.save_model()
    trainer.save_state()
    if training.plot_loss and trainer.is_world_process_zero():
        plot(out, training)


def make_trainer(values: dict, model, data, training):
    """transformers' Seq2SeqTrainer with rows, model, metrics, and LLaMA-Factory's log."""
    from llamafactory.train.callbacks import LogCallback
    from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer

    from seq2seq.metrics import compute_metrics
    from seq2seq.model import load_model
    from seq2seq.tokens import load_tokenizer

    tokenizer = load_tokenizer(model.model_name_or_path)
    rows, evaluation = load_rows(values, tokenizer, data, training)
    loaded = load_model(model, training)
    training.generation_max_length = training.generation_max_length or data.max_new_tokens + 1  # a start token first
    return Seq2SeqTrainer(
        model=loaded,
        args=training,
        train_dataset=rows,
        eval_dataset=evaluation,
        processing_class=tokenizer,
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=loaded, pad_to_multiple_of=8),
        compute_metrics=partial(compute_metrics, tokenizer=tokenizer) if training.predict_with_generate else None,
        callbacks=[LogCallback()],
    )


def load_rows(values: dict, tokenizer, data, training) -> tuple:
    """The rows to train on and those to evaluate on (None without eval_dataset); prints what was left out."""
    from seq2seq.data import describe, encode_sets, spread

    found = []
    for key in ("dataset", "eval_dataset"):
        names = recipe.datasets(values, key)
        with training.main_process_first():
            encoded = encode_sets(names, tokenizer, data) if names else None
        if encoded and training.process_index == 0:
            line = f"seq2seq: {', '.join(names)}: {len(encoded.rows)} rows {describe(encoded.left_out)}"
            print(line.rstrip(), flush=True)
        found.append(encoded.rows if encoded else None)
    rows, evaluation = found
    return rows, evaluation and spread(evaluation, data.max_eval_samples)


def plot(out: Path, training) -> None:
    """The curves that LLaMA-Factory draws, and that of exact match where it was computed."""
    from llamafactory.extras.ploting import plot_loss

    generated = ["eval_exact_match"] if training.predict_with_generate else []
    plot_loss(str(out), keys=["loss", *(["eval_loss", *generated] if training.eval_strategy != "no" else [])])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
