"""How a sweep's findings are shown: a table on the terminal, sweep.md, sweep.json and sweep.svg."""

import json
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from atomic import write_text
from evaluate.reports.compare_report import p_text
from evaluate.reports.compare_report import points as in_points
from evaluate.reports.figures import count, interval, percent, words
from evaluate.reports.report_md import escape, table
from sweep.plan import Sweep
from sweep.plot import draw
from sweep.results import Found, Scored
from sweep.work import Ended

HEADINGS = ("execution accuracy (`strict`) and 95 % interval", "execution rate", "exact match", "n", "training")
CAUTION = (
    "One training a point: what another seed would change is not in these intervals. The best was chosen on the "
    "questions that scored it, so its own score is a little too high."
)


def show(sweep: Sweep, found: Found, failed: list[Ended]) -> list[Path]:
    """Print the table and the verdict, and write the three files; returns where they lie."""
    console = Console()
    if found.ranked:
        console.print(terminal_table(sweep, found))
    for line in verdict(sweep, found, failed):
        console.print(line, soft_wrap=True, highlight=False)
    return write(sweep, found, failed)


def write(sweep: Sweep, found: Found, failed: list[Ended]) -> list[Path]:
    """Write sweep.json, sweep.md and, where a point has a score, sweep.svg; returns where they lie."""
    written = [
        write_text(sweep.folder / "sweep.json", json.dumps(as_json(sweep, found, failed), indent=2) + "\n"),
        write_text(sweep.folder / "sweep.md", markdown(sweep, found, failed)),
    ]
    return [*written, draw(sweep, found, sweep.folder / "sweep.svg")] if found.ranked else written


def rows(sweep: Sweep, found: Found) -> list[tuple[str, ...]]:
    """A row a point, best first, then the untuned models."""
    first, *others = sweep.grid.axes
    return [
        *((*(each.values[axis] for axis in sweep.grid.axes), *figures(each)) for each in found.ranked),
        *(
            (
                f"untuned {each.values.get(first, '')}".strip(),
                *(each.values.get(axis, "") for axis in others),
                *figures(each),
            )
            for each in found.bases
        ),
    ]


def terminal_table(sweep: Sweep, found: Found) -> Table:
    """The table for a terminal, the best last: that line is read first."""
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for axis in sweep.grid.axes:
        drawn.add_column(words(axis), overflow="fold")
    for heading in ("execution accuracy\nand 95 % interval", "execution\nrate", "exact\nmatch", "n", "training"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for cells in reversed(rows(sweep, found)):
        drawn.add_row(*cells)
    return drawn


def figures(each: Scored) -> tuple[str, ...]:
    metrics = each.metrics
    return (
        f"{percent(each.accuracy['value'])} ({interval(each.accuracy)})",
        percent(metrics["execution_rate"]["value"]),
        percent(metrics["exact_match"]["value"]),
        str(each.accuracy["n"]),
        "" if each.seconds is None else f"{each.seconds:.0f} s",
    )


def verdict(sweep: Sweep, found: Found, failed: list[Ended]) -> list[str]:
    """What the sweep shows, in sentences: the best, whether others may be as good, and what failed."""
    lines = [f"Failed: {each.name} ({each.failure})" for each in failed]
    if not found.ranked:
        return [*lines, "No point has a score."]
    best, others = found.ranked[0], len(found.ranked) - 1
    lines.append(
        f"Best: {spoken(best)}: execution accuracy {percent(best.accuracy['value'])} ({interval(best.accuracy)}), "
        f"rule strict, {count(best.accuracy['n'], 'question')}."
    )
    if found.overlapping:
        lines.append(
            f"Its interval overlaps those of {len(found.overlapping)} of {count(others, 'other point')}: "
            "by that, they may be as good."
        )
    elif others:
        lines.append("No other point's interval overlaps its own.")
    if contrast := found.against:
        lines.append(
            f"Against the second best ({spoken(found.ranked[1])}), question by question: "
            f"{in_points(contrast.difference)} points ({in_points(contrast.low)} to {in_points(contrast.high)}), "
            f"{contrast.gained} gained, {contrast.lost} lost, McNemar's exact p {p_text(contrast.p)}."
        )
    if len(found.ranked) < sweep.grid.size:
        lines.append(f"{len(found.ranked)} of the grid's {sweep.grid.size} points have a score.")
    return lines


def spoken(each: Scored) -> str:
    return " ".join(f"{key}={value}" for key, value in each.values.items())


def markdown(sweep: Sweep, found: Found, failed: list[Ended]) -> str:
    """sweep.md."""
    parts = [
        f"# Sweep over {sweep.recipe.stem}",
        "\n".join(f"- {escape(line)}" for line in verdict(sweep, found, failed)),
    ]
    if found.ranked:
        cells = [tuple(map(escape, row)) for row in rows(sweep, found)]
        parts += [
            table((*map(escape, sweep.grid.axes), *HEADINGS), cells),
            "![The points with their intervals](sweep.svg)",
        ]
    constants = " ".join(f"{key}={value}" for key, value in sweep.grid.constants.items())
    parts += [f"The same for all points: {escape(constants) or 'the recipe'}.", CAUTION]
    return "\n\n".join(parts) + "\n"


def as_json(sweep: Sweep, found: Found, failed: list[Ended]) -> dict:
    """sweep.json: the grid, every point best first, and the comparisons."""
    return {
        "recipe": str(sweep.recipe),
        "axes": {axis: list(values) for axis, values in sweep.grid.axes.items()},
        "constants": sweep.grid.constants,
        "points": [described(each) for each in found.ranked],
        "untuned": [described(each) for each in found.bases],
        "failed": [each._asdict() for each in failed],
        "best": found.ranked[0].name if found.ranked else None,
        "overlapping_the_best": found.overlapping,
        "second_best_against_best": found.against._asdict() if found.against else None,
    }


def described(each: Scored) -> dict:
    return each._asdict() | {"folder": str(each.folder)}
