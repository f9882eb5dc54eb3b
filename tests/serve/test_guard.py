"""Who may talk to the server: names, origins, content types, tokens; and what every response says to browsers."""

import http.client
import json
import re
import socket

import httpx
import pytest

from serve.guard import is_loopback
from tests.serve.conftest import Running

JSON = {"Content-Type": "application/json"}
QUERY = json.dumps({"sql": "SELECT 1"})


def status(server: Running, method: str, path: str, headers: dict[str, str], body: str | None = None) -> int:
    """The status of a request whose headers are exactly these."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body.encode())))
    connection.endheaders(body.encode() if body is not None else None)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:{}", 200),
        ("localhost:{}", 200),
        ("LOCALHOST:9", 200),
        ("[::1]:{}", 200),
        ("127.8.8.8", 200),
        ("evil.example:{}", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("evil.example#localhost", 421),
        ("10.0.0.1:{}", 421),
        ("", 421),
    ],
)
def test_only_names_of_this_machine_are_answered(server, host, expected):
    headers = {"Host": host.format(server.port)}
    assert status(server, "GET", "/databases", headers) == expected
    assert status(server, "GET", "/", headers) == expected
    assert status(server, "POST", "/query", headers | JSON, QUERY) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:{}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "http://127.0.0.1:{}"}, 403),  # another name is another site
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/query", "/ask", "/v1/chat/completions", "/mcp"])
def test_posts_from_other_pages_are_refused(server, headers, expected, path):
    own = {"Host": f"localhost:{server.port}", "Accept": "application/json, text/event-stream"}
    own |= JSON | {name: value.format(server.port) for name, value in headers.items()}
    found = status(server, "POST", path, own, QUERY)
    assert (found == 403) == (expected == 403)
    assert path != "/query" or found == expected


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
@pytest.mark.parametrize("path", ["/query", "/ask", "/v1/chat/completions", "/mcp", "/upload?name=a.csv"])
def test_what_a_form_of_another_page_can_send_is_refused(server, kind, path):
    headers = {"Host": "localhost", **({"Content-Type": kind} if kind else {})}
    assert status(server, "POST", path, headers, QUERY) == 415


def test_a_preflight_gets_no_permission(server):
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    response = server.client.request("OPTIONS", "/ask", headers=headers)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_every_response_tells_browsers_to_load_nothing_foreign(server):
    for path in ("/", "/page.js", "/databases", "/nowhere"):
        headers = server.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'; ")
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_the_page_names_nothing_foreign(root):
    files = sorted((root / "serve/page").iterdir())
    assert len(files) >= 8
    for path in files:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//\w+\.\w|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text), (
            path
        )


@pytest.mark.parametrize(
    "path",
    ["/../run.py", "/..%2frun.py", "/%2e%2e/run.py", "/....//run.py", "//etc/passwd", "/page/../../README.md", "/%00"],
)
def test_no_path_leads_out_of_the_page(server, path):
    assert status(server, "GET", path, {"Host": "localhost"}) == 404


@pytest.mark.parametrize("path", ["/databases", "/schema?database=../shop", "/", "/v1/models", "/mcp", "/nowhere"])
def test_with_a_token_nothing_is_answered_without_it(guarded, path):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic secret-token-ü"}, {"Cookie": "x"}):
        assert status(guarded, "GET", path, {"Host": "localhost"} | headers) == 401


def test_the_token_is_taken_as_a_bearer_or_from_the_first_visit_of_the_page(guarded):
    with httpx.Client(base_url=guarded.address, trust_env=False) as client:
        bearer = {"Authorization": f"Bearer {guarded.token}"}
        assert client.post("/query", json={"sql": "SELECT 1"}, headers=bearer).json()["rows"] == [[1]]
        assert client.get("/?token=wrong").status_code == 401
        visit = client.get(f"/?token={guarded.token}")
        assert (visit.status_code, visit.headers["location"]) == (303, "/")
        assert re.search(r"HttpOnly.*SameSite=strict", visit.headers["set-cookie"], re.IGNORECASE)
        assert client.get("/").status_code == 200  # by the cookie
        assert client.get("/databases").json()["databases"][0]["name"] == "shop"
        assert client.get(f"/databases?token={guarded.token}", headers={"Cookie": ""}).status_code in (200, 401)


@pytest.fixture(scope="module")
def guarded(start, shop):
    return start(shop, variables={"TEXT2SQL_TOKEN": "secret-token"})


def test_beyond_loopback_a_token_is_made_and_printed(start, shop):
    server = start(shop, "--host", "0.0.0.0", "--allow-host", "db.example")
    assert len(server.token) >= 32
    bearer = {"Authorization": f"Bearer {server.token}"}
    names = ("127.0.0.1", "192.0.2.7:80", socket.gethostname(), "db.example", "evil.example")
    assert [status(server, "GET", "/databases", {"Host": name} | bearer) for name in names] == [200, 200, 200, 200, 421]
    assert status(server, "GET", "/databases", {"Host": "127.0.0.1"}) == 401


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.0.0.1", False), ("::", False)],
)
def test_loopback_is_told_from_the_rest(host, expected):
    assert is_loopback(host) is expected
