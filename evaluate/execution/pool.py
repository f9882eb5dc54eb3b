"""Warm worker processes for tasks that may hang, crash or eat memory, none of which ends the run: it is an answer.

`stream` hands out tasks and yields their results in order. The work is `target`, "module:factory": in every worker,
`factory(settings)` gives a function `work(task, announce)`. Before each step that may hang, the work calls
`announce(seconds, state)`; if the step outlives its seconds the worker is ended by a timer of the kernel's, which C
code cannot hold up, replaced, and the task's answer is `Lost` with that state.

No process is left behind: workers end with the pool, with this process however it ends, and never see Ctrl-C.
Not covered: Windows, which has neither the timer nor the memory limit.
"""

import atexit
import pickle
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, Literal, NamedTuple

from evaluate.execution.worker import MEMORY_EXIT, STEP, Broken, Order, Step

ROOT = Path(__file__).resolve().parents[2]
MEMORY_BYTES = 2 * 2**30  # address space of one worker
ATTEMPTS = 3  # workers that a task is given to while they end before its first step
# Isolated (-I) and without site-packages (-S): a worker starts in milliseconds and imports the standard library alone.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from evaluate.execution.worker import main; main(int(sys.argv[2]))"
)


class Lost(NamedTuple):
    """The answer to a task whose worker ended: `announced` is the state of its last step.

    reason   `overran` (its time), `memory` (the limit of the worker or of the machine), `died` (a crash)
    detail   the same for people
    """

    reason: Literal["overran", "memory", "died"]
    detail: str
    announced: Any


class PoolError(RuntimeError):
    """A defect of the work itself: it raised (the text is its traceback), or its workers end before a first step."""


def stream(
    tasks: Iterable[Any], *, target: str, settings: Any, workers: int, memory_bytes: int = MEMORY_BYTES
) -> Iterator[Any]:
    """The result of every task, or `Lost`, in the order of the tasks, each as soon as those before it are known.

    Tasks are taken from the iterable as workers come free. Everything that is handed over must pickle.
    """
    pool = _Pool(Order(target, settings, memory_bytes))
    atexit.register(pool.close)
    try:
        numbered = (_Task(number, content) for number, content in enumerate(tasks))
        yield from _in_order(pool.run(numbered, workers))
    finally:
        pool.close()
        atexit.unregister(pool.close)


def _in_order(answers: Iterable[tuple[int, Any]]) -> Iterator[Any]:
    waiting: dict[int, Any] = {}
    following = 0
    for number, answer in answers:
        waiting[number] = answer
        while following in waiting:
            yield waiting.pop(following)
            following += 1


class _Task(NamedTuple):
    number: int
    content: Any
    attempts: int = 1


class _Worker:
    """One process, the pipe to it, and what it is doing."""

    def __init__(self, order: Order) -> None:
        self.connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, str(ROOT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches us alone
            )
        self.task: _Task | None = None
        self.last_step: bytes | None = None  # pickled: most are never looked at
        self._send(order)

    def give(self, task: "_Task") -> None:
        self.task, self.last_step = task, None
        self._send(task.content)

    def _send(self, message: Any) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # it was killed while it was idle: seen when we listen
            self.connection.send(message)

    def loss(self) -> Lost | None:
        """Why the process ended, once its pipe has closed; None when it had not begun the task."""
        code = self.process.wait()
        if self.last_step is None:
            return self._refusal(code)
        step: Step = pickle.loads(self.last_step)
        if code == -signal.SIGALRM:
            return Lost("overran", f"longer than {step.seconds:g} s", step.state)
        if code in (MEMORY_EXIT, -signal.SIGKILL):  # the kernel kills when the machine runs out
            return Lost("memory", "more memory than a worker may use", step.state)
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return Lost("died", f"the worker crashed: {name}", step.state)

    def _refusal(self, code: int) -> None:
        if self.task and self.task.attempts >= ATTEMPTS:
            raise PoolError(f"{ATTEMPTS} workers ended before their first step, the last with exit status {code}")

    def close(self) -> None:
        self.process.kill()  # does nothing to one that has ended
        self.process.wait()
        self.connection.close()


class _Pool:
    def __init__(self, order: Order) -> None:
        self.order = order
        self.workers: set[_Worker] = set()
        self.selector = selectors.DefaultSelector()

    def run(self, tasks: Iterator[_Task], workers: int) -> Iterator[tuple[int, Any]]:
        """`(number, answer)` as they come."""
        for _ in range(workers):
            self._give_next(self._start(), tasks)
        while any(worker.task for worker in self.workers):
            for key, _ in self.selector.select():
                answer = self._hear(key.data, tasks)
                if answer:
                    yield answer

    def _hear(self, worker: _Worker, tasks: Iterator[_Task]) -> tuple[int, Any] | None:
        """Take a worker's message, and give it the next task if it is done with one."""
        try:
            message = worker.connection.recv_bytes()
        except (EOFError, ConnectionResetError):
            return self._bury(worker, tasks)
        if message.startswith(STEP):
            worker.last_step = message[1:]
            return None
        answer = pickle.loads(message[1:])
        if isinstance(answer, Broken):
            raise PoolError(answer.traceback)
        number = worker.task.number
        self._give_next(worker, tasks)
        return number, answer.result

    def _bury(self, worker: _Worker, tasks: Iterator[_Task]) -> tuple[int, Lost] | None:
        """Replace a worker that ended. Its task, if it had any, is lost, or given again if it was not begun."""
        lost = worker.loss() if worker.task else None
        self._drop(worker)
        if worker.task is None:
            return None
        if lost is None:
            self._start().give(worker.task._replace(attempts=worker.task.attempts + 1))
            return None
        self._give_next(self._start(), tasks)
        return worker.task.number, lost

    def _give_next(self, worker: _Worker, tasks: Iterator[_Task]) -> None:
        worker.task = None
        following = next(tasks, None)
        if following:
            worker.give(following)

    def _start(self) -> _Worker:
        worker = _Worker(self.order)
        self.workers.add(worker)
        self.selector.register(worker.connection, selectors.EVENT_READ, worker)
        return worker

    def _drop(self, worker: _Worker) -> None:
        self.workers.discard(worker)
        self.selector.unregister(worker.connection)
        worker.close()

    def close(self) -> None:
        for worker in tuple(self.workers):
            self._drop(worker)
        self.selector.close()
