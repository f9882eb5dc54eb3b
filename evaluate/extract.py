"""A model's completion in, the SQL it answers with out: what is scored is decided here, so every rule is written down.

1. What SQLite's parser reads as one query, as a whole, is the answer as it is.
2. Thinking is not the answer: `<think>...</think>`, `[THINK]`, channels before the final one; a completion that
   is still thinking has no answer.
3. Where the answer begins is sometimes marked: an echoed prompt ends in `### Response:` or a chat template's assistant
   mark (the first counts, later ones are questions that the model asked itself); between `<sql>`, `[SQL]` or `<answer>`
   and their ends the last block with a query counts.
4. A text that begins with SQL is that SQL, up to its first `;` or to the prose, fence or next question behind it.
5. Fenced blocks: the last one that holds a query, closed or not, SQL and untagged ones before other languages.
6. A completion that goes on where a prompt ended in `SELECT` ("name FROM singer") gets that word back.
7. Prose: the last query in it. One that SQLite's parser accepts goes before one that it does not, one written in
   capitals or behind a colon, quote or line break before one in the middle of a sentence. "select the rows" is no
   query, and neither is one that the sentence around it refuses or calls wrong.
8. A statement that is no query (`DELETE FROM t`, `CREATE TABLE t AS SELECT ...`) is handed on to be refused; it is
   never cut to the SELECT inside it. Definitions of tables in front of a query are an echo of the schema and skipped.

The result is verbatim (comments, line breaks, literals) but for white space around it and one `;` at its end; no-break
spaces become spaces where the text does not parse with them. Of several statements the first is taken. A JSON object
with a key such as `sql` counts as the text under it (`extract_json.py`). Marks around a query (`</code>`, `**`, `.`)
are cut off where it parses without them. Every pattern is bounded and the number of tries too, so time is linear.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from evaluate import patterns
from evaluate.extract_json import sql_in_json
from evaluate.statement_end import statement_at, trim
from sql.sql_text import code_tokens, first_statement, is_syntax, tokens


class _Candidate(NamedTuple):
    sql: str
    parses: bool
    stands_out: bool  # written in capitals, or set off from the text before it


def extract_sql(completion: str) -> str | None:
    """The SQL that a completion answers with, or None where there is none; the module's docstring has the rules."""
    verbatim = completion.strip()
    if _is_only_sql(verbatim):
        return trim(verbatim)
    spoken = plain_spaces(without_thought(verbatim))
    text = _answer(_in_json(spoken) or spoken)
    if _is_only_sql(text):
        return trim(text)
    bare = _bare(text)
    if bare and bare.parses:
        return bare.sql
    other = None if bare else _other(text)
    fenced = None if other else _fenced(text)
    if fenced and (fenced.parses or not bare):
        return fenced.sql
    found = bare or other or _continued(text) or _in_prose(_before_next_question(text))
    return found.sql if found else None


def plain_spaces(text: str) -> str:
    """No-break and other odd spaces outside literals as plain ones, marks of no width left out."""
    if text.isascii() or not patterns.ODD_SPACE.search(text):
        return text
    kept = ("string", "name")
    return "".join(
        token.text if token.kind in kept else patterns.ODD_SPACE.sub(_plain_space, token.text) for token in tokens(text)
    )


def _plain_space(found: re.Match) -> str:
    return "" if found.group() in "\u200b\u2060\ufeff" else " "


def _in_json(text: str) -> str | None:
    """The statement in a JSON object, where the text does not begin with SQL itself."""
    found = None if _begins_query(text) else sql_in_json(text)
    return found if found and (_begins_query(found) or patterns.OTHER.match(found, code_start(found))) else None


def without_thought(text: str) -> str:
    """The text behind its thoughts; nothing where it is still thinking."""
    text = patterns.THOUGHT_END.split(patterns.THOUGHT.sub("", text))[-1]
    channel = patterns.CHANNEL.search(text)
    if not channel:
        return text
    finals = list(patterns.FINAL.finditer(text))
    return text[finals[-1].end() :] if finals else text[: channel.start()]


def _answer(text: str) -> str:
    """The text behind the mark of an answer, up to its end."""
    found = None if _begins_query(text) else patterns.TURN.search(text)
    if found and (patterns.QUERY.search(text, found.end()) or not patterns.QUERY.search(text)):
        text = text[found.end() :]
    if not _begins_query(text):
        text = _marked(text) or text
    text = text[patterns.LEADING.match(text).end() :]
    return patterns.CLOSE.split(text, maxsplit=1)[0].strip()


def _marked(text: str) -> str | None:
    """The last block between marks that holds a query; blocks behind the next question or turn are not looked at."""
    text = _before_next_question(text).partition("[INST]")[0]
    blocks = [
        patterns.CLOSE.split(block, maxsplit=1)[0]
        for block in patterns.OPEN.split(text)[1:][-patterns.MAX_CANDIDATES :]
    ]
    return next((block for block in reversed(blocks) if patterns.QUERY.search(block)), blocks[0] if blocks else None)


def code_start(text: str) -> int:
    """Where the first token is that is neither white space nor comment."""
    return next((token.start for token in code_tokens(text)), len(text))


def _begins_query(text: str) -> bool:
    start = code_start(text)
    return bool(patterns.QUERY.match(text, start)) and (not _reads_as_prose(text, start) or is_syntax(text))


def _is_only_sql(text: str) -> bool:
    """Whether all of the text is one query, so that nothing in its literals and comments is taken for a mark."""
    if not patterns.QUERY.match(text, code_start(text)) or "[/sql]" in text.lower():  # [/SQL] would parse, as a name
        return False
    return not _has_wide_marks(text) and is_syntax(text)


def _has_wide_marks(text: str) -> bool:
    """Whether punctuation of Chinese or Japanese text stands outside literals: for SQLite a part of names."""
    is_plain = text.isascii()  # nearly all are
    return not is_plain and any(
        token.kind == "mark" and token.text in patterns.WIDE_MARKS for token in code_tokens(text)
    )


def _bare(text: str) -> _Candidate | None:
    """The query that the text begins with, behind comments at most."""
    if not _begins_query(text):
        return None
    sql = statement_at(text, 0)
    return _Candidate(sql, is_syntax(sql), True)


def _other(text: str) -> _Candidate | None:
    """A statement that is no query, where the text begins with one, definitions of tables before a query left out."""
    for _ in range(patterns.MAX_CANDIDATES):
        start = code_start(text)
        if not patterns.OTHER.match(text, start):
            return None
        statement = first_statement(text[start:])
        is_echo = (
            patterns.DEFINITION.match(statement) and not patterns.FROM_QUERY.search(statement) and ";" in statement
        )
        if not is_echo or not patterns.QUERY.search(text, start + len(statement)):
            break
        text = text[start + len(statement) :]
    if (
        patterns.DEFINITION.match(statement)
        and patterns.QUERY.search(statement)
        and not patterns.FROM_QUERY.search(statement)
    ):
        return None  # a schema without `;`, and a query behind it
    return _Candidate(trim(statement), False, True)


def _fenced(text: str) -> _Candidate | None:
    """The last block with a query: of those that parse in SQL, else of those in another language, else any."""
    text, blocks = _before_next_question(text), []
    for block in list(patterns.FENCE.finditer(text))[-patterns.MAX_CANDIDATES :]:
        tag, content = block.groups()
        if tag.lower() in ("select", "with"):  # "```SELECT 1```" has no tag
            tag, content = "", tag + content
        found = _bare(content.strip()) or _other(content.strip()) or _in_prose(content)
        if found and not _is_warned_of(text, block.start(), block.end()):
            blocks.append((found.parses, tag.lower() in patterns.SQL_TAGS, len(blocks), found))
    return max(blocks)[-1] if blocks else None


def _is_warned_of(text: str, start: int, end: int) -> bool:
    """Whether the line before says that what follows is not to be used, or the rest of the line that it is wrong."""
    before = patterns.FENCE_MARK.sub("", text[max(0, start - 200) : start]).rstrip().rpartition("\n")[2]
    behind = text[end : end + 100].lstrip(" \t`").partition("\n")[0]
    return bool(patterns.DO_NOT_USE.search(before) or patterns.REFUSED_BEHIND.search(behind))


def _continued(text: str) -> _Candidate | None:
    if not text or _has_wide_marks(text) or _reads_as_prose("SELECT " + text, 0):
        return None
    sql = statement_at("SELECT " + text, 0)
    reads_a_table = any(token.is_word("from") and token.depth == 0 for token in code_tokens(sql))
    return _Candidate(sql, True, True) if reads_a_table and is_syntax(sql) else None


def _in_prose(text: str) -> _Candidate | None:
    """The last query in running text, the better kind first."""
    candidates = list(_candidates(text))
    ranked = [(found.parses, found.stands_out, n) for n, found in enumerate(candidates)]
    return candidates[max(ranked)[-1]] if ranked else None


def _candidates(text: str) -> Iterator[_Candidate]:
    """Queries from left to right, none inside another. What does not parse must at least read from something."""
    read = 0
    for found in list(patterns.QUERY.finditer(text))[-patterns.MAX_CANDIDATES :]:
        start = found.start()
        before = text[max(0, start - 40) : start]
        if start < read or _reads_as_prose(text, start):
            continue
        around = _statement_around(text, start)
        if around is not None:
            statement = trim(first_statement(text[around : around + patterns.MAX_STATEMENT]))
            read = max(around + len(statement), found.end())
            yield _Candidate(statement, False, True)
            continue
        sql = statement_at(text[: _closing_quote(text, start)], start)
        stands_out = found.group()[:4].isupper() or bool(patterns.BEFORE_QUERY.search(before))
        parses = is_syntax(sql)
        if not parses and not re.search(r"\bFROM\b", sql, re.IGNORECASE):
            continue
        if _is_refused(text, start, start + len(sql)):
            continue
        read = start + len(sql) if parses or stands_out or patterns.WITHIN_QUERY.search(before) else found.end()
        yield _Candidate(sql, parses, stands_out)


def _statement_around(text: str, start: int) -> int | None:
    """Where a statement begins that is no query and that the SELECT at `start` is inside of."""
    openers = list(patterns.OPENER.finditer(text, max(0, start - 2_000), start))
    if not openers:
        return None
    begin = openers[-1].end()
    between = text[begin:start]
    is_definition = patterns.DEFINITION.match(between) and not patterns.FROM_QUERY.search(text[begin : start + 8])
    keyword = patterns.OTHER.match(text, begin)
    is_english = keyword and not keyword.group()[:3].isupper()
    return None if is_definition or is_english or ";" in between or patterns.SENTENCE_END.search(between) else begin


def _is_refused(text: str, start: int, end: int) -> bool:
    """Whether the sentences around a query refuse to give it or call it wrong."""
    if patterns.SET_OFF.search(text[max(0, start - 40) : start]):
        return _is_warned_of(text, start, end)
    return bool(
        patterns.REFUSED_BEFORE.search(text[max(0, start - 120) : start])
        or patterns.REFUSED_BEHIND.search(text[start + 7 : end + 100])
    )


def _closing_quote(text: str, start: int) -> int:
    """Where a query in quotes or backticks ends: at the last such mark before which it parses, else with the text."""
    ahead = text[max(0, start - 40) : start].rstrip()
    if ahead.endswith(('"""', "'''")):
        end = text.find(ahead[-3:], start)
        return end if end >= 0 else len(text)
    quote = text[start - 1 : start]
    if quote not in ("`", '"', "'"):
        return len(text)
    ends = [found.start() for found in re.finditer(re.escape(quote), text[start : start + patterns.MAX_STATEMENT])][
        : patterns.MAX_CUTS
    ]
    return next((start + end for end in reversed(ends) if is_syntax(text[start : start + end])), len(text))


def _before_next_question(text: str) -> str:
    """Cut where, behind a query, the model goes on to ask itself something."""
    query = patterns.QUERY.search(text)
    found = patterns.NEXT_QUESTION.search(text, query.end()) if query else None
    return text[: found.start()] if found else text


def _reads_as_prose(text: str, start: int) -> bool:
    """Whether SELECT here is a word of a sentence: "select the rows ...", "the SELECT statement reads ..."."""
    words = [token.text.lower() for token, _ in zip(code_tokens(text[start : start + 200]), range(6), strict=False)]
    if not words or words[0] != "select":
        return False
    rest = [word for word in words[1:] if word not in ("distinct", "all")]
    if len(rest) < 2:
        return False
    if not rest[1].isidentifier():
        return False
    if patterns.DETERMINER.fullmatch(rest[0]):
        return not patterns.CLAUSE.fullmatch(rest[1])
    return bool(patterns.SQL_NOUN.fullmatch(rest[0])) and rest[1] not in ("from", "as")
