"""How a comparison of runs is shown: tables in the terminal, comparison.md and comparison.html.

The tables are made once (`_tables`) and drawn three ways; the page uses the frame and the table of examples of
report.html, with one prediction per run. Figures come from `paired.py`.
"""

from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evaluate.reports.charts import paired_chart
from evaluate.reports.figures import count, letter, percent, words
from evaluate.reports.paired import Contrast, Pair
from evaluate.reports.report_html import render_page
from evaluate.reports.report_md import escape, table

HEADER_TAIL = ("Change", "95 % interval", "Gained", "Lost", "p", "n")


CAUTION = (
    "McNemar's exact test takes examples as independent, which two phrasings of one question are not; the intervals "
    "are made over clusters of them. Nothing is corrected for looking at several rules or runs."
)


class Run(NamedTuple):
    """A run to compare: a short name and the rows of its results.jsonl."""

    name: str
    rows: list[dict]


class TextTable(NamedTuple):
    """A table as plain texts, the first column to the left and the others to the right."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


def print_comparison(runs: list[Run], pairs: list[Pair], console: Console | None = None) -> None:
    """Print every table, in 80 columns; `console` is where to, the terminal when not given."""
    console = console or Console()
    for place, pair in enumerate(pairs, start=1):
        console.print(Text("\n" + "\n".join([*_legend(runs, place), scope(runs, place, pair)])))
        for content in _tables(place, pair):
            console.print(Text(f"\n{content.title}", style="bold"))
            console.print(_drawn(content))


def _drawn(content: TextTable) -> Table:
    drawn = Table(box=SIMPLE_HEAD, show_edge=False, padding=0)
    for place, name in enumerate(content.header):
        # Where it is narrow, headings wrap before names are cut.
        drawn.add_column(Text(name), justify="right" if place else "left", no_wrap=place == 0)
    for row in content.rows:
        drawn.add_row(*map(Text, row))
    return drawn


def render_comparison_markdown(runs: list[Run], pairs: list[Pair]) -> str:
    """comparison.md: the tables, then the examples gained and lost with their questions."""
    parts = ["# Comparison of runs"]
    for place, pair in enumerate(pairs, start=1):
        parts += [f"## {escape(runs[0].name)} → {escape(runs[place].name)}"]
        parts += [f"{', '.join(map(escape, _legend(runs, place)))}. {escape(scope(runs, place, pair))}"]
        for content in _tables(place, pair):
            cells = [tuple(escape(cell) for cell in row) for row in content.rows]
            parts += [f"### {escape(content.title)}", table(content.header, cells)]
        questions = {str(row["id"]): row["question"] for row in runs[place].rows}
        parts += [_listed("Gained", pair.gained, questions), _listed("Lost", pair.lost, questions)]
    return "\n\n".join([*parts, CAUTION]) + "\n"


def render_comparison(runs: list[Run], pairs: list[Pair]) -> str:
    """comparison.html: the tables, plots, and the examples every run has, filtered by gained and lost."""
    by_id = [{str(row["id"]): row for row in run.rows} for run in runs]
    shared = [identity for identity in by_id[0] if all(identity in rows for rows in by_id)]
    sections = [
        {
            "title": f"{runs[0].name} → {runs[place].name}",
            "letter": letter(place),
            "scope": f"{', '.join(_legend(runs, place))}. {scope(runs, place, pair)}",
            "headline": pair.rules["strict"],
            "tables": _tables(place, pair),
            "charts": _charts(_legend(runs, place), pair),
        }
        for place, pair in enumerate(pairs, start=1)
    ]
    return render_page(
        "comparison.html.j2",
        examples=lambda: [tuple(rows[identity] for rows in by_id) for identity in shared],
        runs=[run.name for run in runs],
        sections=sections,
        caution=CAUTION,
        points=points,
        p_text=p_text,
    )


def scope(runs: list[Run], place: int, pair: Pair) -> str:
    """Which examples the comparison of the first run with the one at `place` is about, in one sentence."""
    left_out = []
    if pair.scored < pair.common:
        left_out.append(f"{pair.common - pair.scored} of them not scored in one or both runs")
    for run, number in ((0, pair.only_first), (place, pair.only_second)):
        if number:
            left_out.append(f"{number} only in {letter(run)}")
    return f"{count(pair.common, 'common example')}" + (f" ({'; '.join(left_out)})" if left_out else "") + "."


def _legend(runs: list[Run], place: int) -> list[str]:
    return [f"{letter(run)} = {runs[run].name}" for run in (0, place)]


def points(value: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.1f}"


def p_text(p: float) -> str:
    """A p value to three places, or a bound."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _tables(place: int, pair: Pair) -> list[TextTable]:
    header = ("Rule", letter(0), letter(place), *HEADER_TAIL)
    return [
        TextTable("Accuracy by rule (p: McNemar's exact test)", header, _contrast_rows(pair.rules)),
        TextTable("By hardness, rule strict", ("Hardness", *header[1:]), _contrast_rows(pair.by_hardness)),
        _class_table(place, pair),
    ]


def _contrast_rows(contrasts: dict[str, Contrast]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            percent(contrast.first["value"]),
            percent(contrast.second["value"]),
            points(contrast.difference),
            f"{points(contrast.low)}, {points(contrast.high)}",
            str(contrast.gained),
            str(contrast.lost),
            p_text(contrast.p),
            str(contrast.n),
        )
        for name, contrast in contrasts.items()
    ]


def _class_table(place: int, pair: Pair) -> TextTable:
    """Failures of both runs by class; of the gained what the first had wrong, of the lost what the second has."""
    rows = [
        (
            words(name),
            str(before),
            str(after),
            f"{after - before:+d}",
            str(pair.gained_classes.get(name, 0)),
            str(pair.lost_classes.get(name, 0)),
        )
        for name, (before, after) in pair.classes.items()
    ]
    header = ("Error class", letter(0), letter(place), "Change", "Gained from it", "Lost to it")
    return TextTable("Failures by error class, rule strict", header, rows)


def _charts(names: list[str], pair: Pair) -> list:
    note = f"On the {count(pair.scored, 'example')} both runs scored, with 95 % intervals."
    return [
        paired_chart(title, note, names, {name: [c.first, c.second] for name, c in contrasts.items()})
        for title, contrasts in (("By match rule", pair.rules), ("By hardness, rule strict", pair.by_hardness))
    ]


def _listed(title: str, ids: list[str], questions: dict) -> str:
    lines = [f"- {escape(identity)}: {escape(questions[identity])}" for identity in ids]
    return "\n\n".join([f"### {title} ({len(ids)}, rule strict)", "\n".join(lines) or "None."])
