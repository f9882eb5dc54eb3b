"""Schema linking: the tables and columns a question needs, found without looking at the gold.

1. The words of each name (and of a column's description) are compared with the question's words, and a column's text
values
   with its phrases. That gives every column and table a score from 0 to 1.
2. Kept are the tables whose score is near the best one's, and never fewer than the best two; then the tables that join
   them along foreign keys.
3. Of a kept table stay its primary key, the foreign keys between kept tables, the columns that name a row, those with a
   score, and never fewer than the best six.

Words are alike when they have one stem, when one begins with the other, or when rapidfuzz finds them 85 % alike. The
limits were chosen on Spider's training questions; converters/README.md has what is lost on its dev questions. Not
covered: synonyms beyond a short list, languages other than English.
"""

import hashlib
import re
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from sql.schema import Schema, Table

KEPT_TABLES, KEPT_COLUMNS = 2, 6  # the best ones stay whatever their score
TABLE_SCORE, TABLE_SHARE = 0.5, 0.6  # a table needs this score, and this share of the best one's
COLUMN_SCORE = 0.34
COLUMN_FOR_TABLE = 0.9  # a table whose column is named scores this share of the column's score
LONGEST_PATH = 4  # tables on a way along foreign keys between two kept ones, both included
ALIKE, PREFIX_LETTERS, FUZZY_LETTERS = 85, 3, 4
LONGEST_PHRASE = 6  # words of a text value that is looked for in the question
VALUE_LETTERS = range(2, 61)

STOP_LIST = """
    a an the of for in on at to by with and or is are was were be been do does did has have had what which who whom
    whose how many much show list find give tell return me us all each every any their its his her that this these
    those there it from than more less most least not no as into please display"""
STOP = frozenset(STOP_LIST.split())
COMMON = frozenset(("id", "code", "number"))  # words of names that say little about what a column holds
ROW_NAMES = frozenset(("name", "title", "first", "last", "fname", "lname"))
YEAR = "(year)"  # stands for a number that looks like a year
SUPERLATIVE_OF_SIZE = "large larger largest big bigger biggest small smaller smallest"
SIGNS = {  # a word of a name, and the words of a question that mean it
    "age": "old older oldest young younger youngest",
    "name": "who whom called named",
    "date": f"when recent recently latest earliest day days before after month {YEAR}",
    "time": f"when recent recently latest earliest day days before after month {YEAR}",
    "year": f"when before after latest earliest since founded established old older oldest new newest recent {YEAR}",
    "country": "where nation",
    "city": "where",
    "location": "where",
    "price": "cost costs expensive cheap cheapest",
    "salary": "paid earn earns earning",
    "population": "populated populous people",
    "size": SUPERLATIVE_OF_SIZE,
    "area": f"{SUPERLATIVE_OF_SIZE} size",
    "height": "tall taller tallest high higher highest short shortest",
    "weight": "heavy heavier heaviest light lightest",
    "length": "long longer longest short shortest",
    "duration": "long longer longest",
    "sex": "male female men women gender boys girls",
    "gender": "male female men women sex boys girls",
}
SIGN_WORDS = {word: frozenset(signs.split()) for word, signs in SIGNS.items()}


class LinkingError(Exception):
    """Schema linking cannot be done; the message says what to do."""


class Names(NamedTuple):
    """What a schema offers to compare with, worked out once.

    `tables[i]` are the words of a table's name; `columns[i][j]` the wordings of a column (name, description);
    `weights` says how much a word counts: less where many columns have it; `values` are the columns (i, j) that hold
    a text, each with its own spelling of it, by `phrase_key`.
    """

    tables: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[tuple[tuple[str, ...], ...], ...], ...]
    weights: dict[str, float]
    values: dict[str, dict[tuple[int, int], str]]


class Phrase(NamedTuple):
    """Some words of a question that a column's value equals: the words from `start` to before `end`."""

    key: str
    start: int
    end: int


def tags() -> list[str]:
    """The tag that says which linker looked at a row's question: `linker:<hash>`."""
    source = b"".join(Path(__file__).with_name(name).read_bytes() for name in ("linking.py", "mentions.py"))
    return [f"linker:{hashlib.sha256(source).hexdigest()[:12]}"]


def linked(schema: Schema, question: str, evidence: str = "") -> Schema:
    """The part of `schema` that a question needs, in the schema's own order."""
    names, text = names_of(schema), f"{question} {evidence}"
    asked, held = question_words(text), held_values(names, text)
    columns = [
        [column_score((i, j) in held, wordings, asked, names) for j, wordings in enumerate(table)]
        for i, table in enumerate(names.columns)
    ]
    tables = [
        max(score(words, asked, names.weights), COLUMN_FOR_TABLE * max(own, default=0.0))
        for words, own in zip(names.tables, columns, strict=True)
    ]
    kept = sorted(joined(schema, best_tables(tables)))
    shown = [schema.tables[index] for index in kept]
    shown_names = {table.name.lower() for table in shown}
    tied = tied_columns(shown, shown_names)
    return Schema(tuple(reduced(schema.tables[index], shown_names, tied, columns[index]) for index in kept))


@lru_cache(maxsize=16)
def names_of(schema: Schema) -> Names:
    """The words and text values of a schema."""
    tables = tuple(name_words(table.name) for table in schema.tables)
    columns = tuple(
        tuple((name_words(column.name), name_words(column.description)) for column in table.columns)
        for table in schema.tables
    )
    held: dict[str, dict[tuple[int, int], str]] = {}
    for i, table in enumerate(schema.tables):
        for j, column in enumerate(table.columns):
            for value in filter(is_phrase, column.values):
                held.setdefault(phrase_key(spoken_words(value)), {}).setdefault((i, j), value)
    return Names(tables, columns, word_weights(tables, columns), held)


def is_phrase(value: object) -> bool:
    """Whether a value is text that a question may quote."""
    return isinstance(value, str) and len(value) in VALUE_LETTERS and "\n" not in value and not value.strip().isdigit()


def word_weights(tables: tuple, columns: tuple) -> dict[str, float]:
    """A word counts 1, less by the square root of how many names have it, and half where it is in COMMON."""
    having = Counter(word for words in tables for word in set(words))
    having.update(word for table in columns for wordings in table for word in set().union(*wordings))
    common = {stem(word) for word in COMMON}
    return {word: (0.5 if word in common else 1.0) / number**0.5 for word, number in having.items()}


def name_words(name: str) -> tuple[str, ...]:
    """The stems of a name's words: `Home_Town`, `homeTown`, `home town` alike."""
    parted = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    return tuple(stem(word) for word in re.findall(r"[a-z]+|\d+", parted))


def question_words(text: str) -> frozenset[str]:
    """The stems of a question's words without the empty ones, and of those words of names that it gives a sign of."""
    raw = set(re.findall(r"[a-z]+|\d+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()))
    if re.search(r"\b(1[5-9]|20)\d\d", text):
        raw.add(YEAR)
    meant = {word for word, signs in SIGN_WORDS.items() if signs & raw}
    return frozenset(stem(word) for word in (raw - STOP - {YEAR}) | meant)


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """A word without its ending, as far as four rules go."""
    for ending, left in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending) + left
            break
    return word.rstrip("e") if len(word) > 3 else word


def spoken_words(text: str) -> list[str]:
    """The words of a text in lower case, with the signs that values are written with; "super-Earth" is two words."""
    return re.findall(r"[\w.'&%]+", text.lower())


def phrase_key(words: Sequence[str]) -> str:
    """What a value and a phrase of a question have in common: the words without marks at the ends."""
    return " ".join(words).strip(".'").removesuffix("'s")


def quoted_phrases(names: Names, text: str) -> list[Phrase]:
    """The phrases of a question that some column holds as a value, in the question's order.

    Compared without regard to case, hyphens and the plural's s: "gas giants" quotes `'Gas Giant'`.
    """
    words = spoken_words(text)
    spans = ((i, i + n) for i in range(len(words)) for n in range(1, LONGEST_PHRASE + 1) if i + n <= len(words))
    found = []
    for start, end in spans:
        key = phrase_key(words[start:end])
        singular = key[:-1] if len(key) > PREFIX_LETTERS and key.endswith("s") else key
        held = key if key in names.values else singular
        if held and not STOP & {key, held} and held in names.values:
            found.append(Phrase(held, start, end))
    return found


def held_values(names: Names, text: str) -> frozenset[tuple[int, int]]:
    """The columns that hold a text which the question quotes."""
    return frozenset().union(*(names.values[phrase.key] for phrase in quoted_phrases(names, text)))


def column_score(is_held: bool, wordings: Iterable[tuple[str, ...]], asked: frozenset[str], names: Names) -> float:
    """A column's score: the best of its wordings; above every name where one of its values is quoted."""
    return 1.5 if is_held else max(score(words, asked, names.weights) for words in wordings)


def score(words: tuple[str, ...], asked: frozenset[str], weights: dict[str, float]) -> float:
    """How much of a name the question says, from 0 to 1: each word's best likeness by the word's weight."""
    total = sum(weights[word] for word in words)
    said = sum(weights[word] * max((likeness(word, other) for other in asked), default=0.0) for word in words)
    return said / total if total else 0.0


@lru_cache(maxsize=1 << 18)
def likeness(one: str, other: str) -> float:
    """1 for the same stem, less for words that begin alike or differ by a letter or two, else 0."""
    shorter = min(len(one), len(other))
    if one == other:
        return 1.0
    if shorter >= PREFIX_LETTERS and (one.startswith(other) or other.startswith(one)):
        return 0.9
    return 0.85 if shorter >= FUZZY_LETTERS and ratio()(one, other) >= ALIKE else 0.0


@lru_cache(maxsize=1)
def ratio():
    """rapidfuzz's ratio, loaded when it is first needed. Raises LinkingError where it is not installed."""
    try:
        from rapidfuzz import fuzz
    except ImportError as error:
        raise LinkingError("linking a schema needs the package rapidfuzz. Run ./launch.sh setup") from error
    return fuzz.ratio


def best_tables(scores: list[float]) -> set[int]:
    """The tables with a score near the best, and the best two whatever theirs; all where none has a score."""
    best = min(max(scores, default=0.0), 1.0)
    good = {index for index, value in enumerate(scores) if value >= max(TABLE_SCORE, TABLE_SHARE * best)}
    ordered = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
    return (good | set(ordered[:KEPT_TABLES])) if good else set(ordered)


def joined(schema: Schema, kept: set[int]) -> set[int]:
    """`kept` and the tables on a shortest way along foreign keys between two of them."""
    if len(kept) == len(schema.tables):
        return kept
    near = neighbours(schema)
    ways = (way(near, one, other) for one, other in combinations(sorted(kept), 2))
    return kept.union(*(tables for tables in ways if len(tables) <= LONGEST_PATH))


def neighbours(schema: Schema) -> dict[int, list[int]]:
    """For each table the tables that a foreign key ties it to, in either direction."""
    index = {table.name.lower(): number for number, table in enumerate(schema.tables)}
    near: dict[int, set[int]] = {number: set() for number in index.values()}
    for table in schema.tables:
        for key in table.foreign_keys:
            one, other = index[table.name.lower()], index.get(key.table.lower())
            if other is not None:
                near[one].add(other)
                near[other].add(one)
    return {number: sorted(others) for number, others in near.items()}


def way(near: dict[int, list[int]], start: int, end: int) -> list[int]:
    """The tables on a shortest way from `start` to `end`, both included; empty where there is none."""
    before: dict[int, int | None] = {start: None}
    queue = deque([start])
    while queue and end not in before:
        here = queue.popleft()
        for other in near[here]:
            if other not in before:
                before[other] = here
                queue.append(other)
    found, here = [], end if end in before else None
    while here is not None:
        found.append(here)
        here = before[here]
    return found


def reduced(table: Table, kept: set[str], tied: set[tuple[str, str]], scores: list[float]) -> Table:
    """A kept table with the columns it needs; its rows and keys follow. `kept`: the kept tables, in lower case."""
    wanted = [
        column.primary_key
        or (table.name.lower(), column.name.lower()) in tied
        or scores[number] >= COLUMN_SCORE
        or bool(ROW_NAMES & set(re.findall("[a-z]+", column.name.lower())))
        for number, column in enumerate(table.columns)
    ]
    ordered = sorted(range(len(wanted)), key=lambda number: (not wanted[number], -scores[number], number))
    stays = sorted({number for number in ordered if wanted[number]} | set(ordered[:KEPT_COLUMNS]))
    return Table(
        table.name,
        tuple(table.columns[number] for number in stays),
        tuple(key for key in table.foreign_keys if key.table.lower() in kept),
        tuple(tuple(row[number] for number in stays) for row in table.rows),
    )


def tied_columns(tables: list[Table], kept: set[str]) -> set[tuple[str, str]]:
    """Both ends, as (table, column) in lower case, of the foreign keys between kept tables."""
    tied = set()
    for table in tables:
        for key in table.foreign_keys:
            if key.table.lower() in kept:
                tied |= {(table.name.lower(), key.column.lower()), (key.table.lower(), key.referenced.lower())}
    return tied
