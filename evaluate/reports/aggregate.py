"""From the rows of results.jsonl to the figures of report.json.

`aggregate(rows, run=...)` returns the whole of report.json:

    metrics       {name: {"value", "n", "low", "high", "interval"}}, names and meanings in `METRICS`
    outcomes      {outcome: count}, all eight, adding up to the examples given
    run           what was run, as the caller says it (recipe, adapter, hashes, sampling, versions, ...)
    by_hardness, by_database, by_feature
                  {group: {"execution_accuracy", "execution_rate", "exact_match": as in metrics}}
    error_classes {class: count} over scored examples that are not correct, most frequent first
    latency       {"mean", "median": as in metrics, but seconds}, over the answers that ran
    rests_on      how many scored verdicts rest on an empty gold result or on a LIMIT that cuts through a tie, and how
                  many of those are correct: what luck could have decided
    not_scored    {"gold_error": [ids], "no_database": [ids]}
    intervals     how the intervals were made: level, seed, resamples, clusters

Denominators. Execution figures count every example given, so an answer without SQL is a wrong answer, except those
whose gold failed (`gold_error`) or whose database is missing (`no_database`): there the data is at fault, so they are
named in `not_scored` and left out, and `n` says so. Text figures need no database and leave out only `gold_error`.
A text figure that is null in a row was not computed there and is left out, unless the row has no SQL: that scores 0.

Every figure has a 95 % interval; how it is made stands in `intervals.py`.
"""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from sacrebleu.metrics import BLEU

from evaluate.reports.intervals import (
    LEVEL,
    NOTHING,
    Estimate,
    Resampling,
    mean_estimate,
    median_estimate,
    ratio_estimate,
)
from evaluate.reports.results_file import HARDNESS, OUTCOMES, RULES, UNSCORED, ResultsError, is_scored
from sql.sql_tree import MAX_CHARACTERS, normalize_sql

RAN = ("correct", "wrong_result")
BLEU_ORDER = 4
LEAST_SECONDS = 1e-3  # shorter times of a query say nothing of its speed


class Metric(NamedTuple):
    """What a person reads beside a figure."""

    label: str
    rule: str
    ceiling: float = 1.0


METRICS = {
    "execution_accuracy": Metric(
        "Execution accuracy",
        "rule strict: same rows as the gold, columns in any order, DISTINCT kept, row order only where the gold's "
        "outermost query is ordered",
    ),
    "execution_rate": Metric("Execution rate", "the SQL ran to its end within the limits, right or wrong"),
    "spider_accuracy": Metric("Spider accuracy", "rule spider: the official default, every DISTINCT deleted first"),
    "spider_keep_distinct_accuracy": Metric(
        "Spider accuracy, DISTINCT kept", "rule spider_keep_distinct: the official tool with DISTINCT kept"
    ),
    "bird_accuracy": Metric(
        "BIRD accuracy", "rule bird: the same set of rows; repeats and row order are free, column order is not"
    ),
    "fuzzy_accuracy": Metric(
        "Fuzzy accuracy",
        "rule fuzzy: as strict, but extra columns are allowed, numbers may differ by 0.01 % or rounding, text by case",
    ),
    "exact_match": Metric("Exact set match", "Spider's comparison of clauses as sets, values ignored; nothing is run"),
    "syntax_rate": Metric("Valid syntax", "SQLite's parser accepts the SQL as one query"),
    "token_f1": Metric("Token F1", "overlap of SQL tokens with the gold, mean over examples"),
    "bleu": Metric("BLEU", "sacrebleu, 13a tokens, over the whole file"),
    "rouge1": Metric("ROUGE-1", "rouge-score F1, mean over examples"),
    "rouge2": Metric("ROUGE-2", "rouge-score F1, mean over examples"),
    "rougeL": Metric("ROUGE-L", "rouge-score F1, mean over examples"),
    "rougeLsum": Metric("ROUGE-Lsum", "rouge-score F1, mean over examples"),
    "r_ves": Metric(
        "R-VES",
        "BIRD's reward for speed where rule strict holds, one timing a query, at least 1 ms; can reach 1.118",
        math.sqrt(1.25),
    ),
}
ACCURACY_OF_RULE = {
    "strict": "execution_accuracy",
    **{rule: f"{rule}_accuracy" for rule in RULES if rule != "strict"},
}
GROUP_METRICS = ("execution_accuracy", "execution_rate", "exact_match")
ROUGES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


class _Table(NamedTuple):
    """Every row's value of every metric, and its cluster, side by side in the order of the rows."""

    rows: list[dict]
    values: list[dict[str, float | None]]
    clusters: list[tuple[str, str]]
    resampling: Resampling

    def estimate(self, metric: str, positions: Iterable[int]) -> Estimate:
        """The mean of `metric` over the rows at `positions` that have it."""
        chosen = [position for position in positions if self.values[position][metric] is not None]
        return mean_estimate(
            [self.values[position][metric] for position in chosen],
            [self.clusters[position] for position in chosen],
            resampling=self.resampling,
            ceiling=METRICS[metric].ceiling,
        )


def aggregate(rows: list[dict], *, run: dict, seed: int = 0, resamples: int = 1000) -> dict:
    """All figures of a run, as report.json holds them (see the module).

    `rows` are those of results.jsonl; the same rows, seed and resamples give the same report. Raises ResultsError, a
    ValueError, for no rows, and for an answer that ran but lacks the verdict of a rule.
    """
    if not rows:
        raise ResultsError("no rows to aggregate: an evaluation of nothing has no score")
    clusters = [cluster_of(row) for row in rows]
    table = _Table(rows, _all_values(rows), clusters, Resampling(seed, resamples))
    everything = range(len(rows))
    metrics = {name: _bleu(table) if name == "bleu" else table.estimate(name, everything) for name in METRICS}
    return {
        "metrics": {name: estimate._asdict() for name, estimate in metrics.items()},
        "outcomes": {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in OUTCOMES},
        "run": run,
        "by_hardness": _by(table, lambda row: [row["hardness"]], _hardness_order),
        "by_database": _by(table, lambda row: [row["db_id"]], lambda name, count: name),
        "by_feature": _by(table, lambda row: row["features"] or ["none"], lambda name, count: (-count, name)),
        "error_classes": _error_classes(rows),
        "latency": _latency(table),
        "rests_on": _rests_on(rows),
        "not_scored": {outcome: [row["id"] for row in rows if row["outcome"] == outcome] for outcome in UNSCORED},
        "intervals": {"level": LEVEL, "seed": seed, "resamples": resamples, "clusters": len(set(clusters))},
    }


def cluster_of(row: dict) -> tuple[str, str]:
    """What repeats of one question share: the database and the normalised gold query."""
    return row["db_id"], normalize_sql(row["gold"])


def r_ves_reward(gold_seconds: float, seconds: float) -> float:
    """The reward of one correct answer in BIRD's R-VES, 0.5 to 1.118.

    With t = gold time / time of the answer: sqrt(1.25) for t >= 2, 1 for t >= 1, sqrt(0.75) for t >= 0.5, sqrt(0.5)
    for t >= 0.25, else sqrt(0.25); a wrong answer gets 0, and R-VES is the mean. Source: the BIRD mini-dev
    evaluation (Li et al. 2023, arXiv:2305.03111, `evaluation_ves.py`). BIRD times each query many times and judges
    correctness by its own rule; here each query is timed once and correct means rule strict. So a time under a
    millisecond counts as one: below, what was timed first took twice as long as the same text run after it.
    """
    ratio = max(gold_seconds, LEAST_SECONDS) / max(seconds, LEAST_SECONDS)
    for least, reward in ((2, 1.25), (1, 1.0), (0.5, 0.75), (0.25, 0.5)):
        if ratio >= least:
            return math.sqrt(reward)
    return math.sqrt(0.25)


def _all_values(rows: list[dict]) -> list[dict[str, float | None]]:
    """Metric -> value of each row; None where it does not count (BLEU is not a mean and stands apart)."""
    text = [_text_values(row) for row in rows]
    computed = {name for values in text for name, value in values.items() if value is not None}
    for row, values in zip(rows, text, strict=True):
        if row["sql"] is None and row["outcome"] != "gold_error":
            values.update({name: 0.0 for name in computed if values[name] is None})
    return [{**_execution_values(row), **values} for row, values in zip(rows, text, strict=True)]


def _execution_values(row: dict) -> dict[str, float | None]:
    names = ("execution_rate", "r_ves", *ACCURACY_OF_RULE.values())
    if not is_scored(row):
        return dict.fromkeys(names)
    values = {name: float(_verdict(row, rule)) for rule, name in ACCURACY_OF_RULE.items()}
    correct = row["outcome"] == "correct"
    reward = r_ves_reward(row["gold_seconds"] or 0.0, row["seconds"] or 0.0) if correct else 0.0
    return {**values, "execution_rate": float(row["outcome"] in RAN), "r_ves": reward}


def _verdict(row: dict, rule: str) -> bool:
    """Whether a rule holds; an answer that did not run need not have verdicts, one that ran must."""
    if rule not in row["matches"] and row["outcome"] in RAN:
        raise ResultsError(f"example {row['id']!r} ran but has no verdict of rule {rule!r}")
    return bool(row["matches"].get(rule, False))


def _text_values(row: dict) -> dict[str, float | None]:
    if row["outcome"] == "gold_error":
        return dict.fromkeys(("exact_match", "syntax_rate", "token_f1", *ROUGES))
    rouge = row["rouge"] or {}
    values = {"exact_match": row["exact_match"], "syntax_rate": row["syntax"], "token_f1": row["token_f1"]}
    values |= {name: rouge.get(name) for name in ROUGES}
    return {name: None if value is None else float(value) for name, value in values.items()}


def _bleu(table: _Table) -> Estimate:
    """Corpus BLEU (as `text_metrics.bleu`) of all rows but `gold_error`; resamples add up examples' n-gram counts."""
    chosen = [position for position, row in enumerate(table.rows) if row["outcome"] != "gold_error"]
    if not chosen:
        return NOTHING
    counts = np.array([_ngram_counts(table.rows[position]) for position in chosen])
    return ratio_estimate(counts, [table.clusters[position] for position in chosen], _bleu_scores, table.resampling)


def _ngram_counts(row: dict) -> list[int]:
    """Length of the answer and of the gold, then matched and all n-grams of the answer for n = 1..4."""
    score = _SENTENCE_BLEU.sentence_score((row["sql"] or "")[:MAX_CHARACTERS], [row["gold"]])
    return [score.sys_len, score.ref_len, *score.counts, *score.totals]


def _bleu_scores(totals: np.ndarray) -> np.ndarray:
    """BLEU as fractions from summed counts (m, 2 + 2 * 4), with sacrebleu's default smoothing."""
    scores = [
        BLEU.compute_bleu(
            correct=row[2 : 2 + BLEU_ORDER],
            total=row[2 + BLEU_ORDER :],
            sys_len=row[0],
            ref_len=row[1],
            smooth_method="exp",
        ).score
        for row in totals.astype(int).tolist()
    ]
    return np.minimum(np.array(scores) / 100, 1.0)  # a perfect file comes out a rounding error above 1


# Only the counts are taken from it; effective order silences the warning about scoring single sentences.
_SENTENCE_BLEU = BLEU(effective_order=True)


def _by(table: _Table, groups_of: Callable[[dict], list], order: Callable) -> dict[str, dict]:
    """Group -> figures; a row may stand in several groups. Groups sort by `order(name, rows in it)`."""
    positions: dict[str, list[int]] = {}
    for position, row in enumerate(table.rows):
        for group in groups_of(row):
            positions.setdefault(str(group), []).append(position)
    return {
        name: {metric: table.estimate(metric, positions[name])._asdict() for metric in GROUP_METRICS}
        for name in sorted(positions, key=lambda name: order(name, len(positions[name])))
    }


def _hardness_order(name: str, count: int) -> tuple[int, str]:
    return (HARDNESS.index(name) if name in HARDNESS else len(HARDNESS), name)


def _error_classes(rows: list[dict]) -> dict[str, int]:
    failures = (row for row in rows if is_scored(row) and row["outcome"] != "correct")
    return dict(Counter(str(row["error_class"] or "other") for row in failures).most_common())


def _latency(table: _Table) -> dict[str, dict]:
    """Seconds the answers took to run, each timed once on the machine of this run."""
    ran = [position for position, row in enumerate(table.rows) if row["outcome"] in RAN]
    seconds = [table.rows[position]["seconds"] for position in ran]
    clusters = [table.clusters[position] for position in ran]
    if not ran:
        return {"mean": NOTHING._asdict(), "median": NOTHING._asdict()}
    median = median_estimate(seconds, clusters, resampling=table.resampling)
    mean = mean_estimate(seconds, clusters, resampling=table.resampling)
    if mean.interval == "wilson":  # made for shares, not for seconds
        mean = Estimate(statistics.fmean(seconds), len(seconds), None, None, None)
    return {"mean": mean._asdict(), "median": median._asdict()}


def _rests_on(rows: list[dict]) -> dict[str, int]:
    scored = [row for row in rows if is_scored(row)]
    counts = {}
    for name, flag in (("empty_results", "gold_empty"), ("tied_limits", "tied_limit")):
        flagged = [row for row in scored if flag in row["flags"]]
        counts[name] = len(flagged)
        counts[f"{name}_correct"] = sum(row["outcome"] == "correct" for row in flagged)
    return counts
