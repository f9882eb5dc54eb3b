"""One example from its completion to its figures, inside a worker: extract, judge, measure.

Every step is announced with its deadline before it begins (`pool.py`), so that the worker can be ended in any of them;
`task.go_on` says what then becomes of the example. A step that raises is a step that gave up.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from evaluate.decoding.repair import Repaired, repair
from evaluate.execution.judge import Readers, judge, verdict_of
from evaluate.execution.pool import Lost
from evaluate.execution.verdict import UNSCORED, Example, Verdict
from evaluate.extract import extract_sql
from evaluate.extract_statements import extract_statements
from evaluate.task import GOLD, Known, Setup, Stage, Task, without
from sql.catalog import Catalog, catalog_from_sqlite
from sql.error_class import class_of_error, classify
from sql.exact_match import exact_match
from sql.features import features
from sql.hardness import hardness
from sql.schema import SchemaError
from sql.text_metrics import bleu_counts, is_valid_syntax, rouge, rouge_scorer, token_f1

STEP_SECONDS = 1.0  # of CPU time for one step of measuring; a query of Spider takes some 3 ms in all of them
EXTRACT_SECONDS = 3.0
REPAIR_SECONDS = 3.0
CATALOGS = 64  # read from database files and kept
rouge_scorer()  # here once: every worker is forked from the process that imports this


class Step(NamedTuple):
    """A step of measuring: the keys it gives, and what computes their values."""

    name: str
    keys: tuple[str, ...]
    measure: Callable[[], tuple]


def make_assess(setup: Setup) -> Callable[[Task, Callable], Known]:
    """The work of a worker: it keeps results and catalogs from one example to the next."""
    return partial(assess, setup=setup, readers=Readers.within(setup.limits), files=OrderedDict())


def assess(task: Task, announce: Callable, *, setup: Setup, readers: Readers, files: OrderedDict) -> Known:
    """All that can be known of an example, from what is known already."""
    known = task.known
    if not known.extracted:
        announce(EXTRACT_SECONDS, Stage("extract", known, keys=("sql",)), cpu=True)
        known = attempt(known, "extract", ("sql",), lambda: (find_sql(task),))
        known = known._replace(sql=known.measured.get("sql"), extracted=True)
    if setup.repair and known.sql and not task.writes and task.databases and "repair" not in known.done:
        announce(REPAIR_SECONDS, Stage("repair", known, keys=("repairs",)), cpu=True)
        known = with_repairs(attempt(known, "repair", ("repairs",), lambda: (repair_sql(task, known.sql, setup),)))
    if known.verdict is None:
        known = known._replace(verdict=judge_task(task, known, announce, readers))
    for step in steps(task, known, setup, files):
        if step.name in known.done:
            continue
        reason = blocked(step, known)
        if reason:
            known = without(known, step.name, step.keys, reason)
            continue
        announce(STEP_SECONDS, Stage(step.name, known, keys=step.keys), cpu=True)
        known = attempt(known, step.name, step.keys, step.measure)
    return known


def attempt(known: Known, name: str, keys: tuple[str, ...], measure: Callable[[], tuple]) -> Known:
    """What is known after a step; a step that raises gave up."""
    try:
        values = measure()
    except MemoryError:
        raise
    except Exception as error:  # nothing a text does may end the run: the reason is in the row
        return without(known, name, keys, f"{type(error).__name__}: {error}"[:200])
    return known._replace(measured=known.measured | dict(zip(keys, values, strict=True)), done=(*known.done, name))


def find_sql(task: Task) -> str | None:
    """The SQL in a completion, None where there is none. Statements that write count only where the gold writes."""
    if not task.completion:
        return None
    return (extract_statements if task.writes else extract_sql)(task.completion)


def repair_sql(task: Task, sql: str, setup: Setup) -> Repaired:
    """The SQL as it compiles on the task's first database; as it is where that cannot be opened, which judging says."""
    try:
        return repair(sql, task.databases[0], setup.limits)
    except sqlite3.Error:
        return Repaired(sql)


def with_repairs(known: Known) -> Known:
    """What is known with the repaired SQL in its place, and the repairs as a list."""
    found: Repaired | None = known.measured.get("repairs")
    if found is None:
        return known
    return known._replace(sql=found.sql, measured=known.measured | {"repairs": list(found.repairs)})


def judge_task(task: Task, known: Known, announce: Callable, readers: Readers) -> Verdict:
    """The verdict; a defect while judging is charged to what was running."""
    state = Verdict("error")

    def tell(seconds: float, verdict: Verdict, *, cpu: bool = False) -> None:
        nonlocal state
        state = verdict
        announce(seconds, Stage("judge", known, verdict=verdict), cpu=cpu)

    example = Example(task.id, task.gold, known.sql, task.databases, task.writes)
    try:
        verdict = judge(example, readers=readers, announce=tell)
    except MemoryError:
        raise
    except Exception as error:
        return verdict_of(Lost("died", f"{type(error).__name__}: {error}"[:200], state))
    if verdict.outcome == "no_sql" and "sql" in known.gave_up:
        return verdict._replace(error=f"no SQL was found in time: {known.gave_up['sql']}")
    return verdict


def steps(task: Task, known: Known, setup: Setup, files: OrderedDict) -> list[Step]:
    """The steps of measuring, those of the gold first: where they give up, the gold is at fault."""
    gold, sql, verdict = task.gold, known.sql, known.verdict

    def match() -> tuple:
        return (None if task.writes else exact_match(gold, sql, catalog_of(task, setup, files)),)

    return [
        Step("gold", ("hardness", "features"), lambda: (hardness(gold), list(features(gold)))),
        Step("match", ("exact_match",), match),
        Step("class", ("error_class",), lambda: (error_class(task, sql, verdict),)),
        Step("syntax", ("syntax",), lambda: (is_accepted(sql, verdict) if task.writes else is_valid_syntax(sql),)),
        Step("tokens", ("token_f1",), lambda: (token_f1(gold, sql),)),
        Step("overlap", ("rouge", "bleu"), lambda: (rouge(gold, sql), bleu_counts(gold, sql))),
    ]


def blocked(step: Step, known: Known) -> str | None:
    """Why a step need not be tried: it reads what another has given up on."""
    if step.name in ("match", "class") and "hardness" in known.gave_up:
        return GOLD + known.gave_up["hardness"]
    is_difference = step.name == "class" and known.verdict.outcome == "wrong_result"
    return known.gave_up.get("exact_match") if is_difference else None


def error_class(task: Task, sql: str | None, verdict: Verdict) -> str | None:
    """The class of a failure; None where nothing failed, or nothing is known since the gold did not run."""
    if verdict.outcome in ("correct", *UNSCORED):
        return None
    return classify(task.gold, sql, verdict.outcome, verdict.error, writes=task.writes)


def is_accepted(sql: str | None, verdict: Verdict) -> bool | None:
    """Whether SQLite's parser accepted statements that write, told by running them; None where they did not run."""
    if verdict.outcome in UNSCORED:
        return None
    return sql is not None and (verdict.outcome != "error" or class_of_error(verdict.error or "") != "syntax")


def catalog_of(task: Task, setup: Setup, files: OrderedDict) -> Catalog:
    """Tables and keys of a task's database: from tables.json, else from the file, the last of which are kept."""
    if task.db_id in setup.catalogs:
        return setup.catalogs[task.db_id]
    path = task.databases[0] if task.databases else Path()
    if path not in files:
        files[path] = read_catalog(path)
    files.move_to_end(path)
    if len(files) > CATALOGS:
        files.popitem(last=False)
    return files[path]


def read_catalog(path: Path) -> Catalog:
    """The catalog of a file; an empty one where it has none to read, which the row's outcome says."""
    try:
        return catalog_from_sqlite(path)
    except (SchemaError, OSError, ValueError):
        return Catalog({}, ())
