"""Names and values as people write them: `order_qty` -> "order quantity", "city" -> "cities", 1500000 -> "1.5 million".

A name is cut at underscores, spaces, case and, where its parts are known words, in the middle (`countrylanguage`);
abbreviations are written out. Not covered: names in other languages, which are kept as they are.
"""

import random
import re
from collections.abc import Iterable

from converters.questions import words

_PARTS = re.compile(r"[A-ZÄÖÜ]{2,}(?![a-zäöüß])|[A-ZÄÖÜ]?[^\W\dA-ZÄÖÜ_]+|[A-ZÄÖÜ]+|\d+")


def parts_of(name: str, known: frozenset[str] = frozenset()) -> list[str]:
    """The words of a name, lower case but for acronyms, abbreviations written out."""
    found: list[str] = []
    raw = _PARTS.findall(name)
    shouted = name.upper() == name
    for part in raw:
        lower = part.lower()
        if lower in words.ACRONYMS or (part.isupper() and not shouted and 2 <= len(part) <= 4 and lower not in known):
            found.append(part.upper())
        elif lower in words.ABBREVIATIONS:
            found += words.ABBREVIATIONS[lower].split()
        else:
            found += [words.ABBREVIATIONS.get(piece, piece) for piece in pieces(lower, known)]
    return found


def pieces(word: str, known: frozenset[str]) -> list[str]:
    """A word cut into two known words, or itself."""
    if word in words.JOINED or singular(word) in words.JOINED or len(word) < 6:
        return [word]
    vocabulary = words.JOINED | known
    for cut in range(len(word) - 2, 2, -1):
        first, second = word[:cut], word[cut:]
        if len(second) >= 2 and (first in vocabulary and (second in vocabulary or singular(second) in vocabulary)):
            return [first, second]
    return [word]


def simple_words(names: Iterable[str]) -> frozenset[str]:
    """The words that names show by case and underscores: with these, run-together names are cut."""
    found = set()
    for name in names:
        raw = [part.lower() for part in _PARTS.findall(name)]
        found.update(part for part in raw if len(part) > 2)
        found.update(singular(part) for part in raw if len(part) > 3)
    return frozenset(found)


def plural(noun: str) -> str:
    """The plural of a noun phrase: of its last word."""
    *rest, last = noun.split(" ")
    if "of" in rest:  # head of state -> heads of state
        at = rest.index("of")
        return " ".join([*plural(" ".join(rest[:at])).split(" "), *rest[at:], last]) if at else noun
    if last in words.UNCOUNTED or plural_like(last) or not last.isascii():  # another language's plural is not known
        return noun
    return " ".join([*rest, plural_word(last)])


def plural_word(word: str) -> str:
    if word in words.IRREGULAR:
        return words.IRREGULAR[word]
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(s|x|z|ch|sh)$", word) else "s")


def singular(noun: str) -> str:
    """The singular of a noun phrase: of its last word, or of the one before "of"."""
    *rest, last = noun.split(" ")
    if "of" in rest[1:]:
        at = rest.index("of", 1)
        return " ".join([singular(" ".join(rest[:at])), *rest[at:], last])
    lower = last.lower()
    back = {many: one for one, many in words.IRREGULAR.items()}
    if not lower.isascii():
        pass
    elif lower in back:
        last = back[lower]
    elif lower in words.UNCOUNTED or lower in words.IRREGULAR or len(lower) < 4:
        pass
    elif lower.endswith("ies") and len(lower) > 4 and lower not in ("movies", "cookies", "calories"):
        last = last[:-3] + "y"
    elif re.search(r"(ss|x|zz|ch|sh)es$", lower):
        last = last[:-2]
    elif lower.endswith("s") and not re.search(r"(ss|us|is)$", lower):
        last = last[:-1]
    return " ".join([*rest, last])


def plural_like(word: str) -> bool:
    """Whether a word is a plural already."""
    return word in words.IRREGULAR.values() or (
        word.endswith("s") and singular(word) != word and word not in words.IRREGULAR
    )


def article(phrase: str) -> str:
    """`a` or `an` with the phrase."""
    first = phrase.split(" ")[0]
    spelt = (first.isupper() and len(first) > 1) or len(first) == 1
    vowel = first[0].upper() in "AEFHILMNORSX" if spelt else first[0].lower() in "aeiou"
    if first.lower().startswith(("hour", "honour", "heir")):
        vowel = True
    if re.match(r"(uni|use|euro|one)", first.lower()) and not spelt:
        vowel = False
    return f"{'an' if vowel else 'a'} {phrase}"


def spoken_number(value: float, rng: random.Random) -> str:
    """A number as people type it: 5000, 5,000 or 5 million."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.10g}"
    whole = int(value)
    if abs(whole) >= 1_000_000 and whole % 100_000 == 0 and rng.random() < 0.5:
        return f"{whole / 1_000_000:g} million"
    if abs(whole) >= 10_000:
        return f"{whole:,}" if rng.random() < 0.7 else str(whole)
    return str(whole)


def spoken_date(iso: str, rng: random.Random) -> str:
    """`2023-03-01` as people type it."""
    year, month, day = iso[:10].split("-")
    if rng.random() < 0.4:
        return iso[:10]
    name = words.MONTHS[int(month) - 1]
    return rng.choice([f"{int(day)} {name} {year}", f"{name} {int(day)}, {year}"])


def and_list(phrases: list[str]) -> str:
    """`a, b and c`."""
    return phrases[0] if len(phrases) == 1 else ", ".join(phrases[:-1]) + " and " + phrases[-1]
