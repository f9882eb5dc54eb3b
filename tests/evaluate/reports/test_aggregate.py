"""What report.json says of rows whose figures can be counted by hand."""

import json
import math

import pytest
import sacrebleu

from evaluate.execution.verdict import OUTCOMES
from evaluate.reports.aggregate import aggregate
from evaluate.reports.intervals import (
    MAX_CELLS,
    Estimate,
    Resampling,
    difference_interval,
    mean_estimate,
    median_estimate,
    weight_blocks,
    wilson,
)
from evaluate.reports.metrics import METRICS
from evaluate.reports.results_file import ResultsError
from evaluate.reports.row_values import r_ves_reward
from sql.text_metrics import bleu
from tests.evaluate.reports.result_rows import make_row, make_rows

DESIGN_NAMES = {
    *("execution_accuracy", "execution_rate", "spider_accuracy", "spider_keep_distinct_accuracy", "bird_accuracy"),
    *("fuzzy_accuracy", "exact_match", "syntax_rate", "token_f1", "bleu", "rouge1", "rouge2", "rougeL", "rougeLsum"),
}


def metric(rows: list[dict], name: str) -> dict:
    return aggregate(rows, run={}, resamples=200)["metrics"][name]


def test_metrics_have_the_agreed_names_and_r_ves():
    assert set(aggregate(make_rows(1, 1), run={})["metrics"]) == DESIGN_NAMES | {"r_ves"}


def test_no_rows_is_an_error():
    with pytest.raises(ValueError, match=r"^no rows to aggregate: an evaluation of nothing has no score$"):
        aggregate([], run={})


def test_report_is_json_without_nan():
    text = json.dumps(aggregate(make_rows(2, 1), run={"recipe": "r"}), allow_nan=False)
    assert json.loads(text)["run"] == {"recipe": "r"}


def test_every_outcome_is_counted_even_when_it_did_not_occur():
    report = aggregate([make_row(1), make_row(2, outcome="timeout")], run={})
    assert report["outcomes"] == {**dict.fromkeys(OUTCOMES, 0), "correct": 1, "timeout": 1}


@pytest.mark.parametrize("outcome", ["wrong_result", "error", "timeout", "too_large", "no_sql"])
def test_an_answer_that_fails_stays_in_the_denominator(outcome):
    figure = metric([make_row(1), make_row(2, outcome=outcome)], "execution_accuracy")
    assert (figure["value"], figure["n"]) == (0.5, 2)


@pytest.mark.parametrize("outcome", ["gold_error", "no_database"])
def test_an_example_whose_data_is_at_fault_is_named_and_not_scored(outcome):
    report = aggregate([make_row("a"), make_row("b", outcome=outcome)], run={})
    figure = report["metrics"]["execution_accuracy"]
    assert (figure["value"], figure["n"], report["not_scored"][outcome]) == (1.0, 1, ["b"])


def test_nothing_scored_gives_no_value_instead_of_zero():
    figure = metric([make_row(1, outcome="no_database")], "execution_accuracy")
    assert figure == {"value": None, "n": 0, "low": None, "high": None, "interval": None}


def test_text_figures_score_a_missing_database_but_not_a_broken_gold():
    rows = [make_row(1), make_row(2, outcome="no_database"), make_row(3, outcome="gold_error")]
    assert [metric(rows, name)["n"] for name in ("token_f1", "bleu", "exact_match", "syntax_rate")] == [2, 2, 2, 2]


def test_an_answer_without_sql_scores_zero_where_its_text_figure_is_null():
    rows = [make_row(1), make_row(2, outcome="no_sql", exact_match=None, token_f1=None, rouge=None)]
    assert [metric(rows, name)["value"] for name in ("exact_match", "token_f1", "rougeL")] == [0.5, 0.5, 0.5]


def test_a_figure_no_row_has_is_not_scored():
    rows = [make_row(1, exact_match=None), make_row(2, outcome="no_sql", exact_match=None)]
    assert metric(rows, "exact_match")["n"] == 0


@pytest.mark.parametrize(
    ("outcome", "rate"),
    [("correct", 1.0), ("wrong_result", 1.0), ("error", 0.0), ("timeout", 0.0), ("too_large", 0.0), ("no_sql", 0.0)],
)
def test_execution_rate_counts_what_ran_to_its_end(outcome, rate):
    assert metric([make_row(1, outcome=outcome)], "execution_rate")["value"] == rate


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("spider", "spider_accuracy"),
        ("spider_keep_distinct", "spider_keep_distinct_accuracy"),
        ("bird", "bird_accuracy"),
        ("fuzzy", "fuzzy_accuracy"),
    ],
)
def test_each_rule_has_a_figure_of_its_own(rule, name):
    row = make_row(1, outcome="wrong_result")
    row["matches"][rule] = True
    metrics = aggregate([row], run={})["metrics"]
    assert {key for key, figure in metrics.items() if key.endswith("accuracy") and figure["value"] == 1.0} == {name}


def test_a_missing_verdict_is_an_error_and_not_a_zero():
    row = make_row("x")
    del row["matches"]["bird"]
    with pytest.raises(
        ResultsError,
        match=r"^example 'x' ran but has no verdict of rule 'bird'\. ",
    ):
        aggregate([row], run={})


def test_bleu_is_that_of_sacrebleu_over_the_whole_file():
    rows = [make_row(n, sql=f"SELECT name FROM singer WHERE age > {n}") for n in range(12)]
    golds, answers = [row["gold"] for row in rows], [row["sql"] for row in rows]
    value = metric(rows, "bleu")["value"]
    assert value == pytest.approx(sacrebleu.corpus_bleu(answers, [golds]).score / 100)
    assert value == pytest.approx(bleu(golds, answers))


@pytest.mark.parametrize(("answer", "value"), [(None, 1.0), ("nothing alike here at all", 0.0)])
def test_bleu_goes_from_zero_to_one(answer, value):
    rows = [make_row(n) if answer is None else make_row(n, sql=answer) for n in range(12)]
    figure = metric(rows, "bleu")
    assert (round(figure["value"], 9), figure["interval"]) == (value, "wilson")


@pytest.mark.parametrize(
    ("gold_seconds", "seconds", "reward"),
    [
        (2.0, 1.0, math.sqrt(1.25)),
        (1.0, 1.0, 1.0),
        (0.6, 1.0, math.sqrt(0.75)),
        (0.3, 1.0, math.sqrt(0.5)),
        (0.1, 1.0, 0.5),
        (0.0, 0.0, 1.0),
        (80e-6, 30e-6, 1.0),
        (30e-6, 80e-6, 1.0),
        (4e-3, 30e-6, math.sqrt(1.25)),
        (30e-6, 3e-3, math.sqrt(0.5)),
    ],
)
def test_r_ves_rewards_speed_in_five_steps(gold_seconds, seconds, reward):
    assert r_ves_reward(gold_seconds, seconds) == reward


def test_r_ves_gives_nothing_for_a_fast_wrong_answer():
    rows = [make_row(1, gold_seconds=4.0, seconds=1.0), make_row(2, outcome="wrong_result", seconds=1e-6)]
    assert metric(rows, "r_ves")["value"] == pytest.approx(math.sqrt(1.25) / 2)


def test_r_ves_interval_stays_below_its_ceiling():
    rows = [make_row(n, gold_seconds=4.0, seconds=1.0) for n in range(20)]
    figure = metric(rows, "r_ves")
    assert (figure["value"], figure["high"]) == (
        pytest.approx(math.sqrt(1.25)),
        pytest.approx(METRICS["r_ves"].ceiling),
    )


def test_latency_is_of_the_answers_that_ran():
    rows = [make_row(1, seconds=1.0), make_row(2, seconds=3.0), make_row(3, seconds=2.0)]
    rows.append(make_row(4, outcome="timeout", seconds=60.0))
    latency = aggregate(rows, run={})["latency"]
    assert (latency["mean"]["value"], latency["median"]["value"], latency["mean"]["n"]) == (2.0, 2.0, 3)


def test_groups_are_scored_apart_and_hardness_comes_in_its_order():
    rows = [make_row(1, outcome="wrong_result", hardness="extra"), make_row(2), make_row(3, hardness="medium")]
    groups = aggregate(rows, run={})["by_hardness"]
    assert {name: group["execution_accuracy"]["value"] for name, group in groups.items()} == {
        "easy": 1.0,
        "medium": 1.0,
        "extra": 0.0,
    }
    assert list(groups) == ["easy", "medium", "extra"]


def test_an_example_counts_in_each_of_its_features():
    rows = [make_row(1, features=["join", "group"]), make_row(2, features=["join"], outcome="error"), make_row(3)]
    groups = aggregate(rows, run={})["by_feature"]
    assert {name: group["execution_accuracy"]["n"] for name, group in groups.items()} == {
        "join": 2,
        "group": 1,
        "none": 1,
    }


def test_databases_are_in_order_of_name():
    rows = [make_row(1, db_id="world_1"), make_row(2, db_id="car_1")]
    assert list(aggregate(rows, run={})["by_database"]) == ["car_1", "world_1"]


def test_of_many_databases_the_largest_are_named_and_the_others_are_one_group():
    rows = [make_row(n, db_id=f"db_{n % 25:02}") for n in range(60)]
    groups = aggregate(rows, run={}, resamples=20)["by_database"]
    assert list(groups) == [*(f"db_{n:02}" for n in range(20)), "(5 other databases)"]
    assert sum(group["execution_accuracy"]["n"] for group in groups.values()) == 60


def test_where_nearly_every_row_has_a_database_of_its_own_none_is_named():
    rows = [make_row(n, db_id=f"row_{n}") for n in range(30)]
    assert aggregate([*rows, make_row(30, db_id="row_0")], run={}, resamples=20)["by_database"] == {}


def test_error_classes_count_scored_failures_most_frequent_first():
    rows = [
        make_row(1),
        make_row(2, outcome="error", error_class="syntax"),
        *(make_row(n, outcome="wrong_result", error_class="wrong_join") for n in (3, 4)),
        make_row(5, outcome="no_database"),
        make_row(6, outcome="wrong_result", error_class=None),
    ]
    classes = aggregate(rows, run={})["error_classes"]
    assert list(classes.items()) == [("wrong_join", 2), ("syntax", 1), ("other", 1)]


def test_verdicts_that_luck_could_decide_are_counted():
    rows = [
        make_row(1, flags=["gold_empty", "tied_order", "repaired", "changing: random()", "changing: date()"]),
        make_row(2, flags=["gold_empty", "tied_limit"], outcome="wrong_result"),
        make_row(3, flags=["gold_empty"], outcome="no_database"),
    ]
    assert aggregate(rows, run={})["rests_on"] == {
        "empty_results": 2,
        "empty_results_correct": 1,
        "tied_limits": 1,
        "tied_limits_correct": 0,
        "tied_orders": 1,
        "tied_orders_correct": 1,
        "changing_functions": 1,
        "changing_functions_correct": 1,
        "repairs": 1,
        "repairs_correct": 1,
    }


def test_the_same_seed_gives_the_same_report_and_another_seed_another_interval():
    rows = [make_row(n, token_f1=n / 40) for n in range(40)]
    first, again, other = (aggregate(rows, run={}, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first["metrics"]["token_f1"]["low"] != other["metrics"]["token_f1"]["low"]


def test_the_bootstrap_agrees_with_the_normal_approximation_for_independent_examples():
    figure = metric(make_rows(200, 200), "execution_accuracy")
    assert figure["interval"] == "bootstrap"
    assert figure["high"] - figure["low"] == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 400), rel=0.15)


def test_repeats_of_one_gold_query_widen_the_interval():
    alone = [make_row(n, outcome="correct" if n < 40 else "wrong_result") for n in range(80)]
    repeated = [row | {"id": f"{row['id']}-{copy}"} for row in alone for copy in range(4)]
    unrelated = [make_row(n, outcome="correct" if n < 160 else "wrong_result") for n in range(320)]
    width = {name: metric(rows, "execution_accuracy") for name, rows in (("repeated", repeated), ("apart", unrelated))}
    ratio = (width["repeated"]["high"] - width["repeated"]["low"]) / (width["apart"]["high"] - width["apart"]["low"])
    assert ratio == pytest.approx(2.0, rel=0.15)


def test_golds_that_differ_in_layout_alone_are_one_cluster():
    rows = [make_row(1, gold="SELECT name FROM singer"), make_row(2, gold="select  name\nFROM singer ;")]
    assert aggregate(rows, run={})["intervals"]["clusters"] == 1


def test_one_gold_on_two_databases_is_two_clusters():
    rows = [make_row(n, gold="SELECT name FROM singer", db_id=name) for n, name in enumerate(("a", "b"))]
    assert aggregate(rows, run={})["intervals"]["clusters"] == 2


@pytest.mark.parametrize(("right", "wrong", "ends"), [(30, 0, (0.886, 1.0)), (0, 30, (0.0, 0.114))])
def test_all_right_or_all_wrong_is_not_certainty(right, wrong, ends):
    figure = metric(make_rows(right, wrong), "execution_accuracy")
    assert (round(figure["low"], 3), round(figure["high"], 3), figure["interval"]) == (*ends, "wilson")


def test_few_clusters_get_wilsons_interval():
    assert metric(make_rows(5, 4), "execution_accuracy")["interval"] == "wilson"
    assert metric(make_rows(5, 5), "execution_accuracy")["interval"] == "bootstrap"


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3.
    [
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0 / 20, 20, 0.0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(share, n, low, high):
    assert wilson(share, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_each_resample_draws_as_many_clusters_as_there_are():
    (weights,) = weight_blocks(37, Resampling(seed=1, resamples=50), 37)
    assert (weights.shape, set(weights.sum(axis=1).tolist())) == ((50, 37), {37})


def test_resamples_in_blocks_draw_the_same():
    (whole,) = weight_blocks(37, Resampling(seed=1, resamples=50), 37)
    blocks = list(weight_blocks(37, Resampling(seed=1, resamples=50), MAX_CELLS // 7))
    assert [len(block) for block in blocks] == [7] * 7 + [1]
    assert [draw for block in blocks for draw in block.tolist()] == whole.tolist()


def test_a_mean_of_nothing_has_no_value():
    assert mean_estimate([], [], resampling=Resampling()) == Estimate(None, 0, None, None, None)


@pytest.mark.parametrize("value", [0.1, 0.3, 2 / 3, 0.75**0.5])
def test_equal_values_get_wilsons_interval_whatever_their_sums_round_to(value):
    assert mean_estimate([value] * 30, list(range(30)), resampling=Resampling()).interval == "wilson"


def test_the_median_is_a_value_that_occurred():
    assert median_estimate([5.0, 1.0, 9.0, 2.0], list("abcd"), resampling=Resampling()).value == 2.0


def test_the_median_lies_in_its_interval():
    estimate = median_estimate([n / 10 for n in range(100)], list(range(100)), resampling=Resampling(resamples=200))
    assert 3.0 < estimate.low < estimate.value < estimate.high < 7.0


def test_a_difference_without_any_change_still_has_width():
    low, high = difference_interval([0] * 40, list(range(40)), resampling=Resampling())
    assert low == -high
    assert high == pytest.approx(wilson(0.0, 40)[1])


def test_a_clear_difference_excludes_zero_and_a_balanced_one_does_not():
    clusters = list(range(60))
    clear, balanced = [1] * 30 + [0] * 30, [1] * 15 + [-1] * 15 + [0] * 30
    assert difference_interval(clear, clusters, resampling=Resampling())[0] > 0.3
    low, high = difference_interval(balanced, clusters, resampling=Resampling())
    assert low < 0 < high


@pytest.mark.parametrize("change", [0.5, -0.5, 1 / 3])
def test_a_change_of_one_fraction_in_every_question_lies_in_its_interval(change):
    low, high = difference_interval([change] * 40, list(range(40)), resampling=Resampling())
    assert low < change < high
    assert low > 0 if change > 0 else high < 0
