"""report.html: one file with the figures, the plots and a searchable table of every example.

The page asks nothing of the network: style, script and data stand inside it, and its content security policy allows
only the script whose hash it names, so that no completion, however hostile, can run. Everything from a run is escaped
by Jinja2 or, in the data block, by `script_json`. Examples travel as data and are drawn by `templates/examples.js`
fifty at a time, which keeps a thousand of them quick to search on a phone.

Not covered: how figures are made (`aggregate.py`), comparisons (`compare_report.py` draws them on the same page frame).
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import jinja2
from markupsafe import Markup

from evaluate.execution.match import RULES
from evaluate.reports.charts import report_charts
from evaluate.reports.figures import (
    FAULTS,
    OUTCOME_LABELS,
    count,
    flat,
    interval,
    letter,
    percent,
    seconds,
    title_of,
    visible,
    words,
)
from evaluate.reports.metrics import METRICS
from evaluate.reports.report_md import luck
from evaluate.reports.results_file import is_scored

TEMPLATES = Path(__file__).parent / "templates"
PAGE_BUDGET = 3_500_000  # bytes of data, so that the page stays under 4 MB
EXAMPLES_SHOWN = 3_000
IDS_SHOWN = 100  # of the examples that were not scored


Examples = Callable[[], Iterable[tuple[dict, ...]]]  # may be gone through several times


class Caps(NamedTuple):
    """The longest texts shown, in characters."""

    sql: int  # and error messages
    completion: int


# The first that fits the budget is taken: rambling completions are cut before any SQL is. What even the last cannot
# make room for is left out, and the page says so.
CAPS = (Caps(20_000, 20_000), Caps(20_000, 2_000), Caps(4_000, 500), Caps(1_000, 250), Caps(250, 100))


def render_report(report: dict, rows: Iterable[dict], *, baseline: dict | None = None) -> str:
    """The whole page. `report` is report.json, `rows` its results.jsonl, `baseline` another run's report.json."""
    charts = [chart for chart in report_charts(report, baseline) if chart.rows]
    return render_page(
        "report.html.j2",
        examples=lambda: ((row,) for row in rows),
        runs=[title_of(report["run"])],
        title=title_of(report["run"]),
        report=report,
        metrics=METRICS,
        charts=charts,
        settings=flat(report["run"]),
        missing=_missing(report, rows),
        luck=luck(report["rests_on"]),
        total=sum(report["outcomes"].values()),
    )


def render_page(template: str, *, examples: Examples, runs: list[str], **context: object) -> str:
    """A page made of a template, the common frame and the examples: one tuple of rows an example, a row a run."""
    data, shown = _page_data(examples, runs)
    script = (TEMPLATES / "examples.js").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template(template)
        .render(
            style=chart_style() + Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
            script=Markup(script),
            script_hash=script_hash(script),
            data=Markup(data),
            shown=shown,
            runs=runs,
            **context,
        )
    )


def chart_style() -> Markup:
    """The colours, light and dark, and the rules of `plots.py`'s charts."""
    return Markup((TEMPLATES / "chart.css").read_text(encoding="utf-8"))


def script_hash(script: str) -> str:
    """What a content security policy calls the one script that it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def script_json(value: object) -> str:
    """JSON that can stand inside a <script> element: no character that could end it or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate({ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, interval=interval, seconds=seconds, words=words)
    environment.globals.update(count=count, letter=letter, faults=FAULTS)
    return environment


def _missing(report: dict, rows: Iterable[dict]) -> dict[str, dict[str, list]]:
    """Outcome -> database -> ids of the first examples that were not scored."""
    found: dict[str, dict[str, list]] = {outcome: {} for outcome, ids in report["not_scored"].items() if ids}
    wanted = {outcome: set(report["not_scored"][outcome][:IDS_SHOWN]) for outcome in found}
    for row in rows if found else ():
        if row["id"] in wanted.get(row["outcome"], ()):
            found[row["outcome"]].setdefault(visible(row["db_id"]), []).append(visible(row["id"]))
    return found


def _page_data(examples: Examples, runs: list[str]) -> tuple[str, int]:
    """The examples as JSON, texts cut at the first caps that keep the page within its budget; and their number."""
    pieces: list[str] = []
    for caps in CAPS:
        pieces, size, is_whole = [], 0, True
        for rows in islice(examples(), EXAMPLES_SHOWN):
            piece = script_json(_example(rows, caps))
            size += len(piece.encode("utf-8", "replace"))
            if size > PAGE_BUDGET:
                is_whole = False
                break
            pieces.append(piece)
        if is_whole:
            break
    head = script_json({"runs": runs, "rules": list(RULES), "outcomes": OUTCOME_LABELS})
    return f'{head[:-1]},"examples":[{",".join(pieces)}]}}', len(pieces)


def _example(rows: tuple[dict, ...], caps: Caps) -> dict:
    """One example as `examples.js` reads it: what the runs share, and one answer per run."""
    first = rows[0]
    right = [row["outcome"] == "correct" for row in rows]
    return {
        "id": visible(first["id"]),
        "database": visible(first["db_id"]),
        "hardness": first["hardness"],
        "features": first["features"],
        "flags": sorted({flag for row in rows for flag in row["flags"]}),
        "question": _cut(first["question"], caps.sql),
        "gold": _cut(first["gold"], caps.sql),
        "gold_result": _result((first["preview"] or {}).get("gold")),
        "changes": [
            f"{'gained' if now else 'lost'} by {letter(place)}"
            for place, (row, now) in enumerate(zip(rows, right, strict=True))
            if now != right[0] and is_scored(first) and is_scored(row)
        ],
        "answers": [_answer(row, caps) for row in rows],
    }


def _answer(row: dict, caps: Caps) -> dict:
    sql, completion = row["sql"] or "", row["completion"] or ""
    return {
        "sql": _cut(sql, caps.sql),
        "completion": _cut(completion, caps.completion) if completion.strip() != sql.strip() else "",
        "outcome": row["outcome"],
        "error": _cut(row["error"] or "", caps.sql),
        "error_class": row["error_class"] or "",
        "result": _result((row["preview"] or {}).get("prediction")),
        "held": [rule for rule in RULES if row["matches"].get(rule)],
        "seconds": seconds(row["seconds"]),
    }


def _result(preview: dict | None) -> dict | None:
    """A preview with cells as null, "text" or ["number"]: numbers as written, which JSON in a browser would round."""
    if preview is None:
        return None
    rows = [[_cell(cell) for cell in row] for row in preview["rows"]]
    return {"columns": [visible(name) for name in preview["columns"]], "rows": rows, "total": preview["total"]}


def _cell(cell: object) -> object:
    if cell is None:
        return None
    return visible(cell) if isinstance(cell, str) else [str(cell)]


def _cut(text: str, cap: int) -> str:
    if len(text) <= cap:
        return visible(text)
    return f"{visible(text[:cap])}\n… cut here: {len(text)} characters in all, the whole text is in results.jsonl"
