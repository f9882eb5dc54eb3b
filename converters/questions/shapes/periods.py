"""Questions about time: counts a month or year, running totals, changes, since when not, last dates."""

from converters.questions import names, words
from converters.questions.draft import (
    Draft,
    Draw,
    Unfit,
    answer,
    conditions,
    tie_free,
)
from converters.questions.kinds import Field
from converters.questions.profile import Entity
from converters.questions.relations import bond, is_plain, who
from converters.questions.shapes.figures import aggregate_words
from converters.questions.times import happening, is_its_date


class Period:
    """An hour, day, month or year that rows fall into: SQL, words, and the condition without which it is NULL."""

    def __init__(self, field: Field, rng) -> None:
        self.field = field
        self.unit = "year" if field.kind == "year" else unit_of(field, rng)
        self.sql = field.sql if field.kind == "year" else FORMS[self.unit].format(field.sql)
        self.known = f"{field.sql} IS NOT NULL" if field.nulls else ""


FORMS = {
    "hour": "strftime('%Y-%m-%d %H', {})",
    "day": "date({})",
    "month": "strftime('%Y-%m', {})",
    "year": "strftime('%Y', {})",
}


def unit_of(field: Field, rng) -> str:
    """The unit that divides the dates into several periods, but not too many."""
    parts = {unit: len({str(value)[:length] for value in field.values}) for unit, length in LENGTHS.items()}
    if parts["day"] <= 2 and parts["hour"] > 2:
        return "hour"
    if parts["month"] <= 2:
        return "day"
    return "month" if parts["month"] <= 30 and (parts["year"] < 3 or rng.random() < 0.6) else "year"


LENGTHS = {"hour": 13, "day": 10, "month": 7, "year": 4}


def period(draw: Draw, *kinds: str) -> tuple[Entity, Period]:
    entity = draw.entity(lambda each: each.of(*(kinds or ("date", "year"))))
    field = draw.field(entity, *(kinds or ("date", "year")))
    if field.kind == "year" and field.unique:
        raise Unfit
    if happening(entity, field) == "?" and (len(entity.of("date", "year")) > 1 or "update" in field.words):
        raise Unfit  # nothing would say which date is meant
    return entity, Period(field, draw.rng)


def in_period(entity: Entity, found: Period) -> str:
    """`orders placed`, `planets discovered`: the things with what happened to them."""
    what = happening(entity, found.field).strip()
    return f"{entity.nouns} {what}".strip() if what and what != "?" else entity.nouns


def happened(entity: Entity, found: Period) -> str:
    """`were placed`, `signed up`, `were there`."""
    what = happening(entity, found.field).strip()
    if what in ("", "?"):
        return "are there" if what else "were there"
    return what.split(" ", 1)[1] if what.startswith(("who ", "that ")) else f"were {what}"


def per_unit(found: Period, entity: Entity) -> str:
    """`per month`, `per model year`, `by year of the last update`."""
    if happening(entity, found.field) != "?":
        return f"[per|in each|each] {found.unit}"
    if found.field.kind == "date":
        return f"[per|by] {found.unit} of the {found.field.phrase}"
    return f"[per|by] {found.field.phrase}"


def counts_over_time(draw: Draw) -> Draft:
    entity, found = period(draw)
    things = in_period(entity, found)
    numbers = [each for each in entity.of("number") if each.summable]
    value, what = "COUNT(*)", f"number of {things}"
    asked = [f"How many {entity.nouns} {happened(entity, found)} {per_unit(found, entity)}?"]
    if numbers and draw.rng.random() < 0.4:
        number = draw.pick(numbers)
        value, what = f"SUM({number.sql})", f"{aggregate_words(number, 'SUM')} of {things}"
        asked = [f"What is the {what} {per_unit(found, entity)}?"]
    order = f" ORDER BY {found.sql}" if draw.rng.random() < 0.4 else ""
    said = f", [oldest|earliest] {found.unit} first" if order else ""
    return Draft(
        f"SELECT {found.sql}, {value} FROM {entity.sql}{conditions(found.known)} GROUP BY {found.sql}{order}",
        (*(each.replace("?", f"{said}?") for each in asked), f"{what} {per_unit(found, entity)}{said}",
         f"[Show|Give me] the {what} {per_unit(found, entity)}{said}."),
    )  # fmt: skip


def best_period(draw: Draw) -> Draft:
    entity, found = period(draw)
    things = in_period(entity, found)
    check = tie_free(f"SELECT COUNT(*) AS v FROM {entity.sql}{conditions(found.known)} GROUP BY {found.sql}", 1, True)
    what = happening(entity, found.field).strip()
    past = what.removeprefix("who ").removeprefix("that ")
    if past in words.BASES:
        asked = f"did the most {entity.nouns} {words.BASES[past]}"
    else:
        asked = f"were there the most {entity.nouns}" if what in ("", "?") else f"were the most {things}"
    return Draft(
        f"SELECT {found.sql} FROM {entity.sql}{conditions(found.known)} GROUP BY {found.sql} ORDER BY COUNT(*) DESC LIMIT 1",
        (f"In which {found.unit} {asked}?", f"[What|Which] was the {found.unit} with the most {things}?",
         f"{found.unit} with the most {things}"),
        (check,),
    )  # fmt: skip


def not_since(draw: Draw) -> Draft:
    """Parents without a child since a date."""
    relation = draw.relation(lambda each: each.child.of("date", "year") and is_plain(each, draw.profile.relations))
    parent, child, found = relation.parent, relation.child, bond(relation)
    field = draw.field(child, "date", "year")
    if not is_its_date(child, field):
        raise Unfit
    days = sorted(str(value) for value in field.values)
    day = days[draw.rng.randrange(len(days) // 3, len(days))]
    if field.kind == "date":
        day = day[:8] + "01" if draw.rng.random() < 0.7 else day[:10]
        spoken, limit = names.spoken_date(day, draw.rng), f"'{day}'"
    else:
        spoken, limit = day, f"'{day}'" if field.is_text else day
    inner = f"SELECT {relation.column.sql} FROM {child.sql}" + conditions(
        f"{field.sql} >= {limit}", f"{relation.column.sql} IS NOT NULL" if relation.column.nulls else ""
    )
    where = f" WHERE NOT {relation.key.sql} IN ({inner})"
    had = f"had {'' if names.plural_like(found.child) else 'any '}{found.children}" if found.did == "have" else ""
    deed = {"placed": "placed", "made": "made", "wrote": "written", "took out": "taken out"}.get(found.did)
    verb = f"have not {deed} {names.article(found.child)}" if deed else f"have not {had}"
    things = f"{parent.nouns} {who(parent)} {verb} since {spoken}"
    check = (f"SELECT COUNT(*) > 0 FROM {parent.sql} WHERE {relation.key.sql} IN ({inner})",)
    short = f"{parent.nouns} [without|with no] {found.children} since {spoken}"
    if draw.rng.random() < 0.4:
        return Draft(f"SELECT COUNT(*) FROM {parent.sql}{where}",
                     (f"How many {parent.nouns} {verb} since {spoken}?", f"[Count|Count the] {things}.", f"number of {short}"), check)  # fmt: skip
    return Draft(
        f"SELECT {answer(parent).columns} FROM {parent.sql}{where}",
        (f"Which {parent.nouns} {verb} since {spoken}?", f"[List|Show|Find] [all |the |]{things}.", short), check,
    )  # fmt: skip


def latest_per_parent(draw: Draw) -> Draft:
    """The last, or first, date of each parent."""
    relation = draw.relation(lambda each: each.child.of("date") and is_plain(each, draw.profile.relations))
    parent, child, found = relation.parent, relation.child, bond(relation)
    field, last = draw.field(child, "date"), draw.rng.random() < 0.7
    names_ = answer(parent, f"{parent.sql}.")
    function, word = ("MAX", "[last|latest|most recent]") if last else ("MIN", "[first|earliest]")
    what = f"{word} {field.phrase}"
    if is_its_date(child, field):
        what = f"date of the {word} {found.child}"
    return Draft(
        f"SELECT {names_.columns}, {function}({child.sql}.{field.sql}) FROM {parent.sql} JOIN {child.sql} ON "
        f"{relation.join} GROUP BY {parent.sql}.{relation.key.sql}",
        (f"What is the {what} of each {found.parent}?", f"{what} per {found.parent}",
         f"[Show|List|Give me] each {found.parent}'s {names_.one} and the {what}."),
    )  # fmt: skip


def weekday(draw: Draw) -> Draft:
    """How many a weekday."""
    entity = draw.entity(lambda each: each.of("date"))
    field = draw.field(entity, "date")
    if happening(entity, field) == "?":
        raise Unfit
    things = f"{entity.nouns} {happening(entity, field)}".strip()
    day = draw.rng.randrange(7)
    name = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")[day]
    return Draft(
        f"SELECT COUNT(*) FROM {entity.sql} WHERE strftime('%w', {field.sql}) = '{day}'",
        (f"How many {things} on a {name} are there?" if things == entity.nouns else f"How many {entity.nouns} were {happening(entity, field).strip().removeprefix('that ').removeprefix('who ')} on a {name}?",
         f"number of {things} on a {name}", f"Count the {things} on {name}s."),
    )  # fmt: skip
