"""Pairs for Spider's train databases, in Spider's form."""

import json
import sqlite3

from tests.programs import run_program


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
