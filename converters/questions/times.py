"""How people speak of dates and years: "placed since 1 March 2023", "discovered in the 1990s"."""

import random

from converters.questions import words
from converters.questions.kinds import Field
from converters.questions.profile import Entity


def happening(entity: Entity, field: Field) -> str:
    """What happened on a date or in a year, with a space behind it; empty for a plain `year` or `date`."""
    said = [word for word in field.words if word not in ("date", "year", "of", "time", "at", "on", "day", "timestamp")]
    last = entity.noun.split(" ")[-1]
    if not said or said == [last]:
        return (
            words.HAPPENS[last] + " " if last in words.HAPPENS else ("held " if last in words.EVENTS and said else "")
        )
    participle = words.PARTICIPLES.get(said[-1]) or words.PARTICIPLES.get(said[0]) if len(said) == 1 else None
    if participle is None:
        return "?"
    if participle in ("ordered", "bought") and entity.noun.split(" ")[-1] in words.HAPPENS:
        participle = words.HAPPENS[last]
    if not entity.is_person:
        participle = participle.replace("who ", "that ")
    return participle + " "


def is_its_date(entity: Entity, field: Field) -> bool:
    """Whether the thing itself happened then: an order's order date, not the date it was shipped on."""
    own = words.HAPPENS.get(entity.noun.split(" ")[-1], "made")
    return happening(entity, field).strip() in ("", "held", "created", "made", own)


def year_range(years: list[int], start: int, rng: random.Random) -> tuple[int, int, str]:
    """The first and the last year of a range, and how it is said."""
    end = min(start + rng.choice([1, 2, 3, 4, 5, 5, 10, 10, 20]), years[-1])
    return start, end, f"{start} and {end}"


def decade(year: int) -> tuple[int, int, str]:
    start = year // 10 * 10
    return start, start + 9, f"{start}s"


def time_words(entity: Entity, field: Field, what: str, kind: str, when: str) -> str:
    """` discovered in 2010`, ` from 2010`, ` whose model year is after 2010`."""
    if what == "?":
        verb = {"in": "is", "after": "is after", "before": "is before", "since": "is since", "between": "is between",
                "decade": "is in the", "on": "is"}[kind]  # fmt: skip
        if kind == "since":
            return f" whose {field.phrase} is {when} or later"
        return (
            f" whose {field.phrase} {verb} {when}"
            if kind != "in" or (when.isdecimal() and field.kind == "year")
            else (f" whose {field.phrase} is in {when}")
        )
    since = f"[since|in or after] {when}" if field.kind == "year" else f"[since|on or after] {when}"
    said = {"in": f"in {when}", "after": f"after {when}", "before": f"before {when}", "since": since,
            "between": f"[between {when}|from {when.replace(' and ', ' to ')}]", "decade": f"in the {when}",
            "on": f"on {when}"}[kind]  # fmt: skip
    if not what and kind == "in" and entity.noun.split(" ")[-1] not in words.EVENTS:
        said = f"from {when}"
    return f" {what}{said}"
