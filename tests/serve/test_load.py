"""Twenty clients at once for a while: no answer is lost or mixed up, and memory stays flat."""

import json
import os
import statistics
import threading
import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow

CLIENTS = 20
SECONDS = float(os.environ.get("LOAD_SECONDS", "15"))


def memory(pid: int) -> float:
    """MB that a process and those it started hold."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024 + sum(map(memory, children))


def test_twenty_clients_for_a_while(start, shop, capsys):
    server = start(shop)
    end, seconds, wrong = time.monotonic() + SECONDS, [], []

    def client(n: int) -> None:
        with httpx.Client(base_url=server.address, timeout=60, trust_env=False) as own:
            for turn in range(1_000_000):
                if time.monotonic() > end:
                    return
                began = time.monotonic()
                path, body = [
                    ("/ask", {"question": f"«SELECT {n}, {turn}, name FROM item»"}),
                    ("/query", {"sql": f"SELECT {n}, {turn}, name FROM item"}),
                ][turn % 2]
                response = own.post(path, json=body)
                seconds.append(time.monotonic() - began)
                if response.status_code != 200 or response.json()["rows"][0] != [n, turn, "red cup"]:
                    wrong.append(response.text)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS / 3)
    early = memory(server.process.pid)
    for thread in threads:
        thread.join()
    late = memory(server.process.pid)
    cuts = statistics.quantiles(seconds, n=20)
    with capsys.disabled():
        figures = {"answers": len(seconds), "p50": round(cuts[9], 3), "p95": round(cuts[18], 3), "MB": [early, late]}
        print(f"\n{json.dumps(figures)}")
    assert wrong == []
    assert len(seconds) > CLIENTS
    assert late < early + 30
