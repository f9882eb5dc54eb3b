"""Databases are replaced with the files that ask of them, or not at all."""

import sqlite3
from contextlib import closing

import pytest

import atomic

QUESTIONS = "question,sql\nHow many?,SELECT COUNT(*) FROM t\nWhich ones?,SELECT a FROM t\n"


def fill(path, script):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def files_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_conversion_that_fails_leaves_the_database_of_the_last_one(tmp_path, convert):
    database, questions = tmp_path / "shop.sqlite", tmp_path / "pairs.csv"
    fill(database, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    questions.write_text(QUESTIONS)
    words = ("own", "--database", database, "--questions", questions)
    assert convert(*words).returncode == 0
    before = files_below(convert.data)
    fill(database, "INSERT INTO t VALUES (2)")
    assert convert(*words, "--only", "no_such_tag").returncode == 2
    assert files_below(convert.data) == before
    assert [path.name for path in (convert.data / "databases").iterdir()] == ["own"]


def test_a_conversion_that_fails_leaves_the_link_to_the_last_source(small_spider, tmp_path, convert):
    convert("spider", "--source", small_spider)
    other = small_spider.rename(tmp_path / "other")
    (small_spider / "database").mkdir(parents=True)
    assert convert("spider", "--source", other, "--only", "no_such_tag").returncode == 2
    assert (convert.data / "databases" / "spider").readlink() == small_spider / "database"


def test_files_take_their_places_beside_others(tmp_path):
    for name in ("new/a/a.sqlite", "old/a/a.sqlite", "old/b/b.sqlite"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(name)
    atomic.put(tmp_path / "new", tmp_path / "old")
    assert files_below(tmp_path / "old") == {"a/a.sqlite": b"new/a/a.sqlite", "b/b.sqlite": b"old/b/b.sqlite"}


def test_databases_are_not_written_through_the_link_of_another_corpus(tmp_path):
    (tmp_path / "source" / "a").mkdir(parents=True)
    (tmp_path / "source" / "a" / "a.sqlite").write_text("not ours")
    (tmp_path / "old").symlink_to(tmp_path / "source")
    (tmp_path / "new" / "a").mkdir(parents=True)
    (tmp_path / "new" / "a" / "a.sqlite").write_text("ours")
    atomic.put(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "source" / "a" / "a.sqlite").read_text() == "not ours"
    assert (tmp_path / "old" / "a" / "a.sqlite").read_text() == "ours"


def test_a_link_does_not_take_the_place_of_a_folder(tmp_path):
    for name in ("source", "old"):
        (tmp_path / name).mkdir()
    (tmp_path / "new").symlink_to(tmp_path / "source")
    with pytest.raises(FileExistsError) as error:
        atomic.put(tmp_path / "new", tmp_path / "old")
    assert error.value.strerror == f"in the way of the link to {tmp_path / 'source'}"
    assert (tmp_path / "old").is_dir()


def half_written(folder):
    with atomic.aside(folder) as staged:
        staged.mkdir()
        (staged / "a.sqlite").write_text("half")
        raise ZeroDivisionError


def test_what_was_written_aside_is_removed_where_the_block_raises(tmp_path):
    with pytest.raises(ZeroDivisionError):
        half_written(tmp_path / "own")
    assert list(tmp_path.iterdir()) == []
