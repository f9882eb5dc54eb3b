"""What columns hold, judged by their declared types: what a rewrite of dates and divisions has to know."""

from sql.schema import Schema

DATE, TIME, INTEGER, DECIMAL, REAL, TEXT, BOOLEAN = "date", "time", "integer", "decimal", "real", "text", "boolean"


def kind_of_type(declared: str) -> str:
    """What a column of a declared type holds; empty for anything else."""
    name = declared.upper()
    for words, kind in (
        (("DATETIME", "TIMESTAMP"), TIME),
        (("DATE",), DATE),
        (("INT", "SERIAL"), INTEGER),
        (("CHAR", "TEXT", "CLOB", "STRING", "UUID", "ENUM"), TEXT),
        (("REAL", "FLOA", "DOUB"), REAL),
        (("DEC", "NUMERIC", "MONEY"), DECIMAL),
        (("BOOL",), BOOLEAN),
    ):
        if any(word in name for word in words):
            return kind
    return ""


def column_kinds(schema: Schema) -> dict[str, str]:
    """What the columns hold, by name in lower case; empty where two tables differ."""
    kinds: dict[str, str] = {}
    for column in (column for table in schema.tables for column in table.columns):
        name, kind = column.name.lower(), kind_of_type(column.type)
        kinds[name] = kind if kinds.get(name, kind) == kind else ""
    return kinds
