"""What a worker is given, what it knows so far of one example, and how its loss is made good; quick to import.

An example goes through steps (`assess.py`): its SQL is extracted, judged, measured. Where a worker is ended in one, the
next worker goes on behind it, and what the step was to give is null, with the reason in `gave_up`. So no answer can
stop a run, and nothing is done to guard single functions.
"""

from pathlib import Path
from typing import NamedTuple

from evaluate.execution.judge import may_be_innocent, verdict_of
from evaluate.execution.pool import Lost
from evaluate.execution.sandbox import Limits
from evaluate.execution.verdict import Verdict
from sql.catalog import Catalog

MAX_COMPLETION = 1_000_001  # characters that are read: one more than SQL may have to be run
GOLD = "the gold: "  # how a reason begins that is no fault of the answer


class Setup(NamedTuple):
    """What all examples of a run share; `catalogs` by db_id are those of a tables.json.

    `repair`: a query that does not compile is mended before it is judged (`decoding/repair.py`).
    """

    limits: Limits
    catalogs: dict[str, Catalog]
    repair: bool = False


class Known(NamedTuple):
    """What is known of an example.

    sql       the SQL found; `extracted` says whether it was looked for
    verdict   None until it is judged
    measured  figures by key of results.jsonl; `done` are the names of the steps that are through
    gave_up   why a figure (or `sql`) is null, by key
    """

    extracted: bool = False
    sql: str | None = None
    verdict: Verdict | None = None
    measured: dict = {}  # noqa: RUF012 - replaced, never changed
    done: tuple[str, ...] = ()
    gave_up: dict[str, str] = {}  # noqa: RUF012


class Task(NamedTuple):
    """One example; `completion` is cut at `MAX_COMPLETION`."""

    id: str
    gold: str
    completion: str | None
    databases: tuple[Path, ...]
    db_id: str
    writes: bool = False
    known: Known = Known()


class Stage(NamedTuple):
    """What a worker announces: the step it begins, what is known before it, and the verdict or keys at stake."""

    name: str
    known: Known
    verdict: Verdict | None = None
    keys: tuple[str, ...] = ()


def go_on(task: Task, lost: Lost, first: bool) -> Task | None:
    """The task that goes on where a worker was ended; the same step again where an earlier task may be the cause."""
    stage: Stage = lost.announced
    known = stage.known
    if not first and (may_be_innocent(lost, stage.verdict) if stage.verdict else lost.reason != "overran"):
        return task._replace(known=known)
    if stage.verdict:
        return task._replace(known=known._replace(verdict=verdict_of(lost._replace(announced=stage.verdict))))
    return task._replace(known=without(known, stage.name, stage.keys, lost.detail))


def without(known: Known, step: str, keys: tuple[str, ...], reason: str) -> Known:
    """What is known where a step gave up."""
    return known._replace(
        extracted=True,
        done=(*known.done, step),
        measured=known.measured | dict.fromkeys(keys),
        gave_up=known.gave_up | dict.fromkeys(keys, reason),
    )
