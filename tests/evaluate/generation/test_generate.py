"""Completions are kept between runs, and made anew when what they depend on changes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

import environment
from evaluate.generation import generate
from evaluate.generation.generate import GenerationError, Sampling, Served, adapter_rank, complete, weights_hash
from evaluate.generation.prompts import Encoded

ENCODED = Encoded([("a", [1, 2, 3]), ("b", [1, 2])], [7])


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """In place of vLLM, a program of this test that answers every waiting prompt with its number of tokens."""
    monkeypatch.setattr(generate, "has_gpu", lambda: False)
    monkeypatch.setattr(generate.environment, "VLLM", tmp_path / "venv")
    program = tmp_path / "venv/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/usr/bin/env python3\n"
        "import json, pathlib, sys\n"
        "job = json.loads(pathlib.Path(sys.argv[2]).read_text())\n"
        "done = pathlib.Path(job['completions'])\n"
        "known = done.read_text() if done.exists() else ''\n"
        "with done.open('a') as file:\n"
        "    for line in open(job['prompts']):\n"
        "        row = json.loads(line)\n"
        "        if json.dumps(row['id']) not in known:\n"
        "            text = f\"{len(row['prompt_token_ids'])} tokens\"\n"
        "            file.write(json.dumps({'id': row['id'], 'completion': text}) + '\\n')\n"
    )
    program.chmod(0o755)
    return program


def texts(folder, encoded=ENCODED, served=None, sampling=None) -> dict[str, str]:
    made = complete(encoded, served or Served("model"), sampling or Sampling(), folder)
    return {key: row["completion"] for key, row in made.items()}


def test_every_prompt_gets_its_completion(worker, tmp_path):
    assert texts(tmp_path / "run") == {"a": "3 tokens", "b": "2 tokens"}


def test_a_second_run_generates_nothing(worker, tmp_path):
    first = texts(tmp_path / "run")
    worker.unlink()
    assert texts(tmp_path / "run") == first


def test_a_stopped_run_goes_on_with_what_is_missing(worker, tmp_path):
    texts(tmp_path / "run")
    completions = tmp_path / "run/completions.jsonl"
    completions.write_text('{"id": "a", "completion": "kept"}\n')
    assert texts(tmp_path / "run") == {"a": "kept", "b": "2 tokens"}


@pytest.mark.parametrize(
    "tail",
    [b'{"id": "b", "compl', '{"id": "b", "completion": "é'.encode()[:-1], b"\0" * 64, b"\0" * 64 + b"\n"],
    ids=["cut short", "cut within a character", "lost by a power cut", "lost, and more written behind"],
)
def test_what_a_stopped_run_left_of_a_line_is_generated_again(worker, tmp_path, tail):
    texts(tmp_path / "run")
    completions = tmp_path / "run/completions.jsonl"
    completions.write_bytes(b'{"id": "a", "completion": "kept"}\n' + tail)
    assert texts(tmp_path / "run") == {"a": "kept", "b": "2 tokens"}
    assert len(completions.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"encoded": Encoded(ENCODED.prompts, [8])},
        {"served": Served("other model")},
        {"sampling": Sampling(max_tokens=5)},
    ],
    ids=["stop tokens", "model", "sampling"],
)
def test_completions_of_another_run_are_not_used(worker, tmp_path, change):
    texts(tmp_path / "run")
    (tmp_path / "run/completions.jsonl").write_text(
        '{"id": "a", "completion": "old"}\n{"id": "b", "completion": "old"}\n'
    )
    assert "old" not in texts(tmp_path / "run", **change).values()


def test_a_run_on_fewer_rows_keeps_the_completions_of_all(worker, tmp_path):
    first = texts(tmp_path / "run")
    worker.unlink()
    assert texts(tmp_path / "run", Encoded(ENCODED.prompts[1:], [7])) == {"b": "2 tokens"}
    assert texts(tmp_path / "run") == first


def test_a_completion_goes_with_its_prompt_alone(worker, tmp_path):
    texts(tmp_path / "run")
    kept = '{"id": "a", "completion": "kept"}\n{"id": "b", "completion": "kept"}\n'
    (tmp_path / "run/completions.jsonl").write_text(kept)
    changed = Encoded([("a", [1, 2, 3]), ("b", [5])], [7])
    assert texts(tmp_path / "run", changed) == {"a": "kept", "b": "1 tokens"}
    assert texts(tmp_path / "run") == {"a": "kept", "b": "2 tokens"}


def test_an_interrupt_of_this_process_alone_ends_its_workers(monkeypatch):
    monkeypatch.setattr(generate, "PATIENCE", 0.3)
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        generate.await_workers([worker])
    assert worker.returncode == -signal.SIGINT


def test_a_worker_that_ignores_interrupts_is_killed(monkeypatch):
    monkeypatch.setattr(generate, "PATIENCE", 0.1)
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    worker = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    worker.stdout.read(1)
    generate.stop_workers([worker])
    assert worker.returncode == -signal.SIGKILL


def test_completions_are_kept_under_another_path_of_the_same_folders(worker, tmp_path, monkeypatch):
    (tmp_path / "out/merged").mkdir(parents=True)
    (tmp_path / "out/merged/model.safetensors").write_bytes(b"1")
    monkeypatch.chdir(tmp_path)
    first = texts(Path("out/evaluation"), served=Served("out/merged"))
    worker.unlink()
    monkeypatch.chdir(tmp_path / "out")
    assert texts(Path("evaluation"), served=Served("merged")) == first
    assert texts(tmp_path / "out/evaluation", served=Served(str(tmp_path / "out/merged"))) == first


def test_weights_trained_anew_are_other_weights(tmp_path):
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(b"1")
    before = weights_hash(tmp_path)
    os.utime(weights, ns=(1, 1))
    assert weights_hash(tmp_path) != before


def test_without_vllm_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(generate.environment, "VLLM", tmp_path / "none")
    with pytest.raises(GenerationError) as raised:
        texts(tmp_path / "run")
    assert str(raised.value) == f"{tmp_path}/none is missing: vLLM is not installed. Run ./launch.sh setup"


@pytest.mark.slow
def test_a_prompt_that_the_models_context_does_not_hold_is_told_with_the_remedy(tiny_model, tmp_path, capfd):
    if not environment.VLLM.is_dir():
        pytest.skip("needs .venv-vllm: ./launch.sh setup")
    with pytest.raises(GenerationError):
        texts(tmp_path / "run", Encoded([("a", [5] * 1000)], [7]), Served(str(tiny_model)))
    assert capfd.readouterr().err.endswith(
        "The longest prompt and 256 tokens for the answer take 1257: "
        "convert the data with --tokenizer and --cutoff, or lower --max-tokens.\n"
    )


def test_a_worker_that_fails_is_an_error_with_its_status(worker, tmp_path):
    worker.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(GenerationError, match="ended with status 3"):
        texts(tmp_path / "run")


@pytest.mark.parametrize(("rank", "allowed"), [(1, 1), (4, 8), (16, 16), (48, 64)])
def test_the_engine_is_given_the_next_rank_it_allows(tmp_path, rank, allowed):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": rank}))
    assert adapter_rank(tmp_path) == allowed


MANY = Encoded([(str(row), [row]) for row in range(100)], [7])


def test_each_gpu_gets_a_process_and_its_part_of_the_prompts(worker, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    gpu = "{__import__('os').environ['CUDA_VISIBLE_DEVICES']}"
    worker.write_text(worker.read_text().replace(" tokens", f" tokens on GPU {gpu}"))
    made = texts(tmp_path / "run", MANY)
    assert list(made) == [key for key, _ in MANY.prompts]
    assert Counter(made.values()) == {"1 tokens on GPU 4": 50, "1 tokens on GPU 6": 50}
    assert not (tmp_path / "run/shards").exists()


def test_what_one_gpu_made_is_kept_when_another_fails(worker, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    failing = "import os\nif os.environ['CUDA_VISIBLE_DEVICES'] == '1': sys.exit(5)\n"
    program = worker.read_text()
    worker.write_text(program.replace("job = json", failing + "job = json"))
    with pytest.raises(GenerationError, match="ended with status 5"):
        texts(tmp_path / "run", MANY)
    assert len(generate.read_completions(tmp_path / "run/completions.jsonl")) == 50
    worker.write_text(program)
    assert len(texts(tmp_path / "run", MANY)) == 100


@pytest.mark.parametrize(
    ("visible", "gpus", "prompts", "used"),
    [
        ("", None, 500, []),
        ("", 1, 500, []),
        ("0", None, 500, []),
        ("0,1,2", None, 500, ["0", "1", "2"]),
        ("0,1,2", None, 65, ["0", "1"]),  # the third would start an engine for nothing
        ("0,1,2", None, 1, []),
        ("0,1,2", 2, 500, ["0", "1"]),
        ("0,1,2", 1, 500, ["0"]),
        ("GPU-a, GPU-b", 2, 500, ["GPU-a", "GPU-b"]),
    ],
)
def test_gpus_are_used_as_far_as_they_are_visible_and_busy(monkeypatch, visible, gpus, prompts, used):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert generate.devices(gpus, prompts, 64) == used


def test_more_gpus_than_there_are_is_an_error(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with pytest.raises(GenerationError) as raised:
        generate.devices(3, 500, 64)
    assert str(raised.value) == "--gpus 3: 2 GPUs are visible here. Ask for that many at most"
