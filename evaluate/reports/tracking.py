"""An evaluation's figures on the Weights & Biases run of the training itself, so that one page shows both.

The training's run id is read from the folder it left, `out/<recipe>/wandb/[offline-]run-<time>-<id>`; nothing happens
where there is none. Offline, a second folder with the same id is written beside the first: `wandb sync` joins them.
"""

import os
from pathlib import Path

FAILURE_COLUMNS = ("id", "question", "gold", "sql", "outcome", "error_class", "error")
FAILURES_LOGGED = 200


def training_run(folder: Path) -> tuple[str, bool] | None:
    """`(run id, offline)` of the newest W&B run in an output folder, None where there is none."""
    runs = sorted((folder / "wandb").glob("*run-*-*"), key=lambda path: path.name.split("run-")[1])
    return (runs[-1].name.rsplit("-", 1)[1], runs[-1].name.startswith("offline")) if runs else None


def log_evaluation(folder: Path, report: dict, rows: list[dict]) -> bool:
    """Log a report's metrics, and the failures as a table, to the run that trained `folder`; returns whether it did.

    Metrics are called `evaluation/<metric>`, with `_low` and `_high` for the interval.
    """
    run = training_run(folder)
    if run is None or os.environ.get("WANDB_MODE") == "disabled":
        return False
    import wandb

    run_id, offline = run
    with wandb.init(
        id=run_id,
        resume="allow",
        project=os.environ.get("WANDB_PROJECT", "text-to-sql"),
        dir=str(folder),
        mode="offline" if offline else None,
        settings=wandb.Settings(silent=True, console="off"),
    ) as active:
        active.summary.update(flat_metrics(report))
        failures = [row for row in rows if row["outcome"] not in ("correct", "gold_error", "no_database")]
        data = [[row[column] for column in FAILURE_COLUMNS] for row in failures[:FAILURES_LOGGED]]
        active.log({"evaluation/failures": wandb.Table(columns=list(FAILURE_COLUMNS), data=data)})
    return True


def flat_metrics(report: dict) -> dict[str, float]:
    """`evaluation/<metric>`, `_low` and `_high` for every metric that has a value, and the count of every outcome."""
    flat = {}
    for name, figure in report["metrics"].items():
        for key, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
            if figure[key] is not None:
                flat[f"evaluation/{name}{suffix}"] = figure[key]
    return flat | {f"evaluation/outcomes/{name}": count for name, count in report["outcomes"].items()}
