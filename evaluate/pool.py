"""Warm worker processes for tasks that may hang, crash or eat memory, none of which ends the run: it is an answer.

`stream` hands out tasks and yields their results in order. The work is `target`, "module:factory": in every worker,
`factory(settings)` gives a function `work(task, announce)`. Before each step that may hang, the work calls
`announce(seconds, state)`; if the step outlives its seconds the worker is ended by a timer of the kernel's, which C
code cannot hold up, replaced, and the task's answer is `Lost` with that state.

No process is left behind: workers end with the pool, with this process however it ends, and never see Ctrl-C.
Not covered: Windows, which has neither the timer nor the memory limit.
"""

import atexit
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal, NamedTuple

from evaluate.worker import MEMORY_EXIT, Broken, Done, Order, Step

ROOT = Path(__file__).resolve().parent.parent
MEMORY_BYTES = 2 * 2**30  # address space of one worker
# Isolated (-I) and without site-packages (-S): a worker starts in milliseconds and imports the standard library alone.
_START = "import sys; sys.path.insert(0, sys.argv[1]); from evaluate.worker import main; main(int(sys.argv[2]))"


class Lost(NamedTuple):
    """The answer to a task whose worker ended: `announced` is the state of its last step.

    reason   `overran` (its time), `memory` (the limit of the worker or of the machine), `died` (a crash)
    detail   the same for people
    """

    reason: Literal["overran", "memory", "died"]
    detail: str
    announced: Any


class PoolError(RuntimeError):
    """A defect of the work itself: it raised, or the worker ended before its first step. Carries the traceback."""


def stream(
    tasks: Iterable[Any], *, target: str, settings: Any, workers: int, memory_bytes: int = MEMORY_BYTES
) -> Iterator[Any]:
    """The result of every task, or `Lost`, in the order of the tasks, each as soon as those before it are known.

    Tasks are taken from the iterable as workers come free. Everything that is handed over must pickle.
    """
    pool = _Pool(Order(target, settings, memory_bytes), workers)
    atexit.register(pool.close)
    try:
        yield from _in_order(pool.run(enumerate(tasks)))
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
        self.number: int | None = None
        self.step: Step | None = None
        self.connection.send(order)

    def give(self, number: int, task: Any) -> None:
        self.number, self.step = number, None
        self.connection.send(task)

    def loss(self) -> Lost:
        """Why the process ended, once its pipe has closed."""
        code = self.process.wait()
        if self.step is None:
            raise PoolError(f"a worker ended before its first step, with exit status {code}; its message is above")
        if code == -signal.SIGALRM:
            return Lost("overran", f"longer than {self.step.seconds:g} s", self.step.state)
        if code in (MEMORY_EXIT, -signal.SIGKILL):  # the kernel kills when the machine runs out
            return Lost("memory", "more memory than a worker may use", self.step.state)
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return Lost("died", f"the worker crashed: {name}", self.step.state)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()


class _Pool:
    def __init__(self, order: Order, workers: int) -> None:
        self.order = order
        self.workers: dict[Connection, _Worker] = {}
        for _ in range(workers):
            self._start()

    def run(self, tasks: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """`(number, answer)` as they come."""
        for worker in list(self.workers.values()):
            self._give_next(worker, tasks)
        while busy := [worker.connection for worker in self.workers.values() if worker.number is not None]:
            for connection in wait(busy):
                worker = self.workers[connection]
                answer = self._listen(worker)
                if isinstance(answer, Step):
                    worker.step = answer
                    continue
                number, worker.number = worker.number, None
                if isinstance(answer, Lost):
                    worker = self._replace(worker)
                self._give_next(worker, tasks)
                yield number, answer.result if isinstance(answer, Done) else answer

    def _listen(self, worker: _Worker) -> Step | Done | Lost:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            return worker.loss()
        if isinstance(message, Broken):
            raise PoolError(message.traceback)
        return message

    def _give_next(self, worker: _Worker, tasks: Iterator[tuple[int, Any]]) -> None:
        following = next(tasks, None)
        if following is None:
            return
        try:
            worker.give(*following)
        except (BrokenPipeError, ConnectionResetError):  # it was killed from outside while it was idle
            self._replace(worker).give(*following)

    def _start(self) -> _Worker:
        worker = _Worker(self.order)
        self.workers[worker.connection] = worker
        return worker

    def _replace(self, worker: _Worker) -> _Worker:
        del self.workers[worker.connection]
        worker.close()
        return self._start()

    def close(self) -> None:
        for worker in self.workers.values():
            worker.close()
        self.workers.clear()
