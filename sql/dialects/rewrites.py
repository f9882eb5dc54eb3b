"""Nodes of a sqlglot tree in a form that means the same in SQLite: casts, divisions, texts, types; and all rewrites.

    CAST(price AS DECIMAL(9, 1)) -> ROUND(price, 1)

SQLite has no dates (date_rewrites.py), and runs many expressions of other systems in another sense. A rewrite that
corrects such a sense says so to the reading. Where the right form depends on what is not known, or SQLite has none,
Untranslatable is raised.
"""

from collections.abc import Callable
from functools import cache

from sqlglot import exp

from sql.dialects import date_rewrites
from sql.dialects.dates import Untranslatable, is_text_literal, number
from sql.dialects.kinds import BOOLEAN, DECIMAL, INTEGER, REAL
from sql.dialects.reading import Reading

# Types whose names SQLite cannot read, or would read as something else than they are.
PLAIN_TYPES = dict.fromkeys(("SERIAL", "BIGSERIAL", "SMALLSERIAL"), "INTEGER") | dict.fromkeys(
    ("ENUM", "ENUM8", "SET", "GEOMETRY", "GEOGRAPHY", "ARRAY", "JSON", "JSONB", "MAP", "STRUCT", "NVARCHAR"), "TEXT"
)
# Of a column: what SQLite has no words for, and no query asks about.
DROPPED = exp.CommentColumnConstraint | exp.OnUpdateColumnConstraint | exp.CharacterSetColumnConstraint
REFUSED = exp.Pivot | exp.TableSample | exp.IgnoreNulls | exp.RespectNulls | exp.ToChar | exp.LimitOptions
TIMES = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ, exp.DType.TIMESTAMPNTZ, exp.DType.DATETIME)
TRUE, FALSE = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
REAL_DIVISION = ("mysql", "snowflake", "bigquery")  # 1 / 2 is 0.5
CUTTING_CASTS = ("tsql",)  # CAST(2.7 AS INT) is 2


def rewrite(node: exp.Expression, reading: Reading) -> exp.Expression:
    """A node with all below it, from the leaves up. Raises Untranslatable."""
    for child in list(node.iter_expressions()):
        changed = rewrite(child, reading)
        if changed is not child:
            child.replace(changed)
    for rule in rules_for(type(node)):
        changed = rule(node, reading)
        if changed is not None:
            return changed
    return node


# casts, numbers and texts


def refuse(node: exp.Expression, reading: Reading) -> None:
    """Clauses that sqlglot drops without an error, and forms that SQLite does not have."""
    options = node if isinstance(node, exp.LimitOptions) else None
    if options is None or options.args.get("percent") or options.args.get("with_ties"):
        raise Untranslatable(type(node).__name__)


def cast(node: exp.Cast, reading: Reading) -> exp.Expression | None:
    """A cast as other systems do it: rounded, cut to a length, with a time of day."""
    target, size = node.to.this, [each.this for each in node.to.expressions]
    if target in TIMES:
        reading.corrects()
        return exp.Anonymous(this="DATETIME", expressions=[node.this])
    if target in (exp.DType.DATE, exp.DType.TIME):
        reading.corrects()
        return (
            exp.func("DATE", node.this)
            if target == exp.DType.DATE
            else exp.Anonymous(this="TIME", expressions=[node.this])
        )
    if target == exp.DType.DECIMAL:
        reading.corrects()
        return decimal(node.this, size, reading)
    if target in exp.DataType.INTEGER_TYPES:
        return whole(node, reading)
    if target in exp.DataType.TEXT_TYPES and size and size[0].is_number:
        return cut_text(node, size[0], reading)
    if target == exp.DType.BOOLEAN and reading.kind(node.this) not in (INTEGER, BOOLEAN):
        raise Untranslatable("a text as a boolean")
    return None


def decimal(value: exp.Expression, size: list[exp.Expression], reading: Reading) -> exp.Expression:
    """A DECIMAL, which is no whole number in a division, rounded to its digits."""
    if not size and reading.dialect != "mysql":
        return exp.cast(value, "REAL")
    return exp.func("ROUND", value, *(size[1:] or ()))


def whole(node: exp.Cast, reading: Reading) -> exp.Expression | None:
    """A cast to INTEGER: SQLite cuts where most systems round."""
    if reading.dialect in CUTTING_CASTS or not reading.is_sure or reading.kind(node.this) not in ("", REAL, DECIMAL):
        return None
    if isinstance(node.this, exp.Round | exp.Floor | exp.Ceil | exp.Count):
        return None
    reading.corrects()
    return exp.cast(exp.func("ROUND", node.this), "INTEGER")


def cut_text(node: exp.Cast, size: exp.Expression, reading: Reading) -> exp.Expression:
    """A text of at most so many characters."""
    text = exp.cast(node.this, "TEXT")
    if reading.kind(node.this) == INTEGER and int(size.name) > 10:
        return text
    reading.corrects()
    return exp.func("SUBSTR", text, number(1), size.copy())


def division(node: exp.Div, reading: Reading) -> exp.Expression | None:
    """A division that keeps its fraction, where other systems keep it and SQLite would not."""
    kinds = {reading.kind(node.this), reading.kind(node.expression)}
    is_real = REAL in kinds or any(isinstance(each, exp.Avg) for each in (node.this, node.expression))
    if is_real or not (DECIMAL in kinds or (reading.is_sure and reading.dialect in REAL_DIVISION)):
        return None
    reading.corrects()
    return exp.Div(this=exp.cast(node.this, "REAL"), expression=node.expression, typed=True)


def tens(node: exp.Round, reading: Reading) -> exp.Expression | None:
    """ROUND(x, -1): SQLite takes a negative number of digits for 0."""
    digits = node.args.get("decimals")
    if not isinstance(digits, exp.Neg):
        return None
    reading.corrects()
    scale = 10 ** int(digits.this.name)
    tens = exp.func(
        "ROUND", exp.Div(this=exp.paren(node.this), expression=exp.Literal.number(f"{scale}.0"), typed=True)
    )
    return exp.paren(exp.Mul(this=tens, expression=number(scale)))


def like(node: exp.Like | exp.ILike, reading: Reading) -> exp.Expression | None:
    r"""LIKE '50\%': SQLite has no escape unless one is named."""
    if isinstance(node.parent, exp.Escape) or not (is_text_literal(node.expression) and "\\" in node.expression.name):
        return None
    reading.corrects()
    return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))


def comparison(node: exp.Binary | exp.In, reading: Reading) -> None:
    """A boolean compared with 'true' or 'false'."""
    sides = [node.this, node.expression] if isinstance(node, exp.Binary) else [node.this, *node.expressions]
    if BOOLEAN not in [reading.kind(each) for each in sides]:
        return
    for side in sides:
        if is_text_literal(side) and side.name.lower() in TRUE + FALSE:
            reading.corrects()
            side.replace(exp.Boolean(this=side.name.lower() in TRUE))


def text_end(node: exp.Expression, reading: Reading) -> exp.Expression:
    """LEFT(a, n) and RIGHT(a, n) as SUBSTR."""
    if isinstance(node, exp.Left):
        return exp.func("SUBSTR", node.this, number(1), node.expression)
    return exp.func("SUBSTR", node.this, exp.Neg(this=node.expression))


def plain_text(node: exp.National, reading: Reading) -> exp.Expression:
    """N'text' as text."""
    return exp.Literal.string(node.this)


def array_text(node: exp.Array, reading: Reading) -> exp.Expression:
    """ARRAY['a', 'b'] as the text of a JSON array."""
    return exp.func("JSON_ARRAY", *node.expressions)


def now(node: exp.Anonymous, reading: Reading) -> exp.Expression | None:
    """NOW() and GETDATE(), where sqlglot leaves them."""
    return exp.CurrentTimestamp() if node.name.upper() in ("NOW", "GETDATE", "SYSDATE") else None


# tables


def column_type(node: exp.DataType, reading: Reading) -> exp.Expression | None:
    """A type by a name that SQLite reads."""
    plain = PLAIN_TYPES.get(node.this.name if isinstance(node.this, exp.DataType.Type) else str(node.this).upper())
    return exp.DataType.build(plain, dialect="sqlite") if plain else None


def unqualified(node: exp.Table | exp.Column, reading: Reading) -> None:
    """`sales.orders` as `orders`: a SQLite file has one schema. Two tables of one name cannot both be made."""
    node.meta["has_schema"] = bool(node.args.get("db"))
    node.set("db", None)
    node.set("catalog", None)


def created(node: exp.Create, reading: Reading) -> None:
    """CREATE without OR REPLACE; one of a table in a schema fails where another schema has a table of that name."""
    node.set("replace", False)
    table = node.find(exp.Table)
    node.set("exists", node.args.get("exists") and not (table and table.meta.get("has_schema")))


def column_definition(node: exp.ColumnDef, reading: Reading) -> None:
    """A column without what is DROPPED, and without a default that a function of another system makes."""
    constraints = node.args.get("constraints") or ()
    node.set("constraints", [each for each in constraints if not is_dropped(each.args["kind"])])


def is_dropped(kind: exp.Expression) -> bool:
    return isinstance(kind, DROPPED) or (
        isinstance(kind, exp.DefaultColumnConstraint)
        and isinstance(kind.this, exp.Func)
        and not isinstance(kind.this, exp.CurrentDate | exp.CurrentTime | exp.CurrentTimestamp)
    )


REWRITES: tuple[tuple[type, Callable], ...] = (
    (REFUSED, refuse),
    (exp.DataType, column_type),
    (exp.Table | exp.Column, unqualified),
    (exp.Create, created),
    (exp.ColumnDef, column_definition),
    (exp.National, plain_text),
    (exp.Cast, cast),
    (
        exp.Extract | exp.Year | exp.Quarter | exp.Month | exp.Day | exp.Hour | exp.Minute | exp.Second,
        date_rewrites.date_part,
    ),
    (exp.Add | exp.Sub, date_rewrites.arithmetic),
    (
        exp.DateAdd | exp.DateSub | exp.TimestampAdd | exp.TimestampSub | exp.DatetimeAdd | exp.DatetimeSub,
        date_rewrites.moved,
    ),
    (exp.DateDiff, date_rewrites.days_difference),
    (exp.TimestampDiff, date_rewrites.time_difference),
    (exp.DateTrunc | exp.TimestampTrunc, date_rewrites.date_start),
    (exp.Date, date_rewrites.sqlite_date),
    (exp.TimeToStr, date_rewrites.date_form),
    (exp.Div, division),
    (exp.Round, tens),
    (exp.Like | exp.ILike, like),
    (exp.EQ | exp.NEQ | exp.Is | exp.In, comparison),
    (exp.Left | exp.Right, text_end),
    (exp.Array, array_text),
    (exp.Anonymous, now),
)


@cache
def rules_for(kind: type) -> list[Callable]:
    """The rewrites of one type of nodes, in their order."""
    return [rule for kinds, rule in REWRITES if issubclass(kind, kinds)]
