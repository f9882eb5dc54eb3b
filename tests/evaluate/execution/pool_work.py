"""Work for the pool's tests: each task says what becomes of its worker. Imported by worker processes."""

import ctypes
import os
import signal
import sqlite3
import time

FOR_EVER = "SELECT instr(hex(zeroblob(4000000)), hex(zeroblob(1900000)) || '1')"  # minutes in one C call


def make_work(settings):
    return lambda task, announce: do(task, announce, settings)


def do(task, announce, settings):
    action, value = task
    if action == "broken":
        raise LookupError(value)
    if action == "die at once":
        os._exit(3)
    announce(settings["seconds"], f"at {action} {value}")
    return ACTIONS[action](value)


def hang_in_c(value):
    return sqlite3.connect(":memory:").execute(FOR_EVER).fetchone()


def sleep(seconds):
    time.sleep(seconds)
    return f"slept {seconds}"


def eat(size):
    return len(bytearray(size))


def crash(value):
    ctypes.string_at(0)


def write(path):
    try:
        with open(path, "w") as file:
            file.write("text")
    except OSError as error:
        return error.strerror
    return "written"


ACTIONS = {
    "say": lambda value: f"{value} from {os.getpid()}",
    "pid": lambda value: os.getpid(),
    "hang": hang_in_c,
    "sleep": sleep,
    "eat": eat,
    "crash": crash,
    "write": write,
    "kill": lambda value: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda status: os._exit(status),
    "modules": lambda names: [name for name in names if name in __import__("sys").modules],
}
