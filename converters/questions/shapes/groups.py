"""Questions about the groups of one table."""

from converters.questions import filters, names, words
from converters.questions.draft import Draft, Draw, Unfit, conditions, tie_free
from converters.questions.filters import literal, noun_phrase
from converters.questions.kinds import Field, is_askable
from converters.questions.shapes.figures import aggregate_words, function_for


def per(field: Field) -> str:
    """`per continent`, `in each year`."""
    return f"[for each|per|in each|by] {field.phrase}" if is_setting(field) else f"[for each|per|by] {field.phrase}"


def is_setting(field: Field) -> bool:
    """Whether things are in it: a place or a time."""
    return field.head in words.GEOGRAPHY or field.kind == "year"


def group_count(draw: Draw) -> Draft:
    entity = draw.entity()
    field = draw.grouper(entity)
    condition = draw.filter(entity, but=[field]) if draw.rng.random() < 0.3 and len(entity.fields) > 3 else None
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    where = conditions(*([condition.where()] if condition else []))
    order, said = "", ""
    if draw.rng.random() < 0.3:
        order, said = " ORDER BY COUNT(*) DESC", ", [most|largest number|highest count] first"
    return Draft(
        f"SELECT {field.sql}, COUNT(*) FROM {entity.sql}{where} GROUP BY {field.sql}{order}",
        (f"How many {things} are there {per(field)}{said}?",
         f"[Show|Give|List] [each|every] {field.phrase} and [the|its] number of {things}{said}.",
         f"number of {things} [per|by] {field.phrase}{said}",
         f"[Count|Count the] {things} {per(field)}{said}.",
         f"For each {field.phrase}, [show|give me|give] the number of {things}{said}."),
    )  # fmt: skip


def group_aggregate(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: each.of("number"))
    field = draw.grouper(entity)
    number = draw.field(entity, "number", but=[field])
    function = function_for(number, draw)
    what = aggregate_words(number, function)
    order, said = "", ""
    if draw.rng.random() < 0.3:
        order, said = f" ORDER BY {function}({number.sql}) DESC", ", highest first"
    of = draw.rng.choice([f" of [the |]{entity.nouns}", ""])
    return Draft(
        f"SELECT {field.sql}, {function}({number.sql}) FROM {entity.sql} GROUP BY {field.sql}{order}",
        (f"What is the {what}{of} {per(field)}{said}?", f"[Show|Give|List] the {what}{of} {per(field)}{said}.",
         f"{what}{of} [per|by] {field.phrase}{said}",
         f"For each {field.phrase}, what is the {what}{of}{said}?"),
    )  # fmt: skip


def group_several(draw: Draw) -> Draft:
    """Two figures a group."""
    entity = draw.entity(lambda each: each.of("number"))
    field = draw.grouper(entity)
    number = draw.field(entity, "number", but=[field])
    pairs = [("AVG", "MAX"), ("MIN", "MAX"), ("COUNT", "AVG"), ("COUNT", "AVG"), *([("COUNT", "SUM"), ("SUM", "AVG")] if number.summable else [])]  # fmt: skip
    chosen = draw.rng.choice(pairs)
    sql = ", ".join("COUNT(*)" if each == "COUNT" else f"{each}({number.sql})" for each in chosen)
    if "COUNT" in chosen:
        what = f"number of {entity.nouns} and [the|their] {aggregate_words(number, chosen[1])}"
    else:
        plain = {"AVG": "average", "MAX": "maximum", "MIN": "minimum", "SUM": "total"}
        what = f"{plain[chosen[0]]} and {plain[chosen[1]]} {number.phrase} of [the |]{entity.nouns}"
    return Draft(
        f"SELECT {field.sql}, {sql} FROM {entity.sql} GROUP BY {field.sql}",
        (f"What {'is' if what.startswith('number') else 'are'} the {what} {per(field)}?", f"[Show|Give|List] the {what} {per(field)}.",
         f"{what} [per|by] {field.phrase}", f"For each {field.phrase}, [show|give me|list] the {what}."),
    )  # fmt: skip


def group_most(draw: Draw) -> Draft:
    """The group with most rows, or with the highest figure."""
    entity = draw.entity()
    field = draw.grouper(entity)
    numbers = [each for each in entity.of("number") if each.name != field.name]
    asked = f"{field.phrase}" if field.kind != "year" or field.phrase != "year" else "year"
    if numbers and draw.rng.random() < 0.5:
        number, high = draw.pick(numbers), draw.rng.random() < 0.65
        function = draw.rng.choice(["AVG", "AVG", "SUM"]) if number.summable else "AVG"
        value = f"{function}({number.sql})"
        most = number.measure.most if high else number.measure.least
        word = "average" if function == "AVG" else "total"
        what = f"[has|has] the {most} {word} {number.phrase}"
        noun = f"the {field.phrase} with the {most} {word} {number.phrase}"
        order = f"{value}{' DESC' if high else ''}"
    else:
        high, value = draw.rng.random() < 0.75, "COUNT(*)"
        word = "most" if high else "fewest"
        what, noun = f"has the {word} {entity.nouns}", f"the {field.phrase} with the {word} {entity.nouns}"
        order = f"{value}{' DESC' if high else ''}"
    common = value == "COUNT(*)" and not is_setting(field) and field.kind != "number"
    check = tie_free(f"SELECT {value} AS v FROM {entity.sql} GROUP BY {field.sql}", 1, high)
    wordings = [f"Which {asked} {what}?", f"[Show|Find|What is] {noun}.", f"{noun.removeprefix('the ')}"]
    if common:
        said = f"{'[most common|most frequent]' if high else '[least common|rarest]'} {field.phrase}"
        wordings = [
            f"What is the {said} [of|among|of all] [the |]{entity.nouns}?",
            f"[Find|Show] the {said} of {entity.nouns}.",
            wordings[0],
        ]
    return Draft(
        f"SELECT {field.sql} FROM {entity.sql} GROUP BY {field.sql} ORDER BY {order} LIMIT 1", tuple(wordings), (check,)
    )


def group_top_n(draw: Draw) -> Draft:
    """The few largest groups with their figures."""
    entity = draw.entity()
    field = draw.grouper(entity)
    count = draw.rng.choice([n for n in (2, 3, 3, 5) if n < field.distinct] or [0])
    if not count:
        raise Unfit
    check = tie_free(f"SELECT COUNT(*) AS v FROM {entity.sql} GROUP BY {field.sql}", count, True)
    what = f"{count} {field.phrases} with the most {entity.nouns}"
    return Draft(
        f"SELECT {field.sql}, COUNT(*) FROM {entity.sql} GROUP BY {field.sql} ORDER BY COUNT(*) DESC LIMIT {count}",
        (f"[Show|List|Give me] the {what} and [how many each has|the number of {entity.nouns} in each|their number of {entity.nouns}].",
         f"What are the {what}, and how many [are there in each|does each have]?",
         f"top {count} {field.phrases} by number of {entity.nouns}, with the count"),
        (check,),
    )  # fmt: skip


def having(draw: Draw) -> Draft:
    entity = draw.entity()
    field = draw.grouper(entity)
    numbers = [each for each in entity.of("number") if each.name != field.name]
    shown = draw.rng.random() < 0.45
    if numbers and draw.rng.random() < 0.35:
        number = draw.pick(numbers)
        limits = filters.thresholds(number)
        if not limits:
            raise Unfit
        limit = limits[len(limits) // 2]
        spoken = names.spoken_number(limit, draw.rng) + (f" {number.unit}" if number.unit else "")
        value, sign = f"AVG({number.sql})", draw.rng.choice([">", "<"])
        word = "[over|above|greater than]" if sign == ">" else "[below|under|less than]"
        what = f"an average {number.phrase} {word} {spoken}"
        also = f"average {number.phrase}"
    else:
        limit = draw.rng.choice([1, 2, 3, 5, 10, 20])
        value, sign = "COUNT(*)", draw.rng.choice([">", ">", ">=", "<"])
        if sign == "<" and limit < 3:
            raise Unfit
        word = {">": "more than", ">=": "at least", "<": "fewer than"}[sign]
        things = entity.noun if limit == 1 else entity.nouns
        what, also = f"{word} [{limit}|{number_word(limit)}] {things}", f"number of {entity.nouns}"
    columns = f"{field.sql}, {value}" if shown else field.sql
    tail = f" and [the|their] {also}" if shown else ""
    return Draft(
        f"SELECT {columns} FROM {entity.sql} GROUP BY {field.sql} HAVING {value} {sign} {literal(limit)}",
        (f"Which {field.phrases} have {what}{'? Show the ' + also + ' too.' if shown else '?'}",
         f"[List|Show|Find|Give me] [the |all ]{field.phrases} with {what}{tail}.",
         f"{field.phrases} with {what}{tail}"),
        (f"SELECT COUNT(*) < COUNT(DISTINCT {field.sql}) * 999 AND (SELECT COUNT(*) FROM (SELECT 1 FROM {entity.sql} "
         f"GROUP BY {field.sql} HAVING NOT ({value} {sign} {literal(limit)}))) > 0 FROM {entity.sql}",),
    )  # fmt: skip


def number_word(number: int) -> str:
    return {1: "one", 2: "two", 3: "three", 5: "five", 10: "ten", 20: "20"}.get(number, str(number))


def two_groupers(draw: Draw) -> Draft:
    entity = draw.entity()
    first = draw.grouper(entity, few=True)
    other = draw.pick(
        each for each in entity.fields
        if each.name != first.name and each.kind in ("category", "year", "flag") and not each.nulls and 2 <= each.distinct <= 8
    )  # fmt: skip
    if other.kind == "flag":
        raise Unfit
    return Draft(
        f"SELECT {first.sql}, {other.sql}, COUNT(*) FROM {entity.sql} GROUP BY {first.sql}, {other.sql}",
        (f"How many {entity.nouns} are there for each [combination of |]{first.phrase} and {other.phrase}?",
         f"number of {entity.nouns} by {first.phrase} and {other.phrase}",
         f"[Count|Count the] {entity.nouns} [by|per] {first.phrase} and {other.phrase}."),
    )  # fmt: skip


def share_of_groups(draw: Draw) -> Draft:
    """What percentage of all rows each group has."""
    entity = draw.entity()
    field = draw.grouper(entity, few=True)
    return Draft(
        f"SELECT {field.sql}, 100.0 * COUNT(*) / (SELECT COUNT(*) FROM {entity.sql}) FROM {entity.sql} "
        f"GROUP BY {field.sql}",
        (f"What percentage of [all |the |]{entity.nouns} does each {field.phrase} [have|account for|make up]?",
         f"[Show|Give me] the share of {entity.nouns} {per(field)} in percent.",
         f"percentage of {entity.nouns} [per|by] {field.phrase}",
         f"What percent of the {entity.nouns} [belong to|fall into] each {field.phrase}?"),
    )  # fmt: skip


def share_of_sum(draw: Draw) -> Draft:
    """What percentage of a total each group has, by a window over the groups' sums."""
    entity = draw.entity(lambda each: each.of("number"))
    field = draw.grouper(entity, few=True)
    number = draw.pick(each for each in entity.of("number") if each.summable and each.name != field.name)
    return Draft(
        f"SELECT {field.sql}, 100.0 * SUM({number.sql}) / SUM(SUM({number.sql})) OVER () FROM {entity.sql} "
        f"GROUP BY {field.sql}",
        (f"What percentage of the total {number.phrase} does each {field.phrase} [have|account for|contribute]?",
         f"[Show|Give me] [each|every] {field.phrase}'s share of the total {number.phrase} [of all {entity.nouns} |]in percent.",
         f"share of total {number.phrase} by {field.phrase} in percent"),
    )  # fmt: skip


def share_of_one(draw: Draw) -> Draft:
    """What percentage of all rows meets a condition."""
    entity = draw.entity()
    condition = draw.filter(entity, "category", "flag", "number", "year", "date", "text")
    things = noun_phrase(entity.nouns, condition)
    verb = filters.predicate(condition)
    if not verb:
        raise Unfit
    return Draft(
        f"SELECT 100.0 * SUM(CASE WHEN {condition.where()} THEN 1 ELSE 0 END) / COUNT(*) FROM {entity.sql}",
        (f"What [percentage|percent] of [all |the |]{entity.nouns} {verb}?",
         f"percent of {entity.nouns} that {verb}",
         f"percentage of {things} among all {entity.nouns}"),
        (f"SELECT COUNT(DISTINCT COALESCE({condition.where()}, 0)) > 1 FROM {entity.sql}",),
    )  # fmt: skip


def group_above_average(draw: Draw) -> Draft:
    """Groups that have more rows than the average group: a common table expression."""
    entity = draw.entity()
    field = draw.grouper(entity)
    more = draw.rng.random() < 0.7
    sign, word = (">", "more") if more else ("<", "fewer")
    return Draft(
        f"WITH counts AS (SELECT {field.sql}, COUNT(*) AS n FROM {entity.sql} GROUP BY {field.sql}) "
        f"SELECT {field.sql} FROM counts WHERE n {sign} (SELECT AVG(n) FROM counts)",
        (f"Which {field.phrases} have {word} {entity.nouns} than the average {field.phrase}?",
         f"[List|Show|Find] [the |all ]{field.phrases} with {word} {entity.nouns} than [average|the average {field.phrase}].",
         f"{field.phrases} with {word} {entity.nouns} than average"),
    )  # fmt: skip


def groups_of_value(draw: Draw) -> Draft:
    """The figure of one group that is itself found by a query: rows of the most common value."""
    entity = draw.entity(lambda each: each.of("category"))
    field = draw.pick(each for each in entity.of("category") if not each.nulls and each.distinct > 2)
    if not any(is_askable(value) for value in field.values):
        raise Unfit
    check = tie_free(f"SELECT COUNT(*) AS v FROM {entity.sql} GROUP BY {field.sql}", 1, True)
    inner = f"(SELECT {field.sql} FROM {entity.sql} GROUP BY {field.sql} ORDER BY COUNT(*) DESC LIMIT 1)"
    numbers = entity.of("number")
    if not numbers:
        raise Unfit
    number = draw.pick(numbers)
    function = function_for(number, draw)
    what = aggregate_words(number, function)
    common = f"{entity.nouns} with the most common {field.phrase}"
    if is_setting(field):
        common = f"{entity.nouns} in the {field.phrase} with the most {entity.nouns}"
    return Draft(
        f"SELECT {function}({number.sql}) FROM {entity.sql} WHERE {field.sql} = {inner}",
        (f"What is the {what} of [the |]{common}?", f"[Find|Show] the {what} of [the |]{common}.",
         f"{what} of {common}"),
        (check,),
    )  # fmt: skip
