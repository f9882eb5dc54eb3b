"""Completions for encoded prompts: one job file, one run of a worker, one file of completions.

The worker is vLLM's in `.venv-vllm`, or for an encoder-decoder, which vLLM does not serve, transformers' in `.venv`.

What is in `completions.jsonl` is kept where model, adapter, prompts and sampling are those of the run before
(`generation.json` says), so that a stopped run goes on and a second run generates nothing.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import environment
from evaluate.generation.prompts import Encoded
from evaluate.reports.results_file import write_text

WORKER = Path(__file__).with_name("vllm_worker.py")
SEQ2SEQ_WORKER = Path(__file__).with_name("seq2seq_worker.py")
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # what vLLM allows as max_lora_rank


class GenerationError(Exception):
    """Generation failed or cannot start; the message says why and what to do."""


class Served(NamedTuple):
    """What a worker loads: a model folder or name, an adapter folder where it is applied unmerged; and which worker."""

    model: str
    adapter: Path | None = None
    seq2seq: bool = False


class Sampling(NamedTuple):
    """Greedy decoding: how many tokens at most, the seed, and how many prompts run together."""

    max_tokens: int = 256
    seed: int = 0
    batch: int = 64


def complete(encoded: Encoded, served: Served, sampling: Sampling, folder: Path) -> dict[str, dict]:
    """The completions of all prompts by row id: `{"id", "completion", "finish_reason", "tokens"}` each.

    Leaves `prompts.jsonl`, `completions.jsonl` and `generation.json` in `folder`. Raises GenerationError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    prompts, completions = folder / "prompts.jsonl", folder / "completions.jsonl"
    write_text(
        prompts, "".join(json.dumps({"id": key, "prompt_token_ids": ids}) + "\n" for key, ids in encoded.prompts)
    )
    job = make_job(encoded, served, sampling) | {"prompts": str(prompts), "completions": str(completions)}
    forget_other_run(folder, job)
    made = read_completions(completions)
    if any(key not in made for key, _ in encoded.prompts):
        run_worker(folder / "generation.json", served.seq2seq)
        made = read_completions(completions)
    return {key: made[key] for key, _ in encoded.prompts}


def make_job(encoded: Encoded, served: Served, sampling: Sampling) -> dict:
    """The worker's job but for its files; see evaluate/generation/{vllm,seq2seq}_worker.py."""
    gpu = has_gpu()
    return {
        "model": served.model,
        "weights": weights_hash(served.model),
        "adapter": str(served.adapter) if served.adapter else None,
        "adapter_hash": weights_hash(served.adapter) if served.adapter else None,
        "adapter_rank": adapter_rank(served.adapter) if served.adapter and not served.seq2seq else None,
        "max_model_len": encoded.longest + sampling.max_tokens + 1,
        "stop_token_ids": encoded.stop_token_ids,
        "dtype": "float32" if served.seq2seq else "auto" if gpu else "bfloat16",
        "eager": not gpu,  # compiling costs a CPU more than some hundred questions give back
        **sampling._asdict(),
    }


def forget_other_run(folder: Path, job: dict) -> None:
    """Drop the completions in `folder` where another job made them, and note this one."""
    job = job | {"prompts_hash": hashlib.sha256((folder / "prompts.jsonl").read_bytes()).hexdigest()[:12]}
    note = folder / "generation.json"
    if not note.is_file() or json.loads(note.read_text(encoding="utf-8")) != job:
        (folder / "completions.jsonl").unlink(missing_ok=True)
    write_text(note, json.dumps(job, indent=2) + "\n")


def run_worker(job: Path, seq2seq: bool = False) -> None:
    """Run a worker on a job file; its progress goes to the terminal. Raises GenerationError where it fails."""
    python = environment.VLLM / "bin/python"
    if seq2seq:
        python = Path(sys.executable)  # this process has all that transformers' worker needs
    elif not python.exists():
        raise GenerationError(f"{environment.VLLM} is missing: vLLM is not installed. Run ./launch.sh setup")
    command = [str(python), str(SEQ2SEQ_WORKER if seq2seq else WORKER), str(job)]
    print("+", *command, flush=True)
    status = subprocess.run(command, env=os.environ | {"PYTHONPATH": "", "PYTHONWARNINGS": "ignore"}).returncode
    if status:
        raise GenerationError(
            f"the {'transformers' if seq2seq else 'vLLM'} worker ended with status {status}; its message stands above."
        )


def read_completions(path: Path) -> dict[str, dict]:
    """The completions made so far by row id; a last line cut short by a killed run does not count."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return {row["id"]: row for row in map(json.loads, filter(None, lines))}


def has_gpu() -> bool:
    """Whether an NVIDIA GPU answers; torch need not be loaded for it."""
    try:
        return subprocess.run(["nvidia-smi", "-L"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def adapter_rank(adapter: Path) -> int:
    """The smallest rank vLLM allows that holds the adapter's own."""
    rank = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))["r"]
    return next(allowed for allowed in LORA_RANKS if allowed >= rank)


def weights_hash(folder: str | Path) -> str | None:
    """12 hex digits that change with a folder's weights (names, sizes and times of its files); None for a hub name."""
    files = sorted(Path(folder).glob("*.safetensors")) + sorted(Path(folder).glob("*.bin"))
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12] if files else None
