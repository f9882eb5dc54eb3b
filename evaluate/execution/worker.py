"""The inside of a worker process of `pool.py`: take a task, do it under a timer, send the result, until the end.

Set up here, before any task: address space limited, no file can grow, no core file is written, and the process ends
with the one that started it even in the middle of a C call.
"""

import importlib
import os
import pickle
import resource
import select
import signal
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

STEP, ANSWER = b"S", b"A"  # the first byte of a message: steps are unpickled only if they turn out to be the last
MEMORY_EXIT = 87  # exit status of a worker that ran out of memory outside SQLite


class Order(NamedTuple):
    """The first message to a worker: what it is for."""

    target: str
    settings: Any
    memory_bytes: int


class Step(NamedTuple):
    """A worker begins something that may take `seconds` at most; `state` is what is known if it never comes back."""

    seconds: float
    state: Any


class Done(NamedTuple):
    """A task's result."""

    result: Any


class Broken(NamedTuple):
    """The work raised, which it never should."""

    traceback: str


def main(descriptor: int) -> None:
    """Serve the pipe at this file descriptor until its other end closes."""
    connection = Connection(descriptor)
    threading.Thread(target=_end_with_parent, args=(descriptor,), daemon=True).start()
    try:
        order: Order = connection.recv()
        _limit(order.memory_bytes)
        _serve(connection, order)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except MemoryError:
        os._exit(MEMORY_EXIT)


def _serve(connection: Connection, order: Order) -> None:
    module, _, factory = order.target.partition(":")
    work = getattr(importlib.import_module(module), factory)(order.settings)

    def announce(seconds: float, state: Any) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)  # sending is not part of the step before
        connection.send_bytes(STEP + pickle.dumps(Step(seconds, state)))
        signal.setitimer(signal.ITIMER_REAL, seconds)

    while True:
        task = connection.recv()
        try:
            answer: Done | Broken = Done(work(task, announce))
        except MemoryError:
            raise
        except Exception:  # reported, and raised by the pool as its own
            answer = Broken(traceback.format_exc())
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send_bytes(ANSWER + pickle.dumps(answer))


def _limit(memory_bytes: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            continue  # macOS refuses some; SQLite's own limits hold everywhere


def _end_with_parent(descriptor: int) -> None:
    """Wait until the other end of the pipe is gone. SQLite runs without Python's lock, so this is never held up."""
    poll = select.poll()
    poll.register(descriptor, 0)
    while not poll.poll():
        pass
    os._exit(0)
