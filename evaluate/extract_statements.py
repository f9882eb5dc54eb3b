"""A completion in, the statements it answers with out, for examples whose gold writes: DELETE, CREATE TABLE, several.

`extract.py` looks for one query and would find the one inside `UPDATE t SET a = (SELECT ...)`. Here, in this order:

1. A completion that begins with a statement that writes is that, with the statements that follow it.
2. Else what begins so behind its thoughts, or behind an answer's mark (`### Response:`, `[SQL]`).
3. Else the last fenced block that begins with such a statement.
4. Else the first such statement at the start of a line, or behind a colon.
5. Else the completion is read as one that answers with a query.

Statements end where the next does not begin with one, at a closing mark, a fence, a further question or prose. Literals
are never looked into. The result is verbatim but for white space around it and the `;` of a single statement.
"""

import re
from collections.abc import Iterator

from evaluate.extract import code_start, extract_sql, without_thought
from evaluate.patterns import CLOSE, FENCE, MAX_STATEMENT, NEXT_QUESTION, OPEN, OTHER, QUERY, TURN
from evaluate.statement_end import trim, without_tail
from sql.sql_text import tokens

_WRITING = re.compile(
    r"(?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO\s|DELETE\s+FROM\s|"
    r"UPDATE\s+(?:OR\s+\w+\s+)?(?:\S+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])\s+(?:(?:AS\s+)?\w+\s+)?SET\s|"
    r"(?:CREATE|DROP|ALTER)\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+)?(?:TABLE|VIEW|INDEX|TRIGGER)\s|TRUNCATE\s+(?:TABLE\s+)?\w|"
    r"MERGE\s+INTO\s|BEGIN(?:\s+\w+)?\s*;|(?:BEGIN|START)\s+TRANSACTION\b|WITH\s[^;]{1,2000}?\b(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE)\s",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"(?:COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
_IN_PROSE = re.compile(rf"(?:^|:)[ \t`\"']*(?={_WRITING.pattern})", re.IGNORECASE | re.MULTILINE)
_END = re.compile(rf"```|~~~|{CLOSE.pattern}", CLOSE.flags)


def extract_statements(completion: str) -> str | None:
    """The statements that a completion answers with, or its query, or None; the module's docstring has the rules."""
    verbatim = completion.strip()
    if len(verbatim) > MAX_STATEMENT and _writes(verbatim):
        return verbatim
    text = next((part for part in _parts(verbatim) if _writes(part)), None)
    return _statements(text) if text else extract_sql(completion)


def _parts(verbatim: str) -> Iterator[str]:
    """The texts that may begin with the answer, the likeliest first."""
    yield verbatim
    text = without_thought(verbatim)
    yield text.strip()
    for mark in (TURN, OPEN):
        if found := mark.search(text):
            yield text[found.end() :].strip()
    yield from reversed([content.strip() for _, content in FENCE.findall(text)])
    if found := _IN_PROSE.search(text):
        yield text[found.end() :]


def _writes(text: str) -> bool:
    start = code_start(text)
    return bool(_WRITING.match(text, start) or OTHER.match(text, start))


def _statements(text: str) -> str:
    """The statements that the text begins with."""
    masked = _masked(text)
    ends = [found.start() for pattern in (_END, NEXT_QUESTION) if (found := pattern.search(masked))]
    masked = masked[: min(ends, default=len(masked))]
    begin = 0
    for found in re.finditer(";", masked):
        if not _is_statement(masked[begin : found.end()]):
            break
        begin = found.end()
    rest = masked[begin:]
    end = begin + len(without_tail(rest)) if _is_statement(rest) else begin
    return trim(text[:end])


def _is_statement(masked: str) -> bool:
    start = masked.lstrip()
    return not start or any(pattern.match(start) for pattern in (_WRITING, _GOES_ON, QUERY, OTHER))


def _masked(text: str) -> str:
    """The text, as long as it was, with literals and quoted names blotted out, comments blank; `[/SQL]` is no name."""
    filling = {"string": "x", "name": "x", "comment": " "}
    return "".join(
        token.text if CLOSE.match(token.text) else filling.get(token.kind, "") * len(token.text) or token.text
        for token in tokens(text)
    )
