"""The page of statistics: plots by matplotlib as SVG, the page by Jinja as one HTML file, and as Markdown."""

import io
import re
from pathlib import Path
from typing import NamedTuple

import jinja2

from converters.prompt import user_turn

INK, BAR = "#24292f", "#3b6ea8"
WIDTH = 7.0  # inches
TEMPLATES = Path(__file__).parent / "templates"


class Bars(NamedTuple):
    """Horizontal bars, a name and a count each."""

    title: str
    bars: list[tuple[str, int]]
    note: str


class Histogram(NamedTuple):
    """How often a length occurs."""

    title: str
    unit: str
    values: list[int]
    note: str


class Drawn(NamedTuple):
    """A plot and what stands beside it; `file` is its name in the folder."""

    title: str
    note: str
    file: str
    svg: str
    description: str


def write_page(
    name: str, facts: list[tuple[str, str]], plots: list[Bars | Histogram], rows: list[dict]
) -> dict[str, str]:
    """The files of the page, by name: index.html, index.md and an SVG a plot."""
    drawn = [draw(plot) for plot in plots]
    examples = [(row["id"], user_turn(row["instruction"], row["input"]), row["output"]) for row in rows]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=jinja2.select_autoescape(["html.j2"]), trim_blocks=True
    )
    content = {"name": name, "facts": facts, "plots": drawn, "examples": examples}
    pages = {page: environment.get_template(f"{page}.j2").render(content) for page in ("index.html", "index.md")}
    return pages | {plot.file: plot.svg for plot in drawn}


def draw(plot: Bars | Histogram) -> Drawn:
    """One plot."""
    file = re.sub(r"\W+", "_", plot.title.lower()) + ".svg"
    svg = draw_bars(plot) if isinstance(plot, Bars) else draw_histogram(plot)
    return Drawn(plot.title, plot.note, file, svg, description(plot))


def description(plot: Bars | Histogram) -> str:
    """What a plot shows, for those who cannot see it."""
    if isinstance(plot, Histogram):
        return f"{plot.title} in {plot.unit}: {plot.note}"
    return f"{plot.title}: " + ", ".join(f"{name} {number}" for name, number in plot.bars)


def draw_bars(plot: Bars) -> str:
    figure, axes = new_figure(0.4 + 0.28 * max(len(plot.bars), 1))
    names, numbers = [name for name, _ in plot.bars], [number for _, number in plot.bars]
    drawn = axes.barh(range(len(names)), numbers, color=BAR, height=0.7)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.bar_label(drawn, padding=3, color=INK)
    axes.margins(x=0.12, y=0.02)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    return svg_of(figure)


def draw_histogram(plot: Histogram) -> str:
    figure, axes = new_figure(2.2)
    axes.hist(plot.values, bins=min(40, max(plot.values) - min(plot.values) + 1), color=BAR)
    axes.set_xlabel(plot.unit)
    axes.set_ylabel("rows")
    return svg_of(figure)


def new_figure(height: float):
    """A figure of the page's width and `height` inches, and its axes without a frame."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, colors=INK)
    return figure, axes


def svg_of(figure) -> str:
    """A figure as SVG text, the same for the same data: no date, no random names; letters stay letters."""
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "text-to-sql", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
