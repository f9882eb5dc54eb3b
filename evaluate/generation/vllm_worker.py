"""The vLLM side of the evaluator: token ids in, completions out. Runs in `.venv-vllm`, imports nothing of ours.

    .venv-vllm/bin/python evaluate/generation/vllm_worker.py JOB.json

JOB.json: {"model": DIR_OR_NAME, "adapter": DIR or null, "adapter_rank": 16, "prompts": FILE, "completions": FILE,
           "max_tokens": 256, "stop_token_ids": [1], "max_model_len": 1024, "dtype": "bfloat16", "seed": 0, "batch": 64}
A line of `prompts`: {"id": "spider-dev-17", "prompt_token_ids": [2, 105, ...]}; one of `completions`:
{"id", "completion", "finish_reason", "tokens"}. Lines already in `completions` are not made again; each batch is
appended as soon as it is done, so that a stopped run goes on where it was. Decoding is greedy.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")  # GiB; read by the CPU build only
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

BATCHES_AT_ONCE = 4  # what a killed run loses at most


def read_lines(path: Path) -> list[dict]:
    """The objects of a JSON-lines file; a missing file is empty."""
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
    return [json.loads(line) for line in lines if line]


def start_engine(job: dict):
    """The vLLM engine of a job; every prompt of one database shares its first tokens, hence prefix caching."""
    from vllm import LLM

    adapter = {"enable_lora": True, "max_lora_rank": job["adapter_rank"]} if job["adapter"] else {}
    return LLM(
        model=job["model"],
        skip_tokenizer_init=False,
        max_model_len=job["max_model_len"],
        max_num_seqs=job["batch"],
        dtype=job["dtype"],
        seed=job["seed"],
        enable_prefix_caching=True,
        enforce_eager=job["eager"],
        disable_log_stats=True,
        **adapter,
    )


def sampling(job: dict):
    """Greedy decoding that stops at the template's own stop tokens.

    Given explicitly, so that the model's generation_config.json adds no penalty: vLLM's own defaults have none.
    """
    from vllm import SamplingParams

    return SamplingParams(
        temperature=0.0, max_tokens=job["max_tokens"], stop_token_ids=job["stop_token_ids"], seed=job["seed"]
    )


def generate(job: dict, waiting: list[dict]) -> None:
    """Complete the `waiting` prompts, appending to the job's file after every few batches.

    The engine gets several batches at once: an answer that runs to `max_tokens` then does not hold up the others.
    """
    from tqdm import tqdm
    from vllm.lora.request import LoRARequest

    engine = start_engine(job)
    adapter = LoRARequest("adapter", 1, job["adapter"]) if job["adapter"] else None
    with open(job["completions"], "a", encoding="utf-8") as file, tqdm(total=len(waiting), unit="question") as progress:
        size = BATCHES_AT_ONCE * job["batch"]
        for start in range(0, len(waiting), size):
            part = waiting[start : start + size]
            prompts = [{"prompt_token_ids": row["prompt_token_ids"]} for row in part]
            outputs = engine.generate(prompts, sampling(job), lora_request=adapter, use_tqdm=False)
            for row, output in zip(part, outputs, strict=True):
                file.write(json.dumps(completion_line(row["id"], output.outputs[0]), ensure_ascii=False) + "\n")
            file.flush()
            progress.update(len(part))


def completion_line(row_id: str, output) -> dict:
    return {
        "id": row_id,
        "completion": output.text,
        "finish_reason": output.finish_reason,
        "tokens": len(output.token_ids),
    }


def too_long(job: dict, error: ValueError) -> str:
    """What to do about prompts that the model's context does not hold; vLLM says how long it is."""
    context = next(line.strip() for line in str(error).splitlines() if "max_model_len" in line)
    return (
        f"vllm: {context.partition('. To allow')[0]}.\n"
        f"The longest prompt and {job['max_tokens']} tokens for the answer take "
        f"{job['max_model_len']}: convert the data with --tokenizer and --cutoff, or lower --max-tokens."
    )


def main() -> int:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    done = {row["id"] for row in read_lines(Path(job["completions"]))}
    waiting = [row for row in read_lines(Path(job["prompts"])) if row["id"] not in done]
    if waiting:
        start = time.monotonic()
        try:
            generate(job, waiting)
        except ValueError as error:
            if "max_model_len" not in str(error):
                raise
            print(too_long(job, error), file=sys.stderr)
            return 1
        print(
            f"vllm: {len(waiting)} completions in {time.monotonic() - start:.0f} s, engine start included", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
