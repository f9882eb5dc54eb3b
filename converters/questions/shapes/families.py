"""Questions about parents by their children: counts, most, none, both of two; and many to many."""

from converters.questions import filters, names
from converters.questions.draft import (  # fmt: skip
    Draft,
    Draw,
    Unfit,
    answer,
    column_list,
    conditions,
    countings,
    listings,
    tie_free,
)
from converters.questions.filters import literal, noun_phrase
from converters.questions.kinds import is_askable
from converters.questions.relations import bond, is_plain, who
from converters.questions.shapes.figures import aggregate_words, function_for
from converters.questions.shapes.groups import number_word
from converters.questions.shapes.joins import joined, only_tie


def count_per_parent(draw: Draw) -> Draft:
    relation = only_tie(draw)
    parent, found = relation.parent, bond(relation)
    names_ = answer(parent, f"{parent.sql}.")
    condition = draw.filter(parent) if parent.rows > 40 or draw.rng.random() < 0.25 else None
    each = noun_phrase(parent.noun, condition) if condition else parent.noun
    where = conditions(*([condition.where(f"{parent.sql}.")] if condition else []))
    lonely = f"SELECT COUNT(*) {{}} FROM {parent.sql}" + conditions(
        *([condition.where(f"{parent.sql}.")] if condition else []),
        f"NOT {parent.sql}.{relation.key.sql} IN (SELECT {relation.column.sql} FROM {relation.child.sql} "
        f"WHERE {relation.column.sql} IS NOT NULL)",
    )
    if draw.rng.random() < 0.6:
        joins, count, said, check = joined(relation), "COUNT(*)", "", lonely.format("= 0")
    else:
        joins = joined(relation).replace(" JOIN ", " LEFT JOIN ")
        count, check = f"COUNT({relation.child.sql}.{relation.column.sql})", lonely.format("> 0")
        said = f"[, including {names.plural(found.parent)} without any|, 0 where there are none|, also those with none]"
    it_has, its = ("they have", "their") if parent.is_person else ("it has", "its")
    verb = f"did each {each} {found.do}" if found.did != "have" else f"does each {each} have"
    return Draft(
        f"SELECT {names_.columns}, {count} {joins}{where} GROUP BY {parent.sql}.{relation.key.sql}",
        (f"How many {found.children} {verb}{said}?",
         f"[Show|List|Give me] the {names_.one} of each {each} and [the number of {found.children} {it_has}|{its} number of {found.children}]{said}.",
         f"number of {found.children} [per|for each] {each}{said}",
         f"For each {each}, [show|give] the {names_.one} and how many {found.children} {it_has}{said}."),
        (check,),
    )  # fmt: skip


def most_children(draw: Draw) -> Draft:
    relation = only_tie(draw)
    parent, child, found = relation.parent, relation.child, bond(relation)
    names_ = answer(parent, f"{parent.sql}.")
    condition = draw.filter(child, "category", "flag", "number", "year", "date") if draw.rng.random() < 0.3 else None
    things = noun_phrase(found.children, condition) if condition else found.children
    where = conditions(*([condition.where(f"{child.sql}.")] if condition else []))
    count = draw.rng.choice([1, 1, 1, 3, 5])
    group = f"GROUP BY {parent.sql}.{relation.key.sql}"
    check = tie_free(f"SELECT COUNT(*) AS v {joined(relation)}{where} {group}", count, True)
    sql = f"{joined(relation)}{where} {group} ORDER BY COUNT(*) DESC LIMIT {count}"
    did = found.did if found.did != "have" else "has" if count == 1 else "have"
    shown = draw.rng.random() < 0.3
    columns = names_.columns + (", COUNT(*)" if shown else "")
    if count > 1:
        what = f"{count} {parent.nouns} with the most {things}"
        tail = " and [how many they have|their counts]" if shown else ""
        return Draft(f"SELECT {columns} {sql}", (f"[List|Show|Find|Give me] the {what}{tail}.", f"{what}{tail}",
                     f"[Which|What] are the {what}{tail}?", f"top {count} {parent.nouns} by number of {things}{tail}"), (check,))  # fmt: skip
    tail = f" How many {'are there' if found.did == 'have' else 'were there'}?" if shown else ""
    with_count = " and [how many there are|the number]" if shown else ""
    return Draft(
        f"SELECT {columns} {sql}",
        (f"Which {parent.noun} {did} the most {things}?{tail}",
         f"[Find|Show|Give me|What is] the {parent.noun} with the most {things}{with_count}.",
         f"{parent.noun} with the most {things}{with_count}"),
        (check,),
    )  # fmt: skip


def having_children(draw: Draw) -> Draft:
    relation = only_tie(draw)
    parent, found = relation.parent, bond(relation)
    names_ = answer(parent, f"{parent.sql}.")
    limit, sign = draw.rng.choice([1, 2, 3, 5, 10, 20]), draw.rng.choice([">", ">", ">="])
    if sign == ">=" and limit == 1:
        limit = 2
    word = "more than" if sign == ">" else "at least"
    shown = draw.rng.random() < 0.35
    things = found.child if limit == 1 else found.children
    what = f"{word} [{limit}|{number_word(limit)}] {things}"
    tail = f" and [the|their] number of {found.children}" if shown else ""
    columns = names_.columns + (", COUNT(*)" if shown else "")
    return Draft(
        f"SELECT {columns} {joined(relation)} GROUP BY {parent.sql}.{relation.key.sql} HAVING COUNT(*) {sign} {limit}",
        (f"Which {parent.nouns} {found.did} {what}{'? Show the number too.' if shown else '?'}",
         f"[List|Show|Find|Give me] [the |all |]{parent.nouns} {f'with {what}' if found.did == 'have' else f'{who(parent)} {found.did} {what}'}{tail}.",
         f"{parent.nouns} with {what}{tail}"),
    )  # fmt: skip


def never(draw: Draw) -> Draft:
    """Parents without a child, or without one that meets a condition."""
    relation = only_tie(draw)
    parent, child, found = relation.parent, relation.child, bond(relation)
    names_ = answer(parent)
    inner = [f"{relation.column.sql} IS NOT NULL"] if relation.column.nulls else []
    things = f"{parent.nouns} {who(parent)} {found.lacks}"
    short = f"{parent.nouns} without [{found.children}|any {found.children}]"
    if draw.rng.random() < 0.35:
        condition = draw.filter(child, "category", "flag", "number", "year")
        inner.insert(0, condition.where())
        things = f"{parent.nouns} {who(parent)} have no {noun_phrase(found.children, condition)}"
        short = f"{parent.nouns} without [any |]{noun_phrase(found.children, condition)}"
    where = f" WHERE NOT {relation.key.sql} IN (SELECT {relation.column.sql} FROM {child.sql}{conditions(*inner)})"
    lacks = things.split(f" {who(parent)} ", 1)[1]
    check = (f"SELECT COUNT(*) > 0 FROM {parent.sql} WHERE {relation.key.sql} IN "
             f"(SELECT {relation.column.sql} FROM {child.sql}{conditions(*inner)})",)  # fmt: skip
    if draw.rng.random() < 0.4:
        asked = countings(parent, things, lacks)
        return Draft(f"SELECT COUNT(*) FROM {parent.sql}{where}", (*asked, f"number of {short}"), check)
    asked = (*listings(parent, things, names_, lacks), *listings(parent, short, names_))
    return Draft(f"SELECT {names_.columns} FROM {parent.sql}{where}", asked, check)


def in_both(draw: Draw) -> Draft:
    """Parents that have a child of one kind and (not) one of another: INTERSECT and EXCEPT."""
    relation = draw.relation(
        lambda each: is_plain(each, draw.profile.relations) and (each.child.of("category") or each.child.of("label"))
    )
    parent, child, found = relation.parent, relation.child, bond(relation)
    if len(parent.labels) != 1 or not parent.labels[0].unique:
        raise Unfit
    partial = any(each.key and each.kind == "reference" for each in child.fields)
    field = draw.pick(
        [each for each in child.fields if each.kind == "category" or (each.kind == "label" and partial and each.key)]
    )
    values = [value for value in field.values[:12] if is_askable(value)]
    if len(values) < 2:
        raise Unfit
    first, last = draw.rng.sample(values, 2)
    half = f"SELECT {parent.sql}.{parent.labels[0].sql} {joined(relation)} WHERE {child.sql}.{field.sql} = "
    common = draw.rng.random() < 0.55
    if field.kind == "label":
        one, two = (f"[{first}|{first}|the {found.child} {first}]", f"{last}")
        verb = f"have [the {found.children} |]" if not common else "have "
    else:
        one, two = (noun_phrase(found.children, kind(child, field, value)) for value in (first, last))
        verb = "have "
    if field.kind == "label":
        asked = (
            f"have both {first} and {last} as {names.plural(field.phrase)}"
            if common
            else f"have {first} but not {last} as {names.article(field.phrase)}"
        )
        behind = (
            f"with both {first} and {last} as {names.plural(field.phrase)}"
            if common
            else f"with {first} but not {last} as {names.article(field.phrase)}"
        )
    else:
        asked = f"{verb}both {one} and {two}" if common else f"{verb}{one} but no {two}"
        behind = f"with both {one} and {two}" if common else f"with {one} but without {two}"
    return Draft(
        f"{half}{literal(first)} {'INTERSECT' if common else 'EXCEPT'} {half}{literal(last)}",
        (f"Which {parent.nouns} {asked}?", f"[List|Show|Find] [the |all |]{parent.nouns} {behind}.", f"{parent.nouns} {behind}",
         f"What are the {answer(parent).many} of {parent.nouns} {who(parent)} {asked}?"),
    )  # fmt: skip


def kind(child, field, value) -> filters.Filter:
    before, after, rank = filters.category_words(child, field, value)
    return filters.Filter(field, "", before, after, rank)


def figure_per_parent(draw: Draw) -> Draft:
    """A figure of the children by a column of the parent."""
    relation = draw.relation(lambda each: each.child.of("number"))
    child, parent, found = relation.child, relation.parent, bond(relation)
    field = draw.field(child, "number")
    if field.head in ("percentage", "percent", "share"):
        raise Unfit
    function = function_for(field, draw)
    what = aggregate_words(field, function)
    if draw.rng.random() < 0.5 and parent.of("category"):
        group = draw.grouper(parent)
        return Draft(
            f"SELECT {parent.sql}.{group.sql}, {function}({child.sql}.{field.sql}) {joined(relation)} "
            f"GROUP BY {parent.sql}.{group.sql}",
            (f"What is the {what} of {found.children} [for each|per|by] {group.phrase}[| of the {found.parent}]?",
             f"[Show|Give me] the {what} of [the |]{found.children} [by|per] {found.parent} {group.phrase}.",
             f"{what} of {found.children} by {group.phrase} of the {found.parent}"),
        )  # fmt: skip
    names_ = answer(parent, f"{parent.sql}.")
    limit = draw.rng.choice([3, 5]) if parent.rows > 40 or draw.rng.random() < 0.4 else None
    value = f"{function}({child.sql}.{field.sql})"
    group = f"GROUP BY {parent.sql}.{relation.key.sql}"
    if limit and function in ("AVG", "SUM"):
        order = f" ORDER BY {value} DESC LIMIT {limit}"
        thing = f"{limit} {names.plural(found.parent)} with the highest {what} of their {found.children}"
        return Draft(
            f"SELECT {names_.columns}, {value} {joined(relation)} {group}{order}",
            (f"[Show|List|Give me] the {thing}, [with that figure|with the value].", f"{thing}, with the figure"),
            (tie_free(f"SELECT {value} AS v {joined(relation)} {group}", limit, True),),
        )
    return Draft(
        f"SELECT {names_.columns}, {value} {joined(relation)} {group}",
        (f"What is the {what} of [the |]{found.children} [for|of] each {found.parent}?",
         f"[Show|List|Give me] each {found.parent}'s {names_.one} and the {what} of its {found.children}.",
         f"{what} of {found.children} per {found.parent}"),
    )  # fmt: skip


def through(draw: Draw) -> Draft:
    """Many to many: things that a link table ties to a named other."""
    links = [each for each in draw.profile.entities if each.is_link]
    ends = {link.name: [each for each in draw.profile.relations if each.child is link] for link in links}
    link = draw.pick([link for link in links if len(ends[link.name]) == 2])
    one, two = draw.rng.sample(ends[link.name], 2)
    if not one.parent.labels or len(two.parent.labels) != 1 or one.parent is two.parent:
        raise Unfit
    joins = f"FROM {one.parent.sql} JOIN {link.sql} ON {one.parent.sql}.{one.key.sql} = {link.sql}.{one.column.sql}"
    far = f" JOIN {two.parent.sql} ON {link.sql}.{two.column.sql} = {two.parent.sql}.{two.key.sql}"
    names_, label = answer(one.parent, f"{one.parent.sql}."), two.parent.labels[0]
    things, others = one.parent.nouns, two.parent.nouns
    group = f"GROUP BY {one.parent.sql}.{one.key.sql}"
    chance = draw.rng.random()
    if chance < 0.3:
        limit = tie_free(f"SELECT COUNT(*) AS v {joins} {group}", 1, True)
        return Draft(
            f"SELECT {names_.columns} {joins} {group} ORDER BY COUNT(*) DESC LIMIT 1",
            (
                f"Which {one.parent.noun} has the most {others}?",
                f"[Find|Show] the {one.parent.noun} with the most {others}.",
            ),
            (limit,),
        )
    if chance < 0.6:
        return Draft(
            f"SELECT {names_.columns}, COUNT(*) {joins} {group}",
            (f"How many {others} does each {one.parent.noun} have?", f"number of {others} per {one.parent.noun}",
             f"[Show|List] the {names_.one} of each {one.parent.noun} and its number of {others}."
             if not one.parent.is_person else f"[Show|List] the {names_.one} of each {one.parent.noun} and their number of {others}."),
            (f"SELECT COUNT(*) = 0 FROM {one.parent.sql} WHERE NOT {one.key.sql} IN (SELECT {one.column.sql} FROM {link.sql})",),
        )  # fmt: skip
    values = [value for value in label.values if is_askable(value)]
    if not values or not label.unique:
        raise Unfit
    value = draw.rng.choice(values)
    of = "in" if two.parent.noun in (*filters.words.EVENTS, *filters.words.PLACES, "movie", "film", "team") else "of"
    if two.parent.is_person and one.parent.noun in (*filters.words.EVENTS, *filters.words.WORKS):
        of = "with"
    named = f"{things} {of} [the {two.parent.noun} |the {two.parent.noun} |]{value}"
    where = f"{two.parent.sql}.{label.sql} = {literal(value)}"
    columns, _ = column_list(one.parent.labels, f"{one.parent.sql}.")
    return Draft(f"SELECT {columns} {joins}{far} WHERE {where}", listings(one.parent, named, answer(one.parent)))
