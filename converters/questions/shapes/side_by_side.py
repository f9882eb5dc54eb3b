"""Several figures of one group, and two columns of one row: counts with a part of them, ranges, moving averages."""

from itertools import combinations

from converters.questions import names
from converters.questions.draft import Draft, Draw, Unfit, answer, conditions, countings, listings
from converters.questions.filters import Filter, noun_phrase
from converters.questions.kinds import Field
from converters.questions.profile import Entity
from converters.questions.shapes.periods import in_period, per_unit, period


def parted(part: Filter, entity: Entity) -> tuple[str, str]:
    """The number of rows that meet a condition, as a column; and the check that some do and some do not."""
    where = part.where()
    check = f"SELECT SUM({where}) > 0 AND SUM(NOT {where}) > 0 FROM {entity.sql}"
    return f"SUM(CASE WHEN {where} THEN 1 ELSE 0 END)", check


def part_of_count(draw: Draw) -> Draft:
    """How many rows a group has, and how many of them meet a condition."""
    entity = draw.entity(lambda each: each.rows >= 8)
    group = draw.grouper(entity)
    part = draw.filter(entity, "category", "number", "flag", but=[group])
    things = noun_phrase(entity.nouns, part)
    number, check = parted(part, entity)
    return Draft(
        f"SELECT {group.sql}, COUNT(*), {number} FROM {entity.sql} GROUP BY {group.sql}",
        (f"{entity.nouns} [per|by] {group.phrase}, and how many of them are {things}",
         f"For each {group.phrase}, [show|give me|list] the number of {entity.nouns} and the number of {things}.",
         f"[Show|Count|Give me] the {entity.nouns} and the {things} [per|by|for each] {group.phrase}.",
         f"number of {entity.nouns} and of {things} [per|by] {group.phrase}"),
        (check,),
    )  # fmt: skip


def part_over_time(draw: Draw) -> Draft:
    """The same for months and years."""
    entity, found = period(draw)
    part = draw.filter(entity, "category", "number", "flag", but=[found.field])
    things, whole = noun_phrase(entity.nouns, part), in_period(entity, found)
    number, check = parted(part, entity)
    return Draft(
        f"SELECT {found.sql}, COUNT(*), {number} FROM {entity.sql}{conditions(found.known)} GROUP BY {found.sql}",
        (f"{whole} {per_unit(found, entity)} and how many of them were {things}",
         f"[Show|Give me] the number of {whole} {per_unit(found, entity)}, and the number of {things}."),
        (check,),
        fits=80,
    )  # fmt: skip


def twins(entity: Entity) -> list[tuple[Field, Field]]:
    """Pairs of numbers, or of dates, that measure the same: home_goals and away_goals."""
    return [
        (one, two)
        for kind in ("number", "date")
        for one, two in combinations([each for each in entity.of(kind) if not each.key and len(each.words) > 1], 2)
        if one.head == two.head
    ]


def columns_compared(draw: Draw) -> Draft:
    """Rows where one column is more than another of the same kind."""
    entity = draw.entity(twins)
    one, two = draw.rng.sample(draw.rng.choice(twins(entity)), 2)
    draw.picked.append((entity.name, one.name))
    word = "later than" if one.kind == "date" else "[higher than|greater than|above]"
    is_many = names.plural_like(one.head)
    verb = f"have {one.phrase if is_many else names.article(one.phrase)} {word} the {two.phrase}"
    things = f"{entity.nouns} whose {one.phrase} {'are' if is_many else 'is'} {word} the {two.phrase}"
    where = f" WHERE {one.sql} > {two.sql}"
    check = (f"SELECT SUM({one.sql} > {two.sql}) > 0 AND SUM({one.sql} <= {two.sql}) > 0 FROM {entity.sql}",)
    if draw.rng.random() < 0.5:
        more = (f"How many {entity.nouns} have more {one.phrase} than {two.phrase}?",) if is_many else ()
        return Draft(f"SELECT COUNT(*) FROM {entity.sql}{where}", (*countings(entity, things, verb), *more), check)
    found = answer(entity)
    return Draft(f"SELECT {found.columns} FROM {entity.sql}{where}", listings(entity, things, found, verb), check)


def moving_average(draw: Draw) -> Draft:
    """The mean of the last n periods, by a window over a common table expression."""
    entity, found = period(draw)
    numbers = [each for each in entity.of("number") if each.summable]
    things, count = in_period(entity, found), draw.rng.choice([3, 3, 4, 5, 7])
    value, what = "COUNT(*)", f"number of {things}"
    if numbers and draw.rng.random() < 0.4:
        number = draw.pick(numbers)
        value, what = f"SUM({number.sql})", f"total {number.phrase} of {things}"
    inner = f"SELECT {found.sql} AS {found.unit}, {value} AS n FROM {entity.sql}{conditions(found.known)} GROUP BY {found.sql}"
    return Draft(
        f"WITH counts AS ({inner}) SELECT {found.unit}, AVG(n) OVER (ORDER BY {found.unit} ROWS BETWEEN {count - 1} "
        f"PRECEDING AND CURRENT ROW) FROM counts",
        (f"[Calculate|Show|Give me] the moving average of the {what} over {count} {found.unit}s.",
         f"{count}-{found.unit} moving average of the {what}",
         f"What is the {count}-{found.unit} [moving|rolling] average of the {what}? Show [the|each] {found.unit} too."),
        (f"SELECT COUNT(*) > {count} FROM ({inner})",),
        fits=120,
    )  # fmt: skip


def group_range(draw: Draw) -> Draft:
    """Count, first and last of each group."""
    entity = draw.entity(lambda each: each.of("year", "date") and each.rows >= 8)
    field = draw.field(entity, "year", "date")
    group = draw.grouper(entity)
    if group.name == field.name:
        raise Unfit
    figures = draw.rng.choice([("COUNT(*)", "MIN"), ("COUNT(*)", "MAX"), ("MIN", "MAX"), ("COUNT(*)", "MIN", "MAX")])
    said = {
        "COUNT(*)": f"number of {entity.nouns}",
        "MIN": f"[first|earliest] {field.phrase}",
        "MAX": f"[last|latest] {field.phrase}",
    }
    columns = ", ".join(each if each == "COUNT(*)" else f"{each}({field.sql})" for each in figures)
    what = ", the ".join(said[each] for each in figures[:-1]) + f" and the {said[figures[-1]]}"
    return Draft(
        f"SELECT {group.sql}, {columns} FROM {entity.sql} GROUP BY {group.sql}",
        (f"[Show|Give me|List] the {what} [for|of] each {group.phrase}.", f"{what} [per|by] {group.phrase}",
         f"For each {group.phrase}, what are the {what}?"),
    )  # fmt: skip


def distinct_per_group(draw: Draw) -> Draft:
    """How many different values a group has."""
    entity = draw.entity(lambda each: each.rows >= 8)
    group = draw.grouper(entity)
    field = draw.field(entity, "category", but=[group])
    order = f" ORDER BY COUNT(DISTINCT {field.sql}) DESC" if draw.rng.random() < 0.4 else ""
    said = ", [most|highest number] first" if order else ""
    return Draft(
        f"SELECT {group.sql}, COUNT(DISTINCT {field.sql}) FROM {entity.sql} GROUP BY {group.sql}{order}",
        (f"How many different {field.phrases} [do the {entity.nouns} of each {group.phrase} have|are there per {group.phrase}]{said}?",
         f"[Show|Give me] the number of [different|distinct] {field.phrases} [per|for each] {group.phrase}{said}.",
         f"[distinct|different] {field.phrases} per {group.phrase}{said}"),
    )  # fmt: skip


def extreme_of_each_group(draw: Draw) -> Draft:
    """The rows with the least, or most, of each group, with the value; ties all shown."""
    entity = draw.entity(lambda each: each.of("number") and each.rows >= 8)
    field, group = draw.field(entity, "number"), draw.grouper(entity)
    if group.name == field.name:
        raise Unfit
    high, found = draw.rng.random() < 0.5, answer(entity)
    function, word = ("MAX", field.measure.most) if high else ("MIN", field.measure.least)
    mine = answer(entity, f"{entity.sql}.").columns
    sql = (
        f"WITH best AS (SELECT {group.sql}, {function}({field.sql}) AS value FROM {entity.sql} GROUP BY {group.sql}) "
        f"SELECT {entity.sql}.{group.sql}, {mine}, {entity.sql}.{field.sql} FROM {entity.sql} JOIN best ON "
        f"{entity.sql}.{group.sql} = best.{group.sql} AND {entity.sql}.{field.sql} = best.value"
    )
    return Draft(
        sql,
        (f"For each {group.phrase}, [show|list|find] the {entity.nouns} with the {word} {field.phrase}: {group.phrase}, {found.one} and {field.phrase}.",
         f"Which {entity.nouns} have the {word} {field.phrase} [in|of] each {group.phrase}? Show the {group.phrase}, the {found.one} and the {field.phrase}.",
         f"{entity.nouns} with the {word} {field.phrase} per {group.phrase}, with {group.phrase}, {found.one} and {field.phrase}"),
        fits=80,
    )  # fmt: skip
