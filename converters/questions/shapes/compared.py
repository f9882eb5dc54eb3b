"""A row compared with another one or with the others of its group."""

from converters.questions import names
from converters.questions.draft import Draft, Draw, Unfit, answer, conditions
from converters.questions.kinds import Field
from converters.questions.profile import Entity
from converters.questions.shapes.groups import is_setting
from converters.questions.shapes.plain import named, single


def than(field: Field, more: bool) -> str:
    """`[a higher price|a price higher] than`."""
    if names.plural_like(field.head):
        return f"{'more' if more else 'fewer'} {field.phrase} than"
    return f"a {'higher' if more else 'lower'} {field.phrase} than"


def more_than_named(draw: Draw) -> Draft:
    """Things with more than a named one, of its group or of all."""
    entity = draw.entity(lambda each: each.of("number"), named=True)
    where, value = named(entity, draw)
    field, more = draw.field(entity, "number"), draw.rng.random() < 0.7
    sign, inner = (">" if more else "<"), f"(SELECT {{}} FROM {entity.sql} WHERE {where})"
    group, of_same = None, ""
    if draw.rng.random() < 0.4:
        group = draw.grouper(entity, but=[field])
        of_same = f" of the same {group.phrase}" if not is_setting(group) else f" in the same {group.phrase}"
    wanted = conditions(
        f"{group.sql} = {inner.format(group.sql)}" if group else "", f"{field.sql} {sign} {inner.format(field.sql)}"
    )
    known = f"SELECT {field.sql} IS NOT NULL FROM {entity.sql} WHERE {where}"
    have = f"{than(field, more)} {value}"
    checks = (*single(entity, where), known)
    if draw.rng.random() < 0.35:
        return Draft(f"SELECT COUNT(*) FROM {entity.sql}{wanted}",
                     (f"How many {entity.nouns}{of_same} have {have}?", f"number of {entity.nouns}{of_same} with {have}"), checks)  # fmt: skip
    found = answer(entity)
    return Draft(
        f"SELECT {found.columns} FROM {entity.sql}{wanted}",
        (f"Which {entity.nouns}{of_same} have {have}?", f"[List|Show|Find] [the |all |]{entity.nouns}{of_same} with {have}.",
         f"{entity.nouns}{of_same} with {have}"),
        checks,
    )  # fmt: skip


def same_as_named(draw: Draw) -> Draft:
    """The others of a named thing's group."""
    entity = draw.entity(named=True)
    where, value = named(entity, draw)
    group, found = draw.grouper(entity), answer(entity)
    same = f"the same {group.phrase} as {value}"
    sql = (
        f"SELECT {found.columns} FROM {entity.sql} WHERE {group.sql} = (SELECT {group.sql} FROM {entity.sql} WHERE {where}) "
        f"AND {where.replace(' = ', ' <> ', 1)}"
    )
    return Draft(
        sql,
        (f"Which [other |]{entity.nouns} have {same}?", f"[List|Show|Find] [the |all |][other |]{entity.nouns} with {same}.",
         f"{entity.nouns} with {same}"),
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
    others = f"[all other|all the other] {entity.nouns} {'in' if is_setting(group) else 'of'} the same {group.phrase}"
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
        (f"[Show|List|Find] [all |the |]pairs of {things} {with_same(condition, group)}.",
         f"Which {things} {'and' if condition and condition.after.startswith(' [with') else ''} share the same {group.phrase}? Show each pair once.".replace("  ", " "),
         f"pairs of {things} {with_same(condition, group)}"),
        (f"SELECT COUNT(*) = COUNT(DISTINCT {label.sql}) FROM {entity.sql}",), fits=100,
    )  # fmt: skip


def with_same(condition, group: Field) -> str:
    joined = "and with" if condition and condition.after.startswith((" with ", " [with ")) else "with"
    return f"{joined} the same {group.phrase}"


def shared(entity: Entity) -> list[Field]:
    """Columns whose values several rows share."""
    kinds = ("category", "year", "text", "date", "number")
    return [
        each
        for each in entity.of(*kinds)
        if not each.unique and (each.kind != "number" or each.whole) and not each.nulls
    ]
