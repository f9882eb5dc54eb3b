"""Points are ranked, and the best is named with what may be as good."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evaluate.baselines import how_asked
from evaluate.report import write_report
from recipes import provenance, recipe
from sweep import show
from sweep.grid import Grid
from sweep.plan import Point, Sweep, base_folders, eval_file
from sweep.results import find
from sweep.work import Ended
from tests.conftest import ROOT
from tests.evaluate.reports.result_rows import make_row, write_results

QUESTIONS = 40


def make_sweep(folder: Path, right: dict[tuple[str, str], set[int]]) -> Sweep:
    """A finished sweep over `rate` and `seed`; `right` names for each point the questions it answered correctly."""
    axes = {
        axis: tuple(dict.fromkeys(values[place] for values in right)) for place, axis in enumerate(("rate", "seed"))
    }
    points = [finished(folder, dict(zip(axes, values, strict=True)), numbers) for values, numbers in right.items()]
    return Sweep(Path("recipes/toy.yaml"), folder, Grid(axes, {"cutoff_len": "544"}), points)


def finished(folder: Path, values: dict[str, str], right: set[int]) -> Point:
    """A point as its training and evaluation leave it."""
    name = "_".join(f"{key}={value}" for key, value in values.items())
    rows = [make_row(n, outcome="correct" if n in right else "wrong_result") for n in range(QUESTIONS)]
    write_results(folder / name / "evaluation", rows)
    write_report(folder / name / "evaluation", rows, run={"name": name}, resamples=200)
    (folder / name / recipe.FINISHED).write_text(json.dumps({"seconds": 61.4}))
    values_of_recipe = recipe.read(ROOT / "recipes/gemma3_270m_lora.yaml")
    return Point(name, values, folder / name, [], values_of_recipe, None)


@pytest.fixture
def sweep(tmp_path) -> Sweep:
    """Rate 2 answers 30 questions whatever the seed, rate 1 answers 10 or, with seed b, 12 of which 2 are others."""
    ten, thirty = set(range(10)), set(range(30))
    return make_sweep(
        tmp_path,
        {("1", "a"): ten, ("1", "b"): ten | {38, 39}, ("2", "a"): thirty, ("2", "b"): thirty - {0} | {31, 32}},
    )


def test_the_best_point_stands_first_and_ties_keep_the_order_of_the_grid(sweep, tmp_path):
    assert [each.name for each in find(sweep.points).ranked] == [
        *("rate=2_seed=b", "rate=2_seed=a", "rate=1_seed=b", "rate=1_seed=a")
    ]
    tied = make_sweep(tmp_path / "tied", {("1", "a"): {1}, ("2", "a"): {2}})
    assert [each.name for each in find(tied.points).ranked] == ["rate=1_seed=a", "rate=2_seed=a"]


def test_only_points_whose_interval_reaches_the_bests_overlap_it(sweep):
    assert find(sweep.points).overlapping == ["rate=2_seed=a"]


def test_the_second_best_is_compared_question_by_question(sweep):
    against = find(sweep.points).against
    assert (against.gained, against.lost, against.n) == (2, 1, QUESTIONS)
    assert against.difference == pytest.approx(1 / QUESTIONS)
    assert against.p == 1.0


def test_the_verdict_says_that_a_point_is_missing(sweep):
    assert "3 of the grid's 4 points have a score." in show.verdict(sweep, find(sweep.points[:3]), [])


def test_the_verdict_names_the_best_with_its_interval_and_what_may_be_as_good(sweep):
    lines = show.verdict(sweep, find(sweep.points), [Ended("rate=3", "exit status 1", 2.0)])
    assert lines[0] == "Failed: rate=3 (exit status 1)"
    assert lines[1].startswith("Best: rate=2 seed=b: execution accuracy 77.5 % (")
    assert lines[1].endswith("), rule strict, 40 questions.")
    assert lines[2] == "Its interval overlaps those of 1 of 3 other points: by that, they may be as good."
    assert lines[3].startswith("Against the second best (rate=2 seed=a), question by question: +2.5 points (")
    assert lines[3].endswith("), 2 gained, 1 lost, McNemar's exact p 1.000.")


def test_a_clear_best_is_said_to_be_one(tmp_path):
    sweep = make_sweep(tmp_path, {("1", "a"): {1}, ("2", "a"): set(range(QUESTIONS))})
    assert show.verdict(sweep, find(sweep.points), [])[1] == "No other point's interval overlaps its own."


def test_where_every_point_failed_the_table_says_so(sweep, capsys):
    written = show.show(sweep, find([]), [Ended("rate=1_seed=a", "exit status 1", 2.0)])
    assert capsys.readouterr().out == "Failed: rate=1_seed=a (exit status 1)\nNo point has a score.\n"
    assert [path.name for path in written] == ["sweep.json", "sweep.md"]


def test_table_json_and_plot_hold_every_point(sweep, capsys):
    paths = show.show(sweep, find(sweep.points), [])
    assert [path.name for path in paths] == ["sweep.json", "sweep.md", "sweep.svg"]
    kept = json.loads(paths[0].read_text())
    assert kept["best"] == "rate=2_seed=b"
    assert [point["values"] for point in kept["points"]][-1] == {"rate": "1", "seed": "a"}
    assert kept["points"][0]["metrics"]["execution_accuracy"]["value"] == 0.775
    rows = [line for line in paths[1].read_text().splitlines() if line.startswith("| 2 | b | 77.5 % (")]
    assert rows[0].endswith("| 100.0 % | 77.5 % | 40 | 61 s |")
    assert "The same for all points: cutoff\\_len=544." in paths[1].read_text()
    drawn = ElementTree.parse(paths[2]).getroot()
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "Execution accuracy (rule strict) and 95 % interval by rate, seed"
    assert [text for text in texts if ", " in text][1:] == ["2, b", "2, a", "1, b", "1, a"]
    assert "77.5 %" in capsys.readouterr().out


def test_every_template_is_shown_beside_its_own_untuned_model(tmp_path):
    (tmp_path / "dataset_info.json").write_text((ROOT / "dataset_info.json").read_text())
    (tmp_path / "data").mkdir()
    (tmp_path / "data/exoplanets_eval.json").write_text("[]")
    axes = {"template": ("gemma", "alpaca")}
    points = [finished(tmp_path, {"template": name}, {1}) for name in axes["template"]]
    points = [point._replace(recipe=point.recipe | point.values | {"dataset_dir": str(tmp_path)}) for point in points]
    for folder, point in base_folders(points).items():
        rows = [make_row(n, outcome="wrong_result") for n in range(QUESTIONS)]
        run = {"data_hash": provenance.file_hash(eval_file(point))} | how_asked(point.recipe)
        write_report(folder / "evaluation", rows, run=run, resamples=20)
    sweep = Sweep(Path("recipes/toy.yaml"), tmp_path, Grid(axes, {}), points)
    found = find(points)
    assert len({each.folder for each in found.bases}) == 2
    assert [row[0] for row in show.rows(sweep, found)][2:] == ["untuned gemma", "untuned alpaca"]
