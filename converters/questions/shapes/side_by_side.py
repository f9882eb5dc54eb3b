"""Several figures of one group, and two columns of one row: counts with a part of them, ranges, moving averages."""

from converters.questions import names
from converters.questions.draft import Draft, Draw, Unfit, answer, conditions, countings, listings
from converters.questions.filters import Filter, noun_phrase
from converters.questions.profile import Entity
from converters.questions.quantities import twins
from converters.questions.shapes.groups import is_setting
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
    order, said = "", ""
    if figures[0] == "COUNT(*)" and draw.rng.random() < 0.5:
        order, said = " ORDER BY COUNT(*) DESC", ", ordered by the [number|count][, highest first|]"
    return Draft(
        f"SELECT {group.sql}, {columns} FROM {entity.sql} GROUP BY {group.sql}{order}",
        (f"[Show|Give me|List] the {what} [for|of] each {group.phrase}{said}.", f"{what} [per|by] {group.phrase}{said}",
         f"For each {group.phrase}, what are the {what}{said}?"),
    )  # fmt: skip


def distinct_with_first(draw: Draw) -> Draft:
    """How many different values, or names, a group has, and its first or last year."""
    entity = draw.entity(lambda each: each.of("year", "date") and each.rows >= 8)
    time, group = draw.field(entity, "year", "date"), draw.grouper(entity)
    labels = entity.of("label") if len(entity.labels) == 1 and entity.labels[0].unique else []
    field = draw.pick(each for each in [*labels, *entity.of("category")] if each.name != group.name)
    if group.name == time.name:
        raise Unfit
    first = draw.rng.random() < 0.6
    function, word = ("MIN", "[first|earliest]") if first else ("MAX", "[last|latest]")
    things = entity.nouns if field.kind == "label" else field.phrases
    count = f"COUNT(DISTINCT {field.sql})"
    ordered_ = draw.rng.random() < 0.7
    order = f" ORDER BY {count} DESC" if ordered_ else ""
    said = ", ordered by [the count|that number|count][, highest first| descending|]" if ordered_ else ""
    what = f"[unique|different|distinct] {things}"
    when = f"the {word} {time.phrase}"
    return Draft(
        f"SELECT {group.sql}, {count}, {function}({time.sql}) FROM {entity.sql} GROUP BY {group.sql}{order}",
        (f"[Show|Give me|Find] the [count|number] of {what} for each {group.phrase}, along with {when}{said}.",
         f"[count|number] of {what} and {when} [per|by] {group.phrase}{said}",
         f"For each {group.phrase}, [show|list|give me] how many {what} there are and {when}{said}."),
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
         f"Which {entity.nouns} have the {word} {field.phrase} {'in' if is_setting(group) else 'of'} each {group.phrase}? Show the {group.phrase}, the {found.one} and the {field.phrase}.",
         f"{entity.nouns} with the {word} {field.phrase} per {group.phrase}, with {group.phrase}, {found.one} and {field.phrase}"),
        fits=80,
    )  # fmt: skip
