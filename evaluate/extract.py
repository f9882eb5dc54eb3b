"""A model's completion in, the SQL it answers with out: what is scored is decided here, so every rule is written down.

1. Thinking is not the answer: `<think>...</think>` is removed; a completion that is still thinking has no answer.
2. Where the answer begins is sometimes marked: an echoed prompt ends in `### Response:` or a chat template's assistant
   mark, the answer stands in `[SQL]...[/SQL]`, `<sql>...</sql>` or `<answer>...</answer>`. The first mark counts (later
   ones are questions that the model asked itself) and the answer ends at its closing mark or at an end-of-turn token.
3. A completion that begins with SQL is that SQL, up to its first `;` or to the prose, fence or next question behind it.
4. Fenced blocks: the last one that holds a query, closed or not. Models draft, then correct themselves; blocks behind
   the next question are not looked at. SQL and untagged blocks go before other languages.
5. A completion that goes on where a prompt ended in `SELECT` ("name FROM singer") gets that word back.
6. Prose: the last query in it. One that SQLite's parser accepts goes before one that it does not, one written in
   capitals or behind a colon, quote or line break before one in the middle of a sentence. "select the rows" is no
   query.
7. Other statements (`DELETE FROM t`) only where the completion begins with one, so that they count as errors, not as
   silence.

The result is verbatim (comments, line breaks, literals) but for white space around it and one `;` at its end.
Of several statements the first is taken. A JSON object with a key `sql` or `query` counts as the text under it
(`extract_json.py`). Marks of the text around a query (`</code>`, `**`, `.`) are cut off where it parses without them.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from evaluate.extract_json import sql_in_json
from sql.sql_text import Token, code_tokens, first_statement, is_blank, is_syntax, tokens

MAX_LENGTH = 100_000  # characters; a longer completion is only SQL if it begins with SQL
_MAX_CANDIDATES = 50  # SELECTs of one text that are looked at
_WIDE_ENDS = "；。"
_WIDE_MARKS = f"{_WIDE_ENDS}：，、（）"
_MARKS = re.compile(r"\s*(?:</\w+>.*|[.*#}$]+)\Z", re.DOTALL)
_MAX_CUTS = 30  # line ends of one statement that are tried as its end

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
TURN = re.compile(
    r"\#{2,}\s*(?:Response|Answer|SQL(?:\s+Query)?)\s*:|\[/INST\]|<\|im_start\|>\s*assistant|<start_of_turn>\s*model"
    r"|<\|start_header_id\|>\s*assistant\s*<\|end_header_id\|>|<\|assistant\|>",
    re.IGNORECASE,
)
OPEN = re.compile(r"\[SQL\]|<sql>|<answer>", re.IGNORECASE)
CLOSE = re.compile(
    r"\[/SQL\]|</sql>|</answer>|</s>|<eos>|<end_of_turn>|<\|[\w ]+\|>|<｜[^｜]{1,30}｜>|\[INST\]", re.IGNORECASE
)
_LEADING = re.compile(r"(?:\s|<s>|<bos>|<\|[\w ]+\|>)*")
FENCE = re.compile(r"(?:```+|~~~+)[ \t]*([\w+-]*)(.*?)(?:```+|~~~+|\Z)", re.DOTALL)
_SQL_TAGS = {"", "sql", "sqlite", "sqlite3", "mysql", "postgresql", "postgres", "tsql", "plsql"}

_CTE = r"WITH\s+(?:RECURSIVE\s+)?(?:\w+|\"[^\"]+\")\s*(?:\([^()]*\)\s*)?AS\s*(?:(?:NOT\s+)?MATERIALIZED\s*)?\("
QUERY = re.compile(rf"\bSELECT\b|\b{_CTE}", re.IGNORECASE)
OTHER = re.compile(
    r"(?:VALUES\s*\(|EXPLAIN\s|PRAGMA\s+\w|VACUUM\b|REINDEX\b|ATTACH\s+(?:DATABASE\s|')|DETACH\s+\w|"
    r"(?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO\s|DELETE\s+FROM\s|UPDATE\s+[\w\"`\[\].]+\s+SET\s|"
    r"(?:CREATE|DROP|ALTER)\s+(?:TEMP\s+|TEMPORARY\s+|UNIQUE\s+|VIRTUAL\s+)?(?:TABLE|VIEW|INDEX|TRIGGER)\b)",
    re.IGNORECASE,
)
_WITHIN_QUERY = re.compile(r"(?:\(|\b(?:union|all|except|intersect|as))\s*$", re.IGNORECASE)
_BEFORE_QUERY = re.compile(r"(?:^|[\n:`\"'>;*(\]])\s*$")
NEXT_QUESTION = re.compile(
    r"^[ \t]*(?:\#+[ \t]*|\*\*)?(?:question|instruction|input|user|human|assistant|context|q|schema)"
    r"(?:\*\*)?[ \t]*\d*[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"\s*(?:\#|\*\*)")
_PROSE_LINE = re.compile(
    r"\s*(?:(?:this|the|these|that|it|i|we|you|note|here|explanation|however|alternatively|please|if|in this|answer|"
    r"output|result|question|example|where:)\b(?![ \t]*(?:[.,=<>()]|is\s+null))|[A-Z]\w*(?:[ \t]\w+){0,3}:(?:\s|$))",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*(?:from|where|group|having|order|limit|offset|union|intersect|except|join|left|right|full|inner|outer|cross|natural|"
    r"on|using|and|or|not|in|as|case|when|then|else|end|between|like|glob|is|window|asc|desc|exists|collate|values|over)\b"
    r"|\s*(?:--|/\*|[^\w\s`])",
    re.IGNORECASE,
)
_DETERMINER = re.compile(
    "the|an?|any|each|every|only|those|these|this|that|which|your|my|our|one|some|specific|certain|just"
)
_SQL_NOUN = re.compile("(?:statement|clause|quer(?:y|ie)|keyword|command|operation)s?")
_CLAUSE = re.compile("from|as|where|group|order|limit|union|intersect|except|is|not|in|like|between|and|or|collate")


class _Candidate(NamedTuple):
    sql: str
    parses: bool
    stands_out: bool  # written in capitals, or set off from the text before it


def extract_sql(completion: str) -> str | None:
    """The SQL that a completion answers with, or None where there is none; the module's docstring has the rules."""
    verbatim = completion.strip()
    if len(verbatim) > MAX_LENGTH:
        return verbatim if QUERY.match(verbatim) or OTHER.match(verbatim) else None
    if _is_only_sql(verbatim):
        return trim(verbatim)
    spoken = without_thought(verbatim)
    text = _answer(_in_json(spoken) or spoken)
    bare = _bare(text)
    if bare and bare.parses:
        return bare.sql
    fenced = _fenced(text)
    if fenced and (fenced.parses or not bare):
        return fenced.sql
    found = bare or _other(text) or _continued(text) or _in_prose(_before_next_question(text))
    return found.sql if found else None


def _in_json(text: str) -> str | None:
    """The statement in a JSON object, where the text does not begin with SQL itself."""
    found = None if _begins_query(text) else sql_in_json(text)
    return found if found and (_begins_query(found) or OTHER.match(found, code_start(found))) else None


def without_thought(text: str) -> str:
    """The text behind its thoughts; nothing where it is still thinking."""
    return _THOUGHT_END.split(_THOUGHT.sub("", text))[-1]


def _answer(text: str) -> str:
    """The text behind the mark of an answer, up to its end."""
    for mark in (TURN, OPEN):
        found = None if _begins_query(text) else mark.search(text)
        if found and (QUERY.search(text, found.end()) or not QUERY.search(text)):
            text = text[found.end() :]
    text = text[_LEADING.match(text).end() :]
    return CLOSE.split(text, maxsplit=1)[0].strip()


def trim(sql: str) -> str:
    """Without white space around it and one `;` at the end, unless that belongs to a comment or a literal."""
    sql = sql.strip()
    return sql[:-1].rstrip() if sql.endswith(";") and first_statement(sql) == sql else sql


def code_start(text: str) -> int:
    """Where the first token is that is neither white space nor comment."""
    return next((token.start for token in code_tokens(text)), len(text))


def _begins_query(text: str) -> bool:
    start = code_start(text)
    return bool(QUERY.match(text, start)) and not _reads_as_prose(text, start)


def _is_only_sql(text: str) -> bool:
    """Whether all of the text is one query, so that nothing in its literals and comments is taken for a mark."""
    if not _begins_query(text) or "[/sql]" in text.lower():  # [/SQL] would parse, as a name
        return False
    return not _has_wide_marks(text) and is_syntax(text)


def _has_wide_marks(text: str) -> bool:
    """Whether punctuation of Chinese or Japanese text stands outside literals: for SQLite a part of names."""
    is_plain = text.isascii()  # nearly all are
    return not is_plain and any(token.kind == "mark" and token.text in _WIDE_MARKS for token in code_tokens(text))


def _bare(text: str) -> _Candidate | None:
    """The query that the text begins with, behind comments at most."""
    if not _begins_query(text):
        return None
    sql = _statement(text, 0)
    return _Candidate(sql, is_syntax(sql), True)


def _other(text: str) -> _Candidate | None:
    """A statement that is no query, where the text begins with one; a schema that is followed by a query is skipped."""
    start = code_start(text)
    found = OTHER.match(text, start)
    if not found or (found.group().upper().startswith("CREATE") and QUERY.search(text)):
        return None
    return _Candidate(trim(first_statement(text[start:])), False, True)


def _fenced(text: str) -> _Candidate | None:
    """The last block with a query: of those that parse in SQL, else of those in another language, else any."""
    blocks = []
    for block in FENCE.finditer(_before_next_question(text)):
        tag, content = block.groups()
        if tag.lower() in ("select", "with"):  # "```SELECT 1```" has no tag
            tag, content = "", tag + content
        found = _bare(content.strip()) or _in_prose(content) or _other(content.strip())
        if found:
            blocks.append((found.parses, tag.lower() in _SQL_TAGS, len(blocks), found))
    return max(blocks)[-1] if blocks else None


def _continued(text: str) -> _Candidate | None:
    if not text or _has_wide_marks(text) or _reads_as_prose("SELECT " + text, 0):
        return None
    sql = _statement("SELECT " + text, 0)
    reads_a_table = any(token.is_word("from") and token.depth == 0 for token in code_tokens(sql))
    return _Candidate(sql, True, True) if reads_a_table and is_syntax(sql) else None


def _in_prose(text: str) -> _Candidate | None:
    """The last query in running text, the better kind first."""
    candidates = list(_candidates(text))
    ranked = [(found.parses, found.stands_out, n) for n, found in enumerate(candidates)]
    return candidates[max(ranked)[-1]] if ranked else None


def _candidates(text: str) -> Iterator[_Candidate]:
    """Queries from left to right, none inside another. What does not parse must at least read from something."""
    position = read = 0
    for _ in range(_MAX_CANDIDATES):
        found = QUERY.search(text, position)
        if not found:
            return
        start, position = found.start(), found.end()
        before = text[max(0, start - 40) : start]
        if _reads_as_prose(text, start) or (start < read and _WITHIN_QUERY.search(before)):
            continue
        sql = _statement(text[: _closing_quote(text, start)], start)
        stands_out = found.group()[:4].isupper() or bool(_BEFORE_QUERY.search(before))
        parses = is_syntax(sql)
        if parses or re.search(r"\bFROM\b", sql, re.IGNORECASE):
            read = start + len(sql)
            position = read if parses or stands_out else position
            yield _Candidate(sql, parses, stands_out)


def _closing_quote(text: str, start: int) -> int:
    """Where a query in quotes or backticks ends: at the last such mark before which it parses, else with the text."""
    quote = text[start - 1 : start]
    if quote not in ("`", '"', "'"):
        return len(text)
    ends = [found.start() for found in re.finditer(re.escape(quote), text[start:])][:_MAX_CUTS]
    return next((start + end for end in reversed(ends) if is_syntax(text[start : start + end])), len(text))


def _before_next_question(text: str) -> str:
    """Cut where, behind a query, the model goes on to ask itself something."""
    query = QUERY.search(text)
    found = NEXT_QUESTION.search(text, query.end()) if query else None
    return text[: found.start()] if found else text


def _statement(text: str, start: int) -> str:
    """One statement from `start`: up to `;`, a fence, the parenthesis around it, the next question, or prose."""
    inside = text[:start].rstrip().endswith("(")
    end = next((token.start for token in tokens(text, start) if _ends_statement(token, inside)), len(text))
    sql = text[start:end].rstrip()
    return sql if is_syntax(sql) else _without_marks(without_tail(sql))


def _without_marks(sql: str) -> str:
    """Without a closing tag and what follows it, or marks at the end ("...", `**`, `###`), where the rest parses."""
    found = None if is_syntax(sql) else _MARKS.search(sql)
    head = sql[: found.start()] if found else ""
    return head if head and is_syntax(head) else sql


def _ends_statement(token: Token, inside: bool) -> bool:
    if token.depth < 0 and inside:
        return True
    if token.kind == "mark" and token.text in _WIDE_ENDS:
        return True
    return (token.text == ";" and token.depth <= 0) or token.text.startswith("```")


def without_tail(sql: str) -> str:
    """A statement that does not parse, without what follows it on lines of its own and is no SQL.

    Cut before the first line that reads as prose or as the next question; or behind a part that parses when a blank
    line or another query follows it. A query that is merely wrong stays whole: half of it could be right by accident.
    """
    for found in list(re.finditer(r"\n(?:[ \t\r]*\n)*", sql))[:_MAX_CUTS]:
        head, tail = sql[: found.start()], sql[found.end() :]
        if is_blank(head):
            continue
        if NEXT_QUESTION.match(tail) or _HEADING.match(tail) or (_PROSE_LINE.match(tail) and not _GOES_ON.match(tail)):
            return head.rstrip()
        starts_anew = bool(QUERY.match(tail)) or (found.group().count("\n") > 1 and not _GOES_ON.match(tail))
        if starts_anew and is_syntax(head):
            return head.rstrip()
    return sql


def _reads_as_prose(text: str, start: int) -> bool:
    """Whether SELECT here is a word of a sentence: "select the rows ...", "the SELECT statement reads ..."."""
    words = [token.text.lower() for token, _ in zip(code_tokens(text[start : start + 200]), range(6), strict=False)]
    if not words or words[0] != "select":
        return False
    rest = [word for word in words[1:] if word not in ("distinct", "all")]
    if len(rest) < 2:
        return False
    if _DETERMINER.fullmatch(rest[0]):
        return rest[1].isidentifier() and not _CLAUSE.fullmatch(rest[1])
    return bool(_SQL_NOUN.fullmatch(rest[0])) and rest[1] not in ("from", ",", "as")
