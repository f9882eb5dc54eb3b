"""Completions for encoded prompts: from a worker process, one a GPU, or from running servers.

The worker is vLLM's in `.venv-vllm`, or for an encoder-decoder, which vLLM does not serve, transformers' in `.venv`.

What is in `completions.jsonl` is kept where model, adapter and sampling are those of the run before (`generation.json`
says) and the row's prompt is (`prompts.jsonl` says), so that a stopped run goes on, a second run generates nothing, and
one with `--limit` costs a full run nothing.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import environment
from atomic import write_text
from evaluate.generation.completions import (
    COMPLETIONS,
    GenerationError,
    Remote,
    collect_shards,
    forget,
    keep_asked,
    prompt_lines,
    read_completions,
    split,
    write_completions,
    write_shards,
)
from evaluate.generation.prompts import Encoded
from recipes.hardware import cpu_has_bf16, has_gpu, visible_gpus

WORKERS = {"vllm": "vllm_worker.py", "transformers": "seq2seq_worker.py", "llamacpp": "llamacpp_worker.py"}
NAMES = {"vllm": "vLLM", "llamacpp": "llama.cpp"}  # as a person knows them
SLOTS = 4  # prompts that llama.cpp answers together
HASHED = {"model": "weights", "adapter": "adapter_hash"}  # keys of a job: a place, and the hash of what lies there
OF_THE_PROMPTS = ("prompts", "completions", "prompts_hash", "max_model_len")  # keys of a job
PATIENCE = 5.0  # seconds that a worker has to end by itself
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # what vLLM allows as max_lora_rank


class Served(NamedTuple):
    """What a worker loads: a model folder or name, an adapter folder where it is applied unmerged; and which worker.

    `llamacpp`: both are GGUF files.
    """

    model: str
    adapter: Path | None = None
    seq2seq: bool = False
    llamacpp: bool = False


class Sampling(NamedTuple):
    """Greedy decoding: how many tokens at most, the seed, and how many prompts run together."""

    max_tokens: int = 256
    seed: int = 0
    batch: int = 64


def complete(
    encoded: Encoded, served: Served | Remote, sampling: Sampling, folder: Path, *, gpus: int | None = None
) -> dict[str, dict]:
    """The completions of all prompts by row id: `{"id", "completion", "finish_reason", "tokens"}` each.

    Leaves `prompts.jsonl`, `completions.jsonl` and `generation.json` in `folder`. `gpus`: how many share the prompts
    (default: all visible ones). Raises GenerationError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    prompts, completions = folder / "prompts.jsonl", folder / COMPLETIONS
    files = {"prompts": str(prompts), "completions": str(completions)}
    job = make_job(encoded, served, sampling)
    forget_other_run(folder, job | files)
    collect_shards(folder)
    made = keep_asked(folder, encoded.prompts)
    waiting = [prompt for prompt in encoded.prompts if prompt[0] not in made]
    if waiting:
        write_completions(completions, made)  # whole lines only: what answers appends to them
    if waiting and isinstance(served, Remote):
        from evaluate.generation import server

        server.ask(served, waiting, job, completions)
    elif waiting:
        shared = [] if engine_of(job) == "llamacpp" else devices(gpus, len(waiting), sampling.batch)
        run_workers(folder, job, waiting, shared)
    made = read_completions(completions)
    return {key: made[key] for key, _ in encoded.prompts}


def make_job(encoded: Encoded, served: Served | Remote, sampling: Sampling) -> dict:
    """What the completions depend on: the worker's job but for its files (see vllm_worker.py, seq2seq_worker.py).

    For servers their addresses are no part of it.
    """
    texts = {"prompts_hash": hashlib.sha256(prompt_lines(encoded.prompts).encode()).hexdigest()[:12]}
    if isinstance(served, Remote):
        asked = {"model": served.chosen or served.names[0], "server": True, "weights": served.weights}
        return asked | texts | {"stop_token_ids": encoded.stop_token_ids, **sampling._asdict()}
    if served.llamacpp:
        return llamacpp_job(encoded, served, sampling) | texts
    gpu = has_gpu()
    return {
        "model": served.model,
        "seq2seq": served.seq2seq,
        "weights": weights_hash(served.model),
        "adapter": str(served.adapter) if served.adapter else None,
        "adapter_hash": weights_hash(served.adapter) if served.adapter else None,
        "adapter_rank": adapter_rank(served.adapter) if served.adapter and not served.seq2seq else None,
        "max_model_len": encoded.longest + sampling.max_tokens + 1,
        "stop_token_ids": encoded.stop_token_ids,
        "dtype": number_type(gpu, served.seq2seq),
        "eager": not gpu,  # compiling costs a CPU more than some hundred questions give back
        **texts,
        **sampling._asdict(),
    }


def number_type(gpu: bool, seq2seq: bool) -> str:
    """torch's name of the numbers that a model of `served` computes with; `auto` leaves it to the model's config."""
    if seq2seq:
        return "float32"
    if gpu:
        return "auto"
    return "bfloat16" if cpu_has_bf16() else "float32"


def llamacpp_job(encoded: Encoded, served: Served, sampling: Sampling) -> dict:
    """The job of llamacpp_worker.py, which ends answers at the GGUF file's end tokens."""
    return {
        "engine": "llamacpp",
        "model": served.model,
        "weights": weights_hash(served.model),
        "adapter": str(served.adapter) if served.adapter else None,
        "adapter_hash": weights_hash(served.adapter) if served.adapter else None,
        "max_model_len": encoded.longest + sampling.max_tokens + 1,
        **sampling._asdict(),
        "batch": SLOTS,
    }


def engine_of(job: dict) -> str:
    """What makes the completions of a job: a key of WORKERS, or `server`."""
    if job.get("server"):
        return "server"
    return job.get("engine") or ("transformers" if job.get("seq2seq") else "vllm")


def forget_other_run(folder: Path, job: dict) -> None:
    """Drop the completions in `folder` where another job made them, and note this one."""
    note = folder / "generation.json"
    if not note.is_file() or identity(json.loads(note.read_text(encoding="utf-8"))) != identity(job):
        forget(folder)
    write_text(note, json.dumps(job, indent=2) + "\n")


def identity(job: dict) -> dict:
    """What of a job its completions depend on: not where its files lie, nor by which path a folder was named.

    A folder is known by the hash of its weights, a model of the hub by its name. Prompts are compared one by one.
    """
    same = {key: value for key, value in job.items() if key not in OF_THE_PROMPTS}
    if job.get("server"):
        return same  # its `model` is a name on the server
    return same | {key: job.get(digest) or job.get(key) for key, digest in HASHED.items()}


def devices(gpus: int | None, prompts: int, batch: int) -> list[str]:
    """The GPUs to generate on, as CUDA_VISIBLE_DEVICES names them; empty: one process on what there is.

    No more than there are batches: an engine takes longer to start than a batch to run. Raises GenerationError where
    more GPUs are asked for than are visible.
    """
    visible = visible_gpus()
    if gpus and gpus > max(1, len(visible)):
        raise GenerationError(f"--gpus {gpus}: {len(visible)} GPUs are visible here. Ask for that many at most")
    used = visible[: min(gpus or len(visible), -(-prompts // batch))]
    return used if len(used) > 1 or gpus else []


def run_workers(folder: Path, job: dict, waiting: list[tuple[str, list[int]]], gpus: list[str]) -> None:
    """Run one worker a GPU, each on its part of the `waiting` prompts; without `gpus` one worker on all of them.

    Their progress goes to the terminal. Raises GenerationError where one fails, once all have ended; what they made
    is kept.
    """
    if not gpus:
        return await_workers([start_worker(folder / "generation.json", engine_of(job))])
    shards = write_shards(folder, job, split(waiting, len(gpus)))
    bars = [{"TQDM_POSITION": str(line), "TQDM_DESC": f"GPU {gpu}"} for line, gpu in enumerate(gpus)]
    try:
        await_workers(
            [
                start_worker(shard.job, engine_of(job), CUDA_VISIBLE_DEVICES=gpu, **bar)
                for shard, gpu, bar in zip(shards, gpus, bars, strict=False)
            ]
        )
    finally:
        collect_shards(folder)


def start_worker(job: Path, engine: str, **variables: str) -> subprocess.Popen:
    """Start a worker on a job file. Raises GenerationError where its environment is missing."""
    venv = {"vllm": environment.VLLM, "llamacpp": environment.ASK}.get(engine)
    python = venv / "bin/python" if venv else Path(sys.executable)  # this process has all that transformers needs
    if not python.exists():
        raise GenerationError(f"{venv} is missing: {NAMES[engine]} is not installed. Run ./launch.sh setup")
    command = [str(python), str(Path(__file__).with_name(WORKERS[engine])), str(job)]
    print("+", *(f"{key}={value}" for key, value in variables.items() if key[:4] == "CUDA"), *command, flush=True)
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "", "PYTHONWARNINGS": "ignore"} | variables)


def await_workers(workers: list[subprocess.Popen]) -> None:
    """Wait for all workers. Raises GenerationError with the status of the first that failed.

    None outlives an interrupt, which a terminal sends to all, but `kill -INT` to this process alone.
    """
    try:
        failed = [status for status in [worker.wait() for worker in workers] if status]
    except KeyboardInterrupt:
        stop_workers(workers)
        raise
    if failed:
        raise GenerationError(f"the worker ended with status {failed[0]}; see its message above.")


def stop_workers(workers: list[subprocess.Popen]) -> None:
    """End the workers: first they may end by themselves, then by an interrupt, then they are killed."""
    for ask in (lambda worker: None, lambda worker: worker.send_signal(signal.SIGINT), subprocess.Popen.kill):
        running = [worker for worker in workers if worker.poll() is None]
        for worker in running:
            ask(worker)
        deadline = time.monotonic() + PATIENCE
        for worker in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(max(0.0, deadline - time.monotonic()))


def adapter_rank(adapter: Path) -> int:
    """The smallest rank vLLM allows that holds the adapter's own; there is one (`adapters.vllm_applies`)."""
    rank = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))["r"]
    return next(allowed for allowed in LORA_RANKS if allowed >= rank)


def weights_hash(place: str | Path) -> str | None:
    """12 hex digits that change with the weights of a folder or file (names, sizes, times); None for a hub name."""
    files = (
        [Path(place)]
        if Path(place).is_file()
        else sorted(Path(place).glob("*.safetensors")) + sorted(Path(place).glob("*.bin"))
    )
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12] if files else None
