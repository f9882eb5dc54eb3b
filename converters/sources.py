"""Raw corpus files as streams of rows: JSON arrays, JSON lines, CSV and parquet, never a whole file in memory.

A row comes with its place (`train.jsonl: row 12`), so that an error in it can be named with where it is. Not covered:
compressed text files, Excel workbooks.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from converters.rows import ConversionError

CHUNK = 1 << 16  # characters read at once from a JSON array
DELIMITERS = ",;\t"
EVALUATION = {"test", "eval", "evaluation", "valid", "validation", "val", "dev"}  # words in the names of such files
_GAP = re.compile(r"[\s,]*")


class Raw(NamedTuple):
    """One raw row and its place: file and row number, counted from 1 (in CSV from 2: row 1 is the header)."""

    place: str
    row: dict


def read_rows(path: Path) -> Iterator[Raw]:
    """The rows of a file, by its ending: .json (an array of objects), .jsonl, .csv, .tsv, .parquet.

    Raises ConversionError where the file is missing, a folder, empty, of another kind, or not readable as its kind.
    """
    reader = reader_of(path)
    empty = True
    try:
        for raw in reader(path):
            empty = False
            yield raw
    except UnicodeDecodeError as error:
        raise ConversionError(f"{path}: not UTF-8 ({error.reason} at byte {error.start}). Save it as UTF-8.") from error
    if empty:
        raise ConversionError(f"{path}: the file holds no row.")


def reader_of(path: Path) -> Callable[[Path], Iterator[Raw]]:
    """The reader of a file's kind. Raises ConversionError for what is no file of a known kind."""
    kinds = ", ".join(READERS)
    if path.is_dir():
        raise ConversionError(f"{path}: a folder; a file was expected ({kinds}).")
    if not path.is_file():
        raise ConversionError(f"{path}: no such file. Check the path.")
    if path.suffix.lower() not in READERS:
        raise ConversionError(f"{path}: unknown kind of file; known endings: {kinds}.")
    return READERS[path.suffix.lower()]


def read_array(path: Path) -> Iterator[Raw]:
    """The objects of a JSON array; a file of that ending that holds one object, or JSON lines, is read as such."""
    with path.open(encoding="utf-8-sig") as file:
        start = file.read(CHUNK).lstrip()
        if start.startswith("{"):
            yield from read_object(path)
        else:
            for number, value in enumerate(array_values(path, start, file), 1):
                yield checked(path, number, value)


def read_object(path: Path) -> Iterator[Raw]:
    """The rows of a file that begins with an object: JSON lines, one row, or an object that holds a list of rows."""
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError:
        yield from read_lines(path)
        return
    lists = [each for each in value.values() if isinstance(each, list) and each and isinstance(each[0], dict)]
    if len(value) == 1 and lists:
        yield from (checked(path, number, row) for number, row in enumerate(lists[0], 1))
    elif value and all(isinstance(each, dict | list) for each in value.values()):
        names = ", ".join(value)
        raise ConversionError(
            f"{path}: one object with {names} instead of a list of rows. Save a list of objects: [{{...}}, ...] "
            '(pandas: to_json(orient="records")).'
        )
    else:
        yield checked(path, 1, value)


def array_values(path: Path, text: str, file: IO[str]) -> Iterator[object]:
    """Parse a JSON array piece by piece; `text` is its beginning and never holds more than a chunk and one value."""
    decoder, position = json.JSONDecoder(), 1
    if text and not text.startswith("["):
        raise ConversionError(f"{path}: not a JSON array. Give a list of objects: [{{...}}, ...]")
    while text:
        position = _GAP.match(text, position).end()
        if text.startswith("]", position):
            return
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError as error:
            more = file.read(max(CHUNK, len(text) - position))  # doubled, so that a long value is not parsed often
            if not more:
                raise ConversionError(f"{path}: not JSON ({error.msg}). Correct it or download it again.") from error
            text, position = text[position:] + more, 0
            continue
        yield value


def read_lines(path: Path) -> Iterator[Raw]:
    """The objects of a JSON-lines file; empty lines are passed over."""
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                raise ConversionError(
                    f"{path}: row {number}: not JSON ({error}). One object a line is expected."
                ) from error
            yield checked(path, number, value)


def read_csv(path: Path) -> Iterator[Raw]:
    """The rows of a CSV file with a header; commas, semicolons or tabs, whichever the header has most of."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        delimiter = max(DELIMITERS, key=header.count)
        file.seek(0)
        try:
            for number, row in enumerate(csv.DictReader(file, delimiter=delimiter, strict=True), 2):
                check_surplus(f"{path}: row {number}", row, delimiter)
                yield Raw(
                    f"{path}: row {number}", {key: value for key, value in row.items() if key and value is not None}
                )
        except csv.Error as error:
            raise ConversionError(
                f"{path}: not CSV ({error}). Quote fields that hold line ends or {delimiter!r}."
            ) from error


def check_surplus(place: str, row: dict, delimiter: str) -> None:
    """Raise ConversionError where a row has more cells than the header: a text was cut at a delimiter inside it."""
    if any(row.get(None, ())):
        raise ConversionError(
            f"{place}: {len(row) - 1 + len(row[None])} cells, but the header names {len(row) - 1}. "
            f'Put texts that hold {delimiter!r} in double quotes: "SELECT a, b".'
        )


def read_parquet(path: Path) -> Iterator[Raw]:
    """The rows of a parquet file, a thousand at a time."""
    import pyarrow
    import pyarrow.parquet

    try:
        batches = pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=1000)
        rows = (row for batch in batches for row in batch.to_pylist())
        for number, row in enumerate(rows, 1):
            yield Raw(f"{path}: row {number}", row)
    except (pyarrow.ArrowException, OSError) as error:
        raise ConversionError(f"{path}: not parquet ({error}). Download it again.") from error


def hub_rows(name: str, part: str) -> Iterator[Raw]:
    """The rows of a set on the Hugging Face hub; `train`, or as `eval` every other part that it has, or `all`.

    Read from memory-mapped files. Raises ConversionError where it cannot be loaded.
    """
    import datasets

    try:
        parts = datasets.load_dataset(name)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise ConversionError(
            f"{name}: not loaded from the hub ({error}). Check the network, or give --source a folder."
        ) from error
    for found in parts:
        if part in ("all", "train" if found == "train" else "eval"):
            for number, row in enumerate(parts[found], 1):
                yield Raw(f"{name}: {found} row {number}", row)


def hub_or_file_rows(source: str, hub_names: dict[str, str], part: str) -> Iterator[Raw]:
    """The rows of a part of a corpus, from the hub where `source` is one of `hub_names`, else from its files."""
    if source in hub_names:
        yield from hub_rows(hub_names[source], part)
        return
    for path in part_files(Path(source))[part]:
        yield from read_rows(path)


def part_files(place: Path) -> dict[str, list[Path]]:
    """The files of a corpus by part: train, eval and all, in the order of their names.

    `place` is a file, or a folder whose files say in their names which part they are (train; test, eval, valid, dev).
    Where they do not, all are in "all" alone. Raises ConversionError where there is none.
    """
    if place.is_file():
        return {"train": [], "eval": [], "all": [place]}
    found = sorted(path for path in place.rglob("*") if path.suffix.lower() in READERS and path.is_file())
    if not found:
        kinds = ", ".join(READERS)
        raise ConversionError(f"{place}: no such file, nor a folder with files of a known kind ({kinds}).")
    evaluation = [path for path in found if EVALUATION & words_of(path)]
    training = [path for path in found if {"train", "training"} & words_of(path) and path not in evaluation]
    both = bool(training and evaluation)
    return {"train": training if both else [], "eval": evaluation if both else [], "all": found}


def words_of(path: Path) -> set[str]:
    """The words of a file's name: `latest_train-00000.json` has latest, train and 00000."""
    return set(re.split(r"[^a-z0-9]+", path.stem.lower()))


def checked(path: Path, number: int, value: object) -> Raw:
    """A parsed value as a raw row. Raises ConversionError where it is no object."""
    if not isinstance(value, dict):
        raise ConversionError(f"{path}: row {number}: {type(value).__name__} instead of an object with named values.")
    return Raw(f"{path}: row {number}", value)


def need(raw: Raw, keys: tuple[str, ...]) -> None:
    """Raise ConversionError where a row lacks one of `keys`."""
    missing = [key for key in keys if key not in raw.row]
    if missing:
        raise ConversionError(
            f"{raw.place}: key {missing[0]!r} is missing; expected: {', '.join(keys)}; found: {', '.join(raw.row)}."
        )


READERS = {".json": read_array, ".jsonl": read_lines, ".csv": read_csv, ".tsv": read_csv, ".parquet": read_parquet}
