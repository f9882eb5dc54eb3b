"""The databases that are served, by name: those of the command line, and uploads in a temporary folder.

A name is a label: it is looked up, never made into a path. An upload is written under a number of ours, with a limit
that holds while it arrives; the oldest goes when there are too many, all of them at the end.
"""

import re
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from evaluate.execution.sandbox import database_problem
from serve.refusals import Busy, NotFound, TooLarge
from serve.tables import UPLOAD, ImportFailed, import_table, is_table

MAX_UPLOADS = 20
MAX_ARRIVING = 4  # at the same time
RETRY_SECONDS = 5
IMPORTS = 2  # tables that are read at the same time: each may take 2 GiB
NAME_CHARACTERS = 60
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")


class Served(NamedTuple):
    """One database: `file` is a SQLite file at rest."""

    name: str
    file: Path
    uploaded: bool = False


class Databases:
    """Every served database by its name. Methods may be called from any thread.

    `check` says why a SQLite file cannot be served, or None; `forget` is told of uploads that go.
    """

    def __init__(self, upload_bytes: int, check: Callable[[Path], str | None]) -> None:
        self.upload_bytes = upload_bytes
        self.check = check
        self.forget: Callable[[Served], None] = lambda served: None
        self._folder = Path(tempfile.mkdtemp(prefix="text2sql-"))
        self._served: dict[str, Served] = {}
        self._files = 0
        self._arriving = 0
        self._lock = threading.Lock()
        self._importing = threading.Semaphore(IMPORTS)

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
        """Serve a file of this machine; a table file is read into a database of the temporary folder.

        Raises ImportFailed.
        """
        file = path
        if is_table(path.name) and path.is_file():
            file = self._new_folder() / "table.sqlite"
            import_table(path.resolve(), file, path.stem)
        problem = database_problem(file) or self.check(file)
        if problem:
            raise ImportFailed(problem if problem.startswith(str(file)) else f"{path}: {problem}")
        return self._keep(file.resolve(), path.stem, uploaded=False)

    async def receive(self, body: AsyncIterator[bytes]) -> Path:
        """Write an upload as it arrives. Raises Busy, and TooLarge once it is over the limit; nothing is left then."""
        if self._arriving >= MAX_ARRIVING:
            raise Busy(RETRY_SECONDS, "other uploads are under way")
        target = self._new_folder() / UPLOAD
        size = 0
        self._arriving += 1
        try:
            with target.open("xb") as file:
                async for chunk in body:
                    size += len(chunk)
                    if size > self.upload_bytes:
                        raise self.too_large()
                    file.write(chunk)
            if not size:
                raise ImportFailed("the file is empty")
        except BaseException:
            shutil.rmtree(target.parent, ignore_errors=True)
            raise
        finally:
            self._arriving -= 1
        return target

    def too_large(self) -> TooLarge:
        """What an upload over the limit is told."""
        return TooLarge(f"the file is larger than {self.upload_bytes // 2**20} MB")

    def add_upload(self, received: Path, name: str) -> Served:
        """Serve an upload that has arrived; `name` is what the person calls the file. Raises ImportFailed."""
        label = PurePosixPath(name.replace("\\", "/")).name
        title = clean(PurePosixPath(label).stem)
        file = received
        try:
            if is_table(label):
                source = received.rename(received.with_suffix(PurePosixPath(label).suffix.lower()))
                with self._importing:
                    import_table(source, file, title)
                source.unlink()
            problem = database_problem(file) or self.check(file)
            if problem:
                raise ImportFailed(problem)
        except ImportFailed as error:
            shutil.rmtree(received.parent, ignore_errors=True)
            reason = re.sub(rf"{re.escape(str(received))}[\w.]*: ", "", str(error))
            raise ImportFailed(f"{clean(label)}: {reason}") from None
        self._make_room()
        return self._keep(file, title, uploaded=True)

    def _new_folder(self) -> Path:
        with self._lock:
            self._files += 1
            folder = self._folder / str(self._files)
        folder.mkdir()
        return folder

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
            shutil.rmtree(served.file.parent, ignore_errors=True)
            self.forget(served)

    def close(self) -> None:
        """Remove the temporary folder."""
        with suppress(OSError):
            shutil.rmtree(self._folder)


def clean(name: str) -> str:
    """A name that can be shown: printable, of bounded length, not empty."""
    return _UNPRINTABLE.sub(" ", name).strip()[:NAME_CHARACTERS] or "database"
