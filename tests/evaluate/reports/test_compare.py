"""Comparing runs: the join by id, McNemar's test, gained and lost, and the program's words and exit codes."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from evaluate import compare as program
from evaluate.compare import compare
from evaluate.reports.compare_report import Run, print_comparison, render_comparison, render_comparison_markdown
from evaluate.reports.paired import mcnemar, pair
from evaluate.reports.results_file import ResultsError
from tests.evaluate.reports.result_rows import make_row, write_results

ROOT = Path(__file__).resolve().parents[3]


def rows_of(verdicts: str, **changes: object) -> list[dict]:
    """A row a letter: `+` correct, `-` wrong result; ids and golds by position."""
    return [
        make_row(place, outcome="correct" if letter == "+" else "wrong_result", **changes)
        for place, letter in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 0.0625),
        (0, 6, 0.03125),
        (7, 3, 352 / 1024),
        (5, 5, 1.0),
        (9, 1, 22 / 1024),
    ],
)
def test_mcnemar_is_the_two_sided_binomial_test(gained, lost, p):
    assert mcnemar(gained, lost) == p == mcnemar(lost, gained)


def test_mcnemar_takes_thousands_of_changes():
    assert mcnemar(2000, 1000) < 1e-70


def test_runs_are_joined_by_id_and_not_by_position():
    first, second = rows_of("++--"), rows_of("+-+-")
    result = pair(first, list(reversed(second)))
    assert (result.gained, result.lost) == (["2"], ["1"])


def test_ids_as_numbers_and_as_text_are_the_same():
    second = [row | {"id": str(row["id"])} for row in rows_of("-+")]
    assert pair(rows_of("+-"), second).common == 2


def test_only_common_examples_count_and_the_others_are_said():
    result = pair(rows_of("++++"), rows_of("+-"))
    strict = result.rules["strict"]
    assert (result.common, result.only_first, result.only_second) == (2, 2, 0)
    assert (strict.n, strict.first["value"], strict.second["value"]) == (2, 1.0, 0.5)


@pytest.mark.parametrize("outcome", ["gold_error", "no_database"])
def test_an_example_either_run_could_not_score_is_left_out(outcome):
    second = rows_of("-+")
    second[0] = make_row(0, outcome=outcome)
    result = pair(rows_of("+-"), second)
    assert (result.common, result.scored, result.gained, result.lost) == (2, 1, ["1"], [])


def test_each_rule_has_its_own_test():
    first, second = rows_of("-" * 12), rows_of("-" * 12)
    for row in second[:10]:
        row["matches"]["bird"] = True
    rules = pair(first, second).rules
    assert {rule: (contrast.gained, contrast.lost) for rule, contrast in rules.items()} == {
        "strict": (0, 0),
        "spider": (0, 0),
        "spider_keep_distinct": (0, 0),
        "bird": (10, 0),
        "fuzzy": (0, 0),
        "exact_match": (0, 0),
    }
    assert (rules["bird"].p, rules["strict"].p) == (2 / 1024, 1.0)


def test_exact_match_that_was_not_computed_is_not_compared():
    assert "exact_match" not in pair(rows_of("+-", exact_match=None), rows_of("-+")).rules


def test_a_rule_younger_than_the_results_of_a_run_is_not_compared():
    old = rows_of("+-")
    for row in old:
        del row["matches"]["fuzzy"]
    assert "fuzzy" not in pair(old, rows_of("++")).rules
    assert "bird" in pair(old, rows_of("++")).rules


def test_the_difference_lies_in_its_interval():
    strict = pair(rows_of("-" * 30 + "+" * 30), rows_of("+" * 20 + "-" * 10 + "+" * 30)).rules["strict"]
    assert strict.difference == pytest.approx(1 / 3)
    assert 0 < strict.low < strict.difference < strict.high < 0.6


def test_hardness_levels_are_compared_apart():
    first = [*rows_of("--", hardness="extra"), make_row(2), make_row(3, outcome="error", hardness="medium")]
    second = [*rows_of("+-", hardness="extra"), make_row(2), make_row(3, hardness="medium")]
    levels = pair(first, second).by_hardness
    assert {level: (contrast.n, contrast.gained) for level, contrast in levels.items()} == {
        "easy": (1, 0),
        "medium": (1, 1),
        "extra": (2, 1),
    }
    assert list(levels) == ["easy", "medium", "extra"]


def test_error_classes_say_where_gains_came_from_and_losses_went():
    first = [make_row(0, outcome="error", error_class="syntax"), make_row(1), make_row(2, outcome="no_sql")]
    second = [make_row(0), make_row(1, outcome="timeout", error_class="timeout"), make_row(2, outcome="no_sql")]
    result = pair(first, second)
    assert result.classes == {"no_sql": (1, 1), "syntax": (1, 0), "timeout": (0, 1)}
    assert (result.gained_classes, result.lost_classes) == ({"syntax": 1}, {"timeout": 1})


def test_runs_without_a_common_id_are_refused():
    second = [make_row("other")]
    with pytest.raises(ResultsError) as caught:
        compare([Run("one", rows_of("+")), Run("two", second)])
    expected = "one and two: the runs have no id in common; were they made from the same data file?"
    assert str(caught.value) == expected


def test_one_id_with_two_golds_is_refused():
    with pytest.raises(ResultsError) as caught:
        compare([Run("one", rows_of("+")), Run("two", [make_row(0, gold="SELECT 1")])])
    assert (
        str(caught.value)
        == "one and two: example 0 has another gold or database in the other run; score both with one --data"
    )


def test_a_comparison_without_a_scored_example_is_refused():
    rows = [make_row(0, outcome="no_database")]
    with pytest.raises(ResultsError) as caught:
        compare([Run("one", rows), Run("two", rows)])
    assert str(caught.value) == "one and two: none of the 1 common examples was scored in both runs"


def test_markdown_lists_gained_and_lost_with_their_questions():
    runs = [Run("base", rows_of("+-+")), Run("lora_1", rows_of("-++"))]
    text = render_comparison_markdown(runs, compare(runs))
    assert "## base → lora\\_1\n\nA = base, B = lora\\_1. 3 common examples.\n" in text
    assert "### Gained (1, rule strict)\n\n- 1: How many singers are older than 1?\n" in text
    assert "### Lost (1, rule strict)\n\n- 0: How many singers are older than 0?\n" in text


def test_html_says_of_each_example_whether_it_was_gained_or_lost():
    runs = [Run("base", rows_of("+-+")), Run("b", rows_of("-++")), Run("c", rows_of("+++"))]
    html = render_comparison(runs, compare(runs))
    assert re.findall(r'"changes":(\[.*?\])', html) == ['["lost by B"]', '["gained by B","gained by C"]', "[]"]


def test_html_does_not_call_an_unscored_example_lost():
    second = [make_row(0, outcome="no_database"), make_row(1)]
    runs = [Run("base", rows_of("++")), Run("b", second)]
    assert re.findall(r'"changes":(\[.*?\])', render_comparison(runs, compare(runs))) == ["[]", "[]"]


def test_the_tables_fit_a_terminal_of_80_columns():
    runs = [Run("a_base_model_with_a_long_name", rows_of("-" * 500 + "+" * 500)), Run("lora", rows_of("+" * 1000))]
    console = Console(width=80, file=io.StringIO())
    print_comparison(runs, compare(runs), console)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    row = r"^spider_keep_distinct 50.0 % 100.0 %  \+50.0 \+\d\d.\d, \+\d\d.\d    500    0 < 0.001 1000 *$"
    assert re.search(row, text, re.MULTILINE)


def test_a_name_in_brackets_is_not_taken_for_markup():
    runs = [Run("[red]base[/red]", rows_of("+")), Run("[/b]", rows_of("-", error_class="[bold]class"))]
    console = Console(width=80, file=io.StringIO())
    print_comparison(runs, compare(runs), console)
    text = console.file.getvalue()
    assert "A = [red]base[/red]\nB = [/b]\n" in text
    assert "\n[bold]class" in text


def test_the_program_writes_next_to_the_second_run(tmp_path):
    write_results(tmp_path / "base", rows_of("+-"))
    write_results(tmp_path / "lora", rows_of("++"))
    command = [sys.executable, "evaluate/compare.py", str(tmp_path / "base"), str(tmp_path / "lora")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("\nA = base\nB = lora\n2 common examples.\n")
    names = ["comparison.html", "comparison.md", "results.jsonl"]
    assert sorted(path.name for path in (tmp_path / "lora").iterdir()) == names


def test_out_names_another_folder(tmp_path):
    one, two = (write_results(tmp_path / name, rows_of("+-")) for name in ("a", "b"))
    assert program.main([str(one), str(two), "--out", str(tmp_path / "new" / "folder")]) == 0
    assert (tmp_path / "new" / "folder" / "comparison.md").is_file()


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (["a", "missing"], "compare.py: {0}/missing: expected a results.jsonl file or a folder that holds one\n"),
        (["a", "a"], "compare.py: {0}/a/results.jsonl is given twice; a run does not differ from itself\n"),
        (["a", "empty"], "compare.py: {0}/empty/results.jsonl: no rows; an evaluation of nothing has no score\n"),
    ],
)
def test_misuse_exits_2_with_one_clear_line(tmp_path, capsys, runs, text):
    write_results(tmp_path / "a", rows_of("+"))
    write_results(tmp_path / "empty", [])
    assert program.main([str(tmp_path / run) for run in runs]) == 2
    assert capsys.readouterr().err == text.format(tmp_path.resolve())


def test_a_folder_that_cannot_be_written_is_one_line_and_exit_1(tmp_path, capsys):
    one, two = write_results(tmp_path / "a", rows_of("+")), write_results(tmp_path / "b", rows_of("-"))
    (tmp_path / "file").touch()
    assert program.main([str(one), str(two), "--out", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err == f"compare.py: {tmp_path}/file: File exists. Give another --out.\n"


def test_a_single_run_exits_2(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        program.main([str(write_results(tmp_path, rows_of("+")))])
    assert caught.value.code == 2
    expected = "compare.py: error: give two runs or more, the one to compare with first\n"
    assert capsys.readouterr().err.endswith(expected)


def test_runs_of_one_folder_name_are_told_apart(tmp_path):
    paths = [write_results(tmp_path / name / "lora", rows_of("+")) for name in ("one", "two")]
    runs = program.read_runs([str(path) for path in paths])
    assert [run.name for run in runs] == [str(path.parent) for path in paths]
