"""Running commands: here, one after the other, or as tasks of a Ray cluster, each with its own GPU.

Points share cores, memory and vLLM's cache, so here only one runs at a time. On a cluster a command runs wherever
there is room, in this folder (a shared file system is needed), and writes its own log file. A command that
fails is data: its exit status is reported, and the others run.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import environment
from sweep.plan import Command

PASSED_ON = ("WANDB_", "HF_", "LLAMAFACTORY_", "VLLM_")  # variables that a task gets from where the sweep was started


class Ended(NamedTuple):
    """A command that has run: why it failed (None where it did not) and the seconds it took."""

    name: str
    failure: str | None
    seconds: float


def run_here(commands: list[Command]) -> Iterator[Ended]:
    """Run the commands in order; their output goes to the terminal."""
    for command in commands:
        print(f"== {command.name}\n+", *command.words, flush=True)
        start = time.monotonic()
        status = subprocess.run(command.words, cwd=environment.ROOT).returncode
        yield Ended(command.name, failure_of(status), time.monotonic() - start)


def run_on_ray(commands: list[Command], address: str, logs: Path) -> Iterator[Ended]:
    """Run the commands as tasks of the cluster at `address`, as they end; output goes to `logs`/<name>.log."""
    import ray

    logs.mkdir(parents=True, exist_ok=True)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker does not have this folder on its path
    ray.init(address=address, log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True)
    variables = {key: value for key, value in os.environ.items() if key.startswith(PASSED_ON)}
    task = ray.remote(max_retries=0, **resources(ray.cluster_resources()))(in_task)
    waiting = {}
    for command in commands:
        log = (environment.ROOT / logs / f"{command.name}.log").resolve()
        print(f"== {command.name}: queued; log: {log}\n+", *command.words, flush=True)
        waiting[task.remote(command.words, str(environment.ROOT), str(log), variables)] = command.name
    while waiting:
        (ready,), _ = ray.wait(list(waiting))
        name = waiting.pop(ready)
        try:
            status, seconds = ray.get(ready)
            yield Ended(name, failure_of(status), seconds)
        except ray.exceptions.RayError as error:
            yield Ended(name, f"the cluster lost it: {str(error).splitlines()[0]}", 0.0)


def in_task(words: list[str], folder: str, log: str, variables: dict[str, str]) -> tuple[int, float]:
    """What a task does: run a command in `folder`, output to `log`; returns exit status and seconds."""
    start = time.monotonic()
    with open(log, "w", encoding="utf-8") as file:
        run = subprocess.run(words, cwd=folder, env=os.environ | variables, stdout=file, stderr=subprocess.STDOUT)
    return run.returncode, time.monotonic() - start


def resources(cluster: dict[str, float]) -> dict[str, int]:
    """What a task asks for: a GPU where the cluster has any, else a core."""
    return {"num_gpus": 1} if cluster.get("GPU") else {"num_cpus": 1}


def failure_of(status: int) -> str | None:
    """An exit status as a reason; None for success."""
    return f"exit status {status}" if status else None
