"""Training in several processes, through launch.sh on this CPU: torchrun, two "machines", Ray; all give one adapter.

The machines are two launchers on this one, and the Ray cluster is two Ray nodes on it. What a real cluster adds (a
network, a GPU in each machine) is not shown here.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import environment
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (environment.VLLM / "bin/python").exists(), reason="needs .venv-vllm: ./launch.sh setup"),
]
SHORT = ("max_steps=2", "max_samples=64", "logging_steps=1", "report_to=none")
SECONDS = 300


class Launcher:
    """One launch.sh that trains and does not evaluate, with its output in a file."""

    def __init__(self, out: Path, *words: str, log: str = "launch.log", model: Path, **variables: str):
        out.mkdir(parents=True, exist_ok=True)
        self.log = out / log
        command = ["./launch.sh", "gemma3_270m_lora", "--no-evaluate", f"model_name_or_path={model}"]
        one_thread = {"OMP_NUM_THREADS": "1", "LLAMAFACTORY_VERBOSITY": "INFO"}
        with self.log.open("w") as file:
            self.process = subprocess.Popen(
                [*command, f"output_dir={out}", *SHORT, *words],
                cwd=ROOT,
                env=os.environ | one_thread | variables,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def until(self, text: str) -> None:
        """Wait for a line of the output."""
        for _ in range(SECONDS):
            if text in self.log.read_text():
                return
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            time.sleep(1)
        raise AssertionError(self.log.read_text()[-3000:])

    def text(self) -> str:
        """The output of a launcher that ended well."""
        try:
            assert self.process.wait(SECONDS) == 0, self.log.read_text()[-3000:]
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGTERM)
        return self.log.read_text()


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def adapter(out: Path) -> dict:
    from safetensors.torch import load_file

    return load_file(out / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def two_processes(tiny_model, tmp_path_factory) -> tuple[Path, str]:
    """The output folder and the log of a training in two processes of one machine."""
    out = tmp_path_factory.mktemp("out") / "two_processes"
    variables = {"FORCE_TORCHRUN": "1", "NPROC_PER_NODE": "2"}
    return out, Launcher(out, model=tiny_model, **variables).text()


def assert_same_training(out: Path, other: Path) -> None:
    import torch

    first, second = adapter(out), adapter(other)
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.allclose(first[name], second[name], rtol=1e-2, atol=1e-4)] == []


def test_two_processes_train_one_adapter(two_processes):
    out, log = two_processes
    assert "Process rank: 0, world size: 2, device: cpu:0, distributed training: True" in log
    assert "Process rank: 1, world size: 2, device: cpu:0, distributed training: True" in log
    assert any(weights.abs().max() > 0 for name, weights in adapter(out).items() if "lora_B" in name)
    assert (out / "training.json").is_file()


def test_it_is_scored_by_two_engines_that_share_the_questions(two_processes, tmp_path):
    out, _ = two_processes
    words = ["--adapter", out, "--gpus", "2", "--limit", "70", "--max-tokens", "4", "--out", tmp_path / "evaluation"]
    variables = {"CUDA_VISIBLE_DEVICES": "0,1", "VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [environment.TRAIN / "bin/python", "evaluate/run.py", *map(str, words)],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    assert [run.stdout.count(f"+ CUDA_VISIBLE_DEVICES={gpu} ") for gpu in (0, 1)] == [1, 1]
    report = json.loads((tmp_path / "evaluation/report.json").read_text())
    assert sum(report["outcomes"].values()) == 70


def test_two_machines_train_the_same_adapter_and_the_first_keeps_the_records(two_processes, tiny_model, tmp_path):
    shared = {"NNODES": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    machines = [
        Launcher(tmp_path / "two_machines", model=tiny_model, log=f"{rank}.log", NODE_RANK=str(rank), **shared)
        for rank in (0, 1)
    ]
    logs = [machine.text() for machine in machines]
    assert all(f"Process rank: {rank}, world size: 2" in log for rank, log in enumerate(logs))
    assert ["recipe.py finish" in log for log in logs] == [True, False]
    assert_same_training(tmp_path / "two_machines", two_processes[0])


@contextmanager
def ray_node(*words: str):
    """A Ray node that ends, with all its processes, when the test does."""
    command = [environment.TRAIN / "bin/ray", "start", *words, "--block", "--disable-usage-stats"]
    memory = ["--object-store-memory", "100000000"]
    with subprocess.Popen([str(word) for word in command + memory], stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.fixture
def ray_folder():
    """A folder with a short name: those of Ray's sockets may have 107 letters."""
    folder = tempfile.mkdtemp(prefix="ray")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def await_port(address: str) -> None:
    host, port = address.rsplit(":", 1)
    for _ in range(60):
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(1)
    raise AssertionError(f"no Ray at {address}")


def test_ray_trains_the_same_adapter(two_processes, tiny_model, tmp_path, ray_folder):
    """LLaMA-Factory asks Ray for 10 CPUs a device and, where there is no GPU, counts as many devices as CPUs when it
    starts. So it starts on a cluster with two, and a node with twenty joins."""
    from ray.util import get_node_ip_address

    port = free_port()
    address = f"{get_node_ip_address()}:{port}"
    with ray_node("--head", "--port", port, "--num-cpus", "2", "--temp-dir", ray_folder):
        await_port(address)
        variables = {"USE_RAY": "1", "RAY_ADDRESS": address}
        training = Launcher(tmp_path / "ray", "ray_num_workers=2", model=tiny_model, **variables)
        training.until("using head node ip")
        with ray_node("--address", address, "--num-cpus", "20"):
            log = training.text()
    assert "Process rank: 1, world size: 2" in log
    assert (tmp_path / "ray/training.json").is_file()
    assert_same_training(tmp_path / "ray", two_processes[0])
