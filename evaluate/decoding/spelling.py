"""Which name is meant by one that is not there."""

import difflib
import re

WORD = r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+"
NEAR = 0.8  # difflib's ratio from which two names are taken for one


def nearest(name: str, others: list[str]) -> str | None:
    """The name that is meant: alike but for case, underscores and plural, else the nearest one, else the only one that
    ends in the same word; None where none is.
    """
    alike = [other for other in others if plain(other) == plain(name)]
    if alike:
        return alike[0]
    wanted = words(name)
    holding = [other for other in others if len(wanted) > 1 and wanted <= words(other)]
    if len(holding) == 1:
        return holding[0]
    by_plain = {plain(other): other for other in reversed(others)}
    near = difflib.get_close_matches(plain(name), list(by_plain), n=1, cutoff=NEAR)
    if near:
        return by_plain[near[0]]
    same_head = [other for other in others if head(other) == head(name)]
    return same_head[0] if len(same_head) == 1 else None


def head(name: str) -> str:
    """What a name is in the end: `detection_method` is a method."""
    return plain((re.findall(WORD, name) or [name])[-1])


def words(name: str) -> set[str]:
    """The words of a name: `OrderDate` and `date_order` have the same."""
    return {word.lower() for word in re.findall(WORD, name)}


def plain(name: str) -> str:
    """A name without what people get wrong about it."""
    return re.sub(r"[^a-z0-9]", "", name.lower()).removesuffix("s") or name.lower()
