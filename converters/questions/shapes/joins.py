"""Questions about two tables: children by their parent, counts a parent, parents without children."""

from converters.questions import names
from converters.questions.draft import (  # fmt: skip
    Draft,
    Draw,
    Unfit,
    answer,
    conditions,
    countings,
    extreme,
    is_thing,
    listings,
    ordered,
    tie_free,
)
from converters.questions.filters import literal, noun_phrase
from converters.questions.kinds import is_askable
from converters.questions.profile import Relation
from converters.questions.relations import bond, is_plain, with_parent
from converters.questions.shapes.figures import aggregate_words, function_for
from converters.questions.shapes.plain import ASKED


def joined(relation: Relation) -> str:
    """FROM the parent and the child."""
    return f"FROM {relation.parent.sql} JOIN {relation.child.sql} ON {relation.join}"


def upward(relation: Relation) -> str:
    """FROM the child and its parent."""
    return (
        f"FROM {relation.child.sql} JOIN {relation.parent.sql} ON "
        f"{relation.child.sql}.{relation.column.sql} = {relation.parent.sql}.{relation.key.sql}"
    )


def parent_value(draw: Draw, relation: Relation) -> tuple[str, str]:
    """A condition on the parent's name, and the name."""
    label = relation.parent.labels[0]
    values = [value for value in label.values if is_askable(value)]
    if len(relation.parent.labels) != 1 or not label.unique or not values:
        raise Unfit
    value = draw.rng.choice(values)
    return f"{relation.parent.sql}.{label.sql} = {literal(value)}", value


def only_tie(draw: Draw) -> Relation:
    """A relation whose child refers to the parent once."""
    return draw.relation(lambda each: is_plain(each, draw.profile.relations))


def children_of(draw: Draw) -> Draft:
    """The children of a named parent: a list, a count, or a figure."""
    relation = draw.relation()
    where, value = parent_value(draw, relation)
    found, child = bond(relation), relation.child
    prefix = f"{child.sql}."
    condition = None
    if draw.rng.random() < 0.35:
        condition = draw.filter(child, "category", "number", "flag", "year", "date")
    things = with_parent(relation, found.children, value)
    if condition:
        things = with_parent(relation, condition.before + found.children, value)
        things += (" and" if relation.role and condition.after.startswith(" whose") else "") + condition.after
    tail = upward(relation) + conditions(where, *([condition.where(prefix)] if condition else []))
    numbers = child.of("number")
    if draw.rng.random() < 0.35 or not child.labels:
        return Draft(
            f"SELECT COUNT(*) {tail}",
            (f"How many {things} are there?", f"[Count|Count the] {things}.", f"number of {things}",
             f"[What is the|Give me the] number of {things}."),
            fits=1,
        )  # fmt: skip
    if numbers and condition is None and draw.rng.random() < 0.4:
        field = draw.pick(numbers)
        function = function_for(field, draw)
        what = aggregate_words(field, function)
        return Draft(
            f"SELECT {function}({prefix}{field.sql}) {tail}",
            (
                f"What is the {what} of [the |all |]{things}?",
                f"{what} of {things}",
                f"[Show|Find] the {what} of {things}.",
            ),
            (f"SELECT COUNT(*) > 1 {tail}",),
        )
    asked = listings(child, things, answer(child))
    if answer(child).one == found.child:  # the languages of a country, not the names of languages
        also = f"Which {found.children} does {value} have?"
        asked = (f"[List|Show|Find|Give me] [all |the |all the ]{things}.", f"What are the {things}?", things, also)
    return Draft(f"SELECT {answer(child, prefix).columns} {tail}", asked)


def parent_of(draw: Draw) -> Draft:
    """The parent of a named child, or something about it."""
    relation = draw.relation(lambda each: is_thing(each.child) and len(each.child.of("label")) == 1)
    label, found = relation.child.of("label")[0], bond(relation)
    values = [value for value in label.values if is_askable(value)]
    if not values or not label.unique:
        raise Unfit
    value = draw.rng.choice(values)
    where = f"{relation.child.sql}.{label.sql} = {literal(value)}"
    checks = (f"SELECT COUNT(*) = 1 FROM {relation.child.sql} WHERE {label.sql} = {literal(value)}",)
    names_ = answer(relation.parent, f"{relation.parent.sql}.")
    if relation.parent.of(*ASKED) and draw.rng.random() < 0.4:
        field = draw.field(relation.parent, *ASKED)
        return Draft(
            f"SELECT {relation.parent.sql}.{field.sql} {upward(relation)} WHERE {where}",
            (f"What is the {field.phrase} of the {found.parent} of {value}?",
             f"[Show|Find|Give me] the {field.phrase} of the {found.parent} of [the {relation.child.noun} |]{value}.",
             f"{field.phrase} of {value}'s {found.parent}"),
            checks,
        )  # fmt: skip
    asked = [f"[Which|What] is the {found.parent} of [the {relation.child.noun} |]{value}?",
             f"[Show|Find|Give me] the {answer(relation.parent).one} of the {found.parent} of {value}.",
             f"{found.parent} of {value}"]  # fmt: skip
    if found.of in ("in", "at"):
        asked += [
            f"{'In' if found.of == 'in' else 'At'} which {found.parent} is [the {relation.child.noun} |]{value}?"
        ] * 2
    if relation.parent.is_person and not relation.role:
        asked[0] = f"Who is the {found.parent} of [the {relation.child.noun} |]{value}?"
    return Draft(f"SELECT {names_.columns} {upward(relation)} WHERE {where}", tuple(asked), checks)


def both_columns(draw: Draw) -> Draft:
    """Children with a condition, next to the name of their parent."""
    relation = draw.relation(lambda each: is_thing(each.child) and each.child.of("label"))
    child, found = relation.child, bond(relation)
    condition = draw.filter(child)
    things = noun_phrase(found.children, condition)
    mine, theirs = answer(child, f"{child.sql}."), answer(relation.parent, f"{relation.parent.sql}.")
    return Draft(
        f"SELECT {mine.columns}, {theirs.columns} {upward(relation)}" + conditions(condition.where(f"{child.sql}.")),
        (f"[Show|List|Give me] the {mine.one} of [each of the |all |the ]{things} and the {theirs.one} of [its|the] {found.parent}.",
         f"[Show|List] [all |the |]{things} [and|with|together with] [the {theirs.one} of their|their] {found.parent}.",
         f"{things} with their {found.parent}",
         f"What are the {mine.many} of [the |]{things}, and what {found.parent} does each belong to?"),
    )  # fmt: skip


def by_parent_filter(draw: Draw) -> Draft:
    """Children whose parent meets a condition."""
    relation = draw.relation(lambda each: each.parent.of("category", "number", "year", "flag"))
    child, parent, found = relation.child, relation.parent, bond(relation)
    condition = draw.filter(parent)
    parents = noun_phrase(names.plural(found.parent), condition)
    of = {"with": "of"}.get(found.of, found.of)
    things = f"{found.children} {of} {parents}"
    tail = upward(relation) + conditions(condition.where(f"{parent.sql}."))
    numbers = child.of("number")
    chance = draw.rng.random()
    if not is_thing(child):
        labels = [each for each in child.of("label") if each.key]
        if not labels:
            raise Unfit
        count = f"SELECT COUNT(DISTINCT {child.sql}.{labels[0].sql}) {tail}"
        different = f"[different|distinct] {things}"
        return Draft(
            count, (f"How many {different} are there?", f"number of {different}", f"Count the {different}."), fits=1
        )
    if chance < 0.4:
        return Draft(f"SELECT COUNT(*) {tail}", countings(child, things), fits=1)
    if numbers and chance < 0.65:
        field = draw.pick(numbers)
        function = function_for(field, draw)
        what = aggregate_words(field, function)
        return Draft(
            f"SELECT {function}({child.sql}.{field.sql}) {tail}",
            (
                f"What is the {what} of [the |all |]{things}?",
                f"{what} of {things}",
                f"[Find|Show] the {what} of {things}.",
            ),
            (f"SELECT COUNT(*) > 1 {tail}",),
        )
    return Draft(f"SELECT {answer(child, child.sql + '.').columns} {tail}", listings(child, things, answer(child)))


def parent_of_extreme(draw: Draw) -> Draft:
    """The parent of the child with the highest value."""
    relation = draw.relation(lambda each: each.child.of("number"))
    child, parent, found = relation.child, relation.parent, bond(relation)
    field, high = draw.field(child, "number"), draw.rng.random() < 0.7
    order, known = ordered(field, high, f"{child.sql}.")
    things = [each.replace(child.noun, found.child, 1) for each in extreme(child, field, high)]
    thing = draw.rng.choice(things)
    names_ = answer(parent, f"{parent.sql}.")
    check = tie_free(f"SELECT {field.sql} AS v FROM {child.sql}", 1, high)
    asked = [f"Which {found.parent} has the {thing}?", f"What is the {answer(parent).one} of the {found.parent} with the {thing}?",
             f"{found.parent} with the {thing}"]  # fmt: skip
    if found.of in ("in", "at"):
        asked.append(f"{'In' if found.of == 'in' else 'At'} which {found.parent} is the {thing}?")
    return Draft(
        f"SELECT {names_.columns} {upward(relation)}{conditions(known)} {order} LIMIT 1", tuple(asked), (check,)
    )


def distinct_children(draw: Draw) -> Draft:
    """How many different others a parent is tied to by its children: the patients of a doctor's appointments."""
    relation = draw.relation(lambda each: is_plain(each, draw.profile.relations))
    others = [
        each
        for each in draw.profile.relations
        if each.child is relation.child and each.parent is not relation.parent and each.parent.of("label")
    ]
    other = draw.pick(each for each in others if is_plain(each, draw.profile.relations))
    parent, child, found = relation.parent, relation.child, bond(relation)
    count = f"COUNT(DISTINCT {child.sql}.{other.column.sql})"
    tail = f"{joined(relation)} GROUP BY {parent.sql}.{relation.key.sql}"
    names_, things = answer(parent, f"{parent.sql}."), other.parent.nouns
    through = f" [in|through] {'their' if parent.is_person else 'its'} {found.children}"
    limit = draw.rng.choice([None, None, 1, 1, 3, 5])
    if limit is None:
        return Draft(
            f"SELECT {names_.columns}, {count} {tail}",
            (f"How many different {things} does each {parent.noun} have{through}?",
             f"[Show|List|Give me] the {names_.one} of each {parent.noun} and the number of [different|distinct|unique] {things}{through}.",
             f"number of [different|distinct] {things} per {parent.noun}"),
            fits=100,
        )  # fmt: skip
    shown = draw.rng.random() < 0.5
    columns = names_.columns + (f", {count}" if shown else "")
    nouns = parent.noun if limit == 1 else f"{limit} {parent.nouns}"
    also = "[ and|, with] their number" if shown else ""
    has = "has" if limit == 1 else "have"
    return Draft(
        f"SELECT {columns} {tail} ORDER BY {count} DESC LIMIT {limit}",
        (f"Which {nouns} {has} the most [different |distinct |unique |]{things}{through}?{' How many?' if shown else ''}",
         f"[Show|Find|List] the {nouns} with the most [different |distinct |]{things}{also}.",
         f"{nouns} with the most [different |]{things}{also}"),
        (tie_free(f"SELECT {count} AS v {tail}", limit, True),),
    )  # fmt: skip
