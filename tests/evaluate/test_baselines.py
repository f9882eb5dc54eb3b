"""Untuned models are evaluated once for all trainings that ask them alike."""

import json

import pytest

from evaluate.baselines import base_name, how_asked

GEMMA = {"model_name_or_path": "google/gemma", "template": "gemma", "learning_rate": 1.0}


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"learning_rate": 2.0}, "gemma_base_band_eval"),
        ({"template": "alpaca"}, "gemma_base_band_eval_alpaca_d0f3f4"),
        ({"default_system": ""}, "gemma_base_band_eval_gemma_1916b6"),
        ({"model_name_or_path": "mine/gemma"}, "gemma_base_band_eval_gemma_20d161"),
    ],
)
def test_base_figures_are_shared_by_trainings_that_ask_alike_only(tmp_path, other, name):
    data = tmp_path / "band_eval.json"
    first = base_name(tmp_path, how_asked(GEMMA), data)
    assert first == "gemma_base_band_eval"
    report = tmp_path / first / "evaluation/report.json"
    report.parent.mkdir(parents=True)
    report.write_text(json.dumps({"run": {"name": first, "seconds": 1} | how_asked(GEMMA)}))
    assert base_name(tmp_path, how_asked(GEMMA | other), data) == name
    assert base_name(tmp_path, how_asked(GEMMA), data) == first
