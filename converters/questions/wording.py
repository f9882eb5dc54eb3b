"""From a template to a question as somebody types it.

    "[List|Show] the names of [all |]singers from France."  ->  "show the names of singers from france"

A template's `[a|b]` is one of the two; they may be nested. Then, at low rates: politeness, small letters, no mark at
the end, a slip of the keys in a word that is no value. All is drawn from the given random numbers.
"""

import random
import re
from collections.abc import Mapping

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
POLITE, HASTY, LOWER, SLIP = 0.07, 0.18, 0.05, 0.03
OTHER_WORD = 0.5  # of the questions that name a thing for which there are other words
_IMPERATIVE = re.compile(r"(Show|List|Give|Find|Get|Count|Name|Calculate|Rank)\b")


def expand(template: str, rng: random.Random) -> str:
    """The template with one of each choice."""
    while found := _CHOICE.search(template):
        template = template[: found.start()] + rng.choice(found[1].split("|")) + template[found.end() :]
    text = re.sub(r"\s+", " ", template).strip()
    return re.sub(r"\s+([?.,])", r"\1", text)


def typed(template: str, sql: str, rng: random.Random, others: Mapping[str, tuple[str, ...]] | None = None) -> str:
    """The question as somebody types it; the values in `sql` keep their spelling. `others`: of `in_other_words`."""
    text = in_other_words(expand(template, rng), sql, others or {}, rng)
    text = text[0].upper() + text[1:] if text.endswith((".", "?")) else text
    chance = rng.random()
    if chance < POLITE:
        text = polite(text, rng)
    elif chance < POLITE + HASTY:
        text = hasty(text)
        if rng.random() < LOWER / HASTY:
            text = text.lower()
    elif not text.endswith((".", "?")) and rng.random() < 0.5:
        text = text[0].upper() + text[1:]
    if rng.random() < SLIP:
        text = slipped(text, sql, rng)
    return text


def in_other_words(text: str, sql: str, others: Mapping[str, tuple[str, ...]], rng: random.Random) -> str:
    """Some of the things by another word: `others` has them for a noun as it stands in the text, in small letters."""
    for noun, words in others.items():
        named = re.compile(rf"(?:\b(an?) )?\b{re.escape(noun)}\b(?!['’-])", re.IGNORECASE)
        if not named.search(text) or named.search(" ".join(re.findall(r"'[^']*'", sql))) or rng.random() >= OTHER_WORD:
            continue
        word = rng.choice(words)
        text = named.sub(lambda found, word=word: _in_place(found, word), text)
    return text


def _in_place(found: re.Match, word: str) -> str:
    """The word with the article and the capital of what it stands for."""
    article = f"{'an' if word[0] in 'aeiou' else 'a'} " if found[1] else ""
    new = article + word
    return new[0].upper() + new[1:] if found[0][0].isupper() else new


def polite(text: str, rng: random.Random) -> str:
    if _IMPERATIVE.match(text):
        small = text[0].lower() + text[1:]
        ask = rng.choice(["Please {}", "Could you {}", "Can you {}", "{}, please"])
        if ask == "{}, please":
            return text.rstrip(".") + ", please."
        return ask.format(small) if ask.startswith("Please") else ask.format(small.rstrip(".")) + "?"
    return text


def hasty(text: str) -> str:
    """Without the capital at the start and the mark at the end."""
    first = text.split(" ")[0]
    lowered = text if first.isupper() and len(first) > 1 else text[0].lower() + text[1:]
    return lowered.rstrip("?.") if text.count(". ") + text.count("? ") == 0 else lowered


def slipped(text: str, sql: str, rng: random.Random) -> str:
    """Two letters swapped, one left out or doubled, in a word that is not in the SQL."""
    kept = set(re.findall(r"\w+", sql.lower()))
    words = text.split(" ")
    places = [
        number
        for number, word in enumerate(words)
        if len(word) >= 5 and word.isalpha() and word.islower() and word not in kept and word.rstrip("s") not in kept
    ]
    if not places:
        return text
    place = rng.choice(places)
    word, at = words[place], rng.randrange(1, len(words[place]) - 2)
    kind = rng.random()
    if kind < 0.5:
        word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    else:
        word = word[:at] + word[at + 1 :] if kind < 0.8 else word[: at + 1] + word[at:]
    return " ".join([*words[:place], word, *words[place + 1 :]])
