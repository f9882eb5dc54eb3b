"""What a rule of the grammar draws from (`Draw`), what it makes (`Draft`), and wordings that many rules share."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from converters.questions import filters, names, words
from converters.questions.filters import Filter
from converters.questions.kinds import Field
from converters.questions.profile import Entity, Profile, Relation
from converters.questions.quantities import Quantity
from converters.questions.times import happening

Item = TypeVar("Item", Entity, Field, Relation)


class Unfit(Exception):
    """The database has not what a rule needs, or not this time."""


class Draft(NamedTuple):
    """SQL with several wordings, as templates (wording.py). `checks`: queries whose one value must be true.

    `fits`: the rows that a person would expect at most.
    """

    sql: str
    wordings: tuple[str, ...]
    checks: tuple[str, ...] = ()
    fits: int = 60


class Draw:
    """Random choices from a database, those that were used least more likely. `picked` is what this draft has used."""

    def __init__(
        self, profile: Profile, rng: random.Random, used: Counter, quantities: tuple[Quantity, ...] = ()
    ) -> None:
        self.profile, self.rng, self.used, self.quantities = profile, rng, used, quantities
        self.picked: list[tuple[str, ...]] = []

    def pick(self, items: Iterable[Item]) -> Item:
        """One of the items. Raises Unfit where there is none."""
        choices = list(items)
        if not choices:
            raise Unfit
        weights = [1 / (1 + self.used[self.name(each)]) ** 2 for each in choices]
        weights = [weight * worth(each) for weight, each in zip(weights, choices, strict=True)]
        (chosen,) = self.rng.choices(choices, weights)
        self.picked.append(self.name(chosen))
        return chosen

    def name(self, item: Item) -> tuple[str, ...]:
        """What uses of an item are counted by."""
        if isinstance(item, Field):
            return item.table, item.name
        if isinstance(item, Relation):
            return item.child.name, item.column.name, item.parent.name
        return (item.name,)

    def entity(self, fits: Callable[[Entity], object] = bool, *, named: bool = False) -> Entity:
        """A table whose rows are things that people ask for. `named`: with a column that names them."""
        return self.pick(
            each for each in self.profile.entities if is_thing(each) and (not named or each.of("label")) and fits(each)
        )

    def field(self, entity: Entity, *kinds: str, but: Iterable[Field] = ()) -> Field:
        left_out = {each.name for each in but}
        return self.pick(each for each in entity.of(*kinds) if each.name not in left_out)

    def relation(self, fits: Callable[[Relation], object] = bool) -> Relation:
        """A child and its parent, the parent with a name; not through tables that only link."""
        return self.pick(
            each
            for each in self.profile.relations
            if not each.child.is_link and each.parent.of("label") and is_thing(each.parent) and fits(each)
        )

    def filter(self, entity: Entity, *kinds: str, but: Iterable[Field] = ()) -> Filter:
        """A condition on a column."""
        kinds = kinds or ("category", "number", "year", "date", "flag", "text", "code")
        for _ in range(6):
            found = filters.drawn(entity, self.field(entity, *kinds, but=but), self.rng)
            if found:
                return found
            self.picked.pop()
        raise Unfit

    def grouper(self, entity: Entity, *, few: bool = False, but: Iterable[Field] = ()) -> Field:
        """A column by which people group: categories, years, places, small whole numbers."""
        left_out = {each.name for each in but}
        fields = (each for each in entity.fields if groups(each) and each.name not in left_out)
        return self.pick(each for each in fields if not few or each.distinct <= 12)


def worth(item: Item) -> float:
    """How much people ask about something: less about a table of a handful of rows."""
    return 0.15 if isinstance(item, Entity) and item.rows < 6 else 1.0


def is_thing(entity: Entity) -> bool:
    """Whether a row is a thing of its own, and not a property of two others."""
    partial = any(each.key and each.kind == "reference" for each in entity.fields)
    return not partial and not entity.is_link


def groups(field: Field) -> bool:
    if field.nulls or field.distinct < 2:
        return False
    if field.kind == "number":
        return field.whole and field.distinct <= 10 and not field.unique
    place = field.kind == "text" and field.head in words.GEOGRAPHY and len(field.words) == 1
    return (field.kind in ("category", "year", "code") or place) and not field.unique and field.distinct <= 45


class Answer(NamedTuple):
    """What names a thing: `columns` in SQL, and as words, "name" and "names"."""

    columns: str
    one: str
    many: str


def answer(entity: Entity, prefix: str = "") -> Answer:
    """The columns that name a thing. Raises Unfit where there is none."""
    labels = entity.labels
    if not labels:
        raise Unfit
    columns = ", ".join(prefix + each.sql for each in labels)
    if len(labels) == 2:
        if all(each.head == "name" for each in labels):
            one = f"{labels[0].words[0]} and {labels[1].words[0]} name"
        else:
            one = f"{labels[0].phrase} and {labels[1].phrase}"
        return Answer(columns, one, one + "s" if one.endswith("name") else one)
    return Answer(columns, labels[0].phrase, labels[0].phrases)


def listings(entity: Entity, things: str, found: Answer, verb: str = "") -> tuple[str, ...]:
    """Ways to ask for the names of things ("singers from France"); `verb` is the condition: "are from France"."""
    asked = [
        f"[List|Show|Show me|Give me|Find|Get] the {found.many} of [all |all the |the |]{things}.",
        f"What are the {found.many} of [all |the |all the |]{things}?",
        f"[List|Show|Show me|Find|I need] [all |the |all the ]{things}[|, just the {found.many}].",
        f"{found.many} of {things}",
    ]
    if found.one == entity.noun:  # an airline is called by its column "airline"
        asked = [f"[List|Show|Show me|Find] [all |the |all the ]{things}.", f"What are the {things}?", things]
    if verb:
        asked += [f"Which {entity.nouns} {verb}?"] * 2
    if entity.of("label"):
        asked.append(f"[Name|List] [all |the ]{things}.")
    return tuple(asked)


def countings(entity: Entity, things: str, verb: str = "") -> tuple[str, ...]:
    """Ways to ask how many things there are."""
    short = "[number of|how many]" if not {"whose", "that", "who"} & set(things.split(" ")) else "number of"
    asked = [
        f"[Count|Count the|Count all] {things}.",
        f"{short} {things}",
        f"What is the number of {things}?",
    ]
    if verb:
        return (*asked, f"How many {entity.nouns} {verb}?", f"How many [of the |]{entity.nouns} {verb}?")
    return (*asked, f"How many {things} [are there|do we have]?")


def extreme(entity: Entity, field: Field, high: bool, count: int = 1) -> list[str]:
    """Ways to name the things with the highest, or lowest, value: "oldest singers", "singers with the highest age"."""
    noun = entity.noun if count == 1 else f"{count} {entity.nouns}"
    if field.kind in ("year", "date"):
        return extreme_in_time(entity, field, high, count)
    measure = field.measure
    most = measure.most if high else measure.least
    if counted := filters.counted_noun(field):
        return [f"{noun} with the {'most' if high else 'fewest'} {counted}"]
    found = [f"{noun} with the {most} {field.phrase}"]
    thing = measure.thing_most if high else measure.thing_least
    if thing and len(field.words) == 1 and (field.head != "population" or entity.noun in words.GEOGRAPHY):
        bare = entity.noun if count == 1 else entity.nouns
        found += [f"{thing} {bare}" if count == 1 else f"{count} {thing} {bare}"] * 2
    return found


def extreme_in_time(entity: Entity, field: Field, high: bool, count: int) -> list[str]:
    noun, bare = (entity.noun, entity.noun) if count == 1 else (f"{count} {entity.nouns}", entity.nouns)
    number, what = "" if count == 1 else f"{count} ", happening(entity, field).strip()
    found = [f"{noun} with the {'latest' if high else 'earliest'} {field.phrase}"]
    if "birth" in field.words:
        return [f"{number}{'youngest' if high else 'oldest'} {bare}", *found]
    if what == "?":
        return found
    if what.startswith(("who ", "that ")):
        return [f"{noun} {what} {'[last|most recently]' if high else 'first'}", *found]
    if what and what not in words.HAPPENS.values() and not what.endswith("ing") and what != "due":
        return [f"{number}most recently {what} {bare}" if high else f"{noun} {what} [first|earliest]", *found]
    return [f"{number}{'[latest|most recent|newest]' if high else '[oldest|earliest|first]'} {bare}"]


def tie_free(values: str, count: int, high: bool) -> str:
    """A check that the first `count` rows by value `v` are the same however ties are ordered; `values` selects `v`."""
    order, sign = ("DESC", ">=") if high else ("ASC", "<=")
    return (
        f"WITH x AS ({values}) SELECT (SELECT COUNT(*) FROM x WHERE v {sign} "
        f"(SELECT v FROM x WHERE v IS NOT NULL ORDER BY v {order} LIMIT 1 OFFSET {count - 1})) = {count}"
    )


def conditions(*parts: str) -> str:
    """` WHERE a AND b`, empty parts left out."""
    there = [part for part in parts if part]
    return " WHERE " + " AND ".join(there) if there else ""


def ordered(field: Field, high: bool, prefix: str = "") -> tuple[str, str]:
    """ORDER BY a column, and the condition that keeps NULLs from being the lowest."""
    needed = "" if high or not field.nulls else f"{prefix}{field.sql} IS NOT NULL"
    return f"ORDER BY {prefix}{field.sql}{' DESC' if high else ''}", needed


def column_list(fields: list[Field], prefix: str = "") -> tuple[str, str]:
    """Columns in SQL and in words."""
    return ", ".join(prefix + each.sql for each in fields), names.and_list([each.phrase for each in fields])
