"""Pairs from a database: shapes and columns balanced, every query run, no two questions alike.

    generate(Path("shop.sqlite"), 300, seed=7) -> Generated(pairs=[Pair(shape="top_per_group", ...), ...], ...)

The shape that has made the fewest pairs is next; one that fails TRIES times in a row is given up. A query stays where
it runs within QUERY_SECONDS, returns a row that is not all NULL, not more rows than a person would read, and passes the
checks of its rule (no ties at the cut of a top three, for one). The same database, number and seed give the same pairs,
unless a clock stops a query or the work.
"""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from converters.clean_golds import plain_sql
from converters.questions.draft import Draft, Draw, Unfit
from converters.questions.names import plural
from converters.questions.profile import Profile, deadline, profile_of, timer
from converters.questions.quantities import quantities
from converters.questions.shapes import SHAPES
from converters.questions.wording import typed
from converters.questions.words import SYNONYMS
from converters.rows import ConversionError
from converters.splits import normal_question
from sql.hardness import LEVELS, hardness
from sql.schema import open_read_only
from sql.sql_text import normal_sql

TRIES = 60  # drafts in a row that do not fit, before a shape is given up
SECONDS, SECONDS_A_PAIR = 60.0, 0.4  # of CPU time, for all
QUERY_SECONDS = 2.0
WORDINGS = (1, 1, 1, 2, 2, 3)  # how many wordings a query gets
LONGEST_QUESTION = 300


class Pair(NamedTuple):
    """A question with its SQL, the shape that made it, how hard the SQL is (sql/hardness.py), and who worded it:
    `grammar`, or `model` (worded.py).
    """

    question: str
    sql: str
    shape: str
    hardness: str
    number: int = 0  # its place among all that were made, struck ones included
    wording: str = "grammar"


@dataclass
class Generated:
    """The pairs, and what a person should know about how they came to be."""

    pairs: list[Pair]
    asked: int
    seconds: float
    given_up: tuple[str, ...] = ()
    late: bool = False
    left_out: dict[str, int] = field(default_factory=dict)  # tables, by reason
    struck: int = 0
    slow: tuple[str, ...] = ()  # shapes of which a query took too long

    def lines(self) -> list[str]:
        """For people: how many, how distinct, how hard, what is missing."""
        queries = len({normal_sql(pair.sql) for pair in self.pairs})
        levels = Counter(pair.hardness for pair in self.pairs)
        shapes = Counter(pair.shape for pair in self.pairs)
        lines = [
            f"  made {len(self.pairs)} pairs of {queries} queries and {len(shapes)} shapes in {self.seconds:.1f} s; "
            + ", ".join(f"{level} {levels[level]}" for level in LEVELS)
        ]
        if len(self.pairs) < self.asked:
            why = "the time was up" if self.late else "the database offers no more"
            lines.append(f"  {self.asked - len(self.pairs)} fewer than --generate {self.asked}: {why}")
        if self.slow:
            which = f"{len(self.slow)} of {len(SHAPES)} shapes: {', '.join(self.slow)}"
            lines.append(f"  WARNING: queries that took too long were left out ({which})")
        if self.left_out:
            many = ", ".join(f"{number} {reason}" for reason, number in self.left_out.items())
            lines.append(f"  tables left out: {many}")
        if self.struck:
            left = "1 struck-out pair was" if self.struck == 1 else f"{self.struck} struck-out pairs were"
            lines.append(f"  {left} left out")
        return lines


def generate(
    database: Path,
    count: int,
    *,
    seed: int = 7,
    struck: frozenset[str] = frozenset(),
    shapes: Iterable[str] = tuple(SHAPES),
) -> Generated:
    """Up to `count` pairs of the named shapes, each in turn.

    `struck`: normalised questions and queries that are not to be made.

    Raises ConversionError where no pair can be made, SchemaError where the file is no database.
    """
    profile = profile_of(database)
    connection = open_read_only(database)
    try:
        made = Generator(profile, connection, seed, struck, tuple(shapes)).run(count)
    finally:
        connection.close()
    if not made.pairs:
        raise ConversionError(
            f"{database}: no questions can be made. No table with rows ({len(profile.entities)} of "
            f"{len(profile.schema.tables)}) has a column to ask for, or every query was too slow. Give --questions."
        )
    return made


def other_words(profile: Profile) -> dict[str, tuple[str, ...]]:
    """`exoplanets` -> `planets`: other words for the tables' nouns, none of which means another table or a column."""
    phrases = [
        *(each.noun for each in profile.entities),
        *(one.phrase for each in profile.entities for one in each.fields),
    ]
    found = {}
    for entity in profile.entities:
        uses = sum(entity.noun in phrase.split(" ") for phrase in phrases)  # "order" in "order number" stays
        words = [each for each in SYNONYMS.get(entity.noun, ()) if each not in phrases]
        if words and uses == 1:
            found[entity.noun] = tuple(words)
            found[entity.nouns] = tuple(map(plural, words))
    return found


class Generator:
    """One run over a database."""

    def __init__(
        self,
        profile: Profile,
        connection: sqlite3.Connection,
        seed: int,
        struck: frozenset[str] = frozenset(),
        shapes: tuple[str, ...] = tuple(SHAPES),
    ) -> None:
        self.shapes = {name: SHAPES[name] for name in shapes}
        self.profile, self.connection, self.seed, self.struck = profile, connection, seed, struck
        self.quantities = tuple(quantities(profile))
        self.others = other_words(profile)
        self.used: Counter = Counter()
        self.queries: set[str] = set()
        self.questions: set[str] = set()
        self.number = self.met = 0  # pairs made, and struck ones among them
        self.slow: Counter = Counter()  # queries that took too long, by shape

    def run(self, count: int) -> Generated:
        """Pairs until there are `count`, no shape fits any more, or the time is up."""
        start, pairs, made, failed = time.monotonic(), [], Counter(), Counter()
        is_late = timer(SECONDS + SECONDS_A_PAIR * count)
        open_shapes, given_up, turn, late = dict(self.shapes), [], 0, False
        while len(pairs) < count and open_shapes and not late:
            name = min(open_shapes, key=lambda shape: made[shape])  # the first of those with the fewest
            found = self.try_shape(name, SHAPES[name], random.Random(f"{self.seed}-{turn}-{name}"))
            turn, late = turn + 1, is_late()
            if not found:
                failed[name] += 1
                if failed[name] >= TRIES:
                    del open_shapes[name]
                    given_up += [] if made[name] else [name]
                continue
            failed[name] = 0
            made[name] += len(found)
            for pair in found:
                self.number += 1
                if not self.is_struck(pair):
                    pairs.append(pair._replace(number=self.number))
        seconds, slow = time.monotonic() - start, tuple(self.slow)
        return Generated(pairs[:count], count, seconds, tuple(given_up), late, self.profile.reasons, self.met, slow)

    def try_shape(self, name: str, make: Callable[[Draw], Draft], rng: random.Random) -> list[Pair]:
        """The pairs of one new query; empty where the draft does not fit."""
        draw = Draw(self.profile, rng, self.used, self.quantities)
        try:
            draft = make(draw)
        except Unfit:
            return []
        sql = plain_sql(draft.sql, self.profile.schema)
        if sql is None or normal_sql(sql) in self.queries or not self.is_good(draft, sql, name):
            return []
        self.queries.add(normal_sql(sql))
        pairs = [Pair(question, sql, name, hardness(sql)) for question in self.worded(draft, sql, rng)]
        if pairs:
            self.used.update(draw.picked)
        return pairs

    def worded(self, draft: Draft, sql: str, rng: random.Random) -> Iterable[str]:
        """One to three new questions."""
        wanted, found = rng.choice(WORDINGS), []
        templates = list(dict.fromkeys(draft.wordings))
        rng.shuffle(templates)
        for template in templates:
            question = typed(template, sql, rng, self.others)
            key = normal_question(question)
            if key in self.questions or len(question) > LONGEST_QUESTION or len(found) == wanted:
                continue
            self.questions.add(key)
            found.append(question)
        return found

    def is_good(self, draft: Draft, sql: str, shape: str = "") -> bool:
        """Whether the query runs in time, returns what a person could want to read, and passes its checks."""
        try:
            if not all(self.rows(check, 1)[0][0] for check in draft.checks):
                return False
            rows = self.rows(sql, draft.fits)
        except (sqlite3.Error, sqlite3.Warning, OverflowError, IndexError) as error:
            self.slow.update([shape] if str(error) == "interrupted" else [])
            return False
        values = [value for row in rows for value in row]
        if not rows or len(rows) > draft.fits or any(all(value is None for value in row) for row in rows):
            return False
        return values != [0] and any(value not in (None, "") for value in values)

    def rows(self, sql: str, most: int) -> list[tuple]:
        """Up to one row more than `most`. Raises sqlite3.Error where it fails or takes too long."""
        with deadline(self.connection, QUERY_SECONDS):
            return self.connection.execute(sql).fetchmany(most + 1)

    def is_struck(self, pair: Pair) -> bool:
        found = normal_question(pair.question) in self.struck or normal_sql(pair.sql) in self.struck
        self.met += found
        return found
