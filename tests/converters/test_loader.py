"""LLaMA-Factory reads what the converters write: its own loader, its own user turn, its own token count."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from converters.convert import read_record
from converters.lengths import token_counter, turns_of
from prompts.prompt import STYLES, user_turn
from prompts.template import load_template
from recipes import recipe
from tests.conftest import ROOT
from tests.converters.gretel_rows import gretel_rows

pytest.importorskip("llamafactory", reason="LLaMA-Factory reads the files")


def load(folder: Path, name: str):
    """A data set through LLaMA-Factory's own loader and alignment, as the trainer gets it."""
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.hparams import DataArguments, ModelArguments

    (folder / "dataset_info.json").write_bytes((ROOT / "dataset_info.json").read_bytes())
    data = DataArguments(dataset_dir=str(folder), template="gemma", overwrite_cache=True)
    model = ModelArguments(model_name_or_path="unused", cache_dir=str(folder / "cache"))
    training = SimpleNamespace(local_process_index=0, dataloader_num_workers=0)
    return _load_single_dataset(get_dataset_list([name], str(folder))[0], model, data, training)


def turns(loaded) -> list[tuple[str, str]]:
    return [(row["_prompt"][0]["content"], row["_response"][0]["content"]) for row in loaded]


def expected(rows: list[dict]) -> list[tuple[str, str]]:
    return [(user_turn(row["instruction"], row["input"]), row["output"]) for row in rows]


@pytest.mark.parametrize("style", STYLES)
def test_the_loader_makes_the_user_turn_of_the_prompt_module(style, small_spider, convert, converted, tmp_path):
    assert convert("spider", "--source", small_spider, "--style", style).returncode == 0
    for name in ("spider_train", "spider_eval"):
        assert turns(load(tmp_path, name)) == expected(converted(name))


def test_the_shipped_set_goes_through_the_loader(convert, converted, tmp_path):
    assert convert("exoplanets").returncode == 0
    for name in ("exoplanets_train", "exoplanets_eval"):
        assert turns(load(tmp_path, name)) == expected(converted(name))


def test_rows_with_databases_of_their_own_go_through_the_loader(convert, converted, tmp_path):
    rows = list(gretel_rows(40))
    parents = [{"question": row["sql_prompt"], "context": row["sql_context"], "answer": row["sql"]} for row in rows]
    for name, content in (("gretel", rows), ("llama2_sql", parents)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
        run = convert(name, "--source", tmp_path / f"{name}.json")
        assert run.returncode == 0, run.stderr
        for split in ("train", "eval"):
            assert turns(load(tmp_path, f"{name}_{split}")) == expected(converted(f"{name}_{split}"))


def test_ones_own_questions_go_through_the_loader(small_spider, convert, converted, tmp_path):
    (tmp_path / "pairs.csv").write_text("question,sql\nHow many?,SELECT 1\nWho?,SELECT 2\nWhy?,SELECT 'a\"b'\n")
    convert("own", "--database", small_spider / "database/shop/shop.sqlite", "--questions", tmp_path / "pairs.csv")
    for name in ("own_train", "own_eval"):
        assert turns(load(tmp_path, name)) == expected(converted(name))


# Those of the recipes, and those whose encoders do something of their own.
TEMPLATES = (
    "gemma",
    "qwen",
    "qwen3_nothink",
    "llama3",
    "llama2",
    "deepseekcoder",
    "alpaca",
    "qwen3",
    "gemma2",
    "mistral",
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_tokens_are_counted_as_the_trainer_counts_them(template, tiny_model, convert, converted, tmp_path):
    from llamafactory.data.processor import SupervisedDatasetProcessor
    from llamafactory.hparams import DataArguments

    convert("exoplanets", "--limit", 20)
    count = token_counter(str(tiny_model), template)
    trainer, tokenizer = load_template({"model_name_or_path": str(tiny_model), "template": template})
    processor = SupervisedDatasetProcessor(trainer, tokenizer, None, DataArguments(template=template, cutoff_len=9999))
    made = processor.preprocess_dataset(load(tmp_path, "exoplanets_eval").to_dict())["input_ids"]
    rows = converted("exoplanets_eval")
    assert [count(turns_of(row)) for row in rows] == [len(ids) for ids in made]


@pytest.mark.parametrize("system", ["", "Answer in SQL."])
def test_a_recipes_own_system_prompt_is_counted_as_the_trainer_counts_it(system, tiny_model):
    trainer, tokenizer = load_template(
        {"model_name_or_path": str(tiny_model), "template": "deepseekcoder", "default_system": system}
    )
    messages = [{"role": "user", "content": "How many?\nt(a)"}, {"role": "assistant", "content": "SELECT 1"}]
    turns = [("How many?\nt(a)", "SELECT 1")]
    counted = token_counter(str(tiny_model), "deepseekcoder", system)(turns)
    assert counted == sum(map(len, trainer.encode_oneturn(tokenizer, messages)))
    assert counted < token_counter(str(tiny_model), "deepseekcoder")(turns)


@pytest.mark.parametrize("packing", [False, True])
@pytest.mark.parametrize("spare", [0, 1])
def test_a_row_is_whole_with_as_many_tokens_as_the_cutoff_and_one_more_where_packed(packing, spare, tiny_model):
    from llamafactory.data.processor import PackedSupervisedDatasetProcessor, SupervisedDatasetProcessor
    from llamafactory.hparams import DataArguments

    trainer, tokenizer = load_template({"model_name_or_path": str(tiny_model), "template": "gemma"})
    turns = [{"role": "user", "content": "How many?\nt(a)"}, {"role": "assistant", "content": "SELECT 1"}]
    tokens = [token for part in trainer.encode_oneturn(tokenizer, turns) for token in part]
    rest = {f"_{key}": [None] for key in ("system", "tools", "images", "videos", "audios")}
    kind = PackedSupervisedDatasetProcessor if packing else SupervisedDatasetProcessor
    data = DataArguments(template="gemma", cutoff_len=len(tokens) + spare, packing=packing)
    row = {"_prompt": [turns[:1]], "_response": [turns[1:]], **rest}
    made = kind(trainer, tokenizer, None, data).preprocess_dataset(row)["input_ids"][0]
    assert (made[: len(tokens)] == tokens) == (spare == 1 or not packing)


def test_every_template_the_recipes_name_is_counted_here():
    named = {recipe.read(path).get("template") for path in (ROOT / "recipes").glob("*.yaml")} - {None}  # T5 has none
    assert named
    assert named <= set(TEMPLATES)


@pytest.mark.slow
def test_the_cutoff_holds_in_tokens(tiny_model, convert, converted):
    words = ("exoplanets", "--style", "ddl_rows", "--limit", 60, "--tokenizer", tiny_model, "--template", "gemma")
    convert(*words)
    cutoff = read_record(convert.data, "exoplanets")["files"]["train"]["tokens"]["max"] // 3
    run = convert(*words, "--cutoff", cutoff)
    assert run.returncode == 0, run.stderr
    count = token_counter(str(tiny_model), "gemma")
    rows = converted("exoplanets_train")
    lengths = [count(turns_of(row)) for row in rows]
    assert max(lengths) <= cutoff
    assert {"shortened:rows", "shortened:columns"} <= {tag for row in rows for tag in row["tags"]}
    kept = read_record(convert.data, "exoplanets")["files"]["train"]
    assert kept["tokens"]["max"] == max(lengths)
    assert kept["skipped"].get(f"longer than {cutoff} tokens", 0) > 0
    assert kept["written"] + sum(kept["skipped"].values()) == kept["read"] == 60
