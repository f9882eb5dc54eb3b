"""Hostile SQL by every way in: /query (the page's edit box), /ask (a model that writes it), the agents' query tool.

Nothing is written, no file outside the database is read, nothing hangs, and the server answers the next request.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.databases import files
from tests.serve.conftest import Running

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
REFUSED = [  # what is an error at once
    "DELETE FROM item",
    "DROP TABLE item",
    "UPDATE item SET name = 'x'",
    "INSERT INTO item (name) VALUES ('x') RETURNING id",
    "WITH x AS (SELECT 1) DELETE FROM item",
    "CREATE TABLE x (a)",
    "CREATE TEMP TABLE x AS SELECT 1",
    "ALTER TABLE item ADD COLUMN x",
    "ATTACH '{secret}' AS other",
    "ATTACH ':memory:' AS other",
    "VACUUM INTO '{folder}/copy.sqlite'",
    "VACUUM",
    "PRAGMA writable_schema = 1",
    "PRAGMA journal_mode = wal",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_function_list",
    "BEGIN IMMEDIATE",
    "SELECT load_extension('{secret}')",
    "SELECT readfile('{secret}')",
    "SELECT writefile('{folder}/x', 'x')",
    "SELECT * FROM fsdir('{folder}')",
    "SELECT edit('x', 'touch {folder}/x')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT 1; DROP TABLE item",
    "SELECT 1; SELECT 2",
    "SELECT ?",
    "SELECT " + "(" * 10_000 + "1" + ")" * 10_000,
    "SELECT " + "1+" * 3_000 + "1",
]
HEAVY = [  # what would take for ever, or all memory
    f"{ENDLESS} SELECT count(*) FROM n",
    f"{ENDLESS} SELECT i FROM n ORDER BY i",
    f"{ENDLESS} SELECT hex(zeroblob(4000000)) FROM n",
    "SELECT count(*) FROM " + ", ".join(f"item i{n}" for n in range(14)),
    "SELECT printf('%.*c', 250000000, 'x')",
    "SELECT replace(hex(zeroblob(4000000)), '0', 'xxxx')",
    "SELECT instr(zeroblob(4900000) || x'01', zeroblob(2400000) || x'02')",
    "SELECT zeroblob(1000000000)",
    "SELECT '" + "a" * 900 + "' LIKE '" + "%a" * 450 + "b'",
    "SELECT json_array_length('" + "[" * 100_000 + "')",
    "SELECT " + "date(" * 60 + "1" + ")" * 60,
    "SELECT " + ", ".join(f"'{n}\U0001f600'" for n in range(2_000)) + " FROM item",
    "#" * 30_000,
    " \t.\n" * 10_000 + "SELECT",
    "SELECT 1 -- " + "x" * 900_000,
]
MODEL_CHARACTERS = 3_900  # as much as a question holds: more than a model writes
SECONDS = 6  # the server of these tests has --timeout 2


@pytest.fixture
def unchanged(server: Running, shop: Path, tmp_path: Path):
    """Fails where a file is changed or appears; gives the folder of a secret file."""
    (tmp_path / "secret").write_text("SQLite format 3\0 the secret")
    before = files(shop.parent), files(tmp_path)
    yield tmp_path
    assert (files(shop.parent), files(tmp_path)) == before
    assert server.query("SELECT count(*) FROM item")["rows"] == [[4]]


def by_query(server: Running, sql: str) -> dict:
    return server.query(sql)


def by_model(server: Running, sql: str) -> dict:
    return server.ask(f"«{sql[:MODEL_CHARACTERS]}»")


def by_agent(server: Running, sql: str) -> dict:
    """The tool call as the protocol writes it, without the second that a client's start takes."""
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "query", "arguments": {"sql": sql}},
    }
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}
    result = server.client.post("/mcp", json=message, headers=headers).json()["result"]
    return result.get("structuredContent") or json.loads(result["content"][0]["text"])


@pytest.mark.parametrize("way", [by_query, by_model, by_agent])
def test_what_acts_or_reaches_outside_is_an_error(server, unchanged, way):
    for attack in REFUSED:
        sql = attack.replace("{folder}", str(unchanged)).replace("{secret}", str(unchanged / "secret"))
        began = time.monotonic()
        answer = way(server, sql)
        assert answer["error"] or (way is by_model and answer["sql"] == "SELECT 1"), sql[:80]  # cut out of the text
        assert "the secret" not in json.dumps(answer)
        assert time.monotonic() - began < SECONDS, sql[:80]


@pytest.mark.parametrize(
    "way", [by_query, *(pytest.param(way, marks=pytest.mark.slow) for way in (by_model, by_agent))]
)
def test_what_is_heavy_ends_in_time_and_in_memory(server, unchanged, way):
    for sql in HEAVY:
        began = time.monotonic()
        answer = way(server, sql)
        assert set(answer) >= {"columns", "rows", "error"}
        assert time.monotonic() - began < 2 * SECONDS, sql[:80]
        assert memory(server) < 700, sql[:80]


def test_heavy_queries_of_many_clients_do_not_stop_an_answer(server, unchanged):
    with ThreadPoolExecutor(8) as threads:
        heavy = [threads.submit(server.query, f"{ENDLESS} SELECT count(*) FROM n") for _ in range(8)]
        began = time.monotonic()
        assert server.client.get("/databases").status_code == 200
        assert time.monotonic() - began < 2
        assert {one.result()["error"] for one in heavy} == {"longer than 2 s"}


def memory(server: Running) -> float:
    """MB that the server's own process holds."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
