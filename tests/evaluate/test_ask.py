"""evaluate/ask.py as it is typed: what it refuses before anything is loaded."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.databases import make_database

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")


def ask(folder, *words) -> subprocess.CompletedProcess:
    """Ask an adapter in `folder` whose recipe trains a T5."""
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text("{}")
    (folder / "training.json").write_text('{"prompt_tags": ["style:t5"]}')
    make_database(folder / "shop.sqlite", "CREATE TABLE item(name TEXT)")
    recipe = {"stage": "seq2seq", "model_name_or_path": "t5", "dataset": "none_train", "output_dir": str(folder)}
    (folder / "recipe.yaml").write_text(json.dumps(recipe))
    common = [folder / "shop.sqlite", "How many?", "--adapter", folder]
    command = [sys.executable, str(ROOT / "evaluate/ask.py"), *map(str, [*words, *common])]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        (
            "http://localhost:1",
            1,
            "ask: --server: vLLM serves no encoder-decoder such as T5. Leave --server out\n",
        ),
        (
            "localhost:1",
            2,
            "argument --server: 'localhost:1' is no address of a server; expected one as http://localhost:8000\n",
        ),
    ],
    ids=["encoder-decoder", "no address"],
)
def test_a_server_that_cannot_answer_is_refused_as_by_the_evaluator(tmp_path, address, status, message):
    run = ask(tmp_path / "t5", "--server", address)
    assert run.returncode == status
    assert run.stderr.endswith(message)


def test_a_folder_of_several_trainings_is_misuse(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text("{}")
        values = {"model_name_or_path": "base", "template": "gemma", "dataset": "x", "output_dir": "out"}
        (tmp_path / name / "recipe.yaml").write_text(json.dumps(values))
    command = [sys.executable, ROOT / "evaluate/ask.py", "shop.sqlite", "How?", "--adapter", tmp_path]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr == f"ask: {tmp_path}: holds 2 trainings (a, b). Name one: --adapter {tmp_path}/a\n"


@pytest.mark.slow  # LLaMA-Factory is loaded
def test_a_model_that_cannot_be_had_is_told_without_a_traceback(tmp_path):
    folder = tmp_path / "lost"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (folder / "training.json").write_text('{"prompt_tags": ["style:ddl"]}')
    values = {
        "model_name_or_path": str(tmp_path / "gone"),
        "template": "llama3",
        "dataset": "x",
        "output_dir": str(folder),
    }
    (folder / "recipe.yaml").write_text(json.dumps(values))
    make_database(folder / "shop.sqlite", "CREATE TABLE item(name TEXT)")
    words = [folder / "shop.sqlite", "How many?", "--server", "http://localhost:1", "--adapter", folder]
    command = [sys.executable, ROOT / "evaluate/ask.py", *words]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.splitlines()[-1].startswith("ask: ")
