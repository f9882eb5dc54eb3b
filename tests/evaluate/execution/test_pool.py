"""Workers that hang, crash or run out of memory cost their own task and nothing else, and none outlives its pool."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evaluate.execution.pool import Lost, PoolError, stream

ROOT = Path(__file__).resolve().parents[3]
TARGET = "tests.evaluate.execution.pool_work:make_work"


def run(tasks, workers=2, seconds=20.0, **limits):
    return list(stream(tasks, target=TARGET, settings={"seconds": seconds}, workers=workers, **limits))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition, seconds=10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_results_come_in_the_order_of_the_tasks_however_long_each_takes():
    assert run([("sleep", 0.3), ("sleep", 0), ("sleep", 0.1)]) == ["slept 0.3", "slept 0", "slept 0.1"]


def test_workers_stay_warm():
    assert len(set(run([("pid", None)] * 20))) <= 2


def test_no_tasks_give_no_results():
    assert run([]) == []


def test_more_workers_than_tasks_are_fine():
    assert len(run([("pid", None)], workers=3)) == 1


def test_tasks_are_taken_only_as_workers_come_free():
    taken = []

    def tasks():
        for n in range(100):
            taken.append(n)
            yield ("sleep", 0)

    results = stream(tasks(), target=TARGET, settings={"seconds": 20.0}, workers=1)
    next(results)
    assert len(taken) == 2
    results.close()


def test_a_c_call_that_overruns_is_ended_and_the_others_go_on():
    start = time.monotonic()
    lost = Lost("overran", "longer than 0.5 s", "at hang None")
    assert run([("hang", None), ("sleep", 0), ("hang", None), ("sleep", 0)], seconds=0.5) == [
        lost, "slept 0", lost, "slept 0",
    ]  # fmt: skip
    assert time.monotonic() - start < 30


def test_a_step_within_its_time_is_not_ended():
    assert run([("sleep", 0.2)] * 3, seconds=2.0) == ["slept 0.2"] * 3


@pytest.mark.parametrize(
    ("task", "lost"),
    [
        (("crash", None), Lost("died", "the worker crashed: SIGSEGV", "at crash None")),
        (("exit", 5), Lost("died", "the worker crashed: exit status 5", "at exit 5")),
        (("kill", None), Lost("memory", "more memory than a worker may use", "at kill None")),
        (("eat", 2**30), Lost("memory", "more memory than a worker may use", f"at eat {2**30}")),
    ],
)
def test_a_worker_that_dies_is_an_answer_and_is_replaced(task, lost):
    results = run([task, ("eat", 1_000_000)], workers=1, memory_bytes=2**29)
    assert results == [lost, 1_000_000]


def test_a_defect_of_the_work_is_raised_with_its_traceback():
    with pytest.raises(PoolError, match="LookupError: this key"):
        run([("broken", "this key")])


def test_a_worker_that_ends_before_it_says_what_it_does_is_a_defect():
    with pytest.raises(PoolError, match="3 workers ended before their first step, the last with exit status 3"):
        run([("die at once", None)])


def test_a_worker_cannot_fill_a_file(tmp_path):
    assert run([("write", str(tmp_path / "file"))]) == ["File too large"]
    assert [file.stat().st_size for file in tmp_path.iterdir()] == [0]


def test_a_worker_that_is_killed_while_idle_costs_nothing():
    tasks = iter([("pid", None), ("sleep", 0.5)])
    results = stream(tasks, target=TARGET, settings={"seconds": 20.0}, workers=2)
    os.kill(next(results), signal.SIGKILL)  # no task is left for it, while the other one still works
    assert list(results) == ["slept 0.5"]


def test_workers_import_no_more_than_they_need():
    names = ["sqlglot", "torch", "numpy", "pytest", "asyncio"]
    assert run([("modules", names)]) == [[]]


def test_closing_early_leaves_no_process():
    results = stream(iter([("pid", None)] + [("hang", None)] * 5), target=TARGET, settings={"seconds": 60}, workers=2)
    pid = next(results)
    assert is_running(pid)
    results.close()
    assert not is_running(pid)


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from evaluate.execution.pool import stream
tasks = [("pid", None), ("pid", None)] + [("hang", None)] * 9
results = stream(iter(tasks), target={target!r}, settings={{"seconds": 60}}, workers=2)
print(next(results), next(results), flush=True)
next(results)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda ending: ending.name)
def test_no_process_is_left_when_the_program_is_ended(ending):
    script = SCRIPT.format(root=str(ROOT), target=TARGET)
    program = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )
    pids = {int(pid) for pid in program.stdout.readline().split()}
    time.sleep(0.3)  # the workers are in the midst of C calls by now
    program.send_signal(ending)
    program.wait(timeout=10)
    program.stdout.close()
    assert pids
    assert wait_until(lambda: not any(map(is_running, pids)))
