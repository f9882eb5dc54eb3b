"""The score table of several runs: a short one on the terminal, one with every rule as Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from atomic import write_text
from evaluate.reports.figures import interval, percent, visible
from evaluate.reports.metrics import ACCURACY_OF_RULE
from evaluate.reports.report_md import table as markdown_table

IDS_SHOWN = 10
NOTHING = "nothing was scored. Where no database was found, give --databases DIR with DIR/<db_id>/<db_id>.sqlite"
OTHERS = ("exact_match", "execution_rate", "syntax_rate", "token_f1", "bleu", "rougeL")


def print_leaderboard(done: Sequence, console: Console | None = None) -> None:
    """Print finished runs (`evaluate.runs.Done`), best execution accuracy last, and where their reports lie."""
    console = console or Console()
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("run", "execution\nrate", "execution accuracy\nand 95 % interval", "exact\nmatch", "n", "s"):
        left = heading == "run"
        table.add_column(heading, justify="left" if left else "right", overflow="fold", no_wrap=not left)
    for run in ranked(done):
        table.add_row(Text(visible(run.name)), *cells(run.written.report), f"{run.seconds:.0f}")
    console.print(table)
    console.print(
        "Execution accuracy: rule `strict`. s: seconds, without generation where it was cached.", soft_wrap=True
    )
    for run in done:
        where = f"{run.name}: {relative(run.written.html)} (also report.md, report.json, results.jsonl)"
        console.print(visible(where), soft_wrap=True, highlight=False, markup=False)
        for line in not_scored(run.written.report["not_scored"], run.written.report.get("outcomes", {})):
            console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)
        if not run.written.report["metrics"]["execution_accuracy"]["n"]:
            console.print(f"  {NOTHING}", soft_wrap=True, highlight=False, markup=False)


def not_scored(ids: dict[str, list], outcomes: Mapping[str, int] = MappingProxyType({})) -> list[str]:
    """A line for each fault of the data that kept examples from being scored, with the first ids."""
    return [
        f"not scored, {outcome}: {max(len(found), outcomes.get(outcome, 0))} "
        f"({visible(', '.join(str(identity)[:100] for identity in found[:IDS_SHOWN]))}"
        + (", ...; all in results.jsonl)" if len(found) > IDS_SHOWN else ")")
        for outcome, found in ids.items()
        if found
    ]


def ranked(done: Sequence) -> list:
    """The runs by execution accuracy, best last: on a terminal the last line is read first."""
    return sorted(done, key=lambda run: run.written.report["metrics"]["execution_accuracy"]["value"] or 0.0)


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


def write_leaderboard(done: Sequence, path: Path) -> Path:
    """Write the runs, best first, with every match rule and the other metrics (in percent) as a Markdown table."""
    columns = {name: rule for rule, name in ACCURACY_OF_RULE.items()} | {name: name for name in OTHERS}
    rows = [
        (
            run.name,
            *(number(run.written.report["metrics"][name]) for name in columns),
            run.written.report["metrics"]["execution_accuracy"]["n"],
        )
        for run in reversed(ranked(done))
    ]
    return write_text(path, markdown_table(("run", *columns.values(), "n"), rows) + "\n")


def number(figure: dict) -> str:
    """A fraction in percent without the sign; a dash for what was not scored."""
    return "–" if figure["value"] is None else f"{100 * figure['value']:.1f}"


def relative(path: Path) -> Path:
    """The path from the working directory where it lies below it."""
    return path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path
