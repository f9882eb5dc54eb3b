"""The inside of the processes of `pool.py`: a nursery that imports what the work needs, and the workers it forks.

A worker takes a task, does it under a timer, sends the result, until the end. It is limited before its first task: its
address space, files (none can grow), core files (none); and it ends with the process that started it, even in the
middle of a C call.
"""

import gc
import importlib
import os
import pickle
import resource
import select
import signal
import threading
import traceback
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any, NamedTuple

from evaluate.execution.sandbox import WALL_PER_CPU

STEP, ANSWER, BROKEN = b"S", b"A", b"B"  # the first byte of a message; steps are unpickled only if they are the last
MEMORY_EXIT = 87  # exit status of a worker that ran out of memory outside SQLite


class Order(NamedTuple):
    """The first message to a nursery: what its workers are for."""

    target: str
    settings: Any
    memory_bytes: int


class Step(NamedTuple):
    """A worker begins something that may take `seconds` at most; `state` is what is known if it never comes back."""

    seconds: float
    state: Any


def main(descriptor: int) -> None:
    """Be the nursery: fork a worker for every pipe that comes, say how a worker ended when asked for its pid."""
    control = Connection(descriptor)
    try:
        order: Order = control.recv()
        module, _, factory = order.target.partition(":")
        make_work = getattr(importlib.import_module(module), factory)
        gc.freeze()
        while True:
            pid = control.recv()
            if pid:
                control.send(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            else:
                _fork(control, order, make_work)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _fork(control: Connection, order: Order, make_work: Any) -> None:
    pipe = recv_handle(control)
    pid = os.fork()
    if pid:
        os.close(pipe)
        control.send(pid)
        return
    control.close()
    try:
        _work(Connection(pipe), order, make_work)
    except MemoryError:
        os._exit(MEMORY_EXIT)
    except BaseException:  # reported below; a forked process must not return into its parent's code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _work(connection: Connection, order: Order, make_work: Any) -> None:
    threading.stack_size(256 * 1024)
    threading.Thread(target=_end_with_parent, args=(connection.fileno(),), daemon=True).start()
    _limit(order.memory_bytes)
    try:
        _serve(connection, make_work(order.settings))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _serve(connection: Connection, work: Any) -> None:
    def announce(seconds: float, state: Any, *, cpu: bool = False) -> None:
        """Begin a step: so many seconds by the clock, or of CPU time, which a busy machine does not use up."""
        _set_timers(0, 0)  # sending is not part of the step before
        connection.send_bytes(STEP + pickle.dumps(Step(seconds, state)))
        _set_timers(*((seconds * WALL_PER_CPU, seconds) if cpu else (seconds, 0)))

    while True:
        task = connection.recv()
        try:
            message = ANSWER + pickle.dumps(work(task, announce))
        except MemoryError:
            raise
        except Exception:  # a defect, which the pool raises as its own
            message = BROKEN + traceback.format_exc().encode("utf-8", "replace")
        _set_timers(0, 0)
        connection.send_bytes(message)


def _set_timers(wall: float, cpu: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, wall)
    signal.setitimer(signal.ITIMER_PROF, cpu)


def _limit(memory_bytes: int) -> None:
    """Limit this process; `memory_bytes` are counted from what it has now."""
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes + _address_space()),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            continue  # macOS refuses some; SQLite's own limits hold everywhere


def _address_space() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _end_with_parent(descriptor: int) -> None:
    """Wait until the other end of the pipe is gone. SQLite runs without Python's lock, so this is never held up."""
    poll = select.poll()
    poll.register(descriptor, 0)
    while not poll.poll():
        pass
    os._exit(0)
