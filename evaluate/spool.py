"""Values on disk, so that a hundred thousand rows of any size take no memory; and JSON files read piece by piece."""

import codecs
import json
import pickle
import re
import tempfile
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CHUNK = 1 << 20  # characters
MAX_VALUE = 64 << 20  # characters of one value of an array, bytes of one line
_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


class Spool:
    """A list that can only grow, in a temporary file that is gone with it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
        self._starts = array("q")

    def append(self, value: Any) -> None:
        self._starts.append(self._file.seek(0, 2))
        pickle.dump(value, self._file)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> Any:
        self._file.seek(self._starts[number])
        return pickle.load(self._file)

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    def first(self, number: int | None) -> "Spool":
        """This one with the first `number` values alone; all of them for None."""
        del self._starts[len(self) if number is None else number :]
        return self


class Spooled(Mapping):
    """Texts by key, the texts on disk."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._places: dict[str, int] = {}

    def add(self, key: str, text: str) -> None:
        self._places[key] = len(self._spool)
        self._spool.append(text)

    def __getitem__(self, key: str) -> str:
        return self._spool[self._places[key]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places


def array_values(path: Path) -> Iterator[Any]:
    """The values of a JSON array in a file, one after the other.

    Raises OSError, and ValueError where it is no such array, is not UTF-8, or a value is too long or nested too deeply.
    """
    reader = _Reader(path)
    if reader.peek() != "[":
        raise ValueError("expected a JSON array")
    reader.position += 1
    if reader.peek() == "]":
        reader.position += 1
    else:
        yield from _values(reader)
    if reader.peek():
        raise ValueError("text behind the end of the array")


def _values(reader: "_Reader") -> Iterator[Any]:
    while True:
        reader.peek()
        yield reader.value()
        mark = reader.peek()
        if mark not in (",", "]"):
            raise ValueError(f"expected , or ] and not {mark!r}")
        reader.position += 1
        if mark == "]":
            return


class _Reader:
    """A text file, of which a piece is in memory."""

    def __init__(self, path: Path) -> None:
        self.file = codecs.getreader("utf-8-sig")(path.open("rb"))
        self.text, self.position, self.is_at_end = "", 0, False

    def more(self, characters: int = CHUNK) -> None:
        piece = self.file.read(characters, characters)
        self.is_at_end = not piece
        self.text, self.position = self.text[self.position :] + piece, 0

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self.position = _SPACE.match(self.text, self.position).end()
            if self.position < len(self.text) or self.is_at_end:
                return self.text[self.position : self.position + 1]
            self.more()

    def value(self) -> Any:
        """The value that begins here. A longer piece is read, twice as long each time, until it is all there."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.position)
                if end < len(self.text) or self.is_at_end:
                    self.position = end
                    return value
            except RecursionError:
                raise ValueError("nested too deeply") from None
            except ValueError:
                if self.is_at_end:
                    raise
            if len(self.text) - self.position > MAX_VALUE:
                raise ValueError(f"one value is longer than {MAX_VALUE:,} characters, or it is not JSON")
            self.more(max(CHUNK, len(self.text) - self.position))


def short_line(line: bytes, most: int) -> bytes:
    """A line of JSON with its texts cut at `most` bytes and a little, so that decoding takes no more than they do."""
    parts, position = [], 0
    while (start := line.find(b'"', position)) >= 0:
        end = _closing_quote(line, start + 1)
        stop = end if end - start <= most else _whole(line, start, start + most)
        parts += [line[position:stop], b'"']
        position = end + 1
    return b"".join([*parts, line[position:]])


def _closing_quote(line: bytes, position: int) -> int:
    while (end := line.find(b'"', position)) >= 0:
        slashes = end
        while line[slashes - 1 : slashes] == b"\\":
            slashes -= 1
        if (end - slashes) % 2 == 0:
            return end
        position = end + 1
    return len(line)


def _whole(line: bytes, start: int, stop: int) -> int:
    """The nearest place before `stop` that is in no escape and no character of several bytes."""
    while line[stop] & 0xC0 == 0x80:
        stop -= 1
    escape = line.rfind(b"\\", max(start, stop - 12), stop)  # a pair of \\uXXXX has 12
    if escape < 0:
        return stop
    while line[escape - 1 : escape] == b"\\" and escape - 1 > start:
        escape -= 1
    return escape
