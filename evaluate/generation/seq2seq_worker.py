"""The encoder-decoder side of the evaluator: token ids in, completions out, by transformers' `generate` in `.venv`.

    .venv/bin/python evaluate/generation/seq2seq_worker.py JOB.json

Same job, prompts and completions as vllm_worker.py (vLLM serves no T5); of the job, `model`, `adapter`, `prompts`,
`completions`, `max_tokens`, `dtype`, `seed` and `batch` are read. An adapter is merged in memory, into the
un-quantised base. Decoding is greedy, a batch at a time, longest prompts first; each batch is appended as soon as it is
done.
"""

import json
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

import torch  # noqa: E402
from transformers import AutoModelForSeq2SeqLM, PreTrainedModel, PreTrainedTokenizerBase, set_seed  # noqa: E402

from evaluate.generation.completions import read_completions  # noqa: E402
from seq2seq.tokens import decode, load_tokenizer  # noqa: E402


def load_model(job: dict) -> PreTrainedModel:
    """The model, its adapter merged into it where there is one, ready to generate."""
    model = AutoModelForSeq2SeqLM.from_pretrained(job["model"], dtype=getattr(torch, job["dtype"]))
    if job["adapter"]:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, job["adapter"]).merge_and_unload()  # in memory, in 32 bits
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def generate(job: dict, waiting: list[dict]) -> None:
    """Complete the `waiting` prompts batch by batch, appending each batch to the job's file."""
    from tqdm import tqdm

    model, tokenizer = load_model(job), load_tokenizer(job["adapter"] or job["model"])
    ordered = sorted(waiting, key=lambda row: -len(row["prompt_token_ids"]))
    with open(job["completions"], "a", encoding="utf-8") as file, tqdm(total=len(ordered), unit="question") as progress:
        for start in range(0, len(ordered), job["batch"]):
            batch = ordered[start : start + job["batch"]]
            answers = answer(model, tokenizer, [row["prompt_token_ids"] for row in batch], job["max_tokens"])
            for row, ids in zip(batch, answers, strict=True):
                file.write(json.dumps(completion_line(row["id"], ids, tokenizer), ensure_ascii=False) + "\n")
            file.flush()
            progress.update(len(batch))


@torch.inference_mode()
def answer(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: list[list[int]], max_tokens: int
) -> list[list[int]]:
    """The greedy answer to each prompt as token ids, up to and with the end token."""
    inputs = tokenizer.pad({"input_ids": prompts}, padding_side="right", return_tensors="pt").to(model.device)
    made = model.generate(
        input_ids=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        do_sample=False,
        num_beams=1,
        max_new_tokens=max_tokens,
    )
    return [cut(ids, tokenizer.eos_token_id) for ids in made[:, 1:].tolist()]  # the first is the start token


def cut(ids: list[int], end: int) -> list[int]:
    """The ids up to and with the first `end`: what follows is padding."""
    return ids[: ids.index(end) + 1] if end in ids else ids


def completion_line(row_id: str, ids: list[int], tokenizer: PreTrainedTokenizerBase) -> dict:
    """A line of completions.jsonl."""
    ended = bool(ids) and ids[-1] == tokenizer.eos_token_id
    return {
        "id": row_id,
        "completion": decode(tokenizer, ids),
        "finish_reason": "stop" if ended else "length",
        "tokens": len(ids),
    }


def main() -> int:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    done, started = read_completions(Path(job["completions"])), time.monotonic()
    prompts = Path(job["prompts"]).read_text(encoding="utf-8").splitlines()
    waiting = [row for row in map(json.loads, prompts) if row["id"] not in done]
    if waiting:
        set_seed(job["seed"])
        generate(job, waiting)
        print(f"transformers: {len(waiting)} completions in {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
