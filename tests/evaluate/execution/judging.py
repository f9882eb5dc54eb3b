"""Examples judged as the evaluator judges them: in a plain loop, or in the workers of a run."""

from collections.abc import Iterator

from evaluate.execution.judge import Readers, judge
from evaluate.execution.pool import stream
from evaluate.execution.sandbox import Limits
from evaluate.execution.verdict import Example, Verdict
from evaluate.task import Known, Setup, Task, go_on


def judge_all(examples: list[Example], timeout: float = 15.0) -> list[Verdict]:
    """The verdicts of a plain loop; `timeout` in seconds."""
    readers = Readers.within(Limits(seconds=timeout))
    return [judge(example, readers=readers) for example in examples]


def judge_in_workers(examples: list[Example], limits: Limits) -> Iterator[tuple[str, Verdict]]:
    """`(id, verdict)` from two workers, which are ended where a query overruns."""
    tasks = [
        Task(one.id, one.gold, None, one.databases, "", one.writes, Known(extracted=True, sql=one.predicted))
        for one in examples
    ]
    answers = stream(tasks, target="evaluate.assess:make_assess", settings=Setup(limits, {}), workers=2, resume=go_on)
    for task, known in zip(tasks, answers, strict=True):
        yield task.id, known.verdict
