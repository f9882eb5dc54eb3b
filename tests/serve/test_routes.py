"""/ask, /query, /schema, /databases: answers, events, mistakes, and that nothing hangs."""

import json
import threading
import time
from contextlib import suppress
from itertools import pairwise

import httpx
import pytest

from tests.serve.conftest import Running


def events(server: Running, question: str, **more: object) -> list[tuple[str, dict]]:
    """(name, data) of every event of a streamed answer."""
    found = []
    with server.client.stream(
        "POST", "/ask", json={"question": question, **more}, headers={"accept": "text/event-stream"}
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                found.append((value, None))
            elif name == "data":
                found[-1] = (found[-1][0], json.loads(value))
    return found


def test_an_answer_has_sql_rows_and_seconds(server):
    answer = server.ask("«SELECT name, price FROM item WHERE id < 3»")
    assert answer.pop("seconds") < 5
    assert answer == {
        "question": "«SELECT name, price FROM item WHERE id < 3»",
        "sql": "SELECT name, price FROM item WHERE id < 3",
        "columns": ["name", "price"],
        "rows": [["red cup", 2.5], ["blue cup", 3.0]],
        "error": None,
        "confidence": 0.5,
        "repairs": [],
        "truncated": False,
    }


def test_a_query_that_sqlite_refuses_is_repaired_and_says_so(server):
    answer = server.ask("«SELECT name, copies FROM item WHERE copies > 3»")
    assert (answer["error"], answer["rows"]) == (None, [["red cup", 10], ["blue cup", 5]])
    assert answer["repairs"]


def test_a_second_draft_that_runs_is_named_with_the_message_of_the_first(server):
    answer = server.ask("«SELECT nowhere FROM item» ‹SELECT COUNT(*) FROM item›")
    assert (answer["sql"], answer["error"], answer["rows"]) == ("SELECT COUNT(*) FROM item", None, [[4]])
    assert answer["repairs"] == ["second draft: no such column: nowhere"]


def test_a_second_draft_that_fails_too_leaves_the_first_with_its_error(server):
    answer = server.ask("«SELECT nowhere FROM item» ‹SELECT missing FROM item›")
    assert (answer["sql"], answer["error"]) == ("SELECT nowhere FROM item", "error: no such column: nowhere")
    assert answer["repairs"] == []


def test_an_error_of_sqlite_is_part_of_the_answer(server):
    answer = server.ask("«SELECT FROM WHERE»")
    assert answer["error"].startswith("error: near ")
    assert (answer["columns"], answer["rows"]) == ([], [])


def test_history_reaches_the_model(server):
    history = [{"question": "first", "sql": "SELECT 1"}]
    assert server.ask("second", history=history)["sql"] != server.ask("second")["sql"]


def test_a_stream_tells_the_place_the_sql_as_it_grows_and_the_answer(server):
    found = events(server, "slowly «SELECT 12345»")
    names = [name for name, _ in found]
    assert (names[0], names[-1], set(names[1:-1])) == ("place", "answer", {"sql"})
    written = [data["sql"] for name, data in found if name == "sql"]
    assert len(written) > 5
    assert all(later.startswith(earlier) for earlier, later in pairwise(written))
    assert found[-1][1]["rows"] == [[12345]]


def test_a_failing_engine_is_an_error_in_either_form(server):
    response = server.client.post("/ask", json={"question": "failing"})
    assert (response.status_code, response.json()) == (500, {"error": "the engine is broken"})
    assert events(server, "failing")[-1] == ("error", {"error": "the engine is broken", "kind": "engine"})


def test_a_query_runs_as_it_is(server):
    assert server.query("SELECT id, x'0aff' AS b, 9e999 AS i, NULL AS n FROM item LIMIT 1") == {
        "sql": "SELECT id, x'0aff' AS b, 9e999 AS i, NULL AS n FROM item LIMIT 1",
        "columns": ["id", "b", "i", "n"],
        "rows": [[1, "0aff", "inf", None]],
        "error": None,
        "seconds": pytest.approx(0, abs=1),
        "truncated": False,
    }


MILLION = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) SELECT i FROM n"


def test_a_million_rows_are_cut_and_the_answer_says_so(server):
    for found in (server.query(MILLION), server.ask(f"«{MILLION}»")):
        assert (found["error"], len(found["rows"]), found["truncated"]) == (None, 10_000, True)


def test_the_schema_has_columns_keys_and_sample_rows(server):
    item, sale = server.client.get("/schema", params={"database": "shop"}).json()["tables"]
    assert [column["name"] for column in item["columns"]] == ["id", "name", "price", "kind", "day"]
    assert (item["columns"][0]["type"], item["columns"][0]["primary_key"]) == ("INTEGER", True)
    assert len(item["rows"]) == 3
    assert sale["foreign_keys"] == [{"column": "item_id", "table": "item", "referenced": "id"}]


def test_the_databases_are_listed(server):
    assert {"name": "shop", "uploaded": False} in server.client.get("/databases").json()["databases"]


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/ask", b"{}", 400, "question: Field required"),
        ("/ask", b'{"question": "  "}', 400, "question: String should match pattern '\\S'"),
        ("/ask", b'{"question": "x", "databse": "y"}', 400, "databse: Extra inputs are not permitted"),
        ("/ask", b'{"question": "x", "database": "y"}', 404, "no database 'y'; served are: shop"),
        ("/ask", b'{"question": "%s"}' % (b"x" * 4001), 400, "question: String should have at most 4000 characters"),
        ("/query", b'{"sql": "SELECT 1", "database": "../shop"}', 404, "no database '../shop'; served are: shop"),
        ("/query", b'{"sql": 5}', 400, "sql: Input should be a valid string"),
        ("/query", b"[" * 200_000, 400, None),
        ("/query", b"not json", 400, None),
        ("/query", b'{"sql": "\xff"}', 400, None),
        ("/query", b'{"sql": "%s"}' % (b"x" * 3_000_000), 413, "the body is larger than 2 MB"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_bodies_are_named(server, path, body, status, error):
    response = server.client.post(path, content=body, headers={"content-type": "application/json"})
    assert response.status_code == status
    assert response.json()["error"].startswith(error or "Invalid JSON")


def test_unknown_routes_are_json_errors(server):
    response = server.client.get("/nowhere")
    assert (response.status_code, response.json()) == (404, {"error": "Not Found"})


def test_questions_wait_in_line_and_too_many_are_told_when_to_come_back(start, shop):
    server = start(shop, "--waiting", "3")
    places: list[list[int]] = [[], [], []]

    def follow(n: int) -> None:
        places[n] += [
            data["position"] for name, data in events(server, f"slowly «SELECT {'9' * 20}»") if name == "place"
        ]

    threads = [threading.Thread(target=follow, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.3)
    response = server.client.post("/ask", json={"question": "one too many"})
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1
    assert response.json()["error"].startswith("3 questions are waiting; try again in ")
    for thread in threads:
        thread.join()
    assert [found[0] for found in places] == [0, 1, 2]
    assert all(found == sorted(found, reverse=True) for found in places)
    assert server.ask("after all")["error"] is None


def test_a_deadline_ends_a_question_and_the_next_one_is_answered(start, shop):
    server = start(shop, "--deadline", "1.5")
    began = time.monotonic()
    response = server.client.post("/ask", json={"question": f"slowly «SELECT {'9' * 200}»"})
    assert (response.status_code, response.json()) == (504, {"error": "no answer within 1.5 s"})
    assert time.monotonic() - began < 3
    server.wait_for("cancelled after")
    assert events(server, f"slowly «SELECT {'9' * 200}»")[-1][1]["kind"] == "deadline"
    assert server.ask("«SELECT 1»")["rows"] == [[1]]


@pytest.mark.parametrize("streamed", [True, False])
def test_a_question_whose_client_goes_is_stopped(start, shop, streamed):
    server = start(shop)
    accept = "text/event-stream" if streamed else "application/json"
    body = {"question": f"slowly «SELECT {'9' * 400}»"}
    patience = 30 if streamed else 2  # a busy server takes its time to begin, and only what has begun is cancelled
    with (
        suppress(httpx.ReadTimeout),
        server.client.stream("POST", "/ask", json=body, headers={"accept": accept}, timeout=patience) as response,
    ):
        next(response.iter_lines())
    began = time.monotonic()
    assert server.ask("«SELECT 1»")["rows"] == [[1]]
    assert time.monotonic() - began < 3
    server.wait_for("cancelled after")


def test_a_query_whose_client_goes_frees_its_worker(start, shop):
    server = start(shop, "--timeout", "30")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    for _ in range(4):  # more than there are workers
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.address}/query", json={"sql": endless}, timeout=0.8, trust_env=False)
    began = time.monotonic()
    assert server.query("SELECT 1")["rows"] == [[1]]
    assert time.monotonic() - began < 5


def test_twenty_clients_at_once_get_their_own_answers(server):
    found: dict[int, list] = {}

    def client(n: int) -> None:
        with httpx.Client(base_url=server.address, timeout=60, trust_env=False) as own:
            asked = own.post("/ask", json={"question": f"«SELECT {n}»"}).json()
            ran = own.post("/query", json={"sql": f"SELECT {n}"}).json()
            found[n] = [asked["rows"], ran["rows"]]

    threads = [threading.Thread(target=client, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [[[n]], [[n]]] for n in range(20)}
