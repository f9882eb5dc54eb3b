"""Nodes about dates and times in a form that means the same in SQLite.

    ts + INTERVAL '3 hours'   -> DATETIME(ts, '+3 HOUR')
    order_date - birth_date   -> CAST(JULIANDAY(order_date) - JULIANDAY(birth_date) AS INTEGER)

Each function takes a node and the reading of its text, and gives the node that takes its place, or None where it stays.
Where the right form depends on what is not known, or SQLite has none, Untranslatable is raised.
"""

import re

from sqlglot import exp

from sql.dialects.dates import (
    DIFFERENCE,
    MONTHS,
    SECONDS,
    Untranslatable,
    count_of,
    days_between,
    difference_part,
    is_difference,
    is_text_literal,
    months_later,
    number,
    part,
    quarter,
    seconds_between,
    shifted,
    split_step,
    undated,
    whole_count,
)
from sql.dialects.kinds import DATE, INTEGER, TEXT, TIME
from sql.dialects.reading import Reading

PARTS = {
    "YEAR": "%Y",
    "MONTH": "%m",
    "DAY": "%d",
    "HOUR": "%H",
    "MINUTE": "%M",
    "SECOND": "%S",
    "DOW": "%w",
    "DOY": "%j",
}
STARTS = {"YEAR": "start of year", "MONTH": "start of month", "DAY": "start of day"}
# STRFTIME's codes; any other makes its result NULL, without an error.
KNOWN_FORM = re.compile(r"(?:%[dfHjJmMsSwWY%]|[^%A-Za-z]|T)*")


def date_part(node: exp.Expression, reading: Reading) -> exp.Expression | None:
    """EXTRACT(YEAR FROM d), YEAR(d) and the like as a number."""
    if isinstance(node, exp.Extract):
        unit, value = node.this.name.upper(), node.expression
    else:
        unit, value = type(node).__name__.upper(), node.this
    if is_difference(value):
        return difference_part(unit, value)
    form = PARTS.get("MONTH" if unit == "QUARTER" else unit)
    if not form:
        raise Untranslatable(unit)
    number = part(form, value)
    return quarter(number) if unit == "QUARTER" else number


def arithmetic(node: exp.Add | exp.Sub, reading: Reading) -> exp.Expression | None:
    """Dates and times with something added or taken away; texts joined by `+`."""
    if isinstance(node.expression, exp.Interval):
        return moved(node, reading)
    left, right = reading.kind(node.this), reading.kind(node.expression)
    if isinstance(node, exp.Add) and reading.dialect != "mysql" and are_joined(node, left, right):
        reading.corrects()
        return exp.DPipe(this=node.this, expression=node.expression)
    if left not in (DATE, TIME) or (is_text_literal(node.this) and right not in (DATE, TIME)):
        return None
    reading.corrects()
    if left == DATE and right == INTEGER:
        return shifted("DATE", node.this, node.expression, "DAY", is_minus=isinstance(node, exp.Sub))
    if isinstance(node, exp.Add) or right not in (DATE, TIME) or reading.dialect == "mysql":
        raise Untranslatable("date arithmetic")
    if left == right == DATE:
        return days_between(node.this, node.expression)
    return exp.Anonymous(this=DIFFERENCE, expressions=[seconds_between(node.this, node.expression)])


def moved(node: exp.Expression, reading: Reading) -> exp.Expression:
    """A date or time with an interval added or taken away. The time of day stays; a month ends on its last day."""
    is_minus = isinstance(node, exp.Sub | exp.DateSub | exp.TimestampSub | exp.DatetimeSub)
    step, unit = node.expression, node.args.get("unit")
    if isinstance(step, exp.Interval):
        step, unit = step.this, step.args.get("unit") or unit
    step, name = split_step(step, unit)
    base = undated(node.this)
    kind = TIME if name in SECONDS else reading.kind(base)
    if kind not in (DATE, TIME):
        raise Untranslatable("whether a date has a time of day")
    function = "DATE" if kind == DATE else "DATETIME"
    if name in MONTHS:
        return months_later(base, step, MONTHS[name], name, is_minus, function)
    if name not in ("DAY", "WEEK", *SECONDS):
        raise Untranslatable(name)
    return shifted(function, base, step, name, is_minus=is_minus)


def days_difference(node: exp.DateDiff, reading: Reading) -> exp.Expression:
    """DATEDIFF: how many borders of days, months, ... are between two dates."""
    unit = node.args.get("unit")
    name = unit.name.upper().rstrip("S") if unit is not None else "DAY"
    end, start = undated(node.this), undated(node.expression)
    if reading.dialect in ("mysql", "postgres") and end.name.upper() in (*PARTS, *MONTHS):
        raise Untranslatable("DATEDIFF with three arguments")
    if name == "DAY":
        return days_between(*(date if reading.kind(date) == DATE else exp.func("DATE", date) for date in (end, start)))
    if name in SECONDS:
        hours = [exp.Div(this=part("%s", date), expression=number(SECONDS[name]), typed=True) for date in (end, start)]
        return exp.paren(exp.Sub(this=hours[0], expression=hours[1]))
    if name not in MONTHS:
        raise Untranslatable(name)
    return exp.paren(exp.Sub(this=count_of(name, end), expression=exp.paren(count_of(name, start))))


def time_difference(node: exp.TimestampDiff, reading: Reading) -> exp.Expression:
    """TIMESTAMPDIFF: how many whole units are between two times."""
    name, end, start = node.args["unit"].name.upper(), undated(node.this), undated(node.expression)
    if name in SECONDS or name == "DAY":
        length = SECONDS.get(name, 86400)
        between = seconds_between(end, start)
        return between if length == 1 else exp.Div(this=between, expression=number(length), typed=True)
    if name not in MONTHS:
        raise Untranslatable(name)
    exact = [exp.paren(whole_count(name, date)) for date in (end, start)]
    scale = 10 ** (10 if name == "YEAR" else 8)
    whole = exp.Div(this=exp.paren(exp.Sub(this=exact[0], expression=exact[1])), expression=number(scale), typed=True)
    return whole if name != "QUARTER" else exp.Div(this=exp.paren(whole), expression=number(3), typed=True)


def date_start(node: exp.Expression, reading: Reading) -> exp.Expression | None:
    """DATE_TRUNC('month', d)."""
    unit = node.args.get("unit")
    start = STARTS.get(unit.name.upper()) if unit is not None else None
    return exp.func("DATE", undated(node.this), exp.Literal.string(start)) if start else None


def sqlite_date(node: exp.Date, reading: Reading) -> exp.Expression | None:
    """DATE(d, '-30 days') is SQLite's already; sqlglot would drop what comes after d."""
    more = [each for each in (node.args.get("zone"), *node.expressions) if each is not None]
    return exp.Anonymous(this="DATE", expressions=[node.this, *more]) if more else None


def date_form(node: exp.TimeToStr, reading: Reading) -> None:
    """A date in a form that SQLite does not know, such as the name of its month, is not translated."""
    if not KNOWN_FORM.fullmatch(node.args["format"].name):
        raise Untranslatable("a date's form")


def are_joined(node: exp.Add, left: str, right: str) -> bool:
    """Whether `+` joins texts: one is written out, and is no number. Declared types do not say: many hold numbers."""
    written = [each for side in (node.this, node.expression) for each in (side, side.this, side.expression)]
    words = [each for each in written if is_text_literal(each) and not each.name.strip().isdigit()]
    return bool(words) and {left, right} <= {TEXT, ""}
