"""From the rows of results.jsonl to the figures of report.json.

`aggregate(rows, run=...)` returns the whole of report.json:

    metrics       {name: {"value", "n", "low", "high", "interval"}}, names and meanings in `metrics.py`
    outcomes      {outcome: count}, all eight, adding up to the examples given
    run           what was run, as the caller says it (recipe, adapter, hashes, sampling, versions, ...)
    by_hardness, by_database, by_feature
                  {group: {"execution_accuracy", "execution_rate", "exact_match": as in metrics}}; of more than 20
                  databases the 20 with most examples, and all others as one group, or none where most examples have
                  a database of their own
    error_classes {class: count} over scored examples that are not correct, most frequent first
    latency       {"mean", "median": as in metrics, but seconds}, over the answers that ran
    rests_on      how many scored verdicts rest on an empty gold result, on a LIMIT that cuts through a tie, on an ORDER
                  BY that leaves one, or on functions such as `random()`, and how many of those are correct: what luck
                  could have decided
    not_scored    {"gold_error": [ids], "no_database": [ids]}, the first thousand of each
    intervals     how the intervals were made: level, seed, resamples, clusters

Denominators. Execution figures count every example given, so an answer without SQL is a wrong answer, except those
whose gold failed (`gold_error`) or whose database is missing (`no_database`): there the data is at fault, so they are
named in `not_scored` and left out, and `n` says so. Text figures need no database and leave out only `gold_error`.
A text figure that is null in a row was not computed there and is left out, unless the row has no SQL, or the answer is
why it could not be computed in time (`gave_up`): that scores 0.

Every figure has a 95 % interval; how it is made stands in `intervals.py`.
"""

import hashlib
import math
import statistics
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain

import numpy as np
from sacrebleu.metrics import BLEU

from evaluate.execution.verdict import OUTCOMES, UNSCORED
from evaluate.reports.intervals import (
    LEVEL,
    NOTHING,
    Estimate,
    Resampling,
    mean_estimate,
    median_estimate,
    ratio_estimate,
)
from evaluate.reports.metrics import METRICS
from evaluate.reports.results_file import ResultsError, has_failed, is_scored, rank_of
from evaluate.reports.row_values import BLEU_ORDER, RAN, TEXT_METRICS, cluster_of, ngram_counts, values_of

GROUP_METRICS = ("execution_accuracy", "execution_rate", "exact_match")
RESTS_ON = {
    "empty_results": "gold_empty",
    "tied_limits": "tied_limit",
    "tied_orders": "tied_order",
    "changing_functions": "changing",
    "repairs": "repaired",
}
GROUPS_SHOWN = 20
IDS_KEPT = 1_000


class _Table:
    """What the figures need of every row, column by column, so that a hundred thousand rows take some 50 MB.

    `values` holds every row's value of every metric, NaN where it does not count (BLEU is no mean and has `counts`).
    """

    def __init__(self, rows: Iterable[dict], resampling: Resampling) -> None:
        self.resampling = resampling
        self.groups: dict[str, dict[str, array]] = {"hardness": {}, "database": {}, "feature": {}}
        self.outcomes: Counter[str] = Counter()
        self.error_classes: Counter[str] = Counter()
        self.flags: Counter[str] = Counter()
        self.not_scored: dict[str, list] = {outcome: [] for outcome in UNSCORED}
        values, counts, seconds, clusters = array("d"), array("q"), array("d"), array("q")
        numbers: dict[bytes, int] = {}
        for position, row in enumerate(rows):
            clusters.append(numbers.setdefault(_digest(cluster_of(row)), len(numbers)))
            figures = values_of(row)
            values.extend(math.nan if figures[name] is None else figures[name] for name in METRICS)
            counts.extend([-1] * (2 + 2 * BLEU_ORDER) if row["outcome"] == "gold_error" else ngram_counts(row))
            seconds.append(row["seconds"] if row["outcome"] in RAN else math.nan)
            self._count(row, position)
        if not clusters:
            raise ResultsError("no rows to aggregate: an evaluation of nothing has no score")
        self.clusters = np.array(clusters)
        self.values = np.array(values).reshape(len(clusters), len(METRICS))
        self.counts = np.array(counts).reshape(len(clusters), -1)
        self.seconds = np.array(seconds)
        self._score_missing_sql()

    def _count(self, row: dict, position: int) -> None:
        self.outcomes[row["outcome"]] += 1
        if row["outcome"] in UNSCORED and len(self.not_scored[row["outcome"]]) < IDS_KEPT:
            self.not_scored[row["outcome"]].append(row["id"])
        names = {"hardness": [row["hardness"]], "database": [row["db_id"]], "feature": row["features"] or ["none"]}
        for field, groups in names.items():
            for name in groups:
                self.groups[field].setdefault(str(name), array("q")).append(position)
        if is_scored(row):
            self.error_classes.update([str(row["error_class"] or "other")] * has_failed(row))
            for flag in {flag.partition(":")[0] for flag in row["flags"]}:
                self.flags.update([flag, f"{flag} correct"] if row["outcome"] == "correct" else [flag])

    def _score_missing_sql(self) -> None:
        """A row without SQL scores 0 in every text figure that was computed at all."""
        computed = np.isfinite(self.values).any(axis=0)
        for column, name in enumerate(METRICS):
            if name in TEXT_METRICS and computed[column]:
                missing = np.isneginf(self.values[:, column])
                self.values[missing, column] = 0.0
        self.values[np.isneginf(self.values)] = math.nan

    def estimate(self, metric: str, positions: np.ndarray | slice) -> Estimate:
        """The mean of `metric` over the rows at `positions` that have it."""
        values, clusters = self.values[positions, list(METRICS).index(metric)], self.clusters[positions]
        counted = ~np.isnan(values)
        ceiling = METRICS[metric].ceiling
        return mean_estimate(
            values[counted].tolist(), clusters[counted].tolist(), resampling=self.resampling, ceiling=ceiling
        )


def aggregate(rows: Iterable[dict], *, run: dict, seed: int = 0, resamples: int = 1000) -> dict:
    """All figures of a run, as report.json holds them (see the module).

    `rows` are those of results.jsonl; the same rows, seed and resamples give the same report. Raises ResultsError, a
    ValueError, for no rows, and for an answer that ran but lacks the verdict of a rule.
    """
    table = _Table(rows, Resampling(seed, resamples))
    everything = slice(None)
    metrics = {name: _bleu(table) if name == "bleu" else table.estimate(name, everything) for name in METRICS}
    return {
        "metrics": {name: estimate._asdict() for name, estimate in metrics.items()},
        "outcomes": {outcome: table.outcomes[outcome] for outcome in OUTCOMES},
        "run": run,
        "by_hardness": _by(table, table.groups["hardness"], lambda name, count: (rank_of(name), name)),
        "by_database": _by(table, _largest(table.groups["database"]), lambda name, count: (name.startswith("("), name)),
        "by_feature": _by(table, table.groups["feature"], lambda name, count: (-count, name)),
        "error_classes": dict(table.error_classes.most_common()),
        "latency": _latency(table),
        "rests_on": _rests_on(table),
        "not_scored": table.not_scored,
        "intervals": {
            "level": LEVEL,
            "seed": seed,
            "resamples": resamples,
            "clusters": len(np.unique(table.clusters)),
        },
    }


def _digest(cluster: tuple[str, str]) -> bytes:
    return hashlib.blake2b("\0".join(cluster).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _bleu(table: _Table) -> Estimate:
    """Corpus BLEU (as `text_metrics.bleu`) of all rows but `gold_error`; resamples add up examples' n-gram counts."""
    chosen = table.counts[:, 0] >= 0
    if not chosen.any():
        return NOTHING
    return ratio_estimate(table.counts[chosen], table.clusters[chosen].tolist(), _bleu_scores, table.resampling)


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


def _by(table: _Table, groups: dict[str, array], order: Callable) -> dict[str, dict]:
    """Group -> figures; a row may be in several groups. Groups sort by `order(name, rows in it)`."""
    return {
        name: {metric: table.estimate(metric, np.array(groups[name]))._asdict() for metric in GROUP_METRICS}
        for name in sorted(groups, key=lambda name: order(name, len(groups[name])))
    }


def _largest(groups: dict[str, array]) -> dict[str, array]:
    """The groups with most rows, and all others as one; none where they have fewer than two rows on average."""
    if len(groups) <= GROUPS_SHOWN:
        return groups
    if sum(map(len, groups.values())) < 2 * len(groups):
        return {}
    ranked = sorted(groups, key=lambda name: (-len(groups[name]), name))
    others = array("q", chain.from_iterable(groups[name] for name in ranked[GROUPS_SHOWN:]))
    together = {f"({len(ranked) - GROUPS_SHOWN:,} other databases)": others}
    return {name: groups[name] for name in ranked[:GROUPS_SHOWN]} | together


def _latency(table: _Table) -> dict[str, dict]:
    """Seconds the answers took to run, each timed once on the machine of this run."""
    ran = ~np.isnan(table.seconds)
    seconds, clusters = table.seconds[ran].tolist(), table.clusters[ran].tolist()
    if not seconds:
        return {"mean": NOTHING._asdict(), "median": NOTHING._asdict()}
    median = median_estimate(seconds, clusters, resampling=table.resampling)
    mean = mean_estimate(seconds, clusters, resampling=table.resampling)
    if mean.interval == "wilson":  # made for shares, not for seconds
        mean = Estimate(statistics.fmean(seconds), len(seconds), None, None, None)
    return {"mean": mean._asdict(), "median": median._asdict()}


def _rests_on(table: _Table) -> dict[str, int]:
    counts = {}
    for name, flag in RESTS_ON.items():
        counts |= {name: table.flags[flag], f"{name}_correct": table.flags[f"{flag} correct"]}
    return counts
