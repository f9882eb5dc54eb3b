"""Nodes of a sqlglot tree in a form that means the same in SQLite: dates, casts, divisions, texts, types.

    ts + INTERVAL '3 hours'      -> DATETIME(ts, '+3 HOUR')
    order_date - birth_date      -> CAST(JULIANDAY(order_date) - JULIANDAY(birth_date) AS INTEGER)
    CAST(price AS DECIMAL(9, 1)) -> ROUND(price, 1)

SQLite has no dates, and runs many expressions of other systems in another sense. A rewrite that corrects such a sense
sets `misread`. Where the right form depends on what is not known, or SQLite has none, Untranslatable is raised.
"""

import re
from collections.abc import Callable, Mapping

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
from sql.dialects.kinds import BOOLEAN, DATE, DECIMAL, INTEGER, REAL, TEXT, TIME, kind_of_type

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
PLAIN_TYPES = dict.fromkeys(("SERIAL", "BIGSERIAL", "SMALLSERIAL"), "INTEGER") | dict.fromkeys(
    ("ENUM", "ENUM8", "SET", "GEOMETRY", "GEOGRAPHY", "ARRAY", "JSON", "JSONB", "MAP", "STRUCT", "NVARCHAR"), "TEXT"
)
# Of a column: what SQLite has no words for, and no query asks about.
DROPPED = exp.CommentColumnConstraint | exp.OnUpdateColumnConstraint | exp.CharacterSetColumnConstraint
REFUSED = exp.Pivot | exp.TableSample | exp.IgnoreNulls | exp.RespectNulls | exp.ToChar | exp.LimitOptions
# STRFTIME's codes; any other makes its result NULL, without an error.
KNOWN_FORM = re.compile(r"(?:%[dfHjJmMsSwWY%]|[^%A-Za-z]|T)*")
TIMES = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME)
TRUE, FALSE = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
REAL_DIVISION = ("mysql", "snowflake", "bigquery")  # 1 / 2 is 0.5
CUTTING_CASTS = ("tsql",)  # CAST(2.7 AS INT) is 2


class Rewriter:
    """Rewrites the trees of one text. `kinds`: what columns hold; `is_sure`: that the text is of this dialect."""

    def __init__(self, dialect: str, kinds: Mapping[str, str], is_sure: bool = True) -> None:
        self.dialect, self.kinds, self.is_sure = dialect, kinds, is_sure
        self.misread = False

    def rewrite(self, node: exp.Expression) -> exp.Expression:
        """A node with all below it, from the leaves up. Raises Untranslatable."""
        for child in list(node.iter_expressions()):
            changed = self.rewrite(child)
            if changed is not child:
                child.replace(changed)
        for kinds, rewrite in REWRITES:
            if isinstance(node, kinds):
                changed = rewrite(self, node)
                if changed is not None:
                    return changed
        return node

    def corrects(self) -> None:
        """Note that SQLite would run the original, in another sense."""
        self.misread = True

    def refuse(self, node: exp.Expression) -> None:
        """Clauses that sqlglot drops without an error, and forms that SQLite does not have."""
        options = node if isinstance(node, exp.LimitOptions) else None
        if options is None or options.args.get("percent") or options.args.get("with_ties"):
            raise Untranslatable(type(node).__name__)

    def kind(self, node: exp.Expression | None) -> str:
        """What an expression gives; empty where that is not known."""
        if isinstance(node, exp.Column):
            return self.kinds.get(node.name.lower(), "")
        if isinstance(node, exp.Literal):
            return literal_kind(node)
        if isinstance(node, exp.Anonymous):
            return {"DATE": DATE, "MIN": DATE, "DATETIME": TIME}.get(
                node.name.upper(), ""
            )  # MIN is that of months_later
        if isinstance(node, exp.Cast):
            return kind_of_type(node.to.this.name if isinstance(node.to.this, exp.DType) else str(node.to.this))
        if isinstance(node, exp.Subquery):
            selects = node.this.selects if isinstance(node.this, exp.Query) else ()
            return self.kind(selects[0]) if len(selects) == 1 else ""
        if isinstance(node, exp.Paren | exp.Alias | exp.Max | exp.Min | exp.Coalesce | exp.Neg | exp.Sum | exp.Abs):
            return self.kind(node.this)
        for kinds, kind in KINDS:
            if isinstance(node, kinds):
                return kind
        return ""

    # dates

    def date_part(self, node: exp.Expression) -> exp.Expression | None:
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

    def arithmetic(self, node: exp.Add | exp.Sub) -> exp.Expression | None:
        """Dates and times with something added or taken away; texts joined by `+`."""
        if isinstance(node.expression, exp.Interval):
            return self.moved(node)
        left, right = self.kind(node.this), self.kind(node.expression)
        if isinstance(node, exp.Add) and self.dialect != "mysql" and are_joined(node, left, right):
            self.corrects()
            return exp.DPipe(this=node.this, expression=node.expression)
        if left not in (DATE, TIME) or (is_text_literal(node.this) and right not in (DATE, TIME)):
            return None
        self.corrects()
        if left == DATE and right == INTEGER:
            return shifted("DATE", node.this, node.expression, "DAY", is_minus=isinstance(node, exp.Sub))
        if isinstance(node, exp.Add) or right not in (DATE, TIME) or self.dialect == "mysql":
            raise Untranslatable("date arithmetic")
        if left == right == DATE:
            return days_between(node.this, node.expression)
        return exp.Anonymous(this=DIFFERENCE, expressions=[seconds_between(node.this, node.expression)])

    def moved(self, node: exp.Expression) -> exp.Expression:
        """A date or time with an interval added or taken away. The time of day stays; a month ends on its last day."""
        is_minus = isinstance(node, exp.Sub | exp.DateSub | exp.TimestampSub | exp.DatetimeSub)
        step, unit = node.expression, node.args.get("unit")
        if isinstance(step, exp.Interval):
            step, unit = step.this, step.args.get("unit") or unit
        step, name = split_step(step, unit)
        base = undated(node.this)
        kind = TIME if name in SECONDS else self.kind(base)
        if kind not in (DATE, TIME):
            raise Untranslatable("whether a date has a time of day")
        function = "DATE" if kind == DATE else "DATETIME"
        if name in MONTHS:
            return months_later(base, step, MONTHS[name], name, is_minus, function)
        if name not in ("DAY", "WEEK", *SECONDS):
            raise Untranslatable(name)
        return shifted(function, base, step, name, is_minus=is_minus)

    def days_difference(self, node: exp.DateDiff) -> exp.Expression:
        """DATEDIFF: how many borders of days, months, ... are between two dates."""
        unit = node.args.get("unit")
        name = unit.name.upper().rstrip("S") if unit is not None else "DAY"
        end, start = undated(node.this), undated(node.expression)
        if self.dialect in ("mysql", "postgres") and end.name.upper() in (*PARTS, *MONTHS):
            raise Untranslatable("DATEDIFF with three arguments")
        if name == "DAY":
            return days_between(*(date if self.kind(date) == DATE else exp.func("DATE", date) for date in (end, start)))
        if name in SECONDS:
            hours = [
                exp.Div(this=part("%s", date), expression=number(SECONDS[name]), typed=True) for date in (end, start)
            ]
            return exp.paren(exp.Sub(this=hours[0], expression=hours[1]))
        if name not in MONTHS:
            raise Untranslatable(name)
        return exp.paren(exp.Sub(this=count_of(name, end), expression=exp.paren(count_of(name, start))))

    def time_difference(self, node: exp.TimestampDiff) -> exp.Expression:
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
        whole = exp.Div(
            this=exp.paren(exp.Sub(this=exact[0], expression=exact[1])), expression=number(scale), typed=True
        )
        return whole if name != "QUARTER" else exp.Div(this=exp.paren(whole), expression=number(3), typed=True)

    def date_start(self, node: exp.Expression) -> exp.Expression | None:
        """DATE_TRUNC('month', d)."""
        unit = node.args.get("unit")
        start = STARTS.get(unit.name.upper()) if unit is not None else None
        return exp.func("DATE", undated(node.this), exp.Literal.string(start)) if start else None

    def date(self, node: exp.Date) -> exp.Expression | None:
        """DATE(d, '-30 days') is SQLite's already; sqlglot would drop what comes after d."""
        more = [each for each in (node.args.get("zone"), *node.expressions) if each is not None]
        return exp.Anonymous(this="DATE", expressions=[node.this, *more]) if more else None

    def form(self, node: exp.TimeToStr) -> None:
        """A date in a form that SQLite does not know, such as the name of its month, is not translated."""
        if not KNOWN_FORM.fullmatch(node.args["format"].name):
            raise Untranslatable("a date's form")

    # casts, numbers and texts

    def cast(self, node: exp.Cast) -> exp.Expression | None:
        """A cast as other systems do it: rounded, cut to a length, with a time of day."""
        target, size = node.to.this, [each.this for each in node.to.expressions]
        if target in TIMES:
            self.corrects()
            return exp.Anonymous(this="DATETIME", expressions=[node.this])
        if target in (exp.DType.DATE, exp.DType.TIME):
            self.corrects()
            return (
                exp.func("DATE", node.this)
                if target == exp.DType.DATE
                else exp.Anonymous(this="TIME", expressions=[node.this])
            )
        if target == exp.DType.DECIMAL:
            self.corrects()
            return self.decimal(node.this, size)
        if target in exp.DataType.INTEGER_TYPES:
            return self.whole(node)
        if target in exp.DataType.TEXT_TYPES and size and size[0].is_number:
            return self.cut(node, size[0])
        if target == exp.DType.BOOLEAN and self.kind(node.this) not in (INTEGER, BOOLEAN):
            raise Untranslatable("a text as a boolean")
        return None

    def decimal(self, value: exp.Expression, size: list[exp.Expression]) -> exp.Expression:
        """A DECIMAL, which is no whole number in a division, rounded to its digits."""
        if not size and self.dialect != "mysql":
            return exp.cast(value, "REAL")
        return exp.func("ROUND", value, *(size[1:] or ()))

    def whole(self, node: exp.Cast) -> exp.Expression | None:
        """A cast to INTEGER: SQLite cuts where most systems round."""
        if self.dialect in CUTTING_CASTS or not self.is_sure or self.kind(node.this) not in ("", REAL, DECIMAL):
            return None
        if isinstance(node.this, exp.Round | exp.Floor | exp.Ceil | exp.Count):
            return None
        self.corrects()
        return exp.cast(exp.func("ROUND", node.this), "INTEGER")

    def cut(self, node: exp.Cast, size: exp.Expression) -> exp.Expression:
        """A text of at most so many characters."""
        text = exp.cast(node.this, "TEXT")
        if self.kind(node.this) == INTEGER and int(size.name) > 10:
            return text
        self.corrects()
        return exp.func("SUBSTR", text, number(1), size.copy())

    def division(self, node: exp.Div) -> exp.Expression | None:
        """A division that keeps its fraction, where other systems keep it and SQLite would not."""
        kinds = {self.kind(node.this), self.kind(node.expression)}
        is_real = REAL in kinds or any(isinstance(each, exp.Avg) for each in (node.this, node.expression))
        if is_real or not (DECIMAL in kinds or (self.is_sure and self.dialect in REAL_DIVISION)):
            return None
        self.corrects()
        return exp.Div(this=exp.cast(node.this, "REAL"), expression=node.expression, typed=True)

    def round(self, node: exp.Round) -> exp.Expression | None:
        """ROUND(x, -1): SQLite takes a negative number of digits for 0."""
        digits = node.args.get("decimals")
        if not isinstance(digits, exp.Neg):
            return None
        self.corrects()
        scale = 10 ** int(digits.this.name)
        tens = exp.func(
            "ROUND", exp.Div(this=exp.paren(node.this), expression=exp.Literal.number(f"{scale}.0"), typed=True)
        )
        return exp.paren(exp.Mul(this=tens, expression=number(scale)))

    def like(self, node: exp.Like | exp.ILike) -> exp.Expression | None:
        r"""LIKE '50\%': SQLite has no escape unless one is named."""
        if isinstance(node.parent, exp.Escape) or not (
            is_text_literal(node.expression) and "\\" in node.expression.name
        ):
            return None
        self.corrects()
        return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))

    def comparison(self, node: exp.Binary | exp.In) -> None:
        """A boolean compared with 'true' or 'false'."""
        sides = [node.this, node.expression] if isinstance(node, exp.Binary) else [node.this, *node.expressions]
        if BOOLEAN not in [self.kind(each) for each in sides]:
            return
        for side in sides:
            if is_text_literal(side) and side.name.lower() in TRUE + FALSE:
                self.corrects()
                side.replace(exp.Boolean(this=side.name.lower() in TRUE))

    def text_end(self, node: exp.Expression) -> exp.Expression:
        """LEFT(a, n) and RIGHT(a, n) as SUBSTR."""
        if isinstance(node, exp.Left):
            return exp.func("SUBSTR", node.this, number(1), node.expression)
        return exp.func("SUBSTR", node.this, exp.Neg(this=node.expression))

    def plain_text(self, node: exp.National) -> exp.Expression:
        """N'text' as text."""
        return exp.Literal.string(node.this)

    def array_text(self, node: exp.Array) -> exp.Expression:
        """ARRAY['a', 'b'] as the text of a JSON array."""
        return exp.func("JSON_ARRAY", *node.expressions)

    def now(self, node: exp.Anonymous) -> exp.Expression | None:
        """NOW() and GETDATE(), where sqlglot leaves them."""
        return exp.CurrentTimestamp() if node.name.upper() in ("NOW", "GETDATE", "SYSDATE") else None

    # tables

    def column_type(self, node: exp.DataType) -> exp.Expression | None:
        """A type by a name that SQLite reads."""
        plain = PLAIN_TYPES.get(node.this.name if isinstance(node.this, exp.DataType.Type) else str(node.this).upper())
        return exp.DataType.build(plain, dialect="sqlite") if plain else None

    def unqualified(self, node: exp.Table | exp.Column) -> None:
        """`sales.orders` as `orders`: a SQLite file has one schema. Two tables of one name cannot both be made."""
        node.meta["has_schema"] = bool(node.args.get("db"))
        node.set("db", None)
        node.set("catalog", None)

    def created(self, node: exp.Create) -> None:
        """CREATE without OR REPLACE; one of a table in a schema fails where another schema has a table of that name."""
        node.set("replace", False)
        table = node.find(exp.Table)
        node.set("exists", node.args.get("exists") and not (table and table.meta.get("has_schema")))

    def column_definition(self, node: exp.ColumnDef) -> None:
        """A column without what is DROPPED, and without a default that a function of another system makes."""
        constraints = node.args.get("constraints") or ()
        node.set("constraints", [each for each in constraints if not is_dropped(each.args["kind"])])


def literal_kind(node: exp.Literal) -> str:
    """What a literal gives: a text that looks like a date counts as one."""
    if not node.is_string:
        return INTEGER if node.name.isdigit() else REAL
    if re.fullmatch(r"\d{4}-\d\d-\d\d", node.name):
        return DATE
    return TIME if re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*", node.name) else TEXT


def are_joined(node: exp.Add, left: str, right: str) -> bool:
    """Whether `+` joins texts: one is written out, and is no number. Declared types do not say: many hold numbers."""
    written = [each for side in (node.this, node.expression) for each in (side, side.this, side.expression)]
    words = [each for each in written if is_text_literal(each) and not each.name.strip().isdigit()]
    return bool(words) and {left, right} <= {TEXT, ""}


def is_dropped(kind: exp.Expression) -> bool:
    return isinstance(kind, DROPPED) or (
        isinstance(kind, exp.DefaultColumnConstraint)
        and isinstance(kind.this, exp.Func)
        and not isinstance(kind.this, exp.CurrentDate | exp.CurrentTime | exp.CurrentTimestamp)
    )


KINDS = (
    (exp.CurrentDate | exp.Date | exp.TsOrDsToDate, DATE),
    (exp.CurrentTimestamp | exp.TimeStrToTime | exp.DateTrunc | exp.TimestampTrunc, TIME),
    (exp.Count | exp.Length, INTEGER),
    (exp.Avg | exp.Round, REAL),
    (exp.DPipe | exp.Concat | exp.Upper | exp.Lower | exp.Substring | exp.Trim, TEXT),
    (exp.Boolean, BOOLEAN),
)
REWRITES: tuple[tuple[type, Callable], ...] = (
    (REFUSED, Rewriter.refuse),
    (exp.DataType, Rewriter.column_type),
    (exp.Table | exp.Column, Rewriter.unqualified),
    (exp.Create, Rewriter.created),
    (exp.ColumnDef, Rewriter.column_definition),
    (exp.National, Rewriter.plain_text),
    (exp.Cast, Rewriter.cast),
    (
        exp.Extract | exp.Year | exp.Quarter | exp.Month | exp.Day | exp.Hour | exp.Minute | exp.Second,
        Rewriter.date_part,
    ),
    (exp.Add | exp.Sub, Rewriter.arithmetic),
    (
        exp.DateAdd | exp.DateSub | exp.TimestampAdd | exp.TimestampSub | exp.DatetimeAdd | exp.DatetimeSub,
        Rewriter.moved,
    ),
    (exp.DateDiff, Rewriter.days_difference),
    (exp.TimestampDiff, Rewriter.time_difference),
    (exp.DateTrunc | exp.TimestampTrunc, Rewriter.date_start),
    (exp.Date, Rewriter.date),
    (exp.TimeToStr, Rewriter.form),
    (exp.Div, Rewriter.division),
    (exp.Round, Rewriter.round),
    (exp.Like | exp.ILike, Rewriter.like),
    (exp.EQ | exp.NEQ | exp.Is | exp.In, Rewriter.comparison),
    (exp.Left | exp.Right, Rewriter.text_end),
    (exp.Array, Rewriter.array_text),
    (exp.Anonymous, Rewriter.now),
)
