"""Questions that lean on the one before: they are asked together, as one question.

    "List the products that cost more than 40", then "Only those in the garden category"
    -> "List the products that cost more than 40. Only those in the garden category"

Conversations of the training hold questions that stand alone, so a model that sees "Only those in the garden category"
as a turn of its own forgets the price. "What about Spain?" and "And in Spain?", which take the place of a condition,
stay turns of their own: the model then rewrites its last query. English only.
"""

import re
from collections.abc import Sequence

_PREPOSITIONS = "of|for|from|in|on|at|to|since|after|before"
_REPLACING = re.compile(rf"(?:(?:and|but|or) )?(?:what|how) about\b|(?:and|but|or) (?:{_PREPOSITIONS})\b")
_BEGINNINGS = re.compile(
    rf"(?:(?:and|but|or)(?! (?:{_PREPOSITIONS}|what about|how about)\b)|"
    r"also|only|just|now|then|instead|without|except|excluding|the same|same|"
    r"(?:sort|order|group|limit|count|filter|rank) (?:it|them|that|this|those|these|by)|"
    r"sorted|ordered|grouped|per|by)\b|.*\bof (?:them|those|these)\b"
)
_POINTING = {"they", "them", "their", "theirs", "those", "these", "it", "its", "ones"}
_REACH = 4  # first words in which a pronoun points to an earlier question; later ones mostly to the question's own


def is_follow_up(question: str) -> bool:
    """Whether a question cannot be understood without the one before it."""
    text = " ".join(question.lower().split())
    return bool(_BEGINNINGS.match(text)) or not _POINTING.isdisjoint(re.findall(r"\w+", text)[:_REACH])


def joined(question: str, history: Sequence[tuple[str, str]]) -> tuple[str, Sequence[tuple[str, str]]]:
    """The question to ask and the `(question, sql)` turns before it.

    For a follow-up: all that it leans on in one, without turns. Where that begins with "What about Spain?", which leans
    on the turns before it, they stay.
    """
    if not history or not is_follow_up(question):
        return question, history
    chain, turns = [question], list(history)
    while turns and is_follow_up(chain[0]):
        chain.insert(0, turns.pop()[0])
    replaces = _REPLACING.match(" ".join(chain[0].lower().split()))
    return " ".join(_closed(part) for part in chain[:-1]) + f" {question.strip()}", turns if replaces else ()


def _closed(question: str) -> str:
    """A question that ends in a mark."""
    question = question.strip()
    return question if question.endswith(("?", ".", "!")) else f"{question}."
