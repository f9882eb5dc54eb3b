"""Conversation rows: several questions on one database as the turns of one training row.

The first user turn holds the schema, later ones a question alone; all answers are learnt (LLaMA-Factory's
`mask_history: false`, its default). A row `{"instruction", "input", "output", ...}` of the last turn gets

    "history": [["Write a SQLite ...\n<schema>\n\nQuestion: How many singers?", "SELECT COUNT(*) FROM singer"], ...]

and the id, question and gold of its last turn. No two turns of a row have the same SQL. Rows of one database are
collected before they are grouped, so memory grows with the file, not with the longest row.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from converters.build import Builder, Built
from converters.lengths import turns_of
from sql.sql_text import normal_sql


class Limits(NamedTuple):
    """How large a conversation may grow: turns, and tokens (characters where none are counted; None: any number)."""

    turns: int
    length: int | None = None


@dataclass
class Conversation:
    """The turns of one row so far."""

    turns: list[Built]
    length: int
    queries: set[str] = field(default_factory=set)


def conversations(rows: Iterable[Built], limits: Limits, builder: Builder, seed: int) -> Iterator[Built]:
    """The rows of each database as conversations, in an order drawn by the seed.

    A question joins the first conversation of its database that has room for it and not its SQL. One that is longer
    than the limit by itself stays a row of one turn.
    """
    by_database: dict[str, list[Built]] = defaultdict(list)
    for built in rows:
        by_database[built.row["database"]].append(built)
    for database, members in by_database.items():
        random.Random(f"{seed}-{database}").shuffle(members)
        yield from (joined(found, builder) for found in grouped(members, limits, builder))


def grouped(members: list[Built], limits: Limits, builder: Builder) -> list[Conversation]:
    """The conversations of one database."""
    full: list[Conversation] = []
    growing: list[Conversation] = []
    for built in members:
        query, length = normal_sql(built.row["output"]), later_length(built, builder)
        place = next((each for each in growing if has_room(each, query, length, limits)), None)
        if place is None:
            place = Conversation([], built.length - length)
            growing.append(place)
        place.turns.append(built)
        place.queries.add(query)
        place.length += length
        if len(place.turns) == limits.turns:
            growing.remove(place)
            full.append(place)
    return full + growing


def has_room(found: Conversation, query: str, length: int, limits: Limits) -> bool:
    """Whether a question can be the next turn."""
    fits = limits.length is None or found.length + length <= limits.length
    return fits and query not in found.queries


def later_length(built: Built, builder: Builder) -> int:
    """What a question and its answer add to a conversation."""
    turn = (built.later_turn, built.row["output"])
    return builder.length([turn, turn]) - builder.length([turn])


def joined(found: Conversation, builder: Builder) -> Built:
    """One row of a conversation's turns; its tags are those that all of them have."""
    first, *later = found.turns
    turns = turns_of(first.row) + [(built.later_turn, built.row["output"]) for built in later]
    last = found.turns[-1].row
    tags = [tag for tag in first.row["tags"] if all(tag in built.row["tags"] for built in later)]
    row = {**last, "history": [list(turn) for turn in turns[:-1]], "tags": tags}
    if later:
        row |= {"instruction": "", "input": turns[-1][0]}
    return Built(row, builder.length(turns), last["question"])
