"""How a text is read: its dialect, what the columns of its database hold, and so what its expressions give."""

import re
from collections.abc import Mapping

from sqlglot import exp

from sql.dialects.kinds import BOOLEAN, DATE, INTEGER, REAL, TEXT, TIME, kind_of_type

KINDS = (
    (exp.CurrentDate | exp.Date | exp.TsOrDsToDate, DATE),
    (exp.CurrentTimestamp | exp.TimeStrToTime | exp.DateTrunc | exp.TimestampTrunc, TIME),
    (exp.Count | exp.Length, INTEGER),
    (exp.Avg | exp.Round, REAL),
    (exp.DPipe | exp.Concat | exp.Upper | exp.Lower | exp.Substring | exp.Trim, TEXT),
    (exp.Boolean, BOOLEAN),
)


class Reading:
    """The reading of one text. `kinds`: what columns hold; `is_sure`: that the text is of this dialect."""

    def __init__(self, dialect: str, kinds: Mapping[str, str], is_sure: bool = True) -> None:
        self.dialect, self.kinds, self.is_sure = dialect, kinds, is_sure
        self.misread = False

    def corrects(self) -> None:
        """Note that SQLite would run the original, in another sense."""
        self.misread = True

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


def literal_kind(node: exp.Literal) -> str:
    """What a literal gives: a text that looks like a date counts as one."""
    if not node.is_string:
        return INTEGER if node.name.isdigit() else REAL
    if re.fullmatch(r"\d{4}-\d\d-\d\d", node.name):
        return DATE
    return TIME if re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*", node.name) else TEXT
