"""What a training left with its trackers: W&B's offline folders by W&B's own reader, TensorBoard's files by its own."""

import json
import subprocess
from pathlib import Path

import environment


def inspected(folder: Path, *options: str) -> str:
    """`wandb leet inspect` on one offline run."""
    command = [environment.TRAIN / "bin/wandb", "leet", "inspect", "--json", *options, folder]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def offline_runs(out: Path) -> list[Path]:
    """The offline folders of an output folder, oldest first; all have the id of the training's run."""
    runs = sorted((out / "wandb").glob("offline-run-*"))
    assert len({file.name for run in runs for file in run.glob("run-*.wandb")}) == 1  # named by the run's id
    return runs


def merged(out: Path, key: str) -> dict:
    """What `wandb sync` would join: a later folder adds to an earlier one."""
    found = {}
    for run in offline_runs(out):
        found |= json.loads(inspected(run, "--summary"))[key] or {}
    return found


def config_of(out: Path) -> dict:
    return merged(out, "config")


def summary_of(out: Path) -> dict:
    return merged(out, "summary")


def history_of(out: Path, key: str) -> list[float]:
    """The values of one logged figure, in order."""
    records = [json.loads(line) for run in offline_runs(out) for line in inspected(run).splitlines()]
    items = [record["history"]["item"] for record in records if record["type"] == "history"]
    return [item[key] for item in items if key in item]


def scalars_of(run: Path) -> dict[str, list[tuple[int, float]]]:
    """`(step, value)` pairs by name, of a TensorBoard run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run))
    events.Reload()
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in events.Tags()["scalars"]}
