"""Statements of people and agents, run in worker processes that can be ended: none hangs or bloats the server.

Two lanes, each with one warm worker; what finds both busy waits, up to a number. A task that nobody waits for any more
is ended with its worker, and another takes its place in milliseconds.
"""

import asyncio
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any

from evaluate.execution.pool import Lost, PoolError, stream
from evaluate.execution.sandbox import MEBIBYTE, Execution
from serve.refusals import Busy
from serve.work import Task

LANES = 2
WAITING = 64
MEMORY_BYTES = 512 * MEBIBYTE  # a worker, beyond what it starts with
RETRY_SECONDS = 2
LOOK_SECONDS = 0.2  # between two looks whether a thread's result is still wanted


class Job:
    """One task, the future of its result, and whether somebody still waits for it."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.future: Future = Future()
        self.abandoned = False


class QueryPool:
    """Runs tasks in worker processes; `run` belongs to the event loop, the lanes are threads."""

    def __init__(self, lanes: int = LANES, waiting: int = WAITING) -> None:
        self._jobs: queue.Queue[Job | None] = queue.Queue(waiting)
        self._lanes = [_Lane(self._jobs) for _ in range(lanes)]

    async def run(self, task: Task) -> Any:
        """What `work.py` makes of the task, or `Lost`. Raises Busy; a caller that is cancelled ends the task."""
        job = Job(task)
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise Busy(RETRY_SECONDS, "too many queries are waiting") from None
        return await self._result(job)

    def run_from_thread(self, task: Task, cancelled: Callable[[], bool]) -> Any:
        """As `run`, from a thread that may wait; raises CancelledError once `cancelled` says so."""
        job = Job(task)
        self._jobs.put(job)
        while True:
            try:
                return job.future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                if cancelled():
                    self._abandon(job)
                    raise CancelledError from None

    async def _result(self, job: Job) -> Any:
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._abandon(job)
            raise

    def _abandon(self, job: Job) -> None:
        job.abandoned = True
        job.future.cancel()  # where it has not begun
        for lane in self._lanes:
            lane.end_if_abandoned()

    def close(self) -> None:
        """End the workers; tasks that are under way are lost."""
        for _ in self._lanes:
            with suppress(queue.Full):
                self._jobs.put_nowait(None)
        for lane in self._lanes:
            lane.close()


class _Lane:
    """A thread with one worker. The worker says its process id before each task, so that the task can be ended."""

    def __init__(self, jobs: "queue.Queue[Job | None]") -> None:
        self.jobs = jobs
        self.lock = threading.Lock()
        self.job: Job | None = None
        self.pid: int | None = None
        self.closed = False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.closed:
            try:
                for answer in stream(
                    self._tasks(), target="serve.work:make_work", settings=None, workers=1, memory_bytes=MEMORY_BYTES
                ):
                    self._take(answer)
            except PoolError as error:
                self._finish(Execution("error", error=str(error).strip().splitlines()[-1]))
                time.sleep(1)  # its workers end before their first step: not in a tight loop

    def _tasks(self) -> Iterator[Task | None]:
        """A question for the process id before each task: its answer comes once the task is handed out."""
        while True:
            yield None
            job = self.jobs.get()
            while job and not job.future.set_running_or_notify_cancel():
                job = self.jobs.get()
            if job is None:
                self.closed = True
                return
            with self.lock:
                self.job = job
            yield job.task

    def _take(self, answer: Any) -> None:
        if isinstance(answer, int):
            with self.lock:
                self.pid = answer
            self.end_if_abandoned()
        else:
            self._finish(answer)

    def _finish(self, answer: Any) -> None:
        with self.lock:
            job, self.job, self.pid = self.job, None, None
        if job:
            job.future.set_result(answer)

    def end_if_abandoned(self) -> None:
        """End the worker where nobody waits for what it does."""
        with self.lock:
            if self.job and self.job.abandoned and self.pid:
                self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGALRM)  # as if its time were over
        self.pid = None

    def close(self) -> None:
        with self.lock:
            self.closed = True
            if self.job and self.pid:
                self._kill()
        self.thread.join(timeout=2)


def execution_of(result: Any, seconds: float) -> Execution:
    """The Execution that a result is, or that tells of a worker that ended."""
    if not isinstance(result, Lost):
        return result
    if result.reason == "overran":
        return Execution("timeout", error=f"longer than {seconds:g} s")
    return Execution("too_large" if result.reason == "memory" else "error", error=result.detail)
