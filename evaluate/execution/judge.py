"""One example in, one verdict out: gold and predicted SQL are run on every database file and compared by every rule.

Queries are judged here by their results; an example whose gold writes is handed to `write.py`.
Standard library only, so that a worker starts in milliseconds and scoring needs neither torch nor vLLM.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from evaluate.execution.match import REWRITES, RULES
from evaluate.execution.reader import Database, Reader, database_at
from evaluate.execution.sandbox import MEBIBYTE, Execution, Limits, database_problem
from evaluate.execution.ties import is_tied
from evaluate.execution.verdict import GRACE_SECONDS, TOO_LONG, Announce, Example, Verdict, preview
from sql.sql_text import tie_breakers

if TYPE_CHECKING:
    from evaluate.execution.pool import Lost

_MANY_ROWS = 1_000  # to compare fewer takes no time worth limiting


class Readers(NamedTuple):
    """What runs the golds, and what runs the predictions: no connection serves both."""

    golds: Reader
    predictions: Reader

    @classmethod
    def within(cls, limits: Limits) -> "Readers":
        """Two readers with these limits and results of 160 MiB in all."""
        return cls(Reader(limits), Reader(limits, max_bytes=32 * MEBIBYTE))


def judge(
    example: Example,
    *,
    limits: Limits = Limits(),  # noqa: B008 - immutable
    readers: Readers | None = None,
    announce: Announce = lambda seconds, verdict: None,
) -> Verdict:
    """Judge one example. Nothing the SQL does raises; only a defect of this program does.

    `readers` keep results between calls and take the place of `limits`. Before each query, `announce` is told how long
    it may take and what the verdict is should it never come back.
    """
    problem = _databases_problem(example.databases)
    if problem:
        return Verdict("no_database", problem)
    try:
        if example.writes:
            from evaluate.execution.write import judge_write  # few runs have any

            return judge_write(example, (readers or Readers.within(limits)).golds.limits, announce)
        databases = tuple(map(database_at, example.databases))
        bench = _Bench(databases, *(readers or Readers.within(limits)), announce)
        gold = _run_gold(example.gold, bench)
        if gold.outcome == "gold_error" or example.predicted is None:
            return gold
        return _compare(example.gold, example.predicted, gold, bench)
    except OSError as error:  # a file went away meanwhile
        return Verdict("no_database", str(error))


def judge_all(
    examples: Iterable[Example],
    *,
    workers: int = 1,
    timeout: float = 30.0,
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> Iterator[tuple[str, Verdict]]:
    """`(id, verdict)` for every example, in their order, as soon as they are known; `timeout` (s) is for one query.

    With `workers=1` all is done here in a plain loop: simple to debug, but what runs on in a single C call cannot be
    stopped, and SQLite's memory limit stays set in this process. With more, processes are started, kept warm, and ended
    where a query overruns; an example whose worker dies gets a verdict like any other.
    """
    limits = limits._replace(seconds=timeout)
    if workers <= 1:
        readers = Readers.within(limits)
        for example in examples:
            yield example.id, judge(example, readers=readers)
        return
    from evaluate.execution.pool import Lost, stream  # costs as much as judging sixty examples

    ids: list[str] = []
    tasks = (ids.append(example.id) or example for example in examples)
    answers = stream(tasks, target="evaluate.execution.judge:make_judge", settings=limits, workers=workers)
    for n, answer in enumerate(answers):
        yield ids[n], _lost(answer) if isinstance(answer, Lost) else answer


def make_judge(limits: Limits) -> Callable[[Example, Announce], Verdict]:
    """`judge` for a worker: with these limits, and results kept from one example to the next."""
    readers = Readers.within(limits)
    return lambda example, announce: judge(example, readers=readers, announce=announce)


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
        self.announce(queries * self.golds.limits.seconds + GRACE_SECONDS, state)


def _run_gold(gold_sql: str, bench: _Bench) -> Verdict:
    """The verdict so far: `gold_error`, or `no_sql` with everything that is known of the gold filled in."""
    failing = Verdict("gold_error", f"the gold runs longer than {bench.golds.limits.seconds:g} s")
    sql = REWRITES["strict"](gold_sql)
    results, tied = [], False
    for database in bench.databases:
        bench.begin(failing)
        results.append(bench.golds.run(sql, database))
        if results[-1].status != "ok":
            return Verdict("gold_error", f"{database.path.name}: {results[-1].error}", gold_seconds=results[-1].seconds)
        if not tied and tie_breakers(sql, 1):
            bench.begin(failing, queries=2)
            tied = is_tied(bench.golds, sql, database)
    return Verdict(
        "no_sql",
        gold_seconds=sum(result.seconds for result in results),
        gold_preview=preview(results[0]),
        gold_empty=not any(result.rows for result in results),
        tied_limit=tied,
    )


def _compare(gold_sql: str, predicted_sql: str, verdict: Verdict, bench: _Bench) -> Verdict:
    """Fill in the rules, those that read the same two texts together, `strict` and its outcome first."""
    is_endless = len(predicted_sql) > bench.golds.limits.sql_bytes  # to be refused, not to be rewritten first
    groups: dict[tuple[str, str], list[str]] = {}
    for rule, rewrite in REWRITES.items():
        predicted_text = predicted_sql if is_endless else rewrite(predicted_sql)
        groups.setdefault((rewrite(gold_sql), predicted_text), []).append(rule)
    seconds = bench.golds.limits.seconds
    verdict = verdict._replace(outcome="timeout", error=f"longer than {seconds:g} s", seconds=seconds)
    for texts, rules in groups.items():
        ran = _run_group(_Group(gold_sql, *texts, rules), verdict, bench)
        verdict = verdict._replace(matches=verdict.matches | ran.matches)
        if "strict" in rules:
            verdict = _with_outcome(verdict, ran)
    return verdict


class _Group(NamedTuple):
    """Rules that read the results of the same two texts."""

    gold_sql: str
    gold_text: str
    predicted_text: str
    rules: list[str]


class _Ran(NamedTuple):
    """A group's verdicts; the executions to show; the first failure of the prediction; its seconds on all files."""

    matches: dict[str, bool]
    gold: Execution
    predicted: Execution
    failed: Execution | None
    seconds: float


def _with_outcome(verdict: Verdict, ran: _Ran) -> Verdict:
    outcome = "correct" if ran.matches["strict"] else "wrong_result"
    return verdict._replace(
        outcome=ran.failed.status if ran.failed else outcome,
        error=ran.failed.error if ran.failed else None,
        seconds=ran.seconds,
        gold_preview=preview(ran.gold),
        prediction_preview=preview(ran.predicted) if ran.predicted.status == "ok" else None,
    )


def _run_group(group: _Group, so_far: Verdict, bench: _Bench) -> _Ran:
    """Run both texts on one file after the other, until no rule of the group can hold any more."""
    comparing = so_far if so_far.outcome != "timeout" else so_far._replace(outcome="wrong_result", error=TOO_LONG)
    ran: _Ran | None = None
    for database in bench.databases:
        if not bench.golds.known(group.gold_text, database):
            bench.begin(so_far)
        gold = bench.golds.run(group.gold_text, database)
        if not bench.predictions.known(group.predicted_text, database):
            bench.begin(so_far)
        predicted = bench.predictions.run(group.predicted_text, database)
        if len(predicted.rows) > _MANY_ROWS:
            bench.begin(comparing)
        ran = _add(ran, gold, predicted, _matches(group, gold, predicted))
        if not any(ran.matches.values()):
            break
    assert ran is not None, "an example has at least one database file"
    return ran


def _matches(group: _Group, gold: Execution, predicted: Execution) -> dict[str, bool]:
    if gold.status != "ok" or predicted.status != "ok":
        return dict.fromkeys(group.rules, False)
    return {rule: RULES[rule](gold.rows, predicted.rows, group.gold_sql) for rule in group.rules}


def _add(ran: _Ran | None, gold: Execution, predicted: Execution, matches: dict[str, bool]) -> _Ran:
    failed = predicted if predicted.status != "ok" else None
    if ran is None:
        return _Ran(matches, gold, predicted, failed, predicted.seconds)
    rule = next(iter(matches))
    show = ran.matches[rule] and not matches[rule]  # the first file that does not match, else the first of all
    return _Ran(
        matches={name: ran.matches[name] and held for name, held in matches.items()},
        gold=gold if show else ran.gold,
        predicted=predicted if show else ran.predicted,
        failed=ran.failed or failed,
        seconds=ran.seconds + predicted.seconds,
    )


def _lost(lost: "Lost") -> Verdict:
    """The verdict on an example whose worker ended: as announced if it overran, else by what it was doing and why."""
    verdict: Verdict = lost.announced
    if lost.reason == "overran" or verdict.outcome not in ("gold_error", "timeout"):
        return verdict
    if verdict.outcome == "gold_error":
        return verdict._replace(error=f"the gold: {lost.detail}")
    return verdict._replace(outcome="too_large" if lost.reason == "memory" else "error", error=lost.detail)
