"""Every recipe that is shipped can be trained: its trainer reads it, and what it names is there."""

import json

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from recipes import recipe
from seq2seq.kind import is_seq2seq
from tests.conftest import ROOT

RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
CPU = ["use_cpu=true", "bf16=true", "fp16=false"]
SECTIONS = ["### model", "### method", "### dataset", "### output", "### train", "### eval"]


def test_the_glob_sees_the_recipes():
    assert len(RECIPES) >= 3


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_its_trainer_reads_it(path):
    recipe.check(path, recipe.read(path, CPU))


def test_its_template_exists(path):
    from llamafactory.data.template import TEMPLATES

    values = recipe.read(path)
    assert "template" not in values if is_seq2seq(values) else values["template"] in TEMPLATES


def test_its_data_sets_are_registered(path):
    info = json.loads((ROOT / "dataset_info.json").read_text())
    values = recipe.read(path)
    assert {*recipe.datasets(values), *recipe.datasets(values, "eval_dataset")} <= info.keys()
    assert values["dataset_dir"] == "."


def test_its_output_folder_mirrors_its_name(path):
    assert recipe.read(path)["output_dir"] == f"out/{path.stem}"
    assert recipe.read(path)["run_name"] == path.stem


def test_its_header_says_how_to_train_and_score_it(path):
    lines = path.read_text().splitlines()
    assert lines[2] == f"# Train    ./launch.sh {path.stem}"
    assert f"# Score    python evaluate/run.py --adapter out/{path.stem}" in lines
    assert lines[0].endswith(".")
    header = " ".join(line for line in lines if line.startswith("# "))
    assert "# Needs " in header
    assert "Measured: " in header


def test_its_sections_stand_in_order(path):
    sections = [line for line in path.read_text().splitlines() if line.startswith("###")]
    assert sections == [section for section in SECTIONS if section in sections]
    assert sections[0] == "### model"


def test_a_typo_in_it_fails(path):
    values = recipe.read(path, CPU)
    values["lerning_rate"] = values.pop("learning_rate")
    with pytest.raises(recipe.RecipeError, match="did you mean 'learning_rate'"):
        recipe.check(path, values)


METHOD_KEYS = {
    "finetuning_type",
    "lora_rank",
    "lora_alpha",
    "lora_target",
    "use_dora",
    "learning_rate",
    "output_dir",
    "run_name",
}


def test_the_methods_of_gemma_differ_only_in_their_own_keys():
    lora, *others = (recipe.read(ROOT / f"recipes/gemma3_270m_{method}.yaml") for method in ("lora", "dora", "full"))
    for other in others:
        assert {key for key in {**lora, **other} if lora.get(key) != other.get(key)} <= METHOD_KEYS
