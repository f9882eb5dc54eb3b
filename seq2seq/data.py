"""Converted rows as token ids: `{"instruction", "input", "output"}` becomes `{"input_ids", "labels"}`.

The input is the same text that every other model gets as its user turn; T5 has no chat template around it. A row that
is too long, or whose answer the tokenizer cannot spell, is left out and counted.
"""

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

from datasets import Dataset, concatenate_datasets, load_dataset
from transformers import PreTrainedTokenizerBase

from prompts.prompt import user_turn
from recipes.seq2seq_arguments import Data
from seq2seq.tokens import spells

KEPT = ""
COLUMNS = {"prompt": "instruction", "query": "input", "response": "output"}  # LLaMA-Factory's, for alpaca rows


class DataError(Exception):
    """A data set that cannot be trained on; the message names it and says what to do."""


class Encoded(NamedTuple):
    """The rows of a data set as token ids (`input_ids`, `labels`), and how many were left out for which reason."""

    rows: Dataset
    left_out: dict[str, int]


def encode_sets(names: list[str], tokenizer: PreTrainedTokenizerBase, data: Data) -> Encoded:
    """The rows of data sets, one after the other. Raises DataError for a set that is not there or left without rows."""
    parts = [read_rows(name, data).map(partial(encode_row, tokenizer=tokenizer, data=data)) for name in names]
    rows = concatenate_datasets([part.select_columns(["input_ids", "labels", "left_out"]) for part in parts])
    left_out = Counter(reason for reason in rows["left_out"] if reason != KEPT)
    kept = rows.filter(lambda reason: reason == KEPT, input_columns="left_out").remove_columns("left_out")
    if not len(kept):
        raise DataError(f"{', '.join(names)}: no row is left to train on ({describe(left_out) or 'it has none'})")
    return Encoded(kept, dict(left_out))


def read_rows(name: str, data: Data) -> Dataset:
    """The first `max_samples` rows of a data set that `dataset_info.json` names, with columns as in `COLUMNS`."""
    folder = Path(data.dataset_dir)
    info = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
    if name not in info:
        raise DataError(f"data set {name!r} is not in {folder / 'dataset_info.json'}; known: {', '.join(info)}")
    path = folder / info[name]["file_name"]
    if not path.is_file():
        raise DataError(f"{path}: no such file. Convert the data first: python converters/run.py --help")
    rows = load_dataset("json", data_files=str(path), split="train")
    columns = COLUMNS | info[name].get("columns", {})
    rows = rows.select_columns([columns[key] for key in COLUMNS]).rename_columns(
        {columns[key]: key for key in COLUMNS if columns[key] != key}
    )
    return rows.select(range(min(len(rows), data.max_samples or len(rows))))


def encode_row(row: dict, *, tokenizer: PreTrainedTokenizerBase, data: Data) -> dict:
    """The token ids of one row, and in `left_out` why it is not used (empty where it is)."""
    inputs = tokenizer(user_turn(row["prompt"], row["query"]))["input_ids"]
    labels = tokenizer(text_target=row["response"])["input_ids"]
    return {
        "input_ids": inputs,
        "labels": labels,
        "left_out": fault(row, inputs, labels, tokenizer=tokenizer, data=data),
    }


def fault(row: dict, inputs: list, labels: list, *, tokenizer: PreTrainedTokenizerBase, data: Data) -> str:
    """Why a row cannot be used, `KEPT` where it can."""
    if len(inputs) > data.cutoff_len:
        return f"input over cutoff_len {data.cutoff_len}"
    if len(labels) > data.max_new_tokens:
        return f"answer over max_new_tokens {data.max_new_tokens}"
    return KEPT if spells(tokenizer, row["response"], labels) else "answer has a character the tokenizer lacks"


def describe(left_out: dict[str, int]) -> str:
    """`3 rows left out: input over cutoff_len 512`, comma-separated; empty where none was."""
    return ", ".join(f"{count} rows left out: {reason}" for reason, count in left_out.items())


def spread(rows: Dataset, number: int | None) -> Dataset:
    """`number` rows, evenly spaced from the first on: the rows of one database stand together."""
    if not number or number >= len(rows):
        return rows
    return rows.select([position * len(rows) // number for position in range(number)])
