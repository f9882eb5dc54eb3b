"""The kind of a column, from its name, its declared type and sampled values.

| kind | what it is | asked for as |
| --- | --- | --- |
| `key` | identifies a row | an answer where nothing names the row |
| `reference` | refers to another table | joins |
| `label` | names the row: name, title, first and last name | the answer |
| `category` | few texts, each often | filters, groups |
| `number` | a measure | comparisons, aggregates |
| `year` | a year as a number or a text of four digits | comparisons, groups |
| `date` | an ISO date as a text | the same, with strftime |
| `flag` | yes or no | filters |
| `code` | a status or another code of few whole numbers | filters, ranges, groups |
| `text` | other texts | looked up |
| `other` | bytes, codes, coordinates, notes | never |
"""

import re
from typing import NamedTuple

from converters.questions import names, words
from prompts.prompt import identifier
from sql.schema import Column, Table

MOST_CATEGORIES = 40
ISO = re.compile(r"(1[5-9]|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?")
YES, NO = words.word_set("t true yes y 1"), words.word_set("f false no n 0")
ASKABLE = re.compile(r"[\w .,'&/+()%#:-]+")  # values that a question can quote
LABEL_WORDS = words.word_set("name title label")
NAME_PARTS = words.word_set("first last given family middle sur surname forename fore")
# Of what, no one can say.
BARE = words.word_set("highest lowest average maximum minimum total value count other")


class Field(NamedTuple):
    """One column. `phrase` is how people call it; `values`: sampled distinct ones, the frequent first."""

    table: str
    name: str
    phrase: str
    words: tuple[str, ...]
    kind: str
    key: bool
    values: tuple
    distinct: int
    nulls: int
    unique: bool
    low: float | None = None
    high: float | None = None
    whole: bool = False  # whole numbers
    is_text: bool = False  # a year or date kept as text
    unit: str = ""

    @property
    def sql(self) -> str:
        return identifier(self.name)

    @property
    def head(self) -> str:
        return self.words[-1].lower() if self.words else ""

    @property
    def measure(self) -> words.Measure:
        return words.MEASURES.get(self.head) or words.MEASURES.get(names.singular(self.head)) or words.Measure()

    @property
    def summable(self) -> bool:
        return self.measure.summable and not words.MEANS_ONLY & set(self.words) and "average" not in self.words

    @property
    def phrases(self) -> str:
        return names.plural(self.phrase)


def typed_fields(table: Table, rows: list[tuple], known: frozenset[str], noun: str) -> list[Field]:
    """The columns of a table that were sampled, with their kinds."""
    references = {key.column.lower() for key in table.foreign_keys}
    keys = {column.name for column in table.columns if column.primary_key}
    found = []
    for column, values in zip(table.columns, zip(*rows, strict=True), strict=False):
        found.append(typed(table.name, column, list(values), known, noun, column.name.lower() in references))
    if not any(each.kind == "label" for each in found):
        found = with_label(found, noun)
    if not keys:  # the first unique column called id, or code, serves as one
        found = with_key(found, noun)
    return [
        each if each.kind != "label" or is_best_label(each, found) else each._replace(kind="text") for each in found
    ]


def with_label(fields: list[Field], noun: str) -> list[Field]:
    """The fields, a text that is called like the table, or a short description, serving as the label."""
    for each in fields:
        named = each.kind in ("text", "category") and each.head in (noun.split(" ")[-1].lower(), "model", "brand")
        described = each.head == "description" and each.unique and max(map(len, each.values)) <= 30
        if named or described:
            return [one._replace(kind="label") if one is each else one for one in fields]
    return fields


def with_key(fields: list[Field], noun: str) -> list[Field]:
    for each in fields:
        if (
            each.unique
            and not each.nulls
            and len(each.words) == 1
            and each.head in ("id", "code", "number")
            and each.kind in ("key", "other")
        ):
            return [one._replace(key=one is each, kind="key" if one is each else one.kind) for one in fields]
    return fields


def is_best_label(field: Field, fields: list[Field]) -> bool:
    """Whether a column is one of those that name a row: `name` before other names; first and last name together."""
    labels = [each for each in fields if each.kind == "label"]
    pair = [each for each in labels if set(each.words) & NAME_PARTS]
    best = [each for each in labels if len(each.words) == 1] or labels
    return (
        field in pair[:2] if len(pair) >= 2 and not any(len(each.words) == 1 for each in labels) else field is best[0]
    )


def typed(table: str, column: Column, values: list, known: frozenset[str], noun: str, refers: bool) -> Field:
    """One column with its kind."""
    there = [value for value in values if value is not None and value != ""]
    counts: dict = {}
    for value in there:
        counts[value] = counts.get(value, 0) + 1
    often = tuple(sorted(counts, key=lambda value: -counts[value]))
    parts = names.parts_of(column.name, known)
    parts, unit = without_unit(parts)
    shown = shown_words(parts, noun)
    if unit in ("ms", "seconds", "minutes") and shown[-1] in words.TIMED:
        shown = [*shown, "time"]
    numbers = [value for value in there if isinstance(value, int | float)]
    is_number = bool(numbers) and len(numbers) == len(there)
    field = Field(
        table, column.name, " ".join(shown), tuple(shown), "other", bool(column.primary_key), often[:400], len(counts),
        len(values) - len(there), len(counts) == len(there) > 1, min(numbers) if is_number else None,
        max(numbers) if is_number else None, all(float(value).is_integer() for value in numbers), unit=unit,
    )  # fmt: skip
    kind, is_text = kind_of(field, column, there, parts, refers)
    if kind == "date" and field.head in words.PARTICIPLES and "date" not in shown:  # `hired` holds the hired date
        shown = [*shown, "date"]
        field = field._replace(phrase=" ".join(shown), words=tuple(shown))
    return field._replace(kind=kind, is_text=is_text)


def without_unit(parts: list[str]) -> tuple[list[str], str]:
    """`weight_kg` -> weight, "kg"; a unit alone is the column's name."""
    if len(parts) > 1 and parts[-1].lower() in words.UNITS and parts[0] not in ("number", "total", "average"):
        return parts[:-1], words.UNITS[parts[-1].lower()]
    return parts, ""


def shown_words(parts: list[str], noun: str) -> list[str]:
    """The words people would use: without the table's own noun in front, "old GNP" for "GNP old"."""
    own = noun.split(" ")
    if len(parts) > len(own) and [part.lower() for part in parts[: len(own)]] == [part.lower() for part in own]:
        parts = parts[len(own) :]
    if len(parts) == 2 and parts[-1] in ("at", "on"):
        parts = [words.DOINGS.get(parts[0], parts[0]), "date"]
    if len(parts) > 1 and parts[-1] in ("old", "new", "total", "average", "maximum", "minimum"):
        parts = [parts[-1], *parts[:-1]]
    return parts or ["value"]


def kind_of(field: Field, column: Column, there: list, parts: list[str], refers: bool) -> tuple[str, bool]:
    """The kind, and whether a year or date is a text."""
    head, said = parts[-1].lower() if parts else "", {part.lower() for part in parts}
    texts = all(isinstance(value, str) for value in there)
    if not there or any(isinstance(value, bytes) for value in there):
        return "other", False
    if refers:
        return "reference", False
    if is_flag(field, column, said):
        return "flag", False
    if texts and sum(bool(ISO.fullmatch(value)) for value in there) >= 0.95 * len(there):
        return "date", True
    if is_year(field, there, said):
        return "year", texts
    if is_code(field, said, head):
        return "code", False
    if head in ("id", "code", "key", "uuid", "guid") or (head in words.NO_MEASURE and not texts):
        return ("key" if field.key else "other"), False
    if field.low is not None:
        return ("key" if field.key and field.unique and head in ("no", "number") else number_kind(field, said)), False
    if not texts:
        return "other", False
    return text_kind(field, there, said, head), False


def number_kind(field: Field, said: set[str]) -> str:
    """`other` for numbers that only tell things apart."""
    epoch = field.low > 500_000_000 and {"at", "time", "timestamp", "date", "created", "updated"} & said
    names_another = field.whole and field.name.lower().endswith("id")
    names_another = names_another or (field.whole and field.head in words.PLACES | words.PERSONS | {"capital"})
    names_another = names_another or set(field.words) <= BARE
    tells_apart = names_another or (said & words.NO_MEASURE and not ({"number"} & said and "of" in said))
    return "other" if epoch or tells_apart or field.distinct < 2 else "number"


def is_code(field: Field, said: set[str], head: str) -> bool:
    """A status of a program: 404 of `status`, 1 of `exit_code`."""
    few = field.low is not None and field.whole and 2 <= field.distinct <= 60 and not field.unique and not field.key
    return few and head in ("status", "code", "severity") and (head != "code" or bool(said & words.CODES))


def is_flag(field: Field, column: Column, said: set[str]) -> bool:
    """Two values that mean yes and no, in a column whose name or type says so."""
    values = {str(value).lower() for value in field.values}
    named = bool(said & {"is", "has", "was", "can", "are"}) or said <= words.ADJECTIVES
    return (
        0 < field.distinct <= 2
        and (values <= YES | NO)
        and (named or "bool" in column.type.lower() or not values <= {"0", "1"})
    )


def is_year(field: Field, there: list, said: set[str]) -> bool:
    texts = all(isinstance(value, str) and re.fullmatch(r"\d{4}", value) for value in there)
    years = [int(value) for value in there if texts or (isinstance(value, int | float) and float(value).is_integer())]
    return len(years) == len(there) and "year" in said and all(-3000 <= year <= 2200 for year in years)


def text_kind(field: Field, there: list[str], said: set[str], head: str) -> str:
    """label, category, text, or other where it is not to be quoted."""
    repeats = field.distinct <= MOST_CATEGORIES and field.distinct <= max(2, 0.5 * len(there))
    if head in ("path", "url", "endpoint", "route", "IP", "ip") and repeats and max(map(len, field.values)) <= 60:
        return "category"
    if said & {"email", "url", "password", "phone", "fax", "address", "uuid", "hash", "token", "path", "image", "zip",
               "postcode", "isbn", "description", "comment", "comments", "notes", "note", "details"}:  # fmt: skip
        return "other"
    if "code" in said or any(
        re.fullmatch(r"-?[\d.,:/%$€ -]+", value) for value in there
    ):  # numbers and times kept as texts
        return "other"
    if said & NAME_PARTS and (head in LABEL_WORDS or head in NAME_PARTS):
        return "label"
    if head in LABEL_WORDS and (len(field.words) == 1 or field.distinct > 0.5 * len(there) or field.key):
        return "label"
    average = sum(map(len, there)) / len(there)
    if average > 60:
        return "other"
    if field.key and field.distinct > 1 and not repeats:
        return "label"
    return "category" if repeats and field.distinct > 1 else "text"


def is_askable(value: object) -> bool:
    """Whether a question can quote a text."""
    return isinstance(value, str) and 1 < len(value) <= 40 and value == value.strip() and bool(ASKABLE.fullmatch(value))
