"""What analysts ask and Spider does not: windows, common table expressions, buckets, periods, own averages."""

from converters.questions import filters, names
from converters.questions.draft import (
    Draft,
    Draw,
    Unfit,
    answer,
    conditions,
    countings,
    extreme,
    is_thing,
    listings,
)
from converters.questions.filters import literal, noun_phrase
from converters.questions.relations import bond, is_plain


def top_per_parent(draw: Draw) -> Draft:
    """The top children of each parent."""
    relation = draw.relation(lambda each: each.child.of("number") and is_thing(each.child) and each.child.of("label"))
    child, parent, tie = relation.child, relation.parent, bond(relation)
    field, count = draw.field(child, "number"), draw.rng.choice([1, 1, 2, 3])
    mine, theirs = answer(child, f"{child.sql}."), answer(parent, f"{parent.sql}.")
    if len(parent.labels) != 1 or len(child.labels) != 1:
        raise Unfit
    condition = draw.filter(parent) if parent.rows > 25 else None
    where = conditions(*([condition.where(f"{parent.sql}.")] if condition else []))
    ranked = (
        f"SELECT {theirs.columns} AS {alias(tie.parent)}, {mine.columns} AS {alias(child.noun)}, "
        f"{child.sql}.{field.sql}, {{}}() OVER "
        f"(PARTITION BY {parent.sql}.{relation.key.sql} ORDER BY {child.sql}.{field.sql} DESC) AS place "
        f"FROM {child.sql} JOIN {parent.sql} ON {child.sql}.{relation.column.sql} = {parent.sql}.{relation.key.sql}{where}"
    )
    compare = "= 1" if count == 1 else f"<= {count}"
    if len({alias(tie.parent), alias(child.noun), field.name.lower()}) < 3:
        raise Unfit
    thing = draw.rng.choice(extreme(child, field, True, count)).replace(child.noun, tie.child)
    each = noun_phrase(tie.parent, condition) if condition else tie.parent
    at = tie.of if tie.of in ("in", "at") else "of"
    return Draft(
        f"WITH ranked AS ({ranked.format('ROW_NUMBER')}) SELECT {alias(tie.parent)}, {alias(child.noun)}, "
        f"{field.sql} FROM ranked "
        f"WHERE place {compare}",
        (f"[Show|List|Find] the {thing} {at} each {each}, with the name of the {tie.parent}.",
         f"For each {each}, [show|list|give] its {answer(parent).one} and the {answer(child).one if count == 1 else answer(child).many} of the {thing}.",
         f"{thing} of each {each}, with the {tie.parent}"),
        (f"SELECT (SELECT COUNT(*) FROM ({ranked.format('RANK')}) WHERE place {compare}) = "
         f"(SELECT COUNT(*) FROM ({ranked.format('ROW_NUMBER')}) WHERE place {compare})",),
        fits=80,
    )  # fmt: skip


def alias(noun: str) -> str:
    return "_".join(noun.lower().split(" "))


def bucket(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: each.of("number"))
    field = draw.field(entity, "number")
    limits = filters.thresholds(field)
    if len(limits) < 2 or field.nulls:
        raise Unfit
    low, high = (limits[0], limits[-1]) if draw.rng.random() < 0.5 else sorted(draw.rng.sample(limits, 2))
    first, middle, last = ("small", "medium", "large") if field.measure.most == "largest" else ("low", "medium", "high")
    unit = f" {field.unit}" if field.unit else ""
    below, above = names.spoken_number(low, draw.rng) + unit, names.spoken_number(high, draw.rng) + unit
    case = (
        f"CASE WHEN {field.sql} < {literal(low)} THEN '{first}' WHEN {field.sql} <= {literal(high)} THEN '{middle}' "
        f"ELSE '{last}' END"
    )
    parts = f"'{first}' (below {below}), '{middle}' ({below} to {above}) and '{last}' (above {above})"
    if draw.rng.random() < 0.3 and entity.rows <= 30:
        return Draft(
            f"SELECT {answer(entity).columns}, {case} FROM {entity.sql}",
            (f"[Label|Classify] each {entity.noun} by {field.phrase} as {parts.replace(' and ', ' or ')}. Show the {answer(entity).one} and the [label|class].",
             f"{answer(entity).one} of each {entity.noun} and whether the {field.phrase} is {parts.replace(' and ', ' or ')}"),
        )  # fmt: skip
    return Draft(
        f"SELECT {case} AS bucket, COUNT(*) FROM {entity.sql} GROUP BY bucket",
        (f"[Group|Divide|Split] the {entity.nouns} by {field.phrase} into {parts}, and count [each|each group].",
         f"How many {entity.nouns} are in each {field.phrase} band: {parts}?",
         f"count {entity.nouns} by {field.phrase}: {parts}"),
    )  # fmt: skip


def above_own_average(draw: Draw) -> Draft:
    """More than the average of its kind."""
    entity = draw.entity(lambda each: each.of("number"))
    field, group = draw.field(entity, "number"), draw.grouper(entity)
    if group.name == field.name or group.kind == "year":
        raise Unfit
    more, found = draw.rng.random() < 0.7, answer(entity)
    sign, word = (">", "[above|higher than]") if more else ("<", "[below|lower than]")
    kind = f"the average [of|for] their [own |]{group.phrase}"
    verb = f"have {names.article(field.phrase)} {word} {kind}"
    things = f"{entity.nouns} with {names.article(field.phrase)} {word} {kind}"
    count = draw.rng.random() < 0.4
    if entity.rows >= 1000 or draw.rng.random() < 0.35:
        shown = "COUNT(*)" if count else found.columns
        sql = (
            f"WITH means AS (SELECT {found.columns}, {field.sql}, AVG({field.sql}) OVER (PARTITION BY {group.sql}) AS mean "
            f"FROM {entity.sql}) SELECT {shown} FROM means WHERE {field.sql} {sign} mean"
        )
    else:
        shown = "COUNT(*)" if count else answer(entity, "t.").columns
        sql = (
            f"SELECT {shown} FROM {entity.sql} AS t WHERE t.{field.sql} {sign} "
            f"(SELECT AVG({field.sql}) FROM {entity.sql} WHERE {group.sql} = t.{group.sql})"
        )
    if count:
        return Draft(sql, countings(entity, things, verb))
    return Draft(sql, (*listings(entity, things, found, verb), f"Which {entity.nouns} {verb}?", things))


def counts_compared(draw: Draw) -> Draft:
    """Parents with more children than the average parent: a common table expression."""
    relation = draw.relation(lambda each: is_plain(each, draw.profile.relations))
    parent, child, found = relation.parent, relation.child, bond(relation)
    names_ = answer(parent)
    inner = ", ".join(f"{parent.sql}.{each.sql}" for each in parent.labels)
    lonely = (f"SELECT COUNT(*) = 0 FROM {parent.sql} WHERE NOT {relation.key.sql} IN (SELECT {relation.column.sql} "
              f"FROM {child.sql} WHERE {relation.column.sql} IS NOT NULL)")  # fmt: skip
    with_any = f" [with {found.children}|that has any]"
    return Draft(
        f"WITH counts AS (SELECT {inner}, COUNT(*) AS n FROM {parent.sql} JOIN {child.sql} ON {relation.join} "
        f"GROUP BY {parent.sql}.{relation.key.sql}) SELECT {names_.columns} FROM counts WHERE n > (SELECT AVG(n) FROM counts)",
        (f"Which {parent.nouns} {found.did} more {found.children} than the average {parent.noun}?",
         f"[List|Show|Find] the {parent.nouns} with more {found.children} than average.",
         f"{parent.nouns} with more {found.children} than [average|the average {parent.noun}]"),
        (lonely,) if with_any else (),
    )  # fmt: skip
