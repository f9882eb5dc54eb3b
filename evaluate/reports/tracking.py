"""An evaluation's figures on the run of the training itself, so that one page shows both.

Which run that is, and how it is resumed, stands in `recipes/tracking.py`; nothing happens where there is none.
"""

from pathlib import Path

from evaluate.reports.results_file import has_failed
from recipes.tracking import on_runs

FAILURE_COLUMNS = ("id", "question", "gold", "sql", "outcome", "error_class", "error")
FAILURES_LOGGED = 200


def log_evaluation(folder: Path, report: dict, rows: list[dict]) -> list[str]:
    """Log a report's metrics to the runs that trained `folder`, to W&B the failures as a table too.

    Metrics are called `evaluation/<metric>`, with `_low` and `_high` for the interval. Returns the trackers' names.
    """
    metrics = flat_metrics(report)

    def to_wandb(run) -> None:
        import wandb

        run.summary.update(metrics)
        failures = list(filter(has_failed, rows))
        data = [[row[column] for column in FAILURE_COLUMNS] for row in failures[:FAILURES_LOGGED]]
        run.log({"evaluation/failures": wandb.Table(columns=list(FAILURE_COLUMNS), data=data)})

    def to_tensorboard(writer, step: int) -> None:
        for name, value in metrics.items():
            writer.add_scalar(name, value, step)

    return on_runs(folder, to_wandb, to_tensorboard)


def flat_metrics(report: dict) -> dict[str, float]:
    """`evaluation/<metric>`, `_low` and `_high` for every metric that has a value, and the count of every outcome."""
    flat = {}
    for name, figure in report["metrics"].items():
        for key, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
            if figure[key] is not None:
                flat[f"evaluation/{name}{suffix}"] = figure[key]
    return flat | {f"evaluation/outcomes/{name}": count for name, count in report["outcomes"].items()}
