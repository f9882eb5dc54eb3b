"""What is wrong between a recipe and its data, told before training: rows that would be cut, questions seen twice.

LLaMA-Factory cuts a row longer than `cutoff_len` without a word; a score on questions that the training file holds
means nothing. Counting and comparing take seconds, so their results are kept in the corpus's record, with the hashes
of the files they hold for.
"""

import json
from pathlib import Path
from typing import NamedTuple

from atomic import replacing
from converters import lengths, pairs
from converters.convert import read_record, record_path
from converters.rows import ConversionError, style_of
from converters.sources import read_rows
from recipes.provenance import file_hash
from seq2seq.kind import is_seq2seq

DEFAULT_CUTOFF = 2048  # LLaMA-Factory's own


class Reader(NamedTuple):
    """Who reads the rows: the model whose tokenizer counts, LLaMA-Factory's template, the recipe's system prompt."""

    model: str
    template: str
    default_system: str | None = None

    @property
    def noted(self) -> list[str]:
        """As the corpus's record holds it."""
        return [self.model, self.template, *([] if self.default_system is None else [self.default_system])]


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
    found = []
    for name in names:
        measured = known(data, name, reader) or measure(data, name, reader)
        if measured.max > cutoff - spare:
            packed = " (one of them is kept back with packing)" if spare else ""
            found.append(
                f"cutoff_len {cutoff}{packed} is too short for {name}: the longest row has {measured.max} tokens "
                f"({measured}). LLaMA-Factory would cut such rows, the question first. Set "
                f"cutoff_len={measured.max + spare}, or convert with --tokenizer {reader.model} --template "
                f"{reader.template} --cutoff {cutoff - spare}"
            )
    return found


def known(data: Path, name: str, reader: Reader) -> lengths.Lengths | None:
    """What was counted before for this file and reader."""
    kept = read_record(data, corpus_of(name)).get("counted", {}).get(name, {})
    if kept.get("reader") != reader.noted or kept.get("file") != file_hash(data / f"{name}.json"):
        return None
    return lengths.Lengths(*kept["lengths"])


def measure(data: Path, name: str, reader: Reader) -> lengths.Lengths:
    """Count every row of a converted file and keep the result in the corpus's record."""
    path, count = data / f"{name}.json", lengths.token_counter(*reader)
    rows = (raw.row for raw in read_rows(path))
    measured = lengths.summary(count(lengths.turns_of(row)) for row in rows)
    keep(data, name, "counted", {"reader": reader.noted, "file": file_hash(path), "lengths": list(measured)})
    return measured


def keep(data: Path, name: str, kind: str, entry: dict) -> None:
    """Put an entry for a data set into its corpus's record."""
    record = read_record(data, corpus_of(name))
    record[kind] = {**record.get(kind, {}), name: entry}
    with replacing(record_path(data, corpus_of(name))) as file:
        json.dump(record, file, indent=1, ensure_ascii=False)


def corpus_of(name: str) -> str:
    """`spider` for `spider_train`."""
    return name.rpartition("_")[0]


def seen_before(data: Path, train: list[str], evaluation: list[str]) -> list[str]:
    """A line for each training file that holds questions of an evaluation file of another corpus."""
    found = []
    for one in train:
        for other in evaluation:
            if corpus_of(one) != corpus_of(other):
                both = known_shared(data, one, other)
                found += [pairs.warning(one, other, *both)] if both.number else []
    return found


def known_shared(data: Path, train: str, evaluation: str) -> pairs.Shared:
    """How many questions two converted files share, from the record where it was counted before."""
    paths = [data / f"{name}.json" for name in (train, evaluation)]
    hashes = [file_hash(path) for path in paths]
    kept = read_record(data, corpus_of(evaluation)).get("shared", {}).get(evaluation, {})
    if kept.get("with") == train and kept.get("files") == hashes:
        return pairs.Shared(*kept["rows"])
    both = pairs.shared(*paths)
    keep(data, evaluation, "shared", {"with": train, "files": hashes, "rows": list(both)})
    return both


def styles_differ(data: Path, names: list[str]) -> list[str]:
    """A line where the files of a recipe are not all in one prompt style."""
    styles = {name: style_of(next(read_rows(data / f"{name}.json")).row) for name in names}
    if len(set(styles.values())) < 2:
        return []
    told = ", ".join(f"{name} {style}" for name, style in styles.items())
    return [f"the prompt styles differ ({told}): a model learns one. Convert all with one --style"]


def tell(values: dict, data: Path, train: list[str], evaluation: list[str]) -> list[str]:
    """All lines; that something could not be counted is one of them: a recipe is not stopped for that."""
    names = list(dict.fromkeys(train + evaluation))
    lines = styles_differ(data, names) + seen_before(data, train, evaluation)
    try:
        return lines + too_long(values, data, names)
    except ConversionError as error:
        return [*lines, f"the longest rows were not compared with cutoff_len: {error}"]
