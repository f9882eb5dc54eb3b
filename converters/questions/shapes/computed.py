"""Questions about a quantity that two columns make together (quantities.py)."""

from converters.questions import names
from converters.questions.draft import Draft, Draw, Unfit, answer, conditions, is_thing, tie_free
from converters.questions.filters import noun_phrase
from converters.questions.quantities import Quantity
from converters.questions.shapes.groups import per
from converters.questions.shapes.plain import named, single


def quantity(draw: Draw, *, thing: bool = False) -> Quantity:
    """One quantity, those used least more likely."""
    found = [each for each in draw.quantities if is_thing(each.entity) or not thing]
    if not found:
        raise Unfit
    weights = [1 / (1 + draw.used[each.entity.name, each.phrase]) ** 2 for each in found]
    (chosen,) = draw.rng.choices(found, weights)
    draw.picked.append((chosen.entity.name, chosen.phrase))
    return chosen


def source(found: Quantity) -> tuple[str, str]:
    """FROM with its joins, and the prefix of the columns."""
    return f"FROM {found.entity.sql}{found.join}", f"{found.entity.sql}." if found.join else ""


def computed_of(draw: Draw) -> Draft:
    """Of one thing."""
    found = quantity(draw, thing=True)
    where, value = named(found.entity, draw)
    tables, prefix = source(found)
    return Draft(
        f"SELECT {found.expression()} {tables} WHERE {prefix}{where}",
        (f"What is the {found.phrase} of [the {found.entity.noun} |]{value}?", f"{found.phrase} of {value}",
         f"[Calculate|Show|Give me] the {found.phrase} of {value}."),
        single(found.entity, where),
    )  # fmt: skip


def computed_top(draw: Draw) -> Draft:
    """The things where it is highest or lowest."""
    found = quantity(draw, thing=True)
    entity, count, high = found.entity, draw.rng.choice([1, 1, 3, 5, 5, 10]), draw.rng.random() < 0.75
    if count * 2 > entity.rows:
        raise Unfit
    tables, prefix = source(found)
    condition = draw.filter(entity, but=found.uses) if draw.rng.random() < 0.3 else None
    needed = [f"{found.expression()} IS NOT NULL"] if not high and any(each.nulls for each in found.uses) else []
    where = conditions(*([condition.where(prefix)] if condition else []), *needed)
    noun = entity.noun if count == 1 else entity.nouns
    things = noun_phrase(noun, condition) if condition else noun
    word = "highest" if high else "lowest"
    shown = draw.rng.random() < (0.4 if count == 1 else 0.7)
    also = f", {found.expression()}" if shown else ""
    tail = f" and [{'its' if count == 1 else 'their'}|the] {found.phrase}" if shown and not entity.is_person else ""
    if shown and entity.is_person:
        tail = f" and their {found.phrase}"
    number = "" if count == 1 else f"{count} "
    verb = "has" if count == 1 else "have"
    high_low = f"the {word} {found.phrase}"
    show = " Show the value too." if shown else ""
    if condition and condition.after:
        many = noun_phrase(entity.nouns, condition)
        wordings = (
            f"Among [the |all ]{many}, which {number}{noun} {verb} {high_low}?{show}",
            f"Of all {many}, [show|list|find|give me] the {number}{noun} with {high_low}{tail}.",
        )
    else:
        wordings = (
            f"Which {number}{things} {verb} {high_low}?{show}",
            f"[Find|Show|List|Give me] the {number}{things} with {high_low}{tail}.",
            f"{number}{things} with {high_low}{tail}",
        )
        if shown and count > 1 and high:
            wordings = (
                *wordings,
                f"[Show|List|Give me|] [the |]top {count} {things} by {found.phrase}, with the value.",
            )
    names_ = answer(entity, prefix)
    check = tie_free(f"SELECT {found.expression()} AS v {tables}{where}", count, high)
    return Draft(
        f"SELECT {names_.columns}{also} {tables}{where} ORDER BY {found.expression()}{' DESC' if high else ''} LIMIT {count}",
        wordings,
        (check,),
    )


def computed_figure(draw: Draw) -> Draft:
    """Its average or total, of all or of some."""
    found = quantity(draw)
    entity = found.entity
    tables, prefix = source(found)
    function = "SUM" if found.summable and draw.rng.random() < 0.7 else draw.rng.choice(["AVG", "AVG", "MAX"])
    word = {"SUM": "total", "AVG": "average", "MAX": "highest"}[function]
    condition = draw.filter(entity, but=found.uses) if draw.rng.random() < 0.65 else None
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    where = conditions(*([condition.where(prefix)] if condition else []))
    return Draft(
        f"SELECT {function}({found.expression()}) {tables}{where}",
        (f"What is the {word} {found.phrase} of [the |all |]{things}?", f"{word} {found.phrase} of {things}",
         f"[Calculate|Show|Find|Give me] the {word} {found.phrase} of [all |]{things}."),
        (f"SELECT COUNT(*) > 1 {tables}{where}",),
    )  # fmt: skip


def computed_group(draw: Draw) -> Draft:
    found = quantity(draw)
    field = draw.grouper(found.entity, but=found.uses)
    tables, prefix = source(found)
    function, word = ("SUM", "total") if found.summable else ("AVG", "average")
    group = prefix + field.sql
    return Draft(
        f"SELECT {group}, {function}({found.expression()}) {tables} GROUP BY {group}",
        (f"What is the {word} {found.phrase} of [the |]{found.entity.nouns} {per(field)}?",
         f"{word} {found.phrase} [per|by] {field.phrase}", f"[Show|Give me] the {word} {found.phrase} {per(field)}."),
    )  # fmt: skip


def computed_per_parent(draw: Draw) -> Draft:
    """Its total a parent: the value of each order, the revenue of each product."""
    found = quantity(draw)
    if not found.summable:
        raise Unfit
    ties = [each for each in draw.profile.relations if each.child is found.entity and each.parent.labels]
    relation = draw.pick(ties)
    tables, _ = source(found)
    value = f"SUM({found.sql.replace('{}', found.entity.sql + '.')})"
    if f"JOIN {relation.parent.sql} ON" not in tables:
        tables += (
            f" JOIN {relation.parent.sql} ON {found.entity.sql}.{relation.column.sql} = "
            f"{relation.parent.sql}.{relation.key.sql}"
        )
    names_ = answer(relation.parent, f"{relation.parent.sql}.")
    parent, items = relation.role or relation.parent.noun, found.entity.nouns
    limit = draw.rng.choice([None, 3, 5, 10]) if relation.parent.rows > 12 else None
    group = f"GROUP BY {relation.parent.sql}.{relation.key.sql}"
    if limit is None:
        return Draft(
            f"SELECT {names_.columns}, {value} {tables} {group}",
            (f"What is the total {found.phrase} of the {items} of each {parent}?", f"total {found.phrase} of {items} per {parent}",
             f"For each {parent}, show the {names_.one} and the total {found.phrase} of its {items}."),
        )  # fmt: skip
    return Draft(
        f"SELECT {names_.columns}, {value} {tables} {group} ORDER BY {value} DESC LIMIT {limit}",
        (f"[Show|List|Give me] the {limit} {names.plural(parent)} with the highest total {found.phrase} of {items}, with that [total|value].",
         f"top {limit} {names.plural(parent)} by total {found.phrase} of {items}, with the total"),
        (tie_free(f"SELECT {value} AS v {tables} {group}", limit, True),),
    )  # fmt: skip


def computed_list(draw: Draw) -> Draft:
    """Things next to their quantity."""
    found = quantity(draw, thing=True)
    entity = found.entity
    tables, prefix = source(found)
    condition = draw.filter(entity, but=found.uses) if entity.rows > 20 or draw.rng.random() < 0.5 else None
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    where = conditions(*([condition.where(prefix)] if condition else []))
    names_ = answer(entity, prefix)
    order, said = "", ""
    if draw.rng.random() < 0.4:
        order, said = f" ORDER BY {found.expression()} DESC", ", [largest|highest] first"
    return Draft(
        f"SELECT {names_.columns}, {found.expression()} {tables}{where}{order}",
        (f"[Show|List|Give me] the {names_.one} and the {found.phrase} of [all |the |each of the ]{things}{said}.",
         f"[Calculate|Show] the {found.phrase} [of|for] each of the {things}{said}.", f"{names_.one} and {found.phrase} of {things}{said}",
         f"What is the {found.phrase} of each of the {things}{said}?"),
        fits=100,
    )  # fmt: skip


def computed_above_average(draw: Draw) -> Draft:
    """The things where it is over the average."""
    found = quantity(draw, thing=True)
    entity, more, count = found.entity, draw.rng.random() < 0.7, draw.rng.random() < 0.4
    tables, prefix = source(found)
    names_, value = answer(entity, prefix), found.expression()
    word = "[above|higher than]" if more else "[below|lower than]"
    things = f"{entity.nouns} with a {found.phrase} {word} [the |]average"
    have = f"{entity.nouns} have a {found.phrase} {word} [the |]average"
    shown = "COUNT(*)" if count else names_.columns
    wordings = (
        (f"How many {have}?", f"number of {things}", f"Count the {things}.")
        if count
        else (f"Which {have}?", f"[List|Show|Find] the {things}.", things)
    )
    return Draft(
        f"SELECT {shown} {tables} WHERE {value} {'>' if more else '<'} (SELECT AVG({value}) {tables})",
        tuple(each.replace(" a average", " an average").replace(" a actual", " an actual").replace(" a absolute", " an absolute") for each in wordings),
        fits=100,
    )  # fmt: skip


def computed_rank_in_group(draw: Draw) -> Draft:
    """The things with the most of it in each group, or all with their rank."""
    found = quantity(draw, thing=True)
    entity, count = found.entity, draw.rng.choice([None, 1, 2, 3, 3])
    field = draw.grouper(entity, but=found.uses)
    tables, prefix = source(found)
    names_, group, value = answer(entity, prefix), prefix + field.sql, found.expression()
    rank = f"RANK() OVER (PARTITION BY {group} ORDER BY {value} DESC)"
    if count is None:
        return Draft(
            f"SELECT {names_.columns}, {group}, {value}, {rank} {tables}",
            (f"Rank the {entity.nouns} by {found.phrase} within each {field.phrase}.",
             f"For each {field.phrase}, rank the {entity.nouns} by {found.phrase}, highest first."),
            fits=400,
        )  # fmt: skip
    inner = f"SELECT {names_.columns}, {group}, {value} AS value, {rank} AS place {tables}"
    outer = ", ".join(each.sql for each in entity.labels) + f", {field.sql}, value"
    compare = "= 1" if count == 1 else f"<= {count}"
    things = f"{entity.noun}" if count == 1 else f"{count} {entity.nouns}"
    return Draft(
        f"WITH ranked AS ({inner}) SELECT {outer} FROM ranked WHERE place {compare}",
        (f"For each {field.phrase}, [show|list|find] the {things} with the highest {found.phrase}.",
         f"[Show|Find] the {things} with the highest {found.phrase} [for|of|within] each {field.phrase}.",
         f"{f'top {count} {entity.nouns}' if count > 1 else entity.noun + ' with the highest'} {'by ' if count > 1 else ''}{found.phrase} [per|in each] {field.phrase}"),
        (f"SELECT COUNT(*) <= {count} * COUNT(DISTINCT {field.sql}) FROM ({inner}) WHERE place {compare}",),
        fits=100,
    )  # fmt: skip
