"""The server with its model: llama.cpp and the shipped adapter."""

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.network]  # needs the weights

PYTHON = ROOT / ".venv-ask/bin/python"
WEIGHTS = ROOT / "data/models/qwen2.5-coder-0.5b-instruct"


@pytest.fixture(scope="module")
def real(start, shop):
    if not PYTHON.exists() or not list(WEIGHTS.glob("*.gguf")):
        pytest.skip("needs .venv-ask and the GGUF weights: ./launch.sh ask makes both")
    return start(shop, "--deadline", "300", program=[PYTHON, "serve/run.py"])


def test_a_question_is_answered(real):
    answer = real.client.post("/ask", json={"question": "How many items are there?"}, timeout=300).json()
    assert answer["rows"] == [[4]]
    assert 0 < answer["confidence"] <= 1


def test_a_follow_up_knows_the_turn_before(real):
    before = {
        "question": "How many copies of item 1 were sold?",
        "sql": "SELECT SUM(copies) FROM sale WHERE item_id = 1",
    }
    body = {"question": "And of item 2?", "history": [before]}
    answer = real.client.post("/ask", json=body, timeout=300).json()
    assert answer["rows"] == [[5]], answer["sql"]


def test_it_ends_cleanly(real):
    assert real.stop() == 0
    assert real.printed[-1] == "serve: stopped\n"
