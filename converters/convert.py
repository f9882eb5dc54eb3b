"""The way of one corpus: candidates in; splits, prompts, lengths and filters; two files and a record out.

A corpus is a module in converters/corpora/ with a frozen dataclass `Corpus`. Its fields are its own options, its value
is the opened corpus:

    default_style, required    prompt style where none is asked for; {option: (placeholder, meaning)} without which it
                               cannot start
    add_options(parser)        its own options for the command line
    has_parts                  whether it brings its own train and eval parts
    files()                    the files whose change makes the converted files out of date
    databases(folder)          writes or links the databases that are there before the rows
    candidates(part)           a stream of `Candidate` or `Skip`, cheap; part is train, eval, or all
    example(candidate, folder, values)
                               an `Example` or `Skip`: schema read, gold run, the row's own database written to `folder`

and, where it has them, `splits` (the files it makes where not both), `listed` (how many skipped rows of one reason are
listed), `contains` (corpora whose questions it contains), `written` (the splits whose rows get a database of their
own), `is_held_back(candidate)` (whether one is for evaluation alone), `is_for_training(candidate)` (for training
alone), `notes()` (lines for the report) and `page()` (the text of `data/<name>_data.html`).

The record, `data/<name>_conversion.json`, holds corpus and options, so that a recipe can repeat the conversion, and for
each file the counts that were printed. `<name>` is the corpus's name, or that of a variant (variants.py).
"""

import heapq
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from atomic import aside, put, replacing_all, write_text
from converters import lengths
from converters.build import Builder, Built
from converters.conversations import Limits, conversations
from converters.counts import LISTED, Count
from converters.rows import Candidate, ConversionError, Example, Skip, checked, write_rows
from converters.splits import Overlap, assign_with, digest, keys_of, shared, warning

SPLITS = ("train", "eval")
NOT_LISTED = ("style:", "shape:")  # tags that the report leaves out: one is in every row, the other are many


@dataclass(frozen=True)
class Options:
    """What a conversion is asked for, whatever its corpus."""

    corpus: str
    name: str
    data: Path
    style: str
    schema: str = "full"
    tokenizer: str | None = None
    template: str | None = None
    cutoff: int | None = None
    golds: str = "as-is"
    turns: int = 1
    turn_tokens: int | None = None
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    not_shown: str = "leave-out"
    limit: int | None = None
    split: float = 0.1
    seed: int = 7

    def builder(self) -> Builder:
        """The builder of the rows that are asked for."""
        return Builder(
            self.style,
            linked=self.schema == "linked",
            count=lengths.token_counter(self.tokenizer, self.template) if self.tokenizer else None,
            cutoff=self.cutoff,
            only=frozenset(self.only),
            without=frozenset(self.without),
        )

    @property
    def unit(self) -> str:
        return "tokens" if self.tokenizer else "characters"


class Conversion:
    """One run over one corpus. `given` are the options that the record is to hold."""

    def __init__(self, corpus, options: Options, given: dict) -> None:
        self.corpus, self.options, self.given = corpus, options, given
        self.databases = options.data / "databases" / options.name
        self.builder = options.builder()
        self.ids: set[str] = set()
        self.overlap = Overlap()
        self.counts = {split: Count() for split in splits_of(corpus)}
        self.sides: list[bool | None] | None = None
        self.listed = getattr(corpus, "listed", LISTED)

    def run(self) -> None:
        """Write the databases, the files and the record; nothing is replaced where one of them fails."""
        with aside(self.databases) as staged:
            self.corpus.databases(staged)
            if not self.corpus.has_parts:
                self.sides = self.assigned()
            self.write(staged)
        if text := self.page():
            write_text(page_path(self.options.data, self.options.name), text)

    def page(self) -> str | None:
        """The page that shows the rows to a person, where the corpus has one."""
        return self.corpus.page() if hasattr(self.corpus, "page") else None

    def write(self, staged: Path) -> None:
        """Write the files and the record, then let the databases and, at last, the files take their places."""
        paths = [output_path(self.options.data, self.options.name, split) for split in self.counts]
        with replacing_all([*paths, record_path(self.options.data, self.options.name)]) as (*files, record):
            for split, file in zip(self.counts, files, strict=True):
                start = time.monotonic()
                write_rows(file, self.rows(split, staged))
                self.counts[split].seconds = time.monotonic() - start
                if not self.counts[split].written:
                    self.fail_empty(split)
            json.dump(self.record(), record, indent=1, ensure_ascii=False)
            for file in (*files, record):
                file.flush()  # a full disk is met here, not when the databases have taken their places
            put(staged, self.databases)

    def fail_empty(self, split: str) -> None:
        count = self.counts[split]
        path = output_path(self.options.data, self.options.name, split)
        lines = [f"{path}: no row is left to write: {count.read} rows read, {count.skipped.total()} skipped."]
        if self.sides is not None and not count.read:
            lines[0] += " A split needs at least two distinct questions with different SQL."
        raise ConversionError("\n".join([*lines, *count.skipped_lines(self.listed)]))

    def rows(self, split: str, staged: Path) -> Iterator[dict]:
        """The rows of one file, counted; those for training as conversations where --turns asks for them."""
        count, options = self.counts[split], self.options
        built = self.built(split, staged)
        if options.turns > 1 and split == "train":
            limits = Limits(options.turns, options.turn_tokens or options.cutoff)
            built = conversations(built, limits, self.builder, options.seed)
        for each in built:
            count.written += 1
            count.lengths.append(each.length)
            yield each.row

    def built(self, split: str, staged: Path) -> Iterator[Built]:
        """The rows of one file, a question each; what is skipped is counted."""
        count = self.counts[split]
        for candidate in self.limited(split):
            count.read += 1
            built = candidate if isinstance(candidate, Skip) else self.row(candidate, split, staged)
            if isinstance(built, Skip):
                count.skip(built)
                continue
            count.questions += 1
            count.tags.update(tag for tag in built.row["tags"] if not tag.startswith("prompt:"))
            self.overlap.look(split, keys_of(candidate.question, candidate.asked_of, candidate.sql))
            yield built

    def row(self, candidate: Candidate, split: str, staged: Path) -> Built | Skip:
        """One candidate's row."""
        if candidate.id in self.ids:
            raise ConversionError(f"{candidate.place}: duplicate id {candidate.id!r}. Ids must be unique.")
        self.ids.add(candidate.id)
        folder = staged if split in getattr(self.corpus, "written", SPLITS) else None
        example = self.corpus.example(candidate, folder, self.builder.values_needed)
        if isinstance(example, Skip):
            return example
        if self.options.golds == "clean" and split == "train":
            example = cleaned(example, staged)
        built = self.builder.build(example, keep_not_shown=split == "eval" or self.options.not_shown == "keep")
        if example.error and isinstance(built, Built):
            self.counts[split].failing.setdefault(example.error, []).append(example.id)
        return built

    def limited(self, split: str) -> Iterator[Candidate | Skip]:
        """The candidates of a split; with --limit that many, drawn by seed, in the corpus's order, and all skips."""
        limit, seed = self.options.limit, str(self.options.seed)
        if not limit:
            yield from self.candidates(split)
            return
        drawn = ((digest(seed, each.id), n) for n, each in enumerate(self.candidates(split)) if is_candidate(each))
        kept = {number for _, number in heapq.nsmallest(limit, drawn)}
        yield from (each for n, each in enumerate(self.candidates(split)) if n in kept or not is_candidate(each))

    def candidates(self, split: str) -> Iterator[Candidate | Skip]:
        """The candidates of a split, from the corpus's own part or by `assigned`; bad rows are counted in training."""
        if self.sides is None:
            yield from map(checked, self.corpus.candidates(split))
            return
        sides = iter(self.sides)
        for each in map(checked, self.corpus.candidates("all")):
            side = next(sides) if is_candidate(each) else False
            if side == (split == "eval"):
                yield each

    def assigned(self) -> list[bool | None]:
        """For each candidate whether it goes to evaluation; None: to neither file."""
        found = list(filter(is_candidate, map(checked, self.corpus.candidates("all"))))
        keys = [keys_of(each.question, each.asked_of, each.sql) for each in found]
        held, trained = (
            frozenset(number for number, each in enumerate(found) if getattr(self.corpus, name, lambda _: False)(each))
            for name in ("is_held_back", "is_for_training")
        )
        return assign_with(keys, self.options.split, self.options.seed, held, trained)

    def record(self) -> dict:
        """What is kept beside the converted files."""
        return {
            "corpus": self.options.corpus,
            "options": self.given,
            "files": {split: count.record(self.options.unit) for split, count in self.counts.items()},
            "eval_rows_shared_with_train": {"questions": self.overlap.questions, "queries": self.overlap.queries},
        }

    def report(self) -> Iterator[str]:
        """What was done, line by line."""
        data, name = self.options.data, self.options.name
        for split, count in self.counts.items():
            yield (
                f"{name}: {count.written_text()} -> {displayed(output_path(data, name, split))} (style "
                f"{self.builder.style}, {count.seconds:.1f} s); {self.options.unit}: {lengths.summary(count.lengths)}"
            )
            yield from count.skipped_lines(self.listed)
            yield from count.failing_lines()
            tags = {tag: n for tag, n in sorted(count.tags.items()) if not tag.startswith(NOT_LISTED)}
            if tags:
                yield "  tagged: " + ", ".join(f"{tag} {number}" for tag, number in tags.items())
        if hasattr(self.corpus, "notes"):
            yield from self.corpus.notes()
        if self.page():
            yield f"  look through the pairs: {displayed(page_path(data, name))}"
        if self.overlap.questions or self.overlap.queries:
            yield (
                f"  the corpus's own overlap: {self.overlap.questions} eval rows share a question with train, "
                f"{self.overlap.queries} a query on the same database"
            )
        for other in getattr(self.corpus, "contains", ()):
            paths = output_path(data, name, "train"), output_path(data, other, "eval")
            if paths[1].is_file() and (found := shared(*paths)).questions:
                yield "  " + warning(paths[0].stem, paths[1].stem, found)
        yield f"  peak memory {peak_memory()} MB"


def peak_memory() -> int:
    """The most memory this process has had, in MB: VmHWM, or ru_maxrss (which counts a parent's too) off Linux."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def is_candidate(each: Candidate | Skip) -> bool:
    return isinstance(each, Candidate)


def cleaned(example: Example, databases: Path) -> Example:
    """The example with its gold in plain style, where that returns the same rows."""
    from converters.clean_golds import clean_gold  # imports sqlglot, which takes long

    sql = clean_gold(databases / example.database, example.schema, example.sql)
    return example if sql is None else example._replace(sql=sql, tags=(*example.tags, "gold:clean"))


def splits_of(corpus) -> tuple[str, ...]:
    """The files that a corpus makes."""
    return getattr(corpus, "splits", SPLITS)


def output_path(data: Path, name: str, split: str) -> Path:
    return data / f"{name}_{split}.json"


def record_path(data: Path, name: str) -> Path:
    return data / f"{name}_conversion.json"


def page_path(data: Path, name: str) -> Path:
    return data / f"{name}_data.html"


def read_record(data: Path, name: str) -> dict:
    """The record of the last conversion; empty where there is none."""
    try:
        record = json.loads(record_path(data, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record.get("options"), dict) else {}


def displayed(path: Path) -> str:
    """A path relative to the repository where it is inside."""
    root = Path(__file__).resolve().parents[1]
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
