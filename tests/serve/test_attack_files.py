"""The evaluator's attacks by every way into a running server; the page has them in test_page_browser.py.

Each prediction is SQL for /query (the page's edit box) and the agents' tool, a question for /ask, agents and OpenAI's
clients, and what the model answers. Each is replied to with a result or an error in bounded time and memory; nothing is
written and nothing outside the databases read.
"""

import json
import time

import pytest

from tests.serve import attack_files
from tests.serve.attack_files import SECRET, Attack
from tests.serve.conftest import Running
from tests.serve.test_load import memory

pytestmark = attack_files.NEEDED

SECONDS = 12  # of an answer: extraction, repair and query, on a machine that does other things too
MEGABYTES = 1_500  # the server, the process that forks its two workers, and those
RESPONSE_BYTES = 40_000_000


@pytest.fixture(scope="module")
def served(start, tmp_path_factory):
    with attack_files.served(start, tmp_path_factory.mktemp("attacked")) as server:
        yield server


def post(server: Running, path: str, body: str | bytes) -> dict:
    """The JSON that a request is answered with, in time and within bounds."""
    began = time.monotonic()
    accept = "application/json, text/event-stream" if path == "/mcp" else "application/json"
    headers = {"content-type": "application/json", "accept": accept}
    response = server.client.post(path, content=body, headers=headers)
    assert time.monotonic() - began < SECONDS, body[:80]
    assert memory(server.process.pid) < MEGABYTES, body[:80]
    assert len(response.content) < RESPONSE_BYTES, body[:80]
    assert response.status_code < 500, (response.text[:500], body[:80])
    assert SECRET not in response.text
    return response.json()


def call(server: Running, tool: str, arguments: str) -> dict:
    """A tool call as the protocol writes it; `arguments` is JSON, or claims to be."""
    params = f'{{"name": "{tool}", "arguments": {arguments}}}'
    reply = post(server, "/mcp", f'{{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {params}}}')
    if "error" in reply:
        return {"error": reply["error"]["message"]}
    result = reply["result"]
    if result.get("isError"):
        return {"error": result["content"][0]["text"]}
    return result.get("structuredContent") or json.loads(result["content"][0]["text"])


def by_query(server: Running, attack: Attack) -> dict:
    return post(server, "/query", json.dumps({"sql": attack.text, "database": attack.database}))


def by_question(server: Running, attack: Attack) -> dict:
    return post(server, "/ask", json.dumps({"question": attack.text, "database": attack.database}))


def by_model(server: Running, attack: Attack) -> dict:
    body = {"question": "«again»", "history": [{"question": "first", "sql": attack.text}]}
    return post(server, "/ask", json.dumps({**body, "database": attack.database}))


def by_message(server: Running, attack: Attack) -> dict:
    """As OpenAI's clients do it: the attack is an answer before, and the question."""
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": attack.text},
        {"role": "user", "content": attack.text},
    ]
    reply = post(server, "/v1/chat/completions", json.dumps({"model": attack.database, "messages": messages}))
    return reply["answer"] if "answer" in reply else {"error": reply["error"]["message"]}


def by_agents_query(server: Running, attack: Attack) -> dict:
    return call(server, "query", json.dumps({"sql": attack.text, "database": attack.database}))


def by_agents_question(server: Running, attack: Attack) -> dict:
    return call(server, "ask", json.dumps({"question": attack.text, "database": attack.database}))


# How many of 169 predictions run: as SQL fewer than as an answer that SQL is cut out of; questions get the model's own.
@pytest.mark.parametrize(
    ("way", "least"),
    [
        (by_query, 45),
        (by_model, 95),
        (by_question, 120),
        (by_message, 120),
        (by_agents_query, 45),
        (by_agents_question, 120),
    ],
)
def test_every_prediction_is_answered(served, way, least):
    ran = 0
    for attack in attack_files.attacks():
        answer = way(served, attack)
        assert answer["error"] or answer["columns"], attack.text[:80]
        ran += not answer["error"]
    assert ran >= least


def test_what_python_does_not_read_is_refused(served):
    """Numbers of thousands of digits and hundreds of thousands of brackets: as a body and as a tool's arguments."""
    lines = [line.replace('"prediction"', '"sql"') for line in attack_files.unreadable_lines()]
    assert lines
    for line in lines:
        assert all(post(served, path, line)["error"] for path in ("/query", "/ask", "/v1/chat/completions"))
        assert call(served, "query", line)["error"]


def test_data_files_are_no_requests(served):
    for file in sorted(attack_files.folder().glob("*.data.json")):
        for path in ("/query", "/ask", "/mcp", "/v1/chat/completions"):
            assert "error" in post(served, path, file.read_bytes()), file.name


@pytest.mark.parametrize("key", ["db_id", "database"])
def test_what_data_rows_call_a_database_is_none(served, key):
    values = attack_files.values_of(key)
    assert len(values) > 5  # a path to the secret, texts with a NUL and with half a character, lists, numbers
    for value in values:
        named = json.dumps(value)
        answers = [
            post(served, "/query", f'{{"sql": "SELECT 1", "database": {named}}}'),
            post(served, "/ask", f'{{"question": "How many?", "database": {named}}}'),
            call(served, "query", f'{{"sql": "SELECT 1", "database": {named}}}'),
        ]
        known = value is None or value in attack_files.NAMES  # None: the first database
        assert [not answer.get("error") for answer in answers] == [known] * 3, named[:80]


def test_what_data_rows_call_a_question_is_asked_only_where_it_is_a_text(served):
    values = attack_files.values_of("question")
    assert len(values) > 3
    for value in values:
        answer = post(served, "/ask", f'{{"question": {json.dumps(value)}}}')
        assert not answer.get("error") or not isinstance(value, str) or len(value) > 4_000 or not value.isprintable()
