"""Training and evaluation apart: which rows go where, and what two files of questions have in common.

Two rows belong together when they share a normalised question, or the normalised SQL on one database. `assign` puts
such rows on the same side; `Overlap` counts them where the corpus brings its own two parts.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from converters.sources import read_rows
from sql.sql_text import normal_sql


class Keys(NamedTuple):
    """What a row must not share with a row of the other side: question, and (database, SQL), as digests."""

    question: bytes
    sql: bytes


def keys_of(question: str, asked_of: str, sql: str) -> Keys:
    """The digests of a row's normalised question, and of its database with its normalised SQL."""
    return Keys(digest("question", normal_question(question)), digest("sql", asked_of, normal_sql(sql)))


def normal_question(question: str) -> str:
    """One spelling, to find repeated questions: lower-case words and numbers, without punctuation."""
    return " ".join(re.findall(r"\w+", question.lower()))


def digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def assign(rows: Iterable[Keys], share: float, seed: int, held: frozenset[int] = frozenset()) -> list[bool]:
    """For each row whether it goes to evaluation: whole groups, drawn by seed, up to `share` of the rows.

    A group is all rows tied to one another by shared keys, directly or over others. At least one group goes to either
    side where there are two: the first drawn that fits, else the smallest. The groups of the rows whose numbers are in
    `held` go to evaluation whatever the share.
    """
    groups = groups_of(rows)
    members, fixed = Counter(groups), {groups[row] for row in held}
    drawn = sorted(members.keys() - fixed)
    random.Random(seed).shuffle(drawn)
    left, chosen = max(1, round(share * sum(members[group] for group in drawn))), set()
    for group in drawn[:-1]:
        if members[group] <= left:
            chosen.add(group)
            left -= members[group]
    if not chosen and len(drawn) > 1:
        chosen.add(min(drawn, key=lambda group: members[group]))
    return [group in chosen | fixed for group in groups]


def assign_with(
    rows: Sequence[Keys], share: float, seed: int, held: frozenset[int], trained: frozenset[int]
) -> list[bool | None]:
    """`assign`, with the rows whose numbers are in `trained` for training alone.

    The others go where they would go without them; one that shares a key with a row of the evaluation is None: it goes
    nowhere.
    """
    others = [number for number in range(len(rows)) if number not in trained]
    kept = frozenset(place for place, number in enumerate(others) if number in held)
    sides: dict[int, bool | None] = dict(
        zip(others, assign((rows[number] for number in others), share, seed, kept), strict=True)
    )
    evaluated = {key for number, side in sides.items() if side for key in rows[number]}
    return [sides.get(number, None if evaluated & set(rows[number]) else False) for number in range(len(rows))]


def groups_of(rows: Iterable[Keys]) -> list[int]:
    """For each row the number of one row of its group, the same for all of them; a union-find forest."""
    first: dict[bytes, int] = {}
    parent: list[int] = []
    for number, keys in enumerate(rows):
        parent.append(number)
        for key in keys:
            parent[root(parent, number)] = root(parent, first.setdefault(key, number))
    return [root(parent, row) for row in range(len(parent))]


def root(parent: list[int], row: int) -> int:
    """The row at the top of the tree of `row`; halves the path on the way."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


class Overlap:
    """Counts evaluation rows that share a key with a training row. Give it all training rows first."""

    def __init__(self) -> None:
        self.train: set[bytes] = set()
        self.questions = self.queries = 0

    def look(self, split: str, keys: Keys) -> None:
        """Note a training row, or compare an evaluation row with those noted."""
        if split == "train":
            self.train.update(keys)
        else:
            self.questions += keys.question in self.train
            self.queries += keys.sql in self.train


class Shared(NamedTuple):
    """How many rows of an evaluation file have their normalised question in a training file; `golds`: and the SQL."""

    questions: int
    golds: int
    rows: int


def shared(train: Path, evaluation: Path) -> Shared:
    """What two converted files have in common; that a question is asked of two databases does not matter."""
    questions, golds = set(), set()
    for raw in read_rows(train):
        question, gold = pair_of(raw.row)
        questions.add(question)
        golds.add(gold)
    pairs = [pair_of(raw.row) for raw in read_rows(evaluation)]
    return Shared(
        sum(question in questions for question, _ in pairs), sum(gold in golds for _, gold in pairs), len(pairs)
    )


def pair_of(row: dict) -> tuple[bytes, bytes]:
    """The digests of a converted row's question, and of its question with its SQL."""
    keys = keys_of(row["question"], "", row["output"])
    return keys.question, keys.question + keys.sql


def warning(train: str, evaluation: str, found: Shared) -> str:
    """One line for a training file that holds evaluation questions."""
    return (
        f"WARNING: {found.questions} of the {found.rows} questions of {evaluation} "
        f"({found.questions / found.rows:.1%}) also occur in {train}, {found.golds} with the same SQL. "
        "A model trained on it has seen those answers."
    )
