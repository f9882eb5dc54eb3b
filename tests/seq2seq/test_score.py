"""Scoring an encoder-decoder: prompts without a template, transformers' `generate`, kept and resumed like vLLM's."""

import json

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

import torch

from evaluate.generation import adapters
from evaluate.generation.generate import Sampling, Served, complete
from evaluate.generation.prompts import encode
from evaluate.generation.seq2seq_worker import answer, completion_line, cut
from seq2seq.tokens import decode, load_tokenizer

ROWS = [
    {"id": f"toy-{number}", "instruction": f"translate to SQL: is {number} < 5?", "input": "", "output": ""}
    for number in range(5)
]


def test_the_prompt_is_the_user_turn_alone(tiny_t5):
    encoded = encode(ROWS, {"stage": "seq2seq", "model_name_or_path": str(tiny_t5)})
    tokenizer = load_tokenizer(tiny_t5)
    assert [decode(tokenizer, ids) for _, ids in encoded.prompts] == [row["instruction"] for row in ROWS]
    assert encoded.stop_token_ids == [tokenizer.eos_token_id]


@pytest.mark.parametrize(("ids", "kept"), [([5, 6, 1, 0, 0], [5, 6, 1]), ([5, 6], [5, 6]), ([], [])])
def test_an_answer_ends_with_its_end_token(ids, kept):
    assert cut(ids, 1) == kept


def test_a_completion_says_why_it_ended_and_keeps_its_comparison(tiny_t5):
    tokenizer = load_tokenizer(tiny_t5)
    ids = tokenizer.encode("SELECT a < 5")
    assert completion_line("x", ids, tokenizer) == {
        "id": "x",
        "completion": "SELECT a < 5",
        "finish_reason": "stop",
        "tokens": len(ids),
    }
    assert completion_line("x", ids[:-1], tokenizer)["finish_reason"] == "length"


def restless(folder):
    """The random model with so much noise that its answers differ from prompt to prompt."""
    from transformers import AutoModelForSeq2SeqLM

    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    torch.manual_seed(1)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn_like(weights))
    return model


def test_an_answer_does_not_depend_on_its_batch(tiny_t5):
    model, tokenizer = restless(tiny_t5), load_tokenizer(tiny_t5)
    prompts = [ids for _, ids in encode(ROWS, {"stage": "seq2seq", "model_name_or_path": str(tiny_t5)}).prompts]
    prompts[0] = prompts[0] * 3
    together = answer(model, tokenizer, prompts, 12)
    assert together == [answer(model, tokenizer, [ids], 12)[0] for ids in prompts]
    assert len(set(map(tuple, together))) > 1


def test_a_full_training_is_its_own_model_and_an_adapter_needs_its_base(tmp_path):
    recipe = {"stage": "seq2seq", "model_name_or_path": "base"}
    assert adapters.served(adapters.Trained(tmp_path, recipe)) == Served(str(tmp_path), None, seq2seq=True)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 8}))
    assert adapters.served(adapters.Trained(tmp_path, recipe)) == Served("base", tmp_path, seq2seq=True)


@pytest.mark.slow
def test_completions_are_kept_and_resumed(tiny_t5, tmp_path):
    encoded = encode(ROWS, {"stage": "seq2seq", "model_name_or_path": str(tiny_t5)})
    served, sampling = Served(str(tiny_t5), seq2seq=True), Sampling(max_tokens=8, batch=2)
    first = complete(encoded, served, sampling, tmp_path)
    assert list(first) == [row["id"] for row in ROWS]
    completions = tmp_path / "completions.jsonl"
    lines = completions.read_text().splitlines(keepends=True)
    completions.write_text(lines[0].replace('"completion": "', '"completion": "kept ') + lines[1] + '{"id": "toy-')
    again = complete(encoded, served, sampling, tmp_path)
    kept = json.loads(lines[0])["id"]
    assert again[kept]["completion"] == "kept " + first[kept]["completion"]
    assert {key: row for key, row in again.items() if key != kept} == {
        key: row for key, row in first.items() if key != kept
    }


@pytest.mark.slow
def test_an_adapter_changes_the_answers_of_its_base(tiny_t5, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSeq2SeqLM

    torch.manual_seed(1)
    # the untrained adapter is loud enough to be heard through the random base
    config = LoraConfig(
        task_type="SEQ_2_SEQ_LM", r=8, lora_alpha=256, target_modules="all-linear", init_lora_weights=False
    )
    get_peft_model(AutoModelForSeq2SeqLM.from_pretrained(tiny_t5), config).save_pretrained(tmp_path / "adapter")
    load_tokenizer(tiny_t5).save_pretrained(tmp_path / "adapter")
    encoded = encode(ROWS, {"stage": "seq2seq", "model_name_or_path": str(tiny_t5)})
    base = complete(encoded, Served(str(tiny_t5), seq2seq=True), Sampling(max_tokens=8), tmp_path / "base")
    tuned = complete(
        encoded, Served(str(tiny_t5), tmp_path / "adapter", seq2seq=True), Sampling(max_tokens=8), tmp_path / "tuned"
    )
    assert [row["completion"] for row in base.values()] != [row["completion"] for row in tuned.values()]
    job = json.loads((tmp_path / "tuned/generation.json").read_text())
    assert (job["dtype"], job["adapter_rank"]) == ("float32", None)
