"""What is made of a training's folder before vLLM serves it."""

import json

import pytest

from evaluate.generation import adapters
from evaluate.generation.adapters import AdapterError, Trained
from evaluate.generation.generate import Served
from prompts.tags import expected_tags
from recipes import recipe
from tests.conftest import ROOT

LORA = {"peft_type": "LORA", "init_lora_weights": True, "r": 16}
RECIPE = {"model_name_or_path": "base", "template": "gemma", "finetuning_type": "oft"}


def save_adapter(folder, config: dict) -> Trained:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return Trained(folder, RECIPE)


def export_into(commands: list[list[str]]):
    """An export that keeps its arguments and makes the folder it was asked for."""

    def export(words, log):
        commands.append(words)
        (log.parent / "merged").mkdir(exist_ok=True)

    return export


@pytest.mark.parametrize(
    ("config", "applies"),
    [
        (LORA, True),
        (LORA | {"use_rslora": True}, True),
        (LORA | {"use_dora": True}, False),
        (LORA | {"modules_to_save": ["lm_head"]}, False),
        (LORA | {"init_lora_weights": "pissa"}, False),
        ({"peft_type": "OFT"}, False),
        (LORA | {"r": 512}, True),
        (LORA | {"r": 600}, False),
    ],
    ids=["LoRA", "rsLoRA", "DoRA", "whole modules", "PiSSA", "OFT", "the largest rank", "a larger one"],
)
def test_only_plain_lora_is_applied_unmerged(config, applies):
    assert adapters.vllm_applies(config) is applies


def test_a_folder_whose_recipe_is_gone_is_left_out_with_a_message(tmp_path, capsys):
    for name in ("a", "lost", "spoilt"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text("{}")
    (tmp_path / "a" / recipe.KEPT).write_text(json.dumps(RECIPE | {"dataset": "x", "output_dir": "a"}))
    (tmp_path / "spoilt" / recipe.KEPT).write_text("[")
    assert [trained.name for trained in adapters.find(tmp_path)] == ["a"]
    told = capsys.readouterr().err.splitlines()
    assert told[0] == (
        f"evaluate: left out: {tmp_path}/lost: neither recipe.yaml here nor recipes/lost.yaml. "
        f"Copy its recipe to {tmp_path}/lost/recipe.yaml."
    )
    assert told[1].startswith(f"evaluate: left out: {tmp_path}/spoilt/recipe.yaml: ")
    with pytest.raises(AdapterError, match="neither recipe"):
        adapters.find(tmp_path / "lost")


COMPACT, DDL = ["style:compact", "prompt:1"], ["style:ddl", "prompt:1"]


@pytest.mark.parametrize(
    ("learnt", "asked", "warned"),
    [
        (COMPACT, [*COMPACT, "runnable"], False),
        (COMPACT, DDL, True),
        (DDL, [*DDL, "schema:linked", "linker:2"], True),
        (COMPACT, ["style:compact", "prompt:2"], True),
        (COMPACT, [], False),
    ],
    ids=["alike", "another style", "another schema", "other prompt code", "data that say nothing"],
)
def test_prompts_of_another_form_than_the_trained_one_are_told(tmp_path, learnt, asked, warned):
    (tmp_path / "training.json").write_text(json.dumps({"prompt_tags": learnt}))
    told = adapters.other_prompts(Trained(tmp_path, RECIPE), [{"tags": asked}])
    assert (told is not None) == warned
    if warned:
        assert told.startswith(f"trained on prompts with {' '.join(learnt)}, asked with {asked[0]} ")


def test_a_training_without_a_record_says_nothing_of_its_prompts(tmp_path):
    assert adapters.other_prompts(Trained(tmp_path, RECIPE), [{"tags": DDL}]) is None


def test_a_whole_model_is_served_as_it_is(tmp_path):
    assert adapters.served(Trained(tmp_path, RECIPE)) == Served(str(tmp_path))


def test_an_adapter_of_any_kind_is_exported_as_lora(tmp_path):
    commands = []
    trained = save_adapter(tmp_path / "out", {"peft_type": "OFT"})
    adapters.merged(trained, export_into(commands))
    (words,) = commands
    assert dict(zip(words[::2], words[1::2], strict=True)) == {
        "--model_name_or_path": "base",
        "--adapter_name_or_path": f"{tmp_path}/out",
        "--template": "gemma",
        "--finetuning_type": "lora",
        "--export_dir": f"{tmp_path}/out/merged",
        "--export_device": "cpu",
        "--trust_remote_code": "false",
    }


def test_an_adapter_is_merged_once(tmp_path):
    commands = []
    trained = save_adapter(tmp_path / "out", LORA)
    for _ in range(2):
        assert adapters.merged(trained, export_into(commands)) == tmp_path / "out/merged"
    assert len(commands) == 1


def test_an_adapter_trained_anew_is_merged_anew(tmp_path):
    commands = []
    trained = save_adapter(tmp_path / "out", LORA)
    adapters.merged(trained, export_into(commands))
    (trained.folder / "adapter_model.safetensors").write_bytes(b"other weights")
    adapters.merged(trained, export_into(commands))
    assert len(commands) == 2


def test_the_converted_form_of_a_pissa_adapter_is_merged(tmp_path):
    commands = []
    trained = save_adapter(tmp_path / "out", LORA | {"init_lora_weights": "pissa_niter_16"})
    save_adapter(tmp_path / "out/pissa_converted", LORA)
    adapters.merged(Trained(trained.folder, RECIPE | {"pissa_convert": True}), export_into(commands))
    assert commands[0][3] == f"{tmp_path}/out/pissa_converted"


def test_a_pissa_adapter_of_a_random_start_is_refused(tmp_path):
    trained = save_adapter(tmp_path / "out", LORA | {"init_lora_weights": "pissa_niter_16"})
    with pytest.raises(AdapterError) as raised:
        adapters.served(trained)
    assert str(raised.value) == (
        f"{tmp_path}/out: a PiSSA adapter whose start (pissa_niter_16) was drawn at random and is not kept, so that it "
        "fits no base. Train again with pissa_convert: true, or with pissa_iter: -1."
    )


def test_a_converted_form_left_by_an_earlier_training_is_not_used(tmp_path):
    trained = save_adapter(tmp_path / "out", LORA)
    save_adapter(tmp_path / "out/pissa_converted", LORA)
    assert adapters.usable_adapter(trained) == tmp_path / "out"


def test_a_pissa_adapter_of_an_exact_start_is_usable(tmp_path):
    trained = save_adapter(tmp_path / "out", LORA | {"init_lora_weights": "pissa"})
    assert adapters.usable_adapter(trained) == tmp_path / "out"


def test_a_failed_export_names_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr(adapters.environment, "TRAIN", tmp_path)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/llamafactory-cli"
    program.write_text("#!/bin/sh\nexit 4\n")
    program.chmod(0o755)
    with pytest.raises(AdapterError) as raised:
        adapters.merged(save_adapter(tmp_path / "out", LORA))
    log = tmp_path / "out/merge.log"
    assert str(raised.value) == f"{tmp_path}/out: llamafactory-cli export ended with status 4; see {log}"


def trained_on(folder, rows: list[dict]) -> Trained:
    """A training without a training.json, whose recipe's data set `own_train` has these rows."""
    (folder / "dataset_info.json").write_text('{"own_train": {"file_name": "own_train.json"}}')
    (folder / "own_train.json").write_text("\n".join(["[", *map(json.dumps, rows), "]"]))
    trained = save_adapter(folder / "out", LORA)
    return trained._replace(recipe=RECIPE | {"dataset": "own_train", "dataset_dir": str(folder)})


def test_without_a_training_json_the_prompt_style_is_that_of_the_recipes_data(tmp_path):
    trained = trained_on(tmp_path, [{"tags": ["style:mschema", "runnable", "schema:linked"]}])
    assert adapters.prompt_tags(trained) == ["style:mschema", "schema:linked"]


def test_a_training_json_says_more_of_the_prompt_style_than_the_data(tmp_path):
    trained = trained_on(tmp_path, [{"tags": ["style:mschema"]}])
    (trained.folder / recipe.FINISHED).write_text('{"prompt_tags": ["style:ddl"]}')
    assert adapters.prompt_tags(trained) == ["style:ddl"]


@pytest.mark.parametrize("rows", [None, [], [{"id": 1}]], ids=["no file", "no rows", "no tags"])
def test_a_prompt_style_that_nothing_tells_is_an_error(tmp_path, rows):
    trained = trained_on(tmp_path, rows or [])
    problem = "its first row has no tags"
    if rows is None:
        (tmp_path / "own_train.json").unlink()
        problem = f"[Errno 2] No such file or directory: '{tmp_path}/own_train.json'"
    with pytest.raises(AdapterError) as raised:
        adapters.prompt_tags(trained)
    assert str(raised.value) == (
        f"{trained.folder}: no training.json says how its prompts were made, nor does its data set own_train "
        f"({problem}). "
        "Convert that as for the training: python converters/run.py --recipe RECIPE.yaml"
    )


def test_the_shipped_adapter_is_asked_as_it_was_trained():
    """Where this fails, see "Change a prompt" in converters/README.md."""
    shipped = adapters.only(ROOT / "models/qwen2.5_coder_0.5b_sql")
    assert adapters.prompt_tags(shipped) == expected_tags("compact", linked=False)
