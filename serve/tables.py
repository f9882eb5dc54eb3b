"""A table file becomes a SQLite database by `evaluate.tables`, in a process with limits: a file may be made to take all
the memory there is.

    python serve/tables.py SOURCE DATABASE TABLE      # TABLE: what the table of an upload is called
"""

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT) if __name__ == "__main__" else sys.path[0]

from evaluate.tables import READERS, TableError, plain_name, write_database  # noqa: E402
from serve.refusals import Refusal  # noqa: E402
from sql.sql_text import quoted  # noqa: E402

UPLOAD = "upload"  # what a file that somebody sent is called until its table has its name
SECONDS = 120
MEMORY_BYTES = 2 * 2**30
DATABASE_BYTES = 4 * 2**30


class ImportFailed(Refusal):
    """A file that cannot be read as a database or a table."""

    kind = "unreadable"


def is_table(name: str) -> bool:
    """Whether the ending of a file's name is that of a table file."""
    return Path(name).suffix.lower() in READERS


def import_table(source: Path, database: Path, table: str) -> None:
    """Write the tables of `source` to a new SQLite file. Raises ImportFailed."""
    command = [sys.executable, __file__, str(source), str(database), table]
    try:
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise ImportFailed(f"{source}: reading it takes longer than {SECONDS} s") from None
    if run.returncode:
        lines = run.stderr.strip().splitlines()
        raise ImportFailed(
            lines[-1] if run.returncode == 1 and lines else f"{source}: cannot be read; is it too large?"
        )


def main() -> int:
    source, database, table = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, DATABASE_BYTES)):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
    try:
        write_database(source, database)
    except TableError as error:
        print(error, file=sys.stderr)
        return 1
    except MemoryError:
        return 2
    if source.stem == UPLOAD:
        with closing(sqlite3.connect(database)) as connection, suppress(sqlite3.Error):
            connection.execute(f"ALTER TABLE {UPLOAD} RENAME TO {quoted(plain_name(table))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
