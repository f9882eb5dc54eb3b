"""SQL of other systems as SQLite's: sqlglot's transpiler with the rewrites of rewrites.py, or nothing.

    "SELECT YEAR(d) FROM t WHERE d > CURDATE() - INTERVAL 1 DAY"
    -> "SELECT CAST(STRFTIME('%Y', d) AS INTEGER) FROM t WHERE d > DATE(CURRENT_DATE, '-1 DAY')"

A text's dialect is not known: the versions are tried in order, and whoever asks runs them. Where a translation would
mean something else (a clause that SQLite lacks, a date of unknown kind) there is none.

Not covered: two tables of one name in two schemas, procedures, UPDATE and DELETE over a JOIN, dates with names of
months or days, percentiles and standard deviations, which SQLite does not have.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from sql.dialects.dates import Untranslatable
from sql.dialects.reading import Reading
from sql.dialects.rewrites import rewrite
from sql.sql_text import code_tokens

UNIT = r"(?:YEAR|QUARTER|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)"
SIGNS = {  # what is found in texts of a dialect and in few others: the dialect with most of them is tried first
    "mysql": r"`|\bAUTO_INCREMENT\b|\bENGINE\s*=|\bCURDATE\b|\bENUM\b|\bUNSIGNED\b|\bDATE_(?:ADD|SUB|FORMAT)\b|\\'"
    r"|\bAS\s+(?:UN)?SIGNED\b|\bTIMESTAMPDIFF\b",
    "postgres": r"::|\b(?:BIG)?SERIAL\b|\bILIKE\b|\[\]|\bJSONB\b|\bSTRING_AGG\b|\bINTERVAL\s*'|\bDATE\s*'|\bEXTRACT\b"
    r"|\bTO_CHAR\b|\bDATE_TRUNC\b|\bCREATE\s+SCHEMA\b",
    "tsql": r"\bTOP\b|\bGETDATE\b|\bIDENTITY\b|\bNVARCHAR\b|\bDATEADD\b|\bISNULL\b|\bDATEPART\b"
    rf"|\bDATEDIFF\s*\(\s*{UNIT}\s*,",
    "snowflake": r"\bVARIANT\b|\bQUALIFY\b|\bDATEDIFF\s*\(\s*'",
    "bigquery": r"\bSTRING\b|\bINT64\b|\bFLOAT64\b|\bSTRUCT\s*<|\bARRAY\s*<|\bDATE_DIFF\b",
}
ONLY_BY_SIGN = ("snowflake", "bigquery")  # they read nearly anything, so they are tried only where a sign says so
NEUTRAL = "postgres"  # how a text is read that has no dialect's signs
LONGEST = 50_000  # characters that are parsed
NUMBER = re.compile(r"0x[0-9a-f]+|\d[\d_]*\.?\d*(?:e\d*)?", re.IGNORECASE)  # an exponent's sign is the next token
# Where SQLite may run a query and mean something else by it: worth a parse.
SUSPECT = re.compile(r"[/+-]|\bCAST\b|\bROUND\b|\bLIKE\b|'(?:true|false|t|f|yes|no)'", re.IGNORECASE)

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it cannot translate is found out by running it


class Version(NamedTuple):
    """A text as SQLite may read it, and the dialect it was taken for."""

    dialect: str
    sql: str


def signs_in(sql: str) -> dict[str, int]:
    """How many signs of each dialect a text has."""
    return {name: len(re.findall(signs, sql, re.IGNORECASE)) for name, signs in SIGNS.items()}


def dialects_of(sql: str) -> list[str]:
    """The dialects to read a text as, the one with the most signs first."""
    found = signs_in(sql)
    names = (name for name in SIGNS if found[name] or name not in ONLY_BY_SIGN)
    return sorted(names, key=lambda name: -found[name])


def dialect_of(sql: str) -> str:
    """The dialect that a text has the most signs of; empty where it has none."""
    found = signs_in(sql)
    best = max(found, key=lambda name: found[name])
    return best if found[best] else ""


def to_sqlite(sql: str, kinds: Mapping[str, str] | None = None, first: str = "") -> Iterator[Version]:
    """One statement in SQLite's dialect, once for each dialect it can be read as; equal texts once.

    Args:
        kinds: what the columns of the database hold, by name in lower case (kinds.py); None for its own DDL.
        first: the dialect that is tried first, whatever the signs.
    """
    if len(sql) > LONGEST or (kinds is not None and has_broken_number(sql, kinds)):
        return
    versions = {sql}
    for dialect in sorted(dialects_of(sql), key=lambda name: name != first):
        text = translated(sql, dialect, kinds or {})[0]
        if text and text not in versions:
            versions.add(text)
            yield Version(dialect, text)


def may_be_misread(sql: str) -> bool:
    """Whether SQLite may run a query in another sense than other systems, as far as its text tells without a parse."""
    return len(sql) <= LONGEST and SUSPECT.search(sql) is not None


def correction(sql: str, kinds: Mapping[str, str], dialect: str) -> Version | None:
    """What a query means that SQLite runs in another sense than other systems, `dialect` first of all; None for others.

    Its text is empty where SQLite has no form of it.
    """
    if not may_be_misread(sql):
        return None
    text, is_misread = translated(sql, dialect or NEUTRAL, kinds, is_sure=bool(dialect))
    return Version(dialect or NEUTRAL, text) if is_misread else None


def translated(sql: str, dialect: str, kinds: Mapping[str, str], is_sure: bool = True) -> tuple[str, bool]:
    """One statement of `dialect`, or several, in SQLite's, and whether SQLite would misread the original.

    The text is empty where it cannot be read or translated.
    """
    reading = Reading(dialect, kinds, is_sure)
    try:
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
        rewritten = [rewrite(tree, reading) for tree in trees]
        is_invented = bool(kinds) and quotes_unknown(rewritten, sql, kinds)
        options = {"dialect": "sqlite", "unsupported_level": ErrorLevel.IGNORE, "comments": False, "copy": False}
        text = "; ".join(tree.sql(**options) for tree in rewritten)  # the trees are not needed any more
    except Untranslatable:
        return "", reading.misread
    except (SqlglotError, RecursionError, ValueError):
        return "", False
    is_invented = is_invented or (bool(kinds) and "->" in text and "->" not in sql)
    return "" if is_invented else text, reading.misread


def has_broken_number(sql: str, kinds: Mapping[str, str]) -> bool:
    """Whether a query has a number with letters behind it (`3rd`, `3:39`): text that lost its quotes, and no name."""
    before = ""
    for token in code_tokens(sql):
        if token.kind == "number" and not NUMBER.fullmatch(token.text) and token.text.lower() not in kinds:
            return True
        if token.text == ":" and before == "number":
            return True
        before = token.kind
    return False


def quotes_unknown(trees: list[exp.Expression], sql: str, kinds: Mapping[str, str]) -> bool:
    """Whether a translation puts a name in quotes that nothing has: SQLite would take it for text."""
    aliases = {node.alias.lower() for tree in trees for node in tree.find_all(exp.Alias, exp.TableAlias) if node.alias}
    columns = (node for tree in trees for node in tree.find_all(exp.Column) if node.this.args.get("quoted"))
    known = aliases | set(kinds)
    return any(node.name.lower() not in known and f'"{node.name}"' not in sql for node in columns)
