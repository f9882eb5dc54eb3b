"""Questions about the values of one table's columns: distinct ones, texts, missing ones, either or, both."""

from converters.questions import filters, names
from converters.questions.draft import Draft, Draw, Unfit, answer, conditions, countings, listings
from converters.questions.filters import literal, noun_phrase
from converters.questions.kinds import is_askable


def distinct(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: each.of("category"))
    field = draw.field(entity, "category")
    if field.nulls:
        raise Unfit
    condition = draw.filter(entity, "number", "year", "flag", but=[field]) if draw.rng.random() < 0.3 else None
    where = conditions(*([condition.where()] if condition else []))
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    if draw.rng.random() < 0.5:
        return Draft(
            f"SELECT COUNT(DISTINCT {field.sql}) FROM {entity.sql}{where}",
            (f"How many [different |distinct |different ]{field.phrases} [do [the |]{things} have|are there [among|for] [the |]{things}]?",
             f"[Count the|number of] [different|distinct] {field.phrases} of [the |]{things}",
             f"What is the number of [different|distinct] {field.phrases} of {things}?"),
        )  # fmt: skip
    return Draft(
        f"SELECT DISTINCT {field.sql} FROM {entity.sql}{where}",
        (f"What [different |distinct |different ]{field.phrases} [do [the |]{things} have|are there [among|for] [the |]{things}]?",
         f"[List|Show|Show me|Give me] [all |the ][different|distinct] {field.phrases} of [the |]{things}.",
         f"[all |]distinct {field.phrases} of {things}"),
    )  # fmt: skip


def either(draw: Draw) -> Draft:
    """One of two values of a category."""
    entity = draw.entity(lambda each: each.of("category"))
    field = draw.pick(each for each in entity.of("category") if each.distinct > 2)
    values = [value for value in field.values if is_askable(value)]
    if len(values) < 2:
        raise Unfit
    first, other = draw.rng.sample(values[:8], 2)
    before, after, _ = filters.category_words(entity, field, first)
    verb = ""
    if before and filters.category_words(entity, field, other)[0]:
        things = f"{before.strip()} or {filters.category_words(entity, field, other)[0]}{entity.nouns}"
    elif before or first not in after or "[with " in after:
        things = f"{entity.nouns} whose {field.phrase} is [|either ]{first} or {other}"
    else:
        things = f"{entity.nouns}{after.replace(first, f'{first} or {other}')}"
        verb = f"are{after.replace(first, f'{first} or {other}')}"
    found = answer(entity)
    where = f" WHERE {field.sql} IN ({literal(first)}, {literal(other)})"
    if draw.rng.random() < 0.5:
        return Draft(f"SELECT COUNT(*) FROM {entity.sql}{where}", countings(entity, things, verb))
    return Draft(f"SELECT {found.columns} FROM {entity.sql}{where}", listings(entity, things, found, verb))


def excluded(draw: Draw) -> Draft:
    """Anything but a value."""
    entity = draw.entity(lambda each: each.of("category"))
    field = draw.field(entity, "category")
    values = [value for value in field.values[:5] if is_askable(value)]
    if not values or field.nulls:
        raise Unfit
    value, found = draw.rng.choice(values), answer(entity)
    before, after, _ = filters.category_words(entity, field, value)
    if "[with" in after or "whose" in after:
        things, verb = f"{entity.nouns} whose {field.phrase} is not {value}", ""
    else:
        verb = f"are not{after or ' ' + before.strip()}"
        things = f"{entity.nouns} {'who' if entity.is_person else 'that'} {verb}"
    where = f" WHERE {field.sql} <> {literal(value)}"
    if draw.rng.random() < 0.6 or entity.rows > 60:
        return Draft(f"SELECT COUNT(*) FROM {entity.sql}{where}", countings(entity, things, verb))
    return Draft(f"SELECT {found.columns} FROM {entity.sql}{where}", listings(entity, things, found, verb))


def like(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: len(each.labels) == 1, named=True)
    label, found = entity.labels[0], answer(entity)
    values = [value for value in label.values if is_askable(value) and value[0].isalpha()]
    if not values:
        raise Unfit
    value = draw.rng.choice(values)
    way = draw.rng.choice(["start", "start", "contain", "end"])
    word = max(value.split(" "), key=len)
    letters = draw.rng.choice([1, 2])
    text = {
        "start": value[:letters],
        "contain": word[: draw.rng.choice([4, 5, len(word)])],
        "end": value[-letters - 1 :],
    }[way]
    if not text.isalpha():
        raise Unfit
    pattern = {"start": f"{text}%", "contain": f"%{text}%", "end": f"%{text}"}[way]
    said = {
        "start": f"[starts|begins] with [{text}|'{text}'|the letter{'s' if len(text) > 1 else ''} {text}]",
        "contain": f"[contains|includes] [{text}|'{text}'|the word {text}]" if text == word else f"contains '{text}'",
        "end": f"ends [in|with] [{text}|'{text}']",
    }[way]
    things = f"{entity.nouns} whose {label.phrase} {said}"
    verb = f"have {names.article(label.phrase)} that {said}"
    where = f" WHERE {label.sql} LIKE {literal(pattern)}"
    if draw.rng.random() < 0.35:
        return Draft(f"SELECT COUNT(*) FROM {entity.sql}{where}", countings(entity, things, verb))
    return Draft(f"SELECT {found.columns} FROM {entity.sql}{where}", listings(entity, things, found, verb))


def missing(draw: Draw) -> Draft:
    """Where a column is empty."""
    entity = draw.entity()
    field = draw.pick(each for each in entity.of("number", "year", "date", "category", "text") if each.nulls)
    none = draw.rng.random() < 0.7
    things = f"{entity.nouns} {'without' if none else 'with'} [{names.article(field.phrase)}|a known {field.phrase}]"
    where = f" WHERE {field.sql} IS {'' if none else 'NOT '}NULL"
    checks = (f"SELECT COUNT(*) = 0 FROM {entity.sql} WHERE {field.sql} = ''",)
    found = answer(entity)
    if draw.rng.random() < 0.6:
        return Draft(
            f"SELECT COUNT(*) FROM {entity.sql}{where}",
            (f"How many {things} are there?", f"number of {things}",
             f"How many {entity.nouns} {'have no' if none else 'have a'} {field.phrase}?",
             f"For how many {entity.nouns} is the {field.phrase} {'missing' if none else 'known'}?"),
            checks,
        )  # fmt: skip
    return Draft(
        f"SELECT {found.columns} FROM {entity.sql}{where}",
        listings(entity, things, found, f"{'have no' if none else 'have a known'} {field.phrase}"),
        checks,
    )


def both(draw: Draw) -> Draft:
    """Values of one column that occur, or do not occur, with two values of another."""
    entity = draw.entity(lambda each: len(each.of("category")) > 1)
    field = draw.field(entity, "category")
    other = draw.pick(each for each in entity.of("category") if each.name != field.name and each.distinct <= 12)
    values = [value for value in other.values if is_askable(value)]
    if len(values) < 2:
        raise Unfit
    first, last = draw.rng.sample(values[:6], 2)
    things = [noun_phrase(entity.nouns, category_filter(entity, other, value)) for value in (first, last)]
    common = draw.rng.random() < 0.5
    half = f"SELECT {field.sql} FROM {entity.sql} WHERE {other.sql} = "
    words = (
        (f"[Which|What] {field.phrases} [are shared by|do we find among] both {things[0]} and {things[1]}?",
         f"[List|Show|Find] the {field.phrases} of both {things[0]} and {things[1]}.",
         f"{field.phrases} that occur for {things[0]} as well as for {things[1]}")
        if common
        else (f"[Which|What] {field.phrases} [do {things[0]} have|occur among {things[0]}] but [not|none of the] {things[1]}?",
              f"[List|Show|Find] the {field.phrases} of {things[0]} that no {things[1]} have.",
              f"{field.phrases} of {things[0]} but not of {things[1]}")
    )  # fmt: skip
    operator = "INTERSECT" if common else "EXCEPT"
    check = f"SELECT COUNT(*) > 0 FROM ({half}{literal(first)} INTERSECT {half}{literal(last)})"
    return Draft(f"{half}{literal(first)} {operator} {half}{literal(last)}", words, (check,))


def category_filter(entity, field, value) -> filters.Filter:
    before, after, rank = filters.category_words(entity, field, value)
    return filters.Filter(field, f"{{}}{field.sql} = {literal(value)}", before, after, rank)
