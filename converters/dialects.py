"""SQL of other systems as SQLite's: sqlglot's transpiler, and the date functions that it leaves as they were.

    "SELECT YEAR(d) FROM t WHERE d > CURDATE() - INTERVAL 1 YEAR"
    -> "SELECT CAST(STRFTIME('%Y', d) AS INTEGER) FROM t WHERE d > DATE(CURRENT_DATE, '-1 YEAR')"

Nothing is known of a text's dialect: the versions are tried in order, and whoever asks runs them. Not covered: two
tables of one name in two schemas, procedures, UPDATE and DELETE over a JOIN, dates with names of months or days,
percentiles and standard deviations, which SQLite does not have.
"""

import logging
import re
from collections.abc import Iterator
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

SIGNS = {  # what stands in texts of a dialect and in few others: the dialect with most of them is tried first
    "mysql": r"`|\bAUTO_INCREMENT\b|\bENGINE\s*=|\bCURDATE\b|\bENUM\b|\bUNSIGNED\b|\bDATE_(?:ADD|SUB|FORMAT)\b|\\'",
    "postgres": r"::|\b(?:BIG)?SERIAL\b|\bILIKE\b|\[\]|\bJSONB\b|\bSTRING_AGG\b|\bINTERVAL\s*'|\bDATE\s*'|\bEXTRACT\b"
    r"|\bTO_CHAR\b|\bDATE_TRUNC\b|\bCREATE\s+SCHEMA\b",
    "tsql": r"\bTOP\b|\bGETDATE\b|\bIDENTITY\b|\bNVARCHAR\b|\bDATEADD\b|\bISNULL\b|\bDATEPART\b",
    "snowflake": r"\bVARIANT\b|\bQUALIFY\b",
    "bigquery": r"\bINT64\b|\bFLOAT64\b|\bSTRUCT\s*<|\bARRAY\s*<",
}
LONGEST = 50_000  # characters that are parsed
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
# Types whose names SQLite cannot read, or would read as something else than they are.
PLAIN_TYPES = {
    "SERIAL": "INTEGER",
    "BIGSERIAL": "INTEGER",
    "SMALLSERIAL": "INTEGER",
    "ENUM": "TEXT",
    "ENUM8": "TEXT",
    "SET": "TEXT",
}
PLAIN_TYPES |= {"GEOMETRY": "TEXT", "GEOGRAPHY": "TEXT"}
PLAIN_TYPES |= {"ARRAY": "TEXT", "JSON": "TEXT", "JSONB": "TEXT", "MAP": "TEXT", "STRUCT": "TEXT", "NVARCHAR": "TEXT"}

# Of a column: what SQLite has no words for, and no query asks about.
DROPPED = exp.CommentColumnConstraint | exp.OnUpdateColumnConstraint | exp.CharacterSetColumnConstraint
# STRFTIME's codes; any other makes its result NULL, without an error.
KNOWN_FORM = re.compile(r"(?:%[dfHjJmMsSwWY%]|[^%A-Za-z]|T)*")
TIMES = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ, exp.DType.DATETIME)

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot translate is found out by running it


class Version(NamedTuple):
    """A text as SQLite may read it, and the dialect it was taken for."""

    dialect: str
    sql: str


def to_sqlite(sql: str) -> Iterator[Version]:
    """One statement in SQLite's dialect, once for each dialect it can be read as; equal texts once."""
    if len(sql) > LONGEST:
        return
    met = {sql}
    for dialect in sorted(SIGNS, key=lambda name: -len(re.findall(SIGNS[name], sql, re.IGNORECASE))):
        text = transpiled(sql, dialect)
        if text and text not in met:
            met.add(text)
            yield Version(dialect, text)


def transpiled(sql: str, dialect: str) -> str:
    """One statement of `dialect`, or several, in SQLite's; empty where they cannot be read."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
        options = {"dialect": "sqlite", "unsupported_level": ErrorLevel.IGNORE, "comments": False}
        made = [tree.transform(rewritten) for tree in trees]
        return "" if any(map(unreadable, made)) else "; ".join(tree.sql(**options) for tree in made)
    except (SqlglotError, RecursionError, ValueError):
        return ""


def unreadable(tree: exp.Expression) -> bool:
    """Whether a date is to be written in a form that SQLite does not know, such as the name of its month."""
    forms = (node.args["format"].name for node in tree.find_all(exp.TimeToStr))
    return tree.find(exp.ToChar) is not None or not all(map(KNOWN_FORM.fullmatch, forms))


def rewritten(node: exp.Expression) -> exp.Expression:
    """One node of a tree in a form that SQLite has; any other as it is."""
    for kind, rewrite in REWRITES:
        if isinstance(node, kind):
            return rewrite(node) or node
    return node


def column_type(node: exp.DataType) -> exp.Expression | None:
    """A type by a name that SQLite reads."""
    plain = PLAIN_TYPES.get(node.this.name if isinstance(node.this, exp.DataType.Type) else str(node.this).upper())
    return exp.DataType.build(plain, dialect="sqlite") if plain else None


def unqualified(node: exp.Table | exp.Column) -> exp.Expression:
    """`sales.orders` as `orders`: a SQLite file has one schema. Two tables of one name cannot both be made."""
    node.set("db", None)
    node.set("catalog", None)
    return node


def created(node: exp.Create) -> exp.Expression:
    """CREATE without OR REPLACE; one of a table in a schema fails where another schema has a table of that name."""
    table = node.find(exp.Table)
    node.set("replace", False)
    node.set("exists", node.args.get("exists") and not (table and table.db))
    return node


def column_definition(node: exp.ColumnDef) -> exp.Expression:
    """A column without what is DROPPED, and without a default that a function of another system makes."""
    node.set("constraints", [each for each in node.args.get("constraints") or () if not is_dropped(each.args["kind"])])
    return node


def is_dropped(kind: exp.Expression) -> bool:
    return isinstance(kind, DROPPED) or (
        isinstance(kind, exp.DefaultColumnConstraint)
        and isinstance(kind.this, exp.Func)
        and not isinstance(kind.this, exp.CurrentDate | exp.CurrentTime | exp.CurrentTimestamp)
    )


def plain_text(node: exp.National) -> exp.Expression:
    """N'text' as text."""
    return exp.Literal.string(node.this)


def date_part(node: exp.Expression) -> exp.Expression | None:
    """EXTRACT(YEAR FROM d), YEAR(d) and the like as a number."""
    if isinstance(node, exp.Extract):
        unit, value = node.this.name.upper(), node.expression
    else:
        unit, value = type(node).__name__.upper(), node.this
    form = PARTS.get("MONTH" if unit == "QUARTER" else unit)
    if not form:
        return None
    number = exp.cast(exp.func("STRFTIME", exp.Literal.string(form), undated(value)), "INTEGER")
    if unit != "QUARTER":
        return number
    return exp.paren(exp.Div(this=exp.paren(number + 2), expression=exp.Literal.number(3), typed=True, safe=True))


def time_text(node: exp.Cast) -> exp.Expression | None:
    """CAST(d AS TIMESTAMP), of which SQLite would make the number of the year."""
    return exp.Anonymous(this="DATETIME", expressions=[node.this]) if node.to.this in TIMES else None


def undated(node: exp.Expression) -> exp.Expression:
    """A value without the conversion to a date that some dialects imply: SQLite's functions take text."""
    return node.this if isinstance(node, exp.TsOrDsToDate) else node


def moved_date(node: exp.Expression) -> exp.Expression | None:
    """A date with an interval added or taken away, as DATE(d, '-1 YEAR')."""
    sign = "-" if isinstance(node, exp.Sub | exp.DateSub | exp.TimestampSub | exp.DatetimeSub) else "+"
    step = node.expression
    unit = node.args.get("unit")
    if isinstance(step, exp.Interval):
        step, unit = step.this, step.args.get("unit") or unit
    elif isinstance(node, exp.Add | exp.Sub):
        return None
    found = re.fullmatch(
        r"\s*([+-]?\d+)\s*([A-Za-z]*)\s*", step.name if not isinstance(step, exp.Neg) else f"-{step.this.name}"
    )
    name = (unit.name if unit is not None else found and found[2]) or ""
    if not found or not name:
        return None
    return exp.func(
        "DATE", undated(node.this), exp.Literal.string(modifier(sign, int(found[1]), name.upper().rstrip("S")))
    )


def modifier(sign: str, number: int, unit: str) -> str:
    """SQLite's modifier for so many units; it knows neither weeks nor quarters."""
    amount = number if sign == "+" else -number
    days, months = {"WEEK": 7}.get(unit), {"QUARTER": 3}.get(unit)
    if days:
        return f"{amount * days:+d} DAY"
    return f"{amount * months:+d} MONTH" if months else f"{amount:+d} {unit}"


def date_start(node: exp.Expression) -> exp.Expression | None:
    """DATE_TRUNC('month', d)."""
    unit = node.args.get("unit")
    start = STARTS.get(unit.name.upper()) if unit is not None else None
    return exp.func("DATE", undated(node.this), exp.Literal.string(start)) if start else None


def text_end(node: exp.Expression) -> exp.Expression:
    """LEFT(a, n) and RIGHT(a, n) as SUBSTR."""
    length = node.expression
    if isinstance(node, exp.Left):
        return exp.func("SUBSTR", node.this, exp.Literal.number(1), length)
    return exp.func("SUBSTR", node.this, exp.Neg(this=length))


def array_text(node: exp.Array) -> exp.Expression:
    """ARRAY['a', 'b'] as the text of a JSON array."""
    return exp.func("JSON_ARRAY", *node.expressions)


def now(node: exp.Anonymous) -> exp.Expression | None:
    """NOW() and GETDATE(), where sqlglot leaves them."""
    return exp.CurrentTimestamp() if node.name.upper() in ("NOW", "GETDATE", "SYSDATE") else None


REWRITES = (
    (exp.DataType, column_type),
    (exp.Table | exp.Column, unqualified),
    (exp.Create, created),
    (exp.ColumnDef, column_definition),
    (exp.National, plain_text),
    (exp.Cast, time_text),
    (exp.Extract | exp.Year | exp.Quarter | exp.Month | exp.Day, date_part),
    (exp.Add | exp.Sub | exp.DateAdd | exp.DateSub | exp.TimestampAdd | exp.TimestampSub | exp.DatetimeAdd, moved_date),
    (exp.DateTrunc | exp.TimestampTrunc, date_start),
    (exp.Left | exp.Right, text_end),
    (exp.Array, array_text),
    (exp.Anonymous, now),
)
