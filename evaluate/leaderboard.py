"""The score table on the terminal: one row a run, the rule's name in every heading."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from evaluate.figures import interval, percent


def print_leaderboard(done: Sequence, console: Console | None = None) -> None:
    """Print finished runs (`evaluate.runs.Done`), best execution accuracy last, and where their reports lie."""
    console = console or Console()
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("run", "execution\nrate", "execution accuracy\nand 95 % interval", "exact\nmatch", "n", "s"):
        table.add_column(
            heading, justify="left" if heading == "run" else "right", overflow="fold", no_wrap=heading != "run"
        )
    for run in sorted(done, key=lambda run: run.written.report["metrics"]["execution_accuracy"]["value"] or 0.0):
        table.add_row(run.name, *cells(run.written.report), f"{run.seconds:.0f}")
    console.print(table)
    console.print(
        "Execution accuracy: rule `strict`. s: seconds, without generation where it was cached.",
        soft_wrap=True,
    )
    for run in done:
        console.print(
            f"{run.name}: {relative(run.written.html)} (also report.md, report.json, results.jsonl)",
            soft_wrap=True,
            highlight=False,
        )


def cells(report: dict) -> list[str]:
    """The figures of one report for the table."""
    metrics = report["metrics"]
    accuracy = metrics["execution_accuracy"]
    return [
        percent(metrics["execution_rate"]["value"]),
        f"{percent(accuracy['value'])} [{interval(accuracy)}]",
        percent(metrics["exact_match"]["value"]),
        str(accuracy["n"]),
    ]


def relative(path: Path) -> Path:
    """The path from the working directory where it lies below it."""
    return path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path
