"""The evaluation's figures reach the W&B run of the training; offline, as a second folder with the same run id."""

import pytest

from evaluate.reports.aggregate import aggregate
from evaluate.reports.tracking import flat_metrics, log_evaluation, training_run
from tests.evaluate.reports.result_rows import make_rows


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], None),
        (["offline-run-20261121_100000-abc123"], ("abc123", True)),
        (["run-20261121_100000-abc123", "latest-run"], ("abc123", False)),
        (["offline-run-20261121_100000-old111", "offline-run-20261121_110000-new222"], ("new222", True)),
    ],
)
def test_the_newest_training_run_is_found_by_its_folder(tmp_path, names, found):
    for name in names:
        (tmp_path / "wandb" / name).mkdir(parents=True)
    assert training_run(tmp_path) == found


def test_every_metric_is_named_with_its_interval():
    flat = flat_metrics({"metrics": {"bleu": {"value": 0.5, "low": 0.4, "high": None}}, "outcomes": {"correct": 3}})
    assert flat == {"evaluation/bleu": 0.5, "evaluation/bleu_low": 0.4, "evaluation/outcomes/correct": 3}


def test_without_a_training_run_nothing_is_logged(tmp_path):
    rows = make_rows(3, 2)
    assert log_evaluation(tmp_path, aggregate(rows, run={}), rows) is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_metrics_and_failures_are_written_to_the_run_of_the_training(tmp_path):
    wandb = pytest.importorskip("wandb", reason="needs .venv: ./launch.sh setup")
    with wandb.init(project="text-to-sql", dir=str(tmp_path), mode="offline") as training:
        training.log({"train/loss": 1.0})
    rows = make_rows(3, 2)
    assert log_evaluation(tmp_path, aggregate(rows, run={}), rows) is True
    runs = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert {run.name.rsplit("-", 1)[1] for run in runs} == {training.id}
    written = b"".join(path.read_bytes() for path in (tmp_path / "wandb").rglob("*.wandb"))
    assert b"evaluation/execution_accuracy" in written
    assert list((tmp_path / "wandb").rglob("failures*.table.json"))
