"""Completions from a server: a small one that speaks the protocol, and a real `vllm serve` on this CPU."""

import json
import os
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("httpx", reason="needs .venv: ./launch.sh setup")

import httpx

import environment
from evaluate.generation.completions import GenerationError, Remote, read_completions
from evaluate.generation.generate import Sampling, Served, complete, number_type
from evaluate.generation.prompts import Encoded
from evaluate.generation.server import Patience, address, ask
from tests.conftest import ROOT

PROMPTS = [("a", [1, 2, 3]), ("b", [1, 2]), ("c", [9])]
JOB = {"max_tokens": 5, "seed": 0, "batch": 2, "stop_token_ids": [7]}
AT_ONCE = Patience(tries=3, first_wait=0.0)


class Server(ThreadingHTTPServer):
    """Answers a prompt with its number of tokens; `refusals` are the (status, body) it gives first."""

    def __init__(self, *, models=("tiny",), context=100, refusals=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.cards = [{"id": name, "root": name, "max_model_len": context} for name in models]
        self.refusals, self.bodies, self.keys = list(refusals), [], []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.keys.append(self.headers.get("Authorization"))
        self.reply(200, {"data": self.server.cards})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refusals:
            return self.reply(*self.server.refusals.pop(0))
        self.server.bodies.append(body)
        choice = {"text": f"{len(body['prompt'])} tokens", "finish_reason": "stop"}
        return self.reply(200, {"choices": [choice], "usage": {"completion_tokens": 2}})

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    """Starts servers and stops them after the test."""
    started = []

    def start(**settings) -> Server:
        started.append(Server(**settings))
        threading.Thread(target=started[-1].serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def answers(tmp_path, *servers, prompts=PROMPTS, chosen=None, names=("tiny",)) -> dict[str, str]:
    path = tmp_path / "completions.jsonl"
    remote = Remote(tuple(server.url for server in servers), names, chosen)
    ask(remote, prompts, JOB, path, patience=AT_ONCE)
    return {key: row["completion"] for key, row in read_completions(path).items()}


def test_every_prompt_gets_its_answer(serve, tmp_path):
    assert answers(tmp_path, serve()) == {"a": "3 tokens", "b": "2 tokens", "c": "1 tokens"}


def test_a_request_is_greedy_and_holds_the_token_ids(serve, tmp_path):
    server = serve()
    answers(tmp_path, server, prompts=[("a", [1, 2, 3])])
    expected = {"model": "tiny", "prompt": [1, 2, 3], "max_tokens": 5, "seed": 0, "stop_token_ids": [7]}
    penalties = {"repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
    assert server.bodies == [expected | penalties | {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0}]


def test_several_servers_share_the_prompts(serve, tmp_path):
    first, second = serve(), serve()
    assert len(answers(tmp_path, first, second)) == 3
    assert sorted([len(first.bodies), len(second.bodies)]) == [1, 2]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(serve, tmp_path, status):
    assert len(answers(tmp_path, serve(refusals=[(status, {})] * 2))) == 3


def test_a_server_that_stays_busy_is_an_error_and_what_was_made_is_kept(serve, tmp_path):
    server = serve()
    answers(tmp_path, server, prompts=PROMPTS[:1])
    server.refusals = [(503, {"error": {"message": "full"}})] * 9
    with pytest.raises(GenerationError) as raised:
        answers(tmp_path, server, prompts=PROMPTS[1:])
    assert str(raised.value) == (
        f"{server.url}/v1/completions: no answer in 3 tries; the last: 503: full. "
        "Completions so far are kept; run the same command to continue."
    )
    assert list(read_completions(tmp_path / "completions.jsonl")) == ["a"]


def test_a_refusal_is_told_in_the_servers_words_and_not_repeated(serve, tmp_path):
    server = serve(refusals=[(400, {"error": {"message": "prompt is\ntoo long"}})])
    with pytest.raises(GenerationError) as raised:
        answers(tmp_path, server, prompts=PROMPTS[:1])
    assert str(raised.value) == f"{server.url}/v1/completions: 400: prompt is too long"
    assert server.bodies == []


def test_an_address_where_nothing_answers_is_told_with_its_remedy(serve, tmp_path):
    server = serve()
    server.shutdown()
    server.server_close()
    with pytest.raises(GenerationError) as raised:
        answers(tmp_path, server)
    assert str(raised.value).startswith(f"{server.url}: no server answers (")
    assert str(raised.value).endswith("Start one (vllm serve MODEL), or wait until it answers /v1/models")


def test_a_server_of_another_model_is_refused_with_what_it_serves(serve, tmp_path):
    server = serve(models=("llama", "qwen"))
    with pytest.raises(GenerationError) as raised:
        answers(tmp_path, server)
    assert str(raised.value) == (
        f"{server.url}: serves llama, qwen, not tiny. Start it with that model, or with --enable-lora --lora-modules "
        "NAME=ADAPTER, or choose one of these with --served-model NAME"
    )


def test_a_served_folder_is_known_by_any_of_its_paths(serve, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server = serve(models=(str(tmp_path / "out/tiny/merged"),))
    assert len(answers(tmp_path, server, names=("tiny", "out/tiny", "out/tiny/merged"))) == 3


def test_the_chosen_name_wins_over_the_folders(serve, tmp_path):
    server = serve(models=("tiny", "other"))
    answers(tmp_path, server, chosen="other")
    assert {body["model"] for body in server.bodies} == {"other"}


@pytest.mark.parametrize(("context", "fits"), [(8, True), (7, False)])
def test_a_context_that_is_too_short_is_told_before_anything_is_asked(serve, tmp_path, context, fits):
    server = serve(context=context)
    if fits:
        assert len(answers(tmp_path, server)) == 3
        return
    with pytest.raises(GenerationError, match=r"context of 7 tokens is too short: .* take 8\. Start it with --max-mod"):
        answers(tmp_path, server)
    assert server.bodies == []


def test_an_answer_of_another_protocol_is_shown(serve, tmp_path):
    server = serve(refusals=[(200, {"hello": 1})])
    with pytest.raises(GenerationError) as raised:
        answers(tmp_path, server, prompts=PROMPTS[:1])
    assert str(raised.value).endswith("""its answer is not one of the completions API: '{"hello": 1}'""")


def test_the_servers_key_is_read_from_the_environment(serve, tmp_path, monkeypatch):
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    server = serve()
    answers(tmp_path, server)
    assert server.keys == ["Bearer secret"]


def test_a_run_goes_on_with_what_is_missing(serve, tmp_path):
    server, encoded = serve(), Encoded(PROMPTS, [7])
    remote = Remote((server.url,), ("tiny",))
    complete(encoded, remote, Sampling(5), tmp_path)
    path = tmp_path / "completions.jsonl"
    path.write_text('{"id": "a", "completion": "kept"}\n{"id": "b", "compl')
    made = complete(encoded, remote, Sampling(5), tmp_path)
    assert {key: row["completion"] for key, row in made.items()} == {"a": "kept", "b": "2 tokens", "c": "1 tokens"}
    assert path.read_text().count("\n") == 3


def test_a_complete_run_needs_no_server(serve, tmp_path):
    server, encoded = serve(), Encoded(PROMPTS, [7])
    first = complete(encoded, Remote((server.url,), ("tiny",)), Sampling(5), tmp_path)
    assert complete(encoded, Remote(("http://127.0.0.1:1",), ("tiny",)), Sampling(5), tmp_path) == first


@pytest.mark.parametrize("text", ["http://h:8000", "http://h:8000/", "http://h:8000/v1", " http://h:8000/v1/"])
def test_an_address_is_taken_with_and_without_v1(text):
    assert address(text) == "http://h:8000"


@pytest.mark.parametrize("text", ["localhost:8000", "8000", "ftp://h"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="is no address of a server; expected one as http://localhost:8000"):
        address(text)


@pytest.fixture(scope="module")
def vllm_server(tiny_model, tmp_path_factory):
    """The address of a real vLLM server of the tiny model on this CPU.

    The CPU package is not called vllm, so that its command `vllm serve` finds no version of itself: hence its module.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [environment.VLLM / "bin/python", "-m", "vllm.entrypoints.openai.api_server", "--model", tiny_model]
    flags = [
        "--host",
        "127.0.0.1",
        "--port",
        port,
        "--dtype",
        number_type(gpu=False, seq2seq=False),
        "--enforce-eager",
        "--max-model-len",
        "512",
        "--max-num-seqs",
        "8",
    ]
    variables = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "PYTHONPATH": ""}
    log = tmp_path_factory.mktemp("serve") / "log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            [str(word) for word in command + flags], env=variables, stdout=file, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            await_health(process, f"http://127.0.0.1:{port}", log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def await_health(process: subprocess.Popen, url: str, log) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(1)
    raise AssertionError(log.read_text()[-3000:])


@pytest.mark.slow
@pytest.mark.skipif(not (environment.VLLM / "bin/python").exists(), reason="needs .venv-vllm: ./launch.sh setup")
def test_a_real_server_answers_as_vllm_without_one(vllm_server, tiny_model, tmp_path):
    encoded = Encoded([(str(row), [2, *range(40 + row, 60 + 3 * row)]) for row in range(12)], [1])
    sampling = Sampling(max_tokens=12, batch=8)
    served = complete(encoded, Remote((vllm_server,), (str(tiny_model),)), sampling, tmp_path / "server")
    offline = complete(encoded, Served(str(tiny_model)), sampling, tmp_path / "offline")
    assert served == offline
    assert {row["tokens"] for row in served.values()} != {0}


@pytest.mark.slow
@pytest.mark.skipif(not (environment.VLLM / "bin/python").exists(), reason="needs .venv-vllm: ./launch.sh setup")
def test_a_real_server_is_scored_by_the_evaluators_command(vllm_server, tiny_model, converted, tmp_path):
    data = converted / "exoplanets_eval.json"
    command = ["evaluate/run.py", "--model", tiny_model, "--template", "gemma", "--data", data]
    options = ["--limit", "4", "--max-tokens", "8", "--server", vllm_server, "--out", tmp_path / "evaluation"]
    python = environment.TRAIN / "bin/python"
    run = subprocess.run([str(word) for word in [python, *command, *options]], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads((tmp_path / "evaluation/report.json").read_text())
    assert sum(report["outcomes"].values()) == 4
    assert report["run"]["generation"]["model"] == str(tiny_model)
