"""Spider 1.0 (Yu et al., EMNLP 2018), questions on 166 databases, none of which is in both parts; and sets of its form.

A raw row of train_spider.json, train_others.json and dev.json:
    {"db_id": "concert_singer", "question": "How many singers do we have?", "query": "SELECT count(*) FROM singer", ...}
becomes the row `spider-dev-0`. Schemas come from the SQLite files, with keys that only tables.json knows added; where
a file is missing, from tables.json alone, and the row is tagged `no_database`. Golds are run: tags `runnable` and
`returns_rows`. A gold that is no SQL is skipped.

Other questions on the same databases come in by `--questions`: a folder whose files take the place of those of the same
name, or one file in place of dev.json.
- Spider-Syn: its folder, or its dev.json (the question is under `SpiderSynQuestion`).
- Spider-Realistic: spider-realistic.json.
- Spider-DK: its folder, with Spider-DK.json, and its own tables.json and database/.

BIRD is a source: one folder with dev.json, dev_tables.json, dev_databases/, train.json, train_tables.json and
train_databases/. Its SQL is under `SQL`; `evidence` is shown as a hint, `difficulty` becomes the tag
`difficulty:simple`.

Not covered: the hidden test sets, BIRD's descriptions of columns in CSV files.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from converters.corpora import absolute, add_source, link
from converters.golds import database_of, file_example, known_schema
from converters.rows import Candidate, ConversionError, Example, Skip
from converters.sources import need, read_rows
from sql.schema import Column, ForeignKey, Schema, Table
from sql.sql_text import is_syntax

PARTS = {"train": ("train_spider.json", "train_others.json"), "eval": ("dev.json",)}
BIRD_PARTS = {"train": ("train.json",), "eval": ("dev.json",)}
ID_PREFIX = {
    "train_spider.json": "spider-train",
    "train_others.json": "spider-others",
    "train.json": "bird-train",
    "dev.json": "spider-dev",
}
PUBLISHED_AS = {"dev.json": ("dev.json", "Spider-DK.json", "spider-realistic.json")}  # below --questions
TABLES = ("tables.json", "train_tables.json", "dev_tables.json")
DATABASES = ("database", "train_databases", "dev_databases")
# Spider's types as SQL; all others (BIRD's integer, real, date) are SQL already.
TYPES = {"text": "TEXT", "number": "NUMERIC", "time": "DATETIME", "boolean": "BOOLEAN", "others": ""}
KEYS = ("db_id", "table_names_original", "column_names_original", "column_types", "primary_keys", "foreign_keys")


@dataclass(frozen=True)
class Corpus:
    """Spider, or a set of its form, in the folder `source`; `questions` in place of its own."""

    source: str
    questions: str | None = None

    default_style: ClassVar[str] = "ddl"
    required: ClassVar[dict[str, tuple[str, str]]] = {
        "source": (
            "FOLDER",
            "the unpacked Spider: train_spider.json, train_others.json, dev.json, tables.json, database/",
        )
    }
    has_parts: ClassVar[bool] = True  # train and dev share no database

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        add_source(parser, Corpus.required["source"][1])
        parser.add_argument(
            "--questions",
            type=absolute,
            metavar="PLACE",
            help="other questions: Spider-Syn's or Spider-DK's folder, or a file in place of dev.json",
        )

    def files(self) -> list[Path]:
        """The JSON files; the databases are not looked at one by one."""
        names = [name for part in self.parts.values() for name in part]
        return [*map(self.question_file, names), *self.tables_files]

    @property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """The names of the files of either part."""
        is_bird = (Path(self.source) / "dev_databases").is_dir()
        return BIRD_PARTS if is_bird else PARTS

    def question_file(self, name: str) -> Path:
        """Where the questions of a file come from: `questions`, where that has it, else the source."""
        other = Path(self.questions) if self.questions else None
        if other and other.is_file() and name == "dev.json":
            return other
        places = [other / each for each in PUBLISHED_AS.get(name, (name,))] if other else []
        return next((place for place in places if place.is_file()), Path(self.source) / name)

    @property
    def folders(self) -> list[Path]:
        """Where tables and databases are: the source, then what `questions` brings itself."""
        brought = self.question_file("dev.json").parent if self.questions else Path(self.source)
        has_own = (
            brought != Path(self.source) and (brought / "tables.json").is_file() and (brought / "database").is_dir()
        )
        return [Path(self.source), *([brought] if has_own else [])]

    @property
    def tables_files(self) -> tuple[Path, ...]:
        files = tuple(folder / name for folder in self.folders for name in TABLES if (folder / name).is_file())
        return files or (Path(self.source) / TABLES[0],)

    def databases(self, folder: Path) -> None:
        """Link the databases to where the evaluator looks for them; copied where links are not possible."""
        found = [place / name for place in self.folders for name in DATABASES if (place / name).is_dir()]
        if not found:
            place, meaning = Path(self.source) / DATABASES[0], self.required["source"][1]
            raise ConversionError(f"{place.resolve()}: no such folder. --source must be {meaning}.")
        if len(found) == 1:
            link(found[0].resolve(), folder)
            return
        for path in (path for each in found for path in sorted(each.resolve().glob("*/*.sqlite"))):
            target = folder / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            link(path, target)

    def candidates(self, part: str) -> Iterator[Candidate]:
        """The rows of a part's files, in file order."""
        for name in self.parts[part]:
            for number, raw in enumerate(read_rows(self.question_file(name))):
                question = "SpiderSynQuestion" if "SpiderSynQuestion" in raw.row else "question"
                sql = "SQL" if "SQL" in raw.row and "query" not in raw.row else "query"
                need(raw, ("db_id", question, sql))
                row = raw.row
                yield Candidate(
                    id=f"{ID_PREFIX[name]}-{number}",
                    db_id=row["db_id"],
                    question=row[question],
                    sql=row[sql],
                    place=raw.place,
                    evidence=row.get("evidence") or "",
                    tags=(f"difficulty:{row['difficulty']}",) if row.get("difficulty") else (),
                )

    def example(self, candidate: Candidate, folder: Path, values: int) -> Example | Skip:
        """The example with its schema; its gold is run where there is a database."""
        described = described_schemas(self.tables_files).get(candidate.db_id)
        path = folder / database_of(candidate.db_id)
        if described is None and not path.is_file():
            raise ConversionError(
                f"{candidate.place}: db_id {candidate.db_id!r} is neither in {self.tables_files[-1].name} nor in "
                f"{Path(self.source) / DATABASES[0]}. Correct the row, or add the database."
            )
        schema = schema_of_database(path, self.tables_files, candidate.db_id, values)
        example = file_example(candidate, folder, values, schema)
        if "runnable" not in example.tags and not is_syntax(example.sql):
            return Skip("the gold is not SQL", f"{candidate.place}: {example.error or 'syntax error'}: {example.sql}")
        return example


@lru_cache(maxsize=16)
def schema_of_database(path: Path, tables: tuple[Path, ...], db_id: str, values: int) -> Schema:
    """The schema of the SQLite file with what tables.json adds, or that of tables.json where there is no file."""
    described = described_schemas(tables).get(db_id)
    if not path.is_file():
        return described
    schema = known_schema(path, path.stat().st_mtime_ns, values)
    return completed_schema(schema, described) if described else schema


@lru_cache(maxsize=1)
def described_schemas(paths: tuple[Path, ...]) -> dict[str, Schema]:
    """Every database of some tables.json by its db_id; the last file counts."""
    schemas = {}
    for path in paths:
        for raw in read_rows(path):
            need(raw, KEYS)
            schemas[raw.row["db_id"]] = described_schema(raw.row)
    return schemas


def described_schema(entry: dict) -> Schema:
    """One entry of tables.json. A column's natural name becomes its description where it says more than the name."""
    names, columns = entry["table_names_original"], entry["column_names_original"]
    spoken, types = entry.get("column_names", columns), entry["column_types"]
    primary = {key for keys in entry["primary_keys"] for key in (keys if isinstance(keys, list) else [keys])}
    tables = []
    for index, name in enumerate(names):
        own = [number for number, (table, _) in enumerate(columns) if table == index]
        keys = tuple(
            ForeignKey(columns[child][1], names[columns[parent][0]], columns[parent][1])
            for child, parent in entry["foreign_keys"]
            if child in own
        )
        described = tuple(
            Column(
                columns[n][1],
                TYPES.get(types[n], types[n].upper()),
                int(n in primary),
                description(columns[n][1], spoken[n][1]),
            )
            for n in own
        )
        tables.append(Table(name, described, keys))
    return Schema(tuple(table for table in tables if not table.name.lower().startswith("sqlite_")))


def description(name: str, natural: str) -> str:
    """The natural name of a column, empty where it is the column's name with other spaces and case."""
    plain = [text.lower().replace("_", "").replace(" ", "") for text in (name, natural)]
    return "" if plain[0] == plain[1] else natural


def completed_schema(schema: Schema, described: Schema) -> Schema:
    """The file's schema with the keys and descriptions that only tables.json has. Names compare without case."""
    known = {table.name.lower(): table for table in described.tables}
    return Schema(tuple(completed_table(table, known.get(table.name.lower())) for table in schema.tables))


def completed_table(table: Table, described: Table | None) -> Table:
    if described is None:
        return table
    columns = {column.name.lower(): column for column in described.columns}
    has_key = any(column.primary_key for column in table.columns)
    completed = []
    for column in table.columns:
        other = columns.get(column.name.lower(), column)
        key = column.primary_key if has_key else other.primary_key
        completed.append(column._replace(description=other.description, primary_key=key))
    return table._replace(columns=tuple(completed), foreign_keys=all_keys(table, described))


def all_keys(table: Table, described: Table) -> tuple[ForeignKey, ...]:
    """The foreign keys of both, each once."""
    keys = {plain_key(key): key for key in described.foreign_keys}
    own = {plain_key(key) for key in table.foreign_keys}
    return (*table.foreign_keys, *(key for plain, key in keys.items() if plain not in own))


def plain_key(key: ForeignKey) -> tuple[str, ...]:
    """What two spellings of a key have in common; tables.json knows no key of several columns, only its parts."""
    return tuple(name.lower() for name in (key.column, key.table, key.referenced))
