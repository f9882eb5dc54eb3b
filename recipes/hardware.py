"""What this machine computes with: its NVIDIA GPUs, by nvidia-smi, and its CPU. torch need not be loaded for it."""

import os
import subprocess
from pathlib import Path

BF16_FLAGS = {"amx_bf16", "avx512_bf16", "bf16"}  # of x86 and, the last, ARM


def cpu_has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU multiplies bf16 itself: else torch 2.11 takes up to 70 times as long for it as for 32 bits."""
    try:
        return not BF16_FLAGS.isdisjoint(cpuinfo.read_text().split())
    except OSError:
        return False


def has_gpu() -> bool:
    """Whether an NVIDIA GPU answers."""
    return bool(listed())


def visible_gpus() -> list[str]:
    """The GPUs this process may use, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return [str(number) for number, _ in enumerate(listed())]
    return [name.strip() for name in chosen.split(",") if name.strip()]


def gpu_memory() -> list[float]:
    """The memory of each GPU in bytes; empty where there is none."""
    lines = nvidia_smi("--query-gpu=memory.total", "--format=csv,noheader,nounits")
    return [float(line) * 2**20 for line in lines if line.isdigit()]


def listed() -> list[str]:
    """A line for each GPU."""
    return [line for line in nvidia_smi("-L") if line.startswith("GPU ")]


def nvidia_smi(*words: str) -> list[str]:
    """The lines that nvidia-smi prints; none where it is not there or fails."""
    try:
        run = subprocess.run(["nvidia-smi", *words], capture_output=True, text=True)
    except FileNotFoundError:
        return []
    return run.stdout.splitlines() if run.returncode == 0 else []
