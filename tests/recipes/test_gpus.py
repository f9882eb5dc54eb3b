"""The GPUs of a machine, told by an nvidia-smi of this test."""

import pytest

from recipes import gpus


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """A function that puts a program of that name, with these lines of shell, where programs are looked for."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(*lines: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        program.chmod(0o755)

    return install


def test_without_nvidia_smi_there_is_no_gpu(nvidia_smi):
    assert (gpus.has_gpu(), gpus.visible_gpus(), gpus.gpu_memory()) == (False, [], [])


def test_an_nvidia_smi_that_fails_is_no_gpu(nvidia_smi):
    nvidia_smi("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'", "exit 9")
    assert (gpus.has_gpu(), gpus.visible_gpus(), gpus.gpu_memory()) == (False, [], [])


def test_each_gpu_is_seen_with_its_memory(nvidia_smi):
    nvidia_smi("[ $1 = -L ] && echo 'GPU 0: one' && echo 'GPU 1: two' || { echo 24564; echo 81559; }")
    assert (gpus.has_gpu(), gpus.visible_gpus()) == (True, ["0", "1"])
    assert gpus.gpu_memory() == [24564 * 2**20, 81559 * 2**20]


@pytest.mark.parametrize(("chosen", "visible"), [("", []), ("1", ["1"]), ("GPU-a, GPU-b", ["GPU-a", "GPU-b"])])
def test_cuda_visible_devices_says_which_are_used(nvidia_smi, monkeypatch, chosen, visible):
    nvidia_smi("echo 'GPU 0: one'")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert gpus.visible_gpus() == visible
