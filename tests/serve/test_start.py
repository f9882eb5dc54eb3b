"""Starting and ending: what is printed, and clear errors where it cannot start."""

import socket
import subprocess
import sys

import pytest

from tests.serve.conftest import FAKE, Running


def fail(*words: object) -> tuple[int, str]:
    """Exit status and last line of a server that does not start."""
    run = subprocess.run([sys.executable, str(FAKE), *map(str, words)], capture_output=True, text=True, timeout=60)
    return run.returncode, run.stderr.strip().splitlines()[-1]


def test_the_start_says_where_to_go(server: Running):
    shown = "".join(server.printed)
    assert f"serve: http://127.0.0.1:{server.port}/ is the page\n" in shown
    assert f"http://127.0.0.1:{server.port}/v1, MCP tools at http://127.0.0.1:{server.port}/mcp\n" in shown


def test_a_port_that_is_taken_is_named(shop):
    pytest.importorskip("mcp", reason="needs .venv: ./launch.sh setup")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, error = fail(shop, "--port", port)
    message = f"serve: port {port} of 127.0.0.1: address already in use. Choose another: --port {port + 1}"
    assert (status, error) == (1, message)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["missing.sqlite"], "serve: missing.sqlite: no such file or directory"),
        (["tests"], "serve: tests: not a file but a folder, pipe or device"),
        (["README.md"], "serve: README.md: not an SQLite database"),
        (["x.sqlite", "--timeout", "0"], "launch.sh serve: error: --timeout must be more than 0"),
        ([], "launch.sh serve: error: the following arguments are required: database"),
    ],
)
def test_what_cannot_be_served_is_misuse(root, words, error, monkeypatch):
    pytest.importorskip("mcp", reason="needs .venv: ./launch.sh setup")
    monkeypatch.chdir(root)
    assert fail(*words, "--port", 0) == (2, error)


def test_databases_of_one_name_get_names_of_their_own(start, shop, tmp_path):
    (tmp_path / "shop.csv").write_text("a,b\n1,2\n")
    server = start(shop, tmp_path / "shop.csv", shop)
    names = [one["name"] for one in server.client.get("/databases").json()["databases"]]
    assert names == ["shop", "shop-2", "shop-3"]
    assert server.query("SELECT b FROM shop", database="shop-2")["rows"] == [[2]]
    assert server.stop() == 0
