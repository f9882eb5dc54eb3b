"""What `extract.py` recognises in a completion: marks around answers, thoughts, statements, refusals, words of prose.

Every pattern is bounded or possessive, so that searching takes time in proportion to the text.
"""

import re

MAX_STATEMENT = 100_000  # characters of one statement in which an end is looked for
MAX_CANDIDATES = 40  # SELECTs and fences of one text that are looked at, the last ones
MAX_CUTS = 20  # line ends of one statement that are tried as its end
WIDE_ENDS = "；。"
WIDE_MARKS = f"{WIDE_ENDS}：，、（）"
CLOSING_TAG = re.compile(r"</\w{1,40}>")
END_MARKS = ".*#}$/ \t\r\n"
ODD_SPACE = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]|[\u200b\u2060\ufeff]")

THINKING = r"think(?:ing)?|reasoning|thought|scratchpad"
THOUGHT_END = re.compile(rf"</(?:{THINKING})>|\[/THINK\]|◁/think▷", re.IGNORECASE)
THOUGHT = re.compile(
    rf"(?:<(?:{THINKING})>|\[THINK\]|◁think▷).*?(?:{THOUGHT_END.pattern}|\Z)", re.DOTALL | re.IGNORECASE
)
FINAL = re.compile(r"<\|channel\|>\s{0,8}final[^<]{0,40}<\|message\|>")
CHANNEL = re.compile(r"<\|channel\|>")
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
LEADING = re.compile(r"(?:\s|<s>|<bos>|<\|[\w ]{1,40}\|>)*+")
FENCE = re.compile(r"(?:```+|~~~+)[ \t]*+([\w+-]*+)(.*?)(?:```+|~~~+|\Z)", re.DOTALL)
FENCE_MARK = re.compile(r"(?:```+|~~~+)\w{0,20}\s*\Z")
SQL_TAGS = {"", "sql", "sqlite", "sqlite3", "mysql", "postgresql", "postgres", "tsql", "plsql"}

CTE = (
    r"WITH\s{1,40}(?:RECURSIVE\s{1,40})?(?:\w{1,128}|\"[^\"]{1,128}\")\s{0,40}(?:\([^()]{0,500}\)\s{0,40})?"
    r"AS\s{0,40}(?:(?:NOT\s{1,40})?MATERIALIZED\s{0,40})?\("
)
QUERY = re.compile(rf"\bSELECT\b|\b{CTE}", re.IGNORECASE)
S = r"\s{1,40}"
OTHER = re.compile(
    rf"(?:VALUES\s{{0,40}}\(|EXPLAIN\s|PRAGMA{S}\w|VACUUM\b|REINDEX\b|ATTACH{S}(?:DATABASE\s|')|DETACH{S}\w|"
    rf"INSERT{S}(?:OR{S}\w+{S})?(?:INTO|OVERWRITE)\s|REPLACE{S}INTO\s|DELETE{S}FROM\s|"
    rf"UPDATE{S}[\w\"`\[\].]{{1,200}}{S}SET\s|MERGE{S}INTO\s|TRUNCATE{S}(?:TABLE{S})?\w+{S}?(?:;|\Z)|TRUNCATE{S}TABLE\s|"
    rf"(?:CREATE|DROP|ALTER){S}(?!an?\b|the\b|your\b|this\b)(?:OR{S}REPLACE{S})?(?:\w{{1,40}}{S}){{0,2}}"
    r"(?:TABLE|VIEW|INDEX|TRIGGER|SCHEMA|DATABASE|FUNCTION|PROCEDURE|SEQUENCE|TYPE|ROLE|USER|EXTENSION)\b|"
    rf"(?:GRANT|REVOKE){S}[\w, ]{{1,80}}{S}ON\s|COPY\s{{0,40}}(?:\(|\w+{S}(?:FROM|TO)\s)|UNLOAD\s{{0,40}}\(|"
    rf"DECLARE{S}[@\w]+{S}|PREPARE{S}\w+{S}(?:AS|FROM)\b|PREPARE{S}\w+\s{{0,40}}\(|EXECUTE{S}(?:IMMEDIATE\b|'|\w+\s{{0,40}}[;(])|"
    rf"BEGIN(?:{S}(?:TRANSACTION|DEFERRED|IMMEDIATE|EXCLUSIVE|WORK))?\s{{0,40}}(?:;|\Z)|BEGIN{S}(?:TRANSACTION|SELECT)\b|START{S}TRANSACTION\b|"
    rf"(?:COMMIT|ROLLBACK|ANALYZE)\s{{0,40}};|SAVEPOINT{S}\w+\s{{0,40}};|SET{S}[@\w.]+\s{{0,40}}(?:=|TO\b)|USE{S}\w+\s{{0,40}};|"
    rf"CALL{S}\w+\s{{0,40}}\(|REFRESH{S}MATERIALIZED\b|CACHE{S}(?:LAZY{S})?TABLE\b|LOCK{S}TABLES?\b|LOAD{S}DATA\b|DO{S}\$|"
    rf"FOR{S}\w+{S}IN\s{{0,40}}\(|RETURN{S}(?:QUERY\b|\()|OPEN{S}\w+{S}FOR\b|EXPORT{S}DATA\b|COMMENT{S}ON{S}\w+{S}\w+{S}IS\b)",
    re.IGNORECASE,
)
DEFINITION = re.compile(
    rf"CREATE{S}(?:TEMP(?:ORARY)?{S})?TABLE{S}(?:IF{S}NOT{S}EXISTS{S})?[\w\"`\[\].]{{1,200}}\s{{0,40}}\(",
    re.IGNORECASE,
)
FROM_QUERY = re.compile(r"\bAS\s{0,40}\(?\s{0,40}(?:SELECT|WITH)\b", re.IGNORECASE)
OPENER = re.compile(rf"(?:^|[:;`\"'>])[ \t]{{0,40}}(?={OTHER.pattern})", re.MULTILINE)
SENTENCE_END = re.compile(r"[.!?]\s+[A-Z]|\n\s*\n|```")
WITHIN_QUERY = re.compile(r"(?:\(|\b(?:union|all|except|intersect|as))\s*$", re.IGNORECASE)
BEFORE_QUERY = re.compile(r"(?:^|[\n:`\"'>;*(\]])\s*$")
SET_OFF = re.compile(r"(?:^|[\n:>])[ \t]*[`\"'*]*[ \t]*$")
REFUSED_BEFORE = re.compile(
    r"\b(?:cannot|can\s?not|can['’]t|won['’]t|will not|unable to|refuse|not able to|do not|don['’]t|never|must not|"
    r"mustn['’]t|should not|shouldn['’]t|avoid|instead of|rather than|wrong|incorrect)\b",
    re.IGNORECASE,
)
REFUSED_BEHIND = re.compile(
    r"\b(?:(?:is|are|was|would be|seems|looks) (?:\w+ )?"
    r"(?:wrong|incorrect|invalid|unsafe|dangerous|harmful|bad)|not be (?:used|run|executed)|"
    r"does not (?:work|answer)|doesn['’]t (?:work|answer)|because it is unsafe|yourself)\b",
    re.IGNORECASE,
)
DO_NOT_USE = re.compile(
    r"\b(?:do not|don['’]t|never|must not|should not|shouldn['’]t|cannot|can['’]t|avoid)\s"
    r"(?:ever\s)?(?:us|run|execut|do|writ|submit)\w*\s"
    r"(?:this|that|these|it|anything|the\s(?:following|query|sql|statement|code))\b[^,]{0,40}$",
    re.IGNORECASE,
)
NEXT_QUESTION = re.compile(
    r"^[ \t]{0,40}(?:\#{1,8}[ \t]{0,8}|\*\*)?(?:question|instruction|input|user|human|assistant|context|q|schema)"
    r"(?:\*\*)?[ \t]{0,8}\d{0,8}[ \t]{0,8}:",
    re.IGNORECASE | re.MULTILINE,
)
HEADING = re.compile(r"\s*(?:\#|\*\*)")
PROSE_LINE = re.compile(
    r"\s*(?:(?:this|the|these|that|it|i|we|you|note|here|explanation|however|alternatively|please|if|in this|answer|"
    r"output|result|question|example|where:)\b(?![ \t]*(?:[.,=<>()]|is\s+null))|[A-Z]\w*(?:[ \t]\w+){0,3}:(?:\s|$))",
    re.IGNORECASE,
)
GOES_ON = re.compile(
    r"\s*(?:from|where|group|having|order|limit|offset|union|intersect|except|join|left|right|full|inner|outer|cross|natural|"
    r"on|using|and|or|not|in|as|case|when|then|else|end|between|like|glob|is|window|asc|desc|exists|collate|values|over)\b"
    r"|\s*(?:--|/\*|[^\w\s`])",
    re.IGNORECASE,
)
DETERMINER = re.compile(
    "the|an?|any|each|every|only|those|these|this|that|which|your|my|our|one|some|specific|certain|just"
)
SQL_NOUN = re.compile("(?:statement|clause|quer(?:y|ie)|keyword|command|operation)s?")
CLAUSE = re.compile("from|as|where|group|order|limit|union|intersect|except|is|not|in|like|between|and|or|collate")
LINE = 5_000  # characters of a statement in which prose behind the query is looked for
SQL_WORD = re.compile(
    "from|where|group|having|order|by|limit|offset|union|intersect|except|join|left|right|full|inner|outer|cross|natural|on|using|"
    "and|or|not|in|as|case|when|then|else|end|between|like|glob|is|null|asc|desc|exists|collate|values|over|into|for|distinct|"
    "all|with|select|set|fetch|window|filter|partition|nulls|first|last|regexp|ilike|escape",
    re.IGNORECASE,
)
