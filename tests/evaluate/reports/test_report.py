"""The three report files: what they say, that hostile text stays text, that they appear whole or not at all."""

import base64
import hashlib
import json
import re

import pytest

from evaluate import report as program
from evaluate.report import write_report
from evaluate.reports.aggregate import aggregate
from evaluate.reports.figures import flat, interval, percent, seconds, title_of, worst_examples
from evaluate.reports.metrics import METRICS
from evaluate.reports.plots import Bar, Group, bar_chart
from evaluate.reports.report_html import render_report, script_json
from evaluate.reports.report_md import escape, fence, render_markdown
from evaluate.reports.results_file import ResultsError, read_results, run_name
from tests.evaluate.reports.result_rows import make_row, make_rows, write_results

HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)>"


def html_of(rows: list[dict], **run: object) -> str:
    return render_report(aggregate(rows, run=run, resamples=50), rows)


def markdown_of(rows: list[dict], **run: object) -> str:
    return render_markdown(aggregate(rows, run=run, resamples=50), rows)


def data_of(html: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1])


def test_three_files_are_written_and_nothing_else(tmp_path):
    write_report(tmp_path, make_rows(2, 1), run={"recipe": "r"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json", "report.md"]


def test_report_json_is_the_aggregate(tmp_path):
    rows = make_rows(2, 1)
    written = write_report(tmp_path, rows, run={"recipe": "r"}, seed=5, resamples=50)
    assert json.loads(written.json.read_text()) == aggregate(rows, run={"recipe": "r"}, seed=5, resamples=50)


def test_no_rows_write_no_report(tmp_path):
    with pytest.raises(ValueError, match="no rows to aggregate"):
        write_report(tmp_path / "out", [], run={})
    assert not (tmp_path / "out").exists()


def test_markdown_gives_every_metric_with_interval_n_and_rule():
    text = markdown_of(make_rows(15, 5))
    row = re.search(r"^\| `execution_accuracy` \| 75\.0 % \| (\S+) \| 20 \| rule strict: ", text, re.MULTILINE)
    assert re.fullmatch(r"\d\d\.\d–\d\d\.\d", row[1])
    assert [name for name in METRICS if f"| `{name}` |" not in text] == []


def test_markdown_names_what_was_not_scored():
    rows = [make_row(1), make_row("wta-7", outcome="no_database"), make_row("doc-3", outcome="gold_error")]
    text = markdown_of(rows)
    assert "Not scored, the database is missing: 1 example (wta-7)." in text
    assert "Not scored, the gold answer fails: 1 example (doc-3)." in text


def test_markdown_keeps_hostile_text_inside_its_cell_and_fence():
    rows = [make_row(1, outcome="wrong_result", question=f"a | b\n# c {HOSTILE}", sql=f"SELECT '```' -- {HOSTILE}")]
    text = markdown_of(rows, name="x | <b>")
    assert "# x \\| &lt;b>: text-to-SQL evaluation\n" in text
    assert "a \\| b # c &lt;/script>" in text
    assert f"````sql\nSELECT '```' -- {HOSTILE}\n````" in text


def test_markdown_says_so_when_nothing_failed():
    text = markdown_of(make_rows(3, 0))
    assert "No scored answer failed." in text
    assert "## Worst examples" not in text


@pytest.mark.parametrize(
    ("sql", "marks"), [("SELECT 1", "```"), ("SELECT `a`", "```"), ("SELECT '````'", "`````"), ("```", "````")]
)
def test_a_fence_is_longer_than_any_inside(sql, marks):
    assert fence(sql) == f"{marks}sql\n{sql}\n{marks}"


def test_escape_makes_one_line():
    assert escape("a\n| *b* <i> & `c`") == "a \\| \\*b\\* &lt;i> &amp; \\`c\\`"


def test_worst_examples_are_easy_first_and_at_most_two_of_a_class():
    rows = [
        make_row("right"),
        make_row("hard", outcome="error", error_class="syntax", hardness="hard", token_f1=0.0),
        *(make_row(f"join-{n}", outcome="wrong_result", error_class="wrong_join", token_f1=n / 10) for n in (3, 1, 2)),
        make_row("unscored", outcome="gold_error"),
    ]
    assert [row["id"] for row in worst_examples(rows)] == ["join-1", "join-2", "hard"]


def test_html_holds_every_example_with_both_queries_results_and_reason():
    rows = [make_row(n, outcome="wrong_result", sql=f"SELECT\n\t{n}  -- x") for n in range(1034)]
    examples = data_of(html_of(rows))["examples"]
    assert len(examples) == 1034
    assert examples[7] == {
        "id": "7",
        "database": "concert_singer",
        "hardness": "easy",
        "features": [],
        "flags": [],
        "question": "How many singers are older than 7?",
        "gold": "SELECT count(*) FROM singer WHERE age > 7",
        "gold_result": {"columns": ["count(*)"], "rows": [[["6"]]], "total": 1},
        "changes": [],
        "answers": [
            {
                "sql": "SELECT\n\t7  -- x",
                "completion": "SELECT count(*) FROM singer WHERE age > 7",
                "outcome": "wrong_result",
                "error": "",
                "error_class": "wrong_value",
                "result": {"columns": ["count(*)"], "rows": [[["6"]]], "total": 1},
                "held": [],
                "seconds": "2.0 ms",
            }
        ],
    }


def test_html_has_no_script_but_its_own_whatever_a_run_holds():
    rows = [make_row(HOSTILE, outcome="error", completion=HOSTILE, sql=HOSTILE, question=HOSTILE, error=HOSTILE)]
    rows[0] |= {"gold": HOSTILE, "db_id": HOSTILE, "hardness": HOSTILE, "features": [HOSTILE], "error_class": HOSTILE}
    rows.append(make_row(f"{HOSTILE}2", outcome="no_database", db_id=HOSTILE))
    html = html_of(rows, name=HOSTILE, **{HOSTILE: HOSTILE})
    assert len(re.findall(r"<script", html, re.IGNORECASE)) == 2
    assert "<img" not in html
    assert data_of(html)["examples"][0]["answers"][0]["sql"] == HOSTILE


def test_html_allows_only_the_script_whose_hash_it_names():
    html = html_of(make_rows(1, 1))
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html


def test_html_refers_to_nothing_outside():
    html = html_of(make_rows(2, 2))
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:,)[^"']*""", html) == []
    assert "@import" not in html
    assert "url(" not in html


def test_a_thousand_rambling_completions_stay_under_4_mb():
    rows = [make_row(n, outcome="wrong_result", completion="SELECT 1 ! " * 2000) for n in range(1034)]
    html = html_of(rows)
    assert len(html.encode()) < 4_000_000
    cut = "… cut here: 22000 characters in all, the whole text is in results.jsonl"
    assert data_of(html)["examples"][0]["answers"][0]["completion"].endswith(cut)


def test_a_database_for_every_row_fills_neither_the_charts_nor_the_page():
    rows = [make_row(n, db_id=f"synthetic_text_to_sql_{n}", completion="word " * 200) for n in range(6000)]
    rows[7] |= make_row(7, outcome="no_database", db_id="synthetic_text_to_sql_7")
    html = html_of(rows)
    assert "By database" not in html
    assert len(html.encode()) < 4_000_000
    assert html.count("synthetic_text_to_sql_") < 2 * len(data_of(html)["examples"])


def test_the_bar_of_all_other_databases_selects_nothing():
    html = html_of([make_row(n, db_id=f"db_{n % 25:02}") for n in range(60)])
    assert 'data-filter="database:db_00"' in html
    assert "(5 other databases)" in html
    assert 'data-filter="database:(' not in html


def test_a_short_sql_beside_rambling_completions_stays_verbatim():
    sql = "SELECT name,\n       age\nFROM singer" + "  -- the whole of it" * 200
    rows = [make_row(n, sql=sql if n == 5 else "SELECT 1", completion="word " * 2000) for n in range(400)]
    assert data_of(html_of(rows))["examples"][5]["answers"][0]["sql"] == sql


@pytest.mark.parametrize(("completion", "kept"), [("SELECT 1\n", ""), ("So: SELECT 1", "So: SELECT 1"), (None, "")])
def test_a_completion_is_shown_only_where_it_says_more_than_the_sql(completion, kept):
    html = html_of([make_row(1, sql="SELECT 1", completion=completion)])
    assert data_of(html)["examples"][0]["answers"][0]["completion"] == kept


def test_numbers_reach_the_page_as_they_were_written():
    preview = {"columns": ["a"], "rows": [[2**63 - 1, 1.0, "1", None, float("inf")]], "total": 1}
    row = make_row(1, preview={"gold": preview, "prediction": None})
    assert data_of(html_of([row]))["examples"][0]["gold_result"]["rows"] == [
        [["9223372036854775807"], ["1.0"], "1", None, ["inf"]]
    ]


def test_script_json_escapes_what_could_end_a_script():
    assert script_json("</script><!--&\u2028") == '"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028"'


def test_html_draws_base_against_adapter_only_when_there_is_a_base():
    rows = make_rows(3, 1)
    report, base = (aggregate(rows, run={"name": name}, resamples=50) for name in ("adapter", "base"))
    assert "Base against adapter" not in render_report(report, rows)
    assert "Base against adapter" in render_report(report, rows, baseline=base)


def test_html_draws_a_chart_of_each_kind():
    html = html_of([*make_rows(3, 1), make_row(9, features=["join"])])
    titles = re.findall(r"<figcaption><h3>(.*?)</h3>", html)
    assert titles == [
        *("Outcomes", "By match rule", "By hardness", "Error classes"),
        *("By SQL feature of the gold", "By database"),
    ]


def test_a_chart_without_anything_to_show_is_left_out():
    assert "Error classes" not in html_of(make_rows(3, 0))


def test_a_bar_is_as_long_as_its_value_and_its_whisker_spans_the_interval():
    svg = bar_chart([Group("easy", "60 %", (Bar(0.6, 0.5, 0.75),))], title="t")
    assert 'class="bar accent" x="0" y="20" width="60.00%"' in svg
    assert 'class="whisker" x1="50.00%" x2="75.00%"' in svg


def test_a_long_label_is_cut_in_the_chart_and_whole_in_its_tooltip():
    name = "a_database_with_a_name_that_has_no_end"
    svg = bar_chart([Group(name, "1", (Bar(1.0),))], title="t")
    assert f"<title>{name}: 1</title>" in svg
    assert ">a_database_with_a_name_that_h…</text>" in svg


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.0, "0.0 %"), (0.77366, "77.4 %"), (1.0, "100.0 %")])
def test_percent(value, text):
    assert percent(value) == text


@pytest.mark.parametrize(
    ("kind", "text"), [("bootstrap", "50.0–61.2"), ("wilson", "50.0–61.2 (W)"), (None, "50.0–61.2")]
)
def test_interval_marks_wilsons(kind, text):
    assert interval({"low": 0.5, "high": 0.612, "interval": kind}) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (1.25, "1.2 s"), (0.0034, "3.4 ms"), (0.000085, "85 µs")])
def test_seconds(value, text):
    assert seconds(value) == text


def test_settings_become_dotted_names_without_empty_ones():
    run = {"recipe": "r", "sampling": {"temperature": 0.0, "stop": ["a", "b"]}, "adapter": None}
    assert flat(run) == [("recipe", "r"), ("sampling.temperature", "0.0"), ("sampling.stop", "a, b")]


@pytest.mark.parametrize(
    ("run", "title"), [({"name": "n", "recipe": "r"}, "n"), ({"recipe": "r"}, "r"), ({"recipe": None}, "evaluation")]
)
def test_a_report_is_called_by_its_run(run, title):
    assert title_of(run) == title


def test_reading_gives_the_rows_back(tmp_path):
    rows = make_rows(1, 1)
    path = write_results(tmp_path, rows)
    assert read_results(path) == read_results(tmp_path) == rows


def test_reading_tells_all_mistakes_at_once(tmp_path):
    rows = [make_row("a"), make_row("a"), {"id": "b"}, make_row("c") | {"outcome": "right"}]
    path = write_results(tmp_path, rows)
    path.write_text(path.read_text() + "{\n\n[1]\n")
    with pytest.raises(ResultsError) as caught:
        read_results(tmp_path)
    assert str(caught.value) == (
        f"{path}: line 2: duplicate id 'a' (first on line 1); "
        "line 3: missing db_id, question, gold, completion, sql, outcome, error, error_class, hardness, matches, "
        "exact_match, seconds, features, gold_seconds, syntax, token_f1, rouge, flags, preview; "
        "line 4: outcome 'right' is none of correct, wrong_result, error, timeout, too_large, no_sql, gold_error, "
        "no_database; line 5: not JSON (Expecting property name enclosed in double quotes); "
        "line 7: expected a JSON object"
    )


def test_an_empty_results_file_is_an_error(tmp_path):
    path = write_results(tmp_path, [])
    with pytest.raises(ResultsError) as caught:
        read_results(tmp_path)
    assert str(caught.value) == f"{path}: no rows; an evaluation of nothing has no score"


def test_a_run_is_found_by_file_folder_or_recipe_folder(tmp_path):
    path = write_results(tmp_path / "qwen_lora" / "evaluation", make_rows(1, 0))
    assert {run_name(run) for run in (path, path.parent, path.parents[1])} == {"qwen_lora"}


def test_the_program_writes_the_reports_again_and_keeps_the_settings(tmp_path, capsys):
    write_report(tmp_path, make_rows(1, 1), run={"recipe": "kept"})
    write_results(tmp_path, make_rows(3, 1))
    assert program.main([str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["run"], report["metrics"]["execution_accuracy"]["n"]) == ({"recipe": "kept"}, 4)
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "report.html")


def test_the_program_refuses_a_run_without_results(tmp_path, capsys):
    assert program.main([str(tmp_path)]) == 2
    expected = f"report.py: {tmp_path}: expected a results.jsonl file or a folder that holds one\n"
    assert capsys.readouterr().err == expected


def test_a_folder_that_cannot_be_written_is_one_line_and_exit_1(tmp_path, capsys):
    write_results(tmp_path, make_rows(1, 0))
    (tmp_path / "file").touch()
    assert program.main([str(tmp_path), "--out", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err == f"report.py: {tmp_path}/file: File exists. Give another --out.\n"
