"""What a training was made with, on the run it reported to: Weights & Biases, or TensorBoard.

LLaMA-Factory puts its arguments and the loss curve there. `record` adds, once the training is complete, what they do
not say: the recipe as merged, the hashes of the converted files, their prompt style, versions and commit. The
evaluator adds its figures in the same way (`evaluate/reports/tracking.py`).

A W&B run is found by the file it left, `OUT/wandb/[offline-]run-<time>-<id>/run-<id>.wandb`, and resumed by its id.
Offline, that writes a second folder with the same id (its name ends in `-1` where both began in one second); `wandb
sync` joins them. A TensorBoard run is the newest folder below
`OUT/runs`. A tracker that cannot be reached is told and stops nothing.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = "text-to-sql"


def training_run(folder: Path) -> tuple[str, bool] | None:
    """`(run id, offline)` of the newest W&B run in an output folder, None where there is none."""
    runs = sorted((folder / "wandb").glob("*run-*-*/run-*.wandb"), key=lambda path: path.parent.name.split("run-")[1])
    return (runs[-1].stem.removeprefix("run-"), runs[-1].parent.name.startswith("offline")) if runs else None


def tensorboard_run(folder: Path) -> Path | None:
    """The folder of the newest TensorBoard run in an output folder, None where there is none."""
    events = sorted((folder / "runs").glob("*/events.out.tfevents.*"), key=lambda path: path.stat().st_mtime)
    return events[-1].parent if events else None


@contextmanager
def wandb_run(folder: Path) -> Iterator:
    """The W&B run that trained `folder`, resumed; to be asked for only where `training_run` finds one."""
    import wandb

    run_id, offline = training_run(folder)
    with wandb.init(
        id=run_id,
        resume="allow",
        project=os.environ.get("WANDB_PROJECT", PROJECT),
        dir=str(folder),
        mode="offline" if offline else None,
        settings=wandb.Settings(silent=True, console="off"),
    ) as active:
        yield active


@contextmanager
def tensorboard_writer(folder: Path) -> Iterator:
    """`(writer, step)` for the TensorBoard run that trained `folder`, at the last step of the training."""
    from torch.utils.tensorboard import SummaryWriter

    state = folder / "trainer_state.json"
    step = json.loads(state.read_text(encoding="utf-8"))["global_step"] if state.is_file() else 0
    with SummaryWriter(log_dir=str(tensorboard_run(folder))) as writer:
        yield writer, step


def on_runs(folder: Path, to_wandb: Callable, to_tensorboard: Callable) -> list[str]:
    """Call what fits the runs there are, `to_wandb(run)` and `to_tensorboard(writer, step)`; returns their names."""
    told = []
    if training_run(folder) and os.environ.get("WANDB_MODE") != "disabled":
        import wandb

        try:
            with wandb_run(folder) as active:
                to_wandb(active)
            told.append("W&B")
        except wandb.Error as error:
            print(f"tracking: {folder}/wandb: nothing was added to the run: {error}", file=sys.stderr)
    if tensorboard_run(folder):
        with tensorboard_writer(folder) as (writer, step):
            to_tensorboard(writer, step)
        told.append("TensorBoard")
    return told


def record(folder: Path, values: dict, made_with: dict) -> list[str]:
    """Put the recipe (`values`) and the record of the training on its runs; returns the names of the trackers."""
    config = made_with | {"recipe": values}

    def to_tensorboard(writer, step: int) -> None:
        writer.add_text("training", f"```json\n{json.dumps(config, indent=2)}\n```", step)

    return on_runs(folder, lambda run: run.config.update(config, allow_val_change=True), to_tensorboard)
