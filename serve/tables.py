"""Tables in files become SQLite databases."""

from pathlib import Path

from serve.databases import ImportFailed


def import_table(source: Path, database: Path, name: str) -> None:
    raise ImportFailed(f"{source}: not an SQLite database")
