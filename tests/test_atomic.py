"""Files written whole or not at all, whatever happens while they are written."""

import os
import subprocess
import sys

import pytest

from atomic import replacement, replacing, replacing_all, write_text
from tests.conftest import ROOT


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def interrupted(file) -> None:
    file.write("half of the n")
    raise KeyboardInterrupt


def test_the_old_file_is_read_until_the_end_and_the_new_one_after(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as file:
        file.write("new é")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text(encoding="utf-8") == "new é"
    assert names(tmp_path) == ["a.txt"]


def test_a_block_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        interrupted(file)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "report.md"
    target.mkdir()  # a folder of that name cannot be replaced by a file
    with pytest.raises(OSError, match=r"report\.md"):
        write_text(target, "new")
    assert names(tmp_path) == ["report.md"]


def test_files_that_belong_together_are_all_replaced_or_none(tmp_path):
    paths = [tmp_path / "data/a.json", tmp_path / "data/b.json"]
    with replacing_all(paths) as files:
        for file in files:
            file.write("old")
    with pytest.raises(KeyboardInterrupt), replacing_all(paths) as (_, last):
        interrupted(last)
    assert [path.read_text() for path in paths] == ["old", "old"]
    assert names(tmp_path / "data") == ["a.json", "b.json"]


def test_a_file_is_on_the_disk_before_it_gets_its_name_and_then_the_name_is(tmp_path, monkeypatch):
    path, synced = tmp_path / "a.txt", []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append((os.readlink(f"/proc/self/fd/{file}"), path.exists())))
    write_text(path, "new")
    assert [exists for _, exists in synced] == [False, True]
    assert synced[0][0].endswith(".partial")
    assert synced[1][0] == str(tmp_path)


def test_two_processes_that_write_one_file_do_not_meet(tmp_path):
    path = tmp_path / "a.txt"
    other = (
        "import sys; from pathlib import Path; from atomic import write_text; write_text(Path(sys.argv[1]), 'theirs')"
    )
    with replacing(path) as file:
        file.write("ours")
        subprocess.run([sys.executable, "-c", other, str(path)], cwd=ROOT, check=True)
        assert path.read_text() == "theirs"
    assert path.read_text() == "ours"
    assert names(tmp_path) == ["a.txt"]


def test_what_another_library_writes_by_its_name_is_put_in_place_too(tmp_path):
    with replacement(tmp_path / "new/a.sqlite") as path:
        path.write_bytes(b"made by name")
    assert (tmp_path / "new/a.sqlite").read_bytes() == b"made by name"
    assert names(tmp_path / "new") == ["a.sqlite"]


def test_a_text_that_utf8_cannot_carry_is_written_all_the_same(tmp_path):
    assert write_text(tmp_path / "a.txt", "lone \ud800 surrogate").read_text() == "lone ? surrogate"
