"""The evaluation's figures reach the run of the training; W&B offline, as a second folder with the same run id."""

import pytest

from evaluate.reports.aggregate import aggregate
from evaluate.reports.tracking import flat_metrics, log_evaluation
from tests.evaluate.reports.result_rows import make_rows
from tests.tracked import config_of, scalars_of, summary_of


def test_every_metric_is_named_with_its_interval():
    flat = flat_metrics({"metrics": {"bleu": {"value": 0.5, "low": 0.4, "high": None}}, "outcomes": {"correct": 3}})
    assert flat == {"evaluation/bleu": 0.5, "evaluation/bleu_low": 0.4, "evaluation/outcomes/correct": 3}


def test_without_a_training_run_nothing_is_logged(tmp_path):
    rows = make_rows(3, 2)
    assert log_evaluation(tmp_path, aggregate(rows, run={}), rows) == []
    assert list(tmp_path.iterdir()) == []


def test_figures_are_written_to_the_tensorboard_run_of_the_training(tmp_path):
    tensorboard = pytest.importorskip("torch.utils.tensorboard", reason="needs .venv: ./launch.sh setup")
    with tensorboard.SummaryWriter(log_dir=str(tmp_path / "runs/Nov21_host")) as writer:
        writer.add_scalar("train/loss", 1.0, 1)
    (tmp_path / "trainer_state.json").write_text('{"global_step": 7}')
    rows = make_rows(3, 2)
    assert log_evaluation(tmp_path, aggregate(rows, run={}), rows) == ["TensorBoard"]
    scalars = scalars_of(tmp_path / "runs/Nov21_host")
    assert scalars["train/loss"] == [(1, 1.0)]
    assert scalars["evaluation/execution_accuracy"] == [(7, pytest.approx(0.6))]
    assert scalars["evaluation/outcomes/wrong_result"] == [(7, 2.0)]


@pytest.mark.slow
def test_metrics_and_failures_are_written_to_the_run_of_the_training(tmp_path):
    wandb = pytest.importorskip("wandb", reason="needs .venv: ./launch.sh setup")
    with wandb.init(project="text-to-sql", dir=str(tmp_path), mode="offline") as training:
        training.log({"train/loss": 1.0})
    rows = make_rows(3, 2)
    assert log_evaluation(tmp_path, aggregate(rows, run={}), rows) == ["W&B"]
    files = sorted((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))
    assert [file.name for file in files] == [f"run-{training.id}.wandb"] * 2
    assert summary_of(tmp_path)["evaluation/execution_accuracy"] == pytest.approx(0.6)
    assert "evaluation/failures" in summary_of(tmp_path)
    assert "recipe" not in config_of(tmp_path)
    assert list((tmp_path / "wandb").rglob("failures*.table.json"))
