"""Programs of the repository as they are typed, each in a process of its own, without the second their imports take.

A server that has imported them once forks a process a call, so nothing that one leaves behind reaches another.
"""

import importlib
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.programs", "converters.run", "evaluate.run", "rouge_score.rouge_scorer"])


def run_program(path: str, *words: object, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """What `python PATH WORDS...` does in `cwd`; `path` is relative to the repository, and that file has a `main()`."""
    command = [path, *map(str, words)]
    with TemporaryDirectory() as folder:
        told = [Path(folder, name) for name in ("stdout", "stderr")]
        process = SERVER.Process(target=start, args=(command, dict(os.environ), cwd, told))
        process.start()
        process.join()
        return subprocess.CompletedProcess(command, process.exitcode, *(file.read_text() for file in told))


def start(command: list[str], variables: dict[str, str], cwd: Path, told: list[Path]) -> None:
    """Become the program: its arguments, variables, working directory and output files, then its `main()`."""
    for descriptor, file in enumerate(told, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = command
    sys.exit(importlib.import_module(command[0].removesuffix(".py").replace("/", ".")).main())
