"""Warm worker processes for tasks that may hang, crash or eat memory, none of which ends the run: it is an answer.

`stream` hands out tasks and yields their results in order. The work is `target`, "module:factory": in every worker,
`factory(settings)` gives a function `work(task, announce)`. Before each step that may hang, the work calls
`announce(seconds, state)`; if the step outlives its seconds the worker is ended by a timer of the kernel's, which C
code cannot hold up, and replaced. What then becomes of the task, `resume` decides: another task that goes on from the
last state, for a fresh worker, or None, and the answer is `Lost` with that state.

Workers are forked from one process that has imported the target (`worker.py`), so a new one takes milliseconds. No
process is left behind: they end with the pool, with this process however it ends, and never see Ctrl-C.
Not covered: Windows, which has neither the timer nor the memory limit.
"""

import atexit
import json
import os
import pickle
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.reduction import send_handle
from pathlib import Path
from typing import Any, Literal, NamedTuple

from evaluate.execution.worker import ANSWER, BROKEN, MEMORY_EXIT, STEP, Order, Step

ROOT = Path(__file__).resolve().parents[2]
MEMORY_BYTES = 320 * 2**20  # what a worker may take beyond what it starts with
WAITING_BYTES = 32 * 2**20  # answers that wait for an earlier one; beyond, no task is handed out
ATTEMPTS = 3  # workers that a task is given to while they end before its first step
# Isolated (-I), without site-packages (-S): the path is that of this process; nothing is imported beside the work.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from evaluate.execution.worker import main; main(int(sys.argv[2]))"
)
_GONE = (EOFError, BrokenPipeError, ConnectionResetError)


class Lost(NamedTuple):
    """What became of a task whose worker ended: `announced` is the state of its last step.

    reason   `overran` (its time), `memory` (the limit of the worker or of the machine), `died` (a crash)
    detail   the same for people
    """

    reason: Literal["overran", "memory", "died"]
    detail: str
    announced: Any


class PoolError(RuntimeError):
    """A defect of the work itself: it raised (the text is its traceback), or its workers end before a first step."""


# (task, its loss, whether it was the worker's first task, so that nothing before it can be the cause) -> task or None
Resume = Callable[[Any, Lost, bool], Any]


def stream(
    tasks: Iterable[Any],
    *,
    target: str,
    settings: Any,
    workers: int,
    memory_bytes: int = MEMORY_BYTES,
    resume: Resume = lambda task, lost, first: None,
) -> Iterator[Any]:
    """The result of every task, or `Lost`, in the order of the tasks, each as soon as those before it are known.

    Tasks are taken from the iterable as workers come free. Everything that is handed over must pickle.
    """
    pool = _Pool(Order(target, settings, memory_bytes), resume)
    atexit.register(pool.close)
    try:
        yield from pool.run(iter(tasks), workers)
    finally:
        pool.close()
        atexit.unregister(pool.close)


class _Task(NamedTuple):
    number: int
    content: Any
    attempts: int = 1


class _Nursery:
    """The process that forks the workers."""

    def __init__(self, order: Order) -> None:
        self.control, theirs = Pipe()
        path = [str(ROOT), *(entry for entry in sys.path if entry)]
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, json.dumps(path), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches us alone
                env=os.environ | {"MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        self.control.send(order)

    def fork(self, pipe: int) -> int:
        """The pid of a new worker that serves `pipe`."""
        self.control.send(0)
        send_handle(self.control, pipe, self.process.pid)
        return self.control.recv()

    def exit_code(self, pid: int) -> int:
        """How a worker ended, once it does; as if killed where the nursery itself has ended."""
        try:
            self.control.send(pid)
            return self.control.recv()
        except (*_GONE, OSError):
            return -signal.SIGKILL

    def close(self) -> None:
        self.control.close()
        self.process.kill()
        self.process.wait()


class _Worker:
    """One process, the pipe to it, and what it is doing."""

    def __init__(self, nursery: _Nursery) -> None:
        self.nursery = nursery
        self.connection, theirs = Pipe()
        with theirs:
            self.pid = nursery.fork(theirs.fileno())
        self.task: _Task | None = None
        self.last_step: bytes | None = None  # pickled: most are never looked at
        self.tasks = 0

    def give(self, task: _Task) -> None:
        self.task, self.last_step = task, None
        self.tasks += 1
        with suppress(BrokenPipeError, ConnectionResetError):  # it was killed while it was idle: seen when we listen
            self.connection.send(task.content)

    def loss(self) -> Lost | None:
        """Why the process ended, once its pipe has closed; None when it had not begun the task."""
        code = self.nursery.exit_code(self.pid)
        if self.last_step is None:
            return self._refusal(code)
        step: Step = pickle.loads(self.last_step)
        if code in (-signal.SIGALRM, -signal.SIGPROF):
            return Lost("overran", f"longer than {step.seconds:g} s", step.state)
        if code in (MEMORY_EXIT, -signal.SIGKILL):  # the kernel kills when the machine runs out
            return Lost("memory", "more memory than a worker may use", step.state)
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return Lost("died", f"the worker crashed: {name}", step.state)

    def _refusal(self, code: int) -> None:
        if self.task and self.task.attempts >= ATTEMPTS:
            raise PoolError(f"{ATTEMPTS} workers ended before their first step, the last with exit status {code}")

    def close(self) -> None:
        with suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)  # does nothing to one that has ended and is not waited for
        self.connection.close()


class _Pool:
    def __init__(self, order: Order, resume: Resume) -> None:
        self.order = order
        self.resume = resume
        self.nursery = _Nursery(order)
        self.workers: set[_Worker] = set()
        self.selector = selectors.DefaultSelector()
        self.waiting: dict[int, bytes | Lost] = {}  # answers by number, pickled
        self.handed_out = 0

    def run(self, tasks: Iterator[Any], workers: int) -> Iterator[Any]:
        """The answers in the order of the tasks."""
        following = 0
        for _ in range(workers):
            self._start()
        while self._hand_out(tasks):
            for key, _ in self.selector.select():
                self._hear(key.data)
            self._hand_out(tasks)  # before the answers: whoever takes them may take their time
            while following in self.waiting:
                answer = self.waiting.pop(following)
                following += 1
                yield pickle.loads(answer) if isinstance(answer, bytes) else answer

    def _hand_out(self, tasks: Iterator[Any]) -> bool:
        """Give every idle worker a task, as long as not too many answers wait; returns whether any worker has one."""
        for worker in self.workers:
            if worker.task or self._is_full():
                continue
            for content in tasks:
                worker.give(_Task(self.handed_out, content))
                self.handed_out += 1
                break
        return any(worker.task for worker in self.workers)

    def _is_full(self) -> bool:
        return sum(len(answer) for answer in self.waiting.values() if isinstance(answer, bytes)) > WAITING_BYTES

    def _hear(self, worker: _Worker) -> None:
        """Take a worker's message."""
        try:
            message = worker.connection.recv_bytes()
        except _GONE:
            self._replace(worker)
            return
        if message.startswith(STEP):
            worker.last_step = message[1:]
        elif message.startswith(BROKEN):
            raise PoolError(message[1:].decode())
        else:
            self.waiting[worker.task.number] = message[len(ANSWER) :]
            worker.task = None

    def _replace(self, worker: _Worker) -> None:
        """A new worker for one that ended, with what is left of its task, if it had any."""
        task, lost = worker.task, worker.loss() if worker.task else None
        self._drop(worker)
        fresh = self._start()
        if task and lost:
            content = self.resume(task.content, lost, worker.tasks == 1)
            if content is None:
                self.waiting[task.number] = lost
            else:
                fresh.give(_Task(task.number, content))
        elif task:
            fresh.give(task._replace(attempts=task.attempts + 1))

    def _start(self) -> _Worker:
        try:
            worker = _Worker(self.nursery)
        except (*_GONE, OSError):  # the nursery was killed
            self.nursery.close()
            self.nursery = _Nursery(self.order)
            worker = self._first_worker()
        self.workers.add(worker)
        self.selector.register(worker.connection, selectors.EVENT_READ, worker)
        return worker

    def _first_worker(self) -> _Worker:
        try:
            return _Worker(self.nursery)
        except (*_GONE, OSError) as error:
            raise PoolError("the process that starts the workers ends before it has started one") from error

    def _drop(self, worker: _Worker) -> None:
        self.workers.discard(worker)
        self.selector.unregister(worker.connection)
        worker.close()

    def close(self) -> None:
        for worker in tuple(self.workers):
            self._drop(worker)
            self.nursery.exit_code(worker.pid)  # killed, but on a busy machine not gone yet
        self.nursery.close()
        self.selector.close()
