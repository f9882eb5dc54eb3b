"""What a database holds, as far as questions need it: typed columns with sampled values, nouns, and relations.

Each table is read in a few ranges of its rowids, or from its start where it has none: at most SAMPLED rows, whatever
its size, and within a deadline. Not covered: virtual tables' hidden columns, columns beyond the first MOST_COLUMNS.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from converters.questions import names, words
from converters.questions.kinds import Field, typed_fields
from converters.rows import ConversionError
from prompts.prompt import identifier
from sql.schema import Schema, Table, open_read_only, read_schema

SAMPLED, RANGES = 2000, 20  # rows of a table, and the ranges of rowids they are in
MOST_COLUMNS = 80
LONGEST_TEXT = 81  # characters read of a text
TABLE_SECONDS, ALL_SECONDS = 2.0, 60.0
WAITING = 20  # times the CPU time that a limit allows: a busy machine should not change what is made
STEP = 20_000  # of SQLite's operations between two looks at the clock


@dataclass(frozen=True)
class Entity:
    """A table or view with its noun and its readable columns; `rows` is how many were sampled, `whole`: all of them."""

    name: str
    noun: str
    fields: tuple[Field, ...]
    rows: int
    whole: bool

    @property
    def sql(self) -> str:
        return identifier(self.name)

    @property
    def nouns(self) -> str:
        return names.plural(self.noun)

    @property
    def is_person(self) -> bool:
        return self.noun.split(" ")[-1] in words.PERSONS

    @property
    def key(self) -> Field | None:
        """The single column that identifies a row."""
        keys = [each for each in self.fields if each.key]
        return keys[0] if len(keys) == 1 else None

    def of(self, *kinds: str) -> list[Field]:
        return [each for each in self.fields if each.kind in kinds]

    @property
    def labels(self) -> list[Field]:
        """The columns that name a row: one, or first and last name; the key where nothing else does."""
        return self.of("label") or ([self.key] if self.key else [])

    @property
    def is_link(self) -> bool:
        """Whether it only ties two tables together."""
        return len(self.of("reference")) == 2 and not self.of("label", "number", "date", "flag", "category", "year")


@dataclass(frozen=True)
class Relation:
    """`child.column` refers to `parent.key`; `role`: the word for the parent where it is not its noun, as "manager"."""

    child: Entity
    column: Field
    parent: Entity
    key: Field
    role: str = ""

    @property
    def join(self) -> str:
        return f"{self.parent.sql}.{self.key.sql} = {self.child.sql}.{self.column.sql}"


@dataclass(frozen=True)
class Profile:
    """A database: the tables that can be asked about, their relations, and how many were left out."""

    schema: Schema
    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]
    left_out: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def timer(seconds: float) -> Callable[[], bool]:
    """Whether this thread has used more seconds of CPU time from now on, or has waited WAITING times as long."""
    start, used = time.monotonic(), time.thread_time()

    def is_late() -> bool:
        waited = time.monotonic() - start  # cheaper to ask for, and never less than the CPU time
        return waited > seconds and (time.thread_time() - used > seconds or waited > WAITING * seconds)

    return is_late


@contextmanager
def deadline(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt what takes longer (sqlite3.OperationalError)."""
    connection.set_progress_handler(timer(seconds), STEP)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def profile_of(database: Path) -> Profile:
    """Look at a SQLite file. Raises ConversionError where no question can be asked about it, SchemaError."""
    schema = read_schema(database)
    known = names.simple_words(
        [table.name for table in schema.tables] + [each.name for table in schema.tables for each in table.columns]
    )
    connection = open_read_only(database)
    entities, reasons, is_late = [], {}, timer(ALL_SECONDS)
    try:
        for table in schema.tables:
            late = is_late()
            rows = None if late else sample(connection, table)
            if rows:
                entities.append(entity_of(table, rows, known))
            else:
                reason = "not looked at in time" if late or rows is None else "without rows"
                reasons[reason] = reasons.get(reason, 0) + 1
    finally:
        connection.close()
    if not entities:
        why = " and ".join(f"{number} {reason}" for reason, number in reasons.items())
        raise ConversionError(
            f"{database}: no questions can be made: of {len(schema.tables)} tables and views {why}. "
            "Questions are made from rows: fill the tables first."
        )
    found, relations = related(schema, list(renamed(entities)))
    return Profile(schema, found, relations, len(schema.tables) - len(found), reasons)


def sample(connection: sqlite3.Connection, table: Table) -> list[tuple] | None:
    """Some rows of a table, long texts cut and bytes as b""; None where it cannot be read in time."""
    read = ", ".join(
        f"CASE typeof({q}) WHEN 'blob' THEN x'' WHEN 'text' THEN substr({q}, 1, {LONGEST_TEXT}) ELSE {q} END"
        for q in (identifier(each.name) for each in table.columns[:MOST_COLUMNS])
    )
    name = identifier(table.name)
    rows: list[tuple] = []
    try:
        with deadline(connection, TABLE_SECONDS):
            low, high = bounds(connection, name)
            if low is None or high - low < SAMPLED:
                return connection.execute(f"SELECT {read} FROM {name} LIMIT {SAMPLED}").fetchall()
            width = SAMPLED // RANGES
            for number in range(RANGES):
                begin = low + (high - low) * number // RANGES
                end = low + (high - low) * (number + 1) // RANGES
                rows += connection.execute(
                    f"SELECT {read} FROM {name} WHERE rowid >= ? AND rowid < ? LIMIT {width}", (begin, end + 1)
                ).fetchall()
    except (sqlite3.Error, UnicodeError):
        return rows or None
    return rows


def bounds(connection: sqlite3.Connection, name: str) -> tuple[int | None, int | None]:
    """The first and the last rowid; (None, None) where there are none: a view, a table WITHOUT ROWID."""
    try:
        low, high = connection.execute(
            f"SELECT (SELECT min(rowid) FROM {name}), (SELECT max(rowid) FROM {name})"
        ).fetchone()
    except sqlite3.OperationalError:
        return None, None
    return (low, high) if isinstance(low, int) and isinstance(high, int) else (None, None)


def entity_of(table: Table, rows: list[tuple], known: frozenset[str]) -> Entity:
    """A table with its noun and typed columns."""
    parts = names.parts_of(table.name, known)
    if len(parts) > 1 and parts[0].lower() in words.TABLE_PREFIXES:
        parts = parts[1:]
    noun = names.singular(" ".join(parts)) or "row"
    noun += {"log": " entry", "weather": " record", "history": " record"}.get(noun.split(" ")[-1], "")
    shorter = parts[:-1] if len(parts) > 1 and parts[-1].lower() in words.TABLE_SUFFIXES else parts
    fields = typed_fields(table, rows, known, names.singular(" ".join(shorter)))
    return Entity(table.name, noun, tuple(fields), len(rows), len(rows) < SAMPLED)


def renamed(entities: list[Entity]) -> Iterator[Entity]:
    """The entities with "cars data" called "car" where no other table is called so."""
    taken = {each.noun for each in entities}
    for each in entities:
        *rest, last = each.noun.split(" ")
        short = names.singular(" ".join(rest))
        usable = rest and {last, names.singular(last)} & words.TABLE_SUFFIXES and short not in taken
        yield replace(each, noun=short) if usable else each


def related(schema: Schema, entities: list[Entity]) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
    """The entities, their columns that refer marked so, and the relations."""
    pairs = list(dict.fromkeys(referring(schema, entities)))
    refer = {(child, column): "reference" for child, column, _, _ in pairs}
    nouns = {each.noun for each in entities}
    for each in entities:  # a whole number called like a table tells its rows apart
        for one in each.of("number"):
            if one.whole and one.phrase in nouns - {each.noun}:
                refer.setdefault((each.name, one.name), "other")
    marked = {
        each.name: replace(
            each,
            fields=tuple(one._replace(kind=refer.get((each.name, one.name), one.kind)) for one in each.fields),
        )
        for each in entities
    }
    relations = []
    for child, column, parent, key in pairs:
        own = next(each for each in marked[child].fields if each.name == column)
        other = next(each for each in marked[parent].fields if each.name == key)
        relations.append(Relation(marked[child], own, marked[parent], other, role_of(own, marked[parent], other)))
    return tuple(marked.values()), tuple(relations)


def referring(schema: Schema, entities: list[Entity]) -> Iterator[tuple[str, str, str, str]]:
    """(child, column, parent, key) of the declared foreign keys; of a table that declares none, by name and values."""
    by_name = {each.name.lower(): each for each in entities}
    for table in schema.tables:
        child = by_name.get(table.name.lower())
        if child is None:
            continue
        declared = [key for key in table.foreign_keys if not key.composite]
        pairs = [(key.column, by_name.get(key.table.lower()), key.referenced) for key in declared]
        for column, parent, referenced in pairs or guessed(child, entities):
            own = next((each for each in child.fields if each.name.lower() == column.lower()), None)
            key = parent and next((each for each in parent.fields if each.name.lower() == referenced.lower()), None)
            if own and key and parent is not child and own.values:
                yield child.name, own.name, parent.name, key.name


def guessed(child: Entity, entities: tuple[Entity, ...]) -> Iterator[tuple[str, Entity, str]]:
    """(column, parent, key) by name, `customer_id` and `customer.id` or `customer.customer_id`, where values agree."""
    for own in child.fields:
        for parent in entities:
            key = parent.key
            if parent is child or key is None or (own.key and own is child.key):
                continue
            named = {f"{parent.noun} {key.phrase}", parent.noun, parent.noun + " ID", parent.noun + " code"}
            same = own.name.lower() == key.name.lower() and key.name.lower() != "id"
            if (same or own.phrase in named) and shares_values(own, key):
                yield own.name, parent, key.name


def shares_values(own: Field, key: Field) -> bool:
    """Whether the sampled values could be references: most are among the key's, or between its smallest and largest."""
    ours, theirs = {str(value) for value in own.values}, {str(value) for value in key.values}
    numbers = own.low is not None and key.low is not None
    within = numbers and key.low <= own.low and own.high <= key.high
    return bool(ours) and (len(ours & theirs) >= 0.5 * len(ours) or within)


def role_of(column: Field, parent: Entity, key: Field) -> str:
    """What the parent is to the child where the column says more than its noun: `home_team_id` -> "home team"."""
    parts = [part for part in column.words if part.lower() not in ("id", "code", "no", "number", "fk", "key", "ref")]
    phrase = names.singular(" ".join(parts)).lower()
    head = parent.noun.lower()
    key_says = {head, head.split(" ")[-1], *(each.phrase.lower() for each in parent.labels)}
    same = column.name.lower() == key.name.lower()
    return "" if same or not parts or phrase in key_says else phrase
