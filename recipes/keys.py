"""The keys of a recipe: who trains it, whether its keys exist there, and whether that trainer's parser takes them.

LLaMA-Factory trains every recipe but those with `stage: seq2seq`, which seq2seq/ trains.
"""

import contextlib
import difflib
import importlib.metadata
import json
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

from atomic import write_text
from recipes.kind import is_seq2seq, wrong_trainer
from recipes.provenance import file_hash

OURS = Path(__file__).with_name("seq2seq_arguments.py")
PACKAGES = ("llamafactory", "transformers")
NUMBER, SWITCH = "a number", "true or false"


def trainer(values: dict) -> str:
    """The program in `.venv/bin`, and its first argument, that trains a recipe."""
    return "python seq2seq/train.py" if is_seq2seq(values) else "llamafactory-cli train"


def misspelt(values: dict, also: tuple[str, ...] = ()) -> str | None:
    """What is wrong with the first key that the recipe's trainer does not know, with the nearest one; else None.

    `also`: keys of ours that a misspelt one may have meant.
    """
    name = "recipes/seq2seq_arguments.py" if is_seq2seq(values) else "LLaMA-Factory"
    known = known_keys(values)
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, [*known, *also], n=1)
            return f"unknown key {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"{name} has no such key.")
    return None


def mistyped(values: dict) -> str | None:
    """What is wrong with the first text that stands where its trainer needs a number or a switch; else None.

    The trainers' parsers take any text there: a training would end in its middle, or a "no" count as true.
    """
    known = known_keys(values)
    for key, value in values.items():
        if isinstance(value, str) and known.get(key) in (NUMBER, SWITCH):
            return f"key {key}: {value!r} is not {known[key]}."
    return None


def refused(values: dict) -> str | None:
    """Why the recipe's trainer cannot train it: the model is of the other kind, or its parser says so; else None."""
    from transformers import HfArgumentParser

    wrong = wrong_trainer(values)
    if wrong:
        return f"{wrong}."
    try:
        HfArgumentParser(argument_classes(values)).parse_dict(values)
    except (ValueError, TypeError, ImportError) as error:
        return " ".join(str(error).split())
    return None


def argument_classes(values: dict) -> tuple[type, ...]:
    """The dataclasses of the arguments that the recipe's trainer takes."""
    if is_seq2seq(values):
        from recipes.seq2seq_arguments import KINDS

        return KINDS
    from llamafactory import hparams

    names = ("ModelArguments", "DataArguments", "TrainingArguments", "FinetuningArguments", "GeneratingArguments")
    return tuple(getattr(hparams, name) for name in names)


def known_keys(values: dict) -> dict[str, str]:
    """All keys of the recipe's trainer, each with what it takes: NUMBER, SWITCH, or "" for anything else.

    Importing a trainer takes five seconds, so its keys are kept in the virtual environment, with the versions they
    hold for.
    """
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    if is_seq2seq(values):
        versions["arguments.py"] = file_hash(OURS)
    kept = Path(sys.prefix) / ("recipe_fields_seq2seq.json" if is_seq2seq(values) else "recipe_fields.json")
    try:
        record = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    if record.get("versions") != versions:
        record = {"versions": versions, "fields": field_kinds(values)}
        with contextlib.suppress(OSError):  # an environment that cannot be written to is asked each time
            write_text(kept, json.dumps(record) + "\n")
    return record["fields"]


def field_kinds(values: dict) -> dict[str, str]:
    hints = {name: hint for kind in argument_classes(values) for name, hint in get_type_hints(kind).items()}
    names = {name for kind in argument_classes(values) for name in kind.__dataclass_fields__}
    return {name: kind_of(hints[name]) for name in sorted(names)}


def kind_of(hint: object) -> str:
    """What a field with this type hint takes."""
    kinds = set(get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)) - {NoneType}
    return SWITCH if kinds == {bool} else NUMBER if kinds <= {int, float} else ""
