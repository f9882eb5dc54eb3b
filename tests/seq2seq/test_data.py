"""Converted rows as token ids: the text every model gets, and long rows left out and counted, never cut."""

import json

import pytest

pytest.importorskip("transformers", reason="needs .venv: ./launch.sh setup")

from recipes.seq2seq_arguments import Data
from seq2seq.data import DataError, describe, encode_sets, spread
from seq2seq.tokens import decode, load_tokenizer

COLUMNS = {"prompt": "instruction", "query": "input", "response": "output"}


@pytest.fixture
def tokenizer(tiny_t5):
    return load_tokenizer(tiny_t5)


@pytest.fixture
def data(tmp_path) -> Data:
    """A folder with the data set `toy`: a good row, a long input, a long answer, an answer that cannot be spelt."""
    rows = [
        {"id": 0, "instruction": "translate: how many?", "input": "t: a, b", "output": "SELECT a FROM t WHERE a < 5"},
        {"id": 1, "instruction": "x" * 200, "input": "", "output": "SELECT 1"},
        {
            "id": 2,
            "instruction": "q",
            "input": "",
            "output": "SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
        },
        {"id": 3, "instruction": "q", "input": "", "output": "SELECT 'Ω'"},
    ]
    (tmp_path / "toy.json").write_text(json.dumps(rows))
    (tmp_path / "dataset_info.json").write_text(json.dumps({"toy": {"file_name": "toy.json", "columns": COLUMNS}}))
    return Data(dataset="toy", dataset_dir=str(tmp_path), cutoff_len=100, max_new_tokens=40)


def test_a_row_is_the_user_turn_and_the_sql(tokenizer, data):
    row = encode_sets(["toy"], tokenizer, data).rows[0]
    assert decode(tokenizer, row["input_ids"]) == "translate: how many?\nt: a, b"
    assert decode(tokenizer, row["labels"]) == "SELECT a FROM t WHERE a < 5"
    assert row["labels"][-1] == tokenizer.eos_token_id


def test_rows_that_cannot_be_learnt_are_left_out_and_counted(tokenizer, data):
    encoded = encode_sets(["toy"], tokenizer, data)
    assert len(encoded.rows) == 1
    assert describe(encoded.left_out) == (
        "1 rows left out: input over cutoff_len 100, 1 rows left out: answer over max_new_tokens 40, "
        "1 rows left out: answer has a character the tokenizer lacks"
    )


def test_a_set_without_a_usable_row_is_an_error(tokenizer, data):
    data.cutoff_len = 1
    with pytest.raises(DataError, match=r"toy: no row is left to train on \(4 rows left out: input over cutoff_len 1"):
        encode_sets(["toy"], tokenizer, data)


@pytest.mark.parametrize(
    ("name", "message"), [("none", "data set 'none' is not in "), ("gone", "gone.json: no such file")]
)
def test_a_missing_set_is_named(tokenizer, data, tmp_path, name, message):
    info = {"toy": {"file_name": "toy.json"}, "gone": {"file_name": "gone.json"}}
    (tmp_path / "dataset_info.json").write_text(json.dumps(info))
    with pytest.raises(DataError, match=message):
        encode_sets([name], tokenizer, data)


def test_max_samples_takes_the_first_rows(tokenizer, data):
    data.max_samples = 1
    assert encode_sets(["toy"], tokenizer, data).left_out == {}


def test_rows_to_generate_for_are_spread_over_the_set():
    from datasets import Dataset

    rows = Dataset.from_dict({"n": list(range(10))})
    assert list(spread(rows, 4)["n"]) == [0, 2, 5, 7]
    assert len(spread(rows, None)) == len(spread(rows, 99)) == 10
