"""The report, the slides and the tables are what tools/documents.py makes of results/, and their words hold."""

import json
import re
from xml.etree import ElementTree

import pytest

pytest.importorskip("jinja2", reason="needs .venv: ./launch.sh setup")

from tests.conftest import ROOT
from tools.comparisons import KEPT as COMPARISONS
from tools.comparisons import RUNS
from tools.documents import FIGURES, documents, refreshed, stale
from tools.results import PAIRED, read_reports
from tools.results_charts import MODELS, answers_of, over_seeds, run_of

TEMPLATES = ROOT / "tools/templates"
SLIDES = (ROOT / "docs/slides.html").read_text(encoding="utf-8")
REPORTS = read_reports()
ROW = "| [x](results/qwen2.5_coder_0.5b_sql_spider_runnable/report.json) | ? | ? | as it was |"
HEADER = "| run | n | execution accuracy (`strict`) | trained on |\n| --- | --- | --- | --- |\n"


def test_the_documents_are_what_the_program_makes():
    assert stale(documents()) == [], "run: python tools/documents.py"


def test_another_text_is_noticed():
    assert stale({"docs/report.md": "# Another report\n", "docs/no_such_file.md": ""}) == [
        "docs/report.md",
        "docs/no_such_file.md",
    ]


def test_a_row_that_links_to_a_report_gets_its_figures_and_no_other_row_does():
    figure = run_of(REPORTS, "0.5B shipped", "Spider")["metrics"]["execution_accuracy"]
    typed = "| typed | 1 | 2.0 % | 3 |"
    shown = refreshed(f"{HEADER}{ROW}\n{typed}\n\nresults/qwen/report.json\n", REPORTS)
    value, low, high = (f"{100 * figure[key]:.1f}" for key in ("value", "low", "high"))
    assert f"report.json) | {figure['n']} | {value} % ({low} to {high}) | as it was |\n{typed}\n\n" in shown


def test_a_row_that_links_to_a_report_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match=r"results/no_such_run/report\.json is missing"):
        refreshed(HEADER + ROW.replace("qwen2.5_coder_0.5b_sql_spider_runnable", "no_such_run"), REPORTS)


@pytest.mark.parametrize("name", ["report.md.j2", "slides.html.j2"])
def test_no_figure_is_typed_in_a_template(name):
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    text = re.sub(
        r"<!--.*?-->|\{\{.*?\}\}|\{%.*?%\}|```.*?```|<pre>.*?</pre>|<head>.*?</head>|\]\([^)]*\)",
        " ",
        text,
        flags=re.DOTALL,
    )
    text = re.sub(
        r"</?\w[^>]*>|^\d+\. |\b(Qwen2\.5-Coder-)?[01]\.5B\b|95 %|\bbf16\b|\bF1\b", " ", text, flags=re.MULTILINE
    )
    assert re.findall(r".*\d.*", text) == []


def test_the_figures_are_whole_and_small():
    paths = sorted((ROOT / FIGURES).glob("*"))
    assert {path.relative_to(ROOT).as_posix() for path in paths} == {name for name in documents() if FIGURES in name}
    for path in paths:
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert len(paths) >= 5
    assert sum(path.stat().st_size for path in paths) <= 150_000


def test_the_slides_are_ten_and_ask_nothing_of_the_network():
    assert SLIDES.count('<section class="slide">') == 10
    assert re.findall(r"https?://|@import|url\(|<link (?!rel=\"icon\" href=\"data:,\")|\bsrc=", SLIDES) == []


def test_what_the_words_say_holds():
    """The sentences around the figures are typed: where a new score makes one wrong, change tools/templates."""
    paired = {name: kept["strict"] for name, kept in json.loads(PAIRED.read_text()).items()}
    untuned, shipped, repaired = (
        run_of(REPORTS, model, "Spider", repair=repair)
        for model, repair in (("0.5B untuned", False), ("0.5B shipped", False), ("0.5B shipped", True))
    )
    gain = {
        level: repaired["by_hardness"][level]["execution_accuracy"]["value"] - group["execution_accuracy"]["value"]
        for level, group in untuned["by_hardness"].items()
    }
    syntax = [run["metrics"]["syntax_rate"]["value"] for run in (untuned, shipped, repaired)]
    bleu = [run["metrics"]["bleu"]["value"] for run in (shipped, repaired)]
    own = {name: over_seeds(read_reports(COMPARISONS), name) for name in RUNS}
    said = {
        "the shipped adapter saves questions": own["shipped_none"]["value"] > own["untuned_50"]["high"],
        "all questions lead further from there": own["shipped_all"]["value"] > own["untuned_all"]["value"],
        "twenty change little": own["shipped_20"]["low"] < own["shipped_none"]["value"] < own["shipped_20"]["high"],
        "the first made pairs made it worse": own["shipped_made_first"]["value"] < own["shipped_none"]["value"],
        "made pairs help now": own["shipped_made"]["low"] > own["shipped_none"]["value"],
        "training helps most": paired["spider_tuning"]["difference"] > paired["spider_repair"]["high"],
        "training, repair and the tuned model's lead are no chance": all(pair["low"] > 0 for pair in paired.values()),
        "the easy gain least": min(gain, key=gain.get) == "easy",
        "synonyms cost": run_of(REPORTS, "0.5B shipped", "Spider-Syn")["metrics"]["execution_accuracy"]["high"]
        < shipped["metrics"]["execution_accuracy"]["low"],
        "syntax rate is near its ceiling": min(syntax) > 0.95,
        "BLEU does not see repair": abs(bleu[1] - bleu[0]) < 0.02,
        "most of what is left runs": repaired["outcomes"]["wrong_result"] > repaired["outcomes"]["error"],
        "wrong joins show": repaired["error_classes"]["wrong_join"] > shipped["error_classes"]["wrong_join"],
        "tuned answers are SQL alone": answers_of("0.5B shipped").bare > 0.99,
        "tuned answers are short": answers_of("0.5B shipped").median
        < min(answers_of(m).median for m in MODELS if "un" in m),
    }
    assert [words for words, holds in said.items() if not holds] == []
