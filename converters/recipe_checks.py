"""What is wrong between a recipe and its data, said before training: rows that would be cut, questions seen twice.

LLaMA-Factory silently cuts a row longer than `cutoff_len`; a score on questions that the training file holds means
nothing. Counting and comparing take seconds, so their results are kept in the record of the training file's corpus,
with the hashes of the files they hold for.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from atomic import replacing
from converters import lengths, splits
from converters.convert import read_record, record_path
from converters.rows import ConversionError
from converters.sources import read_rows
from prompts.tags import first_row, style_of
from recipes.kind import is_seq2seq
from recipes.provenance import file_hash

DEFAULT_CUTOFF = 2048  # LLaMA-Factory's own


class Reader(NamedTuple):
    """Who reads the rows: the model whose tokenizer counts, LLaMA-Factory's template, the recipe's system prompt."""

    model: str
    template: str
    default_system: str | None = None


def warnings(values: dict, data: Path, train: list[str], evaluation: list[str]) -> list[str]:
    """All lines; that something could not be counted is one of them: a recipe is not stopped for that."""
    names = list(dict.fromkeys(train + evaluation))
    lines = styles_differ(data, names) + seen_before(data, train, evaluation)
    try:
        return lines + too_long(values, data, names)
    except ConversionError as error:
        return [*lines, f"the longest rows were not compared with cutoff_len: {error}"]


def too_long(values: dict, data: Path, names: list[str]) -> list[str]:
    """A line for each data set in `names` (`spider_train`, ...) with a row longer than the recipe's `cutoff_len`.

    Args:
        values: the recipe; `model_name_or_path`, `template`, `default_system`, `cutoff_len`, `packing` and
            `neat_packing` are read.
        data: the folder with the converted files.
    """
    if is_seq2seq(values):
        return []  # seq2seq/train.py leaves such rows out, and counts them
    reader = Reader(values["model_name_or_path"], values["template"], values.get("default_system"))
    cutoff = values.get("cutoff_len", DEFAULT_CUTOFF)
    spare = 1 if values.get("packing") or values.get("neat_packing") else 0  # LLaMA-Factory keeps one token back
    lines = []
    for name in names:
        measured = row_lengths(data, name, reader)
        if measured.max > cutoff - spare:
            packed = " (one of them is kept back with packing)" if spare else ""
            lines.append(
                f"cutoff_len {cutoff}{packed} is too short for {name}: the longest row has {measured.max} tokens "
                f"({measured}). LLaMA-Factory would cut such rows, the question first. Set "
                f"cutoff_len={measured.max + spare}, or convert with --tokenizer {reader.model} --template "
                f"{reader.template} --cutoff {cutoff - spare}"
            )
    return lines


def row_lengths(data: Path, name: str, reader: Reader) -> lengths.Lengths:
    """The lengths of a converted file's rows in tokens."""
    path = data / f"{name}.json"

    def count() -> list:
        counter = lengths.token_counter(*reader)
        return list(lengths.summary(counter(lengths.turns_of(raw.row)) for raw in read_rows(path)))

    return lengths.Lengths(*remembered(data, name, "counted", [*reader], [path], count))


def remembered(data: Path, name: str, kind: str, about: list, files: list[Path], count: Callable[[], list]) -> list:
    """What `count` gives for these files, from the record of the data set's corpus where it was counted before."""
    corpus = corpus_of(name)
    key = [about, [file_hash(path) for path in files]]
    kept = read_record(data, corpus).get(kind, {}).get(name, {})
    if kept.get("of") == key:
        return kept["result"]
    result, record = count(), read_record(data, corpus)
    record.setdefault(kind, {})[name] = {"of": key, "result": result}
    with replacing(record_path(data, corpus)) as file:
        json.dump(record, file, indent=1, ensure_ascii=False)
    return result


def corpus_of(name: str) -> str:
    """`spider` for `spider_train`."""
    return name.rpartition("_")[0]


def seen_before(data: Path, train: list[str], evaluation: list[str]) -> list[str]:
    """A line for each training file that holds questions of an evaluation file of another corpus."""
    lines = []
    for one in train:
        for other in (name for name in evaluation if corpus_of(name) != corpus_of(one)):
            paths = [data / f"{name}.json" for name in (one, other)]
            found = splits.Shared(
                *remembered(data, other, "shared", [one], paths, lambda p=paths: list(splits.shared(*p)))
            )
            lines += [splits.warning(one, other, found)] if found.questions else []
    return lines


def styles_differ(data: Path, names: list[str]) -> list[str]:
    """A line where the files of a recipe are not all in one prompt style."""
    styles = {name: style_of(first_row(data / f"{name}.json").get("tags", [])) for name in names}
    if len(set(styles.values())) < 2:
        return []
    listed = ", ".join(f"{name} {style}" for name, style in styles.items())
    return [f"mixed prompt styles ({listed}): convert all files with the same --style"]
