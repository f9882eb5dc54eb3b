"""Dates as SQLite has them, which are texts: parts, differences, steps, as sqlglot's nodes."""

import calendar
import re

from sqlglot import exp

SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
DIFFERENCE = "INTERVAL_IN_SECONDS"  # stands for the difference of two times, until something is made of it


class Untranslatable(Exception):
    """SQLite has no form that certainly means the same."""


def number(value: int) -> exp.Expression:
    return exp.Literal.number(value)


def part(form: str, value: exp.Expression) -> exp.Expression:
    """A part of a date as a number."""
    return exp.cast(exp.func("STRFTIME", exp.Literal.string(form), undated(value).copy()), "INTEGER")


def quarter(month: exp.Expression) -> exp.Expression:
    return exp.paren(exp.Div(this=exp.paren(month + 2), expression=number(3), typed=True, safe=True))


def undated(node: exp.Expression) -> exp.Expression:
    """A value without the conversion to a date that some dialects imply: SQLite's functions take text."""
    return node.this if isinstance(node, exp.TsOrDsToDate | exp.TimeStrToTime) else node


def is_text_literal(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def is_difference(node: exp.Expression) -> bool:
    inner = node.unnest()
    return isinstance(inner, exp.Anonymous) and inner.name == DIFFERENCE


def difference_part(unit: str, node: exp.Expression) -> exp.Expression:
    """The whole days, or all seconds, of the difference of two times."""
    seconds = node.unnest().expressions[0]
    if unit == "EPOCH":
        return seconds
    if unit != "DAY":
        raise Untranslatable(unit)
    return exp.Div(this=seconds, expression=number(86400), typed=True)


def days_between(end: exp.Expression, start: exp.Expression) -> exp.Expression:
    """Days from one date to another."""
    dates = [exp.func("JULIANDAY", date.copy(), dialect="sqlite") for date in (end, start)]
    return exp.cast(exp.Sub(this=dates[0], expression=dates[1]), "INTEGER")


def seconds_between(end: exp.Expression, start: exp.Expression) -> exp.Expression:
    """Whole seconds from one time to another."""
    return exp.paren(exp.Sub(this=part("%s", end), expression=part("%s", start)))


def count_of(unit: str, date: exp.Expression) -> exp.Expression:
    """How many years, quarters or months a date is after the year 0."""
    year, month = part("%Y", date), part("%m", date)
    if unit == "YEAR":
        return year
    return year * 4 + quarter(month) if unit == "QUARTER" else year * 12 + month


def whole_count(unit: str, date: exp.Expression) -> exp.Expression:
    """A number whose leading digits are the years (or months) of a time, and its last ones what comes after them."""
    if unit == "YEAR":
        return part("%Y%m%d%H%M%S", date)
    return exp.paren(count_of("MONTH", date)) * 10**8 + part("%d%H%M%S", date)


def split_step(step: exp.Expression, unit: exp.Expression | None) -> tuple[exp.Expression, str]:
    """An interval's number and unit: of `'3 hours'` 3 and HOUR. Raises Untranslatable for several units."""
    sign = "-" if isinstance(step, exp.Neg) else ""
    inner = step.this if sign else step
    match = (
        re.fullmatch(r"\s*([+-]?\d+)\s*([A-Za-z]*)\s*", sign + inner.name) if isinstance(inner, exp.Literal) else None
    )
    name = (unit.name if unit is not None else match and match[2]) or ""
    if isinstance(inner, exp.Literal) and not match:
        raise Untranslatable("an interval of several units")
    return (number(int(match[1])) if match else step), name.upper().rstrip("S")


def whole_number(step: exp.Expression) -> int | None:
    """The value of a number that is written out."""
    if isinstance(step, exp.Neg):
        return -int(step.this.name)
    return int(step.name) if isinstance(step, exp.Literal) else None


def shifted(function: str, base: exp.Expression, step: exp.Expression, unit: str, *, is_minus: bool) -> exp.Expression:
    """DATE(d, '-7 DAY'), or DATE(d, -n || ' DAY') where the number is computed."""
    amount, times = whole_number(step), 7 if unit == "WEEK" else 1
    unit = "DAY" if unit == "WEEK" else unit
    if amount is not None:
        modifier: exp.Expression = exp.Literal.string(f"{(-amount if is_minus else amount) * times:+d} {unit}")
    else:
        count = exp.paren(step.copy()) * times if times > 1 else exp.paren(step.copy())
        count = exp.paren(exp.Neg(this=count)) if is_minus else count
        modifier = exp.DPipe(this=count, expression=exp.Literal.string(f" {unit}"))
    return exp.Anonymous(this=function, expressions=[base, modifier])


def months_later(
    base: exp.Expression, step: exp.Expression, months: int, unit: str, is_minus: bool, function: str
) -> exp.Expression:
    """A date some months on, at most the last day of its month: SQLite makes March 3 of February 31."""
    amount = whole_number(step)
    if amount is None:
        raise Untranslatable("a number of months that is computed")
    amount = -amount if is_minus else amount
    plain = f"{amount:+d} YEAR" if unit == "YEAR" else f"{amount * months:+d} MONTH"
    day = re.match(r"\d{4}-\d\d-(\d\d)", base.name) if is_text_literal(base) else None
    if day and int(day[1]) <= min(calendar.mdays[1:]):
        return exp.Anonymous(this=function, expressions=[base, exp.Literal.string(plain)])
    last = ("start of month", f"{amount * months + 1:+d} MONTH", "-1 DAY")
    dates = [
        exp.Anonymous(this="DATE", expressions=[base.copy(), *map(exp.Literal.string, steps)])
        for steps in ((plain,), last)
    ]
    earlier = exp.Anonymous(this="MIN", expressions=dates)
    if function == "DATE":
        return earlier
    clock = exp.Anonymous(this="TIME", expressions=[base.copy()])
    joined = exp.DPipe(this=exp.DPipe(this=earlier, expression=exp.Literal.string(" ")), expression=clock)
    return exp.Anonymous(this="DATETIME", expressions=[joined])
