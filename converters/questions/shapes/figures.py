"""Questions about figures of one table: averages, totals, more than the average."""

from converters.questions import filters, names
from converters.questions.draft import (
    Draft,
    Draw,
    answer,
    conditions,
    countings,
    listings,
)  # fmt: skip
from converters.questions.filters import noun_phrase
from converters.questions.kinds import Field

AGGREGATES = {"AVG": "average", "MAX": "", "MIN": "", "SUM": "total"}


def aggregate_words(field: Field, function: str) -> str:
    """`average age`, `highest price`, `total amount`."""
    counted = filters.counted_noun(field)
    if function in ("MAX", "MIN"):
        plain = "maximum" if function == "MAX" else "minimum"
        word = field.measure.most if function == "MAX" else field.measure.least
        return f"{plain} number of {counted}" if counted else f"[{word}|{plain}] {field.phrase}"
    word = "[average|average|mean]" if function == "AVG" else "[total|combined|total]"
    if "total" in field.words and function == "SUM":
        return f"sum of the {field.phrase}"
    return f"{word} number of {counted}" if counted else f"{word} {field.phrase}"


def function_for(field: Field, draw: Draw) -> str:
    choices = ["AVG", "AVG", "MAX", "MIN", *(["SUM", "SUM", "SUM"] if field.summable else [])]
    return draw.rng.choice(choices)


def aggregate(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: each.of("number"))
    field = draw.field(entity, "number")
    function = function_for(field, draw)
    condition = draw.filter(entity, but=[field]) if draw.rng.random() < 0.65 and len(entity.fields) > 2 else None
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    what = aggregate_words(field, function)
    of = "[of|of all|of the]" if function != "SUM" else "[of|of all]"
    return Draft(
        f"SELECT {function}({field.sql}) FROM {entity.sql}" + conditions(*([condition.where()] if condition else [])),
        (f"What is the {what} {of} {things}?", f"[Find|Show|Give me|Calculate] the {what} {of} {things}.",
         f"{what} of {things}", f"[What's|whats] the {what} {of} {things}?"),
        (f"SELECT COUNT(*) > 1 FROM {entity.sql}" + conditions(*([condition.where()] if condition else [])),),
    )  # fmt: skip


def aggregates(draw: Draw) -> Draft:
    """Several aggregates of one column, or of two."""
    entity = draw.entity(lambda each: each.of("number"))
    field = draw.field(entity, "number")
    condition = draw.filter(entity, but=[field]) if draw.rng.random() < 0.5 and len(entity.fields) > 2 else None
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    where = conditions(*([condition.where()] if condition else []))
    others = [each for each in entity.of("number") if each.name != field.name]
    if others and draw.rng.random() < 0.45:
        other = draw.pick(others)
        first = draw.rng.choice(["AVG", "MAX", "MIN"])
        one, two = aggregate_words(field, first), aggregate_words(other, first)
        columns, what = f"{first}({field.sql}), {first}({other.sql})", f"{one} and [the |]{two}"
    else:
        chosen = draw.rng.choice([("MIN", "MAX"), ("MIN", "AVG", "MAX"), ("AVG", "MAX"), ("AVG", "MIN", "MAX")])
        plain = {"MIN": "minimum", "MAX": "maximum", "AVG": "average"}
        columns = ", ".join(f"{each}({field.sql})" for each in chosen)
        what = names.and_list([plain[each] for each in chosen]) + " " + field.phrase
    return Draft(
        f"SELECT {columns} FROM {entity.sql}{where}",
        (f"What are the {what} [of|of all|of the|for all] {things}?",
         f"[Show|Show me|Find|Give me] the {what} [of|for] [all |the |]{things}.", f"{what} of {things}"),
        (f"SELECT COUNT(*) > 1 FROM {entity.sql}{where}",),
    )  # fmt: skip


def above_average(draw: Draw) -> Draft:
    """More than the average of all."""
    entity = draw.entity(lambda each: each.of("number") and each.rows >= 6)
    field, more = draw.field(entity, "number"), draw.rng.random() < 0.6
    found = answer(entity)
    sign, word = (">", "[above|higher than|greater than|over]") if more else ("<", "[below|lower than|under]")
    sql = f"FROM {entity.sql} WHERE {field.sql} {sign} (SELECT AVG({field.sql}) FROM {entity.sql})"
    average = draw.rng.choice(["the average", f"the average {field.phrase}", f"the average of all {entity.nouns}"])
    verb = f"have {names.article(field.phrase)} {word} {average}"
    things = f"{entity.nouns} with {names.article(field.phrase)} {word} {average}"
    special = field.measure.more if more else field.measure.less
    if special and len(field.words) == 1:
        adjective = (
            special.format("average")
            .replace("[older than|over]", "older than")
            .replace("[younger than|under]", "younger than")
        )
        things = f"{entity.nouns} {adjective}"
        verb = f"cost {'more' if more else 'less'} than average" if "cost" in special else f"are {adjective}"
    if draw.rng.random() < 0.4:
        return Draft(f"SELECT COUNT(*) {sql}", countings(entity, things, verb))
    return Draft(f"SELECT {found.columns} {sql}", listings(entity, things, found, verb))
