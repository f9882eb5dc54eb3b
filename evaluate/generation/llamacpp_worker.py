"""The llama.cpp side of the evaluator: token ids in, completions out. Runs in `.venv-ask`.

    .venv-ask/bin/python evaluate/generation/llamacpp_worker.py JOB.json

JOB.json: {"model": FILE.gguf, "adapter": FILE.gguf or null, "prompts": FILE, "completions": FILE, "max_tokens": 256,
           "batch": 4, "max_model_len": 1024}: prompts that are answered together, and tokens of the longest one and its
answer. The files are those of vllm_worker.py, and each line is written as soon as it is done. Decoding is greedy and
ends at the GGUF file's own end tokens.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tqdm import tqdm  # noqa: E402

from evaluate.generation.completions import GenerationError, read_completions, read_prompts, write_completions  # noqa: E402
from evaluate.generation.llamacpp import Engine  # noqa: E402


def generate(job: dict, waiting: dict[str, list[int]]) -> None:
    """Complete the `waiting` prompts, token ids by row id. Prompts that begin alike follow each other."""
    prompts, stop = iter(sorted(waiting.items(), key=lambda prompt: prompt[1])), threading.Event()
    adapter, context = Path(job["adapter"]) if job["adapter"] else None, job["batch"] * job["max_model_len"]
    with (
        Engine(Path(job["model"]), adapter, slots=job["batch"], context=context) as engine,
        open(job["completions"], "a", encoding="utf-8") as file,
        tqdm(total=len(waiting), unit="question") as bar,
        ThreadPoolExecutor(job["batch"]) as slots,
    ):
        shared = (threading.Lock(), stop, file, bar)
        parts = [slots.submit(work, engine, prompts, job["max_tokens"], shared) for _ in range(job["batch"])]
        try:
            for part in parts:
                part.result()
        finally:
            stop.set()


def work(engine: Engine, prompts: Iterator, max_tokens: int, shared: tuple) -> None:
    """Complete prompts one after the other until none is left, or another slot failed."""
    lock, stop, file, bar = shared
    while not stop.is_set():
        with lock:
            key, ids = next(prompts, (None, None))
        if key is None:
            return
        made = engine.complete_ids(ids, max_tokens=max_tokens, cancelled=stop.is_set)
        if made.finish_reason == "cancelled":
            return
        row = {"id": key, "completion": made.text, "finish_reason": made.finish_reason, "tokens": made.tokens}
        with lock:
            file.write(json.dumps(row | {"confidence": made.confidence}, ensure_ascii=False) + "\n")
            file.flush()
            bar.update()


def main() -> int:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    completions, start = Path(job["completions"]), time.monotonic()
    done = read_completions(completions)
    write_completions(completions, done)  # without a line cut short
    waiting = {key: ids for key, ids in read_prompts(Path(job["prompts"])).items() if key not in done}
    try:
        if waiting:
            generate(job, waiting)
    except GenerationError as error:
        print(f"llama.cpp: {error}", file=sys.stderr)
        return 1
    print(f"llama.cpp: {len(waiting)} completions in {time.monotonic() - start:.0f} s, loading included", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
