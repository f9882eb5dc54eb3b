"""Whole rows, and questions about tables whose rows have no name: logs, measurements, events."""

from converters.questions import names
from converters.questions.draft import Draft, Draw, Unfit, conditions, ordered, tie_free
from converters.questions.filters import noun_phrase, predicate
from converters.questions.kinds import Field
from converters.questions.profile import Entity
from converters.questions.shapes.plain import named, single
from converters.questions.times import happening, is_its_date

READ = 100  # whole rows that a person reads


def all_columns(draw: Draw) -> Draft:
    """Everything about the rows that meet a condition."""
    entity = draw.entity()
    condition = draw.filter(entity)
    where = conditions(condition.where())
    things = noun_phrase(entity.nouns, condition)
    wordings = [
        f"[Show|Give me|List] [everything about|all details of|all information about|all columns of] [the |all |]{things}.",
        f"[all details|everything] about {things}",
        f"[Show|List] [the |all |]{things} with all [their |]columns.",
    ]
    if not entity.of("label"):
        wordings += [f"[Show|List|Show me|Find] [all |the |]{things}.", things]
    return Draft(f"SELECT * FROM {entity.sql}{where}", tuple(wordings), fits=READ)


def all_of_one(draw: Draw) -> Draft:
    """Everything about one thing, or about the one with the highest value."""
    entity = draw.entity()
    if draw.rng.random() < 0.4:
        where, value = named(entity, draw)
        return Draft(
            f"SELECT * FROM {entity.sql} WHERE {where}",
            (f"[Show|Tell|Give] me [everything|all] about [the {entity.noun} |]{value}.", f"[all details of|everything about] {value}",
             f"What do we know about [the {entity.noun} |]{value}?"),
            single(entity, where),
        )  # fmt: skip
    field, high = draw.field(entity, "number", "date"), draw.rng.random() < 0.7
    order, known = ordered(field, high)
    word = (
        (field.measure.most if high else field.measure.least)
        if field.kind == "number"
        else ("latest" if high else "earliest")
    )
    thing = f"{entity.noun} with the {word} {field.phrase}"
    return Draft(
        f"SELECT * FROM {entity.sql}{conditions(known)} {order} LIMIT 1",
        (f"[Show|Give me] [everything about|all details of|all information about] the {thing}.", f"all about the {thing}",
         f"[Show|Find] the {thing} with all its columns."),
        (tie_free(f"SELECT {field.sql} AS v FROM {entity.sql}{conditions(known)}", 1, high),),
    )  # fmt: skip


def nameless(entity: Entity) -> bool:
    return not entity.of("label")


def latest_rows(draw: Draw) -> Draft:
    """The last rows of a table without names."""
    entity = draw.entity(lambda each: nameless(each) and each.of("date") and each.rows >= 10)
    field, count = draw.field(entity, "date"), draw.rng.choice([3, 5, 10, 10, 20])
    if not is_its_date(entity, field) or count * 2 > entity.rows:
        raise Unfit
    condition = draw.filter(entity, "category", "code", "flag", "number") if draw.rng.random() < 0.5 else None
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    high = draw.rng.random() < 0.8
    word = "[latest|last|most recent]" if high else "[first|earliest]"
    order, known = ordered(field, high)
    where = conditions(*([condition.where()] if condition else []), known)
    check = tie_free(f"SELECT {field.sql} AS v FROM {entity.sql}{where}", count, high)
    return Draft(
        f"SELECT * FROM {entity.sql}{where} {order} LIMIT {count}",
        (f"[Show|Give me|List] the {count} {word} {things}.", f"{word} {count} {things}", f"What are the {count} {word} {things}?"),
        (check,),
    )  # fmt: skip


def repeated(entity: Entity) -> list[Field]:
    """Columns whose values occur often: the paths of a log, the codes of its answers."""
    kinds = ("category", "code", "text")
    return [each for each in entity.of(*kinds) if 2 <= each.distinct <= 0.5 * entity.rows and not each.unique]


def top_values(draw: Draw) -> Draft:
    """The most frequent values of a column, of all rows or of some, and how often they occur."""
    entity = draw.entity(lambda each: each.rows >= 10 and repeated(each))
    field = draw.pick(repeated(entity))
    count = draw.rng.choice([n for n in (1, 3, 3, 5, 5, 10) if n < field.distinct])
    others = [each for each in entity.of("category", "code", "flag", "number", "date") if each.name != field.name]
    condition = (
        draw.filter(entity, "category", "code", "flag", "number", "date", "year", but=[field])
        if others and draw.rng.random() < 0.6
        else None
    )
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    known = f"{field.sql} IS NOT NULL" if field.nulls else ""
    where = conditions(*([condition.where()] if condition else []), known)
    inner = f"FROM {entity.sql}{where} GROUP BY {field.sql}"
    what, number = (field.phrase, "") if count == 1 else (field.phrases, f"{count} ")
    have = "has" if count == 1 else "have"
    return Draft(
        f"SELECT {field.sql}, COUNT(*) {inner} ORDER BY COUNT(*) DESC LIMIT {count}",
        (f"[Which|What] {number}{what} {have} the most {things}[?|, and how many?]",
         f"[Show|List|Find] the {number}{what} with the most {things}[| and the number|, with the count].",
         f"{f'top {count} ' if count > 1 else ''}{what} by number of {things}" if count > 1 else f"{what} with the most {things}, with the count",
         f"the {number}most frequent {what} among {things}, with the count"),
        (tie_free(f"SELECT COUNT(*) AS v {inner}", count, True),),
    )  # fmt: skip


def share_of_group(draw: Draw) -> Draft:
    """What percentage of each group's rows meets a condition."""
    entity = draw.entity(lambda each: each.rows >= 10)
    group = draw.grouper(entity)
    condition = draw.filter(entity, "category", "code", "flag", "number", but=[group])
    verb = predicate(condition)
    if not verb:
        raise Unfit
    where = condition.where()
    share = f"100.0 * SUM(CASE WHEN {where} THEN 1 ELSE 0 END) / COUNT(*)"
    things = noun_phrase(entity.nouns, condition)
    best, shown = draw.rng.random() < 0.3, group.phrase
    tail = f"FROM {entity.sql} GROUP BY {group.sql}"
    some = f"SELECT SUM({where}) > 0 AND SUM(NOT {where}) > 0 FROM {entity.sql}"
    if best:
        return Draft(
            f"SELECT {group.sql}, {share} {tail} ORDER BY {share} DESC LIMIT 1",
            (f"Which {shown} has the highest [percentage|share] of {things}?", f"[Show|Find] the {shown} with the highest share of {things}, in percent."),
            (some, tie_free(f"SELECT {share} AS v {tail}", 1, True)),
        )  # fmt: skip
    return Draft(
        f"SELECT {group.sql}, {share} {tail}",
        (f"What [percentage|percent] of the {entity.nouns} of each {shown} {verb}?",
         f"[Show|Give me|Calculate] the percentage of {things} [per|for each|by] {shown}.",
         f"[share|percentage] of {things} [per|by] {shown}[|, in percent]"),
        (some,),
    )  # fmt: skip


def unfinished(draw: Draw) -> Draft:
    """What has not happened yet: no shipping date, no end."""
    entity = draw.entity(lambda each: any(one.nulls for one in each.of("date", "year")))
    field = draw.pick(each for each in entity.of("date", "year") if each.nulls)
    what, done = happening(entity, field).strip(), draw.rng.random() < 0.2
    group = None
    if draw.rng.random() < 0.3:
        group = draw.grouper(entity, but=[field])
    past = what.removeprefix("who ").removeprefix("that ").replace("became", "become")
    if what in ("", "?") or what.endswith("ing"):
        verb = f"have {names.article(field.phrase) if done else 'no ' + field.phrase}"
        things = (
            f"{entity.nouns} with {names.article(field.phrase)}"
            if done
            else f"{entity.nouns} [without {names.article(field.phrase)}|with no {field.phrase}]"
        )
    elif past != what:
        verb = f"have {'' if done else '[not|not yet] '}{past}"
        things = f"{entity.nouns} {'who' if entity.is_person else 'that'} {verb}"
    else:
        verb = f"have {'' if done else '[not|not yet|still not] '}been {past}"
        things = f"{entity.nouns} {'who' if entity.is_person else 'that'} {verb}"
    where = f" WHERE {field.sql} IS {'NOT ' if done else ''}NULL"
    if group is not None:
        return Draft(
            f"SELECT {group.sql}, COUNT(*) FROM {entity.sql}{where} GROUP BY {group.sql}",
            (f"How many {things} are there [per|for each] {group.phrase}?", f"number of {things} [per|by] {group.phrase}"),
        )  # fmt: skip
    if draw.rng.random() < 0.5:
        return Draft(f"SELECT COUNT(*) FROM {entity.sql}{where}",
                     (f"How many {entity.nouns} {verb}?", f"[Count|Count the] {things}.", f"number of {things}"))  # fmt: skip
    shown = "*" if nameless(entity) else ", ".join(each.sql for each in entity.labels)
    return Draft(
        f"SELECT {shown} FROM {entity.sql}{where}",
        (f"Which {entity.nouns} {verb}?", f"[List|Show|Find] [all |the |]{things}.", things),
        fits=READ,
    )
