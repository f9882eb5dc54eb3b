"""The GPUs of a machine, told by an nvidia-smi of this test, and its CPU, told by a cpuinfo of it."""

import pytest

from recipes import hardware


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
    assert (hardware.has_gpu(), hardware.visible_gpus(), hardware.gpu_memory()) == (False, [], [])


def test_an_nvidia_smi_that_fails_is_no_gpu(nvidia_smi):
    nvidia_smi("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'", "exit 9")
    assert (hardware.has_gpu(), hardware.visible_gpus(), hardware.gpu_memory()) == (False, [], [])


def test_each_gpu_is_seen_with_its_memory(nvidia_smi):
    nvidia_smi("[ $1 = -L ] && echo 'GPU 0: one' && echo 'GPU 1: two' || { echo 24564; echo 81559; }")
    assert (hardware.has_gpu(), hardware.visible_gpus()) == (True, ["0", "1"])
    assert hardware.gpu_memory() == [24564 * 2**20, 81559 * 2**20]


@pytest.mark.parametrize(("chosen", "visible"), [("", []), ("1", ["1"]), ("GPU-a, GPU-b", ["GPU-a", "GPU-b"])])
def test_cuda_visible_devices_says_which_are_used(nvidia_smi, monkeypatch, chosen, visible):
    nvidia_smi("echo 'GPU 0: one'")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert hardware.visible_gpus() == visible


@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ("flags\t\t: fpu sse2 avx2 avx512f avx512_bf16 amx_tile", True),
        ("flags\t\t: fpu avx512f amx_bf16 amx_tile", True),
        ("Features\t: fp asimd i8mm bf16 dgh", True),
        ("flags\t\t: fpu sse2 fma avx avx2", False),
        ("flags\t\t: fpu avx2 avx512f avx512bw", False),
    ],
)
def test_a_cpu_computes_in_bf16_where_its_flags_say_so(tmp_path, flags, has):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nmodel name\t: some\n{flags}\n")
    assert hardware.cpu_has_bf16(tmp_path / "cpuinfo") == has


def test_a_machine_without_cpuinfo_computes_in_32_bits(tmp_path):
    assert not hardware.cpu_has_bf16(tmp_path / "cpuinfo")
