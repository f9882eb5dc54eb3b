"""SQL as text: a lexer for SQLite, and what can be said and rewritten without parsing a query.

Covered: SQLite's strings, the four kinds of quoted names, both kinds of comments, words and punctuation, so that a word
inside a literal or a comment is never mistaken for SQL. Not covered: grammar (`is_syntax` asks SQLite itself), a
trigger's inner semicolons, backslashes inside strings (MySQL). Standard library only: the workers import this module.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from itertools import pairwise
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<string>'[^']*(?:''[^']*)*(?:'|\Z))
      | (?P<name>"[^"]*(?:""[^"]*)*(?:"|\Z) | `[^`]*(?:``[^`]*)*(?:`|\Z) | \[[^\]]*(?:\]|\Z))
      | (?P<number>\d[\w.]*)
      | (?P<word>[^\W\d][\w$]*)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"(?:[\s;]++|--[^\n]*+|/\*.*?(?:\*/|\Z))*+", re.DOTALL)
_SPACED_COMPARISON = re.compile(r"([<>!]) =")
_CURRENT_YEAR = re.compile(r"YEAR\s*\(\s*CURDATE\s*\(\s*\)\s*\)\s*", re.IGNORECASE)
_NOT_ONE_QUERY = ("syntax error", "incomplete input", "unrecognized token", "parser stack overflow", "one statement")
_SAME_MARK = {"<>": "!=", "==": "="}
_PAIRS = frozenset(("<>", "!=", "<=", ">=", "==", "||"))  # two marks that are one operator
WRITING = ("insert", "update", "delete", "replace", "create", "drop", "alter", "truncate", "merge")
_MAX_CHECKED = 100_000  # characters of SQL that `is_syntax` hands to SQLite's parser
_MAX_REMEMBERED = 2_000  # characters of a text whose rewriting is kept: all memories together stay under 30 MB
_CHANGING = ("random", "randomblob", "changes", "total_changes", "last_insert_rowid")
_CLOCKS = ("current_time", "current_date", "current_timestamp")
_DATES = ("date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff")
_MAY_CHANGE = re.compile(r"random|changes|last_insert|current_|date|time|julianday|unixepoch", re.IGNORECASE)


class Token(NamedTuple):
    """A piece of SQL text: `kind` is the name of its group in the lexer, `depth` counts the parentheses around it."""

    kind: str
    text: str
    start: int
    depth: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.lower() == word


def tokens(sql: str, start: int = 0) -> Iterator[Token]:
    """Every token from `start` on; joined, they give the input back. Both parentheses of a pair have its depth."""
    depth = 0
    for found in _TOKEN.finditer(sql, start):
        kind, text = found.lastgroup or "mark", found.group()
        if text == ")":
            depth -= 1
        yield Token(kind, text, found.start(), depth)
        if text == "(":
            depth += 1


def code_tokens(sql: str, start: int = 0) -> Iterator[Token]:
    """The tokens that SQLite's parser would see: no white space, no comments."""
    return (token for token in tokens(sql, start) if token.kind not in ("space", "comment"))


def quoted(name: str) -> str:
    """Any name as an identifier, in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def statements(sql: str) -> list[str]:
    """The statements of a script, without their semicolons; empty ones and mere comments are left out."""
    ends = (found.end() for found in _TOKEN.finditer(sql) if found.group() == ";")  # of rows by the thousand: no Token
    starts = [0, *ends, len(sql) + 1]
    parts = [sql[start : end - 1].strip() for start, end in pairwise(starts)]
    return [part for part in parts if not is_blank(part)]


def tidy(sql: str) -> str:
    """The same SQL on one line: single spaces outside literals, no comments, no final semicolon."""
    parts: list[str] = []
    for found in _TOKEN.finditer(sql):  # as `normal_sql`
        if found.lastgroup not in ("space", "comment"):
            parts.append(found.group())
        elif parts[-1:] != [" "]:
            parts.append(" ")
    return "".join(parts).strip().rstrip("; ")


def normal_sql(sql: str) -> str:
    """One spelling, to find repeated queries: without case, space, comments, kinds of quotes, `<>` against `!=`.

    Aliases stay: `SELECT a.x FROM t AS a` is not `SELECT x FROM t`. Text in quotes keeps its case.
    """
    parts: list[str] = []
    for found in _TOKEN.finditer(sql):  # of every row of a corpus: no Token
        kind, text = found.lastgroup, found.group()
        if kind in ("string", "name"):
            parts.append("'" + text[1:-1] + "'")
        elif kind == "mark" and parts and parts[-1] + text in _PAIRS:
            parts[-1] = _SAME_MARK.get(parts[-1] + text, parts[-1] + text)
        elif kind not in ("space", "comment") and text != ";":
            parts.append(text.lower())
    return " ".join(parts)


def first_word(sql: str) -> str:
    """The first word of a statement in lower case; empty where it has none."""
    return next((token.text.lower() for token in tokens(sql) if token.kind == "word"), "")


def writes(sql: str) -> bool:
    """Whether a statement, or one of several, changes tables: INSERT, UPDATE, DELETE or DDL, also behind WITH."""
    return any(map(_statement_writes, statements(sql) if ";" in sql else [sql]))


def _statement_writes(sql: str) -> bool:
    first = first_word(sql)
    if first == "with":
        words = [token.text.lower() for token in tokens(sql) if token.kind == "word"]
        return any(word in WRITING[:3] for word in words) or ("replace", "into") in pairwise(words)
    return first in WRITING


def is_blank(sql: str) -> bool:
    """Whether no statement stands in the text: it is empty, or white space, comments and semicolons only."""
    return _BLANK.fullmatch(sql) is not None


def first_statement(sql: str) -> str:
    """The text up to and with the first `;` that stands outside literals, comments and parentheses."""
    if ";" not in sql:
        return sql
    end = next((token.end for token in tokens(sql) if token.text == ";" and token.depth <= 0), len(sql))
    return sql[:end]


def remembered(function: Callable) -> Callable:
    """The function with the answers for recent short texts kept; long ones, of which few would fill memory, are not."""
    kept = lru_cache(maxsize=1024)(function)

    @wraps(function)
    def call(sql: str, *rest: int):
        return (kept if len(sql) <= _MAX_REMEMBERED else function)(sql, *rest)

    return call


@remembered
def close_comparisons(sql: str) -> str:
    """`> =`, `< =`, `! =` closed up and `YEAR(CURDATE())` made 2020, as the official tool does, but in code alone.

    Literals, quoted names and comments stay as they are.
    """
    if _rewrite(sql) == sql:
        return sql
    code: list[str] = []
    written: list[str] = []
    for token in tokens(sql):
        if token.kind in ("comment", "string", "name"):
            written += [_rewrite("".join(code)), token.text]
            code.clear()
        else:
            code.append(token.text)
    return "".join([*written, _rewrite("".join(code))])


def _rewrite(code: str) -> str:
    if " =" in code:
        code = _SPACED_COMPARISON.sub(r"\1=", code)
    return _CURRENT_YEAR.sub("2020", code) if "curdate" in code.lower() else code


@remembered
def official_text(sql: str) -> str:
    """What the official Spider tool executes with DISTINCT kept: as `close_comparisons`, but in literals as well."""
    return _rewrite(sql)


@remembered
def official_text_without_distinct(sql: str) -> str:
    """What the official Spider tool executes by default: every word DISTINCT deleted, and only the first statement.

    That later statements are dropped follows from how it deletes; with DISTINCT kept, two statements are an error.
    """
    first = first_statement(_SPACED_COMPARISON.sub(r"\1=", sql))
    if "distinct" in first.lower():
        first = "".join(token.text for token in tokens(first) if not token.is_word("distinct"))
    return _rewrite(first)


@remembered
def mentions_order(sql: str) -> bool:
    """The official test for "row order matters": the text `order by` anywhere, in a sub-query or a literal as well."""
    return "order by" in sql.lower()


@remembered
def is_ordered(sql: str) -> bool:
    """Whether the outermost query has an ORDER BY: the two words in sequence outside every parenthesis."""
    if "order" not in sql.lower():
        return False
    outer = [token for token in code_tokens(sql) if token.depth <= 0]
    return any(first.is_word("order") and second.is_word("by") for first, second in pairwise(outer))


@remembered
def tie_breakers(sql: str, width: int) -> tuple[str, str] | None:
    """Two versions of a query with an outermost LIMIT or ORDER BY, or None for any other query.

    Both keep the query's own ORDER BY and break its ties by all `width` result columns, one upwards and one downwards:
    if they return different rows, which rows survive the LIMIT depends on how ties fall; if the same rows in another
    order, the order does. Without an ORDER BY all rows tie.
    """
    if "limit" not in sql.lower() and not is_ordered(sql):
        return None
    outer = [token for token in code_tokens(sql) if token.depth <= 0 and token.text != ";"]
    limits = [token.start for token in outer if token.is_word("limit")]
    if not limits and not is_ordered(sql):
        return None
    place = limits[-1] if limits else outer[-1].end
    opening = ", " if is_ordered(sql) else " ORDER BY "
    versions = [opening + ", ".join(f"{n}{way}" for n in range(1, width + 1)) + " " for way in ("", " DESC")]
    return tuple(sql[:place] + version + sql[place:] for version in versions)


@remembered
def changing_functions(sql: str) -> tuple[str, ...]:
    """The functions in a text that differ from call to call: `random()`, the present time. Sorted, each once."""
    if not _MAY_CHANGE.search(sql):
        return ()
    found = set()
    code = list(code_tokens(sql))
    for token, following in zip(code, [*code[1:], None], strict=True):
        word = token.text.lower() if token.kind == "word" else ""
        called = following is not None and following.text == "("
        if word in _CLOCKS or (word in _CHANGING and called) or (word in _DATES and called and _reads_clock(code)):
            found.add(word)
    return tuple(sorted(found))


def _reads_clock(code: list[Token]) -> bool:
    """Whether a date function may read the clock: a `'now'` in the text, or a call without arguments."""
    texts = {token.text.lower().strip("'\"") for token in code if token.kind in ("string", "name")}
    calls = zip(code, code[1:], code[2:], strict=False)
    bare = any(a.text.lower() in _DATES and (b.text, c.text) == ("(", ")") for a, b, c in calls)
    return "now" in texts or bare


def is_syntax(sql: str) -> bool:
    """Whether SQLite's parser accepts the text as one query; names need not exist.

    The text is parsed as the body of a view and only explained, so that nothing is resolved, planned or run: that is
    quick and bounded for any input.
    """
    if is_blank(sql) or len(sql) > _MAX_CHECKED or "\0" in sql:
        return False
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.execute("EXPLAIN CREATE VIEW checked AS " + sql)
    except UnicodeEncodeError:  # a lone surrogate
        return False
    except (sqlite3.Error, sqlite3.Warning) as error:
        return not any(text in str(error) for text in _NOT_ONE_QUERY)
    finally:
        connection.close()
    return True
