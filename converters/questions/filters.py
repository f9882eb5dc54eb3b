"""A condition on one column: its SQL, and what it adds to the noun of its table.

    country = 'France'        singers        "", " from France"
    gender = 'F'              students       "female ", ""
    population > 1000000      cities         "", " with a population over 1 million"
    order_date >= '2023-03-01'  orders       "", " placed since 1 March 2023"

`before` and `after` are templates of wording.py: `[over|above]` is one of the two.
"""

import random
import re
from itertools import pairwise
from typing import NamedTuple

from converters.questions import names, words
from converters.questions.kinds import YES, Field, is_askable
from converters.questions.profile import Entity
from converters.questions.times import decade, happening, time_words, year_range

CLAUSES = frozenset(("with", "whose", "that", "who", "without"))


class Filter(NamedTuple):
    """`sql` has {} before each column, for a table's name and a dot where they are needed."""

    field: Field
    sql: str
    before: str = ""
    after: str = ""
    rank: int = 1  # where several follow a noun, the lower ones come first

    def where(self, prefix: str = "") -> str:
        return self.sql.replace("{}", prefix)


def noun_phrase(noun: str, *filters: Filter) -> str:
    """A noun with its modifiers: "female singers from France with an age over 30"."""
    behind = [each.after for each in sorted(filters, key=lambda each: each.rank) if each.after]
    text = "".join(behind[:1])
    for first, second in pairwise(behind):
        if first.startswith(" with ") and second.startswith(" with "):
            text += " and" + second.removeprefix(" with")
        else:
            clauses = all(each.lstrip(" [").split(" ")[0] in CLAUSES for each in (first, second))
            text += " and" + second if clauses else second
    return "".join(each.before for each in filters) + noun + text


def drawn(entity: Entity, field: Field, rng: random.Random) -> Filter | None:
    """A condition on a column that some rows meet and some do not; None where there is none to ask for."""
    make = {"category": category, "flag": flag, "number": number, "year": year, "date": date, "text": text,
            "code": code}  # fmt: skip
    return make[field.kind](entity, field, rng) if field.kind in make else None


def literal(value: object) -> str:
    """A value in SQL."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"{value:.12g}" if isinstance(value, float) and not value.is_integer() else str(int(value))


def category(entity: Entity, field: Field, rng: random.Random) -> Filter | None:
    values = [value for value in field.values if is_askable(value)]
    if not values or field.distinct < 2:
        return None
    value = rng.choice(values[:15])
    before, after, rank = category_words(entity, field, value)
    return Filter(field, f"{{}}{field.sql} = {literal(value)}", before, after, rank)


def category_words(entity: Entity, field: Field, value: str) -> tuple[str, str, int]:
    """What comes before and behind the noun, and the rank, for a category's value."""
    head, lower, phrase = field.head, value.lower(), field.phrase
    if head in ("gender", "sex"):
        meant = {"f": "female ", "female": "female ", "m": "male ", "male": "male "}.get(lower)
        if meant:
            return meant, "", 0
    if (head in ("colour", "color") and lower in words.COLOURS) or (
        head in ("status", "state") and (lower in words.ADJECTIVES or re.fullmatch(r"[a-z]+ed", lower))
    ):
        return lower + " ", "", 0
    if head in words.GEOGRAPHY and len(field.words) == 1:
        return "", f" [from|in|from] {value}" if entity.is_person else f" in {value}", 0
    if (
        head in words.TYPES
        and len(field.words) <= 2
        and (field.words[0] == head or entity.noun.endswith(field.words[0]))
    ):
        return "", f" of [{head} |{head} |the {head} ]{value}", 0
    if head == "method" and (way := words.METHODS.get(field.words[0])):
        return "", f" {way} by {value}", 0
    if head in ("brand", "manufacturer", "maker", "publisher", "artist", "author", "director", "vendor", "supplier"):
        return "", f" by {value}" if len(field.words) == 1 else f" whose {phrase} is {value}", 0
    if head in ("language",) and len(field.words) == 1 and not entity.is_person:
        return "", f" in {value}", 0
    return "", f" [with {phrase} {value}|with the {phrase} {value}|whose {phrase} is {value}]", 1


def text(entity: Entity, field: Field, rng: random.Random) -> Filter | None:
    """A text of many different ones: only places people ask for, as a district or a city."""
    values = [value for value in field.values[:60] if is_askable(value)]
    if field.head not in words.GEOGRAPHY or len(field.words) != 1 or len(values) < 2:
        return None
    value = rng.choice(values[:20])
    before, after, rank = category_words(entity, field, value)
    return Filter(field, f"{{}}{field.sql} = {literal(value)}", before, after, rank)


def flag(entity: Entity, field: Field, rng: random.Random) -> Filter | None:
    if field.distinct < 2:
        return None
    value = rng.choice(field.values)
    yes, has = str(value).lower() in YES, field.words[0] in ("has", "have")
    said = " ".join(word for word in field.words if word not in ("is", "has", "was", "are", "can", "have"))
    if not said or "can" in field.words:
        return None
    sql = f"{{}}{field.sql} = {literal(value)}"
    if has:
        return Filter(
            field, sql, "", f" {'with' if yes else 'without'} {names.article(said) if yes else 'a ' + said}", 1
        )
    if yes and " " not in said:
        return Filter(field, sql, said + " ", "", 0)
    that = "who" if entity.is_person else "that"
    no = "[not|no longer] " if said in ("active", "enabled", "available", "open") else "not "
    return Filter(field, sql, "", f" {that} are {'' if yes else no}{said}", 2)


def code(entity: Entity, field: Field, rng: random.Random) -> Filter | None:
    """A code of whole numbers: one of them, a hundred, or from one on."""
    values = sorted(int(value) for value in field.values)
    value, kind = rng.choice(values), rng.choice(["is", "is", "least", "hundred", "between", "not"])
    column, phrase = f"{{}}{field.sql}", field.phrase
    one = names.article(phrase)
    if kind == "hundred" and value >= 100:
        low = value // 100 * 100
        if low <= values[0] and low + 99 >= values[-1]:
            return None
        said = f" with {one} [in the {low}s|from {low} to {low + 99}|between {low} and {low + 99}]"
        return Filter(field, f"{column} BETWEEN {low} AND {low + 99}", "", said, 1)
    if kind == "least" and value > values[0]:
        value = value // 100 * 100 if value >= 200 and value // 100 * 100 > values[0] else value
        said = f" with {one} [of {value} or above|of at least {value}|of {value} or higher|>= {value}]"
        return Filter(field, f"{column} >= {value}", "", said, 1)
    if kind == "between" and len(values) > 3:
        low, high = sorted(rng.sample(values, 2))
        return Filter(field, f"{column} BETWEEN {low} AND {high}", "", f" with {one} between {low} and {high}", 1)
    if kind == "not":
        return Filter(field, f"{column} <> {value}", "", f" with {one} other than {value}", 1)
    return Filter(field, f"{column} = {value}", "", f" with [{phrase}|the {phrase}|{phrase}] {value}", 1)


def predicate(found: Filter) -> str:
    """The condition as a verb: "are from France", "have an age over 30", "are female"; empty where it makes none."""
    if found.before:
        return f"are {found.before.strip()}"
    after = found.after.strip()
    if after.startswith("with "):
        return "have " + after.removeprefix("with ")
    if after.startswith(" with [") or (found.field.kind == "code" and after.startswith("with [")):
        return "have " + after.removeprefix("with ")
    if after.startswith("[with ") and "|whose " in after:
        return "have " + after[1:].split("|")[0].removeprefix("with ")
    if after.startswith("without "):
        return "have no " + re.sub("^an? ", "", after.removeprefix("without "))
    if after.startswith("[that cost|costing]"):
        return "cost" + after.removeprefix("[that cost|costing]")
    for start in ("that ", "who "):
        if after.startswith(start):
            return after.removeprefix(start)
    if after.startswith("whose "):
        return ""
    if found.field.kind in ("year", "date") and after.startswith(
        ("in ", "on ", "after ", "before ", "[since", "[between")
    ):
        return "took place " + after
    done = {*words.PARTICIPLES.values(), *words.HAPPENS.values(), *words.METHODS.values(), "held"}
    past = after.split(" ")[0] in done
    return ("were " if past else "are ") + after


def thresholds(field: Field) -> list[float]:
    """Round numbers between the column's sampled values, none of them rare."""
    numbers = sorted(value for value in field.values if isinstance(value, int | float))
    if len(numbers) < 4 or max(map(abs, numbers)) > 1e13:
        return []
    found = []
    for share in (0.15, 0.3, 0.5, 0.7, 0.85):
        value = numbers[int(share * (len(numbers) - 1))]
        rounded = round_number(value)
        if numbers[0] < rounded < numbers[-1]:
            found.append(rounded)
    return list(dict.fromkeys(found))


def round_number(value: float) -> float:
    """One or two leading digits: 178302 -> 180000, 0.5523 -> 0.55, 42 -> 42 -> 40."""
    if value == 0:
        return 0
    digits = 1 if abs(value) >= 100 or (abs(value) >= 20 and float(value).is_integer()) else 2
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() else rounded


def number(entity: Entity, field: Field, rng: random.Random) -> Filter | None:
    limits = thresholds(field)
    if not limits:
        return None
    limit = rng.choice(limits)
    spoken = names.spoken_number(limit, rng) + (f" {field.unit}" if field.unit else "")
    kind = rng.choice(["more", "more", "less", "less", "least", "between" if len(limits) > 2 else "more"])
    if kind == "between":
        low, high = sorted(rng.sample(limits, 2))
        unit = f" {field.unit}" if field.unit else ""
        sql = f"{{}}{field.sql} BETWEEN {literal(low)} AND {literal(high)}"
        between = f"between {names.spoken_number(low, rng)} and {names.spoken_number(high, rng)}{unit}"
        return Filter(field, sql, "", with_measure(field, between), 1)
    operator = {"more": ">", "less": "<", "least": ">="}[kind]
    return Filter(field, f"{{}}{field.sql} {operator} {literal(limit)}", "", compared(entity, field, kind, spoken), 1)


def compared(entity: Entity, field: Field, kind: str, spoken: str) -> str:
    """`with a population over 5000`, `older than 30`."""
    special = {"more": field.measure.more, "less": field.measure.less}.get(kind, "")
    if special and len(field.words) == 1 and not (field.head == "age" and not entity.is_person and "over" in special):
        return " " + special.format(spoken)
    how = {
        "more": f"[over|above|greater than|of more than|higher than] {spoken}",
        "less": f"[under|below|less than|of less than|lower than] {spoken}",
        "least": f"of at least {spoken}",
    }
    many = {"more": f"more than {spoken}", "less": f"fewer than {spoken}", "least": f"at least {spoken}"}
    return with_measure(field, how[kind], many[kind])


def with_measure(field: Field, how: str, many: str = "") -> str:
    """` with an age over 30`; of a counted noun ` with more than 30 employees`."""
    counted = counted_noun(field)
    if counted:
        return f" with {many or how} {counted}"
    if names.plural_like(field.head) or field.head in words.UNCOUNTED:
        return f" with {field.phrase} {how}"
    return f" with {names.article(field.phrase)} {how}"


def counted_noun(field: Field) -> str:
    """`employees` of "number of employees" and "employees"; empty where the number counts nothing."""
    if field.phrase.startswith("number of "):
        return field.phrase.removeprefix("number of ")
    head = names.singular(field.head)
    return (
        field.phrase
        if head != field.head and (head in words.PERSONS or head in ("goal", "point", "win", "vote"))
        else ""
    )


def year(entity: Entity, field: Field, rng: random.Random) -> Filter | None:
    years = sorted(int(value) for value in field.values)
    if len(years) < 2:
        return None
    chosen = rng.choice(field.values) if rng.random() < 0.5 else str(years[len(years) // 2])
    chosen, kind = int(chosen), rng.choice(["in", "in", "after", "before", "since", "between", "between", "decade"])
    if (kind in ("after", "before") and chosen in (years[0], years[-1])) or chosen < 1000:
        return None
    what = happening(entity, field)
    if kind in ("between", "decade"):
        low, high, when = year_range(years, chosen, rng) if kind == "between" else decade(chosen)
        if not years[0] <= low <= years[-1] or (low <= years[0] and high >= years[-1]):
            return None
        ends = f"'{low}' AND '{high}'" if field.is_text else f"{low} AND {high}"
        said = time_words(entity, field, what, kind, when)
        return Filter(field, f"{{}}{field.sql} BETWEEN {ends}", "", said, 1)
    value = f"'{chosen}'" if field.is_text else str(chosen)
    operator = {"in": "=", "after": ">", "before": "<", "since": ">="}[kind]
    return Filter(
        field, f"{{}}{field.sql} {operator} {value}", "", time_words(entity, field, what, kind, str(chosen)), 1
    )


def date(entity: Entity, field: Field, rng: random.Random) -> Filter | None:
    days = sorted(value for value in field.values if isinstance(value, str))
    if len(days) < 2 or days[0][:10] == days[-1][:10]:
        return None
    what, day = happening(entity, field), rng.choice(days)
    timed = any(len(each) > 10 for each in days)
    short = days[0][:7] == days[-1][:7]
    kinds = ["day", "day", "since", "before"] if short else ["year", "year", "month", "month", "since", "before"]
    kind, column = rng.choice(kinds if timed else [*kinds, "after", "between"]), f"{{}}{field.sql}"
    if kind == "day":
        day = day[:10]
        sql = f"date({column}) = '{day}'" if timed else f"{column} = '{day}'"
        kind, when = "on", names.spoken_date(day, rng)
    elif kind == "between":
        day, last = sorted(each[:10] for each in rng.sample(days, 2))
        sql, when = f"{column} BETWEEN '{day}' AND '{last}'", f"{day} and {last}"
    elif kind == "after":
        sql, when = f"{column} > '{day[:10]}'", names.spoken_date(day, rng)
    elif kind == "year":
        sql, when, kind = f"strftime('%Y', {column}) = '{day[:4]}'", day[:4], "in"
    elif kind == "month":
        month = f"{words.MONTHS[int(day[5:7]) - 1]} {day[:4]}"
        sql, when, kind = f"strftime('%Y-%m', {column}) = '{day[:7]}'", month, "in"
    else:
        day = day[:8] + "01" if rng.random() < 0.6 and days[0] < day[:8] + "01" else day[:10]
        if kind == "before" and day <= days[0]:
            return None
        sql, when = f"{column} {'>=' if kind == 'since' else '<'} '{day}'", names.spoken_date(day, rng)
    return Filter(field, sql, "", time_words(entity, field, what, kind, when), 1)
