"""The completions of a run on disk: `completions.jsonl`, and one file a process where several generate at once.

A line: `{"id", "completion", "finish_reason", "tokens"}`. Processes that share the prompts of a run write into
`shards/`; their lines move into `completions.jsonl` when all are done, or when a stopped run goes on.
"""

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from atomic import write_text

COMPLETIONS, SHARDS = "completions.jsonl", "shards"


class GenerationError(Exception):
    """Generation failed or cannot start; the message says why and what to do."""


class Remote(NamedTuple):
    """A model on servers: their addresses, the names it may go by there, and the hash of its weights where known.

    `chosen` is the one name it must have there, where somebody said so.
    """

    urls: tuple[str, ...]
    names: tuple[str, ...]
    chosen: str | None = None
    weights: str | None = None


class Shard(NamedTuple):
    """The files of one process: its job, its prompts, and the completions it makes."""

    job: Path
    prompts: Path
    completions: Path


def read_completions(path: Path) -> dict[str, dict]:
    """The completions made so far by row id.

    A last line cut short by a killed run does not count, nor does one with NULs, which a power cut leaves in place of
    what the disk did not get.
    """
    if not path.is_file():
        return {}
    lines = path.read_bytes().split(b"\n")[:-1]
    return {row["id"]: row for row in (json.loads(line) for line in lines if line and b"\0" not in line)}


def write_completions(path: Path, made: dict[str, dict]) -> None:
    """Replace the file by these completions, whole lines only."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made.values()))


def split(prompts: list[tuple[str, list[int]]], parts: int) -> list[list[tuple[str, list[int]]]]:
    """The prompts in `parts` lists of about one length, none empty.

    Prompts that begin alike (one database, one schema) stay together, as vLLM computes a common beginning once.
    """
    ordered = sorted(prompts, key=lambda prompt: prompt[1])
    cuts = [len(ordered) * part // parts for part in range(parts + 1)]
    return [ordered[start:end] for start, end in pairwise(cuts) if start < end]


def write_shards(folder: Path, job: dict, parts: list[list[tuple[str, list[int]]]]) -> list[Shard]:
    """A job file, with its prompts, for each of `parts` (see `split`): `job` but for its two files."""
    target = folder / SHARDS
    target.mkdir(exist_ok=True)
    shards = []
    for number, part in enumerate(parts):
        shard = Shard(
            *(target / f"{number}.{name}" for name in ("job.json", "prompts.jsonl", "completions.jsonl")),
        )
        write_text(shard.prompts, prompt_lines(part))
        files = {"prompts": str(shard.prompts), "completions": str(shard.completions)}
        write_text(shard.job, json.dumps(job | files, indent=2) + "\n")
        shards.append(shard)
    return shards


def prompt_lines(prompts: list[tuple[str, list[int]]]) -> str:
    """The JSON lines a worker reads: `{"id", "prompt_token_ids"}`."""
    return "".join(json.dumps({"id": key, "prompt_token_ids": ids}) + "\n" for key, ids in prompts)


def read_prompts(path: Path) -> dict[str, list[int]]:
    """The prompts of `prompt_lines` by row id; none where there is no file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {row["id"]: row["prompt_token_ids"] for row in map(json.loads, lines)}


def keep_asked(folder: Path, prompts: list[tuple[str, list[int]]]) -> dict[str, dict]:
    """Write the `prompts.jsonl` of a run, and return the completions by row id that `folder` has for such prompts.

    Completions of rows that this run does not ask stay, with their prompts; those of rows whose prompt is another one
    now are dropped.
    """
    earlier, asked = read_prompts(folder / "prompts.jsonl"), dict(prompts)
    made = read_completions(folder / COMPLETIONS)
    kept = {key: row for key, row in made.items() if key in earlier and asked.get(key, earlier[key]) == earlier[key]}
    if kept.keys() != made.keys():
        write_completions(folder / COMPLETIONS, kept)
    others = [(key, earlier[key]) for key in kept if key not in asked]
    write_text(folder / "prompts.jsonl", prompt_lines([*prompts, *others]))
    return kept


def collect_shards(folder: Path) -> None:
    """Move what the processes of `folder` made into its `completions.jsonl`; nothing where there are none."""
    if not (folder / SHARDS).is_dir():
        return
    made = read_completions(folder / COMPLETIONS)
    for path in sorted((folder / SHARDS).glob("*.completions.jsonl")):
        made |= read_completions(path)
    write_completions(folder / COMPLETIONS, made)
    shutil.rmtree(folder / SHARDS)


def forget(folder: Path) -> None:
    """Drop every completion in `folder`."""
    (folder / COMPLETIONS).unlink(missing_ok=True)
    shutil.rmtree(folder / SHARDS, ignore_errors=True)
