"""sweep.svg: a bar with its 95 % whisker for every point's execution accuracy, best first, then the untuned models."""

from pathlib import Path

from markupsafe import Markup

from atomic import write_text
from evaluate.reports.figures import interval, percent
from evaluate.reports.plots import Bar, Group, bar_chart
from sweep.plan import Sweep
from sweep.results import Found, Scored

WIDTH = 640
# What the page of a report has in its style sheet; a file of its own brings its own, for light and dark.
STYLE = (
    "text{font:13px sans-serif;fill:#1b2027}.figure{text-anchor:end;fill:#586170}.hit{fill:none}.track{fill:#edeae3}"
    ".accent{fill:#3d9396}.untuned{fill:#8a8f98}.whisker{stroke:#1b2027;stroke-width:1.25}"
    "@media(prefers-color-scheme:dark){text{fill:#e7e9ec}.figure{fill:#a3acb8}.track{fill:#2a3038}"
    ".whisker{stroke:#e7e9ec}}"
)


def draw(sweep: Sweep, found: Found, path: Path) -> Path:
    """Draw the points, each labelled by its values of the axes; returns `path`."""
    groups = [group(each, "accent") for each in found.ranked] + [group(each, "untuned") for each in found.bases]
    title = f"Execution accuracy (rule strict) and 95 % interval by {', '.join(sweep.grid.axes)}"
    height = 42 * len(groups) + 40
    svg = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}"><style>{2}</style>'
        '<text x="10" y="20">{3}</text><svg x="10" y="36" width="{4}">{5}</svg></svg>\n'
    ).format(WIDTH, height, Markup(STYLE), title, WIDTH - 20, bar_chart(groups, title=title))
    return write_text(path, svg)


def group(each: Scored, kind: str) -> Group:
    """A point or an untuned model as one bar with its figure."""
    figure = each.accuracy
    label = ", ".join([*([] if kind == "accent" else ["untuned"]), *each.values.values()])
    bar = Bar(figure["value"] or 0.0, figure["low"], figure["high"], kind)
    return Group(label, f"{percent(figure['value'])} ({interval(figure)})", (bar,))
