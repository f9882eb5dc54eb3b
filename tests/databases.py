"""Making the databases that queries run on, and seeing that no query changed one."""

import hashlib
import sqlite3
from pathlib import Path


def make_database(path: Path, script: str) -> Path:
    """A SQLite file made by `script`; returns `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


def files(folder: Path) -> dict[str, str]:
    """Every file below, by the hash of what it holds."""
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*") if file.is_file()}
