"""Spider 1.0 (Yu et al., EMNLP 2018): questions on 166 databases, none of which is in both parts.

A raw row of train_spider.json, train_others.json and dev.json:
    {"db_id": "concert_singer", "question": "How many singers do we have?", "query": "SELECT count(*) FROM singer", ...}
becomes the row `spider-dev-0`. Schemas come from the SQLite files, with keys that only tables.json knows added; where
a file is missing, from tables.json alone, and the row is tagged `no_database`. Golds are run: tags `runnable` and
`returns_rows`. Other questions on the same databases, as Spider-Syn and Spider-Realistic are published, come in by
`--questions`: a folder whose files take the place of those of one name, or one file in the place of dev.json. A row of
Spider-Syn has its question under `SpiderSynQuestion`. Not covered: the hidden test set.
"""

import argparse
import os
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from converters.golds import file_gold, gold_tags
from converters.options import add_source, resolved
from converters.rows import Candidate, ConversionError, Example, Skip
from converters.schema import Column, ForeignKey, Schema, Table, read_schema
from converters.sources import need, read_rows
from converters.sql_text import tidy

DEFAULT_STYLE = "ddl"
REQUIRED = {
    "source": ("FOLDER", "the unpacked Spider: train_spider.json, train_others.json, dev.json, tables.json, database/")
}
PARTS = {"train": ("train_spider.json", "train_others.json"), "eval": ("dev.json",)}
ID_PREFIX = {"train_spider.json": "spider-train", "train_others.json": "spider-others", "dev.json": "spider-dev"}
TYPES = {"text": "TEXT", "number": "NUMERIC", "time": "DATETIME", "boolean": "BOOLEAN"}  # of tables.json, as SQL


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source(parser, REQUIRED["source"][1])
    parser.add_argument(
        "--questions",
        type=resolved,
        metavar="PLACE",
        help="other questions on these databases, as Spider-Syn: a folder with dev.json, or a file in its place",
    )


def sources(arguments: argparse.Namespace) -> list[Path]:
    """The JSON files; the databases are not looked at one by one."""
    return [*(question_file(name, arguments) for name in ID_PREFIX), Path(arguments.source) / "tables.json"]


def question_file(name: str, arguments: argparse.Namespace) -> Path:
    """Where the questions of a file of Spider's come from: --questions, where that has the file, else the source."""
    other = getattr(arguments, "questions", None)
    if other and other.is_file() and name == "dev.json":
        return other
    return other / name if other and (other / name).is_file() else Path(arguments.source) / name


def prepare(arguments: argparse.Namespace) -> None:
    """Link the source's database folder to where the evaluator looks for it; copied where links are not possible."""
    target, link = (Path(arguments.source) / "database").resolve(), arguments.databases
    if not target.is_dir():
        raise ConversionError(f"{target}: no such folder. --source must be {REQUIRED['source'][1]}.")
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.symlink(target, link, target_is_directory=True)
    except OSError:
        shutil.copytree(target, link)


def has_parts(arguments: argparse.Namespace) -> bool:
    """Spider's train and dev share no database."""
    return True


def candidates(part: str, arguments: argparse.Namespace) -> Iterator[Candidate]:
    """The rows of a part's files, in file order."""
    for name in PARTS[part]:
        for number, raw in enumerate(read_rows(question_file(name, arguments))):
            key = "SpiderSynQuestion" if "SpiderSynQuestion" in raw.row else "question"
            need(raw, ("db_id", key, "query"))
            row = raw.row
            yield Candidate(
                f"{ID_PREFIX[name]}-{number}",
                row["db_id"],
                row[key],
                row["query"],
                raw.place,
                row.get("evidence", ""),
            )


def example(candidate: Candidate, arguments: argparse.Namespace) -> Example | Skip:
    """The example with its schema; its gold is run where there is a database."""
    source = Path(arguments.source)
    database = f"{candidate.db_id}/{candidate.db_id}.sqlite"
    described = described_schemas(source / "tables.json").get(candidate.db_id)
    path = source / "database" / database
    if described is None and not path.is_file():
        raise ConversionError(
            f"{candidate.place}: db_id {candidate.db_id!r} is neither in tables.json nor in {source / 'database'}. "
            "Mend the row, or add the database."
        )
    sql = tidy(candidate.sql)
    return Example(
        *(candidate.id, candidate.db_id, database, candidate.question, sql),
        schema=schema_of_database(path, source / "tables.json", candidate.db_id, arguments.values),
        evidence=candidate.evidence,
        tags=gold_tags(file_gold(path, sql)),
    )


@lru_cache(maxsize=16)
def schema_of_database(path: Path, tables: Path, db_id: str, values: int) -> Schema:
    """The schema of the SQLite file with what tables.json adds, or that of tables.json where there is no file."""
    described = described_schemas(tables).get(db_id)
    if not path.is_file():
        return described
    schema = read_schema(path, values=values)
    return merged(schema, described) if described else schema


@lru_cache(maxsize=1)
def described_schemas(path: Path) -> dict[str, Schema]:
    """Every database of tables.json by its db_id."""
    schemas = {}
    for raw in read_rows(path):
        need(
            raw,
            ("db_id", "table_names_original", "column_names_original", "column_types", "primary_keys", "foreign_keys"),
        )
        schemas[raw.row["db_id"]] = described_schema(raw.row)
    return schemas


def described_schema(entry: dict) -> Schema:
    """One entry of tables.json. A column's natural name becomes its description where it says more than the name."""
    names, columns = entry["table_names_original"], entry["column_names_original"]
    spoken = entry.get("column_names", columns)
    primary = {key for keys in entry["primary_keys"] for key in (keys if isinstance(keys, list) else [keys])}
    tables = []
    for index, name in enumerate(names):
        own = [number for number, (table, _) in enumerate(columns) if table == index]
        keys = tuple(
            ForeignKey(columns[one][1], names[columns[other][0]], columns[other][1])
            for one, other in entry["foreign_keys"]
            if one in own
        )
        made = tuple(
            Column(
                columns[n][1], TYPES.get(entry["column_types"][n], ""), n in primary, said(columns[n][1], spoken[n][1])
            )
            for n in own
        )
        tables.append(Table(name, made, keys))
    return Schema(tuple(table for table in tables if not table.name.lower().startswith("sqlite_")))


def said(name: str, natural: str) -> str:
    """The natural name of a column, empty where it is the column's name with other spaces and case."""
    plain = [text.lower().replace("_", "").replace(" ", "") for text in (name, natural)]
    return "" if plain[0] == plain[1] else natural


def merged(schema: Schema, described: Schema) -> Schema:
    """The file's schema with the keys and descriptions that only tables.json has. Names compare without case."""
    known = {table.name.lower(): table for table in described.tables}
    return Schema(tuple(merged_table(table, known.get(table.name.lower())) for table in schema.tables))


def merged_table(table: Table, described: Table | None) -> Table:
    if described is None:
        return table
    columns = {column.name.lower(): column for column in described.columns}
    has_key = any(column.primary_key for column in table.columns)
    made = []
    for column in table.columns:
        other = columns.get(column.name.lower(), column)
        made.append(
            column._replace(
                description=other.description, primary_key=column.primary_key or (other.primary_key and not has_key)
            )
        )
    return table._replace(columns=tuple(made), foreign_keys=all_keys(table, described))


def all_keys(table: Table, described: Table) -> tuple[ForeignKey, ...]:
    """The foreign keys of both, each once."""
    keys = {plain_key(key): key for key in described.foreign_keys}
    own = {plain_key(key) for key in table.foreign_keys}
    return (*table.foreign_keys, *(key for plain, key in keys.items() if plain not in own))


def plain_key(key: ForeignKey) -> tuple[str, ...]:
    """What two spellings of a key have in common; tables.json knows no key of several columns, only its parts."""
    return tuple(name.lower() for name in (key.column, key.table, key.referenced))
