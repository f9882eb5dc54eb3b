"""Questions about the rows of one table: counts, lists, lookups, extremes, aggregates."""

from converters.questions import filters, names, words
from converters.questions.draft import (
    Draft,
    Draw,
    Unfit,
    answer,
    column_list,
    conditions,
    countings,
    extreme,
    listings,
    ordered,
    tie_free,
)  # fmt: skip
from converters.questions.filters import literal, noun_phrase
from converters.questions.kinds import Field, is_askable
from converters.questions.profile import Entity
from converters.questions.times import happening

ASKED = ("number", "category", "year", "date", "text")  # kinds of columns that people want to see


def count_all(draw: Draw) -> Draft:
    entity = draw.entity()
    return Draft(
        f"SELECT COUNT(*) FROM {entity.sql}",
        (
            f"How many {entity.nouns} [are there|do we have|are in the database|are there in total]?",
            f"[number of {entity.nouns}|total number of {entity.nouns}]",
            f"Count the {entity.nouns}.",
            f"What is the number of {entity.nouns}?",
        ),
    )


def count_filter(draw: Draw) -> Draft:
    entity = draw.entity()
    found = [draw.filter(entity)]
    if draw.rng.random() < 0.35:
        found.append(draw.filter(entity, but=[found[0].field]))
    verb = filters.predicate(found[0]) if len(found) == 1 else ""
    return Draft(
        f"SELECT COUNT(*) FROM {entity.sql}" + conditions(*(each.where() for each in found)),
        countings(entity, noun_phrase(entity.nouns, *found), verb),
    )


def list_filter(draw: Draw) -> Draft:
    entity = draw.entity()
    found, names_ = draw.filter(entity), answer(entity)
    where = conditions(found.where())
    return Draft(
        f"SELECT {names_.columns} FROM {entity.sql}{where}",
        listings(entity, noun_phrase(entity.nouns, found), names_, filters.predicate(found)),
    )


def list_two_filters(draw: Draw) -> Draft:
    entity = draw.entity()
    first = draw.filter(entity)
    second = draw.filter(entity, but=[first.field])
    found = answer(entity)
    return Draft(
        f"SELECT {found.columns} FROM {entity.sql}" + conditions(first.where(), second.where()),
        listings(entity, noun_phrase(entity.nouns, first, second), found),
    )


def list_columns(draw: Draw) -> Draft:
    """Several columns by name, never `*`."""
    entity = draw.entity()
    condition = draw.filter(entity)
    shown = [draw.field(entity, *ASKED, but=[condition.field])]
    if draw.rng.random() < 0.5:
        shown.append(draw.field(entity, *ASKED, but=[condition.field, *shown]))
    columns, said = column_list([*entity.labels, *shown])
    things = noun_phrase(entity.nouns, condition)
    many = names.and_list([each.phrases for each in [*entity.labels, *shown]])
    return Draft(
        f"SELECT {columns} FROM {entity.sql}" + conditions(condition.where()),
        (
            f"[Show|List|Give me|Show me|Get] the {said} of [all |the |each of the |all the ]{things}.",
            f"What are the {many} of [the |all |]{things}?",
            f"{said} of {things}",
            f"For [all |the |]{things}, [show|list|give me] the {said}.",
        ),
    )


def named(entity: Entity, draw: Draw) -> tuple[str, str]:
    """A condition that picks one thing by its name, and the name."""
    if len(entity.labels) != 1:
        raise Unfit
    label = entity.labels[0]
    values = [value for value in label.values if is_askable(value)]
    if label.kind != "label" or not values or not label.unique:
        raise Unfit
    value = draw.rng.choice(values)
    return f"{label.sql} = {literal(value)}", value


def lookup(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: len(each.labels) == 1 and each.labels[0].unique, named=True)
    where, value = named(entity, draw)
    shown = [draw.field(entity, *ASKED)]
    if draw.rng.random() < 0.4:
        shown.append(draw.field(entity, *ASKED, but=shown))
    columns, said = column_list(shown)
    verb = "is" if len(shown) == 1 else "are"
    wordings = [
        f"What {verb} the {said} of [{value}|{value}|the {entity.noun} {value}|the {entity.noun} {value}]?",
        f"[Show|Show me|Give me|Find|Tell me] the {said} of [{value}|the {entity.noun} {value}].",
        f"{said} of {value}",
        f"{value}: {said}",
    ]
    if len(shown) == 1 and shown[0].kind == "year":
        wordings = [
            f"What is the {said} of {value}?",
            f"[In which year|When] {when(entity, shown[0], value)}?",
            *wordings,
        ]
    return Draft(f"SELECT {columns} FROM {entity.sql}" + conditions(where), tuple(wordings), single(entity, where))


def when(entity: Entity, field: Field, value: str) -> str:
    """`was Kepler-4 b discovered`, for a year or date."""
    what = happening(entity, field).strip()
    if what.startswith(("who ", "that ")):
        past = what.split(" ", 1)[1]
        if past in words.BASES:
            return f"did {value} {words.BASES[past]}"
    if not what or what in ("?", "due") or what.endswith("ing"):
        raise Unfit
    return f"was {value} {what}"


def single(entity: Entity, where: str) -> tuple[str, ...]:
    """A check that one row has the name."""
    return (f"SELECT COUNT(*) = 1 FROM {entity.sql} WHERE {where}",)


def top(draw: Draw) -> Draft:
    """The thing with the highest or lowest value."""
    entity = draw.entity(lambda each: each.of("number", "year", "date"))
    field, high = draw.field(entity, "number", "year", "date"), draw.rng.random() < 0.6
    condition = draw.filter(entity, "category", "flag", "text") if maybe(draw, entity, 0.4) else None
    order, known = ordered(field, high)
    where = conditions(*([condition.where()] if condition else []), known)
    things = [within(each, entity.noun, condition) for each in extreme(entity, field, high)]
    shown = draw.rng.random() < 0.25 and field.kind == "number"
    found = answer(entity)
    thing = draw.rng.choice(things)
    also = f", {field.sql}" if shown else ""
    asked = (
        f" and its {field.phrase}" if shown and not entity.is_person else f" and their {field.phrase}" if shown else ""
    )
    wordings = [
        f"What is the {found.one} of the {thing}?"
        if not shown
        else f"[Show|Give me] the {found.one} of the {thing}{asked}.",
        f"[Find|Show|Give me|Show me] the {thing}{asked or '.'}".rstrip(".") + ".",
        f"{thing}{asked}",
    ]
    if not shown:
        wordings += [f"Which is the {thing}?" if not entity.is_person else f"Who is the {thing}?"]
    if " with the " in thing and not shown:
        noun, _, measure = thing.partition(" with the ")
        wordings += [f"Which {noun} has the {measure}?"] * 2
    check = tie_free(f"SELECT {field.sql} AS v FROM {entity.sql}{where}", 1, high)
    return Draft(f"SELECT {found.columns}{also} FROM {entity.sql}{where} {order} LIMIT 1", tuple(wordings), (check,))


def maybe(draw: Draw, entity: Entity, chance: float) -> bool:
    return draw.rng.random() < chance and bool(entity.of("category", "flag"))


def within(thing: str, noun: str, condition: filters.Filter | None) -> str:
    """A thing with a condition on its noun: "oldest singer" -> "oldest female singer from France"."""
    if condition is None:
        return thing
    if condition.rank and " with the " in thing:
        if not condition.after.startswith((" with ", " [with ")):
            raise Unfit
        plain = condition.after.replace("[", "").split("|")[0]  # the first of " [with colour red|whose colour is red]"
        condition = condition._replace(after=plain)
        thing = thing.replace(" with the ", " and the ", 1)
    return thing.replace(noun, noun_phrase(noun, condition), 1)


def top_n(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: each.of("number", "year", "date") and each.rows >= 6)
    field, high = draw.field(entity, "number", "year", "date"), draw.rng.random() < 0.7
    count = draw.rng.choice([n for n in (3, 3, 5, 5, 10, 2, 4) if n * 2 <= entity.rows])
    condition = draw.filter(entity, "category", "flag", "text") if maybe(draw, entity, 0.3) else None
    order, known = ordered(field, high)
    where = conditions(*([condition.where()] if condition else []), known)
    thing = within(draw.rng.choice(extreme(entity, field, high, count)), entity.nouns, condition)
    found, shown = answer(entity), draw.rng.random() < 0.35
    also, asked = (f", {field.sql}", f" [and|with|along with] their {field.phrases}") if shown else ("", "")
    wordings = [
        f"[List|Show|Give me|Find|Show me] the {thing}{asked}.",
        f"{thing}{asked}",
        f"[What|Which] are the {thing}{asked}?",
        f"[List|Show] the {found.many} of the {thing}{asked}.",
    ]
    if high and field.kind == "number" and condition is None:
        wordings.append(f"top {count} {entity.nouns} by {field.phrase}{asked}")
    check = tie_free(f"SELECT {field.sql} AS v FROM {entity.sql}{where}", count, high)
    return Draft(
        f"SELECT {found.columns}{also} FROM {entity.sql}{where} {order} LIMIT {count}", tuple(wordings), (check,)
    )


def second(draw: Draw) -> Draft:
    """The second highest."""
    entity = draw.entity(lambda each: each.of("number") and each.rows >= 5)
    field = draw.field(entity, "number")
    place, word = draw.rng.choice([(1, "second"), (1, "second"), (2, "third")])
    found, values = answer(entity), f"SELECT {field.sql} AS v FROM {entity.sql}"
    thing = draw.rng.choice(extreme(entity, field, True))
    if " with the most " in thing:
        raise Unfit
    named_ = thing.replace("with the ", f"with the {word} ") if " with the " in thing else f"{word} {thing}"
    return Draft(
        f"SELECT {found.columns} FROM {entity.sql} ORDER BY {field.sql} DESC LIMIT 1 OFFSET {place}",
        (f"[Which|What] is the {named_}?" if not entity.is_person else f"Who is the {named_}?",
         f"[Show|Find|Give me] the {named_}.", f"{named_}"),
        (tie_free(values, place, True), tie_free(values, place + 1, True)),
    )  # fmt: skip


def sort(draw: Draw) -> Draft:
    """A list in order."""
    entity = draw.entity(lambda each: each.of("number", "year", "date"))
    field, high = draw.field(entity, "number", "year", "date"), draw.rng.random() < 0.5
    condition = draw.filter(entity, but=[field]) if entity.rows > 15 or draw.rng.random() < 0.4 else None
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    found = answer(entity)
    order, known = ordered(field, high)
    way = "descending" if high else "ascending"
    first = f"[{'latest|newest' if high else 'earliest|oldest'}]"
    if "birth" in field.words:
        first = "youngest" if high else "oldest"
    if field.kind == "number":
        said = [f"[sorted|ordered] by {field.phrase}[ in {way} order| {way}|, {'highest' if high else 'lowest'} first]",
                f"in {way} order of {field.phrase}", f"from {'highest to lowest' if high else 'lowest to highest'} {field.phrase}"]  # fmt: skip
    else:
        said = [f"[sorted|ordered] by {field.phrase}, {first} first",
                f"in {way} order of {field.phrase}"]  # fmt: skip
    how = draw.rng.choice(said)
    both = f"{found.columns}, {field.sql}"
    where = conditions(*([condition.where()] if condition else []), known)
    if draw.rng.random() < 0.5:
        return Draft(
            f"SELECT {both} FROM {entity.sql}{where} {order}",
            (f"[List|Show|Give me] the {found.one} and {field.phrase} of [all |the |]{things}, {how}.",
             f"{things} with their {field.phrase}, {how}",
             f"[List|Show] [the |all |]{things} and their {field.phrases} {how}."),
        )  # fmt: skip
    return Draft(
        f"SELECT {found.columns} FROM {entity.sql}{where} {order}",
        (f"[List|Show|Give me] the {found.many} of [all |the |]{things} {how}.",
         f"[List|Show] [all |the |]{things} {how}.", f"{things} {how}"),
    )  # fmt: skip
