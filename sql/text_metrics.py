"""Figures that look at a prediction as text: is it SQL at all, and how much of the gold's text does it share?

They need no database and say nothing about results: a query can share every token and be wrong, or none and be right.
Execution accuracy is the figure to report; these are for training curves and for comparison with papers that give them.

Text that is not SQL is scored too, as words. Of text longer than `MAX_CHARACTERS` only the beginning is scored. Not
covered: LLaMA-Factory's own "BLEU" and "ROUGE" (over characters and jieba words), which are other figures.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import sacrebleu
from sacrebleu.metrics import BLEU
from sqlglot.tokens import Token, TokenType

from sql.sql_text import close_comparisons, is_syntax
from sql.sql_tree import MAX_CHARACTERS, tokens

ROUGE_NAMES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
SAME_TOKENS = {"<>": "!=", "==": "="}


def is_valid_syntax(sql: str | None) -> bool:
    """Whether SQLite's own parser reads the text as one query, with comparisons like `> =` closed up.

    Tables, columns and functions need not exist. Statements other than queries, two statements, and empty text are not
    valid. The text is only parsed, never run, whatever it holds (`sql_text.is_syntax`).
    """
    return bool(sql) and is_syntax(close_comparisons(sql))


def token_f1(gold: str, prediction: str | None) -> float:
    """F1 of the two multisets of SQL tokens, from 0 to 1: twice the shared tokens over all tokens of both.

    Tokens are sqlglot's for SQLite. Case counts in text literals only; which quotes a literal has, comments, semicolons
    and white space do not count; `<>` is `!=` and `==` is `=`. Two texts without any token are equal: 1.
    """
    expected, found = Counter(token_texts(gold)), Counter(token_texts(prediction or ""))
    total = expected.total() + found.total()
    return 2 * (expected & found).total() / total if total else 1.0


def token_texts(sql: str) -> list[str]:
    """The tokens in one spelling; the words of text that cannot be cut into SQL tokens."""
    sql = close_comparisons(sql[:MAX_CHARACTERS])
    try:
        found = tokens(sql)
    except ValueError:
        return re.findall(r"\w+|[^\w\s;]", sql.lower())
    return [token_text(token, sql) for token in found if token.token_type != TokenType.SEMICOLON]


def token_text(token: Token, sql: str) -> str:
    """One token's spelling: literals in single quotes, as they are; anything else in lower case."""
    is_literal = token.token_type == TokenType.STRING or sql[token.start] == '"'
    if is_literal:
        return f"'{token.text}'"
    text = " ".join(token.text.lower().split())
    return SAME_TOKENS.get(text, text)


def bleu(golds: Sequence[str], predictions: Sequence[str | None]) -> float:
    """Corpus BLEU from 0 to 1 (sacrebleu's score over 100): its defaults, tokens `13a`, up to 4-grams, case counts.

    One gold a prediction; None counts as empty text. Raises ValueError when there are no golds, or not as many of
    each.
    """
    if not golds or len(golds) != len(predictions):
        raise ValueError(
            f"BLEU needs as many predictions as golds, and at least one: {len(predictions)} and {len(golds)}"
        )
    found = [(text or "")[:MAX_CHARACTERS] for text in predictions]
    return sacrebleu.corpus_bleu(found, [list(golds)], force=True).score / 100


def bleu_counts(gold: str, prediction: str | None) -> list[int]:
    """What corpus BLEU adds up: lengths of prediction and gold, then matched and all n-grams, n = 1..4."""
    score = sentence_bleu().sentence_score((prediction or "")[:MAX_CHARACTERS], [gold])
    return [score.sys_len, score.ref_len, *score.counts, *score.totals]


@lru_cache(maxsize=1)
def sentence_bleu() -> BLEU:
    """Only its counts are used; effective order silences the warning about scoring single sentences."""
    return BLEU(effective_order=True)


def rouge(gold: str, prediction: str | None) -> dict[str, float]:
    """F-measures of ROUGE-1, -2, -L and -Lsum from 0 to 1, by rouge-score without a stemmer.

    Its tokens are runs of letters and digits in lower case: operators, quotes and `*` do not count. Lines are the
    sentences of ROUGE-Lsum, so it differs from ROUGE-L for queries of several lines only.
    """
    scores = rouge_scorer().score(gold, (prediction or "")[:MAX_CHARACTERS])
    return {name: float(scores[name].fmeasure) for name in ROUGE_NAMES}


@lru_cache(maxsize=1)
def rouge_scorer():
    """The one `RougeScorer`; it holds no state. Its import (all of nltk and scipy) takes half of a command's start."""
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(ROUGE_NAMES), use_stemmer=False)
