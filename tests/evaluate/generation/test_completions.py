"""The files of several processes that generate at once: what each gets, and that nothing it made is lost."""

import json

from evaluate.generation.completions import collect_shards, forget, read_completions, split, write_shards

PROMPTS = [("a", [5, 1]), ("b", [6, 1]), ("c", [5, 2]), ("d", [6, 2]), ("e", [5, 3])]


def test_prompts_that_begin_alike_stay_together():
    assert [[key for key, _ in part] for part in split(PROMPTS, 2)] == [["a", "c"], ["e", "b", "d"]]


def test_every_prompt_is_in_one_part_and_no_part_is_empty():
    parts = split(PROMPTS, 8)
    assert sorted(prompt for part in parts for prompt in part) == sorted(PROMPTS)
    assert [len(part) for part in parts] == [1] * 5


def test_a_shard_is_a_job_with_files_of_its_own(tmp_path):
    first, second = write_shards(tmp_path, {"model": "m"}, split(PROMPTS, 2))
    assert json.loads(second.job.read_text()) == {
        "model": "m",
        "prompts": str(tmp_path / "shards/1.prompts.jsonl"),
        "completions": str(tmp_path / "shards/1.completions.jsonl"),
    }
    assert first.prompts.read_text() == (
        '{"id": "a", "prompt_token_ids": [5, 1]}\n{"id": "c", "prompt_token_ids": [5, 2]}\n'
    )


def test_what_the_processes_made_becomes_one_file(tmp_path):
    (tmp_path / "completions.jsonl").write_text('{"id": "z", "completion": "before"}\n')
    shards = write_shards(tmp_path, {}, split(PROMPTS, 2))
    shards[0].completions.write_text('{"id": "a", "completion": "1"}\n')
    shards[1].completions.write_text('{"id": "b", "completion": "2"}\n{"id": "d", "compl')
    collect_shards(tmp_path)
    made = read_completions(tmp_path / "completions.jsonl")
    assert {key: row["completion"] for key, row in made.items()} == {"z": "before", "a": "1", "b": "2"}
    assert not (tmp_path / "shards").exists()


def test_without_shards_the_file_is_left_alone(tmp_path):
    path = tmp_path / "completions.jsonl"
    path.write_text("")
    before = path.stat().st_mtime_ns
    collect_shards(tmp_path)
    assert path.stat().st_mtime_ns == before


def test_forgetting_a_run_forgets_its_shards_too(tmp_path):
    write_shards(tmp_path, {}, split(PROMPTS, 2))
    forget(tmp_path)
    assert list(tmp_path.iterdir()) == []
