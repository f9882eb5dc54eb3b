"""Pairs for Spider's train databases, in Spider's form."""

import json
import sqlite3

from tests.databases import make_database
from tests.programs import run_program
from tools import spider_pairs


def test_new_shapes_and_known_ones_go_into_the_two_train_files(tmp_path):
    source, out = tmp_path / "spider", tmp_path / "pairs"
    (source / "database/shop").mkdir(parents=True)
    with sqlite3.connect(source / "database/shop/shop.sqlite") as connection:
        connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, kind TEXT, price REAL, added TEXT)")
        rows = [(f"thing {n}", "abc"[n % 3], 1.5 * n, f"20{10 + n % 9}-03-0{1 + n % 7}") for n in range(40)]
        connection.executemany("INSERT INTO item (name, kind, price, added) VALUES (?, ?, ?, ?)", rows)
    connection.close()
    for part, db_id in (("train_spider.json", "shop"), ("train_others.json", "gone")):
        (source / part).write_text(json.dumps([{"db_id": db_id, "question": "?", "query": "SELECT 1"}]))
    run = run_program("tools/spider_pairs.py", "--source", str(source), "--out", str(out), "--new", "2", "--known", "1")
    assert run.returncode == 0, run.stderr
    new, known = (json.loads((out / part).read_text()) for part in ("train_spider.json", "train_others.json"))
    assert all(row.keys() == {"db_id", "question", "query"} and row["db_id"] == "shop" for row in new + known)
    assert any(" OVER (" in row["query"] for row in new)
    assert not any(" OVER (" in row["query"] for row in known)
    assert len(known) == len({row["query"] for row in known}) > 5


ITEMS = """CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, kind TEXT, price REAL, added TEXT);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39) INSERT INTO item SELECT i, 'thing ' || i,
substr('abc', 1 + i % 3, 1), 1.5 * i, (2010 + i % 9) || '-03-0' || (1 + i % 7) FROM n;"""


def test_databases_make_pairs_of_different_shapes(tmp_path, monkeypatch):
    monkeypatch.setattr(spider_pairs, "A_DATABASE", {True: 2, False: 6})
    shops = [make_database(tmp_path / f"shop{n}.sqlite", ITEMS) for n in range(4)]
    shapes = [set(spider_pairs.by_shape([shop], seed=7)) for shop in shops]
    assert len(set.union(*shapes)) > 12 > max(map(len, shapes))
    assert shapes[0] == set(spider_pairs.by_shape(shops[:1], seed=7))


def test_empty_cells_are_asked_for_though_the_database_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(spider_pairs, "A_DATABASE", {True: 2, False: 6})
    shop = make_database(tmp_path / "shop.sqlite", ITEMS)
    before = shop.read_bytes()
    found = spider_pairs.by_shape([shop], seed=7)
    queries = [row["query"] for shape in spider_pairs.OF_HOLES for row in found[shape]]
    assert queries
    assert all("NULL" in query for query in queries)
    assert shop.read_bytes() == before
