"""Training and evaluation apart: which rows go where, and what a corpus's own two parts have in common.

Two rows belong together when they share a normalised question, or the normalised SQL on one database. `assign` puts
such rows on the same side; `Overlap` counts them where the corpus brings its own two parts. What was met is kept in a
temporary SQLite database that moves to disk as it grows, so that memory does not grow with the corpus (a byte and a
number a row).
"""

import hashlib
import random
import sqlite3
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from converters.sql_text import normal_question, normal_sql


class Keys(NamedTuple):
    """What a row must not share with a row of the other side: question, and (database, SQL), as digests."""

    question: bytes
    sql: bytes


def keys_of(question: str, asked_of: str, sql: str) -> Keys:
    """The digests of a row's normalised question, and of its database with its normalised SQL."""
    return Keys(digest("question", normal_question(question)), digest("sql", asked_of, normal_sql(sql)))


def digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Met:
    """Digests met so far, each with the number of the row that had it first."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect("", isolation_level=None)
        self.connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
        self.connection.execute("CREATE TABLE met (digest BLOB PRIMARY KEY, row INTEGER) WITHOUT ROWID")

    def first(self, key: bytes) -> int | None:
        """The row that had `key` first, or None."""
        found = self.connection.execute("SELECT row FROM met WHERE digest = ?", (key,)).fetchone()
        return found[0] if found else None

    def add(self, key: bytes, row: int = 0) -> bool:
        """Note `key`; False where it was met before."""
        return self.connection.execute("INSERT OR IGNORE INTO met VALUES (?, ?)", (key, row)).rowcount == 1


def assign(rows: Iterable[Keys], share: float, seed: int) -> bytearray:
    """For each row 1 where it goes to evaluation, else 0: whole groups, drawn by seed, up to `share` of the rows.

    A group is all rows tied to one another by shared keys, directly or over others. At least one group goes to either
    side where there are two: the first drawn that fits, else the smallest.
    """
    parent = groups(rows)
    size = len(parent)
    members = array("l", bytes(8 * size))
    for row in range(size):
        parent[row] = root(parent, row)
        members[parent[row]] += 1
    roots = [row for row in range(size) if parent[row] == row]
    random.Random(seed).shuffle(roots)
    left, chosen = max(1, round(share * size)), bytearray(size)
    for group in roots[:-1]:
        if members[group] <= left:
            chosen[group] = 1
            left -= members[group]
    if not any(chosen) and len(roots) > 1:
        chosen[min(roots, key=lambda group: members[group])] = 1
    return bytearray(chosen[parent[row]] for row in range(size))


def groups(rows: Iterable[Keys]) -> array:
    """A union-find forest over the rows: `parent[row]` is another row of its group, or itself."""
    met, parent = Met(), array("l")
    for number, keys in enumerate(rows):
        parent.append(number)
        for key in keys:
            if not met.add(key, number):
                parent[root(parent, number)] = root(parent, met.first(key))
    return parent


def root(parent: array, row: int) -> int:
    """The row that stands for the group of `row`; halves the path on the way."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


class Overlap:
    """Counts evaluation rows that share a key with a training row. Give it all training rows first."""

    def __init__(self) -> None:
        self.train = Met()
        self.questions = self.queries = 0

    def look(self, split: str, keys: Keys) -> None:
        """Note a training row, or compare an evaluation row with those noted."""
        if split == "train":
            self.train.add(keys.question)
            self.train.add(keys.sql)
        else:
            self.questions += self.train.first(keys.question) is not None
            self.queries += self.train.first(keys.sql) is not None
