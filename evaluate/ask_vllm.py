"""Answers by vLLM in `.venv-vllm`, or by servers of models whose template only LLaMA-Factory knows; for ask.py.

All questions are answered in one run of the engine, since it takes half a minute to start.
"""

import argparse
import time
from pathlib import Path

from evaluate import runs
from evaluate.asker import Answer, finished
from evaluate.execution.sandbox import Limits
from evaluate.generation import adapters
from evaluate.generation.generate import Sampling, complete
from evaluate.generation.prompts import encode
from prompts.tags import prompt_for


def answers_by_vllm(options: argparse.Namespace, database: Path) -> list[Answer]:
    """The answer to each question. Raises AdapterError, GenerationError, SchemaError, RecipeError."""
    start = time.monotonic()
    trained = adapters.only(options.adapter)
    tags = adapters.prompt_tags(trained)
    prompts = [prompt_for(database, question, tags) for question in options.question]
    rows = [{"id": number, **prompt._asdict()} for number, prompt in enumerate(prompts)]
    served = runs.served_training(trained, options)
    made = complete(encode(rows, trained.recipe), served, Sampling(options.max_tokens), trained.folder / "ask")
    limits = Limits()._replace(seconds=options.timeout)
    return [
        finished(question, made[number]["completion"], database, limits, repair_it=not options.no_repair, start=start)
        for number, question in enumerate(options.question)
    ]
