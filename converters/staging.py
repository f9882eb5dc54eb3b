"""Databases written aside, so that a conversion that fails leaves those of the last one as they were.

Not covered: a stop between two of the renames at the very end.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from converters.rows import ConversionError


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """A name for a folder beside `folder`; nothing lies there. What does at the end of the block is removed."""
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
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
    """Let what was written to `staged` take its place in `folder`; other files there stay. A link replaces a link.

    Raises ConversionError where a link is to stand in the place of a folder.
    """
    if staged.is_symlink():
        put_link(staged, folder)
        return
    if folder.is_symlink():  # of an earlier conversion: what it leads to is not ours to write to
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
        raise ConversionError(f"{folder}: in the way of the link to {link.resolve()}. Move it away.")
