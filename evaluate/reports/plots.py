"""Bar charts as inline SVG: one label line and one or more bars with 95 % whiskers per group.

Nothing is scaled: widths are percentages and heights pixels, so that text keeps its size from a phone to a wide
screen. Colours are classes of `templates/chart.css` (they follow light and dark), and no meaning is in colour alone.
`svg_file` makes a picture of a fixed width of such a chart, for Markdown.
Not covered: any other kind of chart.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

LABEL_LIMIT = 30  # characters that fit a phone beside the figure; the whole label stays as a tooltip
LABEL_HEIGHT = 20
BAR_HEIGHT = 8
BAR_STEP = 12
GROUP_GAP = 10
FILE_WIDTH = 680
FILE_MARGIN = 20
FILE_LINE = 20  # from one line of words to the next
LINE_CHARACTERS = 100  # of the note, at 12 pixels
CHARACTER_WIDTH = 6.6  # of the legend; wider than most fonts are
FILE_STYLE = """
text { fill: var(--ink); font: 13px ui-sans-serif, system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.page { fill: var(--card); }
.title { font-size: 16px; font-weight: 620; }
.note { fill: var(--muted); font-size: 12px; }
"""


class Bar(NamedTuple):
    """One bar: fractions of the full width, the interval's ends or None, and the CSS class that colours it."""

    value: float
    low: float | None = None
    high: float | None = None
    kind: str = "accent"


class Group(NamedTuple):
    """A labelled group of bars. `text` stands at the right; `filter` is `field:value` for the table of examples."""

    label: str
    text: str
    bars: tuple[Bar, ...]
    filter: str | None = None


class Chart(NamedTuple):
    """A drawn chart with what it shows in words and as a table, for those who cannot see it."""

    title: str
    note: str
    svg: Markup
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[tuple[str, str], ...] = ()  # (CSS class, name) of each series
    filter_label: str = ""  # what the filter of a group does, when groups have one


def bar_chart(groups: Sequence[Group], *, title: str) -> Markup:
    """The groups from top to bottom as one `<svg>`, as wide as its container."""
    parts, top = [], 0
    for group in groups:
        parts.append(_group(group, top))
        top += LABEL_HEIGHT + BAR_STEP * len(group.bars) + GROUP_GAP
    height = max(top - GROUP_GAP, 1)
    return Markup('<svg class="chart" width="100%" height="{}" role="group" aria-label="{}">{}</svg>').format(
        height, title, Markup("").join(parts)
    )


def svg_file(chart: Chart, *, style: str) -> str:
    """The chart as an SVG document with title, note and legend over its bars; `style` is `templates/chart.css`."""
    lines = [Markup('<text class="title" x="{}" y="34">{}</text>').format(FILE_MARGIN, chart.title)]
    top = 34
    for line in textwrap.wrap(chart.note, LINE_CHARACTERS):
        top += FILE_LINE
        lines.append(Markup('<text class="note" x="{}" y="{}">{}</text>').format(FILE_MARGIN, top, line))
    legend, top = _legend(chart.legend, top)
    top += FILE_LINE
    height = int(re.search(r'height="(\d+)"', chart.svg)[1])  # the first attribute of that name is the whole chart's
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img" aria-label="{title}">\n<style>\n{style}</style>\n<rect class="page" width="100%" height="100%"/>\n'
        '{words}\n<svg x="{margin}" y="{top}" width="{inner}" height="{bars}">{chart}</svg>\n</svg>\n'
    ).format(
        width=FILE_WIDTH,
        height=top + height + FILE_MARGIN,
        title=chart.title,
        style=Markup(style + FILE_STYLE),
        words=Markup("\n").join([*lines, *legend]),
        margin=FILE_MARGIN,
        top=top,
        inner=FILE_WIDTH - 2 * FILE_MARGIN,
        bars=height,
        chart=chart.svg,
    )


def _legend(series: Sequence[tuple[str, str]], top: int) -> tuple[list[Markup], int]:
    """A dot and a name for each series below `top`, in as many lines as they need; and where the last line is."""
    parts, left = [], FILE_WIDTH
    for kind, name in series:
        width = int(len(name) * CHARACTER_WIDTH) + 32
        if left + width > FILE_WIDTH:
            left, top = FILE_MARGIN, top + FILE_LINE
        parts.append(
            Markup('<circle class="bar {}" cx="{}" cy="{}" r="4"/><text x="{}" y="{}">{}</text>').format(
                kind, left + 4, top - 4, left + 14, top, name
            )
        )
        left += width
    return parts, top


def _group(group: Group, top: int) -> Markup:
    label = group.label if len(group.label) <= LABEL_LIMIT else group.label[: LABEL_LIMIT - 1] + "…"
    content = Markup(
        '<title>{}: {}</title><rect class="hit" x="0" y="{}" width="100%" height="{}"/>'
        '<text class="label" x="0" y="{}">{}</text><text class="figure" x="100%" y="{}">{}</text>{}'
    ).format(
        group.label,
        group.text,
        top,
        LABEL_HEIGHT + BAR_STEP * len(group.bars),
        top + 14,
        label,
        top + 14,
        group.text,
        Markup("").join(_bar(bar, top + LABEL_HEIGHT + BAR_STEP * place) for place, bar in enumerate(group.bars)),
    )
    if group.filter is None:
        return Markup("<g>{}</g>").format(content)
    return Markup('<a href="#examples" data-filter="{}">{}</a>').format(group.filter, content)


def _bar(bar: Bar, y: int) -> Markup:
    """A track of the full width, the bar on it, and the whisker over both."""
    parts = [
        Markup('<rect class="track" x="0" y="{}" width="100%" height="{}" rx="2"/>').format(y, BAR_HEIGHT),
        Markup('<rect class="bar {}" x="0" y="{}" width="{}" height="{}" rx="2"/>').format(
            bar.kind, y, _percent(bar.value), BAR_HEIGHT
        ),
    ]
    if bar.low is not None and bar.high is not None:
        parts.extend(_whisker(bar.low, bar.high, y + BAR_HEIGHT // 2))
    return Markup("").join(parts)


def _whisker(low: float, high: float, middle: int) -> Iterable[Markup]:
    ends = ((low, high, middle, middle), (low, low, middle - 4, middle + 4), (high, high, middle - 4, middle + 4))
    for left, right, upper, lower in ends:
        yield Markup('<line class="whisker" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            _percent(left), _percent(right), upper, lower
        )


def _percent(fraction: float) -> str:
    return escape(f"{100 * min(max(fraction, 0.0), 1.0):.2f}%")
