"""Reading raw files: what is read, and what is said about files that cannot be."""

import json
import re

import pytest

from converters.rows import ConversionError
from converters.sources import CHUNK, need, part_files, read_rows

ROWS = [{"question": 'Who said "]"?', "sql": "SELECT 1"}, {"question": "Zürich, wo?\nDort.", "sql": "SELECT 'x', 2"}]


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def rows(path):
    return [raw.row for raw in read_rows(path)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(ROWS)),
        ("a.json", json.dumps(ROWS, indent=4, ensure_ascii=False)),
        ("a.json", "\ufeff\n [\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n"),
        ("lines.json", "\n".join(map(json.dumps, ROWS))),
        ("a.jsonl", "\n\n".join(map(json.dumps, ROWS)) + "\n"),
        ("a.csv", 'question,sql\n"Who said ""]""?",SELECT 1\n"Zürich, wo?\nDort.","SELECT \'x\', 2"\n'),
        ("a.csv", '\ufeffquestion;sql\n"Who said ""]""?";SELECT 1\n"Zürich, wo?\nDort.";SELECT \'x\', 2\n'),
        ("a.csv", 'question,sql,,\n"Who said ""]""?",SELECT 1,,,\n"Zürich, wo?\nDort.","SELECT \'x\', 2",,\n'),
        ("a.tsv", 'question\tsql\n"Who said ""]""?"\tSELECT 1\n"Zürich, wo?\nDort."\tSELECT \'x\', 2\n'),
    ],
)
def test_each_kind_of_file_gives_the_same_rows(tmp_path, name, text):
    assert rows(write(tmp_path / name, text)) == ROWS


def test_parquet_gives_the_same_rows(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow comes with LLaMA-Factory")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet") == ROWS


def test_an_array_is_read_across_chunks(tmp_path):
    many = [{"n": n, "text": "[{" * (n % 7) + "x" * (n % 501)} for n in range(2000)] + [{"long": "y" * (3 * CHUNK)}]
    path = write(tmp_path / "a.json", json.dumps(many))
    assert path.stat().st_size > 5 * CHUNK
    assert rows(path) == many


def test_a_row_knows_its_place(tmp_path):
    path = write(tmp_path / "a.csv", "question,sql\nWho?,SELECT 1\n")
    assert next(read_rows(path)).place == f"{path}: row 2"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"", "the file holds no row."),
        ("a.json", b"[]", "the file holds no row."),
        ("a.jsonl", b"\n\n", "the file holds no row."),
        ("a.csv", b"question,sql\n", "the file holds no row."),
        ("a.json", b'"text"', "not a JSON array. Give a list of objects: [{...}, ...]"),
        ("a.json", b'[{"a": 1}, {"a": ', "not JSON (Expecting value). Correct it or download it again."),
        ("a.json", b'[{"a": 1}', "not JSON (Expecting value). Correct it or download it again."),
        ("a.json", b"[1]", "row 1: int instead of an object with named values."),
        (
            "a.jsonl",
            b'{"a": 1}\n{"a"}\n',
            "row 2: not JSON (Expecting ':' delimiter: line 1 column 5 (char 4)). One object a line is expected.",
        ),
        ("a.jsonl", b'{"a": "\xff"}', "not UTF-8 (invalid start byte at byte 7). Save it as UTF-8."),
        (
            "a.csv",
            b"question,sql\nWo\xdf,SELECT 1\n",
            "not UTF-8 (invalid continuation byte at byte 15). Save it as UTF-8.",
        ),
        (
            "a.csv",
            b"question,sql\nWho?,SELECT 1\nNames?,SELECT a, b\n",
            "row 3: 3 cells, but the header names 2. Put texts that hold ',' in double quotes: \"SELECT a, b\".",
        ),
        (
            "a.csv",
            b'question,sql\n"Who?,SELECT 1\n',
            "not CSV (unexpected end of data). Quote fields that hold line ends or ','.",
        ),
        ("a.xlsx", b"PK", "unknown kind of file; known endings: .json, .jsonl, .csv, .tsv, .parquet."),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_fault(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConversionError, match=re.escape(f"{path}: {message}") + "$"):
        rows(path)


def test_a_csv_may_have_a_column_without_a_name_and_empty_cells_at_the_end(tmp_path):
    path = write(tmp_path / "a.csv", ",question,sql\n0,Who?,SELECT 1,,\n")
    assert rows(path) == [{"question": "Who?", "sql": "SELECT 1"}]


def test_a_damaged_parquet_file_is_named(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow comes with LLaMA-Factory")
    path = write(tmp_path / "a.parquet", "no parquet")
    with pytest.raises(ConversionError, match=re.escape(f"{path}: not parquet (")):
        rows(path)


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path):
    with pytest.raises(ConversionError) as error:
        rows(tmp_path)
    assert str(error.value) == f"{tmp_path}: a folder; a file was expected (.json, .jsonl, .csv, .tsv, .parquet)."


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ConversionError) as error:
        rows(tmp_path / "no.json")
    assert str(error.value) == f"{tmp_path / 'no.json'}: no such file. Check the path."


def test_a_missing_column_is_named_with_those_found(tmp_path):
    path = write(tmp_path / "a.csv", "frage,sql\nWho?,SELECT 1\n")
    with pytest.raises(ConversionError) as error:
        need(next(read_rows(path)), ("question", "sql"))
    assert str(error.value) == f"{path}: row 2: key 'question' is missing; expected: question, sql; found: frage, sql."


def test_rows_below_one_key_are_read(tmp_path):
    assert rows(write(tmp_path / "a.json", json.dumps({"data": ROWS}, indent=2))) == ROWS


def test_one_object_may_be_one_row(tmp_path):
    assert rows(write(tmp_path / "a.json", json.dumps(ROWS[0], indent=2))) == ROWS[:1]


def test_columns_instead_of_rows_are_named(tmp_path):
    path = write(tmp_path / "a.json", json.dumps({"question": {"0": "Who?"}, "sql": {"0": "SELECT 1"}}))
    with pytest.raises(ConversionError) as error:
        rows(path)
    assert str(error.value) == (
        f"{path}: one object with question, sql instead of a list of rows. Save a list of objects: [{{...}}, ...] "
        '(pandas: to_json(orient="records")).'
    )


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("latest_train.json", "train"),
        ("device.json", "all"),
        ("invalid.csv", "all"),
        ("train-00000-of-00001.parquet", "train"),
        ("synthetic_test.jsonl", "eval"),
        ("dev.json", "eval"),
        ("validation.csv", "eval"),
    ],
)
def test_the_words_of_a_files_name_say_which_part_it_is(tmp_path, name, part):
    for each in (name, *(other for other in ("train.json", "test.json") if part == "all" or part not in other)):
        (tmp_path / each).touch()
    found = part_files(tmp_path)
    assert (tmp_path / name in found["train"], tmp_path / name in found["eval"]) == (part == "train", part == "eval")
