"""SQL text to sqlglot trees (SQLite dialect).

Every metric that looks at the shape of a query asks here. Text that cannot be read, nests too deeply or is longer than
`MAX_CHARACTERS` gives None: that is a verdict on the text, not an error of the program. Only one query is read: text
with two statements, or with something else than a query, gives None too.

Not covered: whether SQLite would run it. sqlglot reads more than SQLite (`SELECT a FROM b NATURAL FULL JOIN c`) and
knows no tables; `text_metrics.is_valid_syntax` asks SQLite itself.
"""

import logging
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token

from sql.sql_text import close_comparisons

DIALECT = "sqlite"
# The longest gold of Spider has 577 characters; a tree takes several hundred times the size of its text.
MAX_CHARACTERS = 20_000
CACHED_TREES = 8  # one example's gold and prediction are asked for by several metrics, one after the other

DOUBLE_QUOTED = "double_quoted"

# A statement sqlglot does not know ("VACUUM") is a verdict here; the warning would be printed once for each.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@lru_cache(maxsize=CACHED_TREES)
def parse(sql: str) -> exp.Expression | None:
    """The tree of one query, or None where the text is not one readable query. Cached: never change the tree.

    Operators torn apart (`> =`, `! =`), which several published systems write and the official evaluator closes up,
    are closed up where the text cannot be read otherwise.
    """
    tree = parse_once(sql)
    if tree is not None or len(sql) > MAX_CHARACTERS:
        return tree
    closed = close_comparisons(sql)
    return parse_once(closed) if closed != sql else None


def parse_once(sql: str) -> exp.Expression | None:
    """`parse` without the second try."""
    if len(sql) > MAX_CHARACTERS:
        return None
    try:
        parsed = sqlglot.parse(sql, dialect=DIALECT)
    except (SqlglotError, RecursionError, ValueError):
        return None
    statements = [found for found in parsed if found and not isinstance(found, exp.Semicolon)]  # that holds comments
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return None
    mark_double_quotes(statements[0], sql)
    return statements[0]


def mark_double_quotes(tree: exp.Expression, sql: str) -> None:
    """Notes on each name whether it stood in double quotes: SQLite reads such a name as text where no column has it."""
    for name in tree.find_all(exp.Identifier):
        start = name.meta.get("start")
        name.meta[DOUBLE_QUOTED] = bool(name.args.get("quoted")) and start is not None and sql[start] == '"'


def is_double_quoted(column: exp.Expression) -> bool:
    """True for a column without a table whose name stood in double quotes, so that it may be meant as text."""
    is_bare = isinstance(column, exp.Column) and not column.table
    return is_bare and bool(column.this.meta.get(DOUBLE_QUOTED))


def fold_name(node: exp.Expression) -> exp.Expression:
    """An unquoted name in lower case; every other node as it is."""
    if isinstance(node, exp.Identifier) and not node.args.get("quoted"):
        return exp.to_identifier(node.name.lower())
    return node


def tokens(sql: str) -> list[Token]:
    """The tokens of the text, comments left out. Raises ValueError where it has none of SQL's or is too long."""
    if len(sql) > MAX_CHARACTERS:
        raise ValueError(f"{len(sql)} characters of SQL, at most {MAX_CHARACTERS} are read")
    try:
        return list(sqlglot.tokenize(sql, read=DIALECT))
    except SqlglotError as error:
        raise ValueError(f"not SQL: {error}") from error


def unwrap(node: exp.Expression) -> exp.Expression:
    """The node inside any parentheses and inside a subquery without a name."""
    while isinstance(node, exp.Paren) or (isinstance(node, exp.Subquery) and not node.alias):
        node = node.this
    return node
