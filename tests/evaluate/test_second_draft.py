"""Second drafts in an evaluation: which rows are asked again and how, and what becomes of their results."""

import json
import sqlite3
import threading
from argparse import Namespace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evaluate import runs
from evaluate.decoding.second_draft import next_row, refusal
from evaluate.execution.sandbox import Limits, run_query
from evaluate.score import Settings, again, score, with_second_drafts
from tests.programs import run_program

GOLD = "SELECT COUNT(*) FROM singer"
DRAFTS = {
    "right": GOLD,
    "wrong": "SELECT name FROM singer",
    "repaired": "SELECT COUNT(*) FROM singers",
    "lost": "SELECT fame FROM singer",
    "gone": "SELECT fame FROM singer WHERE glory",
    "none": "I cannot say.",
    "writes": "DELETE FROM singer",
    "endless": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
}


@pytest.fixture
def databases(tmp_path):
    (tmp_path / "databases/band").mkdir(parents=True)
    connection = sqlite3.connect(tmp_path / "databases/band/band.sqlite")
    connection.executescript(
        "CREATE TABLE singer(name TEXT, age INT); INSERT INTO singer VALUES ('Ada', 40), ('Bo', 3)"
    )
    connection.close()
    return tmp_path / "databases"


def rows(*keys: str) -> list[dict]:
    prompt = {"instruction": "Write SQL.", "input": "singer(name, age)\n\nQuestion: How many?"}
    common = {"db_id": "band", "question": "How many?", "output": GOLD, "tags": ["style:compact"]}
    return [{"id": key} | prompt | common for key in keys]


@pytest.fixture
def settings(databases):
    return Settings(databases, workers=1, timeout=0.3, repair=True)


def test_only_what_sqlite_refuses_to_compile_is_asked_again(settings):
    asked = again(rows(*DRAFTS), score(rows(*DRAFTS), DRAFTS, settings))
    assert [row["id"] for row in asked] == ["lost", "gone"]
    assert asked[0] == rows("lost")[0] | {
        "history": [["Write SQL.\nsinger(name, age)\n\nQuestion: How many?", "SELECT fame FROM singer"]],
        "instruction": "Hint: no such column: fame\nQuestion: How many?",
        "input": "",
    }


def test_a_row_whose_gold_writes_is_not_asked_again(settings):
    row = rows("lost")[0] | {"output": "DELETE FROM singer", "tags": ["style:compact", "writes"]}
    (result,) = score([row], {"lost": "DELETE FROM fame"}, settings)
    assert refusal(result["outcome"], result["error"]) == "no such table: fame"
    assert again([row], [result]) == []


def test_a_conversation_goes_on(settings):
    row = rows("lost")[0] | {"history": [["before", "SELECT 1"]]}
    assert next_row(row, "SELECT 2", "no")["history"][0] == ["before", "SELECT 1"]


def test_a_second_draft_counts_where_it_runs_and_is_named(settings):
    first = list(score(rows(*DRAFTS), DRAFTS, settings))
    asked = again(rows(*DRAFTS), first)
    texts = {"lost": "SELECT COUNT(*) FROM singers", "gone": "SELECT glory FROM singer"}
    made = list(with_second_drafts(first, asked, texts, settings))
    others = [number for number, row in enumerate(first) if row["id"] != "lost"]
    assert [made[number] for number in others] == [first[number] for number in others]
    lost = made[list(DRAFTS).index("lost")]
    assert (lost["outcome"], lost["completion"], lost["sql"]) == ("correct", texts["lost"], GOLD)
    assert lost["repairs"][0] == "second draft: no such column: fame"
    assert len(lost["repairs"]) == 2
    assert lost["flags"] == ["repaired"]


def test_a_second_draft_as_the_model_wrote_it_is_flagged_too(settings):
    first = list(score(rows("lost"), DRAFTS, settings))
    (made,) = with_second_drafts(first, again(rows("lost"), first), {"lost": GOLD}, settings)
    assert made["repairs"] == ["second draft: no such column: fame"]
    assert made["flags"] == ["repaired"]


@pytest.mark.parametrize(
    ("sql", "refused"),
    [
        ("SELECT FROM", True),
        ("SELECT a FROM nowhere", True),
        ("SELECT COUNT(*) FROM singer WHERE MAX(age) > 1", True),
        ("SELECT x.name FROM singer AS x JOIN singer AS y WHERE age = 1", True),
        ("SELECT name FROM singer WHERE age = (SELECT name, age FROM singer)", True),
        ("SELECT name FROM singer UNION SELECT name, age FROM singer", True),
        ("SELECT concatenate(name) FROM singer", True),
        ("DROP TABLE singer", False),
        ("SELECT load_extension('x')", False),
        ("-- nothing", False),
        ("SELECT abs(-9223372036854775808)", False),
        ("SELECT json('{')", False),
        ("SELECT 1", False),
    ],
)
def test_what_is_a_refusal_to_compile(databases, sql, refused):
    ran = run_query(sql, databases / "band/band.sqlite", Limits())
    assert refusal(ran.status, ran.error) == (ran.error if refused else None)


class Handler(BaseHTTPRequestHandler):
    """An OpenAI server of the model `tiny`: it counts singers where it is told that there is no fame."""

    def do_GET(self):
        self.reply({"data": [{"id": "tiny", "root": "tiny", "max_model_len": 4000}]})

    def do_POST(self):
        prompt = self.server.decode(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"])
        self.server.prompts.append(prompt)
        text = GOLD if "Hint: no such column: fame" in prompt else "SELECT fame FROM singer"
        self.reply({"choices": [{"text": text, "finish_reason": "stop"}], "usage": {"completion_tokens": 5}})

    def reply(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tiny_model):
    transformers = pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")
    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.prompts, served.decode = [], transformers.AutoTokenizer.from_pretrained(tiny_model).decode
    threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()


@pytest.mark.slow  # LLaMA-Factory is loaded
def test_run_asks_once_more_keeps_both_completions_and_says_so(server, tiny_model, databases):
    data, out = databases.parent / "band.json", databases.parent / "out"
    data.write_text(json.dumps(rows("lost")))
    words = ["--model", tiny_model, "--template", "qwen", "--server", f"http://127.0.0.1:{server.server_port}"]
    words += ["--served-model", "tiny", "--second-draft", "--data", data, "--databases", databases, "--out", out]
    for _ in range(2):  # the second run finds all completions there
        run = run_program("evaluate/run.py", *words)
        assert run.returncode == 0, run.stderr
    assert len(server.prompts) == 2
    assert server.prompts[1].startswith(server.prompts[0] + "SELECT fame FROM singer<|im_end|>")
    (result,) = map(json.loads, (out / "results.jsonl").read_text().splitlines())
    assert (result["outcome"], result["repairs"]) == ("correct", ["second draft: no such column: fame"])
    kept = [json.loads((out / name / "completions.jsonl").read_text())["completion"] for name in ("", "second_draft")]
    assert kept == ["SELECT fame FROM singer", GOLD]
    report = json.loads((out / "report.json").read_text())
    assert report["run"]["decoding"] == {"repair": True, "second_draft": True}
    assert report["rests_on"]["repairs"] == 1


def test_an_evaluation_asks_what_answered_before_and_keeps_the_rest(databases):
    out, folders = databases.parent / "out", []

    def ask(data: runs.Data, folder) -> dict[str, str]:
        folders.append(folder)
        return {row["id"]: GOLD if row["id"] == "lost" else "SELECT glory FROM singer" for row in data.rows}

    options = Namespace(workers=1, timeout=0.3, repair=True, second_draft=True, gold=False, predictions=None)
    path = databases.parent / "band.json"
    path.write_text("[]")
    data = runs.Data(path, rows("right", "lost", "gone"), databases)
    out.mkdir()
    done = runs.finish({"name": "tiny"}, DRAFTS, data, options, out, 0.0, ask=ask)
    assert folders == [out / "second_draft"]
    kept = [(row["outcome"], row["repairs"]) for row in runs.ResultsFile(out)]
    assert kept == [("correct", []), ("correct", ["second draft: no such column: fame"]), ("error", [])]
    assert done.written.report["metrics"]["execution_accuracy"]["value"] == pytest.approx(2 / 3)
    assert done.written.report["run"]["decoding"] == {"repair": True, "second_draft": True}
