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
from itertools import islice
from typing import NamedTuple

from evaluate.extract_json import sql_in_json
from sql.sql_text import Token, code_tokens, first_statement, is_blank, is_syntax, tokens

MAX_STATEMENT = 100_000  # characters of one statement in which an end is looked for
_MAX_CANDIDATES = 40  # SELECTs and fences of one text that are looked at, the last ones
_MAX_CUTS = 20  # line ends of one statement that are tried as its end
_WIDE_ENDS = "；。"
_WIDE_MARKS = f"{_WIDE_ENDS}：，、（）"
_CLOSING_TAG = re.compile(r"</\w{1,40}>")
_END_MARKS = ".*#}$/ \t\r\n"
_ODD_SPACE = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]|[\u200b\u2060\ufeff]")

_THINKING = r"think(?:ing)?|reasoning|thought|scratchpad"
_THOUGHT_END = re.compile(rf"</(?:{_THINKING})>|\[/THINK\]|◁/think▷", re.IGNORECASE)
_THOUGHT = re.compile(
    rf"(?:<(?:{_THINKING})>|\[THINK\]|◁think▷).*?(?:{_THOUGHT_END.pattern}|\Z)", re.DOTALL | re.IGNORECASE
)
_FINAL = re.compile(r"<\|channel\|>\s{0,8}final[^<]{0,40}<\|message\|>")
_CHANNEL = re.compile(r"<\|channel\|>")
TURN = re.compile(
    r"(?<!\#)\#{2,8}[ \t]{0,8}(?:Response|Answer|SQL(?:[ \t]{1,8}Query)?)[ \t]{0,8}:|\[/INST\]"
    r"|<\|im_start\|>\s{0,8}assistant"
    r"|<start_of_turn>\s{0,8}model|<\|start_header_id\|>\s{0,8}assistant\s{0,8}<\|end_header_id\|>|<\|assistant\|>",
    re.IGNORECASE,
)
OPEN = re.compile(r"\[SQL\]|<sql>|<answer>", re.IGNORECASE)
CLOSE = re.compile(
    r"\[/SQL\]|</sql>|</answer>|</s>|<eos>|<end_of_turn>|<\|[\w ]{1,40}\|>|<｜[^｜]{1,30}｜>|\[INST\]", re.IGNORECASE
)
_LEADING = re.compile(r"(?:\s|<s>|<bos>|<\|[\w ]{1,40}\|>)*+")
FENCE = re.compile(r"(?:```+|~~~+)[ \t]*+([\w+-]*+)(.*?)(?:```+|~~~+|\Z)", re.DOTALL)
_FENCE_MARK = re.compile(r"(?:```+|~~~+)\w{0,20}\s*\Z")
_SQL_TAGS = {"", "sql", "sqlite", "sqlite3", "mysql", "postgresql", "postgres", "tsql", "plsql"}

_CTE = (
    r"WITH\s{1,40}(?:RECURSIVE\s{1,40})?(?:\w{1,128}|\"[^\"]{1,128}\")\s{0,40}(?:\([^()]{0,500}\)\s{0,40})?"
    r"AS\s{0,40}(?:(?:NOT\s{1,40})?MATERIALIZED\s{0,40})?\("
)
QUERY = re.compile(rf"\bSELECT\b|\b{_CTE}", re.IGNORECASE)
_S = r"\s{1,40}"
OTHER = re.compile(
    rf"(?:VALUES\s{{0,40}}\(|EXPLAIN\s|PRAGMA{_S}\w|VACUUM\b|REINDEX\b|ATTACH{_S}(?:DATABASE\s|')|DETACH{_S}\w|"
    rf"INSERT{_S}(?:OR{_S}\w+{_S})?(?:INTO|OVERWRITE)\s|REPLACE{_S}INTO\s|DELETE{_S}FROM\s|"
    rf"UPDATE{_S}[\w\"`\[\].]{{1,200}}{_S}SET\s|MERGE{_S}INTO\s|TRUNCATE{_S}(?:TABLE{_S})?\w+{_S}?(?:;|\Z)|TRUNCATE{_S}TABLE\s|"
    rf"(?:CREATE|DROP|ALTER){_S}(?!an?\b|the\b|your\b|this\b)(?:OR{_S}REPLACE{_S})?(?:\w{{1,40}}{_S}){{0,2}}"
    r"(?:TABLE|VIEW|INDEX|TRIGGER|SCHEMA|DATABASE|FUNCTION|PROCEDURE|SEQUENCE|TYPE|ROLE|USER|EXTENSION)\b|"
    rf"(?:GRANT|REVOKE){_S}[\w, ]{{1,80}}{_S}ON\s|COPY\s{{0,40}}(?:\(|\w+{_S}(?:FROM|TO)\s)|UNLOAD\s{{0,40}}\(|"
    rf"DECLARE{_S}[@\w]+{_S}|PREPARE{_S}\w+{_S}(?:AS|FROM)\b|PREPARE{_S}\w+\s{{0,40}}\(|EXECUTE{_S}(?:IMMEDIATE\b|'|\w+\s{{0,40}}[;(])|"
    rf"BEGIN(?:{_S}(?:TRANSACTION|DEFERRED|IMMEDIATE|EXCLUSIVE|WORK))?\s{{0,40}}(?:;|\Z)|BEGIN{_S}(?:TRANSACTION|SELECT)\b|START{_S}TRANSACTION\b|"
    rf"(?:COMMIT|ROLLBACK|ANALYZE)\s{{0,40}};|SAVEPOINT{_S}\w+\s{{0,40}};|SET{_S}[@\w.]+\s{{0,40}}(?:=|TO\b)|USE{_S}\w+\s{{0,40}};|"
    rf"CALL{_S}\w+\s{{0,40}}\(|REFRESH{_S}MATERIALIZED\b|CACHE{_S}(?:LAZY{_S})?TABLE\b|LOCK{_S}TABLES?\b|LOAD{_S}DATA\b|DO{_S}\$|"
    rf"FOR{_S}\w+{_S}IN\s{{0,40}}\(|RETURN{_S}(?:QUERY\b|\()|OPEN{_S}\w+{_S}FOR\b|EXPORT{_S}DATA\b|COMMENT{_S}ON{_S}\w+{_S}\w+{_S}IS\b)",
    re.IGNORECASE,
)
_DEFINITION = re.compile(
    rf"CREATE{_S}(?:TEMP(?:ORARY)?{_S})?TABLE{_S}(?:IF{_S}NOT{_S}EXISTS{_S})?[\w\"`\[\].]{{1,200}}\s{{0,40}}\(",
    re.IGNORECASE,
)
_FROM_QUERY = re.compile(r"\bAS\s{0,40}\(?\s{0,40}(?:SELECT|WITH)\b", re.IGNORECASE)
_OPENER = re.compile(rf"(?:^|[:;`\"'>])[ \t]{{0,40}}(?={OTHER.pattern})", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?]\s+[A-Z]|\n\s*\n|```")
_WITHIN_QUERY = re.compile(r"(?:\(|\b(?:union|all|except|intersect|as))\s*$", re.IGNORECASE)
_BEFORE_QUERY = re.compile(r"(?:^|[\n:`\"'>;*(\]])\s*$")
_SET_OFF = re.compile(r"(?:^|[\n:>])[ \t]*[`\"'*]*[ \t]*$")
_REFUSED_BEFORE = re.compile(
    r"\b(?:cannot|can\s?not|can['’]t|won['’]t|will not|unable to|refuse|not able to|do not|don['’]t|never|must not|"
    r"mustn['’]t|should not|shouldn['’]t|avoid|instead of|rather than|wrong|incorrect)\b",
    re.IGNORECASE,
)
_REFUSED_BEHIND = re.compile(
    r"\b(?:(?:is|are|was|would be|seems|looks) (?:\w+ )?"
    r"(?:wrong|incorrect|invalid|unsafe|dangerous|harmful|bad)|not be (?:used|run|executed)|"
    r"does not (?:work|answer)|doesn['’]t (?:work|answer)|because it is unsafe|yourself)\b",
    re.IGNORECASE,
)
_DO_NOT_USE = re.compile(
    r"\b(?:do not|don['’]t|never|must not|should not|shouldn['’]t|cannot|can['’]t|avoid)\s"
    r"(?:ever\s)?(?:us|run|execut|do|writ|submit)",
    re.IGNORECASE,
)
NEXT_QUESTION = re.compile(
    r"^[ \t]{0,40}(?:\#{1,8}[ \t]{0,8}|\*\*)?(?:question|instruction|input|user|human|assistant|context|q|schema)"
    r"(?:\*\*)?[ \t]{0,8}\d{0,8}[ \t]{0,8}:",
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
_LINE = 5_000  # characters of a statement in which prose behind the query is looked for
_SQL_WORD = re.compile(
    "from|where|group|having|order|by|limit|offset|union|intersect|except|join|left|right|full|inner|outer|cross|natural|on|using|"
    "and|or|not|in|as|case|when|then|else|end|between|like|glob|is|null|asc|desc|exists|collate|values|over|into|for|distinct|"
    "all|with|select|set|fetch|window|filter|partition|nulls|first|last|regexp|ilike|escape",
    re.IGNORECASE,
)


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
    if text.isascii() or not _ODD_SPACE.search(text):
        return text
    kept = ("string", "name")
    return "".join(
        token.text if token.kind in kept else _ODD_SPACE.sub(_plain_space, token.text) for token in tokens(text)
    )


def _plain_space(found: re.Match) -> str:
    return "" if found.group() in "\u200b\u2060\ufeff" else " "


def _in_json(text: str) -> str | None:
    """The statement in a JSON object, where the text does not begin with SQL itself."""
    found = None if _begins_query(text) else sql_in_json(text)
    return found if found and (_begins_query(found) or OTHER.match(found, code_start(found))) else None


def without_thought(text: str) -> str:
    """The text behind its thoughts; nothing where it is still thinking."""
    text = _THOUGHT_END.split(_THOUGHT.sub("", text))[-1]
    channel = _CHANNEL.search(text)
    if not channel:
        return text
    finals = list(_FINAL.finditer(text))
    return text[finals[-1].end() :] if finals else text[: channel.start()]


def _answer(text: str) -> str:
    """The text behind the mark of an answer, up to its end."""
    found = None if _begins_query(text) else TURN.search(text)
    if found and (QUERY.search(text, found.end()) or not QUERY.search(text)):
        text = text[found.end() :]
    if not _begins_query(text):
        text = _marked(text) or text
    text = text[_LEADING.match(text).end() :]
    return CLOSE.split(text, maxsplit=1)[0].strip()


def _marked(text: str) -> str | None:
    """The last block between marks that holds a query; blocks behind the next question or turn are not looked at."""
    text = _before_next_question(text).partition("[INST]")[0]
    blocks = [CLOSE.split(block, maxsplit=1)[0] for block in OPEN.split(text)[1:][-_MAX_CANDIDATES:]]
    return next((block for block in reversed(blocks) if QUERY.search(block)), blocks[0] if blocks else None)


def trim(sql: str) -> str:
    """Without white space around it and one `;` at the end, unless that belongs to a comment or a literal."""
    sql = sql.strip()
    return sql[:-1].rstrip() if sql.endswith(";") and first_statement(sql) == sql else sql


def code_start(text: str) -> int:
    """Where the first token is that is neither white space nor comment."""
    return next((token.start for token in code_tokens(text)), len(text))


def _begins_query(text: str) -> bool:
    start = code_start(text)
    return bool(QUERY.match(text, start)) and (not _reads_as_prose(text, start) or is_syntax(text))


def _is_only_sql(text: str) -> bool:
    """Whether all of the text is one query, so that nothing in its literals and comments is taken for a mark."""
    if not QUERY.match(text, code_start(text)) or "[/sql]" in text.lower():  # [/SQL] would parse, as a name
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
    """A statement that is no query, where the text begins with one, definitions of tables before a query left out."""
    for _ in range(_MAX_CANDIDATES):
        start = code_start(text)
        if not OTHER.match(text, start):
            return None
        statement = first_statement(text[start:])
        is_echo = _DEFINITION.match(statement) and not _FROM_QUERY.search(statement) and ";" in statement
        if not is_echo or not QUERY.search(text, start + len(statement)):
            break
        text = text[start + len(statement) :]
    if _DEFINITION.match(statement) and QUERY.search(statement) and not _FROM_QUERY.search(statement):
        return None  # a schema without `;`, and a query behind it
    return _Candidate(trim(statement), False, True)


def _fenced(text: str) -> _Candidate | None:
    """The last block with a query: of those that parse in SQL, else of those in another language, else any."""
    text, blocks = _before_next_question(text), []
    for block in list(FENCE.finditer(text))[-_MAX_CANDIDATES:]:
        tag, content = block.groups()
        if tag.lower() in ("select", "with"):  # "```SELECT 1```" has no tag
            tag, content = "", tag + content
        found = _bare(content.strip()) or _other(content.strip()) or _in_prose(content)
        if found and not _is_warned_of(text, block.start(), block.end()):
            blocks.append((found.parses, tag.lower() in _SQL_TAGS, len(blocks), found))
    return max(blocks)[-1] if blocks else None


def _is_warned_of(text: str, start: int, end: int) -> bool:
    """Whether the line before says that what follows is not to be used, or the rest of the line that it is wrong."""
    before = _FENCE_MARK.sub("", text[max(0, start - 200) : start]).rstrip().rpartition("\n")[2]
    behind = text[end : end + 100].lstrip(" \t`").partition("\n")[0]
    return bool(_DO_NOT_USE.search(before) or _REFUSED_BEHIND.search(behind))


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
    read = 0
    for found in list(QUERY.finditer(text))[-_MAX_CANDIDATES:]:
        start = found.start()
        before = text[max(0, start - 40) : start]
        if start < read or _reads_as_prose(text, start):
            continue
        around = _statement_around(text, start)
        if around is not None:
            statement = trim(first_statement(text[around : around + MAX_STATEMENT]))
            read = max(around + len(statement), found.end())
            yield _Candidate(statement, False, True)
            continue
        sql = _statement(text[: _closing_quote(text, start)], start)
        stands_out = found.group()[:4].isupper() or bool(_BEFORE_QUERY.search(before))
        parses = is_syntax(sql)
        if not parses and not re.search(r"\bFROM\b", sql, re.IGNORECASE):
            continue
        if _is_refused(text, start, start + len(sql)):
            continue
        read = start + len(sql) if parses or stands_out or _WITHIN_QUERY.search(before) else found.end()
        yield _Candidate(sql, parses, stands_out)


def _statement_around(text: str, start: int) -> int | None:
    """Where a statement begins that is no query and that the SELECT at `start` is inside of."""
    openers = list(_OPENER.finditer(text, max(0, start - 2_000), start))
    if not openers:
        return None
    begin = openers[-1].end()
    between = text[begin:start]
    is_definition = _DEFINITION.match(between) and not _FROM_QUERY.search(text[begin : start + 8])
    keyword = OTHER.match(text, begin)
    is_english = keyword and not keyword.group()[:3].isupper()
    return None if is_definition or is_english or ";" in between or _SENTENCE_END.search(between) else begin


def _is_refused(text: str, start: int, end: int) -> bool:
    """Whether the sentences around a query refuse to give it or call it wrong."""
    if _SET_OFF.search(text[max(0, start - 40) : start]):
        return _is_warned_of(text, start, end)
    return bool(
        _REFUSED_BEFORE.search(text[max(0, start - 120) : start]) or _REFUSED_BEHIND.search(text[start + 7 : end + 100])
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
    ends = [found.start() for found in re.finditer(re.escape(quote), text[start : start + MAX_STATEMENT])][:_MAX_CUTS]
    return next((start + end for end in reversed(ends) if is_syntax(text[start : start + end])), len(text))


def _before_next_question(text: str) -> str:
    """Cut where, behind a query, the model goes on to ask itself something."""
    query = QUERY.search(text)
    found = NEXT_QUESTION.search(text, query.end()) if query else None
    return text[: found.start()] if found else text


def _statement(text: str, start: int) -> str:
    """One statement from `start`: up to `;`, a fence, the parenthesis around it, the next question, or prose."""
    inside = text[max(0, start - 200) : start].rstrip().endswith("(")
    whole, text = text[start:], text[start : start + MAX_STATEMENT]
    end = next((token.start for token in tokens(text) if _ends_statement(token, inside)), len(text))
    is_cut = end == MAX_STATEMENT < len(whole)  # what is read of it may parse by accident
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
    found = _CLOSING_TAG.search(sql)
    for head in (sql[: found.start()].rstrip() if found else "", sql.rstrip(_END_MARKS)):
        if head and is_syntax(head):
            return head
    return sql


def _without_prose(sql: str) -> str:
    """Without a sentence behind the query on its own line: from the first place where at least three words follow that
    are neither SQL's nor in capitals, and in front of which it parses.
    """
    code = list(code_tokens(sql[:_LINE]))
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
        is_sql = any(_SQL_WORD.fullmatch(token.text) for token in behind[:2])
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
    if token.kind == "mark" and token.text in _WIDE_ENDS:
        return True
    return (token.text == ";" and token.depth <= 0) or token.text.startswith("```")


def without_tail(sql: str) -> str:
    """A statement that does not parse, without what follows it on lines of its own and is no SQL.

    Cut before the first line that reads as prose or as the next question; or behind a part that parses when a blank
    line or another query follows it. A query that is merely wrong stays whole: half of it could be right by accident.
    """
    for found in islice(re.finditer(r"\n(?:[ \t\r]*+\n)*+", sql), _MAX_CUTS):
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
    if not rest[1].isidentifier():
        return False
    if _DETERMINER.fullmatch(rest[0]):
        return not _CLAUSE.fullmatch(rest[1])
    return bool(_SQL_NOUN.fullmatch(rest[0])) and rest[1] not in ("from", "as")
