"""Where a statement in a text ends: cut off are prose, marks, fences and questions behind it, where the rest parses."""

import re
from itertools import islice

from evaluate import patterns
from sql.sql_text import Token, code_tokens, first_statement, is_blank, is_syntax, tokens


def statement_at(text: str, start: int) -> str:
    """One statement from `start`: up to `;`, a fence, the parenthesis around it, the next question, or prose."""
    inside = text[max(0, start - 200) : start].rstrip().endswith("(")
    whole, text = text[start:], text[start : start + patterns.MAX_STATEMENT]
    end = next((token.start for token in tokens(text) if _ends_statement(token, inside)), len(text))
    is_cut = end == patterns.MAX_STATEMENT < len(whole)  # what is read of it may parse by accident
    sql = text[:end].rstrip()
    if not is_cut and is_syntax(sql):
        return sql
    tries = (_without_marks, without_tail, lambda sql: _without_marks(without_tail(sql)), _without_prose)
    for shorter in tries[1 if is_cut else 0 :]:
        found = shorter(sql)
        if len(found) < len(sql) and is_syntax(found):
            return found
    unescaped = sql.replace("\\n", "\n")
    if unescaped != sql and is_syntax(unescaped):
        return unescaped
    return whole if is_cut else without_tail(sql)


def _without_marks(sql: str) -> str:
    """Without a closing tag and what follows it, or marks at the end ("...", `**`, `###`), where the rest parses."""
    found = patterns.CLOSING_TAG.search(sql)
    for head in (sql[: found.start()].rstrip() if found else "", sql.rstrip(patterns.END_MARKS)):
        if head and is_syntax(head):
            return head
    return sql


def _without_prose(sql: str) -> str:
    """Without a sentence behind the query on its own line: from the first place where at least three words follow that
    are neither SQL's nor in capitals, and in front of which it parses.
    """
    code = list(code_tokens(sql[: patterns.LINE]))
    for place in range(2, len(code) - 2):
        behind = code[place : place + 4]
        if (
            behind[0].text == "."
            and len(behind) > 1
            and behind[1].text[:1].isupper()
            and behind[1].start > behind[0].end
        ):
            behind = behind[1:]
        if len(behind) < 3 or not all(token.kind == "word" for token in behind[:3]):
            continue
        is_sql = any(patterns.SQL_WORD.fullmatch(token.text) for token in behind[:2])
        is_loud = any(token.text.isupper() and len(token.text) > 1 for token in behind[:3])
        is_in_literal = code[place - 1].kind in ("string", "name") and not behind[0].text[:1].isupper()
        if is_sql or is_loud or is_in_literal:
            continue
        head = sql[: code[place].start].rstrip()
        if any(token.is_word("from") for token in code[:place]) and is_syntax(head):
            return head
    return sql


def _ends_statement(token: Token, inside: bool) -> bool:
    if token.depth < 0 and inside:
        return True
    if token.kind == "mark" and token.text in patterns.WIDE_ENDS:
        return True
    return (token.text == ";" and token.depth <= 0) or token.text.startswith("```")


def without_tail(sql: str) -> str:
    """A statement that does not parse, without what follows it on lines of its own and is no SQL.

    Cut before the first line that reads as prose or as the next question; or behind a part that parses when a blank
    line or another query follows it. A query that is merely wrong stays whole: half of it could be right by accident.
    """
    for found in islice(re.finditer(r"\n(?:[ \t\r]*+\n)*+", sql), patterns.MAX_CUTS):
        head, tail = sql[: found.start()], sql[found.end() :]
        if is_blank(head):
            continue
        if (
            patterns.NEXT_QUESTION.match(tail)
            or patterns.HEADING.match(tail)
            or (patterns.PROSE_LINE.match(tail) and not patterns.GOES_ON.match(tail))
        ):
            return head.rstrip()
        starts_anew = bool(patterns.QUERY.match(tail)) or (
            found.group().count("\n") > 1 and not patterns.GOES_ON.match(tail)
        )
        if starts_anew and is_syntax(head):
            return head.rstrip()
    return sql


def trim(sql: str) -> str:
    """Without white space around it and one `;` at the end, unless that belongs to a comment or a literal."""
    sql = sql.strip()
    return sql[:-1].rstrip() if sql.endswith(";") and first_statement(sql) == sql else sql
