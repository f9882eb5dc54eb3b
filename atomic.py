"""Files written whole or not at all: a reader, or a run that was stopped, finds the old file or all of the new one.

What is written goes to a file of another name in the same folder, which is renamed at the end, once it is on the disk,
and removed where anything fails; a power cut leaves no half file either. Of two processes that write the same file, the
last one's stays.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO


def temporary_name(path: Path) -> Path:
    """What `path` is called while this process writes it."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """A name for a file, beside `path`; that file takes the place of `path` at the end of the block.

    Where the block raises, the file is removed and `path` stays as it was. Makes the folder; nothing lies at the name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        with suppress(OSError):  # not every file system syncs folders
            sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO]:
    """A file to write to (`w`: text in UTF-8, `wb`: bytes); it replaces `path` at the end of the block."""
    with replacing_all([path], mode) as files:
        yield files[0]


@contextmanager
def replacing_all(paths: list[Path], mode: str = "w") -> Iterator[list[IO]]:
    """Files to write to, which replace `paths` together: all of them once all are on disk, or none."""
    encoding = None if "b" in mode else "utf-8"
    with ExitStack() as renames:
        written = [renames.enter_context(replacement(path)) for path in reversed(paths)][::-1]
        with ExitStack() as files:
            yield [files.enter_context(path.open(mode, encoding=encoding)) for path in written]


def write_text(path: Path, text: str) -> Path:
    """Replace `path` by a text in UTF-8; lone surrogates, which JSON can carry and UTF-8 cannot, become `?`."""
    with replacing(path, "wb") as file:
        file.write(text.encode("utf-8", "replace"))
    return path


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """A free name beside `folder`, for a folder or a link to one; whatever has that name at the end is removed."""
    staged = temporary_name(folder)
    remove(staged)
    try:
        yield staged
    finally:
        remove(staged)


def remove(place: Path) -> None:
    """Remove a folder with all in it, or a link to one; nothing where there is none."""
    if place.is_symlink():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)


def put(staged: Path, folder: Path) -> None:
    """Move the files of `staged` to their places in `folder`; other files there stay. A link replaces a link.

    Raises FileExistsError where a folder is in the way of a link. Not covered: a stop between two of the renames.
    """
    if staged.is_symlink():
        put_link(staged, folder)
        return
    if folder.is_symlink():  # what it leads to is not ours to write to
        folder.unlink()
    for path in sorted(path for path in staged.rglob("*") if path.is_file()):
        target = folder / path.relative_to(staged)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def put_link(link: Path, folder: Path) -> None:
    """Rename a link to `folder`, which may be one, or the very folder that it leads to."""
    if folder.is_symlink() or not folder.exists():
        link.replace(folder)
    elif folder.resolve() != link.resolve():
        raise FileExistsError(errno.EEXIST, f"in the way of the link to {link.resolve()}", str(folder))
