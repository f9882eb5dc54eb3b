"""One tiny random T5 for all tests of this folder."""

from pathlib import Path

import pytest

pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")

from tests.seq2seq.t5_models import save_t5

TEXTS = [
    "SELECT name FROM planets WHERE year = 2009",
    "translate to SQL: How many planets are there? | planets: name, year",
]


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory) -> Path:
    """The folder of a random two-layer T5; its tokenizer lacks what T5's own lacks."""
    return save_t5(tmp_path_factory.mktemp("models") / "tiny-t5", TEXTS * 9)
