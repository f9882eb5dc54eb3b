"""The databases that are served, by name: those of the command line, and uploads in a temporary folder.

A name is a label: it is looked up, never made into a path. An upload is written under a number of ours, with a limit
that holds while it arrives; the oldest goes when there are too many, all of them at the end.
"""

import re
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from evaluate.execution.sandbox import database_problem
from serve.refusals import NotFound, Refusal, TooLarge

MAX_UPLOADS = 20
NAME_CHARACTERS = 60
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")
_SQLITE = b"SQLite format 3\0"

Import = Callable[[Path, Path, str], None]  # (table file, database to write, name of the table); raises ImportFailed


class ImportFailed(Refusal):
    """A file that cannot be read as a database or a table."""

    kind = "unreadable"


class Served(NamedTuple):
    """One database: `file` is a SQLite file at rest."""

    name: str
    file: Path
    uploaded: bool = False


class Databases:
    """Every served database by its name. Methods may be called from any thread."""

    def __init__(self, import_table: Import, upload_bytes: int) -> None:
        self.import_table = import_table
        self.upload_bytes = upload_bytes
        self.removed: list[Callable[[Served], None]] = []  # told of uploads that go
        self._folder = Path(tempfile.mkdtemp(prefix="text2sql-"))
        self._served: dict[str, Served] = {}
        self._uploads = 0
        self._lock = threading.Lock()

    def all(self) -> list[Served]:
        """In the order they came."""
        with self._lock:
            return list(self._served.values())

    def get(self, name: str | None) -> Served:
        """The database of that name, or the first one. Raises NotFound."""
        with self._lock:
            if name is None:
                return next(iter(self._served.values()))
            if name in self._served:
                return self._served[name]
            names = ", ".join(list(self._served)[:20])
        raise NotFound(f"no database {name[:NAME_CHARACTERS]!r}; served are: {names}")

    def add(self, path: Path) -> Served:
        """Serve a file of this machine; a table file is read into a database of the temporary folder."""
        return self._keep(self._at_rest(path, path.stem), path.stem, uploaded=False)

    async def receive(self, name: str, body: AsyncIterator[bytes]) -> Path:
        """Write an upload as it arrives. Raises TooLarge as soon as it is over the limit; nothing is left then."""
        target = self._new_path()
        size = 0
        try:
            with target.open("xb") as file:
                async for chunk in body:
                    size += len(chunk)
                    if size > self.upload_bytes:
                        raise TooLarge(f"the file is larger than {self.upload_bytes // 2**20} MB")
                    file.write(chunk)
            if not size:
                raise ImportFailed("the file is empty")
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    def add_upload(self, received: Path, name: str) -> Served:
        """Serve an upload that has arrived; `name` is what the person calls the file."""
        label = Path(name.replace("\\", "/")).name
        suffix = Path(label).suffix.lower()
        try:
            if suffix and not _is_sqlite(received):
                received = received.rename(received.with_suffix(suffix if suffix.isascii() else ""))
            file = self._at_rest(received, Path(label).stem)
        except (ImportFailed, OSError, ValueError) as error:
            received.unlink(missing_ok=True)
            raise ImportFailed(f"{clean(label)}: {_without_folder(error, self._folder)}") from None
        self._make_room()
        return self._keep(file, Path(label).stem, uploaded=True)

    def _at_rest(self, path: Path, table: str) -> Path:
        """The path of a SQLite file that can be read; a table file is imported first."""
        if path.is_file() and not _is_sqlite(path):
            target = self._new_path()
            try:
                self.import_table(path, target, clean(table))
            except BaseException:
                target.unlink(missing_ok=True)
                raise
            path = target
        problem = database_problem(path)
        if problem:
            raise ImportFailed(problem)
        return path

    def _new_path(self) -> Path:
        with self._lock:
            self._uploads += 1
            return self._folder / f"{self._uploads}.sqlite"

    def _keep(self, file: Path, name: str, *, uploaded: bool) -> Served:
        label = clean(name)
        with self._lock:
            number, free = 1, label
            while free in self._served:
                number += 1
                free = f"{label}-{number}"
            self._served[free] = Served(free, file, uploaded)
            return self._served[free]

    def _make_room(self) -> None:
        with self._lock:
            uploads = [served for served in self._served.values() if served.uploaded]
            old = uploads[: max(0, len(uploads) - MAX_UPLOADS + 1)]
            for served in old:
                del self._served[served.name]
        for served in old:
            served.file.unlink(missing_ok=True)
            for tell in self.removed:
                tell(served)

    def close(self) -> None:
        """Remove the temporary folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def clean(name: str) -> str:
    """A name that can be shown: printable, of bounded length, not empty."""
    return _UNPRINTABLE.sub(" ", name).strip()[:NAME_CHARACTERS] or "database"


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _without_folder(error: Exception, folder: Path) -> str:
    return str(error).replace(f"{folder}/", "")
