"""sweep.png: every point's execution accuracy with its 95 % interval, grouped and coloured by one axis."""

from pathlib import Path

from atomic import replacing
from evaluate.reports.figures import percent
from sweep.plan import STYLE, Sweep
from sweep.results import Found, Scored

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe & Ito 2008: for colour-blind eyes
MARKS = "osD^vP"


def draw(sweep: Sweep, found: Found, path: Path) -> Path:
    """Draw the points from top to bottom in the order of the grid, untuned models as lines; returns `path`."""
    from matplotlib.figure import Figure

    axis = STYLE if STYLE in sweep.grid.axes else list(sweep.grid.axes)[-1]
    order = [point.name for point in sweep.points]
    shown = sorted(
        found.ranked, key=lambda each: (sweep.grid.axes[axis].index(each.values[axis]), order.index(each.name))
    )
    figure = Figure(figsize=(8, 1.2 + (0.2 + 0.2 * len(sweep.grid.axes)) * len(shown)), layout="constrained")
    plot = figure.add_subplot()
    for place, each in enumerate(shown):
        draw_point(plot, place, each, sweep.grid.axes[axis].index(each.values[axis]))
    for base in found.bases:
        plot.axvline(100 * (base.accuracy["value"] or 0.0), color="#666666", linestyle=":")
    plot.set_yticks(range(len(shown)), [label(each) for each in shown])
    plot.set_ylim(len(shown) - 0.5, -0.5)
    plot.set_xlim(-2, 102)
    untuned = "; dotted: untuned" if found.bases else ""
    plot.set_xlabel(f"execution accuracy (rule strict), %, with 95 % interval{untuned}")
    plot.set_title(f"{sweep.recipe.stem}, n {shown[0].accuracy['n']}")
    plot.grid(axis="x", color="#dddddd")
    with replacing(path, "wb") as file:
        figure.savefig(file, format="png", dpi=120)
    return path


def draw_point(plot, place: int, each: Scored, series: int) -> None:
    """A mark with its whisker, and the figure beside it."""
    value, low, high = (100 * (each.accuracy[key] or 0.0) for key in ("value", "low", "high"))
    colour, mark = COLOURS[series % len(COLOURS)], MARKS[series % len(MARKS)]
    error = [[max(value - low, 0.0)], [max(high - value, 0.0)]]
    plot.errorbar(value, place, xerr=error, color=colour, marker=mark, capsize=4)
    plot.annotate(
        percent(each.accuracy["value"]), (value, place), (0, 7), textcoords="offset points", ha="center", size=8
    )


def label(each: Scored) -> str:
    return "\n".join(f"{key} {value}" for key, value in each.values.items())
