"""What a sweep would run: folders, commands, and what is refused before anything runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from recipes import provenance, recipe
from recipes.recipe import RecipeError
from sweep import plan
from sweep.grid import SweepError, read_grid
from tests.conftest import ROOT

RECIPE = ROOT / "recipes/gemma3_270m_lora.yaml"


def planned(tmp_path, *words) -> plan.Sweep:
    return plan.plan(RECIPE, read_grid([f"output_dir={tmp_path}/s", *words]))


def test_every_point_has_a_folder_of_its_own_below_the_sweeps():
    sweep = plan.plan(RECIPE, read_grid(["learning_rate=1e-4,2e-4"]))
    assert [str(point.folder) for point in sweep.points] == [
        "out/sweep_gemma3_270m_lora_learning_rate/learning_rate=1e-4",
        "out/sweep_gemma3_270m_lora_learning_rate/learning_rate=2e-4",
    ]


def test_a_point_is_the_recipe_with_its_values(tmp_path):
    point = planned(tmp_path, "learning_rate=1e-4,2e-4", "num_train_epochs=2").points[1]
    own = {
        "learning_rate": 2e-4,
        "num_train_epochs": 2,
        "output_dir": f"{tmp_path}/s/learning_rate=2e-4",
        "run_name": "s/learning_rate=2e-4",
    }
    assert point.recipe == recipe.read(RECIPE) | own


def test_a_point_is_launched_as_it_would_be_typed(tmp_path):
    sweep = planned(tmp_path, "learning_rate=1e-4,2e-4")
    assert plan.point_command(sweep, sweep.points[0]).words == [
        *("./launch.sh", "gemma3_270m_lora", "--no-base", f"output_dir={tmp_path}/s/learning_rate=1e-4"),
        *("learning_rate=1e-4", "run_name=s/learning_rate=1e-4"),
    ]


def test_each_prompt_style_has_its_own_data_and_untuned_model(tmp_path):
    sweep = planned(tmp_path, "prompt_style=ddl,compact", "learning_rate=1e-4,2e-4")
    conversions = [each.words for each in plan.preparations(sweep) if each.name == "data"]
    assert [words[-2:] for words in conversions] == [["--style", "ddl"], ["--style", "compact"]]
    assert all(f"dataset_dir={tmp_path}/s/prompt_style={words[-1]}" in words for words in conversions)
    assert [point.recipe["dataset_dir"] for point in sweep.points] == [
        f"{tmp_path}/s/prompt_style={style}" for style in ("ddl", "ddl", "compact", "compact")
    ]
    bases, _ = plan.base_rounds(sweep.points)
    assert [each.words[-2] for each in bases] == [
        f"{tmp_path}/s/prompt_style={style}/prompt_style={style}_learning_rate=1e-4" for style in ("ddl", "compact")
    ]


def test_an_untuned_model_is_asked_once_for_each_template(tmp_path):
    sweep = planned(tmp_path, "template=gemma,alpaca", "learning_rate=1e-4,2e-4")
    first, second = plan.base_rounds(sweep.points)
    assert [(each.name, each.words[-2]) for each in (*first, *second)] == [
        ("gemma-3-270m_base_exoplanets_eval", f"{tmp_path}/s/template=gemma_learning_rate=1e-4"),
        ("gemma-3-270m_base_exoplanets_eval_alpaca_353ab8", f"{tmp_path}/s/template=alpaca_learning_rate=1e-4"),
    ]
    assert [len(first), len(second)] == [1, 1]  # on a cluster the first name must be taken before the other looks


def test_no_prompt_style_reaches_the_trainer(tmp_path):
    assert all("prompt_style" not in point.recipe for point in planned(tmp_path, "prompt_style=ddl,t5").points)


def test_weights_are_made_once_for_all_points(tmp_path):
    sweep = planned(tmp_path, "learning_rate=1e-4,2e-4", "model_name_or_path=a,b")
    assert [each.name for each in plan.preparations(sweep)] == ["weights", "data", "weights"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prompt_style=ddl,sql"], "prompt_style=sql: unknown; the styles are: "),
        (["prompt_style=sql", "seed=1,2"], "prompt_style=sql: unknown; the styles are: "),
        (["prompt_style=ddl,t5", "dataset_dir=d"], "prompt_style and dataset_dir cannot be used together: "),
        (["model_name_or_path=a/b,a-b"], "two points would share the folder model_name_or_path=a-b: "),
    ],
)
def test_a_sweep_that_cannot_be_planned_is_told_in_one_line(tmp_path, words, message):
    with pytest.raises(SweepError) as raised:
        planned(tmp_path, *words)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("lerning_rate=1e-4,2e-4", "unknown key 'lerning_rate'; did you mean 'learning_rate'?"),
        ("promt_style=ddl,compact", "unknown key 'promt_style'; did you mean 'prompt_style'?"),
        ("save_strategy=epoch,sometimes", "sometimes is not a valid SaveStrategy"),
        ("learning_rate=abc,3e-4", "key learning_rate: 'abc' is not a number"),
    ],
)
def test_what_the_trainer_would_refuse_is_refused_before_anything_runs(tmp_path, word, message):
    with pytest.raises(RecipeError) as raised:
        plan.check(planned(tmp_path, word), gpu=False)
    assert message in str(raised.value)
    assert not (tmp_path / "s").exists()


def test_a_recipe_without_an_evaluation_set_is_refused(tmp_path):
    with pytest.raises(SweepError) as raised:
        plan.check(planned(tmp_path, "seed=1,2", "eval_dataset=null"), gpu=False)
    assert str(raised.value) == (f"{RECIPE}: no key eval_dataset, so there is nothing to compare points by. Add it.")


def trained(point: plan.Point, data_hash: str) -> None:
    """What a point leaves that is done, as far as the sweep looks at it."""
    (point.folder / "evaluation").mkdir(parents=True)
    header = json.dumps(point.recipe)
    (point.folder / recipe.KEPT).write_text(header)
    (point.folder / recipe.FINISHED).write_text(json.dumps({"data": {}}))
    (point.folder / plan.REPORT).write_text(json.dumps({"run": {"data_hash": data_hash}}))


@pytest.fixture
def sweep(tmp_path) -> plan.Sweep:
    """A sweep whose converted evaluation file is there."""
    folder = tmp_path / "registry"
    (folder / "data").mkdir(parents=True)
    (folder / "dataset_info.json").write_text((ROOT / "dataset_info.json").read_text())
    (folder / "data/exoplanets_eval.json").write_text("[]")
    return planned(tmp_path, "learning_rate=1e-4,2e-4", f"dataset_dir={folder}")


def test_a_point_is_done_when_trained_and_scored_on_the_data_as_they_are(sweep):
    point = sweep.points[0]
    assert not plan.is_done(point)
    trained(point, provenance.file_hash(plan.eval_file(point)))
    assert plan.is_done(point)
    assert not plan.is_done(sweep.points[1])
    plan.eval_file(point).write_text("[1]")
    assert not plan.is_done(point)


def test_a_folder_of_other_settings_is_refused_before_anything_runs(sweep, tmp_path):
    trained(sweep.points[1], "")
    words = ["learning_rate=1e-4,2e-4", "num_train_epochs=9", f"dataset_dir={tmp_path}/registry"]
    with pytest.raises(SweepError) as raised:
        plan.check(planned(tmp_path, *words), gpu=False)
    assert str(raised.value) == (
        f"{tmp_path}/s/learning_rate=2e-4 was trained with other settings (num_train_epochs: 4 -> 9). "
        f"Sweep into another folder with output_dir={tmp_path}/s_2, or start over with overwrite_output_dir=true."
    )


def test_a_style_folder_gets_the_registry_of_data_sets(tmp_path):
    sweep = planned(tmp_path, "prompt_style=ddl,t5")
    plan.register_styles(sweep)
    for style in ("ddl", "t5"):
        registry = Path(tmp_path, f"s/prompt_style={style}/dataset_info.json")
        assert registry.read_text() == (ROOT / "dataset_info.json").read_text()


@pytest.mark.parametrize("name", ["gemma3_270m_lora.yaml", "recipes/gemma3_270m_lora.yaml"])
def test_a_recipe_may_be_named_by_its_file(name):
    command = [sys.executable, "sweep/run.py", name, "seed=1,2", "--samples", "0"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.stderr == "sweep: --samples 0: the grid has 2 points. Give 1 to 2.\n"
