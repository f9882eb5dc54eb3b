"""A running server on a database of a shop, in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.databases import make_database

FAKE = ROOT / "tests/serve/fake_server.py"
SHOP = """
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, kind TEXT, day TEXT);
INSERT INTO item (name, price, kind, day) VALUES
  ('red cup', 2.5, 'cup', '2024-01-01'), ('blue cup', 3.0, 'cup', '2024-01-02'), ('plate', 7.25, 'plate', '2024-01-03'),
  (NULL, NULL, 'spoon', '2024-01-04');
CREATE TABLE sale (item_id INTEGER REFERENCES item, copies INTEGER);
INSERT INTO sale VALUES (1, 10), (2, 5), (3, 1);
"""


class Running:
    """A server process: its address, a client, and what it has printed."""

    def __init__(
        self, *words: object, program: list[str] | None = None, variables: dict[str, str] | None = None
    ) -> None:
        command = [*(program or [sys.executable, str(FAKE)]), *map(str, words), "--port", "0"]
        environment = {name: value for name, value in os.environ.items() if name != "TEXT2SQL_TOKEN"}
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment | (variables or {}),
        )
        self.printed: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.wait_for("Ctrl-C ends it", seconds=300)
        except AssertionError:
            self.process.kill()
            raise
        page = re.search(r"(http://\S+?)/(?:\?token=(\S+))? is the page", "".join(self.printed))
        self.token = page[2]
        self.port = int(page[1].rpartition(":")[2])
        self.address = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.address, timeout=60, trust_env=False)

    def _read(self) -> None:
        self.printed.extend(iter(self.process.stdout.readline, ""))

    def wait_for(self, text: str, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while text not in "".join(self.printed):
            assert time.monotonic() < end, f"not printed: {text}\n{''.join(self.printed)}"
            assert self.process.poll() is None or text in "".join(self.printed), "".join(self.printed)
            time.sleep(0.05)

    def ask(self, question: str, **more: object) -> dict:
        return self.client.post("/ask", json={"question": question, **more}).json()

    def query(self, sql: str, **more: object) -> dict:
        return self.client.post("/query", json={"sql": sql, **more}).json()

    def stop(self, how: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=120)  # a second, but for a machine with other things to do


@pytest.fixture(scope="session")
def start():
    """Starts servers that end with the tests."""
    pytest.importorskip("mcp", reason="needs .venv: ./launch.sh setup")
    running = []

    def begin(*words: object, **more: object) -> Running:
        running.append(Running(*words, **more))
        return running[-1]

    yield begin
    for server in running:  # all are told before one is waited for
        server.process.send_signal(signal.SIGINT)
    for server in running:
        server.process.wait(timeout=120)


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Path:
    return make_database(tmp_path_factory.mktemp("served") / "shop.sqlite", SHOP)


@pytest.fixture(scope="session")
def temporary(tmp_path_factory) -> Path:
    """The folder for temporary files of `server`."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="session")
def server(start, shop, temporary) -> Running:
    """One server for all tests that leave nothing behind but uploads."""
    return start(shop, "--timeout", "2", "--upload-limit", "1", "--second-draft", variables={"TMPDIR": str(temporary)})
