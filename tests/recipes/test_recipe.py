"""Reading a recipe, refusing a wrong one with one clear line, and keeping what a training was made with."""

import json
import platform
import subprocess
import sys
from importlib.metadata import version

import pytest

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")

from recipes import keys, provenance, recipe

MINIMAL = """\
model_name_or_path: m
template: gemma
dataset: exoplanets_train
dataset_dir: .
eval_dataset: exoplanets_eval
output_dir: {out}
learning_rate: 1.0e-4
stage: sft
do_train: true
finetuning_type: lora
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "toy.yaml"
    file.write_text(MINIMAL.format(out=tmp_path / "out"))
    return file


def test_an_override_replaces_a_key_and_is_read_as_yaml(path):
    values = recipe.read(path, ["learning_rate=5e-5", "template=alpaca", "bf16=true"])
    assert (values["learning_rate"], values["template"], values["bf16"]) == (5e-5, "alpaca", True)


def test_a_recipe_names_its_corpora_once(path):
    assert recipe.corpora(recipe.read(path, ["dataset=exoplanets_train,spider_train"])) == ["exoplanets", "spider"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", "toy.yaml: not valid YAML: "),
        ("- a\n- b\n", "toy.yaml: not a mapping of keys to values. "),
        ("template: gemma\n", "toy.yaml: key 'model_name_or_path' is missing. "),
    ],
)
def test_a_broken_recipe_is_named_in_one_line(path, text, message):
    path.write_text(text)
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.read(path)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_recipe_points_to_the_list(tmp_path):
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.read(tmp_path / "none.yaml")
    assert str(raised.value) == f"{tmp_path}/none.yaml: No such file or directory. ./launch.sh list shows the recipes."


def test_an_override_without_a_value_is_refused(path):
    with pytest.raises(recipe.RecipeError, match="override 'learning_rate': expected KEY=VALUE"):
        recipe.read(path, ["learning_rate"])


def test_a_misspelt_key_is_refused_with_the_nearest_one(path):
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.check(path, recipe.read(path, ["lerning_rate=1"]))
    assert str(raised.value) == f"{path}: unknown key 'lerning_rate'; did you mean 'learning_rate'?"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("learning_rate=abc", "key learning_rate: 'abc' is not a number."),
        ("lora_rank=r16", "key lora_rank: 'r16' is not a number."),
        ("eval_steps='0,1'", "key eval_steps: '0,1' is not a number."),
        ("pissa_init=ture", "key pissa_init: 'ture' is not true or false."),
    ],
)
def test_a_text_for_a_number_or_a_switch_is_refused(path, override, message):
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.check_names(path, recipe.read(path, [override]))
    assert str(raised.value) == f"{path}: {message}"


@pytest.mark.parametrize("override", ["eval_strategy=no", "eval_steps=0.5", "quantization_bit=4", "max_steps=null"])
def test_a_value_of_its_kind_is_taken(path, override):
    recipe.check_names(path, recipe.read(path, [override]))


def test_the_quick_check_reads_the_keys_without_importing_the_trainer(path):
    command = [sys.executable, "recipes/recipe.py", "check", str(path)]
    code = "import runpy, sys; sys.argv = sys.argv[1:]\ntry: runpy.run_path(sys.argv[0], run_name='__main__')\n"
    code += "except SystemExit as end: print(end.code, {'torch', 'transformers', 'llamafactory'} & sys.modules.keys())"
    keys.known_keys({})
    told = subprocess.run([sys.executable, "-c", code, *command[1:]], cwd=recipe.ROOT, capture_output=True, text=True)
    assert told.stdout == f"{path.parent}/out\nllamafactory-cli train\n0 set()\n", told.stderr
    wrong = subprocess.run([*command, "lora_rnak=4"], cwd=recipe.ROOT, capture_output=True, text=True)
    assert wrong.returncode == 2
    assert wrong.stderr == f"recipe: {path}: unknown key 'lora_rnak'; did you mean 'lora_rank'?\n"


@pytest.mark.parametrize("values", [{}, {"stage": "seq2seq"}], ids=["LLaMA-Factory", "T5"])
def test_the_keys_kept_for_the_quick_check_are_those_of_the_parser(values):
    assert keys.known_keys(values) == keys.field_kinds(values)


def test_the_keys_kept_for_t5_go_with_the_file_that_names_them(tmp_path, monkeypatch):
    values = {"stage": "seq2seq"}
    monkeypatch.setattr(keys.sys, "prefix", str(tmp_path))
    fields = keys.known_keys(values)
    kept = tmp_path / "recipe_fields_seq2seq.json"
    kept.write_text(kept.read_text().replace('"max_new_tokens"', '"max_tokens"'))
    assert "max_new_tokens" not in keys.known_keys(values)  # what is kept is read
    monkeypatch.setattr(keys, "OURS", tmp_path / "arguments.py")
    keys.OURS.write_text("changed")
    assert keys.known_keys(values) == fields


def test_a_value_the_trainer_refuses_is_told_without_a_traceback(path):
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.check(path, recipe.read(path, ["use_cpu=true", "save_strategy=sometimes"]))
    assert "sometimes" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_begin_keeps_the_recipe_with_its_overrides(path, tmp_path):
    assert recipe.begin(path, ["lora_rank=4", "use_cpu=true"]) == 0
    kept = recipe.read(tmp_path / "out/recipe.yaml")
    assert kept == recipe.read(path, ["lora_rank=4", "use_cpu=true"])


def test_a_folder_that_cannot_be_written_is_one_line_and_exit_1(path, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert recipe.main(["begin", str(path), "use_cpu=true", f"output_dir={tmp_path}/file/out"]) == 1
    told = f"recipe: {tmp_path}/file/out: Not a directory. Correct that, or give another output_dir.\n"
    assert capsys.readouterr().err == told


def test_joining_checks_the_recipe_and_writes_nothing(path, tmp_path):
    assert recipe.main(["join", str(path), "use_cpu=true"]) == 0
    assert not (tmp_path / "out").exists()
    assert recipe.main(["join", str(path), "lerning_rate=1"]) == 2


def test_joining_a_finished_training_does_not_train_it_again(path, tmp_path):
    finished(path, tmp_path)
    assert recipe.main(["join", str(path), "use_cpu=true"]) == recipe.ALREADY_TRAINED


def finished(path, tmp_path) -> None:
    """A training of `path` that ended, as `finish` records it but for its data."""
    recipe.begin(path, ["use_cpu=true"])
    (tmp_path / "out/training.json").write_text(json.dumps({"data": {}}))


def test_a_finished_training_with_the_same_settings_is_not_done_again(path, tmp_path):
    finished(path, tmp_path)
    assert recipe.begin(path, ["use_cpu=true"]) == recipe.ALREADY_TRAINED
    assert recipe.begin(path, []) == recipe.ALREADY_TRAINED  # where it runs does not matter


def test_other_settings_in_the_same_folder_are_refused_and_nothing_is_lost(path, tmp_path):
    finished(path, tmp_path)
    before = (tmp_path / "out/recipe.yaml").read_text()
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.begin(path, ["learning_rate=3.0e-4"])
    assert "(learning_rate: 0.0001 -> 0.0003)" in str(raised.value)
    assert f"output_dir={tmp_path}/out_2" in str(raised.value)
    assert (tmp_path / "out/recipe.yaml").read_text() == before


def test_overwrite_output_dir_trains_anew(path, tmp_path):
    finished(path, tmp_path)
    assert recipe.begin(path, ["learning_rate=3.0e-4", "overwrite_output_dir=true", "use_cpu=true"]) == 0
    assert not (tmp_path / "out/training.json").exists()


OLD = ("checkpoint-8/adapter_model.safetensors", "adapter_config.json", "adapter_model.safetensors", "config.json")


def leave(out, names: tuple[str, ...]) -> None:
    """Files of an earlier training."""
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("old")


def test_a_training_anew_cannot_go_on_from_the_old_one(path, tmp_path):
    finished(path, tmp_path)
    leave(tmp_path / "out", (*OLD, "merged/model.safetensors", "evaluation/report.json"))
    assert recipe.begin(path, ["learning_rate=3.0e-4", "overwrite_output_dir=true", "use_cpu=true"]) == 0
    left = sorted(str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file())
    assert left == ["data_hashes.json", "evaluation/report.json", "recipe.yaml"]


def test_checkpoints_of_unknown_settings_are_not_gone_on_from_unasked(path, tmp_path):
    out = tmp_path / "out"
    leave(out, OLD[:1])  # as `llamafactory-cli train` leaves it, without launch.sh
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.begin(path, ["use_cpu=true"])
    assert str(raised.value) == (
        f"{out} holds checkpoints but no recipe.yaml, so their settings are not known. Continue from one "
        f"with resume_from_checkpoint={out}/checkpoint-N, or start over with overwrite_output_dir=true."
    )
    assert recipe.begin(path, ["use_cpu=true", f"resume_from_checkpoint={out}/checkpoint-8"]) == 0


@pytest.mark.parametrize("key", ["resume_from_checkpoint={out}/checkpoint-8", "adapter_name_or_path={out}"])
def test_a_training_anew_keeps_what_it_reads_itself(path, tmp_path, key):
    leave(tmp_path / "out", OLD)
    words = ["overwrite_output_dir=true", "use_cpu=true", key.format(out=tmp_path / "out")]
    assert recipe.begin(path, words) == 0
    assert all((tmp_path / "out" / name).is_file() for name in OLD)


def test_an_interrupted_training_may_go_on(path):
    assert [recipe.begin(path, ["use_cpu=true"]) for _ in range(2)] == [0, 0]


@pytest.fixture
def data(tmp_path):
    """The converted file of `exoplanets_train` in a `dataset_dir` of its own, `tmp_path`."""
    (tmp_path / "dataset_info.json").write_text((recipe.ROOT / "dataset_info.json").read_text())
    file = tmp_path / "data/exoplanets_train.json"
    file.parent.mkdir()
    file.write_text('[\n{"tags": ["style:ddl", "prompt:1", "runnable"]}\n]\n')
    return file


def test_converted_files_lie_where_dataset_dir_says(path, tmp_path, data):
    assert recipe.data_file("exoplanets_train", {"dataset_dir": str(tmp_path)}) == data
    assert recipe.data_folder(recipe.read(path, [f"dataset_dir={tmp_path}"])) == tmp_path / "data"
    assert recipe.data_file("exoplanets_train") == recipe.ROOT / "data/exoplanets_train.json"


def test_a_dataset_dir_without_its_registry_is_named(tmp_path):
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.data_file("exoplanets_train", {"dataset_dir": str(tmp_path)})
    assert str(raised.value) == (
        f"{tmp_path}/dataset_info.json: No such file or directory. Set dataset_dir to its folder; here that is ."
    )


def test_changed_training_data_is_refused(path, tmp_path, data):
    there = f"dataset_dir={tmp_path}"
    recipe.begin(path, ["use_cpu=true", there])
    recipe.finish(tmp_path / "out", 1.0)
    assert recipe.begin(path, [there]) == recipe.ALREADY_TRAINED
    data.write_text('[{"tags": ["style:ddl", "prompt:2"]}]')
    with pytest.raises(recipe.RecipeError, match="exoplanets_train: the converted file has changed"):
        recipe.begin(path, [there])


def test_changed_data_of_a_stopped_training_are_refused(path, tmp_path, data):
    there = f"dataset_dir={tmp_path}"
    recipe.begin(path, ["use_cpu=true", there])
    assert recipe.begin(path, ["use_cpu=true", there]) == 0
    data.write_text('[{"tags": ["style:ddl", "prompt:2"]}]')
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.begin(path, ["use_cpu=true", there])
    assert "(exoplanets_train: the converted file has changed)" in str(raised.value)
    assert recipe.begin(path, ["use_cpu=true", there, "overwrite_output_dir=true"]) == 0
    assert recipe.begin(path, ["use_cpu=true", there]) == 0


PISSA = ["use_cpu=true", "pissa_init=true", "pissa_convert=true"]


def test_a_stopped_pissa_training_is_not_resumed(path, tmp_path):
    assert [recipe.begin(path, PISSA) for _ in range(2)] == [0, 0]  # stopped before its first checkpoint
    (tmp_path / "out/checkpoint-5").mkdir()
    with pytest.raises(recipe.RecipeError) as raised:
        recipe.begin(path, PISSA)
    assert str(raised.value) == (
        f"{tmp_path}/out: key pissa_init: a stopped PiSSA training cannot be resumed: LLaMA-Factory would take the "
        "checkpoint for the initial adapter and convert it wrongly. Start over with overwrite_output_dir=true, and "
        "without resume_from_checkpoint."
    )
    assert recipe.begin(path, [*PISSA, "overwrite_output_dir=true"]) == 0
    with pytest.raises(recipe.RecipeError, match="a stopped PiSSA training cannot be resumed"):
        recipe.begin(path, [*PISSA, "overwrite_output_dir=true", "resume_from_checkpoint=elsewhere"])


def test_a_stopped_training_of_another_method_is_resumed(path, tmp_path):
    recipe.begin(path, ["use_cpu=true"])
    (tmp_path / "out/checkpoint-5").mkdir()
    assert recipe.begin(path, ["use_cpu=true"]) == 0


def test_a_finished_pissa_training_is_not_done_again(path, tmp_path):
    recipe.begin(path, PISSA)
    (tmp_path / "out/checkpoint-5").mkdir()
    (tmp_path / "out/training.json").write_text(json.dumps({"data": {}}))
    assert recipe.begin(path, PISSA) == recipe.ALREADY_TRAINED


def test_finish_records_what_the_score_will_depend_on(path, tmp_path, data):
    recipe.begin(path, ["use_cpu=true", f"dataset_dir={tmp_path}"])
    recipe.finish(tmp_path / "out", 12.5)
    record = json.loads((tmp_path / "out/training.json").read_text())
    assert record["seconds"] == 12.5
    assert record["data"] == {"exoplanets_train": provenance.file_hash(data)}
    assert record["prompt_tags"] == ["style:ddl", "prompt:1"]
    packages = ("llamafactory", "torch", "transformers", "sqlglot", "sacrebleu", "rouge-score")
    assert {name: record["versions"].get(name) for name in packages} == {name: version(name) for name in packages}
    assert record["versions"]["python"] == platform.python_version()


def test_a_recipe_without_dataset_dir_is_refused_before_the_trainer_fails(path):
    with pytest.raises(recipe.RecipeError, match=r"data/dataset_info.json: No such file"):
        recipe.data_folder({key: value for key, value in recipe.read(path).items() if key != "dataset_dir"})
