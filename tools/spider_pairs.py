"""Generated pairs for the databases of Spider's train part, in Spider's form: what analysts ask and Spider does not.

    python tools/spider_pairs.py --source SPIDER --out data/spider_pairs
    python converters/run.py spider --source SPIDER --questions data/spider_pairs --name spider_analysts ...

Of every shape (converters/questions/shapes) as many pairs as asked for, drawn from all databases: more of those that
Spider lacks (windows, shares, periods, computed quantities: train_spider.json), fewer of those it has
(train_others.json). Databases without rows make none. Spider's have hardly an empty cell: what asks for empty ones is
made on copies in which some cells are.
"""

import argparse
import json
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import environment  # noqa: E402

environment.enter(needs=("sqlglot",))

from rich.progress import track  # noqa: E402

from atomic import write_text  # noqa: E402
from converters.questions.generate import generate  # noqa: E402
from converters.questions.shapes import SHAPES  # noqa: E402
from converters.rows import ConversionError  # noqa: E402
from sql.schema import read_schema  # noqa: E402
from sql.sql_text import quoted  # noqa: E402

PARTS = ("train_spider.json", "train_others.json")
KEYS = ("db_id", "question", "query")
A_DATABASE = {False: 44, True: 10}  # pairs drawn from: of shapes that Spider lacks, of those it has
OF_HOLES, A_HOLED_DATABASE = ("unfinished", "missing"), 8  # shapes that ask for empty cells, and pairs drawn of them
OF_SPIDER = ("plain", "columns", "figures", "joins", "families")  # modules of shapes that Spider has
OF_SPIDER_TOO = ("group_count", "group_aggregate", "group_most", "group_top_n", "having", "two_groupers")
NOT_OF_SPIDER = ("distinct_children", *OF_HOLES)


def is_of_spider(shape: str) -> bool:
    known = SHAPES[shape].__module__.rpartition(".")[2] in OF_SPIDER or shape in OF_SPIDER_TOO
    return known and shape not in NOT_OF_SPIDER


def databases(source: Path) -> list[Path]:
    """The SQLite files of the train part that are there."""
    names = {row["db_id"] for part in PARTS for row in json.loads((source / part).read_text(encoding="utf-8"))}
    files = [source / "database" / name / f"{name}.sqlite" for name in sorted(names)]
    return [file for file in files if file.is_file()]


def by_shape(files: list[Path], seed: int) -> dict[str, list[dict]]:
    """All pairs as rows of Spider's form."""
    found, slow = defaultdict(list), set()

    def make(file: Path, count: int, shapes: list[str]) -> None:
        random.Random(f"{seed} {file.stem}").shuffle(shapes)  # else each database would make the same few
        try:
            made = generate(file, count, seed=seed, shapes=shapes)
        except ConversionError:  # no rows in it
            return
        if made.slow or made.late:
            slow.add(file.stem)
        for pair in made.pairs:
            row = {"db_id": file.stem, "question": pair.question, "query": pair.sql, "shape": pair.shape}
            found[pair.shape].append(row)

    for file in track(files, "generating"):
        for known, count in A_DATABASE.items():
            make(file, count, [shape for shape in SHAPES if shape not in OF_HOLES and is_of_spider(shape) == known])
        with with_holes(file) as copy:
            make(copy, A_HOLED_DATABASE, list(OF_HOLES))
    if slow:
        print(f"WARNING: queries that took too long were left out: {', '.join(sorted(slow))}", file=sys.stderr)
    return found


@contextmanager
def with_holes(file: Path) -> Iterator[Path]:
    """A copy of a database in which each column that may be empty, and no key, is so in a quarter of the rows."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(file, folder))
        with closing(sqlite3.connect(copy)) as connection:
            for table in read_schema(file).tables:
                keys = {key.column.lower() for key in table.foreign_keys}
                free = [each.name for each in table.columns if not each.primary_key and each.name.lower() not in keys]
                for place, name in enumerate(map(quoted, free)):
                    with suppress(sqlite3.Error):  # NOT NULL, or a view
                        where = f"rowid % 4 = {place % 4}"
                        connection.execute(f"UPDATE {quoted(table.name)} SET {name} = NULL WHERE {where}")
            connection.commit()
        yield copy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--source", type=Path, required=True, metavar="DIR", help="the unpacked Spider folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the two train files")
    parser.add_argument(
        "--new", type=int, default=110, metavar="N", help="pairs of a shape Spider lacks (default: 110)"
    )
    parser.add_argument("--known", type=int, default=30, metavar="N", help="pairs of one it has (default: 30)")
    parser.add_argument("--seed", type=int, default=7, help="random seed (default: 7)")
    options = parser.parse_args()
    rng, rows = random.Random(options.seed), []
    for shape, pairs in sorted(by_shape(databases(options.source), options.seed).items()):
        wanted = options.known if is_of_spider(shape) else options.new
        rows += rng.sample(pairs, min(wanted, len(pairs)))
    rows.sort(key=lambda row: row["db_id"])
    options.out.mkdir(parents=True, exist_ok=True)
    for part, known in zip(PARTS, (False, True), strict=True):
        chosen = [{key: row[key] for key in KEYS} for row in rows if is_of_spider(row["shape"]) == known]
        write_text(options.out / part, json.dumps(chosen, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(rows)} pairs on {len({row['db_id'] for row in rows})} databases -> {options.out}: {', '.join(PARTS)}")


if __name__ == "__main__":
    main()
