"""evaluate/ask.py as it is typed: what it refuses before anything is loaded."""

import json
import sqlite3
import subprocess
import sys

import pytest

from tests.conftest import ROOT

pytest.importorskip("llamafactory", reason="needs .venv: ./launch.sh setup")


def ask(folder, *words) -> subprocess.CompletedProcess:
    """Ask an adapter in `folder` whose recipe trains a T5."""
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text("{}")
    (folder / "training.json").write_text('{"prompt_tags": ["style:t5"]}')
    with sqlite3.connect(folder / "shop.sqlite") as connection:
        connection.execute("CREATE TABLE item(name TEXT)")
    connection.close()
    recipe = {"stage": "seq2seq", "model_name_or_path": "t5", "dataset": "none_train", "output_dir": str(folder)}
    (folder / "recipe.yaml").write_text(json.dumps(recipe))
    common = ["--adapter", folder, "--database", folder / "shop.sqlite", "How many?"]
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
