"""A row compared with another one or with the others of its group."""

import re

from converters.questions import names, words
from converters.questions.draft import Draft, Draw, Unfit, answer, conditions
from converters.questions.filters import Filter
from converters.questions.kinds import Field
from converters.questions.profile import Entity
from converters.questions.relations import who
from converters.questions.shapes.plain import named, single


def than(field: Field, more: bool) -> str:
    """`a higher price than`, `a shorter period than`."""
    if names.plural_like(field.head):
        return f"{'more' if more else 'fewer'} {field.phrase} than"
    superlative = field.measure.most if more else field.measure.least
    comparative = (
        superlative.removesuffix("st") + "r" if superlative.endswith("est") else ("higher" if more else "lower")
    )
    return f"a {comparative} {field.phrase} than"


def placed(entity: Entity, group: Field) -> str:
    """How things are of a place: `from`, `in`; empty for what is no place."""
    if group.head not in words.GEOGRAPHY or len(group.words) > 1:
        return ""
    return "from" if entity.is_person else "on" if group.head == "continent" else "in"


def in_group(entity: Entity, group: Field) -> str:
    """`in the same region`, `from the same country`, `of the same type`, `of the same discovery year`."""
    word = placed(entity, group) or ("in" if group.phrase == "year" else "of")
    return f"{word} the same {group.phrase}"


def more_than_named(draw: Draw) -> Draft:
    """Things with more than a named one, of its group or of all."""
    entity = draw.entity(lambda each: each.of("number"), named=True)
    where, value = named(entity, draw)
    field, more = draw.field(entity, "number"), draw.rng.random() < 0.7
    sign, inner = (">" if more else "<"), f"(SELECT {{}} FROM {entity.sql} WHERE {where})"
    group, of_same = None, ""
    if draw.rng.random() < 0.4:
        group = draw.grouper(entity, but=[field])
        of_same = f" {in_group(entity, group)}"
    wanted = conditions(
        f"{group.sql} = {inner.format(group.sql)}" if group else "", f"{field.sql} {sign} {inner.format(field.sql)}"
    )
    known = f"SELECT {field.sql} IS NOT NULL FROM {entity.sql} WHERE {where}"
    have, having = f"have {than(field, more)} {value}", f"with {than(field, more)} {value}"
    short = re.sub(r"\[([^|]*)\|.*\]", r"\1", field.measure.more if more else field.measure.less)
    if re.fullmatch(r"\w+ than {}", short) and len(field.words) == 1:  # older than {}
        having = short.format(value)
        have = f"are {having}"
    checks = (*single(entity, where), known)
    if draw.rng.random() < 0.35:
        return Draft(f"SELECT COUNT(*) FROM {entity.sql}{wanted}",
                     (f"How many {entity.nouns}{of_same} {have}?", f"number of {entity.nouns}{of_same} {having}"), checks)  # fmt: skip
    found = answer(entity)
    return Draft(
        f"SELECT {found.columns} FROM {entity.sql}{wanted}",
        (f"Which {entity.nouns}{of_same} {have}?", f"[List|Show|Find] [the |all |]{entity.nouns}{of_same} {having}.",
         f"{entity.nouns}{of_same} {having}"),
        checks,
    )  # fmt: skip


def same_as_named(draw: Draw) -> Draft:
    """The others of a named thing's group."""
    entity = draw.entity(named=True)
    where, value = named(entity, draw)
    group, found = draw.grouper(entity), answer(entity)
    same, have, having = f"the same {group.phrase} as {value}", "have", "with"
    if placed(entity, group):
        having = placed(entity, group)
        have = f"are {having}"
    sql = (
        f"SELECT {found.columns} FROM {entity.sql} WHERE {group.sql} = (SELECT {group.sql} FROM {entity.sql} WHERE {where}) "
        f"AND {where.replace(' = ', ' <> ', 1)}"
    )
    return Draft(
        sql,
        (f"Which [other |]{entity.nouns} {have} {same}?", f"[List|Show|Find] [the |all |][other |]{entity.nouns} {having} {same}.",
         f"{entity.nouns} {having} {same}"),
        single(entity, where),
    )  # fmt: skip


def best_of_group(draw: Draw) -> Draft:
    """Things that have more than all others of their group: no other has more."""
    entity = draw.entity(lambda each: each.of("number") and each.rows >= 8)
    field, group = draw.field(entity, "number"), draw.grouper(entity)
    if group.name == field.name or field.nulls:
        raise Unfit
    high = draw.rng.random() < 0.75
    mine = answer(entity, "t.")
    sql = (
        f"SELECT {mine.columns}, t.{group.sql}, t.{field.sql} FROM {entity.sql} AS t WHERE t.{field.sql} = "
        f"(SELECT {'MAX' if high else 'MIN'}({field.sql}) FROM {entity.sql} WHERE {group.sql} = t.{group.sql})"
    )
    others = f"[all other|all the other] {entity.nouns} {in_group(entity, group)}"
    have = f"{than(field, high)} {others}"
    tie = (
        f"SELECT COUNT(*) = COUNT(DISTINCT {group.sql}) FROM {entity.sql} AS t WHERE t.{field.sql} = "
        f"(SELECT {'MAX' if high else 'MIN'}({field.sql}) FROM {entity.sql} WHERE {group.sql} = t.{group.sql})"
    )
    return Draft(
        sql,
        (f"Which {entity.nouns} have {have}?", f"[List|Show|Find] the {entity.nouns} with {have}.", f"{entity.nouns} with {have}"),
        (tie,), fits=80,
    )  # fmt: skip


def pairs_alike(draw: Draw) -> Draft:
    """Pairs of things that share a value: a table joined with itself."""
    entity = draw.entity(named=True)
    if len(entity.labels) != 1 or entity.rows > 300:
        raise Unfit
    label, group = entity.labels[0], draw.pick(each for each in shared(entity))
    one, two = (f"{side}.{label.sql}" for side in "ab")
    condition = draw.filter(entity, "category", but=[group]) if entity.rows > 25 and entity.of("category") else None
    where = conditions(*([condition.where("a."), condition.where("b.")] if condition else []))
    things = (condition.before if condition else "") + entity.nouns + (condition.after if condition else "")
    return Draft(
        f"SELECT {one}, {two} FROM {entity.sql} AS a JOIN {entity.sql} AS b ON a.{group.sql} = b.{group.sql} AND "
        f"{one} < {two}{where}",
        (f"[Show|List|Find] [all |the |]pairs of {things} {with_same(entity, condition, group)}.",
         f"Which {things} share the same {group.phrase}? Show each pair once.",
         f"pairs of {things} {with_same(entity, condition, group)}"),
        (f"SELECT COUNT(*) = COUNT(DISTINCT {label.sql}) FROM {entity.sql}",), fits=100,
    )  # fmt: skip


def with_same(entity: Entity, condition: Filter | None, group: Field) -> str:
    """`with the same year`, `from the same country`; after a condition, `that have the same year`."""
    if condition and condition.after:
        return f"{who(entity)} have the same {group.phrase}"
    return f"{placed(entity, group) or 'with'} the same {group.phrase}"


def shared(entity: Entity) -> list[Field]:
    """Columns whose values several rows share."""
    kinds = ("category", "year", "text", "date", "number")
    return [
        each
        for each in entity.of(*kinds)
        if not each.unique
        and not each.nulls
        and (each.kind != "number" or (each.whole and each.distinct <= entity.rows / 2))
    ]
