"""One example in, one verdict out: gold and predicted SQL are run on every database file and compared by every rule.

Queries are judged here by their results; an example whose gold writes is handed to `write.py`. A failure counts as the
gold's only while the gold runs: rewriting, running and comparing the prediction are announced as the prediction's.
Standard library only: most of the time of a small run is its start.
"""

from pathlib import Path
from typing import NamedTuple

from evaluate.execution.match import REWRITES, RULES
from evaluate.execution.pool import Lost
from evaluate.execution.reader import Database, Reader, database_at
from evaluate.execution.sandbox import MEBIBYTE, Execution, Limits, database_problem
from evaluate.execution.ties import Ties, find_ties
from evaluate.execution.verdict import (
    GRACE_SECONDS,
    TOO_LONG,
    Announce,
    Example,
    Verdict,
    preview,
    short_error,
    unannounced,
)
from sql.sql_text import changing_functions, tie_breakers

COMPARE_SECONDS = 5.0  # of CPU time, to compare two results by the rules


class Readers(NamedTuple):
    """What runs the golds, and what runs the predictions: no connection serves both."""

    golds: Reader
    predictions: Reader

    @classmethod
    def within(cls, limits: Limits) -> "Readers":
        """Two readers with these limits and results of 80 MiB in all."""
        return cls(Reader(limits), Reader(limits, max_bytes=16 * MEBIBYTE))


def judge(
    example: Example,
    *,
    limits: Limits = Limits(),  # noqa: B008 - immutable
    readers: Readers | None = None,
    announce: Announce = unannounced,
) -> Verdict:
    """Judge one example. Nothing the SQL does raises; only a defect of this program does.

    `readers` keep results between calls and take the place of `limits`. Before each step, `announce` is told how long
    it may take and what the verdict is should it never come back.
    """
    readers = readers or Readers.within(limits)
    seconds = readers.golds.limits.seconds
    announce(seconds + GRACE_SECONDS, Verdict("no_database", "reading the database file takes too long"))
    problem = _databases_problem(example.databases)
    if problem:
        return Verdict("no_database", problem)
    try:
        if example.writes:
            from evaluate.execution.write import judge_write  # few runs have any

            return judge_write(example, readers.golds.limits, announce)
        bench = _Bench(tuple(map(database_at, example.databases)), *readers, announce)
        verdict = _run_gold(example.gold, bench)
        if verdict.outcome == "gold_error":
            return verdict
        if example.predicted is not None:
            verdict = _compare(example.gold, example.predicted, verdict, bench)
        return _with_flags(verdict, example, bench)
    except OSError as error:  # a file went away meanwhile
        return Verdict("no_database", str(error))


def may_be_innocent(lost: Lost, verdict: Verdict) -> bool:
    """Whether a loss in a worker that had done other work may have its cause there; a gold gets the benefit always."""
    return lost.reason != "overran" or verdict.outcome == "gold_error"


def verdict_of(lost: Lost) -> Verdict:
    """The verdict on an example whose worker ended: as announced if it overran, else by what it was doing and why."""
    verdict: Verdict = lost.announced
    if lost.reason == "overran" or verdict.outcome not in ("gold_error", "timeout"):
        return verdict
    if verdict.outcome == "gold_error":
        return verdict._replace(error=f"the gold: {lost.detail}")
    return verdict._replace(outcome="too_large" if lost.reason == "memory" else "error", error=lost.detail)


def _databases_problem(databases: tuple[Path, ...]) -> str | None:
    if not databases:
        return "no database file"
    return next((problem for problem in map(database_problem, databases) if problem), None)


class _Bench(NamedTuple):
    """Where one example is run."""

    databases: tuple[Database, ...]
    golds: Reader
    predictions: Reader
    announce: Announce

    def begin(self, state: Verdict, queries: int = 1) -> None:
        """Say that so many queries run now, and what the verdict is if they never end."""
        self.announce(queries * self.golds.limits.seconds + GRACE_SECONDS, state, cpu=True)


def _run_gold(gold_sql: str, bench: _Bench) -> Verdict:
    """The verdict so far: `gold_error`, or `no_sql` with what is known of the gold filled in."""
    failing = Verdict("gold_error", f"the gold runs longer than {bench.golds.limits.seconds:g} s")
    results = []
    for database in bench.databases:
        bench.begin(failing)
        results.append(bench.golds.run(REWRITES["strict"](gold_sql), database))
        if results[-1].status != "ok":
            error = short_error(f"{database.path.name}: {results[-1].error}")
            return Verdict("gold_error", error, gold_seconds=results[-1].seconds)
    return Verdict(
        "no_sql",
        gold_seconds=sum(result.seconds for result in results),
        gold_preview=preview(results[0]),
        gold_empty=not any(result.rows for result in results),
    )


def _with_flags(verdict: Verdict, example: Example, bench: _Bench) -> Verdict:
    """The verdict with what it rests on: ties of the gold, and functions that differ from call to call."""
    gold, predicted = REWRITES["strict"](example.gold), example.predicted or ""
    if len(predicted) <= bench.golds.limits.sql_bytes:
        verdict = verdict._replace(changing=changing_functions(f"{gold}\n;{predicted}"))
    if not tie_breakers(gold, 1):
        return verdict
    bench.begin(verdict, queries=2 * len(bench.databases))
    ties = [find_ties(bench.golds, gold, database) for database in bench.databases]
    limit, order = (any(getattr(found, name) for found in ties) for name in Ties._fields)
    return verdict._replace(tied_limit=limit, tied_order=order)


def _compare(gold_sql: str, predicted_sql: str, verdict: Verdict, bench: _Bench) -> Verdict:
    """Fill in the rules: `strict` and its outcome first, then those that read the same two texts together."""
    seconds = bench.golds.limits.seconds
    verdict = verdict._replace(outcome="timeout", error=f"longer than {seconds:g} s", seconds=seconds)
    bench.begin(verdict)
    groups = _groups(gold_sql, predicted_sql, bench.golds.limits)
    for texts, rules in groups:
        ran = _run_group(texts, rules, gold_sql, so_far=verdict, bench=bench)
        verdict = verdict._replace(matches=verdict.matches | ran.matches)
        if "strict" in rules:
            verdict = _with_outcome(verdict, ran)
    return verdict


def _groups(gold_sql: str, predicted_sql: str, limits: Limits) -> list[tuple[tuple[str, str], list[str]]]:
    """The rules by the texts they read: `strict` alone, those that read the same texts as `strict`, the others."""
    is_endless = len(predicted_sql) > limits.sql_bytes  # to be refused, not to be rewritten first
    groups: dict[tuple[str, str], list[str]] = {}
    for rule, rewrite in REWRITES.items():
        groups.setdefault((rewrite(gold_sql), predicted_sql if is_endless else rewrite(predicted_sql)), []).append(rule)
    (texts, (strict, *others)), *further = groups.items()
    return [(texts, [strict]), (texts, others), *further]


class _Ran(NamedTuple):
    """What became of the rules that read one pair of texts.

    `gold` and `predicted` are those of the first file that does not match, or of the first. `failed` is the first
    failure of the prediction, `seconds` its time on all files.
    """

    matches: dict[str, bool]
    gold: Execution
    predicted: Execution
    failed: Execution | None
    seconds: float


def _with_outcome(verdict: Verdict, ran: _Ran) -> Verdict:
    outcome = "correct" if ran.matches["strict"] else "wrong_result"
    return verdict._replace(
        outcome=ran.failed.status if ran.failed else outcome,
        error=short_error(ran.failed.error) if ran.failed else None,
        seconds=ran.seconds,
        gold_preview=preview(ran.gold),
        prediction_preview=preview(ran.predicted) if ran.predicted.status == "ok" else None,
    )


def _run_group(texts: tuple[str, str], rules: list[str], gold_sql: str, *, so_far: Verdict, bench: _Bench) -> _Ran:
    """Run gold and prediction on one file after the other, until none of the rules can hold any more."""
    gold_text, predicted_text = texts
    comparing = so_far if so_far.outcome != "timeout" else so_far._replace(outcome="wrong_result", error=TOO_LONG)
    matches, shown, failed, seconds = dict.fromkeys(rules, True), None, None, 0.0
    for database in bench.databases:
        if not bench.golds.known(gold_text, database):
            bench.begin(so_far)
        gold = bench.golds.run(gold_text, database)
        if not bench.predictions.known(predicted_text, database):
            bench.begin(so_far)
        predicted = bench.predictions.run(predicted_text, database)
        bench.announce(COMPARE_SECONDS, comparing, cpu=True)
        held = _matches(rules, gold_sql, gold, predicted)
        if shown is None or (matches[rules[0]] and not held[rules[0]]):
            shown = gold, predicted
        matches = {rule: matches[rule] and held[rule] for rule in rules}
        failed = failed or (predicted if predicted.status != "ok" else None)
        seconds += predicted.seconds
        if not any(matches.values()):
            break
    return _Ran(matches, *shown, failed, seconds)


def _matches(rules: list[str], gold_sql: str, gold: Execution, predicted: Execution) -> dict[str, bool]:
    if gold.status != "ok" or predicted.status != "ok":
        return dict.fromkeys(rules, False)
    return {rule: RULES[rule](gold.rows, predicted.rows, gold_sql) for rule in rules}
