"""Variants: a corpus converted with other options, under a name of its own, so that a recipe can ask for it.

    python converters/run.py spider --name spider_linked --source ~/spider
    -> data/spider_linked_{train,eval}.json, data/spider_linked_conversion.json, data/databases/spider_linked/

Any name will do; those below are shipped, with their options and their entries in dataset_info.json. A variant has
databases of its own: another seed, CSV or style of it never changes what another data set is scored on.
"""

import json
from pathlib import Path
from typing import NamedTuple

DATASET_INFO = Path(__file__).resolve().parents[1] / "dataset_info.json"
COLUMNS = {"prompt": "instruction", "query": "input", "response": "output"}


HISTORY = {"history": "history"}  # the earlier turns of conversation rows


class Variant(NamedTuple):
    """The corpus and the options it is converted with; options given on the command line take precedence."""

    corpus: str
    options: dict[str, object]


QWEN_TOKENS = {"tokenizer": "data/models/qwen2.5-coder-0.5b-instruct", "template": "qwen"}
CHAT = {"turns": 12, "turn_tokens": 1024, **QWEN_TOKENS}
VARIANTS = {
    "exoplanets_chat": Variant("exoplanets", CHAT | {"turns": 6}),
    "exoplanets2": Variant("exoplanets", {"source": "hub2"}),
    "exoplanets_premsql": Variant("exoplanets", {"style": "premsql"}),
    "gretel_t5": Variant("gretel", {"style": "t5"}),
    "llama2_sql_1000": Variant("llama2_sql", {"limit": 1000}),
    "own_chat": Variant("own", {"golds": "clean", "only": ["runnable"], **CHAT}),
    "own_made": Variant("own", {}),  # what evaluate/paraphrase.py reads, so that `own` keeps its files
    "practice_chat": Variant("practice", {"golds": "clean", **CHAT}),
    "practice_replay": Variant("practice", {"golds": "clean", "limit": 300, **CHAT}),  # beside a database of one's own
    "spider_chat": Variant("spider", {"style": "compact", "golds": "clean", "only": ["runnable"], **CHAT}),
    "spider_compact": Variant("spider", {"style": "compact"}),
    # the tokenizer of the recipe llama3_8b_qlora, and its cutoff_len
    "spider_linked": Variant(
        "spider",
        {
            "schema": "linked",
            "cutoff": 1024,
            "tokenizer": "meta-llama/Meta-Llama-3-8B-Instruct",
            "template": "llama3",
        },
    ),
    "spider_t5": Variant("spider", {"style": "t5"}),
}


def entries(name: str, splits: tuple[str, ...], *, has_history: bool = False) -> dict[str, dict]:
    """What dataset_info.json holds for a name: LLaMA-Factory nulls a column that `columns` does not name."""
    columns = {"train": COLUMNS | (HISTORY if has_history else {}), "eval": COLUMNS}
    return {
        f"{name}_{split}": {"file_name": f"data/{name}_{split}.json", "columns": columns[split]} for split in splits
    }


def unregistered(name: str, splits: tuple[str, ...], *, has_history: bool = False) -> list[str]:
    """A line that says how to make a name known to LLaMA-Factory; empty where it is."""
    wanted, known = entries(name, splits, has_history=has_history), json.loads(DATASET_INFO.read_text(encoding="utf-8"))
    if all(
        key in known and columns["columns"].items() <= known[key]["columns"].items() for key, columns in wanted.items()
    ):
        return []
    return [f"  before a recipe can name {name}, add to dataset_info.json: {json.dumps(wanted)[1:-1]}"]
