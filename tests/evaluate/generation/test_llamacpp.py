"""llama.cpp in its own environment: the token ids of the training, answers as they are written, adapters applied."""

import json
import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

import environment
from evaluate.generation import kept_prompt
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
@pytest.mark.network  # needs the weights
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


WRITE = """
from concurrent.futures import ThreadPoolExecutor
from evaluate.generation.llamacpp import Engine
adapter = asked.get("adapter")
with Engine(Path(asked["gguf"]), Path(adapter) if adapter else None, slots=2, context=512) as engine:
    seen = []
    first = engine.complete(["<|im_start|>a", "b"], max_tokens=20, on_text=seen.append)
    with ThreadPoolExecutor(4) as threads:
        others = list(threads.map(lambda _: engine.complete(["<|im_start|>a", "b"], max_tokens=20), range(8)))
    stopped = engine.complete(["<|im_start|>a", "b"], max_tokens=20, cancelled=lambda: True)
    ids = engine.encode(["<|im_start|>a", "b"])
    try:
        engine.complete(["a" * 600], max_tokens=1)
        refused = ""
    except Exception as error:
        refused = f"{type(error).__name__}: {error}"
print(json.dumps({"first": first, "seen": seen, "others": others, "stopped": stopped, "ids": ids, "refused": refused}))
"""


@pytest.fixture(scope="module")
def written(tiny) -> dict:
    return in_ask_venv(WRITE, {"gguf": str(tiny)})


def test_an_answer_is_written_piece_by_piece_with_the_probability_of_its_tokens(written):
    text, reason, tokens, confidence = written["first"]
    assert (reason, tokens) == ("length", 20)
    assert written["seen"][-1] == text
    assert all(after.startswith(before) for before, after in pairwise(written["seen"]))
    assert 0 < confidence < 1


def test_several_threads_are_answered(written):
    """Two slots at once may round otherwise than one, so that the text of a random model differs."""
    assert [made[1:3] for made in written["others"]] == [written["first"][1:3]] * 8


def test_an_answer_ends_where_it_is_cancelled(written):
    text, reason, tokens, _ = written["stopped"]
    assert reason == "cancelled"
    assert tokens < 20
    assert written["first"][0].startswith(text)


def test_pieces_are_tokenized_alone(written):
    assert written["ids"] == [258, *written["ids"][1:]]  # `ab` is a token, but `a` and `b` are in two pieces
    assert len(written["ids"]) == 3


def test_a_prompt_that_does_not_fit_is_refused(written):
    assert written["refused"].startswith("GenerationError: llama.cpp: ")


KEEP = """
from evaluate.generation.kept_prompt import KeptPrompt
from evaluate.generation.llamacpp import Engine
counted = []
for name, prompt in asked["prompts"]:
    kept = KeptPrompt(name, [Path(asked["gguf"])], Path(asked["folder"]))
    with Engine(Path(asked["gguf"]), context=512, kept=kept) as engine:
        chunks = []
        body = {"prompt": prompt, "max_tokens": 2, "stream": True, "temperature": 0}
        engine._server.handle_completions(body, lambda chunk: bool(chunks.append(chunk)))
        counted.append(next(c["usage"]["prompt_tokens_details"]["cached_tokens"] for c in chunks if c.get("usage")))
    if asked.get("damage"):
        for path in Path(asked["folder"]).glob("*.bin"):
            path.write_bytes(path.read_bytes()[: asked["damage"]])
print(json.dumps({"cached": counted, "files": len(list(Path(asked["folder"]).glob("*")))}))
"""


def test_a_kept_prompt_is_computed_once_and_only_as_far_as_it_is_the_same(tiny, tmp_path):
    prompts = [("shop", [5, 6, 7, 8, 9]), ("shop", [5, 6, 7, 8, 9, 10]), ("shop", [5, 6, 30, 31]), ("bar", [5, 6, 7])]
    made = in_ask_venv(KEEP, {"gguf": str(tiny), "folder": str(tmp_path / "new"), "prompts": prompts})
    assert made == {"cached": [0, 5, 2, 0], "files": 2}


@pytest.mark.parametrize("end", [-1, 10, 200])  # the file is cut there
def test_a_damaged_file_is_as_good_as_none(end, tiny, tmp_path):
    asked = {"gguf": str(tiny), "folder": str(tmp_path), "prompts": [("shop", [5, 6, 7])] * 2, "damage": end}
    assert in_ask_venv(KEEP, asked)["cached"] == [0, 0]


def test_where_nothing_can_be_written_nothing_is_kept(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    asked = {"gguf": str(tiny), "folder": str(tmp_path / "file/below"), "prompts": [("shop", [5, 6, 7])] * 2}
    assert in_ask_venv(KEEP, asked) == {"cached": [0, 0], "files": 0}


def test_the_oldest_files_go_where_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_prompt, "LARGEST", 30)
    model = tmp_path / "model.gguf"
    model.write_bytes(b"x")
    for number, name in enumerate("abcd"):
        kept = kept_prompt.KeptPrompt(name, [model], tmp_path / "kept")
        kept.save(lambda path, body: (tmp_path / "kept" / body["filename"]).write_bytes(b"0123456789"))
        (file,) = kept.folder.glob(f"{kept.key}-*")
        os.utime(file, (number, number))
    assert sorted(int(path.stat().st_mtime) for path in (tmp_path / "kept").iterdir()) == [1, 2, 3]


def test_an_adapter_changes_the_answer_and_one_of_zeros_does_not(tiny, written, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    from models import adapter_gguf as module
    from tests.models.test_adapter_gguf import NAME, write_adapter

    monkeypatch.setattr(module, "FOLDER", tmp_path / "made")
    texts = []
    for factor in (0.0, 1.0):
        torch.manual_seed(0)
        one, other = torch.randn(4, 64), torch.randn(64, 4) * factor
        tensors = {NAME.format(0, "self_attn.o_proj", "A"): one, NAME.format(0, "self_attn.o_proj", "B"): other}
        adapter = module.adapter_gguf(write_adapter(tmp_path / "a", tensors), tiny)
        texts.append(in_ask_venv(WRITE, {"gguf": str(tiny), "adapter": str(adapter)})["first"][0])
    assert texts[0] == written["first"][0] != texts[1]


def test_the_worker_answers_what_is_left_and_keeps_what_is_there(tiny, tmp_path):
    lines = [{"id": key, "prompt_token_ids": [258, 65, number]} for number, key in enumerate("abc")]
    (tmp_path / "prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "completions.jsonl").write_text('{"id": "b", "completion": "kept"}\n{"id": "c", "compl')
    job = {"model": str(tiny), "adapter": None, "max_tokens": 5, "batch": 2, "max_model_len": 9}
    files = {name: str(tmp_path / f"{name}.jsonl") for name in ("prompts", "completions")}
    (tmp_path / "job.json").write_text(json.dumps(job | files))
    run = subprocess.run(
        [PYTHON, ROOT / "evaluate/generation/llamacpp_worker.py", tmp_path / "job.json"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    made = {row["id"]: row for row in map(json.loads, (tmp_path / "completions.jsonl").read_text().splitlines())}
    assert made.keys() == {"a", "b", "c"}
    assert made["b"]["completion"] == "kept"
    assert made["a"]["tokens"] <= 5
