"""The way of one corpus: candidates in; splits, prompts, lengths and filters; two files and a record out.

A corpus is a module in converters/corpora/ with

    DEFAULT_STYLE                              prompt style where none is asked for
    REQUIRED                                   {option: (placeholder, meaning)}: what it cannot start without
    add_arguments(parser)                      its own options
    sources(arguments)                         the files whose change makes the converted files out of date
    prepare(arguments)                         write or link the databases below `arguments.databases`, a folder that
                                               takes its place in data/databases/ when all is written
    has_parts(arguments)                       whether the corpus brings its own train and eval parts
    candidates(part, arguments)                a stream of `Candidate` or `Skip`, cheap; part is train, eval, or all
    example(candidate, arguments)              an `Example` or `Skip`: schema read, gold run

and, where it has them, LISTED (skipped rows to list a reason) and HOLDS (corpora whose questions it contains).

The record, `data/<name>_conversion.json`, holds corpus and options, so that a recipe can repeat the conversion, and for
each file the counts that were printed. `<name>` is the corpus's name, or that of a variant (variants.py).
"""

import argparse
import heapq
import json
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from atomic import replacing_all
from converters import lengths, pairs, staging
from converters.build import Builder, Built
from converters.conversations import Limits, conversations
from converters.rows import Candidate, ConversionError, Example, Skip, write_rows
from converters.splits import Met, Overlap, assign, digest, keys_of

SPLITS = ("train", "eval")
LISTED = 10  # skipped rows of one reason that are listed one by one, unless the corpus says otherwise (LISTED)


@dataclass
class Count:
    """What happened to the rows of one file."""

    read: int = 0
    questions: int = 0
    written: int = 0
    skipped: Counter = field(default_factory=Counter)
    details: dict[str, list[str]] = field(default_factory=dict)
    tags: Counter = field(default_factory=Counter)
    lengths: list[int] = field(default_factory=list)
    seconds: float = 0.0
    listed: int = LISTED

    def skip(self, skip: Skip) -> None:
        """Count a skipped row; the first few of each reason are kept to be listed."""
        self.skipped[skip.reason] += 1
        kept = self.details.setdefault(skip.reason, [])
        if len(kept) < self.listed:
            kept.append(skip.detail)

    def written_text(self) -> str:
        """`8659 of 8659 rows`, or `1115 conversations of 8560 of 8659 rows`."""
        if self.questions == self.written:
            return f"{self.written} of {self.read} rows"
        return f"{self.written} conversations of {self.questions} of {self.read} rows"

    def add(self, built: Built) -> None:
        self.written += 1
        self.lengths.append(built.length)


class Conversion:
    """One run over one corpus: what was asked for, and what was met so far."""

    def __init__(self, name: str, module: ModuleType, arguments: argparse.Namespace) -> None:
        self.name, self.module, self.arguments = name, module, arguments
        self.databases = arguments.data / "databases" / name
        self.builder = Builder.from_arguments(arguments)
        arguments.values = self.builder.values_needed
        self.ids, self.overlap = Met(), Overlap()
        self.counts = {split: Count(listed=getattr(module, "LISTED", LISTED)) for split in SPLITS}
        self.sides: bytearray | None = None

    def run(self) -> None:
        """Write the databases, both files and the record; nothing is replaced where one of them fails."""
        with staging.aside(self.databases) as self.arguments.databases:
            self.module.prepare(self.arguments)
            if not self.module.has_parts(self.arguments):
                self.sides = self.assigned()
            self.write()

    def write(self) -> None:
        """Write both files and the record, then let the databases and, at last, the files take their places."""
        paths = [output_path(self.arguments.data, self.name, split) for split in SPLITS]
        with replacing_all([*paths, record_path(self.arguments.data, self.name)]) as (*files, record):
            for split, file in zip(SPLITS, files, strict=True):
                start = time.monotonic()
                write_rows(file, self.rows(split))
                self.counts[split].seconds = time.monotonic() - start
                if not self.counts[split].written:
                    self.fail_empty(split)
            json.dump(self.record(), record, indent=1, ensure_ascii=False)
            for file in (*files, record):
                file.flush()  # a full disk is met here, not when the databases have taken their places
            staging.put(self.arguments.databases, self.databases)

    def fail_empty(self, split: str) -> None:
        count = self.counts[split]
        reasons = "; ".join(
            f"{number} {reason} ({count.details[reason][0]})" for reason, number in count.skipped.items()
        )
        path = output_path(self.arguments.data, self.name, split)
        text = f"{path}: no row is left to write. {count.read} rows read; skipped: {reasons or 'none'}."
        if self.sides is not None and not count.read:
            text += (
                " To divide them, two questions are needed that differ in more than case and punctuation, and in SQL."
            )
        listed = count.details.values() if count.listed > LISTED else ()
        more = [detail for details in listed for detail in details[1:]]
        raise ConversionError("\n    ".join([text, *more]))

    def rows(self, split: str) -> Iterator[dict]:
        """The rows of one file, counted; those for training as conversations where --turns asks for them."""
        count, self.arguments.part = self.counts[split], split
        built = self.built(split)
        if self.arguments.turns > 1 and split == "train":
            limits = Limits(self.arguments.turns, self.arguments.turn_tokens or self.arguments.cutoff)
            built = conversations(built, limits, self.builder, self.arguments.seed)
        for made in built:
            count.add(made)
            yield made.row

    def built(self, split: str) -> Iterator[Built]:
        """The rows of one file, a question each; what is skipped is counted."""
        count = self.counts[split]
        for candidate in self.limited(split):
            count.read += 1
            made = candidate if isinstance(candidate, Skip) else self.row(candidate, split)
            if isinstance(made, Skip):
                count.skip(made)
                continue
            count.questions += 1
            count.tags.update(tag for tag in made.row["tags"] if not tag.startswith("prompt:"))
            self.overlap.look(split, keys_of(candidate.question, candidate.asked_of, candidate.sql))
            yield made

    def row(self, candidate: Candidate, split: str) -> Built | Skip:
        """One candidate's row."""
        if not self.ids.add(digest(candidate.id)):
            raise ConversionError(f"{candidate.place}: duplicate id {candidate.id!r}. Ids must be unique.")
        example = self.module.example(candidate, self.arguments)
        if isinstance(example, Skip):
            return example
        if self.arguments.golds == "clean" and split == "train":
            example = self.cleaned(example)
        return self.builder.build(example)

    def cleaned(self, example: Example) -> Example:
        """The example with its gold in plain style, where that returns the same rows."""
        from converters.clean_golds import clean_gold  # imports sqlglot, which takes long

        sql = clean_gold(self.arguments.databases / example.database, example.schema, example.sql)
        return example if sql is None else example._replace(sql=sql, tags=(*example.tags, "gold:clean"))

    def limited(self, split: str) -> Iterator[Candidate | Skip]:
        """The candidates of a split; with --limit that many, drawn by seed, in the corpus's order."""
        limit, seed = self.arguments.limit, str(self.arguments.seed)
        if not limit:
            yield from self.candidates(split)
            return
        drawn = (
            (digest(seed, each.id), n) for n, each in enumerate(self.candidates(split)) if isinstance(each, Candidate)
        )
        kept = {number for _, number in heapq.nsmallest(limit, drawn)}
        yield from (each for number, each in enumerate(self.candidates(split)) if number in kept)

    def candidates(self, split: str) -> Iterator[Candidate | Skip]:
        """The candidates of a split, from the corpus's own part or by `assigned`; bad rows are told in training."""
        if self.sides is None:
            yield from self.module.candidates(split, self.arguments)
            return
        sides = iter(self.sides)
        for each in self.module.candidates("all", self.arguments):
            side = 0 if isinstance(each, Skip) else next(sides)
            if side == SPLITS.index(split):
                yield each

    def assigned(self) -> bytearray:
        """For each candidate the split it goes to, by number."""
        found = (each for each in self.module.candidates("all", self.arguments) if isinstance(each, Candidate))
        keys = (keys_of(each.question, each.asked_of, each.sql) for each in found)
        return assign(keys, self.arguments.split, self.arguments.seed)

    def record(self) -> dict:
        """What is kept beside the converted files."""
        counted = self.arguments.tokenizer is not None
        files = {}
        for split, count in self.counts.items():
            measured = lengths.summary(count.lengths)._asdict()
            files[split] = {
                "read": count.read,
                **({"questions": count.questions} if count.questions != count.written else {}),
                "written": count.written,
                "skipped": dict(count.skipped),
                "tags": dict(sorted(count.tags.items())),
                "tokens" if counted else "characters": measured,
            }
        shared = {"questions": self.overlap.questions, "queries": self.overlap.queries}
        made = {"corpus": self.arguments.corpus, "options": self.arguments.options}
        return {**made, "files": files, "eval_rows_shared_with_train": shared}

    def report(self) -> Iterator[str]:
        """What was done, line by line."""
        for split, count in self.counts.items():
            path = output_path(self.arguments.data, self.name, split)
            unit = "tokens" if self.arguments.tokenizer else "characters"
            yield (
                f"{self.name}: {count.written_text()} -> {shown(path)} (style {self.builder.style}, "
                f"{count.seconds:.1f} s); {unit}: {lengths.summary(count.lengths)}"
            )
            yield from skipped_lines(count)
            tags = {tag: number for tag, number in sorted(count.tags.items()) if not tag.startswith("style:")}
            if tags:
                yield "  tagged: " + ", ".join(f"{tag} {number}" for tag, number in tags.items())
        if self.overlap.questions or self.overlap.queries:
            yield (
                f"  the corpus's own overlap: {self.overlap.questions} eval rows share a question with train, "
                f"{self.overlap.queries} a query on the same database"
            )
        for other in getattr(self.module, "HOLDS", ()):
            paths = [output_path(self.arguments.data, *which) for which in ((self.name, "train"), (other, "eval"))]
            if paths[1].is_file() and (both := pairs.shared(*paths)).number:
                yield "  " + pairs.warning(paths[0].stem, paths[1].stem, *both)
        yield f"  peak memory {peak_memory()} MB"


def peak_memory() -> int:
    """The most memory this process has had, in MB: the kernel's VmHWM, else ru_maxrss (which a parent's may exceed)."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def skipped_lines(count: Count) -> Iterator[str]:
    """A line a reason with its number, then the first rows it holds for."""
    for reason, number in count.skipped.most_common():
        yield f"  skipped {number}: {reason}"
        yield from (f"    {detail}" for detail in count.details[reason])
        if number > count.listed:
            yield f"    and {number - count.listed} more"


def output_path(data: Path, name: str, split: str) -> Path:
    return data / f"{name}_{split}.json"


def record_path(data: Path, name: str) -> Path:
    return data / f"{name}_conversion.json"


def read_record(data: Path, name: str) -> dict:
    """The record of the last conversion; empty where there is none."""
    try:
        return json.loads(record_path(data, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def shown(path: Path) -> str:
    """A path relative to the repository where it lies inside."""
    root = Path(__file__).resolve().parents[1]
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
