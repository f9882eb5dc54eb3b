"""Write docs/report.md, docs/slides.html and their figures, and the figures in the documents' tables, from results/.

    python tools/results.py --spider ~/spider --spider-syn ~/spider_syn    # after a new score: the paired differences
    python tools/documents.py                                              # everything else, in seconds
    python tools/documents.py --check    # writes nothing; exit status 1 where a document is not what it would write

Report and slides come from tools/templates, where every figure is a placeholder. In README.md, recipes/README.md and
the shipped adapter's model card a table row that links to a report below results/ gets its figures from it: a cell
below a heading of CELLS is replaced. Rows without such a link are left as they are.
"""

import argparse
import json
import re
import sys
from pathlib import Path

if not __package__:  # run as a program: our modules are found from the repository's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    import environment

    environment.enter(needs=("jinja2", "numpy", "rich", "sacrebleu", "sqlglot"))

import jinja2
import numpy
from markupsafe import Markup

from atomic import write_text
from evaluate.reports.figures import interval, percent, words
from evaluate.reports.plots import svg_file
from evaluate.reports.report_html import chart_style, script_hash
from tools.comparisons import ALL, ON_SPIDER, SPIDER
from tools.comparisons import CURVE as ARMS
from tools.comparisons import KEPT as COMPARISONS
from tools.results import PAIRED, RESULTS, read_reports
from tools.results_charts import (
    METHOD,
    MODELS,
    ON_SPIDER_TRAINED_ON,
    TRAINED_ON,
    answers_of,
    charts,
    over_seeds,
    run_of,
    together,
)

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).parent / "templates"
FIGURES = "docs/figures"
CARD = "models/qwen2.5_coder_0.5b_sql/README.md"
TABLES = ("README.md", "recipes/README.md", CARD)
LINK = re.compile(r"\]\([^)]*results/([^/)]+/report\w*)\.json\)")

# The last training of the shipped adapter: steps, minutes on this machine, and the report.
CURVE_MACHINE = "2 cores of an AMD EPYC server with AVX-512 and bf16, 2026-11-30"
CURVE = (
    (0, 0, "curve_step0_practice/report"),
    (100, 6, "curve_step100_practice/report"),
    (200, 12, "curve_step200_practice/report"),
    (500, 30, "curve_step500_practice/report"),
    (950, 58, "qwen2.5_coder_0.5b_sql_practice/report"),
)


QUESTIONS = {0: "none", 20: "20", 50: "50", ALL: "all"}  # of the sample -> the run of tools/comparisons.py


def with_interval(figure: dict) -> str:
    """`72.1 % (68.6 to 75.7)`."""
    return f"{percent(figure['value'])} ({100 * figure['low']:.1f} to {100 * figure['high']:.1f})"


def change(pair: dict) -> str:
    """A paired difference as `8.6 points (6.5 to 10.8)`."""
    difference, low, high = (f"{100 * pair[key]:.1f}" for key in ("difference", "low", "high"))
    return f"{difference} points ({low} to {high})"


def of_seeds(figure: dict | None) -> str:
    """`64.0 % (62.1 to 65.8)`, the mean, the lowest and the highest seed; one seed: `64.0 %`; none: `not measured`."""
    if figure is None:
        return "not measured"
    return with_interval(figure) if figure["n"] > 1 else percent(figure["value"])


def worth(comparisons: dict) -> int | None:
    """How many of its questions bring the shipped adapter as far as made pairs do: straight lines between runs."""
    figures = {asked: over_seeds(comparisons, f"shipped_{name}") for asked, name in QUESTIONS.items()}
    reached = over_seeds(comparisons, "shipped_made")
    if reached is None or not all(figures.values()):
        return None
    points = sorted((figure["value"], asked) for asked, figure in figures.items())
    return round(float(numpy.interp(reached["value"], *zip(*points, strict=True))))


def _of_metric(name: str, show=lambda figure: percent(figure["value"])):
    def cell(report: dict) -> str:
        figure, scored = report["metrics"][name], report["metrics"]["execution_accuracy"]["n"]
        return show(figure) + (f" of {figure['n']}" if figure["n"] != scored else "")

    return cell


def _of_level(level: str):
    return lambda report: percent(report["by_hardness"][level]["execution_accuracy"]["value"])


# The heading of a table's column -> what a report has to say there.
CELLS = {
    "n": lambda report: str(report["metrics"]["execution_accuracy"]["n"]),
    "execution rate": _of_metric("execution_rate"),
    "execution accuracy (`strict`)": _of_metric("execution_accuracy", with_interval),
    "accuracy (`strict`)": _of_metric("execution_accuracy", with_interval),
    "`spider_keep_distinct`": _of_metric("spider_keep_distinct_accuracy"),
    "exact match": _of_metric("exact_match"),
    **{level: _of_level(level) for level in ("easy", "medium", "hard", "extra")},
}


def refreshed(text: str, reports: dict) -> str:
    """Markdown with the figures of the reports that its table rows link to. Raises ValueError for an unknown report."""
    header: list[str] = []
    lines = []
    for line in text.split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        header = (header or cells) if cells else []
        found = LINK.search(line) if cells else None
        if found and found[1] not in reports:
            raise ValueError(f"results/{found[1]}.json is missing; a table row links to it: {line[:80]}")
        if found:
            report = reports[found[1]]
            shown = [CELLS[name](report) if name in CELLS else cell for name, cell in zip(header, cells, strict=True)]
            line = "|" + "|".join(f" {cell} " if cell else " " for cell in shown) + "|"
        lines.append(line)
    return "\n".join(lines)


def published(model: str) -> str:
    """The figures of others for a model, from the table in recipes/README.md."""
    text = (ROOT / "recipes/README.md").read_text(encoding="utf-8").split("## What others published", 1)[1]
    row = next(line for line in text.splitlines() if line.startswith(f"| {model}"))
    return row.strip("| ").split(" | ")[-1]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(("html.j2",)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        percent=lambda figure: percent(figure["value"]),
        share=percent,
        with_interval=with_interval,
        words=words,
        interval=interval,
        change=change,
        of_seeds=of_seeds,
    )
    return environment


def context(reports: dict) -> dict:
    """What the templates may name."""
    comparisons = read_reports(COMPARISONS)
    adapter = ROOT / CARD
    databases = run_of(reports, "0.5B shipped", "Spider", repair=True)["by_database"]
    large = {name: group for name, group in databases.items() if group["execution_accuracy"]["n"] >= 30}
    in_order = sorted(large, key=lambda name: large[name]["execution_accuracy"]["value"])
    return {
        "run": lambda model, data, repair=False: run_of(reports, model, data, repair=repair),
        "reports": reports,
        "goals": json.loads((RESULTS / "goals.json").read_text(encoding="utf-8")),
        "paired": {name: kept["strict"] for name, kept in json.loads(PAIRED.read_text(encoding="utf-8")).items()},
        "answers": {model: answers_of(model) for model in MODELS},
        "charts": charts(reports, comparisons),
        "arms": {name: TRAINED_ON[name] for name in ARMS},
        "spider_arms": {name: ON_SPIDER_TRAINED_ON[name] for name in ON_SPIDER},
        "spider_databases": SPIDER,
        "methods": METHOD,
        "worth": worth(comparisons),
        "together": lambda name: together(comparisons, name),
        "seeds": lambda *runs, metric="execution_accuracy": over_seeds(comparisons, *runs, metric=metric),
        "curve": CURVE,
        "curve_machine": CURVE_MACHINE,
        "published": published,
        "megabytes": f"{adapter.with_name('adapter_model.safetensors').stat().st_size / 1e6:.1f}",
        "worst": (in_order[0], large[in_order[0]]),
        "best": (in_order[-1], large[in_order[-1]]),
    }


def documents() -> dict[str, str]:
    """Every file this program writes, by its path in the repository, as it should be."""
    reports = read_reports()
    known, templates = context(reports), _environment()
    files = {name: refreshed((ROOT / name).read_text(encoding="utf-8"), reports) for name in TABLES}
    for name, chart in known["charts"].items():
        files[f"{FIGURES}/{name}.svg"] = svg_file(chart, style=chart_style())
    files["docs/report.md"] = templates.get_template("report.md.j2").render(known)
    script = (TEMPLATES / "slides.js").read_text(encoding="utf-8")
    slides = templates.get_template("slides.html.j2").render(
        known,
        style=chart_style() + Markup((TEMPLATES / "slides.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=script_hash(script),
    )
    files["docs/slides.html"] = slides.replace(" %", "\N{NO-BREAK SPACE}%")
    return files


def stale(files: dict[str, str]) -> list[str]:
    """The names of the files that hold something else, or are not there."""
    return [name for name, text in files.items() if not _holds(ROOT / name, text)]


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, name what is not current")
    arguments = parser.parse_args()
    files = documents()
    names = stale(files)
    for name in [] if arguments.check else names:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        write_text(ROOT / name, files[name])
    print("\n".join(f"{'not current' if arguments.check else 'written'}: {name}" for name in names) or "all current")
    return 1 if arguments.check and names else 0


if __name__ == "__main__":
    sys.exit(main())
