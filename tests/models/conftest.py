"""Packages with a tiny model's parts, which pip finds on the local disk."""

import pytest

from tests.models.tiny import index, write_gguf, write_packages


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """The folder in which pip looks for packages; it looks nowhere else."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name, value in index(folder).items():
        monkeypatch.setenv(name, value)
    return folder


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory):
    pytest.importorskip("gguf", reason="needs .venv: ./launch.sh setup")
    return write_gguf(tmp_path_factory.mktemp("gguf") / "model-q4_k_m.gguf")


@pytest.fixture
def tiny(packages, tiny_gguf):
    """A model that can be made from the packages."""
    return write_packages(packages, tiny_gguf.read_bytes())
