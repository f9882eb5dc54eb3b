"""llama.cpp in its own environment: the token ids of the training, answers as they are written, adapters applied."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import environment
from tests.conftest import ROOT
from tests.models.tiny import write_gguf

PYTHON = environment.ASK / "bin/python"
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="needs .venv-ask: ./launch.sh setup")
MODELS = {"qwen2.5-coder-0.5b-instruct": "qwen", "gemma-3-270m": "gemma"}


def in_ask_venv(program: str, asked: object) -> object:
    """What a program makes of `asked`: it is called with `asked` and an import path, and prints JSON."""
    head = "import json, sys; from pathlib import Path; asked = json.load(sys.stdin)\n"
    run = subprocess.run(
        [PYTHON, "-c", head + program], input=json.dumps(asked), cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A GGUF file of a random Qwen2 of 60,000 weights."""
    pytest.importorskip("gguf", reason="needs .venv: ./launch.sh setup")
    return write_gguf(tmp_path_factory.mktemp("gguf") / "model-q4_k_m.gguf")


def database(spider: Path, name: str) -> Path:
    return spider / "database" / name / f"{name}.sqlite"


ENCODE = """
from evaluate.generation.llamacpp import Engine
with Engine(Path(asked["gguf"])) as engine:
    print(json.dumps([engine.encode(pieces) for pieces in asked["prompts"]]))
"""


@pytest.mark.slow  # LLaMA-Factory and a real vocabulary are loaded
@pytest.mark.skipif("SPIDER_DIR" not in os.environ, reason="SPIDER_DIR is not set")
@pytest.mark.parametrize("model", MODELS)
def test_the_token_ids_of_200_spider_prompts_and_of_conversations_are_llamafactorys(model):
    folder = ROOT / "data/models" / model
    if not all((folder / name).is_file() for name in ("model-q4_k_m.gguf", "tokenizer.json")):
        pytest.skip(f"needs the weights: python models/run.py {model}")
    from evaluate.generation.prompts import encode
    from prompts.chat_frames import prompt_pieces
    from prompts.tags import expected_tags, prompt_on, schema_for, turns_on
    from tests.prompts.test_chat_frames import by_llamafactory

    spider, tags = Path(os.environ["SPIDER_DIR"]), expected_tags("compact", linked=False)
    recipe = {"model_name_or_path": str(folder), "template": MODELS[model]}
    there = [row for row in json.loads((spider / "dev.json").read_text()) if database(spider, row["db_id"]).is_file()]
    rows = there[:: len(there) // 200][:200]
    schemas = {name: schema_for(database(spider, name), tags) for name in {row["db_id"] for row in rows}}
    prompts = [prompt_on(schemas[row["db_id"]], row["question"], tags) for row in rows]
    plain = encode([{"id": str(number), **prompt._asdict()} for number, prompt in enumerate(prompts)], recipe)
    pieces = [prompt_pieces(recipe, turns_on(schemas[row["db_id"]], [row["question"]], tags)) for row in rows]
    talks = [
        (turns_on(schemas[rows[place]["db_id"]], [row["question"] for row in rows[place : place + 3]], tags), golds)
        for place in range(0, 60, 3)
        for golds in [[row["query"] for row in rows[place : place + 2]]]
    ]
    made = in_ask_venv(
        ENCODE,
        {
            "gguf": str(folder / "model-q4_k_m.gguf"),
            "prompts": pieces + [prompt_pieces(recipe, asked, golds) for asked, golds in talks],
        },
    )
    assert made[:200] == [ids for _, ids in plain.prompts]
    assert made[200:] == [by_llamafactory(recipe, asked, golds) for asked, golds in talks]
    assert len(made) == 220
