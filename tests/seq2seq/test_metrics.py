"""Metrics on generated answers: high where they are right, low where they are not, padding left aside."""

import numpy
import pytest

pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")

from transformers import EvalPrediction

from seq2seq.metrics import compute_metrics, text_metrics
from seq2seq.tokens import load_tokenizer


def test_right_answers_score_one():
    found = text_metrics(["SELECT a FROM t WHERE a < 5"], ["SELECT a  FROM t WHERE a < 5"])
    assert found == {name: pytest.approx(1.0) for name in found}
    assert {"exact_match", "bleu", "rougeL"} <= found.keys()


def test_wrong_answers_score_low():
    found = text_metrics(["SELECT a FROM t"], ["no idea"])
    assert found["exact_match"] == found["syntax_rate"] == found["token_f1"] == found["rouge1"] == 0.0


def test_padding_of_both_kinds_does_not_count(tiny_t5):
    tokenizer = load_tokenizer(tiny_t5)
    ids = tokenizer.encode("SELECT a < 5")
    found = numpy.array([[tokenizer.pad_token_id, *ids, -100, -100]])
    labels = numpy.array([[*ids, -100]])
    assert compute_metrics(EvalPrediction(found, labels), tokenizer)["exact_match"] == 1.0
