"""Windows, each with the quantity that it is made of: running totals, moving averages, changes, ranks in a group.

WITH counts AS (SELECT year, COUNT(*) AS n FROM t GROUP BY year) SELECT year, n, SUM(n) OVER (ORDER BY year) FROM counts
"""

from converters.questions.draft import Draft, Draw, Unfit, answer, conditions, extreme
from converters.questions.filters import noun_phrase
from converters.questions.shapes.figures import aggregate_words
from converters.questions.shapes.groups import is_setting, per
from converters.questions.shapes.periods import in_period, per_unit, period

MANY = 400  # rows of a list with a rank


class Series:
    """A number a period: `inner` selects it as n; `what`: its words; `unit`: the period's; `by`: its column's name."""

    def __init__(self, draw: Draw) -> None:
        self.entity, self.found = period(draw)
        entity, found = self.entity, self.found
        numbers = [each for each in entity.of("number") if each.summable]
        part = [each for each in entity.of("category") if each.name != found.field.name]
        condition = draw.filter(entity, "category") if part and draw.rng.random() < 0.15 else None
        things = in_period(entity, found)
        if condition:
            things = noun_phrase(things, condition)
        self.what, value = f"number of {things}", "COUNT(*)"
        if numbers and draw.rng.random() < 0.3:
            number = draw.pick(numbers)
            self.what, value = f"{aggregate_words(number, 'SUM')} of {things}", f"SUM({number.sql})"
        self.things, self.unit, self.counts = things, found.unit, value == "COUNT(*)"
        self.by = found.sql if found.sql == found.field.sql else found.unit
        shown = found.sql if self.by == found.sql else f"{found.sql} AS {self.by}"
        where = conditions(*([condition.where()] if condition else []), found.known)
        self.inner = f"SELECT {shown}, {value} AS n FROM {entity.sql}{where} GROUP BY {found.sql}"

    def select(self, window: str) -> str:
        return f"WITH counts AS ({self.inner}) SELECT {self.by}, n, {window} FROM counts"

    def longer_than(self, count: int) -> tuple[str, ...]:
        return (f"SELECT COUNT(*) > {count} FROM ({self.inner})",)


def running_total(draw: Draw) -> Draft:
    found = Series(draw)
    unit, what = found.unit, found.what
    wordings = [
        f"[Determine|Show|Calculate|Give me] the cumulative {what} over the {unit}s.",
        f"[Show|Give me|Calculate|Determine] the [running total|cumulative total] of the {what} {per_unit(found.found, found.entity)}.",
        f"[running total|cumulative sum] of the {what} [by|per] {unit}",
        f"How does the {what} add up over the {unit}s?",
        f"[Show|List] the {what} {per_unit(found.found, found.entity)} and the [running|cumulative] total.",
    ]
    if found.counts:
        wordings[0] = (
            f"[Determine|Show|Calculate|Find] the cumulative [count|number|number] of {found.things} over the {unit}s."
        )
        wordings.append(f"cumulative number of {found.things} [by|per] {unit}")
    return Draft(found.select(f"SUM(n) OVER (ORDER BY {found.by})"), tuple(wordings), found.longer_than(2), fits=200)


def moving_average(draw: Draw) -> Draft:
    """The mean of the last periods."""
    found, count = Series(draw), draw.rng.choice([2, 3, 3, 3, 4, 5, 7])
    unit, what = found.unit, found.what
    window = f"AVG(n) OVER (ORDER BY {found.by} ROWS BETWEEN {count - 1} PRECEDING AND CURRENT ROW)"
    return Draft(
        found.select(window),
        (f"[Calculate|Show|Find|Give me] [a|the] moving average of the {what} over a {count}-{unit} period.",
         f"[Calculate|Show|Give me] the {count}-{unit} [moving|rolling] average of the {what}.",
         f"{count}-{unit} moving average of the {what}",
         f"What is the [moving|rolling] average of the {what} over the last {count} {unit}s, for each {unit}?",
         f"[Show|Give me] the {what} {per_unit(found.found, found.entity)} with a moving average over {count} {unit}s."),
        found.longer_than(count),
        fits=200,
    )  # fmt: skip


def change_over_time(draw: Draw) -> Draft:
    """The difference from the period before: in numbers, in percent, or that period's number itself."""
    found, kind = Series(draw), draw.rng.choice(["number", "number", "percent", "before"])
    unit, what, lag = found.unit, found.what, f"LAG(n) OVER (ORDER BY {found.by})"
    window = {"number": f"n - {lag}", "percent": f"100.0 * (n - {lag}) / {lag}", "before": lag}[kind]
    each = per_unit(found.found, found.entity)
    wordings = {
        "number": (
            f"How did the {what} change from {unit} to {unit}?",
            f"[Show|Give me|List] the {what} {each} and the [change|difference] from the [previous {unit}|{unit} before].",
            f"{unit}-over-{unit} change in the {what}",
            f"[Calculate|Show] the change in the {what} compared to the previous {unit}.",
        ),
        "percent": (
            f"By what percentage did the {what} change from {unit} to {unit}?",
            f"[Show|Calculate|Give me] the {unit}-over-{unit} growth of the {what} in percent.",
            f"[percentage change|percent growth] of the {what} [per|by] {unit}",
        ),
        "before": (
            f"[Show|List|Give me] the {what} {each} [next to|together with] that of the previous {unit}.",
            f"Compare the {what} of each {unit} with [that of |]the {unit} before.",
        ),
    }
    return Draft(found.select(window), wordings[kind], found.longer_than(2), fits=200)


def running_total_of_groups(draw: Draw) -> Draft:
    """A running total within each group."""
    entity, found = period(draw)
    group = draw.grouper(entity, few=True, but=[found.field])
    shown = found.sql if found.sql == found.field.sql else f"{found.sql} AS {found.unit}"
    by = found.sql if found.sql == found.field.sql else found.unit
    inner = f"SELECT {group.sql}, {shown}, COUNT(*) AS n FROM {entity.sql}{conditions(found.known)} GROUP BY {group.sql}, {found.sql}"
    things = in_period(entity, found)
    return Draft(
        f"WITH counts AS ({inner}) SELECT {group.sql}, {by}, n, SUM(n) OVER (PARTITION BY {group.sql} ORDER BY {by}) "
        "FROM counts",
        (f"[Show|Determine|Calculate] the cumulative number of {things} over the {found.unit}s for each {group.phrase}.",
         f"[running total|cumulative number] of {things} per {found.unit} within each {group.phrase}",
         f"For each {group.phrase}, [show|give me] the running total of {things} per {found.unit}."),
        (f"SELECT COUNT(*) > 3 FROM ({inner})",),
        fits=MANY,
    )  # fmt: skip


def top_per_group(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: each.of("number") and each.rows >= 8)
    field, high = draw.field(entity, "number"), draw.rng.random() < 0.75
    group = draw.grouper(entity, few=draw.rng.random() < 0.7)
    count, ranked = draw.rng.choice([1, 1, 2, 3, 3, 3, 5]), draw.rng.random() < 0.3
    if group.name == field.name:
        raise Unfit
    found = answer(entity)
    known = f" WHERE {field.sql} IS NOT NULL" if field.nulls and not high else ""
    columns = f"{found.columns}, {group.sql}, {field.sql}"
    inner = (
        f"SELECT {columns}, {{}}() OVER (PARTITION BY {group.sql} ORDER BY {field.sql}{' DESC' if high else ''}) "
        f"AS place FROM {entity.sql}{known}"
    )
    compare = "= 1" if count == 1 else f"<= {count}"
    check = (f"SELECT (SELECT COUNT(*) FROM ({inner.format('RANK')}) WHERE place {compare}) = "
             f"(SELECT COUNT(*) FROM ({inner.format('ROW_NUMBER')}) WHERE place {compare})",)  # fmt: skip
    thing = draw.rng.choice(extreme(entity, field, high, count))
    if ranked and count > 1:
        first = "" if high else ", lowest first,"
        return Draft(
            f"WITH ranked AS ({inner.format('RANK')}) SELECT {columns}, place FROM ranked WHERE place {compare}",
            (f"Rank [the |]{entity.nouns} by {field.phrase} within each {group.phrase}{first} and [return|show|keep] the top {count}.",
             f"[Show|Find] the top {count} {entity.nouns} by {field.phrase} within each {group.phrase}{first} with their rank.",
             f"Rank [the |]{entity.nouns} of each {group.phrase} by {field.phrase}{first} and show the first {count} with the rank."),
            check, fits=MANY,
        )  # fmt: skip
    each = f"[in|for|within] each {group.phrase}" if is_setting(group) else f"[for|of|within] each {group.phrase}"
    wordings = [
        f"[Show|List|Find|Give me] the {thing} {each}.",
        f"{thing} per {group.phrase}",
        f"For each {group.phrase}, [find|show|list] the {thing}[|. Show the {found.one}, the {group.phrase} and the {field.phrase}].",
        f"What {'is' if count == 1 else 'are'} the {thing} {each}?",
    ]
    if high and count > 1:
        wordings += [f"[Show|Find] the top {count} {entity.nouns} by {field.phrase} {each}."] * 2
    return Draft(
        f"WITH ranked AS ({inner.format('ROW_NUMBER')}) SELECT {columns} FROM ranked WHERE place {compare}",
        tuple(wordings), check, fits=MANY,
    )  # fmt: skip


def rank_in_group(draw: Draw) -> Draft:
    """Everything with its rank in its group."""
    entity = draw.entity(lambda each: each.of("number") and each.rows >= 8)
    field, high = draw.field(entity, "number"), draw.rng.random() < 0.8
    group = draw.grouper(entity)
    if group.name == field.name or field.nulls:
        raise Unfit
    found, order = answer(entity), f"{field.sql}{' DESC' if high else ''}"
    first = "[|, highest first]" if high else ", lowest first"
    return Draft(
        f"SELECT {found.columns}, {group.sql}, {field.sql}, RANK() OVER (PARTITION BY {group.sql} ORDER BY {order}) "
        f"FROM {entity.sql}",
        (f"Rank [the |all |]{entity.nouns} by {field.phrase} within each {group.phrase}{first}.",
         f"For each {group.phrase}, rank the {entity.nouns} by {field.phrase}{first}.",
         f"What is the rank of each {entity.noun} by {field.phrase} within its {group.phrase}{first}?",
         f"rank of {entity.nouns} by {field.phrase} per {group.phrase}{first}"),
        fits=MANY,
    )  # fmt: skip


def ranking(draw: Draw) -> Draft:
    """Everything with its value and rank."""
    entity = draw.entity(lambda each: each.of("number"))
    field = draw.field(entity, "number")
    condition = draw.filter(entity, "category", "flag", "text", but=[field]) if entity.rows > 20 else None
    if field.nulls:
        raise Unfit
    things = noun_phrase(entity.nouns, condition) if condition else entity.nouns
    found = answer(entity)
    where = conditions(*([condition.where()] if condition else []))
    return Draft(
        f"SELECT {found.columns}, {field.sql}, RANK() OVER (ORDER BY {field.sql} DESC) FROM {entity.sql}{where}",
        (f"Rank [the |all |]{things} by {field.phrase}[, highest first|]. [|Show the {found.one} and the rank.]",
         f"What rank does each of the {things} have by {field.phrase}?[| Show the {found.one} and the rank.]",
         f"{found.one} and rank of {things} by {field.phrase}, highest first"),
        fits=MANY,
    )  # fmt: skip


def rank_of_groups(draw: Draw) -> Draft:
    """The groups with their figure and rank."""
    entity = draw.entity()
    field = draw.grouper(entity)
    numbers = [each for each in entity.of("number") if each.name != field.name]
    value, what = "COUNT(*)", f"number of {entity.nouns}"
    if numbers and draw.rng.random() < 0.4:
        number = draw.pick(numbers)
        value, what = f"AVG({number.sql})", f"average {number.phrase}"
    return Draft(
        f"SELECT {field.sql}, {value}, RANK() OVER (ORDER BY {value} DESC) FROM {entity.sql} GROUP BY {field.sql}",
        (f"Rank the {field.phrases} by [the |their |]{what}[, highest first|].",
         f"What rank does each {field.phrase} have by {what}?", f"rank of each {field.phrase} by {what}"),
        (f"SELECT COUNT(DISTINCT {field.sql}) > 2 FROM {entity.sql}",),
    )  # fmt: skip


def share_beside_count(draw: Draw) -> Draft:
    """How many rows each group has, and what percentage of all that is."""
    entity = draw.entity()
    field = draw.grouper(entity)
    return Draft(
        f"SELECT {field.sql}, COUNT(*), 100.0 * COUNT(*) / (SELECT COUNT(*) FROM {entity.sql}) FROM {entity.sql} "
        f"GROUP BY {field.sql}",
        (f"[Show|Give me] the number of {entity.nouns} {per(field)} and [their|the] [share|percentage] of [the total|all {entity.nouns}].",
         f"How many {entity.nouns} are there {per(field)}, and what percentage of [the total|all] is that?",
         f"[breakdown|distribution] of {entity.nouns} by {field.phrase} with [counts and percentages|count and share in percent]"),
    )  # fmt: skip


def against_group_average(draw: Draw) -> Draft:
    """Each thing's value next to the average of its group, or the difference."""
    entity = draw.entity(lambda each: each.of("number") and each.rows >= 8)
    field, group = draw.field(entity, "number"), draw.grouper(entity)
    if group.name == field.name or field.nulls:
        raise Unfit
    found, differs = answer(entity), draw.rng.random() < 0.5
    mean = f"AVG({field.sql}) OVER (PARTITION BY {group.sql})"
    shown = f"{field.sql} - {mean}" if differs else mean
    average = f"the average [{field.phrase} |]of its {group.phrase}"
    wordings = (
        (f"How much does the {field.phrase} of each {entity.noun} differ from {average}?",
         f"difference between each {entity.noun}'s {field.phrase} and {average}")
        if differs
        else (f"[Show|List|Compare] each {entity.noun}'s {field.phrase} [and|with|next to] {average}.",
              f"{entity.nouns} with their {field.phrase} and the average {field.phrase} of their {group.phrase}")
    )  # fmt: skip
    return Draft(f"SELECT {found.columns}, {group.sql}, {field.sql}, {shown} FROM {entity.sql}", wordings, fits=MANY)
