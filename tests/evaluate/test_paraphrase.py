"""The round trip with given texts, and evaluate/paraphrase.py as it is typed, with llama.cpp on a tiny model."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

import environment
from evaluate.asker import SHIPPED
from evaluate.generation.llamacpp import Completion
from evaluate.round_trip import Paraphraser
from tests.conftest import ROOT
from tests.models.tiny import write_gguf

PYTHON = environment.ASK / "bin/python"
needs_llamacpp = pytest.mark.skipif(not PYTHON.exists(), reason="needs .venv-ask: ./launch.sh setup")
ROW = {
    "id": "shop-made-1",
    "db_id": "shop",
    "database": "shop/shop.sqlite",
    "question": "number of authors from Japan",
    "output": "SELECT COUNT(*) FROM author WHERE country = 'Japan'",
    "tags": ["style:compact", "generated"],
}
RIGHT = "SELECT COUNT(id) FROM author WHERE country = 'Japan'"
WRONG = "SELECT COUNT(id) FROM author"
JAPAN, WRITERS, MANY = "How many writers does Japan have?", "Who writes in Japan?", "number of writers, Japan"


class Script:
    """A model that writes the texts it is given, and keeps the seeds."""

    context = 4096

    def __init__(self, *texts: str) -> None:
        self.texts, self.seeds = list(texts), []

    def count(self, pieces) -> int:
        return sum(map(len, pieces)) // 4

    def complete(self, pieces, *, max_tokens, seed=0, **_options) -> Completion:
        self.seeds.append(seed)
        return Completion(self.texts.pop(0), "stop", 9)


@pytest.fixture
def data(tmp_path) -> Path:
    """A folder with a converted file, one of whose two rows is a made pair, and their database."""
    (tmp_path / "shop").mkdir()
    with closing(sqlite3.connect(tmp_path / "shop/shop.sqlite", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE author(id INTEGER PRIMARY KEY, name TEXT, country TEXT)")
        connection.execute("INSERT INTO author VALUES (1, 'Aki', 'Japan'), (2, 'Bo', 'Peru'), (3, 'Ume', 'Japan')")
    write_rows(tmp_path, ROW, ROW | {"id": "mine", "tags": []})
    return tmp_path


def write_rows(folder: Path, *rows: dict) -> None:
    (folder / "made.json").write_text(json.dumps(rows))


@pytest.mark.parametrize(
    ("drafts", "answers", "kept", "outcomes"),
    [
        ([JAPAN], [RIGHT], JAPAN, ["kept"]),
        ([JAPAN], [RIGHT.replace("country", "countri")], JAPAN, ["kept"]),  # repaired, as `ask` does
        ([WRITERS, JAPAN], [WRONG, RIGHT], JAPAN, ["wrong_result", "kept"]),
        ([WRITERS, MANY], ["I cannot.", "SELECT nothing"], None, ["error", "error"]),
        ([ROW["question"], "How many writers are there?"], [], None, ["same", "lost"]),
    ],
)
def test_a_draft_stays_where_the_adapter_returns_the_golds_rows(data, drafts, answers, kept, outcomes):
    writer, known = Script(*drafts), set()
    line = Paraphraser(writer, Script(*answers), databases=data, adapter=SHIPPED, known=known).reword(ROW)
    assert line == {
        "id": "shop-made-1",
        "of": "number of authors from Japan",
        "sql": ROW["output"],
        "question": kept,
        "drafts": [
            dict(zip(("question", "outcome"), each, strict=True)) for each in zip(drafts, outcomes, strict=True)
        ],
    }
    assert len(set(writer.seeds)) == len(outcomes)
    assert len(known) == (kept is not None)


def test_an_unfinished_text_is_no_draft(data):
    class Endless(Script):
        def complete(self, pieces, **options) -> Completion:
            return super().complete(pieces, **options)._replace(finish_reason="length")

    line = Paraphraser(Endless(JAPAN), Script(), databases=data, adapter=SHIPPED, known=set(), drafts=1).reword(ROW)
    assert [draft["outcome"] for draft in line["drafts"]] == ["unfinished"]


START = """
import sys
from pathlib import Path
from models import adapter_gguf
adapter_gguf.FOLDER = Path(sys.argv[1])
sys.argv[1:] = sys.argv[2:]
sys.path.insert(0, "evaluate")
from evaluate.paraphrase import main
sys.exit(main())
"""


def paraphrase(data: Path, *words: object) -> subprocess.CompletedProcess:
    """The program in its environment; GGUF files of adapters go below `data`."""
    files = [data / "made.json", "--databases", data, "--out", data / "out.jsonl"]
    command = [PYTHON, "-c", START, data / "adapters", *files, *words]
    return subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=600)


@pytest.fixture
def tiny(data) -> tuple[object, ...]:
    """The options for a random model that words, and for an adapter on it that answers."""
    pytest.importorskip("gguf", reason="needs .venv: ./launch.sh setup")
    torch = pytest.importorskip("torch", reason="needs .venv: ./launch.sh setup")
    from tests.models.test_adapter_gguf import NAME, write_adapter

    (data / "model").mkdir()
    write_gguf(data / "model/model-q4_k_m.gguf")
    torch.manual_seed(0)
    place = NAME.format(0, "self_attn.o_proj", "{}")
    adapter = write_adapter(data / "a", {place.format("A"): torch.randn(4, 64), place.format("B"): torch.randn(64, 4)})
    recipe = {"stage": "sft", "model_name_or_path": str(data / "model"), "template": "qwen", "dataset": "own_train"}
    (adapter / "recipe.yaml").write_text(json.dumps(recipe | {"output_dir": str(adapter)}))
    (adapter / "training.json").write_text('{"prompt_tags": ["style:compact"]}')
    return "--model", data / "model", "--adapter", adapter


def lines(data: Path) -> list[dict]:
    return [json.loads(line) for line in (data / "out.jsonl").read_text().splitlines()]


@needs_llamacpp
def test_made_pairs_are_reworded_and_a_stopped_run_goes_on(data, tiny):
    second = ROW | {"id": "shop-made-2", "question": "authors", "output": "SELECT name FROM author"}
    write_rows(data, ROW, ROW | {"id": "mine", "tags": []}, second)
    run = paraphrase(data, *tiny, "--limit", 1)
    assert (run.returncode, run.stdout.splitlines()[0]) == (
        0,
        "paraphrase: 0 of 1 pairs got a wording by the model (0%)",
    ), run.stderr
    (first,) = lines(data)
    assert (first["id"], first["question"], len(first["drafts"])) == ("shop-made-1", None, 2)
    with (data / "out.jsonl").open("a") as file:
        file.write('{"id": "shop-made-2", "of": "auth')  # a run that was killed
    run = paraphrase(data, *tiny)
    assert "1 pairs in" in run.stdout
    assert lines(data)[0] == first
    assert [line["id"] for line in lines(data)] == ["shop-made-1", "shop-made-2"]
    assert "a minute" not in paraphrase(data, *tiny).stdout  # nothing is left to do
    assert "2 pairs in" in paraphrase(data, *tiny, "--seed", 8).stdout  # another seed starts anew


@needs_llamacpp
@pytest.mark.parametrize(
    ("change", "words", "message"),
    [
        ("none", ("--model", "gpt"), "--model gpt: neither one of qwen2.5-coder-0.5b-instruct, qwen2.5-coder-1.5b-in"),
        ("none", ("--model", "gemma-3-270m"), "--model gemma-3-270m: neither one of qwen2.5-coder-0.5b-instruct, qwen"),
        ("no made row", (), "made.json: no row is tagged `generated`. Make pairs first: python converters/run.py own "),
        (
            "no database",
            (),
            "shop/shop.sqlite: no such file or directory. --databases must be the folder of the ",
        ),
    ],
)
def test_what_cannot_be_reworded_is_refused_before_a_model_is_loaded(data, change, words, message):
    if change == "no made row":
        write_rows(data, ROW | {"tags": []})
    elif change == "no database":
        (data / "shop/shop.sqlite").unlink()
    run = paraphrase(data, *words)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("paraphrase: ")
    assert message in run.stderr
    assert not (data / "out.jsonl").exists()
