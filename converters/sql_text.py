"""SQL as text: cut into statements, made tidy, brought to one spelling. None of it parses a query.

Covered: strings, the four kinds of quoted names, both kinds of comments. Not covered: a trigger's inner semicolons, and
backslashes inside strings (MySQL); contexts with those are read by sqlglot.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>(?:\s+|--[^\n]*|/\*.*?(?:\*/|\Z))+)
      | (?P<string>'[^']*(?:''[^']*)*(?:'|\Z))
      | (?P<name>"[^"]*(?:""[^"]*)*(?:"|\Z) | `[^`]*(?:`|\Z) | \[[^\]]*(?:\]|\Z))
      | (?P<word>\w[\w.$]*)
      | (?P<mark><=|>=|<>|!=|==|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_SAME_MARK = {"<>": "!=", "==": "="}
WRITING = ("insert", "update", "delete", "replace", "create", "drop", "alter", "truncate", "merge")


class Token(NamedTuple):
    """A piece of SQL; `kind` is one of space (with comments), string, name, word, mark."""

    kind: str
    text: str


def tokens(sql: str) -> Iterator[Token]:
    """Every piece of `sql`; their texts joined give it back."""
    return (Token(found.lastgroup, found.group()) for found in _TOKEN.finditer(sql))


def statements(sql: str) -> list[str]:
    """The statements of a script, without their semicolons; empty ones and mere comments are left out."""
    found, current = [], []
    for token in [*tokens(sql), Token("mark", ";")]:
        if token.text != ";":
            current.append(token)
            continue
        if any(part.kind != "space" for part in current):
            found.append("".join(part.text for part in current).strip())
        current = []
    return found


def tidy(sql: str) -> str:
    """The same SQL on one line: single spaces outside literals, no comments, no final semicolon."""
    text = "".join(" " if token.kind == "space" else token.text for token in tokens(sql))
    return text.strip().rstrip("; ")


def normal_sql(sql: str) -> str:
    """One spelling, to find repeated queries: without case, space, comments, kinds of quotes, `<>` against `!=`.

    Aliases do: `SELECT a.x FROM t AS a` is not `SELECT x FROM t`. Text in quotes keeps its case.
    """
    parts = []
    for token in tokens(sql):
        if token.kind in ("string", "name"):
            parts.append("'" + token.text[1:-1] + "'")
        elif token.kind != "space" and token.text != ";":
            text = token.text.lower()
            parts.append(_SAME_MARK.get(text, text))
    return " ".join(parts)


def normal_question(question: str) -> str:
    """One spelling, to find repeated questions: lower-case words and numbers, without punctuation."""
    return " ".join(re.findall(r"\w+", question.lower()))


def first_word(sql: str) -> str:
    """The first word of a statement in lower case; empty where it has none."""
    return next((token.text.lower() for token in tokens(sql) if token.kind == "word"), "")


def writes(sql: str) -> bool:
    """Whether a statement, or one of several, changes tables: INSERT, UPDATE, DELETE or DDL, also behind WITH."""
    return any(map(statement_writes, statements(sql) if ";" in sql else [sql]))


def statement_writes(sql: str) -> bool:
    """`writes` for a single statement."""
    first = first_word(sql)
    if first == "with":
        return any(token.kind == "word" and token.text.lower() in WRITING[:3] for token in tokens(sql))
    return first in WRITING
