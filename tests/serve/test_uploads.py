"""Files that people send: SQLite and tables, limits, hostile names, and that nothing stays."""

import re
import signal
import sqlite3
import time
from contextlib import suppress

import httpx
import pytest

from serve.databases import MAX_UPLOADS
from tests.databases import make_database
from tests.serve.conftest import Running

BYTES = {"content-type": "application/octet-stream"}
CSV = b"city,people\nParis,2100000\nLyon,520000\n"


def send(server: Running, name: str, content: object) -> httpx.Response:
    return server.client.post("/upload", params={"name": name}, content=content, headers=BYTES)


def test_a_csv_file_can_be_asked(server):
    name = send(server, "cities.csv", CSV).json()["name"]
    assert name == "cities"
    assert server.query("SELECT city FROM cities WHERE people > 1e6", database=name)["rows"] == [["Paris"]]
    assert server.ask("«SELECT max(people) FROM cities»", database=name)["rows"] == [[2100000]]
    assert {"name": "cities", "uploaded": True} in server.client.get("/databases").json()["databases"]


def test_a_sqlite_file_can_be_asked_whatever_it_is_called(server, tmp_path):
    path = make_database(tmp_path / "a.sqlite", "CREATE TABLE t (a); INSERT INTO t VALUES (7);")
    name = send(server, "no ending", path.read_bytes()).json()["name"]
    assert server.query("SELECT a FROM t", database=name)["rows"] == [[7]]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd.csv", "passwd"),
        ("..\\..\\x.csv", "x"),
        ("/etc/cron.d/x.csv", "x-2"),
        ("<img src=x onerror=alert(1)>.csv", "<img src=x onerror=alert(1)>"),
        ("\x00\x1b[31m\u202e.csv", "[31m"),
        ("'; DROP TABLE t; --.csv", "'; DROP TABLE t; --"),
        ("x" * 500 + ".csv", "x" * 60),
    ],
)
def test_names_are_labels(server, temporary, name, label):
    response = send(server, name, CSV)
    assert (response.status_code, response.json()) == (201, {"name": label})
    files = [path.relative_to(temporary).as_posix() for path in temporary.rglob("*") if path.is_file()]
    assert [file for file in files if not re.fullmatch(r"text2sql-\w+/\d+/upload", file)] == []
    schema = server.client.get("/schema", params={"database": label}).json()
    assert [column["name"] for column in schema["tables"][0]["columns"]] == ["city", "people"]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.sqlite", b"", "the file is empty"),
        ("a.sqlite", b"PK\3\4", "a.sqlite: not an SQLite database"),
        ("a.csv", b"a,b\n1\n", "a.csv: row 2 has 1 values, the header has 2. Quote commas in values."),
        ("a.csv", b"a,b\n\xff,1\n", "a.csv: not UTF-8 (byte 4). Save it as UTF-8."),
        ("a.sqlite", b"SQLite format 3\0" + b"\xff" * 5000, "a.sqlite: file is not a database"),
    ],
)
def test_what_cannot_be_read_is_refused_and_not_kept(server, name, content, error):
    before = server.client.get("/databases").json()
    response = send(server, name, content)
    assert (response.status_code, response.json()) == (400, {"error": error})
    assert server.client.get("/databases").json() == before


def test_an_upload_over_the_limit_is_refused_before_it_is_read(server):
    response = send(server, "big.csv", b"a\n" + b"1\n" * 2**20)
    assert (response.status_code, response.json()["error"]) == (413, "the file is larger than 1 MB")


def test_an_endless_upload_of_no_declared_length_is_cut_off(server):
    sent = 0

    def endless():
        nonlocal sent
        while sent < 2**30:
            sent += 65_536
            yield b"x" * 65_536

    with suppress(httpx.TransportError):  # the server may hang up while we are writing
        assert send(server, "big.csv", endless()).status_code == 413
    assert sent < 64 * 2**20
    assert server.query("SELECT 1")["rows"] == [[1]]


def test_old_uploads_make_room(start, shop):
    server = start(shop)
    for n in range(MAX_UPLOADS + 2):
        assert send(server, f"t{n}.sqlite", shop.read_bytes()).status_code == 201
    names = [one["name"] for one in server.client.get("/databases").json()["databases"]]
    assert names == ["shop", *(f"t{n}" for n in range(2, MAX_UPLOADS + 2))]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_nothing_stays_when_the_server_ends(start, shop, tmp_path, how):
    server = start(shop, variables={"TMPDIR": str(tmp_path)})
    assert send(server, "cities.csv", CSV).status_code == 201
    (folder,) = tmp_path.glob("text2sql-*")
    assert server.stop(how) == 0
    assert not folder.exists()
    assert server.printed[-1] == "serve: stopped\n"


def test_uploads_can_be_switched_off(start, shop):
    server = start(shop, "--upload-limit", "0")
    assert send(server, "cities.csv", CSV).status_code == 413
    assert server.client.get("/databases").json()["upload_bytes"] == 0


def test_a_hostile_schema_does_not_hold_up_the_server(server, tmp_path):
    path = tmp_path / "slow.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute(
            "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        )
    connection.close()
    name = send(server, "slow.sqlite", path.read_bytes()).json()["name"]
    began = time.monotonic()
    assert server.query("SELECT * FROM v", database=name)["error"] == "longer than 2 s"
    assert server.query("SELECT 1")["rows"] == [[1]]
    assert time.monotonic() - began < 15
