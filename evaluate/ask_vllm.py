"""Answers by vLLM in `.venv-vllm`, or by servers of models whose template only LLaMA-Factory knows; for ask.py.

All questions are answered in one run of the engine, since it takes half a minute to start.
"""

import argparse
import time
from pathlib import Path

from evaluate import runs
from evaluate.asker import Answer, chosen, finished, refused
from evaluate.decoding.second_draft import next_row
from evaluate.execution.sandbox import Limits
from evaluate.generation import adapters
from evaluate.generation.generate import Sampling, complete
from evaluate.generation.prompts import encode
from prompts.tags import prompt_for
from recipes.kind import is_seq2seq


def answers_by_vllm(options: argparse.Namespace, database: Path) -> list[Answer]:
    """The answer to each question. Raises AdapterError, GenerationError, SchemaError, RecipeError."""
    start = time.monotonic()
    trained = adapters.only(options.adapter)
    tags = adapters.prompt_tags(trained)
    prompts = [prompt_for(database, question, tags) for question in options.question]
    rows = [
        {"id": number, "question": question, "tags": tags, **prompt._asdict()}
        for number, (question, prompt) in enumerate(zip(options.question, prompts, strict=True))
    ]
    served = runs.served_training(trained, options)
    limits = Limits()._replace(seconds=options.timeout)

    def drafts(rows: list[dict], folder: Path) -> dict[int, Answer]:
        made = complete(encode(rows, trained.recipe), served, Sampling(options.max_tokens), folder)
        how = {"repair_it": not options.no_repair, "start": start}
        return {
            row["id"]: finished(row["question"], made[row["id"]]["completion"], database, limits, **how) for row in rows
        }

    answers = drafts(rows, trained.folder / "ask")
    converses = options.second_draft and not is_seq2seq(trained.recipe)
    messages = {key: refused(answer) for key, answer in answers.items() if converses and refused(answer)}
    again = [next_row(rows[key], answers[key].sql, message) for key, message in messages.items()]
    for key, second in (drafts(again, trained.folder / "ask/second_draft") if again else {}).items():
        answers[key] = chosen(answers[key], second, messages[key])
    return list(answers.values())
