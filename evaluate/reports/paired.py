"""Two runs on the same examples: what was gained, what was lost, and whether that could be chance.

`pair(first, second)` joins two lists of result rows by `id` and compares them on what both scored, rule by rule, with
McNemar's exact test on the examples where they differ and a 95 % interval for the difference. The test takes examples
as independent, which repeats of one gold query are not; the interval is over clusters of them (`intervals.py`) and is
the more careful of the two. Nothing is corrected for looking at several rules or several runs.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from evaluate.execution.match import RULES
from evaluate.reports.intervals import Resampling, difference_interval, mean_estimate
from evaluate.reports.results_file import ResultsError, is_scored, rank_of
from evaluate.reports.row_values import RAN, cluster_of

EXACT_MATCH = "exact_match"


class Contrast(NamedTuple):
    """One rule on two runs. `first` and `second` are figures as in report.json, of the `n` examples both scored."""

    n: int
    first: dict
    second: dict
    difference: float
    low: float
    high: float
    gained: int
    lost: int
    p: float


class Pair(NamedTuple):
    """Two runs compared; ids are those of results.jsonl, gained and lost are by rule strict."""

    common: int  # ids in both files
    only_first: int
    only_second: int
    scored: int  # of the common ones, those both runs scored
    rules: dict[str, Contrast]
    by_hardness: dict[str, Contrast]
    gained: list[str]
    lost: list[str]
    classes: dict[str, tuple[int, int]]  # error class -> failures of the first and of the second run
    gained_classes: dict[str, int]  # what was wrong in the first run with the examples gained
    lost_classes: dict[str, int]  # what is wrong in the second run with the examples lost


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided p of McNemar's exact test: the chance of a split at least as uneven if gain and loss were equal.

    With n = gained + lost: min(1, 2 * sum of C(n, k) for k up to the smaller of the two / 2^n), the binomial test
    at one half (McNemar 1947, Psychometrika 12); 1 where nothing differs.
    """
    n = gained + lost
    tail = sum(math.comb(n, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**n)


def pair(first: list[dict], second: list[dict], *, resampling: Resampling | None = None) -> Pair:
    """Compare two runs by `id`. Raises ResultsError when no id is common, none is scored, or one has two golds."""
    resampling = resampling or Resampling()
    rows_of = [{str(row["id"]): row for row in rows} for rows in (first, second)]
    common = [identity for identity in rows_of[0] if identity in rows_of[1]]
    couples = [(rows_of[0][identity], rows_of[1][identity]) for identity in common]
    _check(couples)
    scored = [couple for couple in couples if is_scored(couple[0]) and is_scored(couple[1])]
    if not scored:
        raise ResultsError(f"none of the {len(common)} common examples was scored in both runs")
    clusters = [cluster_of(row) for row, _ in scored]
    gained, lost = (_changed(scored, before) for before in (False, True))
    return Pair(
        common=len(common),
        only_first=len(rows_of[0]) - len(common),
        only_second=len(rows_of[1]) - len(common),
        scored=len(scored),
        rules=_rules(scored, clusters, resampling),
        by_hardness=_by_hardness(scored, clusters, resampling),
        gained=[str(row["id"]) for row, _ in gained],
        lost=[str(row["id"]) for row, _ in lost],
        classes=_classes(scored),
        gained_classes=_counted(row for row, _ in gained),
        lost_classes=_counted(row for _, row in lost),
    )


def _check(couples: list[tuple[dict, dict]]) -> None:
    if not couples:
        raise ResultsError("the runs have no id in common; were they made from the same data file?")
    for one, other in couples:
        if (one["db_id"], one["gold"]) != (other["db_id"], other["gold"]):
            raise ResultsError(
                f"example {one['id']!r} has another gold or database in the other run; score both with one --data"
            )


def _rules(scored: list, clusters: list, resampling: Resampling) -> dict[str, Contrast]:
    contrasts = {}
    for rule in (*RULES, EXACT_MATCH):
        verdicts = [(_holds(one, rule), _holds(other, rule)) for one, other in scored]
        kept = [place for place, verdict in enumerate(verdicts) if None not in verdict]
        if kept and not _is_younger(rule, scored):
            of_rule = [verdicts[place] for place in kept]
            contrasts[rule] = _contrast(of_rule, [clusters[place] for place in kept], resampling)
    return contrasts


def _holds(row: dict, rule: str) -> bool | None:
    """The verdict of a rule: False for an answer that did not run, None for an exact match that was not computed."""
    return row[EXACT_MATCH] if rule == EXACT_MATCH else bool(row["matches"].get(rule, False))


def _is_younger(rule: str, scored: list) -> bool:
    """Whether the results of one of the runs were written before there was this rule."""
    return rule != EXACT_MATCH and any(
        row["outcome"] in RAN and rule not in row["matches"] for couple in scored for row in couple
    )


def _contrast(verdicts: list[tuple[bool, bool]], clusters: list, resampling: Resampling) -> Contrast:
    differences = [int(after) - int(before) for before, after in verdicts]
    sides = [
        mean_estimate([float(v) for v in side], clusters, resampling=resampling) for side in zip(*verdicts, strict=True)
    ]
    gained, lost = differences.count(1), differences.count(-1)
    return Contrast(
        len(verdicts),
        *(side._asdict() for side in sides),
        (gained - lost) / len(verdicts),
        *difference_interval(differences, clusters, resampling=resampling),
        gained,
        lost,
        mcnemar(gained, lost),
    )


def _by_hardness(scored: list, clusters: list, resampling: Resampling) -> dict[str, Contrast]:
    """Rule strict within each level, in the order of difficulty; other levels after the known ones."""
    levels = {str(row["hardness"]) for row, _ in scored}
    contrasts = {}
    for level in sorted(levels, key=lambda name: (rank_of(name), name)):
        places = [place for place, (row, _) in enumerate(scored) if str(row["hardness"]) == level]
        verdicts = [tuple(_is_right(row) for row in scored[place]) for place in places]
        contrasts[level] = _contrast(verdicts, [clusters[place] for place in places], resampling)
    return contrasts


def _is_right(row: dict) -> bool:
    return row["outcome"] == "correct"


def _changed(scored: list, before: bool) -> list:
    """The couples right in one run only: gained when wrong before, lost when right before."""
    return [(one, other) for one, other in scored if _is_right(one) == before and _is_right(other) != before]


def _classes(scored: list) -> dict[str, tuple[int, int]]:
    first, second = (_counted(couple[side] for couple in scored if not _is_right(couple[side])) for side in (0, 1))
    names = sorted({*first, *second}, key=lambda name: (-first.get(name, 0) - second.get(name, 0), name))
    return {name: (first.get(name, 0), second.get(name, 0)) for name in names}


def _counted(rows: Iterable[dict]) -> dict[str, int]:
    return dict(Counter(str(row["error_class"] or "other") for row in rows).most_common())
