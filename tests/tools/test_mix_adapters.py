"""The mean of two adapters."""

import json

import pytest

torch = pytest.importorskip("torch", reason="needs .venv: ./launch.sh setup")
from safetensors.torch import load_file, save_file  # noqa: E402

from tests.programs import run_program  # noqa: E402


def adapter(folder, value: float, columns: int = 3):
    folder.mkdir()
    save_file(
        {"a": torch.full((2, columns), value), "b": torch.full((columns,), -value)},
        folder / "adapter_model.safetensors",
    )
    (folder / "adapter_config.json").write_text(json.dumps({"r": 2, "from": folder.name}))
    return folder


def mix(*words):
    return run_program("tools/mix_adapters.py", *map(str, words))


def test_the_mean_is_weighted_and_the_second_gives_the_configuration(tmp_path):
    first, second, out = adapter(tmp_path / "first", 1.0), adapter(tmp_path / "second", 3.0), tmp_path / "out"
    run = mix(first, second, "--share", "0.75", "--out", out)
    assert (run.returncode, run.stderr) == (0, "")
    mixed = load_file(out / "adapter_model.safetensors")
    assert (mixed["a"].unique().tolist(), mixed["b"].unique().tolist()) == ([2.5], [-2.5])
    assert mixed["a"].dtype == torch.bfloat16
    assert json.loads((out / "adapter_config.json").read_text()) == {"r": 2, "from": "second"}


def test_adapters_of_other_shapes_are_refused(tmp_path):
    first, second = adapter(tmp_path / "first", 1.0), adapter(tmp_path / "second", 3.0, columns=4)
    run = mix(first, second, "--out", tmp_path / "out")
    assert run.returncode == 2
    assert "adapters of other shapes" in run.stderr
    assert not (tmp_path / "out").exists()
