"""Questions about parts of the calendar: months of one year, ranges of years, decades, weekdays, hours, best years."""

from converters.questions import words
from converters.questions.draft import Draft, Draw, Unfit, conditions, tie_free
from converters.questions.filters import drawn
from converters.questions.kinds import Field
from converters.questions.profile import Entity
from converters.questions.shapes.figures import aggregate_words
from converters.questions.shapes.periods import FORMS, Period, happened, in_period, per_unit, period
from converters.questions.times import decade, happening, year_range

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
CLOCKS = {
    "weekday": ("%w", "[per weekday|on each day of the week|by day of the week]"),
    "month": ("%m", "[per month of the year|by calendar month]"),
    "hour": ("%H", "[per hour of the day|in each hour of the day|by hour of day]"),
}


def amount(draw: Draw, entity: Entity, things: str, chance: float = 0.25) -> tuple[str, str]:
    """What is asked of a period: COUNT(*) or a sum, and its words."""
    numbers = [each for each in entity.of("number") if each.summable]
    if numbers and draw.rng.random() < chance:
        number = draw.pick(numbers)
        return f"SUM({number.sql})", f"{aggregate_words(number, 'SUM')} of {things}"
    return "COUNT(*)", f"number of {things}"


def counts_in_year(draw: Draw) -> Draft:
    """Counts a month of one year, or a day of one month."""
    entity = draw.entity(lambda each: each.of("date"))
    field = draw.field(entity, "date")
    day = str(draw.rng.choice(field.values))
    months = {str(value)[:7] for value in field.values if str(value)[:4] == day[:4]}
    unit = "month" if len(months) > 2 and draw.rng.random() < 0.75 else "day"
    outer, when = ("year", day[:4]) if unit == "month" else ("month", f"{words.MONTHS[int(day[5:7]) - 1]} {day[:4]}")
    found = Period(field, draw.rng)
    found.unit, found.sql = unit, FORMS[unit].format(field.sql)
    condition = None
    if draw.rng.random() < 0.2 and entity.of("category"):
        condition = drawn(entity, draw.field(entity, "category"), draw.rng)
    things = in_period(entity, found)
    if condition:
        things = things.replace(entity.nouns, condition.before + entity.nouns + condition.after, 1)
    value, what = amount(draw, entity, things)
    where = conditions(
        f"{FORMS[outer].format(field.sql)} = '{day[: 4 if unit == 'month' else 7]}'",
        *([condition.where()] if condition else []),
    )
    each = per_unit(found, entity)
    wordings = [
        f"[Show|Give me|List] the {what} {each} in {when}.",
        f"{what} {each} in {when}",
        f"For each {unit} [of|in] {when}, [show|list|give me] the {what}.",
    ]
    if value == "COUNT(*)" and not condition:
        wordings += [
            f"How many {entity.nouns} {happened(entity, found)} {each} in {when}?",
            f"{things} {each} in {when}",
        ]
    if happening(entity, field) == "?":
        wordings = [f"[Show|Give me] the {what} {each}, only for {when}.", f"{what} {each} for {when}"]
    inner = f"FROM {entity.sql}{where} GROUP BY {found.sql}"
    check = f"SELECT COUNT(*) > 1 FROM (SELECT 1 {inner})"
    return Draft(f"SELECT {found.sql}, {value} {inner}", tuple(wordings), (check,))


def counts_in_range(draw: Draw) -> Draft:
    """Counts a year within some years."""
    entity = draw.entity(lambda each: each.of("year", "date"))
    field = draw.field(entity, "year", "date")
    years = sorted({int(str(value)[:4]) for value in field.values})
    if len(years) < 4:
        raise Unfit
    found = Period(field, draw.rng)
    text = field.kind == "date" or field.is_text
    if field.kind == "date":
        found.unit, found.sql = "year", FORMS["year"].format(field.sql)
    quote = (lambda year: f"'{year}'") if text else str
    chosen, kind = (
        draw.rng.choice(years[:-1]),
        draw.rng.choice(["between", "between", "since", "after", "before", "decade"]),
    )
    if kind in ("between", "decade"):
        low, high, _ = year_range(years, chosen, draw.rng) if kind == "between" else decade(chosen)
        where = f"{found.sql} BETWEEN {quote(low)} AND {quote(high)}"
        when = f"[between {low} and {high}|from {low} to {high}]" if kind == "between" else f"in the {low}s"
    else:
        sign, when = {"since": (">=", f"[since {chosen}|from {chosen} on]"), "after": (">", f"after {chosen}"),
                      "before": ("<", f"before {chosen}")}[kind]  # fmt: skip
        where = f"{found.sql} {sign} {quote(chosen)}"
    things = in_period(entity, found)
    value, what = amount(draw, entity, things)
    each, unit = per_unit(found, entity), found.unit
    if happening(entity, field) == "?":
        unit = field.phrase if field.kind == "year" else f"{unit} of the {field.phrase}"
    inner = f"FROM {entity.sql} WHERE {where} GROUP BY {found.sql}"
    more = (f"How many {entity.nouns} {happened(entity, found)} {each} {when}?",) if value == "COUNT(*)" else ()
    return Draft(
        f"SELECT {found.sql}, {value} {inner}",
        (f"[Show|Give me|List] the {what} {each} {when}.", f"{what} {each} {when}",
         f"For each {unit} {when}, [show|list|give me] the {what}.", *more),
        (f"SELECT COUNT(*) > 1 FROM (SELECT 1 {inner})",),
    )  # fmt: skip


def decades(draw: Draw) -> Draft:
    entity = draw.entity(lambda each: each.of("year", "date"))
    field = draw.field(entity, "year", "date")
    years = [int(str(value)[:4]) for value in field.values]
    if len({year // 10 for year in years}) < 3:
        raise Unfit
    number = field.sql if field.kind == "year" and not field.is_text else f"CAST({field.sql} AS INTEGER)"
    if field.kind == "date":
        number = f"CAST(strftime('%Y', {field.sql}) AS INTEGER)"
    start, found = f"{number} / 10 * 10", Period(field, draw.rng)
    value, what = amount(draw, entity, in_period(entity, found))
    of = f" of the {field.phrase}" if happening(entity, field) == "?" else ""
    return Draft(
        f"SELECT {start}, {value} FROM {entity.sql}{conditions(found.known)} GROUP BY {start}",
        (f"[Show|Give me|List] the {what} [per|by|for each|in each] decade{of}.",
         f"{what} [per|by] decade{of}", f"What is the {what} in each decade{of}?"),
    )  # fmt: skip


def clock_of(draw: Draw) -> tuple[Entity, Field, str, str, str]:
    """A table, its date, an expression for the weekday, month or hour, the word for it and the phrase of a group."""
    entity = draw.entity(lambda each: each.of("date"))
    field = draw.field(entity, "date")
    if happening(entity, field) == "?":
        raise Unfit
    hours = {str(value)[11:13] for value in field.values}
    unit = draw.rng.choice(["weekday", "weekday", "month", *(["hour"] * 4 if len(hours) > 2 else [])])
    form, said = CLOCKS[unit]
    return entity, field, f"strftime('{form}', {field.sql})", unit, said


def counts_by_clock(draw: Draw) -> Draft:
    """How many on each weekday, in each hour of the day."""
    entity, field, form, _, each = clock_of(draw)
    things = f"{entity.nouns} {happening(entity, field)}".strip()
    known = f"{field.sql} IS NOT NULL" if field.nulls else ""
    value, what = amount(draw, entity, things)
    asked = (
        [f"How many {entity.nouns} {happened(entity, Period(field, draw.rng))} {each}?"] if value == "COUNT(*)" else []
    )
    return Draft(
        f"SELECT {form}, {value} FROM {entity.sql}{conditions(known)} GROUP BY {form}",
        (*asked, f"[Show|Give me] the {what} {each}.", f"{what} {each}"),
        (f"SELECT COUNT(DISTINCT {form}) > 2 FROM {entity.sql}",),
    )  # fmt: skip


def busiest(draw: Draw) -> Draft:
    """The weekday, month or hour with the most rows, and how many they are."""
    entity, field, form, unit, _ = clock_of(draw)
    things = f"{entity.nouns} {happening(entity, field)}".strip()
    known = conditions(f"{field.sql} IS NOT NULL" if field.nulls else "")
    said = {"weekday": "[weekday|day of the week]", "month": "month of the year", "hour": "hour of the day"}[unit]
    return Draft(
        f"SELECT {form}, COUNT(*) FROM {entity.sql}{known} GROUP BY {form} ORDER BY COUNT(*) DESC LIMIT 1",
        (f"[Which|What] {said} has the most {things}[?|, and how many?]", f"[On|In] which {said} are there the most {things}?".replace("[On|In]", "On" if unit == "weekday" else "In"),
         f"{said} with the most {things}[| and their number]"),
        (tie_free(f"SELECT COUNT(*) AS v FROM {entity.sql}{known} GROUP BY {form}", 1, True),),
    )  # fmt: skip


def figure_over_time(draw: Draw) -> Draft:
    """The average, lowest or highest value of each period."""
    entity, found = period(draw)
    field = draw.field(entity, "number")
    function = draw.rng.choice(["AVG", "AVG", "MIN", "MAX", "MAX"])
    what = aggregate_words(field, function)
    things, each = in_period(entity, found), per_unit(found, entity)
    known = conditions(found.known, f"{field.sql} IS NOT NULL" if field.nulls else "")
    return Draft(
        f"SELECT {found.sql}, {function}({field.sql}) FROM {entity.sql}{known} GROUP BY {found.sql}",
        (f"What is the {what} of [the |]{things} {each}?", f"[Show|Give me|List|Find] the {what} of {things} {each}.",
         f"{what} of {things} {each}", f"How did the {what} of {things} [develop|change] over the {found.unit}s?"),
        (f"SELECT COUNT(DISTINCT {found.sql}) > 2 FROM {entity.sql}",),
        fits=120,
    )  # fmt: skip


def best_period_figure(draw: Draw) -> Draft:
    """The period with the highest or lowest figure, and the figure where the words ask for it."""
    entity, found = period(draw)
    things, high = in_period(entity, found), draw.rng.random() < 0.7
    numbers = entity.of("number")
    if numbers and draw.rng.random() < 0.75:
        field = draw.pick(numbers)
        function = draw.rng.choice(["AVG", "AVG", "AVG", *(["SUM"] if field.summable else [])])
        value, word = f"{function}({field.sql})", field.measure.most if high else field.measure.least
        what = f"{word} {'average' if function == 'AVG' else 'total'} {field.phrase} of {things}"
        known = conditions(found.known, f"{field.sql} IS NOT NULL" if field.nulls else "")
    else:
        value, what, known = "COUNT(*)", f"{'most' if high else 'fewest'} {things}", conditions(found.known)
    tail = f"FROM {entity.sql}{known} GROUP BY {found.sql}"
    asked = found.unit if happening(entity, found.field) != "?" or found.field.kind == "date" else found.field.phrase
    is_figure = value != "COUNT(*)"
    shown = draw.rng.random() < 0.5
    too, also = (", and what was it", ", with that value") if is_figure else (", and how many", ", with the number")
    if not shown:
        too = also = ""
    return Draft(
        f"SELECT {found.sql}{f', {value}' if shown else ''} {tail} ORDER BY {value}{' DESC' if high else ''} LIMIT 1",
        (f"Which {asked} had the {what}{too}?", f"In which {asked} was the {what}{too}?" if is_figure else f"In which {asked} were there the {what}{too}?",
         f"[Find|Show|Give me] the {asked} with the {what}{also}.", f"{asked} with the {what}{also}"),
        (tie_free(f"SELECT {value} AS v {tail}", 1, high), f"SELECT COUNT(*) > 2 FROM (SELECT 1 {tail})"),
    )  # fmt: skip
