"""A chart as an SVG file of its own: whole XML, hostile words and all, and nothing drawn outside of it."""

from xml.etree import ElementTree

from evaluate.reports.charts import paired_chart
from evaluate.reports.plots import FILE_WIDTH, svg_file
from evaluate.reports.report_html import chart_style

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = 'a < b & "c" </svg><script>x</script>'


def drawn(*, note: str = "A note.", names: tuple[str, ...] = ("A", "B")) -> ElementTree.Element:
    figure = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10}
    chart = paired_chart(HOSTILE, note, list(names), {HOSTILE: [figure] * len(names)})
    return ElementTree.fromstring(svg_file(chart, style=chart_style()))


def test_it_has_title_note_legend_and_bars_whatever_the_words_are():
    root = drawn(note=HOSTILE)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert [texts.count(HOSTILE), texts.count("A"), texts.count("B")] == [2, 1, 1]
    assert len(list(root.iter(f"{SVG}circle"))) == 2
    assert list(root.iter(f"{SVG}script")) == []
    assert "--series1" in root.find(f"{SVG}style").text


def test_a_long_note_and_legend_take_more_lines_and_make_it_taller():
    short, long = drawn(), drawn(note="words " * 60, names=tuple(f"a run with a long name {n}" for n in range(8)))
    notes = [text for text in long.iter(f"{SVG}text") if text.get("class") == "note"]
    assert len(notes) == 4
    ends = [float(dot.get("cx")) + 10 + 6.6 * len("a run with a long name 0") for dot in long.iter(f"{SVG}circle")]
    assert max(ends) <= FILE_WIDTH
    assert len({dot.get("cy") for dot in long.iter(f"{SVG}circle")}) > 1
    assert int(long.get("height")) > int(short.get("height"))


def test_the_bars_end_inside_the_file():
    root = drawn()
    inner = root.find(f"{SVG}svg")
    assert float(inner.get("y")) + float(inner.get("height")) < float(root.get("height"))
    assert float(inner.get("x")) + float(inner.get("width")) < float(root.get("width")) == FILE_WIDTH
