"""Finding the run a training reported to, and putting on it what the training was made with."""

import pytest

from recipes.tracking import record, tensorboard_run, training_run
from tests.tracked import config_of

MADE_WITH = {"recipe": "toy", "data": {"exoplanets_train": "abc"}, "prompt_tags": ["style:ddl"], "commit": "c0ffee"}


def left_by_wandb(out, folder: str, run_id: str) -> None:
    (out / "wandb" / folder).mkdir(parents=True)
    (out / "wandb" / folder / f"run-{run_id}.wandb").touch()


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        ({}, None),
        ({"offline-run-20261121_100000-abc123": "abc123"}, ("abc123", True)),
        ({"run-20261121_100000-abc123": "abc123", "latest-run": "abc123"}, ("abc123", False)),
        (
            {"offline-run-20261121_100000-old111": "old111", "offline-run-20261121_110000-new222": "new222"},
            ("new222", True),
        ),
        # begun in one second: W&B numbers the second folder
        (
            {"offline-run-20261121_100000-my-id": "my-id", "offline-run-20261121_100000-my-id-1": "my-id"},
            ("my-id", True),
        ),
    ],
)
def test_the_newest_wandb_run_is_found_by_its_file(tmp_path, folders, found):
    for folder, run_id in folders.items():
        left_by_wandb(tmp_path, folder, run_id)
    assert training_run(tmp_path) == found


def test_a_folder_without_event_files_is_no_tensorboard_run(tmp_path):
    (tmp_path / "runs/Nov21_host").mkdir(parents=True)
    assert tensorboard_run(tmp_path) is None
    (tmp_path / "runs/Nov21_host/events.out.tfevents.1.host").touch()
    assert tensorboard_run(tmp_path) == tmp_path / "runs/Nov21_host"


def test_without_a_tracker_nothing_is_recorded(tmp_path):
    assert record(tmp_path, {"lora_rank": 4}, MADE_WITH) == []
    assert list(tmp_path.iterdir()) == []


def test_a_tracker_that_cannot_be_used_is_told_and_stops_nothing(tmp_path, monkeypatch, capfd):
    pytest.importorskip("wandb", reason="needs .venv: ./launch.sh setup")
    monkeypatch.setenv("WANDB_PROJECT", "not/a:name")
    left_by_wandb(tmp_path, "offline-run-20261121_100000-abc123", "abc123")
    assert record(tmp_path, {}, MADE_WITH) == []
    assert capfd.readouterr().err.startswith(f"tracking: {tmp_path}/wandb: nothing was added to the run: ")


@pytest.mark.slow
def test_the_recipe_and_what_it_was_made_with_are_in_the_config_of_the_run(tmp_path):
    wandb = pytest.importorskip("wandb", reason="needs .venv: ./launch.sh setup")
    with wandb.init(project="text-to-sql", dir=str(tmp_path), mode="offline", config={"model_args": {"a": 1}}):
        pass
    assert record(tmp_path, {"lora_rank": 4, "dataset": "exoplanets_train"}, MADE_WITH) == ["W&B"]
    assert config_of(tmp_path) == {
        "model_args": {"a": 1},
        **MADE_WITH,
        "recipe": {"lora_rank": 4, "dataset": "exoplanets_train"},
    }
